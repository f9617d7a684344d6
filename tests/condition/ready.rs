//! Two ways to the same answer: the tests that a condition is made ready into,
//! and the general walk that gives the value of any expression.

use crate::lints::{logic, user, users};
use crate::project::{NOW, Project};
use proptest::prelude::*;
use vestnik::condition::{Truth, check, check_value, parse};
use vestnik::model::{Time, Value};

/// The answers of both ways for one user.
#[track_caller]
fn both(text: &str, project: &Project, user: &crate::project::User<'_>) -> (Truth, Truth) {
    let ast = parse(text).unwrap();
    let ready = check(&ast, project).0.unwrap().judge(user);
    let general = match check_value(&ast, None, project).0.unwrap().evaluate(user) {
        Value::Bool(x) => Truth::from(x),
        _ => Truth::Unknown,
    };
    (ready, general)
}

#[test]
fn constants_at_the_ends_of_their_types() {
    let project = Project::new();
    let ends = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];
    let constants =
        ["-9223372036854775808", "-1", "0", "1", "9007199254740993", "92233720368547759", "9223372036854775807"];
    for field in ["paid_count", "revenue", "balance"] {
        for relation in ["=", "!=", "<", "<=", ">", ">="] {
            for constant in constants {
                for value in ends {
                    let value = match field {
                        "paid_count" => Value::Int(value),
                        "revenue" => Value::Money(value),
                        _ => Value::Float(value as f64),
                    };
                    let user = project.user(&[(field, value.clone())]);
                    for text in [format!("{field} {relation} {constant}"), format!("{constant} {relation} {field}")] {
                        let (ready, general) = both(&text, &project, &user);
                        assert_eq!(ready, general, "{text} of {value:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn moments_beyond_the_reach_of_time() {
    let project = Project::new();
    for now in [i64::MIN, i64::MIN + 1, 0, i64::MAX - 1, i64::MAX] {
        for at in [i64::MIN, i64::MIN + 1, 0, i64::MAX - 1, i64::MAX] {
            let mut user = project.user(&[("last_seen_at", Value::Time(Time(at)))]);
            user.now = Time(now);
            for text in [
                "last_seen_at within 7 days",
                "last_seen_at within next 7 days",
                "last_seen_at not within 7 days",
                "last_seen_at older than 7 days",
                "last_seen_at < now",
                "now <= last_seen_at",
                "last_seen_at != 1 day ago",
                "last_seen_at between 1 day ago and 1 day from now",
                "last_seen_at >= 100_000_000_000 days ago",
            ] {
                let (ready, general) = both(text, &project, &user);
                assert_eq!(ready, general, "{text} of {at} at {now}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_ways_agree((text, people) in (logic(3), prop::collection::vec(users(), 8)), shift in -2i64..3) {
        let project = Project::new();
        for values in &people {
            let mut user = user(&project, values);
            user.now = Time(NOW.0 + shift * 43_200_000);
            let (ready, general) = both(&text, &project, &user);
            prop_assert_eq!(ready, general, "{}: {:?}", text, values);
        }
    }
}
