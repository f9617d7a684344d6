//! A syntax error in words: what stands there, what could, and the slip it most
//! likely is.

use super::parse::Rule;
use crate::diagnostic::{Diagnostic, Place, SourceId, expected_one_of, nearest};
use crate::model::Text;
use crate::rulebook::codes;
use pest::error::{Error, ErrorVariant, InputLocation};
use std::ops::Range;

const OPENINGS: [&str; 11] =
    ["event", "user", "field", "command", "button", "text", "unknown", "every", "on", "cron", "once"];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// What the parser could have gone on with, in the order of telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Trigger,
    Moment,
    Word(&'static str),
    Name,
    Command,
    Data,
    Quoted,
    Length,
    Day,
    Number,
    Clock,
    Date,
    Zone,
    Condition,
    End,
}

/// The one finding that a syntax error gives; `rule` is what was to be read.
pub(super) fn explain(text: &str, rule: Rule, error: &Error<Rule>) -> Diagnostic {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let groups = groups(&error.variant);
    let token = token(text, at);
    let first = self::token(text, 0);
    // Any word may be a field that changes, so the parser stops behind it.
    let maybe_field = groups == [Group::Word("changes")] && !text.trim_start().starts_with("field ");
    if maybe_field && suggestion(word(text, &token), &groups).is_none() {
        return begins_nothing(text, &first);
    }
    if groups.contains(&Group::Trigger) && token == first && !first.is_empty() {
        return begins_nothing(text, &first);
    }
    let found = if token.is_empty() { breaks_off(text, &groups) } else { unexpected(text, &token, &groups) };
    hint(found, text, &token, rule, &groups)
}

fn begins_nothing(text: &str, first: &Range<usize>) -> Diagnostic {
    let word = word(text, first);
    let message = Text::new(format!("no trigger begins with `{word}`"), format!("с `{word}` ничего не начинается"));
    let found = Diagnostic::error(codes::BAD_TRIGGER, message, place(first));
    match near(word, &OPENINGS) {
        Some(right) => did_you_mean(found, right),
        None => found.help(Text::new(
            "write `event NAME`, `user enters SEGMENT`, `FIELD changes`, `command /start`, `every day at 10:00` or the like",
            "напишите `event ИМЯ`, `user enters СЕГМЕНТ`, `ПОЛЕ changes`, `command /start`, `every day at 10:00` и тому подобное",
        )),
    }
}

fn breaks_off(text: &str, groups: &[Group]) -> Diagnostic {
    let end = text.trim_end().len();
    let message = Text::new("something is missing at the end", "в конце чего-то не хватает");
    Diagnostic::error(codes::BAD_TRIGGER, message, place(&(end..end))).label(expected(groups))
}

fn unexpected(text: &str, token: &Range<usize>, groups: &[Group]) -> Diagnostic {
    let word = word(text, token);
    let message = Text::new(format!("`{word}` cannot stand here"), format!("здесь не может стоять `{word}`"));
    Diagnostic::error(codes::BAD_TRIGGER, message, place(token)).label(expected(groups))
}

fn hint(found: Diagnostic, text: &str, token: &Range<usize>, rule: Rule, groups: &[Group]) -> Diagnostic {
    let word = word(text, token);
    if let Some(right) = suggestion(word, groups) {
        return did_you_mean(found, right);
    }
    if groups.contains(&Group::Command) && !word.is_empty() {
        return did_you_mean(found, &format!("/{word}"));
    }
    if groups.contains(&Group::Word("at")) && word.starts_with(|c: char| c.is_ascii_digit()) {
        return did_you_mean(found, &format!("at {word}"));
    }
    if word == "time" && groups == [Group::End] {
        return found.help(Text::new("did you mean `user time`?", "возможно, вы имели в виду `user time`?"));
    }
    if matches!(rule, Rule::goal) {
        return found.help(Text::new(
            "a goal is written `event payment within 7 days`, with `if CONDITION` before `within` at need",
            "цель пишется так: `event payment within 7 days`, при нужде с `if УСЛОВИЕ` перед `within`",
        ));
    }
    match groups {
        [.., Group::Length] | [Group::Length, ..] => found.help(Text::new(
            "an interval is written `every 15 minutes`, a time of day `every day at 10:00`",
            "промежуток пишется `every 15 minutes`, время дня — `every day at 10:00`",
        )),
        _ => found,
    }
}

/// The expected word that was most likely meant.
fn suggestion(word: &str, groups: &[Group]) -> Option<&'static str> {
    if word.is_empty() {
        return None;
    }
    let words = groups.iter().filter_map(|group| if let Group::Word(word) = group { Some(*word) } else { None });
    let days = groups.contains(&Group::Day).then_some(WEEKDAYS).into_iter().flatten();
    let known: Vec<&'static str> = words.chain(days).collect();
    near(word, &known)
}

