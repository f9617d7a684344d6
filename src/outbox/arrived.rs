//! What the outcome of a message tells of its user: conditions ask who received
//! it, a press of its button finds it again, and a drip hears that it will not
//! come.

use crate::model::event::{BY, LEDGER, MESSAGE};
use crate::model::{Delivery, Event, Time, UserId, Value};
use crate::outbox::ledger::Cause;
use crate::outbox::queue::Candidate;
use crate::outbox::row::{RowId, State};
use std::sync::Arc;

/// What the confirmation of a message tells of its user. A taken back or
/// changed message arrives no second time.
pub(super) fn arrived(
    cause: &Cause,
    template: Option<&str>,
    candidate: &Candidate,
    state: &State,
    at: Time,
) -> Option<Event> {
    let template = match cause {
        Cause::Broadcast { .. } | Cause::Reply | Cause::Rule { .. } | Cause::Drip { .. } => template?,
        Cause::Recall { .. } => return None,
    };
    let message = match state {
        State::Sent { message, .. } => *message,
        State::SentMany { messages, .. } => *messages.first()?,
        State::Queued { .. }
        | State::Leased { .. }
        | State::Failed { .. }
        | State::InDoubt { .. }
        | State::Skipped { .. }
        | State::Deferred { .. } => return None,
    };
    let Candidate { row, chat, part, .. } = *candidate;
    let delivery = if part == 0 { Delivery::Received(template) } else { Delivery::Part(template) };
    let ledger = i64::try_from(row.ledger.0).unwrap_or(i64::MAX);
    let mut properties = vec![(MESSAGE.into(), Value::Int(message.into())), (LEDGER.into(), Value::Int(ledger))];
    properties.extend(by(cause));
    (chat > 0).then(|| Event { id: delivery_id(row), user: UserId(chat), name: delivery.name(), at, properties })
}

/// What it tells of its user that a message for which a drip waits will not be
/// delivered, or may not have been.
pub(super) fn undelivered(cause: &Cause, template: &str, row: RowId, user: i64, at: Time) -> Option<Event> {
    let name = Delivery::Undelivered(template).name();
    let id = format!("undelivered:{}:{}:{}", row.ledger, row.chunk, row.index).into();
    (user > 0).then(|| Event { id, user: UserId(user), name, at, properties: by(cause).into_iter().collect() })
}

/// Which step of a drip a message is of: a drip knows its own by that, whatever
/// its template is by then.
fn by(cause: &Cause) -> Option<(Arc<str>, Value)> {
    match cause {
        Cause::Drip { name, step } => Some((BY.into(), Value::text(format!("{name}/{step}")))),
        Cause::Broadcast { .. } | Cause::Reply | Cause::Recall { .. } | Cause::Rule { .. } => None,
    }
}

/// The id of an event that a row tells; the row makes it one event however often
/// it is told.
pub(super) fn delivery_id(row: RowId) -> Arc<str> {
    format!("delivery:{}:{}:{}", row.ledger, row.chunk, row.index).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TimeDelta;
    use crate::outbox::answer::Doubt;
    use crate::outbox::ledger::{LedgerId, Recall};
    use crate::outbox::row::SkipReason;

    #[test]
    fn only_a_confirmed_message_of_a_template_arrives_and_once() {
        let at = TimeDelta(5);
        let broadcast = || Cause::Broadcast { name: "b".into(), occurrence: 1 };
        let (name, of) = (String::from("b"), LedgerId(1));
        let recall = Cause::Recall { name, occurrence: 1, of, how: Recall::Edit, text_apart: false };
        let sent = || State::Sent { at, message: 9 };
        for (cause, template, chat, part, state, expected) in [
            (broadcast(), Some("hello"), 7, 0, sent(), Some(("received:hello", 9))),
            (broadcast(), Some("hello"), 7, 1, sent(), Some(("part:hello", 9))),
            (
                broadcast(),
                Some("hello"),
                7,
                0,
                State::SentMany { at, messages: vec![3, 4] },
                Some(("received:hello", 3)),
            ),
            (Cause::Reply, Some("hello"), 7, 0, sent(), Some(("received:hello", 9))),
            (Cause::Reply, None, 7, 0, sent(), None),
            (recall, Some("hello"), 7, 0, sent(), None),
            // a group is no user
            (broadcast(), Some("hello"), -7, 0, sent(), None),
            (broadcast(), Some("hello"), 7, 0, State::FRESH, None),
            (broadcast(), Some("hello"), 7, 0, State::InDoubt { at, why: Doubt::Timeout }, None),
            (broadcast(), Some("hello"), 7, 0, State::Skipped { at, reason: SkipReason::Expired }, None),
        ] {
            let row = RowId { ledger: LedgerId(2), chunk: 1, index: 3 };
            let candidate =
                Candidate { row, chat, user: chat, attempts: 0, message: None, target: None, part, particulars: None };
            let told = arrived(&cause, template, &candidate, &state, Time(8));
            let expected = expected.map(|(name, message)| Event {
                id: "delivery:2:1:3".into(),
                user: UserId(chat),
                name: name.into(),
                at: Time(8),
                properties: vec![("message".into(), Value::Int(message)), ("ledger".into(), Value::Int(2))],
            });
            assert_eq!(told, expected, "{state:?} of {chat}, part {part}");
        }
    }
}
