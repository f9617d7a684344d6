//! What the engine makes of every change, on the writer's thread: the audience
//! is kept current, and rules and drips act.
//!
//! Each thing that happens is a turn of one user, see [`turn`](super::turn);
//! what is due by the clock comes before what happens now. What turns come to is
//! put together here and stored in the batch of the change that caused it:
//! profiles, where users stand, messages for the outbox, work to be done apart.
//! So after a crash all of it is there or nothing.

mod clockwork;
mod staged;

use super::automation::due::Due;
use super::automation::flow::asked;
use super::automation::{Automation, Flow};
use super::crowd::Crowd;
use super::decide::{ROUNDS, Reactions};
use super::experiments::{Around, Winner};
use super::turn::{Came, Errand, Ground, Post, Rules, Stimulus, Turn};
use super::witness::Seen;
use crate::audience::{Audience, Changes};
use crate::model::event::{HOW, VARIANT};
use crate::model::{Event, Patch, Time, TimeDelta, Trace, UserId, Value};
use crate::store::{Batch, Follow, Observer, Origin, StoreError};
use clockwork::Sweeps;
use staged::Staged;
use std::sync::Arc;

/// The observer of the engine's writer.
pub(super) struct Core {
    crowd: Arc<Crowd>,
    /// The rules in force.
    rules: Option<Arc<Rules>>,
    /// Users that schedules are still to act on.
    sweeps: Sweeps,
    /// What is to be stored with the group.
    staged: Staged,
    /// Whether what is in memory may not be stored.
    is_stale: bool,
    /// What this group decides again; asked for once more if it is not stored.
    replaying: Vec<u64>,
    /// Since when the audience counts events that were undone.
    off_since: Option<Time>,
    /// The hour in which winners were looked for last.
    won: Option<i64>,
    /// Through how many users something is being told, one by another.
    depth: usize,
}

/// For so long the audience may count events that were undone.
const OFF_FOR: TimeDelta = TimeDelta::minutes(1);

impl Core {
    pub fn new(crowd: Arc<Crowd>) -> Self {
        let (sweeps, staged) = (Sweeps::default(), Staged::default());
        Self {
            crowd,
            rules: None,
            sweeps,
            staged,
            is_stale: false,
            replaying: Vec::new(),
            off_since: None,
            won: None,
            depth: 0,
        }
    }
}

impl Observer for Core {
    fn begin(&mut self, is_needed: bool) -> Result<(), StoreError> {
        if self.crowd.loaded().is_none() && !is_needed {
            return Ok(());
        }
        let crowd = self.crowd.clone();
        let now = crowd.clock.now();
        let audience = crowd.load(now)?;
        let is_off = self.off_since.is_some_and(|since| now - since > OFF_FOR);
        if self.is_stale || is_off {
            crowd.reload(audience, now)?;
            self.staged.drop_all();
            (self.is_stale, self.off_since) = (false, None);
            self.rules = None;
        }
        let current = crowd.live.current();
        if self.rules.as_ref().is_none_or(|rules| !Arc::ptr_eq(&rules.rulebook, &current)) {
            self.staged.open(&*crowd.store)?;
            audience.adopt(&current, &crowd.profiles, audience.now())?;
            let around = Around { crowd: &crowd, audience, rulebook: &current };
            crowd.experiments_mut().adopt(&around).inspect_err(|_| self.is_stale = true)?;
            self.adopt(audience, Arc::new(Rules::new(current)), now);
        }
        Ok(())
    }

    fn patched(&mut self, origin: Origin, user: UserId, patch: &Patch) -> Vec<Follow> {
        let crowd = self.crowd.clone();
        let Some(audience) = crowd.loaded() else { return Vec::new() };
        let mut follows = self.catch_up(audience, origin);
        crowd.automation_mut().touch();
        let changes = audience.apply(user, patch, crowd.clock.now());
        self.moved(&changes);
        let stimulus = Stimulus { changes: vec![changes], ..Stimulus::default() };
        // what is told of the past triggers nothing, and profiles of users are told so
        if origin == Origin::Live {
            follows.extend(self.turn(audience, user, origin, None, |turn| turn.follow(stimulus)));
        }
        follows
    }

    fn happened(&mut self, origin: Origin, event: &Event) -> Vec<Follow> {
        let crowd = self.crowd.clone();
        let Some(audience) = crowd.loaded() else { return Vec::new() };
        let mut follows = self.catch_up(audience, origin);
        if let Some(Trace::Exposed(experiment)) = event.trace() {
            follows.extend(self.exposed(audience, experiment, event));
            return follows;
        }
        let changes = audience.happened(event, crowd.clock.now());
        if let Some(rules) = &self.rules {
            let zone = &rules.rulebook.settings.timezone.zone;
            crowd.automation_mut().progress.note_hour(event, zone);
        }
        self.count(audience, event);
        self.moved(&changes);
        let stimulus = Stimulus { event: Some(event.clone()), changes: vec![changes], due: None };
        follows.extend(self.turn(audience, event.user, origin, None, |turn| turn.follow(stimulus)));
        follows
    }

