//! From an offset in a decoded scalar back to the file.
//!
//! The decoded text and the token are walked together, one piece (a character,
//! an escape, a folded line break) at a time. If what the walk decodes is not
//! exactly what the parser decoded, there is no answer: better the whole
//! scalar underlined than a wrong column.

use super::{Scalar, Style};
use crate::diagnostic::Place;
use std::ops::Range;

/// The place in `file` of `range` of the scalar's decoded text.
pub(super) fn locate(scalar: &Scalar, file: &str, range: Range<usize>) -> Option<Place> {
    let base = scalar.place.start as usize;
    let raw = file.get(scalar.place.range())?;
    let pieces = match scalar.style {
        Style::Plain => flow(raw, Escapes::None),
        Style::Single => flow(raw.strip_prefix('\'')?.strip_suffix('\'')?, Escapes::Quote).map(|p| shifted(p, 1)),
        Style::Double => flow(raw.strip_prefix('"')?.strip_suffix('"')?, Escapes::Backslash).map(|p| shifted(p, 1)),
        Style::Literal => Some(block(raw, indent(file, base)?, &scalar.text, Folding::Keep)),
        Style::Folded => Some(block(raw, indent(file, base)?, &scalar.text, Folding::Fold)),
    }?;
    let decoded: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
    (decoded == scalar.text).then(|| place_of(scalar, &pieces, base, range)).flatten()
}

/// A stretch of decoded text and where it came from, relative to the token.
struct Piece {
    text: String,
    raw: Range<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    None,
    Quote,
    Backslash,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Folding {
    Keep,
    Fold,
}

fn place_of(scalar: &Scalar, pieces: &[Piece], base: usize, range: Range<usize>) -> Option<Place> {
    let mut at = 0;
    let (mut start, mut end) = (None, None);
    for piece in pieces {
        let next = at + piece.text.len();
        if start.is_none() && range.start < next {
            start = Some(piece.raw.start);
        }
        if range.end <= next && end.is_none() && (range.end > at || range.is_empty()) {
            end = Some(piece.raw.end);
        }
        at = next;
    }
    let last = pieces.last().map_or(0, |piece| piece.raw.end);
    let start = start.unwrap_or(last);
    let end = if range.is_empty() { start } else { end.unwrap_or(last) };
    (start <= end).then(|| Place::new(scalar.place.source, base + start, base + end))
}

fn shifted(pieces: Vec<Piece>, by: usize) -> Vec<Piece> {
    pieces.into_iter().map(|p| Piece { text: p.text, raw: p.raw.start + by..p.raw.end + by }).collect()
}

/// Plain and quoted scalars: lines are folded, blanks around breaks dropped.
fn flow(raw: &str, escapes: Escapes) -> Option<Vec<Piece>> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut blanks = 0;
    let mut at = 0;
    while let Some(c) = raw[at..].chars().next() {
        if is_break(c) {
            pieces.truncate(pieces.len() - blanks);
            let end = after_breaks(raw, at);
            let breaks = count_breaks(&raw[at..end]);
            let text = if breaks == 1 { " ".to_owned() } else { "\n".repeat(breaks - 1) };
            pieces.push(Piece { text, raw: at..end });
            (at, blanks) = (end, 0);
            continue;
        }
        let (text, length) = match (escapes, c) {
            (Escapes::Quote, '\'') => ("'".to_owned(), 2),
            (Escapes::Backslash, '\\') => escape(&raw[at..])?,
            _ => (c.to_string(), c.len_utf8()),
        };
        blanks = if matches!(c, ' ' | '\t') { blanks + 1 } else { 0 };
        pieces.push(Piece { text, raw: at..at + length });
        at += length;
    }
    Some(pieces)
}

/// What an escape stands for and how many bytes it takes.
fn escape(raw: &str) -> Option<(String, usize)> {
    let c = raw[1..].chars().next()?;
    let one = |text: &str| Some((text.to_owned(), 1 + c.len_utf8()));
    match c {
        '0' => one("\0"),
        'a' => one("\u{7}"),
        'b' => one("\u{8}"),
        't' | '\t' => one("\t"),
        'n' => one("\n"),
        'v' => one("\u{b}"),
        'f' => one("\u{c}"),
        'r' => one("\r"),
        'e' => one("\u{1b}"),
        ' ' => one(" "),
        '"' => one("\""),
        '/' => one("/"),
        '\\' => one("\\"),
        'N' => one("\u{85}"),
        '_' => one("\u{a0}"),
        'L' => one("\u{2028}"),
        'P' => one("\u{2029}"),
        'x' => hex(raw, 2),
        'u' => hex(raw, 4),
        'U' => hex(raw, 8),
        c if is_break(c) => Some(continuation(raw)),
        _ => None,
    }
}

