//! Payments over a store in memory: told twice, told again after a restart,
//! given back in parts.

use super::*;
use crate::clock::ManualClock;
use crate::model::{Clock, TimeDelta};
use crate::outbox::Lane;
use crate::rulebook::Live;
use crate::store::Transaction;
use crate::store::memory::MemoryStore;
use std::sync::Arc;
use tempfile::TempDir;

const USER: UserId = UserId(7);
const NOON: Time = Time(1_767_603_600_000);
const RULES: &str = "\
profile: {paid: {type: int, default: 0}}
rules:
  count: {when: event payment, then: [{add: {paid: 1}}]}
";

struct World {
    folder: TempDir,
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("rules")).unwrap();
        std::fs::write(folder.path().join("vestnik.yaml"), "payments: {rub_per_star: 1.50}\n").unwrap();
        std::fs::write(folder.path().join("rules/a.yaml"), RULES).unwrap();
        let clock = Arc::new(ManualClock::new(NOON));
        Self { folder, store: Arc::new(MemoryStore::default()), clock }
    }

    fn engine(&self) -> Engine {
        let live = Arc::new(Live::open(self.folder.path(), self.clock.clone()).unwrap());
        let engine = Engine::new(self.folder.path().to_owned(), live, self.store.clone(), self.clock.clone()).unwrap();
        engine.act();
        engine.audience().unwrap();
        engine
    }

    /// What the profile says: payments that a rule counted, and the discount.
    fn profile(&self, engine: &Engine) -> [Value; 2] {
        let schema = engine.live.current().schema.clone();
        let profile = engine.profiles.get(USER, &schema).unwrap().unwrap();
        ["paid", "discount_percent"].map(|name| profile.get(schema.find(name).unwrap()).clone())
    }
}

fn patch(engine: &Engine, patch: Patch) {
    engine.writer.commit(Transaction { patches: vec![(USER, patch)], ..Transaction::default() }).unwrap();
}

fn stars(charge: &str, at: Time) -> Paid {
    Paid {
        user: USER,
        source: Source::Stars,
        product: Some("month".into()),
        currency: STARS.into(),
        amount: 250,
        payload: "p".into(),
        telegram_charge: Some(charge.into()),
        provider_charge: Some("7_1".into()),
        at,
        discount_percent: 20,
        order: None,
    }
}

fn roubles(charge: &str, at: Time) -> Paid {
    Paid {
        source: Source::YooKassa,
        currency: ROUBLES.into(),
        amount: 29_900,
        telegram_charge: None,
        provider_charge: Some(charge.into()),
        discount_percent: 0,
        ..stars("", at)
    }
}

#[test]
fn a_charge_is_recorded_once_whoever_tells_of_it_and_whenever() {
    let world = World::new();
    let discount = || Patch::new().with("discount_percent", Value::Int(20)).with("source", Value::text("ads"));
    let engine = world.engine();
    patch(&engine, discount());
    let first = engine.record_payment(&stars("stx1", NOON)).unwrap().unwrap();
    assert_eq!((first.id, first.first, first.rub_per_star, first.roubles(250)), (1, true, Some(150), Some(37_500)));
    assert_eq!((first.user_source.as_deref(), first.campaign.as_deref()), (Some("ads"), None));
    assert_eq!(world.profile(&engine), [Value::Int(1), Value::Missing], "counted, and the discount is used up");
    patch(&engine, discount());
    assert_eq!(engine.record_payment(&stars("stx1", NOON)).unwrap(), None);
    engine.stop();
    drop(engine);
    let engine = world.engine();
    assert_eq!(engine.record_payment(&stars("stx1", NOON)).unwrap(), None, "after a restart too");
    assert_eq!(world.profile(&engine), [Value::Int(1), Value::Int(20)], "nothing more is used up");
    let second = engine.record_payment(&roubles("2c-1", NOON)).unwrap().unwrap();
    assert_eq!((second.id, second.first, second.rub_per_star, second.roubles(100)), (2, false, None, Some(100)));
    assert_eq!(world.profile(&engine), [Value::Int(2), Value::Int(20)], "it was paid without it");
    let of_user: Vec<u64> = Payment::of_user(&*world.store, USER).unwrap().iter().map(|payment| payment.id).collect();
    assert_eq!((of_user, Payment::of_user(&*world.store, UserId(8)).unwrap()), (vec![1, 2], vec![]));
}

#[test]
fn one_payment_of_a_provider_told_by_both_is_one() {
    let world = World::new();
    let engine = world.engine();
    let by_telegram =
        Paid { source: Source::TelegramProvider, telegram_charge: Some("tg1".into()), ..roubles("2c", NOON) };
    assert!(engine.record_payment(&by_telegram).unwrap().is_some());
    assert_eq!(engine.record_payment(&roubles("2c", NOON)).unwrap(), None);
}

