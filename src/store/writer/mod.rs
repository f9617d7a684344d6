//! The one writer: a thread that commits what everybody else wants changed.
//!
//! Transactions that wait while a batch becomes durable go together into the
//! next one and share its flush. Each is whole or absent; those of one group
//! stand or fall together, and all who wait are told how it went.
//!
//! Changes of profiles and events go into the log, see
//! [`Journal`], and from there into profiles and history while the writer has
//! time, a few with every group. Which values fit a field is the caller's
//! matter: the writer knows no schema. What an event changes is decided by the
//! [`Observer`].

mod fold;
mod group;
mod worker;

pub use fold::Folding;

use super::journal::Journal;
use super::{Batch, StoreError};
use crate::model::{Event, Patch, Time, UserId, Value};
use std::collections::VecDeque;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use worker::Worker;

/// Blocking callers wait while this many transactions are queued.
const QUEUE: usize = 4_096;
/// They also wait while this many changes are queued, however few the
/// transactions.
const WAITING: usize = 60_000;
/// A group takes no further transaction beyond this many changes.
const GROUP: usize = 20_000;

/// Changes that become durable together or not at all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transaction {
    /// Records that their owner has encoded.
    pub batch: Batch,
    /// Changes of profiles, in order; a patch of an unknown user makes the
    /// profile.
    pub patches: Vec<(UserId, Patch)>,
    /// What happened, in order; one that is known already changes nothing.
    pub events: Vec<Event>,
    /// Where all this comes from.
    pub origin: Origin,
    /// The time, if what it brought is to be looked at first.
    pub now: Option<Time>,
    /// Events before this may be forgotten, in small steps later on.
    pub expired: Option<Time>,
}

/// What became of a transaction's events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Events that are recorded now.
    pub accepted: usize,
    /// Events that had been recorded before, by their places.
    pub duplicates: Vec<usize>,
}

/// Where a transaction comes from, and so what rules make of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// It happens now.
    #[default]
    Live,
    /// It is told of the past.
    Import,
}

/// A change that follows from what an observer was told.
#[derive(Clone, Debug, PartialEq)]
pub enum Follow {
    /// A profile changes.
    Patch(UserId, Patch),
    /// Something happens; its id is nobody else's.
    Event(Event),
}

/// Whoever keeps something current beside the store. It is told of every
/// change in the order in which changes become durable, on the writer's
/// thread, shortly before they are. Changes that follow from what it is told
/// are returned; they become durable with it and are not told again.
pub trait Observer: Send {
    /// A group begins; all that was told before is durable. `is_needed`: there
    /// will be events, or somebody wants what time has brought.
    fn begin(&mut self, is_needed: bool) -> Result<(), StoreError>;
    /// A profile changes.
    fn patched(&mut self, origin: Origin, user: UserId, patch: &Patch) -> Vec<Follow>;
    /// Something new happened.
    fn happened(&mut self, origin: Origin, event: &Event) -> Vec<Follow>;
    /// Time has passed; it is `now`.
    fn advanced(&mut self, now: Time) -> Vec<Follow>;
    /// A group is complete, with or without anything in its batch: records of
    /// the observer's own that shall become durable with it.
    fn conclude(&mut self, _batch: &mut Batch) -> Result<(), StoreError> {
        Ok(())
    }
    /// The group is durable.
    fn stored(&mut self) {}
    /// What was told since the group began may not be durable: read the store
    /// again before the next.
    fn lost(&mut self);
}

/// Nobody.
impl Observer for () {
    fn begin(&mut self, _: bool) -> Result<(), StoreError> {
        Ok(())
    }
    fn patched(&mut self, _: Origin, _: UserId, _: &Patch) -> Vec<Follow> {
        Vec::new()
    }
    fn happened(&mut self, _: Origin, _: &Event) -> Vec<Follow> {
        Vec::new()
    }
    fn advanced(&mut self, _: Time) -> Vec<Follow> {
        Vec::new()
    }
    fn lost(&mut self) {}
}

/// A handle of the writer's thread; clones share it. The thread ends when it
/// is closed or the last handle goes, after all that was queued is durable.
#[derive(Clone)]
pub struct Writer {
    handle: Arc<Handle>,
}

/// Tells who waits how it went; if it is dropped unused, because the thread
/// dies of a bug, that the writer is closed.
struct Ack(Option<Tell>);

type Tell = Box<dyn FnOnce(Result<Receipt, StoreError>) + Send>;

struct Job {
    transaction: Transaction,
    ack: Ack,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// Changes in all of them.
    size: usize,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
    drained: Condvar,
}

struct Handle {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Ack {
    fn new(tell: impl FnOnce(Result<Receipt, StoreError>) + Send + 'static) -> Self {
        Self(Some(Box::new(tell)))
    }

    fn tell(mut self, outcome: Result<Receipt, StoreError>) {
        if let Some(tell) = self.0.take() {
            tell(outcome);
        }
    }
}

impl Drop for Ack {
    fn drop(&mut self) {
        if let Some(tell) = self.0.take() {
            tell(Err(StoreError::Closed));
        }
    }
}

impl Transaction {
    /// The change of one profile.
    pub fn patch(user: UserId, patch: Patch) -> Self {
        Self { patches: vec![(user, patch)], ..Self::default() }
    }

