//! What rules would do by the clock and to those who match already, and whom
//! they would pass over.

use super::{DAY, SegmentPlan, Side};
use crate::audience::Audience;
use crate::condition::Condition;
use crate::engine::automation::Automation;
use crate::engine::automation::schedule::{backfill_key, backfilled};
use crate::model::{SegmentId, Time};
use crate::rulebook::{Action, Rule, Schedule, Trigger};
use jiff::tz::TimeZone;
use serde::Serialize;

/// What a rule would do.
#[derive(Debug, Serialize)]
pub struct RulePlan {
    /// Its name.
    pub name: String,
    /// Why it acts.
    pub by: Cause,
    /// When first, if that is one moment.
    pub at: Option<String>,
    /// On how many users each time, as far as can be told now.
    pub users: usize,
    /// How many messages that makes within 24 hours, at most.
    pub sends_24h: usize,
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

/// Users who come into a segment or out of it by the edit, which sets nothing
/// off, or who were in it before a new rule.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct PassedOver {
    /// `rule NAME` or `drip NAME`.
    pub by: String,
    /// The segment.
    pub segment: String,
    /// How many.
    pub users: usize,
    /// Why they are passed over.
    pub because: Because,
    /// Whether `backfill: true` would have the rule act on them.
    pub backfill_helps: bool,
}

/// Why users are passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// The edit, and not something of theirs, moves them.
    Edit,
    /// They were there before the rule.
    Before,
}

/// So many runs of a schedule within a day are counted.
const RUNS: usize = 1_440;

/// What rules would do by the clock, or to those who match already.
pub(super) fn rules(new: &Side, automation: &Automation, after: &Audience, now: Time) -> Vec<RulePlan> {
    let selected = |condition: &Condition| after.with_pass(None, |pass| pass.ids_of(&condition.select(pass)).len());
    let zone = &new.rulebook.settings.timezone.zone;
    let plan = |rule: &Rule| {
        let (by, at, users, times) = match &rule.when {
            Trigger::Schedule(schedule) => {
                let at = schedule.next(now, zone)?.rfc3339();
                let users = rule.audience.as_ref().map_or(0, selected);
                (Cause::Schedule, Some(at), users, runs(schedule, now, zone))
            }
            Trigger::Due { field, after: length } => {
                let due = after.times(*field).into_iter().map(|(_, at)| at + *length);
                (Cause::Due, None, due.filter(|due| *due > now && *due <= now + DAY).count(), 1)
            }
            Trigger::Enters(segment) if rule.backfill => {
                (Cause::Backfill, None, to_backfill(new, automation, after, rule, *segment)?, 1)
            }
            Trigger::Enters(_)
            | Trigger::Event(_)
            | Trigger::Leaves(_)
            | Trigger::Changes(_)
            | Trigger::Command(_)
            | Trigger::Button(_)
            | Trigger::Text(_)
            | Trigger::Unknown(_)
            | Trigger::Joins
            | Trigger::Blocks
            | Trigger::Returns => return None,
        };
        let each = rule.then.iter().filter(|action| matches!(action, Action::Send(_))).count();
        Some(RulePlan { name: rule.name.clone(), by, at, users, sends_24h: each * users * times })
    };
    new.rulebook.rules.iter().filter_map(plan).collect()
}

fn runs(schedule: &Schedule, now: Time, zone: &TimeZone) -> usize {
    let next = |from: &Time| schedule.next(*from, zone).filter(|next| *next <= now + DAY);
    std::iter::successors(next(&now), next).take(RUNS).count()
}

/// Those whom the engine would still have the rule act on; nothing once it did.
fn to_backfill(
    new: &Side,
    automation: &Automation,
    after: &Audience,
    rule: &Rule,
    segment: SegmentId,
) -> Option<usize> {
    let plan = backfilled(&new.rulebook, rule, segment);
    let known = automation.schedule(&backfill_key(&rule.name)).filter(|record| record.plan == plan);
    let done = match known {
        Some(record) => record.sweep.as_ref()?.after,
        None => None,
    };
    let members = after.members(segment);
    Some(members.iter().filter(|id| done.is_none_or(|done| **id > done.0)).count())
}

/// Whom rules and drips on segments would not take note of.
pub(super) fn passed_over(old: &Side, new: &Side, after: &Audience, segments: &[SegmentPlan]) -> Vec<PassedOver> {
    let moved = |trigger: &Trigger, is_new: bool| {
        let (id, enters) = match trigger {
            Trigger::Enters(id) => (*id, true),
            Trigger::Leaves(id) => (*id, false),
            Trigger::Schedule(_)
            | Trigger::Due { .. }
            | Trigger::Event(_)
            | Trigger::Changes(_)
            | Trigger::Command(_)
            | Trigger::Button(_)
            | Trigger::Text(_)
            | Trigger::Unknown(_)
            | Trigger::Joins
            | Trigger::Blocks
            | Trigger::Returns => return None,
        };
        let segment = new.rulebook.segments().get(usize::from(id.0))?.name.clone();
        let plan = segments.iter().find(|plan| plan.name == *segment);
        let (users, because) = match (enters, is_new) {
            (true, true) => (after.members(id).len(), Because::Before),
            (true, false) => (plan?.entering.0, Because::Edit),
            (false, _) => (plan?.leaving.0, Because::Edit),
        };
        let backfill_helps = enters;
        let (segment, by) = (segment.to_string(), String::new());
        (users > 0).then_some(PassedOver { by, segment, users, because, backfill_helps })
    };
    let rules = new.rulebook.rules.iter().filter(|rule| !rule.backfill).filter_map(|rule| {
        let is_new = old.rulebook.rules.iter().all(|known| known.name != rule.name);
        Some(PassedOver { by: format!("rule {}", rule.name), ..moved(&rule.when, is_new)? })
    });
    let drips = new.rulebook.drips.iter().filter_map(|drip| {
        let is_new = old.rulebook.drips.iter().all(|known| known.name != drip.name);
        let by = format!("drip {}", drip.name);
        Some(PassedOver { by, backfill_helps: false, ..moved(&drip.when, is_new)? })
    });
    rules.chain(drips).collect()
}
