//! The grammars for editors: their words are those of the language, and their
//! patterns give samples the scopes that they should have.
//!
//! Patterns keep to what the crate `regex` and editors both understand; a
//! small reader of grammars here does with a line what an editor does. Only
//! the `while` of block scalars, which looks back at the indentation, is left
//! out.

use regex::Regex;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use vestnik::condition;

const FOLDER: &str = "docs/editor/vscode/syntaxes";

/// Grammars by their scope names.
struct Grammars(BTreeMap<String, Value>);

impl Grammars {
    fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER);
        let grammar = |name: &str| -> Value {
            let text = fs::read_to_string(folder.join(format!("{name}.tmLanguage.json"))).expect(name);
            serde_json::from_str(&text).expect(name)
        };
        let all = ["vestnik-condition", "vestnik-trigger", "vestnik-yaml.injection"].map(grammar);
        Self(all.into_iter().map(|one| (string(&one["scopeName"]), one)).collect())
    }

    fn rule(&self, grammar: &str, name: &str) -> &Value {
        &self.0[grammar]["repository"][name]
    }

    /// The `match` rules that a list of patterns comes to, in order.
    fn rules<'a>(&'a self, grammar: &'a str, patterns: &'a Value, into: &mut Vec<(&'a str, &'a Value)>) {
        for rule in patterns.as_array().expect("patterns") {
            self.expand(grammar, rule, into);
        }
    }

    fn expand<'a>(&'a self, grammar: &'a str, rule: &'a Value, into: &mut Vec<(&'a str, &'a Value)>) {
        if let Some(target) = rule["include"].as_str() {
            let (other, name) = target.split_once('#').unwrap_or((target, ""));
            let other = if other.is_empty() { grammar } else { other };
            let Some((known, _)) = self.0.get_key_value(other) else { return };
            match name {
                "" => self.rules(known, &self.0[known]["patterns"], into),
                name => self.expand(known, self.rule(known, name), into),
            }
        } else if rule["match"].is_string() {
            into.push((grammar, rule));
        } else if rule["patterns"].is_array() && !rule["begin"].is_string() {
            self.rules(grammar, &rule["patterns"], into);
        }
    }

    /// The pieces of a text with their scopes, as `text scope`.
    fn tokens(&self, grammar: &str, patterns: &Value, text: &str, into: &mut Vec<String>) {
        let mut rules = Vec::new();
        self.rules(grammar, patterns, &mut rules);
        let mut at = 0;
        while at < text.len() {
            let found = rules.iter().filter_map(|(home, rule)| {
                let captures = regex(&rule["match"]).captures_at(text, at)?;
                Some((captures.get(0)?.start(), *home, *rule, captures))
            });
            let Some((_, home, rule, captures)) = found.min_by_key(|(start, ..)| *start) else { return };
            let whole = captures.get(0).expect("the whole");
            if let Some(scope) = rule["name"].as_str() {
                into.push(token(whole.as_str(), scope));
            }
            for (number, capture) in rule["captures"].as_object().into_iter().flatten() {
                let Some(part) = captures.get(number.parse().expect("a number")) else { continue };
                if let Some(scope) = capture["name"].as_str() {
                    into.push(token(part.as_str(), scope));
                }
                if capture["patterns"].is_array() {
                    self.tokens(home, &capture["patterns"], part.as_str(), into);
                }
            }
            at = whole.end().max(at + 1);
            while !text.is_char_boundary(at) {
                at += 1;
            }
        }
    }

    fn scopes(&self, grammar: &str, text: &str) -> String {
        let mut tokens = Vec::new();
        self.tokens(grammar, &self.0[grammar]["patterns"], text, &mut tokens);
        tokens.join(" | ")
    }
}

/// A scope without what is the same in all of them.
fn token(text: &str, scope: &str) -> String {
    format!("{text} {}", scope.trim_end_matches(".vestnik").trim_end_matches(".yaml"))
}

fn regex(pattern: &Value) -> Regex {
    let pattern = pattern.as_str().expect("a pattern");
    Regex::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"))
}

