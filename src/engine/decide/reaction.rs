//! Which rules something triggers, found without looking at all of them: rules
//! of one trigger are judged together, sharing what their conditions ask.

use crate::condition::{Condition, Matcher, Row};
use crate::model::events::{BOT_BLOCKED, BOT_RETURNED, MESSAGE, PRESS, START};
use crate::model::{Event, EventId, FieldId, SegmentId, Value};
use crate::rulebook::{Rule, Rulebook, Trigger};
use std::collections::HashMap;

/// The rules of one rulebook by what triggers them. Rules that are not carried
/// out here are not among them.
#[derive(Debug, Default)]
pub struct Reactions {
    /// Places in the rulebook, in the order of rule names. The groups below
    /// hold places in this one.
    order: Vec<usize>,
    by_event: HashMap<EventId, Group>,
    by_entered: HashMap<SegmentId, Group>,
    by_left: HashMap<SegmentId, Group>,
    by_changed: HashMap<FieldId, Group>,
    by_joining: Group,
}

/// The rules of one trigger, in the order of names.
#[derive(Debug, Default)]
struct Group {
    /// Those without a condition.
    always: Vec<usize>,
    /// Those with one …
    conditional: Vec<usize>,
    /// … and all their conditions.
    matcher: Option<Matcher>,
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
        let rules = &rulebook.rules;
        let mut order: Vec<usize> = (0..rules.len()).filter(|at| rules[*at].is_carried_out()).collect();
        order.sort_by(|a, b| rules[*a].name.cmp(&rules[*b].name));
        let mut this = Self::default();
        for (rank, at) in order.iter().enumerate() {
            if let Some(group) = this.group(&rules[*at].when) {
                match &rules[*at].condition {
                    Some(_) => group.conditional.push(rank),
                    None => group.always.push(rank),
                }
            }
        }
        let condition = |rank: &usize| rules[order[*rank]].condition.clone();
        for group in this.groups() {
            let conditions: Vec<Condition> = group.conditional.iter().filter_map(condition).collect();
            group.matcher = (!conditions.is_empty()).then(|| Matcher::new(&conditions));
        }
        this.order = order;
        this
    }

    /// Whether there is no rule to be triggered.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The rules that these occurrences trigger and whose condition holds for
    /// the user of a row, in the order of rule names.
    pub fn firing<'a, R: Row>(
        &'a self,
        rulebook: &'a Rulebook,
        occurrences: &[Occurrence<'_>],
        row: &R,
    ) -> impl Iterator<Item = &'a Rule> {
        let mut ranks = Vec::new();
        for occurrence in occurrences {
            let Some(group) = self.triggered(rulebook, occurrence) else { continue };
            let before = ranks.len();
            ranks.extend(&group.always);
            if let Some(matcher) = &group.matcher {
                ranks.extend(matcher.matching(row).iter().map(|place| group.conditional[place]));
            }
            let fits = |rank: &usize| self.rule(rulebook, *rank).is_some_and(|rule| fits(&rule.when, occurrence));
            let mut kept = ranks.split_off(before);
            kept.retain(fits);
            ranks.append(&mut kept);
        }
        ranks.sort_unstable();
        ranks.into_iter().filter_map(|rank| self.rule(rulebook, rank))
    }

    fn rule<'a>(&self, rulebook: &'a Rulebook, rank: usize) -> Option<&'a Rule> {
        rulebook.rules.get(*self.order.get(rank)?)
    }

    fn triggered(&self, rulebook: &Rulebook, occurrence: &Occurrence<'_>) -> Option<&Group> {
        match occurrence {
            Occurrence::Event(event) => self.by_event.get(&rulebook.catalogue.events.find(&event.name)?),
            Occurrence::Entered(segment) => self.by_entered.get(segment),
            Occurrence::Left(segment) => self.by_left.get(segment),
            Occurrence::Changed(field) => self.by_changed.get(field),
            Occurrence::Joined => Some(&self.by_joining),
        }
    }

    fn groups(&mut self) -> impl Iterator<Item = &mut Group> {
        let Self { order: _, by_event, by_entered, by_left, by_changed, by_joining } = self;
        let segments = by_entered.values_mut().chain(by_left.values_mut());
        by_event.values_mut().chain(segments).chain(by_changed.values_mut()).chain([by_joining])
    }

    fn group(&mut self, trigger: &Trigger) -> Option<&mut Group> {
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

/// Whether an event is what a trigger waits for, beyond its name.
fn fits(trigger: &Trigger, occurrence: &Occurrence<'_>) -> bool {
    let Occurrence::Event(event) = occurrence else { return true };
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
