//! What a template sees: `user.FIELD`, `segment("name")`, `variant("name")`,
//! `vars.NAME` and `bot.username`.

use super::{RenderContext, Templates, Variant};
use crate::model::{Profile, Schema, Value as Stored};
use jiff::tz::TimeZone;
use minijinja::value::{Enumerator, Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind, State};
use std::fmt;
use std::sync::Arc;

/// Everything that one rendering may read, as one minijinja value.
pub(super) struct Scope(Value);

impl Scope {
    /// The scope of one user for one template. Segments and experiments are
    /// judged here, and only those that the template asks for.
    pub(super) fn new(templates: &Templates, variant: &Variant, context: &RenderContext<'_>) -> Self {
        let user =
            User { profile: context.profile.clone(), schema: templates.schema.clone(), zone: templates.zone.clone() };
        let members =
            variant.asks.segments.iter().map(|(name, id)| (name.clone(), (context.in_segment)(*id))).collect();
        let dealt = variant.asks.experiments.iter().map(|(name, id)| (name.clone(), (context.variant)(*id))).collect();
        let told = |(name, value): &(String, Stored)| Some((name.clone(), to_template(value, &templates.zone)?));
        let names = Names {
            user: Value::from_object(user),
            segment: Value::from_object(Membership { members }),
            variant: Value::from_object(Dealt { variants: dealt }),
            vars: Value::from_object(Told { values: context.vars.iter().filter_map(told).collect() }),
            bot: {
                let name = templates.bot.get().map_or(super::BOT, String::as_str);
                Value::from_object(Told { values: vec![("username".to_owned(), Value::from(name))] })
            },
        };
        Self(Value::from_object(names))
    }

    pub(super) fn value(&self) -> Value {
        self.0.clone()
    }
}

/// The names at the top.
#[derive(Debug)]
struct Names {
    user: Value,
    segment: Value,
    variant: Value,
    vars: Value,
    bot: Value,
}

impl Object for Names {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        match key {
            "user" => Some(self.user.clone()),
            "segment" => Some(self.segment.clone()),
            "variant" => Some(self.variant.clone()),
            "vars" => Some(self.vars.clone()),
            "bot" => Some(self.bot.clone()),
            _ => None,
        }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }
}

/// `user`: a missing field is undefined.
#[derive(Debug)]
struct User {
    profile: Profile,
    schema: Arc<Schema>,
    zone: TimeZone,
}

impl Object for User {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        to_template(self.profile.get(self.schema.find(key)?), &self.zone)
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }
}

/// `vars` and `bot`: what is not given is undefined.
#[derive(Debug)]
struct Told {
    values: Vec<(String, Value)>,
}

impl Object for Told {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.values.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone())
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }
}

/// `segment("name")`.
#[derive(Debug)]
struct Membership {
    members: Vec<(String, bool)>,
}

impl Object for Membership {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let name = args.first().and_then(Value::as_str).unwrap_or_default();
        let known = self.members.iter().find(|(segment, _)| segment == name);
        known
            .map(|(_, member)| Value::from(*member))
            .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("unknown segment `{name}`")))
    }
}

/// `variant("name")`: none outside the experiment, since minijinja refuses to
/// compare what is undefined. The filter `default` and the tests take it for
/// undefined, and to print it is an error likewise.
#[derive(Debug)]
struct Dealt {
    variants: Vec<(String, Option<Arc<str>>)>,
}

impl Object for Dealt {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let name = args.first().and_then(Value::as_str).unwrap_or_default();
        let known = self.variants.iter().find(|(experiment, _)| experiment == name);
        known
            .map(|(_, variant)| Value::from(variant.clone()))
            .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("unknown experiment `{name}`")))
    }
}

/// An instant: prints as local date and time, and is what `date` formats.
#[derive(Debug)]
pub(super) struct Instant {
    pub local: jiff::Zoned,
}

impl Object for Instant {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.local.strftime("%Y-%m-%d %H:%M").to_string())
    }
}

/// A stored value as templates see it; `None` for a missing one.
fn to_template(value: &Stored, zone: &TimeZone) -> Option<Value> {
    Some(match value {
        Stored::Missing => return None,
        Stored::Bool(yes) => Value::from(*yes),
        Stored::Int(number) => Value::from(*number),
        Stored::Float(number) => Value::from(*number),
        Stored::Money(hundredths) if hundredths % 100 == 0 => Value::from(hundredths / 100),
        Stored::Money(hundredths) => Value::from(*hundredths as f64 / 100.0),
        Stored::String(text) => Value::from(text.clone()),
        Stored::Time(at) => {
            let at = jiff::Timestamp::from_millisecond(at.0).ok()?;
            Value::from_object(Instant { local: at.to_zoned(zone.clone()) })
        }
        Stored::Duration(length) => Value::from(length.0 / 1000),
        Stored::List(items) => items.iter().map(|item| Value::from(item.clone())).collect(),
    })
}
