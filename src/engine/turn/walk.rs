//! Moving a user through a drip: from one wait to the next, step by step. Every
//! step sees the profile as the steps before it left it, and before each the
//! exit condition is asked again.

use super::judge::is_over;
use super::{Move, Turn};
use crate::audience::{Person, Seat};
use crate::condition::Truth;
use crate::engine::automation::flow::{Next, Node, asked};
use crate::engine::automation::{Automation, Enrolment, Flow, How, Kind, Source, Wait};
use crate::engine::decide::{Situation, moment, variant};
use crate::engine::witness::Seen;
use crate::model::effect::shown;
use crate::model::{DripId, Effect, ExperimentId, Sending, Time, Trace};
use crate::outbox::SkipReason;
use crate::rulebook::{Action, Content, Drip, OnFailure};
use std::sync::Arc;

/// So many drips may be entered by steps of drips before it is a loop. Each is
/// walked through within the step that starts it.
const STARTED: usize = 32;

/// What a step leaves to be done.
enum After {
    /// What follows it.
    Next(Next),
    /// Nothing before this is over.
    Wait(Wait),
}

impl Turn<'_> {
    /// Does what a round decided for a drip.
    pub(super) fn go(&mut self, step: Move) {
        match step {
            Move::Enter(at) => self.enter_drip(at),
            Move::Leave(name, how) => self.leave(&name, how),
            Move::On(name, next) => {
                self.tell_way(&name, 0);
                self.walk(&name, next);
            }
            Move::Again(name, at) => {
                if let Some(enrolment) = self.standing.in_drip_mut(&name) {
                    let attempts = match enrolment.wait {
                        Wait::Outcome { attempts, .. } => attempts.saturating_add(1),
                        Wait::Until(_) | Wait::Begin { .. } | Wait::Event(_) | Wait::Field | Wait::Parked { .. } => 0,
                    };
                    enrolment.wait = Wait::Begin { at, attempts };
                }
            }
            Move::Wait(name, at) => {
                if let Some(enrolment) = self.standing.in_drip_mut(&name) {
                    enrolment.wait = at.map_or(Wait::Field, Wait::Until);
                }
            }
        }
    }

    /// Does what is due by now: waits that are over, messages whose moment has
    /// come.
    pub(super) fn wake(&mut self) {
        let now = self.ground.now;
        let is_due = |at: Option<Time>| at.is_some_and(|at| at <= now);
        let (due, waiting) = std::mem::take(&mut self.standing.waiting).into_iter().partition(|w| w.due <= now);
        self.standing.waiting = waiting;
        for message in due as Vec<crate::engine::automation::Waiting> {
            self.due = Some(message.due);
            self.send(message.source, Sending { not_before: None, ..message.sending }, false);
        }
        for name in Automation::give_up(&mut self.standing, now) {
            self.left(&name, How::Removed);
        }
        let over: Vec<Enrolment> =
            self.standing.drips.iter().filter(|enrolment| is_due(enrolment.wait.due())).cloned().collect();
        for enrolment in over {
            self.due = enrolment.wait.due();
            self.wake_in_drip(&enrolment);
        }
        self.due = None;
    }

    fn wake_in_drip(&mut self, enrolment: &Enrolment) {
        let Some(node) = self.flow(&enrolment.drip).and_then(|flow| flow.node(enrolment.at)) else { return };
        let next = match &node.kind {
            Kind::Act { next, .. } | Kind::Wait { next, .. } | Kind::WaitUntil { next, .. } => *next,
            Kind::WaitFor { otherwise, .. } => *otherwise,
            Kind::Branch { .. } | Kind::Split { .. } => Some(enrolment.at),
        };
        match enrolment.wait {
            Wait::Until(_) | Wait::Event(_) => {
                self.tell_way(&enrolment.drip, 1);
                self.walk(&enrolment.drip, next);
            }
            Wait::Begin { .. } => self.walk(&enrolment.drip, Some(enrolment.at)),
            Wait::Field | Wait::Outcome { .. } | Wait::Parked { .. } => {}
        }
    }

    fn enter_drip(&mut self, at: u16) {
        let place = usize::from(at);
        let rules = self.ground.rules;
        let (Some(drip), Some(flow)) = (rules.rulebook.drips.get(place), rules.flows.get(place)) else { return };
        if !self.may_enter(place) {
            return self.tell(&flow.name, Seen::Barred);
        }
        if self.is_over(drip) {
            return self.tell(&flow.name, Seen::Shut);
        }
        let (name, entered) = (flow.name.clone(), self.ground.now);
        if self.depth > 0 {
            self.started.push(name.clone());
        }
        let wait = Wait::Begin { at: entered, attempts: 0 };
        self.standing.drips.push(Enrolment { drip: name.clone(), entered, at: 0, wait, done: Vec::new() });
        self.trace(Trace::Entered(&name), None);
        self.tell(&name, Seen::Entered);
        self.seat_in(&name);
        self.walk(&name, flow.first());
    }

    /// Takes the user out of a drip; its messages that wait for their moment
    /// are not sent.
    fn leave(&mut self, name: &Arc<str>, how: How) {
        if self.standing.in_drip(name).is_none() {
            return;
        }
        self.standing.leave(name, self.ground.now, how);
        self.left(name, how);
    }

    fn left(&mut self, name: &Arc<str>, how: How) {
        let of_it = |source: &Source| matches!(source, Source::Drip(drip, _) if drip == name);
        if let Some(reason) = how.stops() {
            let waiting = std::mem::take(&mut self.standing.waiting);
            let (gone, kept): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|waiting| of_it(&waiting.source));
            self.standing.waiting = kept;
            for waiting in gone {
                self.refuse(waiting.source, waiting.sending, reason);
            }
        }
        self.trace(Trace::Left(name), Some(how));
        self.tell(name, |drip| Seen::Left(drip, how));
        self.seat_in(name);
    }

    /// Goes through steps until one waits, the drip ends or the user leaves it.
    fn walk(&mut self, name: &Arc<str>, from: Next) {
        let rules = self.ground.rules;
        let Some(id) = rules.rulebook.catalogue.drips.find(name) else { return };
        let place = usize::from(id);
        let (Some(drip), Some(flow)) = (rules.rulebook.drips.get(place), rules.flows.get(place)) else { return };
        let mut next = from;
        while self.standing.in_drip(name).is_some() && !self.starts_without_end() {
            let Some(at) = next else { return self.leave(name, How::Finished) };
            let Some(node) = flow.node(at) else { return self.leave(name, How::Finished) };
            if self.is_over(drip) {
                return self.leave(name, How::Exited);
            }
            let known = self.started.len();
            self.depth += 1;
            let after = self.step(flow, at, node);
            self.depth -= 1;
            if self.started[known..].contains(name) {
                // the user was taken out by the step and is in it anew
                return;
            }
            match after {
                After::Next(following) => next = following,
                After::Wait(wait) => {
                    if let Some(enrolment) = self.standing.in_drip_mut(name) {
                        (enrolment.at, enrolment.wait) = (at, wait);
                    }
                    return;
                }
            }
        }
    }

    /// Whether drips start one another again and again, with nothing to wait for.
    pub(super) fn starts_without_end(&self) -> bool {
        self.started.len() > STARTED
    }

    /// Tells by which way the user leaves the step at which he waited, if that
    /// has two.
    fn tell_way(&self, name: &str, way: usize) {
        let Some(enrolment) = self.standing.in_drip(name) else { return };
        let node = self.flow(name).and_then(|flow| flow.node(enrolment.at));
        if let Some(Node { kind: Kind::WaitFor { .. }, .. }) = node {
            self.tell(name, |drip| Seen::Way(drip, enrolment.at, way));
        }
    }

    /// Tells the witness of a rehearsal something of a drip.
    fn tell(&self, name: &str, seen: impl FnOnce(usize) -> Seen) {
        self.witness(|| Some(seen(usize::from(self.ground.rules.rulebook.catalogue.drips.find(name)?))));
    }

    fn step(&mut self, flow: &Flow, at: u16, node: &Node) -> After {
        let now = self.ground.now;
        self.tell(&flow.name, |drip| Seen::Step(drip, at));
        match &node.kind {
            Kind::Act { action, on_failure, next } => {
                let enrolment = self.standing.in_drip(&flow.name);
                if enrolment.is_some_and(|enrolment| enrolment.done.contains(&at)) {
                    return After::Next(*next);
                }
                let attempts = match enrolment.map(|enrolment| (enrolment.at, enrolment.wait)) {
                    Some((place, Wait::Begin { attempts, .. })) if place == at => attempts,
                    Some(_) | None => 0,
                };
                let answers = *on_failure != OnFailure::Skip;
                let source = Source::Drip(flow.name.clone(), node.label.clone());
                let has_sent = self.act_on(source, action, &node.shows, answers);
                match answers && has_sent {
                    true => After::Wait(Wait::Outcome { since: now, attempts }),
                    false => After::Next(*next),
                }
            }
            Kind::Wait { length, .. } => After::Wait(Wait::Until(self.was_due() + *length)),
            Kind::WaitUntil { moment: until, next } => {
                let at = self.look(|situation| moment(until, situation.row, situation.hours)).flatten();
                match at {
                    Some(at) if at <= now => After::Next(*next),
                    Some(at) => After::Wait(Wait::Until(at)),
                    None => After::Wait(Wait::Field),
                }
            }
            Kind::WaitFor { awaited, up_to, then, .. } => {
                let has_come = self.ground.audience.with_row(self.user, |person| self.has_come(awaited, None, person));
                match has_come {
                    Some(true) => {
                        self.tell(&flow.name, |drip| Seen::Way(drip, at, 0));
                        After::Next(*then)
                    }
                    Some(false) | None => After::Wait(Wait::Event(self.was_due() + *up_to)),
                }
            }
            Kind::Branch { condition, then, otherwise } => {
                let holds = self.look(|situation| condition.judge(situation.row) == Truth::True);
                let way = usize::from(holds != Some(true));
                self.tell(&flow.name, |drip| Seen::Way(drip, at, way));
                self.ghost(flow, node, way);
                After::Next(if holds == Some(true) { *then } else { *otherwise })
            }
            Kind::Split { experiment, ways } => {
                let way = self.look(|situation| situation.variant(*experiment)).unwrap_or(0);
                self.tell(&flow.name, |drip| Seen::Way(drip, at, way));
                self.ghost(flow, node, way);
                After::Next(ways.get(way).or(ways.first()).copied().flatten())
            }
        }
    }

    /// Holds a message back that the user of this way would have got another
    /// way, if an experiment decides about that.
    fn ghost(&mut self, flow: &Flow, node: &Node, way: usize) {
        let Some(send) = node.ghosts.get(way).and_then(Option::as_deref) else { return };
        let mut shows = node.shows.clone();
        match &node.kind {
            Kind::Split { experiment, .. } => shows.push(*experiment),
            Kind::Branch { condition, .. } => shows.extend(asked(condition)),
            Kind::Act { .. } | Kind::Wait { .. } | Kind::WaitUntil { .. } | Kind::WaitFor { .. } => {}
        }
        let Some(Ok(Some(mut sending))) = self.look(|situation| situation.sending(send)) else { return };
        self.show(&mut sending, &shows);
        if shown(&sending.vars).next().is_some() {
            sending.hold_back();
            self.send(Source::Drip(flow.name.clone(), node.label.clone()), sending, false);
        }
    }

    /// Notes which variants a message shows, of those experiments that the user
    /// takes part in.
    pub(super) fn show(&self, sending: &mut Sending, experiments: &[ExperimentId]) {
        let rulebook = &self.ground.rules.rulebook;
        for id in experiments {
            let variant = self.look(|situation| variant(*id, rulebook, situation.row)).flatten();
            if let (Some((_, variant)), Some(name)) = (variant, rulebook.catalogue.experiments.name(id.0)) {
                sending.show(name, &variant);
            }
        }
    }

    /// Does one action; whether it has sent a message whose outcome will be told.
    fn act_on(&mut self, source: Source, action: &Action, shows: &[ExperimentId], answers: bool) -> bool {
        let mut effects = match self.look(|situation| situation.effects(action)) {
            Some(Ok(effects)) => effects,
            Some(Err(why)) => {
                tracing::warn!(user = %self.user, by = %source, "{why}");
                self.witness(|| Some(Seen::Trouble { by: source.to_string(), why: why.text() }));
                self.failed.push(source.to_string().into());
                Vec::new()
            }
            None => Vec::new(),
        };
        for effect in &mut effects {
            if let Effect::Send(sending) = effect {
                self.show(sending, shows);
            }
        }
        self.patch(effects.iter());
        let before = self.came.posts.len();
        let mut moves = Vec::new();
        for effect in effects {
            moves.extend(self.carry_out(&source, effect, answers));
        }
        moves.into_iter().for_each(|step| self.go(step));
        self.came.posts.iter().skip(before).any(|post| !post.sending.is_ghost())
    }

    fn refuse(&mut self, source: Source, sending: Sending, reason: SkipReason) {
        let user = self.user;
        self.came.posts.push(super::Post { user, source, sending, refused: Some(reason), answers: false });
    }

    /// Looks at the user as the steps before left him.
    fn look<T>(&self, look: impl FnOnce(&Situation<'_, Person<'_>>) -> T) -> Option<T> {
        self.ground.audience.with_row(self.user, |person| look(&self.situation(person, &|| self.best_hour(person))))
    }

    fn is_over(&self, drip: &Drip) -> bool {
        self.ground.audience.with_row(self.user, |person| is_over(drip, person)) == Some(true)
    }

    /// The moment that lengths count from: that for which the step was due, if
    /// it is hardly past.
    fn was_due(&self) -> Time {
        let now = self.ground.now;
        let hardly = |due: &Time| *due <= now && now - *due <= crate::engine::automation::schedule::IN_TIME;
        self.due.filter(hardly).unwrap_or(now)
    }

    fn seat_in(&mut self, name: &str) {
        let Some(id) = self.ground.rules.rulebook.catalogue.drips.find(name) else { return };
        let is_inside = self.standing.in_drip(name).is_some();
        let has_finished = self.standing.left(name).is_some_and(|leaving| leaving.how.has_finished());
        self.seat(Seat { user: self.user, drip: DripId(id), is_inside, has_finished });
    }

    pub(super) fn flow(&self, name: &str) -> Option<&Flow> {
        let rules = self.ground.rules;
        rules.flows.get(usize::from(rules.rulebook.catalogue.drips.find(name)?))
    }

    /// The template of the message that a user in a drip waits for.
    pub(super) fn template_of(&self, enrolment: &Enrolment) -> Option<String> {
        let node = self.flow(&enrolment.drip)?.node(enrolment.at)?;
        let Kind::Act { action, .. } = &node.kind else { return None };
        let Action::Send(send) = &**action else { return None };
        match &send.content {
            Content::Template(name) => Some(name.clone()),
            Content::Experiment { .. } => {
                let effects = self.look(|situation| situation.effects(action))?.ok()?;
                effects.into_iter().find_map(|effect| match effect {
                    Effect::Send(sending) => Some(sending.template),
                    _ => None,
                })
            }
        }
    }
}
