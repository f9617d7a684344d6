//! The section `broadcasts`: who gets what, how fast, for how long.

use super::conditions::compile;
use super::{Names, codes, names};
use crate::condition::Condition;
use crate::diagnostic::{Diagnostic, Sources};
use crate::model::{Rate, Text, TimeDelta};
use crate::rulebook::raw::{Reader, find, suggest};
use crate::rulebook::settings::bad_rate;
use crate::rulebook::shape::{Shape, Takes, optional, required};
use crate::rulebook::template::Templates;
use crate::rulebook::words;
use crate::rulebook::yaml::{Entry, Node};

const LATER: [&str; 5] = ["at", "repeat", "canary", "pause_if", "ask_first"];
const SEND_LATER: [&str; 5] = ["after", "at", "priority", "expires", "vars"];

/// One broadcast.
pub(in crate::rulebook) static SHAPE: Shape = Shape {
    what: ("a broadcast", "рассылка"),
    keys: &[
        required("to", Takes::Condition, "who gets it: users for whom this is true", "кому: тем, для кого это истинно"),
        optional(
            "exclude",
            Takes::Condition,
            "who does not: only users for whom this is false get it",
            "кому не слать: получат те, для кого это ложно",
        ),
        required("send", Takes::Either(&[Takes::Name, Takes::Map(&SEND)]), "the template", "шаблон"),
        optional("rate", Takes::Rate, "its own pace, below the bot's limit", "собственная скорость, ниже предела бота"),
        optional(
            "expires",
            Takes::Duration,
            "how long after the start messages may still leave",
            "сколько после начала сообщения ещё могут уходить",
        ),
        optional(
            "audience",
            Takes::Words(&["frozen", "live"]),
            "whether eligibility is checked again before each send",
            "проверять ли получателя ещё раз перед отправкой",
        ),
        optional("at", Takes::Moment, "when it starts by itself", "когда начинается сама"),
        optional("repeat", Takes::Trigger, "a schedule on which it repeats", "расписание повторов"),
        optional(
            "canary",
            Takes::Map(&CANARY),
            "a first share that is watched before the rest",
            "первая доля, за которой наблюдают до остальных",
        ),
        optional(
            "pause_if",
            Takes::Map(&PAUSE_IF),
            "shares of trouble that pause it",
            "доли неудач, при которых она приостанавливается",
        ),
        optional("ask_first", Takes::Flag, "waits for an admin's approval", "ждёт одобрения администратора"),
    ],
};

static CANARY: Shape = Shape {
    what: ("`canary`", "`canary`"),
    keys: &[
        required("percent", Takes::Percent, "how many get it first", "сколько получат первыми"),
        required("hold", Takes::Duration, "how long to wait before the rest", "сколько ждать перед остальными"),
    ],
};

static PAUSE_IF: Shape = Shape {
    what: ("`pause_if`", "`pause_if`"),
    keys: &[
        optional("blocked", Takes::Percent, "share of users who block the bot", "доля заблокировавших бота"),
        optional("failed", Takes::Percent, "share of messages that fail", "доля неудачных отправок"),
    ],
};

static SEND: Shape = Shape {
    what: ("`send`", "`send`"),
    keys: &[
        required("template", Takes::Name, "the template", "шаблон"),
        optional(
            "transactional",
            Takes::Flag,
            "reaches also those who opted out of marketing",
            "доходит и до отказавшихся от рекламы",
        ),
        optional("after", Takes::Duration, "how long to wait", "сколько подождать"),
        optional("at", Takes::Moment, "when", "когда"),
        optional("priority", Takes::Int, "which goes first", "что уходит раньше"),
        optional("expires", Takes::Duration, "how long it is worth sending", "сколько времени её стоит отправлять"),
        optional("vars", Takes::Named(&Takes::Expression), "values for the template", "значения для шаблона"),
    ],
};

/// A message to everybody whom a condition selects.
#[derive(Debug)]
pub struct Broadcast {
    /// Its name.
    pub name: String,
    /// Whom it reaches: where this is true …
    pub to: Condition,
    /// … and this is false. Absent: nobody is excluded.
    pub exclude: Option<Condition>,
    /// The template it sends.
    pub template: String,
    /// Its own pace, below the bot's.
    pub rate: Option<Rate>,
    /// How long after the start messages may still leave.
    pub expires: Option<TimeDelta>,
    /// Whether it reaches users who opted out of marketing.
    pub transactional: bool,
}

/// Checks all broadcasts.
pub(in crate::rulebook) fn check(
    entries: &[&Entry],
    names: &Names<'_>,
    templates: &Templates,
    sources: &Sources,
    reader: &mut Reader,
) -> Vec<Broadcast> {
    entries.iter().filter_map(|entry| broadcast(entry, names, templates, sources, reader)).collect()
}

