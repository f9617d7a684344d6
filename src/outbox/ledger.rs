//! Ledgers: the rows of one cause, as they stand in the store.
//!
//! A row is a logical record. On disk the rows of a ledger stand in chunks of
//! [`CHUNK_ROWS`], each in two records: the recipients, written once, and the
//! states, rewritten as they change (two or three bytes a row that waits,
//! about ten when it is done). So a campaign leaves a handful of records that
//! never churn instead of one or two for each message.
//!
//! | key | record |
//! | --- | --- |
//! | `l` + ledger | [`Ledger`] |
//! | `i` + ledger + chunk | [`Recipients`] |
//! | `o` + ledger + chunk | the states, `Vec<State>` |

use super::row::{FailureKind, RowId, SkipReason, State};
use crate::model::{Message, Rate, Time, TimeDelta, UserId};
use crate::store::{Batch, Store, StoreError, decode, encode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Rows in a full chunk.
pub const CHUNK_ROWS: usize = 200;

const VERSION: u8 = 1;

/// A ledger's number; later ledgers have higher ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LedgerId(pub u64);

/// Why there are rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// One run of a broadcast; `occurrence` counts its runs from 1.
    Broadcast {
        /// The broadcast's name in the rulebook.
        name: String,
        /// Which run of it.
        occurrence: u32,
    },
    /// Answers of the bot to people who wrote to it.
    Reply,
}

/// Which rows go first. The order of the variants is the order of priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Answers and the panel.
    Reply,
    /// Broadcasts.
    Broadcast,
}

/// What happens to a row of which nobody knows whether it arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InDoubtPolicy {
    /// It stays in doubt: better never than twice.
    Skip,
    /// It is sent again: better twice than never.
    Resend,
}

/// Who paused a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PausedBy {
    /// A person.
    Admin,
    /// The first messages were all refused for their content.
    ContentErrors,
}

/// The state of a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerStatus {
    /// Its rows are being written; found at start-up it is removed.
    Preparing,
    /// Its rows go out.
    Running,
    /// Its rows wait.
    Paused(PausedBy),
    /// Rows that had not gone out will not.
    Cancelled,
    /// Every row is final.
    Finished,
}

/// The head of a ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Its number.
    pub id: LedgerId,
    /// Why there are rows.
    pub cause: Cause,
    /// Their priority.
    pub lane: Lane,
    /// What to do with doubt.
    pub in_doubt: InDoubtPolicy,
    /// The state.
    pub status: LedgerStatus,
    /// When it was made; the rows' times count from here.
    pub created: Time,
    /// When its last row became final.
    pub finished: Option<Time>,
    /// The version of the rulebook that caused it.
    pub rulebook: String,
    /// Number of rows.
    pub rows: u32,
    /// A rate of its own, below the bot's: count and milliseconds.
    pub rate: Option<(u32, i64)>,
    /// Rows not sent by then are skipped.
    pub expires: Option<Time>,
    /// The counts, once every row is final.
    pub summary: Option<Counts>,
}

/// Who gets the rows of a chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipients {
    /// The users, or for replies the chats.
    pub users: Vec<i64>,
    /// The messages, one a row, where they are known beforehand (replies);
    /// empty where a template is rendered when its turn comes.
    pub messages: Vec<Message>,
}

/// How many rows are in which state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Wait for their turn (of a cancelled ledger: were cancelled).
    pub queued: u32,
    /// Under way.
    pub leased: u32,
    /// Confirmed by Telegram.
    pub sent: u32,
    /// May or may not have arrived.
    pub in_doubt: u32,
    /// Waiting for another attempt (they are queued as well).
    pub retrying: u32,
    /// Refused, by kind.
    pub failed: BTreeMap<FailureKind, u32>,
    /// Not sent because a gate said no, by reason.
    pub skipped: BTreeMap<SkipReason, u32>,
}

impl LedgerId {
    /// The key of the ledger's head.
    pub fn key(self) -> Vec<u8> {
        [b"l", &self.0.to_be_bytes()[..]].concat()
    }

    pub(super) fn chunk_key(self, kind: u8, chunk: u32) -> Vec<u8> {
        [&[kind][..], &self.0.to_be_bytes(), &chunk.to_be_bytes()].concat()
    }

    fn prefix(self, kind: u8) -> Vec<u8> {
        [&[kind][..], &self.0.to_be_bytes()].concat()
    }
}

impl fmt::Display for LedgerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Ledger {
    /// The length of time since the ledger was made.
    pub fn since(&self, now: Time) -> TimeDelta {
        now - self.created
    }

    /// The ledger's own rate.
    pub fn own_rate(&self) -> Option<Rate> {
        self.rate.map(|(count, per)| Rate { count, per: TimeDelta(per) })
    }

