//! Text to tree, within limits, reporting whatever rule files refuse.
//!
//! Parsing never recurses and never expands anything, so no file can make it
//! slow or deep. After a syntax error the tree built so far is dropped: half a
//! file would only produce follow-up errors.

use super::trap;
use super::{Entry, Kind, Node, Scalar, Style};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, SourceId};
use crate::model::Text;
use crate::rulebook::codes;
use granit_parser::{Event, Parser, ScalarStyle, Span};
use std::collections::HashMap;

/// What a file may be at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes.
    pub bytes: usize,
    /// Nested block collections.
    pub block_depth: usize,
    /// Nested `[…]` and `{…}`.
    pub flow_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 1 << 20, block_depth: 64, flow_depth: 32 }
    }
}

/// Parses `text`, which stands in `source` from byte `base` on. `None` after a
/// syntax error and for a file without content.
pub fn parse(source: SourceId, text: &str, base: usize, limits: Limits, found: &mut Diagnostics) -> Option<Node> {
    if text.len() > limits.bytes {
        found.push(too_big(Place::new(source, base, base), limits.bytes));
        return None;
    }
    let options = granit_parser::options! {
        block_nesting_limit: limits.block_depth,
        flow_nesting_limit: limits.flow_depth,
        emit_comments: false,
        emit_anchor_events: true,
        emit_unresolved_aliases: true,
    };
    let mut builder =
        Builder { source, text, base, found: Diagnostics::new(), stack: Vec::new(), root: None, documents: 0 };
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, span)) => builder.event(event, span),
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(0);
                // Braces read as a key are what made the parser stumble.
                let earlier =
                    builder.found.into_iter().filter(|d| !matches!(d.code, codes::COMPLEX_KEY | codes::BRACE_TEMPLATE));
                let earlier: Vec<Diagnostic> = earlier.collect();
                let told = trap::explain(&error, source, text, base, at);
                if !earlier.iter().any(|before| misread(before, &told, text, base)) {
                    found.push(told);
                }
                found.extend(earlier);
                return None;
            }
        }
    }
    found.extend(builder.found);
    builder.root.filter(|root| !root.is_blank())
}

/// Whether a syntax error only follows from a text earlier on its line that is
/// read as an alias, an anchor or a tag: `*Our best*`.
fn misread(before: &Diagnostic, error: &Diagnostic, text: &str, base: usize) -> bool {
    let at = |diagnostic: &Diagnostic| diagnostic.primary.place.start as usize - base;
    let between = text.get(at(before)..at(error));
    matches!(before.code, codes::ALIAS | codes::ANCHOR | codes::TAG) && between.is_some_and(|text| !text.contains('\n'))
}

/// A collection whose children are still coming.
enum Frame {
    List { start: usize, items: Vec<Node> },
    Map { start: usize, entries: Vec<Entry>, key: Option<Option<Scalar>>, flow: bool, broken: bool },
}

