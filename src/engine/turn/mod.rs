//! Everything that one thing brings about for one user: rounds of rules and
//! drips, until nothing follows any more.
//!
//! In each round all that it triggers is judged against the state before it
//! ([`judge`]); then profile changes are applied, in the order of rule names,
//! then messages, events and the rest are put together, then drips move on
//! ([`walk`]). What that changed is the next round. A cascade that does not end
//! is undone as a whole and noted.
//!
//! Nothing is written here: the outcome is a list of what follows, which the
//! caller stores in one batch.

mod again;
mod hold;
mod judge;
#[cfg(test)]
mod tests;
mod walk;

use super::automation::{Automation, Flow, How, Source, Standing, Switches, seats_of};
use super::crowd::Crowd;
use super::decide::{ROUNDS, Reactions, Reactor, Trouble, changed};
use super::witness::Seen;
use crate::audience::{Audience, Changes, Happened, Seat};
use crate::condition::Row;
use crate::model::event::{HOW, RULEBOOK};
use crate::model::{Chore, Effect, Event, FieldId, Patch, PropertyId, Sending, Time, TimeDelta, Trace, UserId, Value};
use crate::outbox::SkipReason;
use crate::rulebook::{Action, LimitWindow, Rulebook};
use crate::store::{Follow, Origin};
use again::Start;
use hold::Held;
use judge::Decision;
pub(super) use judge::{may_enter, since};
use std::collections::BTreeSet;
use std::sync::{Arc, RwLockWriteGuard};

/// The rules in force, prepared.
pub(super) struct Rules {
    /// The rulebook.
    pub rulebook: Arc<Rulebook>,
    /// What triggers what.
    pub reactions: Reactions,
    /// The drips, by their ids.
    pub flows: Vec<Flow>,
    /// Whether the condition of a rule asks for a user's variant.
    pub asks_for_variants: bool,
}

/// Where a turn happens.
#[derive(Clone, Copy)]
pub(super) struct Ground<'a> {
    pub crowd: &'a Crowd,
    pub audience: &'a Audience,
    pub rules: &'a Rules,
    pub now: Time,
}

/// What starts a turn, or the next round of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Stimulus {
    /// Something happened.
    pub event: Option<Event>,
    /// The user changed.
    pub changes: Vec<Changes>,
    /// A time in a field has come.
    pub due: Option<(FieldId, TimeDelta)>,
}

/// What a turn comes to.
#[derive(Debug, Default)]
pub(super) struct Came {
    /// Changes for the store.
    pub follows: Vec<Follow>,
    /// Messages.
    pub posts: Vec<Post>,
    /// Texts for the admins.
    pub notes: Vec<String>,
    /// Work to be done apart.
    pub errands: Vec<Errand>,
    /// What happens to others by it.
    pub told: Vec<Event>,
    /// Fields that changed, with what they were.
    pub fields: Vec<(UserId, FieldId, Value, Value)>,
    /// Whether the audience counts events that were undone.
    pub is_off: bool,
}

/// A message for the outbox.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Post {
    pub user: UserId,
    pub source: Source,
    pub sending: Sending,
    /// Why it is not sent, if that is known already.
    pub refused: Option<SkipReason>,
    /// Whether the drip waits for what becomes of it.
    pub answers: bool,
}

/// Work to be done apart, and whose it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Errand {
    pub chore: Chore,
    /// The rule, step or task that asks for it.
    pub by: String,
    /// The user whom it is about, if it is about one.
    pub user: Option<UserId>,
}

/// What a rule did.
struct Fired {
    /// Its place in the rulebook.
    rule: usize,
    effects: Vec<(usize, Effect)>,
    trouble: Vec<Trouble>,
}

/// What was due and had no end is tried again so much later.
const AGAIN: TimeDelta = TimeDelta::hours(1);

/// How to take something back.
enum Undo {
    Patch(Patch),
    Event,
}

/// One turn of one user.
pub(super) struct Turn<'a> {
    ground: Ground<'a>,
    user: UserId,
    origin: Origin,
    /// The moment for which everything happens, if that was due.
    due: Option<Time>,
    /// What people have switched off.
    switches: Arc<Switches>,
    standing: Standing,
    /// As it was when the turn began.
    before: Standing,
    came: Came,
    undo: Vec<Undo>,
    next: Vec<Stimulus>,
    fired: Vec<usize>,
    /// Steps that failed, by their drip.
    failed: Vec<Arc<str>>,
    /// Drips that the user entered by steps of drips, each as often as he did.
    started: Vec<Arc<str>>,
    /// Through how many drips the user is being moved, one within another.
    depth: usize,
    /// The number of what had no end and is taken once more.
    replayed: Option<u64>,
}

