//! Reading a backup: pair by pair, believing nothing before the checksum at its
//! end was met.

use super::draft::trouble;
use super::users::Users;
use super::{About, BackupFault, END, FORMAT, MAGIC, PAIR, Summary};
use crate::model::Time;
use crate::store::{Pair, StoreError};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

const BUFFER: usize = 256 << 10;

/// The pairs of a backup in the order of keys. The last item is an error if
/// the file is not whole; nothing comes after one.
pub struct Reader {
    path: PathBuf,
    input: BufReader<File>,
    about: About,
    hash: Sha256,
    /// Bytes of the file, and those read.
    bytes: u64,
    at: u64,
    records: u64,
    users: Users,
    last: Option<Vec<u8>>,
    is_over: bool,
    /// A draft ends where it ends.
    is_unfinished: bool,
}

impl Reader {
    /// Opens a backup and reads what it says of itself.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let file = File::open(path).map_err(|e| trouble(path, e))?;
        let meta = file.metadata().map_err(|e| trouble(path, e))?;
        if meta.is_dir() {
            return Err(trouble(path, "it is a folder"));
        }
        let about = About { version: String::new(), created: Time(0) };
        let mut reader = Self {
            path: path.to_owned(),
            input: BufReader::with_capacity(BUFFER, file),
            about,
            hash: Sha256::new(),
            bytes: meta.len(),
            at: 0,
            records: 0,
            users: Users::default(),
            last: None,
            is_over: false,
            is_unfinished: false,
        };
        reader.read_head()?;
        Ok(reader)
    }

    pub(super) fn open_unfinished(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { is_unfinished: true, ..Self::open(path)? })
    }

    /// What the backup says of itself.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// The size of the file in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What was read so far in figures; all of it once the last pair was read.
    pub fn summary(&self) -> Summary {
        Summary {
            path: self.path.clone(),
            about: self.about.clone(),
            records: self.records,
            users: self.users.count(),
            bytes: self.bytes,
        }
    }

    fn read_head(&mut self) -> Result<(), StoreError> {
        let magic = self.take(MAGIC.len() as u64).map_err(|_| self.fault(BackupFault::NotABackup))?;
        if magic != MAGIC {
            return Err(self.fault(BackupFault::NotABackup));
        }
        match u32::from_be_bytes(self.array()?) {
            FORMAT => {}
            found if found > FORMAT => return Err(self.fault(BackupFault::Newer { found })),
            _ => return Err(self.changed()),
        }
        self.about.created = Time(i64::from_be_bytes(self.array()?));
        let length = u16::from_be_bytes(self.array()?);
        let version = self.take(u64::from(length))?;
        self.about.version = String::from_utf8(version).map_err(|_| self.changed())?;
        Ok(())
    }

    fn read_pair(&mut self) -> Result<Option<Pair>, StoreError> {
        if self.is_unfinished && self.at == self.bytes {
            return Ok(None);
        }
        match self.array()? {
            [PAIR] => {}
            [END] => return self.read_end().map(|()| None),
            _ => return Err(self.changed()),
        }
        let key_length = u32::from_be_bytes(self.array()?);
        let value_length = u32::from_be_bytes(self.array()?);
        let key = self.take(u64::from(key_length))?;
        let value = self.take(u64::from(value_length))?;
        if self.last.as_ref().is_some_and(|last| *last >= key) {
            return Err(self.changed());
        }
        self.records += 1;
        self.users.see(&key, &value);
        self.last = Some(key.clone());
        Ok(Some((key, value)))
    }

    fn read_end(&mut self) -> Result<(), StoreError> {
        let records = u64::from_be_bytes(self.array()?);
        let expected: [u8; 32] = self.hash.clone().finalize().into();
        let sum: [u8; 32] = self.array()?;
        if records != self.records || sum != expected || self.at != self.bytes {
            return Err(self.changed());
        }
        Ok(())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let bytes = self.take(N as u64)?;
        bytes.try_into().map_err(|_| self.changed())
    }

    /// The next bytes. Their number is looked at first: it may be nonsense.
    fn take(&mut self, length: u64) -> Result<Vec<u8>, StoreError> {
        if length > self.bytes - self.at {
            return Err(self.fault(BackupFault::Ends { at: self.bytes }));
        }
        let mut bytes = vec![0; usize::try_from(length).map_err(|_| self.changed())?];
        self.input.read_exact(&mut bytes).map_err(|e| trouble(&self.path, e))?;
        self.hash.update(&bytes);
        self.at += length;
        Ok(bytes)
    }

    fn changed(&self) -> StoreError {
        self.fault(BackupFault::Changed { at: self.at })
    }

    fn fault(&self, fault: BackupFault) -> StoreError {
        StoreError::Unusable { path: self.path.clone(), fault }
    }
}

impl Iterator for Reader {
    type Item = Result<Pair, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let read = self.read_pair().transpose();
        self.is_over = !matches!(read, Some(Ok(_)));
        read
    }
}
