//! Numbers over restarts, failed writes and days.

use super::*;
use crate::outbox::row::{Failure, FailureKind, SkipReason};
use crate::store::memory::MemoryStore;
use proptest::prelude::*;
use std::ops::RangeInclusive;

const DAY: Day = Day(20_000);

fn empty() -> Arc<dyn Store> {
    Arc::new(MemoryStore::default())
}

fn broadcast(occurrence: u32) -> Cause {
    Cause::Broadcast { name: "sale".into(), occurrence }
}

fn of<'a>(ledger: u64, cause: &'a Cause, template: &'a str) -> Of<'a> {
    Of { ledger: LedgerId(ledger), cause, template, variant: None }
}

fn commit(tally: &mut Tally) {
    let (keys, mut batch) = (tally.take_dirty(), Batch::new());
    tally.write(&keys, &mut batch).unwrap();
    tally.store.commit(&batch).unwrap();
    tally.written(&keys);
}

fn sum(store: &Arc<dyn Store>) -> Numbers {
    grouped(&**store, Day(0)..=Day(u32::MAX), |_| Some(())).unwrap().remove(&()).unwrap_or_default()
}

#[test]
fn days_are_those_of_the_project() {
    let hour = TimeDelta::hours;
    for (now, ahead, day) in [
        (Time(0), hour(0), 0),
        (Time(0) + hour(21), hour(3), 1),
        (Time(0) + hour(21) - TimeDelta(1), hour(3), 0),
        (Time(0) + hour(24), hour(-1), 0),
        (Time(0), hour(-1), 0),
    ] {
        assert_eq!(Day::of(now, ahead), Day(day), "{now:?} {ahead:?}");
    }
}

#[test]
fn everything_is_counted() {
    let (store, cause) = (empty(), broadcast(1));
    let mut tally = Tally::new(store.clone());
    let refused = Failure::new(FailureKind::Content, "Bad Request: BUTTON_DATA_INVALID");
    let blocked = Failure::new(FailureKind::Blocked, "");
    for what in [
        Outcome::Queued(7),
        Outcome::Sent,
        Outcome::Sent,
        Outcome::Retried,
        Outcome::InDoubt,
        Outcome::Failed(&refused),
        Outcome::Failed(&blocked),
        Outcome::Skipped(SkipReason::Capped),
        Outcome::BlockedAfter,
        Outcome::Recalled,
        Outcome::Clicked,
        Outcome::Took(TimeDelta(31)),
    ] {
        tally.note(DAY, of(3, &cause, "autumn"), what);
    }
    assert_eq!(sum(&store), Numbers::default());
    commit(&mut tally);
    let mut latency = Histogram::default();
    latency.note(TimeDelta(31));
    let expected = Numbers {
        queued: 7,
        sent: 2,
        retried: 1,
        in_doubt: 1,
        failed: [(FailureKind::Content, 1), (FailureKind::Blocked, 1)].into(),
        errors: [(refused.text.clone(), 1)].into(),
        other_errors: 0,
        skipped: [(SkipReason::Capped, 1)].into(),
        blocked_after: 1,
        recalled: 1,
        clicked: 1,
        latency,
    };
    assert_eq!(sum(&store), expected);
    assert_eq!((expected.failed_total(), expected.skipped_total()), (2, 1));
}

#[test]
fn entries_are_grouped_by_anything() {
    let store = empty();
    let mut tally = Tally::new(store.clone());
    for (day, ledger, cause, template, variant) in [
        (1, 5, broadcast(1), "a", None),
        (1, 6, broadcast(2), "a", Some("short")),
        (2, 6, broadcast(2), "a", Some("long")),
        (2, 7, Cause::Reply, "", None),
        (2, 8, Cause::Reply, "", None),
        (3, 9, broadcast(3), "b", None),
    ] {
        let of = Of { ledger: LedgerId(ledger), cause: &cause, template, variant };
        tally.note(Day(day), of, Outcome::Sent);
    }
    commit(&mut tally);
    let by = |days: RangeInclusive<u32>, key: &dyn Fn(&Entry<'_>) -> Option<String>| {
        let days = Day(*days.start())..=Day(*days.end());
        let sums = grouped(&*store, days, key).unwrap();
        sums.into_iter().map(|(key, numbers)| format!("{key} {}", numbers.sent)).collect::<Vec<_>>().join(", ")
    };
    for (told, expected) in [
        (by(1..=3, &|entry| Some(entry.day.0.to_string())), "1 2, 2 3, 3 1"),
        (by(2..=3, &|entry| Some(entry.ledger.to_string())), "0 2, 6 1, 9 1"),
        (by(1..=3, &|entry| Some(entry.template.to_owned())), " 2, a 3, b 1"),
        (by(1..=3, &|entry| entry.variant.map(str::to_owned)), "long 1, short 1"),
        (by(1..=2, &|entry| entry.cause.broadcast().map(|(name, run)| format!("{name} {run}"))), "sale 1 1, sale 2 2"),
        (by(4..=9, &|_| Some(String::new())), ""),
    ] {
        assert_eq!(told, expected);
    }
}

