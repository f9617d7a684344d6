//! A moment: `10:00 user time`, `monday 18:00`, `2026-03-01 10:00`,
//! `subscription_until - 3 days`, `best hour`.

use super::ClockTime;
use super::check::Checker;
use super::clock::ClockZone;
use super::parse::{self, Instant};
use super::schedule::{Schedule, Weekday, Weekdays, weekday};
use crate::condition::Expression;
use crate::diagnostic::Sources;
use crate::model::Type;
use crate::rulebook::catalogue::Names;
use crate::rulebook::check::conditions;
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

impl Moment {
    /// The schedule whose first time it is; none for what differs from user to
    /// user by more than the zone.
    pub fn schedule(&self) -> Option<Schedule> {
        match self {
            Self::Clock(at) => Some(Schedule::Days { days: Weekdays::ALL, at: at.clone() }),
            Self::Weekday(day, at) => Some(Schedule::Days { days: (*day).into(), at: at.clone() }),
            Self::Date { local, zone } => Some(Schedule::Once { local: *local, zone: zone.clone() }),
            Self::Expression(_) | Self::BestHour => None,
        }
    }
}

/// Reads a moment.
pub(in crate::rulebook) fn moment(
    node: &Node,
    names: &Names<'_>,
    sources: &Sources,
    reader: &mut Reader,
) -> Option<Moment> {
    let scalar = reader.text(node, ("a moment", "момент"))?;
    if !is_phrase(&scalar.text) {
        return conditions::value(node, Some(&Type::Time), names, sources, reader).map(Moment::Expression);
    }
    let mut checker = Checker { scalar, names, sources, reader };
    match parse::moment(&scalar.text) {
        Ok(Instant::BestHour) => Some(Moment::BestHour),
        Ok(Instant::Clock(clock)) => checker.clock(&clock).map(Moment::Clock),
        Ok(Instant::Weekday(day, clock)) => {
            let at = checker.clock(&clock);
            Some(Moment::Weekday(weekday(day.text)?, at?))
        }
        Ok(Instant::Date(date)) => checker.date(&date).map(|(local, zone)| Moment::Date { local, zone }),
        Err(found) => checker.moved(*found),
    }
}

/// Whether a text is a phrase of clocks and days, and no expression: it begins
/// with a clock time, a date, a day of the week or `best`.
fn is_phrase(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let (first, second) = (words.next().unwrap_or_default(), words.next());
    let digits = first.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_clock = digits.len() < first.len() && digits.starts_with(':');
    let is_date = first.len() - digits.len() == 4 && digits.starts_with('-');
    let named = first == "best" || weekday(first).is_some();
    is_clock || is_date || named && second.is_none_or(|word| word.starts_with(|c: char| c.is_alphanumeric()))
}
