//! The answers to one fact for every row, in the form that conditions read.

use super::bucket::Amount;
use super::narrow::Narrow;
use crate::condition::{Column, Whole};
use crate::model::{Time, Type, Value};
use std::collections::HashMap;

/// A column that amounts are added to and taken from.
#[derive(Clone, Debug)]
pub(super) enum Values {
    /// Counts, and sums of ints and money.
    Wholes(Wholes),
    /// Sums of floats.
    Floats(Floats),
    /// First or last times.
    Times(Times),
}

/// Whole numbers that stop at the limits of an i64.
#[derive(Clone, Debug, Default)]
pub(super) struct Wholes {
    values: Narrow,
    money: bool,
    /// What is really there in rows where it is beyond the limits.
    beyond: HashMap<u32, i128>,
}

/// Sums of floats without drift: what rounding took off is kept beside, and a
/// sum of nothing is 0.
#[derive(Clone, Debug, Default)]
pub(super) struct Floats {
    values: Vec<f64>,
    rests: Vec<f64>,
    /// Amounts in each sum.
    counts: Vec<u32>,
}

/// Times, some of them missing.
#[derive(Clone, Debug)]
pub(super) struct Times {
    values: Vec<i64>,
    set: Vec<u64>,
    keep: Keep,
}

/// Which of two times counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// The earlier one.
    First,
    /// The later one.
    Last,
}

impl Values {
    /// Counts of nothing.
    pub(super) fn counts() -> Self {
        Self::Wholes(Wholes::default())
    }

    /// Sums of nothing of this type.
    pub(super) fn sums(ty: &Type) -> Self {
        match ty {
            Type::Float => Self::Floats(Floats::default()),
            Type::Money => Self::Wholes(Wholes { money: true, ..Wholes::default() }),
            Type::Int | Type::Bool | Type::String | Type::Time | Type::Duration | Type::List | Type::Enum(_) => {
                Self::counts()
            }
        }
    }

    /// Times that are all missing.
    pub(super) fn times(keep: Keep) -> Self {
        Self::Times(Times { values: Vec::new(), set: Vec::new(), keep })
    }

    /// An empty column of the same kind.
    pub(super) fn cleared(&self) -> Self {
        match self {
            Self::Wholes(all) => Self::Wholes(Wholes { money: all.money, ..Wholes::default() }),
            Self::Floats(_) => Self::Floats(Floats::default()),
            Self::Times(all) => Self::times(all.keep),
        }
    }

    /// So many rows; new ones are 0 or missing.
    pub(super) fn resize(&mut self, rows: usize) {
        match self {
            Self::Wholes(all) => all.values.resize(rows),
            Self::Floats(all) => {
                all.values.resize(rows, 0.0);
                all.rests.resize(rows, 0.0);
                all.counts.resize(rows, 0);
            }
            Self::Times(all) => {
                all.values.resize(rows, 0);
                all.set.resize(rows.div_ceil(64), 0);
            }
        }
    }

    /// Adds an amount; says whether the answer is another one now.
    pub(super) fn add(&mut self, row: u32, amount: Amount) -> bool {
        match (self, amount) {
            (Self::Wholes(all), Amount::Whole(n)) => all.change(row, n.into()),
            (Self::Floats(all), Amount::Float(x)) => all.change(row, x, Floats::one_more),
            (Self::Wholes(_) | Self::Times(_), Amount::Float(_))
            | (Self::Floats(_) | Self::Times(_), Amount::Whole(_)) => false,
        }
    }

    /// Takes away an amount that was added.
    pub(super) fn subtract(&mut self, row: u32, amount: Amount) -> bool {
        match (self, amount) {
            (Self::Wholes(all), Amount::Whole(n)) => all.change(row, -i128::from(n)),
            (Self::Floats(all), Amount::Float(x)) => all.change(row, -x, Floats::one_less),
            (Self::Wholes(_) | Self::Times(_), Amount::Float(_))
            | (Self::Floats(_) | Self::Times(_), Amount::Whole(_)) => false,
        }
    }

    /// Takes note of a time; says whether the answer is another one now.
    pub(super) fn meet(&mut self, row: u32, at: Time) -> bool {
        match self {
            Self::Times(all) => all.meet(row as usize, at),
            Self::Wholes(_) | Self::Floats(_) => false,
        }
    }

