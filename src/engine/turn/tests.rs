//! Rules and drips over a store in memory and a clock that is moved by hand:
//! what happens to one user, step by step, and what is posted by it. Gates come
//! later and have tests of their own.

mod cascades;
mod edits;
mod model;
mod others;
mod switches;

use crate::clock::ManualClock;
use crate::engine::Engine;
use crate::model::{Clock, Event, Patch, Time, TimeDelta, UserId, Value};
use crate::outbox::{Posted, postings};
use crate::rulebook::{Live, Outcome};
use crate::store::history::Span;
use crate::store::memory::MemoryStore;
use crate::store::{Store, Transaction};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use tempfile::TempDir;

const USER: UserId = UserId(1);
const FACTS: &str = "\
timezone: Europe/Moscow
admins: {7: owner}
";
const PROFILE: &str = "\
profile:
  balance: {type: int, default: 0}
  paid: {type: int, default: 0}
  until: time
  plan: {type: enum, values: [free, pro]}
events:
  pay: {rub: money}
  open: {}
  won: {n: int}
segments:
  vip: paid >= 3
  poor: balance < 0
";

/// A project, its store and its clock.
struct World {
    folder: TempDir,
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    engine: RefCell<Option<Engine>>,
    seen: Cell<usize>,
    events: Cell<u64>,
    posted: RefCell<Vec<Posted>>,
}

impl World {
    /// A project with these rules at 2026-01-05 12:00 (a Monday) in Moscow, and
    /// one user.
    fn new(rules: &str) -> Self {
        Self::over(rules, Arc::new(MemoryStore::default()))
    }

