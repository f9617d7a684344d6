//! Escaping of users' values, by where in the markup they stand.
//!
//! While a template renders, each value is put between two marks (code points
//! that Unicode reserves for such inner use); afterwards one pass over the text
//! knows whether a mark stands in an address or in plain text, and escapes the
//! value accordingly. So `href="…?u={{ user.id }}"` needs no filter.

use crate::model::Format;
use minijinja::value::{Value, ValueKind};
use minijinja::{AutoEscape, Error, ErrorKind, Output, State};

const OPEN: char = '\u{FDD0}';
const CLOSE: char = '\u{FDD1}';

/// Values are written between marks.
const MARKED: &str = "marked";
/// Values are percent-encoded.
const URL: &str = "url";
/// Values are written as they are.
const PLAIN: &str = "plain";

/// What is done to values in the part of this name: its beginning says.
pub(super) fn mode_of(part: &str) -> &'static str {
    match part.split(':').next() {
        Some(MARKED) => MARKED,
        Some(URL) => URL,
        _ => PLAIN,
    }
}

/// A part's name such that [`mode_of`] finds its mode again.
pub(super) fn body_name(path: &str, format: Format) -> String {
    match format {
        Format::Html | Format::MarkdownV2 => format!("{MARKED}:{path}"),
        Format::Plain => format!("{PLAIN}:{path}"),
    }
}

/// The name of a part that is an address.
pub(super) fn url_name(path: &str, index: usize) -> String {
    format!("{URL}:{path}:{index}")
}

/// The name of a part that is plain text.
pub(super) fn plain_name(path: &str, index: usize) -> String {
    format!("{PLAIN}:{path}:{index}")
}

/// minijinja's formatter: writes one value.
pub(super) fn format(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_safe() || value.is_undefined() {
        return write!(out, "{value}").map_err(Error::from);
    }
    if value.is_none() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let mode = match state.auto_escape() {
        AutoEscape::Custom(mode) => mode.as_ref(),
        _ => PLAIN,
    };
    let number = matches!(value.kind(), ValueKind::Bool) || value.is_integer();
    match mode {
        MARKED if number => write!(out, "{OPEN}{value}{CLOSE}"),
        MARKED => write!(out, "{OPEN}{}{CLOSE}", without_marks(&value.to_string())),
        URL => out.write_str(&percent_encoded(&value.to_string())),
        _ => out.write_str(&without_marks(&value.to_string())),
    }
    .map_err(Error::from)
}

/// Escapes the marked values of a rendered body.
pub(super) fn finish(text: &str, format: Format) -> String {
    if !text.contains(OPEN) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 32);
    let mut place = Where::new(format);
    for (i, piece) in text.split(OPEN).enumerate() {
        let fixed = match piece.split_once(CLOSE).filter(|_| i > 0) {
            Some((value, fixed)) => {
                place.write(value, &mut out);
                fixed
            }
            None => piece,
        };
        out.push_str(fixed);
        place.pass(fixed);
    }
    out
}

/// Whether an address may stand in a message.
pub(super) fn is_allowed_url(url: &str) -> bool {
    let lower = url.trim().to_ascii_lowercase();
    let rest = ["https://", "http://", "tg://", "mailto:"].iter().find_map(|scheme| lower.strip_prefix(scheme));
    rest.is_some_and(|rest| !rest.is_empty()) && !url.contains(char::is_whitespace)
}

/// What of a text is inside an address, followed along the fixed parts.
struct Where {
    format: Format,
    /// HTML: inside `<…>`; MarkdownV2: inside the `(…)` of a link.
    inside: bool,
    before: Option<char>,
}

impl Where {
    fn new(format: Format) -> Self {
        Self { format, inside: false, before: None }
    }

    fn pass(&mut self, fixed: &str) {
        for c in fixed.chars() {
            match (self.format, self.inside, c) {
                (Format::Html, false, '<') => self.inside = true,
                (Format::Html, true, '>') => self.inside = false,
                (Format::MarkdownV2, false, '(') if self.before == Some(']') => self.inside = true,
                (Format::MarkdownV2, true, ')') if self.before != Some('\\') => self.inside = false,
                (Format::Html | Format::MarkdownV2 | Format::Plain, _, _) => {}
            }
            // `\\` is a backslash, not the beginning of an escape.
            self.before = if self.before == Some('\\') && c == '\\' { None } else { Some(c) };
        }
    }

    fn write(&mut self, value: &str, out: &mut String) {
        self.before = None;
        match (self.format, self.inside) {
            (Format::Plain, _) => out.push_str(value),
            (Format::Html | Format::MarkdownV2, true) => out.push_str(&percent_encoded(value)),
            (Format::Html, false) => html(value, out),
            (Format::MarkdownV2, false) => markdown(value, out),
        }
    }
}

/// Apostrophes and slashes stay: Telegram wants only these four.
fn html(value: &str, out: &mut String) {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
}

fn markdown(value: &str, out: &mut String) {
    for c in value.chars() {
        if c.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(c);
    }
}

fn percent_encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn without_marks(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains([OPEN, CLOSE]) { text.replace([OPEN, CLOSE], "").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_by_where_they_stand() {
        let value = |v: &str| format!("{OPEN}{v}{CLOSE}");
        for (format, text, expected) in [
            (
                Format::Html,
                format!("<b>{}</b>", value("О'Нил <Анна> & \"Ко\"")),
                "<b>О'Нил &lt;Анна&gt; &amp; &quot;Ко&quot;</b>",
            ),
            (
                Format::Html,
                format!("<a href=\"https://e.org/?q={}&r=1\">{}</a>", value("а b"), value("<")),
                "<a href=\"https://e.org/?q=%D0%B0%20b&r=1\">&lt;</a>",
            ),
            (
                Format::MarkdownV2,
                format!("*{}* [x](https://e.org/{}) {}", value("a_b."), value("a)b"), value("(c)")),
                "*a\\_b\\.* [x](https://e.org/a%29b) \\(c\\)",
            ),
            (Format::Plain, value("<a>"), "<a>"),
            (Format::Html, format!("{}{}", value("<"), value(">")), "&lt;&gt;"),
        ] {
            assert_eq!(finish(&text, format), expected);
        }
    }

    #[test]
    fn addresses() {
        for (url, allowed) in [
            ("https://example.org", true),
            ("HTTP://example.org", true),
            ("tg://user?id=1", true),
            ("mailto:a@b.c", true),
            ("javascript:alert(1)", false),
            ("example.org", false),
            ("https://", false),
            ("https://a b", false),
        ] {
            assert_eq!(is_allowed_url(url), allowed, "{url}");
        }
    }
}
