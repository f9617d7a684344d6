//! When to try again: exponential back-off with full jitter.
//!
//! The delay before attempt `n + 1` is drawn evenly from `0..min(cap, base·2ⁿ)`
//! ("full jitter", Brooker 2015). It is drawn by hashing the row's place and
//! the attempt, so that it needs no random state and tests can name it.

use super::row::RowId;
use crate::model::TimeDelta;
use std::hash::{DefaultHasher, Hash, Hasher};

const BASE: TimeDelta = TimeDelta::seconds(1);
const CAP: TimeDelta = TimeDelta::minutes(10);

/// After this many attempts that were proven undelivered a row has failed.
pub const MAX_ATTEMPTS: u8 = 8;

/// How long `row` waits after its `attempts`-th attempt (from 1) failed.
pub fn delay(row: RowId, attempts: u8) -> TimeDelta {
    let doublings = u32::from(attempts.saturating_sub(1)).min(20);
    let ceiling = (BASE.0 << doublings).min(CAP.0);
    let mut hasher = DefaultHasher::new();
    (row, attempts).hash(&mut hasher);
    TimeDelta((hasher.finish() % ceiling.unsigned_abs()).cast_signed() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::LedgerId;

    #[test]
    fn delays_stay_under_a_ceiling_that_doubles_to_the_cap() {
        for (attempts, ceiling) in [(1, 1), (2, 2), (3, 4), (4, 8), (8, 128), (11, 600), (255, 600)] {
            let delays: Vec<_> =
                (0..200).map(|index| delay(RowId { ledger: LedgerId(1), chunk: 0, index }, attempts).0).collect();
            let (low, high) = (delays.iter().min().copied(), delays.iter().max().copied());
            assert!(high <= Some(ceiling * 1_000) && high > Some(ceiling * 900), "{attempts}: {high:?}");
            assert!(low >= Some(1) && low < Some(ceiling * 100), "{attempts}: {low:?}");
        }
    }
}
