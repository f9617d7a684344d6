//! Counts and sums of events, first and last times, for everybody: columns that
//! are read as fast as plain fields, because they are kept current and never
//! computed for a question.
//!
//! What happened lies in buckets between which no window ever begins, hours for
//! windows of up to 48 hours and days of the project's zone for longer ones.
//! An event changes one row; time changes the rows of the buckets that leave a
//! window, and no other. At every moment an answer is exactly that of the
//! definition: the events with [`Window::start`](crate::condition::Window::start) `<= at <= now`, where `now` is
//! the last moment that [`Series::advance`] was told. An event that is dated
//! ahead of it counts when its time has come.
//!
//! Lifetime answers (`Window::Ever`, first and last) cannot be found again from
//! the events that are kept: they are read from profiles and go on from there.
//! They count an event at once, also one that is dated ahead. No window reaches
//! back more than 100 years.

mod adopt;
mod asked;
mod bucket;
mod grid;
mod narrow;
mod source;
mod upkeep;
mod values;

#[cfg(test)]
mod tests;

use crate::condition::{Column, Fact};
use crate::model::{EventId, Events, PropertyId, TemplateId, Time, TimeDelta, Value};
use asked::{shape, start_of, total};
use bucket::Amount;
use grid::{Grain, Grid};
use jiff::tz::TimeZone;
use source::{Key, Source};
use std::collections::{BTreeMap, HashMap};
use values::Values;

/// The answers to facts about events, by row.
#[derive(Clone, Debug)]
pub struct Series {
    zone: TimeZone,
    now: Time,
    /// The latest moment that was told of; windows move with `now` alone.
    told: Time,
    rows: usize,
    facts: Vec<Kept>,
    places: HashMap<Fact, usize>,
    sources: Vec<Source>,
    /// By kind, and by the id in it.
    listeners: [Vec<Listeners>; 3],
    hours: Grid,
    days: Grid,
    /// What is dated ahead.
    ahead: BTreeMap<Time, Vec<Ahead>>,
}

/// What kind of event happens to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// One that the project declares.
    Event(EventId),
    /// A message of a template was delivered.
    Received(TemplateId),
    /// A button of a template's message was pressed.
    Clicked(TemplateId),
}

/// An event of one row, as far as answers depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Happened<'a> {
    /// Its kind.
    pub kind: Kind,
    /// When it happened.
    pub at: Time,
    /// What it tells.
    pub properties: &'a [(PropertyId, Value)],
}

/// Past events that [`Series::recall`] is to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Their kind.
    pub kind: Kind,
    /// Which properties are needed.
    pub properties: Vec<PropertyId>,
    /// Older ones are not needed.
    pub since: Time,
}

/// Answers that were computed for another moment.
#[derive(Clone, Debug)]
pub struct Answers(Values);

/// A fact and everybody's answers.
#[derive(Clone, Debug)]
struct Kept {
    fact: Fact,
    values: Values,
    /// For a window: from where it is fed, and since when.
    window: Option<(usize, Time)>,
}

/// What an event of one kind changes.
#[derive(Clone, Debug, Default)]
struct Listeners {
    sources: Vec<usize>,
    totals: Vec<usize>,
}

/// What counts when its time has come.
#[derive(Clone, Copy, Debug)]
struct Ahead {
    source: usize,
    row: u32,
    amount: Amount,
}

impl Kind {
    /// Where listeners of the kind stand.
    fn place(self) -> (usize, usize) {
        match self {
            Self::Event(EventId(id)) => (0, id.into()),
            Self::Received(TemplateId(id)) => (1, id.into()),
            Self::Clicked(TemplateId(id)) => (2, id.into()),
        }
    }
}

impl Series {
    /// Keeps nothing yet, as of `now`.
    pub fn new(zone: TimeZone, now: Time) -> Self {
        Self {
            hours: Grid::new(Grain::Hour, zone.clone()),
            days: Grid::new(Grain::Day, zone.clone()),
            zone,
            now,
            told: now,
            rows: 0,
            facts: Vec::new(),
            places: HashMap::new(),
            sources: Vec::new(),
            listeners: Default::default(),
            ahead: BTreeMap::new(),
        }
    }

    /// Keeps the answers to these facts from now on, besides those that are
    /// kept already; facts that are not about events are passed over. What has
    /// happened is then to be shown: see [`Self::wanted`].
    ///
    /// Facts go by the ids of one rulebook; for another one see [`Self::adopt`].
    pub fn extend(&mut self, facts: &[Fact], events: &Events) {
        for fact in facts.iter().filter(|fact| !self.places.contains_key(*fact)).copied().collect::<Vec<_>>() {
            let Some((kind, property, window, mut values)) = shape(&fact, events) else { continue };
            values.resize(self.rows);
            let place = self.facts.len();
            let window = window.map(|length| (self.feed(kind, property, length, place), Time(i64::MAX)));
            if window.is_none() {
                self.listeners_of(kind).totals.push(place);
            }
            if self.places.insert(fact, place).is_none() {
                self.facts.push(Kept { fact, values, window });
            }
        }
        self.begin();
    }

    /// The past events to show with [`Self::recall`] before the first
    /// [`Self::add`], after which [`Self::recalled`] is to be called.
    pub fn wanted(&self) -> Vec<Wanted> {
        let mut wanted: BTreeMap<Kind, Wanted> = BTreeMap::new();
        for source in self.sources.iter().filter(|source| source.recalling) {
            let Key { kind, property, .. } = source.key;
            let new = Wanted { kind, properties: Vec::new(), since: source.reach };
            let entry = wanted.entry(kind).or_insert(new);
            entry.since = entry.since.min(source.reach);
            entry.properties.extend(property.filter(|property| !entry.properties.contains(property)));
        }
        wanted.into_values().collect()
    }

