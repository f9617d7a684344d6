//! Starting, steering and counting broadcasts.
//!
//! Starting takes a snapshot of the audience: one row per recipient, keyed by
//! (broadcast, occurrence, user), all of them durable before the run's head
//! says `running`. A process that dies in between leaves a run that is still
//! `preparing`, which the next start of the outbox removes; so a started
//! broadcast has all its rows, and one that was not acknowledged has none.

use super::{Engine, EngineError};
use crate::model::{Text, Time, UserId};
use crate::outbox::{
    CHUNK_ROWS, Cause, Counts, InDoubtPolicy, Lane, Ledger, LedgerId, LedgerStatus, OutboxStatus, PausedBy, Rails,
    Recipients, stage,
};
use crate::rulebook::{Broadcast, Rulebook};
use crate::store::{Batch, Transaction};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// A run's head and its rows by state.
type Run = (Ledger, Counts);

/// Chunks written with one flush while a run is prepared.
const CHUNKS_PER_BATCH: usize = 64;

/// A broadcast of the rulebook or of the past, with its latest run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BroadcastStatus {
    /// The name in rule files.
    pub name: String,
    /// Whether the rulebook in force has it.
    pub defined: bool,
    /// The latest run, if there was one.
    pub run: Option<RunReport>,
}

/// One run of a broadcast in figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// Which run of it, from 1.
    pub occurrence: u32,
    /// `running`, `paused`, `cancelled` or `finished`.
    pub state: RunState,
    /// Why it is paused, if nobody asked for it.
    pub paused_by_errors: bool,
    /// When it was started, in RFC 3339.
    pub started: String,
    /// When its last row was done.
    pub finished: Option<String>,
    /// Recipients.
    pub total: u32,
    /// Wait for their turn.
    pub queued: u32,
    /// Of these: were tried and will be tried again.
    pub retrying: u32,
    /// Under way.
    pub under_way: u32,
    /// Confirmed by Telegram.
    pub sent: u32,
    /// May or may not have arrived; never sent again.
    pub in_doubt: u32,
    /// Will not be sent because the run was cancelled.
    pub cancelled: u32,
    /// Refused by Telegram, by kind.
    pub failed: BTreeMap<String, u32>,
    /// Stopped by a gate, by reason.
    pub skipped: BTreeMap<String, u32>,
    /// Messages a second over the last ten seconds, while an engine runs.
    pub rate: Option<f64>,
    /// Seconds to the end at the allowed rate, while an engine runs.
    pub eta_seconds: Option<u64>,
}

/// The state of a run as people see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Goes out, or will as soon as an engine runs.
    Running,
    /// Waits for `resume`.
    Paused,
    /// Ended by a person.
    Cancelled,
    /// Every row is done.
    Finished,
}

/// What was asked of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Steer {
    /// Hold what has not gone out.
    Pause,
    /// Go on.
    Resume,
    /// Never send what has not gone out.
    Cancel,
}

