//! Catalogues of names, one of fields and one of events and their properties:
//! each name that was ever stored has a number for ever, so that records hold
//! small numbers and not names.
//!
//! A number is never given to a second name, not even after a failed commit:
//! nobody knows whether that commit is on disk.

use super::journal::{Total, sum_name};
use super::{Batch, Store, StoreError, decode, encode};
use std::collections::HashMap;
use std::sync::Arc;

const FIELDS: Kind = Kind { key: b"F", what: "the catalogue of fields" };
const EVENTS: Kind = Kind { key: b"E", what: "the catalogue of events" };
const VERSION: u8 = 1;

/// Names by number and numbers by name.
#[derive(Clone, Debug)]
pub(super) struct Catalogue {
    kind: Kind,
    names: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u16>,
    stored: usize,
    /// Numbers of the totals of events, and of the sums of their properties.
    totals: HashMap<Arc<str>, EventNumbers>,
}

/// Where the totals of one event stand.
#[derive(Clone, Debug)]
struct EventNumbers {
    totals: [u16; 3],
    sums: Vec<(Arc<str>, u16)>,
}

/// Where a catalogue is, and what errors call it.
#[derive(Clone, Copy, Debug)]
struct Kind {
    key: &'static [u8],
    what: &'static str,
}

impl Default for Catalogue {
    fn default() -> Self {
        Self::of(FIELDS, Vec::new())
    }
}

impl Catalogue {
    /// The catalogue of fields as it is stored.
    pub(super) fn load(store: &dyn Store) -> Result<Self, StoreError> {
        Self::load_kind(store, FIELDS)
    }

    /// The catalogue of events and their properties as it is stored.
    pub(super) fn load_events(store: &dyn Store) -> Result<Self, StoreError> {
        Self::load_kind(store, EVENTS)
    }

    fn load_kind(store: &dyn Store, kind: Kind) -> Result<Self, StoreError> {
        let names = store.get(kind.key)?.map(|bytes| decode(VERSION, &bytes, kind.what)).transpose()?;
        Ok(Self::of(kind, names.unwrap_or_default()))
    }

    fn of(kind: Kind, names: Vec<Arc<str>>) -> Self {
        let numbers = names.iter().cloned().zip(0u16..).collect();
        Self { kind, stored: names.len(), names, numbers, totals: HashMap::new() }
    }

    /// The number of `name`, a new one if it has none.
    pub(super) fn number(&mut self, name: &Arc<str>) -> Result<u16, StoreError> {
        if let Some(number) = self.numbers.get(name) {
            return Ok(*number);
        }
        let number = u16::try_from(self.names.len())
            .map_err(|_| StoreError::Damaged { what: format!("{} is full", self.kind.what) })?;
        self.names.push(name.clone());
        self.numbers.insert(name.clone(), number);
        Ok(number)
    }

    /// The number of `name`, if it has one.
    pub(super) fn find(&self, name: &str) -> Option<u16> {
        self.numbers.get(name).copied()
    }

    /// The numbers of an event's count, of its first and of its last time.
    pub(super) fn totals(&mut self, event: &Arc<str>) -> Result<[u16; 3], StoreError> {
        Ok(self.event(event)?.totals)
    }

    /// The number of the sum of an event's property.
    pub(super) fn sum(&mut self, event: &Arc<str>, property: &Arc<str>) -> Result<u16, StoreError> {
        let known = self.event(event)?.sums.iter().find(|(name, _)| name == property);
        if let Some((_, number)) = known {
            return Ok(*number);
        }
        let number = self.number(&sum_name(event, property))?;
        if let Some(numbers) = self.totals.get_mut(event) {
            numbers.sums.push((property.clone(), number));
        }
        Ok(number)
    }

    fn event(&mut self, event: &Arc<str>) -> Result<&EventNumbers, StoreError> {
        if !self.totals.contains_key(event) {
            let [count, first, last] = [Total::Count, Total::First, Total::Last].map(|total| total.name(event));
            let totals = [self.number(&count)?, self.number(&first)?, self.number(&last)?];
            self.totals.insert(event.clone(), EventNumbers { totals, sums: Vec::new() });
        }
        self.totals.get(event).ok_or_else(|| StoreError::Damaged { what: "the totals of an event".into() })
    }

    /// The name with this number.
    pub(super) fn name(&self, number: u16) -> Option<&Arc<str>> {
        self.names.get(usize::from(number))
    }

    /// Names in the order of their numbers.
    pub(super) fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// Puts the catalogue into the batch if it has names that are not stored.
    pub(super) fn save(&self, batch: &mut Batch) -> Result<(), StoreError> {
        if self.is_unsaved() {
            batch.put(self.kind.key, encode(VERSION, &self.names)?);
        }
        Ok(())
    }

    /// Whether there are names that are not stored.
    pub(super) fn is_unsaved(&self) -> bool {
        self.stored < self.names.len()
    }

    /// Notes that a batch with [`Self::save`] was committed.
    pub(super) fn saved(&mut self) {
        self.stored = self.names.len();
    }

    /// The same for a batch that had only so many names.
    pub(super) fn saved_up_to(&mut self, names: usize) {
        self.stored = self.stored.max(names);
    }
}
