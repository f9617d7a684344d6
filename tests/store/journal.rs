//! The log and its folding: whenever the process ends, every profile is what
//! its acknowledged changes make of it, each made once.

use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use vestnik::model::{Event, Field, Patch, Schema, Time, TimeDelta, Type, UserId, Value};
use vestnik::store::history::Span;
use vestnik::store::memory::MemoryStore;
use vestnik::store::{
    Batch, Folding, Journal, Pair, Profiles, Store, StoreError, Transaction, Whole, Writer, sum_name,
};

/// A step of a history.
#[derive(Clone, Debug)]
enum Step {
    Set(i64, i64),
    Clear(i64),
    /// User, id, time, roubles.
    Pay(i64, i64, i64, i64),
    /// So many days go by.
    Wait(i64),
    /// The process ends, after so many more commits of folding got through.
    End(usize),
}

/// A store that takes so many commits and then no more.
struct Mortal {
    inner: Arc<MemoryStore>,
    left: AtomicUsize,
}

impl Store for Mortal {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(key)
    }

    fn scan<'a>(&'a self, prefix: &[u8], from: &[u8]) -> Box<dyn Iterator<Item = Result<Pair, StoreError>> + 'a> {
        self.inner.scan(prefix, from)
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        let takes = |left: usize| left.checked_sub(1);
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, takes).is_err() {
            return Err(StoreError::Closed);
        }
        self.inner.commit(batch)
    }

    fn disk_size(&self) -> u64 {
        0
    }

    fn tidy(&self) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn whole(&self) -> &dyn Whole {
        self.inner.whole()
    }
}

const FIELDS: [(&str, Type); 4] =
    [("balance", Type::Int), ("payment#count", Type::Int), ("payment#last", Type::Time), ("payment#first", Type::Time)];

fn schema() -> Schema {
    let mut schema = Schema::builtin();
    let sum = sum_name("payment", "rub");
    for (name, ty) in FIELDS.into_iter().chain([(&*sum, Type::Money)]) {
        let (name, default) = (Arc::from(name), Value::Missing);
        schema.add(Field { name, ty, default, title: None, builtin: false, read_only: false }).unwrap();
    }
    schema
}

fn transaction(step: &Step, now: &mut Time) -> Option<Transaction> {
    let patch = |user: i64, value| Transaction::patch(UserId(user), Patch::new().with("balance", value));
    Some(match *step {
        Step::Set(user, x) => patch(user, Value::Int(x)),
        Step::Clear(user) => patch(user, Value::Missing),
        Step::Pay(user, id, at, rub) => Transaction::events(vec![Event {
            id: id.to_string().into(),
            user: UserId(user),
            name: "payment".into(),
            at: Time(at),
            properties: vec![("rub".into(), Value::Money(rub))],
        }]),
        Step::Wait(days) => {
            *now = *now + TimeDelta::days(days);
            Transaction::advance(*now)
        }
        Step::End(_) => return None,
    })
}

/// Balance, count, last, first, sum.
type Row = (Option<i64>, i64, Option<i64>, Option<i64>, i64);

/// Events that are told, by user and id.
type Told = BTreeSet<(i64, i64)>;

fn model(model: &mut BTreeMap<i64, Row>, told: &mut Told, step: &Step) {
    match *step {
        Step::Set(user, x) => model.entry(user).or_default().0 = Some(x),
        Step::Clear(user) => model.entry(user).or_default().0 = None,
        Step::Pay(user, id, at, rub) if told.insert((user, id)) => {
            let row = model.entry(user).or_default();
            row.1 += 1;
            row.2 = Some(row.2.map_or(at, |known| known.max(at)));
            row.3 = Some(row.3.map_or(at, |known| known.min(at)));
            row.4 += rub;
        }
        Step::Pay(..) | Step::Wait(_) | Step::End(_) => {}
    }
}

