//! Quiet hours on days when clocks are set, on both sides of the date line,
//! and against an oracle that walks minute by minute.

use super::*;
use crate::rulebook::Quiet;
use proptest::prelude::*;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn at(text: &str) -> Time {
    Time(text.parse::<Timestamp>().unwrap().as_millisecond())
}

/// Hours written as `22:00-09:00`.
fn hours(text: &str) -> QuietHours {
    let (from, to) = text.split_once('-').unwrap();
    QuietHours { from: from.parse().unwrap(), to: to.parse().unwrap(), zone: HoursOf::User, then: Quiet::Delay }
}

/// The end that is expected is a moment, or `-` for "not quiet".
#[track_caller]
fn ends(place: &str, window: &str, rows: &[(&str, &str)]) {
    for (now, expected) in rows {
        let found = quiet_until(&hours(window), &zone(place), at(now)).map_or("-".to_owned(), Time::rfc3339);
        let expected = if *expected == "-" { "-".to_owned() } else { at(expected).rfc3339() };
        assert_eq!(found, expected, "{place} {window} at {now}");
    }
}

#[test]
fn from_is_quiet_and_to_is_not() {
    ends(
        "UTC",
        "22:00-09:00",
        &[
            ("2026-01-05T21:59:59.999Z", "-"),
            ("2026-01-05T22:00:00Z", "2026-01-06T09:00:00Z"),
            ("2026-01-05T23:59:59.999Z", "2026-01-06T09:00:00Z"),
            ("2026-01-06T00:00:00Z", "2026-01-06T09:00:00Z"),
            ("2026-01-06T08:59:59.999Z", "2026-01-06T09:00:00Z"),
            ("2026-01-06T09:00:00Z", "-"),
        ],
    );
    ends(
        "UTC",
        "13:00-14:30",
        &[
            ("2026-01-05T12:59:59Z", "-"),
            ("2026-01-05T13:00:00Z", "2026-01-05T14:30:00Z"),
            ("2026-01-05T14:29:59.999Z", "2026-01-05T14:30:00Z"),
            ("2026-01-05T14:30:00Z", "-"),
            ("2026-01-05T02:00:00Z", "-"),
        ],
    );
    ends("UTC", "00:00-06:00", &[("2026-01-05T00:00:00Z", "2026-01-05T06:00:00Z"), ("2026-01-05T23:59:00Z", "-")]);
    ends("UTC", "22:00-00:00", &[("2026-01-05T23:59:00Z", "2026-01-06T00:00:00Z"), ("2026-01-06T00:00:00Z", "-")]);
    ends("UTC", "09:01-09:00", &[("2026-01-05T09:00:30Z", "-"), ("2026-01-05T09:01:00Z", "2026-01-06T09:00:00Z")]);
}

#[test]
fn clocks_set_forward() {
    // 29 March 2026: at 01:00Z two o'clock becomes three.
    let berlin = "Europe/Berlin";
    ends(berlin, "22:00-09:00", &[("2026-03-28T21:00:00Z", "2026-03-29T07:00:00Z")]);
    ends(berlin, "22:00-09:00", &[("2026-03-27T21:00:00Z", "2026-03-28T08:00:00Z")]);
    // The end lies in the gap: quiet ends with it.
    ends(berlin, "22:00-02:30", &[("2026-03-29T00:59:00Z", "2026-03-29T01:00:00Z"), ("2026-03-29T01:00:00Z", "-")]);
    ends(berlin, "22:00-03:00", &[("2026-03-29T00:59:00Z", "2026-03-29T01:00:00Z")]);
    // The beginning lies in the gap: it is quiet from there.
    ends(berlin, "02:30-05:00", &[("2026-03-29T00:59:59Z", "-"), ("2026-03-29T01:00:00Z", "2026-03-29T03:00:00Z")]);
    // Both do: that night has no quiet hours.
    ends(
        berlin,
        "02:15-02:45",
        &[
            ("2026-03-29T00:59:59Z", "-"),
            ("2026-03-29T01:00:00Z", "-"),
            ("2026-03-28T01:15:00Z", "2026-03-28T01:45:00Z"),
        ],
    );
    // 8 March 2026: at 07:00Z in New York.
    let york = "America/New_York";
    ends(york, "21:00-08:00", &[("2026-03-08T02:00:00Z", "2026-03-08T12:00:00Z")]);
    ends(york, "21:00-02:00", &[("2026-03-08T06:59:59Z", "2026-03-08T07:00:00Z")]);
    ends(york, "21:00-02:59", &[("2026-03-08T06:59:59Z", "2026-03-08T07:00:00Z")]);
    // 4 October 2026: at 15:30Z of the third, two o'clock becomes half past two.
    let lord_howe = "Australia/Lord_Howe";
    ends(lord_howe, "22:00-08:00", &[("2026-10-03T11:30:00Z", "2026-10-03T21:00:00Z")]);
    ends(lord_howe, "22:00-02:15", &[("2026-10-03T15:29:00Z", "2026-10-03T15:30:00Z")]);
    ends(lord_howe, "02:10-02:40", &[("2026-10-03T15:30:00Z", "2026-10-03T15:40:00Z")]);
}

