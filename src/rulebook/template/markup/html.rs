//! Telegram's subset of HTML.

use super::{MISTAKES, MarkupError, Mistake};
use crate::rulebook::template::escape::is_allowed_url;
use std::ops::Range;

const TAGS: [&str; 16] = [
    "b",
    "strong",
    "i",
    "em",
    "u",
    "ins",
    "s",
    "strike",
    "del",
    "span",
    "tg-spoiler",
    "a",
    "tg-emoji",
    "code",
    "pre",
    "blockquote",
];

/// The tags that a text is inside of.
#[derive(Default)]
struct Tags {
    open: Vec<(String, Range<usize>)>,
    /// Names that Telegram does not know; they close without another word.
    refused: Vec<String>,
}

/// The visible text, or what Telegram would refuse.
pub(super) fn visible(text: &str) -> Result<String, Vec<MarkupError>> {
    let mut out = String::with_capacity(text.len());
    let (mut tags, mut mistakes) = (Tags::default(), Vec::new());
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '<' => match tag(text, at, &mut tags) {
                Ok(end) => at = end,
                Err(error) => {
                    at = error.range.end;
                    let goes_on = error.is_passing() && mistakes.len() < MISTAKES;
                    mistakes.push(error);
                    if !goes_on {
                        return Err(mistakes);
                    }
                }
            },
            '&' => {
                let (shown, length) = entity(&text[at..]);
                out.push_str(&shown);
                at += length;
            }
            c => {
                out.push(c);
                at += c.len_utf8();
            }
        }
    }
    let unclosed = tags.open.pop();
    mistakes.extend(unclosed.map(|(name, range)| MarkupError { range, kind: Mistake::Unclosed(format!("<{name}>")) }));
    if mistakes.is_empty() { Ok(out) } else { Err(mistakes) }
}

/// Reads the tag at `at` and answers where it ends.
fn tag(text: &str, at: usize, tags: &mut Tags) -> Result<usize, MarkupError> {
    let rest = &text[at + 1..];
    let closing = rest.starts_with('/');
    let inner = if closing { &rest[1..] } else { rest };
    let name_length = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(inner.len());
    let name = inner[..name_length].to_ascii_lowercase();
    if name.is_empty() {
        return Err(MarkupError { range: at..at + 1, kind: Mistake::Unescaped('<') });
    }
    let Some(length) = tag_length(inner) else {
        return Err(MarkupError { range: at..at + 1, kind: Mistake::Unclosed(format!("<{name}")) });
    };
    let end = at + 1 + usize::from(closing) + length + 1;
    let attributes = inner[name_length..length].trim();
    if !TAGS.contains(&name.as_str()) {
        if closing && tags.refused.contains(&name) {
            return Ok(end);
        }
        tags.refused.push(name);
        return Err(MarkupError { range: at..end, kind: Mistake::UnknownTag(text[at..end].to_owned()) });
    }
    if closing {
        close(text, at..end, &name, &mut tags.open)?;
    } else {
        let allowed = allowed(&name, attributes, &text[at..end]);
        tags.open.push((name, at..end));
        allowed.map_err(|kind| MarkupError { range: at..end, kind })?;
    }
    Ok(end)
}

fn close(
    text: &str,
    range: Range<usize>,
    name: &str,
    open: &mut Vec<(String, Range<usize>)>,
) -> Result<(), MarkupError> {
    let expected = open.pop();
    if expected.as_ref().is_some_and(|(expected, _)| expected == name) {
        return Ok(());
    }
    let expected = expected.map(|(expected, _)| format!("</{expected}>"));
    Err(MarkupError { kind: Mistake::Unexpected { found: text[range.clone()].to_owned(), expected }, range })
}

/// Bytes up to the `>` that ends a tag; quotes may hide one.
fn tag_length(inner: &str) -> Option<usize> {
    let mut quote = None;
    for (i, c) in inner.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(i),
            (None, '"' | '\'') => quote = Some(c),
            (Some(q), c) if c == q => quote = None,
            _ => {}
        }
    }
    None
}

