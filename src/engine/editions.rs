//! The rulebooks that were in force: the last twenty, with the text of their
//! files, so that one can be put back.
//!
//! A file that several of them share is stored once.
//!
//! | key | record |
//! | --- | --- |
//! | `V` + number | [`Edition`], the newest last |
//! | `v` + SHA-256 of a text | the text of a file |

mod rollback;

pub use rollback::{RollbackError, RolledBack, Wanted, roll_back};

use super::{Engine, EngineError};
use crate::model::Time;
use crate::rulebook::Files;
use crate::store::{Batch, Store, StoreError, Transaction, decode, encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

const PREFIX: u8 = b'V';
const TEXTS: u8 = b'v';
const VERSION: u8 = 1;
/// So many are kept.
const KEPT: usize = 20;

/// A rulebook that was in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edition {
    /// Its version.
    pub version: String,
    /// When it was accepted last.
    pub accepted: Time,
    /// Its files by path, each with the hash of its text.
    files: BTreeMap<String, [u8; 32]>,
}

/// A rulebook that was in force, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditionReport {
    /// Its version.
    pub version: String,
    /// When it was accepted last, in RFC 3339.
    pub accepted: String,
    /// Whether it is the last that was accepted.
    pub current: bool,
    /// The files that differ from those of the last that was accepted.
    pub differs: Vec<String>,
}

impl Engine {
    /// Keeps the rulebook in force, if it is not the last that was kept.
    pub fn keep_edition(&self) -> Result<(), EngineError> {
        let _one_at_a_time = self.keeping.lock().unwrap_or_else(PoisonError::into_inner);
        let files = self.live.accepted();
        let all = read_all(&*self.store)?;
        if all.last().is_some_and(|(_, last)| last.version == files.version()) {
            return Ok(());
        }
        let batch = kept(&all, &files, self.clock.now())?;
        self.writer.commit(Transaction::batch(batch))?;
        Ok(())
    }
}

impl Edition {
    /// The hash of each file's text.
    fn hashes(files: &Files) -> BTreeMap<String, [u8; 32]> {
        files.texts().map(|(path, text)| (path.to_owned(), Sha256::digest(text).into())).collect()
    }

    /// Paths that stand in one only, or have another text.
    fn differing(&self, other: &Self) -> Vec<String> {
        let mut paths: Vec<&String> = self.files.keys().chain(other.files.keys()).collect();
        paths.sort();
        paths.dedup();
        paths.into_iter().filter(|path| self.files.get(*path) != other.files.get(*path)).cloned().collect()
    }

    /// Its files, by path.
    fn texts(&self, store: &dyn Store) -> Result<Vec<(String, String)>, StoreError> {
        let text = |(path, hash): (&String, &[u8; 32])| {
            Ok((path.clone(), String::from_utf8_lossy(&Self::text(store, hash)?).into_owned()))
        };
        self.files.iter().map(text).collect()
    }

    /// The text of one of its files.
    fn text(store: &dyn Store, hash: &[u8; 32]) -> Result<Vec<u8>, StoreError> {
        let text = store.get(&text_key(hash))?;
        text.ok_or_else(|| StoreError::Damaged { what: "a file of an earlier rulebook".into() })
    }
}

/// The rulebooks that are kept, the newest first.
pub fn editions(store: &dyn Store) -> Result<Vec<EditionReport>, StoreError> {
    let all = read_all(store)?;
    let Some((_, current)) = all.last() else { return Ok(Vec::new()) };
    let report = |edition: &Edition| EditionReport {
        version: edition.version.clone(),
        accepted: edition.accepted.rfc3339(),
        current: edition.version == current.version,
        differs: edition.differing(current),
    };
    Ok(all.iter().rev().map(|(_, edition)| report(edition)).collect())
}

/// The files of the rulebook that was accepted last, by path; none before the
/// first.
pub fn accepted(store: &dyn Store) -> Result<Option<Vec<(String, String)>>, StoreError> {
    read_all(store)?.pop().map(|(_, edition)| edition.texts(store)).transpose()
}

