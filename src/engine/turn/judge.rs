//! What a round decides, against the state before it: which rules act, and what
//! drips have to do. Nothing is changed here.

use super::hold::Held;
use super::{Fired, Move, Stimulus, Turn};
use crate::audience::Person;
use crate::condition::{Row, Truth, midnight};
use crate::engine::automation::{Enrolment, How, Kind, Source, Standing, Unit, Wait};
use crate::engine::decide::{Occurrence, Reactor, Situation, effects, moment};
use crate::engine::leaves::leaves;
use crate::engine::witness::{Seen, Witness};
use crate::model::event::{BY, LEDGER};
use crate::model::{Delivery, Effect, Event, Time, TimeDelta, Value};
use crate::rulebook::{Again, Awaited, Drip, Limit, LimitWindow, Moment, OnFailure, Rule};
use crate::store::Origin;

/// What a round decided.
#[derive(Default)]
pub(super) struct Decision {
    pub fired: Vec<Fired>,
    pub moves: Vec<Move>,
    pub held: Vec<Held>,
}

/// How long a step waits before another attempt at its message.
const RETRIES: [TimeDelta; 3] = [TimeDelta::hours(1), TimeDelta::hours(6), TimeDelta::hours(24)];

impl Decision {
    /// Whether nothing follows.
    pub fn is_empty(&self) -> bool {
        self.fired.is_empty() && self.moves.is_empty() && self.held.is_empty()
    }
}

