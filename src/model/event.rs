//! Something that happened to a user: the event itself, as it comes in, is
//! stored and is judged.
//!
//! Like a patch it goes by names, for what is stored outlives the rulebook.
//! Whether the name is declared and the properties have their types is checked
//! where events come in, never here.

use super::{Time, UserId, Value};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

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
}
