//! One row: one message to one user, and the states it goes through.
//!
//! ```text
//!              ┌────────────── 429, proven undelivered ─────────────┐
//!              v                                                    │
//! stage ──> Queued ──lease──> Leased ──answer──> Sent | Failed      │
//!              │                 │ └─────────────────────────────────┘
//!              │                 └──no whole answer, crash──> InDoubt
//!              ├──gate says no──> Skipped
//!              └──gate says later──> Deferred ──its time──> as Queued
//! ```
//!
//! * `Queued`: may be leased from `due` on. Nothing of it is under way.
//! * `Deferred`: queued too; a gate named the moment at which all gates are
//!   asked again. It follows the wall clock, retries do not.
//! * `Leased`: its request may be written at any moment, or has been. Found at
//!   start-up it means that we died meanwhile.
//! * `Sent`, `SentMany`, `Failed`, `Skipped`: final.
//! * `InDoubt`: final. If the ledger's policy is to send again, a row goes back
//!   to `Queued` instead, the first time: see [`RESENT`].
//!
//! A queued row of a cancelled ledger counts as cancelled: cancelling changes
//! the ledger alone. Waiting because Telegram said so is not an attempt.

use super::answer::Doubt;
use super::ledger::{CHUNK_ROWS, LedgerId};
use crate::model::TimeDelta;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a row stands: its ledger, its chunk there and its place in the chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId {
    /// The ledger.
    pub ledger: LedgerId,
    /// The chunk, from 0.
    pub chunk: u32,
    /// The place in the chunk, from 0.
    pub index: u32,
}

/// The state of a row. Times are lengths since the ledger was created, which
/// keeps them small on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Waits to be leased.
    Queued {
        /// Not before this; zero for a row that never waited.
        due: TimeDelta,
        /// Attempts that were proven undelivered.
        attempts: u8,
    },
    /// Its request may be under way.
    Leased {
        /// Attempts before this one.
        attempts: u8,
    },
    /// Telegram confirmed it.
    Sent {
        /// When the answer came.
        at: TimeDelta,
        /// The message's id in its chat.
        message: i32,
    },
    /// Telegram refused it, or the attempts are used up.
    Failed {
        /// When.
        at: TimeDelta,
        /// Why.
        failure: Failure,
    },
    /// It may or may not have been delivered.
    InDoubt {
        /// When that was found.
        at: TimeDelta,
        /// What happened.
        why: Doubt,
    },
    /// A gate said no.
    Skipped {
        /// When.
        at: TimeDelta,
        /// Which gate.
        reason: SkipReason,
    },
    /// Waits for a moment that a gate named.
    Deferred {
        /// That moment.
        until: TimeDelta,
        /// Attempts that were proven undelivered.
        attempts: u8,
        /// Which gate.
        why: SkipReason,
    },
    /// Telegram confirmed it as several messages: an album.
    SentMany {
        /// When the answer came.
        at: TimeDelta,
        /// Their ids in the chat.
        messages: Vec<i32>,
    },
}

/// Why a row failed: a kind to count by and Telegram's own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The kind.
    pub kind: FailureKind,
    /// Telegram's description, or ours; at most 200 characters. Empty where the
    /// kind says it all.
    pub text: String,
}

/// The kinds of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The user blocked the bot.
    Blocked,
    /// The user's account is gone.
    Deactivated,
    /// The user never started the bot, or the chat is unknown to it.
    NeedsStart,
    /// The message itself is refused: markup, length, buttons.
    Content,
    /// This chat alone refuses: kicked out, no right to write.
    Chat,
    /// Every attempt failed before it reached Telegram.
    Attempts,
    /// The message that was to be edited or deleted is gone, or too old.
    Gone,
}

/// Why a row was not sent: a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Its time had passed.
    Expired,
    /// The user blocked the bot.
    Blocked,
    /// The user's account is gone.
    Deactivated,
    /// The user never started the bot.
    NeedsStart,
    /// The user wants no marketing.
    OptedOut,
    /// The template could not be rendered for this user.
    RenderError,
    /// The user is not among those for whom it is (any more).
    NotEligible,
    /// The user has left the drip.
    Exited,
    /// The drip's goal was reached.
    GoalReached,
    /// The user is in the holdout.
    Holdout,
    /// The user's variant gets nothing.
    Control,
    /// It was the user's quiet time, and the policy drops messages then.
    QuietHours,
    /// The user has got as many messages as the policy allows.
    Capped,
    /// The Stars for it are spent.
    Budget,
    /// Its moment passed while nothing was running.
    Missed,
    /// The first part of the message was refused for its content.
    ContentError,
    /// A person took it out of the queue.
    Dropped,
    /// It is for a moment that is still to come; never final.
    Scheduled,
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.ledger, self.chunk, self.index)
    }
}

/// Added to the attempts of a row that was sent again although it may have
/// arrived. That is done once, so nobody ever gets three.
pub const RESENT: u8 = 0x80;

/// How often a row was tried, whatever else its attempts say.
pub const fn tries(attempts: u8) -> u8 {
    attempts & !RESENT
}

impl RowId {
    /// The row that `LEDGER:CHUNK:INDEX` names.
    pub fn parse(key: &str) -> Option<Self> {
        let mut parts = key.split(':');
        let ledger = LedgerId(parts.next()?.parse().ok()?);
        let (chunk, index) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        parts.next().is_none().then_some(Self { ledger, chunk, index })
    }

    /// Whether there is such a place in a chunk.
    pub fn is_place(self) -> bool {
        self.index < CHUNK_ROWS as u32 && self.chunk < u32::MAX / CHUNK_ROWS as u32
    }

    /// The place in the ledger, from 0.
    pub fn position(self) -> u32 {
        self.chunk * CHUNK_ROWS as u32 + self.index
    }
}

impl State {
    /// A row that waits from the start.
    pub const FRESH: Self = Self::Queued { due: TimeDelta(0), attempts: 0 };

    /// Whether nothing more will happen to the row.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Queued { .. } | Self::Leased { .. } | Self::Deferred { .. } => false,
            Self::Sent { .. }
            | Self::SentMany { .. }
            | Self::Failed { .. }
            | Self::InDoubt { .. }
            | Self::Skipped { .. } => true,
        }
    }
}

impl Failure {
    /// A failure with Telegram's words, cut to 200 characters.
    pub fn new(kind: FailureKind, text: &str) -> Self {
        Self { kind, text: text.chars().take(200).collect() }
    }
}

impl SkipReason {
    /// The name that reports and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Blocked => "blocked",
            Self::Deactivated => "deactivated",
            Self::NeedsStart => "needs_start",
            Self::OptedOut => "opted_out",
            Self::RenderError => "render_error",
            Self::NotEligible => "not_eligible",
            Self::Exited => "exited",
            Self::GoalReached => "goal_reached",
            Self::Holdout => "holdout",
            Self::Control => "control",
            Self::QuietHours => "quiet_hours",
            Self::Capped => "capped",
            Self::Budget => "budget",
            Self::Missed => "missed",
            Self::ContentError => "content_error",
            Self::Dropped => "dropped",
            Self::Scheduled => "scheduled",
        }
    }
}

impl FailureKind {
    /// The name that reports and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Deactivated => "deactivated",
            Self::NeedsStart => "needs_start",
            Self::Content => "content_error",
            Self::Chat => "chat_refused",
            Self::Attempts => "attempts_used_up",
            Self::Gone => "message_gone",
        }
    }
}
