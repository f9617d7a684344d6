//! Rules, drips and tasks that a person has switched off do nothing and count
//! nothing, whatever becomes of the process and the rule files; and what passed
//! meanwhile is not made up.

use super::{DAY, HOUR, World, t};
use crate::engine::automation::{Unit, Way};
use crate::engine::switches::{SwitchError, Switching};
use crate::model::{TimeDelta, Value};

impl World {
    fn turn(&self, name: &str, way: Way) {
        self.with(|engine| {
            engine.switch(&Switching { names: vec![name.to_owned()], kind: None, way }).unwrap();
        });
    }

    fn off(&self, name: &str) {
        self.turn(name, Way::Off);
    }

    fn on(&self, name: &str) {
        self.turn(name, Way::On);
    }

    /// Does something while no engine runs.
    pub(super) fn closed(&self, work: impl FnOnce()) {
        self.stop();
        self.open();
        work();
        self.stop();
    }
}

const RULE: &str = "rules:\n  r: {when: event open, limit: once ever, then: [{send: a}]}\n";

#[test]
fn a_rule_that_is_off_does_nothing_and_counts_nothing() {
    let world = World::new(RULE);
    world.off("r");
    world.event("open");
    assert_eq!((world.sent().as_str(), world.traces().as_str()), ("", ""));
    let since = world.now();
    world.pass(HOUR);
    // a restart, another text, no rule, the rule once more: it stays off
    world.restart();
    world.event("open");
    world.reload(&RULE.replace("send: a", "send: b"));
    world.event("open");
    world.reload("rules:\n  other: {when: event won, then: [{send: c}]}\n");
    let report = world.with(|engine| engine.rule_reports().unwrap());
    let gone = report.iter().find(|rule| rule.name == "r").unwrap();
    assert_eq!((gone.defined, gone.on, gone.off_since.clone()), (false, false, Some(since.rfc3339())));
    world.reload(RULE);
    world.event("open");
    assert_eq!(world.sent(), "");
    assert_eq!(world.with(|engine| engine.automation().hits("r").count), 0);
    world.on("r");
    world.event("open");
    assert_eq!(world.sent(), "a", "the limit was not used up");
}

#[test]
fn moments_that_passed_while_it_was_off_are_not_made_up() {
    const RULES: &str = "\
rules:
  daily: {when: every day at 13:00, for: true, then: [{send: a}]}
  mine: {when: every day at 13:00 user time, for: true, then: [{send: c}]}
  due: {when: 1 hour before until, then: [{send: b}]}
tasks:
  task: {when: every day at 13:00, then: [{notify: done}]}
";
    let names = ["daily", "mine", "due", "task"];
    let turn = |world: &World, way| names.iter().for_each(|name| world.turn(name, way));
    // from 12:00 on: when they are switched off and on, with an engine or without
    for (off, on, running, expected) in [
        (None, None, true, "a b c [done]"),
        (Some(30), Some(50), true, "a b c [done]"),
        (Some(30), Some(90), true, ""),
        (Some(30), Some(90), false, ""),
        (Some(30), None, false, ""),
        // it was due before, and nobody looked
        (Some(70), Some(90), false, "a b c [done]"),
    ] {
        let world = World::new(RULES);
        world.set("until", Value::Time(t("01-05 14:00")));
        let begin = world.now();
        for (at, way) in [(off, Way::Off), (on, Way::On)] {
            let Some(at) = at.map(|at| begin + TimeDelta::minutes(at)) else { continue };
            if running {
                world.pass(at - world.now());
                turn(&world, way);
            } else {
                world.closed(|| {
                    world.to(at);
                    turn(&world, way);
                });
            }
        }
        if !running {
            world.to(begin + TimeDelta::minutes(100));
            world.restart();
        }
        world.pass(begin + HOUR + HOUR - world.now());
        let sent = world.sent();
        let mut words: Vec<&str> = sent.split_whitespace().collect();
        words.sort_unstable();
        let mut expected: Vec<&str> = expected.split_whitespace().collect();
        expected.sort_unstable();
        assert_eq!(words, expected, "off {off:?}, on {on:?}, running {running}");
        // the next day all are back, or none
        world.pass(DAY);
        assert_eq!(world.sent().split_whitespace().count(), if on.is_some() || off.is_none() { 3 } else { 0 });
    }
}

#[test]
fn nobody_enters_a_drip_that_is_off_and_who_is_inside_goes_on() {
    let world = World::new(
        "\
rules:
  start: {when: event won, then: [{start: d}]}
drips:
  d:
    when: event open
    again: always
    steps: [{first: {send: a}}, {wait: 1 hour}, {last: {send: b}}]
",
    );
    world.event("open");
    world.off("d");
    world.pass(HOUR);
    assert_eq!(world.sent(), "a b");
    for event in ["open", "won"] {
        world.event(event);
        assert_eq!(world.sent(), "", "{event}");
    }
    world.on("d");
    world.event("won");
    assert_eq!(world.sent(), "a");
}

#[test]
fn a_backfill_waits_for_its_rule() {
    let world = World::new("");
    world.set("paid", Value::Int(5));
    let rules = "rules:\n  r: {when: user enters vip, backfill: true, then: [{send: a}]}\n";
    world.reload(&rules.replace("enters vip, backfill: true", "enters poor"));
    world.off("r");
    world.reload(rules);
    world.pass(DAY);
    assert_eq!(world.sent(), "");
    world.on("r");
    world.pass(HOUR);
    assert_eq!(world.sent(), "a");
}

#[test]
fn names_are_those_of_the_rulebook_or_of_what_is_off() {
    let both = "rules:\n  one: {when: event open, then: [{send: a}]}\n\
                drips:\n  one:\n    when: event open\n    steps: [{last: {send: b}}]\n";
    let world = World::new(both);
    let turn = |names: &[&str], kind, way| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        world.with(|engine| engine.switch(&Switching { names, kind, way }))
    };
    let error = turn(&["oen"], None, Way::Off).unwrap_err().text().en;
    assert_eq!(error, "there is no rule, drip or task `oen`; did you mean `one`?");
    let error = turn(&["one"], None, Way::Off).unwrap_err();
    assert!(
        matches!(&error, SwitchError::Several { .. }) && error.text().en.contains("`--kind rule` or `--kind drip`")
    );
    // all that are named or none
    assert!(turn(&["one", "nothing"], Some(Unit::Drip), Way::Off).is_err());
    world.event("open");
    assert_eq!(world.sent(), "a b");
    assert_eq!(turn(&["one"], Some(Unit::Rule), Way::Off).unwrap().unchanged, 0);
    assert_eq!(turn(&["one"], Some(Unit::Rule), Way::Off).unwrap().unchanged, 1);
    world.event("open");
    assert_eq!(world.sent(), "");
    world.reload("");
    assert!(turn(&["one"], None, Way::On).unwrap().rules[0].on, "what is gone can be switched on");
    assert!(turn(&["one"], None, Way::Off).is_err(), "and then there is no such thing");
}
