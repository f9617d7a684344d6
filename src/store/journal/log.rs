//! The log: what every group of transactions changed in profiles, and the
//! events it told, in the order of the groups.
//!
//! | key | record |
//! | --- | --- |
//! | `g` + number | entries, one after the other, up to 2 KiB |
//! | `G` | how far the log is folded into profiles and sealed into the history |
//!
//! A group may take several records; they go into one batch and are there all
//! or none.

use crate::model::{Event, UserId, Value};
use crate::store::{Batch, Store, StoreError, decode, encode};
use serde::{Deserialize, Serialize};

const PREFIX: u8 = b'g';
const VERSION: u8 = 1;
/// A value beyond 2 KiB costs the store a file of its own.
const RECORD: usize = 1_800;

/// One thing that a group did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::store) enum Entry {
    /// Values of a profile by catalogue number; a missing one clears.
    Patch(UserId, Vec<(u16, Value)>),
    /// Something happened.
    Event(Event),
}

/// How far the log has gone into other records. Numbers are those of the last
/// record that has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct Marker {
    /// Into the profiles of all users.
    pub folded: u64,
    /// Into the history.
    pub sealed: u64,
    /// Into the profiles of users up to the one given, while a fold is under
    /// way.
    pub sweep: Option<(u64, UserId)>,
}

/// Writes entries as records.
pub(in crate::store) struct Records<'a> {
    batch: &'a mut Batch,
    next: u64,
    bytes: Vec<u8>,
    written: u64,
}

impl Marker {
    /// Its key.
    pub const KEY: &[u8] = b"G";

    pub fn load(store: &dyn Store) -> Result<Self, StoreError> {
        match store.get(Self::KEY)? {
            Some(bytes) => Self::from_bytes(&bytes),
            None => Ok(Self::default()),
        }
    }

    /// The marker in a record.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        decode(VERSION, bytes, "the marker of the log")
    }

    /// Users that the record at `key` changes, if it is one of the log, and
    /// whose profiles do not hold that.
    pub fn ahead(&self, key: &[u8], bytes: &[u8]) -> Result<Vec<UserId>, StoreError> {
        let Some(number) = key.strip_prefix(&[PREFIX]).and_then(|number| <[u8; 8]>::try_from(number).ok()) else {
            return Ok(Vec::new());
        };
        let number = u64::from_be_bytes(number);
        let users = entries(number, bytes)?.into_iter().map(|entry| entry.user());
        Ok(users.filter(|user| !self.holds(number, *user)).collect())
    }

    pub fn save(&self, batch: &mut Batch) -> Result<(), StoreError> {
        batch.put(Self::KEY, encode(VERSION, self)?);
        Ok(())
    }

    /// The last record that nobody needs any more.
    pub fn done(&self) -> u64 {
        self.folded.min(self.sealed)
    }

    /// Whether the profile of `user` holds what record `number` says.
    pub fn holds(&self, number: u64, user: UserId) -> bool {
        number <= self.folded || self.sweep.is_some_and(|(upto, last)| number <= upto && user <= last)
    }
}

impl<'a> Records<'a> {
    /// Records from number `next` on.
    pub fn new(batch: &'a mut Batch, next: u64) -> Self {
        Self { batch, next, bytes: vec![VERSION], written: 0 }
    }

    pub fn push(&mut self, entry: &Entry) -> Result<(), StoreError> {
        if self.bytes.len() > RECORD {
            self.end();
        }
        let bytes = std::mem::take(&mut self.bytes);
        let lost =
            |e: postcard::Error| StoreError::Damaged { what: format!("an entry of the log cannot be encoded: {e}") };
        self.bytes = postcard::to_extend(entry, bytes).map_err(lost)?;
        Ok(())
    }

    /// The number of the next record, and how many bytes were written.
    pub fn finish(mut self) -> (u64, u64) {
        if self.bytes.len() > 1 {
            self.end();
        }
        (self.next, self.written)
    }

    fn end(&mut self) {
        let bytes = std::mem::replace(&mut self.bytes, vec![VERSION]);
        self.written += bytes.len() as u64;
        self.batch.put(key(self.next), bytes);
        self.next += 1;
    }
}

/// The key of a record.
pub(in crate::store) fn key(number: u64) -> [u8; 9] {
    let mut key = [PREFIX; 9];
    key[1..].copy_from_slice(&number.to_be_bytes());
    key
}

/// Reads the log: each record's number and size, and its entries.
pub(in crate::store) fn read(
    store: &dyn Store,
    mut visit: impl FnMut(u64, usize, Vec<Entry>),
) -> Result<(), StoreError> {
    for pair in store.scan(&[PREFIX], &[]) {
        let (key, bytes) = pair?;
        let number = key.get(1..).and_then(|number| <[u8; 8]>::try_from(number).ok()).map(u64::from_be_bytes);
        let number = number.ok_or_else(|| StoreError::Damaged { what: "the key of a record of the log".into() })?;
        visit(number, bytes.len(), entries(number, &bytes)?);
    }
    Ok(())
}

fn entries(number: u64, bytes: &[u8]) -> Result<Vec<Entry>, StoreError> {
    let damaged = |how: String| StoreError::Damaged { what: format!("record {number} of the log: {how}") };
    let mut rest = match bytes.split_first() {
        Some((&VERSION, rest)) => rest,
        Some((version, _)) => return Err(damaged(format!("record version {version}, expected {VERSION}"))),
        None => return Err(damaged("empty".into())),
    };
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let (entry, tail) = postcard::take_from_bytes(rest).map_err(|e| damaged(e.to_string()))?;
        entries.push(entry);
        rest = tail;
    }
    Ok(entries)
}
