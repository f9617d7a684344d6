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
    const HOURLY: TimeDelta = TimeDelta::hours(48);

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
