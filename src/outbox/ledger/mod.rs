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

mod chunk;
mod counts;
mod old;
mod rails;
mod wave;

pub use chunk::{Particulars, Recipients, rows, stage, stage_as, targets};
pub(super) use chunk::{read_recipients, read_states, write_recipients, write_states};
pub use counts::Counts;
pub use rails::{Rails, Tried};
pub use wave::{Canary, Wave};

use crate::model::{Rate, Time, TimeDelta};
use crate::store::{Batch, Store, StoreError, decode, encode};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Rows in a full chunk.
pub const CHUNK_ROWS: usize = 200;

const VERSION: u8 = 3;

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
    /// Answers of the bot to people who wrote to it, and what it tells admins.
    Reply,
    /// What was sent by a run of a broadcast is taken back or changed.
    Recall {
        /// The broadcast.
        name: String,
        /// Which run of it.
        occurrence: u32,
        /// The ledger of that run.
        of: LedgerId,
        /// What happens to its messages.
        how: Recall,
        /// Whether the text is a message of its own, behind the media.
        text_apart: bool,
    },
    /// A rule.
    Rule {
        /// The rule's name in the rulebook.
        name: String,
    },
    /// A step of a drip.
    Drip {
        /// The drip's name in the rulebook.
        name: String,
        /// The step's name in the drip.
        step: String,
    },
}

/// What happens to messages that were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recall {
    /// They are deleted.
    Delete,
    /// Their text and buttons become what the template says now.
    Edit,
}

/// Which rows go first. The order of the variants is the order of priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Answers and the panel.
    Reply,
    /// What somebody waits for, such as a receipt.
    Transactional,
    /// What rules and drips send.
    Rule,
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
    /// Messages were refused for their content.
    ContentErrors,
    /// Too many recipients block the bot.
    Blocks,
    /// Too many messages fail.
    Failures,
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
    /// Of two ledgers in a lane the one with the greater goes first.
    pub priority: i32,
    /// Rows a recipient gets, one after the other: 1, or 2 where a text is too
    /// long to be a caption.
    pub parts: u8,
    /// Whether consent, quiet hours and caps hold for it.
    pub marketing: bool,
    /// The template of its messages, if they have one.
    pub template: Option<String>,
    /// What it is about, if users can opt out of that apart.
    pub topic: Option<String>,
    /// Parts that open later than others, in order; none: all rows are open.
    pub waves: Vec<Wave>,
    /// The rows that are watched before the others may go.
    pub canary: Option<Canary>,
    /// When it pauses by itself.
    pub rails: Rails,
    /// Recipients who blocked the bot within a day of its message.
    pub blocked_after: u32,
    /// Presses of its messages' buttons.
    pub clicked: u32,
    /// Stars that it may spend on going faster than the free limit, and those
    /// spent, in tenths.
    pub paid: Option<(u32, u32)>,
    /// Until when further rows may be added; absent: never more.
    pub open_until: Option<Time>,
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

impl Cause {
    /// The broadcast and which run of it, if it is one.
    pub fn broadcast(&self) -> Option<(&str, u32)> {
        match self {
            Self::Broadcast { name, occurrence } => Some((name, *occurrence)),
            Self::Reply | Self::Recall { .. } | Self::Rule { .. } | Self::Drip { .. } => None,
        }
    }
}

impl Cause {
    /// Whether it is one run of a broadcast or takes one back or changes it:
    /// something that a person starts and that ends.
    pub fn is_run(&self) -> bool {
        match self {
            Self::Broadcast { .. } | Self::Recall { .. } => true,
            Self::Reply | Self::Rule { .. } | Self::Drip { .. } => false,
        }
    }

    /// Whether rows come one by one, as rules and drips decide.
    pub fn is_posted(&self) -> bool {
        match self {
            Self::Rule { .. } | Self::Drip { .. } => true,
            Self::Broadcast { .. } | Self::Recall { .. } | Self::Reply => false,
        }
    }
}

impl Lane {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Reply, Self::Transactional, Self::Rule, Self::Broadcast];

    /// The name that reports and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Transactional => "transactional",
            Self::Rule => "rule",
            Self::Broadcast => "broadcast",
        }
    }
}

impl fmt::Display for LedgerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Ledger {
    /// A ledger of `rows` rows that goes out as soon as it can, with nothing
    /// asked for.
    pub fn new(id: LedgerId, cause: Cause, lane: Lane, created: Time, rows: u32) -> Self {
        Self {
            id,
            cause,
            lane,
            in_doubt: InDoubtPolicy::Skip,
            status: LedgerStatus::Running,
            created,
            finished: None,
            rulebook: String::new(),
            rows,
            rate: None,
            expires: None,
            summary: None,
            priority: 0,
            parts: 1,
            marketing: false,
            template: None,
            topic: None,
            waves: Vec::new(),
            canary: None,
            rails: Rails::default(),
            blocked_after: 0,
            clicked: 0,
            paid: None,
            open_until: None,
        }
    }

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
        match bytes.first() {
            Some(&old::LEDGER) => old::ledger(bytes),
            Some(&old::LATER_LEDGER) => old::later_ledger(bytes),
            _ => decode(VERSION, bytes, "ledger"),
        }
    }

    /// Which part of its recipient's message a row is, from 0.
    pub fn part(&self, position: u32) -> u8 {
        u8::try_from(position % u32::from(self.parts.max(1))).unwrap_or(0)
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
