//! The section `profile`: fields with types, defaults and titles, and those
//! that are computed. What computes them is read here and checked later, when
//! every name is known.

use super::{codes, literal, names, title};
use crate::diagnostic::{Diagnostic, Place};
use crate::model::Text;
use crate::model::{EnumType, Field, FieldId, Schema, Type, Value};
use crate::rulebook::raw::{Reader, find, suggest};
use crate::rulebook::shape::{Shape, Takes, optional};
use crate::rulebook::yaml::{Entry, Node, Scalar};
use jiff::tz::TimeZone;
use std::sync::Arc;

/// A field, short or long.
pub(in crate::rulebook) static FIELD: Takes = Takes::Either(&[
    Takes::Words(&["bool", "int", "float", "money", "string", "time", "list", "list<string>"]),
    Takes::Map(&SHAPE),
]);

/// More fields than this are refused: each user's profile holds them all.
const FIELDS: usize = 1_000;
const TYPES: [&str; 8] = ["bool", "int", "float", "money", "string", "time", "list", "enum"];

/// One field in its long form. A built-in field has no `type` here.
static SHAPE: Shape = Shape {
    what: ("a field", "поле"),
    keys: &[
        optional(
            "type",
            Takes::Words(&["bool", "int", "float", "money", "string", "time", "list", "list<string>", "enum"]),
            "the type of its values",
            "тип значений",
        ),
        optional(
            "values",
            Takes::List(&Takes::Text),
            "the values of an enum, in order",
            "значения перечисления по порядку",
        ),
        optional(
            "default",
            Takes::Either(&[Takes::Text, Takes::List(&Takes::Text)]),
            "what it is until set",
            "чему равно, пока не задано",
        ),
        optional("title", Takes::Title, "what the panel calls it", "название в панели"),
        optional(
            "is",
            Takes::Expression,
            "computes it from the rest; such a field is never set",
            "вычисляет его из остального; такое поле не задают",
        ),
    ],
};

/// The declared fields.
#[derive(Debug)]
pub(in crate::rulebook) struct Fields<'a> {
    /// All of them, built-in ones included.
    pub schema: Schema,
    /// Those that are computed, and the text that does it.
    pub computed: Vec<(&'a Scalar, FieldId, &'a Scalar)>,
}

/// Reads all fields.
pub(in crate::rulebook) fn check<'a>(entries: &[&'a Entry], zone: &TimeZone, reader: &mut Reader) -> Fields<'a> {
    let mut fields = Fields { schema: Schema::builtin(), computed: Vec::new() };
    if let Some(entry) = entries.get(FIELDS) {
        let text = Text::new(
            format!("there are more than {FIELDS} fields, from `{}` on", entry.key.text),
            format!("полей больше {FIELDS}, начиная с `{}`", entry.key.text),
        );
        let help = Text::new("remove fields that no rule uses", "удалите поля, которые не нужны правилам");
        reader.found.push(Diagnostic::error(codes::TOO_MANY, text, entry.key.place).help(help));
    }
    for entry in entries.iter().take(FIELDS) {
        match fields.schema.find(&entry.key.text) {
            Some(id) => redeclare(entry, id, &mut fields.schema, zone, reader),
            None => declare(entry, &mut fields, zone, reader),
        }
    }
    fields
}

fn declare<'a>(entry: &'a Entry, fields: &mut Fields<'a>, zone: &TimeZone, reader: &mut Reader) {
    if !names::field(&entry.key, reader) {
        return;
    }
    let field = if entry.value.map().is_some() { long(entry, zone, reader) } else { short(entry, reader) };
    let Some(mut field) = field else { return };
    let is = entry.value.get("is").and_then(|node| expression(node, reader));
    field.read_only = is.is_some();
    // The name is free and the number of fields bounded.
    if let (Ok(id), Some(is)) = (fields.schema.add(field), is) {
        fields.computed.push((&entry.key, id, is));
    }
}

