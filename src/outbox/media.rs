//! Photos that Telegram has already: the `file_id` it gave for an address.
//!
//! Sending the id spares Telegram the download, and us what goes wrong with a
//! slow web server. The ids are a cache, never the truth: one that Telegram
//! refuses is dropped and the address is sent. All of it is in memory once the
//! first photo is sent, and changes go out with the queue's next transaction.
//!
//! | key | record |
//! | --- | --- |
//! | `m` + 16 bytes of the address's SHA-256 | [`Entry`] |

use crate::model::{Time, TimeDelta};
use crate::store::{Batch, Pair, Store, StoreError, decode, encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The ids that are known, by address.
pub(super) struct Media {
    store: Arc<dyn Store>,
    /// None until the first photo is sent.
    known: Option<HashMap<String, Known>>,
    /// Ids that Telegram refused in the life of this process: for the same
    /// address it may give the same one again.
    refused: BTreeMap<String, String>,
    dirty: BTreeSet<String>,
    uses: u64,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    file_id: String,
    url: String,
    learned: Time,
}

struct Known {
    entry: Entry,
    /// The number of its last use; higher is later.
    used: u64,
}

/// More are not kept, in memory or on disk: the one that was not used for the
/// longest time goes. Photos made for one person must not fill the store.
const MOST: usize = 1_000;

/// An older id is not used. The picture at the address may have changed.
const MAX_AGE: TimeDelta = TimeDelta::days(30);

const VERSION: u8 = 1;

impl Media {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, known: None, refused: BTreeMap::new(), dirty: BTreeSet::new(), uses: 0 }
    }

    /// The id to send instead of `photo`, if that is an address whose id is
    /// known.
    pub(super) fn file_id(&mut self, photo: &str, now: Time) -> Option<String> {
        if !is_address(photo) {
            return None;
        }
        self.load(now);
        self.uses += 1;
        let known = self.known.as_mut()?.get_mut(photo)?;
        if !known.entry.is_fresh(now) {
            self.remove(photo);
            return None;
        }
        known.used = self.uses;
        Some(known.entry.file_id.clone())
    }

    /// Telegram has taken `photo` and calls it `file_id`.
    pub(super) fn learn(&mut self, photo: &str, file_id: String, now: Time) {
        let Some(known) = self.known.as_mut().filter(|_| is_address(photo)) else { return };
        let is_known = known.get(photo).is_some_and(|known| known.entry.is_fresh(now));
        if is_known || self.refused.get(photo) == Some(&file_id) {
            return;
        }
        self.uses += 1;
        let entry = Entry { file_id, url: photo.to_owned(), learned: now };
        known.insert(photo.to_owned(), Known { entry, used: self.uses });
        self.dirty.insert(photo.to_owned());
        self.shrink();
    }

    /// Telegram does not take this id. Another one that was learned for the
    /// address meanwhile stays.
    pub(super) fn refuse(&mut self, photo: &str, file_id: String) {
        let known = self.known.as_ref().and_then(|known| known.get(photo));
        if known.is_some_and(|known| known.entry.file_id == file_id) {
            self.remove(photo);
        }
        if self.refused.len() >= MOST {
            self.refused.clear();
        }
        self.refused.insert(photo.to_owned(), file_id);
    }

    pub(super) fn is_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// The addresses whose records have to be written.
    pub(super) fn take_dirty(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.dirty)
    }

    /// They were not written.
    pub(super) fn not_written(&mut self, mut photos: BTreeSet<String>) {
        self.dirty.append(&mut photos);
    }

    /// Writes the records of these addresses as they are now.
    pub(super) fn write(&self, photos: &BTreeSet<String>, batch: &mut Batch) -> Result<(), StoreError> {
        for photo in photos {
            match self.known.as_ref().and_then(|known| known.get(photo)) {
                Some(known) => batch.put(key(photo), encode(VERSION, &known.entry)?),
                None => batch.delete(key(photo)),
            }
        }
        Ok(())
    }

    /// Reads the records. Photos whose record cannot be read go out by their
    /// addresses, and its place is taken by what is learned then.
    fn load(&mut self, now: Time) {
        if self.known.is_some() {
            return;
        }
        let mut known = HashMap::new();
        for entry in self.store.scan(b"m", b"").map(read) {
            match entry {
                Ok(entry) if entry.is_fresh(now) => drop(known.insert(entry.url.clone(), Known { entry, used: 0 })),
                Ok(entry) => drop(self.dirty.insert(entry.url)),
                Err(error) => tracing::warn!(%error, "a photo is sent by its address"),
            }
        }
        self.known = Some(known);
        self.shrink();
    }

    fn shrink(&mut self) {
        while let Some(known) = self.known.as_ref().filter(|known| known.len() > MOST) {
            let age = |known: &Known| (known.used, known.entry.learned);
            let Some(oldest) = known.iter().min_by_key(|(_, known)| age(known)).map(|(url, _)| url.clone()) else {
                break;
            };
            self.remove(&oldest);
        }
    }

    fn remove(&mut self, photo: &str) {
        if let Some(known) = &mut self.known {
            known.remove(photo);
            self.dirty.insert(photo.to_owned());
        }
    }
}

