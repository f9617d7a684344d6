//! The values of one field for everybody, in memory and as narrow as they
//! allow.
//!
//! A column takes no room while every row has the field's default. From the
//! first other value on it has one of six forms:
//!
//! | type | form | bytes a row |
//! | --- | --- | --- |
//! | bool | bits | 1/8 |
//! | int, money, time | whole numbers, widened when one does not fit; money in whole units and times in whole seconds while all are | 1, 2, 4 or 8 |
//! | float | floats | 8 |
//! | string, enum | places in a dictionary while texts repeat | 1, 2 or 4 |
//! | string | spans and bytes when they do not | 8 and the text |
//! | list | places in a dictionary, and for each element the rows that have it | 8, and 1 to 4 an element |
//!
//! Where a value is missing, a bit a row says which; where none is, there are
//! no such bits.

mod coded;
mod dictionary;
mod known;
mod lists;
mod members;
mod narrow;
mod texts;
mod whole;

use super::bits::Bits;
use crate::condition::{self, Lists as _};
use crate::model::{Time, TimeDelta, Type, Value};
use crate::store::Raw;
use coded::Coded;
use known::Known;
use lists::Lists;
use texts::Texts;
use whole::Wholes;

/// One field's values, by row.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// What a row has that nothing was set in; may be missing.
    default: Value,
    rows: usize,
    kind: Kind,
    data: Data,
}

/// What a field's type means for its values.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Bool,
    Int,
    Money,
    Time,
    Duration,
    Float,
    Text,
    List,
}

#[derive(Clone, Debug)]
enum Data {
    /// Every row has the default.
    Same,
    Bools {
        bits: Bits,
        set: Known,
    },
    Wholes(Wholes),
    Floats {
        values: Vec<f64>,
        set: Known,
    },
    Coded(Coded),
    Texts(Texts),
    Lists(Lists),
}

impl Column {
    /// The column of a field of type `ty`, without rows.
    pub fn new(ty: &Type, default: &Value) -> Self {
        let kind = match ty {
            Type::Bool => Kind::Bool,
            Type::Int => Kind::Int,
            Type::Money => Kind::Money,
            Type::Time => Kind::Time,
            Type::Duration => Kind::Duration,
            Type::Float => Kind::Float,
            Type::String | Type::Enum(_) => Kind::Text,
            Type::List => Kind::List,
        };
        Self { default: default.clone(), rows: 0, kind, data: Data::Same }
    }

    /// So many rows, new ones with the default. Rows are never taken away.
    pub fn grow(&mut self, rows: usize) {
        if rows <= self.rows {
            return;
        }
        self.rows = rows;
        self.data.grow(rows, &Raw::from(&self.default));
    }

    /// Sets a value that fits the field's type, adding rows up to it; a missing
    /// one becomes the default.
    pub fn set(&mut self, row: usize, value: &Raw<'_>) {
        self.grow(row + 1);
        let default = Raw::from(&self.default);
        let value = if *value == Raw::Missing { &default } else { value };
        if let Data::Same = self.data {
            if *value == default {
                return;
            }
            self.data = Data::empty(self.kind);
            self.data.grow(self.rows, &default);
        }
        self.data.set(row, value);
    }

    /// The value of a row.
    pub fn get(&self, row: usize) -> Value {
        if row >= self.rows {
            return self.default.clone();
        }
        let value = match &self.data {
            Data::Same => return self.default.clone(),
            Data::Bools { bits, set } => set.get(row).then(|| Value::Bool(bits.get(row))),
            Data::Floats { values, set } => set.get(row).then(|| Value::Float(values[row])),
            Data::Coded(coded) => coded.get(row).map(|text| Value::String(text.clone())),
            Data::Texts(texts) => texts.get(row).map(Value::text),
            Data::Lists(lists) => Some(lists.get(row)),
            Data::Wholes(wholes) => wholes.get(row).map(|x| match self.kind {
                Kind::Money => Value::Money(x),
                Kind::Time => Value::Time(Time(x)),
                Kind::Duration => Value::Duration(TimeDelta(x)),
                Kind::Int | Kind::Bool | Kind::Float | Kind::Text | Kind::List => Value::Int(x),
            }),
        };
        value.unwrap_or_default()
    }

