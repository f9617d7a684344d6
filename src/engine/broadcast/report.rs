//! What became of the runs of broadcasts, in figures.

use super::forecast::{Work, forecast};
use super::{BroadcastError, BroadcastStatus, Run, RunReport, RunState, unknown};
use crate::engine::{Engine, EngineError};
use crate::model::Time;
use crate::outbox::{Cause, Counts, Ledger, LedgerStatus, OutboxStatus, SkipReason};
use std::collections::BTreeMap;

impl Engine {
    /// The broadcasts of the rulebook and of the past, or the one called
    /// `name`, each with its latest run.
    pub fn broadcast_status(&self, name: Option<&str>) -> Result<Vec<BroadcastStatus>, BroadcastError> {
        let rulebook = self.live.current();
        let (runs, outbox) = self.runs()?;
        let mut latest: BTreeMap<&str, Option<&Run>> = rulebook.broadcasts().iter().map(|b| (&*b.name, None)).collect();
        for run in &runs {
            if let Some((name, _)) = run.0.cause.broadcast() {
                latest.insert(name, Some(run));
            }
        }
        let wanted = |known: &str| name.is_none_or(|name| name == known);
        let status = |(name, run): (&str, Option<&Run>)| {
            let broadcast = rulebook.broadcast(name);
            let calendar = broadcast.map(|broadcast| self.calendar_of(&rulebook, broadcast)).transpose()?.flatten();
            Ok::<_, EngineError>(BroadcastStatus {
                name: name.to_owned(),
                defined: broadcast.is_some(),
                run: run.map(|(ledger, counts)| report(ledger, counts, outbox.as_ref(), self.limit())),
                recall: run.and_then(|(ledger, _)| self.recall_of(ledger, &runs)),
                calendar,
            })
        };
        let found = latest.into_iter().filter(|(name, _)| wanted(name)).map(status);
        let mut found: Vec<_> = found.collect::<Result<_, _>>()?;
        if outbox.is_some() {
            self.foretell(&runs, &mut found);
        }
        match name {
            Some(name) if found.is_empty() => Err(unknown(&rulebook, name)),
            _ => Ok(found),
        }
    }

    /// The number of the latest run of a broadcast, and when it was made.
    pub(in crate::engine) fn latest_of(&self, name: &str) -> Result<Option<(u32, Time)>, EngineError> {
        Ok(self.latest(name)?.map(|(ledger, _)| (occurrence_of(&ledger), ledger.created)))
    }

    /// That there is no such broadcast.
    pub(in crate::engine) fn unknown_broadcast(&self, name: &str) -> BroadcastError {
        unknown(&self.live.current(), name)
    }

    /// Says when each run that goes out will be done, with all that goes out
    /// beside it.
    fn foretell(&self, runs: &[Run], found: &mut [BroadcastStatus]) {
        let Some(rate) = self.limit() else { return };
        let now = self.clock.now();
        let open: Vec<&Run> = runs.iter().filter(|(ledger, _)| ledger.status == LedgerStatus::Running).collect();
        let works: Vec<_> = open.iter().map(|(ledger, counts)| Work::of(ledger, counts, now)).collect();
        for ((ledger, _), ends) in open.iter().zip(forecast(&works, rate)) {
            let of_run = |status: &&mut BroadcastStatus| {
                let run = status.run.as_ref().map(|run| run.occurrence);
                ledger
                    .cause
                    .broadcast()
                    .is_some_and(|(name, occurrence)| name == status.name && run == Some(occurrence))
            };
            if let Some(run) = found.iter_mut().find(of_run).and_then(|status| status.run.as_mut()) {
                run.eta_seconds = ends.map(|ends| ends.ceil() as u64);
            }
        }
    }

    pub(super) fn latest(&self, name: &str) -> Result<Option<Run>, EngineError> {
        let of_name = |ledger: &Ledger| matches!(&ledger.cause, Cause::Broadcast { name: n, .. } if n == name);
        Ok(self.runs()?.0.into_iter().rfind(|(ledger, _)| of_name(ledger)))
    }

    /// All runs, oldest first, from the outbox or else from the store.
    pub(super) fn runs(&self) -> Result<(Vec<Run>, Option<OutboxStatus>), EngineError> {
        if let Some(outbox) = self.outbox() {
            let status = outbox.status()?;
            let runs = status.runs.iter().map(|run| (run.ledger.clone(), run.counts.clone())).collect();
            return Ok((runs, Some(status)));
        }
        let prepared = |ledger: &Ledger| ledger.status != LedgerStatus::Preparing && ledger.cause.is_run();
        let ledgers = Ledger::read_all(&*self.store)?.into_iter().filter(prepared);
        let runs: Result<Vec<_>, EngineError> =
            ledgers.map(|ledger| Ok((ledger.clone(), Counts::read(&*self.store, &ledger)?))).collect();
        Ok((runs?, None))
    }

    /// Messages a second that the settings allow the bot, if they limit it.
    pub(super) fn limit(&self) -> Option<f64> {
        self.live.current().settings.limits.bot.map(|rate| rate.hertz())
    }
}

pub(super) fn report(ledger: &Ledger, counts: &Counts, outbox: Option<&OutboxStatus>, limit: Option<f64>) -> RunReport {
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
        paused_by: match ledger.status {
            LedgerStatus::Paused(by) => Some(by),
            LedgerStatus::Preparing | LedgerStatus::Running | LedgerStatus::Cancelled | LedgerStatus::Finished => None,
        },
        started: ledger.created.rfc3339(),
        finished: ledger.finished.map(Time::rfc3339),
        total: ledger.rows,
        recipients: ledger.rows / u32::from(ledger.parts.max(1)),
        queued,
        retrying: if cancelled > 0 { 0 } else { counts.retrying },
        deferred: if cancelled > 0 { BTreeMap::new() } else { by_reason(&counts.deferred) },
        under_way: counts.leased,
        sent: counts.sent,
        in_doubt: counts.in_doubt,
        cancelled,
        failed: counts.failed.iter().map(|(kind, n)| (kind.as_str().to_owned(), *n)).filter(|(_, n)| *n > 0).collect(),
        skipped: by_reason(&counts.skipped),
        blocked_after: ledger.blocked_after,
        clicked: ledger.clicked,
        canary: ledger.canary.map(|canary| canary.rows),
        rest_from: ledger.canary.and_then(|canary| Some((canary.done? + canary.hold).rfc3339())),
        rate,
        eta_seconds: eta,
    }
}

pub(super) fn run_state(ledger: &Ledger) -> RunState {
    match ledger.status {
        LedgerStatus::Preparing | LedgerStatus::Running => RunState::Running,
        LedgerStatus::Paused(_) => RunState::Paused,
        LedgerStatus::Cancelled => RunState::Cancelled,
        LedgerStatus::Finished => RunState::Finished,
    }
}

pub(super) fn is_over(ledger: &Ledger) -> bool {
    match run_state(ledger) {
        RunState::Running | RunState::Paused => false,
        RunState::Cancelled | RunState::Finished => true,
    }
}

pub(super) fn occurrence_of(ledger: &Ledger) -> u32 {
    match &ledger.cause {
        Cause::Broadcast { occurrence, .. } | Cause::Recall { occurrence, .. } => *occurrence,
        Cause::Reply | Cause::Rule { .. } | Cause::Drip { .. } => 0,
    }
}

fn by_reason(counts: &BTreeMap<SkipReason, u32>) -> BTreeMap<String, u32> {
    counts.iter().map(|(why, n)| (why.as_str().to_owned(), *n)).filter(|(_, n)| *n > 0).collect()
}
