//! The condition language: text to syntax tree ([`parse`]), to a typed,
//! immutable program ([`check`]), to an answer for one user
//! ([`Condition::judge`]).
//!
//! Everything here is total and pure: no input makes it panic, recurse without
//! bound, read a clock or fail at run time. What names mean is asked of
//! [`Env`]; what a user's values are, of [`Row`]. Both are implemented
//! elsewhere.

pub mod codes;

mod check;
mod column;
mod date;
mod datum;
mod expected;
mod fact;
mod function;
mod ir;
mod literal;
mod matcher;
mod pace;
mod parse;
mod parts;
mod print;
mod quick;
mod row;
mod scan;
mod syntax;
mod why;

pub use check::{check, check_value};
pub use column::{Answers, Codes, Column, Columns, Lists, Selection, Span as TextSpan, Tally, Way, Whole, pick};
pub use fact::{EventPart, Fact, Window};
pub use function::{Function, functions, percent};
pub use literal::DateLiteral;
pub use matcher::{Matcher, Matches};
pub use pace::{Pace, Sweep};
pub use parse::{RESERVED, parse};
pub use parts::Part;
pub use scan::{MAX_CHARS, MAX_DEPTH, MAX_NODES, first_comment};
pub use syntax::{Ast, Kind, Node, Operator, Presence, Relation, Side, Span, TextTest, Word};
pub use why::{Aim, Form, Leaf, Wanted, Why};

use crate::model::{EnumType, EventId, Events, ExperimentId, FieldId, Schema, SegmentId, Time, Type, Value};
use ir::{Call, Expr, Op};
use jiff::tz::TimeZone;
use quick::Test;
use std::ops::Deref;
use std::sync::Arc;

/// What the names in a condition mean.
pub trait Env {
    /// The fields of a profile.
    fn schema(&self) -> &Schema;
    /// The project's time zone, in which times without an offset are read.
    fn zone(&self) -> &TimeZone;
    /// The place of the thing of this kind that is called `name`.
    fn find(&self, kind: Named, name: &str) -> Option<u16>;
    /// All names of a kind, for suggestions.
    fn names(&self, kind: Named) -> Vec<&str>;
    /// The declared events.
    fn events(&self) -> &Events;
    /// The variants of an experiment that [`Env::find`] gave the place of.
    fn variants(&self, experiment: ExperimentId) -> Arc<EnumType>;
    /// The event that `event.NAME` speaks of, where there is one.
    fn event(&self) -> Option<EventId> {
        None
    }
    /// The measurements that a condition about the engine itself may name.
    fn metrics(&self) -> &[Metric] {
        &[]
    }
}

/// The kinds of things that functions take the names of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Named {
    /// `segment(vip)`
    Segment,
    /// `received(spring_sale)`
    Template,
    /// `in_drip(onboarding)`
    Drip,
    /// `variant(welcome_text)`
    Experiment,
}

/// A measurement of the engine, named with a dot: `outbox.lag`.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// The whole name.
    pub name: &'static str,
    /// The type of its values.
    pub ty: Type,
    /// What it measures, in English and in Russian.
    pub doc: [&'static str; 2],
}

/// One user at one moment.
pub trait Row {
    /// The value of a field.
    fn field(&self, id: FieldId) -> &Value;
    /// The moment, the same during one evaluation pass.
    fn now(&self) -> Time;
    /// The project's time zone.
    fn zone(&self) -> &TimeZone;
    /// The user's time zone where it is known, else the project's.
    fn user_zone(&self) -> &TimeZone {
        self.zone()
    }
    /// Whether the user is in a segment.
    fn in_segment(&self, id: SegmentId) -> bool;
    /// The last midnight in the project's zone; a pass over many rows may
    /// remember it.
    fn today(&self) -> Time {
        midnight(self.now(), self.zone())
    }
    /// What is known of the user besides the fields.
    fn fact(&self, fact: &Fact) -> Value;
    /// A part of the event that is being judged; missing where there is none.
    fn event(&self, _part: EventPart) -> &Value {
        &Value::Missing
    }
    /// A measurement, by its place in [`Env::metrics`].
    fn metric(&self, _at: u16) -> &Value {
        &Value::Missing
    }
}

/// The answer to a condition: Kleene's three values, as in SQL, each truer
/// than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    /// It does not hold.
    False,
    /// A value that it depends on is missing.
    Unknown,
    /// It holds.
    True,
}

