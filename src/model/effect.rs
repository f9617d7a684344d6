//! What follows from a decision: plain data, with every value worked out.
//!
//! Rules, steps of drips and scripts say what they want in these words; one
//! function applies them. Names that live shorter than a rulebook are ids; what
//! may have to wait in the store goes by name.

use super::{DripId, EventId, FieldId, PropertyId, Time, TimeDelta, Value};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One thing that is done for one user.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The field is this; missing clears it.
    Set(FieldId, Value),
    /// So much more.
    Add(FieldId, Value),
    /// One tag more, if it was not there.
    Tag(Arc<str>),
    /// One tag less.
    Untag(Arc<str>),
    /// A personal discount, from now on.
    Discount {
        /// 1 to 100.
        percent: u8,
        /// How long it lasts.
        lasts: TimeDelta,
    },
    /// A message.
    Send(Box<Sending>),
    /// The user enters a drip.
    Start(DripId),
    /// The user leaves a drip.
    Stop(DripId),
    /// Something happens, by the place of its properties; none is missing.
    Emit(EventId, Vec<(PropertyId, Value)>),
    /// The admins are told.
    Notify(String),
    /// A line in the log.
    Log(String),
    /// Work that is done apart.
    Chore(Chore),
}

/// A message that somebody is to get.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sending {
    /// The template.
    pub template: String,
    /// What it is about, if users can opt out of that apart.
    pub topic: Option<String>,
    /// Not before this moment; at once if absent.
    pub not_before: Option<Time>,
    /// Of two messages the one with the greater goes first.
    pub priority: i32,
    /// How long it is worth sending, from the moment at which it may go.
    pub expires: Option<TimeDelta>,
    /// Whether it reaches users who opted out of marketing.
    pub transactional: bool,
    /// Values for the template, as `vars.NAME`.
    pub vars: Vec<(String, Value)>,
}

/// Work that takes its time and is done once, apart from the decision that
/// asked for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Chore {
    /// A run of a broadcast.
    Broadcast(String),
    /// A report to the admins about the time up to now.
    Report {
        /// How much time.
        period: TimeDelta,
    },
    /// An object for somebody else's server.
    Webhook {
        /// The address.
        url: String,
        /// The fields of the object.
        body: Vec<(String, Value)>,
    },
    /// What is older is forgotten.
    Cleanup {
        /// What happened to users.
        events: Option<TimeDelta>,
        /// What was sent to them.
        deliveries: Option<TimeDelta>,
        /// What the engine measured of itself.
        metrics: Option<TimeDelta>,
    },
    /// A copy of the store.
    Backup {
        /// How many copies are kept; at least one.
        keep: u16,
    },
}
