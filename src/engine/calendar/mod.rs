//! Broadcasts that start by themselves: `at`, `repeat` and `ask_first`.
//!
//! What is to happen when is decided in `plan`, which is pure; `record` is what
//! is remembered over restarts; `approval` asks the admins first where that is
//! wanted. A look is cheap: it reads one record for each broadcast that has a
//! plan.
//!
//! **Started once.** Before a run is made, the record says that it is being
//! made, and after which other run. So a process that died in between finds out
//! at its next look whether the run is there. An occurrence whose predecessor is
//! still under way is left out and said to be: better one too few than two at
//! once.
//!
//! Nothing starts while the engine is disarmed, nor without an outbox; what goes
//! by meanwhile is missed and made up as `policy.missed` says.

mod approval;
mod plan;
mod record;
mod report;
#[cfg(test)]
mod tests;

pub use approval::{Answer, Approval, ApprovalError, RESERVED, ROLE, pressed};
pub use plan::{Decision, Known, Plan, Rows};
pub use record::{Outcome, Record};
pub(super) use record::{forget_all, is_key};
pub use report::{CalendarReport, PendingReport};

use super::broadcast::{Again, BroadcastError, Opening, RunReport};
use super::{Engine, EngineError};
use crate::model::{Time, TimeDelta};
use crate::rulebook::{Broadcast, Rulebook};
use crate::store::{Batch, Transaction};
use record::{By, Pending, Starting};
use std::sync::{MutexGuard, PoisonError};

impl Engine {
    /// Looks at the calendar of every broadcast, and starts or asks about those
    /// whose moment has come. One that cannot be started does not keep the
    /// others from it.
    pub fn run_calendar(&self) -> Result<(), EngineError> {
        if self.outbox().is_none() || !self.arming.borrow().is_armed() {
            return Ok(());
        }
        self.look_at_calendar()
    }

    /// The same in a rehearsal, where the admins are taken to say yes.
    pub(super) fn rehearse_calendar(&self) -> Result<(), EngineError> {
        self.look_at_calendar()
    }

    /// When a broadcast starts by itself next.
    pub(super) fn next_in_calendar(&self) -> Option<Time> {
        let (rulebook, now) = (self.live.current(), self.clock.now());
        let zone = &rulebook.settings.timezone.zone;
        rulebook.broadcasts().iter().filter_map(|broadcast| Plan::of(broadcast)?.next(now, now, zone)).min()
    }

    fn look_at_calendar(&self) -> Result<(), EngineError> {
        let _one_at_a_time = self.calendar();
        let rulebook = self.live.current();
        let mut trouble = Ok(());
        for broadcast in rulebook.broadcasts() {
            let looked = self.look_at(&rulebook, broadcast);
            trouble = trouble.and(looked);
        }
        trouble
    }

    fn look_at(&self, rulebook: &Rulebook, broadcast: &Broadcast) -> Result<(), EngineError> {
        let (name, now) = (&*broadcast.name, self.clock.now());
        let stored = Record::read(&*self.store, name)?;
        let plan = Plan::of(broadcast);
        if stored.is_none() && plan.is_none() {
            return Ok(());
        }
        let zone = &rulebook.settings.timezone.zone;
        let mut record = stored.clone().unwrap_or_else(|| Record::new("", now));
        if record.plan != broadcast.plan {
            record.replan(&broadcast.plan, now);
            if plan.as_ref().is_some_and(|plan| plan.was_over(now, zone)) {
                record.decide(now, Outcome::Passed, By::Plan);
                tracing::warn!(broadcast = name, "{}", Outcome::Passed.text().en);
            }
        }
        self.finish_starting(broadcast, &mut record)?;
        self.give_up_pending(rulebook, broadcast, &mut record);
        self.ask_again(name, &mut record)?;
        if let Some(plan) = &plan {
            match plan.due(record.known(), now, zone, within(rulebook, broadcast)) {
                Decision::Nothing { .. } => {}
                Decision::Missed { moment } => {
                    record.decide(moment, Outcome::Missed, By::Plan);
                    tracing::warn!(broadcast = name, moment = moment.rfc3339(), "{}", Outcome::Missed.text().en);
                }
                Decision::Start { moment } => self.come_due(broadcast, &mut record, moment)?,
            }
        }
        if stored.as_ref() != Some(&record) {
            self.write_record(name, &record)?;
        }
        Ok(())
    }

