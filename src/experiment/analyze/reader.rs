//! Reading JSON with a place for every mistake: objects, names, counts and
//! numbers within bounds.

use crate::model::Text;
use serde_json::{Map, Value};

/// Whole numbers above this are not exact in JSON.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A mistake in the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where: `arms[1].converted`, or `line 3, column 7`.
    pub place: Text,
    /// What is wrong.
    pub text: Text,
}

/// Collects mistakes.
#[derive(Default)]
pub(super) struct Reader {
    pub found: Vec<Mistake>,
}

/// An object, the place it stands at, and the reader of its keys.
pub(super) struct Object<'a> {
    pub place: String,
    pub map: &'a Map<String, Value>,
}

impl Object<'_> {
    /// The place of a key.
    pub fn place(&self, key: &str) -> String {
        if self.place.is_empty() { key.to_owned() } else { format!("{}.{key}", self.place) }
    }
}

impl Reader {
    pub fn object<'a>(&mut self, value: &'a Value, place: String, keys: &[&str]) -> Option<Object<'a>> {
        let Some(map) = value.as_object() else {
            return self.wrong(place, "an object", "объект");
        };
        let object = Object { place, map };
        for key in map.keys().filter(|key| !keys.contains(&key.as_str())) {
            let known = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
            let text = Text::new(
                format!("there is no such key; there are {known}"),
                format!("такого ключа нет; есть {known}"),
            );
            self.found.push(Mistake { place: Text::same(object.place(key)), text });
        }
        Some(object)
    }

    pub fn required<'a>(&mut self, object: &Object<'a>, key: &str) -> Option<&'a Value> {
        let value = object.map.get(key);
        value.or_else(|| self.say(object.place(key), "is missing", "не указано"))
    }

    pub fn name(&mut self, object: &Object<'_>) -> Option<String> {
        let value = self.required(object, "name")?;
        match value.as_str().filter(|name| !name.trim().is_empty()) {
            Some(name) => Some(name.to_owned()),
            None => self.wrong(object.place("name"), "a name", "имя"),
        }
    }

    pub fn flag(&mut self, object: &Object<'_>, key: &str) -> bool {
        let Some(value) = object.map.get(key) else { return false };
        value.as_bool().unwrap_or_else(|| {
            self.wrong::<bool>(object.place(key), "`true` or `false`", "`true` или `false`").unwrap_or(false)
        })
    }

    pub fn count(&mut self, object: &Object<'_>, key: &str) -> Option<u64> {
        let value = self.required(object, key)?;
        whole(value).or_else(|| self.wrong(object.place(key), "a whole number, 0 or more", "целое число от 0"))
    }

    pub fn optional_count(&mut self, object: &Object<'_>, key: &str, least: u64) -> Option<u64> {
        let value = object.map.get(key)?;
        let count = whole(value).filter(|count| *count >= least);
        count.or_else(|| {
            self.wrong(object.place(key), format!("a whole number, {least} or more"), format!("целое число от {least}"))
        })
    }

    pub fn optional(&mut self, object: &Object<'_>, key: &str, bounds: Bounds) -> Option<f64> {
        object.map.contains_key(key).then(|| self.number(object, key, bounds)).flatten()
    }

    pub fn number(&mut self, object: &Object<'_>, key: &str, bounds: Bounds) -> Option<f64> {
        let value = self.required(object, key)?;
        let number = value.as_f64().filter(|number| bounds.hold(*number));
        number.or_else(|| {
            let text = bounds.text();
            self.wrong(object.place(key), text.en, text.ru)
        })
    }

    /// Something else was expected.
    pub fn wrong<T>(&mut self, place: String, en: impl Into<String>, ru: impl Into<String>) -> Option<T> {
        self.say(place, format!("must be {}", en.into()), format!("нужно: {}", ru.into()))
    }

    pub fn say<T>(&mut self, place: String, en: impl Into<String>, ru: impl Into<String>) -> Option<T> {
        let place = if place.is_empty() { Text::new("the input", "ввод") } else { Text::same(place) };
        self.found.push(Mistake { place, text: Text::new(en, ru) });
        None
    }
}

/// What a number may be.
#[derive(Clone, Copy)]
pub(super) enum Bounds {
    Any,
    /// This or more.
    From(f64),
    /// More than this.
    Above(f64),
    /// More than the first and less than the second.
    Between(f64, f64),
}

impl Bounds {
    fn hold(self, number: f64) -> bool {
        // squares of numbers beyond would be infinite
        number.abs() < 1e100
            && match self {
                Self::Any => true,
                Self::From(least) => number >= least,
                Self::Above(low) => number > low,
                Self::Between(low, high) => number > low && number < high,
            }
    }

    fn text(self) -> Text {
        match self {
            Self::Any => Text::new("a number", "число"),
            Self::From(least) => Text::new(format!("a number, {least} or more"), format!("число от {least}")),
            Self::Above(low) => Text::new(format!("a number above {low}"), format!("число больше {low}")),
            Self::Between(low, high) => Text::new(
                format!("a number above {low} and below {high}"),
                format!("число больше {low} и меньше {high}"),
            ),
        }
    }
}

/// A count, also if a program wrote it as `1e6`.
fn whole(value: &Value) -> Option<u64> {
    let float = || value.as_f64().filter(|number| number.fract() == 0.0 && (0.0..=EXACT).contains(number));
    value.as_u64().or_else(|| float().map(|number| number as u64))
}

/// Text that is no JSON.
pub(super) fn syntax(error: &serde_json::Error) -> Mistake {
    let (line, column) = (error.line(), error.column());
    let place = Text::new(format!("line {line}, column {column}"), format!("строка {line}, столбец {column}"));
    Mistake { place, text: Text::new(format!("this is not JSON: {error}"), format!("это не JSON: {error}")) }
}
