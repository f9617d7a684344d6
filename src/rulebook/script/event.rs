//! The event that is judged, as a script sees it: read-only, its name, its time
//! and the properties that are declared for it, a missing one as `()`.

use super::queue::failure;
use super::user::dynamic;
use crate::condition::{EventPart, Row};
use crate::model::{Events, Property, PropertyId, Text, Value};
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString};
use std::sync::Arc;

/// One event.
#[derive(Clone, Debug)]
pub(super) struct Event {
    name: Arc<str>,
    parts: Arc<[(Arc<str>, Value)]>,
}

impl Event {
    /// The event that a row tells of; `()` where there is none.
    pub fn of<R: Row + ?Sized>(events: &Events, row: &R) -> Dynamic {
        let name = row.event(EventPart::Name);
        let Value::String(text) = name else { return Dynamic::UNIT };
        let always = [("name".into(), name.clone()), ("at".into(), row.event(EventPart::At).clone())];
        let declared = events.find(text).map(|id| events.event(id).properties.as_slice()).unwrap_or_default();
        let value = |(at, property): (u16, &Property)| {
            (property.name.clone(), row.event(EventPart::Property(PropertyId(at))).clone())
        };
        let told = (0u16..).zip(declared).map(value);
        Dynamic::from(Self { name: text.clone(), parts: always.into_iter().chain(told).collect() })
    }

    fn get(&mut self, name: ImmutableString) -> Result<Dynamic, Box<EvalAltResult>> {
        match self.parts.iter().find(|(known, _)| **known == *name) {
            Some((_, value)) => Ok(dynamic(value)),
            None => Err(failure(Text::new(
                format!("the event `{}` has no property `{name}`", self.name),
                format!("у события `{}` нет свойства `{name}`", self.name),
            ))),
        }
    }
}

/// Teaches an engine to read properties: `event.rub`, `event["rub"]`.
pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Event>("Event").register_indexer_get(Event::get);
}
