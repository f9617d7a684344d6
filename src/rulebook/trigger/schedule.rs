//! Schedules and the times at which they fire.
//!
//! [`Schedule::next`] is a pure function: the next moment after a given one.
//! Where the clocks change, a time of day that is skipped is the end of the
//! gap, and one that repeats is its first occurrence, so each runs once.

pub(super) mod cron;
#[cfg(test)]
mod tests;

use super::clock::{ClockTime, ClockZone};
use crate::model::Time;
use croner::Cron;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan, Zoned};

pub use jiff::civil::Weekday;

/// Something that happens again and again, or once.
#[derive(Clone, Debug)]
pub enum Schedule {
    /// `every 15 minutes`, counted from midnight.
    Every(Every),
    /// `every monday, thursday at 18:00`
    Days {
        /// On which days of the week.
        days: Weekdays,
        /// At what time.
        at: ClockTime,
    },
    /// `on day 31 at 09:00`; in a shorter month its last day.
    Monthly {
        /// 1 to 31.
        day: i8,
        /// At what time.
        at: ClockTime,
    },
    /// `cron "0 10 * * 1"`, in the project's zone.
    Cron(Box<Cron>),
    /// `once at 2026-03-01 10:00`
    Once {
        /// As written.
        local: DateTime,
        /// Whose clock it is.
        zone: ClockZone,
    },
}

/// An interval in whole minutes, from one to a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Every {
    /// 1 to 1,440.
    pub minutes: i16,
}

/// A set of days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weekdays(u8);

impl Schedule {
    /// The first moment after `after` at which it fires; none if there is none
    /// any more. `zone` is that of the user for times that are the user's own,
    /// else the project's; a schedule that names a zone keeps to it.
    pub fn next(&self, after: Time, zone: &TimeZone) -> Option<Time> {
        let zone = match self.zone() {
            ClockZone::Named(named) => &named.zone,
            ClockZone::Project | ClockZone::User => zone,
        };
        let from = Timestamp::from_millisecond(after.0).ok()?.to_zoned(zone.clone());
        let found = match self {
            Self::Every(every) => every.next(&from),
            Self::Days { days, at } => {
                days_from(from.date()).take(9).filter(|day| days.has(day.weekday())).find_map(|day| at.on(day, &from))
            }
            Self::Monthly { day, at } => months_from(from.date()).find_map(|first| {
                let last = first.days_in_month();
                at.on(first.with().day((*day).min(last)).build().ok()?, &from)
            }),
            Self::Cron(cron) => cron.find_next_occurrence(&from, false).ok().map(|at| at.timestamp()),
            Self::Once { local, .. } => instant(*local, zone).filter(|at| *at > from.timestamp()),
        };
        found.map(|at| Time(at.as_millisecond()))
    }

    /// Whose clock it is read from.
    pub fn zone(&self) -> &ClockZone {
        match self {
            Self::Every(_) | Self::Cron(_) => &ClockZone::Project,
            Self::Days { at, .. } | Self::Monthly { at, .. } => &at.zone,
            Self::Once { zone, .. } => zone,
        }
    }
}

impl Every {
    /// The first whole multiple since midnight after `from`.
    fn next(self, from: &Zoned) -> Option<Timestamp> {
        let into = i16::from(from.hour()) * 60 + i16::from(from.minute());
        let today = (into / self.minutes..=1_440 / self.minutes).map(|count| (0, count * self.minutes));
        // In the hour that repeats, all that is left of the day may have been.
        let tomorrow = [(1, 0), (1, self.minutes)];
        today.chain(tomorrow).filter(|(_, minutes)| *minutes < 1_440).find_map(|(days, minutes)| {
            let day = from.date().checked_add(days.days()).ok()?;
            let local = day.at(i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?, 0, 0);
            instant(local, from.time_zone()).filter(|at| *at > from.timestamp())
        })
    }
}

impl ClockTime {
    /// This time on `day` in the zone of `from`, if it is after `from`.
    fn on(&self, day: Date, from: &Zoned) -> Option<Timestamp> {
        let at = instant(day.at(self.hour, self.minute, 0, 0), from.time_zone())?;
        (at > from.timestamp()).then_some(at)
    }
}

impl Weekdays {
    /// Every day.
    pub const ALL: Self = Self(0b111_1111);

    /// Whether a day is among them.
    pub fn has(self, day: Weekday) -> bool {
        self.0 & bit(day) != 0
    }
}

impl From<Weekday> for Weekdays {
    fn from(day: Weekday) -> Self {
        Self(bit(day))
    }
}

impl<'t> FromIterator<&'t str> for Weekdays {
    /// The days of these names; other words are none.
    fn from_iter<I: IntoIterator<Item = &'t str>>(names: I) -> Self {
        Self(names.into_iter().filter_map(weekday).fold(0, |set, day| set | bit(day)))
    }
}

/// The day of the week called `name`.
pub(super) fn weekday(name: &str) -> Option<Weekday> {
    Some(match name {
        "monday" => Weekday::Monday,
        "tuesday" => Weekday::Tuesday,
        "wednesday" => Weekday::Wednesday,
        "thursday" => Weekday::Thursday,
        "friday" => Weekday::Friday,
        "saturday" => Weekday::Saturday,
        "sunday" => Weekday::Sunday,
        _ => return None,
    })
}

fn bit(day: Weekday) -> u8 {
    1 << day.to_monday_zero_offset()
}

/// This day and those after it; the day before it first, for whose time may be
/// moved past midnight by a change of the clocks.
fn days_from(day: Date) -> impl Iterator<Item = Date> {
    (-1..).map_while(move |count: i64| day.checked_add(count.days()).ok())
}

/// The first days of this month and of the two after it.
fn months_from(day: Date) -> impl Iterator<Item = Date> {
    (0..3).filter_map(move |count: i64| day.first_of_month().checked_add(count.months()).ok())
}

/// The moment at which the clocks of a zone show a local time.
fn instant(local: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    match ambiguous.offset() {
        AmbiguousOffset::Gap { after, .. } => {
            let before_gap = after.to_timestamp(local).ok()?;
            zone.following(before_gap).next().map(|transition| transition.timestamp())
        }
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => ambiguous.earlier().ok(),
    }
}
