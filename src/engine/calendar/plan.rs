//! When a broadcast starts by itself: pure, of the plan, what is known of it,
//! and the time.
//!
//! `at` is the first occurrence and `repeat` the later ones. A plan counts from
//! the moment at which it was first seen: what was over by then is never made
//! up. Of occurrences that went by while nothing could start, the last is made
//! up once if it is not too late, and the others are not.

use crate::engine::broadcast::Opens;
use crate::model::{Time, TimeDelta};
use crate::rulebook::{Broadcast, ClockZone, Schedule};
use jiff::tz::{Offset, TimeZone};

/// When a broadcast starts.
#[derive(Clone, Debug)]
pub struct Plan {
    at: Option<Schedule>,
    repeat: Option<Schedule>,
}

/// What is known of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// When it was first seen.
    pub seen: Time,
    /// Occurrences up to here are decided.
    pub decided: Time,
}

/// What is to be done about a broadcast now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing, before this moment at least; or never again.
    Nothing {
        /// The next occurrence.
        next: Option<Time>,
    },
    /// This occurrence starts.
    Start {
        /// Its moment.
        moment: Time,
    },
    /// This one is too late.
    Missed {
        /// Its moment.
        moment: Time,
    },
}

/// A start is late by less than this because the clock is looked at now and
/// then, whatever the policy says.
const ALWAYS_IN_TIME: TimeDelta = TimeDelta::minutes(1);
/// How much later than the first a time of day comes to the last zone.
const ROUND_THE_WORLD: TimeDelta = TimeDelta::hours(26);
/// Occurrences longer ago than this are not looked for one by one.
const LONG_AGO: TimeDelta = TimeDelta::days(400);

impl Plan {
    /// The plan of a broadcast; none if it is started by hand alone.
    pub fn of(broadcast: &Broadcast) -> Option<Self> {
        let at = broadcast.at.as_ref().and_then(|at| at.schedule());
        let plan = Self { at, repeat: broadcast.repeat.clone() };
        (plan.at.is_some() || plan.repeat.is_some()).then_some(plan)
    }

    /// What is to be done at `now`. `zone` is the project's; what is later than
    /// `within` is missed.
    pub fn due(&self, known: Known, now: Time, zone: &TimeZone, within: Option<TimeDelta>) -> Decision {
        let from = known.decided.max(now - LONG_AGO);
        let Some(mut moment) = self.next(known.seen, from, zone) else { return Decision::Nothing { next: None } };
        if moment > now {
            return Decision::Nothing { next: Some(moment) };
        }
        while let Some(later) = self.next(known.seen, moment, zone).filter(|later| *later <= now) {
            moment = later;
        }
        let schedule = self.schedule(known.seen, moment, zone);
        if self.is_late(schedule, moment, now, within) {
            Decision::Missed { moment }
        } else {
            Decision::Start { moment }
        }
    }

    /// The first occurrence after `after` of a plan that was first seen at
    /// `seen`.
    pub fn next(&self, seen: Time, after: Time, zone: &TimeZone) -> Option<Time> {
        let first = self.first(seen, zone);
        if let Some(first) = first.filter(|first| *first > after) {
            return Some(first);
        }
        let after = first.map_or(after, |first| first.max(after));
        first_moment(self.repeat.as_ref()?, after, zone)
    }

    /// Whether all of the plan was over when it was first seen.
    pub fn was_over(&self, seen: Time, zone: &TimeZone) -> bool {
        self.repeat.is_none() && self.first(seen, zone).is_none_or(|first| first <= seen)
    }

    /// When the row of a user opens, of an occurrence that starts at `now`.
    pub fn opens(&self, known: Known, moment: Time, project: &TimeZone, within: Option<TimeDelta>) -> Rows<'_> {
        let schedule = self.schedule(known.seen, moment, project);
        match schedule.filter(|schedule| is_of_users(schedule)) {
            Some(schedule) => Rows::Each { schedule, moment, within },
            None => Rows::AtOnce,
        }
    }

    /// The same for a start by hand: whose moment is to come, waits for it; the
    /// others need not.
    pub fn by_hand(&self, now: Time) -> Rows<'_> {
        let schedule = self.at.as_ref().or(self.repeat.as_ref());
        match schedule.filter(|schedule| is_of_users(schedule)) {
            Some(schedule) => Rows::Each { schedule, moment: now, within: None },
            None => Rows::AtOnce,
        }
    }

    /// The schedule that an occurrence comes from.
    fn schedule(&self, seen: Time, moment: Time, zone: &TimeZone) -> Option<&Schedule> {
        let is_first = self.first(seen, zone) == Some(moment);
        self.at.as_ref().filter(|_| is_first).or(self.repeat.as_ref())
    }

    /// The moment of `at`. A date is one moment, past or not; a time of day is
    /// the first after the plan was seen. What has begun for some users and not
    /// for all begins at once for those who are left.
    fn first(&self, seen: Time, zone: &TimeZone) -> Option<Time> {
        let at = self.at.as_ref()?;
        let from = if matches!(at, Schedule::Once { .. }) { Time(0) } else { seen };
        let first = first_moment(at, from, zone)?;
        let last = if is_of_users(at) { at.next(from, &far_west())? } else { first };
        Some(if first <= seen && seen < last { seen + TimeDelta(1) } else { first })
    }

    fn is_late(&self, schedule: Option<&Schedule>, moment: Time, now: Time, within: Option<TimeDelta>) -> bool {
        let Some(within) = within else { return false };
        let last = if schedule.is_some_and(is_of_users) { moment + ROUND_THE_WORLD } else { moment };
        now > last + within.max(ALWAYS_IN_TIME)
    }
}

/// When the rows of an occurrence open.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'a> {
    /// All at once.
    AtOnce,
    /// Each by its user's clock.
    Each {
        /// The times of day.
        schedule: &'a Schedule,
        /// The moment of the occurrence, which is that of the first zone.
        moment: Time,
        /// What is later than this is missed.
        within: Option<TimeDelta>,
    },
}

impl Rows<'_> {
    /// When the row of a user in `zone` opens.
    pub fn user_due(&self, zone: &TimeZone, now: Time) -> Opens {
        let Self::Each { schedule, moment, within } = self else { return Opens::Now };
        match schedule.next(*moment - TimeDelta(1), zone) {
            Some(due) if due > now => Opens::At(due),
            Some(due) if within.is_none_or(|within| now - due <= within.max(ALWAYS_IN_TIME)) => Opens::Now,
            Some(_) => Opens::Missed,
            // a date that was over for this user before the occurrence began
            None => self.late(schedule, zone, now),
        }
    }

    fn late(&self, schedule: &Schedule, zone: &TimeZone, now: Time) -> Opens {
        let Self::Each { within, .. } = self else { return Opens::Now };
        match (within, schedule.next(Time(0), zone)) {
            (Some(within), Some(due)) if now - due > (*within).max(ALWAYS_IN_TIME) => Opens::Missed,
            (Some(_) | None, _) => Opens::Now,
        }
    }
}

/// The first moment after `after`, in the first zone that has it.
fn first_moment(schedule: &Schedule, after: Time, zone: &TimeZone) -> Option<Time> {
    if is_of_users(schedule) { schedule.next(after, &far_east()) } else { schedule.next(after, zone) }
}

fn is_of_users(schedule: &Schedule) -> bool {
    matches!(schedule.zone(), ClockZone::User)
}

/// Where a day begins first.
fn far_east() -> TimeZone {
    TimeZone::fixed(Offset::constant(14))
}

/// Where a day begins last.
fn far_west() -> TimeZone {
    TimeZone::fixed(Offset::constant(-12))
}
