//! What is counted of experiments: who was exposed to which variant, and what
//! those users did before and after.
//!
//! A user's first exposure to a version of an experiment counts; the outbox
//! tells of it by an event of the engine's own. What the user does is counted
//! by its own time, whenever it is told: in the window that begins with the
//! exposure, and for comparison in the days before. Only the version in force
//! is counted on; exposures of others are kept.
//!
//! If the files say something else is to be measured, that is counted from the
//! history, as far as it is kept and by what is known of users today.
//!
//! Kept in memory by the writer's thread and read by everybody; what changes
//! becomes durable in the batch of the change that caused it. The sums of each
//! variant follow from the exposures and are added up when these are loaded, so
//! that they never disagree.
//!
//! | key | record |
//! | --- | --- |
//! | `Xe` + experiment + 0 + version + user | exposures |
//! | `Xd` + experiment | [`Deed`]s |
//! | `Xs` + experiment | the outlines by which the exposures were counted |

mod adopt;
mod autoship;
pub mod command;
mod counted;
mod deed;
mod exposure;
mod judged;
mod plan;
mod report;
mod sums;
#[cfg(test)]
mod tests;

pub(super) use autoship::Winner;
pub use command::{ExperimentError, ExperimentOrder};
pub use deed::{By, Deed, Status};
pub use judged::{Compared, ExperimentAnswer, JudgedBy, Recommendation};
pub use plan::{Kind, Metric, Reading};
pub use report::{ArmReport, DayReport, ExperimentReport, Figures, Sums};

use super::crowd::Crowd;
use crate::audience::{Audience, Deal, Happened, Person};
use crate::condition::Truth;
use crate::model::event::{EXPERIMENT_VERSION, HOW, LEDGER, RULEBOOK, VARIANT};
use crate::model::{Delivery, Event, Time, UserId, Value};
use crate::rulebook::Rulebook;
use crate::store::history::Span;
use crate::store::{Batch, Store, StoreError, decode, encode};
use counted::{BEFORE, Counted};
use exposure::{Exposure, Shown};
use plan::{Outline, Plan};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

const OUTLINES: &[u8] = b"Xs";
const RECORD: u8 = 1;

/// All experiments, those of the files and those that were.
#[derive(Debug, Default)]
pub struct Experiments {
    list: BTreeMap<Arc<str>, Counted>,
    deeds: BTreeMap<Arc<str>, Vec<Deed>>,
    /// What each event may say something about: experiments and places.
    watched: HashMap<Arc<str>, Watching>,
    /// Events of this group that are watched: the history does not have them
    /// yet.
    fresh: HashMap<UserId, Vec<Event>>,
    /// What many exposures share.
    shown: HashSet<Arc<Shown>>,
    /// Whether the audience knows who was shown what.
    is_dealt: bool,
    changed: Changed,
}

/// Experiments and places of what they measure.
type Watching = Arc<[(Arc<str>, usize)]>;

/// What is not written yet.
#[derive(Debug, Default)]
struct Changed {
    users: BTreeSet<(Arc<str>, UserId)>,
    deeds: BTreeSet<Arc<str>>,
    outlines: BTreeSet<Arc<str>>,
    /// Exposures to versions that are not in force, by their keys.
    strays: BTreeMap<Vec<u8>, Exposure>,
}

/// What counting asks.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub crowd: &'a Crowd,
    pub audience: &'a Audience,
    pub rulebook: &'a Rulebook,
}

impl Around<'_> {
    /// What an event adds to something measured of its user, if it counts.
    fn weigh(&self, plan: &Plan, place: usize, event: &Event) -> Option<(u32, i64)> {
        plan.weigh(place, event, |condition, event| {
            let happened = Happened::new(self.rulebook, event);
            let judge = |person: &Person<'_>| condition.judge(&person.at(&happened)) == Truth::True;
            self.audience.with_row(event.user, judge).unwrap_or(false)
        })
    }
}

