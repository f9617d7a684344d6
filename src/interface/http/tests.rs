//! The routes on a real socket, over a store in memory, with the sandbox in
//! Telegram's place.

use super::*;
use crate::clock::ManualClock;
use crate::engine::Engine;
use crate::interface::bot;
use crate::model::{Time, UserId, Value};
use crate::outbox::Client;
use crate::rulebook::Live;
use crate::sandbox::{ChatState, DEFAULT_TOKEN, Running, Sandbox, SandboxOptions};
use crate::store::mortal::Mortal;
use reqwest::Method;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tempfile::TempDir;
use tokio::task::JoinHandle;

const RULES: &str = "\
profile:
  visits: int
rules:
  counted: {when: event message, then: [{add: {visits: 1}}]}
";
const SECRET: &str = "abc-1";

struct World {
    folder: TempDir,
    store: Arc<Mortal>,
    api: Running,
    http: reqwest::Client,
}

/// A running bot with its server.
struct Process {
    engine: Arc<Engine>,
    url: String,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<bool>>,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("rules")).unwrap();
        std::fs::write(folder.path().join("rules/all.yaml"), RULES).unwrap();
        let api = Sandbox::start(SandboxOptions::default()).await.unwrap();
        api.sandbox().add_user(1, "Anna", ChatState::Active);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { folder, store: Arc::default(), api, http }
    }

    async fn start(&self, mode: &str) -> Process {
        let listener = listen(([127, 0, 0, 1], 0).into()).unwrap();
        let url = format!("http://{}/telegram", listener.local_addr().unwrap());
        let settings = format!("telegram: {{mode: {mode}, webhook_url: '{url}'}}\n");
        std::fs::write(self.folder.path().join("vestnik.yaml"), settings).unwrap();
        let clock = Arc::new(ManualClock::new(Time(1_772_348_400_000)));
        let live = Arc::new(Live::open(self.folder.path(), clock.clone()).unwrap());
        let engine = Arc::new(Engine::new(self.folder.path().to_owned(), live, self.store.clone(), clock).unwrap());
        engine.act();
        engine.audience().unwrap();
        let client = Client::new(&self.api.url(), DEFAULT_TOKEN).unwrap();
        let (stop, stopped) = watch::channel(false);
        let door = (mode != "polling").then(|| Door::new(SECRET));
        let parts = Parts { door: door.clone() };
        let served = serve(listener, parts, stopped.clone());
        let ran = bot::run(engine.clone(), client, door, stopped);
        let tasks = vec![tokio::spawn(async { served.await.is_ok() }), tokio::spawn(async { ran.await.is_ok() })];
        Process { engine, url, stop, tasks }
    }

    async fn post(&self, process: &Process, secret: Option<&str>, body: String) -> (u16, Option<String>) {
        let mut request = self.http.request(Method::POST, &process.url).body(body);
        if let Some(secret) = secret {
            request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
        }
        let answer = request.send().await.unwrap();
        let pause = answer.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), pause)
    }
}

impl Process {
    fn visits(&self, user: i64) -> Option<i64> {
        let rulebook = self.engine.live.current();
        let profile = self.engine.profiles.get(UserId(user), &rulebook.schema).unwrap()?;
        match profile.get(rulebook.schema.find("visits").unwrap()) {
            Value::Int(visits) => Some(*visits),
            _ => None,
        }
    }

    async fn wait(&self, user: i64, visits: i64) {
        while self.visits(user) != Some(visits) {
            tokio::task::yield_now().await;
        }
    }

    async fn stop(self) {
        self.stop.send(true).unwrap_or_default();
        for task in self.tasks {
            assert!(task.await.unwrap());
        }
        let engine = self.engine;
        tokio::task::spawn_blocking(move || engine.stop()).await.unwrap();
    }
}

fn says(update: i64, user: i64) -> String {
    let who = json!({"id": user, "is_bot": false, "first_name": "A"});
    let chat = json!({"id": user, "type": "private", "first_name": "A"});
    let message = json!({"message_id": update, "date": 1_772_348_400, "chat": chat, "from": who, "text": "hi"});
    json!({"update_id": update, "message": message}).to_string()
}

