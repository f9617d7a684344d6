//! A store in memory, a sandbox, and an outbox between them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use vestnik::clock::SystemClock;
use vestnik::model::{Clock, Limits, Message};
use vestnik::outbox::{
    Armed, Ask, CHUNK_ROWS, Cause, Client, Counts, Lane, Ledger, LedgerId, Outbox, OutboxOptions, Prepare, Prepared,
    Recipients, Recovery, State, rows, stage,
};
use vestnik::sandbox::{DEFAULT_TOKEN, Limits as SandboxLimits, Running, Sandbox, SandboxOptions};
use vestnik::store::memory::MemoryStore;
use vestnik::store::{Batch, Journal, Pair, Store, StoreError, Transaction, Whole, Writer};

pub const LIMIT: Duration = Duration::from_secs(60);

/// Says the same to everybody.
struct Hello;

impl Prepare for Hello {
    fn prepare(&mut self, ask: &Ask<'_>) -> Prepared {
        Prepared::Send(Box::new(Message { text: format!("hello {}", ask.user), ..Message::default() }))
    }
}

/// A store in memory whose commits can be told to fail or to wait.
#[derive(Default)]
pub struct Shaky {
    inner: MemoryStore,
    /// Commits that still succeed; then every one fails until it is raised.
    left: Mutex<Option<u32>>,
    /// Held by a test that wants commits to wait.
    gate: Mutex<()>,
    entered: AtomicU32,
}

impl Shaky {
    /// From the commit after `n` more on, each says that the disk is full.
    pub fn fail_after(&self, n: u32) {
        *self.left.lock().unwrap() = Some(n);
    }

    pub fn heal(&self) {
        *self.left.lock().unwrap() = None;
    }

    pub fn stall(&self) -> MutexGuard<'_, ()> {
        self.gate.lock().unwrap()
    }

    /// Commits that have begun.
    pub fn entered(&self) -> u32 {
        self.entered.load(Ordering::SeqCst)
    }
}

impl Store for Shaky {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(key)
    }

    fn scan<'a>(&'a self, prefix: &[u8], from: &[u8]) -> Box<dyn Iterator<Item = Result<Pair, StoreError>> + 'a> {
        self.inner.scan(prefix, from)
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.entered.fetch_add(1, Ordering::SeqCst);
        drop(self.stall());
        match self.left.lock().unwrap().as_mut() {
            Some(0) => return Err(StoreError::Full { path: "/data".into(), free: 0 }),
            Some(left) => *left -= 1,
            None => {}
        }
        self.inner.commit(batch)
    }

    fn disk_size(&self) -> u64 {
        0
    }

    fn tidy(&self) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn whole(&self) -> &dyn Whole {
        self.inner.whole()
    }
}

pub struct Bench {
    pub runtime: tokio::runtime::Runtime,
    pub running: Running,
    pub store: Arc<Shaky>,
    pub writer: Writer,
    pub clock: Arc<dyn Clock>,
    /// The project whose files messages carry.
    pub folder: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Self::with(SandboxLimits::Off)
    }

    pub fn with(limits: SandboxLimits) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let options = SandboxOptions { limits, ..SandboxOptions::default() };
        let running = runtime.block_on(Sandbox::start(options)).unwrap();
        let store = Arc::new(Shaky::default());
        let writer = Writer::spawn(&Journal::open(store.clone()).unwrap()).unwrap();
        Self {
            runtime,
            running,
            store,
            writer,
            clock: Arc::new(SystemClock::new()),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn sandbox(&self) -> &Sandbox {
        self.running.sandbox()
    }

    pub fn outbox(&self, limits: Limits) -> (Outbox, Recovery) {
        self.outbox_of(limits, Box::new(Hello))
    }

    /// An outbox that says what `prepare` decides.
    pub fn outbox_of(&self, limits: Limits, prepare: Box<dyn Prepare>) -> (Outbox, Recovery) {
        Outbox::start(OutboxOptions {
            store: self.store.clone(),
            writer: self.writer.clone(),
            client: Client::new(&self.running.url(), DEFAULT_TOKEN).unwrap().with_files_of(self.folder.path()),
            runtime: self.runtime.handle().clone(),
            clock: self.clock.clone(),
            prepare,
            limits,
            armed: Armed::Yes,
        })
        .unwrap()
    }

    /// Writes a ledger of a broadcast to `users`, with the rows in `states`.
    pub fn ledger(&self, id: u64, users: &[i64], states: Option<Vec<State>>) -> Ledger {
        let cause = Cause::Broadcast { name: format!("b{id}"), occurrence: 1 };
        let rows = u32::try_from(users.len()).unwrap();
        let ledger = Ledger::new(LedgerId(id), cause, Lane::Broadcast, self.clock.now(), rows);
        self.write(&ledger, users, states);
        ledger
    }

    pub fn write(&self, ledger: &Ledger, users: &[i64], states: Option<Vec<State>>) {
        let mut batch = Batch::new();
        for (chunk, users) in (0u32..).zip(users.chunks(CHUNK_ROWS)) {
            stage(&mut batch, ledger.id, chunk, &Recipients::users(users.to_vec())).unwrap();
        }
        if let Some(states) = states {
            assert!(states.len() <= CHUNK_ROWS);
            let key = [&b"o"[..], &ledger.id.0.to_be_bytes(), &0u32.to_be_bytes()].concat();
            batch.put(key, vestnik::store::encode(1, &states).unwrap());
        }
        ledger.write(&mut batch).unwrap();
        self.writer.commit(Transaction::batch(batch)).unwrap();
    }

    /// Waits until no row of any ledger waits or is under way, then stops the
    /// outbox and returns what the store says of the ledger.
    pub fn finish(&self, outbox: Outbox, id: u64) -> (Counts, BTreeMap<i64, State>) {
        wait(|| outbox.status().unwrap().runs.iter().all(|run| run.counts.is_done()));
        outbox.stop();
        self.stored(id)
    }

    pub fn stored(&self, id: u64) -> (Counts, BTreeMap<i64, State>) {
        let ledger = Ledger::read_all(&*self.store).unwrap().into_iter().find(|l| l.id.0 == id).unwrap();
        let mut states = BTreeMap::new();
        rows(&*self.store, &ledger, |_, user, state| {
            states.insert(user.0, state.clone());
        })
        .unwrap();
        (Counts::read(&*self.store, &ledger).unwrap(), states)
    }
}

/// Waits for something that other threads bring about, however busy the
/// machine is, and gives up after a minute.
pub fn wait(mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < LIMIT, "nothing came of it within a minute");
        std::thread::yield_now();
    }
}
