//! `set: {tariff: pro}`, `add: {visits: 1}`, `unset: trial_used`: changes of
//! the user's fields.
//!
//! A value is an expression of the field's type, so a text needs quotes of its
//! own; only a bare word that is a value of the field's enum stands for itself.

use super::{Action, Scope};
use crate::condition::{self, Expression};
use crate::diagnostic::Diagnostic;
use crate::model::{Field, FieldId, Text, Type};
use crate::rulebook::check::conditions;
use crate::rulebook::codes;
use crate::rulebook::phrases::unknown;
use crate::rulebook::raw::Reader;
use crate::rulebook::shape::{Key, Takes, optional};
use crate::rulebook::yaml::{Entry, Kind, Node, Scalar};

const VALUES: Takes = Takes::Named(&Takes::Expression);
pub(super) const SET: Key = optional("set", VALUES, "sets fields of the user", "задаёт поля пользователя");
pub(super) const ADD: Key =
    optional("add", VALUES, "adds numbers to fields of the user", "прибавляет числа к полям пользователя");
pub(super) const UNSET: Key = optional(
    "unset",
    Takes::Either(&[Takes::Name, Takes::List(&Takes::Name)]),
    "clears fields of the user",
    "очищает поля пользователя",
);

pub(super) fn set(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<Action> {
    changes(node, ("`set`", "`set`"), scope, reader, value).map(Action::Set)
}

pub(super) fn add(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<Action> {
    changes(node, ("`add`", "`add`"), scope, reader, amount).map(Action::Add)
}

pub(super) fn unset(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<Action> {
    let items = match &node.kind {
        Kind::List(items) => items.as_slice(),
        Kind::Scalar(_) | Kind::Map(_) | Kind::Refused => std::slice::from_ref(node),
    };
    let fields: Vec<_> = items
        .iter()
        .map(|item| {
            let scalar = reader.text(item, ("`unset`", "`unset`"))?;
            field(scalar, scope, reader)
        })
        .collect();
    fields.into_iter().collect::<Option<_>>().map(Action::Unset)
}

type Check = fn(&Entry, &Field, &Scope<'_>, &mut Reader) -> Option<Expression>;

fn changes(
    node: &Node,
    what: (&str, &str),
    scope: &Scope<'_>,
    reader: &mut Reader,
    check: Check,
) -> Option<Vec<(FieldId, Expression)>> {
    let entries = reader.filled(node, what)?;
    let change = |entry: &Entry| {
        let id = field(&entry.key, scope, reader)?;
        Some((id, check(entry, scope.names.catalogue.schema.field(id), scope, reader)?))
    };
    let changes: Vec<_> = entries.iter().map(change).collect();
    changes.into_iter().collect()
}

/// A field that rules may change.
fn field(name: &Scalar, scope: &Scope<'_>, reader: &mut Reader) -> Option<FieldId> {
    let schema = &scope.names.catalogue.schema;
    let Some(id) = schema.find(&name.text) else {
        let known: Vec<&str> = schema.iter().filter(|(_, f)| !f.read_only).map(|(_, f)| &*f.name).collect();
        reader.found.push(unknown(name, ("field", "поле"), condition::codes::UNKNOWN_FIELD, &known));
        return None;
    };
    if !schema.field(id).read_only {
        return Some(id);
    }
    let text = Text::new(
        format!("`{}` cannot be changed by a rule", name.text),
        format!("правило не может менять `{}`", name.text),
    );
    let help = Text::new(
        "it follows from what happened, or from other fields",
        "оно следует из того, что произошло, или из других полей",
    );
    reader.found.push(Diagnostic::error(codes::FIXED_FIELD, text, name.place).help(help));
    None
}

/// The new value of a field.
fn value(entry: &Entry, field: &Field, scope: &Scope<'_>, reader: &mut Reader) -> Option<Expression> {
    conditions::value(&entry.value, Some(&field.ty), scope.names(), scope.sources, reader)
}

/// What is added to a field; whole numbers to an int.
fn amount(entry: &Entry, field: &Field, scope: &Scope<'_>, reader: &mut Reader) -> Option<Expression> {
    if matches!(field.ty, Type::Int | Type::Float | Type::Money) {
        return conditions::value(&entry.value, Some(&field.ty), scope.names(), scope.sources, reader);
    }
    let text = Text::new(
        format!("`{}` is of type {}, and `add` takes a number", field.name, field.ty),
        format!("тип поля `{}` — {}, а `add` прибавляет к числу", field.name, field.ty),
    );
    let help = Text::new("use `set`, or `tag` to add a tag", "используйте `set`, а чтобы добавить метку — `tag`");
    reader.found.push(Diagnostic::error(codes::FIELD_TYPE, text, entry.key.place).help(help));
    None
}