    fn advanced(&mut self, now: Time) -> Vec<Follow> {
        let crowd = self.crowd.clone();
        let Some(audience) = crowd.loaded() else { return Vec::new() };
        for (experiment, deed) in crowd.take_orders() {
            audience.turn(&experiment, deed.status.deal());
            crowd.experiments_mut().did(&experiment, deed);
        }
        let changed = audience.advance(now);
        changed.iter().for_each(|changes| self.moved(changes));
        if !crowd.acts() {
            return self.replay(audience);
        }
        self.ship_winners(audience, now);
        let mut follows = Vec::new();
        for changes in changed {
            let user = changes.user;
            let stimulus = Stimulus { changes: vec![changes], ..Stimulus::default() };
            follows.extend(self.turn(audience, user, Origin::Live, None, |turn| turn.follow(stimulus)));
        }
        follows.extend(self.clockwork(audience, now));
        follows.extend(self.replay(audience));
        follows
    }

    fn conclude(&mut self, batch: &mut Batch) -> Result<(), StoreError> {
        if self.crowd.loaded().is_none() {
            return Ok(());
        }
        let mut automation = self.crowd.automation_mut();
        if let Some(rules) = &self.rules {
            self.staged.write(&rules.rulebook, &mut automation, self.crowd.clock.now(), batch)?;
        }
        self.crowd.experiments_mut().write(batch)?;
        automation.write(batch)
    }

    fn stored(&mut self) {
        self.replaying.clear();
        self.staged.stored(&self.crowd);
    }

    fn lost(&mut self) {
        self.is_stale = true;
        self.crowd.replay(&std::mem::take(&mut self.replaying));
        self.staged.drop_all();
    }
}

impl Core {
    /// Puts other rules in force.
    fn adopt(&mut self, audience: &Audience, rules: Arc<Rules>, now: Time) {
        let mut automation = self.crowd.automation_mut();
        let is_first = self.rules.is_none();
        automation.adopt(&rules.flows, now, rules.rulebook.policy.removed);
        let progress = automation.progress.clone();
        // what was due before a rule was there never fires; after a restart it was
        let until = progress.until.filter(|_| is_first && self.crowd.acts()).unwrap_or(now);
        let and = progress.user.filter(|_| is_first);
        let due = |pair: (_, _)| Due::new(pair, audience.times(pair.0), until, and);
        let mut pairs: Vec<_> = rules.reactions.due().collect();
        pairs.sort_unstable();
        automation.fields = pairs.into_iter().map(due).collect();
        tell_of_gone(&automation, &rules);
        drop(automation);
        self.sweeps.renew();
        self.rules = Some(rules);
    }

    /// Decides again what had no end, as somebody asked.
    fn replay(&mut self, audience: &Audience) -> Vec<Follow> {
        let mut follows = Vec::new();
        for number in self.crowd.take_replays() {
            self.replaying.push(number);
            let cascade = self.crowd.automation().cascades.get(number).cloned();
            if let Some(cascade) = cascade {
                let (user, origin) = (cascade.user, cascade.origin());
                follows.extend(self.turn(audience, user, origin, None, |turn| turn.again(number, &cascade)));
            }
        }
        follows
    }

