//! What an audience weighs.

use super::state::State;
use std::sync::Arc;

/// Bytes of memory, part by part; what the standard collections do not tell is
/// estimated.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// The users counted.
    pub users: usize,
    /// Ids and where to find them.
    pub people: usize,
    /// By field, largest first.
    pub fields: Vec<(Arc<str>, usize)>,
    /// Members and unknown of all segments.
    pub segments: usize,
    /// Answers to facts.
    pub facts: usize,
    /// Who is to be judged when.
    pub timers: usize,
}

impl Memory {
    pub(super) fn of(state: &State) -> Self {
        let names = state.rulebook.schema.iter().map(|(_, field)| field.name.clone());
        let mut fields: Vec<_> = names.zip(state.fields.iter().map(|column| column.memory())).collect();
        fields.sort_by(|(_, a), (_, b)| b.cmp(a));
        Self {
            users: state.people.len(),
            people: state.people.memory(),
            fields,
            segments: state.segments.iter().map(|live| live.members.memory() + live.unknown.memory()).sum(),
            facts: state.facts.memory() + state.deals.memory(),
            timers: state.wheel.memory(),
        }
    }

    /// All of it.
    pub fn total(&self) -> usize {
        let fields: usize = self.fields.iter().map(|(_, bytes)| bytes).sum();
        self.people + fields + self.segments + self.facts + self.timers
    }

    /// All of it, for each user.
    pub fn per_user(&self) -> f64 {
        self.total() as f64 / self.users.max(1) as f64
    }
}
