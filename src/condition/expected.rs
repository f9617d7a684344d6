//! A syntax error in words: what stands there, what could, and the slip it
//! most likely is. The parser's own list of rules is of no use to a marketer.

use super::parse::Rule;
use super::scan::{Shape, Token, Tokens};
use super::syntax::Span;
use super::{codes, literal};
use crate::diagnostic::{Diagnostic, Replacement, expected_one_of, nearest};
use crate::model::Text;
use pest::error::{Error, ErrorVariant, InputLocation};

/// What the parser could have gone on with, in the order of telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Value,
    Word(&'static str),
    Comparison,
    Arithmetic,
    And,
    Or,
    Unit,
    End,
}

const KEYWORDS: [&str; 16] = [
    "and", "or", "not", "in", "is", "between", "contains", "starts", "ends", "matches", "within", "older", "with",
    "than", "ago", "from",
];
const UNITS: [&str; 10] = ["seconds", "minutes", "hours", "days", "weeks", "second", "minute", "hour", "day", "week"];

/// The one finding that a syntax error gives.
pub(super) fn explain(text: &str, error: &Error<Rule>) -> Diagnostic {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let (before, token) = around(text, at);
    let groups = groups(&error.variant);
    let found = match token {
        None => at_end(text, &groups),
        Some(token) => unexpected(token, &groups),
    };
    match token {
        None => found,
        Some(token) => hint(found, text, before, token, &groups),
    }
}

/// The token that begins at or after `at`, and the one before it.
fn around(text: &str, at: usize) -> (Option<Token<'_>>, Option<Token<'_>>) {
    let mut before = None;
    for token in Tokens::new(text) {
        if token.span.end > at {
            return (before, Some(token));
        }
        before = Some(token);
    }
    (before, None)
}

fn at_end(text: &str, groups: &[Group]) -> Diagnostic {
    let end = Tokens::new(text).last().map_or(0, |token| token.span.end);
    let place = Span { start: end, end }.place();
    let message = if end == 0 {
        Text::new("the condition is empty", "условие пустое")
    } else {
        Text::new("the condition breaks off", "условие обрывается")
    };
    let found = Diagnostic::error(codes::SYNTAX, message, place).label(expected(groups));
    if end == 0 {
        return found.help(Text::new("for everybody, write `true`", "для всех пользователей напишите `true`"));
    }
    found
}

fn unexpected(token: Token<'_>, groups: &[Group]) -> Diagnostic {
    let word = token.text;
    let message = Text::new(format!("`{word}` cannot stand here"), format!("здесь не может стоять `{word}`"));
    Diagnostic::error(codes::SYNTAX, message, token.span.place()).label(expected(groups))
}

fn hint(found: Diagnostic, text: &str, before: Option<Token<'_>>, token: Token<'_>, groups: &[Group]) -> Diagnostic {
    if let Some(right) = foreign(token.text) {
        return found.help(did_you_mean(right)).replace(spaced(right, text, token.span));
    }
    let wants_value = groups.contains(&Group::Value);
    let negated = before.is_some_and(|t| t.text == "not");
    let asks_presence = groups.contains(&Group::Word("missing"));
    let after_number = before.is_some_and(|t| t.shape == Shape::Number && !t.text.contains(char::is_alphabetic));
    match token.shape {
        Shape::Word if asks_presence && ["none", "nil", "undefined"].contains(&&*token.text.to_lowercase()) => {
            found.help(did_you_mean("missing")).replace("missing")
        }
        Shape::Word | Shape::Number | Shape::String if asks_presence && compares(token) => found.help(Text::new(
            format!("`is` asks for `missing` or `set`; to compare, write `{}`", if negated { "!=" } else { "=" }),
            format!(
                "`is` спрашивает про `missing` или `set`; чтобы сравнить, пишите `{}`",
                if negated { "!=" } else { "=" }
            ),
        )),
        Shape::Word | Shape::Sign if negated && !wants_value && !asks_presence => found.help(negation(token.text)),
        Shape::Number if is_short(token) && before.is_some_and(is_short) => whole_duration(found, before, token),
        Shape::Word if after_number && !KEYWORDS.contains(&token.text) => unit_hint(found, token),
        Shape::Word if !wants_value => keyword_hint(found, token),
        Shape::Word if KEYWORDS.contains(&token.text) => found.help(Text::new(
            format!("`{}` is a word of the language and cannot be a name", token.text),
            format!("`{}` — слово языка и не может быть именем", token.text),
        )),
        Shape::Sign if is_relation(token.text) && !wants_value => found.help(Text::new(
            "comparisons do not chain: join two with `and`, or write `x between a and b`",
            "сравнения не идут цепочкой: соедините два через `and` или напишите `x between a and b`",
        )),
        Shape::Sign if "“”„«»‘’`".contains(token.text) => found.help(Text::new(
            "text stands in straight quotes: `\"…\"` or `'…'`",
            "текст пишется в прямых кавычках: `\"…\"` или `'…'`",
        )),
        Shape::Sign if token.text == "," && groups.contains(&Group::End) => found.help(Text::new(
            "two tests are joined by `and`, or by `or` where one of them will do",
            "две проверки соединяет `and`, а если хватит одной из них — `or`",
        )),
        Shape::Sign if token.text == "," => list_hint(found, text, token),
        Shape::Sign if token.text == "." => found.help(Text::new(
            "a number begins with a digit: `0.5`; only `event.` has properties",
            "число начинается с цифры: `0.5`; свойства есть только у `event.`",
        )),
        Shape::Word | Shape::Number | Shape::String | Shape::OpenString | Shape::Open | Shape::Close | Shape::Sign => {
            found
        }
    }
}

