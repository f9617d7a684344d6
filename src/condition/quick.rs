//! The tests that conditions mostly consist of, made ready once: a field
//! against constants, or a time against now, is one match and a comparison.
//!
//! Everything else goes the general way of [`row`](super::row), whose answers
//! these are, missing values included.

use super::ir::{Expr, Op};
use super::row::{self, all, any};
use super::syntax::{Operator, Relation};
use super::{Row, Truth};
use crate::model::{FieldId, SegmentId, Time, TimeDelta, Type, Value};
use std::sync::Arc;

/// A condition made ready.
#[derive(Debug)]
pub(super) enum Test {
    All(Box<[Test]>),
    Any(Box<[Test]>),
    Not(Box<Test>),
    /// A field of type bool.
    Flag(FieldId),
    Missing(FieldId),
    Segment(SegmentId),
    /// An int, money or a time between two constants, both included.
    Whole {
        field: FieldId,
        low: i64,
        high: i64,
    },
    Float {
        field: FieldId,
        relation: Relation,
        constant: f64,
    },
    /// A text that is one of some.
    OneOf {
        field: FieldId,
        texts: Box<[Arc<str>]>,
    },
    /// A time against a moment that moves with now.
    Moment {
        field: FieldId,
        relation: Relation,
        by: TimeDelta,
    },
    General(Box<Expr>),
}

impl Test {
    pub fn new(expr: &Expr) -> Self {
        match &expr.op {
            Op::All(list) => Self::All(list.iter().map(Self::new).collect()),
            Op::Any(list) => Self::Any(list.iter().map(Self::new).collect()),
            Op::Not(inner) => Self::Not(Box::new(Self::new(inner))),
            Op::Field(id) => Self::Flag(*id),
            Op::Segment(id) => Self::Segment(*id),
            Op::Missing(inner) if let Op::Field(id) = inner.op => Self::Missing(id),
            _ => leaf(expr).unwrap_or_else(|| Self::General(Box::new(expr.clone()))),
        }
    }

    pub fn judge<R: Row + ?Sized>(&self, row: &R) -> Truth {
        match self {
            Self::All(list) => all(list.iter().map(|test| test.ready(row))),
            Self::Any(list) => any(list.iter().map(|test| test.ready(row))),
            Self::Not(inner) => !inner.ready(row),
            Self::General(expr) => row::judge(expr, row),
            Self::Flag(_)
            | Self::Missing(_)
            | Self::Segment(_)
            | Self::Whole { .. }
            | Self::Float { .. }
            | Self::OneOf { .. }
            | Self::Moment { .. } => self.ready(row),
        }
    }

    /// The answer of a test without others inside. It is put into each place
    /// that asks, so that a chain of such tests is one loop without a call.
    #[inline(always)]
    fn ready<R: Row + ?Sized>(&self, row: &R) -> Truth {
        match self {
            Self::All(_) | Self::Any(_) | Self::Not(_) | Self::General(_) => self.judge(row),
            Self::Flag(id) => match row.field(*id) {
                Value::Bool(x) => Truth::from(*x),
                _ => Truth::Unknown,
            },
            Self::Missing(id) => Truth::from(row.field(*id).is_missing()),
            Self::Segment(id) => Truth::from(row.in_segment(*id)),
            Self::Whole { field, low, high } => match row.field(*field) {
                Value::Int(x) | Value::Money(x) | Value::Time(Time(x)) => Truth::from(low <= x && x <= high),
                _ => Truth::Unknown,
            },
            Self::Float { field, relation, constant } => match row.field(*field) {
                Value::Float(x) => Truth::from(x.partial_cmp(constant).map(|order| relation.holds(order))),
                _ => Truth::Unknown,
            },
            Self::OneOf { field, texts } => match row.field(*field) {
                Value::String(x) => Truth::from(texts.iter().any(|text| **text == **x)),
                _ => Truth::Unknown,
            },
            // A moment beyond the reach of time is missing, as everywhere.
            Self::Moment { field, relation, by } => match row.field(*field) {
                Value::Time(x) => Truth::from(row.now().0.checked_add(by.0).map(|at| relation.holds(x.0.cmp(&at)))),
                _ => Truth::Unknown,
            },
        }
    }
}