#[test]
fn an_order_waits_is_paid_once_or_is_canceled() {
    let world = World::new();
    let engine = world.engine();
    let order = || Order {
        user: USER,
        source: Source::YooKassa,
        product: Some("month".into()),
        currency: ROUBLES.into(),
        amount: 29_900,
        discount_percent: 0,
    };
    let (paid, dropped) = (engine.open_order(order()).unwrap(), engine.open_order(order()).unwrap());
    engine.change_order(paid.id, |payment| payment.provider_charge = Some("2c-7".into())).unwrap();
    let pending = engine.payment_of_charge("2c-7").unwrap().unwrap();
    assert_eq!((pending.id, pending.status), (paid.id, Status::Pending));
    world.clock.advance(TimeDelta::minutes(3));
    let money = Paid { order: Some(paid.id), ..roubles("2c-7", world.clock.now()) };
    let done = engine.record_payment(&money).unwrap().unwrap();
    assert_eq!((done.id, done.created_at, done.paid_at), (paid.id, NOON, Some(NOON + TimeDelta::minutes(3))));
    assert_eq!(engine.record_payment(&money).unwrap(), None);
    let changed = engine.change_order(paid.id, |payment| payment.status = Status::Canceled).unwrap().unwrap();
    assert_eq!(changed.status, Status::Succeeded, "what is paid stays so");
    engine.change_order(dropped.id, |payment| payment.status = Status::Canceled).unwrap();
    assert_eq!(Payment::read(&*world.store, dropped.id).unwrap().unwrap().status, Status::Canceled);
    assert_eq!(engine.change_order(99, |_| {}).unwrap(), None);
    assert_eq!(world.profile(&engine)[0], Value::Int(1));
}

#[test]
fn refunds_are_told_once_and_give_back_no_more_than_there_is() {
    let world = World::new();
    let engine = world.engine();
    let payment = engine.record_payment(&roubles("2c", NOON)).unwrap().unwrap();
    let refund =
        |amount, id: Option<&str>| Refunded { payment: payment.id, amount, at: NOON, id: id.map(str::to_owned) };
    let rows = [
        (refund(Some(10_000), Some("r1")), Some((Status::PartiallyRefunded, 10_000))),
        (refund(Some(10_000), Some("r1")), None),
        (refund(Some(50_000), Some("r2")), Some((Status::Refunded, 29_900))),
        (refund(None, None), None),
        (Refunded { payment: 99, ..refund(None, None) }, None),
    ];
    for (refund, expected) in rows {
        let done = engine.record_refund(&refund).unwrap().map(|payment| (payment.status, payment.refunded()));
        assert_eq!(done, expected, "{refund:?}");
    }
    let events = engine.profiles.history().of_user(USER, Span::ALL).unwrap();
    let told: Vec<_> =
        events.iter().filter(|event| &*event.name == "refund").map(|event| event.property("rub")).collect();
    assert_eq!(told, [Some(&Value::Money(10_000)), Some(&Value::Money(19_900))]);
}

#[test]
fn a_payment_belongs_to_the_last_marketing_within_the_window() {
    let world = World::new();
    let engine = world.engine();
    let cause = |name: &str| Cause::Broadcast { name: name.into(), occurrence: 1 };
    let mut batch = Batch::new();
    for (id, cause, marketing) in [
        (1, cause("old"), true),
        (2, cause("spring"), true),
        (3, Cause::Rule { name: "thanks".into() }, false),
        (4, Cause::Reply, true),
    ] {
        Ledger { marketing, ..Ledger::new(LedgerId(id), cause, Lane::Reply, NOON, 1) }.write(&mut batch).unwrap();
    }
    let got = |ledger: i64, at: Time| Event {
        id: format!("d{ledger}").into(),
        user: USER,
        name: Delivery::Received("hello").name(),
        at,
        properties: vec![(LEDGER.into(), Value::Int(ledger))],
    };
    let day = |n| NOON + TimeDelta::days(n);
    // the ledger 5 is forgotten
    let events = vec![got(1, day(-9)), got(2, day(-6)), got(3, day(-2)), got(4, day(-1)), got(5, day(-1))];
    engine.writer.commit(Transaction { batch, events, ..Transaction::default() }).unwrap();
    let of = |charge: &str, at| engine.record_payment(&roubles(charge, at)).unwrap().unwrap().campaign;
    assert_eq!(of("a", NOON).as_deref(), Some("broadcast spring"));
    assert_eq!(of("b", day(2)), None, "more than seven days later");
}
