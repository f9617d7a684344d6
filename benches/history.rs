//! What the history of events and the columns fed from it cost.
//!
//! `cargo bench --bench history` prints two tables over the same 2,500,000
//! events of 1,000,000 users from a seeded generator:
//!
//! * *the history*: sealing ten runs onto the disk, asking whether an event is
//!   there already, one user's events, a pass over everything; beside SQLite
//!   (bundled, on disk, WAL) with the same events in a table whose primary key
//!   is the user and the event's id, and an index by user and time;
//! * *series*: taking events in, a midnight at which everybody who paid 30 days
//!   ago leaves a window, and the sums of everybody; beside SQLite's `sum`
//!   over the window.
//!
//! SQLite inserts in transactions of 4,096 events, as a log would be written;
//! our events come from the log's tail, so writing the log itself is no part
//! of this.

#![allow(clippy::print_stdout, reason = "it prints its findings")]

use rusqlite::{Connection, params};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;
use vestnik::audience::series::{Happened, Kind, Series};
use vestnik::condition::{Column, Fact, Whole, Window};
use vestnik::model::{Event, EventId, Events, PropertyId, Time, TimeDelta, UserId, Value};
use vestnik::store::history::{Asked, History, Span, Step};
use vestnik::store::sled::SledStore;
use vestnik::store::{Batch, Store};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const USERS: i64 = 1_000_000;
const RUNS: usize = 10;
const IN_RUN: usize = 250_000;
const ASKED: usize = 200_000;
const LOOKED_UP: usize = 20_000;
const ROUNDS: usize = 5;
const GROUP: usize = 4_096;
/// 5 January 2026, 23:30 in UTC.
const NOW: i64 = 1_767_655_800_000;
const DAY: i64 = 86_400_000;
const PAYMENT: EventId = EventId(3);
const RUB: PropertyId = PropertyId(0);
const SEED: u64 = 7;

/// The generator SplitMix64.
struct Random(u64);

/// One figure of both sides, in nanoseconds.
struct Line {
    name: &'static str,
    ours: f64,
    sqlite: Option<f64>,
}

fn main() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let mut events = events();
    println!("{} events of {USERS} users, SQLite {}\n", events.len(), rusqlite::version());
    let sqlite = Connection::open(folder.path().join("events.db"))?;
    let (lines, history) = history(&folder.path().join("data"), &sqlite, &events)?;
    print("history", &lines);
    events.sort_by_key(|event| event.at);
    print("series", &series(&history, &sqlite, &events)?);
    Ok(())
}

fn print(title: &str, lines: &[Line]) {
    println!("{title:<46} {:>12} {:>12} {:>8}", "ours, ns", "SQLite, ns", "ratio");
    for Line { name, ours, sqlite } in lines {
        match sqlite {
            Some(theirs) => println!("{name:<46} {ours:>12.1} {theirs:>12.1} {:>8.1}", theirs / ours),
            None => println!("{name:<46} {ours:>12.1}"),
        }
    }
    println!();
}

fn history(path: &std::path::Path, sqlite: &Connection, events: &[Event]) -> Outcome<(Vec<Line>, Arc<History>)> {
    let store: Arc<dyn Store> = Arc::new(SledStore::open(path)?);
    let history = History::open(store.clone(), [])?;
    let (mut pushed, mut sealed, mut longest) = (Vec::new(), Vec::new(), 0.0f64);
    let mut memory = 0;
    for run in events.chunks(IN_RUN) {
        let begun = Instant::now();
        run.iter().try_for_each(|event| history.push(event))?;
        pushed.push(per(begun, run.len()));
        memory = memory.max(history.extent().memory);
        let begun = Instant::now();
        longest = longest.max(seal(&history, &*store)?);
        sealed.push(per(begun, run.len()));
    }
    let inserted = insert(sqlite, events)?;
    let extent = history.extent();
    let sought: Vec<&Event> = pick(events, ASKED);
    let users: Vec<UserId> = pick(events, LOOKED_UP).into_iter().map(|event| event.user).collect();
    let begun = Instant::now();
    let history = History::open(store.clone(), [])?;
    let opened = begun.elapsed().as_nanos() as f64;
    let (mut new, mut known, mut of_user, mut pass) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut sql_known, mut sql_new, mut sql_user) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        new.push(asked(&sought, |event| history.contains(event.user, &format!("{}?", event.id)), false)?);
        known.push(asked(&sought[..LOOKED_UP], |event| history.contains(event.user, &event.id), true)?);
        sql_new.push(asked(&sought[..LOOKED_UP], |event| sql_has(sqlite, event, "?"), false)?);
        sql_known.push(asked(&sought[..LOOKED_UP], |event| sql_has(sqlite, event, ""), true)?);
        let begun = Instant::now();
        for user in &users {
            black_box(history.of_user(*user, Span { limit: 50, ..Span::ALL })?);
        }
        of_user.push(per(begun, users.len()));
        let begun = Instant::now();
        users.iter().try_for_each(|user| sql_of_user(sqlite, *user))?;
        sql_user.push(per(begun, users.len()));
        pass.push(everything(&history, events.len())?);
    }
    println!(
        "ten runs take {:.1} MiB on disk and {:.2} bytes of memory an event; a tail {:.0} bytes an event; the longest step {:.2} ms; opening {:.1} ms",
        store.disk_size() as f64 / 1_048_576.0,
        extent.memory as f64 / extent.events as f64,
        memory as f64 / IN_RUN as f64,
        longest / 1e6,
        opened / 1e6
    );
    let seal = median(pushed) + median(sealed);
    let lines = vec![
        Line { name: "push and seal, an event", ours: seal, sqlite: Some(inserted) },
        Line { name: "is it new? (it is)", ours: median(new), sqlite: Some(median(sql_new)) },
        Line { name: "is it new? (it is not)", ours: median(known), sqlite: Some(median(sql_known)) },
        Line { name: "the newest 50 events of a user", ours: median(of_user), sqlite: Some(median(sql_user)) },
        Line { name: "a pass over everything, an event", ours: median(pass), sqlite: None },
    ];
    Ok((lines, history))
}

