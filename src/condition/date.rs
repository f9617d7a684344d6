//! Dates as people write them elsewhere: `31.12.2026` and `2026-3-1`. They are
//! no dates of the language; here the one that was meant is found.

use super::codes;
use super::syntax::Span;
use crate::diagnostic::Diagnostic;
use crate::model::Text;

/// The finding for a date with dots, which begins with the day.
pub(super) fn dotted(text: &str, span: Span) -> Option<Diagnostic> {
    let [day, month, year] = numbers(text, '.')?;
    let date = written(year, month, day)?;
    let message = Text::new(format!("`{text}` is not a date"), format!("`{text}` не дата"));
    Some(Diagnostic::error(codes::BAD_TIME, message, span.place()).help(how_dates_look(&date)).replace(date))
}

/// `2026-3-1` with the zeros that it lacks; as it stands it is arithmetic.
pub(super) fn without_zeros(text: &str) -> Option<String> {
    let [year, month, day] = numbers(text, '-')?;
    written(year, month, day)
}

/// The sentence about a date that was written in another way.
pub(super) fn how_dates_look(date: &str) -> Text {
    Text::new(format!("a date is written `{date}`"), format!("дата пишется так: `{date}`"))
}

fn numbers(text: &str, sign: char) -> Option<[i16; 3]> {
    let parts: Option<Vec<i16>> = text.split(sign).map(|part| part.parse().ok()).collect();
    parts?.try_into().ok()
}

fn written(year: i16, month: i16, day: i16) -> Option<String> {
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    let date = jiff::civil::Date::new(year, month, day).ok()?;
    (year >= 1000).then(|| date.to_string())
}