struct Builder<'a> {
    source: SourceId,
    text: &'a str,
    base: usize,
    found: Diagnostics,
    stack: Vec<Frame>,
    root: Option<Node>,
    documents: usize,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) {
        let range = span.byte_range().unwrap_or(0..0);
        let tagged = event.tag().is_some();
        if let Some(tag) = event.tag() {
            let at = span.tag_span().and_then(|s| s.byte_range()).unwrap_or(range.clone());
            self.found.push(tag_refused(self.place(at), &tag.original()));
        }
        match event {
            Event::Scalar(..) if tagged => self.add(Node { place: self.place(range), kind: Kind::Refused }),
            Event::DocumentStart(..) => self.document(range),
            Event::Scalar(text, style, _, _) => {
                let scalar = self.scalar_node(text.into_owned(), style, range);
                self.add(scalar);
            }
            Event::SequenceStart(..) => self.stack.push(Frame::List { start: range.start, items: Vec::new() }),
            Event::MappingStart(style, ..) => self.stack.push(Frame::Map {
                start: range.start,
                entries: Vec::new(),
                key: None,
                flow: style == granit_parser::StructureStyle::Flow,
                broken: false,
            }),
            Event::SequenceEnd | Event::MappingEnd => self.close(range.end),
            Event::Anchor(..) => {
                let place = self.place(range);
                self.found.push(anchor_refused(place));
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                let place = self.place(range);
                if !self.is_merging() {
                    self.found.push(alias_refused(place, &self.text[self.local(place)]));
                }
                self.add(Node { place, kind: Kind::Refused });
            }
            _ => {}
        }
    }

    fn document(&mut self, range: std::ops::Range<usize>) {
        self.documents += 1;
        if self.documents == 2 {
            let place = self.place(range);
            let text = Text::new("a second document begins here", "здесь начинается второй документ");
            let help = Text::new("put it into a file of its own", "вынесите его в отдельный файл");
            self.found.push(Diagnostic::error(codes::SECOND_DOCUMENT, text, place).help(help));
        }
    }

    fn scalar_node(&self, text: String, style: ScalarStyle, range: std::ops::Range<usize>) -> Node {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        // The parser calls what is not there `~`.
        let text = if range.is_empty() { String::new() } else { text };
        let comment = (style == Style::Plain).then(|| self.comment_after(range.end)).flatten();
        let place = self.place(range);
        Node { place, kind: Kind::Scalar(Scalar { text, place, style, comment }) }
    }

    /// The comment that ends a plain scalar on its own line.
    fn comment_after(&self, end: usize) -> Option<Place> {
        let rest = self.text.get(end..)?;
        let line = rest.split(['\n', '\r']).next().unwrap_or(rest);
        let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
        (blank > 0 && line[blank..].starts_with('#')).then(|| self.place(end + blank..end + line.len()))
    }

    fn add(&mut self, node: Node) {
        match self.stack.last_mut() {
            None => {
                self.root.get_or_insert(node);
            }
            Some(Frame::List { items, .. }) => items.push(node),
            Some(Frame::Map { entries, key, flow, broken, .. }) => match key.take() {
                None => {
                    let braces = self.text[..node.place.start as usize - self.base].ends_with('{');
                    let name = key_of(node, braces, &mut self.found);
                    *broken |= *flow && name.is_none();
                    *key = Some(name);
                }
                Some(Some(name)) => {
                    match entries.last_mut().filter(|_| *flow).and_then(|last| split_at_comma(&name, &node, last)) {
                        Some(split) => self.found.push(split),
                        None => entries.push(Entry { key: name, value: node }),
                    }
                }
                Some(None) => {}
            },
        }
    }

    fn close(&mut self, end: usize) {
        let (start, kind) = match self.stack.pop() {
            Some(Frame::List { start, items }) => (start, Kind::List(items)),
            Some(Frame::Map { start, broken: true, .. }) => (start, Kind::Refused),
            Some(Frame::Map { start, entries, .. }) => (start, self.unique(entries)),
            None => return,
        };
        let end = self.text[..end.max(start)].trim_end().len().max(start);
        self.add(Node { place: self.place(start..end), kind });
    }

    /// Whether the value of a merge key comes now, which is refused as a whole.
    fn is_merging(&self) -> bool {
        matches!(self.stack.last(), Some(Frame::Map { key: Some(Some(key)), .. }) if is_merge(key))
    }

    /// Drops repeated keys, showing both places. A mapping with a merge key is
    /// refused: what it lacks may be meant to come from there.
    fn unique(&mut self, entries: Vec<Entry>) -> Kind {
        let mut merges = false;
        let mut first: HashMap<String, Place> = HashMap::new();
        let mut kept = Vec::with_capacity(entries.len());
        for entry in entries {
            if is_merge(&entry.key) {
                merges = true;
                self.found.push(merge_refused(entry.key.place));
            } else if let Some(before) = first.get(&entry.key.text) {
                self.found.push(duplicate(&entry.key, *before));
            } else {
                first.insert(entry.key.text.clone(), entry.key.place);
                kept.push(entry);
            }
        }
        if merges { Kind::Refused } else { Kind::Map(kept) }
    }

    fn place(&self, range: std::ops::Range<usize>) -> Place {
        Place::new(self.source, self.base + range.start, self.base + range.end)
    }

    fn local(&self, place: Place) -> std::ops::Range<usize> {
        place.start as usize - self.base..place.end as usize - self.base
    }
}

fn is_merge(key: &Scalar) -> bool {
    key.text == "<<" && key.style == Style::Plain
}

