//! What becomes of the outbox in a store that is put back to an earlier day.
//!
//! What was waiting then may have gone out since, and nobody can tell. So
//! broadcasts that were running come back paused, for a person to look at, and
//! replies that had not gone out are left behind: whoever asked has long seen
//! the answer or asked again. What rules and drips had sent is cancelled where
//! it had not gone out, and left behind where it was no row yet.

use super::ledger::{Cause, Ledger, LedgerId, LedgerStatus, PausedBy};
use super::posting::is_posting;
use crate::store::{Batch, Pair, StoreError};
use std::collections::BTreeSet;

/// What was found of an outbox, and how its records pass. Every record is
/// shown first ([`Calm::see`]) and passed in a second round.
#[derive(Clone, Debug, Default)]
pub struct Calm {
    /// Broadcasts whose running runs come back paused.
    pub paused: BTreeSet<String>,
    /// Replies that are left behind.
    pub replies: u32,
    dropped: BTreeSet<LedgerId>,
}

impl Calm {
    /// Looks at a record.
    pub fn see(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        if key.first() != Some(&b'l') {
            return Ok(());
        }
        let ledger = Ledger::from_bytes(value)?;
        match (ledger.cause, ledger.status) {
            (Cause::Broadcast { name, .. }, LedgerStatus::Running) => drop(self.paused.insert(name)),
            // taking back twice what was taken back does no harm
            (Cause::Broadcast { .. } | Cause::Recall { .. } | Cause::Rule { .. } | Cause::Drip { .. }, _) => {}
            (Cause::Reply, _) => {
                self.replies = self.replies.saturating_add(ledger.rows);
                self.dropped.insert(ledger.id);
            }
        }
        Ok(())
    }

    /// The record as it comes back; none if it is left behind.
    pub fn pass(&self, (key, value): Pair) -> Result<Option<Pair>, StoreError> {
        if is_posting(&key) {
            return Ok(None);
        }
        let of_ledger = key.split_first().filter(|(kind, _)| b"ilo".contains(kind));
        let id = of_ledger.and_then(|(_, rest)| rest.first_chunk::<8>()).map(|id| LedgerId(u64::from_be_bytes(*id)));
        if id.is_some_and(|id| self.dropped.contains(&id)) {
            return Ok(None);
        }
        if key.first() != Some(&b'l') {
            return Ok(Some((key, value)));
        }
        let mut ledger = Ledger::from_bytes(&value)?;
        let is_over = matches!(ledger.status, LedgerStatus::Cancelled | LedgerStatus::Finished);
        if ledger.status != LedgerStatus::Running && (is_over || !ledger.cause.is_posted()) {
            return Ok(Some((key, value)));
        }
        match ledger.cause.is_posted() {
            true => (ledger.status, ledger.open_until) = (LedgerStatus::Cancelled, None),
            false => ledger.status = LedgerStatus::Paused(PausedBy::Admin),
        }
        let mut batch = Batch::new();
        ledger.write(&mut batch)?;
        Ok(batch.ops.into_iter().next_back().and_then(|(key, value)| Some((key, value?))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Time;
    use crate::outbox::Lane;

    #[test]
    fn what_rules_sent_does_not_go_out_after_a_restore() {
        let cause = Cause::Rule { name: "offer".into() };
        let head = Ledger { open_until: Some(Time(9)), ..Ledger::new(LedgerId(1), cause, Lane::Rule, Time(0), 2) };
        let calm = Calm::default();
        for status in [LedgerStatus::Running, LedgerStatus::Paused(PausedBy::ContentErrors)] {
            let mut batch = Batch::new();
            Ledger { status, ..head.clone() }.write(&mut batch).unwrap();
            let (key, value) = batch.ops.remove(0);
            let (_, value) = calm.pass((key, value.unwrap())).unwrap().unwrap();
            let passed = Ledger::from_bytes(&value).unwrap();
            assert_eq!((passed.status, passed.open_until), (LedgerStatus::Cancelled, None), "{status:?}");
        }
        let mut batch = Batch::new();
        crate::outbox::stage_postings(&mut batch, 1, &[]).unwrap();
        let (key, value) = batch.ops.remove(0);
        assert_eq!(calm.pass((key, value.unwrap())).unwrap(), None);
    }
}
