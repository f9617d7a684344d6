//! What becomes of people in drips when the rulebook changes: each goes on at
//! the same step, or at the next that survives, or is parked until it returns.
//! Nobody gets a step twice because of an edit.

use super::Automation;
use super::flow::{Flow, Found, Kind, Outline};
use super::standing::{Enrolment, How, Wait};
use crate::model::{Time, TimeDelta, UserId};
use std::collections::HashMap;
use std::sync::Arc;

impl Automation {
    /// Takes over the drips of another version. Who has no place in it is parked
    /// for `parked`.
    pub fn adopt(&mut self, flows: &[Flow], now: Time, parked: TimeDelta) {
        let new: HashMap<&str, Outline> = flows.iter().map(|flow| (&*flow.name, flow.outline())).collect();
        let is_known = |name: &Arc<str>, outline: &Outline| new.get(&**name) == Some(outline);
        let is_same = self.outlines.len() == new.len() && self.outlines.iter().all(|(n, o)| is_known(n, o));
        let is_parked = |enrolment: &Enrolment| matches!(enrolment.wait, Wait::Parked { .. });
        if is_same && !self.everybody().any(|(_, standing)| standing.drips.iter().any(is_parked)) {
            return;
        }
        let people: Vec<UserId> =
            self.everybody().filter(|(_, standing)| !standing.drips.is_empty()).map(|(user, _)| user).collect();
        for user in people {
            let Some(mut standing) = self.of(user).cloned() else { continue };
            for enrolment in &mut standing.drips {
                let was_parked = is_parked(enrolment);
                let old = self.outlines.get(&enrolment.drip);
                go_on(enrolment, old, new.get(&*enrolment.drip), now, parked);
                if was_parked && let Some(flow) = flows.iter().find(|flow| flow.name == enrolment.drip) {
                    resume(enrolment, flow, now);
                }
            }
            self.put(user, standing);
        }
        self.remember(new);
    }

    /// Takes out who was parked for too long; gives the drips.
    pub(in crate::engine) fn give_up(standing: &mut super::Standing, now: Time) -> Vec<Arc<str>> {
        let over = |enrolment: &&Enrolment| matches!(enrolment.wait, Wait::Parked { until, .. } if until <= now);
        let gone: Vec<Arc<str>> = standing.drips.iter().filter(over).map(|enrolment| enrolment.drip.clone()).collect();
        gone.iter().for_each(|drip| standing.leave(drip, now, How::Removed));
        gone
    }

    /// Keeps the outlines of this version, and of drips that are gone as long as
    /// somebody is parked in them.
    fn remember(&mut self, new: HashMap<&str, Outline>) {
        let names: Vec<Arc<str>> = self.outlines.keys().cloned().collect();
        for name in names.into_iter().filter(|name| !new.contains_key(&**name)) {
            if !self.standings.values().any(|standing| standing.in_drip(&name).is_some()) {
                self.outlines.remove(&name);
                self.changed.outlines.insert(name);
            }
        }
        for (name, outline) in new {
            if self.outlines.get(name) != Some(&outline) {
                self.outlines.insert(name.into(), outline);
                self.changed.outlines.insert(name.into());
            }
        }
    }
}

fn go_on(enrolment: &mut Enrolment, old: Option<&Outline>, new: Option<&Outline>, now: Time, parked: TimeDelta) {
    let found = match (old, new) {
        (Some(old), Some(new)) => old.find(enrolment.at, new),
        // people without a remembered version are in none
        (None, Some(_)) | (_, None) => Found::Nowhere,
    };
    let due = match enrolment.wait {
        Wait::Parked { due, .. } => due,
        wait => wait.due(),
    };
    match (found, old, new) {
        (Found::Same(at), Some(old), Some(new)) => {
            enrolment.done = old.behind(enrolment.at, new, at);
            enrolment.at = at;
        }
        (Found::Instead(at), Some(old), Some(new)) => {
            enrolment.done = old.behind(enrolment.at, new, at);
            enrolment.at = at;
            enrolment.wait = Wait::Begin { at: due.unwrap_or(now).max(now), attempts: 0 };
        }
        (Found::Same(_) | Found::Instead(_) | Found::Nowhere, _, _) => {
            if !matches!(enrolment.wait, Wait::Parked { .. }) {
                enrolment.wait = Wait::Parked { until: now + parked, due };
            }
        }
    }
}

/// Has somebody who was parked and whose step is back wait there for what he
/// waited for. A message that was asked for is not asked for again: what became
/// of it is not known, and what follows it is next.
fn resume(enrolment: &mut Enrolment, flow: &Flow, now: Time) {
    let Wait::Parked { due, .. } = enrolment.wait else { return };
    let Some(node) = flow.node(enrolment.at) else { return };
    let begin = Wait::Begin { at: due.unwrap_or(now), attempts: 0 };
    enrolment.wait = match &node.kind {
        Kind::Wait { .. } | Kind::WaitUntil { .. } => due.map_or(begin, Wait::Until),
        Kind::WaitFor { .. } => due.map_or(begin, Wait::Event),
        Kind::Act { .. } => due.map_or(Wait::Until(now), |_| begin),
        Kind::Branch { .. } | Kind::Split { .. } => begin,
    };
}
