//! Which message goes when, and which instead of another: priorities under a
//! cap, messages that wait, and those whose time is over.

use super::world::{Fields, World};
use std::collections::BTreeMap;
use vestnik::engine::broadcast::RunReport;
use vestnik::model::{TimeDelta, Value};
use vestnik::sandbox::PaidBroadcasts;
use vestnik::store::{Batch, Transaction};

const CAP: &str = "policy: {caps: [1 per day]}\n";
const GIFT: (&str, &str) = ("templates/gift.en.html", "a gift\n");

fn outcome(run: &RunReport) -> (u32, BTreeMap<&str, u32>) {
    (run.sent, run.skipped.iter().map(|(reason, n)| (reason.as_str(), *n)).collect())
}

fn texts(world: &World, chats: impl IntoIterator<Item = i64>) -> Vec<String> {
    let of = |chat| world.sandbox().received(chat).into_iter().map(|message| message.text);
    chats.into_iter().flat_map(of).collect()
}

/// A broadcast to all three, and another to the first two.
fn two_broadcasts(policy: &str, low: &str, high: &str) -> World {
    let rules = format!(
        "{policy}profile: {{vip: bool}}\nbroadcasts:\n  low: {{to: true, send: {low}}}\n  high: {{to: vip, send: {high}}}\n"
    );
    let vip: Fields<'_> = &[("vip", Value::Bool(true))];
    World::new(&rules, &[GIFT], &[(1, vip), (2, vip), (3, &[("vip", Value::Bool(false))])])
}

/// Lets a message through after which everything that was due is gone.
fn let_pass(world: &World, name: &str) {
    world.launch(name);
    world.finish(name);
}

#[test]
fn the_greater_priority_goes_first_and_gets_the_last_slot() {
    let (capped, none) = (BTreeMap::from([("capped", 2)]), BTreeMap::new());
    for (low, high, expected) in [
        ("hello", "{template: gift, priority: 5}", [(1, &capped), (2, &none)]),
        ("{template: hello, priority: -1}", "gift", [(1, &capped), (2, &none)]),
        ("{template: hello, priority: 6}", "{template: gift, priority: 5}", [(3, &none), (0, &capped)]),
        // a receipt takes no slot, and goes before all others
        ("hello", "{template: gift, transactional: true}", [(3, &none), (2, &none)]),
    ] {
        let world = two_broadcasts(CAP, low, high);
        world.engine().disarm().unwrap();
        world.launch("low");
        world.launch("high");
        world.engine().arm().unwrap();
        let told = ["low", "high"].map(|name| world.finish(name));
        assert_eq!(
            told.each_ref().map(outcome),
            expected.map(|(sent, skipped)| (sent, skipped.clone())),
            "{low} {high}"
        );
        let both = expected[0].0 + expected[1].0 == 5;
        assert_eq!(world.hold([1, 2, 3]), if both { [2, 2, 1] } else { [1, 1, 1] }, "{low} {high}");
    }
}

#[test]
fn the_last_slot_is_kept_for_a_message_of_greater_priority_that_waits() {
    let later = "{template: gift, priority: 5, after: 10 minutes}";
    for (caps, sent) in [("[1 per day]", 1), ("[2 per day]", 3), ("[1 per day, 9 per week]", 1)] {
        let mut world = two_broadcasts(&format!("policy: {{caps: {caps}}}\n"), "hello", later);
        world.launch("high");
        world.launch("low");
        let low = world.finish("low");
        assert_eq!((low.sent, low.skipped_total()), (sent, 3 - sent), "{caps}: {low:?}");
        world.restart();
        world.advance(TimeDelta::minutes(10));
        assert_eq!(outcome(&world.finish("high")), (2, BTreeMap::new()), "{caps}");
        assert_eq!(texts(&world, [1, 2]).iter().filter(|text| *text == "a gift").count(), 2);
    }
}

#[test]
fn nothing_leaves_before_the_time_to_wait_is_over() {
    let mut world = two_broadcasts("", "{template: hello, after: 2 hours}", "{template: gift, transactional: true}");
    world.launch("low");
    let_pass(&world, "high");
    assert_eq!((world.run("low").queued, world.hold([1, 2, 3])), (3, [1, 1, 0]));
    world.restart();
    world.advance(TimeDelta::hours(1));
    world.start_again("high");
    assert_eq!((world.run("low").queued, world.hold([1, 2, 3])), (3, [2, 2, 0]));
    world.advance(TimeDelta::hours(1));
    assert_eq!(outcome(&world.finish("low")), (3, BTreeMap::new()));
}

#[test]
fn what_was_not_sent_in_time_is_counted_as_expired() {
    for (keys, sent) in [
        ("send: {template: hello, expires: 1 hour}", 0),
        ("send: {template: hello, expires: 3 hours}", 3),
        ("send: hello\n    expires: 1 hour", 0),
        // the shorter of the two
        ("send: {template: hello, expires: 3 hours}\n    expires: 1 hour", 0),
        ("send: {template: hello, expires: 1 hour, transactional: true}", 0),
    ] {
        let rules = format!("broadcasts:\n  hi:\n    to: true\n    {keys}\n");
        let world = World::new(&rules, &[], &[(1, &[]), (2, &[]), (3, &[("opted_out", Value::Bool(false))])]);
        world.engine().disarm().unwrap();
        world.launch("hi");
        world.advance(TimeDelta::hours(2));
        world.engine().arm().unwrap();
        let run = world.finish("hi");
        let expired = run.skipped.get("expired").copied().unwrap_or(0);
        assert_eq!((run.sent, expired, run.done()), (sent, 3 - sent, 3), "{keys}");
        assert_eq!(world.hold([1, 2, 3]).iter().sum::<usize>(), sent as usize, "{keys}");
    }
}

/// A damaged record holds up its own broadcast and loses no message of another.
#[test]
fn a_broadcast_that_cannot_be_read_outranks_nobody() {
    let world = two_broadcasts(CAP, "hello", "{template: gift, priority: 5, after: 1 hour}");
    world.launch("high");
    let (high, chunk) = (1u64.to_be_bytes(), 0u32.to_be_bytes());
    let mut batch = Batch::new();
    batch.delete([&b"i"[..], &high, &chunk].concat());
    world.engine().writer.commit(Transaction::batch(batch)).unwrap();
    world.launch("low");
    assert_eq!(outcome(&world.finish("low")), (3, BTreeMap::new()));
    assert_eq!(world.run("high").queued, 2);
}

#[test]
fn an_empty_purse_is_no_reason_for_those_who_get_nothing_anyway() {
    let rules = "broadcasts:\n  hi: {to: true, send: hello, paid: {budget: 1}}\n";
    let out: Fields<'_> = &[("opted_out", Value::Bool(true))];
    let users: Vec<(i64, Fields<'_>)> = (1..=600).map(|id| (id, if id % 2 == 0 { out } else { &[] })).collect();
    let world = World::new(rules, &[], &users);
    let paid = PaidBroadcasts { enabled: true, balance: 20_000, threshold: 10_000 };
    world.sandbox().set_paid_broadcasts(paid);
    world.launch("hi");
    let run = world.finish("hi");
    let of = |reason| run.skipped.get(reason).copied().unwrap_or(0);
    assert_eq!((of("opted_out"), run.sent + of("budget")), (300, 300), "{run:?}");
    assert!(run.sent >= 10 && of("budget") > 0, "{run:?}");
}
