//! How fast segments are counted and listed over the whole audience.
//!
//! `cargo bench --bench audience [-- USERS]` prints a table with all sides
//! measured in this one run over the same users from a seeded generator (a
//! million if not told otherwise): conditions over columns; a loop written by
//! hand for that very condition over the same columns with AVX2, which is the
//! limit; SQLite in memory without and with the obvious indexes. One thread;
//! every side must find the same users. Lists are written to memory that is
//! there already.
//!
//! Medians of many rounds, in which we and the hand-written loop take turns.
#![cfg_attr(target_arch = "x86_64", allow(unsafe_code, reason = "the limit is written with AVX2"))]

#[cfg(target_arch = "x86_64")]
mod hand;
mod people;
mod sqlite;

use people::{Hall, NOW, People};
use rusqlite::Connection;
use sqlite::DAY;
use std::hint::black_box;
use std::time::Instant;
use vestnik::condition::{Condition, check, parse, pick};
use vestnik::rulebook::{Files, Rulebook, load_files};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const USERS: usize = 1_000_000;
const ROUNDS: usize = 41;
const SQLITE_ROUNDS: usize = 3;
/// How far the aim is from the hand-written loop.
const AIM: f64 = 1.5;

const RULES: &str = "\
profile:
  balance: {type: int, default: 0}
  trial_3d_used: bool
  paid_count: int
  referral_count: {type: int, default: 0}
  last_payment_at: time
  tariff: {type: enum, values: [free, start, basic, plus, pro, max]}
  revenue_rub: {type: float, default: 0}
  revenue_stars: {type: int, default: 0}
";

/// One segment: as we say it, as SQL says it, and by hand.
struct Line {
    name: &'static str,
    ours: &'static str,
    sql: String,
    hand: hand::Hand,
}

fn main() -> Outcome<()> {
    let users = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(USERS);
    let people = People::new(users / 64 * 64);
    let files = Files::from_list([("vestnik.yaml", "language: en\n"), ("rules/base.yaml", RULES)]);
    let rulebook = load_files(&files).rulebook.ok_or("the rules of the benchmark are wrong")?;
    if !std::is_x86_feature_detected!("avx2") {
        return Err("the loops by hand want AVX2".into());
    }
    let hall = Hall::new(&people, &rulebook.schema);
    let without_sqlite = std::env::args().any(|argument| argument == "--no-sqlite");
    let plain = if without_sqlite { None } else { Some(sqlite::database(&people)?) };
    let mut lines: Vec<Figures> = Vec::new();
    for line in lines_of() {
        let condition = compile(line.ours, &rulebook)?;
        lines.push(Figures { name: line.name, ..columns(&line, &condition, &people, &hall) });
        if let (Some(db), Some(figures)) = (&plain, lines.last_mut()) {
            figures.plain = by_sqlite(db, &line.sql, figures.users)?;
        }
    }
    if let Some(db) = plain {
        sqlite::add_indexes(&db)?;
        for (line, figures) in lines_of().iter().zip(&mut lines) {
            figures.indexed = by_sqlite(&db, &line.sql, figures.users)?;
        }
    }
    print(&people, &lines);
    Ok(())
}

/// Milliseconds to count and to list.
#[derive(Default)]
struct Figures {
    name: &'static str,
    users: u64,
    ours: [f64; 2],
    hand: [f64; 2],
    plain: [f64; 2],
    indexed: [f64; 2],
}

fn columns(line: &Line, condition: &Condition, people: &People, hall: &Hall<'_>) -> Figures {
    let (mut ours, mut hand) = (Vec::new(), Vec::new());
    let mut times = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    let mut users = 0;
    for _ in 0..ROUNDS {
        users = timed(&mut times[0], || condition.count(hall));
        let counted = timed(&mut times[1], || (line.hand.count)(people));
        assert_eq!(users, counted, "{}", line.name);
        timed(&mut times[2], || {
            ours.clear();
            pick(&condition.select(hall), &people.id, &mut ours);
            ours.len() as u64
        });
        timed(&mut times[3], || {
            (line.hand.ids)(people, &mut hand);
            hand.len() as u64
        });
        assert_eq!(ours, hand, "{}", line.name);
        assert_eq!(ours.len() as u64, users, "{}", line.name);
    }
    let [count, hand_count, ids, hand_ids] = times.map(median);
    Figures { users, ours: [count, ids], hand: [hand_count, hand_ids], ..Figures::default() }
}

fn by_sqlite(db: &Connection, condition: &str, users: u64) -> Outcome<[f64; 2]> {
    let (mut times, mut ids) = ([Vec::new(), Vec::new()], Vec::new());
    for _ in 0..SQLITE_ROUNDS {
        let mut found = [Ok(0), Ok(0)];
        timed(&mut times[0], || {
            found[0] = sqlite::count(db, condition);
            0
        });
        timed(&mut times[1], || {
            found[1] = sqlite::ids(db, condition, &mut ids);
            0
        });
        for found in found {
            assert_eq!(found?, users, "{condition}");
        }
    }
    Ok(times.map(median))
}

