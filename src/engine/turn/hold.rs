//! Rules that ask for a user's variant: which of their messages show it, and
//! which users get a ghost because another variant would have had the rule act.
//!
//! Without the ghosts only those would be counted whose variant gets the
//! message, and there would be nobody to compare them with.

use super::{Ground, Turn};
use crate::audience::Person;
use crate::condition::{Condition, EventPart, Fact, Row, Truth};
use crate::engine::automation::flow::asked;
use crate::engine::decide::{Occurrence, Reactor, variant};
use crate::model::{Effect, ExperimentId, FieldId, SegmentId, Sending, Time, Value};
use crate::rulebook::{Action, Rule};
use jiff::tz::TimeZone;

/// Messages of a rule that are held back.
pub(super) struct Held {
    /// Its place in the rulebook.
    pub rule: usize,
    pub sendings: Vec<Sending>,
}

/// A user as if another variant had been dealt.
struct AsIf<'r, R> {
    row: &'r R,
    experiment: ExperimentId,
    variant: Value,
}

impl Turn<'_> {
    /// Ghosts of the rules that these occurrences set off in vain, by no fault of
    /// a switch.
    pub(super) fn held_back(
        &self,
        occurrences: &[Occurrence<'_>],
        moment: Option<Time>,
        person: &Person<'_>,
    ) -> Vec<Held> {
        let rules = self.ground.rules;
        if !rules.asks_for_variants {
            return Vec::new();
        }
        let set_off = rules.reactions.set_off(&rules.rulebook, occurrences).into_iter();
        let held = set_off.filter_map(|reactor| match reactor {
            Reactor::Rule(at) if !self.is_off(reactor, moment) => self.held_alone(at, person),
            Reactor::Rule(_) | Reactor::Drip(_) => None,
        });
        held.collect()
    }

    /// Ghosts of one rule, if another variant would have had it act.
    pub(super) fn held_alone(&self, rule: usize, person: &Person<'_>) -> Option<Held> {
        let of = self.ground.rules.rulebook.rules.get(rule)?;
        let condition = of.condition.as_ref()?;
        if condition.judge(person) == Truth::True || !self.has_room(of, 0, person) {
            return None;
        }
        let shows: Vec<ExperimentId> =
            asked(condition).into_iter().filter(|id| is_decisive(self.ground, condition, *id, person)).collect();
        if shows.iter().all(|id| self.was_shown(*id, person)) {
            return None;
        }
        let sendings: Vec<Sending> = sends(self, of, person)
            .map(|mut sending| {
                show(self.ground, &mut sending, &shows, person);
                sending.hold_back();
                sending
            })
            .collect();
        (!sendings.is_empty()).then_some(Held { rule, sendings })
    }

    /// Notes in the messages of a rule that acts which variants they show.
    pub(super) fn mark(&self, rule: &Rule, effects: &mut [(usize, Effect)], person: &Person<'_>) {
        let Some(condition) = rule.condition.as_ref().filter(|_| self.ground.rules.asks_for_variants) else { return };
        let shows: Vec<ExperimentId> =
            asked(condition).into_iter().filter(|id| is_decisive(self.ground, condition, *id, person)).collect();
        for (_, effect) in effects {
            if let Effect::Send(sending) = effect {
                show(self.ground, sending, &shows, person);
            }
        }
    }

    fn was_shown(&self, experiment: ExperimentId, person: &Person<'_>) -> bool {
        let name = self.ground.rules.rulebook.catalogue.experiments.name(experiment.0);
        name.is_none_or(|name| person.shown(name).is_some() || !person.is_running(name))
    }
}

/// The messages that a rule would send.
fn sends<'t>(turn: &'t Turn<'_>, rule: &'t Rule, person: &'t Person<'t>) -> impl Iterator<Item = Sending> + 't {
    rule.then.iter().filter_map(move |action| {
        let Action::Send(send) = action else { return None };
        turn.situation(person, &|| turn.best_hour(person)).sending(send).ok().flatten()
    })
}

fn show(ground: Ground<'_>, sending: &mut Sending, experiments: &[ExperimentId], person: &Person<'_>) {
    let rulebook = &ground.rules.rulebook;
    for id in experiments {
        let name = rulebook.catalogue.experiments.name(id.0);
        if let (Some((_, variant)), Some(name)) = (variant(*id, rulebook, person), name) {
            sending.show(name, &variant);
        }
    }
}

/// Whether the answer of a condition depends on which variant of an experiment
/// the user has; never for a user outside it.
fn is_decisive(ground: Ground<'_>, condition: &Condition, experiment: ExperimentId, person: &Person<'_>) -> bool {
    let rulebook = &ground.rules.rulebook;
    if variant(experiment, rulebook, person).is_none() {
        return false;
    }
    let Some(declared) = rulebook.catalogue.variants.get(usize::from(experiment.0)) else { return false };
    let now = condition.judge(person) == Truth::True;
    declared.values.iter().any(|variant| {
        let row = AsIf { row: person, experiment, variant: Value::String(variant.clone()) };
        (condition.judge(&row) == Truth::True) != now
    })
}

impl<R: Row> Row for AsIf<'_, R> {
    fn field(&self, id: FieldId) -> &Value {
        self.row.field(id)
    }

    fn now(&self) -> Time {
        self.row.now()
    }

    fn zone(&self) -> &TimeZone {
        self.row.zone()
    }

    fn user_zone(&self) -> &TimeZone {
        self.row.user_zone()
    }

    fn in_segment(&self, id: SegmentId) -> bool {
        self.row.in_segment(id)
    }

    fn today(&self) -> Time {
        self.row.today()
    }

    fn fact(&self, fact: &Fact) -> Value {
        if *fact == Fact::Variant(self.experiment) { self.variant.clone() } else { self.row.fact(fact) }
    }

    fn event(&self, part: EventPart) -> &Value {
        self.row.event(part)
    }
}
