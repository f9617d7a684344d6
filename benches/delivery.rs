//! How fast messages go through the whole path, and how much of an allowed
//! rate is used.
//!
//! `cargo bench --bench delivery` prints these figures, or those that are named
//! behind `--`; where two sides are compared, both are measured in this one run:
//!
//! * `unlimited`: a broadcast from profiles in the store through gates,
//!   template, durable leases and settles to the sandbox, against a loop that
//!   posts the same messages with plain reqwest and keeps nothing; medians of
//!   alternating rounds;
//! * `paced`: a minute of a broadcast against a sandbox that enforces Telegram's
//!   limits, the share of the allowed rate that was used, counted by the
//!   sandbox, and its count of refusals and of violations; beside it the usual
//!   recipe, ten at once and then a second's sleep;
//! * `fast`: the same at 1,000 a second, without the recipe;
//! * `queued`: starting a broadcast to a million recipients, and what they take
//!   in memory while they wait.
//!
//! The sandbox runs in the same process, so both sides share the cores with it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use vestnik::app::{App, AppOptions};
use vestnik::clock::SystemClock;
use vestnik::engine::broadcast::{Again, RunState};
use vestnik::import::generate::{SAMPLE_NOW, fill};
use vestnik::model::Clock;
use vestnik::outbox::Client;
use vestnik::rulebook::Live;
use vestnik::sandbox::{DEFAULT_TOKEN, Limits, Rates, Running, Sandbox, SandboxOptions};
use vestnik::store::sled::SledStore;
use vestnik::store::{Journal, Store, Writer};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const MESSAGES: u64 = 20_000;
const ROUNDS: usize = 5;
const IN_FLIGHT: usize = 64;
const PACED: u64 = 1_800;
const FAST: u32 = 1_000;
const BATCHES: u64 = 20;
const QUEUED: u64 = 1_000_000;

fn main() -> Outcome<()> {
    let named: Vec<String> = std::env::args().skip(1).filter(|name| !name.starts_with('-')).collect();
    let wanted = |name: &str| named.is_empty() || named.iter().any(|known| known == name);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        if wanted("unlimited") {
            unlimited().await?;
        }
        if wanted("paced") {
            paced(30, Limits::Telegram, PACED).await?;
            recipe().await?;
        }
        if wanted("fast") {
            let rates = Rates { per_second: FAST, burst: FAST, chat_per_second: 0, ..Rates::telegram() };
            paced(FAST, Limits::Custom(rates), u64::from(FAST) * 60).await?;
        }
        if wanted("queued") {
            queued().await?;
        }
        Ok(())
    })
}

async fn unlimited() -> Outcome<()> {
    let (mut plain, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        plain.push(plain_round().await?);
        whole.push(broadcast_round().await?);
    }
    let (plain, whole) = (median(plain), median(whole));
    println!("limits off, {MESSAGES} messages, median of {ROUNDS} rounds:");
    println!("  plain reqwest, {IN_FLIGHT} in flight     {plain:>8.0} messages/s");
    println!("  broadcast, durable, whole path  {whole:>8.0} messages/s");
    println!("  ratio                           {:>8.2}", whole / plain);
    Ok(())
}

/// Messages a second of a loop that posts and forgets.
async fn plain_round() -> Outcome<f64> {
    let running = sandbox(Limits::Off).await?;
    let url = format!("{}/bot{DEFAULT_TOKEN}/sendMessage", running.url());
    let http = reqwest::Client::builder().pool_max_idle_per_host(300).tcp_nodelay(true).no_proxy().build()?;
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for chat in 1..=MESSAGES {
        if tasks.len() >= IN_FLIGHT
            && let Some(answer) = tasks.join_next().await
        {
            answer??;
        }
        let request = http.post(&url).json(&serde_json::json!({"chat_id": chat, "text": format!("hello {chat}")}));
        tasks.spawn(async move { request.send().await?.bytes().await });
    }
    while let Some(answer) = tasks.join_next().await {
        answer??;
    }
    let seconds = begun.elapsed().as_secs_f64();
    assert_eq!(running.sandbox().accepted(), MESSAGES);
    Ok(MESSAGES as f64 / seconds)
}

/// Messages a second of a broadcast to as many users.
async fn broadcast_round() -> Outcome<f64> {
    let running = sandbox(Limits::Off).await?;
    let folder = tempfile::tempdir()?;
    let app = engine(folder.path(), &running, MESSAGES, "off").await?;
    let begun = Instant::now();
    send(&app).await?;
    let seconds = begun.elapsed().as_secs_f64();
    assert_eq!(running.sandbox().accepted(), MESSAGES);
    app.stop().await;
    Ok(MESSAGES as f64 / seconds)
}

