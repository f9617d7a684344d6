//! Where people would be: in which segments and stages, at which steps of drips.

use super::Side;
use crate::audience::Audience;
use crate::condition::Row;
use crate::engine::automation::flow::{Found, Outline};
use crate::engine::automation::{Automation, Enrolment, Flow, Wait};
use crate::model::{Value, builtin};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

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
    /// The step at which they wait, or the named one before it.
    pub step: String,
    /// How many.
    pub people: usize,
    /// What becomes of them.
    pub fate: Fate,
}

/// What becomes of people at a step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// They stay where they are.
    Stay,
    /// They go on at this step.
    GoOnAt(String),
    /// They wait until the step returns, and leave the drip if it does not.
    Parked,
    /// They were parked and are still.
    StillParked,
    /// They were parked and go on at this step.
    Return(String),
}

/// So many users are shown.
const SHOWN: usize = 5;

/// Segments whose members would change.
pub(super) fn segments(old: &Side, new: &Side, before: &Audience, after: &Audience) -> Vec<SegmentPlan> {
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

/// Users whose stage would be another, a column against a column.
pub(super) fn lifecycle(before: &Audience, after: &Audience) -> Vec<(String, String, usize)> {
    let stage = |value: &Value| if let Value::String(stage) = value { stage.to_string() } else { "·".to_owned() };
    let mut moves: BTreeMap<(String, String), usize> = BTreeMap::new();
    after.with_pass(None, |pass| {
        before.with_pass(None, |known| {
            pass.for_each(|row, person| {
                let Some(user) = pass.user(row) else { return };
                let is = person.field(builtin::LIFECYCLE);
                let was = known.with_row(user, |person| person.field(builtin::LIFECYCLE).clone());
                let was = was.unwrap_or(Value::Missing);
                if was != *is {
                    *moves.entry((stage(&was), stage(is))).or_default() += 1;
                }
            });
        });
    });
    moves.into_iter().map(|((was, is), count)| (was, is, count)).collect()
}

/// Where people in drips stand, and where they are once the rules were taken
/// over.
pub(super) fn drips(stands: &Automation, goes_on: &Automation, flows: &[Flow]) -> Vec<DripPlan> {
    let mut people: BTreeMap<(String, u16, Fate), usize> = BTreeMap::new();
    for (user, standing) in stands.everybody() {
        for was in &standing.drips {
            let is = goes_on.of(user).and_then(|standing| standing.in_drip(&was.drip)).unwrap_or(was);
            let next = flows.iter().find(|flow| flow.name == was.drip);
            let fate = fate(was, is, stands.outline(&was.drip), next);
            *people.entry((was.drip.to_string(), was.at, fate)).or_default() += 1;
        }
    }
    let mut plans: Vec<DripPlan> = Vec::new();
    for ((drip, at, fate), people) in people {
        let step = stands.outline(&drip).map_or_else(String::new, |outline| label(outline, at));
        match plans.last_mut().filter(|last| (&last.drip, &last.step, &last.fate) == (&drip, &step, &fate)) {
            // the waits behind a named step are told with it
            Some(last) => last.people += people,
            None => plans.push(DripPlan { drip, step, people, fate }),
        }
    }
    plans
}

fn fate(was: &Enrolment, is: &Enrolment, outline: Option<&Outline>, next: Option<&Flow>) -> Fate {
    let is_parked = |enrolment: &Enrolment| matches!(enrolment.wait, Wait::Parked { .. });
    let at = || next.map_or_else(String::new, |flow| label(&flow.outline(), is.at));
    match (is_parked(was), is_parked(is)) {
        (false, true) => Fate::Parked,
        (true, true) => Fate::StillParked,
        (true, false) => Fate::Return(at()),
        (false, false) => {
            let found = outline.zip(next).map(|(old, flow)| old.find(was.at, &flow.outline()));
            if matches!(found, Some(Found::Same(_))) { Fate::Stay } else { Fate::GoOnAt(at()) }
        }
    }
}

/// The named step at or before a place.
fn label(outline: &Outline, at: u16) -> String {
    let before = outline.0.iter().take(usize::from(at) + 1).rev();
    before.filter_map(|(name, _)| name.as_ref()).next().map_or_else(|| "start".to_owned(), |name| name.to_string())
}
