//! Exposures, conversions, money, and what changes of them by edits.

use super::{DAY, RULES, START, World, shown};
use crate::engine::experiments::plan::Reading;
use crate::engine::experiments::report::{Figures, Sums};
use crate::model::{Delivery, Event, Patch, Time, TimeDelta, UserId, Value};
use crate::store::Transaction;

/// The places of what [`RULES`] measure.
pub(super) const GOAL: usize = 0;
pub(super) const BLOCKED: usize = 1;
pub(super) const RUB: usize = 2;
const STARS: usize = 3;
const EUR: usize = 4;

pub(super) fn y(figures: &Figures, reading: Reading) -> (f64, f64) {
    let Sums { y, yy, .. } = figures.of(reading);
    (y, yy)
}

#[test]
fn only_the_first_exposure_counts() {
    let world = World::new(RULES);
    world.shows(1, "ab", "control");
    world.pass(DAY);
    world.tell(Transaction::events(vec![Event {
        id: "other".into(),
        ..shown(1, "ab", 1, "short", world.now(), 6, false)
    }]));
    world.shows(1, "ab", "control");
    world.shows(2, "ab", "short");
    let report = world.report("ab");
    assert_eq!(
        report.arms.iter().map(|arm| (&*arm.name, arm.weight, arm.exposed)).collect::<Vec<_>>(),
        [("control", 5000, 1), ("short", 5000, 1)]
    );
    assert_eq!((report.exposed(), report.last), (2, Some(START + DAY)));
    let days: Vec<_> = report.days.iter().map(|day| (day.date.as_str(), day.exposed.clone())).collect();
    assert_eq!(days, [("2026-01-05", vec![1, 0]), ("2026-01-06", vec![0, 1])]);
    assert_eq!(report.closes, Some(START + TimeDelta::days(4)));
}

#[test]
fn a_conversion_counts_by_its_own_time_once_a_user() {
    let within = TimeDelta::days(3);
    for (after, expected) in
        [(TimeDelta(-1), 0.0), (TimeDelta(0), 1.0), (TimeDelta(1), 1.0), (within - TimeDelta(1), 1.0), (within, 0.0)]
    {
        // told at once, and told late
        for delay in [TimeDelta(0), TimeDelta::days(9)] {
            let world = World::new(RULES);
            world.shows(1, "ab", "short");
            world.pass(delay.max(after) + delay);
            world.happens(1, "payment", START + after, &[]);
            let figures = world.arm("ab", 1).figures[GOAL];
            assert_eq!(y(&figures, Reading::Converted), (expected, expected), "{after:?} {delay:?}");
        }
    }
    let world = World::new(RULES);
    world.shows(1, "ab", "short");
    (0..3).for_each(|_| world.pays(1, 100));
    let figures = world.arm("ab", 1).figures[GOAL];
    assert_eq!(y(&figures, Reading::Converted), (1.0, 1.0));
    assert_eq!(y(&figures, Reading::Count), (3.0, 9.0));
    assert_eq!(world.arm("ab", 0).figures[GOAL], Figures::default());
}

#[test]
fn what_was_told_before_the_exposure_counts_by_its_time_too() {
    let world = World::new(RULES);
    // in a group of its own, and in the group of the exposure
    world.happens(1, "payment", START + TimeDelta(5), &[("rub", Value::Money(100))]);
    world.happens(1, "payment", START - DAY, &[("rub", Value::Money(70))]);
    let same = world.event(1, "payment", START + TimeDelta(7), &[("rub", Value::Money(1))]);
    let old = world.event(1, "payment", START - TimeDelta::days(14), &[("rub", Value::Money(2))]);
    let older = world.event(1, "payment", START - TimeDelta::days(14) - TimeDelta(1), &[]);
    world.tell(Transaction::events(vec![same, old, older, shown(1, "ab", 1, "short", START, 5, false)]));
    let arm = world.arm("ab", 1);
    let count = arm.figures[GOAL].of(Reading::Count);
    assert_eq!(count, Sums { y: 2.0, yy: 4.0, x: 2.0, xx: 4.0, xy: 4.0 });
    assert_eq!(arm.figures[GOAL].converted, Sums { y: 1.0, yy: 1.0, x: 2.0, xx: 4.0, xy: 2.0 });
    let rub = arm.figures[RUB].sum;
    assert_eq!(rub, Sums { y: 101.0, yy: 10_201.0, x: 72.0, xx: 5_184.0, xy: 7_272.0 });
}

