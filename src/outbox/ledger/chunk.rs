//! The rows of a ledger on disk, in chunks of [`CHUNK_ROWS`].

use super::{CHUNK_ROWS, Ledger, LedgerId};
use crate::model::{Message, Time, UserId, Value};
use crate::outbox::row::{RowId, State};
use crate::store::{Batch, Store, StoreError, decode, encode};
use serde::{Deserialize, Serialize};

/// Who gets the rows of a chunk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recipients {
    /// The users, or for replies the chats.
    pub users: Vec<i64>,
    /// The messages, one a row, where they are known beforehand (replies);
    /// empty where a template is rendered when its turn comes.
    pub messages: Vec<Message>,
    /// The ids of messages that were sent, one a row, where these are to be
    /// edited or deleted; else empty.
    pub targets: Vec<i32>,
    /// Rows, by their place in the chunk, whose user is now reached in another
    /// chat.
    pub moved: Vec<(u32, i64)>,
    /// What each row has of its own, one a row, where rules and drips send
    /// them; else empty.
    pub particulars: Vec<Particulars>,
}

/// What a row has of its own that others of its ledger do not share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Particulars {
    /// When it was decided.
    pub at: Time,
    /// Its place among all rows of rules and drips: a user gets them in this
    /// order.
    pub order: u64,
    /// Not sent by then it is skipped.
    pub expires: Option<Time>,
    /// Values for the template, as `vars.NAME`.
    pub vars: Vec<(String, Value)>,
    /// Whether a drip wants to hear if it is not delivered.
    pub answers: bool,
}

const RECIPIENTS: u8 = 3;
const STATES: u8 = 1;

impl Recipients {
    /// Users who get what a template says when their turn comes.
    pub fn users(users: Vec<i64>) -> Self {
        Self { users, ..Self::default() }
    }

    /// The chat of a row: where its user has moved to, or else the user.
    pub fn chat(&self, index: u32) -> Option<i64> {
        let moved = self.moved.iter().find(|(row, _)| *row == index).map(|(_, chat)| *chat);
        moved.or_else(|| self.users.get(index as usize).copied())
    }

    /// The place of a row among all rows of rules and drips; 0 for others.
    pub fn order(&self, index: u32) -> u64 {
        self.particulars.get(index as usize).map_or(0, |particulars| particulars.order)
    }

    /// The chat of a row has another id from now on.
    pub fn move_to(&mut self, index: u32, chat: i64) {
        self.moved.retain(|(row, _)| *row != index);
        self.moved.push((index, chat));
    }
}

/// Adds to a batch the chunk number `chunk` of a new ledger, with every row
/// queued.
pub fn stage(batch: &mut Batch, ledger: LedgerId, chunk: u32, recipients: &Recipients) -> Result<(), StoreError> {
    stage_as(batch, ledger, chunk, recipients, &vec![State::FRESH; recipients.users.len()])
}

/// The same with rows in these states.
pub fn stage_as(
    batch: &mut Batch,
    ledger: LedgerId,
    chunk: u32,
    recipients: &Recipients,
    states: &[State],
) -> Result<(), StoreError> {
    write_recipients(batch, ledger, chunk, recipients)?;
    write_states(batch, ledger, chunk, states)
}

/// Every row of a ledger with its user and state, in order.
pub fn rows(store: &dyn Store, ledger: &Ledger, mut each: impl FnMut(RowId, UserId, &State)) -> Result<(), StoreError> {
    for chunk in 0..ledger.chunks() {
        let recipients = read_recipients(store, ledger.id, chunk)?;
        let states = read_states(store, ledger.id, chunk)?;
        for ((index, user), state) in (0u32..).zip(&recipients.users).zip(&states) {
            each(RowId { ledger: ledger.id, chunk, index }, UserId(*user), state);
        }
    }
    Ok(())
}

/// Every row of a ledger that edits or deletes messages: the user, the message's
/// id and the state, in order.
pub fn targets(
    store: &dyn Store,
    ledger: &Ledger,
    mut each: impl FnMut(UserId, i32, &State),
) -> Result<(), StoreError> {
    for chunk in 0..ledger.chunks() {
        let recipients = read_recipients(store, ledger.id, chunk)?;
        let states = read_states(store, ledger.id, chunk)?;
        for ((user, target), state) in recipients.users.iter().zip(&recipients.targets).zip(&states) {
            each(UserId(*user), *target, state);
        }
    }
    Ok(())
}

pub(in crate::outbox) fn write_recipients(
    batch: &mut Batch,
    ledger: LedgerId,
    chunk: u32,
    recipients: &Recipients,
) -> Result<(), StoreError> {
    batch.put(ledger.chunk_key(b'i', chunk), encode(RECIPIENTS, recipients)?);
    Ok(())
}

pub(in crate::outbox) fn write_states(
    batch: &mut Batch,
    ledger: LedgerId,
    chunk: u32,
    states: &[State],
) -> Result<(), StoreError> {
    batch.put(ledger.chunk_key(b'o', chunk), encode(STATES, &states)?);
    Ok(())
}

pub(in crate::outbox) fn read_recipients(
    store: &dyn Store,
    ledger: LedgerId,
    chunk: u32,
) -> Result<Recipients, StoreError> {
    let (bytes, what) = read(store, b'i', ledger, chunk)?;
    match bytes.first() {
        Some(&super::old::RECIPIENTS) => super::old::recipients(&bytes, &what),
        Some(&super::old::LATER_RECIPIENTS) => super::old::later_recipients(&bytes, &what),
        Some(_) | None => decode(RECIPIENTS, &bytes, &what),
    }
}

pub(in crate::outbox) fn read_states(
    store: &dyn Store,
    ledger: LedgerId,
    chunk: u32,
) -> Result<Vec<State>, StoreError> {
    let (bytes, what) = read(store, b'o', ledger, chunk)?;
    decode(STATES, &bytes, &what)
}

fn read(store: &dyn Store, kind: u8, ledger: LedgerId, chunk: u32) -> Result<(Vec<u8>, String), StoreError> {
    let what = format!("chunk {chunk} of ledger {ledger}");
    match store.get(&ledger.chunk_key(kind, chunk))? {
        Some(bytes) => Ok((bytes, what)),
        None => Err(StoreError::Damaged { what: format!("{what} is missing") }),
    }
}

impl Ledger {
    /// The number of chunks.
    pub fn chunks(&self) -> u32 {
        self.rows.div_ceil(CHUNK_ROWS as u32)
    }
}
