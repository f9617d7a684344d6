//! Pausing, resuming and cancelling a run.

use super::report::run_state;
use super::{BroadcastError, RunReport, Steer, unknown};
use crate::engine::{Engine, EngineError};
use crate::outbox::{Counts, Ledger, LedgerStatus, PausedBy};
use std::sync::PoisonError;

impl Engine {
    /// Pauses, resumes or cancels the latest run of a broadcast.
    pub fn steer_broadcast(&self, name: &str, steer: Steer) -> Result<RunReport, BroadcastError> {
        // the outbox changes states one by one itself, and a pause must not
        // wait until the audience of another broadcast is counted
        let closed = self.outbox().is_none();
        let _one_at_a_time = closed.then(|| self.broadcasts.lock().unwrap_or_else(PoisonError::into_inner));
        let Some((ledger, counts)) = self.latest(name)? else {
            let rulebook = self.live.current();
            return Err(match rulebook.broadcast(name) {
                Some(_) => BroadcastError::NeverStarted { name: name.into() },
                None => unknown(&rulebook, name),
            });
        };
        let status = match steer {
            Steer::Pause => LedgerStatus::Paused(PausedBy::Admin),
            Steer::Resume => LedgerStatus::Running,
            Steer::Cancel => LedgerStatus::Cancelled,
        };
        if !self.change(&ledger, counts, status)? {
            return Err(BroadcastError::WrongState { name: name.into(), state: run_state(&ledger) });
        }
        let latest = self.broadcast_status(Some(name))?.into_iter().find_map(|status| status.run);
        latest.ok_or_else(|| BroadcastError::NeverStarted { name: name.into() })
    }

    fn change(&self, ledger: &Ledger, counts: Counts, status: LedgerStatus) -> Result<bool, EngineError> {
        if let Some(outbox) = self.outbox() {
            return Ok(outbox.set_status(ledger.id, status)?);
        }
        let allowed = ledger.can_become(status);
        if allowed {
            let mut changed = Ledger { status, ..ledger.clone() };
            if status == LedgerStatus::Cancelled && counts.leased == 0 {
                changed.finished = Some(self.clock.now());
                changed.summary = Some(counts);
            }
            self.write_head(&changed)?;
        }
        Ok(allowed)
    }
}
