//! What experiments have to do with rows whose turn has come: which variants
//! they show, and which template they turn out to have.
//!
//! A user counts as exposed when the request is about to be written, or would
//! be: the event goes with the transaction that leases the row, and for a ghost
//! with the one that settles it. A message that fails afterwards stays counted,
//! marked so. Labels are for rows under way and are forgotten with them.

use super::Queue;
use crate::model::event::{EXPERIMENT_VERSION, HOW, LEDGER, RULEBOOK, UNDELIVERED_HOW, VARIANT};
use crate::model::{Event, Time, Trace, UserId, Value};
use crate::outbox::row::{RowId, State};
use std::sync::Arc;

/// A variant that a message shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The experiment.
    pub experiment: String,
    /// Its version.
    pub version: u32,
    /// The variant.
    pub variant: String,
    /// The version of the rulebook.
    pub rulebook: String,
}

/// What is known of a row under way besides its ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// Its template, where that depends on the user.
    pub template: Option<String>,
    /// Its variant, as numbers are told apart by.
    pub variant: Option<String>,
    /// What it shows to the user for the first time.
    pub shown: Vec<Shown>,
}

impl Queue {
    /// Notes what is known of a row whose turn has come.
    pub fn label(&mut self, row: RowId, label: Label) {
        self.labels.insert(row, label);
    }

    /// The template of a row.
    pub fn template_of(&self, row: RowId) -> Option<&str> {
        let label = self.labels.get(&row).and_then(|label| label.template.as_deref());
        label.or_else(|| self.runs.get(&row.ledger)?.ledger.template.as_deref())
    }

    /// The request of a row is about to be written, or would be: its user is
    /// exposed to what it shows.
    pub fn expose(&mut self, row: RowId, user: i64, now: Time) {
        self.tell_shown(row, user, now, None);
    }

    /// Forgets what was known of a row that leaves its turn in this state.
    pub(super) fn unlabel(&mut self, row: RowId, state: &State, now: Time) {
        match state {
            State::Leased { .. } => return,
            State::Failed { .. } => {
                let chunk = self.chunks.get(&(row.ledger, row.chunk));
                let user = chunk.and_then(|chunk| chunk.recipients.users.get(row.index as usize).copied());
                self.tell_shown(row, user.unwrap_or_default(), now, Some(UNDELIVERED_HOW));
            }
            State::Queued { .. }
            | State::Deferred { .. }
            | State::Sent { .. }
            | State::SentMany { .. }
            | State::InDoubt { .. }
            | State::Skipped { .. } => {}
        }
        self.labels.remove(&row);
    }

    /// The variant of a row.
    pub(super) fn variant_of(&self, row: RowId) -> Option<&str> {
        self.labels.get(&row)?.variant.as_deref()
    }

    fn tell_shown(&mut self, row: RowId, user: i64, at: Time, how: Option<&str>) {
        let Some(label) = self.labels.get(&row).filter(|_| user > 0) else { return };
        let events: Vec<Event> = label.shown.iter().map(|shown| shown.event(row, UserId(user), at, how)).collect();
        events.into_iter().for_each(|event| self.tell(event));
    }
}

impl Shown {
    /// The event that tells of it. Its id makes a user's first exposure the
    /// only one that counts.
    fn event(&self, row: RowId, user: UserId, at: Time, how: Option<&str>) -> Event {
        let Self { experiment, version, variant, rulebook } = self;
        let name = Trace::Exposed(experiment).name();
        let id: Arc<str> = match how {
            None => format!("{name}:{version}").into(),
            Some(how) => format!("{name}:{version}:{how}").into(),
        };
        let ledger = i64::try_from(row.ledger.0).unwrap_or(i64::MAX);
        let mut properties = vec![
            (VARIANT.into(), Value::text(variant.as_str())),
            (EXPERIMENT_VERSION.into(), Value::Int(i64::from(*version))),
            (RULEBOOK.into(), Value::text(rulebook.as_str())),
            (LEDGER.into(), Value::Int(ledger)),
        ];
        properties.extend(how.map(|how| (HOW.into(), Value::text(how))));
        Event { id, user, name, at, properties }
    }
}
