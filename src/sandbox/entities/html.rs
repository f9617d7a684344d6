//! Telegram's HTML: a handful of tags, strict about how they close. The
//! complaints have the words of the real server.

use super::{Entity, EntityKind, Formatted};

const TAGS: [&str; 17] = [
    "a",
    "b",
    "strong",
    "i",
    "em",
    "s",
    "strike",
    "del",
    "u",
    "ins",
    "tg-spoiler",
    "tg-emoji",
    "span",
    "pre",
    "code",
    "blockquote",
    "tg-time",
];

/// Reads the markup; an error is the part after `can't parse entities: `.
pub(super) fn parse(source: &str) -> Result<Formatted, String> {
    let mut reader = Reader { source, at: 0, text: String::new(), units: 0, open: Vec::new(), entities: Vec::new() };
    while let Some(c) = reader.peek() {
        match c {
            '<' => reader.tag()?,
            '&' => reader.reference(),
            _ => reader.plain(c),
        }
    }
    match reader.open.pop() {
        Some(open) => Err(format!("Can't find end tag corresponding to start tag \"{}\"", open.name)),
        None => Ok(Formatted { text: reader.text, entities: reader.entities }),
    }
}

struct Reader<'a> {
    source: &'a str,
    at: usize,
    text: String,
    units: usize,
    open: Vec<Open>,
    entities: Vec<Entity>,
}

/// A tag that waits for its end.
struct Open {
    name: String,
    argument: Option<String>,
    offset: usize,
    text_at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.source[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn push(&mut self, c: char) {
        self.text.push(c);
        self.units += c.len_utf16();
    }

    fn plain(&mut self, c: char) {
        self.at += c.len_utf8();
        self.push(c);
    }

    /// `&lt;` and its kind; anything else is an ordinary ampersand.
    fn reference(&mut self) {
        match decode(self.rest()) {
            Some((c, length)) => {
                self.at += length;
                self.push(c);
            }
            None => self.plain('&'),
        }
    }

    fn skip(&mut self, accept: impl Fn(char) -> bool) -> String {
        let taken: String = self.rest().chars().take_while(|c| accept(*c)).collect();
        self.at += taken.len();
        taken
    }

    fn tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        self.at += 1;
        if self.peek() == Some('/') { self.end_tag(begin) } else { self.start_tag(begin) }
    }

    fn start_tag(&mut self, begin: usize) -> Result<(), String> {
        let name = self.skip(|c| !c.is_ascii_whitespace() && c != '>').to_ascii_lowercase();
        if self.peek().is_none() {
            return Err(format!("Unclosed start tag at byte offset {begin}"));
        }
        if !TAGS.contains(&name.as_str()) {
            return Err(format!("Unsupported start tag \"{name}\" at byte offset {begin}"));
        }
        let argument = self.attributes(&name, begin)?;
        if name == "span" && argument.as_deref() != Some("spoiler") {
            return Err(format!("Tag \"span\" must have class \"tg-spoiler\" at byte offset {begin}"));
        }
        self.open.push(Open { name, argument, offset: self.units, text_at: self.text.len() });
        Ok(())
    }

    /// Reads up to and with `>`, and keeps the one attribute that matters.
    fn attributes(&mut self, tag: &str, begin: usize) -> Result<Option<String>, String> {
        let unclosed = || format!("Unclosed start tag at byte offset {begin}");
        let mut argument = None;
        loop {
            self.skip(|c| c.is_ascii_whitespace());
            match self.peek() {
                None => return Err(unclosed()),
                Some('>') => break,
                Some(_) => {}
            }
            let name = self.skip(|c| !c.is_ascii_whitespace() && c != '=' && c != '>').to_ascii_lowercase();
            if name.is_empty() {
                return Err(format!("Empty attribute name in the tag \"{tag}\" at byte offset {begin}"));
            }
            self.skip(|c| c.is_ascii_whitespace());
            let value = match self.peek() {
                None => return Err(unclosed()),
                Some('=') => self.value()?.ok_or_else(unclosed)?,
                Some(_) if tag == "blockquote" && name == "expandable" => String::new(),
                Some(_) => {
                    return Err(format!(
                        "Expected equal sign in declaration of an attribute of the tag \"{tag}\" at byte offset {begin}"
                    ));
                }
            };
            argument = relevant(tag, &name, value).or(argument);
        }
        self.at += 1;
        Ok(argument)
    }

