//! The gates before a broadcast's message, in order; the first that says no
//! decides: still defined → expired (by the outbox) → reachable → consent →
//! text. Transactional templates pass the gate of consent.

use super::Engine;
use super::crowd::Crowd;
use crate::audience::{Audience, Person};
use crate::condition::Row;
use crate::model::{Reach, UserId, Value, builtin};
use crate::outbox::{Ask, Prepare, Prepared, SkipReason};
use std::sync::Arc;

/// The gates over the audience.
pub struct Gates {
    crowd: Arc<Crowd>,
}

impl Gates {
    /// The gates of an engine whose audience is loaded; before it is, nobody
    /// passes and nobody is skipped.
    pub fn new(engine: &Engine) -> Self {
        Self { crowd: engine.crowd.clone() }
    }
}

impl Prepare for Gates {
    fn prepare(&mut self, ask: &Ask<'_>) -> Prepared {
        let Some(audience) = self.crowd.loaded() else { return Prepared::Later };
        let Some((name, _)) = ask.ledger.cause.broadcast() else { return Prepared::Later };
        prepare(audience, name, ask.user)
    }
}

fn prepare(audience: &Audience, broadcast: &str, user: UserId) -> Prepared {
    let judged = audience.with_row(user, |person| {
        let Some(broadcast) = person.rulebook().broadcast(broadcast) else { return Prepared::Later };
        // Edited while under way so that it cannot be sent as it is now.
        match broadcast.send.template().filter(|_| broadcast.send.beyond_template().is_none()) {
            Some(template) => judge(person, template, broadcast.send.transactional),
            None => Prepared::Later,
        }
    });
    judged.unwrap_or(Prepared::Skip(SkipReason::NotEligible))
}

/// The decision for one user.
fn judge(person: &Person<'_>, template: &str, transactional: bool) -> Prepared {
    if let Some(reason) = stop(transactional, person) {
        return Prepared::Skip(reason);
    }
    match person.rulebook().render_for(template, &person.profile(), person) {
        Ok(message) => Prepared::Send(Box::new(message)),
        Err(error) => {
            tracing::warn!(user = person.user().0, template, %error, "a message cannot be rendered");
            Prepared::Skip(SkipReason::RenderError)
        }
    }
}

/// The gate before rendering that stops this user, if one does.
fn stop(transactional: bool, person: &Person<'_>) -> Option<SkipReason> {
    let reach = match person.field(builtin::REACH) {
        Value::String(text) => Reach::parse(text),
        _ => Reach::Reachable,
    };
    match reach {
        Reach::Blocked => return Some(SkipReason::Blocked),
        Reach::Deactivated => return Some(SkipReason::Deactivated),
        Reach::NeedsStart => return Some(SkipReason::NeedsStart),
        Reach::Reachable => {}
    }
    let opted_out = person.field(builtin::OPTED_OUT) == &Value::Bool(true);
    (opted_out && !transactional).then_some(SkipReason::OptedOut)
}