    /// One turn of a user and what it comes to.
    fn turn(
        &mut self,
        audience: &Audience,
        user: UserId,
        origin: Origin,
        due: Option<Time>,
        take: impl FnOnce(Turn<'_>) -> Came,
    ) -> Vec<Follow> {
        let Some(rules) = self.rules.clone() else { return Vec::new() };
        let crowd = self.crowd.clone();
        let now = crowd.clock.now();
        crowd.automation_mut().touch();
        let ground = Ground { crowd: &crowd, audience, rules: &rules, now };
        let mut came = take(Turn::new(ground, user, origin, due));
        let mut automation = crowd.automation_mut();
        for (user, field, old, new) in came.fields.drain(..) {
            automation.moved(user, field, (&old, &new), now);
        }
        drop(automation);
        for follow in &came.follows {
            if let Follow::Event(event) = follow {
                self.count(audience, event);
            }
        }
        if came.is_off {
            self.off_since = self.off_since.or(Some(now));
        }
        self.stage(came.posts, came.notes, came.errands);
        for event in came.told {
            came.follows.extend(self.tell(audience, event));
        }
        came.follows
    }

    /// Something happens to a user because of what another one did. Who is not
    /// known is not told. Users that tell one another in a circle come to an end
    /// after as many as there are rounds.
    fn tell(&mut self, audience: &Audience, event: Event) -> Vec<Follow> {
        let (user, now) = (event.user, self.crowd.clock.now());
        if audience.with_row(user, |_| ()).is_none() {
            tracing::info!(%user, event = %event.name, "nobody is known by this id; nothing happens to them");
            return Vec::new();
        }
        if self.depth == ROUNDS {
            tracing::warn!(%user, event = %event.name, "users tell one another without end; this is not told");
            return Vec::new();
        }
        let changes = audience.happened(&event, now);
        self.count(audience, &event);
        self.moved(&changes);
        let mut follows = vec![Follow::Event(event.clone())];
        let stimulus = Stimulus { event: Some(event), changes: vec![changes], due: None };
        self.depth += 1;
        follows.extend(self.turn(audience, user, Origin::Live, None, |turn| turn.follow(stimulus)));
        self.depth -= 1;
        follows
    }

    /// Puts winners into effect, once an hour, and tells the admins.
    fn ship_winners(&mut self, audience: &Audience, now: Time) {
        let hour = now.0.div_euclid(TimeDelta::hours(1).0);
        let Some(rules) = self.rules.clone().filter(|_| self.won != Some(hour)) else { return };
        self.won = Some(hour);
        let winners = self.crowd.experiments().winners(&rules.rulebook, now);
        for Winner { name, deed, text } in winners {
            audience.turn(&name, deed.status.deal());
            self.crowd.experiments_mut().did(&name, deed);
            let language = rules.rulebook.settings.language;
            self.stage(Vec::new(), vec![text.get(language).to_owned()], Vec::new());
        }
    }

    /// Counts what happened for the experiments that ask for it.
    fn count(&self, audience: &Audience, event: &Event) {
        if let Some(rules) = &self.rules {
            let around = Around { crowd: &self.crowd, audience, rulebook: &rules.rulebook };
            self.crowd.experiments_mut().happened(event, &around);
        }
    }

    /// A message that shows a variant of an experiment was about to be sent, or
    /// would have been: the user keeps the variant.
    fn exposed(&mut self, audience: &Audience, experiment: &str, event: &Event) -> Vec<Follow> {
        let Some(rules) = self.rules.clone() else { return Vec::new() };
        let around = Around { crowd: &self.crowd, audience, rulebook: &rules.rulebook };
        // who was shown another version is not held by it
        if !self.crowd.experiments_mut().exposed(experiment, event, &around) {
            return Vec::new();
        }
        let (Some(Value::String(variant)), None) = (event.property(VARIANT), event.property(HOW)) else {
            return Vec::new();
        };
        let changes = audience.show(event.user, experiment, variant, self.crowd.clock.now());
        if changes.is_empty() {
            return Vec::new();
        }
        self.moved(&changes);
        let stimulus = Stimulus { changes: vec![changes], ..Stimulus::default() };
        self.turn(audience, event.user, Origin::Live, None, |turn| turn.follow(stimulus))
    }

    /// Takes what is to be stored with the group.
    fn stage(&mut self, posts: Vec<Post>, notes: Vec<String>, errands: Vec<Errand>) {
        if let Some(witness) = self.crowd.witness() {
            errands.iter().for_each(|errand| witness.note(Seen::Errand(errand.chore.clone())));
        }
        self.staged.take(posts, notes, errands);
    }

    /// Notes fields that changed for triggers that count from them.
    fn moved(&self, changes: &Changes) {
        let now = self.crowd.clock.now();
        if !changes.fields.is_empty() {
            let mut automation = self.crowd.automation_mut();
            for (field, old, new) in &changes.fields {
                automation.moved(changes.user, *field, (old, new), now);
            }
        }
    }
}

/// Says which switches are kept for a rulebook that comes back.
fn tell_of_gone(automation: &Automation, rules: &Rules) {
    for (unit, name, since) in automation.switches().off() {
        if !unit.is_in(&rules.rulebook, name) {
            let (kind, since) = (unit.as_str(), since.rfc3339());
            tracing::warn!(
                kind,
                name,
                since,
                "what was switched off is not in the rulebook; it stays off if it returns"
            );
        }
    }
}

impl Rules {
    /// The rules of a rulebook, prepared.
    fn new(rulebook: Arc<crate::rulebook::Rulebook>) -> Self {
        let reactions = Reactions::new(&rulebook);
        let flows = rulebook.drips.iter().map(Flow::new).collect();
        let conditions = rulebook.rules.iter().filter_map(|rule| rule.condition.as_ref());
        let asks_for_variants = conditions.into_iter().any(|condition| !asked(condition).is_empty());
        Self { rulebook, reactions, flows, asks_for_variants }
    }
}
