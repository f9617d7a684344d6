//! Tests whose answer is settled before anybody is asked: what is said of
//! them, and that nothing is said of those that can come out otherwise.

use crate::project::{NOW, Project, User};
use proptest::prelude::*;
use vestnik::condition::{MAX_NODES, Truth, check, parse};
use vestnik::diagnostic::{Diagnostic, Severity};
use vestnik::model::{Time, Value};

fn findings(condition: &str, project: &Project) -> Vec<Diagnostic> {
    let ast = parse(condition).unwrap_or_else(|found| panic!("{condition}: {found:?}"));
    let (checked, found) = check(&ast, project);
    assert!(checked.is_some(), "{condition}: {found:?}");
    found
}

#[test]
fn settled_tests_are_told() {
    let project = Project::new();
    for (condition, code, underlined, message, help) in [
        (
            "percent(\"s\") < 200",
            "C034",
            "",
            "`percent(\"s\") < 200` is always true",
            "`percent(\"s\")` is from 0 to 100",
        ),
        (
            "percent(\"s\") > 100",
            "C033",
            "",
            "`percent(\"s\") > 100` is never true",
            "`percent(\"s\")` is from 0 to 100",
        ),
        ("weekday(now) = 9", "C033", "", "`weekday(now) = 9` is never true", "`weekday(now)` is from 1 to 7"),
        (
            "hour(last_seen_at) > 23",
            "C033",
            "",
            "`hour(last_seen_at) > 23` is never true",
            "`hour(last_seen_at)` is from 0 to 23",
        ),
        (
            "hour(now) between 0 and 23",
            "C034",
            "",
            "`hour(now) between 0 and 23` is always true",
            "`hour(now)` is from 0 to 23",
        ),
        (
            "month(created_at) = 0",
            "C033",
            "",
            "`month(created_at) = 0` is never true",
            "`month(created_at)` is from 1 to 12",
        ),
        ("visits / 0 > 1", "C033", "", "`visits / 0 > 1` is never true", ""),
        ("length(['a']) > 5", "C033", "", "`length(['a']) > 5` is never true", ""),
        ("day(now) in [0, 32]", "C033", "", "`day(now) in [0, 32]` is never true", "`day(now)` is from 1 to 31"),
        (
            "length(username) < 0",
            "C033",
            "",
            "`length(username) < 0` is never true",
            "`length(username)` is never less than 0",
        ),
        (
            "count(payment, 7 days) < 0",
            "C033",
            "",
            "`count(payment, 7 days) < 0` is never true",
            "`count(payment, 7 days)` is never less than 0",
        ),
        (
            "received(win_back) >= 0",
            "C034",
            "",
            "`received(win_back) >= 0` is always true",
            "`received(win_back)` is never less than 0",
        ),
        ("segment(vip) is missing", "C033", "", "`segment(vip) is missing` is never true", ""),
        ("count(payment) is set", "C034", "", "`count(payment) is set` is always true", ""),
        ("1 = 2", "C033", "", "`1 = 2` is never true", ""),
        ("1 + 1 = 2", "C034", "", "`1 + 1 = 2` is always true", ""),
        ("lower(\"A\") = \"a\"", "C034", "", "`lower(\"A\") = \"a\"` is always true", ""),
        ("\"abc\" contains \"z\"", "C033", "", "`\"abc\" contains \"z\"` is never true", ""),
        ("visits = visits", "C034", "", "`visits = visits` is always true", ""),
        ("paid_count > paid_count", "C033", "", "`paid_count > paid_count` is never true", ""),
        ("not true", "C033", "", "`not true` is never true", ""),
        ("visits > 1 or true", "C034", "", "`visits > 1 or true` is always true", ""),
        ("today > now", "C033", "", "`today > now` is never true", ""),
        ("visits > 5 or visits <= 5", "C034", "", "`visits > 5 or visits <= 5` is always true", ""),
        ("blocked or not blocked", "C034", "", "`blocked or not blocked` is always true", ""),
        (
            "visits not between 1 and 5 or visits in [1, 2, 3, 4, 5]",
            "C034",
            "",
            "`visits not between 1 and 5 or visits in [1, 2, 3, 4, 5]` is always true",
            "",
        ),
        (
            "paid_count is set or paid_count is missing",
            "C034",
            "",
            "`paid_count is set or paid_count is missing` is always true",
            "",
        ),
        (
            "visits not between 0 and 3 and visits in [1, 2]",
            "C035",
            "visits in [1, 2]",
            "`visits not between 0 and 3` and `visits in [1, 2]` are never both true",
            "for either of the two write `or`",
        ),
        (
            "balance > 10 and balance < 5",
            "C035",
            "balance < 5",
            "`balance > 10` and `balance < 5` are never both true",
            "for either of the two write `or`",
        ),
        (
            "balance >= 5 and trial_3d_used and balance < 5",
            "C035",
            "balance < 5",
            "`balance >= 5` and `balance < 5` are never both true",
            "for either of the two write `or`",
        ),
        (
            "tariff = \"free\" and tariff = \"pro\"",
            "C035",
            "tariff = \"pro\"",
            "`tariff = \"free\"` and `tariff = \"pro\"` are never both true",
            "for either of the two write `or`",
        ),
        (
            "username = \"a\" and username = \"b\"",
            "C035",
            "username = \"b\"",
            "`username = \"a\"` and `username = \"b\"` are never both true",
            "for either of the two write `or`",
        ),
        (
            "paid_count is missing and paid_count > 3",
            "C035",
            "paid_count > 3",
            "`paid_count is missing` and `paid_count > 3` are never both true",
            "for either of the two write `or`",
        ),
        (
            "paid_count is missing and paid_count is set",
            "C035",
            "paid_count is set",
            "`paid_count is missing` and `paid_count is set` are never both true",
            "for either of the two write `or`",
        ),
        (
            "not (visits = 1) and visits = 1",
            "C035",
            "visits = 1",
            "`not (visits = 1)` and `visits = 1` are never both true",
            "for either of the two write `or`",
        ),
        (
            "hour(now) >= 21 and hour(now) < 9",
            "C035",
            "hour(now) < 9",
            "`hour(now) >= 21` and `hour(now) < 9` are never both true",
            "for either of the two write `or`",
        ),
        (
            "segment(vip) and not segment(vip)",
            "C035",
            "not segment(vip)",
            "`segment(vip)` and `not segment(vip)` are never both true",
            "for either of the two write `or`",
        ),
        (
            "tags contains \"a\" and tags not contains \"a\"",
            "C035",
            "tags not contains \"a\"",
            "`tags contains \"a\"` and `tags not contains \"a\"` are never both true",
            "for either of the two write `or`",
        ),
        (
            "revenue > 2 and revenue < 1.50",
            "C035",
            "revenue < 1.50",
            "`revenue > 2` and `revenue < 1.50` are never both true",
            "for either of the two write `or`",
        ),
        (
            "visits > 2 and visits < 2.5",
            "C035",
            "visits < 2.5",
            "`visits > 2` and `visits < 2.5` are never both true",
            "for either of the two write `or`",
        ),
        (
            "last_seen_at within 7 days and last_seen_at older than 30 days",
            "C035",
            "last_seen_at older than 30 days",
            "`last_seen_at within 7 days` and `last_seen_at older than 30 days` are never both true",
            "for either of the two write `or`",
        ),
        (
            "created_at > 2026-03-01 and created_at < 2026-02-01",
            "C035",
            "created_at < 2026-02-01",
            "`created_at > 2026-03-01` and `created_at < 2026-02-01` are never both true",
            "for either of the two write `or`",
        ),
        (
            "count(payment) > 3 and count(payment) = 0",
            "C035",
            "count(payment) = 0",
            "`count(payment) > 3` and `count(payment) = 0` are never both true",
            "for either of the two write `or`",
        ),
        (
            "variant(welcome_text) = \"short\" and variant(welcome_text) = \"control\"",
            "C035",
            "variant(welcome_text) = \"control\"",
            "`variant(welcome_text) = \"short\"` and `variant(welcome_text) = \"control\"` are never both true",
            "for either of the two write `or`",
        ),
        (
            "visits between 10 and 1",
            "C036",
            "",
            "nothing lies between `10` and `1`",
            "the lower end comes first: `between 1 and 10`",
        ),
        (
            "visits not between 10 and 1",
            "C036",
            "",
            "nothing lies between `10` and `1`",
            "the lower end comes first: `between 1 and 10`",
        ),
        (
            "last_seen_at between now and 3 days ago",
            "C036",
            "",
            "nothing lies between `now` and `3 days ago`",
            "the lower end comes first: `between 3 days ago and now`",
        ),
        (
            "last_seen_at within -3 days",
            "C036",
            "",
            "the length of time is not longer than zero",
            "for the time ahead write `within next 3 days`",
        ),
        (
            "last_seen_at within next 0 days",
            "C036",
            "",
            "the length of time is not longer than zero",
            "for the time ahead write `within next 3 days`",
        ),
        (
            "tariff in [\"free\", \"pro\", \"basic\"]",
            "C037",
            "",
            "the list holds every value of `tariff`",
            "write `tariff is set`",
        ),
        (
            "tariff not in [\"free\", \"pro\", \"basic\"]",
            "C033",
            "",
            "`tariff not in [\"free\", \"pro\", \"basic\"]` is never true",
            "",
        ),
        (
            "reach in [\"reachable\", \"needs_start\", \"blocked\", \"deactivated\"]",
            "C034",
            "",
            "`reach in [\"reachable\", \"needs_start\", \"blocked\", \"deactivated\"]` is always true",
            "",
        ),
        (
            "visits > 3 or blocked or visits > 3",
            "C038",
            "visits > 3",
            "`visits > 3` stands twice",
            "remove one of the two",
        ),
        (
            "username matches \"^a\" and username matches '^a'",
            "C038",
            "username matches '^a'",
            "`username matches '^a'` stands twice",
            "remove one of the two",
        ),
    ] {
        let found = findings(condition, &project);
        let found: Vec<&Diagnostic> = found.iter().filter(|d| d.code.0 > "C032").collect();
        let [one] = found.as_slice() else { panic!("{condition}: {found:?}") };
        let shown = &condition[one.primary.place.range()];
        let underlined = if underlined.is_empty() { condition } else { underlined };
        let advice = one.help.first().map_or("", |help| help.en.as_str());
        let said = (one.code.0, shown, one.message.en.as_str(), advice);
        assert_eq!(said, (code, underlined, message, help), "{condition}");
        assert_eq!(one.severity, Severity::Warning, "{condition}");
        assert!(one.message.ru.contains(|c| ('а'..='я').contains(&c)), "{condition}: no Russian");
    }
}

