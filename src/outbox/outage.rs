//! When nobody answers: a pause that grows, and one message at a time after it.
//!
//! A network that is down, or a front that answers for the Bot API with pages
//! of HTML, would use up the attempts of row after row, or leave one after the
//! other in doubt, at the full rate. Once the requests to several chats in a
//! row got no answer of the Bot API, everything waits; then single messages
//! find out whether it is back. Any answer ends it, also a refusal. One chat
//! alone says nothing: its row has its own back-off.

use crate::model::TimeDelta;

/// Requests without an answer, in a row.
#[derive(Debug, Default)]
pub struct Outage {
    failures: u32,
    chat: Option<i64>,
    until: Option<TimeDelta>,
}

/// Chats in a row after which it is an outage.
const SUSPECT: u32 = 5;
const FIRST: TimeDelta = TimeDelta::seconds(1);
const LONGEST: TimeDelta = TimeDelta::seconds(60);

impl Outage {
    /// The Bot API has answered.
    pub fn answered(&mut self) {
        *self = Self::default();
    }

    /// A request to `chat` got no answer. Gives the pause that this begins;
    /// what else was under way then begins no other.
    pub fn unanswered(&mut self, chat: i64, now: TimeDelta) -> Option<TimeDelta> {
        if self.until(now).is_some() || self.chat.replace(chat) == Some(chat) {
            return None;
        }
        self.failures = self.failures.saturating_add(1);
        let pauses = self.failures.checked_sub(SUSPECT)?;
        let pause = TimeDelta((FIRST.0 << pauses.min(10)).min(LONGEST.0));
        self.until = Some(now + pause);
        Some(pause)
    }

    /// Whether it is an outage: one message at a time, and no failure counts
    /// as an attempt of its row.
    pub fn is_on(&self) -> bool {
        self.failures >= SUSPECT
    }

    /// Until when nothing should be sent, if so.
    pub fn until(&self, now: TimeDelta) -> Option<TimeDelta> {
        self.until.filter(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_while_chat_after_chat_gets_no_answer() {
        let mut outage = Outage::default();
        let mut now = TimeDelta(0);
        (1..5).for_each(|chat| assert_eq!(outage.unanswered(chat, now), None));
        assert_eq!((outage.is_on(), outage.until(now)), (false, None));
        for (chat, seconds) in (5..).zip([1, 2, 4, 8, 16, 32, 60, 60]) {
            assert_eq!(outage.unanswered(chat, now), Some(TimeDelta::seconds(seconds)));
            // the others that were under way
            (100..400).for_each(|chat| assert_eq!(outage.unanswered(chat, now), None));
            assert_eq!(outage.until(now), Some(now + TimeDelta::seconds(seconds)));
            now = now + TimeDelta::seconds(seconds);
            assert_eq!((outage.is_on(), outage.until(now)), (true, None));
        }
        outage.answered();
        assert_eq!((outage.is_on(), outage.until(now)), (false, None));
    }

    #[test]
    fn one_chat_alone_is_no_outage() {
        let mut outage = Outage::default();
        (0..50).for_each(|_| assert_eq!(outage.unanswered(7, TimeDelta(0)), None));
        assert!(!outage.is_on());
    }
}
