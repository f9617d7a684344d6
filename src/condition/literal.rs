//! Literals read exactly: numbers, lengths of time, dates, strings.
//!
//! The grammar takes them loosely; here each gets its value or a message that
//! says what is wrong with it. Dates wait for the project's zone.

use super::syntax::{Kind, Span};
use super::{codes, date as dates};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Text, Time, TimeDelta};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::fmt;
use std::sync::Arc;

/// Boxed, for a finding is much larger than a value.
type Read<T> = Result<T, Box<Diagnostic>>;

/// A date or a date with time of day.
#[derive(Clone, Debug, PartialEq)]
pub struct DateLiteral {
    local: DateTime,
    /// Seconds east of Greenwich, if written.
    offset: Option<i32>,
    /// Whether the time of day was left out.
    pub date_only: bool,
}

/// A unit of duration literals.
struct Unit {
    long: &'static str,
    short: char,
    millis: i64,
}

const UNITS: [Unit; 5] = [
    Unit { long: "week", short: 'w', millis: 604_800_000 },
    Unit { long: "day", short: 'd', millis: 86_400_000 },
    Unit { long: "hour", short: 'h', millis: 3_600_000 },
    Unit { long: "minute", short: 'm', millis: 60_000 },
    Unit { long: "second", short: 's', millis: 1_000 },
];

impl DateLiteral {
    /// The instant meant, in `zone` unless an offset was written: a local time
    /// in a gap moves forward, one that repeats is the first.
    pub fn resolve(&self, zone: &TimeZone) -> Option<Time> {
        let at = match self.offset {
            Some(seconds) => jiff::tz::Offset::from_seconds(seconds).ok()?.to_timestamp(self.local).ok()?,
            None => zone.to_ambiguous_timestamp(self.local).compatible().ok()?,
        };
        Some(Time(at.as_millisecond()))
    }
}

impl fmt::Display for DateLiteral {
    /// `2026-03-01 10:00`, with what is not zero behind the minutes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.local.date())?;
        if !self.date_only {
            write!(f, " {:02}:{:02}", self.local.hour(), self.local.minute())?;
        }
        let (second, millis) = (self.local.second(), self.local.millisecond());
        if second != 0 || millis != 0 {
            write!(f, ":{second:02}")?;
        }
        if millis != 0 {
            write!(f, ".{millis:03}")?;
        }
        let Some(offset) = self.offset else { return Ok(()) };
        let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() / 60);
        if offset == 0 { f.write_str("Z") } else { write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60) }
    }
}

/// `1_000`, `2.5` or `1h30m`; `negative` if a minus stands before it.
pub(super) fn number(text: &str, negative: bool, span: Span) -> Read<Kind> {
    if text.chars().any(|c| !c.is_ascii_digit() && c != '_' && c != '.') {
        return short_duration(text, negative, span);
    }
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    if [Some(whole), fraction].into_iter().flatten().any(badly_grouped) {
        if let Some(found) = dates::dotted(text, span) {
            return Err(Box::new(found));
        }
        return Err(Box::new(bad_number(
            text,
            span,
            "`_` and `.` stand between digits",
            "`_` и `.` стоят между цифрами",
        )));
    }
    if whole.len() > 1 && whole.starts_with('0') {
        return Err(Box::new(bad_number(text, span, "a number does not begin with 0", "число не начинается с 0")));
    }
    let digits = format!("{}{}", if negative { "-" } else { "" }, text.replace('_', ""));
    match fraction {
        None => digits.parse().map(Kind::Int).map_err(|_| Box::new(too_large(text, span))),
        Some(_) => float(&digits).ok_or_else(|| Box::new(too_large(text, span))),
    }
}

/// `1 hour 30 minutes`: each number with its unit and place.
pub(super) fn duration(parts: &[(&str, &str, Span)]) -> Read<TimeDelta> {
    let mut total = Total::default();
    for (number, unit, span) in parts {
        let count = plain_count(number).ok_or_else(|| {
            bad_duration(number, *span, "the count is a whole number", "количество пишется целым числом")
        })?;
        let name = unit.strip_suffix('s').unwrap_or(unit);
        let at = UNITS.iter().position(|u| u.long == name).unwrap_or(0);
        total.add(count, at, number, *span)?;
    }
    Ok(TimeDelta(total.millis))
}

/// `2026-03-01`, `2026-03-01 10:00`, `2026-03-01T10:00:00.500+03:00`.
pub(super) fn date(text: &str, span: Span) -> Read<DateLiteral> {
    read_date(text).ok_or_else(|| Box::new(no_such_time(text, span)))
}

