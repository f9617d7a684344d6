//! From trees of rule files to checked definitions.
//!
//! Sections of all files are merged first; then fields, then segments, then
//! broadcasts are checked, each collecting what is wrong and going on. Pure:
//! no file is read here and no clock.

mod broadcasts;
mod conditions;
mod names;
mod profile;
mod segments;

pub use broadcasts::Broadcast;
pub(super) use broadcasts::check as broadcasts;
pub(super) use profile::check as profile;
pub use segments::Segment;
pub(super) use segments::read as segments;

use super::catalogue::Names;
use super::codes;
use super::raw::{Reader, suggest};
use super::shape::{Shape, Takes, optional};
use super::yaml::{Entry, Node};
use crate::diagnostic::Diagnostic;
use crate::model::Text;
use std::collections::HashMap;

/// A rule file: its sections.
pub(super) static FILE: Shape = Shape {
    what: ("a rule file", "файл правил"),
    keys: &[
        optional("profile", Takes::Named(&profile::FIELD), "the fields of a user", "поля пользователя"),
        optional(
            "segments",
            Takes::Named(&Takes::Either(&[Takes::Condition, Takes::Map(&segments::SHAPE)])),
            "conditions with names",
            "условия с именами",
        ),
        optional("broadcasts", Takes::Named(&Takes::Map(&broadcasts::SHAPE)), "messages to many", "сообщения многим"),
    ],
};
/// Sections that the format has and this version does not.
const LATER: [&str; 11] =
    ["events", "rules", "drips", "experiments", "tasks", "alerts", "lifecycle", "holdout", "topics", "policy", "tests"];
/// Sections that are one thing and may stand in one file only.
const ALONE: [&str; 3] = ["lifecycle", "holdout", "policy"];

/// The sections of all files.
#[derive(Debug, Default)]
pub(super) struct Sections<'a> {
    lists: HashMap<&'a str, Vec<&'a Entry>>,
    alone: HashMap<&'a str, &'a Entry>,
}

impl<'a> Sections<'a> {
    /// The definitions of a section, from all files, in the order of files.
    pub fn of(&self, section: &str) -> &[&'a Entry] {
        self.lists.get(section).map_or(&[], Vec::as_slice)
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
                let entries = reader.map(&entry.value, (&quoted, &quoted)).unwrap_or_default();
                sections.lists.entry(name).or_default().extend(entries);
            }
        }
    }
    for name in &known {
        if let Some(list) = sections.lists.get_mut(name) {
            once(list, reader);
        }
    }
    once(&mut alone, reader);
    sections.alone = alone.into_iter().map(|entry| (entry.key.text.as_str(), entry)).collect();
    sections
}

/// Keeps the first definition of each name.
fn once(list: &mut Vec<&Entry>, reader: &mut Reader) {
    let mut first = HashMap::new();
    list.retain(|entry| {
        let name = entry.key.text.as_str();
        let Some(before) = first.insert(name, entry.key.place) else { return true };
        first.insert(name, before);
        let text = Text::new(format!("`{name}` is defined twice"), format!("`{name}` определено дважды"));
        let diagnostic = Diagnostic::error(codes::DEFINED_TWICE, text, entry.key.place)
            .label(Text::new("the second time", "второй раз"))
            .also(before, Text::new("first here", "впервые здесь"))
            .help(Text::new("rename or remove one of the two", "переименуйте или удалите одно из двух"));
        reader.found.push(diagnostic);
        false
    });
}

fn not_a_section(entry: &Entry, known: &[&'static str]) -> Diagnostic {
    let name = entry.key.text.as_str();
    if LATER.contains(&name) {
        let text = Text::new(
            format!("section `{name}` is not available in this version yet"),
            format!("раздела `{name}` в этой версии ещё нет"),
        );
        let help = Text::new(
            "remove it or comment it out until a version that has it",
            "удалите или закомментируйте его до версии, в которой он есть",
        );
        return Diagnostic::error(codes::LATER_SECTION, text, entry.key.place).help(help);
    }
    let text = Text::new(format!("unknown section `{name}`"), format!("неизвестный раздел `{name}`"));
    let all = known.iter().copied().chain(LATER);
    suggest(Diagnostic::error(codes::UNKNOWN_SECTION, text, entry.key.place), name, all)
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
