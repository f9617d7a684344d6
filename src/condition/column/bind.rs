//! Binds a condition to columns: chooses for each part the cheapest way that
//! gives the evaluator's answers.
//!
//! What depends on nothing is evaluated here, once; what depends on one column
//! of codes, once for each code.

use super::alone::{Alone, Input, Inputs};
use super::compare::Comparison;
use super::leaf::{Coded, Leaf, Test};
use super::node::Node;
use super::number::Number;
use super::range::solved;
use super::text::Matcher;
use super::{Codes, Column, Columns};
use crate::condition::ir::{Call, Expr, Op, Within};
use crate::condition::syntax::Relation;
use crate::condition::{Truth, row};
use crate::model::{Type, Value};

/// Equality of bools says each side twice, so conditions could grow without
/// bound; what comes after so many nodes is judged row by row.
const MAX_NODES: usize = 10_000;

/// Binds conditions to columns.
pub(super) struct Binder<'a, C> {
    pub(super) columns: &'a C,
    /// How many rows are to be judged.
    pub(super) rows: usize,
    nodes: usize,
}

/// A column of codes.
pub(super) struct ByCode<'a> {
    pub codes: Codes<'a>,
    pub set: Option<&'a [u64]>,
    /// The values by code, and last the missing one.
    pub values: Vec<Value>,
}

impl<'a, C: Columns> Binder<'a, C> {
    pub fn new(columns: &'a C, rows: usize) -> Self {
        Self { columns, rows, nodes: 0 }
    }

