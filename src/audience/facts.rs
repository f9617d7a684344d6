//! The answers to facts for everybody: a column for each that the rulebook
//! asks.
//!
//! Those about events, messages and their buttons among them, are kept by
//! [`Series`]: lifetime answers come from the profiles, windows from the
//! history. Who is in which drip is told by whoever decides that: see
//! [`Facts::place`]. Variants of experiments are kept apart, see
//! [`deals`](super::deals).

use super::bits::Bits;
use super::row::Happened;
use super::series::{self, Kind, Series, Wanted};
use crate::condition::{Column, Fact, Window};
use crate::model::{Delivery, DripId, Event, EventId, PropertyId, TemplateId, Time, UserId, Value};
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
    /// Who is in each drip, and who has gone through it; by their ids.
    drips: Vec<Drip>,
}

/// The people of one drip.
#[derive(Clone, Debug, Default)]
struct Drip {
    inside: Bits,
    finished: Bits,
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
        let drips = vec![Drip::default(); rulebook.drips.len()];
        Self { series, kept, totals, drips }
    }

    /// Where a row stands with a drip now; the facts whose answers have changed
    /// by it.
    pub(super) fn place(&mut self, row: u32, drip: DripId, is_inside: bool, has_finished: bool) -> Vec<Fact> {
        let Some(people) = self.drips.get_mut(usize::from(drip.0)) else { return Vec::new() };
        let row = row as usize;
        let mut changed = Vec::new();
        for (bits, now, fact) in [
            (&mut people.inside, is_inside, Fact::InDrip(drip)),
            (&mut people.finished, has_finished, Fact::FinishedDrip(drip)),
        ] {
            if bits.get(row) != now {
                bits.put(row, now);
                changed.push(fact);
            }
        }
        changed
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
        let wanted = self.series.wanted().into_iter();
        let (asked, wanted): (Vec<Asked>, Vec<Wanted>) =
            wanted.filter_map(|wanted| Some((as_asked(&wanted, rulebook)?, wanted))).unzip();
        if let Some(since) = wanted.iter().map(|wanted| wanted.since).min() {
            let mut properties: Vec<(PropertyId, Value)> = Vec::new();
            history.for_each(&asked, Some(since), |past| {
                let (Some(wanted), Some(row)) = (wanted.get(past.kind), row_of(past.user)) else { return };
                properties.clear();
                properties.extend(wanted.properties.iter().copied().zip(past.values.iter().cloned()));
                self.series.recall(row, series::Happened { kind: wanted.kind, at: past.at, properties: &properties });
            })?;
        }
        self.series.recalled();
        Ok(())
    }

    /// Whether these answers are what another rulebook asks as well.
    pub(super) fn serve(&self, before: &Rulebook, after: &Rulebook) -> bool {
        before.catalogue.events == after.catalogue.events
            && before.drips.len() == after.drips.len()
            && before.drips.iter().zip(&after.drips).all(|(a, b)| a.name == b.name)
            && before.settings.timezone.zone == after.settings.timezone.zone
            && self.kept.iter().filter_map(template_of).all(|id| same_template(id, before, after))
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
    pub(super) fn record(&mut self, row: u32, happened: &Event, rulebook: &Rulebook, now: Time) -> Vec<Fact> {
        let mut changed = Vec::new();
        let Some(kind) = kind_of(rulebook, &happened.name) else { return changed };
        self.series.tell(now);
        let properties = match kind {
            Kind::Event(event) => Happened::properties(rulebook, event, happened),
            Kind::Received(_) | Kind::Clicked(_) => Vec::new(),
        };
        self.series.add(row, series::Happened { kind, at: happened.at, properties: &properties }, &mut changed);
        changed
    }

    /// Takes over who is in which drip, by the names of drips.
    pub(super) fn keep_drips(&mut self, from: &Self, before: &Rulebook, after: &Rulebook) {
        for drip in &after.drips {
            let known = before.catalogue.drips.find(&drip.name).and_then(|id| from.drips.get(usize::from(id)));
            if let (Some(known), Some(place)) = (known, self.drips.get_mut(usize::from(drip.id.0))) {
                place.clone_from(known);
            }
        }
    }

    /// So many rows.
    pub(super) fn grow(&mut self, rows: usize) {
        self.series.grow(rows);
        for drip in &mut self.drips {
            drip.inside.resize(rows, false);
            drip.finished.resize(rows, false);
        }
    }

    /// The answers of everybody, if they are kept.
    pub(super) fn column(&self, fact: &Fact) -> Option<Column<'_>> {
        match self.people(fact) {
            Some(bits) => Some(Column::Bits { bits: bits.words(), set: None }),
            None => self.series.column(fact),
        }
    }

    /// The answer of one user, if it is kept.
    pub(super) fn value(&self, fact: &Fact, row: u32) -> Option<Value> {
        match self.people(fact) {
            Some(bits) => Some(Value::Bool(bits.get(row as usize))),
            None => self.series.value(fact, row),
        }
    }

    fn people(&self, fact: &Fact) -> Option<&Bits> {
        match *fact {
            Fact::InDrip(id) => self.drips.get(usize::from(id.0)).map(|drip| &drip.inside),
            Fact::FinishedDrip(id) => self.drips.get(usize::from(id.0)).map(|drip| &drip.finished),
            Fact::Count { .. }
            | Fact::Sum { .. }
            | Fact::First(_)
            | Fact::Last(_)
            | Fact::Received { .. }
            | Fact::Clicked { .. }
            | Fact::Variant(_) => None,
        }
    }

    /// Lets time pass; the rows whose answers have changed by it.
    pub(super) fn advance(&mut self, now: Time) -> Vec<(Fact, Vec<u32>)> {
        self.series.advance(now)
    }

    /// Bytes of memory.
    pub(super) fn memory(&self) -> usize {
        let drips: usize = self.drips.iter().map(|drip| drip.inside.memory() + drip.finished.memory()).sum();
        self.series.memory() + drips
    }
}

