//! Telegram's `MarkdownV2`, and the older `Markdown`. The complaints have the
//! words of the real server.

use super::{Entity, EntityKind, Formatted};

const RESERVED: &str = "_*[]()~`>#+-=|{}.!";

/// Reads `MarkdownV2`; an error is the part after `can't parse entities: `.
pub(super) fn parse(source: &str) -> Result<Formatted, String> {
    Reader::new(source).run()
}

/// Reads the older dialect: no nesting, and only four markers.
pub(super) fn parse_old(source: &str) -> Result<Formatted, String> {
    let mut reader = Reader::new(source);
    while let Some(c) = reader.peek() {
        let begin = reader.at;
        if c == '\\' && reader.rest()[1..].starts_with(['_', '*', '`', '[']) {
            reader.at += 1;
            reader.plain();
        } else if !"_*`[".contains(c) {
            reader.plain();
        } else if !reader.old_entity(c) {
            return Err(format!("Can't find end of the entity starting at byte offset {begin}"));
        }
    }
    Ok(Formatted { text: reader.text, entities: reader.entities })
}

struct Reader<'a> {
    source: &'a str,
    at: usize,
    text: String,
    units: usize,
    open: Vec<Open>,
    entities: Vec<Entity>,
    /// Where a running quotation began, in units.
    quote: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Bold,
    Italic,
    Underline,
    Strike,
    Spoiler,
    Code,
    Pre,
    Link,
    Emoji,
}

struct Open {
    mark: Mark,
    begin: usize,
    offset: usize,
    text_at: usize,
    language: Option<String>,
}

impl Mark {
    /// The marker, and the name in complaints.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Mark::Bold => ("*", "Bold"),
            Mark::Italic => ("_", "Italic"),
            Mark::Underline => ("__", "Underline"),
            Mark::Strike => ("~", "Strikethrough"),
            Mark::Spoiler => ("||", "Spoiler"),
            Mark::Code => ("`", "Code"),
            Mark::Pre => ("```", "Pre"),
            Mark::Link => ("]", "TextUrl"),
            Mark::Emoji => ("]", "CustomEmoji"),
        }
    }
}

impl<'a> Reader<'a> {
    fn new(source: &'a str) -> Self {
        let text = String::with_capacity(source.len());
        Self { source, at: 0, text, units: 0, open: Vec::new(), entities: Vec::new(), quote: None }
    }

    fn run(mut self) -> Result<Formatted, String> {
        let mut line_start = true;
        while let Some(c) = self.peek() {
            let inside_code = self.open.last().is_some_and(|open| matches!(open.mark, Mark::Code | Mark::Pre));
            if line_start && !inside_code {
                self.quote_line();
                if self.peek() != Some(c) {
                    line_start = false;
                    continue;
                }
            }
            line_start = c == '\n';
            let escapes = self.rest().chars().nth(1).is_some_and(|next| next.is_ascii());
            if c == '\\' && escapes {
                self.at += 1;
                self.plain();
            } else if inside_code && c != '`' || !RESERVED.contains(c) {
                self.plain();
            } else if !self.closes()? {
                self.opens(c)?;
            }
        }
        if let Some(open) = self.open.pop() {
            return Err(format!("Can't find end of {} entity at byte offset {}", open.mark.words().1, open.begin));
        }
        self.end_quote();
        Ok(Formatted { text: self.text, entities: self.entities })
    }

    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn plain(&mut self) {
        if let Some(c) = self.peek() {
            self.at += c.len_utf8();
            self.text.push(c);
            self.units += c.len_utf16();
        }
    }

    /// At the start of a line: begins, continues or ends a quotation.
    fn quote_line(&mut self) {
        let marker = if self.rest().starts_with("**>") && self.quote.is_none() { 3 } else { 1 };
        if self.rest().starts_with('>') || marker == 3 {
            self.at += marker;
            self.quote.get_or_insert(self.units);
        } else {
            self.end_quote();
        }
    }

    fn end_quote(&mut self) {
        self.close_quote(EntityKind::Blockquote);
    }

    /// Ends a running quotation; the line break after it is not part of it.
    fn close_quote(&mut self, kind: EntityKind) {
        let Some(offset) = self.quote.take() else { return };
        let length = self.units - offset - usize::from(self.text.ends_with('\n') && self.units > offset);
        self.entities.extend((length > 0).then_some(Entity { offset, length, kind }));
    }

