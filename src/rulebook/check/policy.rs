//! What holds for all marketing at once: the sections `policy`, `holdout` and
//! `topics`.

use super::{codes, names, read, title};
use crate::diagnostic::{Diagnostic, Place};
use crate::model::{Share, Text, TimeDelta, Wish};
use crate::rulebook::phrases::duration;
use crate::rulebook::raw::{Reader, find};
use crate::rulebook::shape::{Shape, Takes, optional, required};
use crate::rulebook::words;
use crate::rulebook::yaml::{Entry, Node, Scalar};
use jiff::civil;

const ZONES: [&str; 2] = ["user", "project"];
const THEN: [&str; 2] = ["delay", "skip"];
/// More caps than this are refused: each is counted for each message.
const CAPS: usize = 10;
/// More topics than this are refused: users choose from one keyboard.
const TOPICS: usize = 50;

/// The section `policy`.
pub(in crate::rulebook) static POLICY: Shape = Shape {
    what: ("`policy`", "`policy`"),
    keys: &[
        optional("quiet_hours", Takes::Map(&QUIET_HOURS), "when no marketing leaves", "когда реклама не уходит"),
        optional(
            "caps",
            Takes::List(&Takes::Rate),
            "how many marketing messages one user gets at most: `3 per day`",
            "сколько рекламных сообщений получит один пользователь, не больше: `3 per day`",
        ),
        optional(
            "missed",
            Takes::Map(&MISSED),
            "what becomes of messages that downtime held up",
            "что делать с сообщениями, задержанными простоем",
        ),
        optional(
            "stop_words",
            Takes::List(&Takes::Text),
            "a user who sends one of these gets no more marketing",
            "приславший одно из этих слов больше не получает рекламы",
        ),
        optional(
            "removed",
            Takes::Duration,
            "how long users of a drip or step that is gone are kept waiting for it; 24 hours if absent",
            "сколько пользователи удалённой цепочки или шага ждут его возвращения; без него 24 часа",
        ),
    ],
};

static QUIET_HOURS: Shape = Shape {
    what: ("`quiet_hours`", "`quiet_hours`"),
    keys: &[
        required("from", Takes::Moment, "when they begin: `22:00`", "когда начинаются: `22:00`"),
        required("to", Takes::Moment, "when they end: `09:00`", "когда кончаются: `09:00`"),
        optional("zone", Takes::Words(&ZONES), "by whose clock; `user` if absent", "по чьим часам; без него `user`"),
        optional(
            "then",
            Takes::Words(&THEN),
            "what becomes of a message: it waits (`delay`) or is dropped (`skip`)",
            "что будет с сообщением: подождёт (`delay`) или не уйдёт (`skip`)",
        ),
    ],
};

static MISSED: Shape = Shape {
    what: ("`missed`", "`missed`"),
    keys: &[required(
        "send_within",
        Takes::Duration,
        "what is later than that is dropped with a reason",
        "что опоздало больше, не отправляется, с указанием причины",
    )],
};

/// The section `holdout`.
pub(in crate::rulebook) static HOLDOUT: Shape = Shape {
    what: ("`holdout`", "`holdout`"),
    keys: &[
        required(
            "percent",
            Takes::Percent,
            "how many users get no marketing, from 1% to 15%",
            "сколько пользователей не получает рекламы, от 1% до 15%",
        ),
        required(
            "name",
            Takes::Name,
            "deals the users; another name is another choice of them",
            "распределяет пользователей; другое имя — другой их выбор",
        ),
    ],
};

/// One of `topics`.
pub(in crate::rulebook) static TOPIC: Shape = Shape {
    what: ("a topic", "тема"),
    keys: &[required(
        "title",
        Takes::Title,
        "what users see when they choose",
        "что видит пользователь, когда выбирает",
    )],
};

/// What holds for all marketing.
#[derive(Debug, PartialEq, Eq)]
pub struct Policy {
    /// When none leaves.
    pub quiet_hours: Option<QuietHours>,
    /// How much of it one user gets; all of these hold.
    pub caps: Vec<Cap>,
    /// What downtime held up longer than this is dropped.
    pub send_within: Option<TimeDelta>,
    /// Messages of a user, in lower case, that mean "no more".
    pub stop_words: Vec<String>,
    /// How long users of a removed drip or step wait for its return.
    pub removed: TimeDelta,
}

