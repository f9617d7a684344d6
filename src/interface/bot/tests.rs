//! Updates of many chats at once, over a store in memory: who waits for whom,
//! and what a bug, a damaged record or a crash leaves behind.

use super::Me;
use super::dispatch::{Handle, Intake, open};
use super::handle::handle;
use crate::clock::ManualClock;
use crate::engine::payments::Status;
use crate::engine::{Engine, EngineError};
use crate::model::{Time, UserId, Value};
use crate::outbox::Client;
use crate::rulebook::Live;
use crate::store::history::Span;
use crate::store::mortal::Mortal;
use crate::store::{Store, StoreError};
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use teloxide::types::{Update, UpdateKind};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

const RULES: &str = "\
profile:
  visits: int
rules:
  counted: {when: event message, then: [{add: {visits: 1}}]}
  remembered: {when: event message, then: [{set: {source: event.text}}]}
";

struct World {
    folder: TempDir,
    store: Arc<Mortal>,
    runtime: Runtime,
}

/// A running dispatcher.
struct Process {
    engine: Arc<Engine>,
    intake: Intake,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), EngineError>>,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("rules")).unwrap();
        std::fs::write(folder.path().join("vestnik.yaml"), "language: en\n").unwrap();
        std::fs::write(folder.path().join("rules/all.yaml"), RULES).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        Self { folder, store: Arc::default(), runtime }
    }

    fn start(&self, handle: Handle) -> Process {
        let clock = Arc::new(ManualClock::new(Time(1_772_348_400_000)));
        let live = Arc::new(Live::open(self.folder.path(), clock.clone()).unwrap());
        let store: Arc<dyn Store> = self.store.clone();
        let engine = Arc::new(Engine::new(self.folder.path().to_owned(), live, store, clock).unwrap());
        engine.act();
        engine.audience().unwrap();
        let client = Client::new("http://127.0.0.1:1", "1:A").unwrap();
        let (intake, dispatcher) = open(&engine, &client, Me { username: "our_bot".to_owned() });
        let (stop, stopped) = watch::channel(false);
        let task = self.runtime.spawn(dispatcher.with(handle).run(stopped));
        Process { engine, intake, stop, task }
    }

    fn accept(&self, process: &Process, updates: &[serde_json::Value]) {
        self.runtime.block_on(process.intake.accept(updates)).unwrap();
    }

    fn stop(&self, process: Process) -> Result<(), EngineError> {
        process.stop.send(true).unwrap_or_default();
        let ended = self.runtime.block_on(process.task).unwrap();
        process.engine.stop();
        ended
    }
}

impl Process {
    fn pending(&self) -> Vec<i64> {
        let mut pending = Vec::new();
        self.engine.each_pending_update(|update, _| pending.push(update)).unwrap();
        pending
    }

    /// Waits until just these updates are not handled.
    fn wait(&self, left: &[i64]) {
        while self.pending() != left {
            std::thread::yield_now();
        }
    }

    /// How many texts of a user were counted, and the last of them.
    fn visits(&self, user: i64) -> (i64, String) {
        let rulebook = self.engine.live.current();
        let profile = self.engine.profiles.get(UserId(user), &rulebook.schema).unwrap().unwrap();
        let of = |name| profile.get(rulebook.schema.find(name).unwrap()).clone();
        match (of("visits"), of("source")) {
            (Value::Int(visits), Value::String(last)) => (visits, last.to_string()),
            other => panic!("{other:?}"),
        }
    }
}

fn says(update: i64, user: i64, text: &str) -> serde_json::Value {
    let who = json!({"id": user, "is_bot": false, "first_name": "A"});
    let chat = json!({"id": user, "type": "private", "first_name": "A"});
    json!({"update_id": update, "message": {"message_id": update, "date": 1_772_348_400, "chat": chat, "from": who, "text": text}})
}

/// The chat of a message.
fn chat(update: &Update) -> i64 {
    match &update.kind {
        UpdateKind::Message(message) => message.chat.id.0,
        _ => 0,
    }
}

/// Texts of chats 1 to `chats`, `each` of every chat, in turn.
fn crowd(chats: i64, each: i64) -> Vec<serde_json::Value> {
    let text = |n: i64| says(n + 1, n % chats + 1, &(n / chats + 1).to_string());
    (0..chats * each).map(text).collect()
}

