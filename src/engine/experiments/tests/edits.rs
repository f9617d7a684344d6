//! Numbers outlive restarts, lost commits and edits of the files.

use super::counting::{BLOCKED, GOAL, RUB, y};
use super::{DAY, RULES, START, World, shown};
use crate::engine::experiments::exposure::{Exposure, PREFIX};
use crate::engine::experiments::plan::Reading;
use crate::engine::experiments::report::Sums;
use crate::engine::experiments::sums::Arm;
use crate::model::{TimeDelta, Value};
use crate::store::Transaction;
use std::collections::BTreeMap;
use std::sync::Arc;

#[test]
fn a_restart_changes_no_number() {
    let world = World::new(RULES);
    for user in 1..6 {
        world.shows(user, "ab", if user % 2 == 0 { "control" } else { "short" });
        world.pays(user, user * 10);
        if user == 3 {
            world.restart();
        }
    }
    world.tell(Transaction::events(vec![shown(1, "ab", 1, "short", world.now(), 5, true)]));
    let before = world.report("ab");
    world.restart();
    assert_eq!(world.report("ab"), before);
    world.pays(1, 5);
    assert_eq!(y(&world.arm("ab", 1).figures[RUB], Reading::Sum), (95.0, 15.0 * 15.0 + 900.0 + 2_500.0));
}

#[test]
fn another_version_begins_anew_and_the_old_one_stays() {
    let world = World::new(RULES);
    world.shows(1, "ab", "control");
    world.shows(2, "ab", "short");
    world.pays(1, 30);
    let first = world.report("ab");
    world.pass(TimeDelta::hours(1));
    world.reload(&RULES.replace("goal:", "version: 2\n    goal:"));
    assert_eq!(world.report("ab").exposed(), 0);
    let of_two = |user| shown(user, "ab", 2, "short", world.now(), 9, false);
    world.tell(Transaction::events(vec![of_two(1), shown(3, "ab", 1, "short", world.now(), 5, false)]));
    world.pays(1, 50);
    let report = world.report("ab");
    assert_eq!((report.version, report.versions.clone()), (2, vec![(1, 3), (2, 1)]));
    assert_eq!(y(&report.arms[1].figures[RUB], Reading::Sum), (50.0, 2_500.0));
    assert_eq!(report.arms[1].figures[RUB].sum.x, 30.0);
    world.restart();
    assert_eq!(world.report("ab"), report);
    // what happened meanwhile is counted when the version comes back
    world.reload(RULES);
    let report = world.report("ab");
    assert_eq!(report.versions, [(1, 3), (2, 1)]);
    assert_eq!(report.exposed(), first.exposed() + 1);
    assert_eq!(y(&report.arms[0].figures[RUB], Reading::Sum), (80.0, 6_400.0));
}

#[test]
fn an_edited_goal_is_counted_from_the_history() {
    let world = World::new(RULES);
    world.happens(1, "open", START - TimeDelta::hours(1), &[]);
    world.shows(1, "ab", "control");
    world.pays(1, 30);
    world.happens(1, "open", world.now() + TimeDelta::days(4), &[]);
    world.happens(1, "bot_blocked", world.now(), &[]);
    let before = world.report("ab");
    world.reload(&RULES.replace("event payment within 3 days", "event open within 5 days"));
    let after = world.report("ab");
    assert_eq!(after.arms[0].figures[GOAL].converted, Sums { y: 1.0, yy: 1.0, x: 1.0, xx: 1.0, xy: 1.0 });
    assert_eq!(after.arms[0].figures[BLOCKED], before.arms[0].figures[BLOCKED]);
    world.restart();
    assert_eq!(world.report("ab"), after);
    world.reload(RULES);
    assert_eq!(world.report("ab"), before);
}

#[test]
fn an_experiment_that_is_gone_keeps_its_numbers() {
    let world = World::new(RULES);
    world.shows(1, "ab", "control");
    world.pays(1, 30);
    let before = world.report("ab");
    world.reload("segments:\n  none: vip\n");
    world.pays(1, 70);
    world.restart();
    let gone = world.report("ab");
    assert!(!gone.is_defined);
    assert_eq!(gone.arms, before.arms);
    world.reload(RULES);
    assert_eq!(y(&world.arm("ab", 0).figures[RUB], Reading::Sum), (100.0, 10_000.0));
}

#[test]
fn users_of_a_removed_variant_are_told_apart() {
    let world = World::new(RULES);
    world.shows(1, "ab", "short");
    world.shows(2, "ab", "control");
    world.reload(&RULES.replace("short: 50", "long: 50"));
    let report = world.report("ab");
    assert_eq!(report.removed, [("short".into(), 1)]);
    assert_eq!(report.arms.iter().map(|arm| arm.exposed).collect::<Vec<_>>(), [1, 0]);
}

