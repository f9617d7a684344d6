//! What was done with an experiment: started again, stopped, or one variant
//! put into effect for everybody.
//!
//! An experiment of the files runs until somebody says otherwise, and a new
//! version of it begins anew:
//!
//! - *running*: variants are dealt and exposures counted;
//! - *stopped*: nobody takes part;
//! - *shipped*: everybody who fits has one variant.
//!
//! From each state a person may go to each of the others. What was counted
//! stays, and what users do within their windows counts in all of them.
//!
//! | key | record |
//! | --- | --- |
//! | `Xd` + experiment | the list of [`Deed`]s, oldest first |

use crate::audience::Deal;
use crate::model::{Text, Time};
use crate::store::{Batch, StoreError, encode};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The kind of the keys.
pub(super) const PREFIX: &[u8] = b"Xd";
pub(super) const RECORD: u8 = 1;
/// So many are kept of an experiment.
const KEPT: usize = 100;

/// Something that was done with an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// When.
    pub at: Time,
    /// What it has been since.
    pub status: Status,
    /// Who did it.
    pub by: By,
    /// The version of the rulebook.
    pub rulebook: Arc<str>,
    /// The version of the experiment.
    pub version: u32,
}

/// What an experiment does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It deals variants.
    #[default]
    Running,
    /// Nobody takes part.
    Stopped,
    /// Everybody who fits has one variant.
    Shipped {
        /// That one.
        variant: Arc<str>,
    },
}

/// Who does something with an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Somebody, by name, if that is known.
    Person(Option<String>),
    /// The engine: a win of an experiment with `auto_ship`.
    AutoShip,
}

impl Status {
    /// What it means for who has which variant.
    pub fn deal(&self) -> Deal {
        match self {
            Self::Running => Deal::Running,
            Self::Stopped => Deal::Stopped,
            Self::Shipped { variant } => Deal::Shipped(variant.clone()),
        }
    }

    /// The status in a few words.
    pub fn text(&self) -> Text {
        match self {
            Self::Running => Text::new("running", "идёт"),
            Self::Stopped => Text::new("stopped", "остановлен"),
            Self::Shipped { variant } => Text::new(format!("shipped `{variant}`"), format!("введён `{variant}`")),
        }
    }
}

/// What a version of an experiment does after these deeds.
pub(super) fn status(deeds: &[Deed], version: u32) -> Status {
    let last = deeds.iter().rfind(|deed| deed.version == version);
    last.map_or(Status::Running, |deed| deed.status.clone())
}

/// Adds a deed; the oldest goes.
pub(super) fn push(deeds: &mut Vec<Deed>, deed: Deed) {
    deeds.push(deed);
    let over = deeds.len().saturating_sub(KEPT);
    deeds.drain(..over);
}

/// Adds the record of an experiment to a batch.
pub(super) fn write(name: &str, deeds: &[Deed], batch: &mut Batch) -> Result<(), StoreError> {
    batch.put([PREFIX, name.as_bytes()].concat(), encode(RECORD, &deeds)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_deed_of_a_version_counts_and_old_ones_go() {
        let deed =
            |at, status, version| Deed { at: Time(at), status, by: By::Person(None), rulebook: "r".into(), version };
        let mut deeds = vec![deed(1, Status::Stopped, 1)];
        assert_eq!(status(&deeds, 1), Status::Stopped);
        assert_eq!(status(&deeds, 2), Status::Running);
        for at in 2..=120 {
            push(&mut deeds, deed(at, Status::Shipped { variant: "b".into() }, 2));
        }
        assert_eq!((deeds.len(), deeds[0].at), (100, Time(21)));
        assert_eq!(status(&deeds, 1), Status::Running);
    }
}
