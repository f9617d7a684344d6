//! Which rules something triggers, found without looking at all of them.

use crate::model::events::{BOT_BLOCKED, BOT_RETURNED, MESSAGE, PRESS, START};
use crate::model::{Event, EventId, FieldId, SegmentId, Value};
use crate::rulebook::{Rule, Rulebook, Trigger};
use std::collections::HashMap;

/// The rules of one rulebook by what triggers them. Rules that are not carried
/// out here are not among them.
#[derive(Debug, Default)]
pub struct Reactions {
    /// Places in the rulebook, in the order of rule names. The lists below hold
    /// places in this one.
    order: Vec<usize>,
    by_event: HashMap<EventId, Vec<usize>>,
    by_entered: HashMap<SegmentId, Vec<usize>>,
    by_left: HashMap<SegmentId, Vec<usize>>,
    by_changed: HashMap<FieldId, Vec<usize>>,
    by_joining: Vec<usize>,
}

/// Something that can trigger a rule.
#[derive(Clone, Copy, Debug)]
pub enum Occurrence<'a> {
    /// Something happened.
    Event(&'a Event),
    /// The user is in a segment now and was not.
    Entered(SegmentId),
    /// The user was in a segment and is not now.
    Left(SegmentId),
    /// A field has another value.
    Changed(FieldId),
    /// The user is new.
    Joined,
}

impl Reactions {
    /// Sorts a rulebook's rules by their triggers.
    pub fn new(rulebook: &Rulebook) -> Self {
        let mut order: Vec<usize> =
            (0..rulebook.rules.len()).filter(|at| rulebook.rules[*at].is_carried_out()).collect();
        order.sort_by(|a, b| rulebook.rules[*a].name.cmp(&rulebook.rules[*b].name));
        let mut this = Self::default();
        for (rank, at) in order.iter().enumerate() {
            if let Some(list) = this.list(&rulebook.rules[*at].when) {
                list.push(rank);
            }
        }
        this.order = order;
        this
    }

    /// Whether there is no rule to be triggered.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The rules that these occurrences trigger, in the order of rule names.
    pub fn to<'a>(
        &'a self,
        rulebook: &'a Rulebook,
        occurrences: &'a [Occurrence<'a>],
    ) -> impl Iterator<Item = &'a Rule> {
        let mut triggered: Vec<_> = occurrences
            .iter()
            .flat_map(|occurrence| self.triggered(rulebook, occurrence).map(move |rank| (*rank, occurrence)))
            .collect();
        triggered.sort_by_key(|(rank, _)| *rank);
        let rules = triggered
            .into_iter()
            .filter_map(|(rank, occurrence)| Some((rulebook.rules.get(*self.order.get(rank)?)?, occurrence)));
        rules.filter(|(rule, occurrence)| fits(&rule.when, occurrence)).map(|(rule, _)| rule)
    }

    fn triggered<'a>(&'a self, rulebook: &Rulebook, occurrence: &Occurrence<'_>) -> impl Iterator<Item = &'a usize> {
        let list = match occurrence {
            Occurrence::Event(event) => {
                rulebook.catalogue.events.find(&event.name).and_then(|event| self.by_event.get(&event))
            }
            Occurrence::Entered(segment) => self.by_entered.get(segment),
            Occurrence::Left(segment) => self.by_left.get(segment),
            Occurrence::Changed(field) => self.by_changed.get(field),
            Occurrence::Joined => Some(&self.by_joining),
        };
        list.into_iter().flatten()
    }

    fn list(&mut self, trigger: &Trigger) -> Option<&mut Vec<usize>> {
        let event = match trigger {
            Trigger::Event(event) => *event,
            Trigger::Command(command) if command == "start" => START,
            Trigger::Command(_) | Trigger::Text(_) => MESSAGE,
            Trigger::Button(_) => PRESS,
            Trigger::Blocks => BOT_BLOCKED,
            Trigger::Returns => BOT_RETURNED,
            Trigger::Enters(segment) => return Some(self.by_entered.entry(*segment).or_default()),
            Trigger::Leaves(segment) => return Some(self.by_left.entry(*segment).or_default()),
            Trigger::Changes(field) => return Some(self.by_changed.entry(*field).or_default()),
            Trigger::Joins => return Some(&mut self.by_joining),
            Trigger::Due { .. } | Trigger::Schedule(_) => return None,
        };
        Some(self.by_event.entry(event).or_default())
    }
}

impl<'a> Occurrence<'a> {
    /// The event that conditions may ask about.
    pub fn event(&self) -> Option<&'a Event> {
        match self {
            Self::Event(event) => Some(event),
            Self::Entered(_) | Self::Left(_) | Self::Changed(_) | Self::Joined => None,
        }
    }
}

/// Whether an event is what a trigger waits for, beyond its name.
fn fits(trigger: &Trigger, occurrence: &Occurrence<'_>) -> bool {
    let Some(event) = occurrence.event() else { return true };
    let text = |property: &str| match event.property(property) {
        Some(Value::String(text)) => &**text,
        _ => "",
    };
    match trigger {
        Trigger::Command(command) if command == "start" => true,
        Trigger::Command(command) => command_of(text("text")) == Some(command),
        Trigger::Button(button) => text("button") == button,
        Trigger::Text(pattern) => command_of(text("text")).is_none() && pattern.is_match(text("text")),
        Trigger::Event(_)
        | Trigger::Enters(_)
        | Trigger::Leaves(_)
        | Trigger::Changes(_)
        | Trigger::Joins
        | Trigger::Blocks
        | Trigger::Returns
        | Trigger::Due { .. }
        | Trigger::Schedule(_) => true,
    }
}

/// The command that a text begins with, without slash and bot's name.
fn command_of(text: &str) -> Option<&str> {
    let word = text.strip_prefix('/')?.split_whitespace().next()?;
    word.split('@').next()
}
