//! What is measured of an experiment, as the rule files say it now: its goal,
//! its guard rails, and what users pay in each currency.

use crate::condition::Condition;
use crate::engine::automation::flow::asked;
use crate::engine::ties::{EVERYONE, HELD_OUT, holdout};
use crate::experiment::assignment::{BUCKETS, Dealer};
use crate::model::{Event, ExperimentId, PropertyId, TimeDelta, Type, Value};
use crate::rulebook::{Action, Content, Experiment, Goal, Measure, Rulebook, Send, Step, What};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

const PAYMENT: &str = "payment";
const REFUND: &str = "refund";
/// What users pay counts for so long where there is no goal.
const MONTH: TimeDelta = TimeDelta::days(30);
/// Digits that are kept of a number with a fraction.
const FLOAT_DIGITS: u8 = 6;

/// An experiment as it is counted.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its name.
    pub name: Arc<str>,
    /// What is remembered of it.
    pub outline: Outline,
    /// Which events count, by the place of what is measured.
    conditions: Vec<Option<Condition>>,
    /// The templates of its messages.
    pub templates: BTreeSet<String>,
}

/// What the numbers belong to, for when the files do not say it any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// The version.
    pub version: u32,
    /// The variants with their buckets of 10,000; the first is the control.
    pub variants: Vec<(Arc<str>, u16)>,
    /// What was dealt before the weights became these.
    pub before: Vec<Dealt>,
    /// How long after the exposure the goal counts, and what users pay.
    pub window: TimeDelta,
    /// What is measured.
    pub metrics: Vec<Metric>,
    /// Which reading of the goal decides.
    pub decides: Reading,
    /// Values above this share of 10,000 of users count as its value.
    pub winsorise: Option<u16>,
    /// Whether the files have it.
    pub is_defined: bool,
}

/// What earlier weights dealt to a variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dealt {
    /// Its name.
    pub variant: Arc<str>,
    /// How many users these weights gave it, in thousandths of a user.
    pub expected: u64,
    /// How many it had.
    pub users: u64,
}

/// One thing that is measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metric {
    /// What for.
    pub kind: Kind,
    /// The event that counts.
    pub event: Arc<str>,
    /// Which of these, as it is written.
    pub condition: Option<String>,
    /// For how long from the exposure on.
    pub within: TimeDelta,
    /// The number that is summed.
    pub property: Option<Arc<str>>,
    /// How many digits of the sum are minor: 2 for kopecks.
    pub digits: u8,
}

/// What something is measured for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What the experiment is for.
    Goal,
    /// What must not happen more often.
    Guardrail,
    /// What users pay less what they get back.
    Revenue,
}

/// How what a user did becomes a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// 1 for a user who did it, else 0.
    Converted,
    /// How often.
    Count,
    /// The sum.
    Sum,
}

impl Plan {
    /// All of a rulebook, and its holdout.
    pub fn all(rulebook: &Rulebook) -> Vec<Self> {
        let dealers = Dealer::all(rulebook);
        let list = rulebook.experiments.iter().zip((0u16..).zip(&dealers));
        let mut plans: Vec<Self> =
            list.map(|(experiment, (id, dealer))| Self::of(rulebook, experiment, ExperimentId(id), dealer)).collect();
        plans.extend(Self::of_holdout(rulebook));
        plans
    }

