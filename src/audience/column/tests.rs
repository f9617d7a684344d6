//! Columns against a plain list of values.

use super::*;
use crate::condition::{Codes, Whole};
use crate::model::EnumType;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A value of a column as conditions read it.
fn seen(column: &condition::Column<'_>, row: usize, ty: &Type) -> Value {
    let has = |set: Option<&[u64]>| set.is_none_or(|set| set[row / 64] >> (row % 64) & 1 == 1);
    let whole = |x: i64| match ty {
        Type::Money => Value::Money(x),
        Type::Time => Value::Time(Time(x)),
        Type::Duration => Value::Duration(TimeDelta(x)),
        Type::Int | Type::Bool | Type::Float | Type::String | Type::Enum(_) | Type::List => Value::Int(x),
    };
    match *column {
        condition::Column::Same(value) => value.clone(),
        condition::Column::Bits { set, .. }
        | condition::Column::Whole { set, .. }
        | condition::Column::Floats { set, .. }
        | condition::Column::Coded { set, .. }
        | condition::Column::Texts { set, .. }
            if !has(set) =>
        {
            Value::Missing
        }
        condition::Column::Bits { bits, .. } => Value::Bool(bits[row / 64] >> (row % 64) & 1 == 1),
        condition::Column::Whole { values, unit, .. } => whole(
            unit * match values {
                Whole::I8(list) => i64::from(list[row]),
                Whole::I16(list) => i64::from(list[row]),
                Whole::I32(list) => i64::from(list[row]),
                Whole::I64(list) => list[row],
            },
        ),
        condition::Column::Floats { values, .. } => Value::Float(values[row]),
        condition::Column::Coded { codes, dictionary, .. } => Value::String(
            dictionary[match codes {
                Codes::U8(list) => usize::from(list[row]),
                Codes::U16(list) => usize::from(list[row]),
                Codes::U32(list) => list[row] as usize,
            }]
            .clone(),
        ),
        condition::Column::Texts { spans, bytes, .. } => {
            let (start, length) = (spans[row].start as usize, spans[row].length as usize);
            Value::text(std::str::from_utf8(&bytes[start..start + length]).unwrap())
        }
        condition::Column::Lists(lists) => lists.get(row),
    }
}

/// Every row says what the list says, and so does what conditions see.
fn agrees(column: &Column, model: &[Value], ty: &Type) {
    let values = column.values();
    for (row, expected) in model.iter().enumerate() {
        assert_eq!(&column.get(row), expected, "row {row} of {}", model.len());
        assert_eq!(&seen(&values, row, ty), expected, "row {row} as seen");
    }
    let (condition::Column::Lists(lists), words) = (values, model.len().div_ceil(64)) else { return };
    let elements: BTreeSet<&str> = model
        .iter()
        .flat_map(|value| if let Value::List(list) = value { &list[..] } else { &[] })
        .map(|t| &**t)
        .collect();
    for element in elements.into_iter().chain(["nobody has it"]) {
        for first in 0..words {
            let mut into = vec![u64::MAX; words - first];
            lists.with(element, first * 64, &mut into);
            let rows: Vec<usize> = crate::audience::bits::ones(&into).map(|row| row as usize + first * 64).collect();
            let has = |row: &usize| matches!(&model[*row], Value::List(list) if list.iter().any(|t| **t == *element));
            assert_eq!(rows, (first * 64..model.len()).filter(has).collect::<Vec<_>>(), "{element}");
        }
    }
    for (row, value) in model.iter().enumerate() {
        let length = if let Value::List(list) = value { Some(list.len()) } else { None };
        assert_eq!(lists.length(row), length);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Grow(usize),
    Set(usize, Value),
}

fn steps(values: BoxedStrategy<Value>) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        1 => (0usize..200).prop_map(Step::Grow),
        8 => (0usize..150, prop_oneof![1 => Just(Value::Missing), 3 => values]).prop_map(|(row, x)| Step::Set(row, x)),
    ];
    prop::collection::vec(step, 0..80)
}

fn run(ty: &Type, default: &Value, steps: &[Step]) {
    let mut column = Column::new(ty, default);
    let mut model: Vec<Value> = Vec::new();
    for step in steps {
        match step {
            Step::Grow(rows) => {
                model.resize(model.len().max(*rows), default.clone());
                column.grow(*rows);
            }
            Step::Set(row, value) => {
                model.resize(model.len().max(row + 1), default.clone());
                model[*row] = if value.is_missing() { default.clone() } else { value.clone() };
                column.set(*row, &value.into());
            }
        }
    }
    agrees(&column, &model, ty);
}

/// Whole numbers from a few to all, so that columns widen at different steps.
fn wholes(unit: i64) -> BoxedStrategy<i64> {
    prop_oneof![
        -3i64..3,
        Just(127),
        -200i64..200,
        -40_000i64..40_000,
        any::<i32>().prop_map(i64::from),
        any::<i64>(),
        (-9_000_000i64..9_000_000).prop_map(move |x| x * unit),
    ]
    .boxed()
}

