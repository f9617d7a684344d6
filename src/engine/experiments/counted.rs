//! One experiment: its exposures in the version in force, what their users did,
//! and the running sums of each variant.

use super::exposure::{Cell, Exposure};
use super::plan::{Dealt, Outline, Plan};
use super::sums::{Arm, Sign};
use crate::model::{Time, TimeDelta, UserId};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What users did in so many days before their exposure explains a part of what
/// they do after it.
pub const BEFORE: TimeDelta = TimeDelta::days(14);

/// One experiment.
#[derive(Debug)]
pub struct Counted {
    /// What is measured.
    pub plan: Plan,
    users: HashMap<UserId, Exposure>,
    arms: BTreeMap<Arc<str>, Arm>,
    /// How many users other versions have.
    pub others: BTreeMap<u32, u64>,
}

/// What another plan changes.
#[derive(Debug, Default)]
pub struct Revised {
    /// The places that are to be counted from the history; then the sums are to
    /// be made.
    pub anew: Vec<usize>,
    /// Users whose records change.
    pub changed: Vec<UserId>,
}

impl Counted {
    /// Nothing was counted.
    pub fn new(plan: Plan) -> Self {
        Self { plan, users: HashMap::new(), arms: BTreeMap::new(), others: BTreeMap::new() }
    }

    /// The version that is counted.
    pub fn version(&self) -> u32 {
        self.plan.outline.version
    }

    /// The exposure of a user.
    pub fn of(&self, user: UserId) -> Option<&Exposure> {
        self.users.get(&user)
    }

    /// Everybody, in no order.
    pub fn everybody(&self) -> impl Iterator<Item = (UserId, &Exposure)> {
        self.users.iter().map(|(user, exposure)| (*user, exposure))
    }

    /// The variants to which anybody was exposed, by name.
    pub fn arms(&self) -> &BTreeMap<Arc<str>, Arm> {
        &self.arms
    }

    /// How many users each version has.
    pub fn versions(&self) -> BTreeMap<u32, u64> {
        let mut versions = self.others.clone();
        versions.insert(self.version(), self.users.len() as u64);
        versions
    }

    /// How many users each variant should have by the weights under which they
    /// were dealt, in the order of the files. Users of variants that are gone are
    /// left out on both sides.
    pub fn expected(&self) -> Vec<f64> {
        let Outline { variants, before, .. } = &self.plan.outline;
        let earlier = |name: &Arc<str>| before.iter().find(|dealt| dealt.variant == *name);
        let (mut dealt, mut had, mut now, mut weights) = (0.0, 0.0, 0.0, 0.0);
        for (name, weight) in variants {
            dealt += earlier(name).map_or(0.0, |dealt| dealt.expected as f64);
            had += earlier(name).map_or(0.0, |dealt| dealt.users as f64);
            now += self.arms.get(name).map_or(0.0, |arm| arm.users as f64);
            weights += f64::from(*weight);
        }
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        let expected = |(name, weight): &(Arc<str>, u16)| {
            let earlier = earlier(name).map_or(0.0, |dealt| dealt.expected as f64);
            had * share(earlier, dealt) + (now - had).max(0.0) * share(f64::from(*weight), weights)
        };
        variants.iter().map(expected).collect()
    }

    /// What was dealt before, once these are the variants.
    pub fn dealt_before(&self, variants: &[(Arc<str>, u16)]) -> Vec<Dealt> {
        let outline = &self.plan.outline;
        if outline.variants == variants {
            return outline.before.clone();
        }
        let users = |name: &Arc<str>| self.arms.get(name).map_or(0, |arm| arm.users);
        let dealt = |((name, _), expected): (&(Arc<str>, u16), f64)| Dealt {
            variant: name.clone(),
            expected: (expected * 1_000.0).round() as u64,
            users: users(name),
        };
        let gone =
            outline.before.iter().filter(|dealt| outline.variants.iter().all(|(name, _)| *name != dealt.variant));
        outline.variants.iter().zip(self.expected()).map(dealt).chain(gone.cloned()).collect()
    }

    /// A user who was exposed for the first time.
    pub fn expose(&mut self, user: UserId, exposure: Exposure) {
        self.arms.entry(exposure.shown.variant.clone()).or_default().add(&exposure);
        self.users.insert(user, exposure);
    }

    /// Changes what is known of a user; whether that was anything.
    pub fn change(&mut self, user: UserId, change: impl FnOnce(&mut Exposure)) -> bool {
        let Some(exposure) = self.users.get_mut(&user) else { return false };
        let before = exposure.clone();
        change(exposure);
        if *exposure == before {
            return false;
        }
        if let Some(arm) = self.arms.get_mut(&before.shown.variant) {
            arm.change(&before, Sign::Minus);
            arm.change(exposure, Sign::Plus);
        }
        true
    }