    /// Sets the answer; one of another type clears it.
    pub(super) fn set(&mut self, row: u32, value: &Value) {
        let at = row as usize;
        match self {
            Self::Wholes(all) => {
                all.beyond.remove(&row);
                all.values.set(at, whole(value).unwrap_or(0));
            }
            Self::Floats(all) => {
                let x = if let Value::Float(x) = value { *x } else { 0.0 };
                (all.values[at], all.rests[at], all.counts[at]) = (x, 0.0, 1);
            }
            Self::Times(all) => {
                all.set[at / 64] &= !(1 << (at % 64));
                all.values[at] = 0;
                if let Value::Time(time) = value {
                    all.meet(at, *time);
                }
            }
        }
    }

    /// Nothing has happened in this row.
    pub(super) fn erase(&mut self, row: u32) {
        self.set(row, &Value::Missing);
        if let Self::Floats(all) = self {
            all.counts[row as usize] = 0;
        }
    }

    /// The answer of a row below the number of rows.
    pub(super) fn get(&self, row: u32) -> Value {
        let at = row as usize;
        match self {
            Self::Wholes(all) if all.money => Value::Money(all.values.get(at)),
            Self::Wholes(all) => Value::Int(all.values.get(at)),
            Self::Floats(all) => Value::Float(all.values[at]),
            Self::Times(all) if all.is_set(at) => Value::Time(Time(all.values[at])),
            Self::Times(_) => Value::Missing,
        }
    }

    /// Everybody's answers.
    pub(super) fn column(&self) -> Column<'_> {
        match self {
            Self::Wholes(all) => Column::Whole { values: all.values.whole(), unit: 1, set: None },
            Self::Floats(all) => Column::Floats { values: &all.values, set: None },
            Self::Times(all) => Column::Whole { values: Whole::I64(&all.values), unit: 1, set: Some(&all.set) },
        }
    }

    /// Bytes in memory.
    pub(super) fn memory(&self) -> usize {
        match self {
            Self::Wholes(all) => all.values.memory() + all.beyond.capacity() * size_of::<(u32, i128)>(),
            Self::Floats(all) => all.values.capacity() * 16 + all.counts.capacity() * 4,
            Self::Times(all) => all.values.capacity() * 8 + all.set.capacity() * 8,
        }
    }
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Int(n) | Value::Money(n) => Some(*n),
        Value::Missing
        | Value::Bool(_)
        | Value::Float(_)
        | Value::String(_)
        | Value::Time(_)
        | Value::Duration(_)
        | Value::List(_) => None,
    }
}

impl Wholes {
    fn change(&mut self, row: u32, by: i128) -> bool {
        let at = row as usize;
        let old = self.values.get(at);
        let beyond = if self.beyond.is_empty() { None } else { self.beyond.remove(&row) };
        let sum = beyond.unwrap_or(old.into()) + by;
        let new = i64::try_from(sum).unwrap_or_else(|_| {
            self.beyond.insert(row, sum);
            if sum < 0 { i64::MIN } else { i64::MAX }
        });
        self.values.set(at, new);
        new != old
    }
}

impl Floats {
    fn change(&mut self, row: u32, by: f64, count: fn(u32) -> u32) -> bool {
        let at = row as usize;
        let old = self.values[at];
        self.counts[at] = count(self.counts[at]);
        (self.values[at], self.rests[at]) =
            if self.counts[at] == 0 { (0.0, 0.0) } else { sum(old, self.rests[at], by) };
        self.values[at] != old
    }

    fn one_more(count: u32) -> u32 {
        count.saturating_add(1)
    }

    fn one_less(count: u32) -> u32 {
        count.saturating_sub(1)
    }
}

/// The sum of `high + rest` and `by`, and what rounding took off it.
fn sum(high: f64, rest: f64, by: f64) -> (f64, f64) {
    let (first, error) = exactly(high, by);
    let (first, rest) = exactly(first, error + rest);
    if first.is_finite() && rest.is_finite() { (first, rest) } else { (first.clamp(f64::MIN, f64::MAX), 0.0) }
}

/// The rounded sum and its exact error (Knuth's two-sum).
fn exactly(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

impl Times {
    fn is_set(&self, at: usize) -> bool {
        self.set[at / 64] >> (at % 64) & 1 == 1
    }

    fn meet(&mut self, at: usize, time: Time) -> bool {
        let better = match self.keep {
            Keep::First => time.0 < self.values[at],
            Keep::Last => time.0 > self.values[at],
        };
        let changed = better || !self.is_set(at);
        if changed {
            self.values[at] = time.0;
            self.set[at / 64] |= 1 << (at % 64);
        }
        changed
    }
}
