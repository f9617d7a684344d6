//! The marketing messages that users got lately, as gates and breakdowns ask
//! for them: read from the ledgers at the start, kept current by the outbox.

use super::guard::{Touches, Zones, caps};
use crate::model::{Time, TimeDelta, UserId};
use crate::outbox::{InDoubtPolicy, Ledger, LedgerId, Settled, State, rows};
use crate::rulebook::Rulebook;
use crate::store::{Store, StoreError};
use jiff::tz::TimeZone;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A user who blocks the bot within this time of a mailing did so because of
/// it, as far as anybody can tell.
pub(super) const BLAMED: TimeDelta = TimeDelta::days(1);

/// What is known of the past, shared by the outbox's thread and the engine.
#[derive(Clone, Default)]
pub(super) struct Past {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
pub(super) struct Inner {
    pub touches: Touches,
    zones: Zones,
    /// For which mailing a block of each user was counted.
    blamed: HashMap<UserId, LedgerId>,
    /// How far back the touches go; none: nothing was read yet.
    length: Option<TimeDelta>,
}

impl Past {
    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads from the ledgers what the rulebook's caps look back at, if it was
    /// not read already.
    pub fn reach_back(&self, store: &dyn Store, rulebook: &Rulebook, now: Time) -> Result<(), StoreError> {
        let caps = caps::horizon(&rulebook.policy.caps);
        let wanted = caps.max(BLAMED);
        let known = self.lock().length;
        if known.is_some_and(|known| known >= wanted) {
            return Ok(());
        }
        // what is younger than the known past was told when it happened
        let (from, until) = (now - wanted, known.map_or(Time(i64::MAX), |known| now - known));
        for ledger in Ledger::read_all(store)?.iter().filter(|ledger| concerns(ledger, from)) {
            let mut found = Vec::new();
            rows(store, ledger, |row, user, state| {
                let at = delivered(ledger, state, now).filter(|at| (from..until).contains(at));
                if let Some(at) = at.filter(|_| ledger.part(row.position()) == 0) {
                    found.push((user, at));
                }
            })?;
            let mut inner = self.lock();
            found.into_iter().for_each(|(user, at)| inner.touches.note(user, at, ledger.id));
        }
        self.lock().length = Some(wanted);
        Ok(())
    }

    /// How far back anything is asked for.
    pub fn length(&self) -> TimeDelta {
        self.lock().length.unwrap_or(BLAMED)
    }

    /// Forgets what nothing asks for any more.
    pub fn forget(&self, now: Time) {
        let mut inner = self.lock();
        if let Some(length) = inner.length {
            inner.touches.forget(now - length);
        }
        let Inner { touches, blamed, .. } = &mut *inner;
        blamed.retain(|user, _| touches.last_marketing(*user, BLAMED, now).is_some());
    }

    /// Notes what became of a row. Gives the ledger of the message because of
    /// which its user blocked the bot, if that has turned out.
    pub fn settled(&self, settled: &Settled<'_>) -> Option<LedgerId> {
        let Settled { ledger, row, user, state, now } = *settled;
        let mut inner = self.lock();
        let touches = &mut inner.touches;
        match state {
            State::Sent { at, .. } | State::SentMany { at, .. } | State::InDoubt { at, .. } => {
                touches.confirm(user, row, ledger.created + *at);
                None
            }
            State::Failed { failure, .. } => {
                touches.release(user, row);
                let is_block = failure.kind == crate::outbox::FailureKind::Blocked;
                is_block.then(|| inner.blame(user, now)).flatten()
            }
            State::Queued { .. } | State::Leased { .. } | State::Skipped { .. } | State::Deferred { .. } => {
                touches.release(user, row);
                None
            }
        }
    }

    /// A row that was in doubt since `at` is sent again.
    pub fn retried(&self, user: UserId, ledger: LedgerId, at: Time) {
        self.lock().touches.withdraw(user, ledger, at);
    }

    /// The mailing because of which a user blocks the bot now, if that was not
    /// counted yet.
    pub fn blame(&self, user: UserId, now: Time) -> Option<LedgerId> {
        self.lock().blame(user, now)
    }
}

impl Inner {
    /// One block may be told twice, by a refusal and by an update, and people go
    /// and come back: a recipient counts once.
    fn blame(&mut self, user: UserId, now: Time) -> Option<LedgerId> {
        let ledger = self.touches.last_marketing(user, BLAMED, now)?;
        (self.blamed.insert(user, ledger) != Some(ledger)).then_some(ledger)
    }

    /// The zone on whose clock a user lives.
    pub fn zone(&mut self, name: Option<&str>, project: &TimeZone) -> TimeZone {
        self.zones.of(name, project)
    }
}

fn concerns(ledger: &Ledger, from: Time) -> bool {
    ledger.marketing && ledger.finished.is_none_or(|finished| finished >= from)
}

/// When a row went out, or may have.
fn delivered(ledger: &Ledger, state: &State, now: Time) -> Option<Time> {
    match state {
        State::Sent { at, .. } | State::SentMany { at, .. } | State::InDoubt { at, .. } => Some(ledger.created + *at),
        State::Leased { .. } => (ledger.in_doubt == InDoubtPolicy::Skip).then_some(now),
        State::Queued { .. } | State::Failed { .. } | State::Skipped { .. } | State::Deferred { .. } => None,
    }
}
