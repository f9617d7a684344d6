//! Users and their rows: every column has a user's values in the same row.
//!
//! Rows are given in the order of ids when the store is read, then in the
//! order of arrival, and never taken back.

use crate::model::UserId;

/// No row.
const NONE: u32 = u32::MAX;

/// Ids by row, and rows by id.
#[derive(Clone, Debug, Default)]
pub(super) struct People {
    ids: Vec<i64>,
    /// Rows in the place where the hash of their id points, or one of the next:
    /// four bytes for each place, since the ids themselves are at hand.
    places: Vec<u32>,
    unordered: bool,
}

impl People {
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Ids by row.
    pub fn ids(&self) -> &[i64] {
        &self.ids
    }

    /// Whether ids ascend with the rows.
    pub fn is_ordered(&self) -> bool {
        !self.unordered
    }

    /// Whose row it is.
    pub fn user(&self, row: u32) -> Option<UserId> {
        self.ids.get(row as usize).copied().map(UserId)
    }

    /// The row of a user.
    pub fn find(&self, user: UserId) -> Option<u32> {
        let mask = self.places.len().checked_sub(1)?;
        let mut place = hash(user.0) & mask;
        loop {
            let row = self.places[place];
            if row == NONE {
                return None;
            }
            if self.ids[row as usize] == user.0 {
                return Some(row);
            }
            place = (place + 1) & mask;
        }
    }

    /// The row of a user, and whether it is new.
    pub fn find_or_add(&mut self, user: UserId) -> (u32, bool) {
        if let Some(row) = self.find(user) {
            return (row, false);
        }
        (self.add(user), true)
    }

    /// A new row for a user who has none. Beyond four billion users everybody
    /// shares the last row; Telegram has fewer.
    pub fn add(&mut self, user: UserId) -> u32 {
        let row = u32::try_from(self.ids.len()).unwrap_or(NONE - 1);
        self.unordered |= self.ids.last().is_some_and(|last| *last > user.0);
        self.ids.push(user.0);
        if self.ids.len() * 3 > self.places.len() * 2 {
            self.places = vec![NONE; (self.ids.len() * 2).next_power_of_two().max(16)];
            (0u32..).zip(&self.ids).for_each(|(row, id)| take(&mut self.places, *id, row));
        } else {
            take(&mut self.places, user.0, row);
        }
        row
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.ids.capacity() * 8 + self.places.capacity() * 4
    }
}

/// Writes a row into the first free place for its id.
fn take(places: &mut [u32], id: i64, row: u32) {
    let mask = places.len() - 1;
    let mut place = hash(id) & mask;
    while places[place] != NONE {
        place = (place + 1) & mask;
    }
    places[place] = row;
}

/// The last step of SplitMix64: ids that follow one another are spread.
fn hash(id: i64) -> usize {
    let mut x = id.cast_unsigned().wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x ^ (x >> 31)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_a_row_of_their_own() {
        let mut people = People::default();
        assert_eq!(people.find(UserId(1)), None);
        let ids: Vec<i64> = (0..5_000).map(|n| n * 7 - 3_000).chain([i64::MIN, i64::MAX]).collect();
        for (row, id) in (0u32..).zip(&ids) {
            assert_eq!(people.find_or_add(UserId(*id)), (row, true));
            assert_eq!(people.find_or_add(UserId(*id)), (row, false));
        }
        for (row, id) in (0u32..).zip(&ids) {
            assert_eq!((people.find(UserId(*id)), people.user(row)), (Some(row), Some(UserId(*id))));
        }
        assert_eq!(people.find(UserId(1)), None);
        assert!(!people.is_ordered());
    }
}