/// Seals the tail; the nanoseconds of the longest step without its commit.
fn seal(history: &Arc<History>, store: &dyn Store) -> Outcome<f64> {
    let begun = Instant::now();
    let Some(mut work) = history.begin_seal()? else { return Ok(0.0) };
    let mut longest = begun.elapsed().as_nanos() as f64;
    loop {
        let begun = Instant::now();
        let mut batch = Batch::new();
        let step = work.step(&mut batch)?;
        longest = longest.max(begun.elapsed().as_nanos() as f64);
        store.commit(&batch)?;
        let begun = Instant::now();
        work.committed();
        longest = longest.max(begun.elapsed().as_nanos() as f64);
        if step == Step::Last {
            return Ok(longest);
        }
    }
}

fn asked<E: std::error::Error + 'static>(
    events: &[&Event],
    has: impl Fn(&Event) -> Result<bool, E>,
    expected: bool,
) -> Outcome<f64> {
    let begun = Instant::now();
    for event in events {
        if has(event)? != expected {
            return Err(format!("{event:?} should be found: {expected}").into());
        }
    }
    Ok(per(begun, events.len()))
}

fn everything(history: &History, expected: usize) -> Outcome<f64> {
    let kinds = [Asked { event: "payment".into(), properties: vec!["rub".into()] }];
    let begun = Instant::now();
    let (mut count, mut sum) = (0, 0);
    history.for_each(&kinds, None, |past| {
        count += 1;
        if let Value::Money(rub) = past.values[0] {
            sum += rub;
        }
    })?;
    black_box(sum);
    if count != expected {
        return Err(format!("the pass saw {count} events of {expected}").into());
    }
    Ok(per(begun, count))
}

fn insert(sqlite: &Connection, events: &[Event]) -> Outcome<f64> {
    sqlite.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = full;
         create table event (user integer, id text, at integer, rub integer, product text, primary key (user, id));
         create index by_time on event (user, at); create index by_at on event (at);",
    )?;
    let begun = Instant::now();
    for group in events.chunks(GROUP) {
        sqlite.execute_batch("begin")?;
        let mut insert = sqlite.prepare_cached("insert or ignore into event values (?, ?, ?, ?, ?)")?;
        for event in group {
            let rub = if let Some(Value::Money(rub)) = event.property("rub") { *rub } else { 0 };
            insert.execute(params![event.user.0, &*event.id, event.at.0, rub, "pro"])?;
        }
        drop(insert);
        sqlite.execute_batch("commit")?;
    }
    Ok(per(begun, events.len()))
}

fn sql_has(sqlite: &Connection, event: &Event, suffix: &str) -> rusqlite::Result<bool> {
    let mut select = sqlite.prepare_cached("select 1 from event where user = ? and id = ?")?;
    select.exists(params![event.user.0, format!("{}{suffix}", event.id)])
}

