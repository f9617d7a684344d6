//! The syntax tree of a condition: what was written, with places, before any
//! name or type is known.
//!
//! A chain of one operator is one flat node, so that the tree is never deeper
//! than its brackets. Places take no part in equality.

use super::literal::DateLiteral;
use crate::diagnostic::{Place, SourceId};
use crate::model::TimeDelta;
use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

/// A range of bytes in the condition's text; equal to every other, so that
/// trees compare by what they say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A parsed condition or expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Ast {
    pub(super) text: Arc<str>,
    pub(super) root: Node,
}

/// One part of a condition and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub span: Span,
}

/// A word of the user's and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// The word.
    pub text: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

/// The forms of the language.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `true`, `false`.
    Bool(bool),
    /// `1_000`, `-5`.
    Int(i64),
    /// `2.5`; the digits are kept, for money is exact.
    Float {
        /// The nearest float.
        value: f64,
        /// The value in hundredths, if it has at most two decimals and fits.
        hundredths: Option<i64>,
    },
    /// `"text"`.
    String(Arc<str>),
    /// `7 days`, `1h30m`.
    Duration(TimeDelta),
    /// `2026-03-01 10:00`.
    Date(DateLiteral),
    /// `null` or `missing` where a value should stand.
    Null,
    /// `now`.
    Now,
    /// `today`.
    Today,
    /// `30 days ago` (negative) and `3 days from now`.
    Relative(TimeDelta),
    /// A field.
    Name(Arc<str>),
    /// `event.rub`.
    Path(Arc<str>),
    /// `lower(username)`.
    Call {
        /// The function.
        function: Word,
        /// What it is given.
        arguments: Vec<Node>,
    },
    /// `segment(vip)`.
    Segment(Word),
    /// `["ru", "kk"]`.
    List(Vec<Node>),
    /// `not x`, and the negated forms such as `x not in y`.
    Not(Box<Node>),
    /// `a and b and c`.
    All(Vec<Node>),
    /// `a or b or c`.
    Any(Vec<Node>),
    /// `-x`.
    Negate(Box<Node>),
    /// `a + b - c`, `a * b / c`: applied from left to right.
    Chain {
        /// The first operand.
        first: Box<Node>,
        /// The others, each with the operator before it.
        rest: Vec<(Operator, Node)>,
    },
    /// `a < b`.
    Compare {
        /// Which comparison.
        relation: Relation,
        /// The left side.
        left: Box<Node>,
        /// The right side.
        right: Box<Node>,
    },
    /// `x is missing`, `x is set`.
    Presence {
        /// What is tested.
        value: Box<Node>,
        /// Which of the two is asked.
        presence: Presence,
    },
    /// `x in y`.
    In {
        /// The element.
        item: Box<Node>,
        /// The list.
        list: Box<Node>,
    },
    /// `x between a and b`, both ends included.
    Between {
        /// What is tested.
        value: Box<Node>,
        /// The lower end.
        low: Box<Node>,
        /// The upper end.
        high: Box<Node>,
    },
    /// `x contains y` and the like.
    Text {
        /// Which test.
        test: TextTest,
        /// Where is looked.
        value: Box<Node>,
        /// For what.
        part: Box<Node>,
    },
    /// `x within 7 days`, `x within next 3 days`.
    Within {
        /// The time tested.
        value: Box<Node>,
        /// Before or after now.
        side: Side,
        /// How far from now.
        length: Box<Node>,
    },
    /// `x older than 30 days`.
    OlderThan {
        /// The time tested.
        value: Box<Node>,
        /// How far before now.
        length: Box<Node>,
    },
}

/// An arithmetic operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`, always a float
    Divide,
    /// `%`, of ints, with the sign of the dividend
    Remainder,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// What `is` asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// `is missing`, `is null`
    Missing,
    /// `is set`, `is not missing`
    Set,
}

/// A test of text (or, for `contains`, of a list).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextTest {
    /// `contains`
    Contains,
    /// `starts with`
    StartsWith,
    /// `ends with`
    EndsWith,
    /// `matches`
    Matches,
}

/// On which side of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// `within`
    Past,
    /// `within next`
    Future,
}

impl Ast {
    /// The text that was parsed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same, shared.
    pub fn shared_text(&self) -> Arc<str> {
        self.text.clone()
    }

    /// The outermost node.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// The segments asked for, with the places of their names, in order.
    pub fn segments(&self) -> Vec<(&str, Range<usize>)> {
        let mut found = Vec::new();
        self.root.walk(&mut |node| {
            if let Kind::Segment(name) = &node.kind {
                found.push((&*name.text, name.span.range()));
            }
        });
        found
    }

    /// The text at `span`.
    pub(super) fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or("")
    }
}

impl Node {
    /// Calls `visit` for this node and all below it, from the left.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Node)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }

    /// The nodes directly below, from the left.
    pub fn children(&self) -> Vec<&Node> {
        match &self.kind {
            Kind::Bool(_)
            | Kind::Int(_)
            | Kind::Float { .. }
            | Kind::String(_)
            | Kind::Duration(_)
            | Kind::Date(_)
            | Kind::Null
            | Kind::Now
            | Kind::Today
            | Kind::Relative(_)
            | Kind::Name(_)
            | Kind::Path(_)
            | Kind::Segment(_) => Vec::new(),
            Kind::Call { arguments: nodes, .. } | Kind::List(nodes) | Kind::All(nodes) | Kind::Any(nodes) => {
                nodes.iter().collect()
            }
            Kind::Not(node) | Kind::Negate(node) | Kind::Presence { value: node, .. } => vec![node],
            Kind::Chain { first, rest } => std::iter::once(&**first).chain(rest.iter().map(|(_, node)| node)).collect(),
            Kind::Compare { left: a, right: b, .. }
            | Kind::In { item: a, list: b }
            | Kind::Text { value: a, part: b, .. }
            | Kind::Within { value: a, length: b, .. }
            | Kind::OlderThan { value: a, length: b } => vec![a, b],
            Kind::Between { value, low, high } => vec![value, low, high],
        }
    }
}

impl Span {
    /// From the start of this to the end of `other`.
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }

    /// The range of bytes.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// The place in the condition's own text, which the caller relocates.
    pub fn place(self) -> Place {
        Place::new(SourceId(0), self.start, self.end)
    }
}

impl PartialEq for Span {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Operator {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

impl Relation {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// Whether it holds for a left side that stands so to the right one.
    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }

    /// The comparison that says the same with its sides exchanged.
    pub const fn flipped(self) -> Self {
        match self {
            Self::Equal => Self::Equal,
            Self::NotEqual => Self::NotEqual,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }
}

impl TextTest {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::StartsWith => "starts with",
            Self::EndsWith => "ends with",
            Self::Matches => "matches",
        }
    }
}
