//! Everything that an audience keeps, behind its lock: people, columns, live
//! segments; and what a patch or an event does to one user.

use super::bits::Bits;
use super::column::Column;
use super::deals::Deals;
use super::facts::Facts;
use super::graph::{Graph, Item, Ranks, ranks};
use super::people::People;
use super::row::Known;
use super::wheel::Wheel;
use super::{Changes, Seat, SegmentSize};
use crate::condition::Truth;
use crate::model::{Event, FieldId, Patch, Reach, SegmentId, Time, UserId, Value, builtin};
use crate::rulebook::Rulebook;
use crate::store::Raw;
use std::sync::{Arc, Mutex, PoisonError};

/// The columns of everybody.
pub(super) struct State {
    pub rulebook: Arc<Rulebook>,
    pub graph: Graph,
    pub people: People,
    /// By field; that of `id` stays empty, for people have it.
    pub fields: Vec<Column>,
    pub segments: Vec<Live>,
    pub facts: Facts,
    pub deals: Deals,
    pub wheel: Wheel,
    /// The latest moment that was told.
    pub now: Time,
    /// When time was let pass last.
    pub advanced: Time,
    /// Reused from row to row.
    pub known: Mutex<Known>,
}

/// Who is in a segment now.
#[derive(Clone, Debug, Default)]
pub(super) struct Live {
    pub members: Bits,
    /// Those for whom the condition is unknown.
    pub unknown: Bits,
    pub size: SegmentSize,
}

impl State {
    /// Nobody, under this rulebook.
    pub fn new(rulebook: &Arc<Rulebook>, now: Time) -> Self {
        let column = |field: &crate::model::Field| Column::new(&field.ty, &field.default);
        Self {
            graph: Graph::new(rulebook),
            people: People::default(),
            fields: rulebook.schema.iter().map(|(_, field)| column(field)).collect(),
            segments: vec![Live::default(); rulebook.segments().len()],
            facts: Facts::of(rulebook, &[], now),
            deals: Deals::new(rulebook),
            wheel: Wheel::default(),
            now,
            advanced: now,
            known: Mutex::new(Known::new(rulebook)),
            rulebook: rulebook.clone(),
        }
    }

    /// The value of a field, as it is kept.
    pub fn value(&self, id: FieldId, row: u32) -> Value {
        match id {
            builtin::ID => self.people.user(row).map_or(Value::Missing, |user| Value::Int(user.0)),
            id => self.fields.get(usize::from(id.0)).map_or(Value::Missing, |column| column.get(row as usize)),
        }
    }

    /// What a segment's condition says, as it is kept.
    pub fn truth(&self, id: SegmentId, row: u32) -> Truth {
        self.segments.get(usize::from(id.0)).map_or(Truth::False, |live| live.truth(row))
    }

    /// Gives every column as many rows as there are people.
    pub fn grow(&mut self) {
        let rows = self.people.len();
        self.fields.iter_mut().for_each(|column| column.grow(rows));
        for live in &mut self.segments {
            live.members.resize(rows, false);
            live.unknown.resize(rows, false);
        }
        self.facts.grow(rows);
        self.deals.grow(rows);
        self.wheel.grow(rows);
    }

    /// Notes what time it is.
    pub fn tell(&mut self, now: Time) {
        if now > self.now {
            self.now = now;
            self.scratch().pass();
        }
    }

    /// Applies a patch as the store does: names that are not declared are left
    /// out, a value that does not fit is a missing one.
    pub fn apply(&mut self, user: UserId, patch: &Patch, now: Time) -> Changes {
        self.tell(now);
        let (row, new) = self.people.find_or_add(user);
        if new {
            self.grow();
        }
        let mut before: Vec<(FieldId, Value)> = Vec::new();
        for (name, value) in &patch.sets {
            self.set(row, name, value, &mut before);
        }
        let mut changes = Changes { new, ..Changes::of(user) };
        let mut dirty = if new { self.graph.all() } else { Ranks::new() };
        for (id, old) in before {
            let value = self.value(id, row);
            if value != old {
                dirty.extend(self.graph.readers(Item::Field(id)));
                changes.fields.push((id, old, value));
            }
        }
        self.settle(row, &ranks(dirty), &mut changes);
        changes
    }

    fn set(&mut self, row: u32, name: &str, value: &Value, before: &mut Vec<(FieldId, Value)>) {
        let schema = &self.rulebook.schema;
        let Some(id) = schema.find(name) else { return };
        // The row holds the id, `blocked` follows, and derived fields are judged.
        if matches!(id, builtin::ID | builtin::BLOCKED) || schema.is_derived(id) {
            return;
        }
        let fitting = if value.fits(&schema.field(id).ty) { Raw::from(value) } else { Raw::Missing };
        self.put(row, id, &fitting, before);
        if id == builtin::REACH {
            let reach = match self.value(id, row) {
                Value::String(text) => Reach::parse(&text),
                _ => Reach::Reachable,
            };
            let blocked = matches!(reach, Reach::Blocked | Reach::Deactivated);
            self.put(row, builtin::BLOCKED, &Raw::Bool(blocked), before);
        }
    }

    /// Sets a value and remembers what it was at first.
    fn put(&mut self, row: u32, id: FieldId, value: &Raw<'_>, before: &mut Vec<(FieldId, Value)>) {
        if !before.iter().any(|(known, _)| *known == id) {
            before.push((id, self.value(id, row)));
        }
        self.fields[usize::from(id.0)].set(row as usize, value);
    }

    /// Notes an event that was committed: answers to facts, and what reads them.
    pub fn happened(&mut self, event: &Event, now: Time) -> Changes {
        self.tell(now);
        let (row, new) = self.people.find_or_add(event.user);
        if new {
            self.grow();
        }
        let mut changes = Changes { new, ..Changes::of(event.user) };
        let mut dirty = if new { self.graph.all() } else { Ranks::new() };
        for fact in self.facts.record(row, event, &self.rulebook, self.now) {
            dirty.extend(self.graph.asking(&fact));
        }
        self.settle(row, &ranks(dirty), &mut changes);
        changes
    }

    /// Notes where a user stands with a drip.
    pub fn place(&mut self, seat: Seat, now: Time) -> Changes {
        self.tell(now);
        let Seat { user, drip, is_inside, has_finished } = seat;
        let mut changes = Changes::of(user);
        let Some(row) = self.people.find(user) else { return changes };
        let mut dirty = Ranks::new();
        for fact in self.facts.place(row, drip, is_inside, has_finished) {
            dirty.extend(self.graph.asking(&fact));
        }
        if !dirty.is_empty() {
            self.settle(row, &ranks(dirty), &mut changes);
        }
        changes
    }

    /// In a lock for the sake of those who only read: it is never taken.
    pub fn scratch(&mut self) -> &mut Known {
        self.known.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    pub fn truth(&self, row: u32) -> Truth {
        if self.members.get(row as usize) {
            Truth::True
        } else if self.unknown.get(row as usize) {
            Truth::Unknown
        } else {
            Truth::False
        }
    }

    /// Keeps the answer for a row and says what it was.
    pub fn put(&mut self, row: u32, truth: Truth) -> Truth {
        let before = self.truth(row);
        if before == truth {
            return before;
        }
        self.members.put(row as usize, truth == Truth::True);
        self.unknown.put(row as usize, truth == Truth::Unknown);
        self.size.count = self.size.count + u64::from(truth.is_true()) - u64::from(before.is_true());
        let unknown = |truth| u64::from(truth == Truth::Unknown);
        self.size.unknown = self.size.unknown + unknown(truth) - unknown(before);
        before
    }
}
