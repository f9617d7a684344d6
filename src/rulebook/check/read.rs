//! Small values of rule files that several sections have: shares, numbers,
//! times of day. What is wrong is reported here.

use super::codes;
use crate::diagnostic::Diagnostic;
use crate::model::{Share, Text, Time};
use crate::rulebook::raw::Reader;
use crate::rulebook::yaml::Node;
use jiff::civil;
use jiff::tz::TimeZone;
use std::ops::RangeInclusive;

/// `5%`, `5` or `2.5%`, within bounds.
pub(super) fn share(
    node: &Node,
    what: (&str, &str),
    bounds: RangeInclusive<Share>,
    reader: &mut Reader,
) -> Option<Share> {
    let scalar = reader.text(node, what)?;
    let share = Share::parse(&scalar.text).filter(|share| bounds.contains(share));
    if share.is_none() {
        let (low, high) = (bounds.start(), bounds.end());
        let text = Text::new(
            format!("{} must be a share from {low} to {high}, not `{}`", what.0, scalar.text),
            format!("{}: ожидается доля от {low} до {high}, а здесь `{}`", what.1, scalar.text),
        );
        let help = Text::new(
            "write it like `5%` or `2.5%`, with two digits after the point at most",
            "пишите так: `5%` или `2.5%`, не больше двух знаков после точки",
        );
        reader.found.push(Diagnostic::error(codes::BAD_AMOUNT, text, scalar.place).help(help));
    }
    share
}

/// A number above `low` and below `high`.
pub(super) fn number(node: &Node, what: (&str, &str), (low, high): (f64, f64), reader: &mut Reader) -> Option<f64> {
    let scalar = reader.text(node, what)?;
    let number = scalar.text.parse().ok().filter(|number| low < *number && *number < high);
    if number.is_none() {
        let text = Text::new(
            format!("{} cannot be `{}`", what.0, scalar.text),
            format!("{}: `{}` не подходит", what.1, scalar.text),
        );
        let help = Text::new(
            format!("write a number above {low} and below {high}"),
            format!("напишите число больше {low} и меньше {high}"),
        );
        reader.found.push(Diagnostic::error(codes::BAD_AMOUNT, text, scalar.place).help(help));
    }
    number
}

/// A time of day, `hh:mm`.
pub(super) fn clock(node: &Node, what: (&str, &str), reader: &mut Reader) -> Option<civil::Time> {
    let scalar = reader.text(node, what)?;
    let time = clock_of(&scalar.text);
    if time.is_none() {
        let text = Text::new(
            format!("{} must be a time of day, not `{}`", what.0, scalar.text),
            format!("{}: ожидается время суток, а здесь `{}`", what.1, scalar.text),
        );
        let help = Text::new("write it like `22:00` or `09:30`", "пишите так: `22:00` или `09:30`");
        reader.found.push(Diagnostic::error(codes::BAD_CLOCK, text, scalar.place).help(help));
    }
    time
}

/// The time of day that a text is.
pub(super) fn clock_of(text: &str) -> Option<civil::Time> {
    let (hour, minute) = text.trim().split_once(':')?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !matches!(hour.len(), 1 | 2) || minute.len() != 2 || !digits(hour) || !digits(minute) {
        return None;
    }
    civil::Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

/// The instant at which a clock of the zone shows this; a time that a change of
/// clocks skips is after the gap, one that repeats is the first.
pub(super) fn instant(local: civil::DateTime, zone: &TimeZone) -> Time {
    let at = zone.to_ambiguous_timestamp(local).compatible();
    at.map_or(Time(0), |at| Time(at.as_millisecond()))
}
