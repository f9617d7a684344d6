//! A new rulebook over the same people.

use crate::support::{Base, DAY, MINUTE, Model, NOW, delivery, patch, rulebook, rulebook_of};
use vestnik::model::{Delivery, Time, UserId, Value};

const BEFORE: &str = r#"
profile:
  balance: int
  paid_at: time
  worth: {type: int, is: balance * 2}
lifecycle: [{lost: paid_at older than 30 days}, {rest: else}]
segments:
  rich: worth > 10
  poor: not segment(rich)
  old: paid_at older than 30 days
"#;

#[test]
fn every_change_of_the_rules_is_taken_over() {
    let replace = |from: &str, to: &str| {
        assert!(BEFORE.contains(from), "{from}");
        BEFORE.replace(from, to)
    };
    let after = [
        BEFORE.to_owned(),
        // Definitions that change, and others that read them.
        replace("balance * 2", "balance * 3"),
        replace("worth > 10", "worth > 7"),
        replace("30 days\n", "20 days\n"),
        replace("30 days}", "10 days}"),
        replace("lost:", "gone:"),
        // Names that come, go and change places.
        replace("  rich: worth > 10\n  poor: not segment(rich)\n", ""),
        replace("segments:\n", "segments:\n  first: balance > 0\n"),
        replace("profile:\n", "profile:\n  note: string\n  stars: {type: int, default: 3}\n"),
        replace("segments:\n", "segments:\n  noted: hidden > 1\n").replace("profile:\n", "profile:\n  hidden: int\n"),
        replace("  balance: int\n", "  balance: {type: int, default: 100}\n"),
        replace("  balance: int\n", "  balance: {type: money}\n")
            .replace("type: int, is: balance", "type: money, is: balance"),
        replace("{type: int, is: balance * 2}", "int"),
        "profile:\n  paid_at: time\n".to_owned(),
    ];
    for (at, rules) in after.iter().enumerate() {
        let (base, first, second) = (Base::new(), rulebook(BEFORE), rulebook(rules));
        let (mut model, mut between) = (Model::default(), Model::default());
        for user in 1..9 {
            let paid = Value::Time(Time(NOW.0 - 35 * DAY + user * 5 * DAY));
            let hidden = ("hidden", Value::Int(user % 3));
            let patch = patch(&[("balance", Value::Int(user)), ("paid_at", paid), hidden, ("worth", Value::Int(4))]);
            base.commit(user, &patch);
            model.apply(&second, user, &patch);
            between.apply(&first, user, &patch);
        }
        let audience = base.audience(&first);
        let step = patch(&[("balance", Value::Int(6))]);
        base.commit(2, &step);
        audience.apply(UserId(2), &step, NOW);
        model.apply(&second, 2, &step);
        between.apply(&first, 2, &step);
        between.agrees(&audience, NOW);
        let now = Time(NOW.0 + MINUTE);
        audience.advance(now);
        audience.adopt(&second, &base.profiles, now).unwrap();
        assert_eq!(audience.rulebook().version, second.version, "{at}");
        model.agrees(&audience, now);
        // What is due later is due under the new rules too.
        for day in [3, 12, 40] {
            let now = Time(NOW.0 + day * DAY);
            audience.advance(now);
            model.agrees(&audience, now);
        }
        let step = patch(&[("balance", Value::Int(1)), ("paid_at", Value::Time(NOW))]);
        audience.apply(UserId(3), &step, now);
        model.apply(&second, 3, &step);
        model.agrees(&audience, Time(NOW.0 + 40 * DAY));
    }
}

#[test]
fn messages_are_counted_on_under_other_templates_and_windows() {
    let project = |templates: &[&str], rules: &str| {
        let files: Vec<String> = templates.iter().map(|name| format!("templates/{name}.html")).collect();
        let files = files.iter().map(|file| (&**file, "Hi")).chain([("rules/x.yaml", rules)]);
        rulebook_of(&files.collect::<Vec<_>>())
    };
    let first = "segments:\n  a: received(hello, 2 days) > 0\n  b: clicked(hello) = 1\n";
    let reloads: &[(&[&str], &str)] = &[
        (&["hello"], first),
        // Another template comes before the one that is asked for.
        (&["hello", "another"], first),
        (&["hello", "another"], "segments:\n  a: received(another, 2 days) > 0\n  b: clicked(hello) = 1\n"),
        // A window that was not kept, and a lifetime answer.
        (&["hello"], "segments:\n  a: received(hello, 9 days) >= 2\n  b: clicked(hello, 9 days) = 1\n"),
        (&["hello"], "segments:\n  c: received(hello) >= 2\n  d: not segment(c)\n"),
        (&["another"], "segments:\n  a: received(another, 9 days) >= 1\n"),
    ];
    for (templates, rules) in reloads {
        let (base, before, after) = (Base::new(), project(&["hello"], first), project(templates, rules));
        let mut model = Model::default();
        for user in 1..5 {
            let events = [
                delivery("a", user, Delivery::Received("hello"), Time(NOW.0 - user * DAY)),
                delivery("b", user, Delivery::Received("hello"), Time(NOW.0 - 5 * DAY)),
                delivery("c", user, Delivery::Received("another"), Time(NOW.0 - 2 * user * DAY)),
                delivery("d", user, Delivery::Clicked("hello"), Time(NOW.0 - 2 * user * DAY)),
            ];
            for event in &events {
                base.happen(event);
                model.happened(&after, event);
            }
        }
        let audience = base.audience(&before);
        audience.adopt(&after, &base.profiles, NOW).unwrap();
        model.agrees(&audience, NOW);
        // Events that come later, and what leaves the windows.
        let event = delivery("e", 1, Delivery::Received("hello"), NOW);
        base.happen(&event);
        model.happened(&after, &event);
        audience.happened(&event, NOW);
        model.agrees(&audience, NOW);
        let later = Time(NOW.0 + 3 * DAY);
        audience.advance(later);
        model.agrees(&audience, later);
    }
}
