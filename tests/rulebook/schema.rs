//! The schemas for editors: what is right passes, what is wrong fails at its
//! place, and no key is forgotten.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use vestnik::model::Lang;
use vestnik::rulebook::{SchemaOf, json_schema, sample};

const ALL: [SchemaOf; 3] = [SchemaOf::Rules, SchemaOf::Settings, SchemaOf::Template];

/// What the schema for a file of a project has against it, `PATH KEYWORD` for
/// each.
pub fn refused(path: &str, yaml: &str) -> Vec<String> {
    let of = if path == "vestnik.yaml" { SchemaOf::Settings } else { SchemaOf::Rules };
    against(of, yaml)
}

fn against(of: SchemaOf, yaml: &str) -> Vec<String> {
    let instance: Value = match serde_yaml::from_str(yaml) {
        Ok(instance) => instance,
        Err(error) => return vec![format!("no YAML: {error}")],
    };
    let mut found: Vec<String> = validator(of).iter_errors(&instance).map(|error| deepest(&error)).collect();
    found.sort();
    found
}

fn validator(of: SchemaOf) -> Validator {
    jsonschema::draft7::new(&json_schema(of, Lang::En)).expect("the schema is one")
}

/// Of several forms, the one that got furthest, or else the one whose type is
/// right: what an editor shows, too.
fn deepest(error: &ValidationError<'_>) -> String {
    let here = error.instance_path().to_string();
    if let ValidationErrorKind::AnyOf { context } = error.kind() {
        let of_type = |error: &ValidationError<'_>| kind(error) == "type" && error.instance_path().to_string() == here;
        let fitting: Vec<_> = context.iter().filter(|form| !form.iter().any(of_type)).collect();
        if let [Some(only)] = fitting.iter().map(|form| form.first()).collect::<Vec<_>>()[..] {
            return deepest(only);
        }
    }
    format!("{here} {}", kind(error))
}

fn kind(error: &ValidationError<'_>) -> String {
    error.kind().keyword().to_owned()
}

#[test]
fn the_schemas_are_schemas() {
    for of in ALL {
        let schema = json_schema(of, Lang::En);
        jsonschema::draft7::meta::validate(&schema).expect("draft-07");
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    }
}

#[test]
fn the_sample_and_the_repositorys_own_rules_pass() {
    let mut seen = 0;
    for (path, text) in sample::FILES.iter().filter(|(path, _)| path.ends_with(".yaml")) {
        seen += 1;
        assert_eq!(refused(path, text), Vec::<String>::new(), "{path}");
    }
    for (path, text) in sample::FILES.iter().filter(|(path, _)| path.starts_with("templates/")) {
        let head = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---")).map(|(head, _)| head);
        assert_eq!(against(SchemaOf::Template, head.unwrap_or("{}")), Vec::<String>::new(), "{path}");
    }
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")).expect("rules") {
        let path = entry.expect("a file").path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            seen += 1;
            let text = fs::read_to_string(&path).expect("a text");
            assert_eq!(refused("rules/", &text), Vec::<String>::new(), "{}", path.display());
        }
    }
    assert!(seen >= 7);
}

#[test]
fn right_files_pass() {
    for (of, yaml) in [
        (SchemaOf::Rules, "# nothing\n"),
        (SchemaOf::Rules, "segments:\nbroadcasts:\nprofile:\n"),
        (SchemaOf::Rules, "segments: {all: true, none: false, odd: 5, text: 'balance > 0'}\n"),
        (SchemaOf::Rules, "segments: {a: {title: 5, if: true}, b: {title: {ru: Да, en: yes}, if: balance > 0}}\n"),
        (SchemaOf::Rules, "profile: {a: int, b: {type: enum, values: [1, x]}, id: {title: Id}}\n"),
        (SchemaOf::Rules, "profile: {a: {type: list, default: [x]}, b: {type: float, default: 2.5}}\n"),
        (SchemaOf::Rules, "broadcasts: {a: {to: true, send: x, rate: 20 per 2 minutes, expires: 1h30m}}\n"),
        (
            SchemaOf::Rules,
            "broadcasts: {a: {to: true, send: x, expires: 1 hour 30 minutes, canary: {percent: 5%, hold: 1h}}}\n",
        ),
        (
            SchemaOf::Rules,
            "broadcasts: {a: {to: true, send: {template: x, transactional: true}, at: 2026-03-01 10:00}}\n",
        ),
        (SchemaOf::Rules, "broadcasts: {a: {to: true, send: x, repeat: on day 1 at 10:00, at: 10:00 user time}}\n"),
        (
            SchemaOf::Rules,
            "drips: {a: {when: user enters vip, steps: [{split: {experiment: e, control: [{send: x}], short: [{wait: 1 day}]}}]}}\n",
        ),
        (SchemaOf::Rules, "rules: {a: {when: event payment, then: [{send: {experiment: e, control: x, short: y}}]}}\n"),
        (SchemaOf::Settings, ""),
        (SchemaOf::Settings, "admins:\ntelegram:\n"),
        (SchemaOf::Settings, "admins: {123456789: owner}\nlimits: {bot: off, chat: 1 per second}\n"),
        (SchemaOf::Template, "buttons: [{text: A, press: x}, [{text: B, url: 'https://example.org'}]]\nsilent: true\n"),
    ] {
        assert_eq!(against(of, yaml), Vec::<String>::new(), "{yaml}");
    }
}

