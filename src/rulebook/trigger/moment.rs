//! A moment: `10:00 user time`, `monday 18:00`, `2026-03-01 10:00`,
//! `subscription_until - 3 days`, `best hour`.

use super::ClockTime;
use super::clock::ClockZone;
use super::schedule::Weekday;
use crate::condition::Expression;
use crate::diagnostic::Sources;
use crate::rulebook::catalogue::Names;
use crate::rulebook::raw::Reader;
use crate::rulebook::yaml::Node;
use jiff::civil::DateTime;

/// A moment to wait for or to act at.
#[derive(Clone, Debug)]
pub enum Moment {
    /// The next time that the clock shows this.
    Clock(ClockTime),
    /// The same on a day of the week.
    Weekday(Weekday, ClockTime),
    /// A date and time.
    Date {
        /// As written.
        local: DateTime,
        /// Whose clock it is.
        zone: ClockZone,
    },
    /// An expression of type time.
    Expression(Expression),
    /// The hour of the day at which the user is most active.
    BestHour,
}

/// Reads a moment.
pub(in crate::rulebook) fn moment(
    _node: &Node,
    _names: &Names<'_>,
    _sources: &Sources,
    _reader: &mut Reader,
) -> Option<Moment> {
    None
}