impl Turn<'_> {
    /// What all that happened in the last round brings about.
    pub(super) fn judge(&self, stimuli: &[Stimulus]) -> Decision {
        let mut decision = Decision::default();
        for stimulus in stimuli {
            self.judge_one(stimulus, &mut decision);
        }
        let rules = &self.ground.rules.rulebook.rules;
        decision.fired.sort_by(|a, b| rules[a.rule].name.cmp(&rules[b.rule].name));
        settle_moves(&mut decision.moves);
        decision
    }

    fn judge_one(&self, stimulus: &Stimulus, decision: &mut Decision) {
        let rules = self.ground.rules;
        let happened = stimulus.happened(&rules.rulebook);
        let occurrences = occurrences(stimulus);
        let moment = stimulus.due.and(self.due);
        self.ground.audience.with_row(self.user, |person| {
            let person = happened.as_ref().map_or(*person, |happened| person.at(happened));
            for reactor in rules.reactions.firing(&rules.rulebook, &occurrences, &person) {
                if self.is_off(reactor, moment) {
                    continue;
                }
                match reactor {
                    Reactor::Rule(at) => decision.fired.extend(self.fire(at, &person, &decision.fired)),
                    Reactor::Drip(at) => decision.moves.extend(self.enter(at)),
                }
            }
            if self.origin == Origin::Live {
                decision.held.extend(self.held_back(&occurrences, moment, &person));
            }
            if let Some(witness) = self.ground.crowd.witness().filter(|witness| witness.asks_why()) {
                self.tell_unmet(witness, stimulus, &occurrences, &person);
            }
            if self.origin == Origin::Live {
                self.judge_drips(stimulus, &person, &mut decision.moves);
            }
        });
    }

    /// Whether a person has switched it off, or had at the moment that all this
    /// is about.
    pub(super) fn is_off(&self, reactor: Reactor, moment: Option<Time>) -> bool {
        let rulebook = &self.ground.rules.rulebook;
        match reactor {
            Reactor::Rule(at) => self.switches.stop(Unit::Rule, &rulebook.rules[at].name, moment),
            Reactor::Drip(at) => self.switches.stop(Unit::Drip, &rulebook.drips[at].name, moment),
        }
    }

    /// Tells which rules were set off in vain, and why.
    fn tell_unmet(&self, witness: &Witness, stimulus: &Stimulus, occurred: &[Occurrence<'_>], person: &Person<'_>) {
        let rules = self.ground.rules;
        for reactor in rules.reactions.set_off(&rules.rulebook, occurred) {
            let Reactor::Rule(at) = reactor else { continue };
            if let Some(condition) = &rules.rulebook.rules[at].condition
                && condition.judge(person) != Truth::True
            {
                witness.note(Seen::Unmet(at, leaves(condition, person, stimulus.event.as_ref())));
            }
        }
    }

    /// A rule that a schedule sets off for this user, if it applies.
    pub(super) fn judged_alone(&self, rule: usize) -> Option<Fired> {
        let of = self.ground.rules.rulebook.rules.get(rule)?;
        let fired = self.ground.audience.with_row(self.user, |person| {
            let applies = of.condition.as_ref().is_none_or(|condition| condition.judge(person) == Truth::True);
            let witness = self.ground.crowd.witness().filter(|witness| witness.asks_why());
            if let (false, Some(witness), Some(condition)) = (applies, witness, &of.condition) {
                witness.note(Seen::Unmet(rule, leaves(condition, person, None)));
            }
            applies.then(|| self.fire(rule, person, &[])).flatten()
        });
        fired.flatten()
    }

    /// What a rule does that was triggered, if its limit leaves room.
    fn fire(&self, at: usize, person: &Person<'_>, fired: &[Fired]) -> Option<Fired> {
        let rule = self.ground.rules.rulebook.rules.get(at)?;
        let now_too = fired.iter().filter(|fired| fired.rule == at).count();
        let has_room = self.has_room(rule, now_too, person);
        self.witness(|| (!has_room).then_some(Seen::UsedUp(at)));
        has_room.then(|| {
            let (mut effects, trouble) = effects(&rule.then, &self.situation(person, &|| self.best_hour(person)));
            self.mark(rule, &mut effects, person);
            let kept = |(_, effect): &(usize, Effect)| self.origin == Origin::Live || is_of_profile(effect);
            Fired { rule: at, effects: effects.into_iter().filter(kept).collect(), trouble }
        })
    }

    pub(super) fn has_room(&self, rule: &Rule, now_too: usize, person: &Person<'_>) -> bool {
        let Some(limit) = rule.limit else { return true };
        let from = since(limit, self.ground.now, person);
        let before = self.standing.fired(&rule.name).iter().filter(|at| **at >= from).count();
        before + now_too < limit.count as usize
    }

    fn enter(&self, at: usize) -> Option<Move> {
        let place = u16::try_from(at).ok()?;
        let may_enter = self.origin == Origin::Live && self.may_enter(at);
        self.witness(|| (!may_enter).then_some(Seen::Barred(at)));
        may_enter.then_some(Move::Enter(place))
    }

    /// Whether the user may enter a drip now.
    pub(super) fn may_enter(&self, at: usize) -> bool {
        let Some(drip) = self.ground.rules.rulebook.drips.get(at) else { return false };
        !self.is_off(Reactor::Drip(at), None) && may_enter(drip, &self.standing, self.ground.now)
    }

    /// What the drips that the user is in make of it.
    fn judge_drips(&self, stimulus: &Stimulus, person: &Person<'_>, moves: &mut Vec<Move>) {
        let rules = self.ground.rules;
        for enrolment in &self.standing.drips {
            let Some(id) = rules.rulebook.catalogue.drips.find(&enrolment.drip) else { continue };
            let Some(drip) = rules.rulebook.drips.get(usize::from(id)) else { continue };
            let event = stimulus.event.as_ref();
            if event.is_some_and(|event| self.is_goal(drip, enrolment, event, person)) {
                moves.push(Move::Leave(enrolment.drip.clone(), How::Goal));
            } else if is_over(drip, person) {
                moves.push(Move::Leave(enrolment.drip.clone(), How::Exited));
            } else if let Some(node) = rules.flows.get(usize::from(id)).and_then(|flow| flow.node(enrolment.at)) {
                moves.extend(self.judge_wait(enrolment, &node.kind, event, person));
            }
        }
    }

    fn is_goal(&self, drip: &Drip, enrolment: &Enrolment, event: &Event, person: &Person<'_>) -> bool {
        let events = &self.ground.rules.rulebook.catalogue.events;
        drip.goal.as_ref().is_some_and(|goal| {
            events.find(&event.name) == Some(goal.event)
                && event.at <= enrolment.entered + goal.within
                && goal.condition.as_ref().is_none_or(|condition| condition.judge(person) == Truth::True)
        })
    }

    /// Whether what the user waits for has happened or is another now.
    fn judge_wait(
        &self,
        enrolment: &Enrolment,
        kind: &Kind,
        event: Option<&Event>,
        person: &Person<'_>,
    ) -> Option<Move> {
        let name = enrolment.drip.clone();
        match (kind, enrolment.wait) {
            (Kind::WaitFor { awaited, then, .. }, Wait::Event(_)) => {
                self.has_come(awaited, event, person).then_some(Move::On(name, *then))
            }
            (Kind::WaitUntil { moment: until, next }, Wait::Until(_) | Wait::Field) => {
                let Moment::Expression(_) = **until else { return None };
                let at = moment(until, person, &|| self.best_hour(person));
                match at {
                    Some(at) if at <= self.ground.now => Some(Move::On(name, *next)),
                    at => (at != enrolment.wait.due()).then_some(Move::Wait(name, at)),
                }
            }
            (Kind::Act { on_failure, next, .. }, Wait::Outcome { since, attempts }) => {
                let event = event.filter(|event| event.at >= since)?;
                match self.outcome(event, enrolment)? {
                    true => Some(Move::On(name, *next)),
                    false => Some(self.failed(name, *on_failure, attempts, *next)),
                }
            }
            (Kind::Act { .. } | Kind::Wait { .. } | Kind::WaitUntil { .. } | Kind::WaitFor { .. }, _)
            | (Kind::Branch { .. } | Kind::Split { .. }, _) => None,
        }
    }

    /// Whether an event tells of the message of a step that it was delivered, or
    /// that it was not. One that does not say of which step it is, and of which
    /// row neither, is known by its template.
    fn outcome(&self, event: &Event, enrolment: &Enrolment) -> Option<bool> {
        let flow = self.flow(&enrolment.drip)?;
        let step = Source::Drip(enrolment.drip.clone(), flow.node(enrolment.at)?.label.clone()).to_string();
        let template = self.template_of(enrolment);
        let is_its = |name: &str| template.as_deref() == Some(name);
        let is_ours = |name: &str| match event.property(BY) {
            Some(by) => *by == Value::text(&*step) && (is_its(name) || !flow.is_of_another(enrolment.at, name)),
            None => event.property(LEDGER).is_none() && is_its(name),
        };
        match event.delivery()? {
            Delivery::Received(name) => is_ours(name).then_some(true),
            Delivery::Undelivered(name) => is_ours(name).then_some(false),
            Delivery::Part(_) | Delivery::Clicked(_) => None,
        }
    }

    /// What follows from a message that was not delivered.
    fn failed(
        &self,
        name: std::sync::Arc<str>,
        on_failure: OnFailure,
        attempts: u8,
        next: crate::engine::automation::flow::Next,
    ) -> Move {
        match on_failure {
            OnFailure::Skip => Move::On(name, next),
            OnFailure::Exit => Move::Leave(name, How::Failed),
            OnFailure::Retry => match RETRIES.get(usize::from(attempts)) {
                Some(later) => Move::Again(name, self.ground.now + *later),
                None => Move::On(name, next),
            },
        }
    }

    pub(super) fn has_come(&self, awaited: &Awaited, event: Option<&Event>, person: &Person<'_>) -> bool {
        match awaited {
            Awaited::Condition(condition) => condition.judge(person) == Truth::True,
            Awaited::Event(id, condition) => {
                let events = &self.ground.rules.rulebook.catalogue.events;
                event.is_some_and(|event| events.find(&event.name) == Some(*id))
                    && condition.as_ref().is_none_or(|condition| condition.judge(person) == Truth::True)
            }
        }
    }

    pub(super) fn situation<'s>(
        &'s self,
        person: &'s Person<'s>,
        hours: &'s crate::engine::decide::Hours<'s>,
    ) -> Situation<'s, Person<'s>> {
        Situation { rulebook: &self.ground.rules.rulebook, row: person, hours }
    }

    pub(super) fn best_hour(&self, person: &Person<'_>) -> i8 {
        self.ground.crowd.best_hour(self.user, person.user_zone(), self.ground.now)
    }
}

