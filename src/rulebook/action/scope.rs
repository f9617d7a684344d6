//! What the actions of one list may name.

use crate::diagnostic::Sources;
use crate::model::EventId;
use crate::rulebook::catalogue::{Ids, Names};
use crate::rulebook::check::Product;
use crate::rulebook::script::Scripts;
use crate::rulebook::settings::Settings;
use crate::rulebook::template::Templates;

/// What the actions of one list may name.
#[derive(Clone, Copy)]
pub(in crate::rulebook) struct Scope<'a> {
    /// Every declared name, and the event that `event.` speaks of.
    pub names: Names<'a>,
    /// The templates.
    pub templates: &'a Templates,
    /// The texts of the files.
    pub sources: &'a Sources,
    /// The names of the broadcasts.
    pub broadcasts: &'a Ids,
    /// The names of the topics.
    pub topics: &'a Ids,
    /// The names of the products, …
    pub product_names: &'a Ids,
    /// … and those of them that are sound.
    pub products: &'a [Product],
    /// The scripts.
    pub scripts: &'a Scripts,
    /// The settings.
    pub settings: &'a Settings,
    /// Whom the actions are about.
    pub subject: Subject,
}

/// Whom a list of actions is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One user.
    User,
    /// Nobody: the actions of a task.
    Nobody,
}

impl<'a> Scope<'a> {
    /// The same names while an event is judged, or none.
    pub fn during(self, event: Option<EventId>) -> Self {
        Self { names: Names { event, ..self.names }, ..self }
    }

    /// The same names where there is no user.
    pub fn without_user(self) -> Self {
        Self { subject: Subject::Nobody, ..self }
    }

    /// The names for one condition or expression.
    pub fn names(&self) -> &Names<'a> {
        &self.names
    }
}
