//! One user as conditions see them, out of the columns: a value is made when
//! it is first asked for.

use super::deals::Deals;
use super::facts::Facts;
use super::state::State;
use crate::condition::{EventPart, Fact, Row, Truth};
use crate::model::{Event, EventId, FieldId, Profile, Property, PropertyId, SegmentId, Time, UserId, Value, builtin};
use crate::rulebook::Rulebook;
use jiff::tz::TimeZone;
use std::cell::{Cell, OnceCell, RefCell};

/// One user at one moment.
#[derive(Clone, Copy)]
pub struct Person<'a> {
    state: &'a State,
    row: u32,
    now: Time,
    source: Source<'a>,
    known: &'a Known,
    happened: Option<&'a Happened>,
}

/// Where derived fields, segments and facts are taken from.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    /// What is kept current; facts that are not kept from here, if they were
    /// wanted.
    Live(Option<&'a Facts>),
    /// Judged when asked for, because the moment is another; facts of that
    /// moment.
    Afresh(Option<&'a Facts>),
}

/// What was asked of one user already. It can be used for another user after
/// [`Known::forget`].
#[derive(Debug, Default)]
pub(super) struct Known {
    values: Box<[OnceCell<Value>]>,
    /// The places of the values that are known, so that forgetting costs no
    /// more than was asked.
    asked: RefCell<Vec<usize>>,
    members: Box<[Cell<Option<bool>>]>,
    /// Whether any of them is known.
    judged: Cell<bool>,
    zone: OnceCell<Option<TimeZone>>,
    today: OnceCell<Time>,
}

/// An event as conditions see it, which ask for properties by their place.
#[derive(Clone, Debug, PartialEq)]
pub struct Happened {
    name: Value,
    at: Value,
    properties: Box<[Value]>,
}

impl Happened {
    /// The event under this rulebook. Properties that are not declared, or whose
    /// values do not fit, cannot be asked for.
    pub fn new(rulebook: &Rulebook, event: &Event) -> Self {
        let id = rulebook.catalogue.events.find(&event.name);
        let properties = id.map(|id| Self::properties(rulebook, id, event));
        let properties = properties.map(|told| told.into_iter().map(|(_, value)| value).collect());
        let name = Value::String(event.name.clone());
        Self { name, at: Value::Time(event.at), properties: properties.unwrap_or_default() }
    }

    /// The declared properties in their order; missing are those that it does
    /// not tell, or tells with a value that does not fit.
    pub(super) fn properties(rulebook: &Rulebook, id: EventId, event: &Event) -> Vec<(PropertyId, Value)> {
        let declared = &rulebook.catalogue.events.event(id).properties;
        let told = |property: &Property| {
            let value = event.property(&property.name).filter(|value| value.fits(&property.ty));
            value.cloned().unwrap_or_default()
        };
        (0u16..).map(PropertyId).zip(declared.iter().map(told)).collect()
    }
}

impl<'a> Source<'a> {
    pub fn is_live(self) -> bool {
        matches!(self, Self::Live(_))
    }

    /// Where answers are looked for, in order.
    pub fn facts(self, state: &'a State) -> impl Iterator<Item = &'a Facts> {
        let (first, second) = match self {
            Self::Live(besides) => (Some(&state.facts), besides),
            Self::Afresh(facts) => (facts, None),
        };
        first.into_iter().chain(second)
    }
}

impl Known {
    pub fn new(rulebook: &Rulebook) -> Self {
        Self {
            values: (0..rulebook.schema.len()).map(|_| OnceCell::new()).collect(),
            members: rulebook.segments().iter().map(|_| Cell::new(None)).collect(),
            ..Self::default()
        }
    }

    /// Forgets what belongs to the moment.
    pub fn pass(&mut self) {
        self.today.take();
    }

    /// Forgets what belongs to the user; the day stays that of the pass.
    pub fn forget(&mut self) {
        for at in self.asked.get_mut().drain(..) {
            self.values[at].take();
        }
        if self.judged.take() {
            self.members.iter().for_each(|member| member.set(None));
        }
        self.zone.take();
    }
}

impl<'a> Person<'a> {
    pub(super) fn new(state: &'a State, row: u32, now: Time, source: Source<'a>, known: &'a Known) -> Self {
        Self { state, row, now, source, known, happened: None }
    }

    /// Where the user stands.
    pub(super) fn row(&self) -> u32 {
        self.row
    }

    /// The variants of everybody.
    pub(super) fn deals(&self) -> &'a Deals {
        &self.state.deals
    }

    /// The same user, when this happened.
    #[must_use]
    pub fn at(self, happened: &'a Happened) -> Self {
        Self { happened: Some(happened), ..self }
    }

    /// Who it is.
    pub fn user(&self) -> UserId {
        self.state.people.user(self.row).unwrap_or(UserId(0))
    }

    /// The rulebook that the values belong to.
    pub fn rulebook(&self) -> &'a Rulebook {
        &self.state.rulebook
    }

    /// The profile with the fields that follow from the rest.
    pub fn profile(&self) -> Profile {
        let schema = &self.state.rulebook.schema;
        let mut profile = Profile::new(schema, self.user());
        for (id, _) in schema.iter().filter(|(id, _)| *id != builtin::ID) {
            profile.set(schema, id, self.field(id).clone());
        }
        profile
    }

    /// What a segment's condition says of the user, which may be unknown.
    pub fn segment(&self, id: SegmentId) -> Truth {
        match self.source {
            Source::Live(_) => self.state.truth(id, self.row),
            Source::Afresh(_) => self.state.rulebook.judge(id, self),
        }
    }

    /// The value of a field, for as long as what is known lives.
    pub(super) fn look(&self, id: FieldId) -> &'a Value {
        let at = usize::from(id.0);
        let Some(cell) = self.known.values.get(at) else { return &Value::Missing };
        if let Some(known) = cell.get() {
            return known;
        }
        // Not inside `get_or_init`: judging may ask for other derived fields.
        let value = self.value(id);
        self.known.asked.borrow_mut().push(at);
        cell.get_or_init(|| value)
    }

    /// The project's time zone, as long.
    pub(super) fn project_zone(&self) -> &'a TimeZone {
        &self.state.rulebook.settings.timezone.zone
    }

    /// The user's time zone where it is known, as long.
    pub(super) fn own_zone(&self) -> &'a TimeZone {
        let own = || match self.look(builtin::TIMEZONE) {
            Value::String(name) => TimeZone::get(name).ok(),
            _ => None,
        };
        self.known.zone.get_or_init(own).as_ref().unwrap_or_else(|| self.project_zone())
    }

    fn value(&self, id: FieldId) -> Value {
        let derived = match self.source {
            Source::Live(_) => None,
            Source::Afresh(_) => self.state.rulebook.derive(id, self),
        };
        derived.unwrap_or_else(|| self.state.value(id, self.row))
    }
}