    /// The value after the equal sign; `None` if the text ends before it does.
    fn value(&mut self) -> Result<Option<String>, String> {
        self.at += 1;
        self.skip(|c| c.is_ascii_whitespace());
        let begin = self.at;
        let Some(quote) = self.peek() else { return Ok(None) };
        if quote != '"' && quote != '\'' {
            let token = self.skip(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-').to_ascii_lowercase();
            return match self.peek() {
                Some(c) if !c.is_ascii_whitespace() && c != '>' => {
                    Err(format!("Unexpected end of name token at byte offset {begin}"))
                }
                next => Ok(next.map(|_| token)),
            };
        }
        self.at += 1;
        let mut value = String::new();
        while let Some(c) = self.peek() {
            if c == quote {
                self.at += 1;
                return Ok(Some(value));
            }
            let (c, length) = decode(self.rest()).unwrap_or((c, c.len_utf8()));
            value.push(c);
            self.at += length;
        }
        Ok(None)
    }

    fn end_tag(&mut self, begin: usize) -> Result<(), String> {
        self.at += 1;
        let Some(open) = self.open.pop() else { return Err(format!("Unexpected end tag at byte offset {begin}")) };
        let name = self.skip(|c| !c.is_ascii_whitespace() && c != '>').to_ascii_lowercase();
        self.skip(|c| c.is_ascii_whitespace());
        if self.peek() != Some('>') {
            return Err(format!("Unclosed end tag at byte offset {begin}"));
        }
        self.at += 1;
        if !name.is_empty() && name != open.name {
            let expected = &open.name;
            return Err(format!(
                "Unmatched end tag at byte offset {begin}, expected \"</{expected}>\", found \"</{name}>\""
            ));
        }
        self.close(open);
        Ok(())
    }

    fn close(&mut self, open: Open) {
        let length = self.units - open.offset;
        if length == 0 {
            return;
        }
        let inner = self.text[open.text_at..].to_owned();
        let kind = match (open.name.as_str(), open.argument) {
            ("b" | "strong", _) => Some(EntityKind::Bold),
            ("i" | "em", _) => Some(EntityKind::Italic),
            ("s" | "strike" | "del", _) => Some(EntityKind::Strikethrough),
            ("u" | "ins", _) => Some(EntityKind::Underline),
            ("tg-spoiler" | "span", _) => Some(EntityKind::Spoiler),
            ("code", None) => Some(EntityKind::Code),
            ("code", Some(language)) => Some(self.code(language)),
            ("pre", _) => self.pre(open.offset, length),
            ("blockquote", None) => Some(EntityKind::Blockquote),
            ("blockquote", Some(_)) => Some(EntityKind::ExpandableBlockquote),
            ("tg-emoji", Some(id)) => Some(EntityKind::CustomEmoji(id)),
            ("a", target) => EntityKind::link(&target.unwrap_or(inner)),
            (_, _) => None,
        };
        self.entities.extend(kind.map(|kind| Entity { offset: open.offset, length, kind }));
    }

    /// `<code class="language-x">` names a language only directly in `<pre>`.
    fn code(&self, language: String) -> EntityKind {
        let in_pre = self.open.last().is_some_and(|outer| outer.name == "pre");
        if in_pre { EntityKind::Pre(Some(language)) } else { EntityKind::Code }
    }

    /// The block, unless a `code` of the same extent has become the block.
    fn pre(&mut self, offset: usize, length: usize) -> Option<EntityKind> {
        let same = |entity: &&mut Entity| entity.offset == offset && entity.length == length;
        match self.entities.last_mut().filter(same) {
            Some(Entity { kind: EntityKind::Pre(Some(_)), .. }) => None,
            Some(Entity { kind: kind @ EntityKind::Code, .. }) => {
                *kind = EntityKind::Pre(None);
                None
            }
            _ => Some(EntityKind::Pre(None)),
        }
    }
}

fn relevant(tag: &str, name: &str, value: String) -> Option<String> {
    match (tag, name) {
        ("a", "href") | ("tg-emoji", "emoji-id") | ("blockquote", "expandable") => Some(value),
        ("code", "class") => value.strip_prefix("language-").map(str::to_owned),
        ("span", "class") => value.strip_prefix("tg-").map(str::to_owned),
        _ => None,
    }
}

/// The character that a reference at the start of `text` stands for, and how
/// many bytes the reference takes.
fn decode(text: &str) -> Option<(char, usize)> {
    let body = text.strip_prefix('&')?;
    let end = body.find(|c: char| !c.is_ascii_alphanumeric() && c != '#').unwrap_or(body.len());
    let name = &body[..end];
    let c = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => digits.parse(),
            };
            char::from_u32(code.ok()?).filter(|c| *c != '\0')?
        }
    };
    let semicolon = usize::from(body[end..].starts_with(';'));
    Some((c, 1 + end + semicolon))
}

