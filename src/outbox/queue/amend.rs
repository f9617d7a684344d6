//! What a person does to single rows: those that failed or are in doubt go
//! back to the queue, those that wait are taken out of it.

use super::Queue;
use super::run::row_at;
use crate::model::{Time, TimeDelta};
use crate::outbox::ledger::{Cause, Ledger, LedgerId, LedgerStatus};
use crate::outbox::row::{FailureKind, RowId, SkipReason, State};
use crate::store::StoreError;
use std::collections::BTreeSet;

/// What is done to rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amend {
    /// Those that failed or are in doubt are tried once more from the start.
    Retry,
    /// Those that wait are never sent.
    Drop,
}

/// Why rows of a ledger cannot be tried once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// They are answers, which are of no use later.
    Reply,
    /// They take back or change messages: that is asked for anew.
    Recall,
    /// The run was cancelled.
    Cancelled,
    /// The time until which it might be sent has passed.
    Expired,
}

impl Obstacle {
    /// What keeps the rows of this ledger from being tried once more.
    pub fn of(ledger: &Ledger, now: Time) -> Option<Self> {
        match (&ledger.cause, ledger.status) {
            (Cause::Reply, _) => Some(Self::Reply),
            (Cause::Recall { .. }, _) => Some(Self::Recall),
            (Cause::Broadcast { .. } | Cause::Rule { .. } | Cause::Drip { .. }, LedgerStatus::Cancelled) => {
                Some(Self::Cancelled)
            }
            (
                Cause::Broadcast { .. } | Cause::Rule { .. } | Cause::Drip { .. },
                LedgerStatus::Preparing | LedgerStatus::Running | LedgerStatus::Paused(_) | LedgerStatus::Finished,
            ) => ledger.expires.filter(|expires| *expires <= now).map(|_| Self::Expired),
        }
    }
}

impl Queue {
    /// Does it to those of these rows that are in a state for it; gives how
    /// many these were. A ledger that was finished is open again then.
    pub fn amend(&mut self, rows: &[RowId], amend: Amend, now: Time) -> Result<u32, StoreError> {
        let (mut changed, mut ledgers) = (0, BTreeSet::new());
        for row in rows {
            let rows = match amend {
                Amend::Retry => self.retry(*row, now)?,
                Amend::Drop => self.take_out(*row, now)?,
            };
            changed += rows;
            if rows > 0 {
                ledgers.insert(row.ledger);
            }
        }
        for id in ledgers.into_iter().filter(|_| amend == Amend::Retry) {
            if let Some(run) = self.runs.get_mut(&id) {
                // what failed before must not pause it again
                run.ledger.forgive(&run.counts);
            }
        }
        Ok(changed)
    }

    /// A row that failed or is in doubt waits again, and with it the parts of
    /// its message that were not sent because it was not.
    fn retry(&mut self, row: RowId, now: Time) -> Result<u32, StoreError> {
        let Some(run) = self.runs.get(&row.ledger) else { return Ok(0) };
        if Obstacle::of(&run.ledger, now).is_some() || self.erase.contains(&row.ledger) {
            return Ok(0);
        }
        let (part, parts) = (run.ledger.part(row.position()), run.ledger.parts);
        let gone = |state: &State| matches!(state, State::Failed { failure, .. } if failure.kind == FailureKind::Gone);
        let ended = |state: &&State| matches!(state, State::Failed { .. } | State::InDoubt { .. }) && !gone(state);
        if self.chunk(row)?.states.get(row.index as usize).filter(ended).is_none() {
            return Ok(0);
        }
        self.reopen(row.ledger);
        self.queue_again(row, now)?;
        let mut rows = 1;
        for behind in 1..u32::from(parts.saturating_sub(part)) {
            let behind = row_at(row.ledger, row.position() + behind);
            let state = self.chunk(behind)?.states.get(behind.index as usize);
            if state.is_some_and(fell_with_the_first) {
                self.queue_again(behind, now)?;
                rows += 1;
            }
        }
        Ok(rows)
    }

    /// Takes a recipient's rows out that wait: a message is dropped whole.
    fn take_out(&mut self, row: RowId, now: Time) -> Result<u32, StoreError> {
        let Some(run) = self.runs.get(&row.ledger) else { return Ok(0) };
        match run.ledger.status {
            LedgerStatus::Running | LedgerStatus::Paused(_) => {}
            LedgerStatus::Preparing | LedgerStatus::Cancelled | LedgerStatus::Finished => return Ok(0),
        }
        let at = run.ledger.since(now);
        let first = row.position() - u32::from(run.ledger.part(row.position()));
        let mut rows = 0;
        for position in first..first + u32::from(run.ledger.parts.max(1)) {
            let row = row_at(row.ledger, position);
            let state = self.chunk(row)?.states.get(row.index as usize);
            if matches!(state, Some(State::Queued { .. } | State::Deferred { .. })) {
                self.settle(row, State::Skipped { at, reason: SkipReason::Dropped }, now)?;
                rows += 1;
            }
        }
        Ok(rows)
    }

    fn queue_again(&mut self, row: RowId, now: Time) -> Result<(), StoreError> {
        let since = self.runs.get(&row.ledger).map_or(TimeDelta(0), |run| run.ledger.since(now));
        self.settle(row, State::Queued { due: since.max(TimeDelta(1)), attempts: 0 }, now)
    }

    /// A finished ledger goes on.
    fn reopen(&mut self, id: LedgerId) {
        let Some(run) = self.runs.get_mut(&id) else { return };
        self.dirty_heads.insert(id);
        if run.ledger.status == LedgerStatus::Finished {
            (run.ledger.summary, run.ledger.finished) = (None, None);
            run.ledger.status = LedgerStatus::Running;
            self.open.entry(run.ledger.lane).or_default().insert(id);
        }
    }
}

/// Whether a later part is in a state that it has of the first, which failed.
fn fell_with_the_first(state: &State) -> bool {
    use SkipReason::{Blocked, ContentError, Deactivated, NeedsStart};
    match state {
        State::Skipped { reason, .. } => matches!(reason, Blocked | ContentError | Deactivated | NeedsStart),
        State::Failed { failure, .. } => matches!(failure.kind, FailureKind::Chat | FailureKind::Attempts),
        State::Queued { .. }
        | State::Leased { .. }
        | State::Sent { .. }
        | State::SentMany { .. }
        | State::InDoubt { .. }
        | State::Deferred { .. } => false,
    }
}