impl Experiments {
    /// What the store remembers. Nothing is counted before
    /// `Experiments::adopt`.
    pub fn load(store: &dyn Store) -> Result<Self, StoreError> {
        let mut this = Self::default();
        for pair in store.scan(OUTLINES, b"") {
            let (key, bytes) = pair?;
            let name = name_of(&key, OUTLINES);
            let outline: Outline = decode(RECORD, &bytes, "what is measured of an experiment")?;
            let counted = this.read(store, Plan::remembered(name.clone(), outline))?;
            this.list.insert(name, counted);
        }
        for pair in store.scan(deed::PREFIX, b"") {
            let (key, bytes) = pair?;
            let deeds = decode(deed::RECORD, &bytes, "what was done with an experiment")?;
            this.deeds.insert(name_of(&key, deed::PREFIX), deeds);
        }
        Ok(this)
    }

    /// The exposures of an experiment that are stored.
    fn read(&mut self, store: &dyn Store, plan: Plan) -> Result<Counted, StoreError> {
        let mut counted = Counted::new(plan);
        let prefix = [exposure::PREFIX, counted.plan.name.as_bytes(), &[0]].concat();
        for pair in store.scan(&prefix, b"") {
            let (key, bytes) = pair?;
            let (_, version, user) = exposure::of_key(&key)?;
            if version != counted.version() {
                *counted.others.entry(version).or_default() += 1;
                continue;
            }
            let mut exposure = Exposure::read(&bytes)?;
            exposure.shown = self.share(exposure.shown);
            counted.expose(user, exposure);
        }
        Ok(counted)
    }

    fn share(&mut self, shown: Arc<Shown>) -> Arc<Shown> {
        if let Some(known) = self.shown.get(&shown) {
            return known.clone();
        }
        self.shown.insert(shown.clone());
        shown
    }

    /// What is counted of an experiment.
    pub(super) fn of(&self, name: &str) -> Option<&Counted> {
        self.list.get(name)
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.list.keys().map(|name| &**name)
    }

    /// What was done with an experiment, oldest first.
    pub fn deeds(&self, name: &str) -> &[Deed] {
        self.deeds.get(name).map_or(&[], Vec::as_slice)
    }

    /// What an experiment does.
    pub fn status(&self, name: &str) -> Status {
        self.of(name).map_or(Status::Running, |counted| deed::status(self.deeds(name), counted.version()))
    }

    /// What the experiments do, where something was done with them.
    fn ways(&self) -> BTreeMap<Arc<str>, Deal> {
        let ways = self.list.keys().map(|name| (name.clone(), self.status(name).deal()));
        ways.filter(|(_, deal)| *deal != Deal::Running).collect()
    }

    /// Who was shown what, in the versions in force.
    fn all_shown(&self) -> impl Iterator<Item = (UserId, Arc<str>, Arc<str>)> {
        self.list.iter().flat_map(|(name, counted)| {
            let of = counted.everybody();
            of.map(|(user, exposure)| (user, name.clone(), exposure.shown.variant.clone()))
        })
    }

    /// Something was done with an experiment.
    pub(super) fn did(&mut self, name: &Arc<str>, deed: Deed) {
        deed::push(self.deeds.entry(name.clone()).or_default(), deed);
        self.changed.deeds.insert(name.clone());
    }

    /// Something happened.
    pub(super) fn happened(&mut self, event: &Event, around: &Around<'_>) {
        if let Some(Delivery::Clicked(template)) = event.delivery() {
            self.clicked(event.user, template, event.at);
        }
        let Some(watched) = self.watched.get(&event.name).cloned() else { return };
        self.fresh.entry(event.user).or_default().push(event.clone());
        for (name, place) in watched.iter() {
            let Some(counted) = self.list.get_mut(name) else { continue };
            if !counted.is_asked(event.user, *place, event.at) {
                continue;
            }
            let Some(weight) = around.weigh(&counted.plan, *place, event) else { continue };
            if counted.count(event.user, *place, event.at, weight) {
                self.changed.users.insert((name.clone(), event.user));
            }
        }
    }

    fn clicked(&mut self, user: UserId, template: &str, at: Time) {
        for (name, counted) in &mut self.list {
            if counted.click(user, template, at) {
                self.changed.users.insert((name.clone(), user));
            }
        }
    }

