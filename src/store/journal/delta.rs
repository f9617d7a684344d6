//! What is to change in one stored profile: values set, and lifetime totals of
//! events moved.
//!
//! Totals stand in the profile beside the fields, under names that no
//! field can have: `payment#count`, `payment#first`, `payment#last` and, for
//! each numeric property, `payment.rub#sum`. So they survive the events
//! themselves.

use crate::model::{Event, Time, Value};
use crate::store::profiles::StoredProfile;
use std::sync::Arc;

/// Changes of one profile by catalogue number, ascending.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::store) struct Delta {
    changes: Vec<(u16, Change)>,
}

/// One change of one value.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::store) enum Change {
    /// The value is this one, missing included.
    Set(Value),
    /// So much is added; nothing counts as 0.
    Add(Value),
    /// The value is the less of the two.
    Least(Time),
    /// The value is the greater of the two.
    Greatest(Time),
}

/// A total that an event moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// How many there were.
    Count,
    /// When the first one was.
    First,
    /// When the last one was.
    Last,
}

impl Total {
    /// The name under which the total of an event stands in a profile.
    pub fn name(self, event: &str) -> Arc<str> {
        let total = match self {
            Self::Count => "count",
            Self::First => "first",
            Self::Last => "last",
        };
        format!("{event}#{total}").into()
    }

    pub(in crate::store) fn change(self, event: &Event) -> Change {
        match self {
            Self::Count => Change::Add(Value::Int(1)),
            Self::First => Change::Least(event.at),
            Self::Last => Change::Greatest(event.at),
        }
    }
}

/// The name under which the sum of a numeric property stands in a profile.
pub fn sum_name(event: &str, property: &str) -> Arc<str> {
    format!("{event}.{property}#sum").into()
}

/// Whether a stored name is a total and not a field.
pub fn is_total(name: &str) -> bool {
    name.contains('#')
}

impl Delta {
    /// Nothing yet, with room for so many changes.
    pub fn with_room(changes: usize) -> Self {
        Self { changes: Vec::with_capacity(changes) }
    }

    /// Does this change after those before.
    pub fn push(&mut self, number: u16, change: Change) {
        match self.changes.binary_search_by_key(&number, |(known, _)| *known) {
            Ok(at) => {
                self.changes[at].1 =
                    std::mem::replace(&mut self.changes[at].1, Change::Set(Value::Missing)).then(change)
            }
            Err(at) => self.changes.insert(at, (number, change)),
        }
    }

    /// Does all of `other` after what is here.
    pub fn extend(&mut self, other: Self) {
        if self.changes.is_empty() {
            self.changes = other.changes;
            return;
        }
        for (number, change) in other.changes {
            self.push(number, change);
        }
    }

    /// The number of changes.
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Makes the changes.
    pub fn apply(&self, profile: &mut StoredProfile) {
        for (number, change) in &self.changes {
            let value = match change {
                Change::Set(value) => value.clone(),
                moved => moved.onto(profile.get(*number)),
            };
            profile.set(*number, value);
        }
    }
}

impl Change {
    /// Both, one after the other.
    fn then(self, next: Self) -> Self {
        match (self, next) {
            (_, Self::Set(value)) => Self::Set(value),
            (Self::Set(value), moved) => Self::Set(moved.onto(Some(&value))),
            (Self::Add(a), Self::Add(b)) => Self::Add(add(Some(&a), &b)),
            (Self::Least(a), Self::Least(b)) => Self::Least(a.min(b)),
            (Self::Greatest(a), Self::Greatest(b)) => Self::Greatest(a.max(b)),
            // One name is moved in one way only.
            (_, other @ (Self::Add(_) | Self::Least(_) | Self::Greatest(_))) => other,
        }
    }

    /// What becomes of a value.
    fn onto(&self, old: Option<&Value>) -> Value {
        let known = match old {
            Some(Value::Time(at)) => Some(*at),
            _ => None,
        };
        match self {
            Self::Set(value) => value.clone(),
            Self::Add(by) => add(old, by),
            Self::Least(at) => Value::Time(known.map_or(*at, |known| known.min(*at))),
            Self::Greatest(at) => Value::Time(known.map_or(*at, |known| known.max(*at))),
        }
    }
}

/// The sum of two numbers of one type; it stops at the ends of the type. A
/// value of another type does not count.
fn add(old: Option<&Value>, by: &Value) -> Value {
    match (old, by) {
        (Some(Value::Int(a)), Value::Int(b)) => Value::Int(a.saturating_add(*b)),
        (Some(Value::Money(a)), Value::Money(b)) => Value::Money(a.saturating_add(*b)),
        (Some(Value::Float(a)), Value::Float(b)) => Value::Float((a + b).clamp(f64::MIN, f64::MAX)),
        _ => by.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(changes: &[(u16, Change)], to: &[(u16, Value)]) -> StoredProfile {
        let mut profile = StoredProfile::default();
        for (number, value) in to {
            profile.set(*number, value.clone());
        }
        let mut delta = Delta::default();
        for (number, change) in changes {
            delta.push(*number, change.clone());
        }
        delta.apply(&mut profile);
        profile
    }

    #[test]
    fn changes_gather_as_if_made_one_by_one() {
        let changes = [
            (1, Change::Add(Value::Int(2))),
            (2, Change::Least(Time(5))),
            (1, Change::Add(Value::Int(3))),
            (2, Change::Least(Time(3))),
            (3, Change::Set(Value::Int(1))),
            (3, Change::Add(Value::Int(9))),
            (4, Change::Greatest(Time(7))),
            (4, Change::Greatest(Time(6))),
            (5, Change::Set(Value::text("a"))),
            (5, Change::Set(Value::Missing)),
            (6, Change::Add(Value::Int(i64::MAX))),
            (7, Change::Add(Value::Float(f64::MAX))),
        ];
        let before = [
            (1, Value::Int(10)),
            (2, Value::Time(Time(4))),
            (5, Value::text("b")),
            (6, Value::Int(1)),
            (7, Value::Float(f64::MAX)),
        ];
        let mut one_by_one = StoredProfile::default();
        for (number, value) in &before {
            one_by_one.set(*number, value.clone());
        }
        for (number, change) in &changes {
            one_by_one.set(*number, change.onto(one_by_one.get(*number)));
        }
        assert_eq!(applied(&changes, &before), one_by_one);
        assert_eq!(one_by_one.get(1), Some(&Value::Int(15)));
        assert_eq!(one_by_one.get(2), Some(&Value::Time(Time(3))));
        assert_eq!(one_by_one.get(3), Some(&Value::Int(10)));
        assert_eq!(one_by_one.get(5), None);
        assert_eq!(one_by_one.get(6), Some(&Value::Int(i64::MAX)));
        assert_eq!(one_by_one.get(7), Some(&Value::Float(f64::MAX)));
    }
}