    /// The values as conditions see them.
    pub fn values(&self) -> condition::Column<'_> {
        match &self.data {
            Data::Same => condition::Column::Same(&self.default),
            Data::Bools { bits, set } => condition::Column::Bits { bits: bits.words(), set: set.words() },
            Data::Wholes(wholes) => wholes.column(),
            Data::Floats { values, set } => condition::Column::Floats { values, set: set.words() },
            Data::Coded(coded) => coded.column(),
            Data::Texts(texts) => texts.column(),
            Data::Lists(lists) => condition::Column::Lists(lists),
        }
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        match &self.data {
            Data::Same => 0,
            Data::Bools { bits, set } => bits.memory() + set.memory(),
            Data::Wholes(wholes) => wholes.memory(),
            Data::Floats { values, set } => values.capacity() * 8 + set.memory(),
            Data::Coded(coded) => coded.memory(),
            Data::Texts(texts) => texts.memory(),
            Data::Lists(lists) => lists.memory(),
        }
    }
}

impl Data {
    fn empty(kind: Kind) -> Self {
        match kind {
            Kind::Bool => Self::Bools { bits: Bits::default(), set: Known::default() },
            Kind::Int => Self::Wholes(Wholes::new(1)),
            Kind::Money => Self::Wholes(Wholes::new(100)),
            Kind::Time | Kind::Duration => Self::Wholes(Wholes::new(1_000)),
            Kind::Float => Self::Floats { values: Vec::new(), set: Known::default() },
            Kind::Text => Self::Coded(Coded::default()),
            Kind::List => Self::Lists(Lists::default()),
        }
    }

    fn grow(&mut self, rows: usize, value: &Raw<'_>) {
        match self {
            Self::Same => {}
            Self::Bools { bits, set } => {
                let before = bits.rows();
                set.grow(before, rows, truth(value).is_some());
                bits.resize(rows, truth(value).unwrap_or(false));
            }
            Self::Wholes(wholes) => wholes.grow(rows, whole(value)),
            Self::Floats { values, set } => {
                set.grow(values.len(), rows, float(value).is_some());
                values.resize(rows, float(value).unwrap_or(0.0));
            }
            Self::Coded(coded) => coded.grow(rows, text(value)),
            Self::Texts(texts) => texts.grow(rows, text(value)),
            Self::Lists(lists) => lists.grow(rows, list(value)),
        }
    }

    fn set(&mut self, row: usize, value: &Raw<'_>) {
        match self {
            Self::Same => {}
            Self::Bools { bits, set } => {
                set.put(row, truth(value).is_some(), bits.rows());
                bits.put(row, truth(value).unwrap_or(false));
            }
            Self::Wholes(wholes) => wholes.set(row, whole(value)),
            Self::Floats { values, set } => {
                set.put(row, float(value).is_some(), values.len());
                values[row] = float(value).unwrap_or(0.0);
            }
            Self::Coded(coded) => {
                coded.set(row, text(value));
                if coded.is_crowded() {
                    *self = Self::Texts(spelled_out(coded));
                }
            }
            Self::Texts(texts) => texts.set(row, text(value)),
            Self::Lists(lists) => lists.set(row, list(value)),
        }
    }
}

/// The same texts without a dictionary.
fn spelled_out(coded: &Coded) -> Texts {
    let mut texts = Texts::default();
    for row in 0..coded.rows() {
        texts.grow(row + 1, coded.get(row).map(|text| &**text));
    }
    texts
}

fn truth(value: &Raw<'_>) -> Option<bool> {
    match value {
        Raw::Bool(x) => Some(*x),
        _ => None,
    }
}

fn whole(value: &Raw<'_>) -> Option<i64> {
    match value {
        Raw::Int(x) | Raw::Money(x) | Raw::Time(Time(x)) | Raw::Duration(TimeDelta(x)) => Some(*x),
        _ => None,
    }
}

fn float(value: &Raw<'_>) -> Option<f64> {
    match value {
        Raw::Float(x) => Some(*x),
        _ => None,
    }
}

fn text<'a>(value: &Raw<'a>) -> Option<&'a str> {
    match value {
        Raw::String(x) => Some(x),
        _ => None,
    }
}

fn list<'a, 'v>(value: &'v Raw<'a>) -> Option<&'v [&'a str]> {
    match value {
        Raw::List(x) => Some(x),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
