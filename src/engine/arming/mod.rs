//! Arming: whether this engine may send at all.
//!
//! A copy of a data folder holds the same queues and knows the same token: two
//! engines over it would send everything twice and take updates away from each
//! other. So the store remembers which installation it belongs to, and an
//! engine that finds itself elsewhere is disarmed until a person says that this
//! is the one. A person may also disarm the engine for a while.
//!
//! | | replies | everything else | updates |
//! | --- | --- | --- | --- |
//! | armed | go out | goes out | are fetched |
//! | disarmed by an admin | go out | waits | are fetched |
//! | disarmed as a clone | wait | waits | are left to the other engine |
//!
//! | key | record |
//! | --- | --- |
//! | `A` | [`Record`] |
//!
//! [`judge`] is pure; the rest reads and writes that one record. Only a running
//! engine writes it unasked: a folder that was filled by commands on one machine
//! and then brought to another was never sent from.

mod instance;
#[cfg(test)]
mod tests;

pub use instance::Instance;

use super::{Engine, EngineError, calendar};
use crate::model::Time;
use crate::outbox::Armed;
use crate::store::{Batch, Pair, Store, StoreError, Transaction, decode, encode};
use serde::{Deserialize, Serialize};

const KEY: &[u8] = b"A";
const VERSION: u8 = 1;

/// Whether an engine may send.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arming {
    /// It may.
    #[default]
    Armed,
    /// It may not.
    Disarmed {
        /// Who or what disarmed it.
        by: DisarmedBy,
        /// Since when, in RFC 3339.
        since: String,
    },
}

/// Who or what disarmed an engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisarmedBy {
    /// Its data belong to another installation.
    Clone {
        /// That one.
        was: Box<Instance>,
        /// The one it runs in.
        is: Box<Instance>,
    },
    /// A person.
    Admin,
}

/// What the store remembers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The installation that the store belongs to.
    owner: Instance,
    /// Since when a person has disarmed it.
    disarmed: Option<Time>,
    /// Where it found itself instead, and since when.
    elsewhere: Option<(Instance, Time)>,
}

impl Arming {
    /// Whether everything goes out.
    pub fn is_armed(&self) -> bool {
        *self == Self::Armed
    }

    /// What the outbox may let go.
    pub fn lets_out(&self) -> Armed {
        match self {
            Self::Armed => Armed::Yes,
            Self::Disarmed { by: DisarmedBy::Admin, .. } => Armed::RepliesOnly,
            Self::Disarmed { by: DisarmedBy::Clone { .. }, .. } => Armed::No,
        }
    }

    /// Whether this may be one of two engines with one token.
    pub fn is_clone(&self) -> bool {
        match self {
            Self::Armed | Self::Disarmed { by: DisarmedBy::Admin, .. } => false,
            Self::Disarmed { by: DisarmedBy::Clone { .. }, .. } => true,
        }
    }
}

/// What an engine that runs in `here` may do with a store that holds `record`,
/// and what the store is to remember from now on.
///
/// A store without a record is either fresh, or of a version that had none; that
/// one was in use here, as far as anybody can tell, and must not fall silent by
/// an update. A clone that is brought back to where it came from is no clone.
pub fn judge(record: Option<&Record>, here: &Instance, now: Time) -> (Arming, Record) {
    let Some(record) = record else {
        return (Arming::Armed, Record { owner: here.clone(), disarmed: None, elsewhere: None });
    };
    if record.owner.is(here) {
        let by_admin = |since: Time| Arming::Disarmed { by: DisarmedBy::Admin, since: since.rfc3339() };
        let arming = record.disarmed.map_or(Arming::Armed, by_admin);
        return (arming, Record { owner: here.clone(), disarmed: record.disarmed, elsewhere: None });
    }
    let known = record.elsewhere.as_ref().filter(|(elsewhere, _)| elsewhere.is(here));
    let since = known.map_or(now, |(_, since)| *since);
    let by = DisarmedBy::Clone { was: Box::new(record.owner.clone()), is: Box::new(here.clone()) };
    let record = Record { elsewhere: Some((here.clone(), since)), ..record.clone() };
    (Arming::Disarmed { by, since: since.rfc3339() }, record)
}

