//! Sending again what failed or is in doubt, and taking out what waits.
//!
//! The running outbox does it to its working copy. Without one the queue is
//! opened for the moment, as the next start would open it, and written.

use super::row::RowState;
use super::{DeliveriesError, Engine, RowQuery};
use crate::engine::EngineError;
use crate::outbox::{Amend, Ledger, Obstacle, Queue, RowId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::PoisonError;

/// Which messages something is done to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Picked {
    /// Those of the latest run of this broadcast, or of `run`.
    pub broadcast: Option<String>,
    /// Which run of it.
    pub run: Option<u32>,
    /// Only those in this state; if left out, those that failed.
    pub state: Option<RowState>,
    /// Only those with this reason.
    pub reason: Option<String>,
    /// These messages, whatever their state.
    pub keys: Vec<String>,
    /// Whether messages may arrive twice.
    pub twice: Plea,
}

/// What is said of messages that may have arrived already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plea {
    /// They are not to be sent again.
    #[default]
    Refuse,
    /// Better twice than never.
    Allow,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amended {
    /// Messages that it was done to.
    pub rows: u64,
    /// Messages that were named and in no state for it.
    pub others: u64,
    /// Of all, those that may have arrived already.
    pub in_doubt: u64,
    /// Whether an engine is running.
    pub live: bool,
}

/// What the outbox is told at once: it sends nothing meanwhile.
const AT_ONCE: usize = 2_000;

impl Engine {
    /// Sends messages again that failed or are in doubt.
    pub fn retry_deliveries(&self, picked: &Picked) -> Result<Amended, DeliveriesError> {
        let _one_at_a_time = self.broadcasts.lock().unwrap_or_else(PoisonError::into_inner);
        self.settle_the_past()?;
        let (rows, in_doubt) = self.to_retry(picked)?;
        if in_doubt > 0 && picked.twice == Plea::Refuse {
            return Err(DeliveriesError::MayArriveTwice { rows: in_doubt });
        }
        Ok(Amended { in_doubt, ..self.amend(&rows, Amend::Retry)? })
    }

    /// Takes single messages out of the queue.
    pub fn drop_deliveries(&self, keys: &[String]) -> Result<Amended, DeliveriesError> {
        let _one_at_a_time = self.broadcasts.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.is_empty() {
            return Err(DeliveriesError::NothingNamed);
        }
        let ledgers = self.ledgers_of(None, None)?;
        let rows = keys.iter().map(|key| Ok(named(&ledgers, key)?.1)).collect::<Result<Vec<_>, DeliveriesError>>()?;
        self.amend(&rows, Amend::Drop)
    }

    /// The rows that are to be sent again, and how many of them are in doubt.
    fn to_retry(&self, picked: &Picked) -> Result<(Vec<RowId>, u64), DeliveriesError> {
        if picked.broadcast.is_none() && picked.keys.is_empty() {
            return Err(DeliveriesError::NothingNamed);
        }
        let (mut ledgers, mut wanted) = (Vec::new(), BTreeSet::new());
        if let Some(name) = &picked.broadcast {
            let found = self.ledgers_of(Some(name), picked.run)?;
            ledgers.extend(found.into_iter().rfind(|ledger| ledger.cause.broadcast().is_some()));
        } else {
            let all = self.ledgers_of(None, None)?;
            for key in &picked.keys {
                let (ledger, row) = named(&all, key)?;
                wanted.insert(row);
                if !ledgers.contains(ledger) {
                    ledgers.push(ledger.clone());
                }
            }
        }
        let now = self.clock.now();
        for ledger in &ledgers {
            if let Some(why) = Obstacle::of(ledger, now) {
                return Err(DeliveriesError::NotAgain { ledger: ledger.id.0, why });
            }
        }
        let whole = picked.broadcast.is_some();
        let state = picked.state.or(whole.then_some(RowState::Failed));
        let query = RowQuery { state, reason: picked.reason.clone(), ..RowQuery::default() };
        let (mut rows, mut in_doubt) = (Vec::new(), 0);
        self.each_row(&ledgers, &mut |_, id, row| {
            if (whole || wanted.contains(&id)) && query.is_for(&row) {
                rows.push(id);
                in_doubt += u64::from(row.state == RowState::InDoubt);
            }
        })?;
        Ok((rows, in_doubt))
    }

    fn amend(&self, rows: &[RowId], amend: Amend) -> Result<Amended, DeliveriesError> {
        let mut changed: u64 = 0;
        match self.outbox() {
            Some(outbox) => {
                for rows in rows.chunks(AT_ONCE) {
                    changed += u64::from(outbox.amend(rows.to_vec(), amend).map_err(EngineError::from)?);
                }
            }
            None => {
                self.with_queue(|queue| {
                    changed = u64::from(queue.amend(rows, amend, self.clock.now())?);
                    Ok(())
                })?;
            }
        }
        let others = (rows.len() as u64).saturating_sub(changed);
        Ok(Amended { rows: changed, others, in_doubt: 0, live: self.outbox().is_some() })
    }

    /// What an engine that died left under way is in doubt; it says so only
    /// once somebody has looked. What a running one knows is to be in the store.
    fn settle_the_past(&self) -> Result<(), EngineError> {
        match self.outbox() {
            Some(outbox) => Ok(outbox.flush().map(drop)?),
            None => self.with_queue(|_| Ok(())),
        }
    }

    pub(super) fn with_queue(
        &self,
        work: impl FnOnce(&mut Queue) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let (mut queue, _) = Queue::open(self.store.clone(), self.clock.now())?;
        queue.set_zone(self.live.current().settings.timezone.zone.clone());
        work(&mut queue)?;
        if queue.is_dirty() {
            let (transaction, _) = queue.transaction()?;
            self.writer.commit(transaction)?;
        }
        Ok(())
    }
}

/// The row with this key, and its ledger.
fn named<'a>(ledgers: &'a [Ledger], key: &str) -> Result<(&'a Ledger, RowId), DeliveriesError> {
    let found = RowId::parse(key).and_then(|row| {
        let ledger = ledgers.iter().find(|ledger| ledger.id == row.ledger)?;
        (row.is_place() && row.position() < ledger.rows).then_some((ledger, row))
    });
    found.ok_or_else(|| DeliveriesError::NoRow { key: key.to_owned() })
}
