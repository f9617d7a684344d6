//! Series against the plain definition, computed from the list of all events.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use super::{Happened, Kind, Series, Wanted};
use crate::condition::{Fact, Window};
use crate::model::{EventId, Events, PropertyId, Time, TimeDelta, Type, Value};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use std::collections::BTreeSet;

const ROWS: u32 = 5;
const VISIT: EventId = EventId(7);
const BUY: EventId = EventId(8);
const POINTS: PropertyId = PropertyId(0);
const RUB: PropertyId = PropertyId(1);
const RATIO: PropertyId = PropertyId(2);

/// One event of one row.
#[derive(Clone, Debug)]
struct Past {
    row: u32,
    event: EventId,
    at: Time,
    properties: Vec<(PropertyId, Value)>,
}

/// A series and what it was told.
struct Check {
    series: Series,
    zone: TimeZone,
    events: Events,
    facts: Vec<Fact>,
    past: Vec<Past>,
}

fn events() -> Events {
    let mut events = Events::builtin();
    assert_eq!((events.add("visit", false), events.add("buy", false)), (VISIT, BUY));
    for event in [VISIT, BUY] {
        for (name, ty) in [("points", Type::Int), ("rub", Type::Money), ("ratio", Type::Float)] {
            events.add_property(event, name, ty).unwrap();
        }
    }
    events
}

fn at(text: &str) -> Time {
    let at: jiff::Timestamp = text.parse().unwrap();
    Time(at.as_millisecond())
}

fn facts(windows: &[Window]) -> Vec<Fact> {
    let mut facts = vec![Fact::First(BUY), Fact::Last(BUY), Fact::Last(VISIT)];
    for window in windows.iter().copied() {
        facts.push(Fact::Count { event: VISIT, window });
        facts.push(Fact::Count { event: BUY, window });
        facts.extend([POINTS, RUB, RATIO].map(|property| Fact::Sum { event: BUY, property, window }));
    }
    facts
}

fn windows() -> Vec<Window> {
    let hours = [1, 5, 24, 48].map(TimeDelta::hours);
    let odd = [TimeDelta::minutes(90), TimeDelta::hours(49)];
    let days = [3, 7, 30].map(TimeDelta::days);
    let all = hours.into_iter().chain(odd).chain(days).map(Window::Last);
    all.chain([Window::Ever]).collect()
}

impl Check {
    fn new(zone: &str, now: Time, facts: Vec<Fact>) -> Self {
        let zone = jiff::tz::db().get(zone).unwrap();
        let (mut series, events) = (Series::new(zone.clone(), now), events());
        series.extend(&facts, &events);
        series.recalled();
        series.grow(ROWS as usize);
        Self { series, zone, events, facts, past: Vec::new() }
    }

    fn all(&self) -> Vec<(Fact, u32, Value)> {
        let pairs = self.facts.iter().flat_map(|fact| (0..ROWS).map(move |row| (*fact, row)));
        pairs.map(|(fact, row)| (fact, row, self.series.value(&fact, row).unwrap())).collect()
    }

    fn add(&mut self, past: Past) {
        let before = self.all();
        let mut changed = Vec::new();
        self.series.add(past.row, happened(&past), &mut changed);
        let changed = changed.into_iter().map(|fact| (fact, past.row)).collect();
        self.past.push(past);
        self.check(&before, &changed);
    }

    fn advance(&mut self, now: Time) {
        let before = self.all();
        let changed = self.series.advance(now);
        assert!(changed.iter().all(|(_, rows)| rows.is_sorted_by(|a, b| a < b)));
        let changed = changed.into_iter().flat_map(|(fact, rows)| rows.into_iter().map(move |row| (fact, row)));
        self.check(&before, &changed.collect());
    }

    /// Everything is as it should be, and what changed was told.
    fn check(&self, before: &[(Fact, u32, Value)], changed: &BTreeSet<(Fact, u32)>) {
        for ((fact, row, new), (_, _, old)) in self.all().iter().zip(before) {
            let expected = self.expected(fact, *row, self.series.now());
            assert!(*new == expected, "{fact:?} of {row} is {new:?}, should be {expected:?}");
            assert!(new == old || changed.contains(&(*fact, *row)), "{fact:?} of {row} changed silently");
        }
    }