    /// Whether a ledger in this state may be given that one.
    pub fn can_become(&self, status: LedgerStatus) -> bool {
        use LedgerStatus::{Cancelled, Finished, Paused, Preparing, Running};
        match (self.status, status) {
            (Running, Paused(_)) | (Paused(_), Running) | (Running | Paused(_), Cancelled) => true,
            (Preparing | Running | Paused(_) | Cancelled | Finished, _) => false,
        }
    }

    /// The number of chunks.
    pub fn chunks(&self) -> u32 {
        self.rows.div_ceil(CHUNK_ROWS as u32)
    }

    /// Adds the head to a batch.
    pub fn write(&self, batch: &mut Batch) -> Result<(), StoreError> {
        batch.put(self.id.key(), encode(VERSION, self)?);
        Ok(())
    }

    /// Reads all heads, oldest first.
    pub fn read_all(store: &dyn Store) -> Result<Vec<Self>, StoreError> {
        store.scan(b"l", b"").map(|pair| Self::from_bytes(&pair?.1)).collect()
    }

    /// The head in a record.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        decode(VERSION, bytes, "ledger")
    }

    /// Adds to a batch what removes the ledger and all its rows.
    pub fn erase(&self, store: &dyn Store, batch: &mut Batch) -> Result<(), StoreError> {
        for kind in *b"io" {
            for pair in store.scan(&self.id.prefix(kind), b"") {
                batch.delete(pair?.0);
            }
        }
        batch.delete(self.id.key());
        Ok(())
    }
}

impl Counts {
    /// Adds or removes one row in `state`.
    pub fn note(&mut self, state: &State, by: i32) {
        let slot = match state {
            State::Queued { attempts, .. } => {
                if *attempts > 0 {
                    self.retrying = self.retrying.saturating_add_signed(by);
                }
                &mut self.queued
            }
            State::Leased { .. } => &mut self.leased,
            State::Sent { .. } => &mut self.sent,
            State::Failed { failure, .. } => self.failed.entry(failure.kind).or_default(),
            State::InDoubt { .. } => &mut self.in_doubt,
            State::Skipped { reason, .. } => self.skipped.entry(*reason).or_default(),
        };
        *slot = slot.saturating_add_signed(by);
    }

    /// Rows of which nothing more will come by themselves.
    pub fn is_done(&self) -> bool {
        self.queued == 0 && self.leased == 0
    }

    /// All refused rows.
    pub fn failed_total(&self) -> u32 {
        self.failed.values().sum()
    }

    /// All rows that a gate stopped.
    pub fn skipped_total(&self) -> u32 {
        self.skipped.values().sum()
    }

    /// Counts the rows of a ledger as they stand in the store.
    pub fn read(store: &dyn Store, ledger: &Ledger) -> Result<Self, StoreError> {
        if let Some(summary) = &ledger.summary {
            return Ok(summary.clone());
        }
        let mut counts = Self::default();
        for chunk in 0..ledger.chunks() {
            for state in read_states(store, ledger.id, chunk)? {
                counts.note(&state, 1);
            }
        }
        Ok(counts)
    }
}

/// Adds to a batch the chunk number `chunk` of a new ledger, with every row
/// queued.
pub fn stage(batch: &mut Batch, ledger: LedgerId, chunk: u32, recipients: &Recipients) -> Result<(), StoreError> {
    write_recipients(batch, ledger, chunk, recipients)?;
    write_states(batch, ledger, chunk, &vec![State::FRESH; recipients.users.len()])
}

pub(super) fn write_recipients(
    batch: &mut Batch,
    ledger: LedgerId,
    chunk: u32,
    recipients: &Recipients,
) -> Result<(), StoreError> {
    batch.put(ledger.chunk_key(b'i', chunk), encode(VERSION, recipients)?);
    Ok(())
}

pub(super) fn write_states(
    batch: &mut Batch,
    ledger: LedgerId,
    chunk: u32,
    states: &[State],
) -> Result<(), StoreError> {
    batch.put(ledger.chunk_key(b'o', chunk), encode(VERSION, &states)?);
    Ok(())
}

pub(super) fn read_recipients(store: &dyn Store, ledger: LedgerId, chunk: u32) -> Result<Recipients, StoreError> {
    read_chunk(store, b'i', ledger, chunk)
}

pub(super) fn read_states(store: &dyn Store, ledger: LedgerId, chunk: u32) -> Result<Vec<State>, StoreError> {
    read_chunk(store, b'o', ledger, chunk)
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

fn read_chunk<T: serde::de::DeserializeOwned>(
    store: &dyn Store,
    kind: u8,
    ledger: LedgerId,
    chunk: u32,
) -> Result<T, StoreError> {
    let what = format!("chunk {chunk} of ledger {ledger}");
    match store.get(&ledger.chunk_key(kind, chunk))? {
        Some(bytes) => decode(VERSION, &bytes, &what),
        None => Err(StoreError::Damaged { what: format!("{what} is missing") }),
    }
}