/// The hours of a day in which no marketing leaves, perhaps over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// The first quiet minute.
    pub from: civil::Time,
    /// The first minute that is not.
    pub to: civil::Time,
    /// By whose clock.
    pub zone: HoursOf,
    /// What becomes of a message.
    pub then: Quiet,
}

/// Whose clock a time of day is read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoursOf {
    /// The user's, where it is known.
    User,
    /// The project's.
    Project,
}

/// What becomes of a message in quiet hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quiet {
    /// It waits for their end.
    Delay,
    /// It is dropped.
    Skip,
}

/// The most marketing messages that one user gets in some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// How many.
    pub count: u32,
    /// In which time.
    pub per: Period,
}

/// A time in which something is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// The user's calendar day.
    Day,
    /// The user's calendar week, from Monday on.
    Week,
    /// The time just past: `24 hours`.
    Rolling(TimeDelta),
}

/// The share of users who get no marketing, for comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holdout {
    /// Deals the users.
    pub name: String,
    /// How many.
    pub share: Share,
}

/// A kind of marketing that a user can opt out of apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// What users see.
    pub title: Text,
}

impl Default for Policy {
    fn default() -> Self {
        let removed = TimeDelta::hours(24);
        Self { quiet_hours: None, caps: Vec::new(), send_within: None, stop_words: Vec::new(), removed }
    }
}

/// Checks `policy`.
pub(in crate::rulebook) fn policy(section: Option<&Entry>, reader: &mut Reader) -> Policy {
    let mut policy = Policy::default();
    let Some(entry) = section else { return policy };
    let entries = reader.shape(&entry.value, entry.key.place, &POLICY).unwrap_or_default();
    policy.quiet_hours = find(entries, "quiet_hours").and_then(|node| quiet_hours(node, reader));
    policy.caps = find(entries, "caps").map(|node| caps(node, reader)).unwrap_or_default();
    policy.send_within = find(entries, "missed").and_then(|node| {
        let inner = reader.shape(node, node.place, &MISSED)?;
        duration(find(inner, "send_within")?, ("`send_within`", "`send_within`"), reader)
    });
    policy.stop_words = find(entries, "stop_words").map(|node| stop_words(node, reader)).unwrap_or_default();
    let removed = find(entries, "removed").and_then(|node| duration(node, ("`removed`", "`removed`"), reader));
    policy.removed = removed.unwrap_or(policy.removed);
    policy
}

fn quiet_hours(node: &Node, reader: &mut Reader) -> Option<QuietHours> {
    let entries = reader.shape(node, node.place, &QUIET_HOURS)?;
    let from = find(entries, "from").and_then(|node| read::clock(node, ("`from`", "`from`"), reader));
    let to = find(entries, "to").and_then(|node| read::clock(node, ("`to`", "`to`"), reader));
    let zone = find(entries, "zone").map_or(Some("user"), |node| reader.word(node, ("`zone`", "`zone`"), &ZONES));
    let then = find(entries, "then").map_or(Some("delay"), |node| reader.word(node, ("`then`", "`then`"), &THEN));
    let zone = if zone? == "project" { HoursOf::Project } else { HoursOf::User };
    let then = if then? == "skip" { Quiet::Skip } else { Quiet::Delay };
    let (from, to) = (from?, to?);
    if from == to {
        reader.found.push(never_quiet(node.place));
        return None;
    }
    Some(QuietHours { from, to, zone, then })
}

fn never_quiet(place: Place) -> Diagnostic {
    let text = Text::new("quiet hours end when they begin", "тихие часы кончаются тогда же, когда начинаются");
    let help = Text::new(
        "write different times; over midnight is fine: `{from: \"22:00\", to: \"09:00\"}`",
        "укажите разное время; можно через полночь: `{from: \"22:00\", to: \"09:00\"}`",
    );
    Diagnostic::error(codes::BAD_CLOCK, text, place).help(help)
}

fn caps(node: &Node, reader: &mut Reader) -> Vec<Cap> {
    let what = ("`caps`", "`caps`");
    let items = reader.list(node, what).unwrap_or_default();
    if let Some(item) = items.get(CAPS) {
        let text = Text::new(format!("there are more than {CAPS} caps"), format!("ограничений больше {CAPS}"));
        let help = Text::new("two or three say it all", "хватит двух-трёх");
        reader.found.push(Diagnostic::error(codes::TOO_MANY, text, item.place).help(help));
    }
    let mut list = Vec::new();
    for item in items.iter().take(CAPS) {
        let Some(scalar) = reader.text(item, what) else { continue };
        match cap_of(&scalar.text) {
            Some(cap) => list.push(cap),
            None => reader.found.push(bad_cap(scalar)),
        }
    }
    list
}

