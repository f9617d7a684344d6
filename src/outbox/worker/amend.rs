//! What people ask of the thread beside sending: to change single rows, and to
//! hear when the store holds what is known.

use super::Worker;
use crate::model::{TimeDelta, UserId};
use crate::outbox::queue::{Amend, Candidate};
use crate::outbox::row::{RowId, State};
use crate::store::StoreError;
use std::sync::mpsc::Sender;

impl Worker {
    /// Rows of a ledger that is being forgotten are gone already.
    pub(super) fn amend(&mut self, mut rows: Vec<RowId>, amend: Amend) -> Result<u32, StoreError> {
        if let Some(commit) = &self.committing {
            rows.retain(|row| !commit.written.erases(row.ledger));
        }
        let mut doubts = Vec::new();
        for row in rows.iter().filter(|_| amend == Amend::Retry) {
            if let Some(State::InDoubt { at, .. }) = self.queue.first_part(*row)? {
                doubts.push((*row, at));
            }
        }
        let changed = self.queue.amend(&rows, amend, self.clock.now())?;
        for (row, at) in doubts {
            self.tell_retried(row, at)?;
        }
        Ok(changed)
    }

    /// A first part that was in doubt since `at` is not, if it waits now.
    fn tell_retried(&mut self, row: RowId, at: TimeDelta) -> Result<(), StoreError> {
        let Some(Candidate { user, part: 0, .. }) = self.queue.candidate(row)? else { return Ok(()) };
        if let Some(ledger) = self.queue.ledger(row.ledger).filter(|ledger| ledger.marketing) {
            self.prepare.retried(UserId(user), row.ledger, ledger.created + at);
        }
        Ok(())
    }
}

/// Tells those who wait whether the store holds it.
pub(super) fn answer(flushes: &mut Vec<Sender<bool>>, stored: bool) {
    for reply in flushes.drain(..) {
        // whoever asked may be gone
        let _ = reply.send(stored);
    }
}