/// A broadcast of so many messages at `limit` a second.
async fn paced(limit: u32, limits: Limits, messages: u64) -> Outcome<()> {
    let running = sandbox(limits).await?;
    let folder = tempfile::tempdir()?;
    let app = engine(folder.path(), &running, messages, &format!("{limit} per second")).await?;
    send(&app).await?;
    app.stop().await;
    let times: Vec<_> = running.sandbox().ledger(0, usize::MAX).iter().map(|entry| entry.at).collect();
    let span = times.iter().max().zip(times.iter().min()).map_or(0, |(last, first)| last - first) as f64 / 1_000.0;
    let rate = (times.len() - 1) as f64 / span;
    let counters = running.sandbox().counters();
    println!("{limit} a second, {} messages in {span:.1} s, counted by the sandbox:", times.len());
    println!("  rate                            {rate:>8.2} messages/s");
    println!("  share of the allowed rate       {:>8.2} %", rate * 100.0 / f64::from(limit));
    println!("  busiest second                  {:>8}", counters.max_per_second);
    println!("  refused with 429                {:>8}", counters.too_many);
    println!("  violations                      {:>8}", counters.violations);
    Ok(())
}

/// Ten messages at once and a second's sleep, for twenty seconds.
async fn recipe() -> Outcome<()> {
    let running = sandbox(Limits::Telegram).await?;
    let url = format!("{}/bot{DEFAULT_TOKEN}/sendMessage", running.url());
    let http = reqwest::Client::builder().tcp_nodelay(true).no_proxy().build()?;
    let begun = Instant::now();
    for batch in 0..BATCHES {
        let chats = batch * 10 + 1..=batch * 10 + 10;
        let post = |chat: u64| http.post(&url).json(&serde_json::json!({"chat_id": chat, "text": "hello"})).send();
        let mut tasks: JoinSet<_> = chats.map(post).collect();
        while let Some(answer) = tasks.join_next().await {
            answer??.bytes().await?;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let rate = (BATCHES * 10) as f64 / begun.elapsed().as_secs_f64();
    println!("ten at once, then a second's sleep:");
    println!("  rate                            {rate:>8.2} messages/s");
    println!("  share of the allowed rate       {:>8.2} %", rate * 100.0 / 30.0);
    Ok(())
}

/// A broadcast to a million people that cannot go out yet.
async fn queued() -> Outcome<()> {
    let running = sandbox(Limits::Off).await?;
    let folder = tempfile::tempdir()?;
    let app = engine(folder.path(), &running, QUEUED, "1 per hour").await?;
    let before = resident()?;
    let begun = Instant::now();
    let run = app.engine.start_broadcast("everybody", Again::Refuse)?;
    let took = begun.elapsed().as_secs_f64();
    println!("{} recipients:", run.total);
    println!("  audience chosen and every row durable in {took:.2} s, {:.0} rows/s", f64::from(run.total) / took);
    println!("  memory before                   {before:>8.1} MiB");
    println!("  memory with all of them queued  {:>8.1} MiB", resident()?);
    app.stop().await;
    Ok(())
}

/// Resident memory of this process in MiB.
fn resident() -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1_024.0)
}

async fn sandbox(limits: Limits) -> Outcome<Running> {
    Ok(Sandbox::start(SandboxOptions { limits, ..SandboxOptions::default() }).await?)
}

/// A running engine with `users` users and a broadcast to all of them.
async fn engine(folder: &Path, running: &Running, users: u64, bot: &str) -> Outcome<App> {
    std::fs::create_dir(folder.join("rules"))?;
    std::fs::create_dir(folder.join("templates"))?;
    for (path, text) in [
        ("vestnik.yaml", format!("language: en\nlimits: {{bot: {bot}, chat: off, group: off}}\n")),
        ("rules/all.yaml", "segments: {all: true}\nbroadcasts: {everybody: {to: segment(all), send: hello}}\n".into()),
        ("templates/hello.txt", "hello {{ user.id }}\n".into()),
    ] {
        std::fs::write(folder.join(path), text)?;
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let live = Arc::new(Live::open(folder, clock.clone())?);
    let data = folder.join("data");
    let store: Arc<dyn Store> = Arc::new(SledStore::open(&data)?);
    let writer = Writer::spawn(&Journal::open(store.clone())?)?;
    fill(users, 7, SAMPLE_NOW, &live.current().schema, &writer, &mut |_| {})?;
    writer.close();
    let client = Client::new(&running.url(), DEFAULT_TOKEN)?;
    let project = folder.to_owned();
    Ok(App::start(AppOptions { project, data, live, store, clock, client, on_reload: Box::new(|_, _| {}) })?)
}

async fn send(app: &App) -> Outcome<()> {
    app.engine.start_broadcast("everybody", Again::Refuse)?;
    loop {
        let status = app.engine.broadcast_status(Some("everybody"))?;
        if status.iter().filter_map(|s| s.run.as_ref()).any(|run| run.state == RunState::Finished) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
