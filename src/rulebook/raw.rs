//! Reading shapes out of the tree: "a mapping with these keys", "a text",
//! "yes or no". Each reader reports what does not fit and answers `None`, so
//! that whoever calls can go on with the rest.

use super::check::Used;
use super::codes;
use super::reuse::{Asts, Checked};
use super::shape::Shape;
use super::template::Sent;
use super::yaml::{Entry, Kind, Node, Scalar};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, nearest};
use crate::model::Text;

/// A shape: its name and how it is written.
struct Wanted {
    name: (&'static str, &'static str),
    help: (&'static str, &'static str),
}

const MAP: Wanted = Wanted {
    name: ("a mapping", "словарь"),
    help: (
        "write `key: value`, each on an indented line of its own",
        "пишите `ключ: значение`, каждый на своей строке с отступом",
    ),
};
const LIST: Wanted = Wanted {
    name: ("a list", "список"),
    help: (
        "write `[a, b]`, or `- a` on indented lines of their own",
        "пишите `[a, b]` или `- a` на отдельных строках с отступом",
    ),
};
const TEXT: Wanted = Wanted {
    name: ("a text", "текст"),
    help: (
        "write one text here; with brackets or `: ` inside it needs quotes",
        "напишите здесь один текст; со скобками или `: ` внутри нужны кавычки",
    ),
};
const FLAG: Wanted = Wanted {
    name: ("`true` or `false`", "`true` или `false`"),
    help: ("write `true` or `false`", "напишите `true` или `false`"),
};

/// Collects findings while a tree is read.
#[derive(Debug, Default)]
pub struct Reader {
    /// What was found so far.
    pub found: Diagnostics,
    /// The conditions that were parsed so far, in this load or the last.
    pub asts: Asts,
    /// The conditions that were checked so far, in this load or the last.
    pub checked: Checked,
    /// The segments and templates that are used so far.
    pub used: Used,
    /// The messages that are sent so far, and what each gives its template.
    pub sent: Vec<Sent>,
}