fn rows(profiles: &Profiles) -> BTreeMap<i64, Row> {
    let schema = schema();
    let mut rows = BTreeMap::new();
    let mut users = Vec::new();
    profiles
        .for_each(&schema, |profile| {
            users.push(profile.user());
            rows.insert(profile.user().0, row(&schema, profile));
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    assert!(users.is_sorted());
    assert_eq!(profiles.count(), Ok(users.len() as u64));
    for user in users {
        assert_eq!(row(&schema, &profiles.get(user, &schema).unwrap().unwrap()), rows[&user.0]);
    }
    rows
}

fn row(schema: &Schema, profile: &vestnik::model::Profile) -> Row {
    let number = |name: &str| match profile.get(schema.find(name).unwrap()) {
        Value::Int(x) | Value::Money(x) | Value::Time(Time(x)) => Some(*x),
        _ => None,
    };
    let zero = |name: &str| number(name).unwrap_or(0);
    let sum = sum_name("payment", "rub");
    (number("balance"), zero("payment#count"), number("payment#last"), number("payment#first"), zero(&sum))
}

/// The events that are kept.
fn history(journal: &Journal) -> Told {
    let users = (0..12).flat_map(|user| journal.history().of_user(UserId(user), Span::ALL).unwrap());
    users.map(|event| (event.user.0, event.id.parse().unwrap())).collect()
}

fn step() -> impl Strategy<Value = Step> {
    let user = 0i64..12;
    prop_oneof![
        4 => (user.clone(), -3i64..3).prop_map(|(user, x)| Step::Set(user, x)),
        1 => user.clone().prop_map(Step::Clear),
        6 => (user, 0i64..20, 0i64..100, 0i64..100).prop_map(|(user, id, at, rub)| Step::Pay(user, id, at, rub)),
        1 => (0i64..9).prop_map(Step::Wait),
        1 => (0usize..6).prop_map(Step::End),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]
    #[test]
    fn every_change_is_made_once(steps in vec(step(), 1..120)) {
        let folding = Folding { short: 150, long: 600, worth: 1, changes: 40, profiles: 2, records: 1 };
        let disk = Arc::new(MemoryStore::new());
        let (mut expected, mut told, mut now) = (BTreeMap::new(), Told::new(), Time(0));
        let mut steps = steps.into_iter().enumerate().peekable();
        while steps.peek().is_some() {
            let store = Arc::new(Mortal { inner: disk.clone(), left: AtomicUsize::new(usize::MAX) });
            let journal = Journal::open(store.clone()).unwrap();
            let profiles = Profiles::new(&journal);
            prop_assert_eq!(&rows(&profiles), &expected, "after opening");
            prop_assert_eq!(history(&journal), told.clone(), "after opening");
            let writer = Writer::spawn_with(&journal, folding, Box::new(())).unwrap();
            for (n, step) in steps.by_ref() {
                let Some(transaction) = transaction(&step, &mut now) else {
                    if let Step::End(commits) = step {
                        store.left.store(commits, Ordering::SeqCst);
                    }
                    break;
                };
                writer.commit(transaction).unwrap();
                model(&mut expected, &mut told, &step);
                if n % 7 == 0 {
                    prop_assert_eq!(&rows(&profiles), &expected, "while running");
                }
            }
            writer.close();
        }
        let journal = Journal::open(disk).unwrap();
        prop_assert_eq!(&rows(&Profiles::new(&journal)), &expected, "at the end");
        prop_assert_eq!(history(&journal), told, "at the end");
    }
}

#[test]
fn a_folded_log_goes() {
    let folding = Folding { short: 150, long: 600, worth: 1, changes: 40, profiles: 2, records: 1 };
    let store = Arc::new(MemoryStore::new());
    let journal = Journal::open(store.clone()).unwrap();
    let writer = Writer::spawn_with(&journal, folding, Box::new(())).unwrap();
    for n in 0..200 {
        writer.commit(transaction(&Step::Set(n % 5, n), &mut Time(0)).unwrap()).unwrap();
    }
    writer.close();
    let records = store.scan(b"g", b"").count();
    assert!(records < 30, "{records} records are left");
}
