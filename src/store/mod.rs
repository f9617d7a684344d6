//! Durable state: a small key-value trait with atomic batches, its two
//! engines, the codec of records, profiles, and the one writer.
//!
//! The guarantees that everything above stands on:
//!
//! 1. [`Store::commit`] applies all of a batch or nothing, also over a crash.
//! 2. When it has returned `Ok`, the batch survives a killed process and a
//!    power cut.
//! 3. Reads see every batch that was committed before they began.
//! 4. When it returned `Err`, the batch may or may not be there after a
//!    restart: whoever wrote it must be able to write it again.
//!
//! Keys begin with one byte that names their kind; this module owns `F` and
//! `E` (the catalogues of names), `p` (profiles), `g` and `G` (the log), and
//! `y` and `Y` (the history of events).

pub mod backup;
mod catalogue;
mod disk;
mod follow;
pub mod history;
mod journal;
pub mod memory;
#[cfg(test)]
pub mod mortal;
mod profiles;
mod raw;
mod record;
pub mod sled;
mod writer;

pub use backup::BackupFault;
pub use disk::{Disk, SystemDisk};
pub use follow::Following;
pub use history::History;
pub use journal::{Journal, Total, is_total, sum_name};
pub use profiles::{Met, Profiles, Scan, StoredProfile, profile_key};
pub use raw::Raw;
pub use record::{decode, encode};
pub use writer::{Folding, Follow, Observer, Origin, Receipt, Transaction, Writer};

use crate::model::Text;
use std::path::PathBuf;

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// Pairs one by one, in the order of keys.
pub type Pairs<'a> = dyn Iterator<Item = Result<Pair, StoreError>> + 'a;

/// An ordered map of bytes with atomic, durable batches.
pub trait Store: Send + Sync {
    /// The value at `key`.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// All pairs whose key begins with `prefix` and is not below `from`, in
    /// the order of keys.
    fn scan<'a>(&'a self, prefix: &[u8], from: &[u8]) -> Box<dyn Iterator<Item = Result<Pair, StoreError>> + 'a>;

    /// Applies the batch as one and returns when it is durable. Blocks: call
    /// it from the writer's thread only.
    fn commit(&self, batch: &Batch) -> Result<(), StoreError>;

    /// Whether a batch of so many bytes could be committed now, as far as one
    /// can tell before.
    fn room(&self, _bytes: u64) -> Result<(), StoreError> {
        Ok(())
    }

    /// Bytes on disk; 0 for a store without one.
    fn disk_size(&self) -> u64;

    /// Gives wasted space back to the disk if there is much of it; says whether
    /// it did. May read everything; commits go on meanwhile.
    fn tidy(&self) -> Result<bool, StoreError>;

    /// Copying it and replacing it whole.
    fn whole(&self) -> &dyn Whole;
}

/// What can be done with a whole store while it is in use; see [`backup`].
pub trait Whole {
    /// Begins to keep what is committed.
    fn follow(&self) -> Following;

    /// Loads pairs beside what is in force; nothing is seen of them before
    /// [`Whole::adopt`]. What was loaded earlier goes. `bytes` says about how
    /// much there is.
    fn stage(&self, pairs: &mut Pairs<'_>, bytes: u64) -> Result<(), StoreError>;

    /// Puts in force what was staged, at once and for good; what was in force
    /// is gone then. A crash leaves the one or the other.
    fn adopt(&self) -> Result<(), StoreError>;
}

/// Changes that happen together. The last operation on a key wins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The operations in order; `None` deletes.
    pub ops: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

/// Trouble with the store. `path` is the data folder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process has the folder.
    #[error("the data folder {path} is in use by another vestnik process")]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// The folder was written by a newer version of the program.
    #[error("the data folder {path} has format {found}, this vestnik knows formats up to {known}: use a newer vestnik")]
    Newer {
        /// The folder.
        path: PathBuf,
        /// The format on disk.
        found: u32,
        /// The newest format this program reads.
        known: u32,
    },
    /// There is too little room to write safely; nothing was written.
    #[error("the disk of the data folder {path} is full ({} MiB left): free some space, work goes on by itself", .free >> 20)]
    Full {
        /// The folder.
        path: PathBuf,
        /// Bytes free.
        free: u64,
    },
    /// The folder cannot be read or written.
    #[error("cannot use the data folder {path}: {reason}")]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A write failed half way; what is on disk counts after a restart.
    #[error("an earlier write to the data folder {path} failed: restart to go on from what is on disk")]
    Broken {
        /// The folder.
        path: PathBuf,
    },
    /// A record is not what this version wrote.
    #[error("a record of the store is damaged ({what}): restore a backup")]
    Damaged {
        /// Which record, and how.
        what: String,
    },
    /// The writer has stopped.
    #[error("the store is closed")]
    Closed,
    /// A file is no backup, or not a whole one.
    #[error("the backup {path} cannot be used: {}", .fault.text().en)]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: BackupFault,
    },
    /// A backup cannot be written or read.
    #[error("cannot use the file {path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

impl StoreError {
    /// Whether no write will succeed any more in this process.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Broken { .. } | Self::Closed => true,
            Self::Locked { .. }
            | Self::Newer { .. }
            | Self::Full { .. }
            | Self::Io { .. }
            | Self::Damaged { .. }
            | Self::Unusable { .. }
            | Self::File { .. } => false,
        }
    }

    /// The error in both languages.
    pub fn text(&self) -> Text {
        let ru = match self {
            Self::Locked { path } => format!("папка данных {} занята другим процессом vestnik", path.display()),
            Self::Newer { path, found, known } => format!(
                "папка данных {} имеет формат {found}, этот vestnik знает форматы до {known}: нужен более новый vestnik",
                path.display()
            ),
            Self::Full { path, free } => format!(
                "диск папки данных {} полон (осталось {} МиБ): освободите место, работа продолжится сама",
                path.display(),
                free >> 20
            ),
            Self::Io { path, reason } => format!("не удаётся работать с папкой данных {}: {reason}", path.display()),
            Self::Broken { path } => format!(
                "не удалась более ранняя запись в папку данных {}: перезапустите, чтобы продолжить с того, что на диске",
                path.display()
            ),
            Self::Damaged { what } => format!("запись хранилища повреждена ({what}): восстановите резервную копию"),
            Self::Closed => "хранилище закрыто".to_owned(),
            Self::Unusable { path, fault } => {
                format!("резервная копия {} непригодна: {}", path.display(), fault.text().ru)
            }
            Self::File { path, reason } => format!("не удаётся работать с файлом {}: {reason}", path.display()),
        };
        Text::new(self.to_string(), ru)
    }
}

impl Batch {
    /// No changes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a key.
    pub fn put(&mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.ops.push((key.into(), Some(value.into())));
    }

    /// Removes a key.
    pub fn delete(&mut self, key: impl Into<Vec<u8>>) {
        self.ops.push((key.into(), None));
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// Bytes of its keys and values.
    pub fn weight(&self) -> u64 {
        self.ops.iter().map(|(key, value)| (key.len() + value.as_ref().map_or(0, Vec::len)) as u64).sum()
    }
}
