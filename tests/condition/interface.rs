//! What a checked condition tells about itself, the table of functions, and
//! time zones.

use crate::project::{NOW, Project, User};
use std::collections::HashSet;
use vestnik::condition::{Condition, Fact, Row, Truth, check, functions, parse};
use vestnik::model::{FieldId, SegmentId, Time, Value};

fn compile(text: &str, project: &Project) -> Condition {
    let (condition, found) = check(&parse(text).unwrap(), project);
    condition.unwrap_or_else(|| panic!("{text}: {found:?}"))
}

#[test]
fn a_condition_lists_what_it_reads() {
    let project = Project::new();
    for (text, fields, segments, time_dependent) in [
        ("true", &[][..], &[][..], false),
        ("visits > 1 and visits < balance", &["balance", "visits"], &[], false),
        ("segment(churned) or segment(vip) and not segment(vip)", &[], &["vip", "churned"], false),
        ("last_seen_at within 7 days", &["last_seen_at"], &[], true),
        ("last_seen_at older than 7 days", &["last_seen_at"], &[], true),
        ("created_at < today", &["created_at"], &[], true),
        ("created_at > 3 days ago", &["created_at"], &[], true),
        ("created_at > 2026-01-01", &["created_at"], &[], false),
        ("days_since(created_at) > 3", &["created_at"], &[], true),
        ("hour(created_at) > 3", &["timezone", "created_at"], &[], false),
        ("percent(\"a\") < 10", &["id"], &[], false),
    ] {
        let condition = compile(text, &project);
        let mut names: Vec<&str> = condition.fields().iter().map(|id| &*project.schema.field(*id).name).collect();
        let mut expected = fields.to_vec();
        names.sort_unstable();
        expected.sort_unstable();
        assert_eq!(names, expected, "{text}");
        let ids: Vec<usize> = condition.segments().iter().map(|id| usize::from(id.0)).collect();
        let known = ["vip", "active", "churned"];
        assert_eq!(ids.iter().map(|at| known[*at]).collect::<Vec<_>>(), segments, "{text}");
        assert_eq!(condition.is_time_dependent(), time_dependent, "{text}");
        assert_eq!(condition.text(), text);
    }
}

#[test]
fn a_condition_is_taken_apart() {
    let project = Project::new();
    let parts = |text: &str| -> Vec<String> {
        let parts = compile(text, &project).parts();
        parts.iter().map(|part| format!("{} {}", part.depth, part.condition.text())).collect()
    };
    for (text, expected) in [
        ("visits > 1", &["0 visits > 1"][..]),
        (
            "visits > 1 and (segment(vip) or not trial_3d_used)",
            &[
                "0 visits > 1 and (segment(vip) or not trial_3d_used)",
                "1 visits > 1",
                "1 (segment(vip) or not trial_3d_used)",
                "2 segment(vip)",
                "2 not trial_3d_used",
                "3 trial_3d_used",
            ],
        ),
    ] {
        assert_eq!(parts(text), expected);
    }
    let user = project.user(&[("visits", Value::Int(5))]);
    let whole = compile("visits > 1 and visits < 3", &project);
    let answers: Vec<Truth> = whole.parts().iter().map(|part| part.condition.judge(&user)).collect();
    assert_eq!(answers, [Truth::False, Truth::True, Truth::False]);
}

#[test]
fn segments_are_found_with_their_places_before_names_are_known() {
    let text = "segment(no_such) and (segment(vip) or blocked)";
    let ast = parse(text).unwrap();
    let found: Vec<(&str, &str)> = ast.segments().into_iter().map(|(name, range)| (name, &text[range])).collect();
    assert_eq!(found, [("no_such", "no_such"), ("vip", "vip")]);
}

#[test]
fn trees_are_equal_by_what_they_say() {
    for (a, b) in [
        ("a=1 and b=2", "a  == 1\n and (b = 2) # same"),
        ("a not in [1]", "not (a in [1])"),
        ("a is not null", "a is set"),
        ("a between 1 and 2 and c", "(a between 1 and 2) and c"),
        ("a + b * c", "a + (b * c)"),
        ("1h30m < a", "1 hour 30 minutes < a"),
    ] {
        assert_eq!(parse(a).unwrap().root(), parse(b).unwrap().root(), "{a} | {b}");
    }
    assert_ne!(parse("a and b or c").unwrap().root(), parse("a and (b or c)").unwrap().root());
    assert_ne!(parse("not a = b").unwrap().root(), parse("(not a) = b").unwrap().root());
}

