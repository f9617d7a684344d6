//! The catalogue of field names: each name that was ever stored has a number
//! for ever, so that a profile record holds small numbers and not names.
//!
//! A number is never given to a second name, not even after a failed commit:
//! nobody knows whether that commit is on disk.

use super::{Batch, Store, StoreError, decode, encode};
use std::collections::HashMap;
use std::sync::Arc;

const KEY: &[u8] = b"F";
const VERSION: u8 = 1;

/// Names by number and numbers by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Catalogue {
    names: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u16>,
    stored: usize,
}

impl Catalogue {
    /// The catalogue as it is stored.
    pub(super) fn load(store: &dyn Store) -> Result<Self, StoreError> {
        let names: Vec<Arc<str>> = match store.get(KEY)? {
            Some(bytes) => decode(VERSION, &bytes, "the catalogue of fields")?,
            None => Vec::new(),
        };
        let numbers = names.iter().cloned().zip(0u16..).collect();
        Ok(Self { stored: names.len(), names, numbers })
    }

    /// The number of `name`, a new one if it has none.
    pub(super) fn number(&mut self, name: &Arc<str>) -> Result<u16, StoreError> {
        if let Some(number) = self.numbers.get(name) {
            return Ok(*number);
        }
        let number = u16::try_from(self.names.len())
            .map_err(|_| StoreError::Damaged { what: "the catalogue of fields is full".into() })?;
        self.names.push(name.clone());
        self.numbers.insert(name.clone(), number);
        Ok(number)
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
        if self.stored < self.names.len() {
            batch.put(KEY, encode(VERSION, &self.names)?);
        }
        Ok(())
    }

    /// Notes that a batch with [`Self::save`] was committed.
    pub(super) fn saved(&mut self) {
        self.stored = self.names.len();
    }
}
