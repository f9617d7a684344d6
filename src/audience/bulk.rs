//! A definition judged for everybody at once, column by column.

use super::bits::Bits;
use super::column::Column;
use super::graph::Item;
use super::pass::Pass;
use super::state::Live;
use super::{SegmentSize, bits};
use crate::condition::{Answers, Columns, Selection, Truth};
use crate::model::{ExperimentId, Field, FieldId, SegmentId, Time, TimeDelta, Type, Value, builtin};
use crate::rulebook::Test;
use std::sync::Arc;

/// The answers of everybody.
pub(super) enum Bulk {
    /// To a segment's condition.
    Truths(Selection),
    /// Of a computed field.
    Values(Answers, Field),
    /// Of `lifecycle`: the place of each row's class, or the number of classes.
    Classes(Vec<u16>, Field),
    /// The variant of each row in an experiment.
    Variants(Vec<Option<Arc<str>>>),
}

impl Pass<'_> {
    /// The answers of everybody to a definition.
    pub(super) fn judge(&self, item: Item) -> Bulk {
        match item {
            Item::Segment(id) => Bulk::Truths(self.truths(id)),
            Item::Field(builtin::LIFECYCLE) => self.classes(),
            Item::Field(id) => self.values(id),
            Item::Experiment(id) => self.variants(id),
        }
    }

    fn truths(&self, id: SegmentId) -> Selection {
        match self.rulebook().segments().get(usize::from(id.0)).map(|segment| &segment.test) {
            Some(Test::Condition(condition)) => condition.select_both(self),
            Some(Test::Script(_)) => {
                let mut live = Live::of(self.rows());
                self.for_each(|row, person| {
                    live.put(row, self.rulebook().judge(id, person));
                });
                Selection { holds: live.members.words().to_vec(), unknown: live.unknown.words().to_vec() }
            }
            None => Selection::default(),
        }
    }

    fn values(&self, id: FieldId) -> Bulk {
        let rulebook = self.rulebook();
        let computed = rulebook.computed().iter().find(|computed| computed.field == id);
        let answers = computed.map(|computed| computed.is.evaluate_all(self, 0..self.rows()));
        Bulk::Values(answers.unwrap_or(Answers::Values(Vec::new())), rulebook.schema.field(id).clone())
    }

    fn variants(&self, id: ExperimentId) -> Bulk {
        let experiment = self.rulebook().experiments.get(usize::from(id.0));
        let fits = match experiment.and_then(|experiment| experiment.to.as_ref()) {
            Some(to) => to.select(self),
            None => Bits::filled(self.rows()).words().to_vec(),
        };
        let rows = (0u32..).take(self.rows());
        Bulk::Variants(rows.map(|row| self.variant_of(id, row, has(&fits, row as usize))).collect())
    }

    fn classes(&self) -> Bulk {
        let classes = self.rulebook().lifecycle();
        let none = u16::try_from(classes.len()).unwrap_or(u16::MAX);
        let mut of = vec![none; self.rows()];
        for (at, class) in (0u16..).zip(classes) {
            let fits = match &class.condition {
                Some(condition) => condition.select(self),
                None => Bits::filled(self.rows()).words().to_vec(),
            };
            for row in bits::ones(&fits) {
                if let Some(first) = of.get_mut(row as usize).filter(|first| **first == none) {
                    *first = at;
                }
            }
        }
        Bulk::Classes(of, self.rulebook().schema.field(builtin::LIFECYCLE).clone())
    }
}

impl Bulk {
    /// What a segment's condition says of a row.
    pub fn truth(&self, row: usize) -> Truth {
        match self {
            Self::Truths(selection) if has(&selection.holds, row) => Truth::True,
            Self::Truths(selection) if has(&selection.unknown, row) => Truth::Unknown,
            Self::Truths(_) | Self::Values(..) | Self::Classes(..) | Self::Variants(_) => Truth::False,
        }
    }

    /// The value of a derived field of a row: its default where there is none.
    pub fn value(&self, row: usize) -> Value {
        let (value, field) = match self {
            Self::Truths(_) => return Value::Missing,
            Self::Variants(of) => {
                let variant = of.get(row).cloned().flatten();
                return variant.map_or(Value::Missing, Value::String);
            }
            Self::Values(answers, field) => (value(answers, &field.ty, row), field),
            Self::Classes(of, field) => match &field.ty {
                Type::Enum(names) => {
                    let name = of.get(row).and_then(|at| names.values.get(usize::from(*at)));
                    (name.map_or(Value::Missing, |name| Value::String(name.clone())), field)
                }
                _ => (Value::Missing, field),
            },
        };
        if value.is_missing() || !value.fits(&field.ty) { field.default.clone() } else { value }
    }

    /// The answers as a column of a derived field.
    pub fn into_column(self, rows: usize) -> Column {
        let mut column = match &self {
            Self::Truths(_) => Column::new(&Type::Bool, &Value::Missing),
            Self::Variants(_) => Column::new(&Type::String, &Value::Missing),
            Self::Values(_, field) | Self::Classes(_, field) => Column::new(&field.ty, &field.default),
        };
        column.grow(rows);
        (0..rows).for_each(|row| column.set(row, &(&self.value(row)).into()));
        column
    }

    /// The answers as a segment that is kept.
    pub fn into_live(self, rows: usize) -> Live {
        match self {
            Self::Truths(selection) => Live::from_words(selection.holds, selection.unknown, rows),
            Self::Values(..) | Self::Classes(..) | Self::Variants(_) => Live::of(rows),
        }
    }
}

impl Live {
    /// A segment of nobody.
    pub fn of(rows: usize) -> Self {
        Self { members: Bits::clear(rows), unknown: Bits::clear(rows), size: SegmentSize::default() }
    }

    fn from_words(members: Vec<u64>, unknown: Vec<u64>, rows: usize) -> Self {
        let ones = |words: &[u64]| words.iter().map(|word| u64::from(word.count_ones())).sum();
        let size = SegmentSize { count: ones(&members), unknown: ones(&unknown) };
        Self { members: Bits::from_words(members, rows), unknown: Bits::from_words(unknown, rows), size }
    }
}

/// An answer as a value of a field of type `ty`.
fn value(answers: &Answers, ty: &Type, row: usize) -> Value {
    match answers {
        Answers::Bits { bits, set } if has(set, row) => Value::Bool(has(bits, row)),
        Answers::Whole { values, set } if has(set, row) => match ty {
            Type::Money => Value::Money(values[row]),
            Type::Time => Value::Time(Time(values[row])),
            Type::Duration => Value::Duration(TimeDelta(values[row])),
            Type::Int | Type::Bool | Type::Float | Type::String | Type::List | Type::Enum(_) => Value::Int(values[row]),
        },
        Answers::Floats { values, set } if has(set, row) => Value::Float(values[row]),
        Answers::Bits { .. } | Answers::Whole { .. } | Answers::Floats { .. } => Value::Missing,
        Answers::Values(values) => values.get(row).cloned().unwrap_or_default(),
    }
}

fn has(words: &[u64], row: usize) -> bool {
    words.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
}