impl Row for Person<'_> {
    fn field(&self, id: FieldId) -> &Value {
        self.look(id)
    }

    fn now(&self) -> Time {
        self.now
    }

    fn zone(&self) -> &TimeZone {
        self.project_zone()
    }

    fn user_zone(&self) -> &TimeZone {
        self.own_zone()
    }

    fn today(&self) -> Time {
        *self.known.today.get_or_init(|| crate::condition::midnight(self.now, self.zone()))
    }

    fn fact(&self, fact: &Fact) -> Value {
        if let Fact::Variant(id) = *fact {
            return self.state.deals.value(id, self.row);
        }
        let kept = self.source.facts(self.state).find_map(|facts| facts.value(fact, self.row));
        kept.unwrap_or_else(|| self.state.rulebook.unrecorded(fact).clone())
    }

    fn event(&self, part: EventPart) -> &Value {
        let Some(happened) = self.happened else { return &Value::Missing };
        match part {
            EventPart::Name => &happened.name,
            EventPart::At => &happened.at,
            EventPart::Property(id) => happened.properties.get(usize::from(id.0)).unwrap_or(&Value::Missing),
        }
    }

    fn in_segment(&self, id: SegmentId) -> bool {
        if self.source.is_live() {
            return self.state.truth(id, self.row).is_true();
        }
        let Some(known) = self.known.members.get(usize::from(id.0)) else { return false };
        if let Some(member) = known.get() {
            return member;
        }
        let member = self.segment(id).is_true();
        known.set(Some(member));
        self.known.judged.set(true);
        member
    }
}
