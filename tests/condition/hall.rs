//! Columns made of the users of these tests, in any of the shapes that the
//! trait allows: narrow and wide numbers, coded and plain texts, gaps.

use crate::project::User;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;
use vestnik::condition::{Codes, Column, Columns, Condition, EventPart, Expression, Fact, Lists, Row, TextSpan, Whole};
use vestnik::model::{FieldId, SegmentId, Time, TimeDelta, Value};

use jiff::tz::TimeZone;

/// Users in rows; a row may be without one.
pub struct Hall<'p> {
    users: Vec<Option<&'p User<'p>>>,
    used: Option<Vec<u64>>,
    fields: HashMap<FieldId, Data>,
    facts: BTreeMap<Fact, Data>,
    segments: [Vec<u64>; 2],
    now: Time,
    zone: TimeZone,
}

/// Which of the allowed shapes a column has.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// As narrow as the values fit, else as wide as there is.
    pub narrow: bool,
    /// Codes for texts, else the texts themselves.
    pub coded: bool,
    /// One value for all if all have the same.
    pub same: bool,
}

/// A user, whose columns and fields say the same.
pub struct One<'a>(&'a User<'a>);

enum Data {
    Same(Value),
    Bits(Vec<u64>, Set),
    Whole(Numbers, i64, Set),
    Floats(Vec<f64>, Set),
    Coded(Places, Vec<Arc<str>>, Set),
    Texts(Vec<TextSpan>, Vec<u8>, Set),
    Lists(Elements),
}

type Set = Option<Vec<u64>>;

enum Numbers {
    I8(Vec<i8>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    I64(Vec<i64>),
}

enum Places {
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
}

struct Elements(Vec<Value>);

impl<'p> Hall<'p> {
    /// Columns of what a condition reads; all users live at the same moment.
    pub fn of_condition(users: &[Option<&'p User<'p>>], shape: Shape, condition: &Condition) -> Self {
        Self::new(users, shape, condition.fields(), condition.facts())
    }

    pub fn of_expression(users: &[Option<&'p User<'p>>], shape: Shape, expression: &Expression) -> Self {
        Self::new(users, shape, expression.fields(), expression.facts())
    }

    fn new(users: &[Option<&'p User<'p>>], shape: Shape, fields: &[FieldId], facts: &[Fact]) -> Self {
        let some = users.iter().flatten().next();
        let used = mask(users.iter().map(Option::is_some));
        let values =
            |get: &dyn Fn(&User<'_>) -> Value| users.iter().map(|user| user.map(get)).collect::<Vec<Option<Value>>>();
        Self {
            used: users.iter().any(Option::is_none).then_some(used),
            fields: fields.iter().map(|id| (*id, data(values(&|user| user.field(*id).clone()), shape))).collect(),
            facts: facts.iter().map(|fact| (*fact, data(values(&|user| user.fact(fact)), shape))).collect(),
            segments: [mask(users.iter().map(|_| true)), mask(users.iter().map(|_| false))],
            now: some.map_or(Time(0), |user| user.now),
            zone: some.map_or(TimeZone::UTC, |user| user.project.zone.clone()),
            users: users.to_vec(),
        }
    }
}

impl Columns for Hall<'_> {
    type Row<'a>
        = One<'a>
    where
        Self: 'a;

    fn rows(&self) -> usize {
        self.users.len()
    }
    fn used(&self) -> Option<&[u64]> {
        self.used.as_deref()
    }
    fn field(&self, id: FieldId) -> Column<'_> {
        self.fields[&id].column()
    }
    fn fact(&self, fact: &Fact) -> Column<'_> {
        self.facts[fact].column()
    }
    fn segment(&self, id: SegmentId) -> &[u64] {
        &self.segments[usize::from(id != SegmentId(0))]
    }
    fn now(&self) -> Time {
        self.now
    }
    fn zone(&self) -> &TimeZone {
        &self.zone
    }
    fn row(&self, row: usize) -> One<'_> {
        One(self.users[row].unwrap_or_else(|| panic!("a row without a user is judged")))
    }
}