fn broadcast(
    entry: &Entry,
    env: &Names<'_>,
    templates: &Templates,
    sources: &Sources,
    reader: &mut Reader,
) -> Option<Broadcast> {
    let named = names::name(&entry.key, reader);
    let entries = reader.shape(&entry.value, entry.key.place, &SHAPE)?;
    for key in LATER {
        if let Some(inner) = entries.iter().find(|inner| inner.key.text == key) {
            reader.found.push(later(key, inner.key.place));
        }
    }
    let condition = |key, reader: &mut Reader| compile(find(entries, key)?, env, sources, reader);
    let (to, exclude) = (condition("to", reader), condition("exclude", reader));
    let send = find(entries, "send").and_then(|node| send(node, env, templates, reader));
    let rate = find(entries, "rate").and_then(|node| rate(node, reader));
    let expires = find(entries, "expires").and_then(|node| expires(node, reader));
    if let Some(node) = find(entries, "audience") {
        audience(node, reader);
    }
    let (template, transactional) = send?;
    let name = entry.key.text.clone();
    named.then_some(Broadcast { name, to: to?, exclude, template, rate, expires, transactional })
}

/// `send: NAME` or `send: {template: NAME, transactional: true}`.
fn send(node: &Node, env: &Names<'_>, templates: &Templates, reader: &mut Reader) -> Option<(String, bool)> {
    let (name, transactional) = match node.map() {
        None => (reader.text(node, ("`send`", "`send`"))?, None),
        Some(_) => {
            let entries = reader.shape(node, node.place, &SEND)?;
            for inner in entries.iter().filter(|e| SEND_LATER.contains(&e.key.text.as_str())) {
                reader.found.push(later(&inner.key.text, inner.key.place));
            }
            let template = find(entries, "template")?;
            let flag =
                find(entries, "transactional").and_then(|n| reader.flag(n, ("`transactional`", "`transactional`")));
            (reader.text(template, ("`template`", "`template`"))?, flag)
        }
    };
    if !templates.contains(&name.text) {
        let text =
            Text::new(format!("unknown template `{}`", name.text), format!("неизвестный шаблон `{}`", name.text));
        let diagnostic = Diagnostic::error(codes::UNKNOWN_TEMPLATE, text, name.place);
        let diagnostic = suggest(diagnostic, &name.text, templates.names());
        let help = Text::new(
            format!("create `templates/{}.html`", name.text),
            format!("создайте `templates/{}.html`", name.text),
        );
        let could_be = name.text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        reader.found.push(if could_be { diagnostic.help(help) } else { diagnostic });
        return None;
    }
    reader.used.template(&name.text, env.catalogue);
    let transactional = transactional.unwrap_or_else(|| templates.transactional(&name.text));
    Some((name.text.clone(), transactional))
}

fn rate(node: &Node, reader: &mut Reader) -> Option<Rate> {
    let scalar = reader.text(node, ("`rate`", "`rate`"))?;
    let rate = words::rate(&scalar.text);
    if rate.is_none() {
        reader.found.push(bad_rate(&scalar.text, scalar.place));
    }
    rate
}

fn expires(node: &Node, reader: &mut Reader) -> Option<TimeDelta> {
    let scalar = reader.text(node, ("`expires`", "`expires`"))?;
    let length = words::duration(&scalar.text);
    if length.is_none() {
        let text = Text::new(
            format!("`{}` is not a length of time", scalar.text),
            format!("`{}` — не длительность", scalar.text),
        );
        let help = Text::new(
            "write it like `6 hours`, `1 day` or `1h30m`; months and years are not lengths of time",
            "пишите так: `6 hours`, `1 day` или `1h30m`; месяцы и годы длительностями не бывают",
        );
        reader.found.push(Diagnostic::error(codes::BAD_DURATION, text, scalar.place).help(help));
    }
    length
}

fn audience(node: &Node, reader: &mut Reader) {
    let Some(scalar) = reader.text(node, ("`audience`", "`audience`")) else { return };
    match scalar.text.as_str() {
        "frozen" => {}
        "live" => reader.found.push(later("audience: live", scalar.place)),
        other => {
            let text =
                Text::new(format!("`audience` cannot be `{other}`"), format!("`audience` не может быть `{other}`"));
            let diagnostic = Diagnostic::error(codes::WRONG_SHAPE, text, scalar.place);
            reader.found.push(suggest(diagnostic, other, ["frozen", "live"]));
        }
    }
}

fn later(key: &str, place: crate::diagnostic::Place) -> Diagnostic {
    let text =
        Text::new(format!("`{key}` is not available in this version yet"), format!("`{key}` в этой версии ещё нет"));
    let help = Text::new("remove it until a version that has it", "удалите до версии, в которой это есть");
    Diagnostic::error(codes::LATER_KEY, text, place).help(help)
}
