//! What a syntax error most likely means to somebody who writes texts.
//!
//! The parser's own words are for people who know YAML; here its error and the
//! line it stopped at are turned into one of the known slips, each with its
//! code and its mending. Anything else stays a plain syntax error.

use super::bracket::open_bracket;
use crate::diagnostic::{Code, Diagnostic, Place, SourceId};
use crate::model::Text;
use crate::rulebook::codes;
use granit_parser::{ErrorKind, ScanError};

/// The diagnostic for `error`, met at byte `at` of `text`, which stands in
/// `source` from `base` on.
pub(super) fn explain(error: &ScanError, source: SourceId, text: &str, base: usize, at: usize) -> Diagnostic {
    let mut at = floor_boundary(text, at.min(text.len()));
    if matches!(error.kind(), ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent) {
        at = opening_quote(text, at).unwrap_or(at);
    }
    let mut line = line_around(text, at);
    let column = floor_boundary(line.text, (at - line.start).min(line.text.len()));
    let before = open_bracket(&text[..line.start]);
    // What does not fit the lines above is no matter of indentation in brackets.
    let known = slip(error.kind(), line.text, column).filter(|s| s.code != codes::INDENTATION || before.is_none());
    let slip = known.unwrap_or_else(|| match before {
        Some(open) => {
            line = line_around(text, open);
            bracket_not_closed(open - line.start)
        }
        None => Slip::plain(error, column),
    });
    let start = line.start + slip.range.start;
    let end = ceil_boundary(text, (line.start + slip.range.end).max(start));
    let place = Place::new(source, base + start, base + end);
    let diagnostic = Diagnostic::error(slip.code, slip.message, place).help(slip.help);
    match open_bracket(&text[..start]).filter(|_| slip.code == codes::UNCLOSED_BRACKET) {
        Some(open) => diagnostic.also(
            Place::new(source, base + open, base + open + 1),
            Text::new("this one is open", "эта скобка открыта"),
        ),
        None => diagnostic,
    }
}

struct Line<'a> {
    start: usize,
    text: &'a str,
}

/// A known mistake: its code, words, and place in the line.
struct Slip {
    code: Code,
    range: std::ops::Range<usize>,
    message: Text,
    help: Text,
}

impl Slip {
    fn plain(error: &ScanError, at: usize) -> Self {
        Self {
            code: codes::YAML_SYNTAX,
            range: at..at + 1,
            message: Text::new(
                format!("this is not valid YAML: {}", error.info()),
                format!("здесь нарушен синтаксис YAML: {}", error.info()),
            ),
            help: quote_help(),
        }
    }

    fn new(code: Code, range: std::ops::Range<usize>, message: Text, help: Text) -> Option<Self> {
        Some(Self { code, range, message, help })
    }
}

fn slip(kind: &ErrorKind, line: &str, at: usize) -> Option<Slip> {
    match kind {
        ErrorKind::RecursionLimitExceeded => too_deep(at),
        ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent => unclosed_quote(at),
        ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidUnicodeEscape => bad_escape(line, at),
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart => tab(line, at),
        _ => braces(line)
            .or_else(|| comma_in_braces(line, at))
            .or_else(|| reserved(kind, line, at))
            .or_else(|| after_quote(line))
            .or_else(|| bracket_in_braces(line, at))
            .or_else(|| unclosed_bracket(kind, at))
            .or_else(|| colon(kind, line))
            .or_else(|| indentation(kind, line)),
    }
}

fn too_deep(at: usize) -> Option<Slip> {
    let message = Text::new("the file is nested too deeply", "слишком глубокая вложенность");
    Slip::new(codes::TOO_DEEP, at..at + 1, message, Text::new("flatten it", "уменьшите вложенность"))
}

fn unclosed_quote(at: usize) -> Option<Slip> {
    let message = Text::new("this quote is not closed", "эта кавычка не закрыта");
    let help = Text::new(
        "close it, or write the text after `|` on lines of its own",
        "закройте её или напишите текст после `|` отдельными строками",
    );
    Slip::new(codes::UNCLOSED_QUOTE, at..at + 1, message, help)
}

/// `"^a\d$"`
fn bad_escape(line: &str, at: usize) -> Option<Slip> {
    let start = unknown_escape(line, at).unwrap_or(at);
    let length = line[start..].chars().take(2).map(char::len_utf8).sum::<usize>();
    let shown = &line[start..start + length];
    let message = Text::new(
        format!("`{shown}` means nothing in a double-quoted text"),
        format!("`{shown}` в тексте в двойных кавычках ничего не значит"),
    );
    let help = Text::new(
        "use single quotes: between them a backslash is a backslash",
        "возьмите одинарные кавычки: в них обратный слеш — просто знак",
    );
    Slip::new(codes::BAD_ESCAPE, start..start + length, message, help)
}