/// A backslash at the end of a line: the break and the next indentation go;
/// further empty lines stay as breaks.
fn continuation(raw: &str) -> (String, usize) {
    let end = after_breaks(raw, 1);
    ("\n".repeat(count_breaks(&raw[1..end]).saturating_sub(1)), end)
}

fn hex(raw: &str, digits: usize) -> Option<(String, usize)> {
    let code = u32::from_str_radix(raw.get(2..2 + digits)?, 16).ok()?;
    if let Some(c) = char::from_u32(code) {
        return Some((c.to_string(), 2 + digits));
    }
    let low = raw.get(8..12).filter(|_| raw.get(6..8) == Some("\\u"))?;
    let units = [u16::try_from(code).ok()?, u16::from_str_radix(low, 16).ok()?];
    Some((String::from_utf16(&units).ok()?, 12))
}

/// Block scalars: the indentation is cut off each line; `>` joins lines.
fn block(raw: &str, indent: usize, decoded: &str, folding: Folding) -> Vec<Piece> {
    let body = decoded.trim_end_matches('\n');
    let leading = body.len() - body.trim_start_matches('\n').len();
    let mut pieces: Vec<Piece> = (0..leading).map(|_| Piece { text: "\n".to_owned(), raw: 0..0 }).collect();
    let lines = block_lines(raw, indent);
    let mut before: Option<&Line> = None;
    let mut blank = 0;
    for line in &lines {
        if line.text.is_empty() {
            blank += 1;
            continue;
        }
        if let Some(before) = before {
            pieces.push(Piece { text: joint(before, line, blank, folding), raw: before.end()..line.start });
        }
        let chars = line.text.char_indices();
        pieces.extend(
            chars.map(|(i, c)| Piece { text: c.to_string(), raw: line.start + i..line.start + i + c.len_utf8() }),
        );
        (before, blank) = (Some(line), 0);
    }
    let end = before.map_or(0, Line::end);
    pieces.extend((0..decoded.len() - body.len()).map(|_| Piece { text: "\n".to_owned(), raw: end..end }));
    pieces
}

struct Line<'a> {
    text: &'a str,
    start: usize,
}

impl Line<'_> {
    fn end(&self) -> usize {
        self.start + self.text.len()
    }

    fn is_indented(&self) -> bool {
        self.text.starts_with([' ', '\t'])
    }
}

/// What stands between two lines that have `blank` empty lines between them.
fn joint(above: &Line<'_>, below: &Line<'_>, blank: usize, folding: Folding) -> String {
    match folding {
        Folding::Fold if !above.is_indented() && !below.is_indented() => {
            if blank == 0 {
                " ".to_owned()
            } else {
                "\n".repeat(blank)
            }
        }
        Folding::Keep | Folding::Fold => "\n".repeat(blank + 1),
    }
}

fn block_lines(raw: &str, indent: usize) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut at = 0;
    for (i, line) in raw.split_inclusive('\n').enumerate() {
        let content = line.trim_end_matches(['\n', '\r']);
        let spaces = content.bytes().take(if i == 0 { 0 } else { indent }).take_while(|b| *b == b' ').count();
        lines.push(Line { text: &content[spaces..], start: at + spaces });
        at += line.len();
    }
    lines
}

/// The column at which a block scalar's content begins.
fn indent(file: &str, start: usize) -> Option<usize> {
    let before = file.get(..start)?;
    let line = &before[before.rfind('\n').map_or(0, |i| i + 1)..];
    line.bytes().all(|b| b == b' ').then_some(line.len())
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r')
}

fn after_breaks(raw: &str, at: usize) -> usize {
    let rest = &raw[at..];
    at + rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len()
}

