//! One sled database: the only file that calls the crate.

use super::folder::Folder;
use crate::store::follow::Changes;
use crate::store::{Batch, Disk, Pair, StoreError};
use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Pages that sled keeps in memory; its own default is a gigabyte.
const CACHE: u64 = 64 << 20;
/// Small segments waste less of a small store than sled's half megabyte. A page
/// that outgrows one costs a file and a sync of its own, so values should stay
/// below 2 KiB.
const SEGMENT: usize = 128 << 10;
/// A rewrite flushes after so many bytes: sled can then take back the segments
/// that it has just outdated. Every megabyte, the result is a fifth larger.
const FILL: usize = SEGMENT / 2;

/// sled's database in one folder `store-N`.
pub(super) struct Engine {
    name: String,
    db: ::sled::Db,
    /// Our own descriptor of sled's file, to sync it.
    file: File,
    /// Large values that are synced already; sled keeps each in its own file
    /// and never changes it.
    blobs: Mutex<HashSet<OsString>>,
    /// Bytes written since the last flush while it was filled.
    unflushed: AtomicUsize,
    remains: Remains,
}

/// The folder; removed with the last reader if it is out of force. Declared
/// last in [`Engine`], so that sled has closed its files before.
struct Remains {
    path: PathBuf,
    retired: AtomicBool,
}

impl Engine {
    /// Opens or creates the database `name`.
    pub(super) fn open(folder: &Folder, name: &str) -> Result<Self, StoreError> {
        let path = folder.path().join(name);
        DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(|e| folder.trouble(e))?;
        remove_leftovers(&path);
        let db = open(&path).map_err(|e| explain(folder, e))?;
        let file = File::options().read(true).write(true).open(path.join("db")).map_err(|e| folder.trouble(e))?;
        let remains = Remains { path, retired: AtomicBool::new(false) };
        Ok(Self { name: name.to_owned(), db, file, blobs: Mutex::default(), unflushed: AtomicUsize::new(0), remains })
    }

