//! The fence before the parser: bounds on length, nesting and size, strings
//! without an end and brackets without a partner.
//!
//! It reads the text once, as loose tokens, and knows nothing of grammar.
//! What it lets through can neither exhaust a stack nor take long.

use super::codes;
use super::syntax::Span;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::Text;
use std::ops::Range;

/// The longest condition, in characters.
pub const MAX_CHARS: usize = 10_000;
/// The deepest nesting of brackets and prefix operators together.
pub const MAX_DEPTH: usize = 64;
/// The most operands, comparisons, prefix operators and brackets.
pub const MAX_NODES: usize = 1_000;

/// What a loose token looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A name or keyword.
    Word,
    /// Starts with a digit.
    Number,
    /// A string with both quotes.
    String,
    /// A string whose closing quote is not there.
    OpenString,
    /// `(` or `[`.
    Open,
    /// `)` or `]`.
    Close,
    /// Anything else: an operator, a comma, a stray character.
    Sign,
}

/// A loose token and its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub shape: Shape,
    pub text: &'a str,
    pub span: Span,
}

/// The loose tokens of a text, without white space and comments.
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    comment: Option<Range<usize>>,
}

/// The range of the first comment, if there is one. Where a YAML scalar has
/// lost its line breaks, a comment would swallow the rest of the condition.
pub fn first_comment(text: &str) -> Option<Range<usize>> {
    let mut tokens = Tokens::new(text);
    while tokens.comment.is_none() && tokens.next().is_some() {}
    tokens.comment
}

/// Everything that keeps `text` from being parsed at all.
pub(super) fn fence(text: &str) -> Vec<Diagnostic> {
    if let Some((start, _)) = text.char_indices().nth(MAX_CHARS) {
        return vec![too_long(Span { start, end: text.len() })];
    }
    let mut fence = Fence::default();
    for token in Tokens::new(text) {
        fence.token(token);
        if fence.over {
            break;
        }
    }
    fence.finish()
}

#[derive(Default)]
struct Fence<'a> {
    open: Vec<(Token<'a>, usize)>,
    prefixes: usize,
    depth: usize,
    nodes: usize,
    operand_before: bool,
    over: bool,
    found: Vec<Diagnostic>,
}

impl<'a> Fence<'a> {
    fn token(&mut self, token: Token<'a>) {
        let operand_before = std::mem::replace(&mut self.operand_before, false);
        match token.shape {
            Shape::Word if token.text == "not" => self.prefix(token),
            Shape::Word if is_keyword(token.text) => {}
            Shape::Word | Shape::Number | Shape::String => self.operand(token),
            Shape::OpenString => {
                self.found.push(open_string(token));
                self.operand(token);
            }
            Shape::Open => self.bracket_opens(token),
            Shape::Close => self.bracket_closes(token),
            Shape::Sign if token.text == "-" && !operand_before => self.prefix(token),
            Shape::Sign if token.text != "," => self.count(token),
            Shape::Sign => {}
        }
    }

    fn operand(&mut self, token: Token<'a>) {
        self.count(token);
        self.operand_before = true;
        self.depth -= std::mem::take(&mut self.prefixes);
    }

    fn prefix(&mut self, token: Token<'a>) {
        self.count(token);
        self.prefixes += 1;
        self.deeper(token);
    }

    fn bracket_opens(&mut self, token: Token<'a>) {
        self.count(token);
        self.open.push((token, std::mem::take(&mut self.prefixes)));
        self.deeper(token);
    }

    fn bracket_closes(&mut self, token: Token<'a>) {
        self.operand_before = true;
        let Some((open, prefixes)) = self.open.pop() else {
            self.found.push(no_partner(token));
            return;
        };
        if partner(open.text) != token.text {
            self.found.push(wrong_partner(open, token));
        }
        self.depth = self.depth.saturating_sub(1 + prefixes + std::mem::take(&mut self.prefixes));
    }