    /// A condition, or its opposite.
    pub fn node(&mut self, expr: &'a Expr, negated: bool) -> Node<'a> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return leaf(Test::Rows(expr), None, negated);
        }
        match Inputs::of(expr, self.columns) {
            Inputs::Nothing => {
                let truth = row::judge(expr, &Alone::nowhere(self.columns));
                return Node::Constant(if negated { !truth } else { truth });
            }
            Inputs::One(input) => {
                if let Some(node) = self.coded(expr, input, negated) {
                    return node;
                }
            }
            Inputs::More => {}
        }
        self.composed(expr, negated).unwrap_or_else(|| leaf(Test::Rows(expr), None, negated))
    }

    /// Nothing if it can only be judged row by row.
    fn composed(&mut self, expr: &'a Expr, negated: bool) -> Option<Node<'a>> {
        match &expr.op {
            Op::Not(inner) => Some(self.node(inner, !negated)),
            Op::All(list) | Op::Any(list) => {
                let nodes = list.iter().map(|part| self.node(part, negated)).collect();
                Some(chain(matches!(expr.op, Op::All(_)) != negated, nodes))
            }
            Op::Field(id) => flag(self.columns.field(*id), negated),
            Op::Fact(fact) => flag(self.columns.fact(fact), negated),
            Op::Segment(id) => Some(leaf(Test::Bits(self.columns.segment(*id)), None, negated)),
            Op::Missing(inner) => self.missing(inner, negated),
            Op::Compare { relation, left, right } => self.compare(left, *relation, right, negated),
            Op::Between { value, low, high } => {
                let ends = [(Relation::GreaterOrEqual, low), (Relation::LessOrEqual, high)];
                let nodes: Option<Vec<_>> =
                    ends.into_iter().map(|(relation, end)| self.compare(value, relation, end, negated)).collect();
                Some(both_ends(nodes?, negated))
            }
            Op::OneOf { item, elements } => {
                let equal = |element| self.compare(item, Relation::Equal, element, negated);
                let nodes: Option<Vec<_>> = elements.iter().map(equal).collect();
                Some(chain(negated, nodes?))
            }
            Op::ElementOf { item, list } => self.element(item, list, negated),
            Op::Text { test, text, part } => self.text(*test, text, part, negated),
            Op::Matches { text, pattern } => self.matcher(text, Matcher::pattern(pattern), negated),
            Op::Call(call) => self.call(call, negated),
            Op::Constant(_)
            | Op::Event(_)
            | Op::Metric(_)
            | Op::Now
            | Op::Today
            | Op::Negate(_)
            | Op::Chain { .. }
            | Op::Widen(_) => None,
        }
    }

    /// What depends on one column of codes, if there are not more codes than
    /// rows.
    fn coded(&self, expr: &'a Expr, input: Input, negated: bool) -> Option<Node<'a>> {
        let ByCode { codes, set, values } = self.values_by_code(input)?;
        let truths = values.iter().map(|value| {
            let truth = row::judge(expr, &Alone::with(self.columns, input, value));
            if negated { !truth } else { truth }
        });
        let truths: Vec<Truth> = truths.collect();
        let (missing, truths) = truths.split_last()?;
        let bits = |wanted| table(truths.iter().map(|truth| *truth == wanted));
        let unknown = if truths.contains(&Truth::Unknown) { bits(Truth::Unknown) } else { Vec::new() };
        let coded = Coded { codes, holds: bits(Truth::True), unknown, missing: *missing };
        Some(leaf(Test::Coded(coded), set, false))
    }

    /// A column of codes and what they stand for.
    pub(super) fn values_by_code(&self, input: Input) -> Option<ByCode<'a>> {
        let Column::Coded { codes, dictionary, set } = input.column(self.columns) else { return None };
        let values = dictionary.iter().cloned().map(Value::String).chain([Value::Missing]);
        (dictionary.len() <= self.rows.max(256)).then(|| ByCode { codes, set, values: values.collect() })
    }

    /// The column that an expression is, if it is one.
    pub(super) fn column(&self, expr: &Expr) -> Option<Column<'a>> {
        match &expr.op {
            Op::Field(id) => Some(self.columns.field(*id)),
            Op::Fact(fact) => Some(self.columns.fact(fact)),
            _ => None,
        }
    }

    /// The value of what depends on nothing.
    pub(super) fn constant(&self, expr: &Expr) -> Option<Value> {
        let settled = Inputs::of(expr, self.columns) == Inputs::Nothing;
        settled.then(|| row::value(expr, &Alone::nowhere(self.columns)).into_value())
    }

    fn missing(&mut self, inner: &'a Expr, negated: bool) -> Option<Node<'a>> {
        match self.column(inner) {
            Some(
                Column::Bits { set, .. }
                | Column::Whole { set, .. }
                | Column::Floats { set, .. }
                | Column::Coded { set, .. }
                | Column::Texts { set, .. },
            ) => Some(match set {
                Some(set) => leaf(Test::Bits(set), None, !negated),
                None => Node::Constant(Truth::from(negated)),
            }),
            Some(Column::Same(_) | Column::Lists(_)) => None,
            None if inner.ty == Type::Bool => Some(Node::Unknown { inner: Box::new(self.node(inner, false)), negated }),
            None => Some(leaf(Test::Missing(self.number(inner)?), None, negated)),
        }
    }

    fn compare(&mut self, left: &'a Expr, relation: Relation, right: &'a Expr, negated: bool) -> Option<Node<'a>> {
        if left.ty == Type::Bool {
            return Some(self.same_truth(left, right, negated != (relation == Relation::NotEqual)));
        }
        if let Some(node) = self.equal_text(left, relation, right, negated) {
            return Some(node);
        }
        let (left, right) = (self.number(left)?, self.number(right)?);
        Some(compared(left, relation, right, negated))
    }

    /// Equality of bools: both true or both false.
    fn same_truth(&mut self, left: &'a Expr, right: &'a Expr, negated: bool) -> Node<'a> {
        let mut both = |flip: bool| Node::All(vec![self.node(left, flip), self.node(right, flip != negated)]);
        Node::Any(vec![both(false), both(true)])
    }

    fn equal_text(&self, left: &'a Expr, relation: Relation, right: &'a Expr, negated: bool) -> Option<Node<'a>> {
        let negated = match relation {
            Relation::Equal => negated,
            Relation::NotEqual => !negated,
            Relation::Less | Relation::LessOrEqual | Relation::Greater | Relation::GreaterOrEqual => return None,
        };
        let (column, text) = match (self.constant(left), self.constant(right)) {
            (None, Some(Value::String(text))) => (left, text),
            (Some(Value::String(text)), None) => (right, text),
            _ => return None,
        };
        self.matcher(column, Matcher::Equal(text), negated)
    }

    fn element(&self, item: &'a Expr, list: &'a Expr, negated: bool) -> Option<Node<'a>> {
        let Some(Column::Lists(lists)) = self.column(list) else { return None };
        match self.constant(item)? {
            Value::String(element) => Some(leaf(Test::Element { lists, element }, None, negated)),
            _ => Some(Node::Constant(Truth::Unknown)),
        }
    }

    fn text(&self, test: Within, text: &'a Expr, part: &'a Expr, negated: bool) -> Option<Node<'a>> {
        match self.constant(part)? {
            Value::String(part) => self.matcher(text, Matcher::within(test, part), negated),
            _ => Some(Node::Constant(Truth::Unknown)),
        }
    }

    fn matcher(&self, text: &'a Expr, matcher: Matcher<'a>, negated: bool) -> Option<Node<'a>> {
        match self.column(text)? {
            Column::Texts { spans, bytes, set } => Some(leaf(Test::Text { spans, bytes, matcher }, set, negated)),
            _ => None,
        }
    }

    /// `coalesce` of bools: the first that is known.
    fn call(&mut self, call: &'a Call, negated: bool) -> Option<Node<'a>> {
        if call.function.name != "coalesce" {
            return None;
        }
        let (last, others) = call.arguments.split_last()?;
        let mut node = self.node(last, negated);
        for other in others.iter().rev() {
            let mut unknown = |negated| Node::Unknown { inner: Box::new(self.node(other, false)), negated };
            let (otherwise, known) = (unknown(false), unknown(true));
            let first = Node::All(vec![known, self.node(other, negated)]);
            node = Node::Any(vec![first, Node::All(vec![otherwise, node])]);
        }
        Some(node)
    }
}