    fn over(rules: &str, store: Arc<dyn Store>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self {
            folder,
            store,
            clock: Arc::new(ManualClock::new(t("01-05 12:00"))),
            engine: RefCell::new(None),
            seen: Cell::new(0),
            events: Cell::new(0),
            posted: RefCell::default(),
        };
        world.write("vestnik.yaml", FACTS);
        world.write("rules/profile.yaml", PROFILE);
        for name in ["a", "b", "c", "d", "bye"] {
            world.write(&format!("templates/{name}.en.html"), "hello\n");
        }
        world.write("rules/rules.yaml", rules);
        world.restart();
        world.patch(USER, Patch::default().with("first_name", Value::text("Ann")));
        world.sent();
        world
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Ends the process and starts another.
    fn restart(&self) {
        self.stop();
        self.open();
        self.with(|engine| {
            engine.act();
            engine.audience().unwrap();
            engine.follow_clock().unwrap();
        });
    }

    /// Ends the process.
    fn stop(&self) {
        if let Some(engine) = self.engine.take() {
            engine.stop();
        }
    }

    /// Opens the project as a command does that finds no engine.
    fn open(&self) {
        let live = Arc::new(Live::open(self.folder.path(), self.clock.clone()).unwrap());
        let engine = Engine::new(self.folder.path().to_owned(), live, self.store.clone(), self.clock.clone()).unwrap();
        self.engine.replace(Some(engine));
    }

    /// Other rules, taken over by the running engine.
    fn reload(&self, rules: &str) {
        self.write("rules/rules.yaml", rules);
        self.with(|engine| {
            let report = engine.live.reload();
            assert!(!matches!(report.outcome, Outcome::Refused), "{report:?}");
            engine.follow_clock().unwrap();
        });
    }

    fn with<T>(&self, look: impl FnOnce(&Engine) -> T) -> T {
        look(self.engine.borrow().as_ref().unwrap())
    }

    fn patch(&self, user: UserId, patch: Patch) {
        self.with(|engine| engine.writer.commit(Transaction::patch(user, patch)).unwrap());
    }

    fn set(&self, name: &str, value: Value) {
        self.patch(USER, Patch::default().with(name, value));
    }

    fn event(&self, name: &str) {
        self.event_with(name, Vec::new());
    }

    fn event_with(&self, name: &str, properties: Vec<(Arc<str>, Value)>) {
        self.events.set(self.events.get() + 1);
        let (id, at) = (self.events.get().to_string().into(), self.clock.now());
        let event = Event { id, user: USER, name: name.into(), at, properties };
        self.with(|engine| engine.writer.commit(Transaction::events(vec![event])).unwrap());
    }

    fn to(&self, moment: Time) {
        self.clock.advance(moment - self.clock.now());
    }

    /// Lets time pass, looking at the clock whenever something may be due.
    fn pass(&self, length: TimeDelta) {
        let end = self.clock.now() + length;
        while self.now() < end {
            self.to_next(end);
            self.with(|engine| engine.follow_clock().unwrap());
        }
    }

    /// Moves the clock to the next moment at which something may be due.
    fn to_next(&self, end: Time) {
        let next = self.with(|engine| engine.next_moment().unwrap());
        self.to(next.max(self.now() + TimeDelta(1)).min(end));
    }

    fn now(&self) -> Time {
        self.clock.now()
    }

    /// What was posted since the last call, `why:template` where it is refused.
    fn sent(&self) -> String {
        let all: Vec<Posted> = postings(&*self.store).flat_map(|record| record.unwrap().1).collect();
        let new: Vec<String> = all[self.seen.get()..]
            .iter()
            .map(|posted| match posted {
                Posted::Message(posting) => match posting.refused {
                    Some(reason) => format!("{}:{}", reason.as_str(), posting.sending.template),
                    None => posting.sending.template.clone(),
                },
                Posted::Note { message, .. } => format!("[{}]", message.text),
            })
            .collect();
        self.seen.set(all.len());
        self.posted.replace(all);
        new.join(" ")
    }

    fn field(&self, name: &str) -> Value {
        let schema = self.with(|engine| engine.live.current().schema.clone());
        let profile = self.with(|engine| engine.profiles.get(USER, &schema)).unwrap().unwrap();
        profile.get(schema.find(name).unwrap()).clone()
    }

    /// Everything that is remembered of the user's way, in order.
    fn traces(&self) -> String {
        let span = Span { from: None, until: None, limit: 1_000 };
        let events = self.with(|engine| engine.profiles.history().of_user(USER, span)).unwrap();
        let mut events: Vec<&Event> = events.iter().filter(|event| event.trace().is_some()).collect();
        events.sort_by_key(|event| event.id.rsplit(':').next().and_then(|n| n.parse::<u64>().ok()));
        let how = |event: &Event| match event.property("how") {
            Some(Value::String(how)) => format!(" {how}"),
            _ => String::new(),
        };
        events.iter().map(|event| format!("{}{}", event.name, how(event))).collect::<Vec<_>>().join(", ")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A moment of 2026 in Moscow.
fn t(text: &str) -> Time {
    let at = format!("2026-{text}").parse::<DateTime>().unwrap();
    Time(at.to_zoned(TimeZone::get("Europe/Moscow").unwrap()).unwrap().timestamp().as_millisecond())
}

const HOUR: TimeDelta = TimeDelta::hours(1);
const DAY: TimeDelta = TimeDelta::days(1);

#[test]
fn a_payment_makes_a_vip_and_each_step_follows_from_the_one_before() {
    let world = World::new(
        "\
rules:
  count: {when: event pay, then: [{add: {paid: 1}}, {set: {balance: balance + 10}}]}
  greet: {when: user enters vip, if: balance > 0, then: [{send: a}, {add_discount: {percent: 20, for: 7 days}}]}
  tell: {when: discount_percent changes, then: [{notify: a new discount}, {emit: {won: {n: paid}}}]}
  won: {when: event won, if: event.n = 3, then: [{tag: winner}, {send: b}]}
",
    );
    for expected in ["", "", "a b [a new discount]"] {
        world.event("pay");
        assert_eq!(world.sent(), expected);
    }
    assert_eq!((world.field("paid"), world.field("balance")), (Value::Int(3), Value::Int(30)));
    assert_eq!(world.field("discount_percent"), Value::Int(20));
    assert_eq!(world.field("discount_until"), Value::Time(world.clock.now() + TimeDelta::days(7)));
    assert_eq!(world.traces(), "fired:greet, fired:tell, fired:won");
    let hits = world.with(|engine| engine.automation().hits("count"));
    assert_eq!((hits.count, hits.last), (3, Some(world.clock.now())));
}

#[test]
fn limits_count_by_the_user() {
    for (limit, hours, expected) in [
        ("once ever", &[0, 1, 100, 10_000][..], "a - - -"),
        ("once per 30 days", &[0, 1, 719, 720, 721], "a - - a -"),
        ("2 per 24 hours", &[0, 1, 2, 23, 24, 25], "a a - - a a"),
        // the day of the user, who has Moscow's clock, begins twelve hours later
        ("2 per day", &[0, 1, 11, 12, 13, 14], "a a - a a -"),
    ] {
        let world = World::new(&format!("rules:\n  r: {{when: event open, limit: {limit}, then: [{{send: a}}]}}\n"));
        let begin = world.clock.now();
        let got: Vec<String> = hours
            .iter()
            .map(|hour| {
                world.to(begin + TimeDelta::hours(*hour));
                world.event("open");
                Some(world.sent()).filter(|sent| !sent.is_empty()).unwrap_or("-".into())
            })
            .collect();
        assert_eq!(got.join(" "), expected, "{limit}");
        world.restart();
        world.event("open");
        assert_eq!(world.sent(), "", "{limit}: what was used up stays so over a restart");
    }
}

#[test]
fn a_cascade_without_end_does_nothing_and_is_noted() {
    let world = World::new(
        "\
rules:
  one: {when: balance changes, then: [{add: {paid: 1}}, {send: a}, {start: stay}]}
  two: {when: paid changes, then: [{add: {balance: 1}}]}
drips:
  stay: {when: event won, steps: [{hello: {send: b}}, {wait: 1 day}]}
",
    );
    world.event("open");
    world.set("balance", Value::Int(5));
    assert_eq!(world.sent(), "");
    assert_eq!((world.field("balance"), world.field("paid")), (Value::Int(5), Value::Int(0)));
    assert_eq!(world.traces(), "cascade:");
    assert!(world.with(|engine| engine.automation().of(USER).is_none()));
    assert!(world.with(|engine| engine.automation().hits("one").failed) > 0);
    world.restart();
    assert_eq!((world.field("balance"), world.field("paid")), (Value::Int(5), Value::Int(0)));
}

const ONBOARDING: &str = "\
drips:
  onboarding:
    when: event open
    exit if: paid > 0
    goal: event pay within 7 days
    steps:
      - hello: {send: a}
      - wait: 1 day
      - nudge:
          if: balance = 0
          then: [{send: b}]
          else: [{send: c}]
      - answered:
          wait for: {event: won, up to: 2 days}
          then: [{tag: winner}]
          else: [{send: d}]
      - last: {send: bye}
";

#[test]
fn a_drip_goes_step_by_step() {
    let world = World::new(ONBOARDING);
    world.event("open");
    assert_eq!(world.sent(), "a");
    world.event("open");
    world.pass(DAY - TimeDelta(1));
    assert_eq!(world.sent(), "");
    world.pass(TimeDelta(1));
    assert_eq!(world.sent(), "b");
    world.pass(DAY + DAY);
    assert_eq!(world.sent(), "d bye");
    assert_eq!(world.traces(), "entered:onboarding, left:onboarding finished");
    world.event("open");
    assert_eq!(world.sent(), "", "again: never");
}

#[test]
fn a_drip_over_restarts_is_the_same() {
    let world = World::new(ONBOARDING);
    world.set("balance", Value::Int(1));
    world.restart();
    world.event("open");
    world.restart();
    assert_eq!(world.sent(), "a");
    world.pass(HOUR);
    world.restart();
    // the process was away when the wait was over
    world.clock.advance(DAY);
    world.restart();
    assert_eq!(world.sent(), "c");
    world.restart();
    world.event("won");
    assert_eq!(world.sent(), "bye");
    assert_eq!(world.field("tags"), Value::List([Arc::from("winner")].into()));
}

#[test]
fn the_goal_wins_over_the_exit_and_both_act_at_once() {
    for (rules, act, expected) in [
        ("", "pay", "goal"),
        ("rules:\n  count: {when: event won, then: [{add: {paid: 1}}]}\n", "won", "exited"),
        ("rules:\n  out: {when: event won, then: [{stop: onboarding}]}\n", "won", "stopped"),
    ] {
        let world = World::new(&format!("{rules}{ONBOARDING}"));
        world.event("open");
        assert_eq!(world.sent(), "a");
        if act == "pay" {
            world.set("balance", Value::Int(0));
        }
        world.event(act);
        assert!(world.traces().ends_with(&format!("left:onboarding {expected}")), "{act}: {}", world.traces());
        world.pass(TimeDelta::days(9));
        assert_eq!(world.sent(), "", "{act}");
    }
}

#[test]
fn times_in_fields_and_on_clocks_are_waited_for() {
    let world = World::new(
        "\
rules:
  renewal: {when: 3 days before until, if: 'plan = \"pro\"', then: [{send: a}]}
  after: {when: 1 hour after until, then: [{send: b}]}
drips:
  d:
    when: event open
    again: always
    steps:
      - wait until: 10:00 user time
      - one: {send: c}
      - wait until: until - 1 day
      - two: {send: d}
",
    );
    world.set("plan", Value::text("pro"));
    let set = |text: &str| world.set("until", Value::Time(t(text)));
    set("01-07 12:00");
    world.pass(TimeDelta::hours(49));
    assert_eq!(world.sent(), "b", "it was due before the field was set");
    set("01-20 12:00");
    world.pass(DAY);
    set("01-15 12:00");
    world.restart();
    assert_eq!(world.sent(), "");
    world.to(t("01-12 12:00"));
    world.with(|engine| engine.follow_clock().unwrap());
    assert_eq!(world.sent(), "a");
    world.event("open");
    world.pass(TimeDelta::hours(22));
    assert_eq!((world.sent(), world.clock.now()), ("c".to_owned(), t("01-13 10:00")));
    set("01-14 18:00");
    world.pass(TimeDelta::hours(8));
    assert_eq!(world.sent(), "d");
}

#[test]
fn schedules_run_once_in_each_zone() {
    let world = World::new(
        "\
rules:
  weekly: {when: every monday at 18:00 user time, for: not blocked, then: [{send: a}]}
  daily: {when: every day at 09:00, for: paid > 0, missed: skip, then: [{send: b}]}
  once: {when: once at 2026-01-07 10:00, for: true, limit: once ever, then: [{send: c}]}
policy: {missed: {send_within: 6 hours}}
tasks:
  backup: {when: every day at 05:00, then: [{backup: {keep: 2}}, {notify: done}]}
",
    );
    let users = |zone: &str, ids: std::ops::RangeInclusive<i64>| {
        for id in ids {
            world.patch(UserId(id), Patch::default().with("timezone", Value::text(zone)));
        }
    };
    users("Asia/Tokyo", 2..=3);
    users("America/New_York", 4..=4);
    world.set("paid", Value::Int(1));
    assert_eq!(world.sent(), "");
    // Tokyo's evening is over by now; Moscow's comes, then New York's
    world.pass(TimeDelta::hours(6));
    assert_eq!(world.sent(), "a");
    world.pass(TimeDelta::hours(8));
    assert_eq!(world.sent(), "a");
    world.pass(TimeDelta::hours(7));
    assert_eq!(world.sent(), "[done] b");
    world.pass(TimeDelta::hours(26));
    assert_eq!(world.sent(), "[done] b c c c c");
    // away over 9:00 and a Monday
    world.to(t("01-13 08:00"));
    world.restart();
    world.restart();
    let sent = world.sent();
    let mut words: Vec<&str> = sent.split(' ').collect();
    words.sort_unstable();
    assert_eq!(words, ["[done]", "a", "missed:a", "missed:a", "missed:a"], "{sent}");
}

#[test]
fn messages_wait_for_their_moment_and_go_with_the_drip() {
    let world = World::new(
        "\
rules:
  later: {when: event open, then: [{send: {template: a, after: 2 hours}}, {send: {template: b, at: 10:00}}]}
drips:
  d:
    when: event won
    exit if: paid > 0
    steps: [{one: {send: {template: c, after: 3 hours}}}, {wait: 1 day}]
",
    );
    world.event("open");
    world.event("won");
    world.restart();
    world.pass(TimeDelta::hours(2));
    assert_eq!(world.sent(), "a");
    world.set("paid", Value::Int(1));
    assert_eq!(world.sent(), "exited:c");
    world.pass(TimeDelta::hours(20));
    assert_eq!(world.sent(), "b");
}

#[test]
fn what_is_imported_changes_profiles_and_sends_nothing() {
    let world = World::new(
        "\
rules:
  count: {when: event pay, then: [{add: {paid: 1}}, {send: a}, {emit: {won: {n: 1}}}]}
  vip: {when: user enters vip, then: [{tag: vip}, {send: b}]}
drips:
  d: {when: event pay, steps: [{one: {send: c}}]}
",
    );
    for id in 1..=3 {
        let event =
            Event { id: format!("i{id}").into(), user: USER, name: "pay".into(), at: Time(id), properties: vec![] };
        world.with(|engine| engine.writer.commit(Transaction::events(vec![event]).imported()).unwrap());
    }
    assert_eq!((world.sent(), world.field("paid")), (String::new(), Value::Int(3)));
    assert_eq!(world.field("tags"), Value::List([Arc::from("vip")].into()));
}

#[test]
fn people_in_a_drip_stay_in_it_when_the_rules_change() {
    let drip = |steps: &str| format!("drips:\n  d:\n    when: event open\n    steps: [{steps}]\n");
    let begin = "{one: {send: a}}, {wait: 1 day}, {two: {send: b}}, {three: {send: c}}";
    for (then, after, expected) in [
        (begin, DAY, "b c"),
        ("{zero: {send: d}}, {one: {send: a}}, {wait: 1 day}, {two: {send: b}}", DAY, "b"),
        ("{one: {send: a}}, {three: {send: c}}", DAY, "c"),
        ("{two: {send: b}}, {one: {send: a}}, {three: {send: c}}", DAY, "b c"),
        ("{one: {send: a}}", TimeDelta::days(2), ""),
    ] {
        let world = World::new(&drip(begin));
        world.event("open");
        assert_eq!(world.sent(), "a");
        world.reload(&drip(then));
        world.restart();
        world.pass(after);
        assert_eq!(world.sent(), expected, "{then}");
    }
    let world = World::new(&drip(begin));
    world.event("open");
    world.reload("rules:\n  r: {when: event won, then: [{send: d}]}\n");
    world.pass(TimeDelta::hours(23));
    world.restart();
    world.reload(&drip(begin));
    world.pass(TimeDelta::hours(2));
    assert_eq!(world.sent(), "a b c", "parked for a while");
    let world = World::new(&drip(begin));
    world.event("open");
    world.reload("rules:\n  r: {when: event won, then: [{send: d}]}\n");
    world.pass(TimeDelta::hours(25));
    world.reload(&drip(begin));
    world.pass(TimeDelta::days(2));
    assert_eq!(world.sent(), "a", "gone for too long");
}

#[test]
fn a_rule_may_act_on_those_who_match_already() {
    let world = World::new("rules:\n  x: {when: event won, then: [{send: d}]}\n");
    for id in 1..=5 {
        world.patch(UserId(id), Patch::default().with("paid", Value::Int(3)));
    }
    let rule = "rules:\n  x: {when: user enters vip, backfill: true, then: [{send: a}]}\n";
    world.reload(rule);
    assert_eq!(world.sent(), "a a a a a");
    world.restart();
    world.reload(&rule.replace("[{send: a}]", "[{send: b}]"));
    assert_eq!(world.sent(), "", "once");
    world.reload("rules:\n  x: {when: user enters poor, backfill: true, then: [{send: a}]}\n");
    assert_eq!(world.sent(), "");
}

#[test]
fn the_same_store_rules_events_and_clock_make_the_same_decisions() {
    let run = || {
        let world = World::new(&format!(
            "rules:\n  r: {{when: event won, limit: once per day, then: [{{send: d}}, {{emit: {{pay: {{rub: 1.50}}}}}}]}}\n{ONBOARDING}"
        ));
        for _ in 0..3 {
            world.event("open");
            world.pass(TimeDelta::hours(30));
            world.event("won");
        }
        let pairs: Vec<_> = world.store.scan(b"", b"").map(Result::unwrap).collect();
        pairs
    };
    assert_eq!(run(), run());
}
