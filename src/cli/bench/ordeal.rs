//! The soak itself: a project, a Bot API that fails, and an engine that is
//! started and killed until the broadcast is finished.
//!
//! The moments of death are counts of messages that the Bot API has taken,
//! drawn from the seed, so that the engine dies in the midst of its work and
//! not in a pause between.

use super::judge::{Evidence, Fate, Kill, Policy, Row, Standing};
use crate::cli::context::Failure;
use crate::clock::SystemClock;
use crate::engine::Engine;
use crate::engine::broadcast::{Again, RunState};
use crate::engine::command::{Reply, Request};
use crate::import::generate::{SAMPLE_NOW, fill};
use crate::interface::control;
use crate::model::{Reach, Text, TimeDelta, UserId};
use crate::outbox::{Cause, Counts, FailureKind, Ledger, SkipReason, State, rows};
use crate::rulebook::Live;
use crate::sandbox::{
    ChatState, Counters, DEFAULT_TOKEN, Fault, FaultEffect, Running, Sandbox, SandboxOptions, Script, Shares,
};
use crate::store::sled::SledStore;
use crate::store::{Journal, Profiles, Store, Writer};
use std::collections::HashSet;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Everything that takes part.
pub struct Ordeal {
    runtime: Runtime,
    running: Running,
    folder: Folder,
    live: Arc<Live>,
    recipients: u64,
    seed: u64,
    policy: Policy,
    kills: Vec<Kill>,
}

/// The project's folder, removed at the end unless it is kept.
struct Folder {
    path: PathBuf,
    is_kept: bool,
}

/// The engine as a process of its own; killed when it is dropped.
struct Process(Child);

/// The broadcast, and who cannot be reached.
const BROADCAST: &str = "everybody";
const SHARES: Shares = Shares { blocked: 0.03, deactivated: 0.0, never_started: 0.0, migrated: 0.005 };
/// How long nothing may happen before the soak gives up.
const PATIENCE: Duration = Duration::from_secs(120);
/// After so long without a message it asks whether there is anything left.
const QUIET: Duration = Duration::from_secs(1);
/// How often it looks.
const PAUSE: Duration = Duration::from_millis(50);

