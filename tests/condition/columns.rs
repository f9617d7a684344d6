//! The answer for everybody at once, held to the answer for each and to the
//! plain interpreter.

use crate::hall::{Hall, Shape, mask, rows};
use crate::project::{Project, User};
use crate::robustness::{World, logic, money, numbers, strings, times, world};
use proptest::prelude::*;
use vestnik::condition::{Answers, Condition, Expression, Selection, Tally, Truth, check, check_value, parse};
use vestnik::model::{Time, TimeDelta, Type, Value};

/// How many rows, and how many of those are without a user.
const SIZES: [usize; 9] = [0, 1, 63, 64, 65, 200, 1_024, 1_100, 9_000];

fn shapes() -> impl Strategy<Value = Shape> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(narrow, coded, same)| Shape { narrow, coded, same })
}

/// A few users, and which of them stands in each row.
fn crowd() -> impl Strategy<Value = (Vec<World>, usize, u64)> {
    let size = prop_oneof![8 => 1usize..7, 1 => 7usize..9, 8 => Just(4usize)];
    (prop::collection::vec(world(), 1..12), size, any::<u64>())
}

/// The users of the rows; all live in the same project at the same moment.
fn placed<'p>(people: &'p [User<'p>], size: usize, seed: u64) -> Vec<Option<&'p User<'p>>> {
    let mut state = seed | 1;
    let mut draw = |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % n as u64) as usize
    };
    let gaps = seed.is_multiple_of(3);
    (0..SIZES[size]).map(|_| if gaps && draw(5) == 0 { None } else { Some(&people[draw(people.len())]) }).collect()
}

fn people<'p>(worlds: &[World], project: &'p Project) -> Vec<User<'p>> {
    let now = worlds[0].user(project).now;
    worlds.iter().map(|world| User { now, ..world.user(project) }).collect()
}

/// What is wrong with the answers for everybody.
pub fn wrong(condition: &Condition, users: &[Option<&User<'_>>], shape: Shape) -> Option<String> {
    let hall = Hall::of_condition(users, shape, condition);
    let expected = |wanted: Truth| {
        // Few users stand in many rows.
        let mut known: Vec<(*const User<'_>, Truth)> = Vec::new();
        mask(users.iter().map(|user| {
            user.is_some_and(|user| match known.iter().find(|(at, _)| std::ptr::eq(*at, user)) {
                Some((_, truth)) => *truth == wanted,
                None => {
                    let truth = condition.judge(user);
                    known.push((user, truth));
                    truth == wanted
                }
            })
        }))
    };
    let expected = Selection { holds: expected(Truth::True), unknown: expected(Truth::Unknown) };
    let count = |words: &[u64]| words.iter().map(|word| u64::from(word.count_ones())).sum();
    let tally = Tally { holds: count(&expected.holds), unknown: count(&expected.unknown) };
    let half = users.len() / 2 / 64 * 64;
    let parts = [condition.select_both_in(&hall, 0..half), condition.select_both_in(&hall, half..users.len())];
    let both = condition.select_both(&hall);
    let agree = [
        ("select", condition.select(&hall) == expected.holds),
        ("select_both", both == expected),
        ("tally", condition.tally(&hall) == tally),
        ("count", condition.count(&hall) == tally.holds),
        ("holds by parts", [&parts[0].holds[..], &parts[1].holds].concat() == expected.holds),
        ("unknown by parts", [&parts[0].unknown[..], &parts[1].unknown].concat() == expected.unknown),
    ];
    agree.iter().find(|(_, same)| !same).map(|(what, _)| {
        format!(
            "{what} of {}: {:?}; found {:?}, unknown {:?}; expected {:?}, unknown {:?}",
            condition.text(),
            shape,
            rows(&both.holds, 0..users.len().min(70)),
            rows(&both.unknown, 0..users.len().min(70)),
            rows(&expected.holds, 0..users.len().min(70)),
            rows(&expected.unknown, 0..users.len().min(70)),
        )
    })
}

/// The value that the answers give for a row.
fn value(answers: &Answers, row: usize, ty: &Type) -> Value {
    let is = |words: &[u64]| words[row / 64] >> (row % 64) & 1 == 1;
    match answers {
        Answers::Bits { bits, set } if is(set) => Value::Bool(is(bits)),
        Answers::Floats { values, set } if is(set) => Value::Float(values[row]),
        Answers::Whole { values, set } if is(set) => match ty {
            Type::Money => Value::Money(values[row]),
            Type::Time => Value::Time(Time(values[row])),
            Type::Duration => Value::Duration(TimeDelta(values[row])),
            _ => Value::Int(values[row]),
        },
        Answers::Bits { .. } | Answers::Floats { .. } | Answers::Whole { .. } => Value::Missing,
        Answers::Values(values) => values[row].clone(),
    }
}

/// What is wrong with the values for everybody.
fn wrong_values(expression: &Expression, users: &[Option<&User<'_>>], shape: Shape) -> Option<String> {
    let hall = Hall::of_expression(users, shape, expression);
    let answers = expression.evaluate_all(&hall, 0..users.len());
    users.iter().enumerate().find_map(|(row, user)| {
        let expected = user.map_or(Value::Missing, |user| expression.evaluate(user));
        let found = value(&answers, row, expression.ty());
        let same = match (&found, &expected) {
            (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
            (a, b) => a == b,
        };
        (!same).then(|| format!("{}, {shape:?}: row {row} is {found:?}, not {expected:?}", expression.text()))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn columns_agree_with_rows((text, (worlds, size, seed), shape) in (logic(3), crowd(), shapes())) {
        let project = worlds[0].project();
        let people = people(&worlds, &project);
        let users = placed(&people, size, seed);
        let condition = parse(&text).ok().and_then(|ast| check(&ast, &project).0).unwrap();
        prop_assert_eq!(wrong(&condition, &users, shape), None);
    }

    #[test]
    fn values_of_columns_agree_with_rows(
        (text, (worlds, size, seed), shape) in (
            prop_oneof![3 => numbers(3), 2 => money(3), 1 => strings(2), 1 => times(3), 1 => logic(1)],
            crowd(),
            shapes(),
        )
    ) {
        let project = worlds[0].project();
        let people = people(&worlds, &project);
        let users = placed(&people, size, seed);
        let ast = parse(&text).unwrap();
        let expression = check_value(&ast, None, &project).0.unwrap();
        prop_assert_eq!(wrong_values(&expression, &users, shape), None);
    }
}
