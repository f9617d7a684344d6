//! Schedules and the times at which they fire.
//!
//! [`Schedule::next`] is a pure function: the next moment after a given one.
//! A time of day that a change of clocks skips is the end of the gap, one that
//! repeats is its first occurrence, so each runs once.

use super::clock::{ClockTime, ClockZone};
use croner::Cron;
use jiff::civil::DateTime;

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