fn string(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// The words in a pattern: what is left when escapes are taken out.
fn words(pattern: &Value) -> BTreeSet<String> {
    let plain =
        regex(&"\\\\.(\\{[A-Z]\\})?".into()).replace_all(pattern.as_str().expect("a pattern"), " ").into_owned();
    plain
        .split(|c: char| !c.is_ascii_lowercase() && c != '_')
        .filter(|word| word.len() > 1)
        .map(str::to_owned)
        .collect()
}

fn set<S: Into<String>>(words: impl IntoIterator<Item = S>) -> BTreeSet<String> {
    words.into_iter().map(Into::into).collect()
}

const CONDITION: &str = "source.vestnik.condition";
const TRIGGER: &str = "source.vestnik.trigger";
const INJECTION: &str = "source.vestnik.injection";

#[test]
fn keywords_are_those_of_the_language() {
    let grammars = Grammars::read();
    let of = |name: &str| words(&grammars.rule(CONDITION, name)["match"]);
    let reserved: BTreeSet<String> = of("keyword").union(&of("constant")).cloned().collect();
    assert_eq!(reserved, set(condition::RESERVED));

    let relative = grammars.rule(CONDITION, "relative")["patterns"].as_array().expect("patterns");
    let mut in_place = of("phrase");
    relative.iter().for_each(|rule| in_place.extend(words(&rule["match"])));
    let in_place: BTreeSet<String> = in_place.difference(&reserved).cloned().collect();
    let pest =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("grammar/condition.pest")).expect("grammar");
    let tail = pest.split("// Words with a meaning only in their place").nth(1).expect("the words in their place");
    let contextual = tail.lines().filter_map(|line| line.split(" = @{ \"").nth(1)?.split('"').next());
    assert_eq!(in_place, set(contextual));
}

#[test]
fn functions_are_those_of_the_language() {
    let grammars = Grammars::read();
    let mut highlighted = BTreeSet::new();
    for name in ["named", "function"] {
        let pattern = string(&grammars.rule(CONDITION, name)["match"]);
        let list = pattern.split('(').nth(1).and_then(|rest| rest.split(')').next()).expect("a list");
        highlighted.extend(set(list.split('|')));
    }
    for function in condition::functions() {
        assert!(highlighted.contains(function.name), "the grammar lacks `{}`", function.name);
    }
    let loaded = crate::mistakes::project(("rules/x.yaml", "segments: {}\n"));
    let rulebook = loaded.rulebook.expect("sound");
    for name in &highlighted {
        let ast = condition::parse(&format!("{name}(vip) = 1")).expect(name);
        let (_, found) = condition::check(&ast, &rulebook.catalogue.names());
        let unknown = found.iter().any(|d| d.code == condition::codes::UNKNOWN_FUNCTION);
        assert!(!unknown, "the grammar has `{name}`, the language has not");
    }
}