impl Ordeal {
    /// Makes the project, imports its users, starts the Bot API with its
    /// faults, and takes the snapshot of the audience.
    pub fn prepare(recipients: u64, seed: u64, policy: Policy, keep: Option<&Path>) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let script = Script { seed: Some(seed), states: SHARES, faults: Vec::new() };
        let options = SandboxOptions { seed, script: Some(script), keep_bodies: 1_000, ..SandboxOptions::default() };
        let running = runtime.block_on(Sandbox::start(options))?;
        let folder = Folder::make(keep)?;
        write_project(&folder.path, &running.url(), policy)?;
        let clock = Arc::new(SystemClock::new());
        let live = Arc::new(Live::open(&folder.path, clock.clone())?);
        let store: Arc<dyn Store> = Arc::new(SledStore::open(folder.data())?);
        let writer = Writer::spawn(&Journal::open(store.clone())?)?;
        let report = fill(recipients, seed, SAMPLE_NOW, &live.current().schema.clone(), &writer, &mut |_| {});
        writer.close();
        report.map_err(|error| Failure::new(error.text()))?;
        let engine = Engine::new(folder.path.clone(), live.clone(), store, clock)?;
        let request = Request::Start { name: BROADCAST.to_owned(), again: Again::Refuse };
        let started = engine.execute(request, &mut |_| {});
        engine.stop();
        started.map_err(|error| Failure::new(error.text()))?;
        Ok(Self { runtime, running, folder, live, recipients, seed, policy, kills: Vec::new() })
    }

    /// Lets the engine work and kills it so often; then lets it finish. Answers
    /// how long all that took.
    pub fn endure(&mut self, kills: u32, say: &dyn Fn(Text)) -> Result<Duration, Failure> {
        faults().into_iter().for_each(|fault| self.sandbox().add_fault(fault));
        let begun = Instant::now();
        for (number, at) in (1..).zip(moments(self.recipients, kills, self.seed)) {
            let mut process = self.start()?;
            let at = at.max(self.sandbox().accepted() + 1);
            if !self.wait_for(at, &mut process)? {
                break;
            }
            process.kill()?;
            let accepted = self.sandbox().accepted();
            let leased = self.leased()?;
            self.kills.push(Kill { accepted, leased });
            say(Text::new(
                format!("kill {number} of {kills}: {accepted} messages accepted, {leased} under way"),
                format!("убийство {number} из {kills}: сообщений принято {accepted}, в пути {leased}"),
            ));
        }
        let mut process = self.start()?;
        self.wait_until_finished(&mut process)?;
        let took = begun.elapsed();
        process.end()?;
        Ok(took)
    }

    /// What both sides know afterwards.
    pub fn evidence(&self) -> Result<Evidence, Failure> {
        let store: Arc<dyn Store> = Arc::new(SledStore::open(self.folder.data())?);
        let blocked = self.marked_as_blocked(&store)?;
        let (mut received, lost) = (self.sandbox().counts(), self.sandbox().lost());
        let ledger = self.ledger(&*store)?;
        let mut all = Vec::new();
        rows(&*store, &ledger, |_, UserId(user), state| {
            let fate = match SHARES.state(self.seed, user) {
                ChatState::Migrated(to) => Fate::Moved { to },
                ChatState::Active => Fate::Reachable,
                ChatState::Blocked | ChatState::Deactivated | ChatState::NeverStarted | ChatState::Unknown => {
                    Fate::Blocked
                }
            };
            let goal = if let Fate::Moved { to } = fate { to } else { user };
            all.push(Row {
                fate,
                standing: standing(state),
                received: received.remove(&goal).unwrap_or(0),
                lost: lost.get(&goal).copied().unwrap_or(0),
                marked_blocked: blocked.contains(&user),
            });
        })?;
        let faults = self.sandbox().faults();
        let cut = faults.iter().filter(|(fault, _)| fault.effect == FaultEffect::DropAfter).map(|(_, hits)| *hits);
        Ok(Evidence {
            policy: self.policy,
            recipients: self.recipients,
            rows: all,
            kills: self.kills.clone(),
            cut: cut.sum(),
            elsewhere: received.values().map(|count| u64::from(*count)).sum(),
        })
    }

    /// The faults with the number of requests that each has hit.
    pub fn faults(&self) -> Vec<(Fault, u64)> {
        self.sandbox().faults()
    }

    /// What the Bot API has counted.
    pub fn counters(&self) -> Counters {
        self.sandbox().counters()
    }

    fn sandbox(&self) -> &Sandbox {
        self.running.sandbox()
    }

    fn start(&self) -> Result<Process, Failure> {
        let log = File::options().create(true).append(true).open(self.folder.path.join("engine.log"))?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("run").arg("--project").arg(&self.folder.path).env("TELEGRAM_TOKEN", DEFAULT_TOKEN);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        Ok(Process(command.spawn()?))
    }

    /// Waits until so many messages are accepted; false if the broadcast is
    /// finished with fewer.
    fn wait_for(&self, accepted: u64, process: &mut Process) -> Result<bool, Failure> {
        let mut news = (self.sandbox().accepted(), Instant::now());
        loop {
            let reached = async { tokio::time::timeout(PAUSE, self.sandbox().wait_accepted(accepted)).await.is_ok() };
            if self.runtime.block_on(reached) {
                return Ok(true);
            }
            self.still_goes_on(process, &mut news)?;
            if news.1.elapsed() > QUIET && self.is_finished() {
                return Ok(false);
            }
        }
    }

    /// Waits until the engine says that the broadcast is finished.
    fn wait_until_finished(&self, process: &mut Process) -> Result<(), Failure> {
        let mut news = (self.sandbox().accepted(), Instant::now());
        while !self.is_finished() {
            self.still_goes_on(process, &mut news)?;
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn is_finished(&self) -> bool {
        let request = Request::Broadcasts { name: Some(BROADCAST.to_owned()) };
        match control::ask(&self.folder.data(), &request, &mut |_| {}) {
            Some(Ok(Ok(Reply::Broadcasts(all)))) => {
                all.iter().any(|one| one.run.as_ref().is_some_and(|run| run.state == RunState::Finished))
            }
            _ => false,
        }
    }

    /// Gives up on an engine that has ended by itself, or that does nothing.
    fn still_goes_on(&self, process: &mut Process, news: &mut (u64, Instant)) -> Result<(), Failure> {
        let log = self.folder.path.join("engine.log");
        if let Some(status) = process.0.try_wait()? {
            let end = tail(&log);
            return Err(Failure::new(Text::new(
                format!("the engine has ended by itself ({status}):\n{end}"),
                format!("движок завершился сам ({status}):\n{end}"),
            )));
        }
        let accepted = self.sandbox().accepted();
        if accepted != news.0 {
            *news = (accepted, Instant::now());
        }
        if news.1.elapsed() > PATIENCE {
            let end = tail(&log);
            return Err(Failure::new(Text::new(
                format!("nothing was sent for two minutes, after {accepted} messages:\n{end}"),
                format!("две минуты ничего не отправлялось, после {accepted} сообщений:\n{end}"),
            )));
        }
        Ok(())
    }

    /// Rows that a dead engine has left leased.
    fn leased(&self) -> Result<u32, Failure> {
        let store = SledStore::open(self.folder.data())?;
        let ledger = self.ledger(&store)?;
        Ok(Counts::read(&store, &ledger)?.leased)
    }

    fn ledger(&self, store: &dyn Store) -> Result<Ledger, Failure> {
        let ours = |ledger: &Ledger| matches!(&ledger.cause, Cause::Broadcast { name, .. } if name == BROADCAST);
        let found = Ledger::read_all(store)?.into_iter().rfind(ours);
        found.ok_or_else(|| {
            Failure::new(Text::new("the broadcast has left no rows", "от рассылки не осталось ни строки"))
        })
    }

    fn marked_as_blocked(&self, store: &Arc<dyn Store>) -> Result<HashSet<i64>, Failure> {
        let mut blocked = HashSet::new();
        Profiles::new(&Journal::open(store.clone())?).for_each(&self.live.current().schema, |profile| {
            if profile.reach() == Reach::Blocked {
                blocked.insert(profile.user().0);
            }
            ControlFlow::Continue(())
        })?;
        Ok(blocked)
    }
}

impl Folder {
    /// A new folder: the one that is to be kept, or a temporary one.
    fn make(keep: Option<&Path>) -> Result<Self, Failure> {
        let path = match keep {
            Some(path) => path.to_owned(),
            None => std::env::temp_dir().join(format!("vestnik-soak-{}", std::process::id())),
        };
        if path.exists() {
            let shown = path.display();
            return Err(Failure::new(Text::new(
                format!("{shown} is here already: choose another folder"),
                format!("{shown} уже есть: выберите другую папку"),
            )));
        }
        std::fs::create_dir_all(&path)?;
        Ok(Self { path: path.canonicalize()?, is_kept: keep.is_some() })
    }

    fn data(&self) -> PathBuf {
        self.path.join("data")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.is_kept {
            drop(std::fs::remove_dir_all(&self.path));
        }
    }
}

impl Process {
    /// SIGKILL, and the certainty that it is dead.
    fn kill(&mut self) -> Result<(), Failure> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }

    /// SIGTERM, and the time to end in order.
    fn end(mut self) -> Result<(), Failure> {
        let id = self.0.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().is_ok_and(|status| status.success());
        let begun = Instant::now();
        while told && begun.elapsed() < PATIENCE {
            if self.0.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(PAUSE);
        }
        self.kill()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.kill());
    }
}