/// A known word that another language's word, an abbreviation or a slip stands
/// for.
fn near(word: &str, known: &[&'static str]) -> Option<&'static str> {
    let lower = word.to_lowercase();
    let lower = lower.trim_end_matches(',');
    let meant = match lower {
        "когда" | "событие" => "event",
        "каждый" | "каждую" | "каждое" | "каждые" | "each" => "every",
        "пользователь" => "user",
        "кнопка" => "button",
        "команда" => "command",
        "joined" | "join" => "joins",
        "enter" | "entered" | "входит" => "enters",
        "leave" | "left" | "exits" | "выходит" => "leaves",
        "changed" | "change" => "changes",
        "days" => "day",
        "mon" | "mondays" | "понедельник" => "monday",
        "tue" | "tuesdays" | "вторник" => "tuesday",
        "wed" | "wednesdays" | "среду" | "среда" => "wednesday",
        "thu" | "thursdays" | "четверг" => "thursday",
        "fri" | "fridays" | "пятницу" | "пятница" => "friday",
        "sat" | "saturdays" | "субботу" | "суббота" => "saturday",
        "sun" | "sundays" | "воскресенье" => "sunday",
        "в" => "at",
        other => other,
    };
    known.iter().find(|candidate| **candidate == meant).copied().or_else(|| nearest(lower, known.iter().copied()))
}

fn did_you_mean(found: Diagnostic, right: &str) -> Diagnostic {
    let help = Text::new(format!("did you mean `{right}`?"), format!("возможно, вы имели в виду `{right}`?"));
    found.help(help).replace(right)
}

/// The word that begins at or after `at`, without the comma behind it; empty at
/// the end.
fn token(text: &str, at: usize) -> Range<usize> {
    let rest = text.get(at..).unwrap_or_default();
    let start = at + rest.len() - rest.trim_start().len();
    let rest = text.get(start..).unwrap_or_default();
    let end = rest.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(rest.len());
    let end = if end == 0 { rest.chars().next().map_or(0, char::len_utf8) } else { end };
    start..start + end
}

fn word<'t>(text: &'t str, token: &Range<usize>) -> &'t str {
    text.get(token.clone()).unwrap_or_default()
}

fn place(range: &Range<usize>) -> Place {
    Place::new(SourceId(0), range.start, range.end)
}

fn groups(variant: &ErrorVariant<Rule>) -> Vec<Group> {
    let ErrorVariant::ParsingError { positives, .. } = variant else { return Vec::new() };
    let mut groups: Vec<Group> = positives.iter().filter_map(|rule| group(*rule)).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

fn group(rule: Rule) -> Option<Group> {
    Some(match rule {
        Rule::trigger | Rule::happens | Rule::segment_edge | Rule::by_user | Rule::by_bot | Rule::change => {
            Group::Trigger
        }
        Rule::command_given | Rule::pressed | Rule::written | Rule::unheard | Rule::due | Rule::schedule => {
            Group::Trigger
        }
        Rule::interval | Rule::days | Rule::monthly | Rule::cron_line | Rule::single => Group::Trigger,
        Rule::moment | Rule::best_hour | Rule::weekday_at => Group::Moment,
        Rule::goal | Rule::event => Group::Word("event"),
        Rule::user => Group::Word("user"),
        Rule::field => Group::Word("field"),
        Rule::command => Group::Word("command"),
        Rule::button => Group::Word("button"),
        Rule::text => Group::Word("text"),
        Rule::unknown => Group::Word("unknown"),
        Rule::message => Group::Word("message"),
        Rule::every => Group::Word("every"),
        Rule::on => Group::Word("on"),
        Rule::cron => Group::Word("cron"),
        Rule::once => Group::Word("once"),
        Rule::enters => Group::Word("enters"),
        Rule::leaves => Group::Word("leaves"),
        Rule::joins => Group::Word("joins"),
        Rule::returns => Group::Word("returns"),
        Rule::blocks => Group::Word("blocks"),
        Rule::bot => Group::Word("bot"),
        Rule::changes => Group::Word("changes"),
        Rule::before => Group::Word("before"),
        Rule::after => Group::Word("after"),
        Rule::within => Group::Word("within"),
        Rule::r#if => Group::Word("if"),
        Rule::day => Group::Word("day"),
        Rule::at => Group::Word("at"),
        Rule::and => Group::Word("and"),
        Rule::best => Group::Word("best"),
        Rule::minute => Group::Word("minute"),
        Rule::hour => Group::Word("hour"),
        Rule::time => Group::Word("time"),
        Rule::name => Group::Name,
        Rule::slash => Group::Command,
        Rule::data => Group::Data,
        Rule::string => Group::Quoted,
        Rule::length | Rule::loose_length => Group::Length,
        Rule::weekday => Group::Day,
        Rule::number => Group::Number,
        Rule::clock | Rule::clock_time => Group::Clock,
        Rule::date | Rule::date_at => Group::Date,
        Rule::zone | Rule::user_time | Rule::zone_name | Rule::offset => Group::Zone,
        Rule::condition => Group::Condition,
        Rule::EOI => Group::End,
        Rule::unit | Rule::ident_char | Rule::opening | Rule::WHITESPACE => return None,
    })
}

fn expected(groups: &[Group]) -> Text {
    expected_one_of(&groups.iter().map(|group| name(*group)).collect::<Vec<Text>>())
}

fn name(group: Group) -> Text {
    match group {
        Group::Trigger => Text::new("a trigger", "событие запуска"),
        Group::Moment => Text::new("a moment", "момент"),
        Group::Word(word) => Text::same(format!("`{word}`")),
        Group::Name => Text::new("a name", "имя"),
        Group::Command => Text::new("a command such as `/start`", "команда вида `/start`"),
        Group::Data => Text::new("a button's data", "данные кнопки"),
        Group::Quoted => Text::new("a text in quotes", "текст в кавычках"),
        Group::Length => Text::new("a length of time", "длительность"),
        Group::Day => Text::new("a day of the week", "день недели"),
        Group::Number => Text::new("a number", "число"),
        Group::Clock => Text::new("a time such as `10:00`", "время вида `10:00`"),
        Group::Date => Text::new("a date and time such as `2026-03-01 10:00`", "дата и время вида `2026-03-01 10:00`"),
        Group::Zone => Text::new("`user time` or a time zone", "`user time` или часовой пояс"),
        Group::Condition => Text::new("a condition", "условие"),
        Group::End => Text::new("the end", "конец"),
    }
}