/// Why a broadcast was not started or steered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BroadcastError {
    /// No such broadcast in the rulebook.
    #[error("there is no broadcast `{name}`")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The nearest name there is.
        nearest: Option<String>,
    },
    /// It uses a key that this version checks and does not act on.
    #[error("`{name}` uses `{key}`, which this version does not act on")]
    Beyond {
        /// Its name.
        name: String,
        /// The key.
        key: String,
    },
    /// It goes out right now or is paused.
    #[error("`{name}` is under way already")]
    UnderWay {
        /// Its name.
        name: String,
    },
    /// It went out before, and sending twice must be meant.
    #[error("`{name}` was sent before")]
    SentBefore {
        /// Its name.
        name: String,
        /// Which run that was.
        occurrence: u32,
    },
    /// There is no run to steer.
    #[error("`{name}` was never started")]
    NeverStarted {
        /// Its name.
        name: String,
    },
    /// The run is not in a state from which this is possible.
    #[error("`{name}` is {state:?}")]
    WrongState {
        /// Its name.
        name: String,
        /// The state it is in.
        state: RunState,
    },
    /// Trouble.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Engine {
    /// Takes the audience's snapshot and starts a run. `again` allows another
    /// run of a broadcast that was sent before.
    pub fn start_broadcast(&self, name: &str, again: Again) -> Result<RunReport, BroadcastError> {
        let _one_at_a_time = self.broadcasts.lock().unwrap_or_else(PoisonError::into_inner);
        let rulebook = self.live.current();
        let Some(broadcast) = rulebook.broadcast(name) else { return Err(unknown(&rulebook, name)) };
        if let Some(key) = broadcast.beyond_start() {
            return Err(BroadcastError::Beyond { name: name.into(), key: key.into() });
        }
        let occurrence = match self.latest(name)? {
            Some((ledger, _)) if !is_over(&ledger) => return Err(BroadcastError::UnderWay { name: name.into() }),
            Some((ledger, _)) if again == Again::Refuse => {
                return Err(BroadcastError::SentBefore { name: name.into(), occurrence: occurrence_of(&ledger) });
            }
            Some((ledger, _)) => occurrence_of(&ledger) + 1,
            None => 1,
        };
        let now = self.clock.now();
        let audience = self.recipients(name)?;
        let ledger = self.stage_run(&rulebook, broadcast, occurrence, &audience, now)?;
        if let Some(outbox) = self.outbox() {
            outbox.add(ledger.clone()).map_err(EngineError::from)?;
        }
        let counts = Counts { queued: ledger.rows, ..Counts::default() };
        Ok(report(&ledger, &counts, None, self.limit()))
    }

    /// Pauses, resumes or cancels the latest run of a broadcast.
    pub fn steer_broadcast(&self, name: &str, steer: Steer) -> Result<RunReport, BroadcastError> {
        // the outbox changes states one by one itself, and a pause must not
        // wait until the audience of another broadcast is counted
        let closed = self.outbox().is_none();
        let _one_at_a_time = closed.then(|| self.broadcasts.lock().unwrap_or_else(PoisonError::into_inner));
        let Some((ledger, counts)) = self.latest(name)? else {
            let rulebook = self.live.current();
            return Err(match rulebook.broadcast(name) {
                Some(_) => BroadcastError::NeverStarted { name: name.into() },
                None => unknown(&rulebook, name),
            });
        };
        let status = match steer {
            Steer::Pause => LedgerStatus::Paused(PausedBy::Admin),
            Steer::Resume => LedgerStatus::Running,
            Steer::Cancel => LedgerStatus::Cancelled,
        };
        if !self.change(&ledger, counts, status)? {
            return Err(BroadcastError::WrongState { name: name.into(), state: run_state(&ledger) });
        }
        let latest = self.broadcast_status(Some(name))?.into_iter().find_map(|status| status.run);
        latest.ok_or_else(|| BroadcastError::NeverStarted { name: name.into() })
    }

    /// The broadcasts of the rulebook and of the past, or the one called
    /// `name`, each with its latest run.
    pub fn broadcast_status(&self, name: Option<&str>) -> Result<Vec<BroadcastStatus>, BroadcastError> {
        let rulebook = self.live.current();
        let (runs, outbox) = self.runs()?;
        let mut latest: BTreeMap<String, Option<RunReport>> =
            rulebook.broadcasts().iter().map(|b| (b.name.to_string(), None)).collect();
        for (ledger, counts) in runs {
            if let Cause::Broadcast { name, .. } = &ledger.cause {
                latest.insert(name.clone(), Some(report(&ledger, &counts, outbox.as_ref(), self.limit())));
            }
        }
        let wanted = |known: &str| name.is_none_or(|name| name == known);
        let found: Vec<_> = latest
            .into_iter()
            .filter(|(name, _)| wanted(name))
            .map(|(name, run)| BroadcastStatus { defined: rulebook.broadcast(&name).is_some(), name, run })
            .collect();
        match name {
            Some(name) if found.is_empty() => Err(unknown(&rulebook, name)),
            _ => Ok(found),
        }
    }

    /// The users that a broadcast goes to now, by id.
    fn recipients(&self, name: &str) -> Result<Vec<UserId>, EngineError> {
        let audience = self.audience()?;
        let ids = audience.with_pass(None, |pass| {
            // By name: the rulebook may have been replaced just now.
            let Some(broadcast) = pass.rulebook().broadcast(name) else { return Vec::new() };
            let mut rows = broadcast.to.select(pass);
            if let Some(exclude) = &broadcast.exclude {
                // Nobody is reached because something is unknown.
                let excluded = exclude.select_both(pass);
                for (row, not) in rows.iter_mut().zip(excluded.holds.iter().zip(&excluded.unknown)) {
                    *row &= !(not.0 | not.1);
                }
            }
            pass.ids_of(&rows)
        });
        Ok(ids.into_iter().map(UserId).collect())
    }

    /// Writes the rows of a run and then its head as running.
    fn stage_run(
        &self,
        rulebook: &Rulebook,
        broadcast: &Broadcast,
        occurrence: u32,
        audience: &[UserId],
        now: Time,
    ) -> Result<Ledger, EngineError> {
        let cause = Cause::Broadcast { name: broadcast.name.to_string(), occurrence };
        let rows = u32::try_from(audience.len()).unwrap_or(u32::MAX);
        let transactional = broadcast.send.transactional;
        let lane = if transactional { Lane::Transactional } else { Lane::Broadcast };
        let mut ledger = Ledger {
            status: LedgerStatus::Preparing,
            in_doubt: if broadcast.resends() { InDoubtPolicy::Resend } else { InDoubtPolicy::Skip },
            rulebook: rulebook.version.clone(),
            rate: broadcast.rate.map(|rate| (rate.count, rate.per.0)),
            expires: broadcast.expires.map(|length| now + length),
            priority: broadcast.send.priority.unwrap_or(0),
            marketing: !transactional,
            topic: broadcast.send.topic.clone(),
            rails: Rails::new(broadcast.pause_if_blocked, broadcast.pause_if_failed),
            ..Ledger::new(self.next_ledger()?, cause, lane, now, rows)
        };
        self.write_head(&ledger)?;
        let chunks: Vec<_> = (0u32..).zip(audience.chunks(CHUNK_ROWS)).collect();
        for group in chunks.chunks(CHUNKS_PER_BATCH) {
            let mut batch = Batch::new();
            for (chunk, users) in group {
                let users = users.iter().map(|user| user.0).collect();
                stage(&mut batch, ledger.id, *chunk, &Recipients::users(users))?;
            }
            self.writer.commit(Transaction::batch(batch))?;
        }
        ledger.status = LedgerStatus::Running;
        if audience.is_empty() {
            ledger.status = LedgerStatus::Finished;
            ledger.finished = Some(now);
            ledger.summary = Some(Counts::default());
        }
        self.write_head(&ledger)?;
        Ok(ledger)
    }

    fn change(&self, ledger: &Ledger, counts: Counts, status: LedgerStatus) -> Result<bool, EngineError> {
        if let Some(outbox) = self.outbox() {
            return Ok(outbox.set_status(ledger.id, status)?);
        }
        let allowed = ledger.can_become(status);
        if allowed {
            let mut changed = Ledger { status, ..ledger.clone() };
            if status == LedgerStatus::Cancelled && counts.leased == 0 {
                changed.finished = Some(self.clock.now());
                changed.summary = Some(counts);
            }
            self.write_head(&changed)?;
        }
        Ok(allowed)
    }

    fn write_head(&self, ledger: &Ledger) -> Result<(), EngineError> {
        let mut batch = Batch::new();
        ledger.write(&mut batch)?;
        self.writer.commit(Transaction::batch(batch))?;
        Ok(())
    }

    fn next_ledger(&self) -> Result<LedgerId, EngineError> {
        if let Some(outbox) = self.outbox() {
            return Ok(outbox.next_id());
        }
        let ledgers = Ledger::read_all(&*self.store)?;
        Ok(LedgerId(ledgers.iter().map(|ledger| ledger.id.0).max().unwrap_or(0) + 1))
    }

    fn latest(&self, name: &str) -> Result<Option<Run>, EngineError> {
        let of_name = |ledger: &Ledger| matches!(&ledger.cause, Cause::Broadcast { name: n, .. } if n == name);
        Ok(self.runs()?.0.into_iter().rfind(|(ledger, _)| of_name(ledger)))
    }

    /// All runs, oldest first, from the outbox or else from the store.
    fn runs(&self) -> Result<(Vec<Run>, Option<OutboxStatus>), EngineError> {
        if let Some(outbox) = self.outbox() {
            let status = outbox.status()?;
            let runs = status.runs.iter().map(|run| (run.ledger.clone(), run.counts.clone())).collect();
            return Ok((runs, Some(status)));
        }
        let prepared = |ledger: &Ledger| ledger.status != LedgerStatus::Preparing && ledger.cause != Cause::Reply;
        let ledgers = Ledger::read_all(&*self.store)?.into_iter().filter(prepared);
        let runs: Result<Vec<_>, EngineError> =
            ledgers.map(|ledger| Ok((ledger.clone(), Counts::read(&*self.store, &ledger)?))).collect();
        Ok((runs?, None))
    }

    /// Messages a second that the settings allow the bot, if they limit it.
    fn limit(&self) -> Option<f64> {
        self.live.current().settings.limits.bot.map(|rate| rate.hertz())
    }
}

