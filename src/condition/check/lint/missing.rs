//! Conditions that leave out people whose fields were never set, and tests for
//! that of fields that always are.

use crate::condition::codes;
use crate::condition::function;
use crate::condition::syntax::{Ast, Kind, Node, Presence, Relation};
use crate::diagnostic::Diagnostic;
use crate::model::{Field, Schema, Text, Type, builtin};
use std::collections::BTreeSet;

/// Tests that leave people out, of fields that the condition nowhere asks
/// about being set.
pub(super) fn surprises(ast: &Ast, schema: &Schema) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    gather(ast, ast.root(), schema, &mut tested(ast.root()), &mut found);
    found
}

/// The fields that the condition asks about being set, anywhere.
fn tested(root: &Node) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    root.walk(&mut |node| {
        let asks = match &node.kind {
            Kind::Presence { .. } => true,
            Kind::Call { function, .. } => &*function.text == "coalesce",
            _ => false,
        };
        if asks {
            names.extend(fields(node));
        }
    });
    names
}

fn gather<'a>(
    ast: &Ast,
    node: &'a Node,
    schema: &Schema,
    settled: &mut BTreeSet<&'a str>,
    found: &mut Vec<Diagnostic>,
) {
    for name in doubtful(node) {
        let field = schema.find(name).map(|id| (id, schema.field(id)));
        let may_miss = field.is_some_and(|(id, field)| id != builtin::ID && may_be_missing(field));
        if may_miss && settled.insert(name) {
            found.push(surprise(ast, node, name));
        }
    }
    for child in node.children() {
        gather(ast, child, schema, settled, found);
    }
}

/// The fields whose absence makes this test unknown where most people would
/// expect it to hold.
fn doubtful(node: &Node) -> Vec<&str> {
    match &node.kind {
        Kind::Compare { relation, left, right } => match (&left.kind, &right.kind) {
            (Kind::Name(name), other) if holds_for_nothing(*relation, other) => vec![&**name],
            (other, Kind::Name(name)) if holds_for_nothing(relation.flipped(), other) => vec![&**name],
            _ => Vec::new(),
        },
        Kind::Not(inner) => fields(inner),
        _ => Vec::new(),
    }
}

fn holds_for_nothing(relation: Relation, other: &Kind) -> bool {
    match relation {
        Relation::Equal => matches!(other, Kind::Int(0)) || matches!(other, Kind::Float { value, .. } if *value == 0.0),
        Relation::Less | Relation::LessOrEqual | Relation::NotEqual => true,
        Relation::Greater | Relation::GreaterOrEqual => false,
    }
}

/// The fields below a node. Names of events, drips and the like are none.
fn fields(node: &Node) -> Vec<&str> {
    match &node.kind {
        Kind::Name(name) => vec![&**name],
        Kind::Call { function, .. } if function::find(&function.text).is_some_and(|f| f.form.takes().is_none()) => {
            Vec::new()
        }
        _ => node.children().into_iter().flat_map(fields).collect(),
    }
}

fn may_be_missing(field: &Field) -> bool {
    let kind = matches!(field.ty, Type::Int | Type::Float | Type::Money | Type::String | Type::Enum(_));
    kind && field.default.is_missing()
}

fn surprise(ast: &Ast, node: &Node, name: &str) -> Diagnostic {
    let test = ast.slice(node.span);
    let rewrite = format!("({name} is missing or {test})");
    let message = Text::new(
        format!("people whose `{name}` was never set are left out here"),
        format!("люди, у которых `{name}` не задано, сюда не попадут"),
    );
    Diagnostic::warning(codes::MISSING_SURPRISE, message, node.span.place())
        .help(Text::new(
            format!("to include them write `{rewrite}`"),
            format!("чтобы они попадали, напишите `{rewrite}`"),
        ))
        .help(Text::new(
            format!("to say that they are left out on purpose, add `and {name} is set`"),
            format!("если так и задумано, добавьте `and {name} is set`"),
        ))
        .replace(rewrite)
}

/// A test for being set of a field that always is.
pub(super) fn never_missing(ast: &Ast, node: &Node, schema: &Schema) -> Option<Diagnostic> {
    let Kind::Presence { value, presence } = &node.kind else { return None };
    let Kind::Name(name) = &value.kind else { return None };
    let id = schema.find(name)?;
    let by_default = !schema.field(id).default.is_missing();
    if !by_default && id != builtin::ID {
        return None;
    }
    let test = ast.slice(node.span);
    let message = match presence {
        Presence::Missing => Text::new(format!("`{test}` is always false"), format!("`{test}` всегда ложно")),
        Presence::Set => Text::new(format!("`{test}` is always true"), format!("`{test}` всегда истинно")),
    };
    let why = if by_default {
        Text::new(
            format!("`{name}` has a default and is never missing"),
            format!("у `{name}` есть значение по умолчанию, оно всегда задано"),
        )
    } else {
        Text::new(format!("`{name}` is never missing"), format!("`{name}` всегда задано"))
    };
    Some(Diagnostic::warning(codes::NEVER_MISSING, message, node.span.place()).help(why))
}