    /// The definition.
    fn expected(&self, fact: &Fact, row: u32, now: Time) -> Value {
        let own = |event| self.past.iter().filter(move |past| past.row == row && past.event == event);
        let inside = |window: Window, past: &Past| match window {
            Window::Ever => true,
            Window::Last(_) => window.start(now, &self.zone).is_none_or(|start| start <= past.at) && past.at <= now,
        };
        let time = |at: Option<Time>| at.map_or(Value::Missing, Value::Time);
        match *fact {
            Fact::Count { event, window } => Value::Int(own(event).filter(|past| inside(window, past)).count() as i64),
            Fact::Sum { event, property, window } => {
                let told = own(event).filter(|past| inside(window, past));
                let values = told.filter_map(|past| past.properties.iter().find(|(id, _)| *id == property));
                total(values.map(|(_, value)| value), property)
            }
            Fact::First(event) => time(own(event).map(|past| past.at).min()),
            Fact::Last(event) => time(own(event).map(|past| past.at).max()),
            _ => Value::Missing,
        }
    }

    /// A series that is filled from the past alone says the same.
    fn check_recalled(&self) {
        let mut fresh = Series::new(self.zone.clone(), self.series.now());
        fresh.extend(&self.facts, &self.events);
        recall(&mut fresh, &self.past);
        fresh.grow(ROWS as usize);
        for (fact, row, value) in self.all() {
            if fact.is_time_dependent() {
                let recalled = fresh.value(&fact, row).unwrap();
                assert!(recalled == value, "{fact:?} of {row}: {recalled:?}, was {value:?}");
            } else {
                fresh.set_total(row, &fact, &value);
                assert_eq!(fresh.value(&fact, row), Some(value));
            }
        }
    }

    /// Another moment: exact ahead, and back at the ends of hours.
    fn check_at(&self, now: Time) {
        for fact in self.facts.iter().filter(|fact| fact.is_time_dependent()) {
            let answers = self.series.column_at(fact, now).unwrap();
            for row in 0..ROWS {
                let (found, expected) = (answers.value(row), self.expected(fact, row, now));
                assert!(found == expected, "{fact:?} of {row} at {now:?}: {found:?}, not {expected:?}");
            }
        }
    }
}

fn happened(past: &Past) -> Happened<'_> {
    Happened { kind: Kind::Event(past.event), at: past.at, properties: &past.properties }
}

fn recall(series: &mut Series, past: &[Past]) {
    for Wanted { kind, since, .. } in series.wanted() {
        let wanted = past.iter().filter(|past| Kind::Event(past.event) == kind && past.at >= since);
        wanted.for_each(|past| series.recall(past.row, happened(past)));
    }
    series.recalled();
}

fn total<'a>(values: impl Iterator<Item = &'a Value>, property: PropertyId) -> Value {
    let (mut whole, mut float) = (0i128, 0.0);
    values.for_each(|value| match value {
        Value::Int(n) | Value::Money(n) => whole += i128::from(*n),
        Value::Float(x) => float += x,
        _ => {}
    });
    let whole = whole.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
    match property {
        POINTS => Value::Int(whole),
        RUB => Value::Money(whole),
        _ => Value::Float(float),
    }
}

#[derive(Clone, Debug)]
enum Op {
    Add { row: u32, buy: bool, ago: i64, points: Option<i64>, eighths: i64 },
    Advance(i64),
}

fn op() -> impl Strategy<Value = Op> {
    let minute = 60_000;
    let ago = prop_oneof![
        6 => 0..5 * minute,
        2 => -5 * minute..=0i64,
        2 => 0..50 * 60 * minute,
        1 => 0..40 * 1_440 * minute,
        1 => (0..800i64).prop_map(move |hours| hours * 60 * minute),
    ];
    let points = prop_oneof![4 => (-300..300i64).prop_map(Some), 1 => Just(None), 1 => Just(Some(i64::MAX - 5))];
    let step = prop_oneof![
        4 => 1..4 * minute,
        3 => 1..3 * 60 * minute,
        2 => 1..30 * 60 * minute,
        1 => 1..20 * 1_440 * minute,
    ];
    prop_oneof![
        3 => (0..ROWS, any::<bool>(), ago, points, -20..50i64)
            .prop_map(|(row, buy, ago, points, eighths)| Op::Add { row, buy, ago, points, eighths }),
        2 => step.prop_map(Op::Advance),
    ]
}