/// `3 per day`, `10 per week`, `5 per 24 hours`.
fn cap_of(text: &str) -> Option<Cap> {
    let (count, per) = text.trim().split_once(" per ")?;
    let count = count.trim().replace('_', "").parse().ok().filter(|count| *count > 0)?;
    let per = match per.trim() {
        "day" => Period::Day,
        "week" => Period::Week,
        "hour" => Period::Rolling(TimeDelta::hours(1)),
        other => Period::Rolling(words::duration(other)?),
    };
    Some(Cap { count, per })
}

fn bad_cap(scalar: &Scalar) -> Diagnostic {
    let text = Text::new(format!("`{}` is not a cap", scalar.text), format!("`{}` — не ограничение", scalar.text));
    let help = Text::new(
        "write `3 per day` or `10 per week`, which follow the calendar, or `5 per 24 hours`, which rolls",
        "пишите `3 per day` или `10 per week` — по календарю, либо `5 per 24 hours` — скользящим окном",
    );
    Diagnostic::error(codes::BAD_CAP, text, scalar.place).help(help)
}

fn stop_words(node: &Node, reader: &mut Reader) -> Vec<String> {
    let what = ("`stop_words`", "`stop_words`");
    let mut list: Vec<(String, Place)> = Vec::new();
    for item in reader.list(node, what).unwrap_or_default() {
        let Some(scalar) = reader.text(item, what) else { continue };
        let word = scalar.text.trim().to_lowercase();
        match list.iter().find(|(known, _)| *known == word) {
            Some((_, before)) => reader.found.push(super::twice(scalar, *before)),
            None => list.push((word, scalar.place)),
        }
    }
    list.into_iter().map(|(word, _)| word).collect()
}

/// Checks `holdout`.
pub(in crate::rulebook) fn holdout(section: Option<&Entry>, reader: &mut Reader) -> Option<Holdout> {
    let entry = section?;
    let entries = reader.shape(&entry.value, entry.key.place, &HOLDOUT)?;
    let bounds = Share::percent(1)..=Share::percent(15);
    let share = find(entries, "percent").and_then(|node| read::share(node, ("`percent`", "`percent`"), bounds, reader));
    let name = find(entries, "name").and_then(|node| reader.text(node, ("`name`", "`name`")));
    let name = name.filter(|name| names::name(name, reader))?.text.clone();
    Some(Holdout { name, share: share? })
}

/// Checks `topics`.
pub(in crate::rulebook) fn topics(entries: &[&Entry], reader: &mut Reader) -> Vec<Topic> {
    if let Some(entry) = entries.get(TOPICS) {
        let text = Text::new(format!("there are more than {TOPICS} topics"), format!("тем больше {TOPICS}"));
        let help = Text::new("five or six are all that anybody reads", "больше пяти-шести никто не прочтёт");
        reader.found.push(Diagnostic::error(codes::TOO_MANY, text, entry.key.place).help(help));
    }
    entries.iter().take(TOPICS).filter_map(|entry| topic(entry, reader)).collect()
}

fn topic(entry: &Entry, reader: &mut Reader) -> Option<Topic> {
    let named = names::name(&entry.key, reader);
    if named && entry.key.text.len() > Wish::LONGEST_TOPIC {
        reader.found.push(long_topic(&entry.key));
    }
    let entries = reader.shape(&entry.value, entry.key.place, &TOPIC)?;
    let title = find(entries, "title").and_then(|node| title(node, reader))?;
    named.then(|| Topic { name: entry.key.text.clone(), title })
}

fn long_topic(name: &Scalar) -> Diagnostic {
    let most = Wish::LONGEST_TOPIC;
    let text = Text::new(
        format!("the name of a topic has at most {most} characters, not {}", name.text.len()),
        format!("в имени темы не больше {most} знаков, а здесь {}", name.text.len()),
    );
    let help = Text::new(
        "it goes into the data of buttons, for which Telegram leaves no more; put other words into `title`",
        "оно входит в данные кнопок, и больше Telegram не оставляет; остальное пишите в `title`",
    );
    Diagnostic::error(codes::BAD_NAME, text, name.place).help(help)
}