#[test]
fn every_function_is_documented_by_an_example_that_works() {
    let project = Project::new();
    let mut names = HashSet::new();
    for function in functions() {
        assert!(names.insert(function.name), "{} stands twice", function.name);
        assert!(function.signature.starts_with(function.name), "{}", function.signature);
        assert!(function.example.contains(&format!("{}(", function.name)), "{}", function.example);
        assert!(!function.doc().en.is_empty() && !function.doc().ru.is_empty(), "{}", function.name);
        compile(function.example, &project);
    }
}

/// A user somewhere else than the project.
struct Abroad<'p> {
    user: User<'p>,
    zone: jiff::tz::TimeZone,
}

impl Row for Abroad<'_> {
    fn field(&self, id: FieldId) -> &Value {
        self.user.field(id)
    }
    fn now(&self) -> Time {
        self.user.now
    }
    fn zone(&self) -> &jiff::tz::TimeZone {
        self.user.zone()
    }
    fn user_zone(&self) -> &jiff::tz::TimeZone {
        &self.zone
    }
    fn in_segment(&self, _: SegmentId) -> bool {
        false
    }
    fn fact(&self, fact: &Fact) -> Value {
        self.user.fact(fact)
    }
}

#[test]
fn the_calendar_is_the_users_and_midnight_the_projects() {
    let project = Project::new();
    let zone = jiff::tz::db().get("Asia/Vladivostok").unwrap();
    let row = Abroad { user: project.user(&[]), zone };
    let row: &dyn Row = &row;
    for text in ["hour(now) = 19", "hour(today) = 7", "today = 2026-01-05 00:00", "today = 2026-01-04 21:00Z"] {
        assert_eq!(compile(text, &project).judge(row), Truth::True, "{text}");
    }
}

#[test]
fn local_times_in_gaps_and_repeats() {
    let mut project = Project::new();
    project.zone = jiff::tz::db().get("Europe/Berlin").unwrap();
    for text in [
        "2026-03-29 02:30 = 2026-03-29 01:30Z",
        "2026-03-29 03:30 = 2026-03-29 01:30Z",
        "2026-10-25 02:30 = 2026-10-25 00:30Z",
        "2026-10-25 02:30+01:00 = 2026-10-25 01:30Z",
        "2026-06-01 = 2026-05-31 22:00Z",
        "2026-06-01Z = 2026-06-01 02:00",
    ] {
        assert_eq!(compile(text, &project).judge(&project.user(&[])), Truth::True, "{text}");
    }
}

#[test]
fn a_sample_is_stable_and_even() {
    let project = Project::new();
    let condition = compile("percent(\"spring\") < 10", &project);
    let other = compile("percent(\"autumn\") < 10", &project);
    let (mut chosen, mut both) = (0, 0);
    for id in 0..5_000 {
        let mut user = project.user(&[]);
        user.profile = vestnik::model::Profile::new(&project.schema, vestnik::model::UserId(id));
        let truth = condition.judge(&user);
        assert_eq!(truth, condition.judge(&user));
        chosen += u32::from(truth.is_true());
        both += u32::from(truth.is_true() && other.judge(&user).is_true());
    }
    assert!((430..570).contains(&chosen), "{chosen}");
    assert!((25..80).contains(&both), "{both}");
}

#[test]
fn now_is_what_the_row_says() {
    let project = Project::new();
    let mut user = project.user(&[("last_seen_at", Value::Time(NOW))]);
    let condition = compile("last_seen_at within 1 day", &project);
    for (now, expected) in [(0, Truth::True), (86_400_000, Truth::True), (86_400_001, Truth::False), (-1, Truth::False)]
    {
        user.now = Time(NOW.0 + now);
        assert_eq!(condition.judge(&user), expected, "{now}");
    }
}
