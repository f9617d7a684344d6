//! What is remembered of one user of an experiment: which variant was shown
//! first, when, and what the user did before and after.
//!
//! | key | record |
//! | --- | --- |
//! | `Xe` + experiment + 0 + version + user | [`Exposure`] |

use crate::model::{Time, UserId};
use crate::store::{Batch, StoreError, decode, encode};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The kind of the keys.
pub(super) const PREFIX: &[u8] = b"Xe";
const RECORD: u8 = 1;
/// Amounts beyond this are cut off, so that sums of their squares over
/// everybody stay exact.
const MOST: i64 = 1_000_000_000_000_000;

/// The first exposure of a user and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposure {
    /// When.
    pub at: Time,
    /// What was shown; many users share it.
    pub shown: Arc<Shown>,
    /// Whether the message failed for good.
    pub undelivered: bool,
    /// Whether a button of a message of the experiment was pressed in time.
    pub clicked: bool,
    /// What the user did, by the place of what is measured; empty for nothing
    /// at all.
    pub cells: Vec<Cell>,
}

/// What was shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shown {
    /// The variant.
    pub variant: Arc<str>,
    /// The version of the rulebook.
    pub rulebook: Arc<str>,
    /// The ledger of the message.
    pub ledger: i64,
}

/// What one user did of one thing that is measured: within the window from the
/// exposure on, and in the days before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// How many such events.
    pub count: u32,
    /// The sum that they tell, in minor units.
    pub sum: i64,
    /// How many before.
    pub count_before: u32,
    /// The sum before.
    pub sum_before: i64,
}

impl Cell {
    /// One more event in the window.
    pub fn after(&mut self, (count, sum): (u32, i64)) {
        self.count = self.count.saturating_add(count);
        self.sum = bounded(self.sum, sum);
    }

    /// One more event before the exposure.
    pub fn before(&mut self, (count, sum): (u32, i64)) {
        self.count_before = self.count_before.saturating_add(count);
        self.sum_before = bounded(self.sum_before, sum);
    }
}

fn bounded(a: i64, b: i64) -> i64 {
    a.saturating_add(b).clamp(-MOST, MOST)
}

impl Exposure {
    /// The cell at a place.
    pub fn cell(&self, place: usize) -> Cell {
        self.cells.get(place).copied().unwrap_or_default()
    }

    /// Leaves out the cells if nothing is in them.
    pub fn tidy(&mut self) {
        if self.cells.iter().all(|cell| *cell == Cell::default()) {
            self.cells = Vec::new();
        }
    }

    /// Adds the record to a batch.
    pub fn write(&self, key: Vec<u8>, batch: &mut Batch) -> Result<(), StoreError> {
        batch.put(key, encode(RECORD, self)?);
        Ok(())
    }

    /// The record in these bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, StoreError> {
        decode(RECORD, bytes, "an exposure to an experiment")
    }
}

/// What the keys of a version of an experiment begin with.
pub(super) fn prefix(experiment: &str, version: u32) -> Vec<u8> {
    [PREFIX, experiment.as_bytes(), &[0], &version.to_be_bytes()].concat()
}

/// The key of a user's record.
pub(super) fn key(experiment: &str, version: u32, user: UserId) -> Vec<u8> {
    let ordered = user.0.cast_unsigned() ^ (1 << 63);
    [&prefix(experiment, version)[..], &ordered.to_be_bytes()].concat()
}

/// The experiment, version and user of a key.
pub(super) fn of_key(key: &[u8]) -> Result<(&str, u32, UserId), StoreError> {
    let parts = || {
        let rest = key.strip_prefix(PREFIX)?;
        let (rest, user) = rest.split_last_chunk::<8>()?;
        let (rest, version) = rest.split_last_chunk::<4>()?;
        let name = std::str::from_utf8(rest.strip_suffix(&[0])?).ok()?;
        let user = UserId((u64::from_be_bytes(*user) ^ (1 << 63)).cast_signed());
        Some((name, u32::from_be_bytes(*version), user))
    };
    parts().ok_or_else(|| StoreError::Damaged { what: "the key of an exposure".into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_whose_they_are() {
        for (name, version, user) in [("a", 1, 1), ("holdout:q3", 256, -5), ("welcome-ab", 1_000_000, i64::MAX)] {
            assert_eq!(of_key(&key(name, version, UserId(user))), Ok((name, version, UserId(user))));
        }
    }

    #[test]
    fn amounts_are_bounded() {
        let mut cell = Cell::default();
        cell.after((1, i64::MAX));
        cell.after((u32::MAX, 5));
        cell.before((1, i64::MIN));
        let expected = Cell { count: u32::MAX, sum: MOST, count_before: 1, sum_before: -MOST };
        assert_eq!(cell, expected);
    }
}
