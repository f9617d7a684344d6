//! A store in memory for tests of what a crash leaves behind.

use super::memory::MemoryStore;
use super::{Batch, Pair, Store, StoreError, Whole};
use std::sync::atomic::{AtomicBool, Ordering};

/// A store that loses a commit when it is told to, as a process does that is
/// killed before the disk has it.
#[derive(Default)]
pub struct Mortal {
    inner: MemoryStore,
    /// Whether it loses the next one.
    pub dies: AtomicBool,
}

impl Store for Mortal {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(key)
    }

    fn scan<'a>(&'a self, prefix: &[u8], from: &[u8]) -> Box<dyn Iterator<Item = Result<Pair, StoreError>> + 'a> {
        self.inner.scan(prefix, from)
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        if self.dies.swap(false, Ordering::SeqCst) {
            return Err(StoreError::Closed);
        }
        self.inner.commit(batch)
    }

    fn disk_size(&self) -> u64 {
        0
    }

    fn tidy(&self) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn whole(&self) -> &dyn Whole {
        self.inner.whole()
    }
}
