//! Syntax tree and names to typed form. One mistake gives one message, and the
//! checker goes on behind it.

mod asked;
mod call;
mod lint;
mod misuse;
mod say;
mod types;
mod unknown;

use super::ir::{Expr, Op, Pattern, Within};
use super::syntax::{Ast, Kind, Node, Operator, Presence, Relation, Side, TextTest, Word};
use super::{Condition, Env, Expression, Named, Program};
use crate::diagnostic::{Diagnostic, Severity};
use crate::model::{SegmentId, Type, Value};
use regex::{Regex, RegexBuilder};
use std::sync::Arc;

/// The most memory that one compiled pattern may take.
const REGEX_BYTES: usize = 1 << 20;

/// Checks a condition: there is one unless an error was found. Warnings come
/// beside it.
pub fn check(ast: &Ast, env: &dyn Env) -> (Option<Condition>, Vec<Diagnostic>) {
    let mut checker = Checker { ast, env, found: Vec::new() };
    let root = checker.logic(&ast.root);
    let (program, found) = checker.finish(root);
    (program.map(|program| Condition { program }), found)
}

/// Checks an expression. With `expected`, its value is of that type: an int
/// becomes a float or money, a text must be a value of the enum.
pub fn check_value(ast: &Ast, expected: Option<&Type>, env: &dyn Env) -> (Option<Expression>, Vec<Diagnostic>) {
    let mut checker = Checker { ast, env, found: Vec::new() };
    let root = checker.expr(&ast.root);
    let root = match expected {
        Some(ty) => root.and_then(|root| checker.fit(root, &ast.root, ty)),
        None => root,
    };
    let (program, found) = checker.finish(root);
    (program.map(|program| Expression { program }), found)
}

struct Checker<'e> {
    ast: &'e Ast,
    env: &'e dyn Env,
    found: Vec<Diagnostic>,
}

/// A checked part; nothing if an error was reported inside it.
type Checked = Option<Expr>;

