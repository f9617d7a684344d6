//! The head of a template file: settings between two lines `---`. What a
//! message carries is read in `media`.

use super::PRESS_LIMIT;
use super::media::{self, Attached};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, SourceId};
use crate::model::Text;
use crate::rulebook::codes;
use crate::rulebook::raw::{Reader, find};
use crate::rulebook::shape::{Shape, Takes, optional, required};
use crate::rulebook::yaml::{self, Node, Scalar};

/// The head of a template.
pub(in crate::rulebook) static SHAPE: Shape = Shape {
    what: ("the front matter", "заголовок шаблона"),
    keys: &[
        optional(
            "buttons",
            Takes::List(&Takes::Either(&[Takes::Map(&BUTTON), Takes::List(&Takes::Map(&BUTTON))])),
            "rows of buttons under the message",
            "ряды кнопок под сообщением",
        ),
        media::PHOTO,
        media::VIDEO,
        media::DOCUMENT,
        media::ALBUM,
        optional(
            "transactional",
            Takes::Flag,
            "reaches also those who opted out of marketing",
            "доходит и до отказавшихся от рекламы",
        ),
        optional("preview", Takes::Flag, "shows previews of links", "показывает предпросмотр ссылок"),
        optional("silent", Takes::Flag, "arrives without a sound", "приходит без звука"),
        optional("protected", Takes::Flag, "cannot be forwarded or saved", "нельзя переслать и сохранить"),
    ],
};

static BUTTON: Shape = Shape {
    what: ("a button", "кнопка"),
    keys: &[
        required("text", Takes::Text, "what stands on it", "надпись"),
        optional("url", Takes::Text, "the address it opens", "адрес, который она открывает"),
        optional("press", Takes::Text, "the data it sends to the bot", "данные, которые она отправляет боту"),
    ],
};

/// The settings of one template, as written.
#[derive(Debug, Default)]
pub(super) struct Front {
    pub buttons: Vec<Vec<Button>>,
    pub media: Attached,
    pub transactional: bool,
    pub preview: bool,
    pub silent: bool,
    pub protected: bool,
}

/// A button as written.
#[derive(Debug)]
pub(super) struct Button {
    pub text: Scalar,
    pub action: Action,
}

/// What a button does, as written.
#[derive(Debug)]
pub(super) enum Action {
    Url(Scalar),
    Press(Scalar),
}

/// Splits a file into its front matter, if it has one, and the byte at which
/// the body begins.
pub(super) fn split(
    source: SourceId,
    text: &str,
    found: &mut Diagnostics,
) -> Option<(Option<std::ops::Range<usize>>, usize)> {
    let bom = if text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
    let Some(after) = opening(&text[bom..]) else { return Some((None, bom)) };
    let start = bom + after;
    let mut at = start;
    for line in text[start..].split_inclusive('\n') {
        if line.trim_end() == "---" {
            return Some((Some(start..at), at + line.len()));
        }
        at += line.len();
    }
    let message = Text::new("the front matter is not closed", "заголовок шаблона не закрыт");
    let help = Text::new(
        "put a line `---` between the settings and the text",
        "поставьте строку `---` между настройками и текстом",
    );
    found.push(Diagnostic::error(codes::FRONT_MATTER, message, Place::new(source, bom, bom + 3)).help(help));
    None
}

/// Reads the front matter.
pub(super) fn read(source: SourceId, text: &str, range: std::ops::Range<usize>, found: &mut Diagnostics) -> Front {
    let Some(tree) = yaml::parse(source, &text[range.clone()], range.start, yaml::Limits::default(), found) else {
        return Front::default();
    };
    let mut reader = Reader::default();
    let front = front(&tree, &mut reader).unwrap_or_default();
    found.extend(reader.found);
    front
}

fn opening(text: &str) -> Option<usize> {
    let line = text.split_inclusive('\n').next()?;
    (line.trim_end() == "---").then_some(line.len())
}

fn front(tree: &Node, reader: &mut Reader) -> Option<Front> {
    let entries = reader.shape(tree, tree.place, &SHAPE)?;
    let mut flag = |key: &str| find(entries, key).and_then(|node| reader.flag(node, (key, key))).unwrap_or(false);
    let (transactional, preview, silent, protected) =
        (flag("transactional"), flag("preview"), flag("silent"), flag("protected"));
    let media = media::read(entries, reader);
    let buttons = find(entries, "buttons").map(|node| buttons(node, reader)).unwrap_or_default();
    Some(Front { buttons, media, transactional, preview, silent, protected })
}

fn buttons(node: &Node, reader: &mut Reader) -> Vec<Vec<Button>> {
    let rows = reader.list(node, ("`buttons`", "`buttons`")).unwrap_or_default();
    rows.iter()
        .map(|row| match row.map() {
            Some(_) => button(row, reader).into_iter().collect(),
            None => {
                let items = reader.list(row, ("a row of buttons", "ряд кнопок")).unwrap_or_default();
                items.iter().filter_map(|item| button(item, reader)).collect()
            }
        })
        .collect()
}

fn button(node: &Node, reader: &mut Reader) -> Option<Button> {
    let entries = reader.shape(node, node.place, &BUTTON)?;
    let text = reader.prose(find(entries, "text")?, ("a button's text", "текст кнопки"))?.clone();
    match (find(entries, "url"), find(entries, "press")) {
        (Some(url), None) => {
            let url = reader.text(url, ("`url`", "`url`"))?.clone();
            Some(Button { text, action: Action::Url(url) })
        }
        (None, Some(press)) => {
            let press = reader.text(press, ("`press`", "`press`"))?.clone();
            Some(Button { text, action: Action::Press(press) })
        }
        (None, None) if entries.iter().any(|entry| !BUTTON.names().contains(&entry.key.text.as_str())) => None,
        (first, _) => {
            let (en, ru) = if first.is_some() {
                ("both `url` and `press`", "и `url`, и `press`")
            } else {
                ("neither `url` nor `press`", "ни `url`, ни `press`")
            };
            let message = Text::new(format!("the button has {en}"), format!("у кнопки {ru}"));
            let help = Text::new(
                format!("give it `url: https://…` or `press: …` (up to {PRESS_LIMIT} bytes)"),
                format!("дайте ей `url: https://…` или `press: …` (до {PRESS_LIMIT} байт)"),
            );
            reader.found.push(Diagnostic::error(codes::BAD_BUTTON, message, node.place).help(help));
            None
        }
    }
}
