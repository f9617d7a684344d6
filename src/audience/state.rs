//! Everything that an audience keeps, behind its lock: people, columns, live
//! segments, and what judges them again.

use super::bits::Bits;
use super::column::Column;
use super::facts::Facts;
use super::graph::{Dirty, Graph, Item, next_change};
use super::people::People;
use super::row::{Known, Person, Source};
use super::wheel::Wheel;
use super::{Changes, SegmentSize};
use crate::condition::{Sweep, Truth, midnight};
use crate::model::{Event, FieldId, Patch, Reach, SegmentId, Time, UserId, Value, builtin};
use crate::rulebook::Rulebook;
use crate::store::Raw;
use std::sync::{Arc, Mutex, PoisonError};

const MINUTE: i64 = 60_000;

/// The columns of everybody.
pub(super) struct State {
    pub rulebook: Arc<Rulebook>,
    pub graph: Graph,
    pub people: People,
    /// By field; that of `id` stays empty, for people have it.
    pub fields: Vec<Column>,
    pub segments: Vec<Live>,
    pub facts: Facts,
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
    pub fn new(rulebook: &Arc<Rulebook>, facts: Facts, now: Time) -> Self {
        let column = |field: &crate::model::Field| Column::new(&field.ty, &field.default);
        Self {
            graph: Graph::new(rulebook),
            people: People::default(),
            fields: rulebook.schema.iter().map(|(_, field)| column(field)).collect(),
            segments: vec![Live::default(); rulebook.segments().len()],
            facts,
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
        self.wheel.grow(rows);
    }

    /// Notes what time it is.
    fn tell(&mut self, now: Time) {
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
        let mut dirty = if new { self.graph.all() } else { Dirty::new() };
        for (id, old) in before {
            let value = self.value(id, row);
            if value != old {
                dirty.extend(self.graph.readers(Item::Field(id)));
                changes.fields.push((id, old, value));
            }
        }
        self.settle(row, dirty, &mut changes);
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
        let mut dirty = if new { self.graph.all() } else { Dirty::new() };
        for fact in self.facts.record(&self.rulebook, row, event) {
            dirty.extend(self.graph.asking(&fact));
        }
        self.settle(row, dirty, &mut changes);
        changes
    }

    /// In a lock for the sake of those who only read: it is never taken.
    fn scratch(&mut self) -> &mut Known {
        self.known.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Judges definitions again for one user, and those that read what changes.
    pub fn settle(&mut self, row: u32, mut dirty: Dirty, changes: &mut Changes) {
        let mut known = std::mem::take(self.scratch());
        known.forget();
        let mut next: Option<Time> = None;
        while let Some(rank) = dirty.pop_first() {
            let Some(item) = self.graph.item(rank) else { continue };
            let person = Person::new(self, row, self.now, Source::Live, &known);
            if self.graph.has_moments(rank) {
                next = [next, next_change(&self.rulebook, item, &person)].into_iter().flatten().min();
            }
            let judged = match item {
                Item::Field(id) => Judged::Field(id, self.rulebook.derive(id, &person).unwrap_or_default()),
                Item::Segment(id) => Judged::Segment(id, self.rulebook.judge(id, &person)),
            };
            if self.keep(row, judged, changes) {
                dirty.extend(self.graph.readers(item));
            }
        }
        if let Some(next) = next {
            self.wheel.judge_by(row, next);
        }
        *self.scratch() = known;
    }

    /// Lets time pass: what changed by it, for whom anything did.
    pub fn advance(&mut self, now: Time) -> Vec<Changes> {
        self.tell(now);
        let mut all = Vec::new();
        for (fact, rows) in self.facts.advance(self.now) {
            let dirty: Dirty = self.graph.asking(&fact).iter().copied().collect();
            rows.into_iter().for_each(|row| self.settle_into(row, dirty.clone(), &mut all));
        }
        let swept = self.swept();
        let moving: Dirty = self.graph.moving().collect();
        let due = self.wheel.take(self.now);
        if swept.is_empty() {
            due.into_iter().for_each(|row| self.settle_into(row, moving.clone(), &mut all));
        } else {
            let (mut is_due, rows) = (Bits::clear(self.people.len()), self.people.len());
            due.into_iter().for_each(|row| is_due.put(row as usize, true));
            let both: Dirty = &swept | &moving;
            for row in (0u32..).take(rows) {
                let dirty = if is_due.get(row as usize) { &both } else { &swept };
                self.settle_into(row, dirty.clone(), &mut all);
            }
        }
        self.advanced = self.now;
        all
    }

    /// Those that may have changed for everybody since time was let pass last.
    fn swept(&self) -> Dirty {
        let passed = |length: i64| self.now.0.div_euclid(length) != self.advanced.0.div_euclid(length);
        let zone = &self.rulebook.settings.timezone.zone;
        let mut swept = Dirty::new();
        if passed(MINUTE) {
            swept.extend(self.graph.swept(Sweep::Minute));
        }
        if passed(15 * MINUTE) {
            swept.extend(self.graph.swept(Sweep::Quarter));
        }
        let mut daily = self.graph.swept(Sweep::Midnight).peekable();
        if daily.peek().is_some() && midnight(self.now, zone) != midnight(self.advanced, zone) {
            swept.extend(daily);
        }
        swept
    }

    fn settle_into(&mut self, row: u32, dirty: Dirty, all: &mut Vec<Changes>) {
        let Some(user) = self.people.user(row) else { return };
        let mut changes = Changes::of(user);
        self.settle(row, dirty, &mut changes);
        if !changes.is_empty() {
            all.push(changes);
        }
    }

    /// Keeps an answer; whether it is another than before.
    fn keep(&mut self, row: u32, judged: Judged, changes: &mut Changes) -> bool {
        match judged {
            Judged::Field(id, value) => {
                let before = self.value(id, row);
                if value == before {
                    return false;
                }
                self.fields[usize::from(id.0)].set(row as usize, &Raw::from(&value));
                changes.fields.push((id, before, value));
                true
            }
            Judged::Segment(id, truth) => {
                let Some(live) = self.segments.get_mut(usize::from(id.0)) else { return false };
                let before = live.put(row, truth);
                match (before.is_true(), truth.is_true()) {
                    (false, true) => changes.entered.push(id),
                    (true, false) => changes.left.push(id),
                    (true, true) | (false, false) => return false,
                }
                true
            }
        }
    }
}

/// An answer that is new or the same as before.
enum Judged {
    Field(FieldId, Value),
    Segment(SegmentId, Truth),
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