#[test]
fn the_same_event_twice_changes_nothing() {
    let world = World::new(RULES);
    world.shows(1, "ab", "control");
    let event = world.event(1, "payment", world.now(), &[("rub", Value::Money(500))]);
    world.tell(Transaction::events(vec![event.clone(), event.clone()]));
    let once = world.report("ab");
    world.tell(Transaction::events(vec![event]));
    world.shows(1, "ab", "control");
    assert_eq!(world.report("ab"), once);
    assert_eq!(y(&once.arms[0].figures[RUB], Reading::Sum), (500.0, 250_000.0));
}

#[test]
fn currencies_stand_apart_and_refunds_take_away() {
    let world = World::new(RULES);
    world.shows(1, "ab", "short");
    world.pays(1, 900);
    world.happens(1, "payment", world.now(), &[("stars", Value::Int(40)), ("eur", Value::Money(7))]);
    world.happens(1, "refund", world.now(), &[("rub", Value::Money(1_000)), ("stars", Value::Int(10))]);
    world.happens(1, "refund", world.now() + TimeDelta::days(3), &[("rub", Value::Money(5))]);
    world.happens(2, "payment", world.now(), &[("rub", Value::Money(77))]);
    let arm = world.arm("ab", 1);
    assert_eq!(y(&arm.figures[RUB], Reading::Sum), (-100.0, 10_000.0));
    assert_eq!(y(&arm.figures[STARS], Reading::Sum), (30.0, 900.0));
    assert_eq!(y(&arm.figures[EUR], Reading::Sum), (7.0, 49.0));
    // who gets the money back has paid all the same
    assert_eq!(y(&arm.figures[GOAL], Reading::Converted), (1.0, 1.0));
}

#[test]
fn a_measure_sums_what_fits_the_goal() {
    let rules = "\
experiments:
  ab:
    variants: {control: 50, short: 50}
    goal: event payment if event.rub > 10 and vip within 3 days
    measure: rub
  part:
    variants: {control: 50, short: 50}
    goal: event payment within 3 days
    measure: ratio
";
    let world = World::new(rules);
    world.tell(Transaction::patch(UserId(1), Patch::default().with("vip", Value::Bool(true))));
    for experiment in ["ab", "part"] {
        world.shows(1, experiment, "short");
        world.shows(2, experiment, "short");
    }
    for user in [1, 2] {
        world.pays(user, 1_001);
        world.pays(user, 1_000);
        world.happens(user, "refund", world.now(), &[("rub", Value::Money(1_100))]);
        world.happens(user, "refund", world.now(), &[("rub", Value::Money(900))]);
        world.happens(user, "payment", world.now(), &[("ratio", Value::Float(0.25))]);
    }
    let report = world.report("ab");
    assert_eq!((report.decides, report.metrics[GOAL].digits), (Reading::Sum, 2));
    assert_eq!(y(&report.arms[1].figures[GOAL], Reading::Sum), (-99.0, 9_801.0));
    assert_eq!(y(&report.arms[1].figures[GOAL], Reading::Count), (1.0, 1.0));
    let report = world.report("part");
    assert_eq!((report.decides, report.metrics[GOAL].digits), (Reading::Sum, 6));
    assert_eq!(y(&report.arms[1].figures[GOAL], Reading::Sum), (500_000.0, 125_000_000_000.0));
}

#[test]
fn extreme_values_are_bounded_if_that_is_wanted() {
    let rules = "\
experiments:
  ab:
    variants: {control: 50, short: 50}
    goal: event payment within 3 days
    measure: rub
    decide: {winsorise: 75%}
";
    let world = World::new(rules);
    for (user, variant, rub) in
        [(1, "control", 100), (2, "control", 200), (3, "control", 90_000), (4, "short", 300), (5, "short", 0)]
    {
        world.shows(user, "ab", variant);
        world.pays(user, rub);
    }
    let report = world.report("ab");
    // of 100, 200, 300 and 90,000: whoever paid nothing has no say
    assert_eq!(report.bound, Some(300));
    let bounded = |place: usize| report.arms[place].bounded.map(|sums| (sums.y, sums.yy));
    assert_eq!(bounded(0), Some((600.0, 140_000.0)));
    assert_eq!(bounded(1), Some((300.0, 90_000.0)));
}

