//! One message to one user, as people and programs see it.

use super::occurrence;
use crate::model::{Time, UserId};
use crate::outbox::{Cause, Doubt, Ledger, LedgerStatus, Recall, RowId, State};
use serde::{Deserialize, Serialize};

/// One message to one user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// By which commands name it: `LEDGER:CHUNK:INDEX`.
    pub key: String,
    /// The moment of its state: of one that waits, when it may go.
    pub time: Option<String>,
    /// The user; of a reply, the chat.
    pub user: i64,
    /// `broadcast`, `reply`, `delete`, `edit`, `rule` or `drip`.
    pub cause: String,
    /// The broadcast.
    pub broadcast: Option<String>,
    /// Which run of it.
    pub run: Option<u32>,
    /// The rule, or the drip and its step as `DRIP/STEP`.
    #[serde(default)]
    pub source: Option<String>,
    /// The template.
    pub template: Option<String>,
    /// Which part of the recipient's message, from 0.
    pub part: u8,
    /// The state.
    pub state: RowState,
    /// The kind of failure, the gate, or what left it in doubt.
    pub reason: Option<String>,
    /// Telegram's words.
    pub text: Option<String>,
    /// The ids of the messages in the chat.
    pub message_ids: Vec<i32>,
    /// The version of the rulebook that caused it.
    pub rulebook: String,
    /// The same moment, to compare by.
    #[serde(skip)]
    pub at: Option<Time>,
}

/// The states that people tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowState {
    /// Waits for its turn.
    Queued,
    /// A gate put it off.
    Deferred,
    /// Its request may be under way.
    UnderWay,
    /// Telegram confirmed it.
    Sent,
    /// It may or may not have arrived.
    InDoubt,
    /// It was refused.
    Failed,
    /// A gate said no.
    Skipped,
    /// Its run was cancelled before its turn.
    Cancelled,
}

impl RowState {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Deferred,
        Self::UnderWay,
        Self::Sent,
        Self::InDoubt,
        Self::Failed,
        Self::Skipped,
        Self::Cancelled,
    ];

    /// The name that reports, JSON and the command line use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Deferred => "deferred",
            Self::UnderWay => "under_way",
            Self::Sent => "sent",
            Self::InDoubt => "in_doubt",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

impl Delivery {
    pub(in crate::engine) fn of(ledger: &Ledger, id: RowId, user: UserId, row: &State) -> Self {
        let (state, at) = state_of(ledger, row);
        let (reason, text, message_ids) = outcome(row);
        let at = at.map(|at| ledger.created + at);
        let run = occurrence(ledger);
        Self {
            key: id.to_string(),
            time: at.map(Time::rfc3339),
            user: user.0,
            cause: cause(&ledger.cause).to_owned(),
            broadcast: run.map(|(name, _)| name.to_owned()),
            run: run.map(|(_, run)| run),
            source: source(&ledger.cause),
            template: ledger.template.clone(),
            part: ledger.part(id.position()),
            state,
            reason: reason.map(str::to_owned),
            text: text.filter(|text| !text.is_empty()).map(str::to_owned),
            message_ids,
            rulebook: ledger.rulebook.clone(),
            at,
        }
    }
}

/// The state and its moment, as a length since the ledger was made.
fn state_of(ledger: &Ledger, row: &State) -> (RowState, Option<crate::model::TimeDelta>) {
    let waits = |state| if ledger.status == LedgerStatus::Cancelled { RowState::Cancelled } else { state };
    match row {
        State::Queued { due, .. } => (waits(RowState::Queued), Some(*due)),
        State::Deferred { until, .. } => (waits(RowState::Deferred), Some(*until)),
        State::Leased { .. } => (RowState::UnderWay, None),
        State::Sent { at, .. } | State::SentMany { at, .. } => (RowState::Sent, Some(*at)),
        State::Failed { at, .. } => (RowState::Failed, Some(*at)),
        State::InDoubt { at, .. } => (RowState::InDoubt, Some(*at)),
        State::Skipped { at, .. } => (RowState::Skipped, Some(*at)),
    }
}

fn outcome(row: &State) -> (Option<&str>, Option<&str>, Vec<i32>) {
    match row {
        State::Queued { .. } | State::Leased { .. } => (None, None, Vec::new()),
        State::Deferred { why, .. } => (Some(why.as_str()), None, Vec::new()),
        State::Sent { message, .. } => (None, None, vec![*message]),
        State::SentMany { messages, .. } => (None, None, messages.clone()),
        State::Failed { failure, .. } => (Some(failure.kind.as_str()), Some(&failure.text), Vec::new()),
        State::InDoubt { why, .. } => (Some(doubt(*why)), None, Vec::new()),
        State::Skipped { reason, .. } => (Some(reason.as_str()), None, Vec::new()),
    }
}

fn source(cause: &Cause) -> Option<String> {
    match cause {
        Cause::Rule { name } => Some(name.clone()),
        Cause::Drip { name, step } => Some(format!("{name}/{step}")),
        Cause::Broadcast { .. } | Cause::Reply | Cause::Recall { .. } => None,
    }
}

fn cause(cause: &Cause) -> &'static str {
    match cause {
        Cause::Broadcast { .. } => "broadcast",
        Cause::Reply => "reply",
        Cause::Recall { how: Recall::Delete, .. } => "delete",
        Cause::Recall { how: Recall::Edit, .. } => "edit",
        Cause::Rule { .. } => "rule",
        Cause::Drip { .. } => "drip",
    }
}

fn doubt(why: Doubt) -> &'static str {
    match why {
        Doubt::Timeout => "timeout",
        Doubt::Broken => "connection_broken",
        Doubt::NotJson => "not_json",
        Doubt::Restart => "restart",
    }
}