fn sql_of_user(sqlite: &Connection, user: UserId) -> rusqlite::Result<()> {
    let mut select =
        sqlite.prepare_cached("select id, at, rub, product from event where user = ? order by at desc limit 50")?;
    let mut rows = select.query([user.0])?;
    while let Some(row) = rows.next()? {
        let found: (String, i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        black_box(found);
    }
    Ok(())
}

fn series(history: &History, sqlite: &Connection, events: &[Event]) -> Outcome<Vec<Line>> {
    let window = |days| Window::Last(TimeDelta::days(days));
    let sum = Fact::Sum { event: PAYMENT, property: RUB, window: window(30) };
    let facts = [
        Fact::Count { event: PAYMENT, window: window(30) },
        sum,
        Fact::Count { event: PAYMENT, window: Window::Last(TimeDelta::hours(24)) },
        Fact::Count { event: PAYMENT, window: Window::Ever },
        Fact::Last(PAYMENT),
    ];
    let (mut added, mut midnights, mut sums, mut sql_sums) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut memory, mut leavers) = (0, 0);
    for _ in 0..ROUNDS {
        let mut series = Series::new(jiff::tz::TimeZone::UTC, Time(NOW));
        series.extend(&facts, &Events::builtin());
        series.recalled();
        series.grow(USERS as usize);
        added.push(take_in(&mut series, events));
        memory = series.memory();
        let begun = Instant::now();
        let changed = series.advance(Time(NOW) + TimeDelta::hours(1));
        leavers = changed.iter().map(|(_, rows)| rows.len()).sum();
        midnights.push(begun.elapsed().as_nanos() as f64);
        let begun = Instant::now();
        let total = everybody(series.column(&sum));
        sums.push(begun.elapsed().as_nanos() as f64);
        let start = window(30).start(series.now(), &jiff::tz::TimeZone::UTC).unwrap_or(Time(0));
        let begun = Instant::now();
        let expected = sql_sum(sqlite, start, series.now())?;
        sql_sums.push(begun.elapsed().as_nanos() as f64);
        if total != expected {
            return Err(format!("the sums of everybody are {total}, SQLite says {expected}").into());
        }
    }
    let begun = Instant::now();
    let mut fresh = Series::new(jiff::tz::TimeZone::UTC, Time(NOW));
    fresh.extend(&facts, &Events::builtin());
    fresh.grow(USERS as usize);
    refill(history, &mut fresh)?;
    println!(
        "five facts of {USERS} users take {:.1} bytes a user; {leavers} answers change at midnight; filled from the history in {:.0} ms",
        memory as f64 / USERS as f64,
        begun.elapsed().as_millis()
    );
    Ok(vec![
        Line { name: "take an event in", ours: median(added), sqlite: None },
        Line { name: "midnight, all rows", ours: median(midnights), sqlite: None },
        Line { name: "30-day sums of everybody, added up", ours: median(sums), sqlite: Some(median(sql_sums)) },
    ])
}

fn take_in(series: &mut Series, events: &[Event]) -> f64 {
    let mut changed = Vec::new();
    let mut properties = [(RUB, Value::Missing)];
    let begun = Instant::now();
    for event in events {
        properties[0].1 = event.property("rub").cloned().unwrap_or_default();
        let happened = Happened { kind: Kind::Event(PAYMENT), at: event.at, properties: &properties };
        changed.clear();
        series.add(event.user.0 as u32, happened, &mut changed);
    }
    per(begun, events.len())
}

fn refill(history: &History, series: &mut Series) -> Outcome<()> {
    let kinds = [Asked { event: "payment".into(), properties: vec!["rub".into()] }];
    let since = series.wanted().first().map(|wanted| wanted.since);
    history.for_each(&kinds, since, |past| {
        let properties = [(RUB, past.values[0].clone())];
        series
            .recall(past.user.0 as u32, Happened { kind: Kind::Event(PAYMENT), at: past.at, properties: &properties });
    })?;
    series.recalled();
    Ok(())
}

fn everybody(column: Option<Column<'_>>) -> i64 {
    let Some(Column::Whole { values, .. }) = column else { return -1 };
    match values {
        Whole::I8(all) => all.iter().map(|n| i64::from(*n)).sum(),
        Whole::I16(all) => all.iter().map(|n| i64::from(*n)).sum(),
        Whole::I32(all) => all.iter().map(|n| i64::from(*n)).sum(),
        Whole::I64(all) => all.iter().sum(),
    }
}

fn sql_sum(sqlite: &Connection, start: Time, now: Time) -> rusqlite::Result<i64> {
    let query = "select sum(total) from (select sum(rub) total from event where at between ? and ? group by user)";
    sqlite.prepare_cached(query)?.query_row([start.0, now.0], |row| row.get(0))
}

/// Payments of the last 40 days, about in the order of their times.
fn events() -> Vec<Event> {
    let mut random = Random(SEED);
    let count = RUNS * IN_RUN;
    let event = |n: usize| {
        let at = NOW - 40 * DAY + 40 * DAY / count as i64 * n as i64 - random.below(3_600_000);
        let rub = Value::Money(random.below(100_000));
        let properties = vec![("rub".into(), rub), ("product".into(), Value::text("pro"))];
        let user = UserId(random.below(USERS));
        Event { id: format!("pay-{n}").into(), user, name: "payment".into(), at: Time(at), properties }
    };
    (0..count).map(event).collect()
}

fn pick(events: &[Event], count: usize) -> Vec<&Event> {
    let mut random = Random(SEED + 1);
    (0..count).map(|_| &events[random.below(events.len() as i64) as usize]).collect()
}

impl Random {
    fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) >> 1) as i64 % end
    }
}

fn per(begun: Instant, count: usize) -> f64 {
    begun.elapsed().as_nanos() as f64 / count as f64
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
