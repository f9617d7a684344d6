//! The answer for everybody at once, held to the answer for each and to the
//! plain interpreter.

use crate::hall::{Hall, Shape, mask, rows};
use crate::project::{NOW, Project, User};
use crate::reference;
use crate::robustness::{World, logic, money, numbers, strings, times, world};
use proptest::prelude::*;
use vestnik::condition::{Answers, Condition, Expression, Selection, Tally, Truth, check, check_value, parse};
use vestnik::model::{Time, TimeDelta, Type, Value};

/// How many rows, and how many of those are without a user.
const SIZES: [usize; 9] = [0, 1, 63, 64, 65, 200, 1_024, 1_100, 9_000];

/// Shapes that differ in everything.
pub const SHAPES: [Shape; 3] = [
    Shape { narrow: true, coded: true, same: false },
    Shape { narrow: false, coded: false, same: false },
    Shape { narrow: true, coded: false, same: true },
];

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

fn compiled(text: &str, project: &Project) -> Condition {
    check(&parse(text).unwrap(), project).0.unwrap_or_else(|| panic!("{text}"))
}

#[test]
fn constants_at_the_ends_of_their_types() {
    let project = Project::new();
    let ends = [i64::MIN, i64::MIN + 1, -128, -1, 0, 1, 127, 128, (1 << 53) + 1, i64::MAX - 1, i64::MAX];
    let values = |field: &str, x: i64| match field {
        "revenue" => Value::Money(x),
        "balance" => Value::Float(x as f64),
        _ => Value::Int(x),
    };
    for field in ["paid_count", "revenue", "balance"] {
        let user = |x: i64| project.user(&[(field, values(field, x))]);
        let all: Vec<User<'_>> = ends.into_iter().map(user).collect();
        let small: Vec<User<'_>> = [-128, -3, 0, 2, 127].into_iter().map(user).collect();
        for constant in ends.map(|x| x.to_string()).into_iter().chain(["2.5".into(), "-3".into()]) {
            for relation in ["=", "!=", "<", "<=", ">", ">="] {
                let texts = [
                    format!("{field} {relation} {constant}"),
                    format!("{constant} {relation} {field}"),
                    format!("{field} + 1 {relation} {constant}"),
                    format!("1 - {field} {relation} {constant}"),
                    format!("3 * {field} {relation} {constant}"),
                    format!("-{field} * 2 - 5 {relation} {constant}"),
                ];
                for text in texts.iter().filter(|text| check(&parse(text).unwrap(), &project).0.is_some()) {
                    let condition = compiled(text, &project);
                    for (shape, users) in SHAPES.into_iter().zip([&all, &all, &small]).chain([(SHAPES[0], &small)]) {
                        let users: Vec<Option<&User<'_>>> = users.iter().map(Some).collect();
                        assert_eq!(wrong(&condition, &users, shape), None);
                    }
                }
            }
        }
    }
}

#[test]
fn moments_beyond_the_reach_of_time() {
    let project = Project::new();
    for now in [i64::MIN, i64::MIN + 1, 0, NOW.0, i64::MAX - 1, i64::MAX] {
        let moments = [i64::MIN, i64::MIN + 1, 0, 1_000, -1, NOW.0, NOW.0 - 86_400_000, i64::MAX - 1, i64::MAX];
        let user = |at| User { now: Time(now), ..project.user(&[("last_seen_at", Value::Time(Time(at)))]) };
        let all: Vec<User<'_>> = moments.into_iter().map(user).collect();
        let seconds: Vec<User<'_>> = [0, 1_000, NOW.0, NOW.0 - 86_400_000].into_iter().map(user).collect();
        for text in [
            "last_seen_at within 7 days",
            "last_seen_at not within next 7 days",
            "last_seen_at older than 7 days",
            "now <= last_seen_at",
            "last_seen_at != 1 day ago",
            "last_seen_at between 1 day ago and 1 day from now",
            "last_seen_at >= 100_000_000_000 days ago",
            "days_since(last_seen_at) >= 1",
            "days_until(last_seen_at) between -1 and 0",
            "days_since(last_seen_at) = 1",
            "days_since(last_seen_at) != days_until(last_seen_at)",
            "last_seen_at + 1 day > now",
            "now - last_seen_at < 36h",
        ] {
            let condition = compiled(text, &project);
            for (shape, users) in SHAPES.into_iter().zip([&all, &all, &seconds]).chain([(SHAPES[0], &seconds)]) {
                let users: Vec<Option<&User<'_>>> = users.iter().map(Some).collect();
                assert_eq!(wrong(&condition, &users, shape), None, "at {now}");
            }
        }
    }
}

#[test]
fn patterns_find_what_the_regex_crate_finds() {
    let project = Project::new();
    let names =
        ["", "a", "ab", "anna_12", "anna_123", "Анна_٣٤", "é", "a\u{301}", "_", "x\ny", "\r\n", "日本", "ſ", "K"];
    let users: Vec<User<'_>> = names.iter().map(|name| project.user(&[("username", Value::text(*name))])).collect();
    let users: Vec<Option<&User<'_>>> = users.iter().map(Some).collect();
    for pattern in [
        "",
        "^$",
        "^[a-z]+_\\\\d{2}$",
        "\\\\d\\\\d",
        "(?i)k",
        "(?i)S",
        ".",
        "^.$",
        "^..$",
        "(?s)^.*$",
        "(?m)^y$",
        "a*",
        "a|b$",
        "\\\\bab\\\\b",
        "(?-u:\\\\B)",
        "(?-u:\\\\b)",
        "\\\\B",
        "^\\\\B$",
        "(?R)$",
        "\\\\p{Cyrillic}+",
        "[^a]",
        "x.y",
        "(?s)x.y",
        "^(a|b|é){1,40}$",
        "\\\\w{30,200}",
        "$a",
        "a^",
        "(?x) a b ",
        "\\\\pL{1,3}_\\\\pN",
    ] {
        let text = format!("username matches \"{pattern}\"");
        let Ok(ast) = parse(&text) else { panic!("{text}") };
        let Some(condition) = check(&ast, &project).0 else { continue };
        for shape in SHAPES {
            assert_eq!(wrong(&condition, &users, shape), None);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn columns_agree_with_rows((text, (worlds, size, seed), shape) in (logic(3), crowd(), shapes())) {
        let project = worlds[0].project();
        let people = people(&worlds, &project);
        let users = placed(&people, size, seed);
        let ast = parse(&text).unwrap();
        let condition = check(&ast, &project).0.unwrap();
        for user in &people {
            prop_assert_eq!(condition.judge(user), reference::judge(&ast, &project, user), "{}", text);
        }
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
