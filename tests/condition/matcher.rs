//! Many conditions at once against one after the other.

use crate::lints::{Values, logic, user, users};
use crate::project::{NOW, Project, User};
use proptest::prelude::*;
use vestnik::condition::{Condition, Matcher, Matches, check, parse};
use vestnik::model::{Time, Value};

fn compile(texts: &[String], project: &Project) -> Vec<Condition> {
    texts.iter().map(|text| check(&parse(text).unwrap(), project).0.unwrap_or_else(|| panic!("{text}"))).collect()
}

/// Asserts that the matcher says of every condition what the condition says.
#[track_caller]
fn agree(matcher: &Matcher, user: &User<'_>) -> Matches {
    let found = matcher.matching(user);
    for (place, condition) in matcher.conditions().iter().enumerate() {
        let holds = condition.judge(user).is_true();
        assert_eq!(found.contains(place), holds, "{}: {:?}", condition.text(), user.profile);
    }
    let places: Vec<usize> = found.iter().collect();
    assert!(places.is_sorted() && places.len() == found.count());
    assert!(places.iter().all(|place| found.contains(*place)));
    found
}

#[test]
fn no_conditions_and_many() {
    let project = Project::new();
    let user = project.user(&[("visits", Value::Int(70)), ("tariff", Value::text("pro"))]);
    assert_eq!(agree(&Matcher::new(&[]), &user).count(), 0);
    for n in [1, 63, 64, 65, 128, 300] {
        let texts: Vec<String> = (0..n).map(|at| format!("visits >= {at}")).collect();
        let found = agree(&Matcher::new(&compile(&texts, &project)), &user);
        assert_eq!(found.count(), n.min(71));
    }
    let texts: Vec<String> = (0..300).map(|n| format!("tariff = \"pro\" and visits != {n} and segment(vip)")).collect();
    assert_eq!(agree(&Matcher::new(&compile(&texts, &project)), &user).count(), 299);
}

#[test]
fn values_at_the_ends_of_their_types() {
    let project = Project::new();
    let constants = ["-9223372036854775808", "-1", "0", "1", "9007199254740993", "9223372036854775807"];
    let mut texts = Vec::new();
    for relation in ["=", "!=", "<", "<=", ">", ">="] {
        for constant in constants {
            texts.push(format!("paid_count {relation} {constant}"));
            texts.push(format!("balance {relation} {constant}"));
            texts.push(format!("not (balance {relation} {constant}) and paid_count {relation} {constant}"));
        }
    }
    for room in [0, 1 << 20] {
        let matcher = Matcher::with_room(&compile(&texts, &project), room);
        for value in [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX] {
            for float in [value as f64, -0.0, f64::MAX, f64::MIN_POSITIVE] {
                let user = project.user(&[("paid_count", Value::Int(value)), ("balance", Value::Float(float))]);
                agree(&matcher, &user);
            }
        }
    }
}

#[test]
fn moments_beyond_the_reach_of_time() {
    let project = Project::new();
    let texts = [
        "last_seen_at within 7 days",
        "last_seen_at not within 7 days",
        "last_seen_at < now",
        "now <= last_seen_at",
        "last_seen_at != 1 day ago",
        "last_seen_at >= 100_000_000_000 days ago",
        "last_seen_at is missing",
        "true",
    ]
    .map(str::to_owned);
    let matcher = Matcher::new(&compile(&texts, &project));
    let ends = [i64::MIN, i64::MIN + 1, 0, NOW.0, i64::MAX - 1, i64::MAX];
    for (now, at) in ends.iter().flat_map(|now| ends.map(|at| (*now, at))) {
        let mut user = project.user(&[("last_seen_at", Value::Time(Time(at)))]);
        user.now = Time(now);
        agree(&matcher, &user);
    }
}

/// Mostly what rules are: a few tests of single fields, all of which must hold.
fn texts() -> impl Strategy<Value = Vec<String>> {
    let and = prop::collection::vec(logic(0), 1..5).prop_map(|parts| parts.join(" and "));
    prop::collection::vec(prop_oneof![4 => and, 1 => logic(2)], 1..150)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn together_and_one_by_one_agree(
        texts in texts(),
        people in prop::collection::vec(users(), 8),
        room in prop::sample::select(vec![0, 7, 40, 1 << 20]),
        shift in -2i64..3,
    ) {
        let project = Project::new();
        let matcher = Matcher::with_room(&compile(&texts, &project), room);
        let mut reused = Matches::default();
        for values in &people {
            let mut user: User<'_> = user(&project, values as &Values);
            user.now = Time(NOW.0 + shift * 43_200_000);
            let found = agree(&matcher, &user);
            matcher.matching_into(&user, &mut reused);
            prop_assert!(reused.iter().eq(found.iter()));
        }
    }
}
