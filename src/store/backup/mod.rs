//! Backups: a whole store in one file.
//!
//! [`backup`] copies a store while commits go on. What the file holds is the
//! store as it was after some commit that ended after the call began. It is
//! written beside its place, synced, read again in full, and only then renamed.
//!
//! | part | bytes |
//! | --- | --- |
//! | magic | `vestnik backup` and a line feed |
//! | format | 4, big-endian like all numbers here |
//! | created | 8, milliseconds since 1970 |
//! | version of the program | 2 for its length, then so many |
//! | a pair, keys ascending | `1`, 4 and 4 for the lengths, the key, the value |
//! | the end | `0`, 8 for the number of pairs, 32 of SHA-256 over all before |
//!
//! [`Reader`] believes nothing: a file that was cut off or changed in any bit
//! is refused.

mod draft;
mod reader;
mod users;

pub use reader::Reader;

use super::follow::{self, Changes, KEPT, Sink};
use super::{Pair, Store, StoreError};
use crate::model::{Text, Time};
use draft::Draft;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};

const MAGIC: &[u8] = b"vestnik backup\n";
/// The format that this program writes; it reads this one only.
const FORMAT: u32 = 1;
const PAIR: u8 = 1;
const END: u8 = 0;

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The version of the program that wrote it.
    pub version: String,
    /// When it was begun.
    pub created: Time,
}

/// A backup in figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The file.
    pub path: PathBuf,
    /// What it says of itself.
    pub about: About,
    /// Records in it.
    pub records: u64,
    /// Users in it.
    pub users: u64,
    /// Its size in bytes.
    pub bytes: u64,
}

/// What is wrong with a file that should be a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackupFault {
    /// It does not begin like one.
    NotABackup,
    /// A newer program wrote it.
    Newer {
        /// Its format.
        found: u32,
    },
    /// It is cut off.
    Ends {
        /// After so many bytes.
        at: u64,
    },
    /// It is not what was written.
    Changed {
        /// Found out at this byte.
        at: u64,
    },
}

/// A checksum over pairs in their order.
pub(super) struct Digest(Sha256);

impl Digest {
    pub(super) fn new() -> Self {
        Self(Sha256::new())
    }

    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        self.0.update(key.len().to_be_bytes());
        self.0.update(key);
        self.0.update(value.len().to_be_bytes());
        self.0.update(value);
    }

    pub(super) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

impl BackupFault {
    /// What is wrong, in both languages.
    pub fn text(&self) -> Text {
        match self {
            Self::NotABackup => Text::new("it is not a backup of vestnik", "это не резервная копия vestnik"),
            Self::Newer { found } => Text::new(
                format!("it has format {found}, this vestnik knows formats up to {FORMAT}: use a newer vestnik"),
                format!("её формат {found}, этот vestnik знает форматы до {FORMAT}: нужен более новый vestnik"),
            ),
            Self::Ends { at } => Text::new(
                format!("it is cut off after {at} bytes: take another copy"),
                format!("она обрывается после {at} байт: возьмите другую копию"),
            ),
            Self::Changed { at } => Text::new(
                format!("it is damaged (seen at byte {at}): take another copy"),
                format!("она повреждена (видно на байте {at}): возьмите другую копию"),
            ),
        }
    }
}

/// Writes all of `store` to the file `path`, while commits go on. A file that
/// is there is replaced if it is a backup, and refused if it is not.
pub fn backup(store: &dyn Store, path: &Path, about: &About) -> Result<Summary, StoreError> {
    backup_keeping(store, path, about, KEPT)
}

/// The same, catching up in between when the changes take more than `kept`
/// bytes.
#[doc(hidden)]
pub fn backup_keeping(store: &dyn Store, path: &Path, about: &About, kept: usize) -> Result<Summary, StoreError> {
    spare_others(path)?;
    let following = store.whole().follow();
    let mut copy = Copy { draft: Draft::create(path, about, 0)?, about, last: Vec::new() };
    follow::copy(store, &following, &mut copy, kept)?;
    let changes = following.take();
    if !following.is_same_store() {
        return Err(draft::trouble(path, "another backup was put in force meanwhile: start again"));
    }
    drop(following);
    copy.merge(changes)?;
    copy.draft.finish()
}

/// A slip of the hand must not cost another file; a damaged backup may go.
fn spare_others(path: &Path) -> Result<(), StoreError> {
    match path.exists().then(|| Reader::open(path)) {
        Some(Err(error @ (StoreError::Unusable { fault: BackupFault::NotABackup, .. } | StoreError::File { .. }))) => {
            Err(error)
        }
        None | Some(Ok(_) | Err(_)) => Ok(()),
    }
}

/// Reads a backup in full.
pub fn verify(path: &Path) -> Result<Summary, StoreError> {
    verify_with(path, |_, _| Ok(()))
}

/// Reads a backup in full and shows each pair. What was shown counts only when
/// all of it turned out good.
pub fn verify_with(
    path: &Path,
    mut each: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>,
) -> Result<Summary, StoreError> {
    let mut reader = Reader::open(path)?;
    for pair in reader.by_ref() {
        let (key, value) = pair?;
        each(&key, &value)?;
    }
    Ok(reader.summary())
}

/// A draft under way.
struct Copy<'a> {
    draft: Draft,
    about: &'a About,
    last: Vec<u8>,
}

impl Copy<'_> {
    /// Writes the draft once more with the changes in their places.
    fn merge(&mut self, changes: Changes) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut next = Draft::create(&self.draft.target, self.about, self.draft.number + 1)?;
        let mut changes = changes.into_iter().peekable();
        for pair in self.draft.read()? {
            let (key, value) = pair?;
            while let Some((changed, new)) = changes.next_if(|(changed, _)| *changed < key) {
                next.put_some(&changed, new)?;
            }
            match changes.next_if(|(changed, _)| *changed == key) {
                Some((_, new)) => next.put_some(&key, new)?,
                None => next.put(&key, &value)?,
            }
        }
        changes.try_for_each(|(changed, new)| next.put_some(&changed, new))?;
        self.draft = next;
        Ok(())
    }
}

impl Sink for Copy<'_> {
    fn pairs(&mut self, piece: Vec<Pair>) -> Result<(), StoreError> {
        piece.iter().try_for_each(|(key, value)| self.draft.put(key, value))?;
        if let Some((last, _)) = piece.into_iter().next_back() {
            self.last = last;
        }
        Ok(())
    }

    /// Keys that are not read yet will be.
    fn changes(&mut self, mut changes: Changes) -> Result<(), StoreError> {
        drop(changes.split_off(&[&self.last[..], &[0]].concat()));
        self.merge(changes)
    }
}
