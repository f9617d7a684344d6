//! The Stars of a paid ledger: a tenth is set aside with each lease, in the
//! batch that makes the lease durable, and settled with its outcome.

use super::Queue;
use crate::outbox::ledger::{LedgerId, LedgerStatus};
use crate::outbox::limiter::Price;
use crate::outbox::row::State;

/// Whether a ledger can pay for another message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purse {
    /// It can, or need not.
    Enough,
    /// It may when what is under way has been settled.
    Later,
    /// Never more.
    Empty,
}

impl Queue {
    /// Whether the ledger can pay for another message.
    pub fn purse(&self, id: LedgerId) -> Purse {
        match self.runs.get(&id).and_then(|run| run.paid) {
            Some(paid) if !paid.can_pay() && paid.owed() > paid.spent() => Purse::Later,
            Some(paid) if !paid.can_pay() => Purse::Empty,
            Some(_) | None => Purse::Enough,
        }
    }

    /// Whether a paid ledger goes out.
    pub fn has_paid(&self) -> bool {
        let mut open = self.open.values().flatten().filter_map(|id| self.runs.get(id));
        open.any(|run| run.paid.is_some() && run.ledger.status == LedgerStatus::Running)
    }

    pub(super) fn set_aside(&mut self, id: LedgerId) {
        if let Some(paid) = self.runs.get_mut(&id).and_then(|run| run.paid.as_mut()) {
            // whoever leases has asked `purse`
            let _ = paid.reserve();
            self.note_spent(id);
        }
    }

    /// Settles what was set aside for a row that has this state now.
    pub fn pay(&mut self, id: LedgerId, price: Price, state: &State) {
        let Some(paid) = self.runs.get_mut(&id).and_then(|run| run.paid.as_mut()) else { return };
        match state {
            State::Sent { .. } | State::SentMany { .. } => paid.delivered(price),
            State::InDoubt { .. } => paid.in_doubt(price),
            State::Queued { .. }
            | State::Deferred { .. }
            | State::Leased { .. }
            | State::Failed { .. }
            | State::Skipped { .. } => paid.give_back(),
        }
        self.note_spent(id);
    }

    fn note_spent(&mut self, id: LedgerId) {
        if let Some(run) = self.runs.get_mut(&id)
            && let (Some(paid), Some((_, spent))) = (run.paid, run.ledger.paid.as_mut())
        {
            *spent = paid.owed().0;
            self.dirty_heads.insert(id);
        }
    }
}
