//! The typed form of a condition: names are ids, every node has one type, and
//! nothing needs checking any more. All evaluators work on it.

use super::column::Scanner;
use super::fact::{EventPart, Fact};
use super::function::{Behaviour, Function};
use super::syntax::{Operator, Relation, Span};
use crate::model::{FieldId, SegmentId, Type, Value};
use regex::Regex;
use std::sync::{Arc, OnceLock};

/// An expression of one known type. Two are equal if they ask the same.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expr {
    pub ty: Type,
    pub op: Op,
    /// Where it stands; nowhere for parts that a shorthand stands for.
    pub span: Span,
}

/// The operations.
#[derive(Clone, Debug, PartialEq)]
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
        pattern: Pattern,
    },
    Negate(Box<Expr>),
    /// Applied from left to right.
    Chain {
        first: Box<Expr>,
        rest: Box<[(Operator, Expr)]>,
    },
    Call(Call),
    /// An int where a float or money is wanted.
    Widen(Box<Expr>),
}

/// A call of a function that is computed from its arguments.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub function: &'static Function,
    pub behaviour: Behaviour,
    pub arguments: Box<[Expr]>,
}

/// A compiled regular expression, and the form in which it reads a column.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub regex: Regex,
    pub scanner: Arc<OnceLock<Scanner>>,
}

/// Where one text is looked for in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Within {
    Anywhere,
    Start,
    End,
}

impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        self.function == other.function && self.arguments == other.arguments
    }
}

impl Pattern {
    pub fn new(regex: Regex) -> Self {
        Self { regex, scanner: Arc::default() }
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.regex.as_str() == other.regex.as_str()
    }
}

impl Expr {
    pub fn new(ty: Type, op: Op) -> Self {
        Self { ty, op, span: Span::default() }
    }

    pub fn constant(value: Value, ty: Type) -> Self {
        Self::new(ty, Op::Constant(value))
    }

    pub fn bool(op: Op) -> Self {
        Self::new(Type::Bool, op)
    }

    /// The same, written there.
    pub fn at(mut self, span: Span) -> Self {
        self.span = span;
        self
    }

    /// Calls `visit` for this node and all below it, from the left.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Expr)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }

    /// The nodes directly below, from the left.
    pub fn children(&self) -> Vec<&Expr> {
        match &self.op {
            Op::Constant(_)
            | Op::Field(_)
            | Op::Segment(_)
            | Op::Fact(_)
            | Op::Event(_)
            | Op::Metric(_)
            | Op::Now
            | Op::Today => Vec::new(),
            Op::Not(a) | Op::Missing(a) | Op::Negate(a) | Op::Widen(a) | Op::Matches { text: a, .. } => vec![a],
            Op::All(list) | Op::Any(list) | Op::Call(Call { arguments: list, .. }) => list.iter().collect(),
            Op::Compare { left: a, right: b, .. }
            | Op::ElementOf { item: a, list: b }
            | Op::Text { text: a, part: b, .. } => vec![a, b],
            Op::Between { value, low, high } => vec![value, low, high],
            Op::OneOf { item, elements } => std::iter::once(&**item).chain(elements).collect(),
            Op::Chain { first, rest } => std::iter::once(&**first).chain(rest.iter().map(|(_, e)| e)).collect(),
        }
    }
}