#[test]
fn wrong_files_fail_where_they_are_wrong() {
    for (of, yaml, expected) in [
        (SchemaOf::Rules, "segmetns: {a: true}\n", " additionalProperties"),
        (SchemaOf::Rules, "- a\n", " type"),
        (SchemaOf::Rules, "just words\n", " type"),
        (SchemaOf::Rules, "segments: true\n", "/segments type"),
        (SchemaOf::Rules, "segments: {a: [true]}\n", "/segments/a anyOf"),
        (SchemaOf::Rules, "segments: {a: }\n", "/segments/a anyOf"),
        (SchemaOf::Rules, "segments: {a: {title: A}}\n", "/segments/a required"),
        (SchemaOf::Rules, "segments: {a: {titel: A, if: true}}\n", "/segments/a additionalProperties"),
        (SchemaOf::Rules, "segments: {a: {title: {de: A}, if: true}}\n", "/segments/a/title additionalProperties"),
        (SchemaOf::Rules, "segments: {a: {if: {all: true}}}\n", "/segments/a/if additionalProperties"),
        (SchemaOf::Rules, "profile: {x: whatever}\n", "/profile/x enum"),
        (SchemaOf::Rules, "profile: {x: {typ: int}}\n", "/profile/x additionalProperties"),
        (SchemaOf::Rules, "profile: {x: {type: itn}}\n", "/profile/x/type enum"),
        (SchemaOf::Rules, "profile: {x: {type: enum, values: a}}\n", "/profile/x/values type"),
        (SchemaOf::Rules, "broadcasts: {x: {to: true}}\n", "/broadcasts/x required"),
        (SchemaOf::Rules, "broadcasts: {x: hello}\n", "/broadcasts/x type"),
        (SchemaOf::Rules, "broadcasts: {x: {to: true, send: a, sned: b}}\n", "/broadcasts/x additionalProperties"),
        (SchemaOf::Rules, "broadcasts: {x: {to: true, send: a, rate: fast}}\n", "/broadcasts/x/rate pattern"),
        (SchemaOf::Rules, "broadcasts: {x: {to: true, send: a, expires: 1 month}}\n", "/broadcasts/x/expires pattern"),
        (SchemaOf::Rules, "broadcasts: {x: {to: true, send: a, expires: 6}}\n", "/broadcasts/x/expires type"),
        (SchemaOf::Rules, "broadcasts: {x: {to: true, send: a, audience: fozen}}\n", "/broadcasts/x/audience enum"),
        (
            SchemaOf::Rules,
            "broadcasts: {x: {to: true, send: {template: a, afer: 1 hour}}}\n",
            "/broadcasts/x/send anyOf",
        ),
        (SchemaOf::Rules, "broadcasts: {x: {to: true, send: {transactional: true}}}\n", "/broadcasts/x/send anyOf"),
        (
            SchemaOf::Rules,
            "broadcasts: {x: {to: true, send: a, canary: {percent: some, hold: 1h}}}\n",
            "/broadcasts/x/canary/percent pattern",
        ),
        (
            SchemaOf::Rules,
            "broadcasts: {x: {to: true, send: a, paid: {budget: much}}}\n",
            "/broadcasts/x/paid/budget pattern",
        ),
        (SchemaOf::Rules, "broadcasts: {x: {to: true, send: a, paid: {}}}\n", "/broadcasts/x/paid required"),
        (SchemaOf::Rules, "broadcasts: {x: {to: true, send: a, repeat: sometimes}}\n", "/broadcasts/x/repeat pattern"),
        (SchemaOf::Rules, "broadcasts: {x: {to: true, send: a, at: 10 o'clock}}\n", "/broadcasts/x/at pattern"),
        (SchemaOf::Rules, "broadcasts: {x: {to: true, send: a, ask_first: maybe}}\n", "/broadcasts/x/ask_first type"),
        (SchemaOf::Settings, "langauge: ru\n", " additionalProperties"),
        (SchemaOf::Settings, "language: de\n", "/language enum"),
        (SchemaOf::Settings, "timezone: [UTC]\n", "/timezone type"),
        (SchemaOf::Settings, "telegram: {token: x}\n", "/telegram additionalProperties"),
        (SchemaOf::Settings, "telegram: {mode: webhok}\n", "/telegram/mode enum"),
        (SchemaOf::Settings, "admins: {1: onwer}\n", "/admins/1 enum"),
        (SchemaOf::Settings, "limits: {bot: 30/s}\n", "/limits/bot anyOf"),
        (SchemaOf::Settings, "http: {listen: [80]}\n", "/http/listen type"),
        (SchemaOf::Settings, "webhooks: {allow: example.org}\n", "/webhooks/allow type"),
        (SchemaOf::Settings, "watch: never\n", "/watch enum"),
        (SchemaOf::Template, "button: []\n", " additionalProperties"),
        (SchemaOf::Template, "buttons: [{txt: A, press: x}]\n", "/buttons/0 additionalProperties"),
        (SchemaOf::Template, "buttons: [[{press: x}]]\n", "/buttons/0/0 required"),
        (SchemaOf::Template, "silent: sometimes\n", "/silent type"),
    ] {
        let found = against(of, yaml);
        assert!(found.iter().any(|found| found == expected), "{yaml}: {found:?}, not {expected}");
    }
}

