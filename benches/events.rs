//! How many events a second become durable and change everything that depends
//! on them, and how long each waits.
//!
//! `cargo bench --bench events` opens the core of the sample project, nine segments,
//! 20 rules and 5 aggregates over `USERS` users (100,000 unless set in the
//! environment) and prints, all measured in this one run:
//!
//! * *throughput*: events a second, each acknowledged only when it is on disk,
//!   told by one thread and by eight; beside it the plain way: SQLite in WAL
//!   mode, an insert, an update and one SELECT that answers the nine segments
//!   of the user in a transaction for each event, synced (`FULL`) and not
//!   (`NORMAL`);
//! * *per event*: reads of the store, records and bytes written;
//! * *latency*: from telling to acknowledgement at 10,000 events a second.

use rusqlite::{Connection, params};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use vestnik::clock::SystemClock;
use vestnik::engine::Engine;
use vestnik::import::generate::fill;
use vestnik::model::{Clock, Event, Profile, Time, UserId, Value};
use vestnik::rulebook::{Live, sample};
use vestnik::store::sled::SledStore;
use vestnik::store::{Batch, Journal, Pair, Store, StoreError, Transaction, Whole, Writer};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const USERS: u64 = 100_000;
const EVENTS: usize = 1_000_000;
/// What the plain way is given: it is slower.
const PLAIN: usize = 100_000;
const SYNCED: usize = 10_000;
const ROUNDS: usize = 3;
const SEED: u64 = 7;
/// Events of one transaction, as a client sends them together.
const TOGETHER: usize = 100;
/// Transactions that one producer has under way.
const WINDOW: usize = 64;
const PACE: usize = 10_000;
const SECONDS: usize = 10;

/// Five aggregates and twenty rules.
const RULES: &str = r#"
events:
  app_opened: {}
rules:
  opened: {when: event app_opened, then: [{set: {last_seen_at: event.at}}]}
  paid: {when: event payment, then: [{add: {paid_count: 1, balance: 30}}, {set: {last_payment_at: event.at}}]}
  big: {when: event payment, if: event.rub >= 5000, then: [{tag: big}]}
  often: {when: event app_opened, if: "count(app_opened, 1 day) > 50", then: [{tag: often}]}
  weekly: {when: event app_opened, if: "count(app_opened, 7 days) > 100", then: [{tag: weekly}]}
  monthly: {when: event app_opened, if: "count(app_opened, 30 days) > 200", then: [{tag: monthly}]}
  spender: {when: event payment, if: "sum(payment.rub, 90 days) > 100000", then: [{tag: spender}]}
  regular: {when: event payment, if: count(payment) > 20, then: [{tag: regular}]}
  r1: {when: event app_opened, if: paid_count > 300 and balance > 0, then: [{tag: a1}]}
  r2: {when: event app_opened, if: paid_count > 310 and balance > 10, then: [{tag: a2}]}
  r3: {when: event app_opened, if: paid_count > 320 and language = "ru", then: [{tag: a3}]}
  r4: {when: event app_opened, if: balance > 90000, then: [{tag: a4}]}
  r5: {when: event app_opened, if: balance > 91000 and trial_3d_used, then: [{tag: a5}]}
  r6: {when: event app_opened, if: referral_count > 500, then: [{tag: a6}]}
  r7: {when: event app_opened, if: referral_count > 510 and not blocked, then: [{tag: a7}]}
  r8: {when: event payment, if: balance > 92000, then: [{tag: a8}]}
  r9: {when: event payment, if: segment(vip) and balance > 93000, then: [{tag: a9}]}
  r10: {when: user enters vip, then: [{tag: vip}]}
  r11: {when: user leaves active, then: [{untag: fresh}]}
  r12: {when: user enters active, then: [{tag: fresh}]}
"#;

fn main() -> Outcome<()> {
    let users = std::env::var("USERS").ok().and_then(|n| n.parse().ok()).unwrap_or(USERS);
    let bench = Bench::new(users)?;
    println!("{users} users, 9 segments, 20 rules, 5 aggregates; medians of {ROUNDS} rounds\n");
    let plain = Plain::new(&bench)?;
    let mut rates: [Vec<f64>; 4] = Default::default();
    let mut first = 0;
    let before = bench.counts();
    for round in 0..ROUNDS {
        rates[0].push(bench.throughput(1, first)?);
        rates[1].push(bench.throughput(8, first + EVENTS)?);
        first += 2 * EVENTS;
        rates[2].push(plain.throughput("FULL", SYNCED, round)?);
        rates[3].push(plain.throughput("NORMAL", PLAIN, round + ROUNDS)?);
    }
    let told = (2 * ROUNDS * EVENTS) as f64;
    let [one, eight, full, normal] = rates.map(median);
    println!("throughput, events/s");
    println!("  one producer                    {one:>10.0}");
    println!("  eight producers                 {eight:>10.0}");
    println!("  SQLite {}, WAL, FULL       {full:>10.0}   ratio {:>6.1}", rusqlite::version(), one / full);
    println!("  SQLite {}, WAL, NORMAL     {normal:>10.0}   ratio {:>6.1}", rusqlite::version(), one / normal);
    let after = bench.counts();
    let [reads, writes, bytes] = [0, 1, 2].map(|at| (after[at] - before[at]) as f64 / told);
    println!("\nper event (SQLite: 1 read of 9 segments, 2 records written)");
    println!("  reads of the store              {reads:>10.3}");
    println!("  records written                 {writes:>10.3}");
    println!("  bytes written                   {bytes:>10.0}");
    let mut waits = bench.latency(first)?;
    waits.sort_unstable();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    println!("\nlatency at {PACE} events/s, ms");
    println!("  p50 {:.2}   p99 {:.2}   p99.9 {:.2}   most {:.2}", at(0.5), at(0.99), at(0.999), at(1.0));
    println!("\nstore on disk: {} MiB", bench.store.disk_size() >> 20);
    Ok(())
}

