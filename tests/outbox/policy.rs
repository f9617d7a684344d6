//! What stops a message between the start of a broadcast and the chat: consent,
//! the audience of the moment, quiet hours, caps and the time that is over.

use super::world::World;
use std::collections::BTreeMap;
use std::sync::Arc;
use vestnik::engine::broadcast::RunReport;
use vestnik::engine::deliveries::RowState;
use vestnik::model::{TimeDelta, Value};

const QUIET: &str = "policy:\n  quiet_hours: {from: \"22:00\", to: \"09:00\"}\n";

fn zone(name: &str) -> (&str, Value) {
    ("timezone", Value::text(name))
}

/// What was sent, and what a gate stopped by reason.
fn outcome(run: &RunReport) -> (u32, BTreeMap<&str, u32>) {
    (run.sent, run.skipped.iter().map(|(reason, n)| (reason.as_str(), *n)).collect())
}

/// It is four in the morning in New York, and nine in the evening on Kamchatka.
fn people_everywhere(rules: &str) -> World {
    let users = [
        (1, &[][..]),
        (2, &[zone("Asia/Kamchatka")]),
        (3, &[zone("America/New_York")]),
        (4, &[zone("America/New_York")]),
    ];
    World::new(rules, &[], &users)
}

#[test]
fn quiet_hours_put_a_message_off_to_their_end_over_a_restart() {
    let rules = format!("{QUIET}broadcasts:\n  hi: {{to: true, send: hello}}\n");
    let mut world = people_everywhere(&rules);
    world.launch("hi");
    world.wait(|| world.run("hi").deferred.get("quiet_hours") == Some(&2) && world.run("hi").sent == 2);
    assert_eq!(world.hold([1, 2, 3, 4]), [1, 1, 0, 0]);
    world.advance(TimeDelta::hours(4));
    // gates are asked again when it is over
    world.set(4, &[("opted_out", Value::Bool(true))]);
    world.restart();
    assert_eq!(world.run("hi").deferred.get("quiet_hours"), Some(&2));
    for row in world.rows("hi").iter().filter(|row| row.state == RowState::Deferred) {
        let time = row.time.as_deref().unwrap();
        assert!(("2026-03-02T14:00".."2026-03-02T14:30").contains(&time), "{time}");
    }
    world.advance(TimeDelta::minutes(90));
    let run = world.finish("hi");
    assert_eq!(outcome(&run), (3, BTreeMap::from([("opted_out", 1)])));
    assert_eq!(world.hold([1, 2, 3, 4]), [1, 1, 1, 0]);
}

#[test]
fn quiet_hours_may_drop_a_message_and_never_hold_a_receipt() {
    let quiet = QUIET.replace('}', ", then: skip}");
    let receipt = "  receipt: {to: true, send: {template: hello, transactional: true}}\n";
    let world = people_everywhere(&format!("{quiet}broadcasts:\n  hi: {{to: true, send: hello}}\n{receipt}"));
    world.launch("hi");
    assert_eq!(outcome(&world.finish("hi")), (2, BTreeMap::from([("quiet_hours", 2)])));
    world.launch("receipt");
    assert_eq!(outcome(&world.finish("receipt")), (4, BTreeMap::new()));
    assert_eq!(world.hold([1, 2, 3, 4]), [2, 2, 1, 1]);
}

#[test]
fn what_quiet_hours_would_hold_beyond_its_end_has_expired() {
    let world = people_everywhere(&format!("{QUIET}broadcasts:\n  hi: {{to: true, send: hello, expires: 5 hours}}\n"));
    world.launch("hi");
    assert_eq!(outcome(&world.finish("hi")), (2, BTreeMap::from([("expired", 2)])));
}

#[test]
fn a_live_audience_is_that_of_the_moment_and_a_frozen_one_that_of_the_start() {
    let rules = "profile: {stars: int}\nbroadcasts:\n  live: {to: stars > 0, exclude: stars > 5, audience: live, send: hello}\n  frozen: {to: stars > 0, exclude: stars > 5, send: hello}\n";
    let users = [
        (1, &[("stars", Value::Int(1))][..]),
        (2, &[("stars", Value::Int(1))]),
        (3, &[("stars", Value::Int(1))]),
        (4, &[("stars", Value::Int(0))]),
    ];
    let world = World::new(rules, &[], &users);
    world.engine().disarm().unwrap();
    world.launch("live");
    world.launch("frozen");
    // one left, one is excluded now, and one came too late
    for (user, stars) in [(2, 0), (3, 9), (4, 1)] {
        world.set(user, &[("stars", Value::Int(stars))]);
    }
    world.engine().arm().unwrap();
    assert_eq!(outcome(&world.finish("live")), (1, BTreeMap::from([("not_eligible", 2)])));
    assert_eq!(outcome(&world.finish("frozen")), (3, BTreeMap::new()));
    assert_eq!(world.hold([1, 2, 3, 4]), [2, 1, 1, 0]);
}

#[test]
fn who_opted_out_of_a_topic_gets_nothing_about_it() {
    let rules = "topics: {news: {title: News}, sales: {title: Sales}}\nbroadcasts:\n  news: {to: true, send: hello, topic: news}\n  sales: {to: true, send: hello, topic: sales}\n  both: {to: true, send: hello}\n  receipt: {to: true, send: {template: hello, transactional: true}, topic: news}\n";
    let without =
        |topics: &[&str]| ("opted_out_of", Value::List(topics.iter().map(|topic| Arc::from(*topic)).collect()));
    let users = [
        (1, &[][..]),
        (2, &[without(&["news"])]),
        (3, &[without(&["sales", "news"])]),
        (4, &[("opted_out", Value::Bool(true))]),
    ];
    let world = World::new(rules, &[], &users);
    for (name, sent, stopped) in [("news", 1, 3), ("sales", 2, 2), ("both", 3, 1), ("receipt", 4, 0)] {
        world.launch(name);
        let run = world.finish(name);
        let skipped = run.skipped.get("opted_out").copied().unwrap_or(0);
        assert_eq!((run.sent, skipped, run.skipped_total()), (sent, stopped, stopped), "{name}");
    }
    assert_eq!(world.hold([1, 2, 3, 4]), [4, 3, 2, 1]);
}
