//! Keeping what is committed while a store is copied.
//!
//! A copy reads the store piece by piece while commits go on, so what it reads
//! is of no one moment. Therefore every commit also notes its changes for those
//! who follow: last operation on a key wins. A change that is noted after a
//! piece was read is made good when the noted changes are applied to the copy,
//! and one that the piece already had is set to what it is. So a copy is exact
//! once all pieces are read and the changes up to some commit are applied.
//!
//! The order matters in one place: changes that were taken before a piece is
//! begun may be applied before it is written, changes taken later only after.

use super::{Batch, Pair, Store, StoreError};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A copy catches up in between when the changes it keeps take so many bytes.
pub(super) const KEPT: usize = 64 << 20;
/// What a kept change takes besides its key and value.
const OVERHEAD: usize = 64;
/// Pieces end after so many pairs or bytes.
const PIECE: (usize, usize) = (4_096, 1 << 20);

/// Changes by key; nothing deletes.
pub(super) type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// What every commit of a store goes through, one at a time.
#[derive(Debug, Default)]
pub(super) struct Gate {
    followers: Arc<Mutex<Followers>>,
}

#[derive(Debug, Default)]
struct Followers {
    next: u64,
    /// How often the whole store was replaced by another.
    replaced: u64,
    kept: BTreeMap<u64, (Changes, Arc<AtomicUsize>)>,
}

/// Keeps what is committed to a store from its beginning until it is dropped.
#[derive(Debug)]
pub struct Following {
    followers: Arc<Mutex<Followers>>,
    number: u64,
    replaced: u64,
    bytes: Arc<AtomicUsize>,
}

/// The right to write: while it is held nobody commits.
pub(super) struct Hold<'a>(MutexGuard<'a, Followers>);

/// What a copy is written to.
pub(super) trait Sink {
    /// Takes pairs whose keys ascend, also from call to call.
    fn pairs(&mut self, piece: Vec<Pair>) -> Result<(), StoreError>;

    /// Takes changes made since the beginning. Of keys above the last pair
    /// those that remain will be read later as they are now or newer.
    fn changes(&mut self, changes: Changes) -> Result<(), StoreError>;
}

impl Gate {
    /// Waits for the commit under way and holds the later ones.
    pub(super) fn hold(&self) -> Hold<'_> {
        Hold(lock(&self.followers))
    }

    /// Begins to keep what is committed.
    pub(super) fn follow(&self) -> Following {
        let mut followers = lock(&self.followers);
        let (number, bytes) = (followers.next, Arc::new(AtomicUsize::new(0)));
        followers.next += 1;
        followers.kept.insert(number, (Changes::new(), bytes.clone()));
        Following { followers: self.followers.clone(), number, replaced: followers.replaced, bytes }
    }
}

impl Hold<'_> {
    /// Notes a batch that is about to be committed.
    pub(super) fn note(&mut self, batch: &Batch) {
        for (changes, bytes) in self.0.kept.values_mut() {
            let mut size = bytes.load(Ordering::Relaxed);
            for (key, value) in &batch.ops {
                let of = |value: &Option<Vec<u8>>| OVERHEAD + key.len() + value.as_ref().map_or(0, Vec::len);
                size += of(value);
                if let Some(before) = changes.insert(key.clone(), value.clone()) {
                    size -= of(&before);
                }
            }
            bytes.store(size, Ordering::Relaxed);
        }
    }

    /// Notes that the whole store is replaced: what is being copied is none of
    /// the two then.
    pub(super) fn note_replaced(&mut self) {
        self.0.replaced += 1;
    }

    /// What was kept since the beginning or the last time.
    pub(super) fn take(&mut self, following: &Following) -> Changes {
        self.0.take(following.number)
    }
}

impl Followers {
    fn take(&mut self, number: u64) -> Changes {
        let Some((changes, bytes)) = self.kept.get_mut(&number) else { return Changes::new() };
        bytes.store(0, Ordering::Relaxed);
        std::mem::take(changes)
    }
}

impl Following {
    /// What was kept since the beginning or the last time, up to the last
    /// commit: one that is under way is waited for.
    pub(super) fn take(&self) -> Changes {
        lock(&self.followers).take(self.number)
    }

    /// Whether it is still the store that it was at the beginning.
    pub(super) fn is_same_store(&self) -> bool {
        lock(&self.followers).replaced == self.replaced
    }

    /// About how many bytes are kept.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        lock(&self.followers).kept.remove(&self.number);
    }
}

/// Copies a store piece by piece while commits go on. What was committed
/// meanwhile and is still kept afterwards is its caller's to take and apply.
pub(super) fn copy(
    store: &dyn Store,
    following: &Following,
    sink: &mut dyn Sink,
    kept: usize,
) -> Result<(), StoreError> {
    let mut from = Vec::new();
    loop {
        let piece = piece(store, &from)?;
        let Some((last, _)) = piece.last() else { return Ok(()) };
        from.clone_from(last);
        from.push(0);
        sink.pairs(piece)?;
        if following.bytes() > kept {
            sink.changes(following.take())?;
        }
    }
}

/// A scan of its own for each piece: one that runs on may show what it read
/// ahead before the last changes were taken.
fn piece(store: &dyn Store, from: &[u8]) -> Result<Vec<Pair>, StoreError> {
    let (mut pairs, mut bytes) = (Vec::new(), 0);
    for pair in store.scan(&[], from) {
        let (key, value) = pair?;
        bytes += key.len() + value.len();
        pairs.push((key, value));
        if pairs.len() >= PIECE.0 || bytes >= PIECE.1 {
            break;
        }
    }
    Ok(pairs)
}

fn lock(followers: &Mutex<Followers>) -> MutexGuard<'_, Followers> {
    followers.lock().unwrap_or_else(PoisonError::into_inner)
}
