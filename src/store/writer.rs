//! The one writer: a thread that commits what everybody else wants changed.
//!
//! Transactions that wait while a batch becomes durable go together into the
//! next one and share its flush. Each is whole or absent; those of one group
//! stand or fall together, and all who wait are told how it went.
//!
//! Patches are applied here, to the stored profile, so that two changes of one
//! user never overwrite each other. Which values fit a field is its caller's
//! matter: the writer knows no schema.

use super::catalogue::Catalogue;
use super::profiles::{StoredProfile, profile_key};
use super::{Batch, Store, StoreError};
use crate::model::{Patch, UserId, Value};
use std::collections::{BTreeMap, VecDeque, btree_map};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// Blocking callers wait while this many transactions are queued.
const QUEUE: usize = 4_096;
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

type Tell = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

struct Job {
    transaction: Transaction,
    ack: Ack,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
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
    fn new(tell: impl FnOnce(Result<(), StoreError>) + Send + 'static) -> Self {
        Self(Some(Box::new(tell)))
    }

    fn tell(mut self, outcome: Result<(), StoreError>) {
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
        Self { batch: Batch::new(), patches: vec![(user, patch)] }
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.batch.is_empty() && self.patches.is_empty()
    }

    fn size(&self) -> usize {
        self.batch.ops.len() + self.patches.len()
    }
}

impl Writer {
    /// Starts the thread. There may be one writer per store.
    pub fn spawn(store: Arc<dyn Store>) -> Result<Self, StoreError> {
        let catalogue = Catalogue::load(&*store)?;
        let shared = Arc::new(Shared::default());
        let worker = Worker { store, catalogue, shared: shared.clone() };
        let thread = thread::Builder::new().name("store-writer".into()).spawn(move || worker.run());
        let thread = thread.map_err(|_| StoreError::Closed)?;
        Ok(Self { handle: Arc::new(Handle { shared, thread: Mutex::new(Some(thread)) }) })
    }

    /// Queues a transaction and returns at once. `ack` is called on the
    /// writer's thread when the outcome is known: it must not block.
    pub fn submit(&self, transaction: Transaction, ack: impl FnOnce(Result<(), StoreError>) + Send + 'static) {
        let queue = self.handle.shared.lock();
        self.handle.shared.push(queue, Job { transaction, ack: Ack::new(ack) });
    }

    /// Commits a transaction, waiting first while the queue is full. Blocks:
    /// for threads, not for async tasks.
    pub fn commit(&self, transaction: Transaction) -> Result<(), StoreError> {
        let shared = &self.handle.shared;
        let (send, receive) = sync_channel(1);
        let ack = Ack::new(move |outcome| drop(send.send(outcome)));
        let full = |queue: &mut Queue| queue.jobs.len() >= QUEUE && !queue.closed;
        let queue = shared.drained.wait_while(shared.lock(), full).unwrap_or_else(PoisonError::into_inner);
        shared.push(queue, Job { transaction, ack });
        receive.recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Commits a transaction.
    pub async fn commit_async(&self, transaction: Transaction) -> Result<(), StoreError> {
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
        queue.jobs.push_back(job);
        self.filled.notify_one();
    }

    /// The next group, or nothing when the queue is closed and empty.
    fn take(&self) -> Vec<Job> {
        let idle = |queue: &mut Queue| queue.jobs.is_empty() && !queue.closed;
        let mut queue = self.filled.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        let mut group = Vec::new();
        let mut size = 0;
        while size < GROUP
            && let Some(job) = queue.jobs.pop_front()
        {
            size += job.transaction.size();
            group.push(job);
        }
        self.drained.notify_all();
        group
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

struct Worker {
    store: Arc<dyn Store>,
    catalogue: Catalogue,
    shared: Arc<Shared>,
}

/// Whoever waits is told, also if the thread dies of a bug.
impl Drop for Worker {
    fn drop(&mut self) {
        self.shared.close();
        let jobs = std::mem::take(&mut self.shared.lock().jobs);
        drop(jobs);
    }
}

impl Worker {
    fn run(mut self) {
        loop {
            let group = self.shared.take();
            if group.is_empty() {
                return;
            }
            self.commit(group);
        }
    }

    fn commit(&mut self, group: Vec<Job>) {
        let mut changes = Changes::default();
        let mut acks = Vec::with_capacity(group.len());
        for Job { transaction, ack } in group {
            match changes.add(&*self.store, &mut self.catalogue, transaction) {
                Ok(()) => acks.push(ack),
                Err(error) => ack.tell(Err(error)),
            }
        }
        let outcome = self.store(changes);
        for ack in acks {
            ack.tell(outcome.clone());
        }
    }

    fn store(&mut self, changes: Changes) -> Result<(), StoreError> {
        let batch = changes.into_batch(&self.catalogue)?;
        if !batch.is_empty() {
            self.store.commit(&batch)?;
            self.catalogue.saved();
        }
        Ok(())
    }
}

/// What one group changes: profiles as they will be, and everything else.
#[derive(Default)]
struct Changes {
    batch: Batch,
    profiles: BTreeMap<UserId, Entry>,
}

#[derive(Default)]
struct Entry {
    profile: StoredProfile,
    known: bool,
    /// Whether it must be written: a patch that says nothing new costs nothing.
    changed: bool,
}

impl Changes {
    /// Adds a transaction, or nothing of it if it cannot be carried out.
    fn add(&mut self, store: &dyn Store, catalogue: &mut Catalogue, tx: Transaction) -> Result<(), StoreError> {
        let mut patches = Vec::with_capacity(tx.patches.len());
        for (user, patch) in tx.patches {
            self.load(store, user)?;
            patches.push((user, numbered(catalogue, patch)?));
        }
        for (user, sets) in patches {
            let entry = self.profiles.entry(user).or_default();
            entry.changed |= !entry.known;
            for (number, value) in sets {
                entry.changed |= entry.profile.set(number, value);
            }
        }
        self.batch.ops.extend(tx.batch.ops);
        Ok(())
    }

    fn load(&mut self, store: &dyn Store, user: UserId) -> Result<(), StoreError> {
        if let btree_map::Entry::Vacant(place) = self.profiles.entry(user) {
            let stored = StoredProfile::load(store, user)?;
            place.insert(Entry { known: stored.is_some(), profile: stored.unwrap_or_default(), changed: false });
        }
        Ok(())
    }

    fn into_batch(mut self, catalogue: &Catalogue) -> Result<Batch, StoreError> {
        for (user, entry) in self.profiles.iter().filter(|(_, entry)| entry.changed) {
            self.batch.put(profile_key(*user), entry.profile.to_bytes()?);
        }
        catalogue.save(&mut self.batch)?;
        Ok(self.batch)
    }
}

fn numbered(catalogue: &mut Catalogue, patch: Patch) -> Result<Vec<(u16, Value)>, StoreError> {
    patch.sets.into_iter().map(|(name, value)| Ok((catalogue.number(&name)?, value))).collect()
}
