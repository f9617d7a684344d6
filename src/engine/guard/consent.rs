//! Whether a message may reach a user at all: can it arrive, and does the user
//! want it?
//!
//! A transactional message is asked the first question only.

use crate::model::{Reach, Value};
use crate::outbox::SkipReason;

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// The user waits for it: a receipt, a code. Opt-outs, quiet hours and caps
    /// do not hold it.
    Transactional,
    /// Everything else, perhaps on a topic that users can opt out of apart.
    Marketing {
        /// The topic's name in the rulebook.
        topic: Option<&'a str>,
    },
}

/// What is known of a user's wish to be written to.
#[derive(Clone, Copy, Debug)]
pub struct Consent<'a> {
    /// Whether messages arrive.
    pub reach: Reach,
    /// No marketing at all; the field `opted_out`.
    pub opted_out: bool,
    /// The topics that are not wanted; the field `opted_out_of`.
    pub opted_out_of: &'a Value,
}

impl<'a> Purpose<'a> {
    /// What a `send` is for.
    pub fn of(transactional: bool, topic: Option<&'a str>) -> Self {
        if transactional { Self::Transactional } else { Self::Marketing { topic } }
    }
}

/// Why a message may not reach the user, if it may not.
pub fn stop(consent: &Consent<'_>, purpose: Purpose<'_>) -> Option<SkipReason> {
    unreachable(consent.reach).or_else(|| match purpose {
        Purpose::Transactional => None,
        Purpose::Marketing { topic } => {
            let refused = consent.opted_out || topic.is_some_and(|topic| is_in(consent.opted_out_of, topic));
            refused.then_some(SkipReason::OptedOut)
        }
    })
}

fn unreachable(reach: Reach) -> Option<SkipReason> {
    match reach {
        Reach::Reachable => None,
        Reach::NeedsStart => Some(SkipReason::NeedsStart),
        Reach::Blocked => Some(SkipReason::Blocked),
        Reach::Deactivated => Some(SkipReason::Deactivated),
    }
}

/// Whether a list holds a topic; what is no list holds none.
fn is_in(list: &Value, topic: &str) -> bool {
    matches!(list, Value::List(topics) if topics.iter().any(|known| **known == *topic))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn who_may_be_written_to() {
        let news = Value::List([Arc::from("news"), Arc::from("sales")].into());
        let none = Value::List(Arc::from([]));
        let receipt = Purpose::Transactional;
        let (plain, on_news, on_tips) =
            (Purpose::of(false, None), Purpose::of(false, Some("news")), Purpose::of(false, Some("tips")));
        for (reach, opted_out, opted_out_of, purpose, expected) in [
            (Reach::Reachable, false, &none, plain, None),
            (Reach::Reachable, false, &none, on_news, None),
            (Reach::Reachable, false, &news, plain, None),
            (Reach::Reachable, false, &news, on_news, Some(SkipReason::OptedOut)),
            (Reach::Reachable, false, &news, on_tips, None),
            (Reach::Reachable, false, &Value::Missing, on_news, None),
            (Reach::Reachable, true, &none, plain, Some(SkipReason::OptedOut)),
            (Reach::Reachable, true, &none, on_tips, Some(SkipReason::OptedOut)),
            (Reach::Reachable, true, &news, receipt, None),
            (Reach::NeedsStart, false, &none, receipt, Some(SkipReason::NeedsStart)),
            (Reach::Blocked, true, &news, on_news, Some(SkipReason::Blocked)),
            (Reach::Blocked, false, &none, receipt, Some(SkipReason::Blocked)),
            (Reach::Deactivated, false, &none, plain, Some(SkipReason::Deactivated)),
        ] {
            let consent = Consent { reach, opted_out, opted_out_of };
            assert_eq!(stop(&consent, purpose), expected, "{consent:?} {purpose:?}");
        }
        assert_eq!(Purpose::of(true, Some("news")), Purpose::Transactional);
    }
}
