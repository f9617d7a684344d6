//! What experiments cost: `cargo bench --bench experiments`.
//!
//! * a million users dealt their variants, beside the hash that this takes;
//! * a report over a million exposures, whose sums are kept, beside reading
//!   these exposures from the store once.
//!
//! `-- assignment` or `-- report` runs one of them. Both sides in this process.

use sha2::{Digest, Sha256};
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use vestnik::clock::ManualClock;
use vestnik::engine::Engine;
use vestnik::engine::command::{Reply, Request};
use vestnik::experiment::assignment::Dealer;
use vestnik::model::event::{EXPERIMENT_VERSION, LEDGER, RULEBOOK, VARIANT};
use vestnik::model::{Event, Patch, Time, TimeDelta, Trace, UserId, Value};
use vestnik::rulebook::{Files, Live, Rulebook, load_files};
use vestnik::store::sled::SledStore;
use vestnik::store::{Store, Transaction};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const NOW: Time = Time(1_767_614_400_000);
const USERS: i64 = 1_000_000;
const GROUP: usize = 2_000;
const ROUNDS: usize = 11;

const RULES: &str = "\
events: {payment: {rub: money}}
experiments:
  text:
    coverage: 80%
    variants: {control: 50, short: 30, long: 20}
    goal: event payment within 3 days
    guardrails: [event bot_blocked within 3 days]
rules:
  hello:
    when: user joins
    then: [{send: {experiment: text, control: a, short: b, long: b}}]
";

fn main() -> Outcome<()> {
    let names: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |name: &str| names.is_empty() || names.iter().any(|known| known == name);
    let rulebook = rulebook()?;
    if wanted("assignment") {
        assignment(&rulebook)?;
    }
    if wanted("report") {
        report(&rulebook)?;
    }
    Ok(())
}

fn rulebook() -> Outcome<Arc<Rulebook>> {
    let files = [
        ("vestnik.yaml", "language: en\ntimezone: UTC\n"),
        ("rules/r.yaml", RULES),
        ("templates/a.txt", "hello"),
        ("templates/b.txt", "hi"),
    ];
    load_files(&Files::from_list(files)).rulebook.ok_or_else(|| "the rules of the benchmark are wrong".into())
}

fn assignment(rulebook: &Rulebook) -> Outcome<()> {
    let dealer = Dealer::all(rulebook).into_iter().next().ok_or("no experiment")?;
    let dealt = median(|| (1..=USERS).filter(|id| dealer.variant(UserId(*id)).is_some()).count());
    // one hash for the coverage; the four fifths it takes in have one more
    let hashed = median(|| (1..=USERS + USERS * 4 / 5).filter(|id| hash(*id) > 0).count());
    println!("{USERS} users dealt their variants, median of {ROUNDS} rounds:");
    println!("  dealt                           {:9.0} ms", dealt * 1e3);
    println!("  as many SHA-256 of salt and id  {:9.0} ms", hashed * 1e3);
    println!("  ratio                           {:9.2}", dealt / hashed);
    Ok(())
}

fn hash(id: i64) -> u8 {
    let digest = Sha256::digest(format!("exp:text:1:{id}"));
    digest.iter().fold(1, |all, byte| all | byte)
}

fn report(rulebook: &Arc<Rulebook>) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let engine = engine(folder.path(), rulebook)?;
    let begun = Instant::now();
    fill(&engine)?;
    let filled = begun.elapsed();
    let ask = || -> Outcome<usize> {
        let asked = Request::Experiments { name: Some("text".to_owned()) };
        match engine.execute(asked, &mut |_| {})? {
            Reply::Experiments(list) => Ok(list.len()),
            _ => Err("another answer".into()),
        }
    };
    if ask()? != 1 {
        return Err("the report is absent".into());
    }
    let told = median(|| ask().unwrap_or_default());
    let exposures = || engine.store.scan(b"Xe", b"").filter(Result::is_ok).count();
    let stored = exposures();
    let read = median(exposures);
    println!("a report over {stored} exposures and their payments, median of {ROUNDS} rounds:");
    println!("  from the sums that are kept     {:9.3} ms", told * 1e3);
    println!("  reading the exposures once      {:9.3} ms", read * 1e3);
    println!("  ratio                           {:9.0}", read / told);
    println!("  counting {USERS} exposures and {} payments, durable: {:.0} s", USERS / 20, filled.as_secs_f64());
    engine.stop();
    Ok(())
}

fn engine(folder: &Path, rulebook: &Arc<Rulebook>) -> Outcome<Engine> {
    let clock = Arc::new(ManualClock::new(NOW + TimeDelta::days(1)));
    let store: Arc<dyn Store> = Arc::new(SledStore::open(folder)?);
    let live = Arc::new(Live::fixed(folder, rulebook.clone(), clock.clone()));
    let engine = Engine::new(folder.to_owned(), live, store, clock)?;
    engine.act();
    engine.audience()?;
    Ok(engine)
}

/// Everybody is exposed, and every twentieth pays a day later.
fn fill(engine: &Engine) -> Outcome<()> {
    let ids: Vec<i64> = (1..=USERS).collect();
    for group in ids.chunks(20_000) {
        let patches = group.iter().map(|id| (UserId(*id), Patch::default())).collect();
        engine.writer.commit(Transaction { patches, ..Transaction::default() }.imported())?;
    }
    for group in ids.chunks(GROUP) {
        let events = group.iter().map(|id| exposed(*id)).collect();
        engine.writer.commit(Transaction::events(events))?;
    }
    for group in ids.chunks(GROUP * 20) {
        let events = group.iter().step_by(20).map(|id| paid(*id)).collect();
        engine.writer.commit(Transaction::events(events))?;
    }
    Ok(())
}

fn exposed(id: i64) -> Event {
    let name = Trace::Exposed("text").name();
    let variant = ["control", "short", "control", "long", "short"][id as usize % 5];
    let properties = vec![
        (VARIANT.into(), Value::text(variant)),
        (EXPERIMENT_VERSION.into(), Value::Int(1)),
        (RULEBOOK.into(), Value::text("book")),
        (LEDGER.into(), Value::Int(1)),
    ];
    Event { id: format!("{name}:1").into(), user: UserId(id), name, at: NOW, properties }
}

fn paid(id: i64) -> Event {
    let properties = vec![("rub".into(), Value::Money(30_000))];
    Event { id: "paid".into(), user: UserId(id), name: "payment".into(), at: NOW + TimeDelta::hours(20), properties }
}

/// The median of some rounds, in seconds.
fn median(work: impl Fn() -> usize) -> f64 {
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            black_box(work());
            begun.elapsed().as_secs_f64()
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds[ROUNDS / 2]
}