#[test]
fn clocks_set_back() {
    // 25 October 2026: at 01:00Z three o'clock becomes two again.
    let berlin = "Europe/Berlin";
    ends(berlin, "22:00-09:00", &[("2026-10-24T20:00:00Z", "2026-10-25T08:00:00Z")]);
    ends(
        berlin,
        "22:00-02:30",
        &[
            ("2026-10-25T00:29:59Z", "2026-10-25T00:30:00Z"),
            ("2026-10-25T00:30:00Z", "-"),
            ("2026-10-25T00:59:59Z", "-"),
            ("2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"),
            ("2026-10-25T01:30:00Z", "-"),
        ],
    );
    // The hour that is shown twice is quiet twice, and in one piece.
    ends(berlin, "02:00-03:00", &[("2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"), ("2026-10-25T02:00:00Z", "-")]);
    ends(
        berlin,
        "02:30-06:00",
        &[
            ("2026-10-25T00:29:59Z", "-"),
            ("2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z"),
            ("2026-10-25T01:00:00Z", "-"),
            ("2026-10-25T01:30:00Z", "2026-10-25T05:00:00Z"),
        ],
    );
    ends(berlin, "22:00-03:00", &[("2026-10-25T00:59:59Z", "2026-10-25T02:00:00Z")]);
    // 1 November 2026: at 06:00Z in New York.
    let york = "America/New_York";
    ends(york, "21:00-08:00", &[("2026-11-01T01:00:00Z", "2026-11-01T13:00:00Z")]);
    ends(york, "21:00-01:30", &[("2026-11-01T05:29:00Z", "2026-11-01T05:30:00Z")]);
    ends(york, "21:00-01:30", &[("2026-11-01T06:00:00Z", "2026-11-01T06:30:00Z")]);
    // 5 April 2026: at 15:00Z of the fourth, two o'clock becomes half past one.
    let lord_howe = "Australia/Lord_Howe";
    ends(lord_howe, "22:00-08:00", &[("2026-04-04T11:00:00Z", "2026-04-04T21:30:00Z")]);
    ends(
        lord_howe,
        "01:30-02:00",
        &[
            ("2026-04-04T14:29:00Z", "-"),
            ("2026-04-04T14:30:00Z", "2026-04-04T15:30:00Z"),
            ("2026-04-04T15:30:00Z", "-"),
        ],
    );
}

#[test]
fn both_sides_of_the_date_line() {
    for (place, now, expected) in [
        ("Pacific/Kiritimati", "2026-01-05T08:00:00Z", "2026-01-05T19:00:00Z"),
        ("Pacific/Kiritimati", "2026-01-05T07:59:59Z", "-"),
        ("Pacific/Kiritimati", "2026-01-05T19:00:00Z", "-"),
        ("Pacific/Pago_Pago", "2026-01-05T09:00:00Z", "2026-01-05T20:00:00Z"),
        ("Pacific/Pago_Pago", "2026-01-05T08:59:59Z", "-"),
        ("Pacific/Apia", "2026-01-05T09:00:00Z", "2026-01-05T20:00:00Z"),
        // Apia left out 30 December 2011: one night, no day.
        ("Pacific/Apia", "2011-12-30T08:00:00Z", "2011-12-30T19:00:00Z"),
        ("Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-30T19:00:00Z"),
        ("Asia/Kathmandu", "2026-01-05T16:15:00Z", "2026-01-06T03:15:00Z"),
    ] {
        ends(place, "22:00-09:00", &[(now, expected)]);
    }
}

#[test]
fn the_clock_is_the_users_or_the_projects() {
    let (user, project) = (zone("Asia/Tokyo"), zone("Europe/Moscow"));
    for (of, expected) in [(HoursOf::User, "Asia/Tokyo"), (HoursOf::Project, "Europe/Moscow")] {
        let hours = QuietHours { zone: of, ..hours("22:00-09:00") };
        assert_eq!(zone_of(&hours, &user, &project).iana_name(), Some(expected));
    }
}

fn draw(user: i64) -> Draw {
    Draw { user: UserId(user), ledger: LedgerId(7), part: 0 }
}

#[test]
fn rows_are_spread_evenly_and_each_keeps_its_place() {
    let (window, end) = (hours("22:00-09:00"), at("2026-01-06T09:00:00Z"));
    let mut minutes = [0u32; 30];
    for user in 0..30_000 {
        let due = resume_at(&window, &TimeZone::UTC, at("2026-01-05T23:00:00Z"), draw(user)).unwrap();
        assert_eq!(resume_at(&window, &TimeZone::UTC, at("2026-01-06T04:00:00Z"), draw(user)), Some(due));
        minutes[usize::try_from((due - end).0 / 60_000).unwrap()] += 1;
    }
    assert!(minutes.iter().all(|n| (850..1_150).contains(n)), "{minutes:?}");
    assert_eq!(resume_at(&window, &TimeZone::UTC, end, draw(1)), None);
    let elsewhere = [Draw { ledger: LedgerId(8), ..draw(1) }, Draw { part: 1, ..draw(1) }, draw(-1)];
    assert!(elsewhere.iter().all(|other| other.hash() != draw(1).hash()));
}

