//! Who has which variant of the experiments: the one that was shown to them
//! once, else the one that the hash deals to those who fit.
//!
//! The answers stand in a column for each experiment and are kept current like
//! segments: they are judged again when something changes that the experiment's
//! condition reads. What was shown is told from outside, by names, so that it
//! outlives edits of the files.

use super::column::Column;
use super::graph::Item;
use super::row::Person;
use super::state::State;
use super::{Audience, Changes};
use crate::condition::{self, Truth};
use crate::experiment::assignment::{Dealer, HeldOut};
use crate::model::{ExperimentId, Time, Type, UserId, Value};
use crate::rulebook::Rulebook;
use crate::store::Raw;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What an experiment does with people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deal {
    /// It deals variants to those who fit; the way of one of which nothing is
    /// said.
    Running,
    /// Nobody takes part.
    Stopped,
    /// Everybody who fits has this variant.
    Shipped(Arc<str>),
}

/// The variants of everybody.
pub(super) struct Deals {
    dealers: Vec<Dealer>,
    held_out: Option<HeldOut>,
    /// Whether the hash deals at all.
    is_off: bool,
    ways: BTreeMap<Arc<str>, Deal>,
    /// What was shown, by the name of the experiment and row.
    shown: HashMap<Arc<str>, Column>,
    /// The answers by experiment and row.
    answers: Vec<Column>,
}

impl Deals {
    pub fn new(rulebook: &Rulebook) -> Self {
        Self {
            dealers: Dealer::all(rulebook),
            held_out: rulebook.holdout.as_ref().map(HeldOut::of),
            is_off: false,
            ways: BTreeMap::new(),
            shown: HashMap::new(),
            answers: rulebook.experiments.iter().map(|_| empty()).collect(),
        }
    }

    /// Takes over what does not depend on the files.
    pub fn keep(&mut self, before: &mut Self) {
        self.is_off = before.is_off;
        self.ways = std::mem::take(&mut before.ways);
        self.shown = std::mem::take(&mut before.shown);
    }

    /// Takes over the answers of an experiment that means the same.
    pub fn take_over(&mut self, id: ExperimentId, before: &mut Self, known: ExperimentId) {
        if let (Some(now), Some(then)) = (at_mut(&mut self.answers, id), at_mut(&mut before.answers, known)) {
            std::mem::swap(now, then);
        }
    }

    pub fn grow(&mut self, rows: usize) {
        self.answers.iter_mut().for_each(|column| column.grow(rows));
        self.shown.values_mut().for_each(|column| column.grow(rows));
    }

    /// The variant of a row; missing outside the experiment.
    pub fn value(&self, id: ExperimentId, row: u32) -> Value {
        self.answers.get(usize::from(id.0)).map_or(Value::Missing, |column| column.get(row as usize))
    }

    pub fn column(&self, id: ExperimentId) -> condition::Column<'_> {
        let column = self.answers.get(usize::from(id.0));
        column.map_or(condition::Column::Same(&Value::Missing), Column::values)
    }

    /// Keeps an answer; whether it is another than before.
    pub fn put(&mut self, id: ExperimentId, row: u32, variant: Option<&str>) -> bool {
        let Some(column) = at_mut(&mut self.answers, id) else { return false };
        let before = column.get(row as usize);
        column.set(row as usize, &variant.map_or(Raw::Missing, Raw::String));
        before != column.get(row as usize)
    }

    pub fn put_all(&mut self, id: ExperimentId, column: Column) {
        if let Some(answers) = at_mut(&mut self.answers, id) {
            *answers = column;
        }
    }

    pub fn memory(&self) -> usize {
        self.answers.iter().chain(self.shown.values()).map(Column::memory).sum()
    }

    /// What was shown to a row of an experiment.
    fn shown_to(&self, experiment: &str, row: u32) -> Option<Arc<str>> {
        match self.shown.get(experiment)?.get(row as usize) {
            Value::String(variant) => Some(variant),
            _ => None,
        }
    }

    /// Whether an experiment deals variants.
    fn is_running(&self, experiment: &str) -> bool {
        !matches!(self.ways.get(experiment), Some(Deal::Stopped | Deal::Shipped(_)))
    }

    fn is_held_out(&self, user: UserId) -> bool {
        !self.is_off && self.held_out.as_ref().is_some_and(|held| held.holds(user))
    }
}

impl State {
    /// The variant of a user who is looked at.
    pub(super) fn variant(&self, id: ExperimentId, row: u32, person: &Person<'_>) -> Option<Arc<str>> {
        let to = self.rulebook.experiments.get(usize::from(id.0))?.to.as_ref();
        self.dealt(id, row, to.is_none_or(|to| to.judge(person) == Truth::True))
    }

    /// The variant of a row that fits the experiment's condition, or not.
    pub(super) fn dealt(&self, id: ExperimentId, row: u32, fits: bool) -> Option<Arc<str>> {
        let experiment = self.rulebook.experiments.get(usize::from(id.0))?;
        let declared = self.rulebook.catalogue.variants.get(usize::from(id.0))?;
        let first = || declared.values.first().cloned();
        match self.deals.ways.get(experiment.name.as_str()).unwrap_or(&Deal::Running) {
            Deal::Stopped => return None,
            Deal::Shipped(variant) if fits => {
                return declared.values.iter().find(|known| *known == variant).cloned().or_else(first);
            }
            Deal::Shipped(_) => return None,
            Deal::Running => {}
        }
        if let Some(shown) = self.deals.shown_to(&experiment.name, row) {
            // those of a variant that is gone are with the control
            return declared.values.iter().find(|known| **known == shown).cloned().or_else(first);
        }
        let user = self.people.user(row)?;
        if !fits || self.deals.is_off || self.deals.is_held_out(user) || self.is_taken(id, row) {
            return None;
        }
        let variant = self.deals.dealers.get(usize::from(id.0))?.variant(user)?;
        declared.values.get(variant).cloned()
    }

