//! Whatever happens, what is kept live is what judging from scratch says.

use crate::support::{Base, DAY, HOUR, MINUTE, Model, NOW, delivery, patch, rulebook_of};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;
use vestnik::audience::Changes;
use vestnik::condition::{self, Columns, Fact, Row};
use vestnik::model::{Delivery, Event, Patch, SegmentId, Time, UserId, Value};
use vestnik::rulebook::Rulebook;

const RULES: &str = r#"
profile:
  balance: int
  spent: money
  ratio: float
  paid_at: time
  ends_at: time
  code: string
  tariff: {type: enum, values: [free, start, pro]}
  trial: bool
  visits: {type: int, default: 1}
  idle: {type: int, is: days_since(last_seen_at)}
  left: {type: int, is: "coalesce(days_until(ends_at), 0)"}
  worth: {type: float, is: balance * 1.5 + visits}
  stage: {type: string, is: "coalesce(code, tariff)"}
  big: {type: bool, is: segment(rich) and worth > 10}
  early: {type: bool, is: "hour(now) < 12"}
  last_at: {type: time, is: "max(paid_at, last_seen_at)"}
events:
  lesson: {score: int}
lifecycle:
  - lost: last_at older than 30 days
  - rich: segment(rich)
  - active: last_seen_at within 1 day
  - rest: else
segments:
  all: "true"
  rich: balance > 5
  poor: not (balance > 5)
  both: segment(rich) and big
  beta: tags contains "beta" and not blocked
  known: code starts with "a" or tariff = "pro"
  recent: last_seen_at within 7 days
  soon: ends_at within next 3 days
  old: paid_at older than 30 days
  at_end: ends_at <= now
  amid: ends_at between 1 hour ago and 2 days from now
  apart: now - paid_at > 10 days and ends_at - paid_at < 60 days
  twice: paid_at - now < now - ends_at
  idle_month: days_since(last_seen_at) >= 30
  three_days: days_until(ends_at) = 3
  many: days_since(paid_at) > 2.5 and days_until(ends_at) between -1 and 1
  stale: idle > 3
  this_day: last_seen_at >= today
  since_midnight: now - today > 6 hours
  morning: hour(now) between 6 and 11 and weekday(now) < 6
  shifted: segment(minute_like) or day(now - 30 minutes) = 5
  minute_like: coalesce(paid_at, now) < 5 minutes ago
  local: hour(last_seen_at) > 12
  from_list: last_seen_at in [now, today, paid_at]
  never: "(now - paid_at) is missing"
  sorted: lifecycle = "lost" or lifecycle = "rest"
  paying: count(payment, 30 days) >= 2 and balance < 50
  hourly: count(payment, 3 hours) > 0
  spender: sum(payment.rub, 7 days) > 10 and count(lesson) > 0
  lapsed: last(payment) older than 2 days
  newcomer: first(payment) within 5 days
  scored: sum(lesson.score, 2 days) > 3 or sum(lesson.score) > 9
  told: received(hello, 2 days) > 0
  told_often: received(hello) >= 2 and received(other, 5 hours) = 0
  tapped: clicked(hello, 3 days) / received(hello, 3 days) >= 0.5
  tapper: clicked(other) > 1 or clicked(other, 1 hour) > 0
  scripted: {if: {script: "s.rhai:rich"}}
  timed: {if: {script: "s.rhai:late"}}
"#;
const SCRIPT: &str =
    "fn rich(user) { user.balance > 2 && user.visits > 1 }\nfn late(user, now) { user.paid_at < now }\n";

/// What the outbox tells; of the last ones no condition can ask.
const MESSAGES: [Delivery<'static>; 6] = [
    Delivery::Received("hello"),
    Delivery::Received("other"),
    Delivery::Clicked("hello"),
    Delivery::Clicked("other"),
    Delivery::Part("hello"),
    Delivery::Received("gone"),
];
const FILES: [(&str, &str); 4] = [
    ("rules/x.yaml", RULES),
    ("rules/s.rhai", SCRIPT),
    ("templates/hello.html", "Hello"),
    ("templates/other.html", "Other"),
];