/// An engine over a store that counts what is asked of it.
struct Bench {
    _folder: tempfile::TempDir,
    engine: Engine,
    store: Arc<Counting>,
    users: Vec<Profile>,
}

impl Bench {
    fn new(users: u64) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let core = ["vestnik.yaml", "rules/profile.yaml", "rules/segments.yaml"];
        for (path, text) in sample::FILES.iter().filter(|(path, _)| core.contains(path)) {
            write(&folder.path().join(path), text)?;
        }
        write(&folder.path().join("rules/events.yaml"), RULES.as_bytes())?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let live = Arc::new(Live::open(folder.path(), clock.clone()).map_err(|error| error.to_string())?);
        let inner = SledStore::open(folder.path().join("data"))?;
        let store = Arc::new(Counting { inner, reads: 0.into(), writes: 0.into(), bytes: 0.into() });
        let journal = Journal::open(store.clone())?;
        let writer = Writer::spawn(&journal)?;
        let schema = live.current().schema.clone();
        fill(users, SEED, clock.now(), &schema, &writer, &mut |_| {})?;
        writer.close();
        let engine = Engine::new(folder.path().to_owned(), live, store.clone(), clock)?;
        let begun = Instant::now();
        engine.audience()?;
        println!("opened in {:.2} s", begun.elapsed().as_secs_f64());
        let mut all = Vec::new();
        engine.profiles.for_each(&schema, |profile| {
            all.push(profile.clone());
            ControlFlow::Continue(())
        })?;
        Ok(Self { _folder: folder, engine, store, users: all })
    }

    fn event(&self, n: usize) -> Event {
        let draw = mix(n as u64);
        let user = self.users[(draw >> 8) as usize % self.users.len()].user();
        let payment = draw.is_multiple_of(10);
        let properties =
            if payment { vec![("rub".into(), Value::Money((draw >> 40) as i64 % 600_000))] } else { vec![] };
        let name = if payment { "payment" } else { "app_opened" };
        Event { id: n.to_string().into(), user, name: name.into(), at: self.engine.clock.now(), properties }
    }

    /// Events a second, told by so many threads.
    fn throughput(&self, producers: usize, first: usize) -> Outcome<f64> {
        let each = EVENTS / producers;
        let begun = Instant::now();
        std::thread::scope(|scope| {
            for producer in 0..producers {
                scope.spawn(move || self.produce(first + producer * each, each));
            }
        });
        Ok(EVENTS as f64 / begun.elapsed().as_secs_f64())
    }

    fn produce(&self, first: usize, count: usize) {
        let (done, acks) = mpsc::sync_channel(WINDOW);
        let mut under_way = 0;
        for from in (first..first + count).step_by(TOGETHER) {
            if under_way == WINDOW {
                assert!(acks.recv().is_ok_and(|accepted| accepted == TOGETHER), "an event was not taken");
                under_way -= 1;
            }
            let events = (from..from + TOGETHER).map(|n| self.event(n)).collect();
            let done = done.clone();
            let ack = move |outcome: Result<vestnik::store::Receipt, StoreError>| {
                let _ = done.send(outcome.map_or(0, |receipt| receipt.accepted));
            };
            self.engine.writer.submit(Transaction::events(events), ack);
            under_way += 1;
        }
        for _ in 0..under_way {
            assert!(acks.recv().is_ok_and(|accepted| accepted == TOGETHER), "an event was not taken");
        }
    }

    /// From telling to acknowledgement, one event at a time, told at a pace.
    fn latency(&self, first: usize) -> Outcome<Vec<Duration>> {
        let (done, acks) = mpsc::channel();
        let begun = Instant::now();
        for n in 0..PACE * SECONDS {
            let due = begun + Duration::from_secs_f64(n as f64 / PACE as f64);
            while let Some(left) = due.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
                std::thread::sleep(left);
            }
            let done = done.clone();
            let event = self.event(first + n);
            self.engine.writer.submit(Transaction::events(vec![event]), move |_| {
                let _ = done.send(due.elapsed());
            });
        }
        drop(done);
        Ok(acks.iter().collect())
    }

    fn counts(&self) -> [u64; 3] {
        [&self.store.reads, &self.store.writes, &self.store.bytes].map(|count| count.load(Ordering::Relaxed))
    }
}