impl Entry {
    /// A clock that was set must not make an id last longer.
    fn is_fresh(&self, now: Time) -> bool {
        (now - self.learned).0.abs() < MAX_AGE.0
    }
}

fn read(pair: Result<Pair, StoreError>) -> Result<Entry, StoreError> {
    decode(VERSION, &pair?.1, "the id of a photo")
}

fn is_address(photo: &str) -> bool {
    photo.starts_with("https://") || photo.starts_with("http://")
}

fn key(photo: &str) -> Vec<u8> {
    let hash = Sha256::digest(photo.as_bytes());
    b"m".iter().chain(hash.iter().take(16)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;

    const A: &str = "https://e.ru/a.jpg";
    const NOW: Time = Time(1_767_225_600_000);

    fn media(store: &Arc<dyn Store>) -> Media {
        let mut media = Media::new(store.clone());
        media.load(NOW);
        media
    }

    fn empty() -> Arc<dyn Store> {
        Arc::new(MemoryStore::default())
    }

    /// Commits what has to be written and says how many records there are.
    fn commit(media: &mut Media) -> usize {
        let mut batch = Batch::new();
        let dirty = media.take_dirty();
        media.write(&dirty, &mut batch).unwrap();
        media.store.commit(&batch).unwrap();
        media.store.scan(b"m", b"").count()
    }

    #[test]
    fn an_id_is_known_for_thirty_days_and_over_a_restart() {
        let store = empty();
        let mut first = media(&store);
        first.learn(A, "one".into(), NOW);
        first.learn(A, "two".into(), NOW);
        assert_eq!((commit(&mut first), first.is_dirty()), (1, false));
        for (days, expected) in [(0, Some("one")), (-29, Some("one")), (29, Some("one")), (30, None), (-30, None)] {
            let now = NOW + TimeDelta::days(days);
            for mut next in [media(&store), Media::new(store.clone())] {
                assert_eq!(next.file_id(A, now).as_deref(), expected, "{days} days");
                assert_eq!(next.is_dirty(), expected.is_none());
                assert_eq!(next.file_id("https://e.ru/b.jpg", now), None);
            }
        }
        let mut last = Media::new(store.clone());
        assert_eq!(last.file_id(A, NOW + MAX_AGE), None);
        assert_eq!(commit(&mut last), 0);
    }

    #[test]
    fn only_addresses_have_ids() {
        let mut media = media(&empty());
        media.learn("AgACAgIAAxkBAAIB", "one".into(), NOW);
        assert_eq!((media.file_id("AgACAgIAAxkBAAIB", NOW), commit(&mut media)), (None, 0));
    }

    #[test]
    fn a_refused_id_is_dropped_and_only_another_is_learned() {
        let mut media = media(&empty());
        media.learn(A, "one".into(), NOW);
        media.refuse(A, "one".into());
        media.learn(A, "one".into(), NOW);
        assert_eq!((media.file_id(A, NOW), commit(&mut media)), (None, 0));
        media.learn(A, "two".into(), NOW);
        // an answer that comes late blames the old one
        media.refuse(A, "one".into());
        assert_eq!((media.file_id(A, NOW).as_deref(), commit(&mut media)), (Some("two"), 1));
    }

    #[test]
    fn what_could_not_be_written_is_written_later() {
        let mut media = media(&empty());
        media.learn(A, "one".into(), NOW);
        let dirty = media.take_dirty();
        assert!(!media.is_dirty());
        media.not_written(dirty);
        assert_eq!((media.is_dirty(), commit(&mut media)), (true, 1));
    }

    #[test]
    fn photos_of_single_people_push_out_each_other_and_not_what_is_used() {
        let mut media = media(&empty());
        media.learn(A, "one".into(), NOW);
        for user in 0..2 * MOST {
            media.learn(&format!("https://e.ru/{user}.jpg"), "x".into(), NOW);
            assert_eq!(media.file_id(A, NOW).as_deref(), Some("one"));
        }
        assert_eq!((commit(&mut media), media.known.map(|known| known.len())), (MOST, Some(MOST)));
    }

    #[test]
    fn a_damaged_record_is_learned_anew() {
        let store = empty();
        let mut batch = Batch::new();
        batch.put(key(A), [9]);
        store.commit(&batch).unwrap();
        let mut media = media(&store);
        assert_eq!(media.file_id(A, NOW), None);
        media.learn(A, "one".into(), NOW);
        assert_eq!((media.file_id(A, NOW).as_deref(), commit(&mut media)), (Some("one"), 1));
    }
}
