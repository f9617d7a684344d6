//! How single values look to an editor: types, patterns, examples, and what
//! is offered where a mapping begins.
//!
//! The loader reads the raw text of any scalar, so `5` and `true` are texts
//! too; patterns bind only what YAML takes for text.

use super::text;
use crate::model::Lang;
use crate::rulebook::shape::{Shape, Takes};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Several parts, long or short: `1 hour 30 minutes`, `1h30m`.
const DURATION: &str = r"^\s*([0-9][0-9_]*( +(week|day|hour|minute|second)s?|[wdhms])\s*)+$";
const RATE: &str = r"^\s*[0-9]+ per .+$";
const PERCENT: &str = r"^\s*[0-9]+(\.[0-9]+)?\s*%?\s*$";
/// A date, a clock time, a day of the week, or a field with what is added.
const MOMENT: &str = r"^\s*([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}:[0-9]{2}|[^\s0-9])";
const GOAL: &str = r"^\s*event\s[\s\S]+\swithin\s[\s\S]+$";
const TRIGGER: &str = r"^\s*((event|user|field|command|button|text|unknown|every|on day|cron|once at)\s[\s\S]+|\S+\s+changes|[\s\S]+\s(before|after)\s[\s\S]+)$";

/// Triggers that an editor offers, with places to fill in.
const TRIGGERS: [&str; 16] = [
    "event ${1:payment}",
    "user enters ${1:vip}",
    "user leaves ${1:vip}",
    "${1:balance} changes",
    "command /${1:start}",
    "button ${1:offer}",
    "text \"${1:regex}\"",
    "unknown message",
    "unknown button",
    "user joins",
    "user blocks bot",
    "user returns",
    "${1:3 days} before ${2:subscription_until}",
    "every day at ${1:10:00}",
    "every ${1:monday} at ${2:18:00} user time",
    "on day ${1:1} at ${2:09:00}",
];

/// The schema of a value without parts of its own.
pub(super) fn leaf(takes: &Takes, lang: Lang) -> Value {
    let mut leaf = form(takes);
    if let Some(look) = look(takes, lang).filter(|_| leaf.get("pattern").is_some()) {
        leaf["patternErrorMessage"] = json!(look);
    }
    leaf
}

fn form(takes: &Takes) -> Value {
    match takes {
        Takes::Text => json!({ "type": ["string", "number", "boolean"] }),
        Takes::Title => json!({
            "anyOf": [
                { "type": ["string", "number", "boolean"] },
                {
                    "type": "object",
                    "properties": { "en": { "type": ["string", "number", "boolean"] }, "ru": { "type": ["string", "number", "boolean"] } },
                    "additionalProperties": false,
                },
            ],
        }),
        Takes::Flag => json!({ "type": "boolean" }),
        Takes::Int => json!({ "type": ["integer", "string"], "pattern": r"^\s*-?[0-9][0-9_]*\s*$" }),
        Takes::Number => json!({ "type": ["number", "string"], "pattern": r"^\s*-?[0-9][0-9_]*(\.[0-9]+)?\s*$" }),
        Takes::Percent => json!({ "type": ["number", "string"], "pattern": PERCENT, "examples": ["5%"] }),
        Takes::Name => json!({ "type": "string", "minLength": 1 }),
        Takes::Condition => json!({
            "type": ["string", "boolean", "number"],
            "minLength": 1,
            "examples": ["segment(vip)", "balance > 0", "last_seen_at within 7 days"],
        }),
        Takes::Expression => json!({ "type": ["string", "boolean", "number"], "minLength": 1 }),
        Takes::Duration => {
            json!({ "type": "string", "pattern": DURATION, "examples": ["30 minutes", "6 hours", "7 days", "2 weeks"] })
        }
        Takes::Rate => {
            json!({ "type": "string", "pattern": RATE, "examples": ["20 per second", "100 per minute"] })
        }
        Takes::Trigger => {
            let snippets: Vec<Value> =
                TRIGGERS.iter().map(|body| json!({ "label": plain(body), "body": body })).collect();
            json!({
                "type": "string",
                "pattern": TRIGGER,
                "defaultSnippets": snippets,
            })
        }
        Takes::Goal => json!({
            "type": "string",
            "pattern": GOAL,
            "examples": ["event payment within 7 days", "event payment if event.rub > 500 within 3 days"],
        }),
        Takes::Moment => json!({
            "type": "string",
            "pattern": MOMENT,
            "examples": ["10:00", "10:00 user time", "2026-03-01 10:00"],
        }),
        Takes::Words(words) => json!({ "type": "string", "enum": words }),
        Takes::Map(_) | Takes::Named(_) | Takes::Open(..) | Takes::List(_) | Takes::Either(_) => json!({}),
    }
}

/// How the value is written, in words, where a type alone says too little.
pub(super) fn look(takes: &Takes, lang: Lang) -> Option<&'static str> {
    let words = match takes {
        Takes::Condition => ("A condition: `balance > 0 and not blocked`", "Условие: `balance > 0 and not blocked`"),
        Takes::Expression => ("An expression: `balance + 1`, `\"text\"`", "Выражение: `balance + 1`, `\"текст\"`"),
        Takes::Duration => ("A length of time: `6 hours`, `1h30m`", "Длительность: `6 hours`, `1h30m`"),
        Takes::Rate => ("A rate: `20 per second`", "Скорость: `20 per second`"),
        Takes::Percent => ("A share: `5%`", "Доля: `5%`"),
        Takes::Trigger => (
            "A trigger: `event payment`, `user enters vip`, `every day at 10:00`",
            "Триггер: `event payment`, `user enters vip`, `every day at 10:00`",
        ),
        Takes::Goal => ("A goal: `event payment within 7 days`", "Цель: `event payment within 7 days`"),
        Takes::Moment => (
            "A time: `10:00`, `10:00 user time`, `2026-03-01 10:00`",
            "Время: `10:00`, `10:00 user time`, `2026-03-01 10:00`",
        ),
        Takes::Title => ("One text, or `{en: …, ru: …}`", "Один текст или `{en: …, ru: …}`"),
        Takes::Either(forms) => return forms.iter().find_map(|form| look(form, lang)),
        Takes::Text
        | Takes::Flag
        | Takes::Int
        | Takes::Number
        | Takes::Name
        | Takes::Words(_)
        | Takes::Map(_)
        | Takes::Named(_)
        | Takes::Open(..)
        | Takes::List(_) => return None,
    };
    Some(text(lang, words))
}

/// What an editor offers for a new entry with a name: the keys that must be
/// there, each with a place to fill in.
pub(super) fn snippet(shape: &Shape, lang: Lang) -> Value {
    // A JSON object is written in the order of its keys: so are the places counted.
    let names: BTreeSet<&str> = shape.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let places = names.into_iter().zip(2..);
    let body: Map<String, Value> = places.map(|(name, n)| (name.to_owned(), json!(format!("${n}")))).collect();
    json!({ "label": text(lang, shape.what), "body": { "${1:name}": body } })
}

/// A snippet as it reads without its places.
fn plain(snippet: &str) -> String {
    let mut out = String::new();
    let mut rest = snippet;
    while let Some((before, after)) = rest.split_once("${") {
        let (place, tail) = after.split_once('}').unwrap_or((after, ""));
        out.push_str(before);
        out.push_str(place.split_once(':').map_or("", |(_, word)| word));
        rest = tail;
    }
    out + rest
}
