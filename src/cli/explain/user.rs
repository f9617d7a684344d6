//! `vestnik explain user ID`: why something happens to a user or does not, or a
//! card with everything about the user.

use super::super::Format;
use super::super::context::{Context, Failure};
use crate::engine::command::{Reply, Request};
use crate::engine::why::{About, Answer, Card, Explanation, Gate, Join, Past, Tree, Verdict, WhyAnswer, WhyQuery};
use crate::model::{Lang, Text};
use serde_json::Value;
use std::fmt::Write;
use std::process::ExitCode;

/// Asks and prints.
pub fn run(context: &Context, user: i64, about: About, now: Option<&str>) -> Result<ExitCode, Failure> {
    context.needs_data()?;
    let now = now.map(|text| context.time(text)).transpose()?;
    let Reply::Why(answer) = context.ask(Request::Why(WhyQuery { user, about, now }))? else {
        return Ok(ExitCode::SUCCESS);
    };
    let lang = context.lang();
    match *answer {
        WhyAnswer::NoUser => Err(Failure::findings(Text::new(
            format!("nobody has the id {user}; `vestnik query true --sample 5` shows some who are known"),
            format!("никого с id {user} нет; нескольких известных покажет `vestnik query true --sample 5`"),
        ))),
        WhyAnswer::NoSuch(text) => Err(Failure::findings(text)),
        WhyAnswer::Card(card) => {
            match context.format() {
                Format::Json => context.say_json(&localized(serde_json::json!(card), lang)),
                Format::Text | Format::Short => context.say(&card_text(&card, lang)),
            }
            Ok(ExitCode::SUCCESS)
        }
        WhyAnswer::Explained(explained) => {
            match context.format() {
                Format::Json => context.say_json(&localized(serde_json::json!(explained), lang)),
                Format::Short => context.say(&format!("{}\n", explained.headline.get(lang))),
                Format::Text => context.say(&explained_text(&explained, lang)),
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The same with each text in one language.
pub fn localized(value: Value, lang: Lang) -> Value {
    match value {
        Value::Object(map) if map.len() == 2 && map.contains_key("en") && map.contains_key("ru") => {
            let key = match lang {
                Lang::En => "en",
                Lang::Ru => "ru",
            };
            map.get(key).cloned().unwrap_or_default()
        }
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, localized(value, lang))).collect(),
        Value::Array(list) => list.into_iter().map(|value| localized(value, lang)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn explained_text(explained: &Explanation, lang: Lang) -> String {
    let mut out = format!("{}\n", explained.headline.get(lang));
    let title = explained.title.as_ref().map(|title| format!("{} · ", title.get(lang))).unwrap_or_default();
    let place = explained.place.as_deref().unwrap_or("—");
    let at = Text::new(
        format!("{title}{place} · rulebook {} · as of {}", explained.rulebook, explained.now),
        format!("{title}{place} · редакция {} · на {}", explained.rulebook, explained.now),
    );
    let _ = writeln!(out, "{}", at.get(lang));
    pasts(&mut out, &Text::new("recorded", "записано"), &explained.recorded, lang);
    if !explained.gates.is_empty() {
        let head = Text::new("now, in order", "сейчас, по порядку");
        let _ = writeln!(out, "\n{}", head.get(lang));
        explained.gates.iter().for_each(|gate| gate_text(&mut out, gate, 1, lang));
    }
    if !explained.needed.is_empty() {
        let head = Text::new("for another answer", "чтобы ответ стал другим");
        let _ = writeln!(out, "\n{}", head.get(lang));
        for need in &explained.needed {
            let place = need.place.as_ref().map(|place| format!("  ({place})")).unwrap_or_default();
            let _ = writeln!(out, "  {}{place}", need.text.get(lang));
        }
    }
    out
}

fn gate_text(out: &mut String, gate: &Gate, depth: usize, lang: Lang) {
    let (pad, mark) = ("  ".repeat(depth), mark(gate.verdict));
    let place = gate.place.as_ref().map(|place| format!("  ({place})")).unwrap_or_default();
    let _ = writeln!(out, "{pad}{mark} {}: {}{place}", gate.gate, gate.text.get(lang));
    if let Some(tree) = &gate.tree {
        tree_text(out, tree, depth + 1, lang);
    }
    gate.gates.iter().for_each(|gate| gate_text(out, gate, depth + 1, lang));
}

fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✓",
        Verdict::Stop => "✗",
        Verdict::Wait | Verdict::Awaits => "…",
        Verdict::Note => "·",
    }
}

fn tree_text(out: &mut String, tree: &Tree, depth: usize, lang: Lang) {
    let mark = match tree.answer {
        Answer::True => "✓",
        Answer::False => "✗",
        Answer::Unknown => "?",
    };
    let word = match tree.join {
        Join::All => Text::new("all of: ", "всё из: "),
        Join::Any => Text::new("any of: ", "хоть одно из: "),
        Join::Not => Text::new("not: ", "не: "),
        Join::Script => Text::new("script: ", "скрипт: "),
        Join::Segment | Join::Leaf => Text::same(""),
    };
    let place = tree.place.as_ref().map(|place| format!("  ({place})")).unwrap_or_default();
    let missing = Text::new("is missing", "не задано");
    let value = |(name, value): (&String, &Value)| match value {
        Value::Null => format!("{name} {}", missing.get(lang)),
        value => format!("{name} = {value}"),
    };
    let values = tree.values.iter().map(value).collect::<Vec<_>>().join(", ");
    let values = if values.is_empty() { values } else { format!("  [{values}]") };
    let _ = writeln!(out, "{}{mark} {}{}{values}{place}", "  ".repeat(depth), word.get(lang), tree.text);
    tree.parts.iter().for_each(|part| tree_text(out, part, depth + 1, lang));
}

fn card_text(card: &Card, lang: Lang) -> String {
    let head = Text::new(
        format!("user {} · rulebook {} · as of {}", card.user, card.rulebook, card.now),
        format!("человек {} · редакция {} · на {}", card.user, card.rulebook, card.now),
    );
    let mut out = format!("{}\n", head.get(lang));
    let mut section = |title: Text, lines: Vec<String>| {
        let _ = writeln!(out, "\n{}", title.get(lang));
        if lines.is_empty() {
            let _ = writeln!(out, "  {}", Text::new("none", "нет").get(lang));
        }
        for line in lines {
            let _ = writeln!(out, "  {line}");
        }
    };
    let fields = card.fields.iter().map(|field| format!("{} = {}", field.name, field.value)).collect();
    section(Text::new("profile", "профиль"), fields);
    section(Text::new("segments", "сегменты"), card.segments.clone());
    let drips = card.drips.iter().map(|place| format!("{}: {}", place.drip, place.text.get(lang))).collect();
    section(Text::new("drips", "цепочки"), drips);
    let next = card.next.iter().map(|moment| format!("{}  {}", moment.at, moment.text.get(lang))).collect();
    section(Text::new("what comes next", "что дальше"), next);
    pasts(&mut out, &Text::new("latest messages", "последние сообщения"), &card.messages, lang);
    pasts(&mut out, &Text::new("lately", "недавно"), &card.timeline, lang);
    out
}

fn pasts(out: &mut String, title: &Text, pasts: &[Past], lang: Lang) {
    if pasts.is_empty() {
        return;
    }
    let times = Text::new(format!("{} ({})", title.en, pasts.len()), format!("{} ({})", title.ru, pasts.len()));
    let _ = writeln!(out, "\n{}", times.get(lang));
    for past in pasts.iter().take(SHOWN) {
        let version = past.rulebook.as_ref().map(|version| format!("  [{version}]")).unwrap_or_default();
        let key = past.key.as_ref().map(|key| format!("  {key}")).unwrap_or_default();
        let _ = writeln!(out, "  {}  {}{version}{key}", past.at.as_deref().unwrap_or("—"), past.text.get(lang));
    }
    if pasts.len() > SHOWN {
        let _ = writeln!(out, "  …");
    }
}

/// So many records are printed; JSON has all of them.
const SHOWN: usize = 10;