#[test]
fn every_pattern_is_understood() {
    fn all(value: &Value) {
        match value {
            Value::Object(map) => {
                for (key, inner) in map {
                    match key.as_str() {
                        "match" | "begin" => drop(regex(inner)),
                        "while" if !string(inner).contains("\\1") => drop(regex(inner)),
                        _ => all(inner),
                    }
                }
            }
            Value::Array(list) => list.iter().for_each(all),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    Grammars::read().0.values().for_each(all);
}

#[test]
fn samples_have_their_scopes() {
    let grammars = Grammars::read();
    for (grammar, text, expected) in [
        (CONDITION, "balance > 0", "balance variable.other.field | > keyword.operator | 0 constant.numeric"),
        (
            CONDITION,
            "not blocked and баланс is missing",
            "not keyword.operator.word | blocked variable.other.field | and keyword.operator.word | баланс variable.other.field | is keyword.operator.word | missing constant.language",
        ),
        (
            CONDITION,
            "segment(vip) or lower(username) starts with \"a\\\"b\" # why",
            "segment support.function | vip entity.name | or keyword.operator.word | lower support.function | username variable.other.field | starts with keyword.operator.word | \"a\\\"b\" string.quoted.double | # why comment.line.number-sign",
        ),
        (
            CONDITION,
            "created_at >= 2026-03-01 18:30 and last_seen_at within next 7 days",
            "created_at variable.other.field | >= keyword.operator | 2026-03-01 18:30 constant.numeric.date | and keyword.operator.word | last_seen_at variable.other.field | within next keyword.operator.word | 7 days constant.numeric.duration",
        ),
        (
            CONDITION,
            "x < 1h30m ago or y > 3 days from now or z = 1_000.5",
            "x variable.other.field | < keyword.operator | 1h30m constant.numeric.duration | ago keyword.operator.word | or keyword.operator.word | y variable.other.field | > keyword.operator | 3 days constant.numeric.duration | from keyword.operator.word | now constant.language | or keyword.operator.word | z variable.other.field | = keyword.operator | 1_000.5 constant.numeric",
        ),
        (
            CONDITION,
            "event.rub > 5 and set is set and android",
            "event.rub variable.other.property | > keyword.operator | 5 constant.numeric | and keyword.operator.word | set variable.other.field | is set keyword.operator.word | and keyword.operator.word | android variable.other.field",
        ),
        (
            CONDITION,
            "count(payment, 30 days) >= 3 and language in ['ru']",
            "count support.function | payment entity.name | 30 days constant.numeric.duration | >= keyword.operator | 3 constant.numeric | and keyword.operator.word | language variable.other.field | in keyword.operator.word | 'ru' string.quoted.single",
        ),
        (TRIGGER, "event payment", "event keyword.control | payment entity.name"),
        (TRIGGER, "user enters vip", "user keyword.control | enters keyword.control | vip entity.name"),
        (TRIGGER, "user blocks bot", "user blocks bot keyword.control"),
        (TRIGGER, "balance changes", "balance variable.other.field | changes keyword.control"),
        (TRIGGER, "command /start", "command keyword.control | /start entity.name"),
        (TRIGGER, "text \"^hi\"", "text keyword.control | \"^hi\" string.quoted.double"),
        (
            TRIGGER,
            "3 days before subscription_until",
            "3 days constant.numeric.duration | before keyword.control | subscription_until variable.other.field",
        ),
        (
            TRIGGER,
            "every monday, thursday at 18:00 user time",
            "every keyword.control | monday constant.language | thursday constant.language | at keyword.control | 18:00 constant.numeric.clock | user time keyword.control",
        ),
        (
            TRIGGER,
            "on day 1 at 09:00 Europe/Moscow",
            "on day keyword.control | 1 constant.numeric | at keyword.control | 09:00 constant.numeric.clock | Europe/Moscow constant.other.zone",
        ),
        (TRIGGER, "once at 2026-03-01 10:00", "once at keyword.control | 2026-03-01 10:00 constant.numeric.date"),
        (
            INJECTION,
            "    if: balance > 0 # debtors",
            "if entity.name.tag | : punctuation.separator.key-value.mapping | balance variable.other.field | > keyword.operator | 0 constant.numeric",
        ),
        (
            INJECTION,
            "    exit if: \"not blocked\"",
            "exit if entity.name.tag | : punctuation.separator.key-value.mapping | not keyword.operator.word | blocked variable.other.field",
        ),
        (
            INJECTION,
            "  win: {to: segment(vip), send: hello, exclude: 'blocked'}",
            "to entity.name.tag | : punctuation.separator.key-value.mapping | segment support.function | vip entity.name | exclude entity.name.tag | : punctuation.separator.key-value.mapping | blocked variable.other.field",
        ),
        (
            INJECTION,
            "    when: user enters vip",
            "when entity.name.tag | : punctuation.separator.key-value.mapping | user keyword.control | enters keyword.control | vip entity.name",
        ),
        (INJECTION, "    title: to be or not to be", ""),
        (INJECTION, "    iff: balance", ""),
    ] {
        assert_eq!(grammars.scopes(grammar, text), expected, "{text}");
    }
}

#[test]
fn what_stands_under_segments_is_a_condition() {
    let grammars = Grammars::read();
    let inside = &grammars.rule(INJECTION, "segments")["patterns"];
    for (line, expected) in [
        (
            "  vip: paid_count >= 5",
            "vip entity.name.tag | : punctuation.separator.key-value.mapping | paid_count variable.other.field | >= keyword.operator | 5 constant.numeric",
        ),
        ("  all: true", "all entity.name.tag | : punctuation.separator.key-value.mapping | true constant.language"),
        ("    title: true love", "title entity.name.tag | : punctuation.separator.key-value.mapping"),
        ("  vip:", ""),
    ] {
        let mut tokens = Vec::new();
        grammars.tokens(INJECTION, inside, line, &mut tokens);
        assert_eq!(tokens.join(" | "), expected, "{line}");
    }
    let begins = regex(&grammars.rule(INJECTION, "segments")["begin"]);
    assert!(begins.is_match("segments:") && !begins.is_match("  segments:") && !begins.is_match("segments: {}"));
    let goes_on = regex(&grammars.rule(INJECTION, "segments")["while"]);
    assert!(["  vip: true", "", "# x"].iter().all(|line| goes_on.is_match(line)) && !goes_on.is_match("rules:"));
    let block = regex(&grammars.rule(INJECTION, "condition-block")["begin"]);
    assert!(block.is_match("    if: |") && block.is_match("    to: >-") && !block.is_match("    if: balance"));
}

#[test]
fn the_extension_names_files_that_are_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/editor/vscode");
    let text = fs::read_to_string(folder.join("package.json")).expect("package.json");
    let package: Value = serde_json::from_str(&text).expect("JSON");
    let grammars = Grammars::read();
    for grammar in package["contributes"]["grammars"].as_array().expect("grammars") {
        assert!(folder.join(string(&grammar["path"])).is_file(), "{grammar}");
        assert!(grammars.0.contains_key(&string(&grammar["scopeName"])), "{grammar}");
    }
    for language in package["contributes"]["languages"].as_array().expect("languages") {
        assert!(folder.join(string(&language["configuration"])).is_file(), "{language}");
    }
}
