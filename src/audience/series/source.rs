//! The events of one kind, or the values of one property of them, in buckets
//! by hour or by day: what windows are fed from.

use super::Kind;
use super::bucket::{Amount, Bucket};
use super::grid::Grain;
use crate::model::{PropertyId, Time, Value};
use std::collections::BTreeMap;

/// What a source holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) kind: Kind,
    /// What is summed; nothing: events are counted.
    pub(super) property: Option<PropertyId>,
    pub(super) grain: Grain,
}

/// Amounts by time and row.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) key: Key,
    /// The windows that it feeds.
    pub(super) facts: Vec<usize>,
    /// Whether it is being shown what is past.
    pub(super) recalling: bool,
    /// What is older is not here.
    pub(super) reach: Time,
    buckets: BTreeMap<Time, Bucket>,
    /// Where the present bucket begins; those before it are closed.
    present: Time,
}

/// What an event adds to a source over this property.
pub(super) fn amount(properties: &[(PropertyId, Value)], property: Option<PropertyId>) -> Option<Amount> {
    let Some(property) = property else { return Some(Amount::Whole(1)) };
    match properties.iter().find(|(id, _)| *id == property)?.1 {
        Value::Int(n) | Value::Money(n) => Some(Amount::Whole(n)),
        Value::Float(x) if x.is_finite() => Some(Amount::Float(x)),
        Value::Missing
        | Value::Bool(_)
        | Value::Float(_)
        | Value::String(_)
        | Value::Time(_)
        | Value::Duration(_)
        | Value::List(_) => None,
    }
}

impl Source {
    /// A source of nothing.
    pub(super) fn new(key: Key) -> Self {
        let never = Time(i64::MIN);
        Self { key, facts: Vec::new(), recalling: true, reach: never, buckets: BTreeMap::new(), present: never }
    }

    /// Adds an amount to the bucket that begins at `start`.
    pub(super) fn add(&mut self, start: Time, row: u32, amount: Amount) {
        self.buckets.entry(start).or_default().add(row, amount);
    }

    /// Shows what lies in the buckets from one beginning to before another.
    pub(super) fn between(&self, from: Time, until: Time, mut visit: impl FnMut(u32, Amount)) {
        if from < until {
            self.buckets.range(from..until).for_each(|(_, bucket)| bucket.each(&mut visit));
        }
    }

    /// Drops buckets that begin before `reach`.
    pub(super) fn let_go(&mut self, reach: Time) {
        self.reach = self.reach.max(reach);
        while let Some(first) = self.buckets.first_entry()
            && *first.key() < self.reach
        {
            first.remove();
        }
    }

    /// Another bucket is the present one perhaps: those that were are made
    /// small.
    pub(super) fn move_to(&mut self, present: Time) {
        if self.present < present {
            self.buckets.range_mut(self.present..present).for_each(|(_, bucket)| bucket.close());
            self.present = present;
        }
    }

    /// Everything past was shown: all buckets are made as small as can be.
    pub(super) fn recalled(&mut self) {
        self.recalling = false;
        self.buckets.values_mut().for_each(Bucket::close);
    }

    /// Goes on with what another source holds.
    pub(super) fn take_over(&mut self, other: Self) {
        let (key, facts) = (self.key, std::mem::take(&mut self.facts));
        *self = Self { key, facts, ..other };
    }

    /// Forgets everything, to be shown it anew.
    pub(super) fn start_anew(&mut self) {
        self.buckets.clear();
        self.reach = Time(i64::MIN);
        self.recalling = true;
    }

    /// Forgets a row.
    pub(super) fn erase(&mut self, row: u32) {
        self.buckets.values_mut().for_each(|bucket| bucket.erase(row));
    }

    /// Bytes in memory.
    pub(super) fn memory(&self) -> usize {
        self.buckets.values().map(|bucket| size_of::<Bucket>() + bucket.memory()).sum()
    }
}
