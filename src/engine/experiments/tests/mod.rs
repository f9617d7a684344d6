//! Experiments over a store in memory and a clock that is moved by hand: what
//! is counted of exposures and of what users do. Exposures are told as the
//! outbox tells them.

mod counting;
mod deeds;
mod edits;

use super::report::{ArmReport, ExperimentReport};
use crate::clock::ManualClock;
use crate::engine::Engine;
use crate::model::event::{EXPERIMENT_VERSION, HOW, LEDGER, RULEBOOK, UNDELIVERED_HOW, VARIANT};
use crate::model::{Clock, Event, Patch, Time, TimeDelta, Trace, UserId, Value};
use crate::rulebook::{Live, Outcome};
use crate::store::Transaction;
use crate::store::mortal::Mortal;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tempfile::TempDir;

const START: Time = Time(1_767_603_600_000);
const DAY: TimeDelta = TimeDelta::days(1);
const SETTINGS: &str = "\
timezone: Europe/Moscow
admins: {7: owner}
";
const PROFILE: &str = "\
profile:
  vip: {type: bool, default: false}
events:
  open: {}
  payment: {eur: money, ratio: float}
";
const RULES: &str = "\
experiments:
  ab:
    variants: {control: 50, short: 50}
    goal: event payment within 3 days
    guardrails: [event bot_blocked within 1 day]
";

/// A project, its store and its clock.
struct World {
    folder: TempDir,
    store: Arc<Mortal>,
    clock: Arc<ManualClock>,
    engine: RefCell<Option<Engine>>,
    events: Cell<u64>,
}

impl World {
    /// A project with these experiments, and users 1 to 9.
    fn new(rules: &str) -> Self {
        let world = Self {
            folder: tempfile::tempdir().unwrap(),
            store: Arc::new(Mortal::default()),
            clock: Arc::new(ManualClock::new(START)),
            engine: RefCell::new(None),
            events: Cell::new(0),
        };
        world.write("vestnik.yaml", SETTINGS);
        world.write("rules/profile.yaml", PROFILE);
        world.write("rules/rules.yaml", rules);
        for name in ["a", "b"] {
            world.write(&format!("templates/{name}.en.html"), "hello\n");
        }
        world.restart();
        let patch = Patch::default().with("first_name", Value::text("Ann"));
        world.tell(Transaction {
            patches: (1..10).map(|user| (UserId(user), patch.clone())).collect(),
            ..Transaction::default()
        });
        world
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Ends the process and starts another.
    fn restart(&self) {
        if let Some(engine) = self.engine.take() {
            engine.stop();
        }
        let live = Arc::new(Live::open(self.folder.path(), self.clock.clone()).unwrap());
        let engine = Engine::new(self.folder.path().to_owned(), live, self.store.clone(), self.clock.clone()).unwrap();
        engine.act();
        engine.audience().unwrap();
        self.engine.replace(Some(engine));
    }

    /// Other rules, taken over by the running engine.
    fn reload(&self, rules: &str) {
        self.write("rules/rules.yaml", rules);
        self.with(|engine| {
            let report = engine.live.reload();
            assert!(!matches!(report.outcome, Outcome::Refused), "{report:?}");
            engine.follow_clock().unwrap();
        });
    }

    fn with<T>(&self, look: impl FnOnce(&Engine) -> T) -> T {
        look(self.engine.borrow().as_ref().unwrap())
    }

    fn tell(&self, transaction: Transaction) {
        self.with(|engine| drop(engine.writer.commit(transaction).unwrap()));
    }

    /// The same, and the process dies before the disk has it.
    fn lose(&self, transaction: Transaction) {
        self.store.dies.store(true, Ordering::SeqCst);
        self.with(|engine| drop(engine.writer.commit(transaction)));
        self.store.dies.store(false, Ordering::SeqCst);
    }

    fn now(&self) -> Time {
        self.clock.now()
    }

    fn pass(&self, length: TimeDelta) {
        self.clock.advance(length);
    }

    /// An event that nothing else is.
    fn event(&self, user: i64, name: &str, at: Time, properties: &[(&str, Value)]) -> Event {
        self.events.set(self.events.get() + 1);
        let properties = properties.iter().map(|(name, value)| ((*name).into(), value.clone())).collect();
        Event { id: self.events.get().to_string().into(), user: UserId(user), name: name.into(), at, properties }
    }

    fn happens(&self, user: i64, name: &str, at: Time, properties: &[(&str, Value)]) {
        let event = self.event(user, name, at, properties);
        self.tell(Transaction::events(vec![event]));
    }

    fn pays(&self, user: i64, rub: i64) {
        self.happens(user, "payment", self.now(), &[("rub", Value::Money(rub))]);
    }

    /// A message shows a variant now.
    fn shows(&self, user: i64, experiment: &str, variant: &str) {
        self.tell(Transaction::events(vec![shown(user, experiment, 1, variant, self.now(), 5, false)]));
    }

    fn report(&self, name: &str) -> ExperimentReport {
        self.with(|engine| engine.experiment_report(name).unwrap())
    }

    fn arm(&self, name: &str, place: usize) -> ArmReport {
        self.report(name).arms[place].clone()
    }
}

/// What the outbox tells.
fn shown(user: i64, name: &str, version: i64, variant: &str, at: Time, ledger: i64, has_failed: bool) -> Event {
    let name = Trace::Exposed(name).name();
    let id = if has_failed { format!("{name}:{version}:failed") } else { format!("{name}:{version}") };
    let mut properties = vec![
        (VARIANT.into(), Value::text(variant)),
        (EXPERIMENT_VERSION.into(), Value::Int(version)),
        (RULEBOOK.into(), Value::text("book")),
        (LEDGER.into(), Value::Int(ledger)),
    ];
    if has_failed {
        properties.push((HOW.into(), Value::text(UNDELIVERED_HOW)));
    }
    Event { id: id.into(), user: UserId(user), name, at, properties }
}