/// A checked condition. Cheap to clone, immutable.
#[derive(Clone, Debug)]
pub struct Condition {
    program: Arc<Program>,
}

/// A checked expression of any type. Cheap to clone, immutable.
#[derive(Clone, Debug)]
pub struct Expression {
    program: Arc<Program>,
}

/// What a condition or an expression tells about itself.
#[derive(Debug)]
pub struct Program {
    text: Arc<str>,
    root: Expr,
    quick: Test,
    fields: Box<[FieldId]>,
    segments: Box<[SegmentId]>,
    facts: Box<[Fact]>,
    time_dependent: bool,
    changes: pace::Changes,
}

impl Condition {
    /// The answer for one user.
    pub fn judge<R: Row + ?Sized>(&self, row: &R) -> Truth {
        self.program.quick.judge(row)
    }
}

impl Expression {
    /// The value for one user; missing where an operand is.
    pub fn evaluate<R: Row + ?Sized>(&self, row: &R) -> Value {
        row::value(&self.program.root, row).into_value()
    }
}

impl Deref for Condition {
    type Target = Program;
    fn deref(&self) -> &Program {
        &self.program
    }
}

impl Deref for Expression {
    type Target = Program;
    fn deref(&self) -> &Program {
        &self.program
    }
}

impl Program {
    /// What the user wrote.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The type of its values; of a condition, bool.
    pub fn ty(&self) -> &Type {
        &self.root.ty
    }

    /// The fields it reads, in order, each once.
    pub fn fields(&self) -> &[FieldId] {
        &self.fields
    }

    /// The segments it asks for, in order, each once.
    pub fn segments(&self) -> &[SegmentId] {
        &self.segments
    }

    /// The facts it asks for, in order, each once.
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// Whether its answer can change by the passing of time alone.
    pub fn is_time_dependent(&self) -> bool {
        self.time_dependent
    }
}

impl Program {
    fn new(text: Arc<str>, root: Expr) -> Arc<Self> {
        let (mut fields, mut segments, mut facts, mut time_dependent) = (Vec::new(), Vec::new(), Vec::new(), false);
        root.walk(&mut |expr| match &expr.op {
            Op::Field(id) => fields.push(*id),
            Op::Segment(id) => segments.push(*id),
            Op::Fact(fact) => {
                time_dependent |= fact.is_time_dependent();
                facts.push(*fact);
            }
            Op::Now | Op::Today => time_dependent = true,
            Op::Call(Call { behaviour, .. }) => {
                time_dependent |= behaviour.reads_now();
                fields.extend(behaviour.reads());
            }
            Op::Constant(_)
            | Op::Event(_)
            | Op::Metric(_)
            | Op::Not(_)
            | Op::All(_)
            | Op::Any(_)
            | Op::Missing(_)
            | Op::Compare { .. }
            | Op::Between { .. }
            | Op::OneOf { .. }
            | Op::ElementOf { .. }
            | Op::Text { .. }
            | Op::Matches { .. }
            | Op::Negate(_)
            | Op::Chain { .. }
            | Op::Widen(_) => {}
        });
        fields.sort_unstable();
        fields.dedup();
        segments.sort_unstable();
        segments.dedup();
        facts.sort_unstable();
        facts.dedup();
        let (fields, segments, facts) = (fields.into(), segments.into(), facts.into());
        let (quick, changes) = (Test::new(&root), pace::Changes::new(&root));
        Arc::new(Self { text, root, quick, fields, segments, facts, time_dependent, changes })
    }
}

impl Truth {
    /// Whether the answer is true: the only one that fires a rule.
    pub fn is_true(self) -> bool {
        self == Self::True
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// One of them holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// Whether the answer is false; unknown is not.
    pub fn is_false(self) -> bool {
        self == Self::False
    }
}

impl std::ops::Not for Truth {
    type Output = Self;
    fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

impl From<Option<bool>> for Truth {
    fn from(holds: Option<bool>) -> Self {
        holds.map_or(Self::Unknown, Self::from)
    }
}

/// The last midnight before or at `now` in `zone`.
pub(crate) fn midnight(now: Time, zone: &TimeZone) -> Time {
    let start =
        jiff::Timestamp::from_millisecond(now.0).ok().and_then(|at| at.to_zoned(zone.clone()).start_of_day().ok());
    start.map_or(now, |day| Time(day.timestamp().as_millisecond()))
}
