//! Days and clocks: the user's zone beside the project's, and days on which
//! clocks change.

use crate::project::{Project, User};
use jiff::tz::TimeZone;
use vestnik::condition::{Fact, Row, Truth, check, parse};
use vestnik::model::{FieldId, SegmentId, Time, Value};

/// A user at a moment, in a zone of their own.
struct Elsewhere<'p> {
    user: User<'p>,
    zone: TimeZone,
}

impl Row for Elsewhere<'_> {
    fn field(&self, id: FieldId) -> &Value {
        self.user.field(id)
    }
    fn now(&self) -> Time {
        self.user.now
    }
    fn zone(&self) -> &TimeZone {
        Row::zone(&self.user)
    }
    fn user_zone(&self) -> &TimeZone {
        &self.zone
    }
    fn in_segment(&self, _: SegmentId) -> bool {
        false
    }
    fn fact(&self, fact: &Fact) -> Value {
        self.user.fact(fact)
    }
}

/// Conditions that hold at `now` for a user of `theirs` in a project of `ours`.
#[track_caller]
fn hold(ours: &str, theirs: &str, now: &str, conditions: &[&str]) {
    let zone = |name: &str| jiff::tz::db().get(name).unwrap();
    let mut project = Project::new();
    project.zone = zone(ours);
    let mut user = project.user(&[]);
    user.now = Time(now.parse::<jiff::Timestamp>().unwrap().as_millisecond());
    let row = Elsewhere { user, zone: zone(theirs) };
    for text in conditions {
        let (condition, found) = check(&parse(text).unwrap(), &project);
        let condition = condition.unwrap_or_else(|| panic!("{text}: {found:?}"));
        assert_eq!(condition.judge(&row), Truth::True, "{text} at {now} in {ours} and {theirs}");
    }
}

#[test]
fn calendars_are_the_users_and_literals_and_days_the_projects() {
    hold(
        "Europe/Moscow",
        "America/New_York",
        "2026-01-01T02:30:00Z",
        &[
            "hour(now) = 21 and day(now) = 31 and month(now) = 12 and year(now) = 2025 and weekday(now) = 3",
            "today = 2026-01-01",
            "today = 2025-12-31 21:00Z",
            "hour(today) = 16 and day(today) = 31",
            "hour(2026-01-01 05:30) = 21",
            "now = 2026-01-01 05:30",
            "now - today = 5h30m",
        ],
    );
    hold(
        "UTC",
        "Asia/Kathmandu",
        "2026-01-05T18:20:00Z",
        &["hour(now) = 0 and day(now) = 6 and weekday(now) = 2", "today = 2026-01-05Z", "hour(today) = 5"],
    );
}

#[test]
fn days_on_which_clocks_change() {
    hold(
        "Europe/Berlin",
        "Europe/Berlin",
        "2026-03-29T12:00:00Z",
        &[
            "today = 2026-03-28 23:00Z",
            "now - today = 13 hours",
            "hour(now) = 14",
            "2026-03-30 - 2026-03-29 = 23 hours",
            "2026-03-29 02:00 = 2026-03-29 03:00",
            "hour(2026-03-29 02:30) = 3",
            "today + 24 hours = 2026-03-30 01:00",
            "days_since(2026-03-28 13:00) = 1",
            "days_until(2026-03-30 14:00) = 1 and days_until(2026-03-30 13:59) = 0",
        ],
    );
    hold(
        "Europe/Berlin",
        "Europe/Berlin",
        "2026-10-25T01:30:00Z",
        &[
            "today = 2026-10-24 22:00Z",
            "now - today = 3h30m",
            "hour(now) = 2 and hour(now - 1 hour) = 2 and hour(now - 2 hours) = 1",
            "2026-10-26 - 2026-10-25 = 25 hours",
            "2026-10-25 02:30 = now - 1 hour",
            "2026-10-25 03:00 - 2026-10-25 02:00 = 2 hours",
            "2026-10-25 02:30+01:00 = now",
        ],
    );
    // There the day itself begins at one o'clock.
    hold(
        "Asia/Beirut",
        "Asia/Beirut",
        "2026-03-29T10:00:00Z",
        &["today = 2026-03-28 22:00Z", "hour(today) = 1", "2026-03-29 = today", "2026-03-30 - 2026-03-29 = 23 hours"],
    );
    // A user may live through the change while the project does not.
    hold(
        "UTC",
        "Europe/Berlin",
        "2026-03-29T01:30:00Z",
        &["hour(now) = 3 and hour(now - 1 hour) = 1", "today = 2026-03-29 00:00Z", "hour(today) = 1"],
    );
}
