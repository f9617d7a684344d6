//! The store on disk: sled 0.34.7, used so that nothing acknowledged is lost.
//!
//! A commit is one `sled::Batch` on one tree (atomic over a crash), a flush
//! (which asks the kernel to write, but not the disk to keep), and a sync of
//! our own; only then it is acknowledged. Free space is looked at before, for
//! sled does not survive a full disk in the middle of a write.
//!
//! sled hardly gives space back, so the live records are copied into a fresh
//! folder now and then ([`SledStore::tidy`]), while commits go on. Fresh, they take 1.8 times their
//! bytes with records of 2,000 bytes, twice with 250, and near 3 times with 80:
//! sled gives a segment back once half of it is dead. The data folder holds
//!
//! - `lock`, held while the store is open;
//! - `current`, which names the format, the folder that counts, and how large
//!   that was when it was fresh;
//! - `store-N`, sled's files. Any other `store-*` is what a crash left over.

mod engine;
mod folder;
mod load;

pub use load::restore;

use super::follow::{Changes, Following, Gate, Hold, KEPT, Sink, copy};
use super::{Batch, Disk, Pair, Pairs, Store, StoreError, SystemDisk, Whole};
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
/// Below this size a folder is not worth tidying.
const SMALL: u64 = 16 << 20;
/// A rewrite holds commits for its last changes only: so many bytes of them,
/// unless more come each time than it takes up meanwhile.
const LAST_CHANGES: usize = 256 << 10;
const CATCH_UPS: usize = 20;

/// Profiles and state in a folder of this machine; one process at a time.
pub struct SledStore {
    engine: ArcSwap<Engine>,
    folder: Folder,
    disk: Arc<dyn Disk>,
    /// Held by whoever writes: a commit, or the last step of a rewrite.
    gate: Gate,
    /// Held during a rewrite.
    rewriting: Mutex<()>,
    /// What was loaded and is not in force yet.
    staged: Mutex<Option<(Engine, u64)>>,
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
        let (gate, rewriting, staged, broken) =
            (Gate::default(), Mutex::new(()), Mutex::new(None), AtomicBool::new(false));
        Ok(Self { engine, folder, disk, gate, rewriting, staged, broken })
    }

    fn create(folder: &Folder) -> Result<Engine, StoreError> {
        let name = Folder::first_name();
        folder.remove_all_but("");
        let engine = Engine::open(folder, &name)?;
        engine.sync_folder(folder)?;
        folder.set_current(&Current { name, packed: 0, live: 0 })?;
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
    /// Reads and commits go on meanwhile; only the last changes hold commits. A
    /// crash leaves the old folder or the new one in force, each whole.
    pub fn rewrite(&self) -> Result<(), StoreError> {
        let _one_at_a_time = self.rewriting.lock().unwrap_or_else(PoisonError::into_inner);
        self.check_unbroken()?;
        let waste = self.waste()?;
        self.check_room(waste.live * 2)?;
        let following = self.gate.follow();
        let fresh = Engine::open(&self.folder, &self.folder.fresh_name()?)?;
        let copied = copy(self, &following, &mut Fill { engine: &fresh, folder: &self.folder }, KEPT)
            .and_then(|()| fresh.flush(&self.folder, &*self.disk))
            .and_then(|()| fresh.sync_folder(&self.folder))
            .and_then(|()| self.catch_up(&fresh, &following));
        match copied {
            Ok(()) => self.change_over(fresh, waste.live, |hold| hold.take(&following)),
            Err(error) => {
                fresh.retire();
                Err(error)
            }
        }
    }

    /// Applies what was committed during the copy, so that little remains.
    fn catch_up(&self, fresh: &Engine, following: &Following) -> Result<(), StoreError> {
        for _ in 0..CATCH_UPS {
            if following.bytes() <= LAST_CHANGES {
                break;
            }
            fresh.amend(&self.folder, following.take())?;
            fresh.flush(&self.folder, &*self.disk)?;
        }
        Ok(())
    }

    /// Holds commits, applies the last changes to `fresh` and puts it in force;
    /// it has about so many bytes of keys and values.
    fn change_over(
        &self,
        fresh: Engine,
        live: u64,
        last: impl FnOnce(&mut Hold<'_>) -> Changes,
    ) -> Result<(), StoreError> {
        let mut hold = self.gate.hold();
        let changes = last(&mut hold);
        let ready = self
            .check_unbroken()
            .and_then(|()| if changes.is_empty() { Ok(()) } else { fresh.amend(&self.folder, changes) })
            .and_then(|()| fresh.flush(&self.folder, &*self.disk));
        if let Err(error) = ready {
            fresh.retire();
            return Err(error);
        }
        let current = Current { name: fresh.name().to_owned(), packed: fresh.disk_size(), live };
        self.folder.set_current(&current).inspect_err(|_| self.broken.store(true, Ordering::SeqCst))?;
        self.engine.swap(Arc::new(fresh)).retire();
        Ok(())
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
        let mut hold = self.gate.hold();
        self.check_unbroken()?;
        self.check_room(batch.weight().saturating_mul(AMPLIFICATION))?;
        hold.note(batch);
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

    /// What is live may take twice its bytes. A store of small records takes
    /// more even when it is fresh: it is rewritten only if that would help.
    fn tidy(&self) -> Result<bool, StoreError> {
        if self.disk_size() <= SMALL {
            return Ok(false);
        }
        let waste = self.waste()?;
        let fresh = match self.folder.current()? {
            Some(Current { packed, live, .. }) if live >= SMALL / 4 => {
                (u128::from(packed) * u128::from(waste.live) / u128::from(live)) as u64
            }
            _ => 0,
        };
        if waste.disk <= 2 * waste.live || waste.disk <= fresh + fresh / 8 {
            return Ok(false);
        }
        self.rewrite().map(|()| true)
    }

    fn whole(&self) -> &dyn Whole {
        self
    }
}

impl Whole for SledStore {
    fn follow(&self) -> Following {
        self.gate.follow()
    }

    fn stage(&self, pairs: &mut Pairs<'_>, bytes: u64) -> Result<(), StoreError> {
        self.check_unbroken()?;
        self.check_room(bytes.saturating_mul(2))?;
        let mut staged = self.staged.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((earlier, _)) = staged.take() {
            earlier.retire();
        }
        *staged = Some(load::load(&self.folder, &*self.disk, pairs)?);
        Ok(())
    }

    fn adopt(&self) -> Result<(), StoreError> {
        // a rewrite under way must not go on with another store
        let _one_at_a_time = self.rewriting.lock().unwrap_or_else(PoisonError::into_inner);
        let staged = self.staged.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((staged, live)) = staged else { return Ok(()) };
        self.change_over(staged, live, |hold| {
            hold.note_replaced();
            Changes::new()
        })
    }
}

/// A fresh engine as the copy writes it.
struct Fill<'a> {
    engine: &'a Engine,
    folder: &'a Folder,
}

impl Sink for Fill<'_> {
    fn pairs(&mut self, piece: Vec<Pair>) -> Result<(), StoreError> {
        self.engine.fill(self.folder, &mut piece.into_iter().map(Ok))
    }

    fn changes(&mut self, changes: Changes) -> Result<(), StoreError> {
        self.engine.amend(self.folder, changes)
    }
}
