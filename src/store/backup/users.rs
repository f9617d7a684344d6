//! How many users a backup has: those with a record, and those of whom only
//! the log knows yet. Records are shown in the order of keys, so the log comes
//! before the profiles.

use crate::model::UserId;
use crate::store::journal::Marker;
use crate::store::profiles::{PREFIX, user_of};
use std::collections::HashSet;

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Users {
    marker: Marker,
    ahead: HashSet<UserId>,
    stored: u64,
}

impl Users {
    /// Looks at a record. One that is damaged is no matter of a count.
    pub(super) fn see(&mut self, key: &[u8], value: &[u8]) {
        if key == Marker::KEY {
            self.marker = Marker::from_bytes(value).unwrap_or_default();
        } else if key.first() == Some(&PREFIX) {
            self.stored += 1;
            if let Ok(user) = user_of(key) {
                self.ahead.remove(&user);
            }
        } else if let Ok(users) = self.marker.ahead(key, value) {
            self.ahead.extend(users);
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.stored + self.ahead.len() as u64
    }
}
