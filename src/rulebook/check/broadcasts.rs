//! The section `broadcasts`: who gets what, how fast, for how long.
//!
//! All that a broadcast may say is checked; [`Broadcast::beyond_start`] tells
//! what an engine must do besides starting it when asked.

use super::conditions::compile;
use super::read::share;
use super::{codes, names};
use crate::condition::codes::MISSING_SURPRISE;
use crate::condition::{Condition, Fact};
use crate::diagnostic::Diagnostic;
use crate::model::{Rate, Share, Text, TimeDelta};
use crate::rulebook::action::{SEND, Scope, Send, send, topic};
use crate::rulebook::phrases::{duration, integer, word};
use crate::rulebook::raw::{Reader, find};
use crate::rulebook::settings::bad_rate;
use crate::rulebook::shape::{Shape, Takes, optional, required};
use crate::rulebook::trigger::{Moment, Schedule, Trigger, moment, trigger};
use crate::rulebook::words;
use crate::rulebook::yaml::{Entry, Node};

const AUDIENCES: [&str; 2] = ["frozen", "live"];
const IN_DOUBT: [&str; 2] = ["skip", "resend"];

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
        required("send", SEND, "the template", "шаблон"),
        optional(
            "topic",
            Takes::Name,
            "its topic, of which users can opt out apart",
            "её тема, от которой можно отказаться отдельно",
        ),
        optional("rate", Takes::Rate, "its own pace, below the bot's limit", "собственная скорость, ниже предела бота"),
        optional(
            "expires",
            Takes::Duration,
            "how long after the start messages may still leave",
            "сколько после начала сообщения ещё могут уходить",
        ),
        optional(
            "audience",
            Takes::Words(&AUDIENCES),
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
        optional(
            "in_doubt",
            Takes::Words(&IN_DOUBT),
            "what becomes of a message of which nobody knows whether it arrived: `skip`, or `resend` at the risk of a second one",
            "что делать с сообщением, о котором неизвестно, дошло ли оно: `skip` или `resend` с риском второго",
        ),
        optional(
            "paid",
            Takes::Map(&PAID),
            "Stars for going faster than is free, up to 1,000 messages a second",
            "звёзды за скорость выше бесплатной, до 1000 сообщений в секунду",
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

static PAID: Shape = Shape {
    what: ("`paid`", "`paid`"),
    keys: &[required(
        "budget",
        Takes::Int,
        "the most Stars that one start may cost",
        "сколько звёзд самое большее может стоить один запуск",
    )],
};

/// The most Stars that a budget can be: a hundred million messages.
const MOST_STARS: i64 = 10_000_000;

/// A message to everybody whom a condition selects.
#[derive(Debug)]
pub struct Broadcast {
    /// Its name.
    pub name: String,
    /// Whom it reaches: where this is true …
    pub to: Condition,
    /// … and this is false. Absent: nobody is excluded.
    pub exclude: Option<Condition>,
    /// What it sends.
    pub send: Send,
    /// Its own pace, below the bot's.
    pub rate: Option<Rate>,
    /// How long after the start messages may still leave.
    pub expires: Option<TimeDelta>,
    /// When it starts by itself; absent: by hand.
    pub at: Option<Moment>,
    /// On what schedule it starts again.
    pub repeat: Option<Schedule>,
    /// Both as they are written, which tells one plan from another; empty if it
    /// starts by hand.
    pub plan: String,
    /// A first share that is watched before the rest.
    pub canary: Option<Canary>,
    /// The share of users who block the bot at which it pauses …
    pub pause_if_blocked: Option<Share>,
    /// … and that of messages that fail.
    pub pause_if_failed: Option<Share>,
    /// Whether it waits for an admin's approval.
    pub ask_first: bool,
    /// When it is decided who gets it.
    pub audience: Audience,
    /// Whether a message that may have arrived is sent again; absent: if it is
    /// transactional.
    pub resend: Option<bool>,
    /// The most Stars that one start may spend on going faster than is free;
    /// absent: it costs nothing.
    pub paid: Option<u32>,
}

/// A first share of the recipients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Canary {
    /// How many get it first.
    pub share: Share,
    /// How long the rest waits.
    pub hold: TimeDelta,
}

/// When it is decided who gets a broadcast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Audience {
    /// At the start.
    #[default]
    Frozen,
    /// Once more before each message.
    Live,
}