impl Row for One<'_> {
    fn field(&self, id: FieldId) -> &Value {
        self.0.field(id)
    }
    fn now(&self) -> Time {
        self.0.now()
    }
    fn zone(&self) -> &TimeZone {
        self.0.zone()
    }
    fn user_zone(&self) -> &TimeZone {
        self.0.user_zone()
    }
    fn in_segment(&self, id: SegmentId) -> bool {
        self.0.in_segment(id)
    }
    fn fact(&self, fact: &Fact) -> Value {
        self.0.fact(fact)
    }
    fn event(&self, part: EventPart) -> &Value {
        self.0.event(part)
    }
    fn metric(&self, at: u16) -> &Value {
        self.0.metric(at)
    }
}

impl Data {
    fn column(&self) -> Column<'_> {
        match self {
            Self::Same(value) => Column::Same(value),
            Self::Bits(bits, set) => Column::Bits { bits, set: set.as_deref() },
            Self::Whole(numbers, unit, set) => {
                let values = match numbers {
                    Numbers::I8(values) => Whole::I8(values),
                    Numbers::I16(values) => Whole::I16(values),
                    Numbers::I32(values) => Whole::I32(values),
                    Numbers::I64(values) => Whole::I64(values),
                };
                Column::Whole { values, unit: *unit, set: set.as_deref() }
            }
            Self::Floats(values, set) => Column::Floats { values, set: set.as_deref() },
            Self::Coded(places, dictionary, set) => {
                let codes = match places {
                    Places::U8(codes) => Codes::U8(codes),
                    Places::U16(codes) => Codes::U16(codes),
                    Places::U32(codes) => Codes::U32(codes),
                };
                Column::Coded { codes, dictionary, set: set.as_deref() }
            }
            Self::Texts(spans, bytes, set) => Column::Texts { spans, bytes, set: set.as_deref() },
            Self::Lists(lists) => Column::Lists(lists),
        }
    }
}

impl Lists for Elements {
    fn with(&self, element: &str, first: usize, into: &mut [u64]) {
        let has = |value: &Value| matches!(value, Value::List(list) if list.iter().any(|item| **item == *element));
        let all = mask(self.0.iter().map(has));
        into.copy_from_slice(&all[first / 64..first / 64 + into.len()]);
    }
    fn length(&self, row: usize) -> Option<usize> {
        match &self.0[row] {
            Value::List(list) => Some(list.len()),
            _ => None,
        }
    }
    fn get(&self, row: usize) -> Value {
        self.0[row].clone()
    }
}

/// The bits of some answers, those beyond the last being 0.
pub fn mask(answers: impl Iterator<Item = bool>) -> Vec<u64> {
    let answers: Vec<bool> = answers.collect();
    let word = |chunk: &[bool]| chunk.iter().rev().fold(0, |word, bit| word << 1 | u64::from(*bit));
    answers.chunks(64).map(word).collect()
}

/// A column of some values; a row without a user holds rubbish.
fn data(values: Vec<Option<Value>>, shape: Shape) -> Data {
    let known = |value: &Option<Value>| value.as_ref().is_some_and(|value| !value.is_missing());
    let first = values.iter().flatten().next().cloned().unwrap_or_default();
    if shape.same && values.iter().flatten().all(|value| *value == first) {
        return Data::Same(first);
    }
    let kind = values.iter().flatten().find(|value| !value.is_missing()).cloned();
    let all_set = values.iter().flatten().all(|value| !value.is_missing());
    let set = if all_set { None } else { Some(mask(values.iter().map(known))) };
    let each = values.iter().map(|value| value.as_ref().filter(|value| !value.is_missing()));
    match kind {
        None => Data::Same(Value::Missing),
        Some(Value::Bool(_)) => {
            let bits = each.enumerate().map(|(at, value)| match value {
                Some(Value::Bool(x)) => *x,
                _ => at % 2 == 0,
            });
            Data::Bits(mask(bits), set)
        }
        Some(Value::Float(_)) => {
            let floats = each.map(|value| match value {
                Some(Value::Float(x)) => *x,
                _ => f64::MAX,
            });
            Data::Floats(floats.collect(), set)
        }
        Some(Value::String(_)) => texts(each, set, shape),
        Some(Value::List(_)) => Data::Lists(Elements(values.into_iter().map(Option::unwrap_or_default).collect())),
        Some(_) => {
            let whole = |value: Option<&Value>| match value {
                Some(Value::Int(x) | Value::Money(x) | Value::Time(Time(x)) | Value::Duration(TimeDelta(x))) => {
                    Some(*x)
                }
                _ => None,
            };
            let values: Vec<Option<i64>> = each.map(whole).collect();
            numbers(&values, set, shape)
        }
    }
}

