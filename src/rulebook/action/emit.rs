//! `emit: {won: {amount: 3}}`: an event of the project happens to the user, or
//! with `user:` beside it to another one.

use super::{Action, Scope};
use crate::condition::Expression;
use crate::model::{EventId, PropertyId, Type};
use crate::rulebook::check::conditions;
use crate::rulebook::codes;
use crate::rulebook::phrases::unknown;
use crate::rulebook::raw::{Reader, unknown_key};
use crate::rulebook::shape::{Key, Takes, optional};
use crate::rulebook::yaml::{Entry, Node, Scalar};

pub(super) const KEY: Key = optional(
    "emit",
    Takes::Either(&[Takes::Name, Takes::Named(&Takes::Named(&Takes::Expression))]),
    "an event that happens to the user, with its properties",
    "событие, которое происходит с пользователем, и его свойства",
);

/// An event with its properties.
#[derive(Clone, Debug)]
pub struct Emit {
    /// The event.
    pub event: EventId,
    /// To whom it happens; absent: to the user of the rule.
    pub user: Option<Expression>,
    /// What it tells; properties that are absent stay missing.
    pub properties: Vec<(PropertyId, Expression)>,
}

pub(super) fn check(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<Action> {
    if let Some(scalar) = node.scalar().filter(|scalar| !scalar.is_blank()) {
        let event = event(scalar, scope, reader)?;
        return Some(Action::Emit(Emit { event, user: None, properties: Vec::new() }));
    }
    let entries = reader.map(node, ("`emit`", "`emit`"))?;
    let [entry] = entries else {
        let keys = entries.iter().map(|entry| &entry.key);
        reader.found.push(super::one_only(keys, node.place, ("event", "событие")));
        return None;
    };
    let event = event(&entry.key, scope, reader)?;
    let properties = properties(event, &entry.value, scope, reader)?;
    Some(Action::Emit(Emit { event, user: None, properties }))
}

/// Reads `user:` beside an `emit`: an id.
pub(super) fn user(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<Expression> {
    conditions::value(node, Some(&Type::Int), scope.names(), scope.sources, reader)
}

fn event(name: &Scalar, scope: &Scope<'_>, reader: &mut Reader) -> Option<EventId> {
    let events = &scope.names.catalogue.events;
    let found = events.find(&name.text);
    if found.is_none() {
        let known: Vec<&str> = events.iter().map(|(_, event)| &*event.name).collect();
        reader.found.push(unknown(name, ("event", "событие"), codes::UNKNOWN_EVENT, &known));
    }
    found
}

fn properties(
    event: EventId,
    node: &Node,
    scope: &Scope<'_>,
    reader: &mut Reader,
) -> Option<Vec<(PropertyId, Expression)>> {
    if node.is_blank() {
        return Some(Vec::new());
    }
    let declared = scope.names.catalogue.events.event(event);
    let what = ("an event's properties", "свойства события");
    let entries = reader.map(node, what)?;
    let property = |entry: &Entry| {
        let Some((id, property)) = declared.property(&entry.key.text) else {
            let known: Vec<&str> = declared.properties.iter().map(|property| &*property.name).collect();
            reader.found.push(unknown_key(&entry.key, &known, what));
            return None;
        };
        let value = conditions::value(&entry.value, Some(&property.ty), scope.names(), scope.sources, reader)?;
        Some((id, value))
    };
    let properties: Vec<_> = entries.iter().map(property).collect();
    properties.into_iter().collect()
}