    fn deeper(&mut self, token: Token<'a>) {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            self.over = true;
            self.found.push(too_deep(token));
        }
    }

    fn count(&mut self, token: Token<'a>) {
        self.nodes += 1;
        if self.nodes == MAX_NODES + 1 {
            self.over = true;
            self.found.push(too_large(Span { start: token.span.start, end: token.span.end }));
        }
    }

    fn finish(mut self) -> Vec<Diagnostic> {
        // A string without an end has swallowed the brackets after it.
        let swallowed = self.found.iter().any(|d| d.code == codes::OPEN_STRING);
        if !self.over && !swallowed {
            self.found.extend(self.open.iter().map(|(token, _)| no_partner(*token)));
        }
        self.found
    }
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, comment: None }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn skip_space(&mut self) {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start_matches(is_space).len();
            if !self.rest().starts_with('#') {
                return;
            }
            let end = self.rest().find('\n').map_or(self.text.len(), |i| self.at + i);
            self.comment.get_or_insert(self.at..end);
            self.at = end;
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_space();
        let rest = self.rest();
        let first = rest.chars().next()?;
        let (shape, length) = match first {
            '"' | '\'' => string(rest, first),
            '(' | '[' => (Shape::Open, 1),
            ')' | ']' => (Shape::Close, 1),
            '0'..='9' => (Shape::Number, number(rest)),
            c if is_word(c) => (Shape::Word, rest.find(|c| !is_word(c)).unwrap_or(rest.len())),
            c => (Shape::Sign, sign(rest, c)),
        };
        let span = Span { start: self.at, end: self.at + length };
        self.at = span.end;
        Some(Token { shape, text: rest.get(..length).unwrap_or(""), span })
    }
}

fn string(rest: &str, quote: char) -> (Shape, usize) {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return (Shape::String, at + 1),
            _ => {}
        }
    }
    (Shape::OpenString, rest.len())
}

fn number(rest: &str) -> usize {
    let mut end = 0;
    let mut chars = rest.chars().peekable();
    while let Some(c) = chars.next() {
        let fraction = c == '.' && chars.peek().is_some_and(char::is_ascii_digit);
        if !is_word(c) && !fraction {
            break;
        }
        end += c.len_utf8();
    }
    end
}

fn sign(rest: &str, first: char) -> usize {
    let pairs = ["==", "!=", "<>", "<=", ">=", "=<", "=>", "=!", "&&", "||"];
    if pairs.iter().any(|pair| rest.starts_with(pair)) { 2 } else { first.len_utf8() }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{a0}' | '\u{feff}')
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Words that stand between operands and are no operands themselves.
fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "and" | "or" | "in" | "is" | "between" | "contains" | "starts" | "ends" | "matches" | "within" | "older"
    )
}

fn partner(open: &str) -> &'static str {
    if open == "(" { ")" } else { "]" }
}

fn bound(code: Code, span: Span, en: String, ru: String) -> Diagnostic {
    Diagnostic::error(code, Text::new(en, ru), span.place()).help(Text::new(
        "move a part of it into a segment of its own and use `segment(NAME)`",
        "вынесите часть в отдельный сегмент и используйте `segment(ИМЯ)`",
    ))
}

fn too_long(span: Span) -> Diagnostic {
    let en = format!("the condition is longer than {MAX_CHARS} characters");
    bound(codes::TOO_LONG, span, en, format!("условие длиннее {MAX_CHARS} символов"))
}

fn too_large(span: Span) -> Diagnostic {
    let en = format!("the condition has more than {MAX_NODES} parts");
    bound(codes::TOO_LONG, span, en, format!("в условии больше {MAX_NODES} частей"))
}

fn too_deep(token: Token<'_>) -> Diagnostic {
    let en = format!("the condition is nested more than {MAX_DEPTH} deep");
    bound(codes::TOO_DEEP, token.span, en, format!("вложенность условия больше {MAX_DEPTH}"))
}

fn open_string(token: Token<'_>) -> Diagnostic {
    let quote = &token.text[..1];
    let message = Text::new("the string has no closing quote", "у строки нет закрывающей кавычки");
    let line_end = token.text.find('\n').map_or(token.span.end, |i| token.span.start + i);
    let span = Span { start: token.span.start, end: line_end };
    Diagnostic::error(codes::OPEN_STRING, message, span.place()).help(Text::new(
        format!("put {quote} where the text ends; inside the text write \\{quote}"),
        format!("поставьте {quote} там, где текст кончается; внутри текста пишите \\{quote}"),
    ))
}

fn no_partner(token: Token<'_>) -> Diagnostic {
    let bracket = token.text;
    let message = match token.shape {
        Shape::Close => Text::new(format!("`{bracket}` closes nothing"), format!("`{bracket}` ничего не закрывает")),
        _ => Text::new(format!("`{bracket}` is never closed"), format!("`{bracket}` не закрыта")),
    };
    Diagnostic::error(codes::BRACKET, message, token.span.place())
}

fn wrong_partner(open: Token<'_>, close: Token<'_>) -> Diagnostic {
    let (left, right) = (open.text, close.text);
    let message = Text::new(format!("`{left}` is closed by `{right}`"), format!("`{left}` закрыта скобкой `{right}`"));
    Diagnostic::error(codes::BRACKET, message, close.span.place())
        .also(open.span.place(), Text::new("opened here", "открыта здесь"))
        .replace(partner(left))
}
