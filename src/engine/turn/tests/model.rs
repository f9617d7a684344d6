//! Small random rulebooks and random streams of events: a process that dies at
//! random points, between two commits and at them, and is started again comes to
//! the same messages and the same state as one that never did.

use super::{DAY, HOUR, World};
use crate::engine::automation::Way;
use crate::engine::switches::Switching;
use crate::model::{Event, Patch, TimeDelta, UserId, Value};
use crate::store::history::Span;
use crate::store::mortal::Mortal;
use crate::store::{Pair, Store, Transaction};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.roll(list.len())]
    }
}

const TRIGGERS: [&str; 12] = [
    "event pay",
    "event open",
    "event won",
    "user enters vip",
    "user leaves vip",
    "user enters poor",
    "balance changes",
    "paid changes",
    "1 day before until",
    "2 hours after until",
    "user joins",
    "discount_percent changes",
];
const CONDITIONS: [&str; 6] =
    ["balance >= 0", "paid < 2", "count(open, 2 days) < 3", "in_drip(one)", "not finished_drip(two)", "segment(vip)"];
const LIMITS: [&str; 4] = ["once ever", "once per day", "2 per 24 hours", "once per 3 days"];
const ACTIONS: [&str; 14] = [
    "{send: a}",
    "{send: {template: b, after: 3 hours}}",
    "{send: {template: c, at: 10:00 user time}}",
    "{add: {paid: 1}}",
    "{add: {balance: -2}}",
    "{set: {balance: paid * 2}}",
    "{set: {until: now + 2 days}}",
    "{tag: x}",
    "{untag: x}",
    "{add_discount: {percent: 10, for: 1 day}}",
    "{emit: {won: {n: paid}}}",
    "{start: one}",
    "{stop: two}",
    "{notify: look}",
];
const STEPS: [&str; 9] = [
    "{wait: 5 hours}",
    "{wait: 1 day}",
    "{wait until: 10:00 user time}",
    "{wait until: until - 1 hour}",
    "{sNUM: {wait for: {event: pay, up to: 1 day}, then: [{send: c}], else: [{wait: 1 hour}, {send: d}]}}",
    "{sNUM: {wait for: {if: paid > 1, up to: 1 day}, else: [{add: {balance: 1}}]}}",
    "{sNUM: {if: balance > 0, then: [{send: a}, {wait: 2 hours}, {send: b}], else: [{emit: {won: {n: 1}}}]}}",
    "{sNUM: {send: d}}",
    "{sNUM: {add: {paid: 1}}}",
];

fn rulebook(dice: &mut Dice) -> String {
    let mut text = String::from("rules:\n");
    for rule in 0..2 + dice.roll(4) {
        let condition = if dice.roll(2) == 0 { format!("if: '{}', ", dice.pick(&CONDITIONS)) } else { String::new() };
        let limit = if dice.roll(2) == 0 { format!("limit: {}, ", dice.pick(&LIMITS)) } else { String::new() };
        let actions: Vec<&str> = (0..1 + dice.roll(3)).map(|_| dice.pick(&ACTIONS)).collect();
        let (trigger, actions) = (dice.pick(&TRIGGERS), actions.join(", "));
        text += &format!("  r{rule}: {{when: {trigger}, {condition}{limit}then: [{actions}]}}\n");
    }
    let (daily, then) =
        (dice.pick(&["every day at 09:00", "every 6 hours", "every tuesday at 18:00 user time"]), dice.pick(&ACTIONS));
    text += &format!("  timed: {{when: {daily}, for: balance >= 0, then: [{then}]}}\n");
    text += "drips:\n";
    for name in ["one", "two"] {
        let steps: Vec<String> =
            (0..2 + dice.roll(4)).map(|n| dice.pick(&STEPS).replace("NUM", &n.to_string())).collect();
        let again = dice.pick(&["never", "always", "after 1 day"]);
        let exit = if dice.roll(2) == 0 { "    exit if: balance > 5\n" } else { "" };
        let goal = if dice.roll(2) == 0 { "    goal: event pay within 2 days\n" } else { "" };
        let trigger = dice.pick(&TRIGGERS);
        text += &format!(
            "  {name}:\n    when: {trigger}\n{exit}{goal}    again: {again}\n    steps: [{}]\n",
            steps.join(", ")
        );
    }
    text
}