#[cfg(test)]
mod tests {
    use super::*;
    use EntityKind::{
        Blockquote, Bold, Code, ExpandableBlockquote, Italic, Pre, Spoiler, TextLink, TextMention, Underline,
    };

    fn entity(offset: usize, length: usize, kind: EntityKind) -> Entity {
        Entity { offset, length, kind }
    }

    #[test]
    fn markup_becomes_entities() {
        let rows = [
            ("plain", "plain", vec![]),
            ("<b>жир</b> и 😀<i>к</i>", "жир и 😀к", vec![entity(0, 3, Bold), entity(8, 1, Italic)]),
            ("<b>a<u>b</u></b>", "ab", vec![entity(1, 1, Underline), entity(0, 2, Bold)]),
            ("&lt;b&gt; &amp; &quot;&#33;&nope; & x", "<b> & \"!&nope; & x", vec![]),
            (
                "<a href=\"https://x.ru/?a=1&amp;b=2\">x</a>",
                "x",
                vec![entity(0, 1, TextLink("https://x.ru/?a=1&b=2".into()))],
            ),
            ("<a href='example.com'>x</a>", "x", vec![entity(0, 1, TextLink("http://example.com/".into()))]),
            ("<a href=\"tg://user?id=7\">x</a>", "x", vec![entity(0, 1, TextMention(7))]),
            ("<a href=\"oops\">x</a>", "x", vec![]),
            ("<pre><code class=\"language-rust\">a</code></pre>", "a", vec![entity(0, 1, Pre(Some("rust".into())))]),
            ("<pre>a</pre><code>b</code>", "ab", vec![entity(0, 1, Pre(None)), entity(1, 1, Code)]),
            ("<span class=\"tg-spoiler\">a</span>", "a", vec![entity(0, 1, Spoiler)]),
            ("<blockquote>a</blockquote>", "a", vec![entity(0, 1, Blockquote)]),
            ("<blockquote expandable>a</blockquote>", "a", vec![entity(0, 1, ExpandableBlockquote)]),
            ("<B>a</>", "a", vec![entity(0, 1, Bold)]),
            ("<b></b>x", "x", vec![]),
        ];
        for (source, text, entities) in rows {
            assert_eq!(parse(source), Ok(Formatted { text: text.into(), entities }), "{source}");
        }
    }

    #[test]
    fn bad_markup_is_refused_with_the_servers_words() {
        let rows = [
            ("<b>x", "Can't find end tag corresponding to start tag \"b\""),
            ("a <div>x</div>", "Unsupported start tag \"div\" at byte offset 2"),
            ("я <", "Unclosed start tag at byte offset 3"),
            ("<b", "Unclosed start tag at byte offset 0"),
            ("<b>x</i>", "Unmatched end tag at byte offset 4, expected \"</b>\", found \"</i>\""),
            ("x</b>", "Unexpected end tag at byte offset 1"),
            ("<b>x</b", "Unclosed end tag at byte offset 4"),
            ("<a href>x</a>", "Expected equal sign in declaration of an attribute of the tag \"a\" at byte offset 0"),
            ("<a href=x/y>x</a>", "Unexpected end of name token at byte offset 8"),
            ("<a href=\"x", "Unclosed start tag at byte offset 0"),
            ("<span>x</span>", "Tag \"span\" must have class \"tg-spoiler\" at byte offset 0"),
        ];
        for (source, message) in rows {
            assert_eq!(parse(source), Err(message.to_owned()), "{source}");
        }
    }
}
