//! What a change of the rulebook would do before it is live: who would enter and
//! leave segments, where people in drips would go on, whom new rules concern.
//!
//! Both rulebooks are judged over the same copy of the store at the same moment.
//! Nothing is changed by it.

use super::EngineError;
use super::automation::flow::Found;
use super::automation::{Automation, Flow};
use crate::audience::Audience;
use crate::condition::Condition;
use crate::model::{Time, TimeDelta, Value, builtin};
use crate::rulebook::{Action, Files, Rule, Rulebook, Trigger, Whereabouts};
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
    /// Names by section that are new, gone or defined otherwise.
    pub definitions: BTreeMap<&'static str, Definitions>,
    /// Segments whose members would change.
    pub segments: Vec<SegmentPlan>,
    /// Users whose stage would be another: from, to, how many.
    pub lifecycle: Vec<(String, String, usize)>,
    /// Where people in drips would go on.
    pub drips: Vec<DripPlan>,
    /// What rules would do by the clock, or to those who match already.
    pub rules: Vec<RulePlan>,
    /// Stored values that would not fit their fields any more.
    pub misfits: u64,
    /// Fields that would be gone while values of them are stored.
    pub forgotten: Vec<String>,
    /// Waits of drips and messages that end within 24 hours.
    pub waits_24h: usize,
    /// About how many messages rules would send by the clock within 24 hours,
    /// before their conditions and gates: a schedule counts once.
    pub sends_24h: usize,
}

/// What became of the names of a section.
#[derive(Debug, Default, Serialize)]
pub struct Definitions {
    /// Names that are new.
    pub new: Vec<String>,
    /// Names that are gone.
    pub removed: Vec<String>,
    /// Names that are defined otherwise.
    pub edited: Vec<String>,
}

/// How the members of a segment would change.
#[derive(Debug, Serialize)]
pub struct SegmentPlan {
    /// Its name.
    pub name: String,
    /// Members now.
    pub before: usize,
    /// Members then.
    pub after: usize,
    /// How many would enter, and some of them.
    pub entering: (usize, Vec<i64>),
    /// How many would leave, and some of them.
    pub leaving: (usize, Vec<i64>),
}

/// Where the people at one step would go on.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct DripPlan {
    /// The drip.
    pub drip: String,
    /// The step at which they wait.
    pub step: String,
    /// How many.
    pub people: usize,
    /// The step at which they would go on; absent: they would be parked.
    pub goes_on: Option<String>,
    /// Whether it is the same.
    pub same: bool,
}

/// What a rule would do.
#[derive(Debug, Serialize)]
pub struct RulePlan {
    /// Its name.
    pub name: String,
    /// Why it acts.
    pub by: Cause,
    /// When, if that is one moment.
    pub at: Option<String>,
    /// On how many users, as far as can be told now.
    pub users: usize,
}

/// Why a rule would act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Its schedule.
    Schedule,
    /// A time in a field comes within 24 hours.
    Due,
    /// Users match already, and it says `backfill`.
    Backfill,
}

/// So many users are shown.
const SHOWN: usize = 5;
const DAY: TimeDelta = TimeDelta::days(1);
const SECTIONS: [&str; 8] = ["profile", "events", "segments", "rules", "drips", "broadcasts", "tasks", "experiments"];

