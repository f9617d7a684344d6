//! Whole numbers in as few bytes as the largest of them needs: most users pay
//! less than a hundred times, and narrow columns are read faster.

use crate::condition::Whole;

/// A list of whole numbers.
#[derive(Clone, Debug)]
pub(super) enum Narrow {
    I8(Vec<i8>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    I64(Vec<i64>),
}

impl Default for Narrow {
    fn default() -> Self {
        Self::I8(Vec::new())
    }
}

impl Narrow {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::I8(all) => all.len(),
            Self::I16(all) => all.len(),
            Self::I32(all) => all.len(),
            Self::I64(all) => all.len(),
        }
    }

    /// Adds zeros or cuts off, to so many.
    pub(super) fn resize(&mut self, count: usize) {
        match self {
            Self::I8(all) => all.resize(count, 0),
            Self::I16(all) => all.resize(count, 0),
            Self::I32(all) => all.resize(count, 0),
            Self::I64(all) => all.resize(count, 0),
        }
    }

    /// The number at a place below [`Self::len`].
    pub(super) fn get(&self, at: usize) -> i64 {
        match self {
            Self::I8(all) => all[at].into(),
            Self::I16(all) => all[at].into(),
            Self::I32(all) => all[at].into(),
            Self::I64(all) => all[at],
        }
    }

    /// Changes the number at a place below [`Self::len`].
    pub(super) fn set(&mut self, at: usize, value: i64) {
        self.fit(value);
        match self {
            Self::I8(all) => all[at] = value as i8,
            Self::I16(all) => all[at] = value as i16,
            Self::I32(all) => all[at] = value as i32,
            Self::I64(all) => all[at] = value,
        }
    }

    /// Adds a number at the end.
    pub(super) fn push(&mut self, value: i64) {
        self.fit(value);
        match self {
            Self::I8(all) => all.push(value as i8),
            Self::I16(all) => all.push(value as i16),
            Self::I32(all) => all.push(value as i32),
            Self::I64(all) => all.push(value),
        }
    }

    /// The numbers as conditions read them.
    pub(super) fn whole(&self) -> Whole<'_> {
        match self {
            Self::I8(all) => Whole::I8(all),
            Self::I16(all) => Whole::I16(all),
            Self::I32(all) => Whole::I32(all),
            Self::I64(all) => Whole::I64(all),
        }
    }

    /// Gives back room that is not used.
    pub(super) fn shrink(&mut self) {
        match self {
            Self::I8(all) => all.shrink_to_fit(),
            Self::I16(all) => all.shrink_to_fit(),
            Self::I32(all) => all.shrink_to_fit(),
            Self::I64(all) => all.shrink_to_fit(),
        }
    }

    /// Bytes in memory.
    pub(super) fn memory(&self) -> usize {
        match self {
            Self::I8(all) => all.capacity(),
            Self::I16(all) => all.capacity() * 2,
            Self::I32(all) => all.capacity() * 4,
            Self::I64(all) => all.capacity() * 8,
        }
    }

    /// Widens the list if it must be for this number.
    fn fit(&mut self, value: i64) {
        let fits = match self {
            Self::I8(_) => i8::try_from(value).is_ok(),
            Self::I16(_) => i16::try_from(value).is_ok(),
            Self::I32(_) => i32::try_from(value).is_ok(),
            Self::I64(_) => true,
        };
        if !fits {
            self.widen(value);
        }
    }

    #[cold]
    fn widen(&mut self, value: i64) {
        let all = (0..self.len()).map(|at| self.get(at));
        *self = if i16::try_from(value).is_ok() {
            Self::I16(all.map(|n| n as i16).collect())
        } else if i32::try_from(value).is_ok() {
            Self::I32(all.map(|n| n as i32).collect())
        } else {
            Self::I64(all.collect())
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_widen_and_keep_their_numbers() {
        let given = [1, -128, 127, 128, -32_768, 40_000, i64::from(i32::MIN), i64::from(i32::MAX) + 1, i64::MIN, 0];
        for start in 0..given.len() {
            let (mut pushed, mut set) = (Narrow::default(), Narrow::default());
            set.resize(given.len() - start);
            for (at, value) in given[start..].iter().enumerate() {
                pushed.push(*value);
                set.set(at, *value);
            }
            for (at, value) in given[start..].iter().enumerate() {
                assert_eq!((pushed.get(at), set.get(at)), (*value, *value));
            }
        }
    }
}
