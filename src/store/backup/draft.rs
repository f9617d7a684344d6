//! A backup while it is written: a file beside its place that goes away unless
//! it is finished.

use super::{About, END, FORMAT, MAGIC, PAIR, Reader, Summary, verify};
use crate::store::StoreError;
use sha2::{Digest as _, Sha256};
use std::fmt::Display;
use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

const BUFFER: usize = 256 << 10;

/// A backup under way.
pub(super) struct Draft {
    /// Where it goes.
    pub target: PathBuf,
    /// How many drafts there were before.
    pub number: u32,
    path: PathBuf,
    out: BufWriter<File>,
    hash: Sha256,
    records: u64,
}

impl Draft {
    /// Begins the draft `number` of the backup `target`.
    pub(super) fn create(target: &Path, about: &About, number: u32) -> Result<Self, StoreError> {
        let mut name = target.as_os_str().to_owned();
        name.push(format!(".part{number}"));
        let path = PathBuf::from(name);
        let open = || File::options().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = open().map_err(|e| trouble(target, e))?;
        file.try_lock().map_err(|_| trouble(target, "another backup is being written there"))?;
        file.set_len(0)
            .and_then(|()| file.set_permissions(Permissions::from_mode(0o600)))
            .map_err(|e| trouble(target, e))?;
        let out = BufWriter::with_capacity(BUFFER, file);
        let mut draft = Self { target: target.to_owned(), number, path, out, hash: Sha256::new(), records: 0 };
        draft.write(MAGIC)?;
        draft.write(&FORMAT.to_be_bytes())?;
        draft.write(&about.created.0.to_be_bytes())?;
        let version = about.version.as_bytes();
        draft.write(&u16::try_from(version.len()).unwrap_or(u16::MAX).to_be_bytes())?;
        draft.write(&version[..version.len().min(usize::from(u16::MAX))])?;
        Ok(draft)
    }

    /// Adds a pair; keys must ascend.
    pub(super) fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(|e| trouble(&self.target, e));
        let (key_length, value_length) = (length(key)?, length(value)?);
        self.write(&[PAIR])?;
        self.write(&key_length.to_be_bytes())?;
        self.write(&value_length.to_be_bytes())?;
        self.write(key)?;
        self.write(value)?;
        self.records += 1;
        Ok(())
    }

    /// Adds a pair if there is a value.
    pub(super) fn put_some(&mut self, key: &[u8], value: Option<Vec<u8>>) -> Result<(), StoreError> {
        value.map_or(Ok(()), |value| self.put(key, &value))
    }

    /// What was put so far, from the beginning.
    pub(super) fn read(&mut self) -> Result<Reader, StoreError> {
        self.out.flush().map_err(|e| trouble(&self.target, e))?;
        Reader::open_unfinished(&self.path)
    }

    /// Ends the file, makes it durable, reads it again and puts it in its place.
    pub(super) fn finish(mut self) -> Result<Summary, StoreError> {
        self.write(&[END])?;
        self.write(&self.records.to_be_bytes())?;
        let sum: [u8; 32] = std::mem::take(&mut self.hash).finalize().into();
        let write = |draft: &mut Self| {
            draft.out.write_all(&sum)?;
            draft.out.flush()?;
            draft.out.get_ref().sync_all()
        };
        write(&mut self).map_err(|e| trouble(&self.target, e))?;
        let read = verify(&self.path)?;
        self.place().map_err(|e| trouble(&self.target, e))?;
        self.path = PathBuf::new();
        Ok(Summary { path: self.target.clone(), ..read })
    }

    fn place(&self) -> io::Result<()> {
        fs::rename(&self.path, &self.target)?;
        let folder = self.target.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.hash.update(bytes);
        self.out.write_all(bytes).map_err(|e| trouble(&self.target, e))
    }
}

/// What was finished has another name by now.
impl Drop for Draft {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.path));
    }
}

pub(super) fn trouble(path: &Path, reason: impl Display) -> StoreError {
    StoreError::File { path: path.to_owned(), reason: reason.to_string() }
}