#[test]
fn nothing_is_spread_into_the_next_quiet_hours() {
    for (place, window, now, from, until) in [
        // Ten minutes a day are not quiet.
        ("UTC", "09:10-09:00", "2026-01-05T23:00:00Z", "2026-01-06T09:00:00Z", "2026-01-06T09:10:00Z"),
        ("UTC", "09:01-09:00", "2026-01-05T23:00:00Z", "2026-01-06T09:00:00Z", "2026-01-06T09:01:00Z"),
        // A quarter of an hour between both times that the wall shows two.
        ("Europe/Berlin", "22:00-02:45", "2026-10-25T00:00:00Z", "2026-10-25T00:45:00Z", "2026-10-25T01:00:00Z"),
        ("UTC", "22:00-09:00", "2026-01-05T23:00:00Z", "2026-01-06T09:00:00Z", "2026-01-06T09:30:00Z"),
    ] {
        for user in 0..2_000 {
            let due = resume_at(&hours(window), &zone(place), at(now), draw(user)).unwrap();
            assert!((at(from)..at(until)).contains(&due), "{place} {window} {user}: {}", due.rfc3339());
        }
    }
}

#[test]
fn moments_beyond_the_calendar_are_answered() {
    for now in [i64::MIN, i64::MIN / 2, i64::MAX / 2, i64::MAX] {
        quiet_until(&hours("22:00-09:00"), &zone("Europe/Berlin"), Time(now));
    }
}

/// Zones, each with a moment near which its clocks are set.
const NEAR: [(&str, &str); 14] = [
    ("Europe/Berlin", "2026-03-29T01:00:00Z"),
    ("Europe/Berlin", "2026-10-25T01:00:00Z"),
    ("America/New_York", "2026-03-08T07:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("Pacific/Kiritimati", "2026-01-05T10:00:00Z"),
    ("Pacific/Pago_Pago", "2026-01-05T11:00:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    ("Pacific/Apia", "2026-04-04T14:00:00Z"),
    ("Asia/Beirut", "2026-03-28T22:00:00Z"),
    ("America/Havana", "2026-11-01T05:00:00Z"),
    ("Africa/Casablanca", "2026-02-15T02:00:00Z"),
    ("Asia/Kathmandu", "2026-01-05T18:15:00Z"),
];

const MINUTE: i64 = 60_000;

/// What the wall shows, and whether that is quiet, as the calendar says.
fn shown_quiet(hours: &QuietHours, zone: &TimeZone, now: Time) -> bool {
    let shown = Timestamp::from_millisecond(now.0).unwrap().to_zoned(zone.clone()).time();
    match hours.from < hours.to {
        true => shown >= hours.from && shown < hours.to,
        false => !(shown >= hours.to && shown < hours.from),
    }
}

fn walk(hours: &QuietHours, zone: &TimeZone, from: Time) -> Time {
    let quiet = shown_quiet(hours, zone, from);
    let mut minutes = (1i64..).map(|n| Time(from.0.div_euclid(MINUTE) * MINUTE + n * MINUTE));
    minutes.find(|at| shown_quiet(hours, zone, *at) != quiet).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_a_walk_by_minutes_finds(
        near in 0..NEAR.len(),
        minutes in -1_600..1_600i64,
        millis in 0..MINUTE,
        // Most of them near the hours at which clocks are set.
        from in prop_oneof![0..1_440i64, 80..200i64, prop::sample::select(vec![0i64, 60, 90, 120, 150, 180, 1_380])],
        length in prop_oneof![1..1_440i64, 1..60i64, 1_380..1_440i64],
        user in any::<i64>(),
    ) {
        let (place, moment) = NEAR[near];
        let (zone, now) = (zone(place), Time(at(moment).0 + minutes * MINUTE + millis));
        let clock = |minute: i64| format!("{:02}:{:02}", minute / 60 % 24, minute % 60);
        let hours = hours(&format!("{}-{}", clock(from), clock(from + length)));
        let expected = shown_quiet(&hours, &zone, now).then(|| walk(&hours, &zone, now));
        prop_assert_eq!(quiet_until(&hours, &zone, now), expected);
        let due = resume_at(&hours, &zone, now, draw(user));
        prop_assert_eq!(due.is_some(), expected.is_some());
        if let (Some(due), Some(end)) = (due, expected) {
            prop_assert!(due >= end && due < end + SPREAD && due < walk(&hours, &zone, end));
            prop_assert!(!shown_quiet(&hours, &zone, due));
        }
    }
}
