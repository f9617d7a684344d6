//! What has to be written, as one batch, and what may be forgotten once it is.

use super::Queue;
use crate::model::{Event, Patch, UserId};
use crate::outbox::ledger::{self, CHUNK_ROWS, LedgerId};
use crate::outbox::posting;
use crate::outbox::tally::Day;
use crate::store::{Batch, StoreError, Transaction};
use std::collections::BTreeSet;

/// More chunks than this are not kept in memory for long.
const MOST_CHUNKS: usize = 256;

/// What one transaction held; see [`Queue::transaction`].
#[derive(Debug, Default)]
pub struct Written {
    chunks: BTreeSet<(LedgerId, u32)>,
    heads: BTreeSet<LedgerId>,
    erased: Vec<LedgerId>,
    patches: Vec<(UserId, Patch)>,
    events: Vec<Event>,
    files: BTreeSet<String>,
    days: BTreeSet<(Day, LedgerId)>,
    postings: Vec<u64>,
}

impl Written {
    /// Whether it removes this ledger.
    pub fn erases(&self, id: LedgerId) -> bool {
        self.erased.contains(&id)
    }

    /// Gives up the changes of profiles and what happened to people.
    pub fn drop_patches(&mut self) {
        self.patches.clear();
        self.events.clear();
    }
}

impl Queue {
    /// Whether anything has to be written.
    pub fn is_dirty(&self) -> bool {
        let rows = !self.dirty.is_empty() || !self.dirty_heads.is_empty() || !self.erase.is_empty();
        rows || !self.patches.is_empty()
            || !self.events.is_empty()
            || self.media.is_dirty()
            || self.tally.is_dirty()
            || !self.consumed.is_empty()
    }

    /// Everything that has to be written, as one. If it cannot be committed,
    /// give it back to [`Queue::not_written`].
    pub fn transaction(&mut self) -> Result<(Transaction, Written), StoreError> {
        let written = Written {
            chunks: std::mem::take(&mut self.dirty),
            heads: std::mem::take(&mut self.dirty_heads),
            erased: std::mem::take(&mut self.erase),
            patches: std::mem::take(&mut self.patches),
            events: std::mem::take(&mut self.events),
            files: self.media.take_dirty(),
            days: self.tally.take_dirty(),
            postings: std::mem::take(&mut self.consumed),
        };
        match self.batch(&written) {
            Ok(batch) => {
                let (patches, events) = (written.patches.clone(), written.events.clone());
                Ok((Transaction { batch, patches, events, ..Transaction::default() }, written))
            }
            Err(error) => {
                self.not_written(written);
                Err(error)
            }
        }
    }

    /// Forgets what a durable transaction made needless to keep in memory.
    pub fn written(&mut self, written: &Written) {
        for key in &written.chunks {
            let done = self.chunks.get(key).is_some_and(|chunk| chunk.open == 0);
            if done && !self.dirty.contains(key) {
                self.chunks.remove(key);
            }
        }
        for id in &written.erased {
            self.runs.remove(id);
        }
        for id in written.heads.iter().chain(&written.erased) {
            self.forget_if_over(*id);
        }
        for number in &written.postings {
            self.known.remove(number);
        }
        self.tally.written(&written.days);
        self.shed();
    }

    /// Marks what a failed transaction held as still to be written.
    pub fn not_written(&mut self, mut written: Written) {
        self.dirty.append(&mut written.chunks);
        self.dirty_heads.append(&mut written.heads);
        self.erase.append(&mut written.erased);
        for key in &self.dirty {
            if let Some(chunk) = self.chunks.get_mut(key) {
                chunk.recipients_dirty = true;
            }
        }
        written.patches.append(&mut self.patches);
        self.patches = written.patches;
        written.events.append(&mut self.events);
        self.events = written.events;
        self.media.not_written(written.files);
        self.tally.not_written(written.days);
        self.consumed.append(&mut written.postings);
    }

    fn batch(&mut self, written: &Written) -> Result<Batch, StoreError> {
        let mut batch = Batch::new();
        for key in &written.chunks {
            if let Some(chunk) = self.chunks.get_mut(key) {
                if std::mem::take(&mut chunk.recipients_dirty) {
                    ledger::write_recipients(&mut batch, key.0, key.1, &chunk.recipients)?;
                }
                ledger::write_states(&mut batch, key.0, key.1, &chunk.states)?;
            }
        }
        for id in &written.heads {
            if let Some(run) = self.runs.get(id) {
                run.ledger.write(&mut batch)?;
            }
        }
        for id in &written.erased {
            if let Some(run) = self.runs.get(id) {
                run.ledger.erase(&*self.store, &mut batch)?;
            }
        }
        written.postings.iter().for_each(|number| batch.delete(posting::key(*number)));
        self.media.write(&written.files, &mut batch)?;
        self.tally.write(&written.days, &mut batch)?;
        self.write_forgetting(&mut batch)?;
        Ok(batch)
    }

    /// Of many chunks only those stay that have something to write, and those
    /// in which the cursors stand: the store has the others.
    fn shed(&mut self) {
        if self.chunks.len() <= MOST_CHUNKS {
            return;
        }
        let (dirty, runs) = (&self.dirty, &self.runs);
        let cursor = |id: &LedgerId| runs.get(id).map(|run| run.cursor / CHUNK_ROWS as u32);
        self.chunks.retain(|key, _| dirty.contains(key) || cursor(&key.0) == Some(key.1));
    }

    /// Of a ledger that is over, only the head stays.
    fn forget_if_over(&mut self, id: LedgerId) {
        if let Some(run) = self.runs.get_mut(&id) {
            if run.ledger.summary.is_none() {
                return;
            }
            (run.waiting, run.deferred, run.places) = Default::default();
        }
        self.chunks.retain(|key, _| key.0 != id || self.dirty.contains(key));
    }
}
