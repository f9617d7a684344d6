//! What rules, drips and scripts cost.
//!
//! * `cargo bench --bench automation -- events`: events a second through the
//!   durable path, with the sample's rules and drips acting, beside the same
//!   events under the same fields and segments without a rule.
//! * `-- timers`: with a million people in a drip, how many waits a second end
//!   and are followed by the next step, its message included.
//! * `-- scripts`: a script's action beside the same written in YAML.
//!
//! Without a name all of them. Both sides of each run in this process.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use vestnik::clock::ManualClock;
use vestnik::engine::Engine;
use vestnik::model::{Clock, Event, Patch, Profile, Time, TimeDelta, UserId, Value};
use vestnik::rulebook::{Action, Files, Live, Rulebook, load_files, sample};
use vestnik::store::sled::SledStore;
use vestnik::store::{Store, Transaction};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// 5 January 2026, noon in UTC: a Monday.
const NOW: Time = Time(1_767_614_400_000);
const USERS: i64 = 20_000;
const EVENTS: usize = 40_000;
const ROUNDS: usize = 3;
const CROWD: i64 = 1_000_000;
const GROUP: usize = 1_000;

const DRIP: &str = "\
events: {begun: {}}
drips:
  first_days:
    when: event begun
    exit if: paid_count > 0
    steps:
      - wait: 1 day
      - mark: {tag: second_day}
      - hello: {send: vip_thanks}
      - wait: 1 day
      - last: {send: win_back}
";