#[test]
fn what_can_come_out_otherwise_is_not_told() {
    let project = Project::new();
    for condition in [
        "true",
        "false",
        "(true)",
        "visits = 1 and true",
        "false or visits = 1",
        "percent(\"s\") < 100",
        "percent(\"s\") >= 50 and percent(\"t\") < 50",
        "hour(now) >= 21 or hour(now) < 9",
        "hour(last_seen_at) >= 0",
        "balance > 5 or balance <= 5",
        "balance >= 5 and balance <= 5",
        "visits > 2 and visits < 3.5",
        "visits between 5 and 5",
        "tariff = \"free\" or tariff = \"pro\"",
        "tariff in [\"free\", \"pro\"]",
        "tags contains \"a\" and tags contains \"b\"",
        "username contains \"a\" and username contains \"b\"",
        "username = \"a\" or username = \"b\"",
        "created_at > 2026-03-01 and created_at < 30 days ago",
        "last_seen_at within 30 days and last_seen_at older than 7 days",
        "last_seen_at between 2026-01-01 and now",
        "last_seen_at older than 0 days",
        "paid_count is missing or paid_count > 3",
        "count(payment) > 3 and count(payment, 7 days) = 0",
        "first(payment) < last(payment)",
        "segment(vip) and not segment(churned)",
        "sum(payment.rub) < 0",
        "visits + 1 > visits",
        "(visits > 1 and blocked) or (visits > 1 and trial_3d_used)",
        "now > 2026-01-01",
        "id > 0",
    ] {
        let mut found = findings(condition, &project);
        found.retain(|one| one.code.0 > "C032");
        assert_eq!(found, Vec::new(), "{condition}");
    }
}

