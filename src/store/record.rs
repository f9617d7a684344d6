//! How a record becomes bytes: one byte of version, then postcard.
//!
//! The version belongs to the kind of record; its owner decides what an older
//! one means. A record of a newer version is an error, never a guess.

use super::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The bytes of `record`, marked as `version` of its kind.
pub fn encode<T: Serialize>(version: u8, record: &T) -> Result<Vec<u8>, StoreError> {
    let damaged = |e: postcard::Error| StoreError::Damaged { what: format!("cannot be encoded: {e}") };
    postcard::to_extend(record, vec![version]).map_err(damaged)
}

/// The record in `bytes`, which must be `version` of its kind; `what` names it
/// in the error.
pub fn decode<T: DeserializeOwned>(version: u8, bytes: &[u8], what: &str) -> Result<T, StoreError> {
    let damaged = |why: String| StoreError::Damaged { what: format!("{what}: {why}") };
    match bytes.split_first() {
        Some((found, rest)) if *found == version => postcard::from_bytes(rest).map_err(|e| damaged(e.to_string())),
        Some((found, _)) => Err(damaged(format!("record version {found}, expected {version}"))),
        None => Err(damaged("empty".into())),
    }
}