const SCRIPT: &str = "\
fn reward(user, args) {
    set(\"balance\", user.balance + args.n);
    tag(\"rewarded\");
}
";
const SCRIPTED: &str = "\
events: {begun: {}}
rules:
  yaml: {when: event begun, then: [{set: {balance: balance + 3}}, {tag: rewarded}]}
  rhai: {when: event begun, then: [{run: {script: \"reward.rhai:reward\", args: {n: 3}}}]}
";

fn main() -> Outcome<()> {
    let names: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |name: &str| names.is_empty() || names.iter().any(|known| known == name);
    if wanted("events") {
        events()?;
    }
    if wanted("timers") {
        timers()?;
    }
    if wanted("scripts") {
        scripts()?;
    }
    Ok(())
}

/// The core of the sample: fields, segments and two templates; and more.
fn rulebook(is_whole: bool, more: &[(&str, &str)]) -> Outcome<Arc<Rulebook>> {
    let core = ["vestnik", "profile", "segments", "subscription", "win_back", "vip_thanks", "lifecycle"];
    let is_core = |path: &str| {
        let stem = path.rsplit('/').next().and_then(|name| name.split('.').next()).unwrap_or_default();
        core.contains(&stem)
    };
    let files = sample::FILES.iter().copied().filter(|(path, _)| is_whole || is_core(path));
    let loaded = load_files(&Files::from_list(files.chain(more.iter().copied())));
    loaded.rulebook.ok_or_else(|| "the rules of the benchmark are wrong".into())
}

fn engine(folder: &Path, rulebook: &Arc<Rulebook>) -> Outcome<(Engine, Arc<ManualClock>)> {
    let clock = Arc::new(ManualClock::new(NOW));
    let store: Arc<dyn Store> = Arc::new(SledStore::open(folder)?);
    let live = Arc::new(Live::fixed(folder, rulebook.clone(), clock.clone()));
    let engine = Engine::new(folder.to_owned(), live, store, clock.clone())?;
    engine.act();
    engine.audience()?;
    Ok((engine, clock))
}

fn people(engine: &Engine, count: i64) -> Outcome<()> {
    let ids: Vec<i64> = (1..=count).collect();
    for part in ids.chunks(20_000) {
        let patch = |id: &i64| (UserId(*id), Patch::default().with("balance", Value::Int(id % 90)));
        let patches = part.iter().map(patch).collect();
        engine.writer.commit(Transaction { patches, ..Transaction::default() }.imported())?;
    }
    Ok(())
}

fn event(number: usize, name: &str) -> Event {
    let user = UserId(1 + (number as i64 * 7_919) % USERS);
    let properties = if name == "payment" { vec![("rub".into(), Value::Money(30_000))] } else { Vec::new() };
    Event { id: format!("e{number}").into(), user, name: name.into(), at: NOW, properties }
}

fn events() -> Outcome<()> {
    let (bare, whole) = (rulebook(false, &[])?, rulebook(true, &[])?);
    let mut rates = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (rulebook, rates) in [&bare, &whole].into_iter().zip(&mut rates) {
            let folder = tempfile::tempdir()?;
            let (engine, _) = engine(folder.path(), rulebook)?;
            people(&engine, USERS)?;
            let kinds = ["app_opened", "app_opened", "app_opened", "payment", "trial_started"];
            let all: Vec<Event> = (0..EVENTS).map(|n| event(n, kinds[n % kinds.len()])).collect();
            let begun = Instant::now();
            for group in all.chunks(GROUP) {
                engine.writer.commit(Transaction::events(group.to_vec()))?;
            }
            rates.push(EVENTS as f64 / begun.elapsed().as_secs_f64());
            engine.stop();
        }
    }
    let [without, with] = rates.map(median);
    println!("events, durable, {EVENTS} in groups of {GROUP}, median of {ROUNDS} rounds:");
    println!("  fields and segments alone       {without:9.0} events/s");
    println!("  with the sample's rules, drips  {with:9.0} events/s");
    println!("  ratio                           {:9.2}", with / without);
    Ok(())
}

fn timers() -> Outcome<()> {
    let rulebook = rulebook(false, &[("rules/drip.yaml", DRIP)])?;
    let folder = tempfile::tempdir()?;
    let (engine, clock) = engine(folder.path(), &rulebook)?;
    people(&engine, CROWD)?;
    let before = resident();
    let begun = Instant::now();
    let ids: Vec<i64> = (1..=CROWD).collect();
    for group in ids.chunks(GROUP) {
        let event = |id: &i64| Event { id: "b".into(), user: UserId(*id), ..event(0, "begun") };
        engine.writer.commit(Transaction::events(group.iter().map(event).collect()))?;
    }
    let entering = CROWD as f64 / begun.elapsed().as_secs_f64();
    println!("a drip with {CROWD} people:");
    println!("  entering                        {entering:9.0} people/s");
    println!("  memory of {CROWD} in flight     {:9.0} MiB more", (resident() - before) / 1_048_576.0);
    clock.advance(TimeDelta::days(1));
    let begun = Instant::now();
    engine.follow_clock()?;
    let rate = CROWD as f64 / begun.elapsed().as_secs_f64();
    println!("  waits that end, with two steps  {rate:9.0} people/s");
    engine.stop();
    drop(engine);
    let (store, live) =
        (Arc::new(SledStore::open(folder.path())?), Live::fixed(folder.path(), rulebook, clock.clone()));
    let begun = Instant::now();
    let engine = Engine::new(folder.path().to_owned(), Arc::new(live), store, clock.clone())?;
    engine.act();
    engine.audience()?;
    println!("  starting again                  {:9.1} s", begun.elapsed().as_secs_f64());
    engine.stop();
    let _ = clock.now();
    Ok(())
}

fn scripts() -> Outcome<()> {
    let rulebook = rulebook(false, &[("rules/s.yaml", SCRIPTED), ("rules/reward.rhai", SCRIPT)])?;
    let mut profile = Profile::new(&rulebook.schema, UserId(1));
    let balance = rulebook.schema.find("balance").ok_or("no balance")?;
    profile.set(&rulebook.schema, balance, Value::Int(5));
    let view = rulebook.view(&profile, NOW);
    let cost = |work: &dyn Fn() -> usize| {
        let rounds: Vec<f64> = (0..11)
            .map(|_| {
                let begun = Instant::now();
                let done: usize = (0..2_000).map(|_| work()).sum();
                assert_eq!(done, 4_000, "two effects each");
                begun.elapsed().as_nanos() as f64 / 2_000.0
            })
            .collect();
        median(rounds)
    };
    let then = |name: &str| rulebook.rules.iter().find(|rule| rule.name == name).map(|rule| rule.then.as_slice());
    let (yaml, rhai) = (then("yaml").ok_or("no rule")?, then("rhai").ok_or("no rule")?);
    let hours = || 10;
    let situation = vestnik::engine::decide::Situation { rulebook: &rulebook, row: &view, hours: &hours };
    let written = cost(&|| vestnik::engine::decide::effects(yaml, &situation).0.len());
    let Some(Action::Run(run)) = rhai.first() else { return Err("no script".into()) };
    let scripted = cost(&|| rulebook.act(run, &view).map_or(0, |effects| effects.len()));
    println!("an action that sets a field and a tag, median of 11 rounds:");
    println!("  in YAML                         {written:9.0} ns");
    println!("  in Rhai                         {scripted:9.0} ns");
    println!("  ratio                           {:9.1}", scripted / written);
    Ok(())
}

fn median(mut list: Vec<f64>) -> f64 {
    list.sort_by(f64::total_cmp);
    list[list.len() / 2]
}

/// Bytes of memory that the process holds.
fn resident() -> f64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split_whitespace().nth(1).and_then(|pages| pages.parse::<f64>().ok()).unwrap_or(0.0) * 4_096.0
}