/// What events of a name are under this rulebook, if conditions can ask of them.
fn kind_of(rulebook: &Rulebook, name: &str) -> Option<Kind> {
    let template = |name: &str| rulebook.catalogue.templates.find(name).map(TemplateId);
    match Delivery::of(name) {
        None => rulebook.catalogue.events.find(name).map(Kind::Event),
        Some(Delivery::Received(name)) => template(name).map(Kind::Received),
        Some(Delivery::Clicked(name)) => template(name).map(Kind::Clicked),
        Some(Delivery::Part(_) | Delivery::Undelivered(_)) => None,
    }
}

/// The history's question for what is wanted. Every id is one of the rulebook,
/// so there is one for each.
fn as_asked(wanted: &Wanted, rulebook: &Rulebook) -> Option<Asked> {
    let about = |event: Arc<str>| Asked { event, properties: Vec::new() };
    match wanted.kind {
        Kind::Event(event) => {
            let event = rulebook.catalogue.events.event(event);
            let name = |id: &PropertyId| event.at(*id).name.clone();
            let properties = wanted.properties.iter().map(name).collect();
            Some(Asked { event: event.name.clone(), properties })
        }
        Kind::Received(id) => Some(about(Delivery::Received(template_name(id, rulebook)?).name())),
        Kind::Clicked(id) => Some(about(Delivery::Clicked(template_name(id, rulebook)?).name())),
    }
}

fn template_name(id: TemplateId, rulebook: &Rulebook) -> Option<&str> {
    rulebook.catalogue.templates.name(id.0)
}

fn same_template(id: TemplateId, before: &Rulebook, after: &Rulebook) -> bool {
    template_name(id, before) == template_name(id, after)
}

/// The template that a fact asks about.
fn template_of(fact: &Fact) -> Option<TemplateId> {
    match *fact {
        Fact::Received { template, .. } | Fact::Clicked { template, .. } => Some(template),
        Fact::Count { .. }
        | Fact::Sum { .. }
        | Fact::First(_)
        | Fact::Last(_)
        | Fact::InDrip(_)
        | Fact::FinishedDrip(_)
        | Fact::Variant(_) => None,
    }
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
        Fact::Received { template, window: Window::Ever } => {
            Some(Total::Count.name(&Delivery::Received(template_name(template, rulebook)?).name()))
        }
        Fact::Clicked { template, window: Window::Ever } => {
            Some(Total::Count.name(&Delivery::Clicked(template_name(template, rulebook)?).name()))
        }
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
        Fact::Count { .. }
        | Fact::Sum { .. }
        | Fact::First(_)
        | Fact::Last(_)
        | Fact::Received { .. }
        | Fact::Clicked { .. } => true,
        Fact::InDrip(_) | Fact::FinishedDrip(_) | Fact::Variant(_) => false,
    }
}
