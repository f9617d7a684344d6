//! The history: every event of every user as long as it is kept, with exact
//! answers to "was this one here already?".
//!
//! An event comes into the *tail* in memory when it has been committed to the
//! log. When the tail is large or old it is *sealed*: it becomes a run on disk,
//! sorted by user and time, and the log may forget it. Runs of about the same
//! size are merged, so there are few of them; runs whose events are all too old
//! go as a whole, and those of which most are written anew without them.
//!
//! All that writes is [`Work`], in small steps for the batches of the one
//! writer. A crash between two steps leaves what was there before, or all of
//! what is new; leftovers are swept up later. Readers are never held up by
//! the disk work of the writer, nor the writer by theirs.
//!
//! Events go by names; numbers for them are kept in a catalogue of their own at
//! `E`, which holds names of events and of properties alike.

mod begin;
mod block;
mod build;
mod codec;
mod filter;
mod merge;
mod read;
mod removal;
mod run;
mod tail;
mod work;

pub use read::{Asked, Past, Span};
pub use work::{Step, Work};

use super::catalogue::Catalogue;
use super::{Store, StoreError};
use crate::model::{Event, Time, TimeDelta, UserId};
use codec::put_body;
use filter::fingerprint;
use run::Run;
use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tail::Part;

/// Events in the tail that make a run: some 40 MB in memory, and 15 MB that
/// the log would be read for at start.
const SEAL_EVENTS: usize = 250_000;
/// Bytes in memory that make a run, for events with long texts.
const SEAL_BYTES: usize = 64 << 20;
/// A tail of this age becomes a run however small: the log must not keep what
/// retention or an erasure should remove.
const SEAL_AGE: TimeDelta = TimeDelta::days(7);
/// Users in runs whose fingerprints are remembered.
const ASKED: usize = 16;
/// There is no tail to be old.
const NEVER: i64 = i64::MIN;

/// The events of all users.
pub struct History {
    store: Arc<dyn Store>,
    state: RwLock<State>,
    /// Fingerprints of what users have in runs, the latest asked for first.
    asked: Mutex<VecDeque<(Asker, Arc<HashSet<u64>>)>>,
    /// Held by a [`Work`]: there is one at a time.
    busy: AtomicBool,
    /// When the tail was first seen not to be empty.
    tail_since: AtomicI64,
}

/// A run and a user.
type Asker = (u32, UserId);

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Events kept.
    pub events: u64,
    /// Those of them that are in the tail.
    pub tail: u64,
    /// Runs on disk.
    pub runs: usize,
    /// Bytes in memory.
    pub memory: usize,
}

/// What is locked, for moments only.
struct State {
    names: Catalogue,
    /// The catalogue's names, for readers.
    listed: Arc<[Arc<str>]>,
    runs: Vec<Arc<Run>>,
    /// The tail; only the last part grows, those before it are being sealed.
    parts: Vec<Part>,
    /// Runs that count no more and are still on disk, with what readers hold.
    leftovers: Vec<(u32, Option<Arc<Run>>)>,
    /// A number that no run ever had.
    next_run: u32,
}

impl History {
    /// The history in `store`; `unsealed` are the events of the log since the
    /// last seal, in its order.
    pub fn open(store: Arc<dyn Store>, unsealed: impl IntoIterator<Item = Event>) -> Result<Arc<Self>, StoreError> {
        let found = run::find(&*store)?;
        let seen: BTreeSet<u32> = found.runs.iter().map(|run| run.number).chain(found.leftovers.clone()).collect();
        let names = Catalogue::load_events(&*store)?;
        let state = State {
            listed: names.names().into(),
            names,
            runs: found.runs.into_iter().map(Arc::new).collect(),
            parts: vec![Part::default()],
            leftovers: found.leftovers.into_iter().map(|number| (number, None)).collect(),
            next_run: seen.last().map_or(0, |last| last.saturating_add(1)),
        };
        let (busy, tail_since) = (AtomicBool::new(false), AtomicI64::new(NEVER));
        let history = Self { store, state: RwLock::new(state), asked: Mutex::default(), busy, tail_since };
        for event in unsealed {
            history.push(&event)?;
        }
        Ok(Arc::new(history))
    }

    /// Whether the user has an event with this id, among all that is kept.
    pub fn contains(&self, user: UserId, id: &str) -> Result<bool, StoreError> {
        let print = fingerprint(user, id.as_bytes());
        let state = self.read();
        if state.parts.iter().any(|part| part.contains(user, id, print)) {
            return Ok(true);
        }
        let suspects: Vec<_> = state.runs.iter().filter(|run| run.filter.may_contain(print)).cloned().collect();
        drop(state);
        for run in suspects.iter().rev() {
            if self.prints(run.number, user)?.contains(&print) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The fingerprints of a user's events in a run. Those asked for last are
    /// remembered: who sends events again sends many.
    fn prints(&self, run: u32, user: UserId) -> Result<Arc<HashSet<u64>>, StoreError> {
        let asked = || self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, prints)) = asked().iter().find(|(key, _)| *key == (run, user)) {
            return Ok(prints.clone());
        }
        let prints = Arc::new(read::prints_in_run(&*self.store, run, user)?);
        let mut asked = asked();
        asked.truncate(ASKED - 1);
        asked.push_front(((run, user), prints.clone()));
        Ok(prints)
    }

    /// Adds an event that was committed to the log. Whoever calls has asked
    /// [`Self::contains`] before.
    pub fn push(&self, event: &Event) -> Result<(), StoreError> {
        let mut state = self.write();
        let name = state.number(&event.name)?;
        let mut properties = Vec::with_capacity(event.properties.len());
        for (property, value) in &event.properties {
            properties.push((state.number(property)?, value));
        }
        let body = |out: &mut Vec<u8>| put_body(out, name, &event.id, properties.into_iter());
        state.open_part().push(event.user, event.at, &event.id, body);
        Ok(())
    }

    /// Whether it is time for [`Self::begin_seal`].
    pub fn is_due(&self, now: Time) -> bool {
        let state = self.read();
        let events: usize = state.parts.iter().map(Part::events).sum();
        let bytes: usize = state.parts.iter().map(Part::memory).sum();
        drop(state);
        if self.busy.load(Ordering::SeqCst) {
            return false;
        }
        if events == 0 {
            self.tail_since.store(NEVER, Ordering::SeqCst);
            return false;
        }
        // only the writer asks
        if self.tail_since.load(Ordering::SeqCst) == NEVER {
            self.tail_since.store(now.0, Ordering::SeqCst);
        }
        let age = now - Time(self.tail_since.load(Ordering::SeqCst));
        events >= SEAL_EVENTS || bytes >= SEAL_BYTES || age >= SEAL_AGE
    }

    /// How much there is now.
    pub fn extent(&self) -> Extent {
        let state = self.read();
        let tail = state.parts.iter().map(Part::events).sum::<usize>() as u64;
        Extent {
            events: state.runs.iter().map(|run| run.head.events).sum::<u64>() + tail,
            tail,
            runs: state.runs.len(),
            memory: state.runs.iter().map(|run| run.filter.memory()).sum::<usize>()
                + state.parts.iter().map(Part::memory).sum::<usize>(),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn number(&mut self, name: &Arc<str>) -> Result<u16, StoreError> {
        let number = self.names.number(name)?;
        if usize::from(number) >= self.listed.len() {
            self.listed = self.names.names().into();
        }
        Ok(number)
    }

    fn open_part(&mut self) -> &mut Part {
        if self.parts.is_empty() {
            self.parts.push(Part::default());
        }
        let last = self.parts.len() - 1;
        &mut self.parts[last]
    }
}
