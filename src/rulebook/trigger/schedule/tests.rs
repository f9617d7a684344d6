//! Schedules against the clock of a place where it changes twice a year: on
//! 2026-03-29 02:00 becomes 03:00, on 2026-10-25 03:00 becomes 02:00.

use super::Schedule;
use crate::diagnostic::Sources;
use crate::model::{Events, Schema, Time};
use crate::rulebook::catalogue::{Catalogue, Ids};
use crate::rulebook::raw::Reader;
use crate::rulebook::trigger::{Trigger, trigger};
use crate::rulebook::yaml::{Kind, Node, Scalar, Style};
use jiff::tz::TimeZone;
use std::sync::Arc;

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").expect("a zone")
}

fn schedule(text: &str) -> Schedule {
    let catalogue = Catalogue {
        schema: Arc::new(Schema::builtin()),
        events: Events::builtin(),
        zone: berlin(),
        segments: Ids::default(),
        templates: Ids::default(),
        drips: Ids::default(),
        experiments: Ids::default(),
        variants: Vec::new(),
    };
    let mut sources = Sources::default();
    let source = sources.add("x", text);
    let place = crate::diagnostic::Place::new(source, 0, text.len());
    let scalar = Scalar { text: text.to_owned(), place, style: Style::Plain, comment: None };
    let mut reader = Reader::default();
    let trigger = trigger(&Node { place, kind: Kind::Scalar(scalar) }, &catalogue.names(), &sources, &mut reader);
    match trigger {
        Some(Trigger::Schedule(schedule)) => schedule,
        other => panic!("{text}: {other:?} {:?}", reader.found),
    }
}

/// The moment at which the clocks of Berlin show this; `+02:00` and the like
/// tell the two halves of a repeated hour apart.
fn at(text: &str) -> Time {
    let zoned = match text.contains('+') {
        true => text.parse::<jiff::Timestamp>().expect("an instant"),
        false => text.parse::<jiff::civil::DateTime>().expect("a date").to_zoned(berlin()).expect("a time").timestamp(),
    };
    Time(zoned.as_millisecond())
}

fn shown(time: Time) -> String {
    let zoned = jiff::Timestamp::from_millisecond(time.0).expect("an instant").to_zoned(berlin());
    zoned.strftime("%Y-%m-%d %H:%M%:z").to_string()
}

#[test]
fn the_times_that_follow() {
    for (text, after, expected) in [
        ("every day at 10:00", "2026-01-05 09:59", &["01-05 10:00+01:00", "01-06 10:00+01:00"][..]),
        ("every day at 10:00", "2026-01-05 10:00", &["01-06 10:00+01:00"]),
        ("every day at 02:30", "2026-03-28 12:00", &["03-29 03:00+02:00", "03-30 02:30+02:00"]),
        ("every day at 02:30", "2026-10-24 12:00", &["10-25 02:30+02:00", "10-26 02:30+01:00"]),
        ("every day at 02:30", "2026-10-25 02:30+02:00", &["10-26 02:30+01:00"]),
        ("cron \"30 2 * * *\"", "2026-03-28 12:00", &["03-29 03:00+02:00", "03-30 02:30+02:00"]),
        ("cron \"30 2 * * *\"", "2026-10-24 12:00", &["10-25 02:30+02:00", "10-26 02:30+01:00"]),
        ("cron \"0 10 * * 1\"", "2026-01-05 10:00", &["01-12 10:00+01:00"]),
        (
            "every monday, thursday at 18:00",
            "2026-01-05 17:00",
            &["01-05 18:00+01:00", "01-08 18:00+01:00", "01-12 18:00+01:00"],
        ),
        ("every sunday at 00:00", "2026-01-04 00:00", &["01-11 00:00+01:00"]),
        ("every day at 10:00 Asia/Tokyo", "2026-01-05 00:00", &["01-05 02:00+01:00", "01-06 02:00+01:00"]),
        ("every day at 23:30 America/New_York", "2026-01-05 00:00", &["01-05 05:30+01:00"]),
        ("on day 31 at 09:00", "2026-01-31 09:00", &["02-28 09:00+01:00", "03-31 09:00+02:00", "04-30 09:00+02:00"]),
        ("on day 1 at 09:00", "2026-01-15 09:00", &["02-01 09:00+01:00"]),
        ("every 15 minutes", "2026-01-05 09:59", &["01-05 10:00+01:00", "01-05 10:15+01:00"]),
        ("every 90 minutes", "2026-01-05 21:00", &["01-05 22:30+01:00", "01-06 00:00+01:00", "01-06 01:30+01:00"]),
        ("every 7 hours", "2026-01-05 20:00", &["01-05 21:00+01:00", "01-06 00:00+01:00"]),
        ("every 24 hours", "2026-01-05 20:00", &["01-06 00:00+01:00", "01-07 00:00+01:00"]),
        ("every 30 minutes", "2026-03-29 01:30", &["03-29 03:00+02:00", "03-29 03:30+02:00"]),
        ("every 30 minutes", "2026-10-25 02:00+02:00", &["10-25 02:30+02:00", "10-25 03:00+01:00"]),
        ("every 30 minutes", "2026-10-25 02:10+01:00", &["10-25 03:00+01:00"]),
        ("once at 2026-03-01 10:00", "2026-01-01 00:00", &["03-01 10:00+01:00"]),
        ("once at 2026-03-01 10:00Z", "2026-01-01 00:00", &["03-01 11:00+01:00"]),
        ("once at 2026-03-01 10:00 Asia/Tokyo", "2026-01-01 00:00", &["03-01 02:00+01:00"]),
        ("once at 2026-03-29 02:30", "2026-01-01 00:00", &["03-29 03:00+02:00"]),
    ] {
        let schedule = schedule(text);
        let mut now = at(&after.replace(' ', "T"));
        for expected in expected {
            let next = schedule.next(now, &berlin());
            assert_eq!(next.map(shown).as_deref(), Some(&*format!("2026-{expected}")), "{text} after {}", shown(now));
            now = next.unwrap_or(now);
        }
    }
    assert_eq!(schedule("once at 2026-03-01 10:00").next(at("2026-03-01T10:00"), &berlin()), None);
}

#[test]
fn a_time_of_the_user_is_read_from_the_given_zone() {
    let tokyo = TimeZone::get("Asia/Tokyo").expect("a zone");
    let next = schedule("every day at 10:00 user time").next(at("2026-01-05T00:00"), &tokyo);
    assert_eq!(next.map(shown).as_deref(), Some("2026-01-05 02:00+01:00"));
}

#[test]
fn each_next_time_is_later_all_year_round() {
    for text in
        ["every 15 minutes", "every 50 minutes", "every day at 02:15", "on day 29 at 02:30", "cron \"*/20 * * * *\""]
    {
        let schedule = schedule(text);
        let mut now = at("2026-03-28T20:00");
        for _ in 0..200 {
            let next = schedule.next(now, &berlin()).expect("a time");
            assert!(next > now, "{text}: {} after {}", shown(next), shown(now));
            now = next;
        }
    }
}