#[test]
fn the_split_is_judged_by_the_weights_of_its_time() {
    let world = World::new(RULES);
    let show = |users: std::ops::Range<i64>, control: i64| {
        let variant = |user: i64| if user % 10 < control { "control" } else { "short" };
        let events = users.map(|user| shown(user, "ab", 1, variant(user), world.now(), 5, false));
        world.tell(Transaction::events(events.collect()));
    };
    let expected = || world.report("ab").arms.iter().map(|arm| (arm.exposed, arm.expected)).collect::<Vec<_>>();
    show(1_000..2_000, 5);
    assert_eq!(expected(), [(500, 500.0), (500, 500.0)]);
    world.reload(&RULES.replace("control: 50, short: 50", "control: 90, short: 10"));
    assert_eq!(expected(), [(500, 500.0), (500, 500.0)]);
    show(2_000..3_000, 9);
    assert_eq!(expected(), [(1_400, 1_400.0), (600, 600.0)]);
    world.restart();
    assert_eq!(expected(), [(1_400, 1_400.0), (600, 600.0)]);
    let answer = world.with(|engine| engine.experiment_answers(Some("ab")).unwrap().remove(0));
    assert_eq!(answer.srm_p, Some(1.0));
    // one goes, its users with it, and another comes
    world.reload(&RULES.replace("control: 50, short: 50", "control: 50, long: 50"));
    assert_eq!(expected(), [(1_400, 1_400.0), (0, 0.0)]);
    let long = |user: i64| shown(user, "ab", 1, if user % 2 == 0 { "control" } else { "long" }, world.now(), 5, false);
    world.tell(Transaction::events((3_000..3_100).map(long).collect()));
    assert_eq!(expected(), [(1_450, 1_450.0), (50, 50.0)]);
    world.reload(RULES);
    assert_eq!(expected()[0], (1_450, 1_450.0));
    assert_eq!(expected()[1].0, 600);
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as i64) % sides
    }
}

#[test]
fn what_is_not_stored_is_not_counted() {
    let world = World::new(RULES);
    world.lose(Transaction::events(vec![shown(1, "ab", 1, "control", world.now(), 5, false)]));
    assert_eq!(world.report("ab").exposed(), 0);
    world.shows(1, "ab", "control");
    let paid = Transaction::events(vec![world.event(1, "payment", world.now(), &[("rub", Value::Money(5))])]);
    world.lose(paid.clone());
    assert_eq!(y(&world.arm("ab", 0).figures[RUB], Reading::Sum), (0.0, 0.0));
    world.tell(paid);
    assert_eq!(y(&world.arm("ab", 0).figures[RUB], Reading::Sum), (5.0, 25.0));
}

/// Random events, crashes, restarts and edits: the running sums are those of the stored
/// exposures added up, and those of everything counted from the history.
#[test]
fn running_sums_are_those_of_the_records() {
    for seed in 1..6 {
        let mut dice = Dice(seed);
        let world = World::new(RULES);
        for _ in 0..120 {
            let (user, at) = (1 + dice.roll(9), world.now() - TimeDelta(dice.roll(20 * DAY.0)) + DAY);
            let rub = ("rub", Value::Money(dice.roll(1_000) - 300));
            match dice.roll(13) {
                0..2 => world.shows(user, "ab", ["control", "short"][(user % 2) as usize]),
                2..6 => world.happens(user, "payment", at, &[rub]),
                6 => world.happens(user, "refund", at, &[rub]),
                7 => world.happens(user, "bot_blocked", at, &[]),
                8 => world.tell(Transaction::events(vec![shown(user, "ab", 1, "", world.now(), 5, true)])),
                9 => world.restart(),
                10 => world.lose(Transaction::events(vec![world.event(user, "payment", at, &[rub])])),
                _ => world.pass(TimeDelta::hours(dice.roll(30))),
            }
        }
        let now = world.report("ab");
        assert_eq!(added_up(&world), arms(&world), "seed {seed}");
        // gone and back: everything is counted again
        world.reload("segments:\n  none: vip\n");
        world.reload(RULES);
        assert_eq!(world.report("ab"), now, "seed {seed}");
    }
}

type Flat = BTreeMap<String, (u64, u64, Vec<Sums>)>;

fn flat(arms: &BTreeMap<Arc<str>, Arm>) -> Flat {
    let readings = [Reading::Converted, Reading::Count, Reading::Sum];
    let sums =
        |arm: &Arm| (0..5).flat_map(|place| readings.map(|reading| Sums::from(arm.moments(place, reading)))).collect();
    arms.iter().map(|(name, arm)| (name.to_string(), (arm.users, arm.undelivered, sums(arm)))).collect()
}

fn arms(world: &World) -> Flat {
    world.with(|engine| flat(engine.experiments().of("ab").unwrap().arms()))
}

fn added_up(world: &World) -> Flat {
    let mut arms: BTreeMap<Arc<str>, Arm> = BTreeMap::new();
    world.with(|engine| {
        for pair in engine.store.scan(PREFIX, b"") {
            let exposure = Exposure::read(&pair.unwrap().1).unwrap();
            arms.entry(exposure.shown.variant.clone()).or_default().add(&exposure);
        }
    });
    flat(&arms)
}
