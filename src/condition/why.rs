//! Why a condition is true or false of one user: its parts as a tree, each with
//! its answer, the values that it read and what would have to be otherwise.
//!
//! What a shorthand stands for was written nowhere, so it stays one leaf. The
//! answers are those of [`Condition::judge`]; a test holds them to that.

use super::ir::{Expr, Op, Within};
use super::syntax::{Relation, Span};
use super::{Condition, Row, Truth, row};
use crate::model::{SegmentId, Value};

/// A part of a condition and what it says of one user.
#[derive(Clone, Debug)]
pub struct Why {
    /// Where it stands in the condition's text.
    pub span: Span,
    /// What was written.
    pub text: String,
    /// The answer.
    pub truth: Truth,
    /// What it is made of.
    pub form: Form,
}

/// What a part of a condition is made of.
#[derive(Clone, Debug)]
pub enum Form {
    /// True if all are.
    All(Vec<Why>),
    /// True if one is.
    Any(Vec<Why>),
    /// True if the other is false.
    Not(Box<Why>),
    /// Whether the user is in a segment.
    Segment(SegmentId),
    /// A question of its own.
    Leaf(Box<Leaf>),
}

/// A question of its own.
#[derive(Clone, Debug, Default)]
pub struct Leaf {
    /// What it read of the user, as it is written, and the values.
    pub values: Vec<(String, Value)>,
    /// What would make it true, where that can be said.
    pub to_hold: Option<Aim>,
    /// What would make it false, where that can be said.
    pub to_fail: Option<Aim>,
}

/// What something would have to be.
#[derive(Clone, Debug)]
pub struct Aim {
    /// The thing, as it is written.
    pub subject: String,
    /// What it is.
    pub has: Value,
    /// What it would have to be.
    pub wanted: Wanted,
}

/// What a value would have to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// In this relation to a value.
    Relation(Relation, Value),
    /// From the one to the other.
    Between(Value, Value),
    /// Less than the one or more than the other.
    Outside(Value, Value),
    /// One of these.
    OneOf(Vec<Value>),
    /// None of these.
    NoneOf(Vec<Value>),
    /// A text with this somewhere, at its begin or its end; a list with it.
    With(&'static str, Value),
    /// No such text or list.
    Without(&'static str, Value),
    /// Anything.
    Set,
    /// Nothing.
    Missing,
}

impl Condition {
    /// Why the answer for one user is what it is.
    pub fn why<R: Row + ?Sized>(&self, user: &R) -> Why {
        Asked { text: self.text(), user }.why(&self.program.root)
    }
}

/// A condition's text and one user.
struct Asked<'a, R: ?Sized> {
    text: &'a str,
    user: &'a R,
}

/// What would make something true, and what would make it false.
type Aims = (Option<Aim>, Option<Aim>);

