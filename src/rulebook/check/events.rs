//! The section `events`: what can happen to a user, with the types of the
//! properties that tell of it.
//!
//! A built-in event may be given more properties; its own keep their types.

use super::{codes, names};
use crate::diagnostic::Diagnostic;
use crate::model::{EventId, Events, Text, Type};
use crate::rulebook::raw::{Reader, suggest};
use crate::rulebook::yaml::{Entry, Scalar};

/// More events than this, or more properties of one, are refused.
const MOST: usize = 1_000;
/// What a property may be.
pub(in crate::rulebook) const TYPES: [&str; 6] = ["bool", "int", "float", "money", "string", "time"];
/// Every event has these, so no property may be called so.
const TAKEN: [&str; 2] = ["name", "at"];

/// The built-in events and those of the project.
pub(in crate::rulebook) fn check(entries: &[&Entry], reader: &mut Reader) -> Events {
    let mut events = Events::builtin();
    if let Some(entry) = entries.get(MOST) {
        reader.found.push(too_many(&entry.key));
    }
    for entry in entries.iter().take(MOST) {
        if names::field(&entry.key, reader) {
            let id = events.add(&entry.key.text, false);
            properties(entry, id, &mut events, reader);
        }
    }
    events
}

fn properties(entry: &Entry, event: EventId, events: &mut Events, reader: &mut Reader) {
    if entry.value.is_blank() {
        return;
    }
    let list = reader.map(&entry.value, ("an event", "событие")).unwrap_or_default();
    if let Some(property) = list.get(MOST) {
        reader.found.push(too_many(&property.key));
    }
    for property in list.iter().take(MOST) {
        if !named(&property.key, reader) {
            continue;
        }
        let Some(ty) = reader.text(&property.value, ("the type of a property", "тип свойства")) else {
            continue;
        };
        let Some(ty) = type_of(ty, reader) else { continue };
        if let Err(old) = events.add_property(event, &property.key.text, ty) {
            let text = Text::new(
                format!("`{}` of the built-in event `{}` is of type {old}", property.key.text, entry.key.text),
                format!("у встроенного события `{}` свойство `{}` имеет тип {old}", entry.key.text, property.key.text),
            );
            let help = Text::new(
                format!("write `{old}`, remove the line, or give your property another name"),
                format!("напишите `{old}`, удалите строку или назовите своё свойство иначе"),
            );
            reader.found.push(Diagnostic::error(codes::BUILTIN_PROPERTY, text, property.value.place).help(help));
        }
    }
}

fn named(key: &Scalar, reader: &mut Reader) -> bool {
    let taken = TAKEN.contains(&key.text.as_str());
    if taken {
        let text = Text::new(
            format!("a property cannot be called `{}`: every event has it already", key.text),
            format!("свойство нельзя назвать `{}`: оно уже есть у каждого события", key.text),
        );
        let help = Text::new("choose another name", "выберите другое имя");
        reader.found.push(Diagnostic::error(codes::TAKEN_PROPERTY, text, key.place).help(help));
    }
    !taken && names::field(key, reader)
}

fn type_of(scalar: &Scalar, reader: &mut Reader) -> Option<Type> {
    Some(match scalar.text.as_str() {
        "bool" => Type::Bool,
        "int" => Type::Int,
        "float" => Type::Float,
        "money" => Type::Money,
        "string" => Type::String,
        "time" => Type::Time,
        other => {
            let text = Text::new(
                format!("a property of an event cannot be of type `{other}`"),
                format!("свойство события не может быть типа `{other}`"),
            );
            let diagnostic = Diagnostic::error(codes::PROPERTY_TYPE, text, scalar.place);
            let meant = super::profile::alias(other).filter(|meant| TYPES.contains(meant));
            reader.found.push(match meant {
                Some(meant) => diagnostic
                    .help(Text::new(
                        format!("did you mean `{meant}`?"),
                        format!("возможно, вы имели в виду `{meant}`?"),
                    ))
                    .replace(meant),
                None => suggest(diagnostic, other, TYPES),
            });
            return None;
        }
    })
}

fn too_many(key: &Scalar) -> Diagnostic {
    let text = Text::new(
        format!("there are more than {MOST} of them, from `{}` on", key.text),
        format!("их больше {MOST}, начиная с `{}`", key.text),
    );
    let help = Text::new("remove what no rule uses", "удалите то, что не нужно правилам");
    Diagnostic::error(codes::TOO_MANY, text, key.place).help(help)
}
