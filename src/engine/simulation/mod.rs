//! What the days to come would bring: the engine of a rehearsal over a copy of
//! the store, from minute to minute, with the bot's limit as its capacity.
//!
//! Nothing leaves the machine and the store that was copied is not touched.
//! What people do meanwhile comes from a replay; without it time alone goes
//! by. Admins are taken to approve every broadcast that asks first. Work that is
//! done apart is counted and not done, but for broadcasts, which start.

mod figures;
mod import;
mod replay;

pub use figures::{Drip, Figures, Peak, Sender, Trouble};
pub use import::{Consequences, rehearse_import};

use super::EngineError;
use super::broadcast::{Again, BroadcastError};
use super::rehearsal::{Moment, Rehearsal};
use super::witness::{Seen, Witness};
use crate::import::Progress;
use crate::model::{Chore, Event, Time, TimeDelta};
use crate::rulebook::Rulebook;
use crate::store::Store;
use replay::Replay;
use std::path::Path;
use std::sync::Arc;

/// What is simulated.
#[derive(Clone, Debug)]
pub struct Plan {
    /// From this moment on.
    pub begin: Time,
    /// For so long.
    pub length: TimeDelta,
    /// What happened in so much time before is played again, over and over.
    pub replay: Option<TimeDelta>,
    /// These events happen besides, or instead.
    pub script: Vec<Event>,
}

/// Time goes by so much at a time: people are not told apart by seconds, and
/// most of what is due falls on a full minute anyway.
const GRAIN: i64 = 60_000;
/// With more users than this every minute is looked at: to ask when something
/// is due may take a pass over everybody.
const MANY: u64 = 10_000;

/// A simulation under way.
struct Run<'a> {
    rehearsal: Rehearsal,
    witness: Arc<Witness>,
    replay: Replay,
    script: Replay,
    capacity: Option<usize>,
    figures: Figures,
    progress: &'a mut dyn FnMut(Progress),
    plan: Plan,
}

/// Runs the rules over `store`, which is a copy and is changed.
pub fn simulate(
    folder: &Path,
    rulebook: &Arc<Rulebook>,
    store: Arc<dyn Store>,
    plan: Plan,
    progress: &mut dyn FnMut(Progress),
) -> Result<Figures, EngineError> {
    let limit = rulebook.settings.limits.bot;
    let capacity = limit.map(|rate| (rate.hertz() * GRAIN as f64 / 1_000.0).max(1.0) as usize);
    let mut rehearsal = Rehearsal::new(folder, rulebook, store, plan.begin, capacity)?;
    rehearsal.follow_calendar();
    let witness = rehearsal.brief_witness();
    let replay = Replay::read(rehearsal.engine.profiles.history(), plan.begin, plan.replay)?;
    let script = Replay::of(plan.script.clone(), plan.begin);
    let users = rehearsal.engine.profiles.count()?;
    let off = rehearsal.engine.switched_off()?.into_iter().map(|rule| (rule.kind, rule.name)).collect();
    let figures = Figures::new(rulebook, plan.begin, users, off);
    Run { rehearsal, witness, replay, script, capacity, figures, progress, plan }.go()
}

impl Run<'_> {
    fn go(mut self) -> Result<Figures, EngineError> {
        let end = self.plan.begin + self.plan.length;
        loop {
            self.look()?;
            let now = self.rehearsal.now();
            let (done, total) = ((now - self.plan.begin).0.unsigned_abs(), self.plan.length.0.unsigned_abs());
            (self.progress)(Progress { rows: self.figures.messages(), done, total: Some(total) });
            let next = self.next(end)?;
            if next >= end {
                break;
            }
            self.rehearsal.go_to(next);
        }
        self.figures.close(end, waiting(&self.rehearsal));
        Ok(self.figures)
    }

    /// The next full minute at which something may be due.
    fn next(&self, end: Time) -> Result<Time, EngineError> {
        let now = self.rehearsal.now();
        let minute = Time((now.0.div_euclid(GRAIN) + 1) * GRAIN);
        if self.figures.users > MANY {
            return Ok(minute.min(end));
        }
        let due = self.rehearsal.next(end)?;
        let told = [self.replay.next(), self.script.next()].into_iter().flatten().min();
        let due = told.map_or(due, |told| due.min(told));
        let full = Time((due.0 + GRAIN - 1).div_euclid(GRAIN) * GRAIN);
        Ok(full.max(minute).min(end))
    }

    /// Everything of one moment.
    fn look(&mut self) -> Result<(), EngineError> {
        let now = self.rehearsal.now();
        while let Some(transaction) = self.script.take(now).or_else(|| self.replay.take(now)) {
            self.figures.replayed += transaction.events.len() as u64;
            self.rehearsal.occur(transaction)?;
        }
        let mut moment = self.rehearsal.settle()?;
        if self.note_seen()? {
            // runs that rules and tasks have started
            let left = self.capacity.map(|capacity| capacity.saturating_sub(moment.sent.len()));
            let more = self.rehearsal.settle_up_to(left)?;
            moment.add(more);
            self.note_seen()?;
        }
        self.note(now, moment);
        Ok(())
    }

    /// Notes what was seen; says whether a broadcast was started by it.
    fn note_seen(&mut self) -> Result<bool, EngineError> {
        let mut has_started = false;
        for seen in self.witness.take() {
            if let Seen::Errand(Chore::Broadcast(name)) = &seen {
                match self.rehearsal.engine.start_broadcast(name, Again::Allow) {
                    Ok(_) => has_started = true,
                    Err(BroadcastError::Engine(error)) => return Err(error),
                    Err(error) => self.figures.trouble(format!("broadcast {name}"), error.text()),
                }
            }
            self.figures.saw(seen);
        }
        Ok(has_started)
    }

    fn note(&mut self, now: Time, moment: Moment) {
        let is_full = self.capacity.is_some_and(|capacity| moment.sent.len() >= capacity);
        self.figures.note(now, moment);
        self.figures.queue(now, is_full.then(|| waiting(&self.rehearsal)));
    }
}

/// Messages that could go out and have not.
fn waiting(rehearsal: &Rehearsal) -> u64 {
    let all = rehearsal.outbox().ledgers();
    all.map(|(_, counts)| u64::from(counts.queued.saturating_sub(counts.deferred.values().sum()))).sum()
}