/// Whether the text of a string would be a date without its quotes.
pub(super) fn looks_like_date(text: &str) -> bool {
    read_date(text).is_some()
}

/// A string with its quotes, to its content.
pub(super) fn string(quoted: &str, span: Span) -> Read<Arc<str>> {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or("");
    if !inner.contains('\\') {
        return Ok(Arc::from(inner));
    }
    let mut content = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        content.push_str(&rest[..at]);
        let escape = &rest[at..];
        let start = span.start + 1 + (inner.len() - escape.len());
        let (character, length) = unescape(escape).ok_or_else(|| bad_escape(escape, start))?;
        content.push(character);
        rest = &escape[length..];
    }
    content.push_str(rest);
    Ok(Arc::from(content))
}

#[derive(Default)]
struct Total {
    millis: i64,
    next_unit: usize,
}

impl Total {
    fn add(&mut self, count: i64, unit: usize, text: &str, span: Span) -> Read<()> {
        if unit < self.next_unit {
            let (en, ru) = ("units fall in size and stand once", "единицы идут от большей к меньшей и не повторяются");
            return Err(Box::new(bad_duration(text, span, en, ru)));
        }
        self.next_unit = unit + 1;
        let millis = UNITS.get(unit).and_then(|u| count.checked_mul(u.millis));
        self.millis = millis
            .and_then(|m| self.millis.checked_add(m))
            .ok_or_else(|| bad_duration(text, span, "it is too large", "она слишком велика"))?;
        Ok(())
    }
}

fn short_duration(text: &str, negative: bool, span: Span) -> Read<Kind> {
    let mut total = Total::default();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(rest.len());
        let (count, tail) = rest.split_at(digits);
        let letter = tail.chars().next();
        let unit = letter.and_then(|c| UNITS.iter().position(|u| u.short == c));
        let (Some(count), Some(unit)) = (plain_count(count), unit) else {
            return Err(Box::new(not_a_literal(text, span)));
        };
        total.add(count, unit, text, span)?;
        rest = &tail[1..];
    }
    Ok(Kind::Duration(TimeDelta(if negative { -total.millis } else { total.millis })))
}

fn plain_count(text: &str) -> Option<i64> {
    let sound = !badly_grouped(text) && (text.len() == 1 || !text.starts_with('0'));
    sound.then(|| text.replace('_', "").parse().ok()).flatten()
}

fn badly_grouped(digits: &str) -> bool {
    digits.is_empty()
        || digits.starts_with('_')
        || digits.ends_with('_')
        || digits.contains("__")
        || digits.contains('.')
        || digits.contains(|c: char| !c.is_ascii_digit() && c != '_')
}

fn float(digits: &str) -> Option<Kind> {
    let value: f64 = digits.parse().ok()?;
    let (whole, fraction) = digits.split_once('.')?;
    let hundredths = if fraction.len() > 2 { None } else { format!("{whole}{fraction:0<2}").parse().ok() };
    value.is_finite().then_some(Kind::Float { value, hundredths })
}

fn read_date(text: &str) -> Option<DateLiteral> {
    let (day, rest) = (text.get(..10)?, text.get(10..)?);
    let day: jiff::civil::Date = day.parse().ok()?;
    let at = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
    let (clock, offset) = rest.split_at(at);
    let time = if clock.is_empty() { jiff::civil::Time::midnight() } else { read_clock(clock.get(1..)?)? };
    let offset = if offset.is_empty() { None } else { Some(read_offset(offset)?) };
    Some(DateLiteral { local: day.to_datetime(time), offset, date_only: clock.is_empty() })
}

fn read_clock(text: &str) -> Option<jiff::civil::Time> {
    let mut parts = text.split(':');
    let (hour, minute) = (two_digits(parts.next()?)?, two_digits(parts.next()?)?);
    let (second, nanos) = parts.next().map_or(Some((0, 0)), read_seconds)?;
    if parts.next().is_some() {
        return None;
    }
    jiff::civil::Time::new(hour, minute, second, nanos).ok()
}

fn read_seconds(text: &str) -> Option<(i8, i32)> {
    let (seconds, fraction) = text.split_once('.').map_or((text, "0"), |(seconds, rest)| (seconds, rest));
    if fraction.is_empty() || fraction.len() > 3 {
        return None;
    }
    let millis: i32 = format!("{fraction:0<3}").parse().ok()?;
    Some((two_digits(seconds)?, millis * 1_000_000))
}

