//! Runs: sorted events on disk that never change (but for the erasure of a
//! user) and go as a whole.
//!
//! A run has a number. Its blocks are at `y`, the number, the *last* user of
//! the block and the block's number: what is stored of a user begins at the
//! first key that is not below the user's. Its filter and, last, its head are
//! at `Y`, the number and the piece. A run counts once it has a head, so that
//! one batch makes it visible; everything else under its number is left over.

use super::block::{Item, Place};
use super::codec::damaged;
use super::filter::Filter;
use crate::model::{Time, UserId};
use crate::store::{Store, StoreError, decode, encode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

const BLOCKS: u8 = b'y';
const HEADS: u8 = b'Y';
/// The piece that is no piece of the filter: the head.
const HEAD: u32 = u32::MAX;
const VERSION: u8 = 1;

/// A run that counts.
pub(super) struct Run {
    pub(super) number: u32,
    pub(super) head: Head,
    pub(super) filter: Filter,
}

/// What is known of a run as a whole. Erasing a user leaves it as it is: the
/// numbers are upper bounds then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Head {
    /// Events in it.
    pub(super) events: u64,
    /// Users that have any.
    pub(super) users: u64,
    /// Bytes of its blocks.
    pub(super) bytes: u64,
    /// The first of its times.
    pub(super) oldest: Time,
    /// The last of them.
    pub(super) newest: Time,
    /// At least half of the events are before this.
    pub(super) middle: Time,
}

/// What the store holds of runs.
#[derive(Default)]
pub(super) struct Found {
    /// Those that count, by number.
    pub(super) runs: Vec<Run>,
    /// Numbers of others that have left something.
    pub(super) leftovers: BTreeSet<u32>,
}

/// The key of a block.
pub(super) fn block_key(run: u32, last: UserId, block: u32) -> Vec<u8> {
    let ordered = last.0.cast_unsigned() ^ (1 << 63);
    [&[BLOCKS], &run.to_be_bytes()[..], &ordered.to_be_bytes(), &block.to_be_bytes()].concat()
}

/// What the keys of all blocks of a run begin with.
pub(super) fn blocks_of(run: u32) -> Vec<u8> {
    [&[BLOCKS], &run.to_be_bytes()[..]].concat()
}

/// The key of a piece of a run's filter.
pub(super) fn filter_key(run: u32, piece: u32) -> Vec<u8> {
    [&[HEADS], &run.to_be_bytes()[..], &piece.to_be_bytes()].concat()
}

/// The key of a run's head.
pub(super) fn head_key(run: u32) -> Vec<u8> {
    filter_key(run, HEAD)
}

/// What the keys of a run's head and filter begin with.
pub(super) fn heads_of(run: u32) -> Vec<u8> {
    [&[HEADS], &run.to_be_bytes()[..]].concat()
}

/// The block's number in its key.
pub(super) fn block_number(key: &[u8]) -> Result<u32, StoreError> {
    number_at(key, 13)
}

fn number_at(key: &[u8], at: usize) -> Result<u32, StoreError> {
    let bytes = key.get(at..).and_then(|rest| rest.first_chunk());
    bytes.map(|bytes| u32::from_be_bytes(*bytes)).ok_or_else(|| damaged("a key is too short"))
}

impl Head {
    /// The bytes of the record.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, StoreError> {
        encode(VERSION, self)
    }
}

/// All runs of the store. Reads heads and filters, and of the blocks one key
/// for each run.
pub(super) fn find(store: &dyn Store) -> Result<Found, StoreError> {
    let mut found = Found::default();
    let mut filter = Filter::default();
    let mut current = None;
    for pair in store.scan(&[HEADS], &[]) {
        let (key, value) = pair?;
        let (number, piece) = (number_at(&key, 1)?, number_at(&key, 5)?);
        if current.replace(number) != Some(number) {
            filter = Filter::default();
            found.leftovers.insert(number);
        }
        if piece == HEAD {
            let head = decode(VERSION, &value, "the head of a run of events")?;
            found.runs.push(Run { number, head, filter: std::mem::take(&mut filter).loaded() });
            found.leftovers.remove(&number);
        } else {
            filter.load(&value)?;
        }
    }
    let mut from = vec![BLOCKS];
    while let Some(pair) = store.scan(&[BLOCKS], &from).next() {
        let number = number_at(&pair?.0, 1)?;
        if found.runs.binary_search_by_key(&number, |run| run.number).is_err() {
            found.leftovers.insert(number);
        }
        let Some(next) = number.checked_add(1) else { break };
        from = blocks_of(next);
    }
    Ok(found)
}

/// Shows the key and bytes of each block of a run that may have events of a
/// user, from the key `from` on, until `visit` says no.
pub(super) fn each_block_of(
    store: &dyn Store,
    run: u32,
    user: UserId,
    from: Option<&[u8]>,
    mut visit: impl FnMut(&[u8], &[u8]) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let start = block_key(run, user, 0);
    for pair in store.scan(&blocks_of(run), from.unwrap_or(&start)) {
        let (key, block) = pair?;
        // what ends with a later user is the last to begin with this one
        let is_last = key.get(..13) != start.get(..13);
        if first_user(&block)? > user || !visit(&key, &block)? || is_last {
            break;
        }
    }
    Ok(())
}

fn first_user(block: &[u8]) -> Result<UserId, StoreError> {
    let first = Place::start(block)?.next(block)?;
    first.map(|item| item.user).ok_or_else(|| damaged("an empty block"))
}

/// Shows the events of a user among those of a block.
pub(super) fn each_of_user<'a>(
    block: &'a [u8],
    user: UserId,
    mut visit: impl FnMut(Item<'a>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut place = Place::start(block)?;
    while let Some(item) = place.next(block)? {
        match item.user.cmp(&user) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => visit(item)?,
            std::cmp::Ordering::Greater => break,
        }
    }
    Ok(())
}