    /// An occurrence's moment has come.
    fn come_due(&self, broadcast: &Broadcast, record: &mut Record, moment: Time) -> Result<(), EngineError> {
        let name = &*broadcast.name;
        let sent_by_hand = broadcast.repeat.is_none() && self.started_since(name, record.seen)?;
        if sent_by_hand {
            record.decide(moment, Outcome::ByHand, By::Plan);
            return Ok(());
        }
        if broadcast.beyond_start().is_some() {
            record.decide(moment, Outcome::Unsendable, By::Plan);
            return Ok(());
        }
        if !broadcast.ask_first || self.rehearsed.get().is_some() {
            self.begin(broadcast, record, moment, By::Plan)?;
            return Ok(());
        }
        // the newer occurrence takes the place of one that nobody has answered
        let reached = self.reached(name);
        record.decided = record.decided.max(moment);
        record.pending = Some(Pending::new(name, moment, self.clock.now(), reached?));
        self.write_record(name, record)?;
        self.ask_again(name, record)
    }

    /// Starts an occurrence; what becomes of it is in the record, which the
    /// caller writes. Trouble leaves it to the next look.
    fn begin(
        &self,
        broadcast: &Broadcast,
        record: &mut Record,
        moment: Time,
        by: By,
    ) -> Result<Option<RunReport>, EngineError> {
        let name = &*broadcast.name;
        let after = self.latest_run(name)?;
        record.starting = Some(Starting { moment, after, by });
        self.write_record(name, record)?;
        self.launch_planned(broadcast, record, moment, by)
    }

    fn launch_planned(
        &self,
        broadcast: &Broadcast,
        record: &mut Record,
        moment: Time,
        by: By,
    ) -> Result<Option<RunReport>, EngineError> {
        let (rulebook, now) = (self.live.current(), self.clock.now());
        let zone = &rulebook.settings.timezone.zone;
        let plan = Plan::of(broadcast);
        let rows = match (&plan, by) {
            (Some(plan), By::Hand) => plan.by_hand(now),
            (Some(plan), By::Plan) => plan.opens(record.known(), moment, zone, within(&rulebook, broadcast)),
            (None, _) => Rows::AtOnce,
        };
        let due = |zone: &jiff::tz::TimeZone| rows.user_due(zone, now);
        let opening = if matches!(rows, Rows::AtOnce) { Opening::AtOnce } else { Opening::Each(&due) };
        let (outcome, run) = match self.launch(&broadcast.name, Again::Allow, &opening) {
            Ok(run) => (Outcome::Started, Some(run)),
            Err(BroadcastError::UnderWay { .. }) => (Outcome::Overlapped, None),
            Err(BroadcastError::Engine(error)) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "a broadcast cannot be started");
                (Outcome::Unsendable, None)
            }
        };
        if outcome == Outcome::Overlapped {
            tracing::warn!(broadcast = %broadcast.name, "{}", outcome.text().en);
        }
        record.decide(moment, outcome, by);
        Ok(run)
    }

    /// Finds out what became of an occurrence that a process was starting when
    /// it died, and starts it if it was not.
    fn finish_starting(&self, broadcast: &Broadcast, record: &mut Record) -> Result<(), EngineError> {
        let Some(starting) = record.starting else { return Ok(()) };
        if self.latest_run(&broadcast.name)? > starting.after {
            record.decide(starting.moment, Outcome::Started, starting.by);
            return Ok(());
        }
        self.launch_planned(broadcast, record, starting.moment, starting.by)?;
        Ok(())
    }

    fn write_record(&self, name: &str, record: &Record) -> Result<(), EngineError> {
        let mut batch = Batch::new();
        record.write(name, &mut batch)?;
        self.writer.commit(Transaction::batch(batch))?;
        Ok(())
    }

    /// The number of the latest run, 0 before the first.
    fn latest_run(&self, name: &str) -> Result<u32, EngineError> {
        Ok(self.latest_of(name)?.map_or(0, |(occurrence, _)| occurrence))
    }

    fn started_since(&self, name: &str, since: Time) -> Result<bool, EngineError> {
        Ok(self.latest_of(name)?.is_some_and(|(_, created)| created >= since))
    }

    fn calendar(&self) -> MutexGuard<'_, ()> {
        self.planning.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How late an occurrence may start.
pub(super) fn within(rulebook: &Rulebook, broadcast: &Broadcast) -> Option<TimeDelta> {
    [rulebook.policy.send_within, broadcast.expires].into_iter().flatten().min()
}
