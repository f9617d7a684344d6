//! A time of day and whose it is; a date with such a time.

use super::check::Checker;
use super::parse::{self, Word};
use crate::diagnostic::{Diagnostic, Place};
use crate::model::Text;
use crate::rulebook::codes;
use crate::rulebook::settings::{Zone, unknown_zone};
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

/// A time of day: `10:00 user time`.
#[derive(Clone, Debug, PartialEq)]
pub struct ClockTime {
    /// 0 to 23.
    pub hour: i8,
    /// 0 to 59.
    pub minute: i8,
    /// Whose clock it is read from.
    pub zone: ClockZone,
}

/// Whose clock a time is read from.
#[derive(Clone, Debug, PartialEq)]
pub enum ClockZone {
    /// The project's.
    Project,
    /// Each user's own, where it is known; else the project's.
    User,
    /// That of a place: `10:00 Europe/Moscow`.
    Named(Zone),
}

impl Checker<'_, '_> {
    /// A time of day that exists.
    pub(super) fn clock(&mut self, written: &parse::Clock<'_>) -> Option<ClockTime> {
        let zone = self.zone(&written.zone);
        let (hour, minute) = self.time(&written.time)?;
        Some(ClockTime { hour, minute, zone: zone? })
    }

    /// A date and time that exist.
    pub(super) fn date(&mut self, written: &parse::Date<'_>) -> Option<(DateTime, ClockZone)> {
        let date: Option<Date> = written.date.text.parse().ok();
        if date.is_none() {
            let help = ("`2026-03-01`", "`2026-03-01`");
            self.report(no_such("date", "такой даты", written.date.text, help), &written.date);
        }
        let time = self.time(&written.time);
        let zone = self.zone(&written.zone);
        let (hour, minute) = time?;
        Some((date?.at(hour, minute, 0, 0), zone?))
    }

    fn time(&mut self, written: &Word<'_>) -> Option<(i8, i8)> {
        let read = written.text.split_once(':').and_then(|(hour, minute)| {
            let hour = (hour.len() <= 2).then(|| hour.parse().ok().filter(|hour| (0..24).contains(hour))).flatten()?;
            let minute =
                (minute.len() == 2).then(|| minute.parse().ok().filter(|minute| (0..60).contains(minute))).flatten()?;
            Some((hour, minute))
        });
        if read.is_none() {
            let help = ("from `00:00` to `23:59`", "от `00:00` до `23:59`");
            self.report(no_such("time of day", "такого времени", written.text, help), written);
        }
        read
    }

    fn zone(&mut self, written: &parse::Zone<'_>) -> Option<ClockZone> {
        match written {
            parse::Zone::Absent => Some(ClockZone::Project),
            parse::Zone::User => Some(ClockZone::User),
            parse::Zone::Named(name) => match TimeZone::get(name.text) {
                Ok(zone) => {
                    let name = zone.iana_name().unwrap_or(name.text).to_owned();
                    Some(ClockZone::Named(Zone { name, zone }))
                }
                Err(_) => {
                    let found = unknown_zone(name.text, self.place(name));
                    self.push(found)
                }
            },
            parse::Zone::Offset(text) => {
                let zone = offset(text.text)
                    .map(|offset| ClockZone::Named(Zone { name: text.text.to_owned(), zone: TimeZone::fixed(offset) }));
                if zone.is_none() {
                    self.report(
                        no_such("time zone", "такого пояса", text.text, ("`Z` or `+03:00`", "`Z` или `+03:00`")),
                        text,
                    );
                }
                zone
            }
        }
    }
}

/// `Z`, `+03:00`, `-0530`, `+03`
fn offset(text: &str) -> Option<Offset> {
    if text == "Z" {
        return Some(Offset::UTC);
    }
    let digits = text.get(1..)?.replace(':', "");
    let (hours, minutes) = match digits.len() {
        2 => (digits.parse::<i32>().ok()?, 0),
        4 => (digits.get(..2)?.parse().ok()?, digits.get(2..)?.parse().ok()?),
        _ => return None,
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = hours * 3_600 + minutes * 60;
    Offset::from_seconds(if text.starts_with('-') { -seconds } else { seconds }).ok()
}

/// The message and help for a time that does not exist.
fn no_such(en: &str, ru: &str, written: &str, form: (&str, &str)) -> Diagnostic {
    let text = Text::new(format!("there is no such {en}: `{written}`"), format!("{ru} нет: `{written}`"));
    let help = Text::new(format!("it is written {}", form.0), format!("пишется так: {}", form.1));
    Diagnostic::error(codes::BAD_CLOCK, text, Place::default()).help(help)
}
