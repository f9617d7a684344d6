//! Small values of rule files that several sections have: shares, whole
//! numbers within bounds, times of day. What is wrong is reported here.

use super::codes;
use crate::diagnostic::Diagnostic;
use crate::model::{Share, Text, TimeDelta};
use crate::rulebook::raw::Reader;
use crate::rulebook::words;
use crate::rulebook::yaml::{Node, Scalar};
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
        reader.found.push(Diagnostic::error(codes::BAD_SHARE, text, scalar.place).help(help));
    }
    share
}

/// A whole number within bounds.
pub(super) fn whole(node: &Node, what: (&str, &str), bounds: RangeInclusive<u32>, reader: &mut Reader) -> Option<u32> {
    let scalar = reader.text(node, what)?;
    let number = scalar.text.replace('_', "").parse().ok().filter(|number| bounds.contains(number));
    if number.is_none() {
        let (low, high) = (bounds.start(), bounds.end());
        reader.found.push(out_of_bounds(scalar, what, &format!("{low}…{high}")));
    }
    number
}

/// A number above `low` and below `high`.
pub(super) fn number(node: &Node, what: (&str, &str), (low, high): (f64, f64), reader: &mut Reader) -> Option<f64> {
    let scalar = reader.text(node, what)?;
    let number = scalar.text.parse().ok().filter(|number| low < *number && *number < high);
    if number.is_none() {
        reader.found.push(out_of_bounds(scalar, what, &format!("{low} < x < {high}")));
    }
    number
}

fn out_of_bounds(scalar: &Scalar, what: (&str, &str), bounds: &str) -> Diagnostic {
    let text = Text::new(
        format!("{} cannot be `{}`", what.0, scalar.text),
        format!("{} не может быть `{}`", what.1, scalar.text),
    );
    let help = Text::new(format!("write a number: {bounds}"), format!("напишите число: {bounds}"));
    Diagnostic::error(codes::BAD_NUMBER, text, scalar.place).help(help)
}

/// A length of time.
pub(super) fn duration(node: &Node, what: (&str, &str), reader: &mut Reader) -> Option<TimeDelta> {
    let scalar = reader.text(node, what)?;
    let length = words::duration(&scalar.text);
    if length.is_none() {
        let text = Text::new(
            format!("`{}` is not a length of time", scalar.text),
            format!("`{}` — не длительность", scalar.text),
        );
        let help = Text::new(
            "write it like `6 hours`, `1 day` or `1h30m`; months and years are not lengths of time",
            "пишите так: `6 hours`, `1 day` или `1h30m`; месяцы и годы длительностями не бывают",
        );
        reader.found.push(Diagnostic::error(codes::BAD_DURATION, text, scalar.place).help(help));
    }
    length
}

/// A time of day, `hh:mm`.
pub(super) fn clock(node: &Node, what: (&str, &str), reader: &mut Reader) -> Option<jiff::civil::Time> {
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

fn clock_of(text: &str) -> Option<jiff::civil::Time> {
    let (hour, minute) = text.trim().split_once(':')?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !matches!(hour.len(), 1 | 2) || minute.len() != 2 || !digits(hour) || !digits(minute) {
        return None;
    }
    jiff::civil::Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}