#[derive(Clone, Debug)]
enum Step {
    Patch(i64, Vec<(&'static str, Value)>),
    /// Of whom, a payment or a lesson, how long ago in hours, how much.
    Event(i64, bool, i64, i64),
    /// Of whom, which of the messages, how long ago in hours.
    Message(i64, Delivery<'static>, i64),
    /// So many minutes, then so many milliseconds before the next patch.
    Pass(i64, i64),
}

fn moment() -> BoxedStrategy<Value> {
    let spans = prop::sample::select(vec![0, HOUR, 12 * HOUR, DAY, 3 * DAY, 7 * DAY, 10 * DAY, 30 * DAY, 60 * DAY]);
    let near = (spans, any::<bool>(), prop::sample::select(vec![-MINUTE, -1, 0, 1, 500, MINUTE, HOUR]));
    prop_oneof![
        8 => near.prop_map(|(span, after, more)| Value::Time(Time(NOW.0 + if after { span } else { -span } + more))),
        1 => prop::sample::select(vec![i64::MIN, i64::MIN + NOW.0 + MINUTE, i64::MAX - NOW.0 - DAY, i64::MAX, 0])
            .prop_map(|at| Value::Time(Time(at))),
        1 => Just(Value::Missing),
    ]
    .boxed()
}

fn set() -> BoxedStrategy<(&'static str, Value)> {
    let of = |name: &'static str, values: Vec<Value>| {
        prop::sample::select(values).prop_map(move |value| (name, value)).boxed()
    };
    let ints = || [-1, 0, 2, 3, 6, 40].map(Value::Int).into_iter().chain([Value::Missing]).collect::<Vec<_>>();
    let texts = |texts: &[&str]| texts.iter().map(|t| Value::text(*t)).chain([Value::Missing, Value::Int(1)]).collect();
    let list = |items: &[&str]| Value::List(items.iter().map(|t| Arc::from(*t)).collect());
    let moments = ["paid_at", "ends_at", "last_seen_at"].map(|name| moment().prop_map(move |at| (name, at)).boxed());
    prop_oneof![
        2 => of("balance", ints()),
        1 => of("visits", ints()),
        1 => of("spent", vec![Value::Money(5), Value::Money(1_000), Value::Missing]),
        1 => of("ratio", vec![Value::Float(0.5), Value::Float(-2.0)]),
        1 => of("code", texts(&["a", "ab", "b", ""])),
        1 => of("tariff", texts(&["free", "pro", "gold"])),
        1 => of("trial", vec![Value::Bool(true), Value::Bool(false), Value::Missing]),
        1 => of("tags", vec![list(&["beta", "x"]), list(&[]), list(&["x", "x"]), Value::Missing]),
        1 => of("reach", texts(&["reachable", "blocked", "deactivated", "gone"])),
        1 => of("blocked", vec![Value::Bool(true)]),
        1 => of("timezone", texts(&["Asia/Kathmandu", "America/New_York", "Nowhere/Else"])),
        1 => of("worth", vec![Value::Float(99.0)]),
        1 => of("nothing", vec![Value::Int(1)]),
        6 => prop_oneof![moments[0].clone(), moments[1].clone(), moments[2].clone()],
    ]
    .boxed()
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let minutes = prop_oneof![4 => 0i64..3, 3 => 3i64..70, 3 => 70i64..1_500, 2 => 1_440i64..50_000];
    let step = prop_oneof![
        3 => (1i64..6, prop::collection::vec(set(), 0..4)).prop_map(|(user, sets)| Step::Patch(user, sets)),
        2 => (1i64..6, any::<bool>(), prop::sample::select(vec![0i64, 0, 1, 5, 30, 200]), -3i64..9)
            .prop_map(|(user, pays, ago, score)| Step::Event(user, pays, ago, score)),
        2 => (1i64..6, prop::sample::select(MESSAGES.to_vec()), prop::sample::select(vec![0i64, 0, 1, 5, 30, 200]))
            .prop_map(|(user, told_of, ago)| Step::Message(user, told_of, ago)),
        2 => (minutes, 0i64..MINUTE).prop_map(|(minutes, more)| Step::Pass(minutes, more)),
    ];
    prop::collection::vec(step, 1..30)
}

/// Who is where, as the changes told it.
#[derive(Default)]
struct Told(BTreeSet<(i64, SegmentId)>);

impl Told {
    fn take(&mut self, changes: &Changes) {
        for segment in &changes.entered {
            assert!(self.0.insert((changes.user.0, *segment)), "{segment:?} entered twice");
        }
        for segment in &changes.left {
            assert!(self.0.remove(&(changes.user.0, *segment)), "{segment:?} left twice");
        }
        assert!(changes.fields.iter().all(|(_, old, new)| old != new));
    }
}

fn run(rulebook: &Arc<Rulebook>, stored: usize, steps: &[Step]) {
    let (base, mut model, mut told) = (Base::new(), Model::default(), Told::default());
    let mut now = NOW;
    let (before, after) = steps.split_at(stored.min(steps.len()));
    for step in before {
        if let Step::Patch(user, sets) = step {
            let patch = patch(sets);
            base.commit(*user, &patch);
            model.apply(rulebook, *user, &patch);
        }
    }
    let audience = base.audience(rulebook);
    model.agrees(&audience, now);
    for segment in rulebook.segments() {
        told.0.extend(audience.members(segment.id).into_iter().map(|user| (user, segment.id)));
    }
    for step in after {
        match step {
            Step::Patch(user, sets) => {
                let patch = patch(sets);
                let known = model.profiles.contains_key(user);
                model.apply(rulebook, *user, &patch);
                let changes = audience.apply(UserId(*user), &patch, now);
                assert_eq!(changes.new, !known);
                told.take(&changes);
                if now.0 % MINUTE == 0 {
                    model.agrees(&audience, now);
                }
            }
            Step::Event(user, pays, ago, score) => {
                let id = format!("e{}", model.events.len());
                let event = event(&id, *user, *pays, Time(now.0 - ago * HOUR), *score);
                model.happened(rulebook, &event);
                told.take(&audience.happened(&event, now));
                if now.0 % MINUTE == 0 {
                    model.agrees(&audience, now);
                }
            }
            Step::Message(user, told_of, ago) => {
                let id = format!("e{}", model.events.len());
                let event = delivery(&id, *user, *told_of, Time(now.0 - ago * HOUR));
                model.happened(rulebook, &event);
                told.take(&audience.happened(&event, now));
                if now.0 % MINUTE == 0 {
                    model.agrees(&audience, now);
                }
            }
            Step::Pass(minutes, more) => {
                now = Time((now.0.div_euclid(MINUTE) + 1 + minutes) * MINUTE);
                audience.advance(now).iter().for_each(|changes| told.take(changes));
                model.agrees(&audience, now);
                now = Time(now.0 + more);
            }
        }
    }
    now = Time((now.0.div_euclid(MINUTE) + 1) * MINUTE);
    audience.advance(now).iter().for_each(|changes| told.take(changes));
    model.agrees(&audience, now);
    for segment in rulebook.segments() {
        let members: Vec<i64> = told.0.iter().filter(|(_, id)| *id == segment.id).map(|(user, _)| *user).collect();
        assert_eq!(audience.members(segment.id), members, "{}", segment.name);
    }
    passes_agree(&model, &audience, None, now);
    let later = Time(now.0 + 9 * DAY + 12_345);
    // Windows are kept for the live moment alone.
    if model.events.is_empty() {
        passes_agree(&model, &audience, Some(later), later);
    }
}

fn event(id: &str, user: i64, pays: bool, at: Time, score: i64) -> Event {
    let (name, property) = if pays { ("payment", "rub") } else { ("lesson", "score") };
    let value = if pays { Value::Money(score * 150) } else { Value::Int(score) };
    Event { id: id.into(), user: UserId(user), name: name.into(), at, properties: vec![(property.into(), value)] }
}

/// Everybody at once, column by column and row by row.
fn passes_agree(model: &Model, audience: &vestnik::audience::Audience, at: Option<Time>, now: Time) {
    let rulebook = audience.rulebook();
    audience.with_pass(at, |pass| {
        assert_eq!((pass.rows(), pass.now()), (model.profiles.len(), now));
        for row in 0..pass.rows() {
            let user = pass.user(row as u32).unwrap();
            let recorded = |fact: &Fact| model.recorded(&rulebook, user.0, fact, now);
            let view = rulebook.view(&model.profiles[&user.0], now).with(&recorded);
            let judged = pass.row(row);
            for (id, field) in rulebook.schema.iter() {
                assert_eq!(judged.field(id), view.field(id), "{}", field.name);
                if let condition::Column::Bits { bits, set } = pass.field(id) {
                    assert_eq!(bits[row / 64] >> (row % 64) & 1 == 1, view.field(id) == &Value::Bool(true));
                    assert!(
                        set.is_none() || !view.field(id).is_missing() || set.unwrap()[row / 64] >> (row % 64) & 1 == 0
                    );
                }
            }
            for segment in rulebook.segments() {
                let member = pass.segment(segment.id)[row / 64] >> (row % 64) & 1 == 1;
                assert_eq!(member, view.in_segment(segment.id), "{} at {}", segment.name, now.rfc3339());
                assert_eq!(judged.in_segment(segment.id), member);
            }
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_live_is_what_judging_from_scratch_says(stored in 0usize..10, steps in steps()) {
        thread_local! {
            static RULEBOOK: Arc<Rulebook> = rulebook_of(&FILES);
        }
        RULEBOOK.with(|rulebook| run(rulebook, stored, &steps));
    }
}

#[test]
fn patches_of_nothing_make_users() {
    let rulebook = rulebook_of(&FILES);
    run(&rulebook, 0, &[Step::Patch(3, Vec::new()), Step::Patch(1, Vec::new()), Step::Pass(50_000, 0)]);
    let audience = Base::new().audience(&rulebook);
    assert!(audience.apply(UserId(1), &Patch::new(), NOW).new);
    assert!(audience.apply(UserId(1), &Patch::new(), NOW).is_empty());
}