    /// A user was exposed, or the message turned out not to arrive. Whether it
    /// is about the version in force.
    pub(super) fn exposed(&mut self, experiment: &str, event: &Event, around: &Around<'_>) -> bool {
        let number = |name| if let Some(Value::Int(number)) = event.property(name) { Some(*number) } else { None };
        let version = number(EXPERIMENT_VERSION).and_then(|version| u32::try_from(version).ok()).unwrap_or(1);
        let ledger = number(LEDGER).unwrap_or_default();
        let known = self.list.get_key_value(experiment).filter(|(_, counted)| counted.version() == version);
        let known = known.map(|(name, _)| name.clone());
        if event.property(HOW).is_some() {
            if let Some(name) = &known {
                self.failed(name, event.user, ledger);
            }
            return known.is_some();
        }
        let text = |name| if let Some(Value::String(text)) = event.property(name) { text.clone() } else { "".into() };
        let shown = Shown { variant: text(VARIANT), rulebook: text(RULEBOOK), ledger };
        let shown = self.share(Arc::new(shown));
        let exposure = Exposure { at: event.at, shown, undelivered: false, clicked: false, cells: Vec::new() };
        match &known {
            Some(name) => self.first(name, event.user, exposure, around),
            None => self.stray(experiment, version, event.user, exposure, &*around.crowd.store),
        }
        known.is_some()
    }

    /// The message of a user's first exposure failed for good.
    fn failed(&mut self, name: &Arc<str>, user: UserId, ledger: i64) {
        let Some(counted) = self.list.get_mut(name) else { return };
        if counted.change(user, |exposure| exposure.undelivered |= exposure.shown.ledger == ledger) {
            self.changed.users.insert((name.clone(), user));
        }
    }

    /// An exposure that counts if it is the user's first.
    fn first(&mut self, name: &Arc<str>, user: UserId, mut exposure: Exposure, around: &Around<'_>) {
        let Some(counted) = self.list.get(name).filter(|counted| counted.of(user).is_none()) else { return };
        let fresh = self.fresh.get(&user).map_or(&[][..], Vec::as_slice);
        let span = Span { from: Some(exposure.at - BEFORE), ..Span::ALL };
        let past = around.crowd.profiles.history().of_user(user, span).unwrap_or_else(|error| {
            tracing::error!(%error, %user, experiment = &**name, "what the user did before is not counted");
            Vec::new()
        });
        let watched: Vec<_> = counted.plan.watched().collect();
        for event in past.iter().chain(fresh) {
            for (_, place) in watched.iter().filter(|(watched, _)| *watched == event.name) {
                if let Some(weight) = around.weigh(&counted.plan, *place, event) {
                    counted.count_into(&mut exposure, *place, event.at, weight);
                }
            }
        }
        if let Some(counted) = self.list.get_mut(name) {
            counted.expose(user, exposure);
            self.changed.users.insert((name.clone(), user));
        }
    }

    /// An exposure to a version that is not in force any more, or not yet.
    fn stray(&mut self, experiment: &str, version: u32, user: UserId, exposure: Exposure, store: &dyn Store) {
        let key = exposure::key(experiment, version, user);
        let is_known = self.changed.strays.contains_key(&key) || !matches!(store.get(&key), Ok(None));
        if is_known {
            return;
        }
        self.changed.strays.insert(key, exposure);
        if let Some(counted) = self.list.get_mut(experiment) {
            *counted.others.entry(version).or_default() += 1;
        }
    }

    /// Adds to a batch what has changed.
    pub fn write(&mut self, batch: &mut Batch) -> Result<(), StoreError> {
        let changed = std::mem::take(&mut self.changed);
        self.fresh.clear();
        for name in &changed.outlines {
            if let Some(counted) = self.list.get(name) {
                batch.put([OUTLINES, name.as_bytes()].concat(), encode(RECORD, &counted.plan.outline)?);
            }
        }
        for name in &changed.deeds {
            deed::write(name, self.deeds(name), batch)?;
        }
        for (name, user) in &changed.users {
            let Some(counted) = self.list.get(name) else { continue };
            if let Some(exposure) = counted.of(*user) {
                exposure.write(exposure::key(name, counted.version(), *user), batch)?;
            }
        }
        changed.strays.into_iter().try_for_each(|(key, exposure)| exposure.write(key, batch))
    }
}

fn name_of(key: &[u8], prefix: &[u8]) -> Arc<str> {
    String::from_utf8_lossy(key.get(prefix.len()..).unwrap_or_default()).into()
}