/// What goes wrong besides: a server that restarts, lost answers, storms.
fn faults() -> Vec<Fault> {
    let every = |effect| Fault::every("sendMessage", effect);
    let storm = every(FaultEffect::TooManyRequests { retry_after: 1 });
    let storm = storm.in_storms(TimeDelta::seconds(6), TimeDelta::millis(500));
    vec![
        every(FaultEffect::ServerError).with_probability(0.02),
        every(FaultEffect::DropAfter).with_probability(0.01),
        Fault { from: Some(TimeDelta::seconds(1)), ..storm },
    ]
}

/// When the engine dies: counts of accepted messages in order, within nine
/// tenths of those that are sure to be accepted whatever the deaths cost.
fn moments(recipients: u64, kills: u32, seed: u64) -> Vec<u64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut draw = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let sure = (recipients * 95 / 100).saturating_sub(300 * u64::from(kills)).max(recipients / 4);
    let mut moments: Vec<u64> = (0..kills).map(|_| 1 + draw() % (sure * 9 / 10).max(1)).collect();
    moments.sort_unstable();
    moments
}

fn standing(state: &State) -> Standing {
    match state {
        State::Sent { .. } | State::SentMany { .. } => Standing::Sent,
        State::InDoubt { .. } => Standing::InDoubt,
        State::Failed { failure, .. } if failure.kind == FailureKind::Blocked => Standing::Blocked,
        State::Skipped { reason: SkipReason::Blocked, .. } => Standing::Blocked,
        State::Failed { .. }
        | State::Skipped { .. }
        | State::Queued { .. }
        | State::Deferred { .. }
        | State::Leased { .. } => Standing::Other,
    }
}

fn write_project(folder: &Path, url: &str, policy: Policy) -> Result<(), Failure> {
    let settings =
        format!("language: en\ntelegram: {{api_url: \"{url}\"}}\nlimits: {{bot: off, chat: off, group: off}}\n");
    let in_doubt = match policy {
        Policy::Skip => "skip",
        Policy::Resend => "resend",
    };
    let rules = format!(
        "segments: {{all: true}}\nbroadcasts: {{{BROADCAST}: {{to: segment(all), send: hello, in_doubt: {in_doubt}}}}}\n"
    );
    for (path, text) in [
        ("vestnik.yaml", settings.as_str()),
        ("rules/all.yaml", rules.as_str()),
        ("templates/hello.txt", "hello {{ user.id }}\n"),
    ] {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, text)?;
    }
    Ok(())
}

/// The end of the engine's log.
fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::moments;

    #[test]
    fn deaths_are_in_order_and_of_the_seed() {
        let first = moments(10_000, 20, 1);
        assert!(first.is_sorted() && first.len() == 20 && first.iter().all(|at| (1..=3_150).contains(at)), "{first:?}");
        assert_eq!(first, moments(10_000, 20, 1));
        assert_ne!(first, moments(10_000, 20, 2));
        assert_eq!(moments(1, 2, 1), [1, 1]);
    }
}
