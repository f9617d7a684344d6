//! What people ask of the thread beside sending: to change single rows, and to
//! hear when the store holds what is known.

use super::Worker;
use crate::model::{Time, UserId};
use crate::outbox::prepare::Settled;
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
        let now = self.clock.now();
        let changed = self.queue.amend(&rows, amend, now)?;
        for row in rows.into_iter().filter(|_| amend == Amend::Retry) {
            self.tell_waits(row, now)?;
        }
        Ok(changed)
    }

    /// A row that was in doubt is not, once it waits to be sent again.
    fn tell_waits(&mut self, row: RowId, now: Time) -> Result<(), StoreError> {
        let Some(Candidate { user, part: 0, attempts, .. }) = self.queue.candidate(row)? else { return Ok(()) };
        if let Some(ledger) = self.queue.ledger(row.ledger).filter(|ledger| ledger.marketing) {
            let state = State::Queued { due: ledger.since(now), attempts };
            self.prepare.settled(&Settled { ledger, row, user: UserId(user), state: &state, now });
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