fn read_offset(text: &str) -> Option<i32> {
    if text == "Z" {
        return Some(0);
    }
    let digits = text.get(1..)?.replace(':', "");
    let hours = i32::from(two_digits(digits.get(..2)?)?);
    let minutes = digits.get(2..).filter(|rest| !rest.is_empty()).map_or(Some(0), two_digits)?;
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = hours * 3_600 + i32::from(minutes) * 60;
    Some(if text.starts_with('-') { -seconds } else { seconds })
}

fn two_digits(text: &str) -> Option<i8> {
    (text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

fn unescape(escape: &str) -> Option<(char, usize)> {
    match escape.chars().nth(1)? {
        c @ ('"' | '\'' | '\\') => Some((c, 2)),
        'n' => Some(('\n', 2)),
        't' => Some(('\t', 2)),
        'u' => {
            let end = escape.find('}')?;
            let digits = escape.get(2..end)?.strip_prefix('{')?;
            let sound = !digits.is_empty() && digits.len() <= 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
            let code = sound.then(|| u32::from_str_radix(digits, 16).ok()).flatten()?;
            Some((char::from_u32(code)?, end + 1))
        }
        _ => None,
    }
}

fn no_such_time(text: &str, span: Span) -> Diagnostic {
    let message = Text::new(format!("there is no such time: `{text}`"), format!("такого времени нет: `{text}`"));
    Diagnostic::error(codes::BAD_TIME, message, span.place()).help(Text::new(
        "a time is written `2026-03-01 18:30`, with `Z` or `+03:00` behind it for another zone",
        "время пишется так: `2026-03-01 18:30`; для другого пояса добавьте `Z` или `+03:00`",
    ))
}

fn bad_escape(escape: &str, start: usize) -> Diagnostic {
    let shown = match escape.strip_prefix("\\u{").and_then(|rest| rest.find('}')) {
        Some(end) => &escape[..end + 4],
        None => escape.char_indices().nth(2).map_or(escape, |(end, _)| &escape[..end]),
    };
    let span = Span { start, end: start + shown.len() };
    let message =
        Text::new(format!("a string has no escape `{shown}`"), format!("в строке нет такой замены: `{shown}`"));
    Diagnostic::error(codes::BAD_ESCAPE, message, span.place()).help(Text::new(
        r#"there are `\"`, `\'`, `\\`, `\n`, `\t` and `\u{1F600}`; a backslash itself is `\\`"#,
        r#"есть `\"`, `\'`, `\\`, `\n`, `\t` и `\u{1F600}`; сам обратный слеш пишется `\\`"#,
    ))
}

fn bad_number(text: &str, span: Span, en: &str, ru: &str) -> Diagnostic {
    let message = Text::new(format!("`{text}` is not a number"), format!("`{text}` не число"));
    Diagnostic::error(codes::BAD_NUMBER, message, span.place()).label(Text::new(en, ru))
}

fn too_large(text: &str, span: Span) -> Diagnostic {
    let message = Text::new(format!("the number `{text}` is too large"), format!("число `{text}` слишком велико"));
    Diagnostic::error(codes::BAD_NUMBER, message, span.place())
}

fn bad_duration(text: &str, span: Span, en: &str, ru: &str) -> Diagnostic {
    let message = Text::new(format!("`{text}` is not a length of time"), format!("`{text}` не длительность"));
    Diagnostic::error(codes::BAD_DURATION, message, span.place()).label(Text::new(en, ru)).help(how_durations_look())
}

fn not_a_literal(text: &str, span: Span) -> Diagnostic {
    let message = Text::new(
        format!("`{text}` is neither a number nor a length of time"),
        format!("`{text}` не число и не длительность"),
    );
    let found = Diagnostic::error(code_of(text), message, span.place());
    let letters = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
    let unit = letters.strip_suffix('s').unwrap_or(letters);
    if UNITS.iter().any(|u| u.long == unit) {
        let count = &text[..text.len() - letters.len()];
        return found.replace(format!("{count} {letters}"));
    }
    found.help(how_durations_look())
}

fn code_of(text: &str) -> Code {
    if text.chars().any(|c| c.is_alphabetic()) { codes::BAD_DURATION } else { codes::BAD_NUMBER }
}

/// The sentence that explains durations, also beside an unknown unit.
pub(super) fn how_durations_look() -> Text {
    Text::new(
        "write `7 days`, `1 hour 30 minutes`, `1h30m`; months and years differ in length, so count days or weeks",
        "пишите `7 days`, `1 hour 30 minutes`, `1h30m`; месяцы и годы разной длины, считайте дни или недели",
    )
}
