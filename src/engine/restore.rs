//! Backup and restore: the whole store to one file and back.
//!
//! A restore reads the file in full before anything is touched, loads it beside
//! the store in force, and changes over at once. A running engine stops its
//! parts in order for that and starts them again over what came back; the
//! command waits for it. What was waiting in the outbox of that day does not go
//! out by itself: see [`Calm`].

use super::{Engine, EngineError, arming, calendar, errands};
use crate::model::{Text, Time};
use crate::outbox::Calm;
use crate::store::backup::{self, About, Reader, Summary};
use crate::store::sled::{SledStore, restore};
use crate::store::{Pair, Store, StoreError};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::PoisonError;
use std::sync::mpsc;

/// What a backup would bring back, or has brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// The backup.
    pub backup: Summary,
    /// Broadcasts that were running and come back paused.
    pub paused: Vec<String>,
    /// Replies that had not gone out and are left behind.
    pub replies: u32,
}

/// Asks the wiring to stop everything, put what was staged in force, and start
/// again; then to tell how it went.
#[derive(Debug)]
pub struct Changeover {
    done: mpsc::Sender<Result<(), Text>>,
}

/// A backup that was read in full.
pub struct Inspected {
    /// What it would bring back.
    pub restored: Restored,
    calm: Calm,
}

impl Changeover {
    /// Tells whoever waits how it went.
    pub fn tell(self, outcome: Result<(), Text>) {
        drop(self.done.send(outcome));
    }
}

/// Writes a backup of the store to the file `path`.
pub fn back_up(store: &dyn Store, path: &Path, now: Time) -> Result<Summary, StoreError> {
    let about = About { version: env!("CARGO_PKG_VERSION").to_owned(), created: now };
    backup::backup(store, path, &about)
}

/// Reads a backup in full and says what it would bring back.
pub fn inspect(path: &Path) -> Result<Inspected, StoreError> {
    let mut calm = Calm::default();
    let backup = backup::verify_with(path, |key, value| calm.see(key, value))?;
    let restored = Restored { backup, paused: calm.paused.iter().cloned().collect(), replies: calm.replies };
    Ok(Inspected { restored, calm })
}

impl Inspected {
    /// Puts it in force in the data folder `data`, which nobody has open; what
    /// is there may be damaged.
    pub fn restore_to(self, data: &Path) -> Result<Restored, StoreError> {
        // A folder that is damaged does not say whose it is; the backup does then.
        let opened = data.exists().then(|| SledStore::open(data));
        let own = match opened {
            Some(Err(error @ StoreError::Locked { .. })) => return Err(error),
            Some(Ok(store)) => arming::pair(&store)?,
            Some(Err(_)) | None => None,
        };
        self.load(own, |pairs, bytes| restore(data, pairs, bytes))?;
        Ok(self.restored)
    }

    /// Hands the pairs to `into`, as they come back to a data folder that
    /// remembers `own`.
    fn load(
        &self,
        own: Option<Pair>,
        into: impl FnOnce(&mut dyn Iterator<Item = Result<Pair, StoreError>>, u64) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let reader = Reader::open(&self.restored.backup.path)?;
        let bytes = reader.bytes();
        // What the calendar starts may have been started since that day: it counts
        // anew from now. What was asked for then has been done since, or is late.
        let is_past = |key: &[u8]| calendar::is_key(key) || errands::is_key(key);
        let pairs = reader.filter(|pair| pair.as_ref().map_or(true, |(key, _)| !is_past(key)));
        let pairs = pairs.filter_map(|pair| pair.and_then(|pair| self.calm.pass(pair)).transpose());
        into(&mut arming::kept(own, pairs), bytes)
    }
}

impl Engine {
    /// Puts a backup in force. A live engine is stopped and started again
    /// around it; one that is closed can only be dropped afterwards.
    pub fn restore(&self, path: &Path) -> Result<Restored, EngineError> {
        let _one_at_a_time = self.restoring.lock().unwrap_or_else(PoisonError::into_inner);
        if self.changeovers.get().is_some_and(|wiring| wiring.is_closed()) {
            return Err(StoreError::Closed.into());
        }
        let inspected = inspect(path)?;
        let own = arming::pair(&*self.store)?;
        inspected.load(own, |pairs, bytes| self.store.whole().stage(pairs, bytes))?;
        match self.changeovers.get() {
            Some(wiring) => {
                let (done, outcome) = mpsc::channel();
                wiring.send(Changeover { done }).map_err(|_| StoreError::Closed)?;
                outcome.recv().map_err(|_| StoreError::Closed)?.map_err(EngineError::NotRestored)?;
            }
            None => {
                self.writer.close();
                self.store.whole().adopt()?;
            }
        }
        Ok(inspected.restored)
    }
}
