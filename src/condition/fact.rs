//! What a condition may ask of a user besides the profile's fields: counts and
//! sums of events, messages received, drips, the assigned variant.
//!
//! A fact is a question in a form that can be compared and stored: two
//! conditions that ask the same hold equal facts, so whoever keeps the answers
//! current keeps each once. Answering is the matter of [`Row`](super::Row).

use crate::model::{DripId, EventId, ExperimentId, PropertyId, TemplateId, Time, TimeDelta};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// A question about one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// How many such events; an int, never missing.
    Count {
        /// The event.
        event: EventId,
        /// In which time.
        window: Window,
    },
    /// The sum of a numeric property, of the property's type; 0 of nothing.
    Sum {
        /// The event.
        event: EventId,
        /// The property.
        property: PropertyId,
        /// In which time.
        window: Window,
    },
    /// When the event happened first; missing if never.
    First(EventId),
    /// When the event happened last; missing if never.
    Last(EventId),
    /// How many messages of a template were delivered; an int, never missing.
    Received {
        /// The template.
        template: TemplateId,
        /// In which time.
        window: Window,
    },
    /// How many buttons of a template's messages were pressed; an int, never
    /// missing.
    Clicked {
        /// The template.
        template: TemplateId,
        /// In which time.
        window: Window,
    },
    /// Whether the user is in a drip now; a bool, never missing.
    InDrip(DripId),
    /// Whether the user has finished a drip; a bool, never missing.
    FinishedDrip(DripId),
    /// The name of the assigned variant; missing outside the experiment.
    Variant(ExperimentId),
}

/// How far back a fact looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// Over the whole life of the user.
    Ever,
    /// Over so much time up to now; longer than zero.
    Last(TimeDelta),
}

/// A part of the event that is being judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventPart {
    /// `event.name`, a text.
    Name,
    /// `event.at`, a time.
    At,
    /// A declared property; missing if the event does not tell it.
    Property(PropertyId),
}

impl Fact {
    /// How far back it looks, if that has a bound.
    pub fn window(&self) -> Option<TimeDelta> {
        match self {
            Self::Count { window, .. }
            | Self::Sum { window, .. }
            | Self::Received { window, .. }
            | Self::Clicked { window, .. } => match window {
                Window::Last(length) => Some(*length),
                Window::Ever => None,
            },
            Self::First(_) | Self::Last(_) | Self::InDrip(_) | Self::FinishedDrip(_) | Self::Variant(_) => None,
        }
    }

    /// Whether the answer can change by the passing of time alone.
    pub fn is_time_dependent(&self) -> bool {
        match self {
            Self::Count { window, .. }
            | Self::Sum { window, .. }
            | Self::Received { window, .. }
            | Self::Clicked { window, .. } => *window != Window::Ever,
            Self::First(_) | Self::Last(_) | Self::InDrip(_) | Self::FinishedDrip(_) | Self::Variant(_) => false,
        }
    }
}

impl Window {
    /// Windows up to this length begin at a full hour, longer ones at midnight.
    pub const HOURLY: TimeDelta = TimeDelta::hours(48);

    /// The first moment inside the window; the last is `now`. It is floored to
    /// the hour for windows of up to 48 hours, else to midnight, both in `zone`.
    /// None: there is no bound.
    pub fn start(self, now: Time, zone: &TimeZone) -> Option<Time> {
        let Self::Last(length) = self else { return None };
        let from = Time(now.0.checked_sub(length.0)?);
        let local = Timestamp::from_millisecond(from.0).ok()?.to_zoned(zone.clone());
        let floor = if length <= Self::HOURLY { hour(&local) } else { local.start_of_day().ok() };
        floor.map(|at| Time(at.timestamp().as_millisecond()))
    }
}

/// The last full hour of the local clock.
fn hour(at: &Zoned) -> Option<Zoned> {
    let into = at.minute() as i64 * 60_000 + at.second() as i64 * 1_000 + at.millisecond() as i64;
    at.checked_sub(jiff::SignedDuration::from_millis(into)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        let at: Timestamp = text.parse().unwrap();
        Time(at.as_millisecond())
    }

    #[test]
    fn windows_begin_at_a_full_hour_or_at_midnight() {
        // Berlin goes to summer time on 29 March and back on 25 October 2026;
        // Kathmandu is 5:45 ahead of Greenwich; in Beirut the day of
        // 29 March 2026 begins at 01:00.
        for (zone, now, window, expected) in [
            ("UTC", "2026-01-05T12:34:56.789Z", TimeDelta::hours(1), "2026-01-05T11:00:00Z"),
            ("UTC", "2026-01-05T12:00:00Z", TimeDelta::hours(1), "2026-01-05T11:00:00Z"),
            ("UTC", "2026-01-05T12:34:56Z", TimeDelta::millis(1), "2026-01-05T12:00:00Z"),
            ("UTC", "2026-01-05T12:34:56Z", TimeDelta::hours(48), "2026-01-03T12:00:00Z"),
            ("UTC", "2026-01-05T12:34:56Z", TimeDelta::millis(172_800_001), "2026-01-03T00:00:00Z"),
            ("UTC", "2026-01-05T00:00:00Z", TimeDelta::days(7), "2025-12-29T00:00:00Z"),
            ("Europe/Moscow", "2026-01-05T22:30:00Z", TimeDelta::days(3), "2026-01-02T21:00:00Z"),
            ("Europe/Moscow", "2026-01-05T20:30:00Z", TimeDelta::days(3), "2026-01-01T21:00:00Z"),
            ("Asia/Kathmandu", "2026-01-05T12:34:56Z", TimeDelta::hours(1), "2026-01-05T11:15:00Z"),
            ("Asia/Kathmandu", "2026-01-05T12:34:56Z", TimeDelta::days(3), "2026-01-01T18:15:00Z"),
            // The hour before the gap, the skipped hour, midnight before it.
            ("Europe/Berlin", "2026-03-29T01:30:00Z", TimeDelta::hours(1), "2026-03-29T00:00:00Z"),
            ("Europe/Berlin", "2026-03-29T12:00:00Z", TimeDelta::hours(24), "2026-03-28T12:00:00Z"),
            ("Europe/Berlin", "2026-04-01T12:00:00Z", TimeDelta::days(3), "2026-03-28T23:00:00Z"),
            ("Europe/Berlin", "2026-03-31T22:30:00Z", TimeDelta::days(3), "2026-03-27T23:00:00Z"),
            // Both passes of the repeated hour keep their own beginning.
            ("Europe/Berlin", "2026-10-25T01:30:00Z", TimeDelta::hours(1), "2026-10-25T00:00:00Z"),
            ("Europe/Berlin", "2026-10-25T02:30:00Z", TimeDelta::hours(1), "2026-10-25T01:00:00Z"),
            ("Europe/Berlin", "2026-10-28T12:00:00Z", TimeDelta::days(3), "2026-10-24T22:00:00Z"),
            ("Asia/Beirut", "2026-04-01T12:00:00Z", TimeDelta::days(3), "2026-03-28T22:00:00Z"),
        ] {
            let zone = jiff::tz::db().get(zone).unwrap();
            let start = Window::Last(window).start(at(now), &zone).map(Time::rfc3339);
            assert_eq!(start.as_deref(), Some(expected), "{now} {window:?} {zone:?}");
        }
    }

    #[test]
    fn a_window_without_a_beginning_has_none() {
        let now = at("2026-01-05T12:00:00Z");
        assert_eq!(Window::Ever.start(now, &TimeZone::UTC), None);
        assert_eq!(Window::Last(TimeDelta(i64::MAX)).start(now, &TimeZone::UTC), None);
    }
}
