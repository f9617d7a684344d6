//! Which rules and drips something triggers, found without looking at all of
//! them: those of one trigger are judged together, sharing what their conditions
//! ask.

use crate::condition::{Condition, Matcher, Row};
use crate::model::event::ANSWERED;
use crate::model::events::{BOT_BLOCKED, BOT_RETURNED, MESSAGE, PRESS, START};
use crate::model::{Event, EventId, FieldId, SegmentId, TimeDelta, Value};
use crate::rulebook::{Rulebook, Trigger, Unknown};
use std::collections::HashMap;

/// The rules and drips of one rulebook by what triggers them. Those on a
/// schedule are not among them.
#[derive(Debug, Default)]
pub struct Reactions {
    /// In the order in which they act. The groups below hold places in this one.
    order: Vec<Reactor>,
    by_event: HashMap<EventId, Group>,
    by_entered: HashMap<SegmentId, Group>,
    by_left: HashMap<SegmentId, Group>,
    by_changed: HashMap<FieldId, Group>,
    by_due: HashMap<(FieldId, TimeDelta), Group>,
    by_joining: Group,
}

/// Something that a trigger sets off, by its place in the rulebook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reactor {
    /// A rule.
    Rule(usize),
    /// A drip: the user enters.
    Drip(usize),
}

/// Those of one trigger, in their order.
#[derive(Debug, Default)]
struct Group {
    /// Those without a condition.
    always: Vec<usize>,
    /// Those with one …
    conditional: Vec<usize>,
    /// … and all their conditions.
    matcher: Option<Matcher>,
}

/// Something that can trigger a rule or a drip.
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
    /// So long after the time in a field, or before it.
    Due(FieldId, TimeDelta),
    /// The user is new.
    Joined,
}

impl Reactions {
    /// Sorts a rulebook's rules and drips by their triggers. Rules act in the
    /// order of their names, then drips in that of theirs.
    pub fn new(rulebook: &Rulebook) -> Self {
        let mut order: Vec<Reactor> = (0..rulebook.rules.len()).map(Reactor::Rule).collect();
        order.extend((0..rulebook.drips.len()).map(Reactor::Drip));
        order.sort_by_key(|reactor| match *reactor {
            Reactor::Rule(at) => (0, rulebook.rules[at].name.as_str()),
            Reactor::Drip(at) => (1, rulebook.drips[at].name.as_str()),
        });
        let mut this = Self::default();
        for (rank, reactor) in order.iter().enumerate() {
            let condition = reactor.condition(rulebook);
            if let Some(group) = this.group(reactor.when(rulebook)) {
                match condition {
                    Some(_) => group.conditional.push(rank),
                    None => group.always.push(rank),
                }
            }
        }
        let condition = |rank: &usize| order[*rank].condition(rulebook).cloned();
        for group in this.groups() {
            let conditions: Vec<Condition> = group.conditional.iter().filter_map(condition).collect();
            group.matcher = (!conditions.is_empty()).then(|| Matcher::new(&conditions));
        }
        this.order = order;
        this
    }

    /// The pairs of field and length of time that something waits for.
    pub fn due(&self) -> impl Iterator<Item = (FieldId, TimeDelta)> {
        self.by_due.keys().copied()
    }