fn allowed(name: &str, attributes: &str, tag: &str) -> Result<(), Mistake> {
    let value = |key: &str| attribute(attributes, key);
    match name {
        "a" => match value("href") {
            Some(url) if is_allowed_url(&unescaped(&url)) => Ok(()),
            Some(url) => Err(Mistake::Address(url)),
            None => Err(Mistake::UnknownTag(tag.to_owned())),
        },
        "span" if value("class").as_deref() != Some("tg-spoiler") => Err(Mistake::UnknownTag(tag.to_owned())),
        "tg-emoji" if value("emoji-id").is_none() => Err(Mistake::UnknownTag(tag.to_owned())),
        _ => Ok(()),
    }
}

fn attribute(attributes: &str, key: &str) -> Option<String> {
    let start = attributes.to_ascii_lowercase().find(&format!("{key}="))? + key.len() + 1;
    let rest = &attributes[start..];
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    Some(match quote {
        Some(quote) => rest[1..].split(quote).next().unwrap_or_default().to_owned(),
        None => rest.split_whitespace().next().unwrap_or_default().to_owned(),
    })
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let (shown, length) = if c == '&' { entity(&text[at..]) } else { (c.to_string(), c.len_utf8()) };
        out.push_str(&shown);
        at += length;
    }
    out
}

/// What an entity shows and its length; anything unknown is shown as it is.
fn entity(text: &str) -> (String, usize) {
    let end = text.char_indices().take(12).find(|(_, c)| *c == ';').map(|(i, _)| i);
    let known = end.and_then(|end| {
        let shown = match &text[1..end] {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            number => {
                let digits = number.strip_prefix('#')?;
                let code = match digits.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => digits.parse().ok()?,
                };
                char::from_u32(code).filter(|c| *c != '\0')?
            }
        };
        Some((shown.to_string(), end + 1))
    });
    known.unwrap_or_else(|| ("&".to_owned(), 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_telegram_reads() {
        for (text, expected) in [
            ("<b>a</b> &lt;&amp;&#33; &nbsp; & b", "a <&! &nbsp; & b"),
            ("<b><i>x</i></b>", "x"),
            ("<a href=\"https://e.org/?a=1&amp;b=2\">x</a>", "x"),
            ("<span class=\"tg-spoiler\">x</span><pre><code class=\"language-rust\">y</code></pre>", "xy"),
            ("<blockquote expandable>q</blockquote>", "q"),
            ("<B>x</b>", "x"),
        ] {
            assert_eq!(visible(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_telegram_refuses() {
        for (text, snippet, kind) in [
            ("<h1>x</h1>", "<h1>", Mistake::UnknownTag("<h1>".into())),
            ("a<br>b", "<br>", Mistake::UnknownTag("<br>".into())),
            ("<b>x", "<b>", Mistake::Unclosed("<b>".into())),
            ("<b><i>x</b></i>", "</b>", Mistake::Unexpected { found: "</b>".into(), expected: Some("</i>".into()) }),
            ("x</b>", "</b>", Mistake::Unexpected { found: "</b>".into(), expected: None }),
            ("5 < 6", "<", Mistake::Unescaped('<')),
            ("<b", "<", Mistake::Unclosed("<b".into())),
            ("<a href=\"javascript:x\">x</a>", "<a href=\"javascript:x\">", Mistake::Address("javascript:x".into())),
            ("<span>x</span>", "<span>", Mistake::UnknownTag("<span>".into())),
        ] {
            let error = visible(text).unwrap_err().remove(0);
            assert_eq!((&text[error.range], error.kind), (snippet, kind), "{text}");
        }
    }

    #[test]
    fn what_is_refused_is_told_all_at_once() {
        for (text, expected) in [
            ("<h1>x</h1> a<br>b <i>c</i>", vec!["<h1>", "<br>"]),
            ("5 < 6 <a href=\"x\">y</a> <b>z", vec!["<", "<a href=\"x\">", "<b>"]),
            ("<b><i>x</b></i> <h1>", vec!["</b>"]),
        ] {
            let mistakes = visible(text).unwrap_err();
            let pieces: Vec<&str> = mistakes.iter().map(|error| &text[error.range.clone()]).collect();
            assert_eq!(pieces, expected, "{text}");
        }
        assert!(visible(&"< ".repeat(1000)).unwrap_err().len() < 50);
    }
}