fn carry_out(check: &mut Check, op: &Op) {
    let now = check.series.now();
    match *op {
        Op::Advance(by) => check.advance(now + TimeDelta(by)),
        Op::Add { row, buy, ago, points, eighths } => {
            let mut properties = vec![(RATIO, Value::Float(eighths as f64 / 8.0))];
            properties.extend(points.map(|n| (POINTS, Value::Int(n))));
            properties
                .extend(points.map(|n| (RUB, Value::Money(n.saturating_mul(3) / 2))).filter(|_| eighths % 2 == 0));
            let event = if buy { BUY } else { VISIT };
            check.add(Past { row, event, at: now - TimeDelta(ago), properties });
        }
    }
}

/// Zones, each with moments before their clocks are set.
const STARTS: [(&str, &str); 12] = [
    ("UTC", "2026-01-05T12:34:56Z"),
    ("Europe/Moscow", "2026-02-27T20:30:00Z"),
    ("Europe/Berlin", "2026-03-28T20:30:00Z"),
    ("Europe/Berlin", "2026-10-24T20:30:00Z"),
    ("Asia/Kathmandu", "2026-01-05T18:10:00Z"),
    ("Asia/Kolkata", "2026-01-05T18:29:59.999Z"),
    ("Australia/Lord_Howe", "2026-04-04T14:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T14:50:00Z"),
    ("Asia/Beirut", "2026-03-28T21:50:00Z"),
    ("America/St_Johns", "2010-11-07T02:00:00Z"),
    ("America/Havana", "2026-11-01T03:00:00Z"),
    ("Pacific/Apia", "2011-12-29T20:00:00Z"),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn answers_are_those_of_the_definition(start in 0..STARTS.len(), ops in proptest::collection::vec(op(), 1..60)) {
        let (zone, now) = STARTS[start];
        let mut check = Check::new(zone, at(now), facts(&windows()));
        ops.iter().for_each(|op| carry_out(&mut check, op));
        check.check_recalled();
        check.check_at(check.series.now() + TimeDelta::minutes(3));
        check.check_at(check.series.now() + TimeDelta::hours(30));
    }

    #[test]
    fn facts_that_are_asked_later_know_the_past(
        start in 0..STARTS.len(),
        before in proptest::collection::vec(op(), 1..30),
        after in proptest::collection::vec(op(), 1..10),
        cut in 0..50usize,
    ) {
        let (zone, now) = STARTS[start];
        let all = facts(&windows()).into_iter().filter(|fact| fact.is_time_dependent()).collect::<Vec<_>>();
        let mut check = Check::new(zone, at(now), all[..cut.min(all.len())].to_vec());
        before.iter().for_each(|op| carry_out(&mut check, op));
        check.series.extend(&all, &check.events);
        recall(&mut check.series, &check.past);
        check.facts = all;
        let values = check.all();
        check.check(&values, &BTreeSet::new());
        after.iter().for_each(|op| carry_out(&mut check, op));
    }

    #[test]
    fn an_erased_row_is_as_new(ops in proptest::collection::vec(op(), 1..30), more in proptest::collection::vec(op(), 1..20)) {
        let mut check = Check::new("Europe/Berlin", at("2026-03-28T20:30:00Z"), facts(&windows()));
        ops.iter().for_each(|op| carry_out(&mut check, op));
        check.series.erase(2);
        check.past.retain(|past| past.row != 2);
        let values = check.all();
        check.check(&values, &BTreeSet::new());
        more.iter().for_each(|op| carry_out(&mut check, op));
    }
}

/// The events under a rulebook that declares them the other way round.
fn turned() -> Events {
    let mut events = Events::builtin();
    let (buy, visit) = (events.add("buy", false), events.add("visit", false));
    for event in [visit, buy] {
        for (name, ty) in [("ratio", Type::Float), ("points", Type::Int), ("rub", Type::Money)] {
            events.add_property(event, name, ty).unwrap();
        }
    }
    events
}

