//! A disk that is full for a while: the engine says so, goes on when there is
//! room, and has lost and doubled nothing.

use crate::support::{Api, Project, wait};
use std::fmt::Write;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use vestnik::app::{App, AppOptions};
use vestnik::clock::SystemClock;
use vestnik::engine::Engine;
use vestnik::engine::broadcast::{BroadcastStatus, RunState};
use vestnik::engine::command::{Reply, Request, Status};
use vestnik::outbox::Client;
use vestnik::rulebook::Live;
use vestnik::sandbox::{ChatState, DEFAULT_TOKEN};
use vestnik::store::sled::SledStore;
use vestnik::store::{Disk, SystemDisk};

/// The machine's disk, which claims to be full on demand.
#[derive(Default)]
struct Tight {
    full: AtomicBool,
}

impl Disk for Tight {
    fn free(&self, _: &Path) -> io::Result<u64> {
        Ok(if self.full.load(Ordering::SeqCst) { 1 << 20 } else { 1 << 40 })
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        SystemDisk.sync(file)
    }
}

fn status(engine: &Engine) -> Status {
    match engine.execute(Request::Status, &mut |_| {}) {
        Ok(Reply::Status(status)) => *status,
        other => panic!("{other:?}"),
    }
}

fn latest(engine: &Engine) -> BroadcastStatus {
    engine.broadcast_status(Some("win_back")).unwrap().remove(0)
}

#[test]
fn a_full_disk_stops_nothing_for_good() {
    let api = Api::start();
    let mut users = String::from("id,first_name,language,balance,trial_3d_used\n");
    (1_001..=1_300).for_each(|id| writeln!(users, "{id},A,en,0,1").unwrap());
    let project = Project::with_users(&users);
    project.connect(&api.url());
    project.edit("rules/broadcasts.yaml", "rate: 30 per second", "rate: 200 per second");

    let disk = Arc::new(Tight::default());
    let clock = Arc::new(SystemClock::new());
    let live = Arc::new(Live::open(&project.path(), clock.clone()).unwrap());
    let data = project.file("data");
    let store = Arc::new(SledStore::open_on(&data, disk.clone()).unwrap());
    let client = Client::new(&api.url(), DEFAULT_TOKEN).unwrap();
    let on_reload = Box::new(|_: &Engine, _: &_| {});
    let options = AppOptions { project: project.path(), data, live, store, clock, client, on_reload };
    let _inside = api.runtime.enter();
    let app = App::start(options).unwrap();
    let engine = app.engine.clone();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = api.runtime.spawn(app.run(async { drop(stopped.await) }));

    project.run("broadcast start win_back").expect(0, &[]);
    api.runtime.block_on(api.sandbox().wait_accepted(50));
    disk.full.store(true, Ordering::SeqCst);
    api.sandbox().add_user(77, "Anna", ChatState::Active);
    api.sandbox().start_bot(77, "").unwrap();
    wait("the word about the disk", || status(&engine).trouble.is_some_and(|trouble| trouble.en.contains("full")));
    project.expect(&[
        ("status", 0, &["engine: running", "trouble: the disk of the data folder", "free some space"]),
        ("broadcast start vip_thanks", 2, &["the disk of the data folder", "is full"]),
    ]);
    let held = api.sandbox().accepted();
    assert!(held < 300, "{held}");
    assert!(!running.is_finished());

    disk.full.store(false, Ordering::SeqCst);
    wait("the rest", || latest(&engine).run.is_some_and(|run| run.state == RunState::Finished));
    wait("the new user", || project.count("all") == Some(301));
    let run = latest(&engine).run.unwrap();
    assert_eq!((run.sent, run.in_doubt), (300, 0), "{run:?}");
    let counts = api.sandbox().counts();
    assert!(counts.len() == 300 && counts.values().all(|n| *n == 1), "{} chats", counts.len());
    wait("no more trouble", || status(&engine).trouble.is_none());
    stop.send(()).unwrap();
    api.runtime.block_on(running).unwrap().unwrap();
}