    /// Those that these occurrences trigger and whose condition holds for the
    /// user of a row, in their order, each once.
    pub fn firing<R: Row>(&self, rulebook: &Rulebook, occurrences: &[Occurrence<'_>], row: &R) -> Vec<Reactor> {
        let mut ranks = Vec::new();
        for occurrence in occurrences {
            let Some(group) = self.triggered(rulebook, occurrence) else { continue };
            let before = ranks.len();
            ranks.extend(&group.always);
            if let Some(matcher) = &group.matcher {
                ranks.extend(matcher.matching(row).iter().map(|place| group.conditional[place]));
            }
            let is_meant = |rank: &usize| self.is_meant(rulebook, *rank, occurrence, group);
            let mut kept = ranks.split_off(before);
            kept.retain(is_meant);
            ranks.append(&mut kept);
        }
        ranks.sort_unstable();
        ranks.dedup();
        ranks.into_iter().map(|rank| self.order[rank]).collect()
    }

    /// All that these occurrences trigger, whether or not its condition holds, in
    /// their order, each once.
    pub fn set_off(&self, rulebook: &Rulebook, occurrences: &[Occurrence<'_>]) -> Vec<Reactor> {
        let mut ranks: Vec<usize> = Vec::new();
        for occurrence in occurrences {
            let Some(group) = self.triggered(rulebook, occurrence) else { continue };
            let all = group.always.iter().chain(&group.conditional);
            ranks.extend(all.filter(|rank| self.is_meant(rulebook, **rank, occurrence, group)));
        }
        ranks.sort_unstable();
        ranks.dedup();
        ranks.into_iter().map(|rank| self.order[rank]).collect()
    }

    /// Whether an occurrence of a group is what one of it waits for. What others
    /// of the group name is known to all, whether or not their conditions hold.
    fn is_meant(&self, rulebook: &Rulebook, rank: usize, occurrence: &Occurrence<'_>, group: &Group) -> bool {
        let trigger = self.order[rank].when(rulebook);
        let mut all = group.always.iter().chain(&group.conditional);
        let is_named = |rank: &usize| {
            let when = self.order[*rank].when(rulebook);
            names(when) && fits(when, occurrence)
        };
        fits(trigger, occurrence) && !(matches!(trigger, Trigger::Unknown(_)) && all.any(is_named))
    }

    fn triggered(&self, rulebook: &Rulebook, occurrence: &Occurrence<'_>) -> Option<&Group> {
        match occurrence {
            Occurrence::Event(event) => self.by_event.get(&rulebook.catalogue.events.find(&event.name)?),
            Occurrence::Entered(segment) => self.by_entered.get(segment),
            Occurrence::Left(segment) => self.by_left.get(segment),
            Occurrence::Changed(field) => self.by_changed.get(field),
            Occurrence::Due(field, after) => self.by_due.get(&(*field, *after)),
            Occurrence::Joined => Some(&self.by_joining),
        }
    }

    fn groups(&mut self) -> impl Iterator<Item = &mut Group> {
        let Self { order: _, by_event, by_entered, by_left, by_changed, by_due, by_joining } = self;
        let segments = by_entered.values_mut().chain(by_left.values_mut());
        let fields = by_changed.values_mut().chain(by_due.values_mut());
        by_event.values_mut().chain(segments).chain(fields).chain([by_joining])
    }

    fn group(&mut self, trigger: &Trigger) -> Option<&mut Group> {
        let event = match trigger {
            Trigger::Event(event) => *event,
            Trigger::Command(command) if command == "start" => START,
            Trigger::Command(_) | Trigger::Text(_) | Trigger::Unknown(Unknown::Message) => MESSAGE,
            Trigger::Button(_) | Trigger::Unknown(Unknown::Button) => PRESS,
            Trigger::Blocks => BOT_BLOCKED,
            Trigger::Returns => BOT_RETURNED,
            Trigger::Enters(segment) => return Some(self.by_entered.entry(*segment).or_default()),
            Trigger::Leaves(segment) => return Some(self.by_left.entry(*segment).or_default()),
            Trigger::Changes(field) => return Some(self.by_changed.entry(*field).or_default()),
            Trigger::Joins => return Some(&mut self.by_joining),
            Trigger::Due { field, after } => return Some(self.by_due.entry((*field, *after)).or_default()),
            Trigger::Schedule(_) => return None,
        };
        Some(self.by_event.entry(event).or_default())
    }
}

impl Reactor {
    fn when(self, rulebook: &Rulebook) -> &Trigger {
        match self {
            Self::Rule(at) => &rulebook.rules[at].when,
            Self::Drip(at) => &rulebook.drips[at].when,
        }
    }

    fn condition(self, rulebook: &Rulebook) -> Option<&Condition> {
        match self {
            Self::Rule(at) => rulebook.rules[at].condition.as_ref(),
            Self::Drip(_) => None,
        }
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
        Trigger::Unknown(_) => event.property(ANSWERED).is_none(),
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

/// Whether a trigger names what the user said, and so knows it.
fn names(trigger: &Trigger) -> bool {
    match trigger {
        Trigger::Command(_) | Trigger::Button(_) | Trigger::Text(_) => true,
        Trigger::Event(_)
        | Trigger::Unknown(_)
        | Trigger::Enters(_)
        | Trigger::Leaves(_)
        | Trigger::Changes(_)
        | Trigger::Joins
        | Trigger::Blocks
        | Trigger::Returns
        | Trigger::Due { .. }
        | Trigger::Schedule(_) => false,
    }
}

/// The command that a text begins with, without slash and bot's name.
fn command_of(text: &str) -> Option<&str> {
    let word = text.strip_prefix('/')?.split_whitespace().next()?;
    word.split('@').next()
}
