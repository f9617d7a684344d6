//! The store on disk: sled 0.34.7, used so that nothing acknowledged is lost.
//!
//! A commit is one `sled::Batch` on one tree (atomic over a crash), a flush
//! (which asks the kernel to write, but not the disk to keep), and a sync of
//! our own; only then it is acknowledged. Free space is looked at before, for
//! sled does not survive a full disk in the middle of a write.
//!
//! sled hardly gives space back, so the live records are copied into a fresh
//! folder now and then ([`SledStore::tidy`]). Fresh, they take 1.8 times their
//! bytes with records of 2,000 bytes, twice with 250, and near 3 times with 80:
//! sled gives a segment back once half of it is dead. The data folder holds
//!
//! - `lock`, held while the store is open;
//! - `current`, which names the format, the folder that counts, and how large
//!   that was when it was fresh;
//! - `store-N`, sled's files. Any other `store-*` is what a crash left over.

mod engine;
mod folder;

use super::{Batch, Disk, Pair, Store, StoreError, SystemDisk};
use arc_swap::ArcSwap;
use engine::Engine;
use folder::{Current, Folder};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Room that stays free for the rest of the machine, and for sled's own
/// bookkeeping.
const RESERVE: u64 = 32 << 20;
/// Bytes on disk that a byte of a batch may take: sled rewrites whole pages.
const AMPLIFICATION: u64 = 8;
/// Bytes that sled needs for a record besides its key and value.
const OVERHEAD: u64 = 40;
/// Below this size a folder is not worth tidying.
const SMALL: u64 = 16 << 20;

/// Profiles and state in a folder of this machine; one process at a time.
pub struct SledStore {
    engine: ArcSwap<Engine>,
    folder: Folder,
    disk: Arc<dyn Disk>,
    /// Held by whoever writes: a commit, or a rewrite.
    writing: Mutex<()>,
    /// Set when a write failed half way: what sled holds in memory and what
    /// is on disk may differ from then on.
    broken: AtomicBool,
}

/// How much of the folder is not live data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waste {
    /// Live records.
    pub records: u64,
    /// Bytes of live keys and values.
    pub live: u64,
    /// Bytes on disk.
    pub disk: u64,
}

impl SledStore {
    /// Opens the store in the data folder `path`, creating both if they are
    /// not there, and rewrites it if most of it is waste.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let store = Self::open_on(path, Arc::new(SystemDisk))?;
        match store.tidy() {
            // a store that cannot be rewritten now is still good to use
            Ok(_) | Err(StoreError::Full { .. }) => Ok(store),
            Err(error) => Err(error),
        }
    }

    /// Opens the store on this disk, as it is.
    pub fn open_on(path: impl AsRef<Path>, disk: Arc<dyn Disk>) -> Result<Self, StoreError> {
        let folder = Folder::open(path.as_ref())?;
        let engine = match folder.current()? {
            Some(current) => Engine::open(&folder, &current.name)?,
            None => Self::create(&folder)?,
        };
        folder.remove_all_but(engine.name());
        let engine = ArcSwap::from_pointee(engine);
        Ok(Self { engine, folder, disk, writing: Mutex::new(()), broken: AtomicBool::new(false) })
    }

    fn create(folder: &Folder) -> Result<Engine, StoreError> {
        let name = Folder::first_name();
        folder.remove_all_but("");
        let engine = Engine::open(folder, &name)?;
        engine.sync_folder(folder)?;
        folder.set_current(&Current { name, packed: 0 })?;
        Ok(engine)
    }

    /// Counts the live data; reads all of it.
    pub fn waste(&self) -> Result<Waste, StoreError> {
        let mut waste = Waste { records: 0, live: 0, disk: self.disk_size() };
        for pair in self.scan(&[], &[]) {
            let (key, value) = pair?;
            waste.records += 1;
            waste.live += (key.len() + value.len()) as u64;
        }
        Ok(waste)
    }

    /// Copies the live records into a fresh folder and goes on with that one.
    /// Reads go on meanwhile, commits wait. A crash leaves the old folder or
    /// the new one in force, each whole.
    pub fn rewrite(&self) -> Result<(), StoreError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.check_unbroken()?;
        let old = self.engine.load_full();
        let waste = self.waste()?;
        self.check_room(waste.live * 2)?;
        let name = Folder::next_name(old.name());
        let fresh = self.copy(&old, &name).inspect_err(|_| self.folder.remove_all_but(old.name()))?;
        let current = Current { name, packed: fresh.disk_size() };
        self.folder.set_current(&current).inspect_err(|_| self.broken.store(true, Ordering::SeqCst))?;
        self.engine.store(Arc::new(fresh));
        old.retire();
        Ok(())
    }

    fn copy(&self, old: &Arc<Engine>, name: &str) -> Result<Engine, StoreError> {
        let fresh = Engine::open(&self.folder, name)?;
        fresh.fill(&self.folder, old.scan(&self.folder, &[], &[]))?;
        fresh.flush(&self.folder, &*self.disk)?;
        fresh.sync_folder(&self.folder)?;
        Ok(fresh)
    }

    fn check_unbroken(&self) -> Result<(), StoreError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(StoreError::Broken { path: self.folder.path().to_owned() });
        }
        Ok(())
    }

    fn check_room(&self, bytes: u64) -> Result<(), StoreError> {
        let free = self.disk.free(self.folder.path()).map_err(|e| self.folder.trouble(e))?;
        if free < RESERVE.saturating_add(bytes) {
            return Err(StoreError::Full { path: self.folder.path().to_owned(), free });
        }
        Ok(())
    }
}

impl Store for SledStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.engine.load().get(&self.folder, key)
    }

    fn scan<'a>(&'a self, prefix: &[u8], from: &[u8]) -> Box<dyn Iterator<Item = Result<Pair, StoreError>> + 'a> {
        Box::new(self.engine.load_full().scan(&self.folder, prefix, from))
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.check_unbroken()?;
        self.check_room(batch.weight().saturating_mul(AMPLIFICATION))?;
        let engine = self.engine.load_full();
        let written = engine.apply(&self.folder, batch).and_then(|()| engine.flush(&self.folder, &*self.disk));
        // a kernel that could not write drops the pages and reports it once:
        // a later sync that succeeds would prove nothing
        written.inspect_err(|_| self.broken.store(true, Ordering::SeqCst))
    }

    fn room(&self, bytes: u64) -> Result<(), StoreError> {
        self.check_unbroken()?;
        self.check_room(bytes.saturating_mul(2 * AMPLIFICATION))
    }

    fn disk_size(&self) -> u64 {
        self.engine.load().disk_size()
    }

    /// A store that is no larger than a rewrite left it is rewritten only if
    /// much of its data have gone since.
    fn tidy(&self) -> Result<bool, StoreError> {
        if self.disk_size() <= SMALL {
            return Ok(false);
        }
        let packed = self.folder.current()?.map_or(0, |current| current.packed);
        let waste = self.waste()?;
        let weight = waste.live + waste.records * OVERHEAD;
        let bound = if waste.disk <= packed + packed / 4 { 4 * weight } else { 2 * weight };
        if waste.disk <= bound {
            return Ok(false);
        }
        self.rewrite().map(|()| true)
    }
}