    /// The folder's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn get(&self, folder: &Folder, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self.db.get(key).map_err(|e| explain(folder, e))?;
        Ok(value.map(|v| v.to_vec()))
    }

    /// Pairs as [`Store::scan`](crate::store::Store::scan) wants them.
    pub(super) fn scan<'a>(
        self: &Arc<Self>,
        folder: &'a Folder,
        prefix: &[u8],
        from: &[u8],
    ) -> impl Iterator<Item = Result<Pair, StoreError>> + use<'a> {
        let engine = self.clone();
        let prefix = prefix.to_vec();
        let pairs = self.db.range(prefix.as_slice().max(from)..);
        pairs
            .map(move |pair| {
                // the files must outlive the scan
                let _open = &engine;
                pair.map(|(key, value)| (key.to_vec(), value.to_vec())).map_err(|e| explain(folder, e))
            })
            .take_while(move |pair| pair.as_ref().map_or(true, |(key, _)| key.starts_with(&prefix)))
    }

    /// Applies the batch as one; not durable before [`Self::flush`].
    pub(super) fn apply(&self, folder: &Folder, batch: &Batch) -> Result<(), StoreError> {
        let mut writes = ::sled::Batch::default();
        for (key, value) in &batch.ops {
            match value {
                Some(value) => writes.insert(key.as_slice(), value.as_slice()),
                None => writes.remove(key.as_slice()),
            }
        }
        self.db.apply_batch(writes).map_err(|e| explain(folder, e))
    }

    /// Writes the pairs in the order given, not as one: for a database that
    /// is not in force yet. A `sled::Batch` would lose the ascending order,
    /// which is several times faster.
    pub(super) fn fill(
        &self,
        folder: &Folder,
        pairs: &mut dyn Iterator<Item = Result<Pair, StoreError>>,
    ) -> Result<(), StoreError> {
        for pair in pairs {
            let (key, value) = pair?;
            let size = key.len() + value.len();
            self.db.insert(key, value).map_err(|e| explain(folder, e))?;
            self.note_written(folder, size)?;
        }
        Ok(())
    }

    /// Applies changes, not as one, to a database that is not in force yet.
    pub(super) fn amend(&self, folder: &Folder, changes: Changes) -> Result<(), StoreError> {
        for (key, value) in changes {
            let size = key.len() + value.as_ref().map_or(0, Vec::len);
            match value {
                Some(value) => self.db.insert(key, value),
                None => self.db.remove(key),
            }
            .map_err(|e| explain(folder, e))?;
            self.note_written(folder, size)?;
        }
        Ok(())
    }

    fn note_written(&self, folder: &Folder, bytes: usize) -> Result<(), StoreError> {
        if self.unflushed.fetch_add(bytes, Ordering::Relaxed) + bytes >= FILL {
            self.db.flush().map_err(|e| explain(folder, e))?;
            self.unflushed.store(0, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Returns when all that was applied survives a power cut. sled's own
    /// flush ends with `sync_file_range`, which does not reach the disk.
    pub(super) fn flush(&self, folder: &Folder, disk: &dyn Disk) -> Result<(), StoreError> {
        self.db.flush().map_err(|e| explain(folder, e))?;
        self.sync_blobs(disk).and_then(|()| disk.sync(&self.file)).map_err(|e| folder.trouble(e))
    }

    fn sync_blobs(&self, disk: &dyn Disk) -> std::io::Result<()> {
        let blobs = self.remains.path.join("blobs");
        let mut synced = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        let mut present = HashSet::new();
        for entry in fs::read_dir(&blobs)? {
            present.insert(entry?.file_name());
        }
        for name in present.difference(&synced) {
            disk.sync(&File::open(blobs.join(name))?)?;
        }
        if !present.is_subset(&synced) {
            File::open(&blobs)?.sync_all()?;
        }
        *synced = present;
        Ok(())
    }

    /// Makes the folder's entries durable: once, when it is new.
    pub(super) fn sync_folder(&self, folder: &Folder) -> Result<(), StoreError> {
        let sync = |path: &Path| File::open(path)?.sync_all();
        let path = &self.remains.path;
        [path.join("conf"), path.join("blobs"), path.clone(), folder.path().to_owned()]
            .iter()
            .try_for_each(|path| sync(path))
            .map_err(|e| folder.trouble(e))
    }

    /// The folder is out of force: it goes when nobody reads it any more.
    pub(super) fn retire(&self) {
        self.remains.retired.store(true, Ordering::SeqCst);
    }

    pub(super) fn disk_size(&self) -> u64 {
        self.db.size_on_disk().unwrap_or(0)
    }
}

impl Drop for Remains {
    fn drop(&mut self) {
        if self.retired.load(Ordering::SeqCst) {
            drop(fs::remove_dir_all(&self.path));
        }
    }
}

/// A store of this process that was just dropped may hold its files a little
/// longer: sled closes them on threads of its own. Another process cannot,
/// for the data folder is locked.
fn open(path: &Path) -> Result<::sled::Db, ::sled::Error> {
    let config = ::sled::Config::new().path(path).cache_capacity(CACHE).flush_every_ms(None).segment_size(SEGMENT);
    let mut tries = 100;
    loop {
        match config.open() {
            Err(::sled::Error::Io(error)) if tries > 0 && error.to_string().contains("could not acquire lock") => {
                tries -= 1;
                std::thread::sleep(Duration::from_millis(50));
            }
            opened => return opened,
        }
    }
}

/// sled 0.34.7 can refuse to open with a snapshot that a crash left half made.
fn remove_leftovers(path: &Path) {
    let Ok(entries) = fs::read_dir(path) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            drop(fs::remove_file(entry.path()));
        }
    }
}

fn explain(folder: &Folder, error: ::sled::Error) -> StoreError {
    match error {
        ::sled::Error::Io(error) => folder.trouble(error),
        ::sled::Error::Corruption { .. } => StoreError::Damaged { what: "sled found a page it cannot read".into() },
        other @ (::sled::Error::CollectionNotFound(_)
        | ::sled::Error::Unsupported(_)
        | ::sled::Error::ReportableBug(_)) => folder.trouble(other),
    }
}
