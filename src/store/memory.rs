//! A store in memory: for tests and for runs that must leave nothing behind.

use super::follow::{Following, Gate};
use super::{Batch, Pair, Pairs, Store, StoreError, Whole};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError, RwLock};

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// An ordered map behind a lock; a scan sees the map as it was when it began.
#[derive(Debug, Default)]
pub struct MemoryStore {
    map: RwLock<Map>,
    gate: Gate,
    staged: Mutex<Option<Map>>,
}

impl MemoryStore {
    /// A copy of all these pairs.
    pub fn of(pairs: &mut Pairs<'_>) -> Result<Self, StoreError> {
        let map = pairs.collect::<Result<Map, StoreError>>()?;
        Ok(Self { map: RwLock::new(map), ..Self::default() })
    }

    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Store for MemoryStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.map.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned())
    }

    fn scan<'a>(&'a self, prefix: &[u8], from: &[u8]) -> Box<dyn Iterator<Item = Result<Pair, StoreError>> + 'a> {
        let map = self.map.read().unwrap_or_else(PoisonError::into_inner);
        let start = prefix.max(from).to_vec();
        let pairs: Vec<_> = map
            .range(start..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, value)| Ok((key.clone(), value.clone())))
            .collect();
        Box::new(pairs.into_iter())
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut hold = self.gate.hold();
        hold.note(batch);
        let mut map = self.map.write().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in &batch.ops {
            match value {
                Some(value) => map.insert(key.clone(), value.clone()),
                None => map.remove(key),
            };
        }
        Ok(())
    }

    fn disk_size(&self) -> u64 {
        0
    }

    fn tidy(&self) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn whole(&self) -> &dyn Whole {
        self
    }
}

impl Whole for MemoryStore {
    fn follow(&self) -> Following {
        self.gate.follow()
    }

    fn stage(&self, pairs: &mut Pairs<'_>, _bytes: u64) -> Result<(), StoreError> {
        let staged = pairs.collect::<Result<Map, StoreError>>()?;
        *self.staged.lock().unwrap_or_else(PoisonError::into_inner) = Some(staged);
        Ok(())
    }

    fn adopt(&self) -> Result<(), StoreError> {
        let mut hold = self.gate.hold();
        hold.note_replaced();
        if let Some(staged) = self.staged.lock().unwrap_or_else(PoisonError::into_inner).take() {
            *self.map.write().unwrap_or_else(PoisonError::into_inner) = staged;
        }
        Ok(())
    }
}
