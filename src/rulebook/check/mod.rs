//! From trees of rule files to checked definitions.
//!
//! Sections of all files are merged first; then fields, then segments, then
//! broadcasts are checked, each collecting what is wrong and going on. Pure:
//! no file is read here and no clock.

mod alerts;
mod broadcasts;
mod computed;
pub(super) mod conditions;
mod drips;
mod events;
mod experiments;
mod lifecycle;
mod limit;
mod literal;
mod lookup;
mod names;
mod order;
mod policy;
mod products;
mod profile;
mod read;
mod rules;
mod scenarios;
mod segments;
mod tasks;
mod unused;

pub(super) use alerts::check as alerts;
pub use alerts::{Alert, Notify, Urgency};
pub(super) use broadcasts::check as broadcasts;
pub use broadcasts::{Audience, Broadcast, Canary};
pub use computed::Computed;
pub(super) use computed::read as definitions;
pub(super) use drips::check as drips;
pub use drips::{Again, Awaited, Drip, OnFailure, Step, What};
pub(super) use events::check as events;
pub(super) use experiments::read as experiments;
pub use experiments::{Decide, Experiment, Measure, Method, Variant};
pub use lifecycle::Class;
pub use limit::{Limit, LimitWindow};
pub use policy::{Cap, Holdout, HoursOf, Period, Policy, Quiet, QuietHours, Topic};
pub(super) use policy::{holdout, policy, topics};
pub use products::Product;
pub(super) use products::check as products;
pub(super) use profile::{Fields, check as profile};
pub use rules::Rule;
pub(super) use rules::rules;
pub(super) use scenarios::check as scenarios;
pub use scenarios::{Act, DripState, Expect, Placed, Scenario, Step as ScenarioStep, beginning};
pub use segments::{Segment, Test};
pub use tasks::{Missed, Task};
pub(super) use tasks::{short_memory, tasks};
pub(super) use unused::{Looked, Used, remarks};

use super::catalogue::Names;
use super::codes;
use super::raw::{Reader, suggest};
use super::shape::{Shape, Takes, optional};
use super::yaml::{Entry, Node, Scalar};
use crate::diagnostic::{Diagnostic, Place};
use crate::model::Text;
use std::collections::HashMap;

/// A rule file: its sections.
pub(super) static FILE: Shape = Shape {
    what: ("a rule file", "файл правил"),
    keys: &[
        optional("profile", Takes::Named(&profile::FIELD), "the fields of a user", "поля пользователя"),
        optional(
            "events",
            Takes::Named(&Takes::Named(&Takes::Words(&events::TYPES))),
            "what can happen to a user, and the types of its properties",
            "что бывает с пользователем, и типы свойств",
        ),
        optional(
            "segments",
            Takes::Named(&Takes::Either(&[Takes::Condition, Takes::Map(&segments::SHAPE)])),
            "conditions with names",
            "условия с именами",
        ),
        optional(
            "lifecycle",
            Takes::List(&Takes::Named(&Takes::Condition)),
            "classes of users, the first that fits",
            "классы пользователей, первый подходящий",
        ),
        optional(
            "rules",
            Takes::Named(&Takes::Map(&rules::RULE)),
            "when something happens, what is done",
            "что делать, когда что-то происходит",
        ),
        optional("tasks", Takes::Named(&Takes::Map(&tasks::TASK)), "chores on a schedule", "работы по расписанию"),
        optional("broadcasts", Takes::Named(&Takes::Map(&broadcasts::SHAPE)), "messages to many", "сообщения многим"),
        optional(
            "drips",
            Takes::Named(&Takes::Map(&drips::shape::SHAPE)),
            "messages over days",
            "сообщения на несколько дней",
        ),
        optional(
            "experiments",
            Takes::Named(&Takes::Map(&experiments::shape::SHAPE)),
            "which variant works better",
            "какой вариант работает лучше",
        ),
        optional(
            "alerts",
            Takes::Named(&Takes::Map(&alerts::SHAPE)),
            "what admins are told of the engine",
            "о чём сообщать администраторам",
        ),
        optional(
            "holdout",
            Takes::Map(&policy::HOLDOUT),
            "users who get no marketing, for comparison",
            "пользователи без рекламы, для сравнения",
        ),
        optional(
            "topics",
            Takes::Named(&Takes::Map(&policy::TOPIC)),
            "what a user can opt out of apart",
            "от чего можно отказаться отдельно",
        ),
        optional("products", Takes::Named(&Takes::Map(&products::PRODUCT)), "what users can buy", "что можно купить"),
        optional(
            "tests",
            Takes::Named(&Takes::Map(&scenarios::shape::SHAPE)),
            "what the rules must do",
            "что правила должны делать",
        ),
        optional("policy", Takes::Map(&policy::POLICY), "what holds for all marketing", "что верно для всей рекламы"),
    ],
};
/// Sections that are one thing and may stand in one file only.
const ALONE: [&str; 3] = ["lifecycle", "holdout", "policy"];

