//! A time of day and whose it is.

use crate::rulebook::settings::Zone;

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