/// From when on a limit counts at `now`.
pub(in crate::engine) fn since<R: Row>(limit: Limit, now: Time, person: &R) -> Time {
    match limit.window {
        LimitWindow::Ever => Time(i64::MIN),
        LimitWindow::Day => midnight(now, person.user_zone()),
        LimitWindow::Rolling(length) => now - length + TimeDelta(1),
    }
}

/// Whether a user may enter a drip: is not in it, and was not, or may again.
pub(in crate::engine) fn may_enter(drip: &Drip, standing: &Standing, now: Time) -> bool {
    if standing.in_drip(&drip.name).is_some() {
        return false;
    }
    match (standing.left(&drip.name), drip.again) {
        (None, _) | (Some(_), Again::Always) => true,
        (Some(_), Again::Never) => false,
        (Some(leaving), Again::After(length)) => leaving.at + length <= now,
    }
}

/// Whether the exit condition of a drip is true.
pub(super) fn is_over(drip: &Drip, person: &Person<'_>) -> bool {
    drip.exit.as_ref().is_some_and(|exit| exit.judge(person) == Truth::True)
}

fn occurrences(stimulus: &Stimulus) -> Vec<Occurrence<'_>> {
    let mut all: Vec<Occurrence<'_>> = stimulus.event.iter().map(Occurrence::Event).collect();
    for changes in &stimulus.changes {
        all.extend(changes.new.then_some(Occurrence::Joined));
        all.extend(changes.entered.iter().map(|segment| Occurrence::Entered(*segment)));
        all.extend(changes.left.iter().map(|segment| Occurrence::Left(*segment)));
        all.extend(changes.fields.iter().map(|(field, ..)| Occurrence::Changed(*field)));
    }
    all.extend(stimulus.due.map(|(field, after)| Occurrence::Due(field, after)));
    all
}

