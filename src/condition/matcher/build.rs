//! Making a matcher: conditions are taken apart into tests of single fields,
//! and each axis is swept once from its lowest piece to its highest.

use super::axis::{Axis, Place, States};
use super::ranges::{NOTHING, Range, Ranges, ordered, reach};
use super::{BITS, Matcher, all};
use crate::condition::Condition;
use crate::condition::quick::Leaf;
use crate::model::{FieldId, SegmentId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What an axis measures.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Measure {
    Presence(FieldId),
    Flag(FieldId),
    Segment(SegmentId),
    Whole(FieldId),
    Float(FieldId),
    Moment(FieldId),
    Text(FieldId),
}

/// A test on an axis; `expected` says whether it must hold or must not.
enum Test {
    Bool { expected: bool },
    Range { range: Range, expected: bool },
    Texts { texts: Box<[Arc<str>]>, expected: bool },
}

/// The tests of an axis, by condition.
type Tests = BTreeMap<u32, Vec<Test>>;

pub(super) fn matcher(conditions: &[Condition], room: usize) -> Matcher {
    let mut axes: BTreeMap<Measure, Tests> = BTreeMap::new();
    let mut ends: BTreeMap<Measure, (i64, i64)> = BTreeMap::new();
    let mut unsettled = vec![0; conditions.len().div_ceil(BITS)];
    for (place, condition) in (0u32..).zip(conditions) {
        let mut is_settled = true;
        condition.quick.conjuncts(true, &mut |leaf, expected| {
            let Some(leaf) = leaf else { return is_settled = false };
            let (measure, test) = test(leaf, expected);
            if let Leaf::Moment { by, .. } = leaf {
                let (least, most) = ends.entry(measure).or_insert((by.0, by.0));
                (*least, *most) = ((*least).min(by.0), (*most).max(by.0));
            }
            axes.entry(measure).or_default().entry(place).or_default().push(test);
        });
        if !is_settled {
            turn(&mut unsettled, place);
        }
    }
    let sweep = Sweep { conditions: conditions.len(), room };
    let axis = |(measure, tests)| sweep.axis(measure, ends.get(&measure).copied().unwrap_or_default(), &tests);
    let axes = axes.into_iter().map(axis).collect();
    Matcher { conditions: conditions.into(), axes, unsettled: unsettled.into() }
}

fn test(leaf: &Leaf, expected: bool) -> (Measure, Test) {
    let range = |(range, inside): (Range, bool)| Test::Range { range, expected: expected == inside };
    match leaf {
        Leaf::Flag(id) => (Measure::Flag(*id), Test::Bool { expected }),
        Leaf::Missing(id) => (Measure::Presence(*id), Test::Bool { expected }),
        Leaf::Segment(id) => (Measure::Segment(*id), Test::Bool { expected }),
        Leaf::Whole { field, low, high } => (Measure::Whole(*field), range(((*low, *high), true))),
        Leaf::Float { field, relation, constant } => {
            let never = Test::Range { range: NOTHING, expected: true };
            let test = ordered(*constant).map_or(never, |at| range(reach(*relation, at)));
            (Measure::Float(*field), test)
        }
        Leaf::OneOf { field, texts } => (Measure::Text(*field), Test::Texts { texts: texts.clone(), expected }),
        Leaf::Moment { field, relation, by } => (Measure::Moment(*field), range(reach(*relation, by.0))),
    }
}

struct Sweep {
    conditions: usize,
    room: usize,
}

impl Sweep {
    fn axis(&self, measure: Measure, ends: (i64, i64), tests: &Tests) -> Axis {
        let (place, states) = match measure {
            Measure::Presence(id) => (Place::Presence(id), self.bools(tests, &[Some(false), Some(true)])),
            Measure::Segment(id) => (Place::Segment(id), self.bools(tests, &[Some(false), Some(true)])),
            Measure::Flag(id) => (Place::Flag(id), self.bools(tests, &[None, Some(false), Some(true)])),
            Measure::Text(field) => {
                let (texts, states) = self.texts(tests);
                (Place::Text { field, texts }, states)
            }
            Measure::Whole(field) => {
                let (starts, states) = self.pieces(tests);
                (Place::Whole { field, starts }, states)
            }
            Measure::Float(field) => {
                let (starts, states) = self.pieces(tests);
                (Place::Float { field, starts }, states)
            }
            Measure::Moment(field) => {
                let (starts, states) = self.pieces(tests);
                (Place::Moment { field, starts, ends }, states)
            }
        };
        Axis { place, states }
    }

    /// The row in which the conditions of this axis are true that `holds` says,
    /// and all others.
    fn row(&self, tests: &Tests, holds: impl Fn(&[Test]) -> bool) -> Vec<u64> {
        let mut row = all(self.conditions);
        tests.iter().filter(|(_, tests)| !holds(tests)).for_each(|(place, _)| turn(&mut row, *place));
        row
    }

    fn states(&self) -> States {
        States::new(self.conditions.div_ceil(BITS))
    }

    fn bools(&self, tests: &Tests, values: &[Option<bool>]) -> States {
        let mut states = self.states();
        for value in values {
            let is = |test: &Test| matches!(test, Test::Bool { expected } if *value == Some(*expected));
            states.push_row(&self.row(tests, |tests| tests.iter().all(is)));
        }
        states
    }

    fn texts(&self, tests: &Tests) -> (HashMap<Arc<str>, u32>, States) {
        let mut asked: BTreeMap<Arc<str>, BTreeSet<u32>> = BTreeMap::new();
        for (place, tests) in tests {
            for test in tests {
                let Test::Texts { texts, .. } = test else { continue };
                for text in texts {
                    asked.entry(text.clone()).or_default().insert(*place);
                }
            }
        }
        let is = |text: Option<&Arc<str>>, tests: &[Test]| {
            tests.iter().all(|test| match test {
                Test::Texts { texts, expected } => text.is_some_and(|text| texts.contains(text)) == *expected,
                Test::Bool { .. } | Test::Range { .. } => false,
            })
        };
        let mut states = self.states();
        states.push_row(&self.row(tests, |_| false));
        let other = self.row(tests, |tests| is(None, tests));
        states.push_row(&other);
        let mut numbers = HashMap::new();
        for ((text, places), number) in asked.into_iter().zip(2u32..) {
            let different = |place: &u32| is(Some(&text), &tests[place]) != is(None, &tests[place]);
            let turned: Vec<u32> = places.into_iter().filter(different).collect();
            if turned.len() > other.len() && states.size() < self.room {
                let mut row = other.clone();
                turned.iter().for_each(|place| turn(&mut row, *place));
                states.push_row(&row);
            } else {
                states.push_beside(1, &turned);
            }
            numbers.insert(text, number);
        }
        (numbers, states)
    }

    fn pieces(&self, tests: &Tests) -> (Box<[i64]>, States) {
        let mut turns: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
        let mut row = self.row(tests, |_| false);
        let mut states = self.states();
        states.push_row(&row);
        for (place, tests) in tests {
            for (low, high) in where_all_hold(tests).iter() {
                match *low {
                    i64::MIN => turn(&mut row, *place),
                    low => turns.entry(low).or_default().push(*place),
                }
                if let Some(end) = high.checked_add(1) {
                    turns.entry(end).or_default().push(*place);
                }
            }
        }
        states.push_row(&row);
        let every = (turns.len() * row.len()).div_ceil(self.room.max(1)).max(1);
        for (n, turned) in (1..).zip(turns.values()) {
            turned.iter().for_each(|place| turn(&mut row, *place));
            if n % every == 0 {
                states.push_row(&row);
            } else {
                states.push_turned(turned);
            }
        }
        (turns.into_keys().collect(), states)
    }
}

fn where_all_hold(tests: &[Test]) -> Ranges {
    let mut ranges = Ranges::all();
    for test in tests {
        match test {
            Test::Range { range, expected: true } => ranges.keep(*range),
            Test::Range { range, expected: false } => ranges.drop(*range),
            Test::Bool { .. } | Test::Texts { .. } => ranges.keep(NOTHING),
        }
    }
    ranges
}

fn turn(row: &mut [u64], place: u32) {
    row[place as usize / BITS] ^= 1 << (place as usize % BITS);
}