/// Something that happens.
#[derive(Clone, Debug)]
enum Act {
    Event(UserId, &'static str),
    Set(UserId, &'static str, Value),
    Pass(TimeDelta),
    Switch(&'static str, Way),
}

fn acts(dice: &mut Dice) -> Vec<Act> {
    let act = |dice: &mut Dice| {
        let user = UserId(1 + dice.roll(3) as i64);
        match dice.roll(9) {
            0..=2 => Act::Event(user, ["pay", "open", "won"][dice.roll(3)]),
            3 => Act::Set(user, "balance", Value::Int(dice.roll(9) as i64 - 3)),
            4 => Act::Set(user, "paid", Value::Int(dice.roll(5) as i64)),
            5 => Act::Set(user, "timezone", Value::text(["Asia/Tokyo", "Europe/Moscow"][dice.roll(2)])),
            6 => Act::Pass(HOUR),
            7 => Act::Switch(["r0", "r1", "timed", "one"][dice.roll(4)], [Way::Off, Way::On, Way::On][dice.roll(3)]),
            _ => Act::Pass(TimeDelta(DAY.0 / (1 + dice.roll(5)) as i64)),
        }
    };
    (0..40).map(|_| act(dice)).collect()
}

/// Carries the acts out; `deaths` says before which of them the process dies, and
/// at which commits.
fn run(rules: &str, acts: &[Act], deaths: Option<&mut Dice>) -> (String, Vec<String>) {
    let store = Arc::new(Mortal::default());
    let world = World::over(rules, store.clone());
    let mut dice = deaths;
    for (number, act) in acts.iter().enumerate() {
        if let Some(dice) = &mut dice {
            match dice.roll(4) {
                0 => world.restart(),
                1 => store.dies.store(true, Ordering::SeqCst),
                _ => {}
            }
        }
        carry_out(&world, act, number);
        store.dies.store(false, Ordering::SeqCst);
    }
    (world.sent(), state(&world))
}

fn carry_out(world: &World, act: &Act, number: usize) {
    match act {
        Act::Pass(length) => {
            let end = world.now() + *length;
            while world.now() < end {
                world.to_next(end);
                surely(world, || Transaction::advance(world.now()));
                while world.with(|engine| engine.crowd.is_behind()) {
                    surely(world, || Transaction::advance(world.now()));
                }
            }
        }
        Act::Switch(name, way) => {
            let switching = Switching { names: vec![(*name).to_owned()], kind: None, way: *way };
            while world.with(|engine| engine.switch(&switching)).is_err() {
                world.restart();
            }
        }
        Act::Set(user, name, value) => {
            surely(world, || Transaction::patch(*user, Patch::default().with(*name, value.clone())));
        }
        Act::Event(user, name) => surely(world, || {
            let event = Event {
                id: format!("e{number}").into(),
                user: *user,
                name: (*name).into(),
                at: world.now(),
                properties: Vec::new(),
            };
            Transaction::events(vec![event])
        }),
    }
}

/// Commits what is told again after every death.
fn surely(world: &World, transaction: impl Fn() -> Transaction) {
    while world.with(|engine| engine.writer.commit(transaction())).is_err() {
        world.restart();
    }
}

/// Everything that is remembered, in words.
fn state(world: &World) -> Vec<String> {
    let schema = world.with(|engine| engine.live.current().schema.clone());
    let mut all = Vec::new();
    for user in 1..=3 {
        let profile = world.with(|engine| engine.profiles.get(UserId(user), &schema)).unwrap();
        all.push(format!("{profile:?}"));
        let span = Span { from: None, until: None, limit: 10_000 };
        let events = world.with(|engine| engine.profiles.history().of_user(UserId(user), span)).unwrap();
        let mut events: Vec<String> = events.iter().map(|event| format!("{event:?}")).collect();
        events.sort();
        all.extend(events);
    }
    for kind in [&b"r"[..], b"R"] {
        all.extend(world.store.scan(kind, b"").map(|pair| format!("{:?}", pair.unwrap())));
    }
    all
}

#[test]
fn dying_at_any_point_changes_nothing() {
    let (mut sends, mut runs) = (0, 0);
    for seed in 0..30 {
        let mut dice = Dice(seed);
        let rules = rulebook(&mut dice);
        let acts = acts(&mut dice);
        let expected = run(&rules, &acts, None);
        let got = run(&rules, &acts, Some(&mut dice));
        assert_eq!(got.0, expected.0, "seed {seed}\n{rules}\n{acts:#?}");
        for (got, expected) in got.1.iter().zip(&expected.1) {
            assert_eq!(got, expected, "seed {seed}\n{rules}\n{acts:#?}");
        }
        assert_eq!(got.1.len(), expected.1.len(), "seed {seed}\n{rules}");
        sends += expected.0.split_whitespace().count();
        runs += 1;
    }
    // the rules are such that something is sent at all
    assert!(sends > 5 * runs, "{sends} messages in {runs} runs");
}

/// Everything that is stored, as it is stored.
fn stored(rules: &str, acts: &[Act]) -> Vec<Pair> {
    let store = Arc::new(Mortal::default());
    let world = World::over(rules, store.clone());
    acts.iter().enumerate().for_each(|(number, act)| carry_out(&world, act, number));
    drop(world);
    store.scan(b"", b"").map(|pair| pair.unwrap()).collect()
}

#[test]
fn the_same_decides_the_same_to_the_byte() {
    for seed in 100..110 {
        let mut dice = Dice(seed);
        let rules = rulebook(&mut dice);
        let acts = acts(&mut dice);
        let (once, twice) = (stored(&rules, &acts), stored(&rules, &acts));
        assert_eq!(once.len(), twice.len(), "seed {seed}\n{rules}");
        for (one, other) in once.iter().zip(&twice) {
            assert_eq!(one, other, "seed {seed}, {}\n{rules}", String::from_utf8_lossy(&one.0));
        }
    }
}
