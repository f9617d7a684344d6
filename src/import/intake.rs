//! One JSON object becomes an event: `{"id": "…", "user": 42, "name":
//! "payment", "at": "…", "props": {"rub": 499.5}}`.
//!
//! The name and the properties must be declared and the values must fit. A
//! property that is null is left out. What cannot be taken is refused with the
//! reason; nothing is guessed.

use super::convert::{convert, int};
use super::source::cell;
use super::{Fault, Reason, ZeroTime};
use crate::diagnostic::nearest;
use crate::model::{Event, EventType, Events, Time, TimeDelta, Type, UserId, Value};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// Clocks of senders may be so much ahead of ours.
const AHEAD: TimeDelta = TimeDelta::minutes(5);
/// An id takes no more bytes.
const ID: usize = 256;
/// A text takes no more bytes.
const TEXT: usize = 4_096;
const KEYS: [&str; 5] = ["id", "user", "name", "at", "props"];

/// Reads an event. One that does not tell its time happened at `unless_told`,
/// or is refused.
pub fn event(
    mut object: Map<String, Json>,
    events: &Events,
    now: Time,
    unless_told: Option<Time>,
) -> Result<Event, Reason> {
    if let Some(key) = object.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(Reason::UnknownKey { key: key.as_str().into() });
    }
    let mut take = |key: &str| object.remove(key).unwrap_or(Json::Null);
    let user = user(take("user"))?;
    let id = text("id", take("id"), ID)?.ok_or(Reason::NoEventId)?;
    let name = text("name", take("name"), ID)?.ok_or(Reason::NoName)?;
    let declared = events.find(&name).map(|id| events.event(id)).ok_or_else(|| unknown_event(&name, events))?;
    let at = at(take("at"), now, unless_told)?;
    let properties = match take("props") {
        Json::Null => Vec::new(),
        Json::Object(props) => properties(props, declared)?,
        _ => return Err(wrong("props", Fault::Object)),
    };
    Ok(Event { id, user, name: declared.name.clone(), at, properties })
}

fn user(json: Json) -> Result<UserId, Reason> {
    match cell(json) {
        super::Cell::Null => Err(Reason::NoUser),
        cell => match int(&cell) {
            Ok(id) if id > 0 => Ok(UserId(id)),
            Ok(_) => Err(wrong("user", Fault::NotAnId)),
            Err(fault) => Err(wrong("user", fault)),
        },
    }
}

/// A text, also one that is written as a number; nothing if there is none.
fn text(key: &str, json: Json, longest: usize) -> Result<Option<Arc<str>>, Reason> {
    match convert(cell(json), &Type::String, ZeroTime::Epoch) {
        Ok(Value::String(text)) if text.len() > longest => Err(wrong(key, Fault::TooLong)),
        Ok(Value::String(text)) => Ok(Some(text)),
        Ok(_) => Ok(None),
        Err(fault) => Err(wrong(key, fault)),
    }
}

fn at(json: Json, now: Time, unless_told: Option<Time>) -> Result<Time, Reason> {
    let at = match convert(cell(json), &Type::Time, ZeroTime::Epoch).map_err(|fault| wrong("at", fault))? {
        Value::Time(at) => at,
        _ => unless_told.ok_or(Reason::NoTime)?,
    };
    if at > now + AHEAD { Err(Reason::Ahead) } else { Ok(at) }
}

fn properties(props: Map<String, Json>, declared: &EventType) -> Result<Vec<(Arc<str>, Value)>, Reason> {
    let mut properties = Vec::with_capacity(props.len());
    for (name, json) in props {
        let Some((_, property)) = declared.property(&name) else { return Err(unknown_property(&name, declared)) };
        let value = convert(cell(json), &property.ty, ZeroTime::Epoch).map_err(|fault| wrong(&name, fault))?;
        match &value {
            Value::Missing => continue,
            Value::String(text) if text.len() > TEXT => return Err(wrong(&name, Fault::TooLong)),
            value if !value.fits(&property.ty) => return Err(wrong(&name, Fault::NotInEnum)),
            _ => properties.push((property.name.clone(), value)),
        }
    }
    Ok(properties)
}

fn unknown_event(name: &str, events: &Events) -> Reason {
    let known: Vec<&str> = events.iter().map(|(_, event)| &*event.name).collect();
    Reason::UnknownEvent { name: name.into(), nearest: nearest(name, known).map(Into::into) }
}

fn unknown_property(name: &str, event: &EventType) -> Reason {
    let known: Vec<&str> = event.properties.iter().map(|property| &*property.name).collect();
    let nearest = nearest(name, known).map(Into::into);
    Reason::UnknownProperty { event: event.name.clone(), name: name.into(), nearest }
}

fn wrong(key: &str, fault: Fault) -> Reason {
    Reason::Value { column: key.into(), fault }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: Time = Time(1_772_366_400_000);

    fn taken(json: Json) -> Result<Event, String> {
        let Json::Object(object) = json else { unreachable!() };
        event(object, &Events::builtin(), NOW, None).map_err(|reason| reason.text().en)
    }

    #[test]
    fn an_event_is_read() {
        let read = taken(json!({"id": 7, "user": "42", "name": "payment", "at": 1_772_366_400,
            "props": {"rub": 499.5, "stars": null, "product": "pro"}}));
        let expected = Event {
            id: "7".into(),
            user: UserId(42),
            name: "payment".into(),
            at: NOW,
            properties: vec![("product".into(), Value::text("pro")), ("rub".into(), Value::Money(49_950))],
        };
        let sorted = read.map(|mut event| {
            event.properties.sort_by(|a, b| a.0.cmp(&b.0));
            event
        });
        assert_eq!(sorted, Ok(expected));
    }

    #[test]
    fn what_cannot_be_taken_is_refused_with_the_reason() {
        let good = json!({"id": "a", "user": 1, "name": "payment", "at": "2026-03-01", "props": {}});
        for (key, value, expected) in [
            ("user", Json::Null, "the event has no `user`"),
            ("user", json!(-5), "`user` is not a user's id: ids are positive"),
            ("user", json!("x"), "`user` is not a whole number"),
            ("id", Json::Null, "the event has no `id`"),
            ("id", json!("x".repeat(300)), "`id` is too long"),
            ("name", Json::Null, "the event has no `name`"),
            ("name", json!("paymnt"), "event `paymnt` is not declared; did you mean `payment`?"),
            ("name", json!("zzzzzzzz"), "event `zzzzzzzz` is not declared"),
            ("name", json!("received:hello"), "event `received:hello` is not declared"),
            ("name", json!("clicked:hello"), "event `clicked:hello` is not declared"),
            ("at", Json::Null, "the event has no time `at`"),
            ("at", json!("soon"), "`at` is neither a timestamp nor an ISO date"),
            ("at", json!("2026-03-01T12:05:01Z"), "the event is more than 5 minutes ahead of the clock"),
            ("props", json!([]), "`props` is not an object"),
            ("props", json!({"rub": "a lot"}), "`rub` is not an amount with at most two decimals"),
            ("props", json!({"rubl": 1}), "event `payment` has no property `rubl`; did you mean `rub`?"),
            ("props", json!({"product": "x".repeat(5_000)}), "`product` is too long"),
            ("properties", json!({}), "an event has no key `properties`; its keys are id, user, name, at, props"),
        ] {
            let mut bad = good.clone();
            bad[key] = value;
            assert_eq!(taken(bad.clone()), Err(expected.to_owned()), "{bad}");
        }
        assert!(taken(good).is_ok());
    }
}
