//! What the passing of time alone does to an answer.

use crate::project::{NOW, Project};
use vestnik::condition::{Pace, Sweep, check, check_value, parse};
use vestnik::model::{Time, Value};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

#[test]
fn answers_change_at_moments_or_for_everybody() {
    let project = Project::new();
    let never = (false, Sweep::Never);
    for (text, (moments, sweep)) in [
        ("balance > 0", never),
        ("last_seen_at > created_at + 3 days", never),
        ("last_seen_at > 2026-01-01", never),
        ("hour(last_seen_at) = 3", never),
        ("count(payment, 30 days) > 3", never),
        ("last_seen_at within 7 days", (true, Sweep::Never)),
        ("balance > 0 or not (last_seen_at older than 7 days)", (true, Sweep::Never)),
        ("now - last_seen_at > 3 days", (true, Sweep::Never)),
        ("now - last_seen_at > now - created_at", never),
        ("days_since(last_seen_at) >= 30", (true, Sweep::Never)),
        ("abs(days_until(discount_until)) * 2 > 3", (true, Sweep::Never)),
        ("coalesce(last_payment_at, created_at) < 3 days ago", (true, Sweep::Never)),
        ("last(payment) older than 30 days", (true, Sweep::Never)),
        ("last_seen_at >= today", (false, Sweep::Midnight)),
        ("now - today > 6 hours", (true, Sweep::Midnight)),
        ("day(today) = 1", (false, Sweep::Midnight)),
        ("hour(now) = 3", (false, Sweep::Quarter)),
        ("weekday(now + 1 day) = 3 and last_seen_at >= today", (false, Sweep::Quarter)),
        ("hour(now - 10 minutes) = 3", (false, Sweep::Minute)),
        ("hour(max(now, last_seen_at)) = 3", (false, Sweep::Minute)),
        ("coalesce(last_seen_at, now) < created_at", (false, Sweep::Minute)),
        ("days_since(min(now, last_seen_at)) > 3", (false, Sweep::Minute)),
    ] {
        let condition = check(&parse(text).unwrap(), &project).0.unwrap_or_else(|| panic!("{text}"));
        assert_eq!(condition.pace(), Pace { moments, sweep }, "{text}");
    }
    for (text, (moments, sweep)) in [
        ("now", (false, Sweep::Minute)),
        ("today", (false, Sweep::Midnight)),
        ("last_seen_at + 3 days", never),
        ("days_until(discount_until)", (true, Sweep::Never)),
    ] {
        let expression = check_value(&parse(text).unwrap(), None, &project).0.unwrap();
        assert_eq!(expression.pace(), Pace { moments, sweep }, "{text}");
    }
}

#[test]
fn the_next_change_of_a_user_is_told() {
    let project = Project::new();
    let at = |offset: i64| Value::Time(Time(NOW.0 + offset));
    for (text, value, expected) in [
        // Perhaps a millisecond too early, never too late.
        ("last_seen_at older than 7 days", at(0), Some(7 * DAY)),
        ("last_seen_at older than 7 days", at(-7 * DAY), Some(1)),
        ("last_seen_at older than 7 days", at(-7 * DAY - 1), None),
        ("last_seen_at within 7 days", at(HOUR), Some(HOUR)),
        ("last_seen_at within 7 days", at(-HOUR), Some(7 * DAY - HOUR)),
        ("last_seen_at within 7 days", Value::Missing, None),
        ("last_seen_at between now and 3 days from now", at(5 * DAY), Some(2 * DAY)),
        ("now - last_seen_at > 3 days and last_seen_at < now", at(HOUR), Some(HOUR)),
        ("days_since(last_seen_at) >= 30", at(-HOUR), Some(30 * DAY - HOUR)),
        ("days_since(last_seen_at) > 30", at(-30 * DAY), Some(DAY)),
        ("days_since(last_seen_at) >= 30", at(-40 * DAY), None),
        ("days_until(last_seen_at) < 3", at(4 * DAY), Some(1)),
        ("days_until(last_seen_at) < 3", at(4 * DAY + 1), Some(2)),
        ("days_until(last_seen_at) <= 3", at(4 * DAY + HOUR), Some(HOUR + 1)),
        ("days_since(last_seen_at) * 2 > 3", at(-HOUR), Some(DAY - HOUR)),
        ("days_until(last_seen_at) * 2 > 3", at(HOUR), Some(HOUR + 1)),
        ("last_seen_at - now < now - last_seen_at", at(HOUR), Some(HOUR)),
        // Nobody knows about times at the end of all times: looked at each minute.
        ("now - last_seen_at > 3 days", Value::Time(Time(i64::MIN)), Some(MINUTE)),
    ] {
        let condition = check(&parse(text).unwrap(), &project).0.unwrap_or_else(|| panic!("{text}"));
        let user = project.user(&[("last_seen_at", value.clone())]);
        let next = condition.next_change(&user).map(|at| at.0 - NOW.0);
        assert_eq!(next, expected, "{text} of {value:?}");
    }
}
