//! Something that happened to a user: the event itself, as it comes in, is
//! stored and is judged.
//!
//! Like a patch it goes by names, for what is stored outlives the rulebook.
//! Whether the name is declared and the properties have their types is checked
//! where events come in, never here.

use super::{Time, UserId, Value};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What an event of the bot's own tells of a message that was sent; with the
/// name of its template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery<'a> {
    /// The message was delivered.
    Received(&'a str),
    /// A further part of a message was delivered, which counts for nothing but
    /// may have been given the buttons.
    Part(&'a str),
    /// A button of the message was pressed.
    Clicked(&'a str),
    /// The message of a drip that waits for it will not be delivered; counts
    /// for nothing.
    Undelivered(&'a str),
}

impl<'a> Delivery<'a> {
    /// What the name of an event says. A colon stands in no name that rule
    /// files declare, so these are the bot's alone.
    pub fn of(name: &'a str) -> Option<Self> {
        let (kind, template) = name.split_once(':')?;
        match kind {
            RECEIVED => Some(Self::Received(template)),
            PART => Some(Self::Part(template)),
            CLICKED => Some(Self::Clicked(template)),
            UNDELIVERED => Some(Self::Undelivered(template)),
            _ => None,
        }
    }

    /// The name of such an event.
    pub fn name(self) -> Arc<str> {
        let (kind, template) = match self {
            Self::Received(template) => (RECEIVED, template),
            Self::Part(template) => (PART, template),
            Self::Clicked(template) => (CLICKED, template),
            Self::Undelivered(template) => (UNDELIVERED, template),
        };
        [kind, ":", template].concat().into()
    }

    /// Whether conditions can ask how many of these there were.
    pub fn counts(self) -> bool {
        match self {
            Self::Received(_) | Self::Clicked(_) => true,
            Self::Part(_) | Self::Undelivered(_) => false,
        }
    }

    /// The template, if it is about the arrival of a message.
    pub fn arrived(self) -> Option<&'a str> {
        match self {
            Self::Received(template) | Self::Part(template) => Some(template),
            Self::Clicked(_) | Self::Undelivered(_) => None,
        }
    }
}

/// What an event of the engine's own tells of the way of a user through rules
/// and drips. Nothing counts these; they are kept so that it can be told why
/// something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace<'a> {
    /// A rule acted.
    Fired(&'a str),
    /// The user entered a drip.
    Entered(&'a str),
    /// The user left a drip; how, tells [`HOW`].
    Left(&'a str),
    /// What rules made of something had no end, so nothing of it was done; the
    /// name is that of the event, or empty.
    Cascade(&'a str),
    /// A message was about to be sent that shows the user's variant of an
    /// experiment, or would have been.
    Exposed(&'a str),
}

impl<'a> Trace<'a> {
    /// What the name of an event says.
    pub fn of(name: &'a str) -> Option<Self> {
        let (kind, name) = name.split_once(':')?;
        match kind {
            FIRED => Some(Self::Fired(name)),
            ENTERED => Some(Self::Entered(name)),
            LEFT => Some(Self::Left(name)),
            CASCADE => Some(Self::Cascade(name)),
            EXPOSED => Some(Self::Exposed(name)),
            _ => None,
        }
    }

    /// The name of such an event.
    pub fn name(self) -> Arc<str> {
        let (kind, name) = match self {
            Self::Fired(name) => (FIRED, name),
            Self::Entered(name) => (ENTERED, name),
            Self::Left(name) => (LEFT, name),
            Self::Cascade(name) => (CASCADE, name),
            Self::Exposed(name) => (EXPOSED, name),
        };
        [kind, ":", name].concat().into()
    }
}

const FIRED: &str = "fired";
const ENTERED: &str = "entered";
const LEFT: &str = "left";
const CASCADE: &str = "cascade";
const EXPOSED: &str = "exposed";
/// The property of a trace that tells how a user left a drip.
pub const HOW: &str = "how";
/// What [`HOW`] says of a message that was to show a variant and failed.
pub const UNDELIVERED_HOW: &str = "undelivered";
/// The property of a trace with the variant that was shown.
pub const VARIANT: &str = "variant";
/// The property of a trace with the version of the experiment.
pub const EXPERIMENT_VERSION: &str = "version";
/// The property of a trace with the version of the rulebook.
pub const RULEBOOK: &str = "rulebook";

const RECEIVED: &str = "received";
const PART: &str = "part";
const CLICKED: &str = "clicked";
const UNDELIVERED: &str = "undelivered";

/// The property of an event about a delivery that holds the message's id.
pub const MESSAGE: &str = "message";
/// The property of an event about a delivery that holds the ledger's number.
pub const LEDGER: &str = "ledger";
/// The property of an event about the delivery of a drip's message that names
/// the drip and the step.
pub const BY: &str = "by";
/// Of a message or press: the bot has answered it by itself.
pub const ANSWERED: &str = "answered:";

/// One event of one user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Told apart by this: the same id of the same user counts once.
    pub id: Arc<str>,
    /// To whom it happened.
    pub user: UserId,
    /// The name that rule files declare.
    pub name: Arc<str>,
    /// When it happened.
    pub at: Time,
    /// What it tells, by the names of properties; none of the values is missing.
    pub properties: Vec<(Arc<str>, Value)>,
}

impl Event {
    /// The value of a property, if the event tells it.
    pub fn property(&self, name: &str) -> Option<&Value> {
        self.properties.iter().find(|(known, _)| **known == *name).map(|(_, value)| value)
    }

    /// What it tells of a message, if it is one of the bot's own about that.
    pub fn delivery(&self) -> Option<Delivery<'_>> {
        Delivery::of(&self.name)
    }

    /// What it tells of rules and drips, if it is one of the engine's own about
    /// these.
    pub fn trace(&self) -> Option<Trace<'_>> {
        Trace::of(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_about_deliveries_are_told_from_others() {
        for (name, expected) in [
            ("received:hello", Some(Delivery::Received("hello"))),
            ("part:hello", Some(Delivery::Part("hello"))),
            ("clicked:win_back", Some(Delivery::Clicked("win_back"))),
            ("undelivered:win_back", Some(Delivery::Undelivered("win_back"))),
            ("received", None),
            ("press", None),
            ("paid:hello", None),
        ] {
            assert_eq!(Delivery::of(name), expected, "{name}");
            assert!(expected.is_none_or(|delivery| *delivery.name() == *name), "{name}");
        }
    }
}