/// What an engine that runs in `here` may do with this store; nothing is
/// written.
pub fn look(store: &dyn Store, here: &Instance, now: Time) -> Result<Arming, StoreError> {
    Ok(judge(read(store)?.as_ref(), here, now).0)
}

/// The pairs of a backup as they come back to a data folder that remembers
/// `own`. Which installation that folder belongs to is no matter of the backup:
/// a clone that restores one is still a clone, and who has disarmed the engine
/// does not find it armed.
pub fn kept<E>(
    own: Option<Pair>,
    pairs: impl Iterator<Item = Result<Pair, E>>,
) -> impl Iterator<Item = Result<Pair, E>> {
    let keeps = own.is_some();
    let others = pairs.filter(move |pair| !keeps || pair.as_ref().map_or(true, |(key, _)| key != KEY));
    own.into_iter().map(Ok).chain(others)
}

/// The record as it stands in a store.
pub fn pair(store: &dyn Store) -> Result<Option<Pair>, StoreError> {
    Ok(store.get(KEY)?.map(|value| (KEY.to_vec(), value)))
}

fn read(store: &dyn Store) -> Result<Option<Record>, StoreError> {
    store.get(KEY)?.map(|bytes| decode(VERSION, &bytes, "which installation the store belongs to")).transpose()
}

impl Engine {
    /// Says in which installation the engine runs. Without that it is armed.
    pub fn install(&self, here: Instance) -> Result<(), EngineError> {
        self.here.set(here).map_err(|_| EngineError::AlreadyLive)
    }

    /// Whether the engine may send.
    pub fn arming(&self) -> Result<Arming, EngineError> {
        match self.here.get() {
            Some(here) => Ok(look(&*self.store, here, self.clock.now())?),
            None => Ok(Arming::Armed),
        }
    }

    /// Whether the engine may send, told again whenever that changes.
    pub fn watch_arming(&self) -> tokio::sync::watch::Receiver<Arming> {
        self.arming.subscribe()
    }

    /// Finds out whether an engine that starts now may send, and makes that
    /// durable.
    pub fn settle_arming(&self) -> Result<Arming, EngineError> {
        let Some(here) = self.here.get() else { return Ok(Arming::Armed) };
        let known = read(&*self.store)?;
        let (arming, record) = judge(known.as_ref(), here, self.clock.now());
        if known.as_ref() != Some(&record) {
            self.remember(&record)?;
        }
        self.arming.send_replace(arming.clone());
        if let Some(outbox) = self.outbox() {
            outbox.set_armed(arming.lets_out())?;
        }
        Ok(arming)
    }

    /// From now on this is the installation that sends.
    pub fn arm(&self) -> Result<Arming, EngineError> {
        if self.arming()?.is_clone() {
            // What went by meanwhile, the other engine may have started.
            let mut batch = Batch::new();
            calendar::forget_all(&*self.store, &mut batch)?;
            self.writer.commit(Transaction::batch(batch))?;
        }
        self.change_arming(|_, here| Record { owner: here.clone(), disarmed: None, elsewhere: None })
    }

    /// From now on nothing goes out but replies. A clone stays one.
    pub fn disarm(&self) -> Result<Arming, EngineError> {
        let now = self.clock.now();
        self.change_arming(|record, _| Record { disarmed: Some(record.disarmed.unwrap_or(now)), ..record })
    }

    fn change_arming(&self, change: impl FnOnce(Record, &Instance) -> Record) -> Result<Arming, EngineError> {
        let Some(here) = self.here.get() else { return Ok(Arming::Armed) };
        let (_, record) = judge(read(&*self.store)?.as_ref(), here, self.clock.now());
        self.remember(&change(record, here))?;
        self.settle_arming()
    }

    fn remember(&self, record: &Record) -> Result<(), EngineError> {
        let mut batch = Batch::new();
        batch.put(KEY, encode(VERSION, record)?);
        self.writer.commit(Transaction::batch(batch))?;
        Ok(())
    }
}
