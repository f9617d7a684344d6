//! The declared event types: what can happen to a user and which typed
//! properties tell of it. The built-in ones come first; a project may add
//! properties to them and declare its own.

use super::{EventId, Type};
use std::collections::HashMap;
use std::sync::Arc;

/// One kind of event.
#[derive(Clone, Debug, PartialEq)]
pub struct EventType {
    /// The name in rule files.
    pub name: Arc<str>,
    /// What it tells, in the order of declaration.
    pub properties: Vec<Property>,
    /// Whether every project has it.
    pub builtin: bool,
}

/// One typed property of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// The name.
    pub name: Arc<str>,
    /// The type of its values.
    pub ty: Type,
}

/// A property's place among those of its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PropertyId(pub u16);

/// All declared events; built-in ones come first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Events {
    list: Vec<EventType>,
    by_name: HashMap<Arc<str>, EventId>,
}

/// The user wrote `/start`.
pub const START: EventId = EventId(0);
/// The user sent a text.
pub const MESSAGE: EventId = EventId(1);
/// The user pressed a button.
pub const PRESS: EventId = EventId(2);
/// The user blocked the bot.
pub const BOT_BLOCKED: EventId = EventId(5);
/// The user unblocked the bot.
pub const BOT_RETURNED: EventId = EventId(6);

impl Events {
    /// The built-in events alone.
    pub fn builtin() -> Self {
        let mut events = Self::default();
        let payment: &[(&str, Type)] = &[("rub", Type::Money), ("stars", Type::Int), ("product", Type::String)];
        for (name, properties) in [
            ("start", &[("payload", Type::String)] as &[(&str, Type)]),
            ("message", &[("text", Type::String)]),
            ("press", &[("button", Type::String), ("template", Type::String)]),
            ("payment", payment),
            ("refund", payment),
            ("bot_blocked", &[]),
            ("bot_returned", &[]),
        ] {
            let id = events.add(name, true);
            for (name, ty) in properties {
                // The names are those written above, each once.
                let _ = events.add_property(id, name, ty.clone());
            }
        }
        events
    }

    /// The event called `name`, declared now if it was not.
    pub fn add(&mut self, name: &str, builtin: bool) -> EventId {
        if let Some(id) = self.find(name) {
            return id;
        }
        let id = EventId(u16::try_from(self.list.len()).unwrap_or(u16::MAX));
        let name: Arc<str> = name.into();
        self.by_name.insert(name.clone(), id);
        self.list.push(EventType { name, properties: Vec::new(), builtin });
        id
    }

    /// Declares a property of an event that came from here. Its place, or the
    /// type that it already has if that is another one.
    pub fn add_property(&mut self, event: EventId, name: &str, ty: Type) -> Result<PropertyId, Type> {
        let properties = &mut self.list[usize::from(event.0)].properties;
        let id = |at: usize| PropertyId(u16::try_from(at).unwrap_or(u16::MAX));
        match properties.iter().position(|property| *property.name == *name) {
            Some(at) if properties[at].ty == ty => Ok(id(at)),
            Some(at) => Err(properties[at].ty.clone()),
            None => {
                properties.push(Property { name: name.into(), ty });
                Ok(id(properties.len() - 1))
            }
        }
    }

    /// The event at `id`, which came from here.
    pub fn event(&self, id: EventId) -> &EventType {
        &self.list[usize::from(id.0)]
    }

    /// The place of the event called `name`.
    pub fn find(&self, name: &str) -> Option<EventId> {
        self.by_name.get(name).copied()
    }

    /// All events with their places.
    pub fn iter(&self) -> impl Iterator<Item = (EventId, &EventType)> {
        (0u16..).map(EventId).zip(&self.list)
    }
}

impl EventType {
    /// The property called `name` and its place.
    pub fn property(&self, name: &str) -> Option<(PropertyId, &Property)> {
        (0u16..).map(PropertyId).zip(&self.properties).find(|(_, property)| *property.name == *name)
    }

    /// The property at `id`, which came from this event.
    pub fn at(&self, id: PropertyId) -> &Property {
        &self.properties[usize::from(id.0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_name_their_events() {
        let events = Events::builtin();
        for (id, name) in [
            (START, "start"),
            (MESSAGE, "message"),
            (PRESS, "press"),
            (BOT_BLOCKED, "bot_blocked"),
            (BOT_RETURNED, "bot_returned"),
        ] {
            assert_eq!(&*events.event(id).name, name);
        }
    }
}
