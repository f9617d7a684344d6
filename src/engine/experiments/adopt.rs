//! Taking over what the rule files measure now: what is new is counted from the
//! history, what is gone is kept as it is.

use super::counted::{BEFORE, Counted};
use super::plan::{Outline, Plan};
use super::{Around, Experiments};
use crate::model::{Event, Time};
use crate::store::StoreError;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What is to be counted anew, by the experiment.
type Anew = BTreeMap<Arc<str>, Vec<usize>>;

impl Experiments {
    /// Takes over a rulebook, and tells the audience who was shown what where it
    /// does not know. After an error everything has to be loaded again.
    pub(in crate::engine) fn adopt(&mut self, around: &Around<'_>) -> Result<(), StoreError> {
        let plans = Plan::all(around.rulebook);
        let mut anew = Anew::new();
        let mut is_dealt = self.is_dealt;
        let gone = self.list.iter().filter(|(name, _)| plans.iter().all(|plan| plan.name != **name));
        let gone: Vec<Plan> = gone.map(|(name, of)| Plan::gone(name.clone(), of.plan.outline.clone())).collect();
        for plan in plans.into_iter().chain(gone) {
            is_dealt &= self.take(plan, around, &mut anew)?;
        }
        self.recount(anew, around)?;
        self.watch();
        if !is_dealt {
            let (ways, mut shown) = (self.ways(), self.all_shown().peekable());
            if self.is_dealt || !ways.is_empty() || shown.peek().is_some() {
                around.audience.deal(ways, shown);
            }
        }
        self.is_dealt = true;
        Ok(())
    }

    /// Takes over one experiment; whether its users are the same.
    fn take(&mut self, mut plan: Plan, around: &Around<'_>, anew: &mut Anew) -> Result<bool, StoreError> {
        let name = plan.name.clone();
        let version = plan.outline.version;
        let is_known = self.list.get(&name).is_some_and(|known| known.version() == version);
        let mut is_same = is_known;
        if !is_known {
            // how the exposures of that version were counted is not known any more
            let bare = Outline { metrics: Vec::new(), ..plan.outline.clone() };
            let read = self.read(&*around.crowd.store, Plan::remembered(name.clone(), bare))?;
            let is_empty = read.everybody().next().is_none();
            is_same = self.list.insert(name.clone(), read).is_none() && is_empty;
        }
        let Some(counted) = self.list.get_mut(&name) else { return Ok(true) };
        plan.outline.before = counted.dealt_before(&plan.outline.variants);
        if counted.plan.outline != plan.outline {
            self.changed.outlines.insert(name.clone());
        }
        if let Some(revised) = counted.revise(plan) {
            self.changed.users.extend(revised.changed.into_iter().map(|user| (name.clone(), user)));
            anew.insert(name, revised.anew);
        }
        Ok(is_same)
    }

    /// Counts from the history.
    fn recount(&mut self, anew: Anew, around: &Around<'_>) -> Result<(), StoreError> {
        let first = |counted: &Counted| counted.everybody().map(|(_, exposure)| exposure.at).min();
        let since = anew.iter().filter(|(_, places)| !places.is_empty());
        let since = since.filter_map(|(name, _)| first(self.list.get(name)?)).min();
        if let Some(since) = since {
            self.count_since(since - BEFORE, &anew, around)?;
        }
        for name in anew.into_keys() {
            let Some(counted) = self.list.get_mut(&name) else { continue };
            counted.sum();
            let has = counted.everybody().filter(|(_, exposure)| !exposure.cells.is_empty());
            self.changed.users.extend(has.map(|(user, _)| (name.clone(), user)));
        }
        Ok(())
    }

    fn count_since(&mut self, since: Time, anew: &Anew, around: &Around<'_>) -> Result<(), StoreError> {
        let mut asked: HashMap<Arc<str>, Vec<(Arc<str>, usize)>> = HashMap::new();
        for (name, places) in anew {
            let Some(counted) = self.list.get(name) else { continue };
            for (event, place) in counted.plan.watched().filter(|(_, place)| places.contains(place)) {
                asked.entry(event).or_default().push((name.clone(), place));
            }
        }
        let list = &mut self.list;
        around.crowd.profiles.history().for_each_event(since, |event: Event| {
            for (name, place) in asked.get(&event.name).into_iter().flatten() {
                let Some(counted) = list.get_mut(name) else { continue };
                if counted.is_asked(event.user, *place, event.at)
                    && let Some(weight) = around.weigh(&counted.plan, *place, &event)
                {
                    counted.recount(event.user, *place, event.at, weight);
                }
            }
        })
    }

    /// Notes which events say anything about what is measured.
    fn watch(&mut self) {
        let mut watched: HashMap<Arc<str>, Vec<(Arc<str>, usize)>> = HashMap::new();
        for (name, counted) in &self.list {
            for (event, place) in counted.plan.watched() {
                watched.entry(event).or_default().push((name.clone(), place));
            }
        }
        self.watched = watched.into_iter().map(|(event, all)| (event, all.into())).collect();
    }
}