/// The files of the kept rulebooks whose version begins so, the newest first.
pub fn kept_as(store: &dyn Store, version: &str) -> Result<Vec<Vec<(String, String)>>, StoreError> {
    let all = read_all(store)?;
    let found = all.iter().rev().filter(|(_, edition)| edition.version.starts_with(version));
    found.map(|(_, edition)| edition.texts(store)).collect()
}

/// What keeps these files beside all that is kept, as the newest. One of the
/// same content takes the place of the earlier; what is too old goes.
fn kept(all: &[(u64, Edition)], files: &Files, now: Time) -> Result<Batch, StoreError> {
    let edition = Edition { version: files.version(), accepted: now, files: Edition::hashes(files) };
    let mut batch = Batch::new();
    let others: Vec<_> = all.iter().filter(|(_, one)| one.version != edition.version).collect();
    let old = others.len().saturating_sub(KEPT - 1);
    let stays: BTreeSet<u64> = others.iter().skip(old).map(|(number, _)| *number).collect();
    let staying = || all.iter().filter(|(number, _)| stays.contains(number)).map(|(_, one)| one).chain([&edition]);
    let needed: BTreeSet<&[u8; 32]> = staying().flat_map(|one| one.files.values()).collect();
    for (number, one) in all.iter().filter(|(number, _)| !stays.contains(number)) {
        batch.delete(key(*number));
        one.files.values().filter(|hash| !needed.contains(hash)).for_each(|hash| batch.delete(text_key(hash)));
    }
    for (path, text) in files.texts() {
        if let Some(hash) = edition.files.get(path) {
            batch.put(text_key(hash), text);
        }
    }
    let number = all.last().map_or(1, |(number, _)| number + 1);
    batch.put(key(number), encode(VERSION, &edition)?);
    Ok(batch)
}

/// All that are kept, the newest last.
fn read_all(store: &dyn Store) -> Result<Vec<(u64, Edition)>, StoreError> {
    let read = |pair: Result<(Vec<u8>, Vec<u8>), StoreError>| {
        let (key, value) = pair?;
        let number = key.get(1..).and_then(|number| number.try_into().ok()).map(u64::from_be_bytes);
        let what = "an earlier rulebook";
        let number = number.ok_or_else(|| StoreError::Damaged { what: what.into() })?;
        Ok((number, decode(VERSION, &value, what)?))
    };
    store.scan(&[PREFIX], b"").map(read).collect()
}

fn key(number: u64) -> Vec<u8> {
    [&[PREFIX][..], &number.to_be_bytes()].concat()
}

fn text_key(hash: &[u8; 32]) -> Vec<u8> {
    [&[TEXTS][..], hash].concat()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;

    fn keep(store: &MemoryStore, n: i64) {
        let rules = format!("# {n}\n");
        let files = Files::from_list([("vestnik.yaml", "language: en\n"), ("rules/a.yaml", rules.as_str())]);
        let batch = kept(&read_all(store).unwrap(), &files, Time(n * 1_000)).unwrap();
        store.commit(&batch).unwrap();
    }

    #[test]
    fn twenty_are_kept_and_shared_files_once() {
        let store = MemoryStore::new();
        (0..30).for_each(|n| keep(&store, n));
        let all = editions(&store).unwrap();
        assert_eq!((all.len(), all[0].current, all[1].current), (KEPT, true, false));
        assert_eq!(all[0].differs, Vec::<String>::new());
        assert!(all[1..].iter().all(|one| one.differs == ["rules/a.yaml"]));
        // the settings, and the rules of each
        assert_eq!(store.scan(&[TEXTS], b"").count(), KEPT + 1);
        for (_, edition) in read_all(&store).unwrap() {
            assert!(edition.files.values().all(|hash| Edition::text(&store, hash).is_ok()));
        }
        // one that comes back is the newest, and is there once
        keep(&store, 15);
        let again = editions(&store).unwrap();
        assert_eq!((again.len(), &again[0].version), (KEPT, &all[14].version));
        assert_eq!(again.iter().filter(|one| one.version == again[0].version).count(), 1);
    }
}
