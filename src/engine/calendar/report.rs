//! What people are told of a broadcast's calendar.

use super::{Outcome, Plan, Record};
use crate::engine::{Engine, EngineError};
use crate::model::Time;
use crate::rulebook::{Broadcast, Rulebook};
use serde::{Deserialize, Serialize};

/// When a broadcast starts by itself, what it waits for, and what became of its
/// last occurrence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarReport {
    /// The next start, in RFC 3339.
    pub next: Option<String>,
    /// What waits for an approval.
    pub pending: Option<PendingReport>,
    /// What became of the last occurrence that was decided.
    pub last: Option<Outcome>,
    /// Its moment, in RFC 3339.
    pub last_moment: Option<String>,
}

/// An occurrence that waits for an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingReport {
    /// Its moment, in RFC 3339.
    pub moment: String,
    /// How many would have got it when it was asked.
    pub recipients: u64,
}

impl Engine {
    /// The calendar of a broadcast; none if it is started by hand and nothing
    /// waits.
    pub fn calendar_of(
        &self,
        rulebook: &Rulebook,
        broadcast: &Broadcast,
    ) -> Result<Option<CalendarReport>, EngineError> {
        let (stored, plan) = (Record::read(&*self.store, &broadcast.name)?, Plan::of(broadcast));
        if stored.is_none() && plan.is_none() {
            return Ok(None);
        }
        let now = self.clock.now();
        // a plan that no engine has looked at yet counts from now
        let fresh = stored.as_ref().is_none_or(|record| record.plan != broadcast.plan);
        let record = stored.unwrap_or_else(|| Record::new(&broadcast.plan, now));
        let (seen, decided) = if fresh { (now, now) } else { (record.seen, record.decided) };
        let zone = &rulebook.settings.timezone.zone;
        let pending = record
            .pending
            .as_ref()
            .map(|pending| PendingReport { moment: pending.moment.rfc3339(), recipients: pending.reached });
        let over = plan.as_ref().filter(|plan| fresh && plan.was_over(now, zone));
        let last = record.last.as_ref().map(|last| (last.outcome, last.moment));
        let last = over.map(|_| (Outcome::Passed, now)).or(last);
        let report = CalendarReport {
            next: plan.and_then(|plan| plan.next(seen, decided, zone)).map(Time::rfc3339),
            pending,
            last: last.map(|(outcome, _)| outcome),
            last_moment: last.map(|(_, moment)| moment.rfc3339()),
        };
        let says_nothing = report.next.is_none() && report.pending.is_none() && report.last.is_none();
        Ok((!says_nothing).then_some(report))
    }
}