#[test]
fn texts_of_errors_and_templates_are_bounded() {
    let (store, cause) = (empty(), Cause::Reply);
    for half in 0..2 {
        let mut tally = Tally::new(store.clone());
        for i in 0..2_000 {
            let failure = Failure::new(FailureKind::Content, &format!("error {half} {i}"));
            tally.note(DAY, of(i, &cause, "a"), Outcome::Failed(&failure));
            tally.note(DAY, of(i, &cause, &format!("template {half} {i}")), Outcome::Sent);
        }
        commit(&mut tally);
    }
    let numbers = sum(&store);
    assert_eq!((numbers.errors.len(), numbers.other_errors), (MOST_ERRORS, 4_000 - MOST_ERRORS as u64));
    assert_eq!((numbers.failed_total(), numbers.sent), (4_000, 4_000));
    let mut cells = 0;
    entries(&*store, DAY..=DAY, |_| cells += 1).unwrap();
    assert_eq!(cells, MOST_CELLS + 1);
}

#[test]
fn old_days_are_forgotten() {
    let (store, cause) = (empty(), broadcast(1));
    let mut tally = Tally::new(store.clone());
    for ledger in 0..1_500 {
        tally.note(Day(1), of(ledger, &cause, "a"), Outcome::Sent);
    }
    tally.note(Day(2), of(1, &cause, "a"), Outcome::Sent);
    commit(&mut tally);
    // changed, and too old to be kept
    tally.note(Day(1), of(1, &cause, "a"), Outcome::Sent);
    for expected in [1_000, 500, 0] {
        let mut batch = Batch::new();
        assert_eq!(tally.forget(Day(2), &mut batch).unwrap(), expected);
        store.commit(&batch).unwrap();
    }
    assert_eq!((tally.is_dirty(), sum(&store).sent), (false, 1));
}

#[test]
fn memory_holds_the_day_and_little_else() {
    let (store, cause) = (empty(), broadcast(1));
    let mut tally = Tally::new(store.clone());
    for day in 1..20 {
        for ledger in 0..50 {
            tally.note(Day(day), of(ledger, &cause, "a"), Outcome::Sent);
            commit(&mut tally);
        }
    }
    assert!(tally.known.len() <= MOST, "{}", tally.known.len());
    assert_eq!(sum(&store).sent, 19 * 50);
}

#[test]
fn a_damaged_record_keeps_nothing_from_being_written() {
    let (store, cause) = (empty(), broadcast(1));
    let mut batch = Batch::new();
    batch.put(key_of((DAY, LedgerId(3))), [9]);
    store.commit(&batch).unwrap();
    let mut tally = Tally::new(store.clone());
    tally.note(DAY, of(3, &cause, "a"), Outcome::Sent);
    commit(&mut tally);
    assert_eq!(sum(&store).sent, 1);
}

/// What a process may do.
#[derive(Clone, Debug)]
enum Op {
    Note {
        day: u32,
        ledger: u64,
        template: usize,
        what: u8,
    },
    Commit,
    /// The batch is made and its commit fails.
    Fail,
    /// The process ends; what was not durable is gone.
    Restart,
}

fn op() -> impl Strategy<Value = Op> {
    let note = (1..4u32, 1..4u64, 0..3usize, 0..6u8).prop_map(|(day, ledger, template, what)| Op::Note {
        day,
        ledger,
        template,
        what,
    });
    prop_oneof![8 => note, 2 => Just(Op::Commit), 1 => Just(Op::Fail), 1 => Just(Op::Restart)]
}

fn outcome(what: u8, failure: &Failure) -> Outcome<'_> {
    match what {
        0 => Outcome::Sent,
        1 => Outcome::Queued(3),
        2 => Outcome::Failed(failure),
        3 => Outcome::Skipped(SkipReason::Capped),
        4 => Outcome::Took(TimeDelta(120)),
        _ => Outcome::Clicked,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_stored_is_the_sum_of_what_was_committed(ops in proptest::collection::vec(op(), 1..120)) {
        let (store, templates) = (empty(), ["a", "b", ""]);
        let failure = Failure::new(FailureKind::Chat, "Forbidden: bot was kicked");
        let mut tally = Tally::new(store.clone());
        let (mut durable, mut lost): (Vec<Op>, Vec<Op>) = Default::default();
        for op in ops {
            match op {
                Op::Note { day, ledger, template, what } => {
                    let cause = broadcast(u32::try_from(ledger).unwrap());
                    tally.note(Day(day), of(ledger, &cause, templates[template]), outcome(what, &failure));
                    lost.push(op);
                }
                Op::Commit => {
                    commit(&mut tally);
                    durable.append(&mut lost);
                }
                Op::Fail => {
                    let (keys, mut batch) = (tally.take_dirty(), Batch::new());
                    tally.write(&keys, &mut batch).unwrap();
                    tally.not_written(keys);
                }
                Op::Restart => {
                    tally = Tally::new(store.clone());
                    lost.clear();
                }
            }
        }
        let mut expected: BTreeMap<(Day, u64, String), Numbers> = BTreeMap::new();
        for op in durable {
            if let Op::Note { day, ledger, template, what } = op {
                let key = (Day(day), ledger, templates[template].to_owned());
                expected.entry(key).or_default().note(outcome(what, &failure));
            }
        }
        let key = |entry: &Entry<'_>| Some((entry.day, entry.ledger.0, entry.template.to_owned()));
        prop_assert_eq!(grouped(&*store, Day(0)..=Day(9), key).unwrap(), expected.clone());
        // days put together are their sum
        let mut all = Numbers::default();
        expected.values().for_each(|numbers| all.add(numbers));
        prop_assert_eq!(sum(&store), all);
    }
}