    /// Records of a batch alone.
    pub fn batch(batch: Batch) -> Self {
        Self { batch, ..Self::default() }
    }

    /// Events alone.
    pub fn events(events: Vec<Event>) -> Self {
        Self { events, ..Self::default() }
    }

    /// The passing of time alone.
    pub fn advance(now: Time) -> Self {
        Self { now: Some(now), ..Self::default() }
    }

    /// The end of what is kept of the history.
    pub fn expire(before: Time) -> Self {
        Self { expired: Some(before), ..Self::default() }
    }

    /// The same, told of the past.
    #[must_use]
    pub fn imported(self) -> Self {
        Self { origin: Origin::Import, ..self }
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        *self == Self { origin: self.origin, ..Self::default() }
    }

    /// Bytes that its records may take, as far as one can tell before.
    fn weight(&self) -> u64 {
        const PATCH: u64 = 256;
        const EVENT: u64 = 512;
        let texts = |event: &Event| {
            let text = |value: &Value| if let Value::String(text) = value { 2 * text.len() } else { 0 };
            event.properties.iter().map(|(_, value)| text(value)).sum::<usize>()
        };
        let events: usize = self.events.iter().map(texts).sum();
        self.batch.weight() + PATCH * self.patches.len() as u64 + EVENT * self.events.len() as u64 + events as u64
    }

    fn size(&self) -> usize {
        self.batch.ops.len() + self.patches.len() + 4 * self.events.len()
    }
}

impl Writer {
    /// Starts the thread. There may be one writer for a journal.
    pub fn spawn(journal: &Arc<Journal>) -> Result<Self, StoreError> {
        Self::spawn_with(journal, Folding::default(), Box::new(()))
    }

    /// Starts the thread, with somebody who is told of all changes.
    pub fn spawn_with(
        journal: &Arc<Journal>,
        folding: Folding,
        observer: Box<dyn Observer>,
    ) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared::default());
        let worker = Worker::new(journal, folding, observer, shared.clone())?;
        let thread = thread::Builder::new().name("store-writer".into()).spawn(move || worker.run());
        let thread = thread.map_err(|_| StoreError::Closed)?;
        Ok(Self { handle: Arc::new(Handle { shared, thread: Mutex::new(Some(thread)) }) })
    }

    /// Queues a transaction and returns at once. `ack` is called on the
    /// writer's thread when the outcome is known: it must not block.
    pub fn submit(&self, transaction: Transaction, ack: impl FnOnce(Result<Receipt, StoreError>) + Send + 'static) {
        let queue = self.handle.shared.lock();
        self.handle.shared.push(queue, Job { transaction, ack: Ack::new(ack) });
    }

    /// Commits a transaction, waiting first while the queue is full. Blocks:
    /// for threads, not for async tasks.
    pub fn commit(&self, transaction: Transaction) -> Result<Receipt, StoreError> {
        let shared = &self.handle.shared;
        let (send, receive) = sync_channel(1);
        let ack = Ack::new(move |outcome| drop(send.send(outcome)));
        let full = |queue: &mut Queue| (queue.jobs.len() >= QUEUE || queue.size >= WAITING) && !queue.closed;
        let queue = shared.drained.wait_while(shared.lock(), full).unwrap_or_else(PoisonError::into_inner);
        shared.push(queue, Job { transaction, ack });
        receive.recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Commits a transaction.
    pub async fn commit_async(&self, transaction: Transaction) -> Result<Receipt, StoreError> {
        let (send, receive) = tokio::sync::oneshot::channel();
        self.submit(transaction, move |outcome| drop(send.send(outcome)));
        receive.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Commits what is queued, refuses what comes later, and returns when the
    /// thread has ended.
    pub fn close(&self) {
        self.handle.close();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, mut queue: MutexGuard<'_, Queue>, job: Job) {
        if queue.closed {
            drop(queue);
            return job.ack.tell(Err(StoreError::Closed));
        }
        queue.size += job.transaction.size();
        queue.jobs.push_back(job);
        self.filled.notify_one();
    }

    /// The next group; nothing when the queue is closed and empty. With work of
    /// its own the writer does not wait: then a group may be empty.
    fn take(&self, has_work: bool) -> Option<Vec<Job>> {
        let idle = |queue: &mut Queue| queue.jobs.is_empty() && !queue.closed && !has_work;
        let mut queue = self.filled.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        if queue.closed && queue.jobs.is_empty() {
            return None;
        }
        let mut group = Vec::new();
        let mut size = 0;
        while size < GROUP
            && let Some(job) = queue.jobs.pop_front()
        {
            size += job.transaction.size();
            group.push(job);
        }
        queue.size -= size;
        self.drained.notify_all();
        Some(group)
    }

    fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
        self.drained.notify_all();
    }
}

impl Handle {
    fn close(&self) {
        self.shared.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // the last handle may go with an acknowledgement, on the writer's own thread
        if let Some(thread) = thread.filter(|t| t.thread().id() != thread::current().id()) {
            drop(thread.join());
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}