impl Checker<'_> {
    fn finish(mut self, root: Checked) -> (Option<Arc<Program>>, Vec<Diagnostic>) {
        let sound = self.found.iter().all(|d| d.severity != Severity::Error);
        if sound {
            self.found.extend(root.iter().flat_map(|root| lint::lint(self.ast, root, self.env.schema())));
        }
        let program = root.filter(|_| sound).map(|root| Program::new(self.ast.text.clone(), root));
        (program, self.found)
    }

    /// Says it once: what is compared with several things would be complained
    /// of beside each.
    fn report(&mut self, diagnostic: Diagnostic) -> Checked {
        if !self.found.contains(&diagnostic) {
            self.found.push(diagnostic);
        }
        None
    }

    /// A part that must be true or false.
    fn logic(&mut self, node: &Node) -> Checked {
        let expr = self.expr(node)?;
        if expr.ty == Type::Bool { Some(expr) } else { self.report(say::not_bool(self.ast, node, &expr.ty)) }
    }

    fn expr(&mut self, node: &Node) -> Checked {
        self.form(node).map(|expr| expr.at(node.span))
    }

    fn form(&mut self, node: &Node) -> Checked {
        let zone = self.env.zone();
        match &node.kind {
            Kind::Bool(x) => Some(Expr::constant(Value::Bool(*x), Type::Bool)),
            Kind::Int(x) => Some(Expr::constant(Value::Int(*x), Type::Int)),
            Kind::Float { value, .. } => Some(Expr::constant(Value::Float(*value), Type::Float)),
            Kind::String(x) => Some(Expr::constant(Value::String(x.clone()), Type::String)),
            Kind::Duration(x) => Some(Expr::constant(Value::Duration(*x), Type::Duration)),
            Kind::Date(date) => match date.resolve(zone) {
                Some(at) => Some(Expr::constant(Value::Time(at), Type::Time)),
                None => self.report(say::no_such_time(self.ast, node)),
            },
            Kind::Null => self.report(say::null_value(node)),
            Kind::Now => Some(Expr::new(Type::Time, Op::Now)),
            Kind::Today => Some(Expr::new(Type::Time, Op::Today)),
            Kind::Relative(length) => {
                Some(from_now(Operator::Add, Expr::constant(Value::Duration(*length), Type::Duration)))
            }
            Kind::Name(name) => self.field(name, node),
            Kind::Path(path) => self.path(path, node),
            Kind::Segment(name) => self.segment(name),
            Kind::Call { function, arguments } => self.call(function, arguments),
            Kind::List(elements) => self.list_value(elements, node),
            Kind::Not(inner) => Some(Expr::bool(Op::Not(Box::new(self.logic(inner)?)))),
            Kind::All(nodes) => Some(Expr::bool(Op::All(self.each(nodes, Self::logic)?))),
            Kind::Any(nodes) => Some(Expr::bool(Op::Any(self.each(nodes, Self::logic)?))),
            Kind::Negate(inner) => self.negate(inner),
            Kind::Chain { first, rest } => self.chain(first, rest),
            Kind::Compare { relation, left, right } => self.compare(node, *relation, left, right),
            Kind::Presence { value, presence } => self.presence(value, *presence),
            Kind::In { item, list } => self.membership(item, list),
            Kind::Between { value, low, high } => self.between(value, low, high),
            Kind::Text { test, value, part } => self.text(*test, value, part),
            Kind::Within { value, side, length } => self.within(value, *side, length),
            Kind::OlderThan { value, length } => self.older(value, length),
        }
    }

    /// All of `nodes`, every one of them checked even if an earlier failed.
    fn each(&mut self, nodes: &[Node], check: fn(&mut Self, &Node) -> Checked) -> Option<Box<[Expr]>> {
        let checked: Vec<Checked> = nodes.iter().map(|node| check(self, node)).collect();
        checked.into_iter().collect()
    }

    fn pair(&mut self, left: &Node, right: &Node) -> Option<(Expr, Expr)> {
        let (left, right) = (self.expr(left), self.expr(right));
        left.zip(right)
    }

    fn field(&mut self, name: &str, node: &Node) -> Checked {
        let schema = self.env.schema();
        match schema.find(name) {
            Some(id) => Some(Expr::new(schema.field(id).ty.clone(), Op::Field(id))),
            None => self.report(unknown::field(name, node, self.env)),
        }
    }

    fn segment(&mut self, name: &Word) -> Checked {
        match self.env.find(Named::Segment, &name.text) {
            Some(id) => Some(Expr::bool(Op::Segment(SegmentId(id)))),
            None => self.report(unknown::segment(name, self.env)),
        }
    }

    /// A list where a value stands: texts only.
    fn list_value(&mut self, elements: &[Node], node: &Node) -> Checked {
        let texts: Option<Vec<Arc<str>>> = elements
            .iter()
            .map(|element| match &element.kind {
                Kind::String(text) => Some(text.clone()),
                _ => None,
            })
            .collect();
        match texts {
            Some(texts) if !texts.is_empty() => Some(Expr::constant(Value::List(texts.into()), Type::List)),
            Some(_) => self.report(say::empty_list(node)),
            None => self.report(say::list_here(node)),
        }
    }

    fn compare(&mut self, node: &Node, relation: Relation, left: &Node, right: &Node) -> Checked {
        if left.kind == Kind::Null || right.kind == Kind::Null {
            let found = say::null_comparison(self.ast, node, relation, left, right);
            return self.report(found);
        }
        let (a, b) = self.pair(left, right)?;
        let (a, b) = self.comparable(relation.as_str(), types::takes(relation), (a, left), (b, right))?;
        Some(Expr::bool(Op::Compare { relation, left: Box::new(a), right: Box::new(b) }))
    }

    fn presence(&mut self, value: &Node, presence: Presence) -> Checked {
        let missing = Expr::bool(Op::Missing(Box::new(self.expr(value)?)));
        Some(match presence {
            Presence::Missing => missing,
            Presence::Set => Expr::bool(Op::Not(Box::new(missing))),
        })
    }

    fn membership(&mut self, item: &Node, list: &Node) -> Checked {
        let Kind::List(elements) = &list.kind else {
            let (a, b) = self.pair(item, list)?;
            return self.element_of((a, item), (b, list));
        };
        let checked_item = self.expr(item);
        let checked: Vec<Checked> = elements.iter().map(|element| self.expr(element)).collect();
        if elements.is_empty() {
            return self.report(say::empty_list(list));
        }
        let mut item_expr = checked_item?;
        let mut sound = Vec::new();
        for (element, node) in checked.into_iter().zip(elements) {
            let pair =
                element.and_then(|e| self.comparable("in", types::has_equality, (item_expr.clone(), item), (e, node)));
            sound.push(pair.map(|(adapted, element)| {
                item_expr = adapted;
                element
            }));
        }
        let elements: Option<Box<[Expr]>> = sound.into_iter().collect();
        Some(Expr::bool(Op::OneOf { item: Box::new(item_expr), elements: elements? }))
    }

    fn element_of(&mut self, (item, item_node): (Expr, &Node), (list, list_node): (Expr, &Node)) -> Checked {
        if list.ty != Type::List {
            return self.report(say::not_a_list(self.ast, list_node, &list.ty));
        }
        if !types::is_text(&item.ty) {
            return self.report(say::lists_hold_text(self.ast, item_node, &item.ty));
        }
        Some(Expr::bool(Op::ElementOf { item: Box::new(item), list: Box::new(list) }))
    }

    fn between(&mut self, value: &Node, low: &Node, high: &Node) -> Checked {
        let (checked, a, b) = (self.expr(value), self.expr(low), self.expr(high));
        let (checked, a, b) = (checked?, a?, b?);
        let with_low = self.comparable("between", types::has_order, (checked.clone(), value), (a, low));
        let with_high = self.comparable("between", types::has_order, (checked, value), (b, high));
        let ((value, low), (_, high)) = with_low.zip(with_high)?;
        Some(Expr::bool(Op::Between { value: Box::new(value), low: Box::new(low), high: Box::new(high) }))
    }

    fn text(&mut self, test: TextTest, value: &Node, part: &Node) -> Checked {
        if test == TextTest::Matches {
            return self.matches(value, part);
        }
        let (text, part_expr) = self.pair(value, part)?;
        if test == TextTest::Contains && text.ty == Type::List {
            return self.element_of((part_expr, part), (text, value));
        }
        for (expr, node) in [(&text, value), (&part_expr, part)] {
            if !types::is_text(&expr.ty) {
                return self.report(say::wants_text(self.ast, test, node, &expr.ty));
            }
        }
        let test = match test {
            TextTest::Contains | TextTest::Matches => Within::Anywhere,
            TextTest::StartsWith => Within::Start,
            TextTest::EndsWith => Within::End,
        };
        Some(Expr::bool(Op::Text { test, text: Box::new(text), part: Box::new(part_expr) }))
    }

    fn matches(&mut self, value: &Node, pattern: &Node) -> Checked {
        let text = self.expr(value);
        let regex = self.regex(pattern);
        let (text, regex) = text.zip(regex)?;
        if !types::is_text(&text.ty) {
            return self.report(say::wants_text(self.ast, TextTest::Matches, value, &text.ty));
        }
        Some(Expr::bool(Op::Matches { text: Box::new(text), pattern: Pattern::new(regex) }))
    }

    fn regex(&mut self, pattern: &Node) -> Option<Regex> {
        let Kind::String(text) = &pattern.kind else {
            self.report(say::pattern_is_literal(pattern));
            return None;
        };
        let built = RegexBuilder::new(text).size_limit(REGEX_BYTES).dfa_size_limit(REGEX_BYTES).nest_limit(64).build();
        built.map_err(|error| self.report(say::bad_regex(pattern, &error))).ok()
    }

    fn within(&mut self, value: &Node, side: Side, length: &Node) -> Checked {
        let (value, length) = self.time_and_length(value, length)?;
        let now = Box::new(Expr::new(Type::Time, Op::Now));
        let (low, high) = match side {
            Side::Past => (Box::new(from_now(Operator::Subtract, length)), now),
            Side::Future => (now, Box::new(from_now(Operator::Add, length))),
        };
        Some(Expr::bool(Op::Between { value: Box::new(value), low, high }))
    }

    fn older(&mut self, value: &Node, length: &Node) -> Checked {
        let (value, length) = self.time_and_length(value, length)?;
        let right = Box::new(from_now(Operator::Subtract, length));
        Some(Expr::bool(Op::Compare { relation: Relation::Less, left: Box::new(value), right }))
    }

    fn time_and_length(&mut self, value: &Node, length: &Node) -> Option<(Expr, Expr)> {
        let (at, by) = (self.expr(value), self.expr(length));
        let at = at.and_then(|e| self.must_be(e, value, &Type::Time));
        let by = by.and_then(|e| self.must_be(e, length, &Type::Duration));
        at.zip(by)
    }

    fn must_be(&mut self, expr: Expr, node: &Node, ty: &Type) -> Checked {
        if expr.ty == *ty { Some(expr) } else { self.report(say::wants(self.ast, node, ty, &expr.ty)) }
    }
}

fn from_now(operator: Operator, length: Expr) -> Expr {
    let first = Box::new(Expr::new(Type::Time, Op::Now));
    Expr::new(Type::Time, Op::Chain { first, rest: Box::new([(operator, length)]) })
}