fn numbers(values: &[Option<i64>], set: Set, shape: Shape) -> Data {
    if !shape.narrow {
        return Data::Whole(Numbers::I64(values.iter().map(|x| x.unwrap_or(i64::MIN)).collect()), 1, set);
    }
    let unit = [43_200_000, 1_000, 1];
    let unit = unit.into_iter().find(|unit| values.iter().flatten().all(|x| x % unit == 0)).unwrap_or(1);
    let counted = || values.iter().map(|x| x.map(|x| x / unit));
    fn fit<T: TryFrom<i64> + Copy>(values: impl Iterator<Item = Option<i64>>, rubbish: T) -> Option<Vec<T>> {
        values.map(|x| x.map_or(Some(rubbish), |x| T::try_from(x).ok())).collect()
    }
    let numbers = fit(counted(), i8::MAX)
        .map(Numbers::I8)
        .or_else(|| fit(counted(), i16::MIN).map(Numbers::I16))
        .or_else(|| fit(counted(), i32::MAX).map(Numbers::I32))
        .unwrap_or_else(|| Numbers::I64(counted().map(|x| x.unwrap_or(i64::MIN)).collect()));
    Data::Whole(numbers, unit, set)
}

fn texts<'v>(values: impl Iterator<Item = Option<&'v Value>>, set: Set, shape: Shape) -> Data {
    let text = |value: Option<&'v Value>| match value {
        Some(Value::String(text)) => Some(text.clone()),
        _ => None,
    };
    let values: Vec<Option<Arc<str>>> = values.map(text).collect();
    if !shape.coded {
        let (mut spans, mut bytes) = (Vec::new(), b"gap".to_vec());
        for text in &values {
            let text = text.as_deref().unwrap_or("rubbish");
            spans.push(TextSpan { start: bytes.len() as u32, length: text.len() as u32 });
            bytes.extend_from_slice(text.as_bytes());
            bytes.extend_from_slice(b" gap ");
        }
        return Data::Texts(spans, bytes, set);
    }
    let mut dictionary: Vec<Arc<str>> = vec!["used by nobody".into()];
    let mut place = |text: &Arc<str>| {
        dictionary.iter().position(|known| known == text).unwrap_or_else(|| {
            dictionary.push(text.clone());
            dictionary.len() - 1
        })
    };
    let places: Vec<Option<usize>> = values.iter().map(|text| text.as_ref().map(&mut place)).collect();
    // The width says nothing of the number of texts.
    let places = match (shape.narrow, places.len() % 2) {
        (true, _) => Places::U8(places.iter().map(|x| x.map_or(u8::MAX, |x| x as u8)).collect()),
        (false, 0) => Places::U16(places.iter().map(|x| x.map_or(u16::MAX, |x| x as u16)).collect()),
        (false, _) => Places::U32(places.iter().map(|x| x.map_or(u32::MAX, |x| x as u32)).collect()),
    };
    Data::Coded(places, dictionary, set)
}

/// The rows whose bit is set.
pub fn rows(words: &[u64], range: Range<usize>) -> Vec<usize> {
    let start = range.start;
    range.filter(|row| words[(row - start) / 64] >> ((row - start) % 64) & 1 == 1).collect()
}
