//! Axes: where their ticks stand, and how numbers are written beside them.

use crate::model::{Lang, grouped};

/// In what values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things that are counted.
    Count,
    /// Roubles.
    Roubles,
    /// Stars.
    Stars,
    /// Shares: 0.05 is 5 %.
    Share,
}

/// What is drawn of a value: nothing of one that is no number, or that no axis
/// could hold.
pub(super) fn drawn(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.abs() <= LARGEST)
}

/// Values and the ticks beside them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    step: f64,
}

/// About so many ticks an axis has.
const TICKS: f64 = 5.0;
const LARGEST: f64 = 1e15;

impl Scale {
    /// A scale that holds all values and zero, from one round number to another.
    pub fn of(values: impl Iterator<Item = f64>, unit: Unit) -> Self {
        let (low, high) = values
            .filter_map(|value| drawn(Some(value)))
            .fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
        let least = match unit {
            Unit::Count | Unit::Stars => 1.0,
            Unit::Roubles => 0.01,
            Unit::Share => 0.0001,
        };
        let (low, high) = match (unit, high - low > 0.0) {
            (_, true) => (low, high),
            (Unit::Share, false) => (-0.1, 0.1),
            (Unit::Count | Unit::Stars | Unit::Roubles, false) => (0.0, 1.0),
        };
        let span = high - low;
        let step = round(span / TICKS).max(least);
        Self { low: (low / step).floor() * step, high: ((high / step).ceil() * step).max(step), step }
    }

    /// Where a value lies: 0 at the low end, 1 at the high one.
    pub fn at(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// The ticks, from the lowest on.
    pub fn ticks(&self) -> impl Iterator<Item = f64> {
        let count = ((self.high - self.low) / self.step).round() as u32;
        let (low, step) = (self.low, self.step);
        // not added up: what is left of zero by rounding would be written `-0`
        (0..=count).map(move |n| ((low / step).round() + f64::from(n)) * step)
    }
}

/// The next 1, 2 or 5 times a power of ten.
fn round(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let times = step / power;
    let chosen = [1.0, 2.0, 5.0].into_iter().find(|one| times <= one * 1.000_001).unwrap_or(10.0);
    chosen * power
}

/// A value as it stands in a chart.
pub(super) fn written(value: f64, unit: Unit, lang: Lang) -> String {
    let (number, sign) = match unit {
        Unit::Count => (decimal(value, 0, lang), ""),
        Unit::Stars => (decimal(value, 0, lang), " ★"),
        Unit::Roubles => (decimal(value, if value.fract() == 0.0 { 0 } else { 2 }, lang), " ₽"),
        Unit::Share => (decimal(value * 100.0, 2, lang), " %"),
    };
    format!("{number}{sign}")
}

/// A number with so many digits after the point at most, its thousands apart.
fn decimal(value: f64, most: usize, lang: Lang) -> String {
    let text = format!("{:.most$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), grouped);
    let is_zero = fraction.is_empty() && whole == "0";
    let sign = if value < 0.0 && !is_zero { "−" } else { "" };
    let point = match lang {
        Lang::En => ".",
        Lang::Ru => ",",
    };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}{point}{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers_that_hold_all_values() {
        for (values, unit, expected) in [
            (vec![], Unit::Count, vec![0.0, 1.0]),
            (vec![0.0], Unit::Share, vec![-0.1, -0.05, 0.0, 0.05, 0.1]),
            (vec![3.0], Unit::Count, vec![0.0, 1.0, 2.0, 3.0]),
            (vec![97.0], Unit::Count, vec![0.0, 20.0, 40.0, 60.0, 80.0, 100.0]),
            (vec![-120.0, 240.0], Unit::Roubles, vec![-200.0, -100.0, 0.0, 100.0, 200.0, 300.0]),
            (vec![f64::NAN, f64::INFINITY, 0.5], Unit::Share, vec![0.0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        ] {
            let ticks: Vec<f64> = Scale::of(values.iter().copied(), unit).ticks().collect();
            let near = ticks.iter().zip(&expected).all(|(one, other)| (one - other).abs() < 1e-9);
            assert!(near && ticks.len() == expected.len(), "{values:?}: {ticks:?}");
        }
    }

    #[test]
    fn numbers_are_written_as_people_do() {
        for (value, unit, lang, expected) in [
            (1_234_567.0, Unit::Count, Lang::Ru, "1 234 567"),
            (-1500.5, Unit::Roubles, Lang::Ru, "−1 500,5 ₽"),
            (250.0, Unit::Stars, Lang::En, "250 ★"),
            (0.0625, Unit::Share, Lang::En, "6.25 %"),
            (-0.000_001, Unit::Share, Lang::Ru, "0 %"),
            (0.1, Unit::Share, Lang::Ru, "10 %"),
        ] {
            assert_eq!(written(value, unit, lang), expected);
        }
    }
}