/// Compares two rulebooks over a store that nobody else has open.
pub fn plan(store: &Arc<dyn Store>, old: &Side, new: &Side, now: Time) -> Result<PlanReport, EngineError> {
    let profiles = Profiles::new(&Journal::open(store.clone())?);
    let automation = Automation::load(&**store)?;
    let load = |side: &Side| -> Result<Audience, StoreError> {
        let audience = Audience::load(&side.rulebook, &profiles, now)?;
        audience.seat(automation.seats(&side.rulebook));
        Ok(audience)
    };
    let (before, after) = (load(old)?, load(new)?);
    let definitions = definitions(old, new);
    let rules = rules(new, &definitions, &after, now);
    let misfits = |side: &Side| profiles.for_each_value(&side.rulebook.schema, |_| {}).map(|scan| scan.misfits);
    let stored: BTreeSet<Arc<str>> = profiles.stored_fields()?.into_iter().collect();
    let is_gone = |name: &&Arc<str>| new.rulebook.schema.find(name).is_none() && stored.contains(*name);
    let soon = |rule: &&RulePlan| rule.at.as_ref().is_none_or(|at| *at <= (now + DAY).rfc3339());
    let sends = |rule: &RulePlan| {
        let of = new.rulebook.rules.iter().find(|known| known.name == rule.name);
        let each = of.map_or(0, |rule| rule.then.iter().filter(|action| matches!(action, Action::Send(_))).count());
        each * rule.users
    };
    Ok(PlanReport {
        from: old.rulebook.version.clone(),
        to: new.rulebook.version.clone(),
        users: after.len(),
        files: old.files.differing(&new.files),
        segments: segments(old, new, &before, &after),
        lifecycle: lifecycle(&before, &after),
        drips: drips(old, new, &automation),
        misfits: misfits(new)?.saturating_sub(misfits(old)?),
        forgotten: old
            .rulebook
            .schema
            .iter()
            .map(|(_, field)| &field.name)
            .filter(is_gone)
            .map(|n| n.to_string())
            .collect(),
        waits_24h: automation
            .everybody()
            .filter(|(_, standing)| standing.due().is_some_and(|due| due <= now + DAY))
            .count(),
        sends_24h: rules.iter().filter(soon).map(sends).sum(),
        definitions,
        rules,
    })
}

impl PlanReport {
    /// Whether nothing would be another than it is.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.segments.is_empty() && self.lifecycle.is_empty() && self.misfits == 0
    }
}

fn definitions(old: &Side, new: &Side) -> BTreeMap<&'static str, Definitions> {
    let (before, after) = (Whereabouts::of(&old.files), Whereabouts::of(&new.files));
    let bodies = SECTIONS.into_iter().map(|section| (section, before.bodies(section), after.bodies(section)));
    let all = bodies.chain([("templates", templates(&old.files), templates(&new.files))]);
    let compared = all.map(|(section, before, after)| {
        let new = after.keys().filter(|name| !before.contains_key(*name)).cloned().collect();
        let removed = before.keys().filter(|name| !after.contains_key(*name)).cloned().collect();
        let edited = after.iter().filter(|(name, body)| before.get(*name).is_some_and(|known| known != *body));
        (section, Definitions { new, removed, edited: edited.map(|(name, _)| name.clone()).collect() })
    });
    compared.filter(|(_, d)| !(d.new.is_empty() && d.removed.is_empty() && d.edited.is_empty())).collect()
}

fn templates(files: &Files) -> BTreeMap<String, String> {
    let of = files.texts().filter_map(|(path, text)| Some((path.strip_prefix("templates/")?, text)));
    of.map(|(name, text)| (name.to_owned(), String::from_utf8_lossy(text).into_owned())).collect()
}

fn segments(old: &Side, new: &Side, before: &Audience, after: &Audience) -> Vec<SegmentPlan> {
    let members = |side: &Side, audience: &Audience, name: &str| {
        side.rulebook.segment(name).map_or_else(Vec::new, |segment| audience.members(segment.id))
    };
    let names: BTreeSet<&str> =
        old.rulebook.segments().iter().chain(new.rulebook.segments()).map(|s| &*s.name).collect();
    let plan = |name: &str| {
        let (was, is) = (members(old, before, name), members(new, after, name));
        let apart = |of: &[i64], from: &[i64]| {
            let ids: Vec<i64> = of.iter().filter(|id| from.binary_search(id).is_err()).copied().collect();
            (ids.len(), ids.into_iter().take(SHOWN).collect::<Vec<_>>())
        };
        let (entering, leaving) = (apart(&is, &was), apart(&was, &is));
        let changes = entering.0 + leaving.0 > 0;
        changes.then(|| SegmentPlan { name: name.to_owned(), before: was.len(), after: is.len(), entering, leaving })
    };
    names.into_iter().filter_map(plan).collect()
}

