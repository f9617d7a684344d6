//! Frequency caps: how many more marketing messages a user may get now.
//!
//! Every cap is asked and the strictest wins. A message whose slot is held and
//! which has not gone out yet counts in every period, because nobody knows in
//! which of them it will arrive: so no period ever gets more than its cap.

use super::period;
use crate::model::{Time, TimeDelta};
use crate::rulebook::{Cap, Period};
use jiff::tz::TimeZone;

/// What the caps leave of a user's patience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// So many more messages; `u32::MAX` if nothing caps them.
    Free(u32),
    /// None, until a slot frees. Slots that are held are taken to be used now.
    Full {
        /// When one does, if nothing more is sent.
        until: Time,
    },
}

/// A message stops to matter after this time: what must be known of the past
/// to judge the caps.
pub fn horizon(caps: &[Cap]) -> TimeDelta {
    caps.iter().map(|cap| period::longest(cap.per)).max().unwrap_or_default()
}

/// The room of a user to whom messages went at the times `sent`, in order, and
/// for whom `held` more have a slot.
pub fn room(caps: &[Cap], sent: &[Time], held: usize, zone: &TimeZone, now: Time) -> Room {
    caps.iter().map(|cap| room_of(cap, sent, held, zone, now)).fold(Room::Free(u32::MAX), Room::stricter)
}

impl Room {
    fn stricter(self, other: Self) -> Self {
        match (self, other) {
            (Self::Free(a), Self::Free(b)) => Self::Free(a.min(b)),
            (Self::Full { until: a }, Self::Full { until: b }) => Self::Full { until: a.max(b) },
            (Self::Full { .. }, Self::Free(_)) => self,
            (Self::Free(_), Self::Full { .. }) => other,
        }
    }
}

fn room_of(cap: &Cap, sent: &[Time], held: usize, zone: &TimeZone, now: Time) -> Room {
    let counted = match sent.last() {
        // Reading the calendar is the expensive part.
        Some(last) if now - *last < period::longest(cap.per) => {
            let since = period::since(cap.per, zone, now);
            &sent[sent.partition_point(|at| *at < since)..]
        }
        Some(_) | None => &[],
    };
    let used = counted.len() + held;
    let count = usize::try_from(cap.count).unwrap_or(usize::MAX);
    match used.checked_sub(count) {
        None => Room::Free(u32::try_from(count - used).unwrap_or(u32::MAX)),
        Some(over) => {
            // So many of the oldest must go, and one more.
            let last_to_go = counted.get(over).copied().unwrap_or(now);
            Room::Full { until: free_at(cap.per, last_to_go, zone, now) }
        }
    }
}

fn free_at(per: Period, last_to_go: Time, zone: &TimeZone, now: Time) -> Time {
    match per {
        Period::Day | Period::Week => period::until(per, zone, now),
        Period::Rolling(_) => period::until(per, zone, last_to_go),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Period = Period::Day;
    const WEEK: Period = Period::Week;
    const ROLLING: Period = Period::Rolling(TimeDelta::hours(24));

    fn at(text: &str) -> Time {
        Time(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    /// Messages at times of 5 January 2026, a Monday, in UTC, seen at 20:00;
    /// an expected number is what is left, an expected moment when it frees.
    #[test]
    fn the_strictest_cap_wins() {
        let now = at("2026-01-05T20:00:00Z");
        for (caps, sent, held, expected) in [
            (&[][..], &["2026-01-05T10:00:00Z"][..], 3, "4294967295"),
            (&[(3, DAY)], &[], 0, "3"),
            (&[(3, DAY)], &["2026-01-05T10:00:00Z"], 0, "2"),
            (&[(3, DAY)], &["2026-01-05T10:00:00Z"], 1, "1"),
            (&[(3, DAY), (2, WEEK)], &["2026-01-05T10:00:00Z"], 0, "1"),
            (&[(3, DAY)], &["2026-01-04T23:59:59Z", "2026-01-05T00:00:00Z"], 0, "2"),
            (&[(1, DAY)], &["2026-01-05T10:00:00Z"], 0, "2026-01-06T00:00:00Z"),
            (&[(1, WEEK)], &["2026-01-05T10:00:00Z"], 0, "2026-01-12T00:00:00Z"),
            (&[(1, WEEK)], &["2026-01-04T10:00:00Z"], 0, "1"),
            (&[(1, DAY), (1, WEEK)], &["2026-01-05T10:00:00Z"], 0, "2026-01-12T00:00:00Z"),
            (&[(1, DAY), (5, WEEK)], &["2026-01-05T10:00:00Z"], 0, "2026-01-06T00:00:00Z"),
            (&[(2, ROLLING)], &["2026-01-04T20:00:00Z", "2026-01-04T20:00:01Z"], 0, "1"),
            (&[(1, ROLLING)], &["2026-01-04T20:00:01Z"], 0, "2026-01-05T20:00:01Z"),
            // Three went out under an older, wider cap: two of them must go.
            (
                &[(2, ROLLING)],
                &["2026-01-05T01:00:00Z", "2026-01-05T02:00:00Z", "2026-01-05T03:00:00Z"],
                0,
                "2026-01-06T02:00:00Z",
            ),
            (&[(1, ROLLING)], &[], 1, "2026-01-06T20:00:00Z"),
            (&[(2, ROLLING)], &["2026-01-05T01:00:00Z"], 1, "2026-01-06T01:00:00Z"),
            (&[(1, DAY)], &[], 1, "2026-01-06T00:00:00Z"),
            (&[(2, ROLLING), (1, DAY)], &["2026-01-04T23:00:00Z"], 0, "1"),
        ] {
            let caps: Vec<Cap> = caps.iter().map(|(count, per)| Cap { count: *count, per: *per }).collect();
            let sent: Vec<Time> = sent.iter().map(|text| at(text)).collect();
            let found = match room(&caps, &sent, held, &TimeZone::UTC, now) {
                Room::Free(left) => left.to_string(),
                Room::Full { until } => until.rfc3339(),
            };
            assert_eq!(found, expected, "{caps:?} {sent:?} {held}");
        }
    }

    #[test]
    fn what_must_be_known_of_the_past() {
        for (caps, expected) in [
            (&[][..], TimeDelta(0)),
            (&[(3, DAY)], TimeDelta::days(3)),
            (&[(3, DAY), (10, WEEK), (5, ROLLING)], TimeDelta::days(9)),
            (&[(1, Period::Rolling(TimeDelta::days(30)))], TimeDelta::days(30)),
        ] {
            let caps: Vec<Cap> = caps.iter().map(|(count, per)| Cap { count: *count, per: *per }).collect();
            assert_eq!(horizon(&caps), expected, "{caps:?}");
        }
    }
}