    /// Whether the next marker ends the innermost entity; if so, ends it.
    fn closes(&mut self) -> Result<bool, String> {
        let Some(open) = self.open.last() else { return Ok(false) };
        let (marker, _) = open.mark.words();
        let longer = open.mark == Mark::Italic && self.rest().starts_with("__") && !self.rest().starts_with("___");
        if longer || !self.rest().starts_with(marker) {
            return Ok(false);
        }
        self.at += marker.len();
        let Some(open) = self.open.pop() else { return Ok(false) };
        let kind = self.kind(&open)?;
        let length = self.units - open.offset;
        self.entities.extend(kind.filter(|_| length > 0).map(|kind| Entity { offset: open.offset, length, kind }));
        Ok(true)
    }

    fn kind(&mut self, open: &Open) -> Result<Option<EntityKind>, String> {
        Ok(match open.mark {
            Mark::Bold => Some(EntityKind::Bold),
            Mark::Italic => Some(EntityKind::Italic),
            Mark::Underline => Some(EntityKind::Underline),
            Mark::Strike => Some(EntityKind::Strikethrough),
            Mark::Spoiler => Some(EntityKind::Spoiler),
            Mark::Code => Some(EntityKind::Code),
            Mark::Pre => Some(EntityKind::Pre(open.language.clone())),
            Mark::Link => {
                let target = self.target("a URL")?;
                EntityKind::link(&target.unwrap_or_else(|| self.text[open.text_at..].to_owned()))
            }
            Mark::Emoji => {
                let target = self.target("a custom emoji URL")?.unwrap_or_default();
                target.strip_prefix("tg://emoji?id=").map(|id| EntityKind::CustomEmoji(id.to_owned()))
            }
        })
    }

    /// The part in parentheses after `]`.
    fn target(&mut self, what: &str) -> Result<Option<String>, String> {
        if !self.rest().starts_with('(') {
            return Ok(None);
        }
        let begin = self.at;
        self.at += 1;
        let mut target = String::new();
        while let Some(c) = self.peek() {
            self.at += c.len_utf8();
            match c {
                ')' => return Ok(Some(target)),
                '\\' if self.peek().is_some_and(|next| next.is_ascii()) => {
                    target.extend(self.peek());
                    self.at += 1;
                }
                _ => target.push(c),
            }
        }
        Err(format!("Can't find end of {what} at byte offset {begin}"))
    }

    fn opens(&mut self, c: char) -> Result<(), String> {
        let begin = self.at;
        let rest = self.rest();
        let (mark, length) = match c {
            '_' if rest.starts_with("__") => (Mark::Underline, 2),
            '_' => (Mark::Italic, 1),
            '*' => (Mark::Bold, 1),
            '~' => (Mark::Strike, 1),
            '|' if rest.starts_with("||") => {
                // At the end of a quotation's last line it makes the quotation expandable.
                if self.quote.is_some() && (rest.len() == 2 || rest[2..].starts_with('\n')) {
                    self.at += 2;
                    self.close_quote(EntityKind::ExpandableBlockquote);
                    return Ok(());
                }
                (Mark::Spoiler, 2)
            }
            '[' => (Mark::Link, 1),
            '!' if rest.starts_with("![") => (Mark::Emoji, 2),
            '`' if rest.starts_with("```") => (Mark::Pre, 3),
            '`' => (Mark::Code, 1),
            _ => {
                return Err(format!("Character '{c}' is reserved and must be escaped with the preceding '\\'"));
            }
        };
        self.at += length;
        let language = if mark == Mark::Pre { self.language() } else { None };
        self.open.push(Open { mark, begin, offset: self.units, text_at: self.text.len(), language });
        Ok(())
    }