/// `x in (a, b)`: other languages write a list so.
fn list_hint(mut found: Diagnostic, text: &str, comma: Token<'_>) -> Diagnostic {
    let Some(list) = list_in_brackets(text, comma) else { return found };
    let inner = text.get(list.start + 1..list.end.saturating_sub(1)).unwrap_or("");
    let with = format!("[{inner}]");
    found.replacement = Some(Replacement { place: list.place(), with: with.clone() });
    found.help(Text::new(
        format!("a list is written in square brackets: `{with}`"),
        format!("список пишется в квадратных скобках: `{with}`"),
    ))
}

/// The round brackets after `in` that a comma stands in.
fn list_in_brackets(text: &str, comma: Token<'_>) -> Option<Span> {
    let (mut open, mut before) = (Vec::new(), "");
    for token in Tokens::new(text) {
        match token.shape {
            Shape::Open => open.push((token, before == "in")),
            Shape::Close => {
                let (opened, is_list) = open.pop()?;
                let holds = opened.span.start < comma.span.start && comma.span.end < token.span.end;
                if is_list && opened.text == "(" && holds {
                    return Some(opened.span.to(token.span));
                }
            }
            Shape::Word | Shape::Number | Shape::String | Shape::OpenString | Shape::Sign => {}
        }
        before = token.text;
    }
    None
}

/// What other languages write for our words and signs.
fn foreign(text: &str) -> Option<&'static str> {
    Some(match text {
        "&&" | "&" => "and",
        "||" | "|" => "or",
        "!" => "not",
        "=<" | "≤" => "<=",
        "=>" | "≥" => ">=",
        "=!" | "≠" => "!=",
        "−" | "–" | "—" => "-",
        "×" => "*",
        _ => return None,
    })
}

/// The keyword that another language's word stands for.
fn translated(word: &str) -> Option<&'static str> {
    Some(match word {
        "и" => "and",
        "или" => "or",
        "не" => "not",
        "like" | "has" | "includes" => "contains",
        _ => return None,
    })
}

/// The unit that an abbreviation or another language's word stands for.
fn unit(word: &str) -> Option<&'static str> {
    Some(match word {
        "sec" | "secs" | "секунд" | "секунды" => "seconds",
        "min" | "mins" | "минут" | "минуты" => "minutes",
        "hr" | "hrs" | "час" | "часа" | "часов" => "hours",
        "день" | "дня" | "дней" => "days",
        "недель" | "недели" | "неделя" => "weeks",
        _ => return None,
    })
}

/// A word that takes a sign's place and keeps clear of its neighbours.
fn spaced(right: &str, text: &str, place: Span) -> String {
    let is_word = right.chars().all(char::is_alphabetic);
    let before = text.get(..place.start).and_then(|rest| rest.chars().next_back());
    let after = text.get(place.end..).and_then(|rest| rest.chars().next());
    let gap = |c: Option<char>| if is_word && c.is_some_and(|c| !c.is_whitespace() && c != '(') { " " } else { "" };
    format!("{}{right}{}", gap(before), gap(after))
}

/// Where `not` goes with a test that it cannot stand inside of.
fn negation(test: &str) -> Text {
    let right = match test {
        "is" => "x is not missing",
        "older" => "not x older than 7 days",
        _ => "not x > 5",
    };
    Text::new(format!("`not` goes like this: `{right}`"), format!("`not` ставится так: `{right}`"))
}

/// `30m`, as against `30`.
fn is_short(token: Token<'_>) -> bool {
    token.shape == Shape::Number && token.text.ends_with(['s', 'm', 'h', 'd', 'w'])
}