impl<R: Row + ?Sized> Asked<'_, R> {
    fn why(&self, expr: &Expr) -> Why {
        let all = |list: &[Expr]| list.iter().map(|part| self.why(part)).collect();
        let form = match &expr.op {
            Op::All(list) if list.iter().all(is_written) => Form::All(all(list)),
            Op::Any(list) if list.iter().all(is_written) => Form::Any(all(list)),
            Op::Not(inner) if is_written(inner) && joins(inner) => Form::Not(Box::new(self.why(inner))),
            Op::Segment(id) => Form::Segment(*id),
            _ => Form::Leaf(Box::new(self.leaf(expr))),
        };
        let text = self.slice(expr).unwrap_or(self.text).split_whitespace().collect::<Vec<_>>().join(" ");
        Why { span: expr.span, text, truth: row::judge(expr, self.user), form }
    }

    fn leaf(&self, expr: &Expr) -> Leaf {
        let mut values: Vec<(String, Value)> = Vec::new();
        expr.walk(&mut |part| {
            if matches!(part.op, Op::Field(_) | Op::Fact(_) | Op::Event(_) | Op::Metric(_))
                && let Some(text) = self.slice(part)
                && values.iter().all(|(known, _)| known != text)
            {
                values.push((text.to_owned(), self.value(part)));
            }
        });
        let (to_hold, to_fail) = self.aims(expr);
        Leaf { values, to_hold, to_fail }
    }

    fn aims(&self, expr: &Expr) -> Aims {
        match &expr.op {
            Op::Not(inner) => {
                let (hold, fail) = self.aims(inner);
                (fail, hold)
            }
            Op::Missing(inner) => self.pair(inner, Wanted::Missing, Wanted::Set),
            Op::Compare { relation, left, right } => match (reads(left), reads(right)) {
                (true, _) => self.compared(left, *relation, right),
                (false, true) => self.compared(right, turned(*relation), left),
                (false, false) => (None, None),
            },
            Op::Between { value, low, high } => {
                let (low, high) = (self.value(low), self.value(high));
                self.pair(value, Wanted::Between(low.clone(), high.clone()), Wanted::Outside(low, high))
            }
            Op::OneOf { item, elements } => {
                let list: Vec<Value> = elements.iter().map(|element| self.value(element)).collect();
                self.pair(item, Wanted::OneOf(list.clone()), Wanted::NoneOf(list))
            }
            Op::ElementOf { item, list } => {
                let item = self.value(item);
                self.pair(list, Wanted::With("contains", item.clone()), Wanted::Without("contains", item))
            }
            Op::Text { test, text, part } => {
                let (word, part) = (test.word(), self.value(part));
                self.pair(text, Wanted::With(word, part.clone()), Wanted::Without(word, part))
            }
            Op::Matches { text, pattern } => {
                let pattern = Value::text(pattern.regex.as_str());
                self.pair(text, Wanted::With("matches", pattern.clone()), Wanted::Without("matches", pattern))
            }
            Op::Field(_) | Op::Fact(_) | Op::Event(_) | Op::Metric(_) | Op::Call(_) => {
                let be = |answer| Wanted::Relation(Relation::Equal, Value::Bool(answer));
                self.pair(expr, be(true), be(false))
            }
            Op::Constant(_)
            | Op::Segment(_)
            | Op::Now
            | Op::Today
            | Op::All(_)
            | Op::Any(_)
            | Op::Negate(_)
            | Op::Chain { .. }
            | Op::Widen(_) => (None, None),
        }
    }

    fn compared(&self, subject: &Expr, relation: Relation, other: &Expr) -> Aims {
        let other = self.value(other);
        if other.is_missing() {
            return (None, None);
        }
        let fail = Wanted::Relation(opposite(relation), other.clone());
        self.pair(subject, Wanted::Relation(relation, other), fail)
    }

    fn pair(&self, subject: &Expr, hold: Wanted, fail: Wanted) -> Aims {
        let Some(text) = self.slice(subject).filter(|_| reads(subject)) else { return (None, None) };
        let aim = |wanted| Some(Aim { subject: text.to_owned(), has: self.value(subject), wanted });
        (aim(hold), aim(fail))
    }

    fn value(&self, expr: &Expr) -> Value {
        row::value(expr, self.user).into_value()
    }

    /// The piece that was written.
    fn slice(&self, expr: &Expr) -> Option<&str> {
        match &expr.op {
            Op::Widen(inner) if !is_written(expr) => self.slice(inner),
            _ => self.text.get(expr.span.start..expr.span.end).filter(|text| !text.is_empty()),
        }
    }
}

impl Within {
    fn word(self) -> &'static str {
        match self {
            Self::Anywhere => "contains",
            Self::Start => "starts with",
            Self::End => "ends with",
        }
    }
}

fn is_written(expr: &Expr) -> bool {
    expr.span.start < expr.span.end
}

fn joins(expr: &Expr) -> bool {
    matches!(expr.op, Op::All(_) | Op::Any(_) | Op::Not(_) | Op::Segment(_))
}

/// Whether its value is a matter of the user.
fn reads(expr: &Expr) -> bool {
    let mut reads = false;
    expr.walk(&mut |part| {
        reads |= match &part.op {
            Op::Field(_) | Op::Fact(_) | Op::Event(_) | Op::Metric(_) | Op::Segment(_) => true,
            Op::Call(call) => !call.behaviour.reads().is_empty(),
            _ => false,
        };
    });
    reads
}

fn opposite(relation: Relation) -> Relation {
    match relation {
        Relation::Equal => Relation::NotEqual,
        Relation::NotEqual => Relation::Equal,
        Relation::Less => Relation::GreaterOrEqual,
        Relation::LessOrEqual => Relation::Greater,
        Relation::Greater => Relation::LessOrEqual,
        Relation::GreaterOrEqual => Relation::Less,
    }
}

/// The relation seen from the other side.
fn turned(relation: Relation) -> Relation {
    match relation {
        Relation::Equal | Relation::NotEqual => relation,
        Relation::Less => Relation::Greater,
        Relation::LessOrEqual => Relation::GreaterOrEqual,
        Relation::Greater => Relation::Less,
        Relation::GreaterOrEqual => Relation::LessOrEqual,
    }
}