impl Broadcast {
    /// Whether a message that may have arrived is sent again.
    pub fn resends(&self) -> bool {
        self.resend.unwrap_or(self.send.transactional)
    }

    /// The first of its keys that asks an engine for more than to send one
    /// template when it is told to start.
    pub fn beyond_start(&self) -> Option<&'static str> {
        let odd = self.at.as_ref().filter(|at| at.schedule().is_none()).map(|_| "at");
        odd.or_else(|| self.send.beyond_template())
    }
}

/// Checks all broadcasts.
pub(in crate::rulebook) fn check(entries: &[&Entry], scope: &Scope<'_>, reader: &mut Reader) -> Vec<Broadcast> {
    entries.iter().filter_map(|entry| broadcast(entry, scope, reader)).collect()
}

fn broadcast(entry: &Entry, scope: &Scope<'_>, reader: &mut Reader) -> Option<Broadcast> {
    let named = names::name(&entry.key, reader);
    let entries = reader.shape(&entry.value, entry.key.place, &SHAPE)?;
    let condition = |key, reader: &mut Reader| compile(find(entries, key)?, &scope.names, scope.sources, reader);
    let to = condition("to", reader);
    let before = reader.found.len();
    let exclude = condition("exclude", reader);
    // Who is unknown to `exclude` is not reached either way: no surprise.
    reader.found.retain_from(before, |found| found.code != MISSING_SURPRISE);
    for (key, condition) in [("to", &to), ("exclude", &exclude)] {
        condition.iter().for_each(|condition| asks_for_variant(key, condition, entries, scope, reader));
    }
    let send = find(entries, "send").and_then(|node| send(node, scope, reader));
    let topic = find(entries, "topic").map(|node| topic(node, scope, reader));
    let rate = find(entries, "rate").and_then(|node| rate(node, reader));
    let expires = find(entries, "expires").and_then(|node| duration(node, ("`expires`", "`expires`"), reader));
    let at = find(entries, "at").and_then(|node| moment(node, &scope.names, scope.sources, reader));
    let repeat = find(entries, "repeat").and_then(|node| repeat(node, scope, reader));
    let canary = find(entries, "canary").and_then(|node| canary(node, reader));
    let (pause_if_blocked, pause_if_failed) =
        find(entries, "pause_if").map_or((None, None), |node| pause_if(node, reader));
    let ask_first = find(entries, "ask_first").and_then(|node| reader.flag(node, ("`ask_first`", "`ask_first`")));
    let audience = find(entries, "audience").and_then(|node| audience(node, reader));
    let paid = find(entries, "paid").and_then(|node| paid(node, reader));
    let in_doubt = find(entries, "in_doubt").and_then(|node| word(node, "in_doubt", &IN_DOUBT, reader));
    let written = |key| find(entries, key).and_then(Node::scalar).map(|scalar| format!("{key} {}", scalar.text));
    named.then_some(())?;
    let send = Send { topic: topic.map_or(Some(None), |topic| topic.map(Some))?, ..send? };
    Some(Broadcast {
        name: entry.key.text.clone(),
        to: to?,
        exclude,
        send,
        rate,
        expires,
        at,
        repeat,
        plan: ["at", "repeat"].into_iter().filter_map(written).collect::<Vec<_>>().join("; "),
        canary,
        pause_if_blocked,
        pause_if_failed,
        ask_first: ask_first.unwrap_or_default(),
        audience: audience.unwrap_or_default(),
        resend: in_doubt.map(|word| word == "resend"),
        paid,
    })
}

