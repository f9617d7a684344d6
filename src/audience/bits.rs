//! A bit for every row.

/// Bits in words of 64, the first row in the lowest bit of the first word.
/// Bits beyond the last row are 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bits {
    words: Vec<u64>,
    rows: usize,
}

impl Bits {
    /// So many rows, all of them clear.
    pub fn clear(rows: usize) -> Self {
        Self { words: vec![0; rows.div_ceil(64)], rows }
    }

    /// So many rows, all of them set.
    pub fn filled(rows: usize) -> Self {
        let mut bits = Self { words: vec![u64::MAX; rows.div_ceil(64)], rows };
        if let (Some(last), used @ 1..) = (bits.words.last_mut(), rows % 64) {
            *last = (1 << used) - 1;
        }
        bits
    }

    /// So many rows out of words, which are clear beyond them.
    pub fn from_words(mut words: Vec<u64>, rows: usize) -> Self {
        words.resize(rows.div_ceil(64), 0);
        Self { words, rows }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The words, one for each 64 rows begun.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Whether a row is set; one beyond the last is not.
    pub fn get(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// Sets or clears a row, adding rows up to it.
    pub fn put(&mut self, row: usize, on: bool) {
        if row >= self.rows {
            self.resize(row + 1, false);
        }
        let (word, bit) = (&mut self.words[row / 64], 1u64 << (row % 64));
        if on {
            *word |= bit;
        } else {
            *word &= !bit;
        }
    }

    /// So many rows, new ones as told.
    pub fn resize(&mut self, rows: usize, on: bool) {
        let before = self.rows;
        self.words.resize(rows.div_ceil(64), 0);
        self.rows = rows;
        if on {
            (before..rows).for_each(|row| self.words[row / 64] |= 1 << (row % 64));
        }
    }

    /// The rows that are set, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        ones(&self.words)
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.words.capacity() * 8
    }
}

/// The places of the bits that are set, ascending.
pub(super) fn ones(words: &[u64]) -> impl Iterator<Item = u32> {
    (0u32..).step_by(64).zip(words).flat_map(|(first, word)| {
        let mut rest = *word;
        std::iter::from_fn(move || {
            let at = (rest != 0).then(|| rest.trailing_zeros())?;
            rest &= rest - 1;
            Some(first + at)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_put_grown_and_counted() {
        for rows in [0, 1, 63, 64, 65, 130] {
            let mut bits = Bits::filled(rows);
            assert_eq!(bits.iter().count(), rows);
            bits.resize(rows + 70, false);
            assert_eq!(bits.iter().count(), rows);
            bits.resize(rows + 100, true);
            assert_eq!(bits.iter().count(), rows + 30);
            assert!(!bits.get(rows) && !bits.get(rows + 100));
            bits.put(rows, true);
            bits.put(rows + 200, true);
            assert!(bits.get(rows) && bits.get(rows + 200));
            bits.put(rows, false);
            assert!(!bits.get(rows));
            let expected: Vec<u32> = (0..).take(rows + 201).filter(|row| bits.get(*row as usize)).collect();
            assert_eq!(bits.iter().collect::<Vec<_>>(), expected);
            assert_eq!(bits.words().len(), (rows + 201).div_ceil(64));
        }
    }
}
