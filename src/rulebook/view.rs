//! One user at one moment, as conditions see them.
//!
//! Segments, computed fields and `lifecycle` are judged when first asked for
//! and remembered for the life of the view. How deep they ask for one another
//! is bounded by the check.

use super::{Rulebook, Test};
use crate::condition::{Fact, Row, Truth};
use crate::model::{FieldId, Profile, SegmentId, Time, Type, Value, builtin};
use jiff::tz::TimeZone;
use std::borrow::Cow;
use std::cell::{Cell, OnceCell};

/// One user at one moment.
#[derive(Debug)]
pub struct View<'a> {
    rulebook: &'a Rulebook,
    profile: &'a Profile,
    now: Time,
    members: Box<[Cell<Option<bool>>]>,
    /// The values of derived fields, by their place.
    derived: Box<[OnceCell<Value>]>,
    zone: OnceCell<Option<TimeZone>>,
}

impl<'a> View<'a> {
    pub(super) fn new(rulebook: &'a Rulebook, profile: &'a Profile, now: Time) -> Self {
        let members = rulebook.segments().iter().map(|_| Cell::new(None)).collect();
        let derived = (0..rulebook.derived.len()).map(|_| OnceCell::new()).collect();
        Self { rulebook, profile, now, members, derived, zone: OnceCell::new() }
    }

    /// The profile that is looked at, as it is stored.
    pub fn profile(&self) -> &'a Profile {
        self.profile
    }

    /// The profile with the fields that follow from the rest.
    pub fn whole_profile(&self) -> Cow<'a, Profile> {
        let mut whole = Cow::Borrowed(self.profile);
        for field in self.rulebook.derived.fields() {
            whole.to_mut().set(&self.rulebook.schema, field, self.field(field).clone());
        }
        whole
    }

    /// What a segment's condition says of the user: unlike membership, which
    /// is true or false, this may be unknown.
    pub fn segment(&self, id: SegmentId) -> Truth {
        let segment = self.rulebook.segments().get(usize::from(id.0));
        segment.map_or(Truth::False, |segment| match &segment.test {
            Test::Condition(condition) => condition.judge(self),
            Test::Script(script) => self.rulebook.scripts.judge(script, self),
        })
    }
}

impl Row for View<'_> {
    fn field(&self, id: FieldId) -> &Value {
        let Some(place) = self.rulebook.derived.place(id) else { return self.profile.get(id) };
        if let Some(known) = self.derived[place].get() {
            return known;
        }
        // Not inside `get_or_init`: judging may ask for other derived fields.
        let value = self.rulebook.derived.value(place, &self.rulebook.schema, self);
        self.derived[place].get_or_init(|| value)
    }

    fn now(&self) -> Time {
        self.now
    }

    fn zone(&self) -> &TimeZone {
        &self.rulebook.settings.timezone.zone
    }

    fn user_zone(&self) -> &TimeZone {
        let own = || self.profile.text(builtin::TIMEZONE).and_then(|name| TimeZone::get(name).ok());
        self.zone.get_or_init(own).as_ref().unwrap_or_else(|| self.zone())
    }

    fn fact(&self, fact: &Fact) -> Value {
        // Nothing of this is recorded yet: nobody has received, done or entered
        // anything.
        match fact {
            Fact::Count { .. } | Fact::Received { .. } | Fact::Clicked { .. } => Value::Int(0),
            Fact::Sum { event, property, .. } => zero(&self.rulebook.catalogue.events.event(*event).at(*property).ty),
            Fact::InDrip(_) | Fact::FinishedDrip(_) => Value::Bool(false),
            Fact::First(_) | Fact::Last(_) | Fact::Variant(_) => Value::Missing,
        }
    }

    fn in_segment(&self, id: SegmentId) -> bool {
        let Some(known) = self.members.get(usize::from(id.0)) else { return false };
        if let Some(member) = known.get() {
            return member;
        }
        let member = self.segment(id) == Truth::True;
        known.set(Some(member));
        member
    }
}

/// The sum of nothing.
fn zero(ty: &Type) -> Value {
    match ty {
        Type::Float => Value::Float(0.0),
        Type::Money => Value::Money(0),
        Type::Int | Type::Bool | Type::String | Type::Time | Type::Duration | Type::List | Type::Enum(_) => {
            Value::Int(0)
        }
    }
}