const RENAME: (&str, &str) = ("rename or remove one of the two", "переименуйте или удалите одно из двух");
const TOGETHER: (&str, &str) = ("put all of it into one place", "соберите всё в одном месте");

/// The sections of all files.
#[derive(Debug, Default)]
pub(super) struct Sections<'a> {
    lists: HashMap<&'a str, Vec<&'a Entry>>,
    alone: HashMap<&'a str, &'a Entry>,
    misshapen: Vec<&'a str>,
}

impl<'a> Sections<'a> {
    /// The definitions of a section, from all files, in the order of files.
    pub fn of(&self, section: &str) -> &[&'a Entry] {
        self.lists.get(section).map_or(&[], Vec::as_slice)
    }

    /// The sections that are no mappings somewhere.
    pub fn misshapen(&self) -> impl Iterator<Item = &'a str> {
        self.misshapen.iter().copied()
    }

    /// A section that stands in one file only.
    pub fn alone(&self, section: &str) -> Option<&'a Entry> {
        self.alone.get(section).copied()
    }
}

/// Sorts the sections of all files; reports unknown ones and names that are
/// defined twice.
pub(super) fn sections<'a>(trees: &[&'a Node], reader: &mut Reader) -> Sections<'a> {
    let known = FILE.names();
    let mut sections = Sections::default();
    let mut alone = Vec::new();
    for tree in trees {
        for entry in reader.map(tree, FILE.what).unwrap_or_default() {
            let name = entry.key.text.as_str();
            if !known.contains(&name) {
                reader.found.push(not_a_section(entry, &known));
            } else if entry.value.is_blank() {
                continue;
            } else if ALONE.contains(&name) {
                alone.push(entry);
            } else {
                let quoted = format!("`{name}`");
                match reader.map(&entry.value, (&quoted, &quoted)) {
                    Some(entries) => sections.lists.entry(name).or_default().extend(entries),
                    None => sections.misshapen.push(name),
                }
            }
        }
    }
    for name in &known {
        if let Some(list) = sections.lists.get_mut(name) {
            once(list, RENAME, reader);
        }
    }
    once(&mut alone, TOGETHER, reader);
    sections.alone = alone.into_iter().map(|entry| (entry.key.text.as_str(), entry)).collect();
    sections
}

/// Keeps the first definition of each name.
fn once(list: &mut Vec<&Entry>, help: (&str, &str), reader: &mut Reader) {
    let mut first = HashMap::new();
    list.retain(|entry| {
        let name = entry.key.text.as_str();
        let Some(before) = first.insert(name, entry.key.place) else { return true };
        first.insert(name, before);
        reader.found.push(doubled(&entry.key, before).help(Text::new(help.0, help.1)));
        false
    });
}

/// The finding that a name was defined before, with what to do.
fn twice(name: &Scalar, before: Place) -> Diagnostic {
    doubled(name, before).help(Text::new(RENAME.0, RENAME.1))
}

fn doubled(name: &Scalar, before: Place) -> Diagnostic {
    let text = Text::new(format!("`{}` is defined twice", name.text), format!("`{}` определено дважды", name.text));
    Diagnostic::error(codes::DEFINED_TWICE, text, name.place)
        .label(Text::new("the second time", "второй раз"))
        .also(before, Text::new("first here", "впервые здесь"))
}

fn not_a_section(entry: &Entry, known: &[&'static str]) -> Diagnostic {
    let name = entry.key.text.as_str();
    let text = Text::new(format!("unknown section `{name}`"), format!("неизвестный раздел `{name}`"));
    suggest(Diagnostic::error(codes::UNKNOWN_SECTION, text, entry.key.place), name, known.iter().copied())
}

/// The remark that a section is checked and nothing acts on it yet.
pub(super) fn not_run_yet(section: &str, entries: &[&Entry], reader: &mut Reader) {
    let Some(first) = entries.first() else { return };
    let text = Text::new(
        format!("`{section}` is checked, and this version does not act on it yet"),
        format!("раздел `{section}` проверяется, но эта версия его ещё не исполняет"),
    );
    reader.found.push(Diagnostic::info(codes::NOT_RUN_YET, text, first.key.place));
}

/// A title: one text for everybody or one for each language.
fn title(node: &Node, reader: &mut Reader) -> Option<Text> {
    let what = ("a title", "название");
    if node.scalar().is_some() {
        return reader.prose(node, what).map(|scalar| Text::same(scalar.text.trim()));
    }
    let entries = reader.map(node, what)?;
    reader.only(entries, &["en", "ru"], what);
    let mut texts = entries.iter().map(|entry| (entry.key.text.as_str(), reader.prose(&entry.value, what)));
    let (mut en, mut ru) = (None, None);
    for (language, scalar) in texts.by_ref() {
        let text = scalar.map(|scalar| scalar.text.trim().to_owned());
        match language {
            "en" => en = text,
            "ru" => ru = text,
            _ => {}
        }
    }
    let any = en.clone().or_else(|| ru.clone())?;
    Some(Text { en: en.unwrap_or_else(|| any.clone()), ru: ru.unwrap_or(any) })
}
