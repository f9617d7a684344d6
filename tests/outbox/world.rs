//! A whole engine over a store in memory and a sandbox, on a clock that moves
//! only when a test says so: what rule files ask for, up to the chats.

use super::support::wait;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use vestnik::app::{App, AppOptions};
use vestnik::clock::ManualClock;
use vestnik::engine::Engine;
use vestnik::engine::broadcast::{Again, RecallReport, RunReport};
use vestnik::engine::deliveries::{Delivery, RowQuery};
use vestnik::model::{Patch, Time, TimeDelta, UserId};
use vestnik::outbox::Client;
use vestnik::rulebook::Live;
use vestnik::sandbox::{DEFAULT_TOKEN, Running, Sandbox, SandboxOptions};
use vestnik::store::Transaction;
use vestnik::store::memory::MemoryStore;

const SETTINGS: &str = "timezone: Europe/Moscow\nadmins: {}\nlimits: {bot: off, chat: off}\n";

/// An engine, what it is made of, and the chats that it writes to.
pub struct World {
    folder: TempDir,
    clock: Arc<ManualClock>,
    store: Arc<MemoryStore>,
    running: Running,
    app: Option<App>,
    runtime: tokio::runtime::Runtime,
}

/// What a user is, in fields.
pub type Fields<'a> = &'a [(&'a str, vestnik::model::Value)];

impl World {
    /// A project with these rules on 2 March 2026 at noon in Moscow. The
    /// template `hello` is there; `files` adds others.
    pub fn new(rules: &str, files: &[(&str, &str)], users: &[(i64, Fields<'_>)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("vestnik.yaml", SETTINGS);
        write("templates/hello.en.html", "hello\n");
        write("rules/a.yaml", rules);
        files.iter().for_each(|(name, text)| write(name, text));
        fs::create_dir(folder.path().join("data")).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let running = runtime.block_on(Sandbox::start(SandboxOptions::default())).unwrap();
        let noon = "2026-03-02T09:00:00Z".parse::<jiff::Timestamp>().unwrap();
        let clock = Arc::new(ManualClock::new(Time(noon.as_millisecond())));
        let mut world = Self { folder, clock, store: Arc::default(), running, app: None, runtime };
        world.start();
        users.iter().for_each(|(id, fields)| world.set(*id, fields));
        world
    }

    fn start(&mut self) {
        let project: &Path = self.folder.path();
        let live = Live::open(project, self.clock.clone()).unwrap_or_else(|error| panic!("{error:?}"));
        let options = AppOptions {
            project: project.to_owned(),
            data: project.join("data"),
            live: Arc::new(live),
            store: self.store.clone(),
            clock: self.clock.clone(),
            client: Client::new(&self.running.url(), DEFAULT_TOKEN).unwrap(),
            on_reload: Box::new(|_, _| {}),
        };
        self.app = Some(self.runtime.block_on(async { App::start(options).unwrap() }));
    }

    /// Stops the engine and starts another over the same store.
    pub fn restart(&mut self) {
        self.stop();
        self.start();
    }

    fn stop(&mut self) {
        if let Some(app) = self.app.take() {
            self.runtime.block_on(app.stop());
        }
    }

    pub fn engine(&self) -> &Engine {
        &self.app.as_ref().unwrap().engine
    }

    pub fn sandbox(&self) -> &Sandbox {
        self.running.sandbox()
    }

    /// Changes a profile.
    pub fn set(&self, id: i64, fields: Fields<'_>) {
        let patch = fields.iter().fold(Patch::default(), |patch, (name, value)| patch.with(*name, value.clone()));
        let patches = vec![(UserId(id), patch)];
        self.engine().writer.commit(Transaction { patches, ..Transaction::default() }).unwrap();
    }

    pub fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    pub fn launch(&self, name: &str) {
        self.engine().start_broadcast(name, Again::Refuse).unwrap();
    }

    /// Starts another run of a broadcast and waits for its end.
    pub fn start_again(&self, name: &str) -> RunReport {
        self.engine().start_broadcast(name, Again::Allow).unwrap();
        self.finish(name)
    }

    /// The latest run of a broadcast.
    pub fn run(&self, name: &str) -> RunReport {
        self.engine().broadcast_status(Some(name)).unwrap().remove(0).run.unwrap()
    }

    /// How the latest recall of a broadcast stands.
    pub fn recall(&self, name: &str) -> Option<RecallReport> {
        self.engine().broadcast_status(Some(name)).unwrap().remove(0).recall
    }

    /// Waits for what the engine brings about. The clock crawls meanwhile: what
    /// another message of its chat keeps back is due some milliseconds later.
    pub fn wait(&self, mut done: impl FnMut() -> bool) {
        wait(|| {
            self.clock.advance(TimeDelta::millis(1));
            done()
        });
    }

    /// Waits for the end of a run.
    pub fn finish(&self, name: &str) -> RunReport {
        self.wait(|| !self.run(name).is_open());
        self.run(name)
    }

    /// All messages of a broadcast, by user.
    pub fn rows(&self, name: &str) -> Vec<Delivery> {
        let query = RowQuery { broadcast: Some(name.into()), limit: 1_000, ..RowQuery::default() };
        self.engine().delivery_rows(&query).unwrap().rows
    }

    /// How many messages each of these chats holds.
    pub fn hold<const N: usize>(&self, chats: [i64; N]) -> [usize; N] {
        chats.map(|chat| self.sandbox().received(chat).len())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop();
    }
}