impl Reader {
    /// The entries of a mapping.
    pub fn map<'n>(&mut self, node: &'n Node, what: (&str, &str)) -> Option<&'n [Entry]> {
        match &node.kind {
            Kind::Map(entries) => Some(entries),
            Kind::Scalar(_) | Kind::List(_) => self.misshapen(node, what, MAP),
            Kind::Refused => None,
        }
    }

    /// The entries of a mapping that says nothing if it is empty.
    pub fn filled<'n>(&mut self, node: &'n Node, what: (&str, &str)) -> Option<&'n [Entry]> {
        let entries = self.map(node, what)?;
        if entries.is_empty() {
            let text = Text::new(format!("{} is empty", what.0), format!("{}: здесь пусто", what.1));
            let help = Text::new("fill it in, or remove it", "заполните или удалите");
            self.found.push(Diagnostic::error(codes::WRONG_SHAPE, text, node.place).help(help));
            return None;
        }
        Some(entries)
    }

    /// The items of a list.
    pub fn list<'n>(&mut self, node: &'n Node, what: (&str, &str)) -> Option<&'n [Node]> {
        match &node.kind {
            Kind::List(items) => Some(items),
            Kind::Scalar(_) | Kind::Map(_) => self.misshapen(node, what, LIST),
            Kind::Refused => None,
        }
    }

    /// A text that is not blank.
    pub fn text<'n>(&mut self, node: &'n Node, what: (&str, &str)) -> Option<&'n Scalar> {
        match &node.kind {
            Kind::Scalar(scalar) if !scalar.is_blank() => Some(scalar),
            Kind::Scalar(_) | Kind::List(_) | Kind::Map(_) => self.misshapen(node, what, TEXT),
            Kind::Refused => None,
        }
    }

    /// A text for people, which must not be cut short by a comment.
    pub fn prose<'n>(&mut self, node: &'n Node, what: (&str, &str)) -> Option<&'n Scalar> {
        let scalar = self.text(node, what)?;
        if scalar.text.trim().is_empty() {
            return self.misshapen(node, what, TEXT);
        }
        if let Some(comment) = scalar.comment {
            let text = Text::new(
                "the text ends before ` #`, where a comment begins",
                "текст кончается перед ` #`: дальше комментарий",
            );
            let help = Text::new(
                "if `#` belongs to the text, put the text in quotes",
                "если `#` — часть текста, возьмите текст в кавычки",
            );
            self.found.push(Diagnostic::warning(codes::CUT_BY_COMMENT, text, comment).help(help));
        }
        Some(scalar)
    }

    /// `true` or `false`.
    pub fn flag(&mut self, node: &Node, what: (&str, &str)) -> Option<bool> {
        match node.scalar().map(|s| s.text.as_str()) {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => self.misshapen(node, what, FLAG),
        }
    }

    /// The entries of a mapping of this shape; unknown keys are reported, and
    /// absent ones at `at`.
    pub fn shape<'n>(&mut self, node: &'n Node, at: Place, shape: &Shape) -> Option<&'n [Entry]> {
        let entries = self.map(node, shape.what)?;
        self.only(entries, &shape.names(), shape.what);
        for key in shape.keys.iter().filter(|key| key.required && find(entries, key.name).is_none()) {
            self.absent(entries, at, key.name, shape);
        }
        Some(entries)
    }

    /// Reports that `key` is absent from a mapping of this shape, unless it is
    /// there and misspelt: that is one mistake, not an unknown and an absent key.
    pub fn absent(&mut self, entries: &[Entry], at: Place, key: &str, shape: &Shape) {
        let misspelt = |entry: &Entry| nearest(&entry.key.text, shape.names()) == Some(key);
        if !entries.iter().filter(|entry| shape.keys.iter().all(|k| k.name != entry.key.text)).any(misspelt) {
            self.missing(at, key, shape.what);
        }
    }

    /// One of these words.
    pub fn word(&mut self, node: &Node, what: (&str, &str), words: &[&'static str]) -> Option<&'static str> {
        let scalar = self.text(node, what)?;
        let known = words.iter().find(|word| **word == scalar.text).copied();
        if known.is_none() {
            let text = Text::new(
                format!("{} cannot be `{}`", what.0, scalar.text),
                format!("{} не может быть `{}`", what.1, scalar.text),
            );
            let diagnostic = Diagnostic::error(codes::WRONG_SHAPE, text, scalar.place);
            self.found.push(suggest(diagnostic, &scalar.text, words.iter().copied()));
        }
        known
    }

    /// Reports keys that are not among `known`.
    pub fn only(&mut self, entries: &[Entry], known: &[&str], what: (&str, &str)) {
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.text.as_str())) {
            self.found.push(unknown_key(&entry.key, known, what));
        }
    }

    /// Reports that a required key is absent from the thing named at `place`.
    pub fn missing(&mut self, place: Place, key: &str, what: (&str, &str)) {
        let text = Text::new(
            format!("{} needs the key `{key}`", what.0),
            format!("{}: нет обязательного ключа `{key}`", what.1),
        );
        let help = Text::new(format!("add `{key}: …`"), format!("добавьте `{key}: …`"));
        self.found.push(Diagnostic::error(codes::MISSING_KEY, text, place).help(help));
    }

    fn misshapen<T>(&mut self, node: &Node, what: (&str, &str), wanted: Wanted) -> Option<T> {
        if matches!(node.kind, Kind::Refused) {
            return None;
        }
        let (en, ru) = match &node.kind {
            Kind::Scalar(scalar) if scalar.text.trim().is_empty() => ("nothing", "ничего"),
            Kind::Scalar(_) => ("a text", "текст"),
            Kind::List(_) => ("a list", "список"),
            Kind::Map(_) | Kind::Refused => ("a mapping", "словарь"),
        };
        let message = Text::new(
            format!("{} must be {}, not {en}", what.0, wanted.name.0),
            format!("{}: ожидается {}, а здесь {ru}", what.1, wanted.name.1),
        );
        let help = Text::new(wanted.help.0, wanted.help.1);
        self.found.push(Diagnostic::error(codes::WRONG_SHAPE, message, node.place).help(help));
        None
    }
}

/// The entry at `key`.
pub fn find<'n>(entries: &'n [Entry], key: &str) -> Option<&'n Node> {
    entries.iter().find(|entry| entry.key.text == key).map(|entry| &entry.value)
}

/// The finding that `key` is not among `known`.
pub fn unknown_key(key: &Scalar, known: &[&str], what: (&str, &str)) -> Diagnostic {
    let text = Text::new(
        format!("unknown key `{}` in {}", key.text, what.0),
        format!("неизвестный ключ `{}` ({})", key.text, what.1),
    );
    suggest(Diagnostic::error(codes::UNKNOWN_KEY, text, key.place), &key.text, known.iter().copied())
}

/// Adds "did you mean", or else the list of what is known if it is short.
pub fn suggest<'a>(diagnostic: Diagnostic, word: &str, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(near) = nearest(word, known.iter().copied()) {
        let help = Text::new(format!("did you mean `{near}`?"), format!("возможно, вы имели в виду `{near}`?"));
        return diagnostic.help(help).replace(near);
    }
    if known.is_empty() || known.len() > 20 {
        return diagnostic;
    }
    let list = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    diagnostic.help(Text::new(format!("known here: {list}"), format!("здесь бывает: {list}")))
}
