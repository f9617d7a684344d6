//! Files that Telegram has already: the `file_id` it gave for an address or for
//! a file of the project.
//!
//! Sending the id spares the download or the upload, and us what goes wrong
//! with a slow web server. The ids are a cache, never the truth: one that
//! Telegram refuses is dropped and the source is sent. All of it is in memory
//! once the first file is sent, and changes go out with the queue's next
//! transaction.
//!
//! An id is known by a *name*, see [`name`]. A file of the project that is
//! written again has another, so that nobody gets the old picture.
//!
//! | key | record |
//! | --- | --- |
//! | `m` + 16 bytes of the name's SHA-256 | [`Entry`] |

use super::answer::Taken;
use crate::model::{MediaItem, MediaKind, MediaSource, Time, TimeDelta};
use crate::rulebook::Located;
use crate::store::{Batch, Pair, Store, StoreError, decode, encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

/// The ids that are known, by name.
pub(super) struct Media {
    store: Arc<dyn Store>,
    /// None until the first file is sent.
    known: Option<HashMap<String, Known>>,
    /// Ids that Telegram refused in the life of this process: for the same
    /// source it may give the same one again.
    refused: BTreeMap<String, String>,
    dirty: BTreeSet<String>,
    uses: u64,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    file_id: String,
    name: String,
    learned: Time,
    kind: MediaKind,
}

/// A record of the version that knew photos at addresses alone.
#[derive(Serialize, Deserialize)]
struct OldEntry {
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
/// longest time goes. Files made for one person must not fill the store.
const MOST: usize = 1_000;

/// An older id is not used. What stands at the address may have changed.
const MAX_AGE: TimeDelta = TimeDelta::days(30);

const VERSION: u8 = 2;
const OLD_VERSION: u8 = 1;

/// The name by which the id of a file is known; none for one that is given by
/// its id. A photo at an address has the address itself, anything else says
/// what kind it is, and a file of the project its size and time, too: where
/// both are those of the file that was uploaded, so is the content.
pub(super) fn name(item: &MediaItem, locate: impl Fn(&str) -> Option<Located>) -> Option<String> {
    let kind = match item.kind {
        MediaKind::Photo => "photo",
        MediaKind::Video => "video",
        MediaKind::Document => "document",
        MediaKind::Animation => "animation",
    };
    match (&item.source, item.kind) {
        (MediaSource::Id(_), _) => None,
        (MediaSource::Url(url), MediaKind::Photo) => Some(url.clone()),
        (MediaSource::Url(url), MediaKind::Video | MediaKind::Document | MediaKind::Animation) => {
            Some(format!("{kind} {url}"))
        }
        (MediaSource::File(path), _) => {
            let file = locate(path)?;
            let written = file.modified?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
            Some(format!("{kind} file {path} {} {written}", file.size))
        }
    }
}

impl Media {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, known: None, refused: BTreeMap::new(), dirty: BTreeSet::new(), uses: 0 }
    }

    /// What to send instead of the file of this name, if Telegram has it.
    pub(super) fn file_id(&mut self, name: &str, now: Time) -> Option<Taken> {
        self.load(now);
        self.uses += 1;
        let known = self.known.as_mut()?.get_mut(name)?;
        if !known.entry.is_fresh(now) {
            self.remove(name);
            return None;
        }
        known.used = self.uses;
        Some(Taken { kind: known.entry.kind, file_id: known.entry.file_id.clone() })
    }

    /// Telegram has taken the file of this name.
    pub(super) fn learn(&mut self, name: &str, taken: Taken, now: Time) {
        let Some(known) = self.known.as_mut() else { return };
        let is_known = known.get(name).is_some_and(|known| known.entry.is_fresh(now));
        if is_known || self.refused.get(name) == Some(&taken.file_id) {
            return;
        }
        self.uses += 1;
        let Taken { kind, file_id } = taken;
        let entry = Entry { file_id, name: name.to_owned(), learned: now, kind };
        known.insert(name.to_owned(), Known { entry, used: self.uses });
        self.dirty.insert(name.to_owned());
        self.shrink();
    }

    /// Telegram does not take this id. Another one that was learned for the
    /// name meanwhile stays.
    pub(super) fn refuse(&mut self, name: &str, file_id: String) {
        let known = self.known.as_ref().and_then(|known| known.get(name));
        if known.is_some_and(|known| known.entry.file_id == file_id) {
            self.remove(name);
        }
        if self.refused.len() >= MOST {
            self.refused.clear();
        }
        self.refused.insert(name.to_owned(), file_id);
    }

    pub(super) fn is_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// The names whose records have to be written.
    pub(super) fn take_dirty(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.dirty)
    }

    /// They were not written.
    pub(super) fn not_written(&mut self, mut names: BTreeSet<String>) {
        self.dirty.append(&mut names);
    }

    /// Writes the records of these names as they are now.
    pub(super) fn write(&self, names: &BTreeSet<String>, batch: &mut Batch) -> Result<(), StoreError> {
        for name in names {
            match self.known.as_ref().and_then(|known| known.get(name)) {
                Some(known) => batch.put(key(name), encode(VERSION, &known.entry)?),
                None => batch.delete(key(name)),
            }
        }
        Ok(())
    }

    /// Reads the records. Files whose record cannot be read go out by their
    /// sources, and its place is taken by what is learned then.
    fn load(&mut self, now: Time) {
        if self.known.is_some() {
            return;
        }
        let mut known = HashMap::new();
        for entry in self.store.scan(b"m", b"").map(read) {
            match entry {
                Ok(entry) if entry.is_fresh(now) => drop(known.insert(entry.name.clone(), Known { entry, used: 0 })),
                Ok(entry) => drop(self.dirty.insert(entry.name)),
                Err(error) => tracing::warn!(%error, "a file is sent by its source"),
            }
        }
        self.known = Some(known);
        self.shrink();
    }

    fn shrink(&mut self) {
        while let Some(known) = self.known.as_ref().filter(|known| known.len() > MOST) {
            let age = |known: &Known| (known.used, known.entry.learned);
            let Some(oldest) = known.iter().min_by_key(|(_, known)| age(known)).map(|(name, _)| name.clone()) else {
                break;
            };
            self.remove(&oldest);
        }
    }

    fn remove(&mut self, name: &str) {
        if let Some(known) = &mut self.known {
            known.remove(name);
            self.dirty.insert(name.to_owned());
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
    let (bytes, what) = (pair?.1, "the id of a file");
    if bytes.first() == Some(&OLD_VERSION) {
        let OldEntry { file_id, url, learned } = decode(OLD_VERSION, &bytes, what)?;
        return Ok(Entry { file_id, name: url, learned, kind: MediaKind::Photo });
    }
    decode(VERSION, &bytes, what)
}

fn key(name: &str) -> Vec<u8> {
    let hash = Sha256::digest(name.as_bytes());
    b"m".iter().chain(hash.iter().take(16)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;

    const A: &str = "https://e.ru/a.jpg";
    const NOW: Time = Time(1_767_225_600_000);

    fn photo(file_id: &str) -> Taken {
        Taken { kind: MediaKind::Photo, file_id: file_id.into() }
    }

    /// The id that is known for a name.
    fn known(media: &mut Media, name: &str, now: Time) -> Option<String> {
        media.file_id(name, now).map(|taken| taken.file_id)
    }

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
        first.learn(A, photo("one"), NOW);
        first.learn(A, photo("two"), NOW);
        assert_eq!((commit(&mut first), first.is_dirty()), (1, false));
        for (days, expected) in [(0, Some("one")), (-29, Some("one")), (29, Some("one")), (30, None), (-30, None)] {
            let now = NOW + TimeDelta::days(days);
            for mut next in [media(&store), Media::new(store.clone())] {
                assert_eq!(known(&mut next, A, now).as_deref(), expected, "{days} days");
                assert_eq!(next.is_dirty(), expected.is_none());
                assert_eq!(known(&mut next, "https://e.ru/b.jpg", now), None);
            }
        }
        let mut last = Media::new(store.clone());
        assert_eq!(known(&mut last, A, NOW + MAX_AGE), None);
        assert_eq!(commit(&mut last), 0);
    }

    #[test]
    fn names_tell_kinds_and_contents_apart() {
        use MediaKind::{Document, Photo, Video};
        let file = |size, nanos| Located {
            path: "/p/a.jpg".into(),
            size,
            modified: Some(UNIX_EPOCH + std::time::Duration::from_nanos(nanos)),
        };
        let named = |kind, source: &str, located: Option<Located>| {
            name(&MediaItem { kind, source: MediaSource::parse(source).unwrap() }, |_| located.clone())
        };
        for (kind, source, located, expected) in [
            (Photo, A, None, Some(A)),
            (Video, A, None, Some("video https://e.ru/a.jpg")),
            (Photo, "AgACAgIAAxkBAAIBcGUPZ0", None, None),
            (Photo, "a.jpg", Some(file(3, 7)), Some("photo file a.jpg 3 7")),
            (Photo, "a.jpg", Some(file(3, 8)), Some("photo file a.jpg 3 8")),
            (Document, "a.jpg", Some(file(4, 8)), Some("document file a.jpg 4 8")),
            (Photo, "a.jpg", None, None),
        ] {
            assert_eq!(named(kind, source, located).as_deref(), expected, "{source}");
        }
    }

    #[test]
    fn records_of_the_version_before_are_photos() {
        let store = empty();
        let old = OldEntry { file_id: "one".into(), url: A.into(), learned: NOW };
        let mut batch = Batch::new();
        batch.put(key(A), encode(OLD_VERSION, &old).unwrap());
        store.commit(&batch).unwrap();
        assert_eq!(media(&store).file_id(A, NOW), Some(photo("one")));
    }

    #[test]
    fn a_refused_id_is_dropped_and_only_another_is_learned() {
        let mut media = media(&empty());
        media.learn(A, photo("one"), NOW);
        media.refuse(A, "one".into());
        media.learn(A, photo("one"), NOW);
        assert_eq!((known(&mut media, A, NOW), commit(&mut media)), (None, 0));
        media.learn(A, photo("two"), NOW);
        // an answer that comes late blames the old one
        media.refuse(A, "one".into());
        assert_eq!((known(&mut media, A, NOW).as_deref(), commit(&mut media)), (Some("two"), 1));
    }

    #[test]
    fn what_could_not_be_written_is_written_later() {
        let mut media = media(&empty());
        media.learn(A, photo("one"), NOW);
        let dirty = media.take_dirty();
        assert!(!media.is_dirty());
        media.not_written(dirty);
        assert_eq!((media.is_dirty(), commit(&mut media)), (true, 1));
    }

    #[test]
    fn photos_of_single_people_push_out_each_other_and_not_what_is_used() {
        let mut media = media(&empty());
        media.learn(A, photo("one"), NOW);
        for user in 0..2 * MOST {
            media.learn(&format!("https://e.ru/{user}.jpg"), photo("x"), NOW);
            assert_eq!(known(&mut media, A, NOW).as_deref(), Some("one"));
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
        assert_eq!(known(&mut media, A, NOW), None);
        media.learn(A, photo("one"), NOW);
        assert_eq!((known(&mut media, A, NOW).as_deref(), commit(&mut media)), (Some("one"), 1));
    }
}