    /// Whether another experiment of the group was shown to the row, before the
    /// files gave its place to this one.
    fn is_taken(&self, id: ExperimentId, row: u32) -> bool {
        let list = &self.rulebook.experiments;
        let Some(experiment) = list.get(usize::from(id.0)) else { return false };
        let Some(group) = &experiment.group else { return false };
        let others = list.iter().filter(|other| other.group.as_ref() == Some(group) && other.name != experiment.name);
        others
            .into_iter()
            .any(|other| self.deals.is_running(&other.name) && self.deals.shown_to(&other.name, row).is_some())
    }

    /// Notes that a variant was shown to a user.
    fn show(&mut self, user: UserId, experiment: &str, variant: &str, now: Time) -> Changes {
        self.tell(now);
        let mut changes = Changes::of(user);
        let Some(row) = self.people.find(user) else { return changes };
        let rows = self.people.len();
        let shown = self.deals.shown.entry(experiment.into()).or_insert_with(empty);
        shown.grow(rows);
        shown.set(row as usize, &Raw::String(variant));
        let mut concerned = Vec::new();
        if let Some(id) = self.rulebook.catalogue.experiments.find(experiment).map(ExperimentId) {
            concerned.extend(self.of_group(id).filter_map(|id| self.graph.rank(Item::Experiment(id))));
        }
        concerned.sort_unstable();
        self.settle(row, &concerned, &mut changes);
        changes
    }

    /// The experiments of the group of one, itself among them.
    fn of_group(&self, id: ExperimentId) -> impl Iterator<Item = ExperimentId> {
        let list = &self.rulebook.experiments;
        let group = list.get(usize::from(id.0)).and_then(|experiment| experiment.group.as_ref());
        let is_of_it = move |(other, experiment): &(u16, &crate::rulebook::Experiment)| {
            *other == id.0 || group.is_some() && experiment.group.as_ref() == group
        };
        (0u16..).zip(list).filter(is_of_it).map(|(other, _)| ExperimentId(other))
    }

    /// Judges all experiments and what reads them for everybody.
    fn deal_anew(&mut self) {
        let first = self.graph.items().iter().position(|item| matches!(item, Item::Experiment(_)));
        let rest = (0u32..).take(self.graph.items().len()).skip(first.unwrap_or(usize::MAX)).collect::<Vec<_>>();
        self.judge_everybody(&rest);
    }
}

impl Audience {
    /// Notes that a variant of an experiment was shown to a user, who keeps it.
    pub fn show(&self, user: UserId, experiment: &str, variant: &str, now: Time) -> Changes {
        self.write().show(user, experiment, variant, now)
    }

    /// What the experiments do and what was shown, after loading: nobody counts
    /// as having entered or left anything by it.
    pub fn deal(&self, ways: BTreeMap<Arc<str>, Deal>, shown: impl Iterator<Item = (UserId, Arc<str>, Arc<str>)>) {
        let mut state = self.write();
        let rows = state.people.len();
        state.deals.ways = ways;
        state.deals.shown.clear();
        for (user, experiment, variant) in shown {
            let Some(row) = state.people.find(user) else { continue };
            let column = state.deals.shown.entry(experiment).or_insert_with(empty);
            column.grow(rows);
            column.set(row as usize, &Raw::String(&variant));
        }
        state.deal_anew();
    }

    /// An experiment does this from now on. Nobody counts as having entered or
    /// left anything by it.
    pub fn turn(&self, experiment: &str, way: Deal) {
        let mut state = self.write();
        state.deals.ways.insert(experiment.into(), way);
        state.deal_anew();
    }

    /// Has the hash deal nothing: only what is shown counts, and nobody is held
    /// out. For tests of rules, which say themselves who has what.
    pub fn deal_nothing(&self) {
        let mut state = self.write();
        state.deals.is_off = true;
        state.deal_anew();
    }

    /// Whether a user gets no marketing, for the sake of comparison.
    pub fn is_held_out(&self, user: UserId) -> bool {
        self.read().deals.is_held_out(user)
    }
}

impl Person<'_> {
    /// Whether the user gets no marketing, for the sake of comparison.
    pub fn is_held_out(&self) -> bool {
        self.deals().is_held_out(self.user())
    }

    /// The variant of an experiment that was shown to the user.
    pub fn shown(&self, experiment: &str) -> Option<Arc<str>> {
        self.deals().shown_to(experiment, self.row())
    }

    /// Whether an experiment deals variants: it was neither stopped nor shipped.
    pub fn is_running(&self, experiment: &str) -> bool {
        self.deals().is_running(experiment)
    }
}

/// What of an experiment's declaration matters to who has which variant.
pub(super) fn describe(rulebook: &Rulebook, id: ExperimentId) -> String {
    let list = &rulebook.experiments;
    let Some(experiment) = list.get(usize::from(id.0)) else { return String::new() };
    let of_group = list.iter().filter(|other| other.group.is_some() && other.group == experiment.group);
    let group: Vec<_> = of_group.map(|other| (&other.name, other.coverage)).collect();
    let holdout = rulebook.holdout.as_ref().map(|holdout| (&holdout.name, holdout.share));
    let own = (&experiment.name, experiment.version, experiment.coverage, &experiment.variants);
    format!("{own:?} {group:?} {holdout:?} {}", experiment.to.is_some())
}

fn empty() -> Column {
    Column::new(&Type::String, &Value::Missing)
}

fn at_mut(columns: &mut [Column], id: ExperimentId) -> Option<&mut Column> {
    columns.get_mut(usize::from(id.0))
}