impl<'a> Turn<'a> {
    /// A turn that has not begun. `due` is the moment for which it happens, if
    /// it is about one.
    pub fn new(ground: Ground<'a>, user: UserId, origin: Origin, due: Option<Time>) -> Self {
        let automation = ground.crowd.automation();
        let (standing, switches) = (automation.of(user).cloned().unwrap_or_default(), automation.switches().clone());
        drop(automation);
        Self {
            ground,
            user,
            origin,
            due,
            switches,
            before: standing.clone(),
            standing,
            came: Came::default(),
            undo: Vec::new(),
            next: Vec::new(),
            fired: Vec::new(),
            failed: Vec::new(),
            started: Vec::new(),
            depth: 0,
            replayed: None,
        }
    }

    /// What follows from this.
    pub fn follow(mut self, stimulus: Stimulus) -> Came {
        self.next.push(stimulus);
        self.rounds(Start::Told)
    }

    /// What follows from one rule that acts on this user, on a schedule or for
    /// those who match already.
    pub fn act(mut self, rule: usize) -> Came {
        if self.is_off(Reactor::Rule(rule), None) {
            return self.finish();
        }
        if let Some(fired) = self.judged_alone(rule) {
            self.apply(Decision { fired: vec![fired], ..Decision::default() });
        } else {
            let held = self.ground.audience.with_row(self.user, |person| self.held_alone(rule, person));
            self.apply(Decision { held: held.flatten().into_iter().collect(), ..Decision::default() });
        }
        self.rounds(Start::Rule(rule))
    }

    /// What follows from the passing of time: waits that are over, messages
    /// whose moment has come.
    pub fn pass(mut self) -> Came {
        self.wake();
        self.rounds(Start::Time)
    }

    fn rounds(mut self, start: Start) -> Came {
        let mut first = Vec::new();
        for round in 0.. {
            if self.starts_without_end() {
                return self.cut(start, &first);
            }
            let stimuli = std::mem::take(&mut self.next);
            if stimuli.is_empty() {
                break;
            }
            let decision = self.judge(&stimuli);
            if decision.is_empty() {
                break;
            }
            if round == 0 {
                first = stimuli;
            }
            if round == ROUNDS {
                return self.cut(start, &first);
            }
            self.apply(decision);
        }
        if let Start::Time = start {
            self.automation().cascades.time_passed(self.user);
        }
        self.finish()
    }

    /// Does what a round decided.
    fn apply(&mut self, decision: Decision) {
        let Decision { fired, mut moves, held } = decision;
        self.patch(fired.iter().flat_map(|fired| fired.effects.iter().map(|(_, effect)| effect)));
        let rules = self.ground.rules;
        for Fired { rule, effects, trouble } in fired {
            let Some(rule_of) = rules.rulebook.rules.get(rule) else { continue };
            self.note(rule, &trouble);
            let source = Source::Rule(rule_of.name.as_str().into());
            for (_, effect) in effects {
                moves.extend(self.carry_out(&source, effect, false));
            }
        }
        for Held { rule, sendings } in held {
            let Some(rule) = rules.rulebook.rules.get(rule) else { continue };
            let source = Source::Rule(rule.name.as_str().into());
            sendings.into_iter().for_each(|sending| self.send(source.clone(), sending, false));
        }
        for step in moves {
            self.go(step);
        }
    }