    /// Whether something that a user did at this moment says anything about
    /// something measured.
    pub fn is_asked(&self, user: UserId, place: usize, at: Time) -> bool {
        self.users.get(&user).is_some_and(|exposure| when(exposure.at, at, self.within(place)).is_some())
    }

    /// Something that counts; whether it changed anything.
    pub fn count(&mut self, user: UserId, place: usize, at: Time, weight: (u32, i64)) -> bool {
        let (within, width) = (self.within(place), self.plan.outline.metrics.len());
        self.change(user, |exposure| note(exposure, (place, width), at, within, weight))
    }

    /// A button of one of its messages was pressed.
    pub fn click(&mut self, user: UserId, template: &str, at: Time) -> bool {
        let window = self.plan.outline.window;
        self.plan.templates.contains(template)
            && self.change(user, |exposure| {
                exposure.clicked |= when(exposure.at, at, window) == Some(When::After);
            })
    }

    /// Counts what something tells into an exposure that is not among them yet.
    pub fn count_into(&self, exposure: &mut Exposure, place: usize, at: Time, weight: (u32, i64)) {
        note(exposure, (place, self.plan.outline.metrics.len()), at, self.within(place), weight);
    }

    /// Takes another plan for the same version. What is measured as before
    /// stays. Nothing is to be done if all of it is.
    pub fn revise(&mut self, plan: Plan) -> Option<Revised> {
        let before = std::mem::replace(&mut self.plan, plan).outline;
        let places = self.plan.outline.places_in(&before);
        if places.iter().copied().eq((0..before.metrics.len()).map(Some)) {
            return None;
        }
        let mut changed = Vec::new();
        for (user, exposure) in self.users.iter_mut().filter(|(_, exposure)| !exposure.cells.is_empty()) {
            changed.push(*user);
            let cell = |place: &Option<usize>| place.map_or_else(Cell::default, |place| exposure.cell(place));
            exposure.cells = places.iter().map(cell).collect();
            exposure.tidy();
        }
        let anew = (0..).zip(&places).filter(|(_, place)| place.is_none()).map(|(at, _)| at).collect();
        Some(Revised { anew, changed })
    }

    /// Adds up the variants again, after [`Counted::revise`] and what was counted
    /// by it.
    pub fn sum(&mut self) {
        self.arms.clear();
        for exposure in self.users.values() {
            self.arms.entry(exposure.shown.variant.clone()).or_default().add(exposure);
        }
    }

    /// Counts without keeping sums.
    pub fn recount(&mut self, user: UserId, place: usize, at: Time, weight: (u32, i64)) {
        let (within, width) = (self.within(place), self.plan.outline.metrics.len());
        if let Some(exposure) = self.users.get_mut(&user) {
            note(exposure, (place, width), at, within, weight);
        }
    }

    fn within(&self, place: usize) -> TimeDelta {
        self.plan.outline.metrics.get(place).map_or(TimeDelta(0), |metric| metric.within)
    }
}

impl Outline {
    /// Where each thing that is measured stood in another outline. What was
    /// not counted for a while stands nowhere.
    fn places_in(&self, before: &Self) -> Vec<Option<usize>> {
        let is_continued = before.is_defined || !self.is_defined;
        let mut taken = vec![!is_continued; before.metrics.len()];
        let place = |metric| {
            let place = (0..).zip(&before.metrics).find(|(at, known)| !taken[*at] && *known == metric)?.0;
            taken[place] = true;
            Some(place)
        };
        self.metrics.iter().map(place).collect()
    }
}

/// On which side of an exposure something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Before,
    After,
}

/// The first moment of the window is in it, the last is not.
fn when(exposed: Time, at: Time, within: TimeDelta) -> Option<When> {
    if at >= exposed {
        (at < exposed + within).then_some(When::After)
    } else {
        (at >= exposed - BEFORE).then_some(When::Before)
    }
}

fn note(exposure: &mut Exposure, (place, width): (usize, usize), at: Time, within: TimeDelta, weight: (u32, i64)) {
    let Some(when) = when(exposure.at, at, within) else { return };
    if exposure.cells.len() < width {
        exposure.cells.resize_with(width, Cell::default);
    }
    if let Some(cell) = exposure.cells.get_mut(place) {
        match when {
            When::Before => cell.before(weight),
            When::After => cell.after(weight),
        }
    }
    exposure.tidy();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_has_its_first_moment_and_not_its_last() {
        let (exposed, within) = (Time(10_000_000_000), TimeDelta(100));
        for (at, expected) in [
            (exposed, Some(When::After)),
            (exposed + TimeDelta(99), Some(When::After)),
            (exposed + within, None),
            (exposed - TimeDelta(1), Some(When::Before)),
            (exposed - BEFORE, Some(When::Before)),
            (exposed - BEFORE - TimeDelta(1), None),
        ] {
            assert_eq!(when(exposed, at, within), expected, "{at:?}");
        }
    }
}
