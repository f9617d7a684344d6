//! One test on its stage: its user, and what happens to them step by step. What
//! a user does is what the bot would make of it.

use super::Ground;
use crate::audience::Person;
use crate::engine::automation::Standing;
use crate::engine::deed;
use crate::engine::opt_out::{self, Asker};
use crate::engine::rehearsal::{Moment, Rehearsal};
use crate::engine::witness::{Seen, Witness};
use crate::engine::{Engine, EngineError};
use crate::model::events::{BOT_BLOCKED, BOT_RETURNED};
use crate::model::{
    ButtonAction, Event, EventId, Lang, Patch, Profile, PropertyId, Reach, Time, UserId, Value, builtin,
};
use crate::outbox::{Cause, Held, Sent, Unsent};
use crate::rulebook::{Act, Scenario, ScenarioStep, beginning};
use crate::store::Transaction;
use crate::store::memory::MemoryStore;
use std::path::Path;
use std::sync::Arc;

/// The user of every test.
pub(super) const USER: UserId = UserId(1);

/// One test under way.
pub(super) struct Stage<'a> {
    pub ground: &'a Ground,
    rehearsal: Rehearsal,
    witness: Arc<Witness>,
    /// All that the user got, so that buttons can be pressed.
    got: Vec<Sent>,
    /// What gates have had wait.
    pub held: Vec<Held>,
    events: u32,
}

/// What went on in one step.
#[derive(Debug, Default)]
pub(super) struct Course {
    /// What the user got, in order; of messages in two parts the first.
    pub sent: Vec<Sent>,
    /// What gates stopped.
    pub unsent: Vec<Unsent>,
    /// What rules and drips did, and did not.
    pub seen: Vec<Seen>,
}

impl<'a> Stage<'a> {
    pub fn open(folder: &Path, ground: &'a Ground, scenario: &Scenario) -> Result<Self, EngineError> {
        let rulebook = &ground.rulebook;
        let begin = beginning(&rulebook.settings.timezone.zone);
        let rehearsal = Rehearsal::new(folder, rulebook, Arc::new(MemoryStore::new()), begin, None)?;
        let witness = rehearsal.witness();
        rehearsal.engine.audience()?.deal_nothing();
        let stage = Self { ground, rehearsal, witness, got: Vec::new(), held: Vec::new(), events: 0 };
        if !comes_as_a_stranger(scenario) {
            stage.rehearsal.prepare(Transaction::patch(USER, stage.user(scenario, begin)))?;
            let audience = stage.engine().audience()?;
            for (experiment, variant) in &scenario.variants {
                let name = rulebook.catalogue.experiments.name(experiment.0).unwrap_or_default();
                audience.show(USER, name, variant, begin);
            }
        }
        Ok(stage)
    }

    /// Lets time pass up to a step, and then has it happen.
    pub fn play(&mut self, step: &ScenarioStep) -> Result<Course, EngineError> {
        let mut moments = vec![self.rehearsal.settle()?];
        self.rehearsal.pass_to(step.at, |_, moment| moments.push(moment))?;
        if let Some(act) = &step.act {
            let transaction = self.transaction(act)?;
            self.engine().writer.commit(transaction)?;
            moments.push(self.rehearsal.settle()?);
        }
        let mut course = Course { seen: self.witness.take(), ..Course::default() };
        moments.into_iter().for_each(|moment| self.note(moment, &mut course));
        Ok(course)
    }

    pub fn engine(&self) -> &Engine {
        &self.rehearsal.engine
    }

    pub fn now(&self) -> Time {
        self.rehearsal.now()
    }