fn print(people: &People, lines: &[Figures]) {
    println!(
        "{} users, ms, median of {ROUNDS} rounds (SQLite {}: {SQLITE_ROUNDS}), one thread",
        people.id.len(),
        rusqlite::version()
    );
    println!("columns: i8 referral_count; i16 balance, paid_count, revenue_stars; i32 seconds; f64 revenue_rub;");
    println!("u8 codes language, tariff, source; bits for bools, tags and what is set; bytes for username");
    for (what, at) in [("count", 0), ("list of ids", 1)] {
        println!();
        println!(
            "{what:<32}{:>9}{:>9}{:>9}{:>7}{:>10}{:>10}{:>10}{:>10}",
            "users", "vestnik", "by hand", "×", "SQLite", "indexes", "SQLite ×", "indexes ×"
        );
        for line in lines {
            let [ours, hand, plain, indexed] = [line.ours, line.hand, line.plain, line.indexed].map(|pair| pair[at]);
            println!(
                "{:<32}{:>9}{ours:>9.4}{hand:>9.4}{:>7.2}{plain:>10.2}{indexed:>10.2}{:>10.0}{:>10.0}{}",
                line.name,
                line.users,
                ours / hand,
                plain / ours,
                indexed / ours,
                if ours / hand > AIM { "  misses the aim" } else { "" },
            );
        }
    }
}

fn lines_of() -> [Line; 13] {
    let line = |name, ours, sql: &str, hand| Line { name, ours, sql: sql.to_owned(), hand };
    [
        line("all", "true", "1", hand::ALL),
        line("active", "balance > 0", "balance > 0", hand::ACTIVE),
        line(
            "trial_only",
            "trial_3d_used and (paid_count is missing or paid_count = 0)",
            "trial_3d_used AND (paid_count IS NULL OR paid_count = 0)",
            hand::TRIAL_ONLY,
        ),
        line(
            "expired",
            "balance <= 0 and (trial_3d_used or paid_count > 0)",
            "balance <= 0 AND (trial_3d_used OR paid_count > 0)",
            hand::EXPIRED,
        ),
        line("no_subscription", "balance <= 0", "balance <= 0", hand::NO_SUBSCRIPTION),
        line("with_referrals", "referral_count > 0", "referral_count > 0", hand::WITH_REFERRALS),
        line("vip", "paid_count >= 5", "paid_count >= 5", hand::VIP),
        line("high_value", "paid_count >= 3 and balance > 0", "paid_count >= 3 AND balance > 0", hand::HIGH_VALUE),
        line(
            "churned",
            "last_payment_at < 30 days ago and paid_count > 0",
            &format!("last_payment_at < {} AND paid_count > 0", NOW - 30 * DAY),
            hand::CHURNED,
        ),
        line(
            "language, tariff, tags, blocked",
            r#"language in ["ru", "kk"] and tariff = "pro" and tags contains "beta" and not blocked"#,
            "language IN ('ru', 'kk') AND tariff = 'pro' AND instr(tags, ',beta,') > 0 AND NOT blocked",
            hand::TAGGED,
        ),
        line(
            "source, last_seen_at",
            r#"source starts with "utm_vk" and last_seen_at within 7 days"#,
            &format!("source GLOB 'utm_vk*' AND last_seen_at BETWEEN {} AND {NOW}", NOW - 7 * DAY),
            hand::SOURCE,
        ),
        // What is before the last three characters has letters alone.
        line(
            "username, regex",
            r#"username matches "^[a-z]+_\\d{2}$""#,
            "username GLOB '[a-z]*_[0-9][0-9]' AND substr(username, 1, length(username) - 3) NOT GLOB '*[^a-z]*'",
            hand::USERNAME,
        ),
        line(
            "revenue per payment",
            "(revenue_rub + 2 * revenue_stars) / (paid_count + 1) > 100",
            "(revenue_rub + 2 * revenue_stars) / (paid_count + 1) > 100",
            hand::REVENUE,
        ),
    ]
}

fn compile(text: &str, rulebook: &Rulebook) -> Outcome<Condition> {
    let ast = parse(text).map_err(|found| format!("{text}: {found:?}"))?;
    let (condition, found) = check(&ast, &rulebook.catalogue.names());
    Ok(condition.ok_or_else(|| format!("{text}: {found:?}"))?)
}

/// Runs twice and notes the milliseconds of the second time: the first has
/// brought into the cache what the other sides pushed out of it.
fn timed(times: &mut Vec<f64>, mut run: impl FnMut() -> u64) -> u64 {
    black_box(run());
    let begun = Instant::now();
    let result = black_box(run());
    times.push(begun.elapsed().as_nanos() as f64 / 1e6);
    result
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