fn turn(fact: Fact) -> Fact {
    let event = |event| if event == BUY { VISIT } else { BUY };
    match fact {
        Fact::Count { event: of, window } => Fact::Count { event: event(of), window },
        Fact::Sum { event: of, property, window } => {
            Fact::Sum { event: event(of), property: PropertyId((property.0 + 1) % 3), window }
        }
        Fact::First(of) => Fact::First(event(of)),
        Fact::Last(of) => Fact::Last(event(of)),
        other => other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn another_rulebook_goes_on_with_what_is_kept(
        before in proptest::collection::vec(op(), 1..30),
        after in proptest::collection::vec(op(), 1..10),
        lost in 0..50usize,
    ) {
        let mut check = Check::new("Europe/Berlin", at("2026-03-28T20:30:00Z"), facts(&windows()));
        before.iter().for_each(|op| carry_out(&mut check, op));
        // forth with some facts less, and back with all of them
        let fewer: Vec<Fact> = check.facts.iter().copied().enumerate().filter(|(n, _)| *n != lost).map(|(_, f)| turn(f)).collect();
        let turned_series = check.series.clone().adopt(&check.events, &fewer, &turned());
        prop_assert!(turned_series.wanted().is_empty());
        for (fact, row, value) in check.all() {
            let found = turned_series.value(&turn(fact), row);
            prop_assert!(found == Some(value) || check.facts.get(lost) == Some(&fact));
        }
        let lost_total = check.facts.get(lost).copied().filter(|fact| !fact.is_time_dependent());
        let totals = check.all();
        check.series = turned_series.adopt(&turned(), &check.facts, &check.events);
        recall(&mut check.series, &check.past);
        for (fact, row, value) in totals.into_iter().filter(|(fact, ..)| Some(*fact) == lost_total) {
            check.series.set_total(row, &fact, &value);
        }
        let values = check.all();
        check.check(&values, &BTreeSet::new());
        after.iter().for_each(|op| carry_out(&mut check, op));
    }
}

#[test]
fn windows_that_hold_nothing_any_more_have_no_answer_for_the_past() {
    let day = Fact::Count { event: VISIT, window: Window::Last(TimeDelta::days(3)) };
    let check = Check::new("UTC", at("2026-01-20T12:00:00Z"), vec![day]);
    for (now, known) in
        [("2026-01-20T12:00:00Z", true), ("2026-01-19T12:00:00Z", true), ("2026-01-10T12:00:00Z", false)]
    {
        assert_eq!(check.series.column_at(&day, at(now)).is_some(), known, "{now}");
    }
    assert!(check.series.column_at(&Fact::First(VISIT), at("2026-01-20T12:00:00Z")).is_none());
}

#[test]
fn sums_of_floats_do_not_drift() {
    let sum = Fact::Sum { event: BUY, property: RATIO, window: Window::Last(TimeDelta::hours(24)) };
    let mut check = Check::new("UTC", at("2026-01-01T00:00:00Z"), vec![sum]);
    let properties = [(RATIO, Value::Float(0.1)), (POINTS, Value::Int(1))];
    for n in 0..24 * 60i32 {
        check.series.advance(check.series.now() + TimeDelta::hours(1));
        let event = Happened { kind: Kind::Event(BUY), at: check.series.now(), properties: &properties };
        check.series.add(0, event, &mut Vec::new());
        let Some(Value::Float(found)) = check.series.value(&sum, 0) else { panic!("a sum is a float") };
        assert!((found - f64::from((n + 1).min(25)) * 0.1).abs() < 1e-14, "{n}: {found}");
    }
    check.series.advance(check.series.now() + TimeDelta::hours(26));
    assert_eq!(check.series.value(&sum, 0), Some(Value::Float(0.0)));
}

#[test]
fn buckets_go_when_no_window_reaches_them() {
    let hour = Fact::Count { event: VISIT, window: Window::Last(TimeDelta::hours(24)) };
    let mut check = Check::new("UTC", at("2026-01-01T00:00:00Z"), vec![hour]);
    let mut most = 0;
    for n in 0..24 * 200 {
        let now = check.series.now() + TimeDelta::minutes(30);
        check.series.advance(now);
        let event = Happened { kind: Kind::Event(VISIT), at: now, properties: &[] };
        check.series.add(n % ROWS, event, &mut Vec::new());
        most = most.max(check.series.memory());
    }
    assert!(most < 64 << 10, "{most} bytes");
}