fn texts() -> BoxedStrategy<Arc<str>> {
    prop_oneof![3 => "[ab]{0,2}", 1 => "\\PC{0,12}"].prop_map(Arc::from).boxed()
}

/// A type, a default of it and values of it.
fn typed() -> impl Strategy<Value = (Type, Value, Vec<Step>)> {
    let states = Type::Enum(Arc::new(EnumType { values: vec!["a".into(), "b".into()] }));
    let list = || prop::collection::vec(texts(), 0..4).prop_map(|list| Value::List(list.into())).boxed();
    let kinds = vec![
        (Type::Bool, any::<bool>().prop_map(Value::Bool).boxed()),
        (Type::Int, wholes(1).prop_map(Value::Int).boxed()),
        (Type::Money, wholes(100).prop_map(Value::Money).boxed()),
        (Type::Time, wholes(1_000).prop_map(|x| Value::Time(Time(x))).boxed()),
        (Type::Duration, wholes(1_000).prop_map(|x| Value::Duration(TimeDelta(x))).boxed()),
        (Type::Float, any::<i32>().prop_map(|x| Value::Float(f64::from(x) / 8.0)).boxed()),
        (Type::String, texts().prop_map(Value::String).boxed()),
        (states, prop::sample::select(vec![Value::text("a"), Value::text("b")]).boxed()),
        (Type::List, list()),
    ];
    prop::sample::select(kinds.into_iter().map(|(ty, values)| (ty, Kept(values))).collect::<Vec<_>>()).prop_flat_map(
        |(ty, Kept(values))| {
            let default = prop_oneof![Just(Value::Missing), values.clone()];
            (Just(ty), default, steps(values))
        },
    )
}

#[derive(Clone)]
struct Kept(BoxedStrategy<Value>);

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("values")
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_column_is_a_list_of_values((ty, default, steps) in typed()) {
        run(&ty, &default, &steps);
    }
}

/// The value of each row.
type Filling = Box<dyn Fn(usize) -> Value>;

#[test]
fn a_column_takes_no_more_room_than_its_values_need() {
    let at = |row: usize| 1_767_603_600_000 + row as i64 * 1_000;
    let list = |row: usize| Value::List(if row.is_multiple_of(4) { [Arc::from("beta")].into() } else { [].into() });
    let rows: [(Type, Value, Filling, usize); 9] = [
        (Type::Bool, Value::Bool(false), Box::new(|_| Value::Bool(false)), 0),
        (Type::Bool, Value::Bool(false), Box::new(|row| Value::Bool(row % 2 == 0)), 10_000),
        (Type::Int, Value::Missing, Box::new(|row| Value::Int(row as i64 % 100)), 80_000),
        (Type::Money, Value::Int(0), Box::new(|row| Value::Money(row as i64 % 100 * 100)), 80_000),
        (Type::Time, Value::Missing, Box::new(move |row| Value::Time(Time(at(row)))), 320_000),
        (Type::Time, Value::Missing, Box::new(move |row| Value::Time(Time(at(row) + 1))), 640_000),
        (Type::String, Value::Missing, Box::new(|row| Value::text(["ru", "en", "kk"][row % 3])), 81_000),
        (Type::String, Value::Missing, Box::new(|row| Value::text(format!("user_{row:06}"))), 80_000 * 19),
        (Type::List, Value::List([].into()), Box::new(list), 80_000 * 8 + 20_000 + 10_000),
    ];
    for (ty, default, value, most) in rows {
        let mut column = Column::new(&ty, &default);
        (0..80_000).for_each(|row| column.set(row, &(&value(row)).into()));
        // A vector that grows may hold twice what it needs.
        assert!(column.memory() <= most * 2 + 2_000, "{ty}: {} bytes", column.memory());
        assert_eq!(column.get(79_999), value(79_999));
    }
}

#[test]
fn texts_that_are_replaced_leave_nothing_behind() {
    let mut column = Column::new(&Type::String, &Value::Missing);
    for round in 0..40 {
        for row in 0..5_000 {
            column.set(row, &Raw::String(&format!("text {round} of {row}")));
        }
    }
    assert!(column.memory() < 5_000 * 80 + 3 * (1 << 16), "{} bytes", column.memory());
    assert_eq!(column.get(4_999), Value::text("text 39 of 4999"));
    let mut column = Column::new(&Type::List, &Value::List([].into()));
    for round in 0..40 {
        for row in 0..5_000 {
            let (a, b) = (format!("tag {}", (round + row) % 50), format!("tag {}", row % 7));
            column.set(row, &Raw::List(vec![&a, &b]));
        }
    }
    assert!(column.memory() < 5_000 * 60 + 8 * (1 << 14), "{} bytes", column.memory());
    assert_eq!(column.get(4_999), Value::List(["tag 38".into(), "tag 1".into()].into()));
}