/// Whether another run of the same broadcast is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Again {
    /// It may have been sent before.
    Allow,
    /// It must not have been.
    Refuse,
}

impl RunState {
    /// The state in a word.
    pub fn text(self) -> Text {
        match self {
            Self::Running => Text::new("running", "идёт"),
            Self::Paused => Text::new("paused", "на паузе"),
            Self::Cancelled => Text::new("cancelled", "отменена"),
            Self::Finished => Text::new("finished", "завершена"),
        }
    }
}

impl RunReport {
    /// Whether anything may still come of it.
    pub fn is_open(&self) -> bool {
        match self.state {
            RunState::Running | RunState::Paused => true,
            RunState::Cancelled | RunState::Finished => false,
        }
    }

    /// Rows of which nothing more will come.
    pub fn done(&self) -> u32 {
        self.total - self.queued - self.under_way
    }

    /// All rows that Telegram refused.
    pub fn failed_total(&self) -> u32 {
        self.failed.values().sum()
    }

    /// All rows that a gate stopped.
    pub fn skipped_total(&self) -> u32 {
        self.skipped.values().sum()
    }
}

fn report(ledger: &Ledger, counts: &Counts, outbox: Option<&OutboxStatus>, limit: Option<f64>) -> RunReport {
    let state = run_state(ledger);
    let (queued, cancelled) = match state {
        RunState::Cancelled => (0, counts.queued),
        RunState::Running | RunState::Paused | RunState::Finished => (counts.queued, 0),
    };
    let running = state == RunState::Running && counts.queued + counts.leased > 0;
    let rate = outbox.filter(|_| running).map(|status| status.rate);
    let allowed = [ledger.own_rate().map(|rate| rate.hertz()), limit].into_iter().flatten().reduce(f64::min);
    let pace = allowed.or(rate.filter(|rate| *rate > 0.0));
    let eta =
        pace.filter(|_| rate.is_some()).map(|pace| (f64::from(counts.queued + counts.leased) / pace).ceil() as u64);
    RunReport {
        occurrence: occurrence_of(ledger),
        state,
        paused_by_errors: ledger.status == LedgerStatus::Paused(PausedBy::ContentErrors),
        started: ledger.created.rfc3339(),
        finished: ledger.finished.map(Time::rfc3339),
        total: ledger.rows,
        queued,
        retrying: if cancelled > 0 { 0 } else { counts.retrying },
        under_way: counts.leased,
        sent: counts.sent,
        in_doubt: counts.in_doubt,
        cancelled,
        failed: counts.failed.iter().map(|(kind, n)| (kind.as_str().to_owned(), *n)).filter(|(_, n)| *n > 0).collect(),
        skipped: counts.skipped.iter().map(|(why, n)| (why.as_str().to_owned(), *n)).filter(|(_, n)| *n > 0).collect(),
        rate,
        eta_seconds: eta,
    }
}

fn run_state(ledger: &Ledger) -> RunState {
    match ledger.status {
        LedgerStatus::Preparing | LedgerStatus::Running => RunState::Running,
        LedgerStatus::Paused(_) => RunState::Paused,
        LedgerStatus::Cancelled => RunState::Cancelled,
        LedgerStatus::Finished => RunState::Finished,
    }
}

fn is_over(ledger: &Ledger) -> bool {
    match run_state(ledger) {
        RunState::Running | RunState::Paused => false,
        RunState::Cancelled | RunState::Finished => true,
    }
}

fn occurrence_of(ledger: &Ledger) -> u32 {
    match &ledger.cause {
        Cause::Broadcast { occurrence, .. } | Cause::Recall { occurrence, .. } => *occurrence,
        Cause::Reply => 0,
    }
}

fn unknown(rulebook: &Rulebook, name: &str) -> BroadcastError {
    let known = rulebook.broadcasts().iter().map(|b| &*b.name);
    let nearest = crate::diagnostic::nearest(name, known).map(str::to_owned);
    BroadcastError::Unknown { name: name.into(), nearest }
}
