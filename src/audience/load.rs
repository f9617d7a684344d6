//! Filling an audience from the store.

use super::facts::Facts;
use super::state::State;
use super::{Changes, graph::Dirty};
use crate::model::{FieldId, Reach, Time, builtin};
use crate::rulebook::Rulebook;
use crate::store::{Met, Profiles, Raw, StoreError};
use std::sync::Arc;

impl State {
    /// Everybody in the store.
    pub fn load(rulebook: &Arc<Rulebook>, profiles: &Profiles, facts: Facts, now: Time) -> Result<Self, StoreError> {
        let mut state = Self::new(rulebook, facts, now);
        state.facts.adopt(rulebook, now);
        let mut row = 0;
        profiles.for_each_value(&rulebook.schema, |met| match met {
            Met::User(user) => row = state.people.add(user),
            Met::Value(field, value) => state.fill(row, field, &value),
            Met::Total(name, value) => state.facts.fill(row, name, &value),
        })?;
        state.grow();
        let everything = state.graph.all();
        state.judge_everybody(&everything);
        Ok(state)
    }

    /// Sets a stored value of a new row.
    pub(super) fn fill(&mut self, row: u32, field: FieldId, value: &Raw<'_>) {
        if self.rulebook.schema.is_derived(field) {
            return;
        }
        self.fields[usize::from(field.0)].set(row as usize, value);
        if let (builtin::REACH, Raw::String(text)) = (field, value) {
            let blocked = matches!(Reach::parse(text), Reach::Blocked | Reach::Deactivated);
            self.fields[usize::from(builtin::BLOCKED.0)].set(row as usize, &Raw::Bool(blocked));
        }
    }

    /// Judges these definitions for everybody. Nobody is told what changes.
    pub(super) fn judge_everybody(&mut self, ranks: &Dirty) {
        for row in (0u32..).take(self.people.len()) {
            if let Some(user) = self.people.user(row) {
                self.settle(row, ranks.clone(), &mut Changes::of(user));
            }
        }
    }
}