/// The first backslash from `at` on that stands before a character without a
/// meaning of its own.
fn unknown_escape(line: &str, at: usize) -> Option<usize> {
    let mut chars = line[at..].char_indices();
    while let Some((i, c)) = chars.next() {
        if c == '\\' && !chars.next().is_some_and(|(_, next)| "0abtnvfre \"/\\N_LP".contains(next)) {
            return Some(at + i);
        }
    }
    None
}

fn tab(line: &str, at: usize) -> Option<Slip> {
    let start = line.find('\t').unwrap_or(at);
    let end = start + line[start..].len() - line[start..].trim_start_matches('\t').len();
    let message = Text::new("a tab is used for indentation", "отступ сделан табуляцией");
    let help = Text::new("use spaces, two for each level", "используйте пробелы, по два на уровень");
    Slip::new(codes::TAB, start..end.max(start + 1), message, help)
}

/// `text: {{ name }}, hello`
fn braces(line: &str) -> Option<Slip> {
    let value = value_of(line)?;
    let rest = line[value..].starts_with("{{");
    let message = Text::new(
        "text that begins with `{{` is read as a YAML mapping",
        "текст, который начинается с `{{`, читается как словарь YAML",
    );
    rest.then(|| Slip { code: codes::BRACE_TEMPLATE, range: value..value + 2, message, help: quote_help() })
}

/// `{if: language in ("ru", "en")}`: what stands behind the comma begins with a
/// quote and goes on after it.
fn comma_in_braces(line: &str, at: usize) -> Option<Slip> {
    let open = line[..at].rfind('{')?;
    let comma = open + line[open..at].rfind(',')?;
    let start = at - line[comma + 1..at].trim_start().len();
    let in_parentheses = line[open..comma].matches('(').count() > line[open..comma].matches(')').count();
    if !in_parentheses || !line[start..].starts_with(['"', '\'']) {
        return None;
    }
    let end = at + line[at..].find([',', '}']).unwrap_or(0);
    let (message, help) = cut_at_comma(line[start..end].trim_end());
    Slip::new(codes::SPLIT_AT_COMMA, start..end, message, help)
}

/// What is told of text that a comma in braces cut off.
pub(super) fn cut_at_comma(text: &str) -> (Text, Text) {
    let message = Text::new(format!("`{text}` is cut off at the comma"), format!("`{text}` отрезано запятой"));
    let help = Text::new(
        "inside `{…}` a comma ends the value: put the whole value in quotes",
        "внутри `{…}` запятая заканчивает значение: возьмите всё значение в кавычки",
    );
    (message, help)
}

/// `@channel`, `` `code` ``, `%`, `*bold*`, `&x`
fn reserved(kind: &ErrorKind, line: &str, at: usize) -> Option<Slip> {
    let value = value_of(line).unwrap_or(at);
    let first = line[value..].chars().next().filter(|c| "@`%*&!|>".contains(*c))?;
    if matches!(first, '|' | '>') && !matches!(kind, ErrorKind::InvalidBlockScalarHeader) {
        return None;
    }
    let (en, ru) = if first == '`' {
        ("a backtick".to_owned(), "обратной кавычки".to_owned())
    } else {
        (format!("`{first}`"), format!("`{first}`"))
    };
    let message = Text::new(
        format!("text cannot begin with {en} unless it is quoted"),
        format!("с {ru} текст может начинаться только в кавычках"),
    );
    Slip::new(codes::RESERVED_CHARACTER, value..value + first.len_utf8(), message, quote_help())
}

/// `if: "ru" = language`
fn after_quote(line: &str) -> Option<Slip> {
    let value = value_of(line)?;
    let quote = line[value..].chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let close = value + 1 + line[value + 1..].find(quote)?;
    let rest = line[close + 1..].trim();
    if rest.is_empty() || rest.starts_with(['#', ',', '}', ']', ':']) {
        return None;
    }
    let message = Text::new(
        "the value ends at this quote, but text follows",
        "значение кончается на этой кавычке, но текст продолжается",
    );
    let help = Text::new(
        "put the whole value in the other kind of quotes, or turn the comparison round: `language = \"ru\"`",
        "возьмите всё значение в кавычки другого вида или переставьте части: `language = \"ru\"`",
    );
    Slip::new(codes::STARTS_WITH_QUOTE, value..close + 1, message, help)
}

/// `{if: language in ["ru"]}`
fn bracket_in_braces(line: &str, at: usize) -> Option<Slip> {
    let open = line.find('{')?;
    let bracket = open + 1 + line[open + 1..].find(['[', '{'])?;
    let before = line[open + 1..bracket].trim_end();
    if bracket > at + 1 || before.is_empty() || before.ends_with([':', ',', '[', '{']) || in_quotes(before) {
        return None;
    }
    let what = &line[bracket..=bracket];
    let message = Text::new(
        format!("`{what}` inside `{{…}}` begins a YAML collection in the middle of the text"),
        format!("`{what}` внутри `{{…}}` начинает коллекцию YAML посреди текста"),
    );
    let help = Text::new("put the whole value in quotes", "возьмите всё значение в кавычки");
    Slip::new(codes::BRACKET_IN_BRACES, bracket..bracket + 1, message, help)
}

