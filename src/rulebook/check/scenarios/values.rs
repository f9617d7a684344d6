//! Fields and properties with plain values, of the types they have.

use super::codes;
use super::expect::Placed;
use crate::condition;
use crate::diagnostic::Diagnostic;
use crate::model::{EventId, FieldId, PropertyId, Text, Type, Value, builtin};
use crate::rulebook::action::Scope;
use crate::rulebook::check::{literal, lookup};
use crate::rulebook::phrases::unknown;
use crate::rulebook::raw::{Reader, suggest, unknown_key};
use crate::rulebook::yaml::{Entry, Node, Scalar};
use std::sync::Arc;

/// What the engine sets and a test may set all the same.
const SETTABLE: [&str; 2] = ["created_at", "reach"];

/// Fields with values that a test gives its user.
pub(super) fn fields(
    node: &Node,
    what: (&str, &str),
    scope: &Scope<'_>,
    reader: &mut Reader,
) -> Option<Vec<(FieldId, Value)>> {
    let entries = reader.map(node, what)?;
    let list: Vec<_> = entries.iter().map(|entry| given(entry, scope, reader)).collect();
    list.into_iter().collect()
}

fn given(entry: &Entry, scope: &Scope<'_>, reader: &mut Reader) -> Option<(FieldId, Value)> {
    let id = field(&entry.key, scope, reader)?;
    let field = scope.names.catalogue.schema.field(id);
    if field.read_only && !SETTABLE.contains(&&*field.name) {
        let text = Text::new(
            format!("a test cannot give its user `{}`", field.name),
            format!("тест не может задать пользователю `{}`", field.name),
        );
        let help = match id {
            builtin::ID => Text::new("it is always 1", "оно всегда равно 1"),
            builtin::BLOCKED => Text::new("write `reach: blocked`", "напишите `reach: blocked`"),
            _ => Text::new("it follows from other fields: give those", "оно следует из других полей: задайте их"),
        };
        reader.found.push(Diagnostic::error(codes::TEST_VALUE, text, entry.key.place).help(help));
        return None;
    }
    Some((id, value(&entry.value, &field.ty, scope, reader)?))
}

/// Fields with the values that a test expects.
pub(super) fn expected(
    node: &Node,
    what: (&str, &str),
    scope: &Scope<'_>,
    reader: &mut Reader,
) -> Option<Vec<Placed<(FieldId, Value)>>> {
    let entries = reader.map(node, what)?;
    let one = |entry: &Entry| {
        let id = field(&entry.key, scope, reader)?;
        let value = value(&entry.value, &scope.names.catalogue.schema.field(id).ty, scope, reader)?;
        Some(Placed { value: (id, value), place: entry.key.place })
    };
    let list: Vec<_> = entries.iter().map(one).collect();
    list.into_iter().collect()
}

/// The field called so.
pub(super) fn field(name: &Scalar, scope: &Scope<'_>, reader: &mut Reader) -> Option<FieldId> {
    let schema = &scope.names.catalogue.schema;
    let found = schema.find(&name.text);
    if found.is_none() {
        let known: Vec<&str> = schema.iter().map(|(_, field)| &*field.name).collect();
        reader.found.push(unknown(name, ("field", "поле"), condition::codes::UNKNOWN_FIELD, &known));
    }
    found
}

/// `payment`, or `{payment: {rub: 100}}`.
pub(super) fn event(
    node: &Node,
    scope: &Scope<'_>,
    reader: &mut Reader,
) -> Option<(EventId, Vec<(PropertyId, Value)>)> {
    if node.scalar().is_some() {
        return lookup::event(node, scope.names(), reader).map(|event| (event, Vec::new()));
    }
    let [entry] = reader.map(node, ("an event", "событие"))? else {
        let text = Text::new("one event stands here", "здесь стоит одно событие");
        let help = Text::new(
            "write `event: {payment: {rub: 100}}`; give each event a step of its own",
            "пишите `event: {payment: {rub: 100}}`; каждому событию — свой шаг",
        );
        reader.found.push(Diagnostic::error(codes::TEST_STEP, text, node.place).help(help));
        return None;
    };
    let event = lookup::event_named(&entry.key, scope.names(), reader)?;
    if entry.value.is_blank() {
        return Some((event, Vec::new()));
    }
    let declared = scope.names.catalogue.events.event(event);
    let what = ("an event's properties", "свойства события");
    let entries = reader.map(&entry.value, what)?;
    let one = |entry: &Entry| {
        let Some((id, property)) = declared.property(&entry.key.text) else {
            let known: Vec<&str> = declared.properties.iter().map(|property| &*property.name).collect();
            reader.found.push(unknown_key(&entry.key, &known, what));
            return None;
        };
        Some((id, value(&entry.value, &property.ty, scope, reader)?))
    };
    let list: Vec<_> = entries.iter().map(one).collect();
    Some((event, list.into_iter().collect::<Option<_>>()?))
}

/// A plain value of a type.
fn value(node: &Node, ty: &Type, scope: &Scope<'_>, reader: &mut Reader) -> Option<Value> {
    if *ty == Type::List {
        let what = ("a list of texts", "список текстов");
        let texts: Option<Vec<Arc<str>>> =
            reader.list(node, what)?.iter().map(|item| Some(reader.text(item, what)?.text.as_str().into())).collect();
        return texts.map(|texts| Value::List(texts.into()));
    }
    let scalar = reader.text(node, ("a value", "значение"))?;
    let value = literal::value(&scalar.text, ty, &scope.names.catalogue.zone);
    if value.is_none() {
        let text = Text::new(
            format!("`{}` is not a value of type {ty}", scalar.text),
            format!("`{}` — не значение типа {ty}", scalar.text),
        );
        let diagnostic = Diagnostic::error(codes::TEST_VALUE, text, scalar.place);
        let example = literal::example(ty);
        reader.found.push(match ty {
            Type::Enum(values) => suggest(diagnostic, &scalar.text, values.values.iter().map(|value| &**value)),
            _ => diagnostic.help(Text::new(format!("write it like {example}"), format!("пишите так: {example}"))),
        });
    }
    value
}
