//! The names that fuzzed conditions may use, and two users: one of whom
//! nothing is known and one with boundary values.

use jiff::tz::TimeZone;
use std::sync::Arc;
use vestnik::condition::{Env, EventPart, Fact, Named, Row};
use vestnik::model::{
    EnumType, EventId, Events, ExperimentId, Field, FieldId, Profile, Schema, SegmentId, Time, Type, UserId, Value,
};

const NOW: Time = Time(1_767_603_600_000);
const NAMES: [&str; 2] = ["vip", "active"];

/// What is declared.
pub struct Project {
    schema: Schema,
    events: Events,
    variants: Arc<EnumType>,
    users: Vec<User>,
}

/// One user at one moment.
pub struct User {
    profile: Profile,
    zone: TimeZone,
}

impl Project {
    /// The project of all runs.
    pub fn new() -> Self {
        let mut schema = Schema::builtin();
        let tariff = Type::Enum(Arc::new(EnumType { values: ["free", "pro"].map(Arc::from).to_vec() }));
        let fields = [
            ("b", Type::Float, Value::Float(9.3e18)),
            ("n", Type::Int, Value::Int(i64::MIN)),
            ("m", Type::Money, Value::Money(i64::MAX)),
            ("f", Type::Bool, Value::Bool(true)),
            ("t", Type::Time, Value::Time(Time(i64::MAX))),
            ("s", Type::String, Value::text("Ёж")),
            ("e", tariff, Value::text("pro")),
        ];
        for (name, ty, _) in &fields {
            let ty = ty.clone();
            let default = Value::Missing;
            schema
                .add(Field { name: (*name).into(), ty, default, title: None, builtin: false, read_only: false })
                .expect("each name stands once");
        }
        let empty = Profile::new(&schema, UserId(1));
        let mut full = empty.clone();
        for (name, _, value) in fields {
            full.set(&schema, schema.find(name).expect("just added"), value);
        }
        let user = |profile| User { profile, zone: TimeZone::get("Europe/Berlin").expect("bundled") };
        let users = vec![user(empty), user(full)];
        let variants = Arc::new(EnumType { values: vec!["a".into(), "b".into()] });
        Self { schema, events: Events::builtin(), variants, users }
    }

    /// Those for whom conditions are judged.
    pub fn users(&self) -> &[User] {
        &self.users
    }
}

impl Env for Project {
    fn schema(&self) -> &Schema {
        &self.schema
    }
    fn zone(&self) -> &TimeZone {
        &self.users[0].zone
    }
    fn find(&self, kind: Named, name: &str) -> Option<u16> {
        Env::names(self, kind).iter().position(|known| *known == name).map(|at| at as u16)
    }
    fn names(&self, _: Named) -> Vec<&str> {
        NAMES.to_vec()
    }
    fn events(&self) -> &Events {
        &self.events
    }
    fn variants(&self, _: ExperimentId) -> Arc<EnumType> {
        self.variants.clone()
    }
    fn event(&self) -> Option<EventId> {
        self.events.find("payment")
    }
}

impl Row for User {
    fn field(&self, id: FieldId) -> &Value {
        self.profile.get(id)
    }
    fn now(&self) -> Time {
        NOW
    }
    fn zone(&self) -> &TimeZone {
        &self.zone
    }
    fn in_segment(&self, id: SegmentId) -> bool {
        id == SegmentId(0)
    }
    fn fact(&self, fact: &Fact) -> Value {
        match fact {
            Fact::Count { .. } | Fact::Received { .. } | Fact::Clicked { .. } => Value::Int(i64::MAX),
            Fact::InDrip(_) | Fact::FinishedDrip(_) => Value::Bool(true),
            Fact::Sum { .. } | Fact::First(_) | Fact::Last(_) | Fact::Variant(_) => Value::Missing,
        }
    }
    fn event(&self, _: EventPart) -> &Value {
        &Value::Missing
    }
}