fn count_breaks(blank: &str) -> usize {
    blank.matches('\n').count() + blank.matches('\r').count() - blank.matches("\r\n").count()
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, Style, parse};
    use crate::diagnostic::{Diagnostics, Sources};
    use proptest::prelude::*;

    /// A scalar as it would be written, and where each character stands in it.
    struct Written {
        raw: String,
        places: Vec<(char, std::ops::Range<usize>)>,
    }

    impl Written {
        fn new(before: &str) -> Self {
            Self { raw: before.to_owned(), places: Vec::new() }
        }

        fn put(&mut self, c: char, raw: &str) {
            let start = self.raw.len();
            self.raw.push_str(raw);
            self.places.push((c, start..self.raw.len()));
        }
    }

    /// Writes words in a style; `turns` decides where lines break and what is
    /// escaped.
    fn write(words: &[String], turns: &[u8], style: Style) -> Written {
        let mut turns = turns.iter().cycle().copied();
        let mut turn = |n: u8| turns.next().is_some_and(|t| t % n == 0);
        let mut out = Written::new(match style {
            Style::Plain => "k: ",
            Style::Single => "k: '",
            Style::Double => "k: \"",
            Style::Literal => "# комментарий\nk: |\n    ",
            Style::Folded => "k: >-\n    ",
        });
        for (i, word) in words.iter().enumerate() {
            let breaks = i > 0 && turn(3);
            match (i, style, breaks) {
                (0, _, _) => {}
                (_, Style::Literal, true) => out.put('\n', "\n    "),
                (_, _, true) => out.put(' ', "\n    "),
                (_, Style::Double, false) if turn(2) => out.put(' ', "\\x20"),
                (_, _, false) => out.put(' ', " "),
            }
            for c in word.chars() {
                match (style, c) {
                    (Style::Single, '\'') => out.put(c, "''"),
                    (Style::Double, '"') => out.put(c, "\\\""),
                    (Style::Double, '\\') => out.put(c, "\\\\"),
                    (Style::Double, c) if turn(4) => {
                        let mut units = [0; 2];
                        let raw: String = c.encode_utf16(&mut units).iter().map(|u| format!("\\u{u:04x}")).collect();
                        out.put(c, &raw);
                    }
                    _ => out.put(c, &c.to_string()),
                }
            }
        }
        out.raw.push_str(match style {
            Style::Single => "'",
            Style::Double => "\"",
            Style::Plain | Style::Literal | Style::Folded => "",
        });
        out.raw.push_str("\nend: 1\n");
        out
    }

    proptest! {
        #[test]
        fn every_character_is_found_in_every_style(
            words in prop::collection::vec("[a-zа-яё🦊👍0-9_()'\"\\\\=]{0,5}[a-zа-я🦊]", 1..9),
            turns in prop::collection::vec(any::<u8>(), 16),
            windows in any::<bool>(),
        ) {
            for style in [Style::Plain, Style::Single, Style::Double, Style::Literal, Style::Folded] {
                let mut words = words.clone();
                if style == Style::Plain {
                    words[0] = format!("x{}", words[0]);
                }
                let written = write(&words, &turns, style);
                let mut sources = Sources::default();
                // Carriage returns move everything after them by one.
                let raw = if windows { written.raw.replace('\n', "\r\n") } else { written.raw.clone() };
                let moved = |at: usize| if windows { at + written.raw[..at].matches('\n').count() } else { at };
                let source = sources.add("x.yaml", raw.clone());
                let mut found = Diagnostics::new();
                let tree = parse(source, &raw, 0, Limits::default(), &mut found).expect("a tree");
                let scalar = tree.get("k").and_then(super::super::Node::scalar).expect("a scalar");
                prop_assert_eq!(scalar.style, style);
                let text: String = written.places.iter().map(|(c, _)| *c).collect();
                prop_assert_eq!(scalar.text.trim_end_matches('\n'), &text);
                let mut at = 0;
                for (c, range) in &written.places {
                    let place = scalar.locate(&sources, at..at + c.len_utf8());
                    prop_assert_eq!(place.range(), moved(range.start)..moved(range.end), "{:?} {:?} in {:?}", style, c, raw);
                    at += c.len_utf8();
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_matched_is_the_whole_scalar() {
        let mut sources = Sources::default();
        let text = "k: |2\n    four\n  two\n";
        let source = sources.add("x.yaml", text);
        let tree = parse(source, text, 0, Limits::default(), &mut Diagnostics::new()).expect("a tree");
        let scalar = tree.get("k").and_then(super::super::Node::scalar).expect("a scalar");
        let place = scalar.locate(&sources, 0..3);
        let under = &text[place.range()];
        assert!(under == &scalar.text[..3] || place == scalar.place, "{under:?}");
    }
}
