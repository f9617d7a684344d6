//! The tail: events that are in the log and not yet in a run, in memory.
//!
//! They lie in chunks, in the order in which they came. A full chunk is sorted
//! and never changes again (but for the erasure of a user), so readers take it
//! along and a seal has nothing left to sort.

use super::block::Item;
use super::codec::Body;
use super::filter::fingerprint;
use crate::model::{Time, UserId};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

/// Events of a chunk; a full one is sorted in about 0.3 ms.
const CHUNK: usize = 4_096;

/// Some events in the order in which they came.
#[derive(Clone, Default)]
pub(super) struct Chunk {
    entries: Vec<Entry>,
    bytes: Vec<u8>,
    /// The entries by user and time, once the chunk is frozen.
    order: Vec<u16>,
}

/// An event; one without bytes was erased.
#[derive(Clone, Copy)]
struct Entry {
    user: UserId,
    at: Time,
    start: u32,
    end: u32,
}

/// Chunks that become one run together.
#[derive(Default)]
pub(super) struct Part {
    frozen: Vec<Arc<Chunk>>,
    open: Chunk,
    /// Where the event with a fingerprint stands.
    ids: HashMap<u64, u32, BuildHasherDefault<Ready>>,
    /// Those whose fingerprint another event had already.
    clashes: Vec<u32>,
    bytes: usize,
}

/// The hasher of what is a hash already.
#[derive(Default)]
pub(super) struct Ready(u64);

impl Hasher for Ready {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Chunk {
    fn push(&mut self, user: UserId, at: Time, body: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len() as u32;
        body(&mut self.bytes);
        self.entries.push(Entry { user, at, start, end: self.bytes.len() as u32 });
    }

    fn freeze(&mut self) {
        let entries = &self.entries;
        self.order = (0u16..).take(entries.len()).collect();
        self.order.sort_unstable_by_key(|n| {
            let entry = &entries[usize::from(*n)];
            (entry.user, entry.at, *n)
        });
        self.bytes.shrink_to_fit();
    }

    fn item(&self, entry: &Entry) -> Option<Item<'_>> {
        let body = &self.bytes[entry.start as usize..entry.end as usize];
        (!body.is_empty()).then_some(Item { user: entry.user, at: entry.at, body })
    }

    /// The first event at `place` of the order or behind it, and its place.
    pub(super) fn sorted(&self, place: usize) -> Option<(usize, Item<'_>)> {
        let places = self.order.iter().enumerate().skip(place);
        places.filter_map(|(place, n)| Some((place, self.item(&self.entries[usize::from(*n)])?))).next()
    }

    /// All events in the order in which they came.
    pub(super) fn items(&self) -> impl Iterator<Item = Item<'_>> {
        self.entries.iter().filter_map(|entry| self.item(entry))
    }

    /// Shows the events of a user, in the order of times if it is frozen.
    pub(super) fn of_user<'a>(&'a self, user: UserId, mut visit: impl FnMut(Item<'a>)) {
        if self.order.is_empty() {
            return self.items().filter(|item| item.user == user).for_each(visit);
        }
        let user_at = |n: &u16| self.entries[usize::from(*n)].user;
        let first = self.order.partition_point(|n| user_at(n) < user);
        let own = self.order[first..].iter().take_while(|n| user_at(n) == user);
        own.filter_map(|n| self.item(&self.entries[usize::from(*n)])).for_each(&mut visit);
    }

    fn erase(&mut self, user: UserId) {
        for entry in self.entries.iter_mut().filter(|entry| entry.user == user) {
            self.bytes[entry.start as usize..entry.end as usize].fill(0);
            entry.end = entry.start;
        }
    }
}

impl Part {
    /// Adds an event that was not there; `body` writes its bytes.
    pub(super) fn push(&mut self, user: UserId, at: Time, id: &str, body: impl FnOnce(&mut Vec<u8>)) {
        let place = (self.frozen.len() * CHUNK + self.open.entries.len()) as u32;
        let before = self.open.bytes.len();
        self.open.push(user, at, body);
        self.bytes += self.open.bytes.len() - before + size_of::<Entry>() + size_of::<u16>();
        let clash = self.ids.insert(fingerprint(user, id.as_bytes()), place);
        self.clashes.extend(clash);
        if self.open.entries.len() == CHUNK {
            self.freeze();
        }
    }

    /// Freezes what is there: nothing is added afterwards.
    pub(super) fn freeze(&mut self) {
        if !self.open.entries.is_empty() {
            let mut chunk = std::mem::take(&mut self.open);
            chunk.freeze();
            self.frozen.push(Arc::new(chunk));
        }
    }

    /// Whether this user has an event with this id here.
    pub(super) fn contains(&self, user: UserId, id: &str, fingerprint: u64) -> bool {
        let Some(place) = self.ids.get(&fingerprint) else { return false };
        self.is_at(*place, user, id) || self.clashes.iter().any(|place| self.is_at(*place, user, id))
    }

    fn is_at(&self, place: u32, user: UserId, id: &str) -> bool {
        let (chunk, place) = (place as usize / CHUNK, place as usize % CHUNK);
        let chunk = self.frozen.get(chunk).map_or(&self.open, |chunk| chunk);
        let item = chunk.entries.get(place).and_then(|entry| chunk.item(entry));
        item.is_some_and(|item| item.user == user && Body::read(item.body).is_ok_and(|body| body.id == id.as_bytes()))
    }

    /// The chunks that do not change any more.
    pub(super) fn frozen(&self) -> &[Arc<Chunk>] {
        &self.frozen
    }

    /// All chunks as they are now.
    pub(super) fn chunks(&self) -> Vec<Arc<Chunk>> {
        let mut chunks = self.frozen.clone();
        if !self.open.entries.is_empty() {
            chunks.push(Arc::new(self.open.clone()));
        }
        chunks
    }

    /// The chunk that still grows.
    pub(super) fn open(&self) -> &Chunk {
        &self.open
    }

    /// Removes a user's events for good.
    pub(super) fn erase(&mut self, user: UserId) {
        self.open.erase(user);
        for chunk in &mut self.frozen {
            let mut has = false;
            chunk.of_user(user, |_| has = true);
            if has {
                Arc::make_mut(chunk).erase(user);
            }
        }
    }

    /// The number of events, erased ones included.
    pub(super) fn events(&self) -> usize {
        self.frozen.iter().map(|chunk| chunk.entries.len()).sum::<usize>() + self.open.entries.len()
    }

    /// Bytes in memory, about.
    pub(super) fn memory(&self) -> usize {
        self.bytes + self.ids.capacity() * (size_of::<(u64, u32)>() + 1)
    }
}
