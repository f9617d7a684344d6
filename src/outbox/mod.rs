//! Durable delivery: what is to be sent to whom, when, and what became of it.
//!
//! A *ledger* holds the rows of one cause: one run of a broadcast, or the
//! bot's own replies. A *row* is one message to one user and exists once. The
//! outbox knows chats, messages, times and outcomes, and nothing of rules:
//! whether a row of a broadcast may still be sent, and its text, it asks of a
//! [`Prepare`].
//!
//! ```text
//!            lease (durable)          grant               answer
//!   Queue ──────────────────> pool ──────────> client ──────────> settle (durable)
//!     ^   Prepare: gates, text     Limiter      Telegram              │
//!     └──────────────── deferred: 429, retry with back-off ───────────┘
//! ```
//!
//! The promise: a row is marked leased on disk before its request is written,
//! and settled on disk afterwards. So after a crash the rows whose fate is
//! unknown are exactly the leased ones; nothing else is lost or sent twice.

mod answer;
mod arrived;
mod backoff;
mod calm;
mod client;
mod dry;
mod handle;
mod ledger;
mod limiter;
mod media;
mod notice;
mod outage;
mod posting;
mod prepare;
mod queue;
mod request;
mod row;
mod tally;
mod verdict;
mod worker;

pub use answer::{Answer, Doubt, Refusal, Taken, classify};
pub use calm::Calm;
pub use client::{Client, ClientError};
pub use dry::{Dry, Held, Sent, Unsent};
pub use handle::{Armed, Outbox, OutboxError, OutboxOptions, OutboxStatus, RunStatus, stage_replies};
pub use ledger::{
    CHUNK_ROWS, Canary, Cause, Counts, InDoubtPolicy, Lane, Ledger, LedgerId, LedgerStatus, Particulars, PausedBy,
    Rails, Recall, Recipients, Tried, Wave, rows, stage, stage_as, targets,
};
pub use limiter::{Evidence, Limiter, Paid, Pass, Price, Scope, Spent, scope};
pub use notice::Notice;
pub use posting::{Posted, Posting, last_posting, postings, stage_postings};
pub use prepare::{Ask, Prepare, Prepared, Settled, Show};
pub use queue::{Amend, Depth, Label, Obstacle, Queue, Recovery, Shown, TakenUp};
pub use row::{Failure, FailureKind, RowId, SkipReason, State, tries};
pub use tally::{Day, Entry, Histogram, Numbers, Of, Outcome, Tally, entries, grouped};