/// The best plain form of the old way.
struct Plain {
    connection: Connection,
    _folder: tempfile::TempDir,
    users: Vec<UserId>,
}

impl Plain {
    fn new(bench: &Bench) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let connection = Connection::open(folder.path().join("users.db"))?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL;
             CREATE TABLE users (id INTEGER PRIMARY KEY, balance, trial, paid, referrals, last_payment, last_seen);
             CREATE TABLE events (user, id, name, at, rub, PRIMARY KEY (user, id)) WITHOUT ROWID;
             BEGIN;",
        )?;
        let schema = bench.engine.live.current().schema.clone();
        let value = |profile: &Profile, name: &str| match schema.find(name).map(|id| profile.get(id)) {
            Some(Value::Int(x) | Value::Time(Time(x))) => Some(*x),
            Some(Value::Bool(x)) => Some(i64::from(*x)),
            _ => None,
        };
        let mut insert = connection.prepare("INSERT INTO users VALUES (?, ?, ?, ?, ?, ?, ?)")?;
        for profile in &bench.users {
            let [balance, trial, paid, referrals, payment, seen] =
                ["balance", "trial_3d_used", "paid_count", "referral_count", "last_payment_at", "last_seen_at"]
                    .map(|name| value(profile, name));
            insert.execute(params![profile.user().0, balance, trial, paid, referrals, payment, seen])?;
        }
        drop(insert);
        connection.execute_batch("COMMIT")?;
        Ok(Self { connection, _folder: folder, users: bench.users.iter().map(Profile::user).collect() })
    }

    fn throughput(&self, synchronous: &str, events: usize, round: usize) -> Outcome<f64> {
        self.connection.execute_batch(&format!("PRAGMA synchronous = {synchronous}"))?;
        let mut insert = self.connection.prepare("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?)")?;
        let mut update = self.connection.prepare(
            "UPDATE users SET last_seen = ?2, paid = coalesce(paid, 0) + ?3, balance = coalesce(balance, 0) + ?4
             WHERE id = ?1",
        )?;
        let mut select = self.connection.prepare(
            "SELECT 1, balance > 0, trial AND (paid IS NULL OR paid = 0), balance <= 0 AND (trial OR paid > 0),
                    balance <= 0, referrals > 0, paid >= 5, paid >= 3 AND balance > 0,
                    last_payment < ?2 AND paid > 0 FROM users WHERE id = ?1",
        )?;
        let begun = Instant::now();
        for n in 0..events {
            let draw = mix((round * PLAIN + n) as u64);
            let user = self.users[(draw >> 8) as usize % self.users.len()].0;
            let (at, paid) = (n as i64, i64::from(draw.is_multiple_of(10)));
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
            insert.execute(params![user, format!("{round}/{n}"), "app_opened", at, paid])?;
            update.execute(params![user, at, paid, 30 * paid])?;
            let _: (bool, Option<bool>) = select.query_row(params![user, at], |row| Ok((row.get(0)?, row.get(8)?)))?;
            self.connection.execute_batch("COMMIT")?;
        }
        Ok(events as f64 / begun.elapsed().as_secs_f64())
    }
}

/// A store that counts.
struct Counting {
    inner: SledStore,
    reads: AtomicU64,
    writes: AtomicU64,
    bytes: AtomicU64,
}

impl Store for Counting {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.inner.get(key)
    }

    fn scan<'a>(&'a self, prefix: &[u8], from: &[u8]) -> Box<dyn Iterator<Item = Result<Pair, StoreError>> + 'a> {
        let scan = self.inner.scan(prefix, from);
        Box::new(scan.inspect(|_| {
            self.reads.fetch_add(1, Ordering::Relaxed);
        }))
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.writes.fetch_add(batch.ops.len() as u64, Ordering::Relaxed);
        self.bytes.fetch_add(batch.weight(), Ordering::Relaxed);
        self.inner.commit(batch)
    }

    fn room(&self, bytes: u64) -> Result<(), StoreError> {
        self.inner.room(bytes)
    }

    fn disk_size(&self) -> u64 {
        self.inner.disk_size()
    }

    fn tidy(&self) -> Result<bool, StoreError> {
        self.inner.tidy()
    }

    fn whole(&self) -> &dyn Whole {
        self.inner.whole()
    }
}

fn write(path: &Path, text: impl AsRef<[u8]>) -> Outcome<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    Ok(std::fs::write(path, text)?)
}

fn mix(n: u64) -> u64 {
    let mut x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(SEED);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^ (x >> 31)
}

fn median(mut rounds: Vec<f64>) -> f64 {
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
}
