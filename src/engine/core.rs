//! What the engine makes of every change, on the writer's thread: the audience
//! is kept current, and rules change profiles.
//!
//! A change goes through rounds: what it brought about (segments entered and
//! left, fields changed) triggers rules, whose changes are the next round. A
//! cascade that does not end is undone as a whole and reported.

use super::crowd::Crowd;
use super::decide::{Effect, Occurrence, ROUNDS, Reactions, changed, decide};
use crate::audience::{Audience, Changes, Happened};
use crate::condition::Row;
use crate::model::{Event, Patch, Time, UserId, Value};
use crate::rulebook::Rulebook;
use crate::store::{Observer, Origin, StoreError};
use std::sync::Arc;

/// The observer of the engine's writer.
pub(super) struct Core {
    crowd: Arc<Crowd>,
    /// The rulebook whose rules are in force, and what triggers them.
    rules: Option<(Arc<Rulebook>, Reactions)>,
    /// Whether the audience may hold what is not stored.
    is_stale: bool,
}

/// The patches of one change.
type Patches = Vec<(UserId, Patch)>;

impl Core {
    pub fn new(crowd: Arc<Crowd>) -> Self {
        Self { crowd, rules: None, is_stale: false }
    }
}

impl Observer for Core {
    fn begin(&mut self, is_needed: bool) -> Result<(), StoreError> {
        if self.crowd.loaded().is_none() && !is_needed {
            return Ok(());
        }
        let now = self.crowd.clock.now();
        let audience = self.crowd.load(now)?;
        if self.is_stale {
            audience.reload(&self.crowd.profiles, now)?;
            self.is_stale = false;
        }
        let current = self.crowd.live.current();
        if self.rules.as_ref().is_none_or(|(rulebook, _)| !Arc::ptr_eq(rulebook, &current)) {
            audience.adopt(&current, &self.crowd.profiles, now)?;
            self.rules = Some((current.clone(), Reactions::new(&current)));
        }
        Ok(())
    }

    fn patched(&mut self, origin: Origin, user: UserId, patch: &Patch) -> Patches {
        let Some(audience) = self.crowd.loaded() else { return Patches::new() };
        let changes = audience.apply(user, patch, self.crowd.clock.now());
        match origin {
            Origin::Live => self.follow(audience, user, None, &[changes]),
            Origin::Import => Patches::new(),
        }
    }

    fn happened(&mut self, _: Origin, event: &Event) -> Patches {
        let Some(audience) = self.crowd.loaded() else { return Patches::new() };
        let changes = audience.happened(event, self.crowd.clock.now());
        self.follow(audience, event.user, Some(event), &[changes])
    }

    fn advanced(&mut self, now: Time) -> Patches {
        let Some(audience) = self.crowd.loaded() else { return Patches::new() };
        let changed = audience.advance(now);
        changed.into_iter().flat_map(|changes| self.follow(audience, changes.user, None, &[changes])).collect()
    }

    fn lost(&mut self) {
        self.is_stale = true;
    }
}

impl Core {
    /// What rules make of a change of one user, round by round.
    fn follow(&self, audience: &Audience, user: UserId, event: Option<&Event>, first: &[Changes]) -> Patches {
        let Some((rulebook, reactions)) = self.rules.as_ref().filter(|(_, reactions)| !reactions.is_empty()) else {
            return Patches::new();
        };
        let now = self.crowd.clock.now();
        let mut round = Round { occurrences: event.map(Occurrence::Event).into_iter().collect(), event };
        first.iter().for_each(|changes| round.add(changes));
        let (mut patches, mut undo) = (Patches::new(), Vec::new());
        for _ in 0..ROUNDS {
            let Some(patch) = round.patch(audience, user, rulebook, reactions) else { return patches };
            let changes = audience.apply(user, &patch, now);
            round = Round { occurrences: Vec::new(), event: None };
            round.add(&changes);
            undo.push(undoing(rulebook, &patch, &changes));
            patches.push((user, patch));
        }
        if round.patch(audience, user, rulebook, reactions).is_none() {
            return patches;
        }
        let event = event.map_or("", |event| &event.name);
        tracing::warn!(%user, event, "rules trigger one another without end; nothing of it is done");
        for patch in undo.iter().rev() {
            audience.apply(user, patch, now);
        }
        Patches::new()
    }
}

/// What triggers rules in one round.
struct Round<'a> {
    occurrences: Vec<Occurrence<'a>>,
    event: Option<&'a Event>,
}

impl Round<'_> {
    fn add(&mut self, changes: &Changes) {
        self.occurrences.extend(changes.new.then_some(Occurrence::Joined));
        self.occurrences.extend(changes.entered.iter().map(|segment| Occurrence::Entered(*segment)));
        self.occurrences.extend(changes.left.iter().map(|segment| Occurrence::Left(*segment)));
        self.occurrences.extend(changes.fields.iter().map(|(field, ..)| Occurrence::Changed(*field)));
    }

    /// What the round changes in the user's profile, if anything.
    fn patch(&self, audience: &Audience, user: UserId, rulebook: &Rulebook, reactions: &Reactions) -> Option<Patch> {
        if self.occurrences.is_empty() {
            return None;
        }
        let happened = self.event.map(|event| Happened::new(rulebook, event));
        let sets = audience.with_row(user, |person| {
            let person = happened.as_ref().map_or(*person, |happened| person.at(happened));
            let effects: Vec<Effect> = decide(rulebook, reactions, &self.occurrences, &person);
            changed(&effects, &rulebook.schema, |field| person.field(field).clone())
        })?;
        let name = |(field, value): (_, Value)| (rulebook.schema.field(field).name.clone(), value);
        let patch = Patch { sets: sets.into_iter().map(name).collect() };
        (!patch.is_empty()).then_some(patch)
    }
}

/// The patch that takes another one back.
fn undoing(rulebook: &Rulebook, patch: &Patch, changes: &Changes) -> Patch {
    let was_set = |name: &str| patch.sets.iter().any(|(set, _)| **set == *name);
    let fields = changes.fields.iter().map(|(field, old, _)| (rulebook.schema.field(*field).name.clone(), old.clone()));
    Patch { sets: fields.filter(|(name, _)| was_set(name)).collect() }
}
