//! What admins did from a chat: who, what, when, under which rulebook, and what
//! came of it. Written with the removal of the update that asked for it, so an
//! update that is handled again after a crash leaves one entry.
//!
//! | key | record |
//! | --- | --- |
//! | `a` + the time and the update's id, both counted down | [`Entry`] |

use super::{Engine, EngineError};
use crate::model::Time;
use crate::store::{Batch, StoreError, decode, encode};
use serde::{Deserialize, Serialize};

const PREFIX: &[u8] = b"a";
const VERSION: u8 = 1;

/// Something that an admin asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Time,
    /// Who: the id of the one who wrote or pressed.
    pub by: i64,
    /// What, as a command would say it.
    pub what: String,
    /// The version of the rulebook in force before it was done.
    pub rulebook: String,
    /// Why it was not done, in English; absent: it was.
    pub refused: Option<String>,
}

/// Adds an entry that an update led to.
pub(super) fn write(entry: &Entry, update: i64, batch: &mut Batch) -> Result<(), StoreError> {
    // the newest come first in the order of keys
    let down = |n: i64| (i64::MAX - n).to_be_bytes();
    let key = [PREFIX, &down(entry.at.0), &down(update)].concat();
    batch.put(key, encode(VERSION, entry)?);
    Ok(())
}

impl Engine {
    /// The newest entries, the newest first.
    pub fn audit(&self, limit: usize) -> Result<Vec<Entry>, EngineError> {
        let newest = self.store.scan(PREFIX, b"").take(limit);
        newest.map(|pair| Ok(decode(VERSION, &pair?.1, "what an admin did")?)).collect()
    }
}