fn pending(world: &World) -> usize {
    world.api.sandbox().pending_updates()
}

async fn until(what: impl Fn() -> bool) {
    while !what() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_know_the_secret_stores_nothing() {
    let world = World::new().await;
    let process = world.start("webhook").await;
    world.api.sandbox().user_says(1, "hi").unwrap();
    process.wait(1, 1).await;
    let update = says(9_000, 5);
    let rows = [
        (None, update.clone(), 401),
        (Some("abc-2"), update.clone(), 401),
        (Some(SECRET), "{".to_owned(), 400),
        (Some(SECRET), "{\"message\": {}}".to_owned(), 400),
        (Some(SECRET), format!("{{\"update_id\": 7, \"x\": \"{}\"}}", "x".repeat(2 << 20)), 413),
        (Some(SECRET), update.clone(), 200),
        (Some(SECRET), update, 200),
    ];
    for (secret, body, expected) in rows {
        assert_eq!(process.visits(5), None, "{expected}");
        let length = body.len();
        assert_eq!(world.post(&process, secret, body).await.0, expected, "{secret:?} {length}");
        if expected == 200 {
            break;
        }
    }
    process.wait(5, 1).await;
    for (method, path, expected) in
        [(Method::GET, "", 405), (Method::DELETE, "", 405), (Method::POST, "/more", 404), (Method::GET, "/../", 404)]
    {
        let answer = world.http.request(method.clone(), format!("{}{path}", process.url)).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), expected, "{method} {path}");
    }
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_twice_counts_once_also_after_a_restart() {
    let world = World::new().await;
    for _ in 0..2 {
        let process = world.start("webhook").await;
        until(|| world.api.sandbox().pending_updates() == 0).await;
        world.api.sandbox().user_says(1, "hi").unwrap();
        until(|| pending(&world) == 0).await;
        for update in [9_002, 9_001, 9_002, 9_001] {
            assert_eq!(world.post(&process, Some(SECRET), says(update, 5)).await, (200, None));
        }
        process.wait(5, 2).await;
        process.stop().await;
    }
    let process = world.start("webhook").await;
    process.wait(1, 2).await;
    assert_eq!((process.visits(5), process.engine.unreadable_updates().unwrap()), (Some(2), 0));
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_stored_is_brought_again() {
    let world = World::new().await;
    let process = world.start("webhook").await;
    until(|| process.engine.webhook().unwrap().url.is_some()).await;
    world.api.sandbox().user_says(1, "hi").unwrap();
    process.wait(1, 1).await;
    until(|| pending(&world) == 0).await;
    world.store.dies.store(true, Ordering::SeqCst);
    assert_eq!(world.post(&process, Some(SECRET), says(9_000, 5)).await, (503, Some("5".to_owned())));
    assert_eq!(process.visits(5), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_way_back_to_polling_loses_and_repeats_nothing() {
    let world = World::new().await;
    let mut said = 0;
    for mode in ["polling", "webhook", "polling", "webhook", "webhook", "polling"] {
        // some wait at Telegram when the mode changes
        world.api.sandbox().user_says(1, "before").unwrap();
        let process = world.start(mode).await;
        world.api.sandbox().user_says(1, "after").unwrap();
        said += 2;
        process.wait(1, said).await;
        process.stop().await;
    }
    let process = world.start("polling").await;
    world.api.sandbox().user_says(1, "last").unwrap();
    process.wait(1, said + 1).await;
    until(|| process.engine.silence().is_none()).await;
    process.stop().await;
}

#[tokio::test]
async fn a_taken_address_is_told_with_its_number() {
    let listener = listen(([127, 0, 0, 1], 0).into()).unwrap();
    let address = listener.local_addr().unwrap();
    let text = listen(address).unwrap_err().text();
    let en = format!("another process listens on {address}; name another address in `http.listen`");
    let ru = format!("адрес {address} уже занят другим процессом; укажите другой в `http.listen`");
    assert_eq!(text, Text::new(en, ru));
}