/// Two numbers against each other, as a range of a column where that says the
/// same.
fn compared<'a>(left: Number<'a>, relation: Relation, right: Number<'a>, negated: bool) -> Node<'a> {
    let (left, relation, right) = match left.is_constant() {
        true => (right, relation.flipped(), left),
        false => (left, relation, right),
    };
    let (left, right) = Number::to_common_unit(left, right);
    let (relation, negated) = match relation {
        Relation::NotEqual => (Relation::Equal, !negated),
        other => (other, negated),
    };
    match solved(&left, relation, &right) {
        Some((test, set)) => leaf(test, set, negated),
        None => leaf(Test::Compare(Comparison::new(left, relation, right)), None, negated),
    }
}

/// The two ends of a range, as one test if they are about one column.
fn both_ends(mut nodes: Vec<Node<'_>>, negated: bool) -> Node<'_> {
    if let [Node::Leaf(first), Node::Leaf(second)] = &mut *nodes
        && let Test::Range { values, low, high } = &mut first.test
        && let Test::Range { values: others, low: other_low, high: other_high } = &second.test
        && values.is(others)
    {
        (*low, *high) = ((*low).max(*other_low), (*high).min(*other_high));
        return nodes.swap_remove(0);
    }
    chain(!negated, nodes)
}

fn leaf<'a>(test: Test<'a>, set: Option<&'a [u64]>, negated: bool) -> Node<'a> {
    Node::Leaf(Box::new(Leaf { test, set, negated }))
}

fn flag(column: Column<'_>, negated: bool) -> Option<Node<'_>> {
    match column {
        Column::Bits { bits, set } => Some(leaf(Test::Bits(bits), set, negated)),
        _ => None,
    }
}

/// `and` or `or` of some nodes, the cheap ones first; one that is settled
/// settles all or adds nothing.
fn chain(all: bool, mut nodes: Vec<Node<'_>>) -> Node<'_> {
    let (neutral, settled) = if all { (Truth::True, Truth::False) } else { (Truth::False, Truth::True) };
    if nodes.iter().any(|node| node.is(settled)) {
        return Node::Constant(settled);
    }
    nodes.retain(|node| !node.is(neutral));
    nodes.sort_by_key(Node::cost);
    match nodes.len() {
        0 => Node::Constant(neutral),
        1 => nodes.remove(0),
        _ if all => Node::All(nodes),
        _ => Node::Any(nodes),
    }
}

/// The bits of a table; at least as many words as eight-bit codes can name.
fn table(answers: impl Iterator<Item = bool>) -> Vec<u64> {
    let mut words = vec![0; 4];
    for (at, answer) in answers.enumerate() {
        if at / 64 >= words.len() {
            words.push(0);
        }
        words[at / 64] |= u64::from(answer) << (at % 64);
    }
    words
}
