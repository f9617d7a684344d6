//! Starting, steering and counting broadcasts.
//!
//! Starting takes a snapshot of the audience (`start`): one row per recipient,
//! keyed by (broadcast, occurrence, user), all of them durable before the run's
//! head says `running`. A process that dies in between leaves a run that is
//! still `preparing`, which the next start of the outbox removes; so a started
//! broadcast has all its rows, and one that was not acknowledged has none.

mod arrange;
mod breakdown;
mod forecast;
mod recall;
mod report;
mod start;
mod steer;

pub use arrange::Opens;
pub use breakdown::{Breakdown, Delay};
pub use forecast::{Work, forecast};
pub use start::Opening;

use super::EngineError;
use super::calendar::{ApprovalError, CalendarReport};
use crate::model::Text;
use crate::outbox::{Counts, Ledger, PausedBy, Recall};
use crate::rulebook::Rulebook;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A run's head and its rows by state.
type Run = (Ledger, Counts);

/// A broadcast of the rulebook or of the past, with its latest run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BroadcastStatus {
    /// The name in rule files.
    pub name: String,
    /// Whether the rulebook in force has it.
    pub defined: bool,
    /// The latest run, if there was one.
    pub run: Option<RunReport>,
    /// When it starts by itself, and what it waits for.
    pub calendar: Option<CalendarReport>,
    /// How the latest recall of that run stands, if there was one.
    pub recall: Option<RecallReport>,
}

/// What becomes of messages that are taken back or changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecallReport {
    /// Whether they are deleted or edited.
    pub how: Recall,
    /// The figures; `sent` counts what is done.
    pub run: RunReport,
}

/// One run of a broadcast in figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// Which run of it, from 1.
    pub occurrence: u32,
    /// `running`, `paused`, `cancelled` or `finished`.
    pub state: RunState,
    /// Who paused it, while it is paused.
    pub paused_by: Option<PausedBy>,
    /// When it was started, in RFC 3339.
    pub started: String,
    /// When its last row was done.
    pub finished: Option<String>,
    /// Messages, sent or not: one for each recipient, or two where the text is
    /// too long to be a caption.
    pub total: u32,
    /// Recipients.
    pub recipients: u32,
    /// Wait for their turn.
    pub queued: u32,
    /// Of these: were tried and will be tried again.
    pub retrying: u32,
    /// Of the waiting: put off by a gate, by gate.
    pub deferred: BTreeMap<String, u32>,
    /// Under way.
    pub under_way: u32,
    /// Confirmed by Telegram.
    pub sent: u32,
    /// May or may not have arrived; never sent again.
    pub in_doubt: u32,
    /// Will not be sent because the run was cancelled.
    pub cancelled: u32,
    /// Refused by Telegram, by kind.
    pub failed: BTreeMap<String, u32>,
    /// Stopped by a gate, by reason.
    pub skipped: BTreeMap<String, u32>,
    /// Recipients who blocked the bot within a day of the message.
    pub blocked_after: u32,
    /// Presses of the messages' buttons.
    pub clicked: u32,
    /// Messages that go out first and are watched, if it has a canary.
    pub canary: Option<u32>,
    /// When the rest may follow, once the canary is done, in RFC 3339.
    pub rest_from: Option<String>,
    /// Messages a second over the last ten seconds, while an engine runs.
    pub rate: Option<f64>,
    /// Seconds to the end at the allowed rate, while an engine runs.
    pub eta_seconds: Option<u64>,
}

/// The state of a run as people see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Goes out, or will as soon as an engine runs.
    Running,
    /// Waits for `resume`.
    Paused,
    /// Ended by a person.
    Cancelled,
    /// Every row is done.
    Finished,
}

/// What was asked of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Steer {
    /// Hold what has not gone out.
    Pause,
    /// Go on.
    Resume,
    /// Never send what has not gone out.
    Cancel,
}

/// Why a broadcast was not started or steered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BroadcastError {
    /// No such broadcast in the rulebook.
    #[error("there is no broadcast `{name}`")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The nearest name there is.
        nearest: Option<String>,
    },
    /// It uses a key that this version checks and does not act on.
    #[error("`{name}` uses `{key}`, which this version does not act on")]
    Beyond {
        /// Its name.
        name: String,
        /// The key.
        key: String,
    },
    /// It goes out right now or is paused.
    #[error("`{name}` is under way already")]
    UnderWay {
        /// Its name.
        name: String,
    },
    /// It went out before, and sending twice must be meant.
    #[error("`{name}` was sent before")]
    SentBefore {
        /// Its name.
        name: String,
        /// Which run that was.
        occurrence: u32,
    },
    /// There is no run to steer.
    #[error("`{name}` was never started")]
    NeverStarted {
        /// Its name.
        name: String,
    },
    /// It must be over before its messages can be taken back.
    #[error("`{name}` is still going out")]
    StillGoing {
        /// Its name.
        name: String,
    },
    /// No message of the latest run can be changed any more.
    #[error("`{name}` has sent nothing that can be taken back")]
    NothingToRecall {
        /// Its name.
        name: String,
    },
    /// The run is not in a state from which this is possible.
    #[error("`{name}` is {state:?}")]
    WrongState {
        /// Its name.
        name: String,
        /// The state it is in.
        state: RunState,
    },
    /// The answer to a question whether to start it has no effect.
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    /// Trouble.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Whether another run of the same broadcast is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Again {
    /// It may have been sent before.
    Allow,
    /// It must not have been.
    Refuse,
}

impl RunState {
    /// The state in a word.
    pub fn text(self) -> Text {
        match self {
            Self::Running => Text::new("running", "идёт"),
            Self::Paused => Text::new("paused", "на паузе"),
            Self::Cancelled => Text::new("cancelled", "отменена"),
            Self::Finished => Text::new("finished", "завершена"),
        }
    }
}

impl RunReport {
    /// Whether anything may still come of it.
    pub fn is_open(&self) -> bool {
        match self.state {
            RunState::Running | RunState::Paused => true,
            RunState::Cancelled | RunState::Finished => false,
        }
    }

    /// Rows of which nothing more will come.
    pub fn done(&self) -> u32 {
        self.total - self.queued - self.under_way
    }

    /// All rows that Telegram refused.
    pub fn failed_total(&self) -> u32 {
        self.failed.values().sum()
    }

    /// All rows that a gate stopped.
    pub fn skipped_total(&self) -> u32 {
        self.skipped.values().sum()
    }
}

fn unknown(rulebook: &Rulebook, name: &str) -> BroadcastError {
    let known = rulebook.broadcasts().iter().map(|b| &*b.name);
    let nearest = crate::diagnostic::nearest(name, known).map(str::to_owned);
    BroadcastError::Unknown { name: name.into(), nearest }
}