fn is_of_profile(effect: &Effect) -> bool {
    match effect {
        Effect::Set(..) | Effect::Add(..) | Effect::Tag(_) | Effect::Untag(_) => true,
        Effect::Discount { .. }
        | Effect::Send(_)
        | Effect::Start(_)
        | Effect::Stop(_)
        | Effect::Emit(..)
        | Effect::Tell(..)
        | Effect::Notify(_)
        | Effect::Log(_)
        | Effect::Chore(_) => false,
    }
}

/// Leaves one thing to do for each drip: leaving it comes before going on, and a
/// goal before an exit; entering comes last.
fn settle_moves(moves: &mut Vec<Move>) {
    let rank = |step: &Move| match step {
        Move::Leave(_, How::Goal) => 0,
        Move::Leave(..) => 1,
        Move::On(..) | Move::Again(..) | Move::Wait(..) => 2,
        Move::Enter(_) => 3,
    };
    moves.sort_by_key(rank);
    let mut kept: Vec<Move> = Vec::new();
    for step in moves.drain(..) {
        let again = kept.iter().any(|known| match (known, &step) {
            (Move::Enter(a), Move::Enter(b)) => a == b,
            (Move::Enter(_), _) | (_, Move::Enter(_)) => false,
            (known, step) => known.drip() == step.drip(),
        });
        if !again {
            kept.push(step);
        }
    }
    *moves = kept;
}

impl Move {
    /// The drip that the user is in.
    fn drip(&self) -> Option<&str> {
        match self {
            Self::Enter(_) => None,
            Self::Leave(name, _) | Self::On(name, _) | Self::Again(name, _) | Self::Wait(name, _) => Some(name),
        }
    }
}
