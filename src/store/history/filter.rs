//! A Bloom filter of the events of one run: whether an event with this user
//! and id may be in it. In memory, 1.6 bytes an event; it is wrong about once
//! in 300 times, and then a block is read.
//!
//! All bits of one event lie in one block of 64 bytes: a question costs one
//! miss of the cache. What is stored depends on [`fingerprint`], which
//! therefore never changes.

use super::codec::damaged;
use crate::model::UserId;
use crate::store::StoreError;

/// Bits for an event: with 8 of them set, 0.3 % of strangers pass.
const BITS: u64 = 13;
const PROBES: u32 = 8;
/// Bytes of one block.
const BLOCK: usize = 64;
/// Bytes of the filter in one record: whole blocks, below 2 KiB.
const PIECE: usize = 31 * BLOCK;

/// Some blocks of 512 bits; none of them means that nothing is in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    blocks: Vec<[u64; 8]>,
}

/// A number that stands for an event's user and id; equal for equal ones.
pub(super) fn fingerprint(user: UserId, id: &[u8]) -> u64 {
    let mut hash = fold(user.0.cast_unsigned() ^ 0x243f_6a88_85a3_08d3, 0x9e37_79b9_7f4a_7c15);
    for chunk in id.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = fold(hash ^ u64::from_le_bytes(word), 0xa076_1d64_78bd_642f);
    }
    fold(hash ^ id.len() as u64, 0xe703_7ed1_a0b4_28db)
}

/// Both halves of the product, one over the other: every bit of the result
/// depends on every bit of `a`.
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ 0x1319_8a2e_0370_7344) * u128::from(b);
    (product as u64) ^ (product >> 64) as u64
}

impl Filter {
    /// A filter for so many events.
    pub(super) fn for_events(events: u64) -> Self {
        let blocks = (events * BITS).div_ceil(BLOCK as u64 * 8).max(1);
        Self { blocks: vec![[0; 8]; usize::try_from(blocks).unwrap_or(usize::MAX)] }
    }

    /// Adds an event.
    pub(super) fn insert(&mut self, fingerprint: u64) {
        let at = self.block(fingerprint);
        if let Some(block) = self.blocks.get_mut(at) {
            each_bit(fingerprint, |word, mask| {
                block[word] |= mask;
                true
            });
        }
    }

    /// Whether the event may have been added; if it was, yes.
    pub(super) fn may_contain(&self, fingerprint: u64) -> bool {
        let block = self.blocks.get(self.block(fingerprint));
        block.is_some_and(|block| each_bit(fingerprint, |word, mask| block[word] & mask != 0))
    }

    /// The filter in pieces for one record each.
    pub(super) fn pieces(&self) -> u32 {
        u32::try_from((self.blocks.len() * BLOCK).div_ceil(PIECE)).unwrap_or(u32::MAX)
    }

    /// The bytes of one piece.
    pub(super) fn piece(&self, number: u32) -> Vec<u8> {
        let per_piece = PIECE / BLOCK;
        let blocks = self.blocks.chunks(per_piece).nth(number as usize).unwrap_or_default();
        blocks.iter().flatten().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// Adds the next piece of a stored filter.
    pub(super) fn load(&mut self, piece: &[u8]) -> Result<(), StoreError> {
        let (blocks, rest) = piece.as_chunks::<BLOCK>();
        if !rest.is_empty() {
            return Err(damaged("a piece of a filter has an odd length"));
        }
        for block in blocks {
            let mut words = [0; 8];
            for (word, bytes) in words.iter_mut().zip(block.as_chunks::<8>().0) {
                *word = u64::from_le_bytes(*bytes);
            }
            self.blocks.push(words);
        }
        Ok(())
    }

    /// All pieces are loaded: room for more is given back.
    #[must_use]
    pub(super) fn loaded(mut self) -> Self {
        self.blocks.shrink_to_fit();
        self
    }

    /// Bytes in memory.
    pub(super) fn memory(&self) -> usize {
        self.blocks.capacity() * BLOCK
    }

    fn block(&self, fingerprint: u64) -> usize {
        // the high half picks the block, the bits inside come from all of it
        ((u128::from(fingerprint) * self.blocks.len() as u128) >> 64) as usize
    }
}

/// Shows the bits of an event until `each` says no; says whether it never did.
fn each_bit(fingerprint: u64, mut each: impl FnMut(usize, u64) -> bool) -> bool {
    let bits = fold(fingerprint, 0x8ebc_6af0_9c88_c6e3);
    let (mut bit, step) = (bits as u32, ((bits >> 32) as u32) | 1);
    (0..PROBES).all(|_| {
        bit = bit.wrapping_add(step);
        let place = (bit >> 23) as usize;
        each(place / 64, 1 << (place % 64))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_found_and_few_strangers_are() {
        let events = 50_000;
        let print = |n: i64| fingerprint(UserId(n / 3), format!("event-{n}").as_bytes());
        let mut filter = Filter::for_events(events);
        (0..50_000).for_each(|n| filter.insert(print(n)));
        let mut loaded = Filter::default();
        for number in 0..filter.pieces() {
            let piece = filter.piece(number);
            assert!(!piece.is_empty() && piece.len() < 2_048);
            loaded.load(&piece).unwrap();
        }
        let loaded = loaded.loaded();
        assert!((0..50_000).all(|n| loaded.may_contain(print(n))));
        let strangers = (50_000..250_000).filter(|n| loaded.may_contain(print(*n))).count();
        assert!(strangers < 1_000, "{strangers} of 200,000");
        assert!(loaded.memory() <= 100_000);
        assert!(!Filter::default().may_contain(print(1)));
    }

    #[test]
    fn fingerprints_never_change() {
        assert_eq!(fingerprint(UserId(7), b"abc"), fingerprint(UserId(7), b"abc"));
        assert_ne!(fingerprint(UserId(7), b"abc"), fingerprint(UserId(7), b"abc\0"));
        assert_ne!(fingerprint(UserId(7), b"abc"), fingerprint(UserId(8), b"abc"));
    }
}
