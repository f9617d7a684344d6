//! Which mailing a message of a user belongs to, by the events that its
//! delivery left in the user's history.

use super::{Engine, EngineError};
use crate::model::event::{LEDGER, MESSAGE};
use crate::model::{Delivery, Event, Time, TimeDelta, UserId, Value};
use crate::outbox::LedgerId;
use crate::store::history::Span;

/// A message that was delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The template that it was made of.
    pub template: String,
    /// The ledger that it stands in.
    pub ledger: LedgerId,
}

/// So much Telegram's clock may differ from ours.
const SKEW: TimeDelta = TimeDelta::days(1);
/// No more events of a user are looked at.
const MOST: usize = 10_000;

impl Engine {
    /// The message with this id in the user's own chat, if the outbox sent it
    /// out of a template. `sent` is when, as Telegram says, if it does.
    pub fn delivered(&self, user: UserId, message: i32, sent: Option<Time>) -> Result<Option<Delivered>, EngineError> {
        let span = Span { from: sent.map(|at| at - SKEW), until: sent.map(|at| at + SKEW), limit: MOST };
        let events = self.profiles.history().of_user(user, span)?;
        Ok(events.iter().find_map(|event| delivered(event, message)))
    }
}

fn delivered(event: &Event, message: i32) -> Option<Delivered> {
    let template = event.delivery().and_then(Delivery::arrived)?;
    match (event.property(MESSAGE)?, event.property(LEDGER)?) {
        (Value::Int(id), Value::Int(ledger)) if *id == i64::from(message) => {
            Some(Delivered { template: template.to_owned(), ledger: LedgerId(u64::try_from(*ledger).ok()?) })
        }
        _ => None,
    }
}
