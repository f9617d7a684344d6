//! Conditions, users and the answers they must give.

use crate::project::{Project, hours_ago, list};
use crate::reference;
use vestnik::condition::{Truth, check, parse};
use vestnik::model::Value::{self, Bool, Float, Int, Money};

use Truth::{False as F, True as T, Unknown as U};

fn text(text: &str) -> Value {
    Value::text(text)
}

/// Checks the answer of the evaluator and of the reference for one user.
#[track_caller]
fn answers(user: &[(&str, Value)], rows: &[(&str, Truth)]) {
    let project = Project::new();
    let user = project.user(user);
    for (condition, expected) in rows {
        let ast = parse(condition).unwrap_or_else(|found| panic!("{condition}: {found:?}"));
        let (checked, found) = check(&ast, &project);
        let checked = checked.unwrap_or_else(|| panic!("{condition}: {found:?}"));
        assert_eq!(checked.judge(&user), *expected, "{condition}");
        assert_eq!(reference::judge(&ast, &project, &user), *expected, "reference: {condition}");
    }
}

#[test]
fn the_examples_of_the_manual() {
    answers(
        &[
            ("balance", Float(0.0)),
            ("trial_3d_used", Bool(true)),
            ("last_payment_at", hours_ago(24 * 31)),
            ("language", text("ru")),
            ("tariff", text("pro")),
            ("tags", list(&["beta", "new"])),
            ("source", text("utm_vk_12")),
            ("last_seen_at", hours_ago(5)),
            ("username", text("anna_07")),
            ("revenue", Money(99_950)),
            ("visits", Int(7)),
        ],
        &[
            ("balance > 0", F),
            ("trial_3d_used and (paid_count is missing or paid_count = 0)", T),
            ("balance <= 0 and (trial_3d_used or paid_count > 0)", T),
            ("last_payment_at < 30 days ago and paid_count > 0", U),
            (r#"language in ["ru", "kk"] and tariff = "pro" and tags contains "beta" and not blocked"#, T),
            (r#"source starts with "utm_vk" and last_seen_at within 7 days"#, T),
            (r#"username matches "^[a-z]+_\\d{2}$""#, T),
            ("(revenue + 2 * visits) / (visits + 1) > 100", T),
            ("revenue = 999.50", T),
            ("segment(vip) and not segment(churned)", T),
            ("last_seen_at between 6 hours ago and now", T),
            ("hour(now) between 9 and 21 and weekday(now) in [1, 2, 3, 4, 5]", T),
        ],
    );
}

#[test]
fn missing_values_follow_kleene() {
    answers(
        &[("visits", Int(1))],
        &[
            ("paid_count = 0", U),
            ("paid_count != 0", U),
            ("not paid_count = 0", U),
            ("paid_count > 0 and visits > 5", F),
            ("paid_count > 0 and visits > 0", U),
            ("paid_count > 0 or visits > 0", T),
            ("paid_count > 0 or visits > 5", U),
            ("paid_count in [1, 2]", U),
            ("paid_count not in [1, 2]", U),
            ("visits in [paid_count, 1]", T),
            ("visits in [paid_count, 2]", U),
            ("visits not in [paid_count, 1]", F),
            ("paid_count between 0 and 3", U),
            ("visits between paid_count and 0", F),
            ("visits between paid_count and 3", U),
            ("username contains \"a\"", U),
            ("username starts with \"a\"", U),
            ("username matches \"a\"", U),
            ("last_seen_at within 7 days", U),
            ("last_seen_at older than 7 days", U),
            ("paid_count is missing", T),
            ("paid_count is null", T),
            ("paid_count is set", F),
            ("paid_count is not missing", F),
            ("paid_count is not null", F),
            ("paid_count is not set", T),
            ("paid_count + 1 is missing", T),
            ("visits / 0 is missing", T),
            ("visits % 0 is missing", T),
            ("visits + 9223372036854775807 is missing", T),
            ("(paid_count > 0) is missing", T),
            ("coalesce(paid_count, 0) = 0", T),
            ("coalesce(paid_count, visits, 9) = 1", T),
            ("min(paid_count, visits) = 1", T),
            ("max(paid_count, paid_count) is missing", T),
            ("not blocked", T),
            ("not (tags contains \"beta\")", T),
            ("tags not contains \"beta\"", T),
            ("length(tags) = 0", T),
        ],
    );
}

#[test]
fn numbers_compare_by_exact_value() {
    answers(
        &[("visits", Int(9_007_199_254_740_993)), ("balance", Float(9_007_199_254_740_992.0)), ("revenue", Money(250))],
        &[
            ("visits = balance", F),
            ("visits > balance", T),
            ("balance < visits", T),
            ("visits != balance", T),
            ("revenue = 2.5", T),
            ("revenue > 2", T),
            ("revenue < 3", T),
            ("revenue in [1, 2.50]", T),
            ("revenue * 2 = 5", T),
            ("revenue + 0.5 = 3", T),
            ("3 - revenue = 0.5", T),
            ("revenue / 2 = 1.25", T),
            ("revenue / revenue = 1", T),
            ("-revenue < 0", T),
            ("-9223372036854775808 < 0", T),
            ("7 % 3 = 1 and -7 % 3 = -1 and 7 % -3 = 1", T),
            ("7 / 2 = 3.5", T),
            ("1 + 2 * 3 - 4 / 2 = 5", T),
            ("1_000 = 1000", T),
            ("2 - -3 = 5", T),
            ("1.0 = 1", T),
        ],
    );
}

#[test]
fn texts_compare_by_code_point() {
    answers(
        &[("username", text("Анна_07")), ("tariff", text("basic")), ("tags", list(&["a", "б"])), ("баланс", Int(3))],
        &[
            ("username = \"Анна_07\"", T),
            ("username == 'Анна_07'", T),
            ("username <> \"анна_07\"", T),
            ("lower(username) = \"анна_07\"", T),
            ("upper(username) = \"АННА_07\"", T),
            ("length(username) = 7", T),
            ("username contains \"нн\"", T),
            ("username ends with \"07\"", T),
            ("username not ends with \"07\"", F),
            ("username not matches \"^А\"", F),
            ("username = \"\\u{410}нна_07\"", T),
            ("tariff = \"basic\"", T),
            ("tariff != \"pro\"", T),
            ("tariff in [\"free\", \"pro\"]", F),
            ("tags contains \"б\"", T),
            ("\"a\" in tags", T),
            ("username in tags", F),
            ("\"a\" in [\"a\", \"b\"]", T),
            ("баланс = 3", T),
            ("coalesce(tariff, \"none\") = \"none\"", F),
            ("username = \"a # b\" # a comment", F),
            ("# first\nбаланс = 3 # then\nand true", T),
        ],
    );
}

#[test]
fn times_and_durations() {
    answers(
        &[("last_payment_at", hours_ago(24 * 30)), ("last_seen_at", hours_ago(-24))],
        &[
            ("last_payment_at = 30 days ago", T),
            ("last_payment_at < 30 days ago", F),
            ("last_payment_at older than 30 days", F),
            ("last_payment_at older than 29 days 23 hours", T),
            ("last_payment_at within 30 days", T),
            ("last_payment_at not within 30 days", F),
            ("last_payment_at within next 30 days", F),
            ("last_seen_at within next 1 day", T),
            ("last_seen_at within next 23h59m", F),
            ("last_seen_at = 1 day from now", T),
            ("last_seen_at - last_payment_at = 31 days", T),
            ("last_seen_at - 1d = now", T),
            ("now - last_payment_at > 4 weeks", T),
            ("1 week - 1 day = 144h", T),
            ("last_payment_at + 1 hour < now", T),
            ("last_seen_at > today", T),
            ("now = 2026-01-05 12:00", T),
            ("now = 2026-01-05T09:00Z", T),
            ("now = 2026-01-05 14:00:00.000+05:00", T),
            ("today = 2026-01-05", T),
            ("now > 2026-01-05", T),
            ("days_since(last_payment_at) = 30", T),
            ("days_until(last_seen_at) = 1", T),
            ("hour(now) = 12 and day(now) = 5 and month(now) = 1 and year(now) = 2026 and weekday(now) = 1", T),
            ("max(last_seen_at, last_payment_at) = last_seen_at", T),
        ],
    );
}

#[test]
fn shape_of_the_language() {
    answers(
        &[("visits", Int(5))],
        &[
            ("true", T),
            ("not true", F),
            ("not not true", T),
            ("true or true and false", T),
            ("(true or true) and false", F),
            ("not false and false", F),
            ("visits between 1 and 5 and true", T),
            ("visits not between 1 and 5", F),
            ("visits not between 1 and 5 or true", T),
            ("not blocked = true", T),
            ("(visits > 1) = true", T),
            ("visits\n  >\n  1", T),
            ("round(2.5) = 3 and round(-2.5) = -3 and floor(-2.5) = -3 and ceil(2.1) = 3", T),
            ("abs(-3) = 3 and abs(-2.5) = 2.5", T),
            ("percent(\"spring\") >= 0 and percent(\"spring\") < 100", T),
        ],
    );
}
