//! One user at one moment, as conditions see them.
//!
//! What is recorded besides the profile is asked of whoever keeps it; without
//! such a keeper nothing is.
//!
//! Segments, computed fields and `lifecycle` are judged when first asked for
//! and remembered for the life of the view. How deep they ask for one another
//! is bounded by the check.

use super::Rulebook;
use crate::condition::{Fact, Row, Truth};
use crate::model::{Events, FieldId, Profile, SegmentId, Time, Type, Value, builtin};
use jiff::tz::TimeZone;
use std::borrow::Cow;
use std::cell::{Cell, OnceCell};

/// What is recorded of one user: the answer to a fact, if it is kept.
pub type Recorded<'a> = dyn Fn(&Fact) -> Option<Value> + 'a;

/// One user at one moment.
pub struct View<'a> {
    rulebook: &'a Rulebook,
    profile: &'a Profile,
    now: Time,
    recorded: Option<&'a Recorded<'a>>,
    members: Box<[Cell<Option<bool>>]>,
    /// The values of derived fields, by their place.
    derived: Box<[OnceCell<Value>]>,
    zone: OnceCell<Option<TimeZone>>,
}

impl<'a> View<'a> {
    pub(super) fn new(rulebook: &'a Rulebook, profile: &'a Profile, now: Time) -> Self {
        let members = rulebook.segments().iter().map(|_| Cell::new(None)).collect();
        let derived = (0..rulebook.derived.len()).map(|_| OnceCell::new()).collect();
        Self { rulebook, profile, now, recorded: None, members, derived, zone: OnceCell::new() }
    }

    /// The same user with what is recorded.
    #[must_use]
    pub fn with(self, recorded: &'a Recorded<'a>) -> Self {
        Self { recorded: Some(recorded), ..self }
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
        self.rulebook.judge(id, self)
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
        let kept = self.recorded.and_then(|recorded| recorded(fact));
        kept.unwrap_or_else(|| self.rulebook.unrecorded(fact).clone())
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

/// The answer to a fact where nobody has received, done or entered anything.
pub(super) fn unrecorded(events: &Events, fact: &Fact) -> &'static Value {
    static NEVER: Value = Value::Int(0);
    static NO: Value = Value::Bool(false);
    match fact {
        Fact::Count { .. } | Fact::Received { .. } | Fact::Clicked { .. } => &NEVER,
        Fact::Sum { event, property, .. } => zero(&events.event(*event).at(*property).ty),
        Fact::InDrip(_) | Fact::FinishedDrip(_) => &NO,
        Fact::First(_) | Fact::Last(_) | Fact::Variant(_) => &Value::Missing,
    }
}

/// The sum of nothing.
fn zero(ty: &Type) -> &'static Value {
    static INT: Value = Value::Int(0);
    static FLOAT: Value = Value::Float(0.0);
    static MONEY: Value = Value::Money(0);
    match ty {
        Type::Float => &FLOAT,
        Type::Money => &MONEY,
        Type::Int | Type::Bool | Type::String | Type::Time | Type::Duration | Type::List | Type::Enum(_) => &INT,
    }
}
