//! The sample project is sound and means what the SQL of the guide means.

use std::path::Path;
use vestnik::condition::Truth;
use vestnik::diagnostic::Severity;
use vestnik::model::{ButtonAction, Profile, Time, UserId, Value, builtin};
use vestnik::rulebook::{Files, Loaded, RenderContext, Rulebook, load, load_files, sample};

const NOW: Time = Time(1_767_258_000_000);
/// Fields that are set, and the segments that then hold the user.
type Row<'a> = (&'a [(&'a str, Value)], &'a [&'a str]);

const DAY: i64 = 86_400_000;

fn loaded() -> Loaded {
    load_files(&Files::from_list(sample::FILES.iter().copied()))
}

fn rulebook() -> std::sync::Arc<Rulebook> {
    let loaded = loaded();
    let serious = loaded.diagnostics.iter().filter(|found| found.severity != Severity::Info);
    assert_eq!(serious.map(|found| format!("{found:?}")).collect::<Vec<_>>(), Vec::<String>::new());
    loaded.rulebook.expect("the sample is sound")
}

fn user(rulebook: &Rulebook, sets: &[(&str, Value)]) -> Profile {
    let mut profile = Profile::new(&rulebook.schema, UserId(7));
    for (name, value) in sets {
        profile.set(&rulebook.schema, rulebook.schema.find(name).expect(name), value.clone());
    }
    profile
}

#[test]
fn the_embedded_files_are_those_of_the_repository() {
    let here = load(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("readable");
    assert_eq!(here.diagnostics.count(Severity::Error), 0);
    assert_eq!(here.rulebook.expect("sound").version, rulebook().version);
}

#[test]
fn segments_answer_as_the_sql_does() {
    let rulebook = rulebook();
    let int = |n: i64| Value::Int(n);
    let old = Value::Time(Time(NOW.0 - 31 * DAY));
    let rows: &[Row<'_>] = &[
        (&[], &["all"]),
        (&[("balance", int(3))], &["all", "active"]),
        (&[("balance", int(0))], &["all", "no_subscription"]),
        (&[("trial_3d_used", Value::Bool(true))], &["all", "trial_only"]),
        (
            &[("trial_3d_used", Value::Bool(true)), ("paid_count", int(0)), ("balance", int(0))],
            &["all", "trial_only", "expired", "no_subscription"],
        ),
        (&[("paid_count", int(5)), ("balance", int(1))], &["all", "active", "vip", "high_value", "engaged"]),
        (&[("paid_count", int(1)), ("last_payment_at", old.clone())], &["all", "churned"]),
        (&[("paid_count", int(1)), ("last_payment_at", Value::Time(Time(NOW.0 - 30 * DAY)))], &["all"]),
        (&[("last_payment_at", old)], &["all"]),
        (
            &[("referral_count", int(2)), ("balance", int(-1)), ("paid_count", int(1))],
            &["all", "expired", "no_subscription", "with_referrals"],
        ),
    ];
    for (sets, expected) in rows {
        let profile = user(&rulebook, sets);
        let view = rulebook.view(&profile, NOW);
        let inside = rulebook.segments().iter().filter(|s| view.segment(s.id) == Truth::True);
        assert_eq!(inside.map(|s| s.name.as_str()).collect::<Vec<_>>(), *expected, "{sets:?}");
    }
}

#[test]
fn nobody_is_reached_for_want_of_knowledge() {
    let rulebook = rulebook();
    let broadcast = rulebook.broadcast("win_back").expect("it is there");
    let expired = [("balance", Value::Int(0)), ("paid_count", Value::Int(1))];
    let reached = |extra: &[(&str, Value)]| {
        let sets: Vec<_> = expired.iter().chain(extra).cloned().collect();
        let profile = user(&rulebook, &sets);
        rulebook.reaches(broadcast, &rulebook.view(&profile, NOW))
    };
    assert!(reached(&[]));
    assert!(!reached(&[("reach", Value::text("blocked"))]));
    assert!(!reached(&[("opted_out", Value::Bool(true))]));
    assert!(!reached(&[("balance", Value::Missing)]));
}

#[test]
fn messages_speak_the_users_language() {
    let rulebook = rulebook();
    let render = |sets: &[(&str, Value)]| {
        let profile = user(&rulebook, sets);
        let view = rulebook.view(&profile, NOW);
        let in_segment = |id| view.segment(id) == Truth::True;
        let context = RenderContext { profile: &profile, in_segment: &in_segment, variant: &|_| None, vars: &[] };
        rulebook.templates.render("win_back", &context).expect("renders")
    };
    let language = |tag: &str| ("language", Value::text(tag));
    for (tag, beginning) in
        [("ru", "Здравствуйте"), ("en", "Hello"), ("en-GB", "Hello"), ("EN", "Hello"), ("kk", "Здравствуйте")]
    {
        assert!(render(&[language(tag)]).text.starts_with(beginning), "{tag}");
    }
    assert!(render(&[]).text.starts_with("Здравствуйте"));
    let message = render(&[
        ("first_name", Value::text("<Анна>")),
        ("paid_count", Value::Int(5)),
        ("referral_count", Value::Int(2)),
    ]);
    assert!(message.text.starts_with("&lt;Анна&gt;, мы скучаем!"), "{}", message.text);
    assert!(
        message.text.contains("скидка 30 %") && message.text.ends_with("вы пригласили 2 друзей — спасибо!"),
        "{}",
        message.text
    );
    let ButtonAction::Url(url) = &message.buttons[0][0].action else { panic!("an address") };
    assert_eq!(url, "https://example.org/renew?u=7");
    assert_eq!(rulebook.schema.field(builtin::LANGUAGE).name.as_ref(), "language");
}
