//! Instants, lengths of time, and the trait through which time is passed in.

use serde::{Deserialize, Serialize};
use std::ops::{Add, Sub};

/// An instant in UTC, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub i64);

/// A length of time in milliseconds; may be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TimeDelta(pub i64);

/// Where an engine takes the time from: the machine, a shifted clock for a
/// demonstration, or a test.
pub trait Clock: Send + Sync {
    /// The instant that rules and people see.
    fn now(&self) -> Time;

    /// Milliseconds since some fixed moment; never goes back, is not set by
    /// anybody, and is what waiting and rate limits are measured with.
    fn monotonic(&self) -> TimeDelta;
}

impl TimeDelta {
    /// `n` milliseconds.
    pub const fn millis(n: i64) -> Self {
        Self(n)
    }

    /// `n` seconds.
    pub const fn seconds(n: i64) -> Self {
        Self(n * 1_000)
    }

    /// `n` minutes.
    pub const fn minutes(n: i64) -> Self {
        Self(n * 60_000)
    }

    /// `n` hours.
    pub const fn hours(n: i64) -> Self {
        Self(n * 3_600_000)
    }

    /// `n` days of 24 hours.
    pub const fn days(n: i64) -> Self {
        Self(n * 86_400_000)
    }

    /// The length as the standard library counts it; a negative one is zero.
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(u64::try_from(self.0).unwrap_or(0))
    }
}

impl Time {
    /// The instant as RFC 3339 in UTC, to the second: `2026-01-05T09:00:00Z`.
    pub fn rfc3339(self) -> String {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) => at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            Err(_) => format!("{} ms", self.0),
        }
    }
}

impl Add<TimeDelta> for Time {
    type Output = Time;
    fn add(self, delta: TimeDelta) -> Time {
        Time(self.0.saturating_add(delta.0))
    }
}

impl Sub<TimeDelta> for Time {
    type Output = Time;
    fn sub(self, delta: TimeDelta) -> Time {
        Time(self.0.saturating_sub(delta.0))
    }
}

impl Sub for Time {
    type Output = TimeDelta;
    fn sub(self, other: Time) -> TimeDelta {
        TimeDelta(self.0.saturating_sub(other.0))
    }
}

impl Add for TimeDelta {
    type Output = TimeDelta;
    fn add(self, other: TimeDelta) -> TimeDelta {
        TimeDelta(self.0.saturating_add(other.0))
    }
}

impl Sub for TimeDelta {
    type Output = TimeDelta;
    fn sub(self, other: TimeDelta) -> TimeDelta {
        TimeDelta(self.0.saturating_sub(other.0))
    }
}
