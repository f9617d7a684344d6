//! The small project that the conditions of these tests are about.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;
use vestnik::condition::{Env, EventPart, Fact, Metric, Named, Row};
use vestnik::model::{
    EnumType, EventId, Events, ExperimentId, Field, FieldId, Profile, PropertyId, Schema, SegmentId, Time, TimeDelta,
    Type, UserId, Value, builtin,
};

use jiff::tz::TimeZone;

/// Noon in Moscow.
pub const NOW: Time = Time(1_767_603_600_000);
pub const SEGMENTS: [&str; 3] = ["vip", "active", "churned"];

pub struct Project {
    pub schema: Schema,
    pub events: Events,
    pub zone: TimeZone,
    /// The event that `event.NAME` speaks of.
    pub event: Option<EventId>,
    pub metrics: Vec<Metric>,
}

/// One user, for whom `vip` holds and no other segment does.
pub struct User<'p> {
    pub project: &'p Project,
    pub profile: Profile,
    pub now: Time,
    pub facts: HashMap<Fact, Value>,
    pub event: HashMap<EventPart, Value>,
    pub metrics: HashMap<u16, Value>,
    pub own_zone: OnceCell<Option<TimeZone>>,
}

impl Project {
    pub fn new() -> Self {
        let mut schema = Schema::builtin();
        let tariff = Type::Enum(Arc::new(EnumType { values: ["free", "basic", "pro"].map(Arc::from).to_vec() }));
        for (name, ty, default) in [
            ("balance", Type::Float, Value::Missing),
            ("paid_count", Type::Int, Value::Missing),
            ("visits", Type::Int, Value::Int(0)),
            ("revenue", Type::Money, Value::Missing),
            ("trial_3d_used", Type::Bool, Value::Bool(false)),
            ("last_payment_at", Type::Time, Value::Missing),
            ("tariff", tariff, Value::Missing),
            ("баланс", Type::Int, Value::Missing),
        ] {
            let field = Field { name: name.into(), ty, default, title: None, builtin: false, read_only: false };
            assert!(schema.add(field).is_ok(), "{name}");
        }
        let zone = jiff::tz::db().get("Europe/Moscow").unwrap();
        Self { schema, events: Events::builtin(), zone, event: None, metrics: Vec::new() }
    }

    /// A user with these values set.
    pub fn user(&self, values: &[(&str, Value)]) -> User<'_> {
        let mut profile = Profile::new(&self.schema, UserId(42));
        for (name, value) in values {
            let id = self.schema.find(name).unwrap_or_else(|| panic!("no field {name}"));
            assert!(value.fits(&self.schema.field(id).ty), "{name} = {value:?}");
            profile.set(&self.schema, id, value.clone());
        }
        User {
            project: self,
            profile,
            now: NOW,
            facts: HashMap::new(),
            event: HashMap::new(),
            metrics: HashMap::new(),
            own_zone: OnceCell::new(),
        }
    }

    /// The project whose conditions are about a payment and may read metrics.
    pub fn of_payments() -> Self {
        let mut project = Self::new();
        project.event = project.events.find("payment");
        let metric = |name, ty| Metric { name, ty, doc: ["a measurement", "измерение"] };
        project.metrics = vec![metric("outbox.lag", Type::Duration), metric("outbox.errors", Type::Float)];
        project
    }

    /// The type of a property of an event.
    pub fn property(&self, event: EventId, property: PropertyId) -> &Type {
        &self.events.event(event).at(property).ty
    }
}

impl Env for Project {
    fn schema(&self) -> &Schema {
        &self.schema
    }
    fn find(&self, kind: Named, name: &str) -> Option<u16> {
        Env::names(self, kind).iter().position(|known| *known == name).map(|at| at as u16)
    }
    fn names(&self, kind: Named) -> Vec<&str> {
        match kind {
            Named::Segment => SEGMENTS.to_vec(),
            Named::Template => vec!["spring_sale", "win_back"],
            Named::Drip => vec!["onboarding"],
            Named::Experiment => vec!["welcome_text"],
        }
    }
    fn events(&self) -> &Events {
        &self.events
    }
    fn variants(&self, _: ExperimentId) -> Arc<EnumType> {
        Arc::new(EnumType { values: ["control", "short"].map(Arc::from).to_vec() })
    }
    fn zone(&self) -> &TimeZone {
        &self.zone
    }
    fn event(&self) -> Option<EventId> {
        self.event
    }
    fn metrics(&self) -> &[Metric] {
        &self.metrics
    }
}

impl Row for User<'_> {
    fn field(&self, id: FieldId) -> &Value {
        self.profile.get(id)
    }
    fn now(&self) -> Time {
        self.now
    }
    fn zone(&self) -> &TimeZone {
        &self.project.zone
    }
    fn user_zone(&self) -> &TimeZone {
        let own = || self.profile.text(builtin::TIMEZONE).and_then(|name| TimeZone::get(name).ok());
        self.own_zone.get_or_init(own).as_ref().unwrap_or(&self.project.zone)
    }
    fn in_segment(&self, id: SegmentId) -> bool {
        id == SegmentId(0)
    }
    fn event(&self, part: EventPart) -> &Value {
        self.event.get(&part).unwrap_or(&Value::Missing)
    }
    fn metric(&self, at: u16) -> &Value {
        self.metrics.get(&at).unwrap_or(&Value::Missing)
    }
    fn fact(&self, fact: &Fact) -> Value {
        self.facts.get(fact).cloned().unwrap_or_else(|| match fact {
            Fact::Sum { event, property, .. } => match self.project.property(*event, *property) {
                Type::Money => Value::Money(0),
                Type::Float => Value::Float(0.0),
                _ => Value::Int(0),
            },
            Fact::Count { .. } | Fact::Received { .. } | Fact::Clicked { .. } => Value::Int(0),
            Fact::InDrip(_) | Fact::FinishedDrip(_) => Value::Bool(false),
            Fact::First(_) | Fact::Last(_) | Fact::Variant(_) => Value::Missing,
        })
    }
}

/// A moment so many hours before now.
pub fn hours_ago(hours: i64) -> Value {
    Value::Time(NOW - TimeDelta::hours(hours))
}

pub fn list(items: &[&str]) -> Value {
    Value::List(items.iter().map(|item| Arc::from(*item)).collect())
}
