//! The gates before a broadcast's message, in order; the first that says no
//! decides: still defined → expired (by the outbox) → reachable → consent →
//! text. Transactional templates pass the gate of consent.

use crate::model::{Profile, Reach, Time, UserId, Value, builtin};
use crate::outbox::{Cause, Ledger, Prepare, Prepared, SkipReason};
use crate::rulebook::{Live, Rulebook};
use crate::store::{Profiles, StoreError};
use std::sync::Arc;

/// The gates over a live rulebook and stored profiles.
pub struct Gates {
    live: Arc<Live>,
    profiles: Profiles,
}

impl Gates {
    /// Gates that read the rulebook in force and `profiles`.
    pub fn new(live: Arc<Live>, profiles: Profiles) -> Self {
        Self { live, profiles }
    }
}

impl Prepare for Gates {
    fn prepare(&mut self, ledger: &Ledger, user: UserId, now: Time) -> Prepared {
        let rulebook = self.live.current();
        let Cause::Broadcast { name, .. } = &ledger.cause else { return Prepared::Later };
        let Some(broadcast) = rulebook.broadcast(name) else { return Prepared::Later };
        // Edited while under way so that it cannot be sent as it is now.
        let Some(template) = broadcast.send.template().filter(|_| broadcast.send.beyond_template().is_none()) else {
            return Prepared::Later;
        };
        match self.profiles.get(user, &rulebook.schema) {
            Ok(Some(profile)) => judge(&rulebook, template, broadcast.send.transactional, &profile, now),
            Ok(None) => Prepared::Skip(SkipReason::NotEligible),
            Err(error @ StoreError::Damaged { .. }) => {
                tracing::error!(%user, %error, "a user is skipped: the profile cannot be read");
                Prepared::Skip(SkipReason::NotEligible)
            }
            Err(error) => Prepared::Trouble(error),
        }
    }
}

/// The decision for one profile.
fn judge(rulebook: &Rulebook, template: &str, transactional: bool, profile: &Profile, now: Time) -> Prepared {
    if let Some(reason) = stop(transactional, profile) {
        return Prepared::Skip(reason);
    }
    let view = rulebook.view(profile, now);
    match rulebook.render(template, &view) {
        Ok(message) => Prepared::Send(Box::new(message)),
        Err(error) => {
            tracing::warn!(user = profile.user().0, template, %error, "a message cannot be rendered");
            Prepared::Skip(SkipReason::RenderError)
        }
    }
}

/// The gate before rendering that stops this profile, if one does.
fn stop(transactional: bool, profile: &Profile) -> Option<SkipReason> {
    match profile.reach() {
        Reach::Blocked => return Some(SkipReason::Blocked),
        Reach::Deactivated => return Some(SkipReason::Deactivated),
        Reach::NeedsStart => return Some(SkipReason::NeedsStart),
        Reach::Reachable => {}
    }
    let opted_out = profile.get(builtin::OPTED_OUT) == &Value::Bool(true);
    (opted_out && !transactional).then_some(SkipReason::OptedOut)
}
