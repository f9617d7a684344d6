//! Filling an audience from the store.

use super::state::State;
use crate::model::{FieldId, Reach, Time, builtin};
use crate::rulebook::Rulebook;
use crate::store::{Met, Profiles, Raw, StoreError};
use std::sync::Arc;

impl State {
    /// Everybody in the store.
    pub fn load(rulebook: &Arc<Rulebook>, profiles: &Profiles, now: Time) -> Result<Self, StoreError> {
        let mut state = Self::new(rulebook, now);
        let mut row = 0;
        profiles.for_each_value(&rulebook.schema, |met| match met {
            Met::User(user) => row = state.people.add(user),
            Met::Value(field, value) => state.fill(row, field, &value),
            Met::Total(name, value) => state.facts.fill(row, name, &value),
        })?;
        let people = &state.people;
        state.facts.recall(rulebook, profiles.history(), &|user| people.find(user))?;
        state.grow();
        state.judge_everybody(&state.graph.all());
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
}
