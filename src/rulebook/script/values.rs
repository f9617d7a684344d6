//! Values that come back from a script, by the rules that `set` has in rule
//! files: a whole number may stand where a fraction or money may, nothing is
//! cut off to make it fit.
//!
//! Money is a fraction in scripts and is rounded to hundredths on its way back;
//! up to the bound below every sum comes back as the one that went in.

use crate::model::{Text, Time, TimeDelta, Type, Value};
use crate::rulebook::words::duration;
use rhai::{Array, Dynamic};
use std::sync::Arc;

/// The greatest number of hundredths that a fraction holds exactly.
const EXACT: f64 = (1u64 << 51) as f64;
/// The most characters of a value that a message shows.
const SHOWN: usize = 40;

/// The value as one of a type, if it is one; `()` is none.
pub(super) fn of_type(given: &Dynamic, ty: &Type) -> Option<Value> {
    match ty {
        Type::Bool => given.as_bool().ok().map(Value::Bool),
        Type::Int => whole(given).map(Value::Int),
        Type::Float => fraction(given).map(Value::Float),
        Type::Money => money(given).map(Value::Money),
        Type::String => given.as_immutable_string_ref().ok().map(|text| Value::text(text.as_str())),
        Type::Enum(set) => {
            let text = given.as_immutable_string_ref().ok()?;
            set.values.iter().find(|value| ***value == **text).cloned().map(Value::String)
        }
        Type::Time => whole(given).map(|at| Value::Time(Time(at))),
        Type::Duration => length(given).map(Value::Duration),
        Type::List => list(given),
    }
}

/// The value as one of whatever type it is, if rules have that type.
pub(super) fn any(given: &Dynamic) -> Option<Value> {
    let text = || given.as_immutable_string_ref().ok().map(|text| Value::text(text.as_str()));
    let flag = || given.as_bool().ok().map(Value::Bool);
    let number = || whole(given).map(Value::Int).or_else(|| fraction(given).map(Value::Float));
    text().or_else(flag).or_else(number).or_else(|| list(given))
}

/// A whole number.
pub(super) fn whole(given: &Dynamic) -> Option<i64> {
    given.as_int().ok()
}

/// A length of time, never nothing: `"2 hours"`, or milliseconds as from
/// `hours(2)`.
pub(super) fn length(given: &Dynamic) -> Option<TimeDelta> {
    let text = given.as_immutable_string_ref().ok().map(|text| duration(&text));
    text.unwrap_or_else(|| whole(given).filter(|millis| *millis > 0).map(TimeDelta))
}

/// A text, or a number or truth written out.
pub(super) fn texts(given: &Dynamic) -> Option<String> {
    let plain = given.is_string() || given.is_int() || given.is_bool() || given.is_float();
    plain.then(|| given.to_string())
}

fn fraction(given: &Dynamic) -> Option<f64> {
    given.as_float().ok().or_else(|| whole(given).map(|x| x as f64)).filter(|x| x.is_finite())
}

fn money(given: &Dynamic) -> Option<i64> {
    if let Some(units) = whole(given) {
        return units.checked_mul(100);
    }
    let hundredths = (fraction(given)? * 100.0).round();
    (hundredths.abs() <= EXACT).then_some(hundredths as i64)
}

fn list(given: &Dynamic) -> Option<Value> {
    let items = given.clone().try_cast::<Array>()?;
    let text = |item: Dynamic| item.flatten().into_immutable_string().ok().map(|text| Arc::from(text.as_str()));
    let items: Option<Arc<[Arc<str>]>> = items.into_iter().map(text).collect();
    items.map(Value::List)
}

/// The value as a message shows it.
pub(super) fn shown(given: &Dynamic) -> Text {
    let cut = |text: String| match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    };
    match texts(given) {
        Some(text) if given.is_string() => Text::same(format!("\"{}\"", cut(text))),
        Some(text) => Text::same(text),
        None if given.is_unit() => Text::new("nothing", "ничего"),
        None if given.is_array() => Text::new("an array", "массив"),
        None if given.is_map() => Text::new("a map", "словарь"),
        None => Text::new("something that is no value", "то, что не значение"),
    }
}
