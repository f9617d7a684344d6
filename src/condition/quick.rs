//! The tests that conditions mostly consist of, made ready once: a field
//! against constants, or a time against now, is one match and a comparison.
//!
//! Everything else goes the general way of [`row`](super::row), whose answers
//! these are, missing values included.

use super::ir::{Expr, Op};
use super::row;
use super::syntax::{Operator, Relation};
use super::{Row, Truth};
use crate::model::{FieldId, SegmentId, Time, TimeDelta, Type, Value};
use std::sync::Arc;

/// A condition made ready.
#[derive(Debug)]
pub(super) enum Test {
    All(Chain),
    Any(Chain),
    Not(Box<Test>),
    Leaf(Leaf),
    General(Box<Expr>),
}

/// The operands of `and` or `or`; their order does not matter to the answer.
#[derive(Debug)]
pub(super) struct Chain {
    leaves: Box<[Leaf]>,
    rest: Box<[Test]>,
}

/// A test of one field.
#[derive(Debug)]
pub(super) enum Leaf {
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
}

/// So many leaves are judged before anybody looks at their answers: a jump that
/// depends on a user's values costs more than a few leaves.
const TOGETHER: usize = 4;

impl Test {
    pub fn new(expr: &Expr) -> Self {
        match &expr.op {
            Op::All(list) => Self::All(Chain::new(list)),
            Op::Any(list) => Self::Any(Chain::new(list)),
            Op::Not(inner) => Self::Not(Box::new(Self::new(inner))),
            Op::Field(id) => Self::Leaf(Leaf::Flag(*id)),
            Op::Segment(id) => Self::Leaf(Leaf::Segment(*id)),
            Op::Missing(inner) if let Op::Field(id) = inner.op => Self::Leaf(Leaf::Missing(id)),
            _ => leaf(expr).unwrap_or_else(|| Self::General(Box::new(expr.clone()))),
        }
    }

    pub fn judge<R: Row + ?Sized>(&self, row: &R) -> Truth {
        match self {
            Self::All(chain) => chain.extreme(row, Truth::True, Truth::False, std::cmp::min),
            Self::Any(chain) => chain.extreme(row, Truth::False, Truth::True, std::cmp::max),
            Self::Not(inner) => !inner.judge(row),
            Self::Leaf(leaf) => leaf.judge(row),
            Self::General(expr) => general(expr, row),
        }
    }

    /// Shows the tests that must all come out as `expected` if this one is to:
    /// leaves with what is expected of each, and none for what is no leaf.
    pub fn conjuncts(&self, expected: bool, each: &mut impl FnMut(Option<&Leaf>, bool)) {
        match self {
            Self::Leaf(leaf) => each(Some(leaf), expected),
            Self::Not(inner) => inner.conjuncts(!expected, each),
            Self::All(chain) if expected => chain.conjuncts(expected, each),
            Self::Any(chain) if !expected => chain.conjuncts(expected, each),
            Self::All(_) | Self::Any(_) | Self::General(_) => each(None, expected),
        }
    }
}

impl Chain {
    fn new(list: &[Expr]) -> Self {
        let (mut leaves, mut rest) = (Vec::new(), Vec::new());
        for expr in list {
            match Test::new(expr) {
                Test::Leaf(leaf) => leaves.push(leaf),
                test => rest.push(test),
            }
        }
        Self { leaves: leaves.into(), rest: rest.into() }
    }

    fn conjuncts(&self, expected: bool, each: &mut impl FnMut(Option<&Leaf>, bool)) {
        self.leaves.iter().for_each(|leaf| each(Some(leaf), expected));
        self.rest.iter().for_each(|test| test.conjuncts(expected, each));
    }

    /// The least or greatest of the answers, which is Kleene's `and` or `or`;
    /// nothing goes beyond `end`.
    #[inline(always)]
    fn extreme<R: Row + ?Sized>(&self, row: &R, start: Truth, end: Truth, pick: fn(Truth, Truth) -> Truth) -> Truth {
        let mut together = start;
        for leaves in self.leaves.chunks(TOGETHER) {
            for leaf in leaves {
                together = pick(together, leaf.judge(row));
            }
            if together == end {
                return end;
            }
        }
        for test in &self.rest {
            together = pick(together, test.judge(row));
            if together == end {
                return end;
            }
        }
        together
    }
}

impl Leaf {
    #[inline(always)]
    fn judge<R: Row + ?Sized>(&self, row: &R) -> Truth {
        match self {
            Self::Flag(id) => {
                let (known, x) = match row.field(*id) {
                    Value::Bool(x) => (true, *x),
                    _ => (false, false),
                };
                answer(known, x)
            }
            Self::Missing(id) => answer(true, row.field(*id).is_missing()),
            Self::Segment(id) => answer(true, row.in_segment(*id)),
            Self::Whole { field, low, high } => {
                let (known, x) = match row.field(*field) {
                    Value::Int(x) | Value::Money(x) | Value::Time(Time(x)) => (true, *x),
                    _ => (false, 0),
                };
                answer(known, (*low <= x) & (x <= *high))
            }
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

/// Kept out of the ready-made tests, which would pay for its large frame.
#[inline(never)]
fn general<R: Row + ?Sized>(expr: &Expr, row: &R) -> Truth {
    row::judge(expr, row)
}

/// True or false where the value is known, without a jump.
#[inline(always)]
fn answer(known: bool, holds: bool) -> Truth {
    let certain = if holds { Truth::True } else { Truth::False };
    if known { certain } else { Truth::Unknown }
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
                return Some(Test::Leaf(Leaf::Whole { field, low, high }));
            }
            let ends = [(Relation::GreaterOrEqual, from_now(low)?), (Relation::LessOrEqual, from_now(high)?)];
            let leaves = ends.map(|(relation, by)| Leaf::Moment { field, relation, by }).into();
            Some(Test::All(Chain { leaves, rest: Box::new([]) }))
        }
        Op::OneOf { item, elements } => {
            let Op::Field(field) = item.op else { return None };
            let texts: Option<Box<[Arc<str>]>> = elements.iter().map(text).collect();
            Some(Test::Leaf(Leaf::OneOf { field, texts: texts? }))
        }
        _ => None,
    }
}

fn compare(field: FieldId, ty: &Type, relation: Relation, other: &Expr) -> Option<Test> {
    if let Some(text) = text(other) {
        return Some(unless(relation == Relation::NotEqual, Leaf::OneOf { field, texts: Box::new([text]) }));
    }
    if let Some(constant) = float(ty, other) {
        return Some(Test::Leaf(Leaf::Float { field, relation, constant }));
    }
    if let Some(at) = whole(ty, other) {
        let (low, high) = reach(relation, at)?;
        return Some(unless(relation == Relation::NotEqual, Leaf::Whole { field, low, high }));
    }
    from_now(other).map(|by| Test::Leaf(Leaf::Moment { field, relation, by }))
}

fn unless(negated: bool, leaf: Leaf) -> Test {
    if negated { Test::Not(Box::new(Test::Leaf(leaf))) } else { Test::Leaf(leaf) }
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