/// `1h 30m`: short parts have no space between them.
fn whole_duration(mut found: Diagnostic, before: Option<Token<'_>>, token: Token<'_>) -> Diagnostic {
    let Some(before) = before else { return found };
    let with = format!("{}{}", before.text, token.text);
    found.replacement = Some(Replacement { place: before.span.to(token.span).place(), with: with.clone() });
    found.help(Text::new(
        format!("a length of time in short form has no spaces: `{with}`"),
        format!("краткая длительность пишется без пробелов: `{with}`"),
    ))
}

/// Whether `is TOKEN` was meant as `= TOKEN` rather than a slip for `set`.
fn compares(token: Token<'_>) -> bool {
    token.shape != Shape::Word || nearest(token.text, ["missing", "set", "null", "not"]).is_none()
}

fn keyword_hint(found: Diagnostic, token: Token<'_>) -> Diagnostic {
    if KEYWORDS.contains(&token.text) {
        return found;
    }
    let lower = token.text.to_lowercase();
    let in_capitals = KEYWORDS.iter().find(|word| **word == lower && **word != token.text).copied();
    match in_capitals.or_else(|| translated(&lower)).or_else(|| nearest(token.text, KEYWORDS)) {
        Some(word) => found.help(did_you_mean(word)).replace(word),
        None => found,
    }
}

fn unit_hint(found: Diagnostic, token: Token<'_>) -> Diagnostic {
    let lower = token.text.to_lowercase();
    if let Some(unit) = unit(&lower).or_else(|| nearest(token.text, UNITS)) {
        return found.help(did_you_mean(unit)).replace(unit);
    }
    if ["month", "year", "месяц", "год", "лет"].iter().any(|stem| lower.starts_with(stem)) {
        return found.help(literal::how_durations_look());
    }
    keyword_hint(found, token)
}

fn did_you_mean(word: &str) -> Text {
    Text::new(format!("did you mean `{word}`?"), format!("возможно, вы имели в виду `{word}`?"))
}

fn is_relation(sign: &str) -> bool {
    matches!(sign, "=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">=")
}

fn groups(variant: &ErrorVariant<Rule>) -> Vec<Group> {
    let ErrorVariant::ParsingError { positives, .. } = variant else { return Vec::new() };
    let mut groups: Vec<Group> = positives.iter().filter_map(|rule| group(*rule)).collect();
    if groups.contains(&Group::Word("set")) {
        groups.push(Group::Word("missing"));
    }
    // After a number a unit is always possible, and seldom what was forgotten.
    if groups.iter().any(|group| *group != Group::Unit) {
        groups.retain(|group| *group != Group::Unit);
    }
    groups.sort_unstable();
    groups.dedup();
    groups
}

fn group(rule: Rule) -> Option<Group> {
    Some(match rule {
        Rule::EOI => Group::End,
        Rule::and => Group::And,
        Rule::or => Group::Or,
        Rule::presence | Rule::relation | Rule::membership | Rule::range | Rule::text_test => Group::Comparison,
        Rule::recency | Rule::age | Rule::is | Rule::r#in | Rule::between | Rule::contains => Group::Comparison,
        Rule::starts | Rule::ends | Rule::matches | Rule::within | Rule::older => Group::Comparison,
        Rule::relation_sign => Group::Comparison,
        Rule::plus | Rule::minus | Rule::times | Rule::divide | Rule::modulo => Group::Arithmetic,
        Rule::set => Group::Word("set"),
        Rule::with => Group::Word("with"),
        Rule::next => Group::Word("next"),
        Rule::than => Group::Word("than"),
        Rule::ago | Rule::from | Rule::unit => Group::Unit,
        Rule::expression | Rule::conjunction | Rule::negation | Rule::comparison | Rule::condition => Group::Value,
        Rule::sum | Rule::product | Rule::signed | Rule::operand | Rule::group | Rule::list => Group::Value,
        Rule::call | Rule::relative | Rule::duration | Rule::path | Rule::name | Rule::number => Group::Value,
        Rule::string | Rule::date | Rule::truth | Rule::now | Rule::today => Group::Value,
        Rule::not | Rule::null | Rule::missing => return None,
        Rule::clock | Rule::offset | Rule::ident_char | Rule::reserved => return None,
        Rule::WHITESPACE | Rule::COMMENT => return None,
    })
}

fn expected(groups: &[Group]) -> Text {
    expected_one_of(&groups.iter().map(|group| name(*group)).collect::<Vec<Text>>())
}

fn name(group: Group) -> Text {
    match group {
        Group::Value => Text::new("a value", "значение"),
        Group::Word(word) => Text::same(format!("`{word}`")),
        Group::Comparison => Text::new("a comparison", "сравнение"),
        Group::Arithmetic => Text::new("arithmetic", "арифметика"),
        Group::And => Text::same("`and`"),
        Group::Or => Text::same("`or`"),
        Group::Unit => Text::new("a unit of time", "единица времени"),
        Group::End => Text::new("the end of the condition", "конец условия"),
    }
}
