//! What a change of the rulebook would do before it is live: who would enter and
//! leave segments, where people in drips would go on, whom new rules concern.
//!
//! Both rulebooks are judged over the same copy of the store at the same moment,
//! and people in drips are taken over by the same code that a reload runs.
//! Nothing is changed by it.

mod names;
mod people;
mod rules;
#[cfg(test)]
mod tests;

pub use names::{Change, Definitions};
pub use people::{DripPlan, Fate, SegmentPlan};
pub use rules::{Because, Cause, PassedOver, RulePlan};

use super::EngineError;
use super::automation::{Automation, Flow, Wait};
use crate::audience::Audience;
use crate::model::{Time, TimeDelta};
use crate::rulebook::{Files, Rulebook, Written};
use crate::store::{Journal, Profiles, Store, StoreError};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One side of the comparison.
pub struct Side {
    /// The rules, checked.
    pub rulebook: Arc<Rulebook>,
    /// The files that they stand in.
    pub files: Files,
}

/// What would change.
#[derive(Debug, Default, Serialize)]
pub struct PlanReport {
    /// The version in force.
    pub from: String,
    /// The version that is planned.
    pub to: String,
    /// All users.
    pub users: usize,
    /// Files that differ.
    pub files: Vec<String>,
    /// Those of them that define everything as before: comments, spaces, order.
    pub same_meaning: Vec<String>,
    /// Names by section that are new, gone or defined otherwise.
    pub definitions: BTreeMap<String, Definitions>,
    /// Segments whose members would change.
    pub segments: Vec<SegmentPlan>,
    /// Users whose stage would be another: from, to, how many.
    pub lifecycle: Vec<(String, String, usize)>,
    /// Where people in drips would go on.
    pub drips: Vec<DripPlan>,
    /// What rules would do by the clock, or to those who match already.
    pub rules: Vec<RulePlan>,
    /// Whom rules and drips on segments would not take note of.
    pub passed_over: Vec<PassedOver>,
    /// Fields with another number of stored values that do not fit them.
    pub misfits: Vec<MisfitPlan>,
    /// Fields that would be gone while values of them are stored.
    pub forgotten: Vec<String>,
    /// Waits of drips and delayed messages that end within 24 hours.
    pub waits_24h: usize,
    /// About how many messages rules would send by the clock or by `backfill`
    /// within 24 hours, before their conditions, limits and gates. What events
    /// set off, steps of drips and broadcasts are not counted.
    pub sends_24h: usize,
}

/// Stored values that do not fit a field and read as missing.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct MisfitPlan {
    /// The field.
    pub field: String,
    /// How many now.
    pub before: u64,
    /// How many then.
    pub after: u64,
}

const DAY: TimeDelta = TimeDelta::days(1);

/// Compares two rulebooks over a store that nobody else has open.
pub fn plan(store: &Arc<dyn Store>, old: &Side, new: &Side, now: Time) -> Result<PlanReport, EngineError> {
    let profiles = Profiles::new(&Journal::open(store.clone())?);
    let (stands, mut goes_on) = (Automation::load(&**store)?, Automation::load(&**store)?);
    let flows: Vec<Flow> = new.rulebook.drips.iter().map(Flow::new).collect();
    goes_on.adopt(&flows, now, new.rulebook.policy.removed);
    let load = |side: &Side, automation: &Automation| -> Result<Audience, StoreError> {
        let audience = Audience::load(&side.rulebook, &profiles, now)?;
        audience.seat(automation.seats(&side.rulebook));
        Ok(audience)
    };
    let (before, after) = (load(old, &stands)?, load(new, &goes_on)?);
    let (said, says) = (Written::of(&old.files), Written::of(&new.files));
    let files = old.files.differing(&new.files);
    let segments = people::segments(old, new, &before, &after);
    let rules = rules::rules(new, &goes_on, &after, now);
    Ok(PlanReport {
        from: old.rulebook.version.clone(),
        to: new.rulebook.version.clone(),
        users: after.len(),
        same_meaning: files.iter().filter(|path| names::means_the_same(path, &said, &says)).cloned().collect(),
        files,
        definitions: names::definitions((&old.rulebook, &said), (&new.rulebook, &says)),
        lifecycle: people::lifecycle(&before, &after),
        drips: people::drips(&stands, &goes_on, &flows),
        misfits: misfits(&profiles, old, new)?,
        forgotten: forgotten(&profiles, old, new)?,
        waits_24h: waits(&goes_on, now + DAY),
        sends_24h: rules.iter().map(|rule| rule.sends_24h).sum(),
        passed_over: rules::passed_over(old, new, &after, &segments),
        segments,
        rules,
    })
}

impl PlanReport {
    /// Whether nothing would be another than it is.
    pub fn is_empty(&self) -> bool {
        let Self { definitions, segments, lifecycle, misfits, .. } = self;
        definitions.is_empty() && segments.is_empty() && lifecycle.is_empty() && misfits.is_empty()
    }
}

fn misfits(profiles: &Profiles, old: &Side, new: &Side) -> Result<Vec<MisfitPlan>, StoreError> {
    let count = |side: &Side| -> Result<BTreeMap<Arc<str>, u64>, StoreError> {
        let schema = &side.rulebook.schema;
        let scan = profiles.for_each_value(schema, |_| {})?;
        Ok(scan.misfits.iter().map(|(field, count)| (schema.field(*field).name.clone(), *count)).collect())
    };
    let (before, after) = (count(old)?, count(new)?);
    let names: BTreeSet<&Arc<str>> = before.keys().chain(after.keys()).collect();
    let of = |counts: &BTreeMap<Arc<str>, u64>, name: &Arc<str>| counts.get(name).copied().unwrap_or_default();
    let both = names.into_iter().map(|name| (name.to_string(), of(&before, name), of(&after, name)));
    let differ = both.filter(|(_, before, after)| before != after);
    Ok(differ.map(|(field, before, after)| MisfitPlan { field, before, after }).collect())
}

fn forgotten(profiles: &Profiles, old: &Side, new: &Side) -> Result<Vec<String>, StoreError> {
    let stored: BTreeSet<Arc<str>> = profiles.stored_fields()?.into_iter().collect();
    let is_gone = |name: &&Arc<str>| new.rulebook.schema.find(name).is_none() && stored.contains(*name);
    let names = old.rulebook.schema.iter().map(|(_, field)| &field.name);
    Ok(names.filter(is_gone).map(|name| name.to_string()).collect())
}

/// What people wait for that ends by then; who is parked waits for the rules.
fn waits(automation: &Automation, until: Time) -> usize {
    let is_soon = |due: Option<Time>| due.is_some_and(|due| due <= until);
    let of = |standing: &super::automation::Standing| {
        let parked = |wait: Wait| matches!(wait, Wait::Parked { .. });
        let steps = standing.drips.iter().filter(|one| !parked(one.wait) && is_soon(one.wait.due())).count();
        steps + standing.waiting.iter().filter(|one| one.due <= until).count()
    };
    automation.everybody().map(|(_, standing)| of(standing)).sum()
}