/// The text that computes a field.
fn expression<'a>(node: &'a Node, reader: &mut Reader) -> Option<&'a Scalar> {
    let scalar = reader.text(node, ("an expression", "выражение"))?;
    if scalar.text.trim().is_empty() {
        let text = Text::new("the expression is empty", "выражение пустое");
        let help = Text::new(
            "write what computes the field: `is: paid_count * 2`",
            "напишите, из чего вычисляется поле: `is: paid_count * 2`",
        );
        reader.found.push(Diagnostic::error(codes::EMPTY_CONDITION, text, scalar.place).help(help));
        return None;
    }
    Some(scalar)
}

/// `balance: int`
fn short(entry: &Entry, reader: &mut Reader) -> Option<Field> {
    let scalar = reader.text(&entry.value, SHAPE.what)?;
    if scalar.text == "enum" {
        reader.found.push(no_values(scalar.place));
        return None;
    }
    let ty = type_named(scalar, reader)?;
    Some(field(&entry.key.text, ty, None, None))
}

/// `balance: {type: int, default: 0, title: Balance}`
fn long(entry: &Entry, zone: &TimeZone, reader: &mut Reader) -> Option<Field> {
    let entries = reader.shape(&entry.value, entry.key.place, &SHAPE)?;
    let Some(kind) = find(entries, "type") else {
        reader.absent(entries, entry.key.place, "type", &SHAPE);
        return None;
    };
    let kind = reader.text(kind, SHAPE.what)?;
    let values = find(entries, "values");
    let ty = match (kind.text.as_str(), values) {
        ("enum", Some(values)) => enum_of(values, reader)?,
        ("enum", None) => {
            reader.found.push(no_values(kind.place));
            return None;
        }
        (_, values) => {
            if let Some(values) = values {
                let text = Text::new("only an enum has `values`", "`values` бывает только у enum");
                let help = Text::new("write `type: enum`", "напишите `type: enum`");
                reader.found.push(Diagnostic::error(codes::BAD_VALUES, text, values.place).help(help));
            }
            type_named(kind, reader)?
        }
    };
    let default = find(entries, "default").and_then(|node| default_of(node, &ty, zone, reader));
    let title = find(entries, "title").and_then(|node| title(node, reader));
    Some(field(&entry.key.text, ty, default, title))
}

/// A built-in field may get a title, a default and, if it is text, values.
fn redeclare(entry: &Entry, id: FieldId, schema: &mut Schema, zone: &TimeZone, reader: &mut Reader) {
    let old = schema.field(id).clone();
    if entry.value.map().is_none() {
        reader.found.push(builtin(&old, entry.value.place));
        return;
    }
    let Some(entries) = reader.shape(&entry.value, entry.key.place, &SHAPE) else { return };
    let mut ty = old.ty.clone();
    for key in ["type", "is"] {
        if let Some(node) = find(entries, key) {
            reader.found.push(builtin(&old, node.place));
        }
    }
    if let Some(values) = find(entries, "values") {
        match (&old.ty, old.read_only) {
            (Type::String, false) => ty = enum_of(values, reader).unwrap_or(ty),
            _ => reader.found.push(builtin(&old, values.place)),
        }
    }
    let default = find(entries, "default").and_then(|node| {
        if old.read_only {
            reader.found.push(builtin(&old, node.place));
            return None;
        }
        default_of(node, &ty, zone, reader)
    });
    let title = find(entries, "title").and_then(|node| title(node, reader));
    schema.redeclare(id, |field| {
        field.ty = ty;
        field.default = default.unwrap_or_else(|| field.default.clone());
        field.title = title;
    });
}

fn field(name: &str, ty: Type, default: Option<Value>, title: Option<Text>) -> Field {
    let default = default.unwrap_or_else(|| match ty {
        Type::Bool => Value::Bool(false),
        Type::List => Value::List(Arc::from([])),
        Type::Int | Type::Float | Type::Money | Type::String | Type::Time | Type::Duration | Type::Enum(_) => {
            Value::Missing
        }
    });
    Field { name: name.into(), ty, default, title, builtin: false, read_only: false }
}

