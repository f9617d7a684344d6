//! The typed form of a condition: names are ids, every node has one type, and
//! nothing needs checking any more. All evaluators work on it.

use super::fact::{EventPart, Fact};
use super::function::Function;
use super::syntax::{Operator, Relation};
use crate::model::{FieldId, SegmentId, Type, Value};
use regex::Regex;

/// An expression of one known type.
#[derive(Clone, Debug)]
pub(super) struct Expr {
    pub ty: Type,
    pub op: Op,
}

/// The operations.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Constant(Value),
    Field(FieldId),
    Segment(SegmentId),
    Fact(Fact),
    Event(EventPart),
    /// By its place in the list of measurements.
    Metric(u16),
    Now,
    Today,
    Not(Box<Expr>),
    All(Box<[Expr]>),
    Any(Box<[Expr]>),
    Missing(Box<Expr>),
    Compare {
        relation: Relation,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    Between {
        value: Box<Expr>,
        low: Box<Expr>,
        high: Box<Expr>,
    },
    /// Equal to one of some elements.
    OneOf {
        item: Box<Expr>,
        elements: Box<[Expr]>,
    },
    /// An element of a list value.
    ElementOf {
        item: Box<Expr>,
        list: Box<Expr>,
    },
    Text {
        test: Within,
        text: Box<Expr>,
        part: Box<Expr>,
    },
    Matches {
        text: Box<Expr>,
        regex: Regex,
    },
    Negate(Box<Expr>),
    /// Applied from left to right.
    Chain {
        first: Box<Expr>,
        rest: Box<[(Operator, Expr)]>,
    },
    Call {
        function: &'static Function,
        arguments: Box<[Expr]>,
    },
    /// An int where a float or money is wanted.
    Widen(Box<Expr>),
}

/// Where one text is looked for in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Within {
    Anywhere,
    Start,
    End,
}

impl Expr {
    pub fn constant(value: Value, ty: Type) -> Self {
        Self { ty, op: Op::Constant(value) }
    }

    pub fn bool(op: Op) -> Self {
        Self { ty: Type::Bool, op }
    }

    /// Calls `visit` for this node and all below it.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Expr)) {
        visit(self);
        match &self.op {
            Op::Constant(_)
            | Op::Field(_)
            | Op::Segment(_)
            | Op::Fact(_)
            | Op::Event(_)
            | Op::Metric(_)
            | Op::Now
            | Op::Today => {}
            Op::Not(a) | Op::Missing(a) | Op::Negate(a) | Op::Widen(a) | Op::Matches { text: a, .. } => a.walk(visit),
            Op::All(list) | Op::Any(list) | Op::Call { arguments: list, .. } => {
                list.iter().for_each(|e| e.walk(visit));
            }
            Op::Compare { left: a, right: b, .. }
            | Op::ElementOf { item: a, list: b }
            | Op::Text { text: a, part: b, .. } => {
                a.walk(visit);
                b.walk(visit);
            }
            Op::Between { value, low, high } => [value, low, high].into_iter().for_each(|e| e.walk(visit)),
            Op::OneOf { item, elements } => {
                item.walk(visit);
                elements.iter().for_each(|e| e.walk(visit));
            }
            Op::Chain { first, rest } => {
                first.walk(visit);
                rest.iter().for_each(|(_, e)| e.walk(visit));
            }
        }
    }
}
