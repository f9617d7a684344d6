//! The answers to facts for everybody: a column for each that the rulebook
//! asks.
//!
//! Those about events are kept by [`Series`]: lifetime answers come from the
//! profiles, windows from the history. Of what is not recorded at all yet
//! (messages received, drips, variants) every answer is that of a user to whom
//! nothing has happened.

use super::row::Happened;
use super::series::{self, Series, Wanted};
use crate::condition::{Column, Fact, Window};
use crate::model::{Event, EventId, PropertyId, Time, UserId, Value};
use crate::rulebook::Rulebook;
use crate::store::history::{Asked, History};
use crate::store::{Met, Profiles, Raw, StoreError, Total, sum_name};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The answers by fact and row.
pub struct Facts {
    series: Series,
    kept: HashSet<Fact>,
    /// Lifetime answers by the name of their total in a profile.
    totals: HashMap<Arc<str>, Fact>,
}

impl Facts {
    /// Keeps what this rulebook asks, and these besides; nothing has happened.
    pub(super) fn of(rulebook: &Rulebook, besides: &[Fact], now: Time) -> Self {
        let mut facts: Vec<Fact> = rulebook.facts().iter().chain(besides).copied().collect();
        facts.sort_unstable();
        facts.dedup();
        let mut series = Series::new(rulebook.settings.timezone.zone.clone(), now);
        series.extend(&facts, &rulebook.catalogue.events);
        let totals = facts.iter().filter_map(|fact| Some((total_name(fact, rulebook)?, *fact))).collect();
        let kept = facts.into_iter().filter(|fact| series.column(fact).is_some()).collect();
        Self { series, kept, totals }
    }

    /// What the store knows of everybody, read in full: lifetime answers from
    /// the profiles and windows from the history.
    pub(super) fn read(
        &mut self,
        rulebook: &Rulebook,
        profiles: &Profiles,
        row_of: &dyn Fn(UserId) -> Option<u32>,
    ) -> Result<(), StoreError> {
        if !self.totals.is_empty() {
            let mut row = None;
            profiles.for_each_value(&rulebook.schema, |met| match met {
                Met::User(user) => row = row_of(user),
                Met::Total(name, value) => {
                    if let Some(row) = row {
                        self.fill(row, name, &value);
                    }
                }
                Met::Value(..) => {}
            })?;
        }
        self.recall(rulebook, profiles.history(), row_of)
    }

    /// Fills the windows from the history.
    pub(super) fn recall(
        &mut self,
        rulebook: &Rulebook,
        history: &History,
        row_of: &dyn Fn(UserId) -> Option<u32>,
    ) -> Result<(), StoreError> {
        let wanted = self.series.wanted();
        let asked: Vec<Asked> = wanted.iter().map(|wanted| as_asked(wanted, rulebook)).collect();
        if let Some(since) = wanted.iter().map(|wanted| wanted.since).min() {
            let mut properties: Vec<(PropertyId, Value)> = Vec::new();
            history.for_each(&asked, Some(since), |past| {
                let (Some(wanted), Some(row)) = (wanted.get(past.kind), row_of(past.user)) else { return };
                properties.clear();
                properties.extend(wanted.properties.iter().copied().zip(past.values.iter().cloned()));
                self.series.recall(row, series::Happened { event: wanted.event, at: past.at, properties: &properties });
            })?;
        }
        self.series.recalled();
        Ok(())
    }

    /// Whether these answers are what another rulebook asks as well.
    pub(super) fn serve(&self, before: &Rulebook, after: &Rulebook) -> bool {
        before.catalogue.events == after.catalogue.events
            && before.settings.timezone.zone == after.settings.timezone.zone
            && after.facts().iter().all(|fact| self.kept.contains(fact) || !is_about_events(fact))
    }

    /// Whether the fact is kept or nothing is recorded of its kind.
    pub(super) fn answers(&self, fact: &Fact) -> bool {
        self.kept.contains(fact) || !is_about_events(fact)
    }

    /// Takes a stored total of a row; see [`Total`] for names.
    pub(super) fn fill(&mut self, row: u32, name: &str, value: &Raw<'_>) {
        if let Some(fact) = self.totals.get(name) {
            self.series.set_total(row, fact, &value.to_value());
        }
    }

    /// Notes an event of a row at `now`; the facts whose answers have changed by
    /// it.
    pub(super) fn record(
        &mut self,
        event: EventId,
        row: u32,
        happened: &Event,
        rulebook: &Rulebook,
        now: Time,
    ) -> Vec<Fact> {
        let mut changed = Vec::new();
        self.series.tell(now);
        let properties = Happened::properties(rulebook, event, happened);
        self.series.add(row, series::Happened { event, at: happened.at, properties: &properties }, &mut changed);
        changed
    }

    /// So many rows.
    pub(super) fn grow(&mut self, rows: usize) {
        self.series.grow(rows);
    }

    /// The answers of everybody, if they are kept.
    pub(super) fn column(&self, fact: &Fact) -> Option<Column<'_>> {
        self.series.column(fact)
    }

    /// The answer of one user, if it is kept.
    pub(super) fn value(&self, fact: &Fact, row: u32) -> Option<Value> {
        self.series.value(fact, row)
    }

    /// Lets time pass; the rows whose answers have changed by it.
    pub(super) fn advance(&mut self, now: Time) -> Vec<(Fact, Vec<u32>)> {
        self.series.advance(now)
    }

    /// Bytes of memory.
    pub(super) fn memory(&self) -> usize {
        self.series.memory()
    }
}

fn as_asked(wanted: &Wanted, rulebook: &Rulebook) -> Asked {
    let event = rulebook.catalogue.events.event(wanted.event);
    let name = |id: &PropertyId| event.at(*id).name.clone();
    Asked { event: event.name.clone(), properties: wanted.properties.iter().map(name).collect() }
}

/// The name of the total that answers a fact, if one does.
fn total_name(fact: &Fact, rulebook: &Rulebook) -> Option<Arc<str>> {
    let event = |id: EventId| rulebook.catalogue.events.event(id);
    match *fact {
        Fact::Count { event: id, window: Window::Ever } => Some(Total::Count.name(&event(id).name)),
        Fact::Sum { event: id, property, window: Window::Ever } => {
            Some(sum_name(&event(id).name, &event(id).at(property).name))
        }
        Fact::First(id) => Some(Total::First.name(&event(id).name)),
        Fact::Last(id) => Some(Total::Last.name(&event(id).name)),
        Fact::Count { .. }
        | Fact::Sum { .. }
        | Fact::Received { .. }
        | Fact::Clicked { .. }
        | Fact::InDrip(_)
        | Fact::FinishedDrip(_)
        | Fact::Variant(_) => None,
    }
}

fn is_about_events(fact: &Fact) -> bool {
    match fact {
        Fact::Count { .. } | Fact::Sum { .. } | Fact::First(_) | Fact::Last(_) => true,
        Fact::Received { .. } | Fact::Clicked { .. } | Fact::InDrip(_) | Fact::FinishedDrip(_) | Fact::Variant(_) => {
            false
        }
    }
}