    /// Looks at the user as conditions do; nothing while nobody is known.
    pub fn look<T>(&self, look: impl FnOnce(&Person<'_>) -> T) -> Result<Option<T>, EngineError> {
        Ok(self.engine().audience()?.with_row(USER, look))
    }

    /// Where the user stands with drips.
    pub fn standing(&self) -> Standing {
        self.engine().automation().of(USER).cloned().unwrap_or_default()
    }

    fn note(&mut self, moment: Moment, course: &mut Course) {
        let is_his = |cause: &Cause, user: UserId| user == USER && !matches!(cause, Cause::Reply);
        let sent: Vec<Sent> = moment.sent.into_iter().filter(|sent| is_his(&sent.cause, sent.user)).collect();
        self.got.extend(sent.iter().cloned());
        course.sent.extend(sent.into_iter().filter(|sent| sent.part == 0));
        course.unsent.extend(moment.unsent.into_iter().filter(|unsent| is_his(&unsent.cause, unsent.user)));
        self.held.extend(moment.held.into_iter().filter(|held| is_his(&held.message.cause, held.message.user)));
    }

    /// What a test says of its user, and what it need not say.
    fn user(&self, scenario: &Scenario, begin: Time) -> Patch {
        let schema = &self.ground.rulebook.schema;
        let said = |field| scenario.user.iter().any(|(known, _)| *known == field);
        let mut patch = Patch::new();
        if !said(builtin::REACH) {
            patch = Patch::reach(Reach::Reachable);
        }
        if !said(builtin::LANGUAGE) {
            patch = patch.with("language", self.language());
        }
        if schema.find("created_at").is_some_and(|field| !said(field)) {
            patch = patch.with("created_at", Value::Time(begin));
        }
        let given =
            |patch: Patch, (field, value): &(_, Value)| patch.with(schema.field(*field).name.clone(), value.clone());
        scenario.user.iter().fold(patch, given)
    }

    fn language(&self) -> Value {
        Value::text(match self.ground.rulebook.settings.language {
            Lang::En => "en",
            Lang::Ru => "ru",
        })
    }

    fn transaction(&mut self, act: &Act) -> Result<Transaction, EngineError> {
        Ok(match act {
            Act::Event(event, told) => self.event(*event, told),
            Act::Press(button) => self.press(button)?,
            Act::Text(text) => self.text(text)?,
            Act::Command(name, None) => self.text(&format!("/{name}"))?,
            Act::Command(name, Some(rest)) => self.text(&format!("/{name} {rest}"))?,
        })
    }

    fn event(&mut self, event: EventId, told: &[(PropertyId, Value)]) -> Transaction {
        let declared = self.ground.rulebook.catalogue.events.event(event);
        let properties = told.iter().map(|(id, value)| (declared.at(*id).name.clone(), value.clone())).collect();
        let (name, at) = (declared.name.clone(), self.now());
        let event_of = self.told(Event { id: "".into(), user: USER, name, at, properties });
        // Telegram tells of both at once
        let reach = match event {
            BOT_BLOCKED => Some(Reach::Blocked),
            BOT_RETURNED => Some(Reach::Reachable),
            _ => None,
        };
        let patches = reach.map(|reach| (USER, Patch::reach(reach))).into_iter().collect();
        Transaction { patches, events: vec![event_of], ..Transaction::default() }
    }

    fn text(&mut self, text: &str) -> Result<Transaction, EngineError> {
        let known = self.known()?;
        let mut patches = vec![self.seen(known.as_ref())];
        let rulebook = &self.ground.rulebook;
        let mut event = deed::wrote(USER, self.now(), text);
        if let Some(ask) = opt_out::of_text(rulebook, text, "") {
            let asker = Asker { known: known.as_ref(), language: None };
            patches.push((USER, opt_out::answer(rulebook, asker, ask).0));
            event = deed::answered(event);
        }
        let event = self.told(event);
        Ok(Transaction { patches, events: vec![event], ..Transaction::default() })
    }

    fn press(&mut self, button: &str) -> Result<Transaction, EngineError> {
        let known = self.known()?;
        let mut patches = vec![self.seen(known.as_ref())];
        let (now, message) = (self.now(), self.message_with(button));
        let template = message.as_ref().map(|(template, _)| template.as_str());
        let mut press = deed::pressed(USER, now, button, template);
        if let Some(ask) = opt_out::of_press(button) {
            let asker = Asker { known: known.as_ref(), language: None };
            patches.push((USER, opt_out::answer(&self.ground.rulebook, asker, ask).0));
            press = deed::answered(press);
        }
        let mut events = vec![self.told(press)];
        if let Some((template, ledger)) = &message {
            events.push(self.told(deed::clicked(USER, now, button, template, *ledger)));
        }
        Ok(Transaction { patches, events, ..Transaction::default() })
    }

    /// The last message with this button: its template and its ledger.
    fn message_with(&self, button: &str) -> Option<(String, u64)> {
        let has = |sent: &&Sent| {
            let buttons = sent.message.buttons.iter().flatten();
            buttons.into_iter().any(|known| known.action == ButtonAction::Press(button.to_owned()))
        };
        let sent = self.got.iter().rev().find(has)?;
        Some((sent.template.clone()?, sent.row.ledger.0))
    }

    /// What any deed tells of the user.
    fn seen(&self, known: Option<&Profile>) -> (UserId, Patch) {
        let patch = deed::seen(known.is_some(), self.now());
        let patch = if known.is_some() { patch } else { patch.with("language", self.language()) };
        (USER, patch)
    }

    fn known(&self) -> Result<Option<Profile>, EngineError> {
        Ok(self.engine().profiles.get(USER, &self.ground.rulebook.schema)?)
    }

    fn told(&mut self, event: Event) -> Event {
        self.events += 1;
        Event { id: format!("test:{}", self.events).into(), ..event }
    }
}

/// Whether nobody is known until the user comes to the bot.
fn comes_as_a_stranger(scenario: &Scenario) -> bool {
    let first = scenario.steps.iter().find_map(|step| step.act.as_ref());
    let comes = first.is_some_and(|act| match act {
        Act::Press(_) | Act::Text(_) | Act::Command(..) => true,
        Act::Event(..) => false,
    });
    comes && !scenario.has_user && scenario.variants.is_empty()
}
