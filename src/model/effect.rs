//! What follows from a decision: plain data, with every value worked out.
//!
//! Rules, steps of drips and scripts say what they want in these words; one
//! function applies them. Names that live shorter than a rulebook are ids; what
//! may have to wait in the store goes by name.

use super::{DripId, EventId, FieldId, PropertyId, Time, TimeDelta, UserId, Value};
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
    /// The same to another user.
    Tell(UserId, EventId, Vec<(PropertyId, Value)>),
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
    /// Values for the template, as `vars.NAME`; and what experiments have to do
    /// with the message, under names that no file can give, see [`Sending::show`].
    pub vars: Vec<(String, Value)>,
}

/// Before the name of an experiment whose variant a message shows.
const SHOWS: &str = ":shows ";
/// Says that a message is a ghost.
const GHOST: &str = ":ghost";

impl Sending {
    /// The message shows a variant of an experiment.
    pub fn show(&mut self, experiment: &str, variant: &str) {
        let name = [SHOWS, experiment].concat();
        self.vars.retain(|(known, _)| *known != name);
        self.vars.push((name, Value::text(variant)));
    }

    /// The message becomes a ghost: it goes the way of all others up to its
    /// request, which is not written. What an experiment does to people is
    /// compared with what happens to those who would have got it.
    pub fn hold_back(&mut self) {
        if !self.is_ghost() {
            self.vars.push((GHOST.to_owned(), Value::Bool(true)));
        }
    }

    /// Whether it is a ghost.
    pub fn is_ghost(&self) -> bool {
        is_ghost(&self.vars)
    }
}

/// The experiments and variants that a message with these values shows.
pub fn shown(vars: &[(String, Value)]) -> impl Iterator<Item = (&str, &str)> {
    vars.iter().filter_map(|(name, value)| match value {
        Value::String(variant) => Some((name.strip_prefix(SHOWS)?, &**variant)),
        _ => None,
    })
}

/// Whether a message with these values is a ghost.
pub fn is_ghost(vars: &[(String, Value)]) -> bool {
    vars.iter().any(|(name, _)| name == GHOST)
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
