//! Values and wants as people read them.

use crate::condition::{Aim, Relation, Wanted};
use crate::model::{Text, TimeDelta, Value};
use serde_json::{Value as Json, json};

/// A value as rule files write it.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Missing => "missing".to_owned(),
        Value::Bool(x) => x.to_string(),
        Value::Int(x) => x.to_string(),
        Value::Float(x) => x.to_string(),
        Value::Money(x) => money(*x),
        Value::String(x) => format!("\"{x}\""),
        Value::Time(x) => x.rfc3339(),
        Value::Duration(x) => length(*x).en,
        Value::List(x) => format!("[{}]", x.iter().map(|item| format!("\"{item}\"")).collect::<Vec<_>>().join(", ")),
    }
}

/// A length of time, its two largest units.
pub(super) fn length(length: TimeDelta) -> Text {
    let mut rest = length.0.unsigned_abs() / 1_000;
    let (mut en, mut ru) = (Vec::new(), Vec::new());
    for (unit, word_en, word_ru) in [(86_400, "d", "д"), (3_600, "h", "ч"), (60, "min", "мин"), (1, "s", "с")] {
        let count = rest / unit;
        rest %= unit;
        if count > 0 && en.len() < 2 {
            en.push(format!("{count} {word_en}"));
            ru.push(format!("{count} {word_ru}"));
        }
    }
    if en.is_empty() { Text::new("0 s", "0 с") } else { Text::new(en.join(" "), ru.join(" ")) }
}

/// A value for programs: money as text, so that it stays exact, times in UTC.
pub(super) fn plain(value: &Value) -> Json {
    match value {
        Value::Missing => Json::Null,
        Value::Bool(x) => json!(x),
        Value::Int(x) => json!(x),
        Value::Float(x) => json!(x),
        Value::Money(x) => json!(money(*x)),
        Value::String(x) => json!(x),
        Value::Time(x) => json!(x.rfc3339()),
        Value::Duration(x) => json!(x.0),
        Value::List(x) => json!(x),
    }
}

fn money(hundredths: i64) -> String {
    let (sign, whole) = (if hundredths < 0 { "-" } else { "" }, hundredths.unsigned_abs());
    format!("{sign}{}.{:02}", whole / 100, whole % 100)
}

/// `paid_count` is 3, 5 or more is needed.
pub(super) fn need(aim: &Aim) -> Text {
    let subject = &aim.subject;
    let wanted = wanted(&aim.wanted);
    let has = shown(&aim.has);
    match (&aim.wanted, &aim.has) {
        (Wanted::Set, _) => {
            Text::new(format!("`{subject}` is missing; set it"), format!("`{subject}` не задано; задайте"))
        }
        (Wanted::Missing, _) => Text::new(
            format!("`{subject}` is {has}; it would have to be missing"),
            format!("`{subject}` = {has}; значения быть не должно"),
        ),
        (_, Value::Missing) => Text::new(
            format!("`{subject}` is missing; set it: {} is needed", wanted.en),
            format!("`{subject}` не задано; задайте: нужно {}", wanted.ru),
        ),
        (_, _) => Text::new(
            format!("`{subject}` is {has}, {} is needed", wanted.en),
            format!("`{subject}` = {has}, нужно {}", wanted.ru),
        ),
    }
}

/// The relation for programs, and the value or values.
pub(super) fn want(wanted: &Wanted) -> (String, Json) {
    let list = |values: &[Value]| Json::Array(values.iter().map(plain).collect());
    match wanted {
        Wanted::Relation(relation, value) => (relation.as_str().to_owned(), plain(value)),
        Wanted::Between(low, high) => ("between".to_owned(), json!([plain(low), plain(high)])),
        Wanted::Outside(low, high) => ("not between".to_owned(), json!([plain(low), plain(high)])),
        Wanted::OneOf(values) => ("in".to_owned(), list(values)),
        Wanted::NoneOf(values) => ("not in".to_owned(), list(values)),
        Wanted::With(word, value) => ((*word).to_owned(), plain(value)),
        Wanted::Without(word, value) => (format!("not {word}"), plain(value)),
        Wanted::Set => ("is set".to_owned(), Json::Null),
        Wanted::Missing => ("is missing".to_owned(), Json::Null),
    }
}

fn wanted(wanted: &Wanted) -> Text {
    let list = |values: &[Value]| values.iter().map(shown).collect::<Vec<_>>().join(", ");
    match wanted {
        Wanted::Relation(relation, value) => related(*relation, value),
        Wanted::Between(low, high) => {
            let (low, high) = (shown(low), shown(high));
            Text::new(format!("something from {low} to {high}"), format!("от {low} до {high}"))
        }
        Wanted::Outside(low, high) => {
            let (low, high) = (shown(low), shown(high));
            Text::new(format!("less than {low} or more than {high}"), format!("меньше {low} или больше {high}"))
        }
        Wanted::OneOf(values) => {
            let all = list(values);
            Text::new(format!("one of {all}"), format!("одно из {all}"))
        }
        Wanted::NoneOf(values) => {
            let all = list(values);
            Text::new(format!("anything but {all}"), format!("что угодно, кроме {all}"))
        }
        Wanted::With(word, value) => {
            let value = shown(value);
            Text::new(
                format!("something that {word} {value}"),
                format!("значение, для которого верно `{word} {value}`"),
            )
        }
        Wanted::Without(word, value) => {
            let value = shown(value);
            Text::new(
                format!("something for which `{word} {value}` is false"),
                format!("значение, для которого неверно `{word} {value}`"),
            )
        }
        Wanted::Set => Text::new("any value", "любое значение"),
        Wanted::Missing => Text::new("no value", "отсутствие значения"),
    }
}

fn related(relation: Relation, value: &Value) -> Text {
    let text = shown(value);
    let is_time = matches!(value, Value::Time(_));
    match (relation, is_time) {
        (Relation::Equal, _) => Text::same(text),
        (Relation::NotEqual, _) => Text::new(format!("anything but {text}"), format!("что угодно, кроме {text}")),
        (Relation::Less, false) => Text::new(format!("less than {text}"), format!("меньше {text}")),
        (Relation::LessOrEqual, false) => Text::new(format!("{text} or less"), format!("{text} или меньше")),
        (Relation::Greater, false) => Text::new(format!("more than {text}"), format!("больше {text}")),
        (Relation::GreaterOrEqual, false) => Text::new(format!("{text} or more"), format!("{text} или больше")),
        (Relation::Less, true) => Text::new(format!("a time before {text}"), format!("время до {text}")),
        (Relation::LessOrEqual, true) => Text::new(format!("{text} or earlier"), format!("{text} или раньше")),
        (Relation::Greater, true) => Text::new(format!("a time after {text}"), format!("время после {text}")),
        (Relation::GreaterOrEqual, true) => Text::new(format!("{text} or later"), format!("{text} или позже")),
    }
}