    /// Applies the changes of the profile among effects, as one.
    fn patch<'e>(&mut self, effects: impl Iterator<Item = &'e Effect>) {
        let Ground { audience, rules, now, .. } = self.ground;
        let schema = &rules.rulebook.schema;
        let sets =
            audience.with_row(self.user, |person| changed(effects, schema, now, |field| person.field(field).clone()));
        let name = |(field, value): (_, Value)| (schema.field(field).name.clone(), value);
        let patch = Patch { sets: sets.unwrap_or_default().into_iter().map(name).collect() };
        if patch.is_empty() {
            return;
        }
        let changes = audience.apply(self.user, &patch, now);
        self.undo.push(Undo::Patch(undoing(&rules.rulebook, &patch, &changes)));
        self.came.follows.push(Follow::Patch(self.user, patch));
        self.changed(changes);
    }

    /// Notes changes of the user for the next round.
    fn changed(&mut self, changes: Changes) {
        if changes.is_empty() {
            return;
        }
        let user = self.user;
        self.came.fields.extend(changes.fields.iter().map(|(id, old, new)| (user, *id, old.clone(), new.clone())));
        self.next.push(Stimulus { changes: vec![changes], ..Stimulus::default() });
    }

    /// Does what an effect asks for besides the profile; gives what drips have
    /// to do.
    fn carry_out(&mut self, source: &Source, effect: Effect, answers: bool) -> Option<Move> {
        let rules = self.ground.rules;
        match effect {
            Effect::Set(..) | Effect::Add(..) | Effect::Tag(_) | Effect::Untag(_) | Effect::Discount { .. } => {}
            _ if self.origin == Origin::Import => {}
            Effect::Send(sending) => {
                let answers = answers && !sending.is_ghost();
                self.send(source.clone(), *sending, answers);
            }
            Effect::Start(drip) => return Some(Move::Enter(drip.0)),
            Effect::Stop(drip) => {
                let name = rules.flows.get(usize::from(drip.0))?.name.clone();
                return self.standing.in_drip(&name).is_some().then_some(Move::Leave(name, How::Stopped));
            }
            Effect::Emit(id, told) => self.emit(id, told),
            Effect::Tell(user, id, told) => {
                let event = self.declared(id, told);
                self.came.told.push(Event { user, ..event });
            }
            Effect::Notify(text) => self.came.notes.push(text),
            Effect::Log(text) => tracing::info!(user = %self.user, by = %source, "{text}"),
            Effect::Chore(chore) => {
                let (by, user) = (source.to_string(), Some(self.user));
                self.came.errands.push(Errand { chore, by, user });
            }
        }
        None
    }

    /// Sends a message, or has it wait for its moment.
    fn send(&mut self, source: Source, sending: Sending, answers: bool) {
        if let Some(due) = sending.not_before.filter(|due| *due > self.ground.now) {
            self.standing.waiting.push(super::automation::Waiting { due, source, sending });
            return;
        }
        let refused = self.is_late().then_some(SkipReason::Missed);
        self.came.posts.push(Post { user: self.user, source, sending, refused, answers });
    }

    /// Whether what happens was due too long ago for messages.
    fn is_late(&self) -> bool {
        let within = self.ground.rules.rulebook.policy.send_within;
        self.due
            .zip(within)
            .is_some_and(|(due, within)| self.ground.now - due > within.max(super::automation::schedule::IN_TIME))
    }

    /// Something happens because a rule says so.
    fn emit(&mut self, id: crate::model::EventId, told: Vec<(PropertyId, Value)>) {
        let event = self.declared(id, told);
        let changes = self.ground.audience.happened(&event, self.ground.now);
        self.undo.push(Undo::Event);
        self.came.follows.push(Follow::Event(event.clone()));
        self.next.push(Stimulus { event: Some(event), changes: vec![changes], ..Stimulus::default() });
    }

    /// An event of the project that a rule tells.
    fn declared(&self, id: crate::model::EventId, told: Vec<(PropertyId, Value)>) -> Event {
        let declared = self.ground.rules.rulebook.catalogue.events.event(id);
        let properties = told.into_iter().map(|(id, value)| (declared.at(id).name.clone(), value)).collect();
        self.told(declared.name.clone(), properties)
    }

    /// An event of the engine's own.
    fn told(&self, name: Arc<str>, properties: Vec<(Arc<str>, Value)>) -> Event {
        let number = self.automation().next_told();
        Event { id: format!("vestnik:{number}").into(), user: self.user, name, at: self.ground.now, properties }
    }

    /// Notes the way of the user through rules and drips.
    fn trace(&mut self, trace: Trace<'_>, how: Option<How>) {
        let version = Value::text(self.ground.rules.rulebook.version.as_str());
        let mut properties = vec![(RULEBOOK.into(), version)];
        properties.extend(how.map(|how| (HOW.into(), Value::text(how.as_str()))));
        let event = self.told(trace.name(), properties);
        self.came.follows.push(Follow::Event(event));
    }

    /// Notes that a rule acted, and what failed of it.
    fn note(&mut self, rule: usize, trouble: &[Trouble]) {
        let Some(of) = self.ground.rules.rulebook.rules.get(rule) else { return };
        let now = self.ground.now;
        if let Some(limit) = of.limit {
            let most = if limit.window == LimitWindow::Ever { 1 } else { limit.count as usize };
            self.standing.fire(&of.name, now, most);
        }
        if of.limit.is_some() || !of.then.iter().all(Action::changes_profile) {
            self.trace(Trace::Fired(&of.name), None);
        }
        self.fired.push(rule);
        self.witness(|| Some(Seen::Fired(rule)));
        for why in trouble {
            tracing::warn!(user = %self.user, rule = of.name, "{why}");
            self.witness(|| Some(Seen::Trouble { by: of.name.clone(), why: why.text() }));
            self.failed.push(of.name.as_str().into());
        }
    }

    /// Puts where the user stands into force for conditions, and looks at what
    /// that changes.
    fn seat(&mut self, seat: Seat) {
        let changes = self.ground.audience.place(seat, self.ground.now);
        self.changed(changes);
    }

    fn seats(&self, standing: &Standing) -> Vec<Seat> {
        seats_of(&self.ground.rules.rulebook, self.user, standing).collect()
    }

    fn finish(self) -> Came {
        let Self { ground, user, standing, before, fired, failed, came, replayed, .. } = self;
        let mut automation = ground.crowd.automation_mut();
        if standing != before {
            automation.put(user, standing);
        }
        for rule in fired {
            automation.hit(&ground.rules.rulebook.rules[rule].name, ground.now);
        }
        for name in failed {
            automation.fail(&name, ground.now);
        }
        if let Some(number) = replayed {
            automation.cascades.done(number);
        }
        drop(automation);
        came
    }

    /// Takes everything back and notes that it had no end.
    fn cut(mut self, start: Start, first: &[Stimulus]) -> Came {
        let cascade = self.cascade(start, first);
        let name = cascade.event().map_or_else(String::new, |event| event.name.to_string());
        let rules = self.rules_involved();
        tracing::warn!(user = %self.user, event = name, rules, "rules trigger one another without end; nothing of it is done");
        self.witness(|| Some(Seen::Cascade { rules: rules.clone() }));
        let mut is_off = false;
        for undo in self.undo.iter().rev() {
            match undo {
                Undo::Patch(patch) => drop(self.ground.audience.apply(self.user, patch, self.ground.now)),
                Undo::Event => is_off = true,
            }
        }
        let (mut gone, back) = (self.seats(&self.standing), self.seats(&self.before));
        gone.iter_mut().for_each(|seat| (seat.is_inside, seat.has_finished) = (false, false));
        gone.into_iter().chain(back).for_each(|seat| drop(self.ground.audience.place(seat, self.ground.now)));
        self.came = Came { is_off, ..Came::default() };
        self.trace(Trace::Cascade(&name), None);
        if let Some(Follow::Event(event)) = self.came.follows.last_mut() {
            event.properties.push(("rules".into(), Value::text(rules.as_str())));
        }
        // what was due and cannot be done is tried again: rules may be mended then
        let now = self.ground.now;
        let mut standing = std::mem::take(&mut self.before);
        standing.put_off(now, now + AGAIN);
        self.automation().put(self.user, standing);
        for rule in self.fired.iter().collect::<BTreeSet<_>>() {
            self.automation().fail(&self.ground.rules.rulebook.rules[*rule].name, self.ground.now);
        }
        let mut automation = self.automation();
        match self.replayed {
            Some(number) => automation.cascades.again(number, cascade),
            None => automation.cascades.add(cascade),
        }
        drop(automation);
        self.came
    }

    /// The names of the rules that acted, and of drips in a loop, each once.
    fn rules_involved(&self) -> String {
        let mut rules: Vec<&str> =
            self.fired.iter().map(|rule| self.ground.rules.rulebook.rules[*rule].name.as_str()).collect();
        rules.extend(self.drips_of_loop());
        rules.sort_unstable();
        rules.dedup();
        rules.join(", ")
    }

    /// Tells the witness of a rehearsal, where there is one.
    fn witness(&self, seen: impl FnOnce() -> Option<Seen>) {
        if let Some(witness) = self.ground.crowd.witness() {
            seen().into_iter().for_each(|seen| witness.note(seen));
        }
    }

    fn automation(&self) -> RwLockWriteGuard<'a, Automation> {
        self.ground.crowd.automation_mut()
    }
}

/// What a drip has to do.
#[derive(Clone, Debug, PartialEq)]
enum Move {
    /// The user enters the drip at this place of the rulebook.
    Enter(u16),
    /// The user leaves.
    Leave(Arc<str>, How),
    /// The user goes on with what follows.
    On(Arc<str>, super::automation::flow::Next),
    /// The user's step is done again later.
    Again(Arc<str>, Time),
    /// The user waits for another moment.
    Wait(Arc<str>, Option<Time>),
}

/// The patch that takes another one back.
fn undoing(rulebook: &Rulebook, patch: &Patch, changes: &Changes) -> Patch {
    let was_set = |name: &str| patch.sets.iter().any(|(set, _)| **set == *name);
    let fields = changes.fields.iter().map(|(field, old, _)| (rulebook.schema.field(*field).name.clone(), old.clone()));
    Patch { sets: fields.filter(|(name, _)| was_set(name)).collect() }
}

impl Stimulus {
    /// The event as conditions see it.
    fn happened(&self, rulebook: &Rulebook) -> Option<Happened> {
        self.event.as_ref().map(|event| Happened::new(rulebook, event))
    }
}
