//! Postings: what the engine's writer wants sent, durable with the change that
//! led to it, until the outbox makes rows of it.
//!
//! Ledgers and chunks belong to the outbox's thread alone, so the writer leaves
//! a record of its own; the batch that writes the rows removes it. A crash
//! leaves the one or the other.
//!
//! | key | record |
//! | --- | --- |
//! | `P` + number | postings in order, `Vec<Posted>` |

use super::ledger::Cause;
use super::row::SkipReason;
use crate::model::{Message, Sending, Time, UserId};
use crate::store::{Batch, Store, StoreError, decode, encode};
use serde::{Deserialize, Serialize};

/// Something that is to be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Posted {
    /// What a rule or a drip sends: it passes the gates when its turn comes.
    Message(Box<Posting>),
    /// A plain message to a chat, such as the admins'; it goes as replies do.
    Note {
        /// The chat.
        chat: i64,
        /// The message.
        message: Message,
    },
}

/// A message that a rule or a drip sends to a user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Posting {
    /// The rule, or the drip and its step.
    pub cause: Cause,
    /// The version of the rulebook that decided it.
    pub rulebook: String,
    /// The message.
    pub sending: Sending,
    /// Messages that its template makes: 1, or 2 where a text is too long to
    /// be a caption.
    pub parts: u8,
    /// Who gets it.
    pub user: UserId,
    /// When it was decided.
    pub at: Time,
    /// Why it is not sent, if that is known already: then its row only says so.
    pub refused: Option<SkipReason>,
    /// Whether a drip wants to hear if it is not delivered.
    pub answers: bool,
}

const PREFIX: &[u8] = b"P";
const VERSION: u8 = 1;

impl Posting {
    /// Until when it may be sent, if that is limited.
    pub fn expires(&self) -> Option<Time> {
        let from = self.sending.not_before.unwrap_or(self.at).max(self.at);
        self.sending.expires.map(|length| from + length)
    }
}

/// Adds to a batch a record of these postings. Numbers rise while a
/// process runs, and none is given twice.
pub fn stage_postings(batch: &mut Batch, number: u64, postings: &[Posted]) -> Result<(), StoreError> {
    batch.put(key(number), encode(VERSION, &postings)?);
    Ok(())
}

/// The highest number of a record in the store; 0 if there is none.
pub fn last_posting(store: &dyn Store) -> Result<u64, StoreError> {
    let mut last = 0;
    for pair in store.scan(PREFIX, PREFIX) {
        last = number_of(&pair?.0).unwrap_or(last);
    }
    Ok(last)
}

/// The records in order; one that is damaged has no postings.
pub fn postings(store: &dyn Store) -> impl Iterator<Item = Result<(u64, Vec<Posted>), StoreError>> + '_ {
    store.scan(PREFIX, b"").filter_map(|pair| match pair {
        Err(error) => Some(Err(error)),
        Ok((key, bytes)) => number_of(&key).map(|number| Ok((number, read(number, &bytes)))),
    })
}

/// What would keep every later posting from being sent is passed over.
fn read(number: u64, bytes: &[u8]) -> Vec<Posted> {
    decode(VERSION, bytes, "postings").unwrap_or_else(|error| {
        tracing::error!(number, %error, "what rules sent cannot be read; it is left out");
        Vec::new()
    })
}

/// Whether a record of the store is one of postings.
pub(super) fn is_posting(key: &[u8]) -> bool {
    number_of(key).is_some()
}

pub(super) fn key(number: u64) -> Vec<u8> {
    [PREFIX, &number.to_be_bytes()].concat()
}

fn number_of(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(key.strip_prefix(PREFIX)?.try_into().ok()?))
}