#[test]
fn one_mistake_is_told_once() {
    let project = Project::new();
    for (condition, codes) in [
        ("not (percent(\"s\") > 200)", &["C033"][..]),
        ("weekday(now) = 9 and visits > 3", &["C033"]),
        ("(weekday(now) = 9 and visits > 3) or blocked", &["C033"]),
        ("visits is missing and blocked", &["C031"]),
        ("visits is set or blocked", &["C031"]),
        ("balance < 5 and balance > 10 and (visits between 3 and 1)", &["C036"]),
        ("tariff != \"free\" and tariff != \"basic\" and tariff != \"pro\"", &["C033"]),
        ("username = \"a\" and username = \"b\" or weekday(now) = 0", &["C035", "C033"]),
    ] {
        let mut found: Vec<&str> = findings(condition, &project).iter().map(|d| d.code.0).collect();
        if condition.starts_with("balance") {
            found.retain(|code| *code != "C030");
        }
        assert_eq!(found, codes, "{condition}");
    }
}

#[test]
fn a_correction_of_a_warning_is_quiet() {
    let project = Project::new();
    for condition in
        ["tariff in [\"free\", \"pro\", \"basic\"]", "tariff in ['pro', 'basic', 'free', 'pro'] and blocked"]
    {
        let found = findings(condition, &project);
        let correction = found[0].replacement.clone().unwrap();
        let mut mended = condition.to_owned();
        mended.replace_range(correction.place.range(), &correction.with);
        assert_eq!(findings(&mended, &project), Vec::new(), "{mended}");
    }
}