fn unclosed_bracket(kind: &ErrorKind, at: usize) -> Option<Slip> {
    let unclosed = matches!(
        kind,
        ErrorKind::UnclosedFlowCollection { .. }
            | ErrorKind::UnexpectedEofFlowSequence
            | ErrorKind::UnexpectedEofFlowMapping
            | ErrorKind::UnexpectedEofImplicitFlowMapping
            | ErrorKind::ExpectedFlowMappingSeparator
            | ErrorKind::ExpectedFlowSequenceSeparator
            | ErrorKind::MisplacedFlowCollectionEnd
            | ErrorKind::MismatchedFlowCollectionEnd { .. }
            | ErrorKind::InvalidFlowScalarIndent
    );
    unclosed.then(|| bracket_not_closed(at))
}

fn bracket_not_closed(at: usize) -> Slip {
    let message = Text::new(
        "a bracket is not closed, or a comma is missing before this",
        "не закрыта скобка или перед этим пропущена запятая",
    );
    let help = Text::new(
        "close every `[` and `{`; put text that has brackets in quotes",
        "закройте все `[` и `{`; текст со скобками возьмите в кавычки",
    );
    Slip { code: codes::UNCLOSED_BRACKET, range: at..at + 1, message, help }
}

/// `title: Price: 100`
fn colon(kind: &ErrorKind, line: &str) -> Option<Slip> {
    if !matches!(
        kind,
        ErrorKind::MappingValueNotAllowed
            | ErrorKind::SimpleKeyExpected
            | ErrorKind::InvalidSimpleKey
            | ErrorKind::InvalidColonPlacement
    ) {
        return None;
    }
    let value = value_of(line).filter(|value| !line[*value..].starts_with(['{', '[']))?;
    let inside =
        value + line[value..].find(": ").or_else(|| line[value..].ends_with(':').then(|| line.len() - value - 1))?;
    let message =
        Text::new("`: ` inside the text is read as another key", "`: ` внутри текста читается как ещё один ключ");
    Slip::new(codes::COLON_INSIDE, inside..inside + 1, message, quote_help())
}

fn indentation(kind: &ErrorKind, line: &str) -> Option<Slip> {
    let wrong = matches!(
        kind,
        ErrorKind::InvalidIndentation
            | ErrorKind::ExpectedBlockMappingKey
            | ErrorKind::ExpectedBlockSequenceEntry
            | ErrorKind::MappingValueNotAllowed
            | ErrorKind::MappingKeyNotAllowed
            | ErrorKind::BlockSequenceEntryNotAllowed
            | ErrorKind::SimpleKeyExpected
            | ErrorKind::InvalidBlockScalarIndent
    );
    let start = line.len() - line.trim_start().len();
    let message = Text::new("this line does not fit the lines above it", "эта строка не согласована со строками выше");
    let help = Text::new(
        "a key needs `: ` after it, and keys of one level the same indentation",
        "после ключа нужно `: `, а ключи одного уровня пишут с одинаковым отступом",
    );
    wrong.then(|| Slip { code: codes::INDENTATION, range: start..line.trim_end().len(), message, help })
}

pub(super) fn quote_help() -> Text {
    Text::new(
        "put the text in quotes, or write it after `|` on lines of its own",
        "возьмите текст в кавычки или напишите его после `|` отдельными строками",
    )
}

/// Where the value of the line's first key begins.
pub(super) fn value_of(line: &str) -> Option<usize> {
    let colon = line.find(": ")? + 2;
    Some(colon + line[colon..].len() - line[colon..].trim_start().len()).filter(|at| *at < line.len())
}

fn in_quotes(text: &str) -> bool {
    text.matches('"').count() % 2 == 1 || text.matches('\'').count() % 2 == 1
}

/// The last quote before `at` that begins a value.
fn opening_quote(text: &str, at: usize) -> Option<usize> {
    let before = text.get(..=at).unwrap_or(&text[..at]);
    let begins = |i: usize| text[..i].trim_end_matches(' ').chars().next_back().is_none_or(|c| ":-[{,\n".contains(c));
    before.rmatch_indices(['"', '\'']).map(|(i, _)| i).find(|i| begins(*i))
}

/// The line of byte `at`; from an empty line back to the one before it.
fn line_around(text: &str, at: usize) -> Line<'_> {
    let here = &text[at..];
    let rest = here.find('\n').map_or(text.len(), |i| at + i);
    let end = text[..rest].trim_end().len().max(text[..at].trim_end().len());
    let start = text[..end].rfind('\n').map_or(0, |i| i + 1);
    Line { start, text: text[start..end].trim_end_matches('\r') }
}

/// The end of the character that byte `at - 1` belongs to.
fn ceil_boundary(text: &str, at: usize) -> usize {
    (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
