//! What had no end is listed with what it began with and the rules in the loop,
//! and is decided again when somebody asks: done once when it comes to an end,
//! kept as long as it does not.

use super::{HOUR, USER, World};
use crate::engine::cascades::Replayed;
use crate::model::Value;
use crate::store::mortal::Mortal;
use std::sync::Arc;
use std::sync::atomic::Ordering;

const LOOP: &str = "\
rules:
  begin: {when: event pay, then: [{emit: {won: {n: 1}}}]}
  ping: {when: event won, then: [{emit: {open: {}}}]}
  pong: {when: event open, then: [{send: a}, {emit: {won: {n: 1}}}]}
";
const MENDED: &str = "\
rules:
  begin: {when: event pay, then: [{emit: {won: {n: 1}}}]}
  ping: {when: event won, then: [{emit: {open: {}}}]}
  pong: {when: event open, if: count(pay) = 1, then: [{send: a}]}
";

impl World {
    /// Number, what it began with, how often, and the rules in the loop.
    fn cascades(&self) -> Vec<String> {
        let list = self.with(|engine| engine.cascades().unwrap());
        let line = |one: crate::engine::cascades::CascadeReport| {
            format!("{} {} {}: {}", one.number, one.from.en, one.times, one.rules.join(", "))
        };
        list.cascades.into_iter().map(line).collect()
    }

    /// The numbers of what came to an end, and of what did not.
    fn replay(&self) -> (Vec<u64>, Vec<u64>) {
        let Replayed { done, still } = self.with(|engine| engine.replay_cascades(None)).unwrap();
        (done, still.into_iter().map(|one| one.number).collect())
    }
}

#[test]
fn what_had_no_end_is_decided_again() {
    let store = Arc::new(Mortal::default());
    let world = World::over(LOOP, store.clone());
    world.event("pay");
    world.restart();
    assert_eq!(world.cascades(), ["1 event `pay` 1: ping, pong"]);
    assert_eq!(world.replay(), (vec![], vec![1]));
    assert_eq!(world.cascades(), ["1 event `pay` 2: ping, pong"]);
    let failed = world.with(|engine| engine.automation().hits("pong"));
    assert_eq!((failed.count, failed.failed), (0, 2));
    world.reload(MENDED);
    assert_eq!(world.sent(), "", "mending alone does nothing");
    // what is not stored is not done
    store.dies.store(true, Ordering::SeqCst);
    assert!(world.with(|engine| engine.replay_cascades(None)).is_err());
    world.with(|engine| engine.follow_clock().unwrap());
    assert_eq!((world.sent().as_str(), world.cascades().len()), ("", 1));
    assert_eq!(world.replay(), (vec![1], vec![]));
    assert_eq!(world.sent(), "a", "the payment counts once");
    assert_eq!((world.replay(), world.sent().as_str()), ((vec![], vec![]), ""));
    let gone = world.with(|engine| engine.replay_cascades(Some(&[1]))).unwrap_err();
    assert!(gone.text().en.starts_with("there is no 1"), "{gone}");
    world.restart();
    assert_eq!(world.cascades(), Vec::<String>::new());
    assert_eq!(world.traces(), "cascade:pay, cascade:pay, fired:begin, fired:ping, fired:pong");
}

#[test]
fn all_that_a_turn_may_begin_with_is_decided_again() {
    for (rules, begin, from) in [
        ("when: user enters vip", "paid", "segment `vip`"),
        ("when: balance changes", "balance", "change of `balance`"),
        ("when: 1 hour after until", "until", "time in `until`"),
        ("when: every day at 13:00, for: true", "", "schedule of `begin`"),
    ] {
        let of = |then: &str| {
            format!(
                "rules:\n  begin: {{{rules}, then: [{{emit: {{open: {{}}}}}}]}}\n  \
                 pong: {{when: event open, then: [{{send: a}}{then}]}}\n"
            )
        };
        let world = World::new(&of(", {emit: {open: {}}}"));
        match begin {
            "" => {}
            "until" => world.set(begin, Value::Time(world.now())),
            field => world.set(field, Value::Int(5)),
        }
        world.pass(HOUR);
        assert_eq!(world.cascades(), [format!("1 {from} 1: pong")]);
        world.reload(&of(""));
        // without an engine too
        world.closed(|| assert_eq!(world.replay(), (vec![1], vec![])));
        world.restart();
        assert_eq!(world.sent(), "a", "{rules}");
        assert_eq!(world.cascades(), Vec::<String>::new());
    }
}

#[test]
fn a_wait_is_tried_again_by_itself_or_at_once() {
    let rules = |then: &str| {
        format!(
            "rules:\n  pong: {{when: event open, then: [{{send: a}}{then}]}}\n\
             drips:\n  d:\n    when: event won\n    steps: [{{wait: 1 hour}}, {{last: {{emit: {{open: {{}}}}}}}}]\n"
        )
    };
    for by_hand in [true, false] {
        let world = World::new(&rules(", {emit: {open: {}}}"));
        world.event("won");
        world.pass(HOUR + HOUR);
        assert_eq!(world.cascades(), ["1 a wait that was over 2: pong"]);
        world.reload(&rules(""));
        assert_eq!(world.sent(), "");
        if by_hand {
            assert_eq!(world.replay(), (vec![1], vec![]));
        } else {
            world.pass(HOUR);
        }
        assert_eq!((world.sent().as_str(), world.cascades().len()), ("a", 0), "by hand: {by_hand}");
        world.pass(HOUR + HOUR);
        assert_eq!(world.sent(), "");
        assert!(world.with(|engine| engine.automation().of(USER).unwrap().drips.is_empty()));
    }
}

#[test]
fn drips_that_start_one_another_have_an_end() {
    let drip = |name: &str, other: &str| {
        format!(
            "  {name}: {{when: event pay, again: always, steps: [{{x: {{stop: {other}}}}}, {{y: {{start: {other}}}}}]}}\n"
        )
    };
    let world = World::new(&format!("drips:\n{}{}", drip("a", "b"), drip("b", "a").replace("pay", "won")));
    world.event("pay");
    assert_eq!(world.cascades(), ["1 event `pay` 1: a, b"]);
    assert_eq!(world.traces(), "cascade:pay");
    // who starts the drip anew in which he is goes on there, not in both
    let again = "drips:\n  a: {when: event pay, again: always, steps: [\
                 {x: {if: count(open) = 0, then: [{start: b}]}}, {y: {send: a}}, {wait: 1 day}, {z: {send: c}}]}\n  \
                 b: {when: event won, steps: [{x: {emit: {open: {}}}}, {y: {stop: a}}, {z: {start: a}}]}\n";
    let world = World::new(again);
    world.event("pay");
    assert_eq!(world.sent(), "a");
}
