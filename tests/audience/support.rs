//! Rulebooks from text, a store in memory, an audience of it, and the obvious
//! way to judge.

use std::collections::BTreeMap;
use std::sync::Arc;
use vestnik::audience::Audience;
use vestnik::condition::{Fact, Row, Truth, Window};
use vestnik::model::{Delivery, Event, EventId, Patch, Profile, Time, UserId, Value, builtin};
use vestnik::rulebook::{Files, Rulebook, load_files};
use vestnik::store::memory::MemoryStore;
use vestnik::store::{Journal, Profiles, Transaction, Writer};

/// Noon in Moscow, a whole minute.
pub const NOW: Time = Time(1_767_603_600_000);
pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

pub fn rulebook(rules: &str) -> Arc<Rulebook> {
    rulebook_of(&[("rules/x.yaml", rules)])
}

pub fn rulebook_of(files: &[(&str, &str)]) -> Arc<Rulebook> {
    let settings = ("vestnik.yaml", "timezone: Europe/Moscow\n");
    let loaded = load_files(&Files::from_list([settings].into_iter().chain(files.iter().copied())));
    let found: Vec<_> = loaded.diagnostics.iter().map(|d| format!("{d:?}")).collect();
    loaded.rulebook.unwrap_or_else(|| panic!("{}", found.join("\n")))
}

pub struct Base {
    pub profiles: Profiles,
    writer: Writer,
}

impl Base {
    pub fn new() -> Self {
        let journal = Journal::open(Arc::new(MemoryStore::new())).unwrap();
        Self { profiles: Profiles::new(&journal), writer: Writer::spawn(&journal).unwrap() }
    }

    pub fn commit(&self, user: i64, patch: &Patch) {
        self.writer.commit(Transaction::patch(UserId(user), patch.clone())).unwrap();
    }

    pub fn happen(&self, event: &Event) {
        self.writer.commit(Transaction { events: vec![event.clone()], ..Transaction::default() }).unwrap();
    }

    pub fn audience(&self, rulebook: &Arc<Rulebook>) -> Audience {
        Audience::load(rulebook, &self.profiles, NOW).unwrap()
    }
}

/// The outbox tells of a message.
pub fn delivery(id: &str, user: i64, delivery: Delivery<'_>, at: Time) -> Event {
    let properties = vec![("message".into(), Value::Int(1)), ("ledger".into(), Value::Int(1))];
    Event { id: id.into(), user: UserId(user), name: delivery.name(), at, properties }
}

pub fn patch(sets: &[(&str, Value)]) -> Patch {
    sets.iter().fold(Patch::new(), |patch, (name, value)| patch.with(*name, value.clone()))
}

/// The names of segments.
pub fn names(rulebook: &Rulebook, segments: &[vestnik::model::SegmentId]) -> Vec<String> {
    segments.iter().map(|id| rulebook.segments()[usize::from(id.0)].name.clone()).collect()
}

/// Everybody as profiles, changed in the obvious way.
#[derive(Default)]
pub struct Model {
    pub profiles: BTreeMap<i64, Profile>,
    pub events: Vec<Event>,
}

impl Model {
    pub fn apply(&mut self, rulebook: &Rulebook, user: i64, patch: &Patch) {
        let schema = &rulebook.schema;
        let profile = self.profiles.entry(user).or_insert_with(|| Profile::new(schema, UserId(user)));
        for (name, value) in &patch.sets {
            let Some(id) = schema.find(name).filter(|id| !matches!(*id, builtin::ID | builtin::BLOCKED)) else {
                continue;
            };
            let value = if value.fits(&schema.field(id).ty) { value.clone() } else { Value::Missing };
            profile.set(schema, id, value);
        }
    }

    pub fn happened(&mut self, rulebook: &Rulebook, event: &Event) {
        self.apply(rulebook, event.user.0, &Patch::new());
        self.events.push(event.clone());
    }

    /// The answer to a fact, as the manual says.
    pub fn recorded(&self, rulebook: &Rulebook, user: i64, fact: &Fact, now: Time) -> Option<Value> {
        let called = |name: Arc<str>, window: Window| {
            let start = window.start(now, &rulebook.settings.timezone.zone);
            let counts = move |event: &&Event| {
                event.user.0 == user
                    && event.name == name
                    && event.at <= now
                    && start.is_none_or(|start| start <= event.at)
            };
            self.events.iter().filter(counts)
        };
        let of = |id: EventId, window: Window| called(rulebook.catalogue.events.event(id).name.clone(), window);
        let template = |id: vestnik::model::TemplateId| rulebook.catalogue.templates.name(id.0).unwrap();
        let time = |at: Option<Time>| at.map_or(Value::Missing, Value::Time);
        Some(match *fact {
            Fact::Count { event, window } => Value::Int(of(event, window).count() as i64),
            Fact::First(event) => time(of(event, Window::Ever).map(|event| event.at).min()),
            Fact::Last(event) => time(of(event, Window::Ever).map(|event| event.at).max()),
            Fact::Sum { event, property, window } => {
                let name = &rulebook.catalogue.events.event(event).at(property).name;
                let told = of(event, window).filter_map(|event| event.property(name));
                told.fold(rulebook.unrecorded(fact).clone(), |sum, value| match (sum, value) {
                    (Value::Int(a), Value::Int(b)) => Value::Int(a + b),
                    (Value::Money(a), Value::Money(b)) => Value::Money(a + b),
                    (sum, _) => sum,
                })
            }
            Fact::Received { template: id, window } => {
                Value::Int(called(Delivery::Received(template(id)).name(), window).count() as i64)
            }
            Fact::Clicked { template: id, window } => {
                Value::Int(called(Delivery::Clicked(template(id)).name(), window).count() as i64)
            }
            Fact::InDrip(_) | Fact::FinishedDrip(_) | Fact::Variant(_) => return None,
        })
    }

    /// Compares all that is kept live with judging from scratch.
    pub fn agrees(&self, audience: &Audience, now: Time) {
        let rulebook = audience.rulebook();
        let mut sizes = vec![(0, 0); rulebook.segments().len()];
        assert_eq!(audience.ids(), self.profiles.keys().copied().collect::<Vec<_>>());
        for (user, profile) in &self.profiles {
            let recorded = |fact: &Fact| self.recorded(&rulebook, *user, fact, now);
            let view = rulebook.view(profile, now).with(&recorded);
            audience
                .with_row(UserId(*user), |row| {
                    for (id, field) in rulebook.schema.iter() {
                        assert_eq!(row.field(id), view.field(id), "`{}` of {user} at {}", field.name, now.rfc3339());
                    }
                    for segment in rulebook.segments() {
                        let (live, judged) = (row.segment(segment.id), view.segment(segment.id));
                        assert_eq!(live, judged, "`{}` for {user} at {}", segment.name, now.rfc3339());
                        assert_eq!(row.in_segment(segment.id), judged.is_true());
                        let size = &mut sizes[usize::from(segment.id.0)];
                        size.0 += u64::from(judged.is_true());
                        size.1 += u64::from(judged == Truth::Unknown);
                    }
                    assert_eq!(&row.profile(), &*view.whole_profile());
                })
                .unwrap();
        }
        let counted: Vec<_> = audience.sizes().into_iter().map(|size| (size.count, size.unknown)).collect();
        assert_eq!(counted, sizes);
    }
}