/// The keys that the source declares: every `required("…"` and `optional("…"`.
#[test]
fn every_key_of_every_shape_is_in_a_schema() {
    let mut declared = BTreeSet::new();
    gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rulebook"), &mut declared);
    let mut known = BTreeSet::new();
    for of in ALL {
        properties(&json_schema(of, Lang::En), &mut known);
    }
    let absent: Vec<_> = declared.difference(&known).collect();
    assert!(absent.is_empty(), "no schema has these keys, so no section leads to their shapes: {absent:?}");
    assert!(declared.len() > 40, "only {} keys were found", declared.len());
}

#[test]
fn every_key_has_words_in_both_languages() {
    for of in ALL {
        let (mut english, mut russian) = (Vec::new(), Vec::new());
        descriptions(&json_schema(of, Lang::En), &mut english);
        descriptions(&json_schema(of, Lang::Ru), &mut russian);
        assert_eq!(english.len(), russian.len());
        for (en, ru) in english.iter().zip(&russian) {
            assert!(!en.is_empty() && !ru.is_empty());
            let cyrillic = |text: &str| text.chars().any(|c| matches!(c, 'а'..='я' | 'А'..='Я'));
            assert!(!cyrillic(en), "{en}");
        }
    }
}

fn gather(folder: &Path, into: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            gather(&path, into);
            continue;
        }
        let text = fs::read_to_string(&path).expect("a text");
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for start in ["required(", "optional("] {
            for (at, _) in text.match_indices(start) {
                let rest = text[at + start.len()..].trim_start();
                if let Some(name) = rest.strip_prefix('"').and_then(|rest| rest.split('"').next()) {
                    into.insert(name.to_owned());
                }
            }
        }
    }
}

fn properties(value: &Value, into: &mut BTreeSet<String>) {
    if let Some(properties) = value.get("properties").and_then(Value::as_object) {
        into.extend(properties.keys().cloned());
    }
    children(value).for_each(|child| properties(child, into));
}

fn descriptions(value: &Value, into: &mut Vec<String>) {
    into.extend(value.get("description").and_then(Value::as_str).map(str::to_owned));
    children(value).for_each(|child| descriptions(child, into));
}

fn children(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Object(map) => Box::new(map.values()),
        Value::Array(list) => Box::new(list.iter()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Box::new(std::iter::empty()),
    }
}
