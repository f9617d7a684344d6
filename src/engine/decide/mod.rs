//! What rules make of something that happened to a user: which of them it
//! triggers, which hold, and how they change the profile.
//!
//! Pure: the user is a [`Row`], the rulebook an argument. All rules that one
//! round triggers are judged against the state before it; what they do is
//! then done in the order of rule names, then of the list `then`. What that
//! changes triggers the next round; the caller bounds their number.
//!
//! Of the actions only those that change the profile are carried out here:
//! `set`, `add`, `unset`, `tag`, `untag`. A rule with a `limit` waits for the
//! engine that counts its firings.

mod effect;
mod reaction;

pub use effect::{Effect, changed};
pub use reaction::{Occurrence, Reactions};

use crate::condition::{EventPart, Fact, Row};
use crate::model::{Event, Events, FieldId, PropertyId, SegmentId, Time, Value};
use crate::rulebook::{Action, Rule, Rulebook};
use jiff::tz::TimeZone;

/// A longer cascade is cut and said to be one.
pub const ROUNDS: usize = 8;

/// What the rules that one round triggers do to the user of a row, in the order
/// in which it is to be done. At most one of the occurrences is an event.
pub fn decide<R: Row>(
    rulebook: &Rulebook,
    reactions: &Reactions,
    occurrences: &[Occurrence<'_>],
    row: &R,
) -> Vec<Effect> {
    let mut effects = Vec::new();
    let event = occurrences.iter().find_map(Occurrence::event);
    let row = Judged::new(row, event, &rulebook.catalogue.events);
    for (rule, _) in reactions.to(rulebook, occurrences) {
        if rule.condition.as_ref().is_none_or(|condition| condition.judge(&row).is_true()) {
            effects.extend(effect::effects(rule, &row));
        }
    }
    effects
}

/// Whether a rule does something that is carried out here.
fn acts(rule: &Rule) -> bool {
    let changes = |action: &Action| match action {
        Action::Set(_) | Action::Add(_) | Action::Unset(_) | Action::Tag(_) | Action::Untag(_) => true,
        Action::Send(_)
        | Action::AddDiscount(_)
        | Action::Start(_)
        | Action::Stop(_)
        | Action::Emit(_)
        | Action::Run(_)
        | Action::Notify(_)
        | Action::Broadcast(_)
        | Action::Report(_)
        | Action::Webhook(_)
        | Action::Cleanup(_)
        | Action::Backup(_)
        | Action::Log(_) => false,
    };
    rule.limit.is_none() && rule.then.iter().any(changes)
}

/// A user together with the event that is being judged.
struct Judged<'a, R> {
    row: &'a R,
    name: Value,
    at: Value,
    properties: Vec<(PropertyId, &'a Value)>,
}

impl<'a, R> Judged<'a, R> {
    fn new(row: &'a R, event: Option<&'a Event>, events: &Events) -> Self {
        let declared = event.and_then(|event| events.find(&event.name)).map(|id| events.event(id));
        let properties = event.iter().flat_map(|event| &event.properties).filter_map(|(name, value)| {
            let (id, property) = declared?.property(name)?;
            value.fits(&property.ty).then_some((id, value))
        });
        Self {
            row,
            name: event.map_or(Value::Missing, |event| Value::String(event.name.clone())),
            at: event.map_or(Value::Missing, |event| Value::Time(event.at)),
            properties: properties.collect(),
        }
    }
}

impl<R: Row> Row for Judged<'_, R> {
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
        self.row.fact(fact)
    }

    fn event(&self, part: EventPart) -> &Value {
        match part {
            EventPart::Name => &self.name,
            EventPart::At => &self.at,
            EventPart::Property(id) => {
                let known = self.properties.iter().find(|(known, _)| *known == id);
                known.map_or(&Value::Missing, |(_, value)| value)
            }
        }
    }
}