    fn of(rulebook: &Rulebook, experiment: &Experiment, id: ExperimentId, dealer: &Dealer) -> Self {
        let window = experiment.goal.as_ref().map_or(MONTH, |goal| goal.within);
        let property = match experiment.measure {
            Measure::Converted | Measure::Count => None,
            Measure::Sum(property) => Some(property),
        };
        let goal = experiment.goal.iter().map(|goal| metric(rulebook, Kind::Goal, goal, property));
        let guards = experiment.guardrails.iter().map(|goal| metric(rulebook, Kind::Guardrail, goal, None));
        let measured = goal.chain(guards).chain(revenue(rulebook, window));
        let (metrics, conditions) = measured.unzip();
        let variants = experiment.variants.iter().enumerate();
        let outline = Outline {
            version: experiment.version,
            variants: variants.map(|(at, variant)| (variant.name.as_str().into(), dealer.width(at))).collect(),
            before: Vec::new(),
            window,
            metrics,
            decides: match experiment.measure {
                Measure::Converted => Reading::Converted,
                Measure::Count => Reading::Count,
                Measure::Sum(_) => Reading::Sum,
            },
            winsorise: experiment.decide.winsorise.map(|share| share.of_ten_thousand()),
            is_defined: true,
        };
        Self { name: experiment.name.as_str().into(), outline, conditions, templates: templates(rulebook, id) }
    }

    fn of_holdout(rulebook: &Rulebook) -> Option<Self> {
        let held = rulebook.holdout.as_ref()?.share.of_ten_thousand();
        let (metrics, conditions) = revenue(rulebook, MONTH).unzip();
        let outline = Outline {
            version: 1,
            variants: vec![(EVERYONE.into(), BUCKETS - held), (HELD_OUT.into(), held)],
            before: Vec::new(),
            window: MONTH,
            metrics,
            decides: Reading::Converted,
            winsorise: None,
            is_defined: true,
        };
        Some(Self { name: holdout(rulebook)?.into(), outline, conditions, templates: BTreeSet::new() })
    }

    /// An experiment of which only this is known so far.
    pub fn remembered(name: Arc<str>, outline: Outline) -> Self {
        Self { name, outline, conditions: Vec::new(), templates: BTreeSet::new() }
    }

    /// An experiment that the files do not have: nothing more is counted.
    pub fn gone(name: Arc<str>, outline: Outline) -> Self {
        Self::remembered(name, Outline { is_defined: false, ..outline })
    }

    /// The events that say anything about something measured, with its place.
    pub fn watched(&self) -> impl Iterator<Item = (Arc<str>, usize)> {
        let metrics = self.outline.metrics.iter().enumerate().filter(|_| self.outline.is_defined);
        metrics.flat_map(|(at, metric)| {
            let taken_back = metric.is_taken_back().then(|| (REFUND.into(), at));
            std::iter::once((metric.event.clone(), at)).chain(taken_back)
        })
    }

    /// What an event adds to something measured, if it counts: how many and how
    /// much. What is paid back is judged as the payment that it takes back.
    /// `holds` tells whether a condition is true of the event's user.
    pub fn weigh(
        &self,
        place: usize,
        event: &Event,
        holds: impl FnOnce(&Condition, &Event) -> bool,
    ) -> Option<(u32, i64)> {
        let metric = self.outline.metrics.get(place)?;
        let is_back = event.name != metric.event;
        if is_back && !(metric.is_taken_back() && &*event.name == REFUND) {
            return None;
        }
        if let Some(condition) = self.conditions.get(place)? {
            let event = Event { name: metric.event.clone(), ..event.clone() };
            if !holds(condition, &event) {
                return None;
            }
        }
        let told = metric.property.as_ref().and_then(|property| event.property(property));
        let amount = told.map_or(0, |value| amount(value, metric.digits));
        Some(if is_back { (0, -amount) } else { (1, amount) })
    }
}

impl Metric {
    /// Whether refunds take away from it: what users paid, summed.
    fn is_taken_back(&self) -> bool {
        &*self.event == PAYMENT && self.property.is_some()
    }
}

fn metric(rulebook: &Rulebook, kind: Kind, goal: &Goal, property: Option<PropertyId>) -> (Metric, Option<Condition>) {
    let event = rulebook.catalogue.events.event(goal.event);
    let property = property.map(|id| event.at(id));
    let metric = Metric {
        kind,
        event: event.name.clone(),
        condition: goal.condition.as_ref().map(|condition| condition.text().to_owned()),
        within: goal.within,
        property: property.map(|property| property.name.clone()),
        digits: property.and_then(|property| digits(&property.ty)).unwrap_or_default(),
    };
    (metric, goal.condition.clone())
}

