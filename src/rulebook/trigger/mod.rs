//! Triggers, schedules, moments and goals: the small phrases of rule files that
//! say when.
//!
//! Text becomes a form (`parse`), a form becomes checked data (`check`): names
//! are ids, times of day exist, a schedule fires at some time or other. Nothing
//! fires here; [`Schedule::next`] is a pure function of the time it is given.

mod check;
mod clock;
mod expected;
mod goal;
mod moment;
mod parse;
mod schedule;

pub(in crate::rulebook) use check::trigger;
pub use clock::{ClockTime, ClockZone};
pub use goal::Goal;
pub(in crate::rulebook) use goal::goal;
pub use moment::Moment;
pub(in crate::rulebook) use moment::moment;
pub use schedule::{Every, Schedule, Weekdays};

use crate::model::{EventId, FieldId, SegmentId, TimeDelta, events};
use regex::Regex;

/// When something is to happen: `when` of a rule, a drip or a task.
#[derive(Clone, Debug)]
pub enum Trigger {
    /// `event payment`
    Event(EventId),
    /// `user enters vip`
    Enters(SegmentId),
    /// `user leaves vip`
    Leaves(SegmentId),
    /// `balance changes`
    Changes(FieldId),
    /// `command /start`: the command without its slash.
    Command(String),
    /// `button offer_details`: the data of the button.
    Button(String),
    /// `text "^hello"`
    Text(Regex),
    /// `unknown message`, `unknown button`
    Unknown(Unknown),
    /// `user joins`
    Joins,
    /// `user blocks bot`
    Blocks,
    /// `user returns`
    Returns,
    /// `3 days before subscription_until`; a length before is negative.
    Due {
        /// The time that it is counted from.
        field: FieldId,
        /// How long after it.
        after: TimeDelta,
    },
    /// `every day at 10:00`
    Schedule(Schedule),
}

/// What a user does that no other trigger of the project names and the bot has
/// not answered by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// Writes or sends something.
    Message,
    /// Presses a button.
    Button,
}

impl Trigger {
    /// The event that `event.` speaks of in conditions and actions of what this
    /// triggers.
    pub fn event(&self) -> Option<EventId> {
        match self {
            Self::Event(event) => Some(*event),
            Self::Command(command) if command == "start" => Some(events::START),
            Self::Command(_) | Self::Text(_) | Self::Unknown(Unknown::Message) => Some(events::MESSAGE),
            Self::Button(_) | Self::Unknown(Unknown::Button) => Some(events::PRESS),
            Self::Joins => Some(events::START),
            Self::Blocks => Some(events::BOT_BLOCKED),
            Self::Returns => Some(events::BOT_RETURNED),
            Self::Enters(_) | Self::Leaves(_) | Self::Changes(_) | Self::Due { .. } | Self::Schedule(_) => None,
        }
    }

    /// The schedule, if it is one.
    pub fn schedule(&self) -> Option<&Schedule> {
        match self {
            Self::Schedule(schedule) => Some(schedule),
            Self::Event(_)
            | Self::Enters(_)
            | Self::Leaves(_)
            | Self::Changes(_)
            | Self::Command(_)
            | Self::Button(_)
            | Self::Text(_)
            | Self::Unknown(_)
            | Self::Joins
            | Self::Blocks
            | Self::Returns
            | Self::Due { .. } => None,
        }
    }
}