/// Warns of an audience that depends on a variant: those left out would be the
/// people to compare with.
fn asks_for_variant(key: &str, condition: &Condition, entries: &[Entry], scope: &Scope<'_>, reader: &mut Reader) {
    let asked = condition.facts().iter().find_map(|fact| match fact {
        Fact::Variant(experiment) => scope.names.catalogue.experiments.name(experiment.0),
        Fact::Count { .. }
        | Fact::Sum { .. }
        | Fact::First(_)
        | Fact::Last(_)
        | Fact::Received { .. }
        | Fact::Clicked { .. }
        | Fact::InDrip(_)
        | Fact::FinishedDrip(_) => None,
    });
    let Some((name, node)) = asked.zip(find(entries, key)) else { return };
    let text = Text::new(
        format!("`{key}` asks for a variant of `{name}`: users of the other variants are left out and not counted"),
        format!(
            "`{key}` спрашивает вариант `{name}`: участники с другими вариантами не попадут ни в рассылку, ни в подсчёт"
        ),
    );
    let help = Text::new(
        format!("write `send: {{experiment: {name}, …}}`, with `none` for a variant that gets nothing"),
        format!("напишите `send: {{experiment: {name}, …}}`, а варианту без сообщения — `none`"),
    );
    reader.found.push(Diagnostic::warning(codes::ASKED_IN_AUDIENCE, text, node.place).help(help));
}

fn rate(node: &Node, reader: &mut Reader) -> Option<Rate> {
    let scalar = reader.text(node, ("`rate`", "`rate`"))?;
    let rate = words::rate(&scalar.text);
    if rate.is_none() {
        reader.found.push(bad_rate(&scalar.text, scalar.place));
    }
    rate
}

fn repeat(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<Schedule> {
    let trigger = trigger(node, &scope.names, scope.sources, reader)?;
    if let Trigger::Schedule(schedule) = trigger {
        return Some(schedule);
    }
    let text = Text::new("a broadcast repeats on a schedule", "рассылка повторяется по расписанию");
    let help = Text::new(
        "write `every monday at 10:00` or the like; what follows from an event is a rule",
        "напишите `every monday at 10:00` и тому подобное; то, что следует из события, — правило",
    );
    reader.found.push(Diagnostic::error(codes::OTHER_TRIGGER, text, node.place).help(help));
    None
}

fn canary(node: &Node, reader: &mut Reader) -> Option<Canary> {
    let entries = reader.shape(node, node.place, &CANARY)?;
    let share = find(entries, "percent").and_then(|node| percent(node, ("`percent`", "`percent`"), reader));
    let hold = find(entries, "hold").and_then(|node| duration(node, ("`hold`", "`hold`"), reader));
    Some(Canary { share: share?, hold: hold? })
}

fn pause_if(node: &Node, reader: &mut Reader) -> (Option<Share>, Option<Share>) {
    let filled = reader.filled(node, PAUSE_IF.what);
    let entries = filled.and_then(|_| reader.shape(node, node.place, &PAUSE_IF)).unwrap_or_default();
    let blocked = find(entries, "blocked").and_then(|node| percent(node, ("`blocked`", "`blocked`"), reader));
    let failed = find(entries, "failed").and_then(|node| percent(node, ("`failed`", "`failed`"), reader));
    (blocked, failed)
}

fn paid(node: &Node, reader: &mut Reader) -> Option<u32> {
    let entries = reader.shape(node, node.place, &PAID)?;
    let budget = integer(find(entries, "budget")?, ("`budget`", "`budget`"), 1..=MOST_STARS, reader)?;
    u32::try_from(budget).ok()
}

fn percent(node: &Node, what: (&str, &str), reader: &mut Reader) -> Option<Share> {
    share(node, what, Share::NONE..=Share::ALL, reader)
}

fn audience(node: &Node, reader: &mut Reader) -> Option<Audience> {
    let word = word(node, "audience", &AUDIENCES, reader)?;
    Some(if word == "live" { Audience::Live } else { Audience::Frozen })
}
