//! How many updates of Telegram's a second are handled for good: stored, read,
//! judged by rules and removed, on disk.
//!
//! `cargo bench --bench updates` gives `UPDATES` texts (20,000 unless set in the
//! environment) to the bot's dispatcher in lots of 100, as polling does, and
//! prints, measured in this one run: all of them from one chat, which go one
//! after another, each with a flush of its own; and from 1,000 chats, those that
//! finish together sharing a flush. Each update is counted at the end.

use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;
use vestnik::clock::SystemClock;
use vestnik::engine::Engine;
use vestnik::interface::bot::{Me, dispatch};
use vestnik::model::{Clock, UserId};
use vestnik::outbox::Client;
use vestnik::rulebook::Live;
use vestnik::store::sled::SledStore;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const UPDATES: i64 = 20_000;
const ROUNDS: usize = 3;
/// Updates of one answer to `getUpdates`.
const LOT: usize = 100;
const RULES: &str = "\
profile: {visits: int}
rules:
  counted: {when: event message, then: [{add: {visits: 1}}]}
  greeted: {when: text \"^hello\", if: visits > 10, then: [{tag: talks}]}
";

fn main() -> Outcome<()> {
    let updates = std::env::var("UPDATES").ok().and_then(|n| n.parse().ok()).unwrap_or(UPDATES);
    let mut rates: [Vec<f64>; 2] = Default::default();
    for _ in 0..ROUNDS {
        for (chats, rates) in [1, 1_000].into_iter().zip(&mut rates) {
            rates.push(handled(updates, chats)?);
        }
    }
    let [one, many] = rates.map(median);
    println!("updates/s, {updates} a round, medians of {ROUNDS} rounds");
    println!("  from one chat                   {one:>10.0}");
    println!("  from 1,000 chats                {many:>10.0}   ratio {:>6.1}", many / one);
    Ok(())
}

/// Updates a second.
fn handled(updates: i64, chats: i64) -> Outcome<f64> {
    let folder = tempfile::tempdir()?;
    std::fs::create_dir(folder.path().join("rules"))?;
    std::fs::write(folder.path().join("vestnik.yaml"), "language: en\n")?;
    std::fs::write(folder.path().join("rules/all.yaml"), RULES)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let live = Arc::new(Live::open(folder.path(), clock.clone()).map_err(|error| error.to_string())?);
    let store = Arc::new(SledStore::open(folder.path().join("data"))?);
    let engine = Arc::new(Engine::new(folder.path().to_owned(), live, store, clock)?);
    engine.act();
    engine.audience()?;
    let client = Client::new("http://127.0.0.1:1", "1:A")?;
    let texts: Vec<Value> = (0..updates).map(|n| says(n + 1, n % chats + 1)).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (intake, dispatcher) = dispatch::open(&engine, &client, Me { username: "bench".to_owned() });
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let task = runtime.spawn(dispatcher.run(stopped));
    let begun = Instant::now();
    for lot in texts.chunks(LOT) {
        runtime.block_on(intake.accept(lot))?;
    }
    while left(&engine)? > 0 {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let took = begun.elapsed();
    stop.send(true)?;
    runtime.block_on(task)??;
    let counted = (1..=chats).map(|user| visits(&engine, user)).sum::<Outcome<i64>>()?;
    assert_eq!(counted, updates, "each update counts once");
    engine.stop();
    Ok(updates as f64 / took.as_secs_f64())
}

fn says(update: i64, user: i64) -> Value {
    let who = json!({"id": user, "is_bot": false, "first_name": "A"});
    let chat = json!({"id": user, "type": "private", "first_name": "A"});
    let message =
        json!({"message_id": update, "date": 1_772_348_400, "chat": chat, "from": who, "text": "hello there"});
    json!({"update_id": update, "message": message})
}

fn left(engine: &Engine) -> Outcome<usize> {
    let mut left = 0;
    engine.each_pending_update(|_, _| left += 1)?;
    Ok(left)
}

fn visits(engine: &Engine, user: i64) -> Outcome<i64> {
    let schema = engine.live.current().schema.clone();
    let profile = engine.profiles.get(UserId(user), &schema)?.ok_or("a user is not there")?;
    match schema.find("visits").map(|field| profile.get(field).clone()) {
        Some(vestnik::model::Value::Int(visits)) => Ok(visits),
        other => Err(format!("{other:?}").into()),
    }
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_unstable_by(f64::total_cmp);
    rates[rates.len() / 2]
}