#[test]
fn a_list_in_round_brackets_is_answered_with_square_ones() {
    for (condition, mended) in [
        ("language in (\"ru\", \"en\")", "language in [\"ru\", \"en\"]"),
        ("visits not in (1, (2 + 3), 4) and blocked", "visits not in [1, (2 + 3), 4] and blocked"),
    ] {
        let found = parse(condition).unwrap_err();
        let [one] = found.as_slice() else { panic!("{condition}: {found:?}") };
        assert_eq!((one.code.0, &condition[one.primary.place.range()]), ("C006", ","), "{condition}");
        assert!(one.help[0].en.starts_with("a list is written in square brackets: `["), "{condition}");
        let correction = one.replacement.clone().unwrap();
        let mut text = condition.to_owned();
        text.replace_range(correction.place.range(), &correction.with);
        assert_eq!(text, mended);
        assert!(parse(&text).is_ok(), "{text}");
    }
    for condition in ["(1, 2) = visits", "(1, 2)"] {
        let found = parse(condition).unwrap_err();
        assert_eq!((found[0].code.0, found[0].help.len()), ("C006", 0), "{condition}");
    }
}

#[test]
fn large_conditions_are_looked_at_quickly() {
    let project = Project::new();
    let chain = |term: fn(usize) -> String, word: &str, n| (0..n).map(term).collect::<Vec<_>>().join(word);
    for condition in [
        chain(|n| format!("visits = {n}"), " or ", MAX_NODES / 3),
        chain(|n| format!("visits != {n}"), " and ", MAX_NODES / 3),
        chain(|n| format!("username = \"{n}\""), " or ", MAX_NODES / 3),
        chain(|n| format!("visits + {n} > 0"), " and ", MAX_NODES / 5),
        format!("{}blocked{}", "(visits > 1 or not ".repeat(30), ")".repeat(30)),
    ] {
        let begun = std::time::Instant::now();
        findings(&condition, &project);
        let taken = begun.elapsed();
        assert!(taken.as_secs() < 5, "{taken:?}: {}", &condition[..60]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What a warning says of a part holds for every user.
    #[test]
    fn warnings_are_true((condition, users) in (logic(3), prop::collection::vec(users(), 16))) {
        let project = Project::new();
        for found in findings(&condition, &project) {
            let part = |place: vestnik::diagnostic::Place| format!("({})", &condition[place.range()]);
            let mut text = part(found.primary.place);
            let never = match found.code.0 {
                "C033" => Truth::True,
                "C034" => Truth::False,
                "C035" => {
                    text = format!("{text} and {}", part(found.secondary[0].place));
                    Truth::True
                }
                "C037" => Truth::False,
                _ => continue,
            };
            let (condition, _) = check(&parse(&text).unwrap(), &project);
            let condition = condition.unwrap();
            for values in &users {
                let truth = condition.judge(&user(&project, values));
                prop_assert!(truth != never, "{} {text}: {values:?}", found.code.0);
                prop_assert!(found.code.0 != "C034" || truth == Truth::True, "{text}: {values:?}");
            }
        }
    }
}

pub type Values = (Option<i64>, Option<i64>, Option<i64>, Option<usize>, Option<usize>, Option<i64>, bool);

/// Values near the constants that the conditions have.
pub fn users() -> impl Strategy<Value = Values> {
    let number = || prop::option::weighted(0.8, -1i64..7);
    let choice = || prop::option::weighted(0.8, 0usize..3);
    (number(), number(), number(), choice(), choice(), number(), any::<bool>())
}

pub fn user<'p>(project: &'p Project, values: &Values) -> User<'p> {
    let (visits, balance, revenue, tariff, username, seen, blocked) = values;
    let mut user = project.user(&[]);
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            user.profile.set(&project.schema, project.schema.find(name).unwrap(), value);
        }
    };
    set("visits", visits.map(Value::Int));
    set("paid_count", revenue.map(Value::Int));
    set("balance", balance.map(|x| Value::Float(x as f64 / 2.0)));
    set("revenue", revenue.map(|x| Value::Money(x * 50)));
    set("tariff", tariff.map(|at| Value::text(["free", "basic", "pro"][at])));
    set("username", username.map(|at| Value::text(["a", "b", "ab"][at])));
    set("last_seen_at", seen.map(|x| Value::Time(Time(NOW.0 + (x - 3) * 43_200_000))));
    set("trial_3d_used", Some(Value::Bool(*blocked)));
    user
}

