//! The rows of a column that have a value: kept only where one has none.

use crate::audience::bits::Bits;

/// Nothing: every row has a value.
#[derive(Clone, Debug, Default)]
pub(super) struct Known(Option<Bits>);

impl Known {
    /// Notes whether a row below `rows` has a value.
    pub fn put(&mut self, row: usize, known: bool, rows: usize) {
        if !known && self.0.is_none() {
            self.0 = Some(Bits::filled(rows));
        }
        if let Some(bits) = &mut self.0 {
            bits.put(row, known);
        }
    }

    /// Adds rows that all have a value or all have none.
    pub fn grow(&mut self, before: usize, rows: usize, known: bool) {
        if !known && self.0.is_none() && rows > before {
            self.0 = Some(Bits::filled(before));
        }
        if let Some(bits) = &mut self.0 {
            bits.resize(rows, known);
        }
    }

    pub fn get(&self, row: usize) -> bool {
        self.0.as_ref().is_none_or(|bits| bits.get(row))
    }

    pub fn words(&self) -> Option<&[u64]> {
        self.0.as_ref().map(Bits::words)
    }

    pub fn memory(&self) -> usize {
        self.0.as_ref().map_or(0, Bits::memory)
    }
}
