//! Plain values in rule files: `10`, `999.50`, `2026-03-01 10:00`, by the type
//! that is wanted. They are no expressions: nothing is computed here.

use crate::model::{Time, Type, Value};
use crate::rulebook::words::money;
use jiff::tz::TimeZone;

/// The value of the type that a text is; `None` if it is none.
pub(super) fn value(text: &str, ty: &Type, zone: &TimeZone) -> Option<Value> {
    match ty {
        Type::Bool => text.parse().ok().map(Value::Bool),
        Type::Int => text.replace('_', "").parse().ok().map(Value::Int),
        Type::Float => text.parse().ok().filter(|x: &f64| x.is_finite()).map(Value::Float),
        Type::Money => money(text).map(Value::Money),
        Type::String => Some(Value::text(text)),
        Type::Time => time(text, zone).map(Value::Time),
        Type::Enum(values) => {
            values.values.iter().find(|value| ***value == *text).map(|value| Value::String(value.clone()))
        }
        Type::Duration | Type::List => None,
    }
}

/// How a value of the type is written.
pub(super) fn example(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "`true`",
        Type::Int => "`10`",
        Type::Float => "`2.5`",
        Type::Money => "`999.50`",
        Type::Time => "`2026-03-01 10:00`",
        Type::String | Type::Duration | Type::List | Type::Enum(_) => "`text`",
    }
}

/// A date with an optional time, in the project's zone unless it has its own.
fn time(text: &str, zone: &TimeZone) -> Option<Time> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(Time(at.as_millisecond()));
    }
    let local = text
        .parse::<jiff::civil::DateTime>()
        .ok()
        .or_else(|| Some(text.parse::<jiff::civil::Date>().ok()?.at(0, 0, 0, 0)))?;
    let at = zone.to_ambiguous_timestamp(local).compatible().ok()?;
    Some(Time(at.as_millisecond()))
}