    /// The word behind the opening of a block, if a new line follows it.
    fn language(&mut self) -> Option<String> {
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || c == '`')?;
        if !rest[end..].starts_with('\n') {
            return None;
        }
        self.at += end + 1;
        (end > 0).then(|| rest[..end].to_owned())
    }

    /// One entity of the older dialect; `false` if it has no end.
    fn old_entity(&mut self, c: char) -> bool {
        let (marker, end) = match c {
            '`' if self.rest().starts_with("```") => ("```", "```"),
            '`' => ("`", "`"),
            '*' => ("*", "*"),
            '_' => ("_", "_"),
            _ => ("[", "]"),
        };
        let body = &self.rest()[marker.len()..];
        let Some(length) = body.find(end) else { return false };
        self.at += marker.len();
        let language = if marker == "```" { self.language() } else { None };
        let inner_end = self.source.len() - body.len() + length;
        let (offset, text_at) = (self.units, self.text.len());
        while self.at < inner_end {
            self.plain();
        }
        self.at += end.len();
        let kind = match marker {
            "```" => Some(EntityKind::Pre(language)),
            "`" => Some(EntityKind::Code),
            "*" => Some(EntityKind::Bold),
            "_" => Some(EntityKind::Italic),
            _ => match self.target("a URL") {
                Ok(target) => EntityKind::link(&target.unwrap_or_else(|| self.text[text_at..].to_owned())),
                Err(_) => return false,
            },
        };
        let length = self.units - offset;
        self.entities.extend(kind.filter(|_| length > 0).map(|kind| Entity { offset, length, kind }));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use EntityKind::{
        Blockquote, Bold, Code, CustomEmoji, ExpandableBlockquote, Italic, Pre, Spoiler, Strikethrough, TextLink,
        Underline,
    };

    fn entity(offset: usize, length: usize, kind: EntityKind) -> Entity {
        Entity { offset, length, kind }
    }

    #[test]
    fn markup_becomes_entities() {
        let rows = [
            ("plain", "plain", vec![]),
            ("*ж* 😀_i_", "ж 😀i", vec![entity(0, 1, Bold), entity(4, 1, Italic)]),
            ("*a _b_ ~c~*", "a b c", vec![entity(2, 1, Italic), entity(4, 1, Strikethrough), entity(0, 5, Bold)]),
            ("__u__ ||s||", "u s", vec![entity(0, 1, Underline), entity(2, 1, Spoiler)]),
            ("1\\.5 \\*x\\*", "1.5 *x*", vec![]),
            ("`a.b` c", "a.b c", vec![entity(0, 3, Code)]),
            ("```rust\nx.y```", "x.y", vec![entity(0, 3, Pre(Some("rust".into())))]),
            ("[x](https://e.ru/a\\)b)", "x", vec![entity(0, 1, TextLink("https://e.ru/a)b".into()))]),
            ("![👍](tg://emoji?id=5)", "👍", vec![entity(0, 2, CustomEmoji("5".into()))]),
            (">a\n>b\nc", "a\nb\nc", vec![entity(0, 3, Blockquote)]),
            (">a\n>b||", "a\nb", vec![entity(0, 3, ExpandableBlockquote)]),
        ];
        for (source, text, entities) in rows {
            assert_eq!(parse(source), Ok(Formatted { text: text.into(), entities }), "{source}");
        }
    }

    #[test]
    fn bad_markup_is_refused_with_the_servers_words() {
        let rows = [
            ("a *b", "Can't find end of Bold entity at byte offset 2"),
            ("я _b", "Can't find end of Italic entity at byte offset 3"),
            ("```x", "Can't find end of Pre entity at byte offset 0"),
            ("1.5", "Character '.' is reserved and must be escaped with the preceding '\\'"),
            ("a!", "Character '!' is reserved and must be escaped with the preceding '\\'"),
            ("a)", "Character ')' is reserved and must be escaped with the preceding '\\'"),
            ("[x](http://e.ru", "Can't find end of a URL at byte offset 3"),
        ];
        for (source, message) in rows {
            assert_eq!(parse(source), Err(message.to_owned()), "{source}");
        }
    }

    #[test]
    fn the_older_dialect() {
        let rows: [(&str, Result<Formatted, String>); 3] = [
            ("*a* 1.5!", Ok(Formatted { text: "a 1.5!".into(), entities: vec![entity(0, 1, Bold)] })),
            ("[x](https://e.ru/y)", {
                let kind = TextLink("https://e.ru/y".into());
                Ok(Formatted { text: "x".into(), entities: vec![entity(0, 1, kind)] })
            }),
            ("a_b", Err("Can't find end of the entity starting at byte offset 1".into())),
        ];
        for (source, expected) in rows {
            assert_eq!(parse_old(source), expected, "{source}");
        }
    }
}
