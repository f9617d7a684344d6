//! The time that a cap counts in: a length that rolls on with the clock, or a
//! day or week of the user's calendar, which may be longer or shorter than 24
//! or 168 hours.

use crate::model::{Time, TimeDelta};
use crate::rulebook::Period;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

/// The first moment that counts at `now`.
pub fn since(per: Period, zone: &TimeZone, now: Time) -> Time {
    let calendar = |first: fn(&Zoned) -> Option<Zoned>| first_moment(zone, now, first).unwrap_or(now);
    match per {
        Period::Day => calendar(|now| now.start_of_day().ok()),
        Period::Week => calendar(|now| days_later(now, -days_since_monday(now))),
        Period::Rolling(length) => now - length + TimeDelta::millis(1),
    }
}

/// When a message of `sent` stops counting.
pub fn until(per: Period, zone: &TimeZone, sent: Time) -> Time {
    let calendar =
        |first: fn(&Zoned) -> Option<Zoned>, about: TimeDelta| first_moment(zone, sent, first).unwrap_or(sent + about);
    match per {
        Period::Day => calendar(|sent| days_later(sent, 1), TimeDelta::days(1)),
        Period::Week => calendar(|sent| days_later(sent, 7 - days_since_monday(sent)), TimeDelta::days(7)),
        Period::Rolling(length) => sent + length,
    }
}

/// A message older than this counts no more, wherever the user lives: days and
/// weeks with room for clocks that are set and for users who move.
pub fn longest(per: Period) -> TimeDelta {
    match per {
        Period::Day => TimeDelta::days(3),
        Period::Week => TimeDelta::days(9),
        Period::Rolling(length) => length,
    }
}

fn first_moment(zone: &TimeZone, at: Time, first: fn(&Zoned) -> Option<Zoned>) -> Option<Time> {
    let zoned = Timestamp::from_millisecond(at.0).ok()?.to_zoned(zone.clone());
    first(&zoned).map(|start| Time(start.timestamp().as_millisecond()))
}

/// The first moment of the date so many days later.
fn days_later(at: &Zoned, days: i64) -> Option<Zoned> {
    let date = at.date().checked_add(days.days()).ok()?;
    date.to_zoned(at.time_zone().clone()).ok()?.start_of_day().ok()
}

fn days_since_monday(at: &Zoned) -> i64 {
    i64::from(at.weekday().to_monday_zero_offset())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_weeks_are_the_users() {
        for (place, per, now, from, to) in [
            ("UTC", Period::Day, "2026-01-05T12:00:00Z", "2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z"),
            ("UTC", Period::Day, "2026-01-05T00:00:00Z", "2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z"),
            // 5 January 2026 is a Monday.
            ("UTC", Period::Week, "2026-01-05T00:00:00Z", "2026-01-05T00:00:00Z", "2026-01-12T00:00:00Z"),
            ("UTC", Period::Week, "2026-01-04T23:59:59Z", "2025-12-29T00:00:00Z", "2026-01-05T00:00:00Z"),
            ("Asia/Tokyo", Period::Week, "2026-01-04T15:00:00Z", "2026-01-04T15:00:00Z", "2026-01-11T15:00:00Z"),
            ("Pacific/Kiritimati", Period::Day, "2026-01-05T10:00:00Z", "2026-01-05T10:00:00Z", "2026-01-06T10:00:00Z"),
            ("Pacific/Pago_Pago", Period::Day, "2026-01-05T10:00:00Z", "2026-01-04T11:00:00Z", "2026-01-05T11:00:00Z"),
            // Days of 23 and 25 hours, and of 24 and a half.
            ("Europe/Berlin", Period::Day, "2026-03-29T10:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
            ("Europe/Berlin", Period::Day, "2026-10-25T10:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
            ("Europe/Berlin", Period::Week, "2026-10-25T10:00:00Z", "2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z"),
            (
                "Australia/Lord_Howe",
                Period::Day,
                "2026-04-04T15:00:00Z",
                "2026-04-04T13:00:00Z",
                "2026-04-05T13:30:00Z",
            ),
            // There the day begins at one o'clock.
            ("Asia/Beirut", Period::Day, "2026-03-29T10:00:00Z", "2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z"),
            // There midnight comes twice; the day begins with the first.
            ("America/Havana", Period::Day, "2026-11-01T05:30:00Z", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"),
            // There a Friday was left out.
            ("Pacific/Apia", Period::Day, "2011-12-30T08:00:00Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"),
            ("Pacific/Apia", Period::Week, "2011-12-30T11:00:00Z", "2011-12-26T10:00:00Z", "2012-01-01T10:00:00Z"),
        ] {
            let (zone, at) = (TimeZone::get(place).unwrap(), Time(at(now)));
            let found = (since(per, &zone, at).rfc3339(), until(per, &zone, at).rfc3339());
            assert_eq!(found, (from.to_owned(), to.to_owned()), "{place} {per:?} {now}");
            assert!((at - since(per, &zone, at)).0 <= longest(per).0);
        }
    }

    #[test]
    fn a_length_rolls() {
        let (per, zone) = (Period::Rolling(TimeDelta::hours(24)), TimeZone::UTC);
        let sent = Time(at("2026-01-05T12:00:00Z"));
        let free = until(per, &zone, sent);
        assert!(since(per, &zone, free) > sent);
        assert_eq!(since(per, &zone, free - TimeDelta::millis(1)), sent);
    }

    #[test]
    fn moments_beyond_the_calendar_are_answered() {
        for now in [i64::MIN, i64::MAX] {
            for per in [Period::Day, Period::Week, Period::Rolling(TimeDelta::days(1))] {
                since(per, &TimeZone::UTC, Time(now));
                until(per, &TimeZone::UTC, Time(now));
            }
        }
    }

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }
}
