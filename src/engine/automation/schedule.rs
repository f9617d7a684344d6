//! Schedules of rules and tasks: pure, of what is remembered and the time.
//!
//! A schedule counts from the moment at which it was first seen; what was over
//! by then never runs. Of the times that went by while nothing ran, the last is
//! made up once, or none, as the file says.

use crate::model::{SegmentId, Time, TimeDelta, UserId};
use crate::rulebook::{Missed, Rule, Rulebook, Schedule, Test};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// What is remembered of one schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The schedule as it is written, which tells one from another.
    pub plan: String,
    /// Times up to here are decided.
    pub decided: Time,
    /// The last time that it ran for.
    pub ran: Option<Time>,
    /// The last time that was missed.
    pub missed: Option<Time>,
    /// Users that it is running for.
    pub sweep: Option<Sweep>,
}

/// A run over many users, a part at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sweep {
    /// The time that it runs for.
    pub moment: Time,
    /// The zones whose users it is about; all if absent.
    pub zones: Option<Vec<String>>,
    /// Users up to this one are done.
    pub after: Option<UserId>,
}

/// What is to be done about a schedule in one zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing before the next time.
    Nothing,
    /// It runs for this time.
    Run(Time),
    /// This time was missed and is dropped.
    Missed(Time),
}

/// Later than this is missed: the clock is looked at more often.
pub const IN_TIME: TimeDelta = TimeDelta::minutes(2);
/// Times longer ago than this are not looked for one by one.
const LONG_AGO: TimeDelta = TimeDelta::days(400);

impl Record {
    /// A schedule that is seen for the first time.
    pub fn new(plan: &str, now: Time) -> Self {
        Self { plan: plan.to_owned(), decided: now, ran: None, missed: None, sweep: None }
    }
}

/// Under which name it is remembered that a rule acted on those who were in its
/// segment before it.
pub fn backfill_key(rule: &str) -> String {
    format!("backfill {rule}")
}

/// What tells one such run from another: the rule's trigger and what its segment
/// asks for.
pub fn backfilled(rulebook: &Rulebook, rule: &Rule, segment: SegmentId) -> String {
    let meaning = rulebook.segments().get(usize::from(segment.0)).map(|segment| match &segment.test {
        Test::Condition(condition) => condition.text().to_owned(),
        Test::Script(script) => script.to_string(),
    });
    format!("{} : {}", rule.plan, meaning.unwrap_or_default())
}

/// What is to be done at `now` about a schedule whose times up to `decided` are
/// decided.
pub fn decide(schedule: &Schedule, decided: Time, now: Time, zone: &TimeZone, missed: Missed) -> Decision {
    let mut last = None;
    let mut from = decided.max(now - LONG_AGO);
    while let Some(next) = schedule.next(from, zone).filter(|next| *next <= now) {
        last = Some(next);
        from = next;
    }
    match (last, missed) {
        (None, _) => Decision::Nothing,
        (Some(moment), Missed::Skip) if now - moment > IN_TIME => Decision::Missed(moment),
        (Some(moment), Missed::Skip | Missed::Run) => Decision::Run(moment),
    }
}