/// Conditions about few things with few constants, so that many are settled.
pub fn logic(depth: u32) -> BoxedStrategy<String> {
    let relation = || prop::sample::select(vec!["=", "!=", "<", "<=", ">", ">="]);
    let equality = || prop::sample::select(vec!["=", "!="]);
    let negation = || prop::sample::select(vec!["", "not "]);
    let whole = || {
        prop::sample::select(vec![
            "visits",
            "paid_count",
            "visits + 1",
            "length(username)",
            "weekday(last_seen_at)",
            "count(payment)",
        ])
    };
    let number = || prop::sample::select(vec!["visits", "paid_count", "balance", "0", "1", "2", "2.5", "3"]);
    let money = || prop::sample::select(vec!["0.50", "1", "1.50", "2"]);
    let tariff = || prop::sample::select(vec!["free", "basic", "pro"]);
    let text = || prop::sample::select(vec!["\"a\"", "\"b\"", "\"ab\"", "lower(\"A\")"]);
    let at = || {
        prop::sample::select(vec![
            "now",
            "today",
            "1 day ago",
            "1 day from now",
            "12h from now",
            "2026-01-05",
            "2026-01-06",
        ])
    };
    let length = || prop::sample::select(vec!["1 day", "2 days", "0 days", "-1 day", "12h"]);
    let leaf = prop_oneof![
        2 => Just("trial_3d_used".to_owned()),
        1 => Just("segment(vip)".to_owned()),
        4 => (whole(), relation(), 0i64..4).prop_map(|(a, r, b)| format!("{a} {r} {b}")),
        2 => (number(), relation(), number()).prop_map(|(a, r, b)| format!("{a} {r} {b}")),
        2 => (negation(), number(), 0i64..4, 0i64..4).prop_map(|(n, x, a, b)| format!("{x} {n}between {a} and {b}")),
        2 => (negation(), whole(), prop::collection::vec(0i64..4, 1..4)).prop_map(|(n, x, list)| format!("{x} {n}in {list:?}")),
        2 => (relation(), money()).prop_map(|(r, m)| format!("revenue {r} {m}")),
        3 => (equality(), tariff()).prop_map(|(r, t)| format!("tariff {r} \"{t}\"")),
        2 => (negation(), prop::collection::vec(tariff(), 1..5)).prop_map(|(n, list)| format!("tariff {n}in {list:?}")),
        2 => (equality(), text()).prop_map(|(r, t)| format!("username {r} {t}")),
        1 => (negation(), text()).prop_map(|(n, t)| format!("username {n}contains {t}")),
        3 => (relation(), at()).prop_map(|(r, at)| format!("last_seen_at {r} {at}")),
        2 => (negation(), prop::sample::select(vec!["within", "within next"]), length()).prop_map(|(n, w, l)| format!("last_seen_at {n}{w} {l}")),
        1 => length().prop_map(|l| format!("last_seen_at older than {l}")),
        2 => (prop::sample::select(vec!["paid_count", "balance", "tariff", "username", "last_seen_at", "coalesce(paid_count, balance)"]), prop::sample::select(vec!["is missing", "is set"])).prop_map(|(x, p)| format!("{x} {p}")),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let inner = move || logic(depth - 1);
    let join = |word: &'static str| move |parts: Vec<String>| format!("({})", parts.join(word));
    prop_oneof![
        1 => leaf,
        2 => prop::collection::vec(inner(), 2..5).prop_map(join(" and ")),
        2 => prop::collection::vec(inner(), 2..5).prop_map(join(" or ")),
        1 => inner().prop_map(|x| format!("not ({x})")),
        1 => (inner(), equality(), inner()).prop_map(|(a, r, b)| format!("(({a}) {r} ({b}))")),
    ]
    .boxed()
}
