//! The small phrases of faults: `90 seconds`, `1h30m`, `250 ms`, `3%`, and
//! `20s for 3s`. Text to value and back; they look as in rule files.

use crate::model::TimeDelta;
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A part of every period: `20s for 3s` is the first three of each twenty
/// seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Storms {
    /// The period.
    pub every: TimeDelta,
    /// How long it lasts in each; less than the period.
    pub lasts: TimeDelta,
}

/// Names and milliseconds, largest first.
const UNITS: [(&str, &str, i64); 6] = [
    ("week", "w", 604_800_000),
    ("day", "d", 86_400_000),
    ("hour", "h", 3_600_000),
    ("minute", "m", 60_000),
    ("second", "s", 1_000),
    ("millisecond", "ms", 1),
];

/// `6 hours`, `1 hour 30 minutes`, `1h30m`, `250ms`; the parts fall in size.
pub(crate) fn duration(text: &str) -> Option<TimeDelta> {
    let mut rest = text.trim();
    let (mut total, mut smallest) = (0_i64, i64::MAX);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest.get(..digits)?.parse().ok()?;
        let word = rest.get(digits..)?.trim_start();
        let letters = word.find(|c: char| !c.is_alphabetic()).unwrap_or(word.len());
        let millis = unit(word.get(..letters)?)?;
        if millis >= smallest {
            return None;
        }
        smallest = millis;
        total = total.checked_add(number.checked_mul(millis)?)?;
        rest = word.get(letters..)?.trim_start();
    }
    Some(TimeDelta(total))
}

/// `3%` or `0.03`, from 0 to 1.
pub(crate) fn share(text: &str) -> Option<f64> {
    let text = text.trim();
    let value = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().ok()? / 100.0,
        None => text.parse().ok()?,
    };
    (0.0..=1.0).contains(&value).then_some(value)
}

/// The same length as text: `1m30s`.
pub(crate) fn show(length: TimeDelta) -> String {
    let mut left = length.0.max(0);
    let mut text = String::new();
    for (_, short, millis) in UNITS {
        if left >= millis {
            text += &format!("{}{short}", left / millis);
            left %= millis;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

fn unit(word: &str) -> Option<i64> {
    let single = word.strip_suffix('s').filter(|rest| rest.len() > 2).unwrap_or(word);
    UNITS.iter().find(|(name, short, _)| *name == single || *short == word).map(|(_, _, millis)| *millis)
}

impl Storms {
    fn parse(text: &str) -> Result<Self, String> {
        let parts = text.split_once(" for ").and_then(|(every, lasts)| Some((duration(every)?, duration(lasts)?)));
        match parts {
            Some((every, lasts)) if lasts.0 > 0 && lasts < every => Ok(Self { every, lasts }),
            Some(_) => Err(format!("`{text}` must last longer than nothing and less than its period")),
            None => Err(format!("`{text}` is not like `20s for 3s`")),
        }
    }
}

impl fmt::Display for Storms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {}", show(self.every), show(self.lasts))
    }
}

impl Serialize for Storms {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Storms {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Phrase(Self::parse))
    }
}

/// A length of time in a fault, as text.
pub(crate) mod length {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(length: &Option<TimeDelta>, serializer: S) -> Result<S::Ok, S::Error> {
        match length {
            Some(length) => serializer.serialize_str(&show(*length)),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TimeDelta>, D::Error> {
        let read = |text: &str| {
            let wrong = || format!("`{text}` is not a length of time: write `90 seconds` or `1m30s`");
            duration(text).ok_or_else(wrong)
        };
        deserializer.deserialize_str(Phrase(read)).map(Some)
    }
}

/// Reads text where it stands, so that a mistake has its place.
struct Phrase<T>(fn(&str) -> Result<T, String>);

impl<T> Visitor<'_> for Phrase<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a length of time, such as `90 seconds`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
}

/// A share from 0 to 1: a number, or text with a percent sign.
pub(crate) fn read_share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    deserializer.deserialize_any(ShareVisitor)
}

struct ShareVisitor;

impl Visitor<'_> for ShareVisitor {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a share such as `3%`, or a number between 0 and 1")
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<f64, E> {
        match (0.0..=1.0).contains(&value) {
            true => Ok(value),
            false => Err(E::invalid_value(Unexpected::Float(value), &self)),
        }
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<f64, E> {
        match value {
            0 => Ok(0.0),
            1 => Ok(1.0),
            _ => Err(E::invalid_value(Unexpected::Unsigned(value), &self)),
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<f64, E> {
        Err(E::invalid_value(Unexpected::Signed(value), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<f64, E> {
        share(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_come_back_as_they_went() {
        for (text, millis, shown) in [
            ("90 seconds", 90_000, "1m30s"),
            ("1 hour 30 minutes", 5_400_000, "1h30m"),
            ("1h30m", 5_400_000, "1h30m"),
            ("250 ms", 250, "250ms"),
            ("1s250ms", 1_250, "1s250ms"),
            ("0s", 0, "0s"),
            ("2 weeks", 1_209_600_000, "2w"),
        ] {
            assert_eq!(duration(text), Some(TimeDelta(millis)), "{text}");
            assert_eq!(show(TimeDelta(millis)), shown);
            assert_eq!(duration(shown), Some(TimeDelta(millis)));
        }
        for text in ["", "6", "six hours", "30 minutes 1 hour", "1 month", "-1s", "1.5s"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn shares_are_percent_or_numbers() {
        let rows = [
            ("3%", Some(0.03)),
            ("0.5 %", Some(0.005)),
            ("0.25", Some(0.25)),
            ("101%", None),
            ("-1", None),
            ("x", None),
        ];
        for (text, expected) in rows {
            assert_eq!(share(text), expected, "{text}");
        }
    }

    #[test]
    fn storms_fit_into_their_period() {
        let storms = Storms::parse("20s for 3s").unwrap();
        assert_eq!(storms, Storms { every: TimeDelta::seconds(20), lasts: TimeDelta::seconds(3) });
        assert_eq!(storms.to_string(), "20s for 3s");
        for text in ["20s", "3s for 20s", "20s for 0s", "20 for 3"] {
            assert!(Storms::parse(text).is_err(), "{text}");
        }
    }
}