/// What users pay in each currency: the money and whole numbers that a payment
/// tells.
fn revenue(rulebook: &Rulebook, within: TimeDelta) -> impl Iterator<Item = (Metric, Option<Condition>)> {
    let events = &rulebook.catalogue.events;
    let payment = events.find(PAYMENT).map(|id| events.event(id));
    let properties = payment.into_iter().flat_map(|event| &event.properties);
    properties.filter(|property| matches!(property.ty, Type::Money | Type::Int)).map(move |property| {
        let metric = Metric {
            kind: Kind::Revenue,
            event: PAYMENT.into(),
            condition: None,
            within,
            property: Some(property.name.clone()),
            digits: digits(&property.ty).unwrap_or_default(),
        };
        (metric, None)
    })
}

fn digits(ty: &Type) -> Option<u8> {
    match ty {
        Type::Money => Some(2),
        Type::Int => Some(0),
        Type::Float => Some(FLOAT_DIGITS),
        Type::Bool | Type::String | Type::Time | Type::Duration | Type::List | Type::Enum(_) => None,
    }
}

/// A number in minor units; what is no number counts for nothing.
fn amount(value: &Value, digits: u8) -> i64 {
    match value {
        Value::Int(number) | Value::Money(number) => *number,
        // more than fits is as much as fits
        Value::Float(number) => (number * 10f64.powi(i32::from(digits))).round() as i64,
        Value::Missing | Value::Bool(_) | Value::String(_) | Value::Time(_) | Value::Duration(_) | Value::List(_) => 0,
    }
}

/// The templates that name an experiment, and those of the messages whose sender
/// does.
fn templates(rulebook: &Rulebook, id: ExperimentId) -> BTreeSet<String> {
    let all = rulebook.catalogue.templates.names().into_iter();
    let name_it = all.filter(|template| rulebook.templates.experiments(template).any(|named| named == id));
    let mut found: BTreeSet<String> = name_it.map(str::to_owned).collect();
    for broadcast in rulebook.broadcasts() {
        of_send(&broadcast.send, id, false, &mut found);
    }
    for rule in &rulebook.rules {
        let names = rule.condition.as_ref().is_some_and(|condition| asked(condition).contains(&id));
        rule.then.iter().for_each(|action| of_action(action, id, names, &mut found));
    }
    for drip in &rulebook.drips {
        of_steps(&drip.steps, id, false, &mut found);
    }
    found
}

fn of_steps(steps: &[Step], id: ExperimentId, names: bool, found: &mut BTreeSet<String>) {
    for step in steps {
        match &step.what {
            What::Act { action, .. } => of_action(action, id, names, found),
            What::Wait(_) | What::WaitUntil(_) => {}
            What::WaitFor { then, otherwise, .. } => {
                of_steps(then, id, names, found);
                of_steps(otherwise, id, names, found);
            }
            What::Branch { condition, then, otherwise } => {
                let names = names || asked(condition).contains(&id);
                of_steps(then, id, names, found);
                of_steps(otherwise, id, names, found);
            }
            What::Split { experiment, variants } => {
                let names = names || *experiment == id;
                variants.iter().for_each(|steps| of_steps(steps, id, names, found));
            }
        }
    }
}

fn of_action(action: &Action, id: ExperimentId, names: bool, found: &mut BTreeSet<String>) {
    if let Action::Send(send) = action {
        of_send(send, id, names, found);
    }
}

fn of_send(send: &Send, id: ExperimentId, names: bool, found: &mut BTreeSet<String>) {
    let is_its_own = matches!(&send.content, Content::Experiment { experiment, .. } if *experiment == id);
    if names || is_its_own {
        found.extend(send.content.templates().map(str::to_owned));
    }
}
