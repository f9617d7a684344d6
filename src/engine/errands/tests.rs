//! A server that answers as it is told, a clock that stands still, and engines
//! that are stopped between two steps.

use super::backups::FOLDER;
use super::*;
use crate::clock::ManualClock;
use crate::engine::arming::Instance;
use crate::engine::broadcast::Steer;
use crate::engine::gates::Gates;
use crate::engine::payments::{Paid, ROUBLES, Source};
use crate::model::{Clock, Patch, TimeDelta, Value};
use crate::outbox::{Armed, Client, Outbox, OutboxOptions, Recipients};
use crate::rulebook::Live;
use crate::store::memory::MemoryStore;
use crate::store::{Store, Transaction};
use axum::http::{HeaderMap, StatusCode};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Mutex;
use tempfile::TempDir;

const START: Time = Time(1_772_348_400_000);
const SECRET: &str = "s3cret";

/// A status and `Retry-After`.
type Answer = (u16, Option<&'static str>);

/// A server and what it was sent.
#[derive(Clone, Default)]
struct Server {
    got: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
}

/// A project, its store, and a clock that stands still.
struct World {
    folder: TempDir,
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
    runtime: tokio::runtime::Runtime,
    server: Server,
    port: u16,
    next: std::cell::Cell<u64>,
}

impl Server {
    fn answer(&self, answers: &[Answer]) {
        self.answers.lock().unwrap().extend(answers);
    }

    async fn start(self) -> u16 {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let handle = move |headers: HeaderMap, body: String| async move {
            self.got.lock().unwrap().push((headers, body));
            let (status, wait) = self.answers.lock().unwrap().pop_front().unwrap_or((204, None));
            let mut headers = HeaderMap::new();
            headers.extend(wait.map(|wait| (axum::http::header::RETRY_AFTER, wait.parse().unwrap())));
            headers.insert("location", "http://127.0.0.1:1/".parse().unwrap());
            (StatusCode::from_u16(status).unwrap(), headers)
        };
        let app = axum::Router::new().fallback(handle);
        tokio::spawn(async move { axum::serve(listener, app).await });
        port
    }
}

impl World {
    fn new(settings: &str, rules: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            std::fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            std::fs::write(folder.path().join(name), text).unwrap();
        };
        write("vestnik.yaml", &format!("timezone: Europe/Moscow\nadmins: {{7: operator, 8: viewer}}\n{settings}"));
        write("templates/hello.en.html", "hello\n");
        write("rules/a.yaml", &format!("broadcasts:\n  hello:\n    to: true\n    send: hello\n{rules}"));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let server = Server::default();
        let port = runtime.block_on(server.clone().start());
        let (store, clock) = (Arc::new(MemoryStore::default()), Arc::new(ManualClock::new(START)));
        Self { folder, store, clock, runtime, server, port, next: 1.into() }
    }

    /// An engine whose outbox holds everything back.
    fn engine(&self) -> Arc<Engine> {
        let live = Arc::new(Live::open(self.folder.path(), self.clock.clone()).unwrap());
        let engine = Engine::new(self.folder.path().to_owned(), live.clone(), self.store.clone(), self.clock.clone());
        let engine = engine.unwrap();
        engine.install(Instance::of(None, "m", "h", "/data")).unwrap();
        engine.settle_arming().unwrap();
        let known = (1..=3).map(|id| (UserId(id), Patch::default().with("first_name", Value::text("A")))).collect();
        engine.writer.commit(Transaction { patches: known, ..Transaction::default() }).unwrap();
        engine.audience().unwrap();
        engine.know_past().unwrap();
        let (outbox, _) = Outbox::start(OutboxOptions {
            store: self.store.clone(),
            writer: engine.writer.clone(),
            client: Client::new("http://127.0.0.1:9", "1:test").unwrap(),
            runtime: self.runtime.handle().clone(),
            clock: self.clock.clone(),
            prepare: Box::new(Gates::new(&engine, tokio::sync::mpsc::unbounded_channel().0)),
            limits: live.current().settings.limits,
            armed: Armed::No,
            zone: jiff::tz::TimeZone::UTC,
        })
        .unwrap();
        engine.go_live(outbox).unwrap();
        Arc::new(engine)
    }

    fn errands(&self, engine: &Arc<Engine>) -> Arc<Errands> {
        let secrets: Secrets = Box::new(|name| (name == "VESTNIK_WEBHOOK_SECRET").then(|| SECRET.to_owned()));
        Arc::new(Errands::new(engine.clone(), self.folder.path().join("data"), secrets).unwrap())
    }

    /// Asks for a piece of work, as a decision does.
    fn ask(&self, engine: &Engine, chore: Chore) -> u64 {
        let number = self.next.replace(self.next.get() + 1);
        let mut batch = Batch::new();
        let errand = Errand { chore, by: "nightly".into(), user: Some(UserId(7)) };
        stage(&mut batch, number, errand, self.clock.now()).unwrap();
        engine.writer.commit(Transaction::batch(batch)).unwrap();
        number
    }

    fn hook(&self, host: &str) -> Chore {
        let url = format!("http://{host}:{}/hook?token=hidden", self.port);
        Chore::Webhook { url, body: vec![("sum".into(), Value::Money(1_050))] }
    }

    /// One look at everything that is due.
    fn look(&self, errands: &Arc<Errands>) {
        self.runtime.block_on(async {
            errands.run_chores().await.unwrap();
            errands.run_webhooks().await.unwrap();
        });
    }

    fn pass(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    fn left(&self) -> Vec<Record> {
        let all = self.store.scan(&[PREFIX], b"").map(|pair| Piece::read(&pair.unwrap()).unwrap().record);
        all.collect()
    }

    /// How many requests the server has had.
    fn got(&self) -> usize {
        self.server.got.lock().unwrap().len()
    }

    /// What the admins were told, in order.
    fn told(&self) -> Vec<(i64, String)> {
        let all = self.store.scan(b"i", b"").flat_map(|pair| {
            let Recipients { users, messages, .. } = crate::store::decode(3, &pair.unwrap().1, "recipients").unwrap();
            users.into_iter().zip(messages).map(|(chat, message)| (chat, message.text))
        });
        all.collect()
    }
}

const LOCAL: &str = "webhooks: {allow: [localhost, 127.0.0.1], private: [localhost, 127.0.0.1]}\n";

#[test]
fn a_webhook_is_signed_and_sent_once() {
    let world = World::new(LOCAL, "");
    let engine = world.engine();
    let errands = world.errands(&engine);
    world.ask(&engine, world.hook("localhost"));
    world.look(&errands);
    world.look(&errands);
    assert_eq!((world.got(), world.left().len()), (1, 0));
    let (headers, body) = world.server.got.lock().unwrap().remove(0);
    assert_eq!(body, r#"{"by":"nightly","sum":"10.50","user":7}"#);
    let timestamp = START.0 / 1_000;
    assert_eq!(headers["x-vestnik-timestamp"], timestamp.to_string());
    assert_eq!(headers["x-vestnik-signature"], letter::signature(SECRET, timestamp, &body).unwrap());
    assert_eq!(headers["content-type"], "application/json");
    engine.stop();
}

#[test]
fn what_an_answer_leads_to() {
    for (answers, requests, left) in [
        (&[(200, None)][..], 1, 0),
        (&[(404, None)], 1, 0),
        (&[(302, None)], 1, 0),
        (&[(500, None), (200, None)], 2, 0),
        (&[(429, Some("7200")), (200, None)], 1, 1),
        (&[(503, Some("Sun, 01 Mar 2026 09:00:00 GMT")), (200, None)], 1, 1),
        (&[(429, Some("5")), (200, None)], 2, 0),
    ] {
        let world = World::new(LOCAL, "");
        let engine = world.engine();
        let errands = world.errands(&engine);
        world.server.answer(answers);
        world.ask(&engine, world.hook("localhost"));
        world.look(&errands);
        // within an hour
        world.look(&errands);
        world.pass(TimeDelta::minutes(59));
        world.look(&errands);
        assert_eq!((world.got(), world.left().len()), (requests, left), "{answers:?}");
        world.pass(TimeDelta::hours(2));
        world.look(&errands);
        assert_eq!((world.got(), world.left().len()), (answers.len(), 0), "{answers:?}");
        let got = world.server.got.lock().unwrap();
        let ids: std::collections::BTreeSet<_> =
            got.iter().map(|(headers, _)| headers["x-vestnik-id"].clone()).collect();
        assert_eq!(ids.len(), 1, "{answers:?}");
        engine.stop();
    }
}

#[test]
fn what_fails_for_a_day_is_given_up_and_told() {
    let world = World::new(LOCAL, "");
    let engine = world.engine();
    let errands = world.errands(&engine);
    world.server.answer(&[(500, None); 100]);
    world.ask(&engine, world.hook("localhost"));
    let mut hours = 0;
    while !world.left().is_empty() {
        world.look(&errands);
        world.pass(TimeDelta::hours(1));
        hours += 1;
        assert!(hours < 30);
        let failing = engine.errands_report().unwrap();
        assert_eq!(failing.failing as usize, world.left().len());
    }
    assert!((23..=25).contains(&hours), "{hours}");
    let expected =
        "Not done: webhook to `localhost` (asked for by `nightly`)\nthe host answered 500 Internal Server Error";
    assert_eq!(world.told(), [(7, expected.to_owned())]);
    engine.stop();
}

#[test]
fn a_host_that_is_down_holds_up_nobody_else() {
    let world = World::new(LOCAL, "");
    let engine = world.engine();
    let errands = world.errands(&engine);
    world.server.answer(&[(503, None)]);
    let hooks = ["localhost", "localhost", "127.0.0.1"];
    // the first answer is for whoever comes first: one host at a time
    world.ask(&engine, world.hook(hooks[0]));
    world.look(&errands);
    for host in &hooks[1..] {
        world.ask(&engine, world.hook(host));
    }
    world.look(&errands);
    assert_eq!((world.got(), world.left().len()), (2, 2));
    world.pass(TimeDelta::minutes(1));
    world.look(&errands);
    assert_eq!((world.got(), world.left().len()), (4, 0));
    engine.stop();
}

#[test]
fn hosts_are_judged_by_the_settings_of_now() {
    for (settings, host, why) in [
        ("", "localhost", "is not among the hosts of `webhooks.allow`"),
        ("webhooks: {allow: [localhost]}\n", "localhost", "stands at a private address"),
        ("webhooks: {allow: [127.0.0.1]}\n", "127.0.0.1", "stands at a private address"),
        ("webhooks: {allow: [2130706433]}\n", "2130706433", "stands at a private address"),
        ("webhooks: {allow: [0x7f.1]}\n", "0x7f.1", "stands at a private address"),
        ("webhooks: {allow: [localhost], private: [localhost]}\n", "localhost@localhost", "it is not an address"),
    ] {
        let world = World::new(settings, "");
        let engine = world.engine();
        let errands = world.errands(&engine);
        world.ask(&engine, world.hook(host));
        world.look(&errands);
        assert_eq!((world.got(), world.left().len()), (0, 0), "{settings}");
        let told = world.told();
        assert!(told.len() == 1 && told[0].1.contains(why) && !told[0].1.contains("hidden"), "{settings}: {told:?}");
        engine.stop();
    }
}

#[test]
fn nothing_is_done_while_disarmed() {
    let world = World::new(LOCAL, "");
    let engine = world.engine();
    let errands = world.errands(&engine);
    world.ask(&engine, world.hook("localhost"));
    world.ask(&engine, Chore::Report { period: TimeDelta::days(7) });
    engine.disarm().unwrap();
    world.look(&errands);
    assert_eq!((world.got(), world.left().len(), world.told().len()), (0, 2, 0));
    engine.arm().unwrap();
    world.look(&errands);
    assert_eq!((world.got(), world.left().len(), world.told().len()), (1, 0, 2));
    engine.stop();
}

#[test]
fn a_broadcast_is_started_once_whenever_the_process_ends() {
    let run = |engine: &Engine| {
        let status = engine.broadcast_status(Some("hello")).unwrap().remove(0);
        status.run.map_or(0, |run| run.occurrence)
    };
    // killed before the note, after it, and after the run was made
    for (noted, started) in [(false, false), (true, false), (true, true)] {
        let world = World::new("", "");
        let engine = world.engine();
        let number = world.ask(&engine, Chore::Broadcast("hello".into()));
        let mut record = world.left().remove(0);
        record.note = u64::from(noted);
        let mut batch = Batch::new();
        put(&mut batch, number, &record).unwrap();
        engine.writer.commit(Transaction::batch(batch)).unwrap();
        if started {
            engine.start_by_hand("hello", crate::engine::broadcast::Again::Allow).unwrap();
        }
        engine.stop();
        let engine = world.engine();
        let errands = world.errands(&engine);
        world.look(&errands);
        world.look(&errands);
        assert_eq!((run(&engine), world.left().len()), (1, 0), "{noted} {started}");
        // the next one finds it under way, and says so
        world.ask(&engine, Chore::Broadcast("hello".into()));
        world.look(&errands);
        assert_eq!((run(&engine), world.left().len(), world.told().len()), (1, 0, 1));
        engine.steer_broadcast("hello", Steer::Cancel).unwrap();
        world.ask(&engine, Chore::Broadcast("hello".into()));
        world.look(&errands);
        assert_eq!((run(&engine), world.left().len()), (2, 0));
        engine.stop();
    }
}

#[test]
fn a_broadcast_that_asks_first_asks() {
    let world = World::new("", "    ask_first: true\n");
    let engine = world.engine();
    world.ask(&engine, Chore::Broadcast("hello".into()));
    world.look(&world.errands(&engine));
    let status = engine.broadcast_status(Some("hello")).unwrap().remove(0);
    assert!(status.run.is_none() && status.calendar.unwrap().pending.is_some());
    assert_eq!((world.told().len(), world.left().len()), (1, 0));
    engine.stop();
}

#[test]
fn the_newest_backups_stay() {
    let world = World::new("", "");
    let engine = world.engine();
    let errands = world.errands(&engine);
    let folder = world.folder.path().join("data").join(FOLDER);
    let names = |folder: &Path| {
        let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = all.collect();
        names.sort();
        names
    };
    for day in 0..4 {
        world.ask(&engine, Chore::Backup { keep: 2 });
        world.look(&errands);
        if day == 0 {
            std::fs::write(folder.join("mine.backup"), "mine").unwrap();
            std::fs::write(folder.join("vestnik-2026-01-01T00-00-00Z.backup.part0"), "half").unwrap();
        }
        world.pass(TimeDelta::days(1));
    }
    let expected = ["mine.backup", "vestnik-2026-03-03T07-00-00Z.backup", "vestnik-2026-03-04T07-00-00Z.backup"];
    assert_eq!(names(&folder), expected);
    assert_eq!(crate::store::backup::verify(&folder.join(expected[2])).unwrap().users, 3);
    assert!(world.left().is_empty());
    engine.stop();
}

#[test]
fn a_backup_that_fails_is_told_at_once_and_made_later() {
    let world = World::new("", "");
    let engine = world.engine();
    let errands = world.errands(&engine);
    let data = world.folder.path().join("data");
    // no folder can be made where a file is
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(data.join(FOLDER), "").unwrap();
    world.ask(&engine, Chore::Backup { keep: 2 });
    for _ in 0..3 {
        world.look(&errands);
        world.pass(TimeDelta::hours(1));
    }
    let told = world.told();
    assert!(told.len() == 1 && told[0].0 == 7 && told[0].1.starts_with("Not done yet"), "{told:?}");
    assert_eq!(world.left()[0].attempts, 3);
    std::fs::remove_file(data.join(FOLDER)).unwrap();
    world.look(&errands);
    assert!(world.left().is_empty());
    assert_eq!(std::fs::read_dir(data.join(FOLDER)).unwrap().count(), 1);
    engine.stop();
}

#[test]
fn a_report_is_one_message_to_every_admin() {
    let world = World::new("language: ru\n", "segments:\n  everybody:\n    if: id > 0\n");
    let engine = world.engine();
    engine.note_segment_sizes().unwrap();
    world.pass(TimeDelta::days(1));
    let more = (4..=5).map(|id| {
        let patch = Patch::default().with("reach", Value::text("blocked"));
        (UserId(id), patch.with("created_at", Value::Time(world.clock.now())))
    });
    engine.writer.commit(Transaction { patches: more.collect(), ..Transaction::default() }).unwrap();
    let paid = Paid {
        user: UserId(1),
        source: Source::YooKassa,
        product: None,
        currency: ROUBLES.into(),
        amount: 29_900,
        payload: String::new(),
        telegram_charge: None,
        provider_charge: Some("2c".into()),
        at: world.clock.now(),
        discount_percent: 0,
        order: None,
    };
    engine.record_payment(&paid).unwrap();
    world.ask(&engine, Chore::Report { period: TimeDelta::days(1) });
    world.look(&world.errands(&engine));
    assert!(world.left().is_empty());
    let expected = "Отчёт: 01.03.2026 10:00 – 02.03.2026 10:00\n\nПользователи\n• всего: 5\n• новых: 2\n• доступны: 3\n\
                    • заблокировали бота: 2\n\nСегменты\n• everybody: 5 (+2)\n\nДоход\n\
                    • платежей: 1 (первых 1, повторных 0), от людей: 1\n• 299 ₽ · 0 ⭐\n• средний платёж: 299 ₽";
    assert_eq!(world.told(), [(7, expected.to_owned()), (8, expected.to_owned())]);
    engine.stop();
}

#[test]
fn the_pause_doubles_to_an_hour_and_is_always_the_same() {
    let piece = |number, attempts| Piece {
        number,
        record: Record {
            chore: Chore::Backup { keep: 1 },
            by: "nightly".into(),
            user: None,
            since: START,
            due: START,
            attempts,
            note: 0,
            trouble: None,
        },
    };
    for (attempts, ceiling) in [(0, 10), (1, 20), (3, 80), (9, 3_600), (255, 3_600)] {
        let pauses: Vec<i64> = (0..200).map(|number| piece(number, attempts).pause().0).collect();
        let (low, high) = (pauses.iter().min().unwrap(), pauses.iter().max().unwrap());
        assert!(*low >= ceiling * 500 && *high <= ceiling * 1_000 && high > low, "{attempts}: {low} {high}");
        assert_eq!(piece(7, attempts).pause(), piece(7, attempts).pause());
    }
}