fn lifecycle(before: &Audience, after: &Audience) -> Vec<(String, String, usize)> {
    let mut moves: BTreeMap<(String, String), usize> = BTreeMap::new();
    let stage = |audience: &Audience, id: i64| {
        let profile = audience.profile(crate::model::UserId(id));
        match profile.as_ref().map(|profile| profile.get(builtin::LIFECYCLE)) {
            Some(Value::String(stage)) => stage.to_string(),
            Some(_) | None => "·".to_owned(),
        }
    };
    for id in after.ids() {
        let (was, is) = (stage(before, id), stage(after, id));
        if was != is {
            *moves.entry((was, is)).or_default() += 1;
        }
    }
    moves.into_iter().map(|((was, is), count)| (was, is, count)).collect()
}

fn drips(old: &Side, new: &Side, automation: &Automation) -> Vec<DripPlan> {
    let flows = |side: &Side| -> BTreeMap<String, Flow> {
        side.rulebook.drips.iter().map(|drip| (drip.name.clone(), Flow::new(drip))).collect()
    };
    let (before, after) = (flows(old), flows(new));
    let mut people: BTreeMap<(String, u16), usize> = BTreeMap::new();
    for (_, standing) in automation.everybody() {
        for enrolment in &standing.drips {
            *people.entry((enrolment.drip.to_string(), enrolment.at)).or_default() += 1;
        }
    }
    let label = |flow: &Flow, at: u16| flow.node(at).map_or_else(String::new, |node| node.label.to_string());
    let plan = |((drip, at), people): ((String, u16), usize)| {
        let flow = before.get(&drip);
        let found = match (flow, after.get(&drip)) {
            (Some(flow), Some(next)) => flow.outline().find(at, &next.outline()),
            (None, _) | (_, None) => Found::Nowhere,
        };
        let goes_on = match (found, after.get(&drip)) {
            (Found::Same(at) | Found::Instead(at), Some(next)) => Some(label(next, at)),
            (Found::Same(_) | Found::Instead(_) | Found::Nowhere, _) => None,
        };
        let step = flow.map_or_else(String::new, |flow| label(flow, at));
        DripPlan { drip, step, people, goes_on, same: matches!(found, Found::Same(_)) }
    };
    people.into_iter().map(plan).collect()
}

fn rules(new: &Side, definitions: &BTreeMap<&'static str, Definitions>, after: &Audience, now: Time) -> Vec<RulePlan> {
    let changed = definitions.get("rules");
    let is_changed = |rule: &Rule| changed.is_some_and(|d| d.new.contains(&rule.name) || d.edited.contains(&rule.name));
    let selected = |condition: &Condition| after.with_pass(None, |pass| pass.ids_of(&condition.select(pass)).len());
    let zone = &new.rulebook.settings.timezone.zone;
    let plan = |rule: &Rule| {
        let (by, at, users) = match &rule.when {
            Trigger::Schedule(schedule) => {
                let at = schedule.next(now, zone)?.rfc3339();
                (Cause::Schedule, Some(at), rule.audience.as_ref().map_or(0, selected))
            }
            Trigger::Due { field, after: length } => {
                let due = after.times(*field).into_iter().map(|(_, at)| at + *length);
                (Cause::Due, None, due.filter(|due| *due > now && *due <= now + DAY).count())
            }
            Trigger::Enters(segment) if rule.backfill && is_changed(rule) => {
                (Cause::Backfill, None, after.members(*segment).len())
            }
            Trigger::Enters(_)
            | Trigger::Event(_)
            | Trigger::Leaves(_)
            | Trigger::Changes(_)
            | Trigger::Command(_)
            | Trigger::Button(_)
            | Trigger::Text(_)
            | Trigger::Joins
            | Trigger::Blocks
            | Trigger::Returns => return None,
        };
        Some(RulePlan { name: rule.name.clone(), by, at, users })
    };
    new.rulebook.rules.iter().filter_map(plan).collect()
}