fn leaf(expr: &Expr) -> Option<Test> {
    match &expr.op {
        Op::Compare { relation, left, right } => match (&left.op, &right.op) {
            (Op::Field(id), _) => compare(*id, &left.ty, *relation, right),
            (_, Op::Field(id)) => compare(*id, &right.ty, relation.flipped(), left),
            _ => None,
        },
        Op::Between { value, low, high } => {
            let Op::Field(field) = value.op else { return None };
            if let (Some(low), Some(high)) = (whole(&value.ty, low), whole(&value.ty, high)) {
                return Some(Test::Whole { field, low, high });
            }
            let ends = [(Relation::GreaterOrEqual, from_now(low)?), (Relation::LessOrEqual, from_now(high)?)];
            Some(Test::All(ends.map(|(relation, by)| Test::Moment { field, relation, by }).into()))
        }
        Op::OneOf { item, elements } => {
            let Op::Field(field) = item.op else { return None };
            let texts: Option<Box<[Arc<str>]>> = elements.iter().map(text).collect();
            Some(Test::OneOf { field, texts: texts? })
        }
        _ => None,
    }
}

fn compare(field: FieldId, ty: &Type, relation: Relation, other: &Expr) -> Option<Test> {
    if let Some(text) = text(other) {
        return Some(unless(relation == Relation::NotEqual, Test::OneOf { field, texts: Box::new([text]) }));
    }
    if let Some(constant) = float(ty, other) {
        return Some(Test::Float { field, relation, constant });
    }
    if let Some(at) = whole(ty, other) {
        let (low, high) = reach(relation, at)?;
        return Some(unless(relation == Relation::NotEqual, Test::Whole { field, low, high }));
    }
    from_now(other).map(|by| Test::Moment { field, relation, by })
}

fn unless(negated: bool, test: Test) -> Test {
    if negated { Test::Not(Box::new(test)) } else { test }
}

/// From where to where a relation with `at` holds, that of `!=` turned round.
fn reach(relation: Relation, at: i64) -> Option<(i64, i64)> {
    Some(match relation {
        Relation::Equal | Relation::NotEqual => (at, at),
        Relation::Less => (i64::MIN, at.checked_sub(1)?),
        Relation::LessOrEqual => (i64::MIN, at),
        Relation::Greater => (at.checked_add(1)?, i64::MAX),
        Relation::GreaterOrEqual => (at, i64::MAX),
    })
}

/// A constant in the unit of a field that holds whole numbers.
fn whole(field: &Type, other: &Expr) -> Option<i64> {
    match (field, &other.op) {
        (Type::Int, Op::Constant(Value::Int(x)))
        | (Type::Money, Op::Constant(Value::Money(x)))
        | (Type::Time, Op::Constant(Value::Time(Time(x)))) => Some(*x),
        (Type::Money, Op::Constant(Value::Int(x))) => x.checked_mul(100),
        _ => None,
    }
}

/// A constant beside a float, if a float holds it exactly.
fn float(field: &Type, other: &Expr) -> Option<f64> {
    const EXACT: i64 = 1 << 53;
    match (field, &other.op) {
        (Type::Float, Op::Constant(Value::Float(x))) => Some(*x),
        (Type::Float, Op::Constant(Value::Int(x))) if (-EXACT..=EXACT).contains(x) => Some(*x as f64),
        _ => None,
    }
}

fn text(other: &Expr) -> Option<Arc<str>> {
    match &other.op {
        Op::Constant(Value::String(text)) => Some(text.clone()),
        _ => None,
    }
}

/// How far from now a moment is that moves with it.
fn from_now(other: &Expr) -> Option<TimeDelta> {
    match &other.op {
        Op::Now => Some(TimeDelta(0)),
        Op::Chain { first, rest } => match (&first.op, &**rest) {
            (Op::Now, [(operator, length)]) => match (operator, &length.op) {
                (Operator::Add, Op::Constant(Value::Duration(by))) => Some(*by),
                (Operator::Subtract, Op::Constant(Value::Duration(by))) => by.0.checked_neg().map(TimeDelta),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}
