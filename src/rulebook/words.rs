//! The small phrases of rule files: `6 hours`, `20 per second`, `50%`.
//!
//! Text to value, nothing else; whoever calls knows the place and reports.

use crate::model::{Rate, TimeDelta};
use std::fmt;

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS.iter().find(|unit| unit.millis == self.per.0) {
            Some(unit) => write!(f, "{} per {}", self.count, unit.name),
            None => write!(f, "{} per {} ms", self.count, self.per.0),
        }
    }
}

struct Unit {
    name: &'static str,
    short: &'static str,
    millis: i64,
}

const UNITS: [Unit; 5] = [
    Unit { name: "week", short: "w", millis: 604_800_000 },
    Unit { name: "day", short: "d", millis: 86_400_000 },
    Unit { name: "hour", short: "h", millis: 3_600_000 },
    Unit { name: "minute", short: "m", millis: 60_000 },
    Unit { name: "second", short: "s", millis: 1_000 },
];

/// `6 hours`, `1 hour 30 minutes`, `1h30m`: parts fall in size and stand once.
/// The same forms as the durations of conditions; never zero.
pub fn duration(text: &str) -> Option<TimeDelta> {
    let mut rest = text.trim();
    let mut total: i64 = 0;
    let mut smallest = i64::MAX;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '_')?;
        let number: i64 = rest[..digits].replace('_', "").parse().ok()?;
        let spaced = rest[digits..].starts_with(' ');
        let word = rest[digits..].trim_start();
        let letters = word.find(|c: char| !c.is_alphabetic()).unwrap_or(word.len());
        let unit = unit(&word[..letters], spaced)?;
        if unit.millis >= smallest {
            return None;
        }
        smallest = unit.millis;
        total = total.checked_add(number.checked_mul(unit.millis)?)?;
        rest = word[letters..].trim_start();
    }
    (total > 0).then_some(TimeDelta(total))
}

/// `30 per second`, `20 per 2 minutes`.
pub fn rate(text: &str) -> Option<Rate> {
    let (count, per) = text.trim().split_once(" per ")?;
    let count = count.trim().parse().ok().filter(|n| *n > 0)?;
    let per = match unit(per.trim(), true) {
        Some(unit) => TimeDelta(unit.millis),
        None => duration(per)?,
    };
    Some(Rate { count, per })
}

fn unit(word: &str, spaced: bool) -> Option<&'static Unit> {
    UNITS.iter().find(|unit| match spaced {
        true => word.strip_suffix('s').unwrap_or(word) == unit.name,
        false => word == unit.short,
    })
}

/// `999.50` to hundredths.
pub fn money(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, cents) = digits.split_once('.').unwrap_or((digits, ""));
    let numeric = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || cents.len() > 2 || !numeric(whole) || !numeric(cents) {
        return None;
    }
    let cents: i64 = format!("{cents:0<2}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(cents)?.checked_mul(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, millis) in [
            ("6 hours", Some(21_600_000)),
            ("1 day", Some(86_400_000)),
            ("1 hour 30 minutes", Some(5_400_000)),
            ("1h30m", Some(5_400_000)),
            ("2w", Some(1_209_600_000)),
            ("30 minutes 1 hour", None),
            ("1 hour 1 hour", None),
            ("0 hours", None),
            ("6", None),
            ("6 h", None),
            ("six hours", None),
            ("1 month", None),
            ("99999999999999999 weeks", None),
            ("", None),
        ] {
            assert_eq!(duration(text).map(|d| d.0), millis, "{text}");
        }
    }

    #[test]
    fn rates() {
        for (text, expected) in [
            ("30 per second", Some((30, 1_000))),
            ("20 per minute", Some((20, 60_000))),
            ("5 per 2 minutes", Some((5, 120_000))),
            ("0 per second", None),
            ("30/s", None),
            ("30 per fortnight", None),
            ("-1 per second", None),
        ] {
            assert_eq!(rate(text).map(|r| (r.count, r.per.0)), expected, "{text}");
        }
        assert_eq!(rate("30 per second").map(|r| r.to_string()), Some("30 per second".to_owned()));
    }
}