#[test]
fn failures_clicks_and_open_windows_are_told() {
    let rules =
        format!("{RULES}broadcasts:\n  sale:\n    to: id > 0\n    send: {{experiment: ab, control: a, short: b}}\n");
    let world = World::new(&rules);
    world.shows(1, "ab", "control");
    world.shows(2, "ab", "control");
    // of another message, and of the one that showed it
    world.tell(Transaction::events(vec![shown(1, "ab", 1, "control", world.now(), 4, true)]));
    world.tell(Transaction::events(vec![shown(2, "ab", 1, "control", world.now(), 5, true)]));
    world.happens(1, &Delivery::Clicked("a").name(), world.now(), &[]);
    world.happens(2, &Delivery::Clicked("elsewhere").name(), world.now(), &[]);
    let arm = world.arm("ab", 0);
    assert_eq!((arm.exposed, arm.undelivered, arm.clicked, arm.immature), (2, 1, 1, 2));
    world.pass(TimeDelta::days(3) - TimeDelta(1));
    assert_eq!(world.arm("ab", 0).immature, 2);
    world.pass(TimeDelta(1));
    world.happens(2, &Delivery::Clicked("b").name(), world.now(), &[]);
    let arm = world.arm("ab", 0);
    assert_eq!((arm.immature, arm.clicked), (0, 1));
}

#[test]
fn a_user_of_two_experiments_counts_in_both() {
    let world =
        World::new(&format!("{RULES}  other:\n    variants: {{a: 1, b: 3}}\n    goal: event open within 1 hour\n"));
    world.shows(1, "ab", "control");
    world.pass(TimeDelta::hours(2));
    world.shows(1, "other", "b");
    world.happens(1, "open", world.now(), &[]);
    world.pays(1, 30);
    world.happens(1, "bot_blocked", world.now() + DAY, &[]);
    let (ab, other) = (world.arm("ab", 0), world.arm("other", 1));
    assert_eq!(y(&ab.figures[GOAL], Reading::Converted), (1.0, 1.0));
    assert_eq!(y(&ab.figures[BLOCKED], Reading::Converted), (0.0, 0.0));
    assert_eq!(y(&other.figures[0], Reading::Converted), (1.0, 1.0));
    assert_eq!(y(&other.figures[1], Reading::Sum), (30.0, 900.0));
    assert_eq!(other.weight, 7_500);
}

#[test]
fn the_holdout_is_counted_by_what_users_pay() {
    let world = World::new("holdout: {name: q3, percent: 10}\n");
    world.shows(1, "holdout:q3", "everyone");
    world.shows(2, "holdout:q3", "holdout");
    world.pays(1, 500);
    world.happens(2, "payment", world.now() + TimeDelta::days(30), &[("rub", Value::Money(1))]);
    let report = world.report("holdout:q3");
    assert_eq!(
        report.arms.iter().map(|arm| (&*arm.name, arm.weight)).collect::<Vec<_>>(),
        [("everyone", 9_000), ("holdout", 1_000)]
    );
    assert_eq!(report.goal(), None);
    assert_eq!(y(&report.arms[0].figures[0], Reading::Sum), (500.0, 250_000.0));
    assert_eq!(y(&report.arms[1].figures[0], Reading::Sum), (0.0, 0.0));
}

#[test]
fn what_rules_emit_counts_too() {
    let world = World::new(&format!(
        "{RULES}  other:\n    variants: {{a: 1, b: 1}}\n    goal: event open within 1 hour\nrules:\n  opened:\n    when: event payment\n    then: [{{emit: open}}]\n"
    ));
    world.shows(1, "other", "a");
    world.pays(1, 3);
    assert_eq!(y(&world.arm("other", 0).figures[0], Reading::Converted), (1.0, 1.0));
    assert_eq!(world.report("other").last, Some(Time(START.0)));
}
