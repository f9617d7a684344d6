//! What is said to be needed is enough, and all of it is.

use super::*;
use crate::model::{Profile, Time, UserId, Value};
use crate::rulebook::{Files, Rulebook, load_files};
use std::sync::Arc;

/// Tests of one field each; `{}` is the field.
const LEAVES: [&str; 8] =
    ["{} > 3", "{} <= 2", "{} = 2", "{} != 0", "{} is missing", "{} is set", "{} between 1 and 4", "{} not in [1, 2]"];
const FIELDS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// Numbers that look drawn and are always the same.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    /// A condition in which each field stands once at most.
    fn condition(&mut self, fields: &[&str]) -> String {
        let [field] = fields else {
            let (left, right) = fields.split_at(1 + self.below(fields.len() - 1));
            let (left, right) = (self.condition(left), self.condition(right));
            return match self.below(4) {
                0 => format!("({left} or {right})"),
                1 => format!("not ({left} and {right})"),
                2 => format!("not ({left} or {right})"),
                _ => format!("({left} and {right})"),
            };
        };
        LEAVES[self.below(LEAVES.len())].replace("{}", field)
    }
}

fn rulebook(conditions: &[String]) -> Arc<Rulebook> {
    let mut text = "profile: {a: int, b: int, c: int, d: int, e: int, f: int}\nsegments:\n".to_owned();
    for (at, condition) in conditions.iter().enumerate() {
        text.push_str(&format!("  s{at}: {condition}\n"));
    }
    let files = [("vestnik.yaml", "language: en\ntimezone: UTC\n"), ("rules/r.yaml", text.as_str())];
    let loaded = load_files(&Files::from_list(files));
    loaded.rulebook.unwrap_or_else(|| panic!("{text}: {:?}", loaded.diagnostics))
}

fn tree(rulebook: &Rulebook, segment: &str, profile: &Profile) -> Tree {
    let view = rulebook.view(profile, Time(0));
    let places = Whereabouts::default();
    let grower = Grower { rulebook, places: &places, person: &view };
    grower.segment(rulebook.segment(segment).unwrap().id).unwrap()
}

/// A value that is what is needed.
fn satisfying(need: &Need) -> Value {
    let int = |json: &Json| json.as_i64().unwrap();
    Value::Int(match need.wanted.as_str() {
        "=" | ">=" | "<=" => int(&need.value),
        ">" | "!=" => int(&need.value) + 1,
        "<" => int(&need.value) - 1,
        "between" | "in" => int(&need.value[0]),
        "not between" => int(&need.value[0]) - 1,
        "not in" => 77,
        "is set" => 1,
        "is missing" => return Value::Missing,
        other => panic!("{other}"),
    })
}

fn with(rulebook: &Rulebook, profile: &Profile, needs: &[&Need]) -> Profile {
    let mut changed = profile.clone();
    for need in needs {
        changed.set(&rulebook.schema, rulebook.schema.find(&need.subject).unwrap(), satisfying(need));
    }
    changed
}

#[test]
fn what_is_needed_turns_the_answer_and_nothing_less_does() {
    let mut draw = Draw(7);
    let conditions: Vec<String> = (0..300).map(|at| draw.condition(&FIELDS[..1 + at % FIELDS.len()])).collect();
    let rulebook = rulebook(&conditions);
    for (at, condition) in conditions.iter().enumerate() {
        let mut profile = Profile::new(&rulebook.schema, UserId(1));
        for field in FIELDS {
            let value =
                [Value::Missing, Value::Int(0), Value::Int(2), Value::Int(3), Value::Int(9)][draw.below(5)].clone();
            profile.set(&rulebook.schema, rulebook.schema.find(field).unwrap(), value);
        }
        let segment = format!("s{at}");
        let before = tree(&rulebook, &segment, &profile);
        let needs = before.flip();
        let wanted = if before.answer == Answer::True { Answer::False } else { Answer::True };
        let all: Vec<&Need> = needs.iter().collect();
        let after = tree(&rulebook, &segment, &with(&rulebook, &profile, &all)).answer;
        assert_eq!(after, wanted, "{condition}: {needs:?}");
        for left_out in 0..all.len() {
            let fewer: Vec<&Need> = all.iter().enumerate().filter(|(i, _)| *i != left_out).map(|(_, n)| *n).collect();
            let after = tree(&rulebook, &segment, &with(&rulebook, &profile, &fewer)).answer;
            assert_ne!(after, wanted, "{condition}: {left_out} of {needs:?} is not needed");
        }
    }
}

#[test]
fn needs_in_words() {
    let rows = [
        ("a >= 5", Value::Int(3), "`a` is 3, 5 or more is needed", "`a` = 3, нужно 5 или больше"),
        (
            "a >= 5",
            Value::Missing,
            "`a` is missing; set it: 5 or more is needed",
            "`a` не задано; задайте: нужно 5 или больше",
        ),
        ("5 < a", Value::Int(3), "`a` is 3, more than 5 is needed", "`a` = 3, нужно больше 5"),
        ("a is set", Value::Missing, "`a` is missing; set it", "`a` не задано; задайте"),
        ("a is missing", Value::Int(3), "`a` is 3; it would have to be missing", "`a` = 3; значения быть не должно"),
        ("a between 4 and 6", Value::Int(3), "`a` is 3, something from 4 to 6 is needed", "`a` = 3, нужно от 4 до 6"),
        ("a in [4, 6]", Value::Int(3), "`a` is 3, one of 4, 6 is needed", "`a` = 3, нужно одно из 4, 6"),
        ("a is missing or a = 0", Value::Int(3), "`a` is 3, 0 is needed", "`a` = 3, нужно 0"),
        ("not (a > 2)", Value::Int(3), "`a` is 3, 2 or less is needed", "`a` = 3, нужно 2 или меньше"),
    ];
    let rulebook = rulebook(&rows.iter().map(|(condition, ..)| (*condition).to_owned()).collect::<Vec<_>>());
    for (at, (condition, value, en, ru)) in rows.iter().enumerate() {
        let mut profile = Profile::new(&rulebook.schema, UserId(1));
        profile.set(&rulebook.schema, rulebook.schema.find("a").unwrap(), value.clone());
        let needs = tree(&rulebook, &format!("s{at}"), &profile).flip();
        let found: Vec<(&str, &str)> =
            needs.iter().map(|need| (need.text.en.as_str(), need.text.ru.as_str())).collect();
        assert_eq!(found, [(*en, *ru)], "{condition}");
    }
}
