//! A value during evaluation, borrowed where possible, with the language's
//! own comparison and arithmetic. Nothing here fails: what has no result is
//! missing.

use super::Truth;
use super::syntax::{Operator, Relation};
use crate::model::{Time, TimeDelta, Value};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

/// A value that lives as long as the row and the program.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Datum<'a> {
    Missing,
    Bool(bool),
    Int(i64),
    Float(f64),
    Money(i64),
    Text(Cow<'a, str>),
    Time(Time),
    Duration(TimeDelta),
    List(&'a Arc<[Arc<str>]>),
}

impl<'a> Datum<'a> {
    pub fn from_value(value: &'a Value) -> Self {
        match value {
            Value::Missing => Self::Missing,
            Value::Bool(x) => Self::Bool(*x),
            Value::Int(x) => Self::Int(*x),
            Value::Float(x) => Self::Float(*x),
            Value::Money(x) => Self::Money(*x),
            Value::String(x) => Self::Text(Cow::Borrowed(x)),
            Value::Time(x) => Self::Time(*x),
            Value::Duration(x) => Self::Duration(*x),
            Value::List(x) => Self::List(x),
        }
    }

    /// The answer to a fact, which is never a list.
    pub fn of_fact(value: Value) -> Self {
        match value {
            Value::Missing | Value::List(_) => Self::Missing,
            Value::Bool(x) => Self::Bool(x),
            Value::Int(x) => Self::Int(x),
            Value::Float(x) => Self::Float(x),
            Value::Money(x) => Self::Money(x),
            Value::String(x) => Self::Text(Cow::Owned(x.to_string())),
            Value::Time(x) => Self::Time(x),
            Value::Duration(x) => Self::Duration(x),
        }
    }

    pub fn into_value(self) -> Value {
        match self {
            Self::Missing => Value::Missing,
            Self::Bool(x) => Value::Bool(x),
            Self::Int(x) => Value::Int(x),
            Self::Float(x) => Value::Float(x),
            Self::Money(x) => Value::Money(x),
            Self::Text(x) => Value::text(&*x),
            Self::Time(x) => Value::Time(x),
            Self::Duration(x) => Value::Duration(x),
            Self::List(x) => Value::List(x.clone()),
        }
    }

    pub fn truth(&self) -> Truth {
        match self {
            Self::Bool(x) => Truth::from(*x),
            _ => Truth::Unknown,
        }
    }

    pub fn from_truth(truth: Truth) -> Self {
        match truth {
            Truth::True => Self::Bool(true),
            Truth::False => Self::Bool(false),
            Truth::Unknown => Self::Missing,
        }
    }

    /// A float if it is finite.
    pub fn float(x: f64) -> Self {
        if x.is_finite() { Self::Float(x) } else { Self::Missing }
    }

    /// The number as a float, money in major units.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Self::Int(x) => Some(*x as f64),
            Self::Float(x) => Some(*x),
            Self::Money(x) => Some(*x as f64 / 100.0),
            _ => None,
        }
    }

    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }

    /// How two values of comparable types stand, by exact mathematical value;
    /// nothing if one is missing.
    pub fn order(&self, other: &Self) -> Option<Ordering> {
        Some(match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Int(a), Self::Int(b)) | (Self::Money(a), Self::Money(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => return a.partial_cmp(b),
            (Self::Int(a), Self::Float(b)) => int_to_float(*a, *b),
            (Self::Float(a), Self::Int(b)) => int_to_float(*b, *a).reverse(),
            (Self::Money(a), Self::Int(b)) => i128::from(*a).cmp(&(i128::from(*b) * 100)),
            (Self::Int(a), Self::Money(b)) => (i128::from(*a) * 100).cmp(&i128::from(*b)),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Time(a), Self::Time(b)) => a.cmp(b),
            (Self::Duration(a), Self::Duration(b)) => a.cmp(b),
            _ => return None,
        })
    }

    /// The three-valued comparison.
    pub fn compare(&self, relation: Relation, other: &Self) -> Truth {
        Truth::from(self.order(other).map(|order| relation.holds(order)))
    }

    pub fn apply(self, operator: Operator, other: Self) -> Self {
        match operator {
            Operator::Add => self.add(other),
            Operator::Subtract => self.subtract(&other),
            Operator::Multiply => self.multiply(&other),
            Operator::Divide => self.divide(&other),
            Operator::Remainder => self.remainder(&other),
        }
    }

    pub fn negate(self) -> Self {
        match self {
            Self::Int(x) => x.checked_neg().map_or(Self::Missing, Self::Int),
            Self::Money(x) => x.checked_neg().map_or(Self::Missing, Self::Money),
            Self::Float(x) => Self::Float(-x),
            Self::Duration(x) => x.0.checked_neg().map_or(Self::Missing, |x| Self::Duration(TimeDelta(x))),
            Self::Missing | Self::Bool(_) | Self::Text(_) | Self::Time(_) | Self::List(_) => Self::Missing,
        }
    }

    fn add(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Int(a), Self::Int(b)) => whole(a.checked_add(*b)),
            (Self::Money(_) | Self::Int(_), Self::Money(_) | Self::Int(_)) => {
                money(self.hundredths().zip(other.hundredths()).and_then(|(a, b)| a.checked_add(b)))
            }
            (Self::Time(a), Self::Duration(b)) | (Self::Duration(b), Self::Time(a)) => time(a.0.checked_add(b.0)),
            (Self::Duration(a), Self::Duration(b)) => duration(a.0.checked_add(b.0)),
            _ => self.floats(&other, |a, b| a + b),
        }
    }

    fn subtract(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => whole(a.checked_sub(*b)),
            (Self::Money(_) | Self::Int(_), Self::Money(_) | Self::Int(_)) => {
                money(self.hundredths().zip(other.hundredths()).and_then(|(a, b)| a.checked_sub(b)))
            }
            (Self::Time(a), Self::Duration(b)) => time(a.0.checked_sub(b.0)),
            (Self::Time(a), Self::Time(b)) => duration(a.0.checked_sub(b.0)),
            (Self::Duration(a), Self::Duration(b)) => duration(a.0.checked_sub(b.0)),
            _ => self.floats(other, |a, b| a - b),
        }
    }

    fn multiply(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => whole(a.checked_mul(*b)),
            (Self::Money(a), Self::Int(b)) | (Self::Int(a), Self::Money(b)) => money(a.checked_mul(*b)),
            _ => self.floats(other, |a, b| a * b),
        }
    }

    fn divide(&self, other: &Self) -> Self {
        self.floats(other, |a, b| if b == 0.0 { f64::NAN } else { a / b })
    }

    fn remainder(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Int(_), Self::Int(0)) => Self::Missing,
            (Self::Int(a), Self::Int(b)) => Self::Int(a.wrapping_rem(*b)),
            _ => Self::Missing,
        }
    }

    fn floats(&self, other: &Self, operation: fn(f64, f64) -> f64) -> Self {
        match (self.as_float(), other.as_float()) {
            (Some(a), Some(b)) => Self::float(operation(a, b)),
            _ => Self::Missing,
        }
    }

    /// Money as it is, an int as major units.
    pub fn hundredths(&self) -> Option<i64> {
        match self {
            Self::Money(x) => Some(*x),
            Self::Int(x) => x.checked_mul(100),
            _ => None,
        }
    }
}

fn whole<'a>(x: Option<i64>) -> Datum<'a> {
    x.map_or(Datum::Missing, Datum::Int)
}

fn money<'a>(x: Option<i64>) -> Datum<'a> {
    x.map_or(Datum::Missing, Datum::Money)
}

fn time<'a>(x: Option<i64>) -> Datum<'a> {
    x.map_or(Datum::Missing, |x| Datum::Time(Time(x)))
}

fn duration<'a>(x: Option<i64>) -> Datum<'a> {
    x.map_or(Datum::Missing, |x| Datum::Duration(TimeDelta(x)))
}

/// Compares an int with a float without rounding the int.
fn int_to_float(int: i64, float: f64) -> Ordering {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if float >= LIMIT {
        return Ordering::Less;
    }
    if float < -LIMIT {
        return Ordering::Greater;
    }
    let whole = float.trunc();
    int.cmp(&(whole as i64)).then_with(|| whole.partial_cmp(&float).unwrap_or(Ordering::Equal))
}
