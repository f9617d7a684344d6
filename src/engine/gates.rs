//! The gates before a broadcast's message, in order; the first that says no
//! decides: still defined → expired (by the outbox) → reachable → consent →
//! text. Transactional templates pass the gate of consent.

use crate::model::{Profile, Reach, Time, UserId, Value, builtin};
use crate::outbox::{Cause, Ledger, Prepare, Prepared, SkipReason};
use crate::rulebook::{Broadcast, Live, Rulebook};
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
        match self.profiles.get(user, &rulebook.schema) {
            Ok(Some(profile)) => judge(&rulebook, broadcast, &profile, now),
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
pub fn judge(rulebook: &Rulebook, broadcast: &Broadcast, profile: &Profile, now: Time) -> Prepared {
    if let Some(reason) = stop(broadcast, profile) {
        return Prepared::Skip(reason);
    }
    let view = rulebook.view(profile, now);
    match rulebook.render(&broadcast.template, &view) {
        Ok(message) => Prepared::Send(Box::new(message)),
        Err(error) => {
            tracing::warn!(user = profile.user().0, template = %broadcast.template, %error, "a message cannot be rendered");
            Prepared::Skip(SkipReason::RenderError)
        }
    }
}

/// The gate before rendering that stops this profile, if one does.
fn stop(broadcast: &Broadcast, profile: &Profile) -> Option<SkipReason> {
    match profile.reach() {
        Reach::Blocked => return Some(SkipReason::Blocked),
        Reach::Deactivated => return Some(SkipReason::Deactivated),
        Reach::NeedsStart => return Some(SkipReason::NeedsStart),
        Reach::Reachable => {}
    }
    let opted_out = profile.get(builtin::OPTED_OUT) == &Value::Bool(true);
    (opted_out && !broadcast.transactional).then_some(SkipReason::OptedOut)
}
