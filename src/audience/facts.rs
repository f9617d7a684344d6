//! The answers to facts for everybody: a column for each that the rulebook
//! asks.
//!
//! Nothing is recorded here yet: every answer is that of a user to whom
//! nothing has happened. Whoever keeps the answers puts them behind these
//! calls, and nothing above changes.

use crate::condition::{self, Fact};
use crate::model::{Event, Time, Value};
use crate::rulebook::Rulebook;
use crate::store::Raw;

/// The answers by fact and row.
#[derive(Clone, Debug, Default)]
pub struct Facts {}

impl Facts {
    /// The answers of a user base of which nothing is recorded.
    pub fn none() -> Self {
        Self {}
    }

    /// Keeps what this rulebook asks, from now on.
    pub(super) fn adopt(&mut self, _rulebook: &Rulebook, _now: Time) {}

    /// Takes a stored total of a new row; see [`crate::store::Total`] for names.
    pub(super) fn fill(&mut self, _row: u32, _name: &str, _value: &Raw<'_>) {}

    /// Notes an event of a row; the facts whose answers have changed by it.
    pub(super) fn record(&mut self, _rulebook: &Rulebook, _row: u32, _event: &Event) -> Vec<Fact> {
        Vec::new()
    }

    /// So many rows.
    pub(super) fn grow(&mut self, _rows: usize) {}

    /// The answers of everybody.
    pub(super) fn column<'a>(&'a self, rulebook: &'a Rulebook, fact: &Fact) -> condition::Column<'a> {
        condition::Column::Same(rulebook.unrecorded(fact))
    }

    /// The answer of one user.
    pub(super) fn value(&self, rulebook: &Rulebook, fact: &Fact, _row: u32) -> Value {
        rulebook.unrecorded(fact).clone()
    }

    /// Lets time pass; the rows whose answers have changed by it.
    pub(super) fn advance(&mut self, _now: Time) -> Vec<(Fact, Vec<u32>)> {
        Vec::new()
    }

    /// Bytes of memory.
    pub(super) fn memory(&self) -> usize {
        0
    }
}