fn key_of(node: Node, braces: bool, found: &mut Diagnostics) -> Option<Scalar> {
    match node.kind {
        Kind::Scalar(scalar) => Some(scalar),
        Kind::Map(_) if braces => {
            let text = Text::new(
                "text that begins with `{{` is read as a YAML mapping",
                "текст, который начинается с `{{`, читается как словарь YAML",
            );
            let at = Place { start: node.place.start - 1, end: node.place.start + 1, ..node.place };
            found.push(Diagnostic::error(codes::BRACE_TEMPLATE, text, at).help(trap::quote_help()));
            None
        }
        Kind::List(_) | Kind::Map(_) => {
            let text = Text::new("a key must be plain text", "ключ должен быть простым текстом");
            let help = Text::new(
                "if this is text with brackets, put it in quotes",
                "если это текст со скобками, возьмите его в кавычки",
            );
            found.push(Diagnostic::error(codes::COMPLEX_KEY, text, node.place).help(help));
            None
        }
        Kind::Refused => None,
    }
}

/// `{if: x in (1, 2)}` is two entries to YAML; the second has no value and a
/// key that is no word. The first is refused along with it.
fn split_at_comma(key: &Scalar, value: &Node, last: &mut Entry) -> Option<Diagnostic> {
    let word = key.text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let cut = last.value.scalar().is_some_and(|s| s.style == Style::Plain && !s.is_blank());
    if !cut || word || !value.is_blank() || key.style != Style::Plain {
        return None;
    }
    let (text, help) = trap::cut_at_comma(&key.text);
    let label = Text::new("the value ends here", "значение кончается здесь");
    let diagnostic = Diagnostic::error(codes::SPLIT_AT_COMMA, text, key.place).help(help).also(last.value.place, label);
    last.value.kind = Kind::Refused;
    Some(diagnostic)
}

fn duplicate(key: &Scalar, first: Place) -> Diagnostic {
    let text = Text::new(format!("the key `{}` stands twice", key.text), format!("ключ `{}` повторяется", key.text));
    Diagnostic::error(codes::DUPLICATE_KEY, text, key.place)
        .label(Text::new("the second time", "второй раз"))
        .also(first, Text::new("first here", "впервые здесь"))
        .help(Text::new("keep one of the two", "оставьте один из двух"))
}

fn too_big(place: Place, limit: usize) -> Diagnostic {
    let text =
        Text::new(format!("the file is bigger than {} KiB", limit / 1024), format!("файл больше {} КиБ", limit / 1024));
    Diagnostic::error(codes::TOO_BIG, text, place)
        .help(Text::new("split it into several files", "разделите его на несколько файлов"))
}

fn anchor_refused(place: Place) -> Diagnostic {
    let text = Text::new("anchors are not used in rule files", "якоря в файлах правил не используются");
    let help = Text::new(
        "if this is text that begins with `&`, put it in quotes",
        "если это текст, который начинается с `&`, возьмите его в кавычки",
    );
    Diagnostic::error(codes::ANCHOR, text, place).help(help)
}

fn alias_refused(place: Place, token: &str) -> Diagnostic {
    let text = Text::new(
        format!("`{token}` is read as a YAML alias, not as text"),
        format!("`{token}` читается как ссылка YAML, а не как текст"),
    );
    let help = Text::new("put the text in quotes", "возьмите текст в кавычки");
    Diagnostic::error(codes::ALIAS, text, place).help(help)
}

fn tag_refused(place: Place, tag: &str) -> Diagnostic {
    let text = Text::new(
        format!("`{tag}` is read as a YAML tag and would be dropped"),
        format!("`{tag}` читается как тег YAML и было бы отброшено"),
    );
    let help = Text::new(
        "put the whole text in quotes; in a condition write `not` instead of `!`",
        "возьмите весь текст в кавычки; в условии пишите `not` вместо `!`",
    );
    Diagnostic::error(codes::TAG, text, place).help(help)
}

fn merge_refused(place: Place) -> Diagnostic {
    let text = Text::new("merge keys are not used in rule files", "слияние `<<` в файлах правил не используется");
    let help = Text::new("write the keys out", "выпишите ключи полностью");
    Diagnostic::error(codes::MERGE_KEY, text, place).help(help)
}