    /// Takes in a past event: into the windows that wait for it, not into
    /// lifetime answers.
    pub fn recall(&mut self, row: u32, event: Happened<'_>) {
        self.take(row, event, true, &mut Vec::new());
    }

    /// Everything past was shown.
    pub fn recalled(&mut self) {
        self.sources.iter_mut().filter(|source| source.recalling).for_each(Source::recalled);
    }

    /// Sets a lifetime answer, as the profile has it; missing stands for
    /// nothing.
    pub fn set_total(&mut self, row: u32, fact: &Fact, total: &Value) {
        self.grow(row as usize + 1);
        if let Some(kept) = self.places.get(fact).map(|place| &mut self.facts[*place])
            && kept.window.is_none()
        {
            kept.values.set(row, total);
        }
    }

    /// Notes that it is `now` already: what happened up to then counts at once,
    /// though the windows move only with [`Self::advance`].
    pub fn tell(&mut self, now: Time) {
        self.told = self.told.max(now);
    }

    /// Takes in an event that has just come; `changed` gets the facts whose
    /// answer for this row is another one now.
    pub fn add(&mut self, row: u32, event: Happened<'_>, changed: &mut Vec<Fact>) {
        self.grow(row as usize + 1);
        let (list, id) = event.kind.place();
        let totals = self.listeners[list].get(id).map_or(&[][..], |listeners| &listeners.totals);
        for place in totals {
            let kept = &mut self.facts[*place];
            if total(kept, row, &event) {
                changed.push(kept.fact);
            }
        }
        self.take(row, event, false, changed);
    }

    /// Lets time pass. The rows, ascending, whose answers are others now, by
    /// fact. An earlier moment than the last one changes nothing.
    pub fn advance(&mut self, now: Time) -> Vec<(Fact, Vec<u32>)> {
        if now <= self.now {
            return Vec::new();
        }
        self.now = now;
        let mut changed = vec![Vec::new(); self.facts.len()];
        self.move_windows(&mut changed);
        let later = self.ahead.split_off(&(now + TimeDelta(1)));
        for (at, group) in std::mem::replace(&mut self.ahead, later) {
            for Ahead { source, row, amount } in group {
                self.enter(source, row, at, amount, |place, _| changed[place].push(row));
            }
        }
        let facts = self.facts.iter().map(|kept| kept.fact).zip(changed);
        let mut changed: Vec<_> = facts.filter(|(_, rows)| !rows.is_empty()).collect();
        for (_, rows) in &mut changed {
            rows.sort_unstable();
            rows.dedup();
        }
        changed
    }

    /// The moment that the answers are of.
    pub fn now(&self) -> Time {
        self.now
    }

    /// So many rows at least; nothing has happened in new ones.
    pub fn grow(&mut self, rows: usize) {
        if self.rows < rows {
            self.rows = rows;
            self.facts.iter_mut().for_each(|kept| kept.values.resize(rows));
        }
    }

    /// Forgets everything about a row.
    pub fn erase(&mut self, row: u32) {
        if row as usize >= self.rows {
            return;
        }
        self.sources.iter_mut().for_each(|source| source.erase(row));
        self.facts.iter_mut().for_each(|kept| kept.values.erase(row));
        self.ahead.values_mut().for_each(|group| group.retain(|ahead| ahead.row != row));
    }

    /// Everybody's answers, if the fact is kept.
    pub fn column(&self, fact: &Fact) -> Option<Column<'_>> {
        self.places.get(fact).map(|place| self.facts[*place].values.column())
    }

    /// The answer of one row, if the fact is kept.
    pub fn value(&self, fact: &Fact, row: u32) -> Option<Value> {
        let kept = &self.facts[*self.places.get(fact)?];
        ((row as usize) < self.rows).then(|| kept.values.get(row))
    }

    /// Everybody's answers as of another moment; nothing if the fact is not
    /// kept or what the window would hold is not kept any more.
    ///
    /// A moment ahead is exact, as far as is known today. Of the past the hour
    /// (for windows over 48 hours the day) that the moment lies in counts as a
    /// whole. Lifetime answers are those of now.
    pub fn column_at(&self, fact: &Fact, now: Time) -> Option<Answers> {
        let kept = &self.facts[*self.places.get(fact)?];
        let Some((number, _)) = kept.window else { return Some(Answers(kept.values.clone())) };
        let source = &self.sources[number];
        let start = start_of(fact, now, &self.zone);
        if start < source.reach {
            return None;
        }
        let mut values = kept.values.cleared();
        values.resize(self.rows);
        source.between(start, now + TimeDelta(1), |row, amount| {
            values.add(row, amount);
        });
        for (_, group) in self.ahead.range(start..=now.max(start)) {
            for ahead in group.iter().filter(|ahead| ahead.source == number) {
                values.add(ahead.row, ahead.amount);
            }
        }
        Some(Answers(values))
    }

    /// Bytes in memory.
    pub fn memory(&self) -> usize {
        let ahead: usize = self.ahead.values().map(|group| group.capacity() * size_of::<Ahead>()).sum();
        self.facts.iter().map(|kept| kept.values.memory()).sum::<usize>()
            + self.sources.iter().map(Source::memory).sum::<usize>()
            + self.hours.memory()
            + self.days.memory()
            + ahead
    }
}

impl Answers {
    /// The answers.
    pub fn column(&self) -> Column<'_> {
        self.0.column()
    }

    /// The answer of a row below the number of rows.
    pub fn value(&self, row: u32) -> Value {
        self.0.get(row)
    }
}