fn type_named(scalar: &Scalar, reader: &mut Reader) -> Option<Type> {
    let ty = match scalar.text.as_str() {
        "bool" => Type::Bool,
        "int" => Type::Int,
        "float" => Type::Float,
        "money" => Type::Money,
        "string" => Type::String,
        "time" => Type::Time,
        "list" | "list<string>" => Type::List,
        other => {
            let text = Text::new(format!("unknown type `{other}`"), format!("неизвестный тип `{other}`"));
            let diagnostic = Diagnostic::error(codes::BAD_TYPE, text, scalar.place);
            let known = alias(other).map_or_else(|| TYPES.to_vec(), |near| vec![near]);
            reader.found.push(match known.as_slice() {
                [near] => diagnostic
                    .help(Text::new(format!("did you mean `{near}`?"), format!("возможно, вы имели в виду `{near}`?")))
                    .replace(*near),
                _ => suggest(diagnostic, other, known),
            });
            return None;
        }
    };
    Some(ty)
}

/// What other tools call our types.
pub(super) fn alias(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "boolean" => "bool",
        "integer" | "number" | "bigint" => "int",
        "double" | "real" | "decimal" => "float",
        "str" | "text" | "varchar" => "string",
        "date" | "datetime" | "timestamp" => "time",
        "array" | "set" | "tags" => "list",
        _ => return None,
    })
}

fn enum_of(node: &Node, reader: &mut Reader) -> Option<Type> {
    let what = ("`values`", "`values`");
    let mut values: Vec<Arc<str>> = Vec::new();
    for item in reader.list(node, what)? {
        let Some(scalar) = reader.text(item, what) else { continue };
        if values.iter().any(|value| **value == *scalar.text) {
            let text = Text::new(
                format!("the value `{}` stands twice", scalar.text),
                format!("значение `{}` повторяется", scalar.text),
            );
            let help = Text::new("keep one of the two", "оставьте одно из двух");
            reader.found.push(Diagnostic::error(codes::BAD_VALUES, text, scalar.place).help(help));
            continue;
        }
        values.push(scalar.text.as_str().into());
    }
    if values.is_empty() {
        reader.found.push(no_values(node.place));
        return None;
    }
    Some(Type::Enum(Arc::new(EnumType { values })))
}

fn no_values(place: Place) -> Diagnostic {
    let text = Text::new("an enum needs `values`", "для enum нужны `values`");
    let help = Text::new("write `{type: enum, values: [free, pro]}`", "напишите `{type: enum, values: [free, pro]}`");
    Diagnostic::error(codes::BAD_VALUES, text, place).help(help)
}

fn builtin(field: &Field, place: Place) -> Diagnostic {
    let text = Text::new(
        format!("`{}` is a built-in field of type {}; this cannot be changed", field.name, field.ty),
        format!("`{}` — встроенное поле типа {}; это изменить нельзя", field.name, field.ty),
    );
    let help = if field.read_only {
        Text::new("only a `title` can be given to it", "ему можно дать только `title`")
    } else {
        Text::new("a `title` and a `default` can be given to it", "ему можно дать `title` и `default`")
    };
    Diagnostic::error(codes::BUILTIN_FIELD, text, place).help(help)
}

fn default_of(node: &Node, ty: &Type, zone: &TimeZone, reader: &mut Reader) -> Option<Value> {
    if let Type::List = ty {
        let what = ("the default of a list", "значение по умолчанию для списка");
        let items = reader.list(node, what)?;
        let texts =
            items.iter().filter_map(|item| reader.text(item, what)).map(|s| Arc::from(s.text.as_str())).collect();
        return Some(Value::List(texts));
    }
    let scalar = reader.text(node, ("a default", "значение по умолчанию"))?;
    let value = literal::value(&scalar.text, ty, zone);
    if value.is_none() {
        let text = Text::new(
            format!("`{}` is not a value of type {ty}", scalar.text),
            format!("`{}` — не значение типа {ty}", scalar.text),
        );
        let diagnostic = Diagnostic::error(codes::BAD_DEFAULT, text, scalar.place);
        reader.found.push(match ty {
            Type::Enum(values) => suggest(diagnostic, &scalar.text, values.values.iter().map(|v| &**v)),
            _ => diagnostic.help(Text::new(
                format!("write it like {}", literal::example(ty)),
                format!("пишите так: {}", literal::example(ty)),
            )),
        });
    }
    value
}
