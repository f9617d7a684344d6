//! The rows whose list has one element: as a compressed bitmap while they are
//! few, else as a plain one, which costs no more then and is copied at once.

use crate::audience::bits::Bits;
use roaring::RoaringBitmap;

/// Beyond one row in so many a plain bitmap is the smaller one.
const FEW: u64 = 16;

#[derive(Clone, Debug)]
pub(super) enum Members {
    Few(RoaringBitmap),
    Many(Bits),
}

impl Members {
    pub fn new() -> Self {
        Self::Few(RoaringBitmap::new())
    }

    pub fn add(&mut self, row: usize, rows: usize) {
        match self {
            Self::Many(bits) => bits.put(row, true),
            Self::Few(bitmap) => {
                bitmap.insert(place(row));
                if bitmap.len() > 64 && bitmap.len() * FEW > rows as u64 {
                    let mut bits = Bits::clear(rows);
                    bitmap.iter().for_each(|row| bits.put(row as usize, true));
                    *self = Self::Many(bits);
                }
            }
        }
    }

    pub fn remove(&mut self, row: usize) {
        match self {
            Self::Many(bits) => bits.put(row, false),
            Self::Few(bitmap) => {
                bitmap.remove(place(row));
            }
        }
    }

    /// Writes the rows from `first` on, a multiple of 64.
    pub fn write(&self, first: usize, into: &mut [u64]) {
        into.fill(0);
        match self {
            Self::Many(bits) => {
                let words = bits.words().get(first / 64..).unwrap_or_default();
                into.iter_mut().zip(words).for_each(|(into, word)| *into = *word);
            }
            Self::Few(bitmap) => {
                for row in bitmap.range(place(first)..place(first + into.len() * 64)) {
                    let at = row as usize - first;
                    into[at / 64] |= 1 << (at % 64);
                }
            }
        }
    }

    pub fn memory(&self) -> usize {
        match self {
            Self::Many(bits) => bits.memory(),
            Self::Few(bitmap) => bitmap.serialized_size() + size_of::<Self>(),
        }
    }
}

fn place(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX)
}
