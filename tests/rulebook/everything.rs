//! A project that uses every section and every key once, and what is made of
//! it: no errors, no warnings, and the values that it says.

use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vestnik::model::{Lang, Profile, Time, UserId, Value};
use vestnik::rulebook::{Again, Files, Rulebook, SchemaOf, json_schema, load, load_files};

use crate::mistakes::told;

/// 2026-01-05 12:00 in Moscow.
const NOW: Time = Time(1_767_603_600_000);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rulebook/data/everything")
}

fn everything() -> Arc<Rulebook> {
    let loaded = load(&folder()).expect("the project is readable");
    assert_eq!(told(&loaded), "");
    loaded.rulebook.expect("no errors")
}

/// A small project of one rule file, which must be right.
fn small(rules: &str, template: &str) -> Arc<Rulebook> {
    let files = [("vestnik.yaml", "language: en\n"), ("rules/a.yaml", rules), ("templates/hello.txt", template)];
    let loaded = load_files(&Files::from_list(files));
    assert_eq!(told(&loaded), "");
    loaded.rulebook.expect("no errors")
}

#[test]
fn every_key_of_the_format_is_used_and_understood() {
    everything();
    let mut text = String::new();
    for entry in std::fs::read_dir(folder().join("rules")).expect("rules") {
        text.push_str(&std::fs::read_to_string(entry.expect("a file").path()).expect("text"));
    }
    let mut keys = BTreeSet::new();
    known_keys(&json_schema(SchemaOf::Rules, Lang::En), &mut keys);
    // A condition in a script is not possible yet.
    let absent: Vec<_> = keys.iter().filter(|key| *key != "script" && !has_key(&text, key)).collect();
    assert!(keys.len() > 100 && absent.is_empty(), "{absent:?} of {} keys", keys.len());
}

/// The names of all properties of a schema.
fn known_keys(schema: &Json, keys: &mut BTreeSet<String>) {
    match schema {
        Json::Object(object) => {
            if let Some(Json::Object(properties)) = object.get("properties") {
                keys.extend(properties.keys().cloned());
            }
            object.values().for_each(|inner| known_keys(inner, keys));
        }
        Json::Array(list) => list.iter().for_each(|inner| known_keys(inner, keys)),
        _ => {}
    }
}

fn has_key(text: &str, key: &str) -> bool {
    let written = format!("{key}:");
    text.match_indices(&written).any(|(at, _)| matches!(text[..at].chars().next_back(), Some(' ' | '{' | '\n') | None))
}

#[test]
fn what_the_files_say_is_what_the_rulebook_holds() {
    let book = everything();
    let classes: Vec<&str> = book.lifecycle().iter().map(|class| &*class.name).collect();
    assert_eq!(classes, ["champion", "student", "visitor"]);
    let (drip, experiment) = (&book.drips[0], &book.experiments[0]);
    assert_eq!((drip.name.as_str(), drip.steps.len()), ("onboarding", 7));
    assert_eq!(drip.again, Again::After(vestnik::model::TimeDelta::days(60)));
    assert_eq!(experiment.coverage.to_string(), "40%");
    assert_eq!(experiment.variants.iter().map(|v| v.name.as_str()).collect::<Vec<_>>(), ["plain", "brief"]);
    assert!(book.experiments[1].variants[1].silent && experiment.decide.auto_ship);
    assert_eq!(book.policy.caps.len(), 3);
    assert_eq!(book.policy.stop_words, ["enough", "хватит"]);
    assert_eq!(book.holdout.as_ref().map(|holdout| holdout.share.to_string()).as_deref(), Some("3%"));
    assert_eq!(book.topics[0].title.ru, "Советы");
    let steps: Vec<i64> = book.scenarios[0].steps.iter().map(|step| (step.at.0 - NOW.0) / 3_600_000).collect();
    assert_eq!(steps, [0, 24, 24, 24, 70]);
    assert_eq!(book.alerts[0].quiet, vestnik::model::TimeDelta::hours(1));
}

#[test]
fn computed_fields_and_lifecycle_follow_from_the_rest() {
    let book = small(
        "profile:\n  visits: {type: int, default: 0}\n  warmth: {type: float, is: visits * 0.5}\n  eager: {type: bool, is: warmth > 2}\n  hint: {type: string, is: first_name}\nsegments:\n  regulars: {title: R, if: eager and lifecycle != \"new\"}\nlifecycle:\n  - old: warmth > 4\n  - warm: eager\n  - new: else\n",
        "{{ user.warmth | default(0) }} {{ user.eager }} {{ user.lifecycle }} {{ user.hint | default(\"?\") }} {{ segment(\"regulars\") }}\n",
    );
    for (visits, expected) in [(0, "0.0 False new ? False"), (5, "2.5 True warm ? True"), (9, "4.5 True old ? True")] {
        let mut profile = Profile::new(&book.schema, UserId(7));
        profile.set(&book.schema, book.schema.find("visits").expect("declared"), Value::Int(visits));
        // What was stored before the field was computed does not matter.
        profile.set(&book.schema, book.schema.find("warmth").expect("declared"), Value::Float(99.0));
        let message = book.render("hello", &book.view(&profile, NOW)).expect("renders");
        assert_eq!(message.text, expected, "{visits}");
    }
}

#[test]
fn chains_of_definitions_are_bounded() {
    let chain = |n: usize| {
        let fields = (0..n).map(|i| match i {
            0 => "  f0: {type: int, default: 1}\n".to_owned(),
            _ => format!("  f{i}: {{type: int, is: f{} + 1}}\n", i - 1),
        });
        format!("profile:\n{}", fields.collect::<String>())
    };
    for (n, codes) in [(65, vec![]), (66, vec!["R101"])] {
        let files = [("vestnik.yaml", "language: en\n"), ("rules/a.yaml", &*chain(n)), ("templates/a.txt", "a")];
        let loaded = load_files(&Files::from_list(files));
        let found: Vec<&str> = loaded.diagnostics.iter().map(|d| d.code.0).filter(|code| *code != "R050").collect();
        assert_eq!(found, codes, "{n}");
    }
}

#[test]
fn what_nothing_uses_is_remarked_upon() {
    for (rules, expected) in [
        ("segments:\n  a: true\n", vec!["R050", "R118"]),
        ("segments:\n  a: {title: A, if: true}\n", vec!["R050"]),
        ("segments:\n  a: true\nbroadcasts:\n  b: {to: segment(a), send: hello}\n", vec![]),
        ("segments:\n  a: received(hello) > 0\nrules:\n  r: {when: user enters a, then: [{tag: x}]}\n", vec![]),
        ("segments:\n  a: {title: A, if: balnce > 1}\n", vec!["C010"]),
        (
            "segments:\n  a: {title: A, if: \"count(payment, 90 days) > 1\"}\ntasks:\n  t: {when: every day at 04:00, then: [{cleanup: {events: 30 days}}]}\n",
            vec!["R050", "R119"],
        ),
    ] {
        let files = [("vestnik.yaml", "language: en\n"), ("rules/a.yaml", rules), ("templates/hello.txt", "Hello")];
        let loaded = load_files(&Files::from_list(files));
        let mut found: Vec<&str> = loaded.diagnostics.iter().map(|d| d.code.0).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{rules}");
    }
}