#[test]
fn a_slow_chat_holds_up_no_other() {
    let world = World::new();
    let (release, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let process = world.start(Arc::new(move |engine, update, me| {
        if chat(update) == 1 {
            held.lock().unwrap().recv().unwrap();
        }
        handle(engine, update, me)
    }));
    world.accept(&process, &crowd(50, 3));
    process.wait(&[1, 51, 101]);
    assert!((2..=50).all(|user| process.visits(user) == (3, "3".to_owned())));
    (0..3).for_each(|_| release.send(()).unwrap());
    process.wait(&[]);
    assert_eq!(process.visits(1), (3, "3".to_owned()));
    world.stop(process).unwrap();
}

#[test]
fn chats_are_handled_at_once_and_each_in_order() {
    let world = World::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    // four chats that wait for each other would wait for ever, were they handled in turn
    let (barrier, log) = (Barrier::new(4), seen.clone());
    let process = world.start(Arc::new(move |engine, update, me| {
        barrier.wait();
        log.lock().unwrap().push((chat(update), update.id.0));
        handle(engine, update, me)
    }));
    world.accept(&process, &crowd(4, 25));
    process.wait(&[]);
    let seen = seen.lock().unwrap();
    for user in 1..=4 {
        let updates: Vec<u32> = seen.iter().filter(|(chat, _)| *chat == user).map(|(_, update)| *update).collect();
        assert!(updates.len() == 25 && updates.is_sorted(), "{user}: {updates:?}");
        assert_eq!(process.visits(user), (25, "25".to_owned()));
    }
    world.stop(process).unwrap();
}

#[test]
fn what_cannot_be_handled_is_set_aside_and_the_rest_goes_on() {
    let world = World::new();
    let process = world.start(Arc::new(|engine, update, me| match update.id.0 {
        2 => panic!("a bug"),
        3 => Err(StoreError::Damaged { what: "a record".into() }.into()),
        _ => handle(engine, update, me),
    }));
    let mut updates = crowd(3, 3);
    updates.push(json!({"update_id": 10, "message": {"chat": {"id": 1}}}));
    updates.push(says(11, 1, "4"));
    world.accept(&process, &updates);
    process.wait(&[]);
    assert_eq!(process.engine.unreadable_updates().unwrap(), 3);
    let expected = [(4, "4"), (2, "3"), (2, "3")].map(|(n, last)| (n, last.to_owned()));
    assert_eq!([1, 2, 3].map(|user| process.visits(user)), expected);
    world.stop(process).unwrap();
}

#[test]
fn a_payment_waits_for_nobody() {
    let world = World::new();
    let (release, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let process = world.start(Arc::new(move |engine, update, me| {
        if matches!(update.kind, UpdateKind::Message(_)) {
            held.lock().unwrap().recv().unwrap();
        }
        handle(engine, update, me)
    }));
    world.accept(&process, &crowd(100, 1));
    let who = json!({"id": 1, "is_bot": false, "first_name": "A"});
    let query = json!({"id": "9", "from": who, "currency": "XTR", "total_amount": 5, "invoice_payload": "x"});
    world.accept(&process, &[json!({"update_id": 101, "pre_checkout_query": query})]);
    process.wait(&(1..=100).collect::<Vec<_>>());
    (0..100).for_each(|_| release.send(()).unwrap());
    process.wait(&[]);
    world.stop(process).unwrap();
}

#[test]
fn after_a_crash_the_rest_is_handled_and_nothing_twice() {
    for dies_at in [1, 2, 40, 77, 150, 200] {
        let world = World::new();
        let (store, begun) = (world.store.clone(), AtomicUsize::new(0));
        let process = world.start(Arc::new(move |engine, update, me| {
            if begun.fetch_add(1, Ordering::SeqCst) + 1 == dies_at {
                store.dies.store(true, Ordering::SeqCst);
            }
            handle(engine, update, me)
        }));
        let updates = crowd(20, 10);
        world.accept(&process, &updates);
        let ended = world.runtime.block_on(process.task).unwrap();
        assert!(ended.is_err(), "{dies_at}");
        process.engine.stop();

        let process = world.start(Arc::new(handle));
        // Telegram has not heard of the confirmation and sends the last ones again
        world.accept(&process, &updates[190..]);
        process.wait(&[]);
        let expected = (10, "10".to_owned());
        assert!((1..=20).all(|user| process.visits(user) == expected), "{dies_at}");
        assert_eq!(process.engine.unreadable_updates().unwrap(), 0);
        assert_eq!(process.engine.update_offset().unwrap(), 201);
        world.stop(process).unwrap();
    }
}

/// What Telegram tells of a payment of 250 Stars, as the field `kind`.
fn money(update: i64, kind: &str) -> serde_json::Value {
    let mut told = says(update, 1, "");
    let payment = json!({
        "currency": "XTR", "total_amount": 250, "invoice_payload": "v1 1 month stars 20",
        "telegram_payment_charge_id": "stx1", "provider_payment_charge_id": "1_1",
    });
    let message = told["message"].as_object_mut().unwrap();
    message.remove("text");
    message.insert(kind.to_owned(), payment);
    told
}

#[test]
fn a_payment_and_its_refund_count_once_whatever_is_told_twice_and_wherever_it_dies() {
    for dies_at in 0..=4 {
        let world = World::new();
        let (store, begun) = (world.store.clone(), AtomicUsize::new(0));
        let updates = [
            money(1, "successful_payment"),
            money(2, "successful_payment"),
            money(3, "refunded_payment"),
            money(4, "refunded_payment"),
        ];
        let process = world.start(Arc::new(move |engine, update, me| {
            if begun.fetch_add(1, Ordering::SeqCst) + 1 == dies_at {
                store.dies.store(true, Ordering::SeqCst);
            }
            handle(engine, update, me)
        }));
        world.accept(&process, &updates);
        let process = match dies_at {
            0 => process,
            _ => {
                assert!(world.runtime.block_on(process.task).unwrap().is_err(), "{dies_at}");
                process.engine.stop();
                world.start(Arc::new(handle))
            }
        };
        world.accept(&process, &updates[2..]);
        process.wait(&[]);
        let payments = process.engine.payments(Some(UserId(1)), 10).unwrap();
        let found: Vec<_> = payments.iter().map(|payment| (payment.status, payment.refunded())).collect();
        assert_eq!(found, [(Status::Refunded, 250)], "{dies_at}");
        let events = process.engine.profiles.history().of_user(UserId(1), Span::ALL).unwrap();
        let mut told: Vec<&str> = events.iter().map(|event| &*event.name).collect();
        told.sort_unstable();
        assert_eq!(told, ["payment", "refund"], "{dies_at}");
        world.stop(process).unwrap();
    }
}
