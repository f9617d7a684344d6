//! What is counted by day, and how long it is kept.

use super::Queue;
use crate::model::{Time, TimeDelta};
use crate::outbox::ledger::{Cause, LedgerId, Recall};
use crate::outbox::row::{RowId, State};
use crate::outbox::tally::{Day, Of, Outcome};
use crate::store::{Batch, StoreError};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

/// Ledgers that are forgotten at once.
const FORGOTTEN_AT_ONCE: usize = 20;

impl Queue {
    /// Counts days in this time zone from now on.
    pub fn set_zone(&mut self, zone: TimeZone) {
        self.zone = zone;
    }

    /// Counts something that happened to a ledger's messages.
    pub fn count(&mut self, id: LedgerId, now: Time, what: Outcome<'_>) {
        let day = self.day(now);
        let Some(run) = self.runs.get(&id) else { return };
        let template = run.ledger.template.as_deref().unwrap_or_default();
        self.tally.note(day, Of { ledger: id, cause: &run.ledger.cause, template, variant: None }, what);
    }

    /// Counts that a row leaves its turn in this state.
    pub(super) fn count_state(&mut self, row: RowId, state: &State, now: Time) -> Result<(), StoreError> {
        let taken_back = |cause: &Cause| matches!(cause, Cause::Recall { how: Recall::Delete, .. });
        let what = match state {
            State::Sent { .. } | State::SentMany { .. } => {
                let is_recall = self.runs.get(&row.ledger).is_some_and(|run| taken_back(&run.ledger.cause));
                if is_recall { Outcome::Recalled } else { Outcome::Sent }
            }
            State::Failed { failure, .. } => Outcome::Failed(failure),
            State::InDoubt { .. } => Outcome::InDoubt,
            State::Skipped { reason, .. } => Outcome::Skipped(*reason),
            State::Queued { attempts, .. } => match self.chunk(row)?.states.get(row.index as usize) {
                Some(State::Leased { attempts: before }) if before < attempts => Outcome::Retried,
                Some(_) | None => return Ok(()),
            },
            State::Deferred { .. } | State::Leased { .. } => return Ok(()),
        };
        let day = self.day(now);
        if let Some(run) = self.runs.get(&row.ledger) {
            let (template, variant) = (self.template_of(row).unwrap_or_default(), self.variant_of(row));
            let (template, variant) = (template.to_owned(), variant.map(str::to_owned));
            let of =
                Of { ledger: row.ledger, cause: &run.ledger.cause, template: &template, variant: variant.as_deref() };
            self.tally.note(day, of, what);
        }
        Ok(())
    }

    /// Forgets ledgers that were over before `before`, and the numbers of the
    /// days before it, in small steps. The last run of each broadcast stays: it
    /// keeps it from being sent twice by mistake.
    pub fn forget(&mut self, before: Time) {
        self.forget = Some(self.day(before));
        let mut last: BTreeMap<&str, LedgerId> = BTreeMap::new();
        for run in self.runs.values() {
            if let Some((name, _)) = run.ledger.cause.broadcast() {
                last.insert(name, run.ledger.id);
            }
        }
        let is_old = |id: &LedgerId| {
            let ledger = &self.runs[id].ledger;
            ledger.finished.is_some_and(|finished| finished < before) && !last.values().any(|last| last == id)
        };
        let old: Vec<_> = self.runs.keys().filter(|id| is_old(id)).take(FORGOTTEN_AT_ONCE).copied().collect();
        for id in old {
            if !self.erase.contains(&id) {
                self.erase.push(id);
            }
        }
    }

    /// Adds to a batch what makes old numbers forgotten.
    pub(super) fn write_forgetting(&mut self, batch: &mut Batch) -> Result<(), StoreError> {
        if let Some(before) = self.forget.take()
            && self.tally.forget(before, batch)? > 0
        {
            // there may be more
            self.forget = Some(before);
        }
        Ok(())
    }

    /// When the project's day is over.
    pub(super) fn day_ends(&self, now: Time) -> Time {
        let local = Timestamp::from_millisecond(now.0).map(|at| at.to_zoned(self.zone.clone()));
        let ends = local.and_then(|local| local.tomorrow()).and_then(|tomorrow| tomorrow.start_of_day());
        ends.map_or(now + TimeDelta::days(1), |ends| Time(ends.timestamp().as_millisecond()))
    }

    fn day(&self, now: Time) -> Day {
        let ahead = Timestamp::from_millisecond(now.0).map_or(0, |at| self.zone.to_offset(at).seconds());
        Day::of(now, TimeDelta::seconds(i64::from(ahead)))
    }
}
