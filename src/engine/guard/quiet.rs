//! Quiet hours: whether a moment is in them, when they end, and when a message
//! that they hold goes out.
//!
//! A moment is quiet if the clock on the wall then shows a time in
//! `[from, to)`, over midnight if `from` is the later one. So where clocks are
//! set back and show such a time twice, it is quiet twice; and where they are
//! set forward past `to`, quiet ends with the jump.

use crate::model::{Time, TimeDelta, UserId};
use crate::outbox::LedgerId;
use crate::rulebook::{HoursOf, QuietHours};
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::TimeZone;

/// Messages that waited for the end of quiet hours go out within this time
/// after it, so that a whole zone does not wake up in one second.
pub const SPREAD: TimeDelta = TimeDelta::minutes(30);

const DAY: i64 = TimeDelta::days(1).0;

/// A row by what it is and not by where it is stored: the same row draws the
/// same place in the spread each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// Who gets it.
    pub user: UserId,
    /// The ledger that it belongs to.
    pub ledger: LedgerId,
    /// Which part of the message it is.
    pub part: u32,
}

/// The zone on whose clock the hours are read.
pub fn zone_of<'z>(hours: &QuietHours, user: &'z TimeZone, project: &'z TimeZone) -> &'z TimeZone {
    match hours.zone {
        HoursOf::User => user,
        HoursOf::Project => project,
    }
}

/// The end of the quiet hours that hold at `now`: the first moment after it
/// that is not quiet. Nothing if `now` is not quiet.
pub fn quiet_until(hours: &QuietHours, zone: &TimeZone, now: Time) -> Option<Time> {
    is_quiet(hours, zone, now).then(|| next_change(hours, zone, now))
}

/// When a row that is quiet at `now` goes out: the end of the quiet hours, and
/// a share of [`SPREAD`] that is the row's own. Never in the next quiet hours,
/// however close they are. Nothing if `now` is not quiet.
pub fn resume_at(hours: &QuietHours, zone: &TimeZone, now: Time, draw: Draw) -> Option<Time> {
    let end = quiet_until(hours, zone, now)?;
    let room = next_change(hours, zone, end) - end;
    Some(end + draw.share_of(room.min(SPREAD)))
}

impl Draw {
    /// A part of `length`, from nothing up to but not including all of it.
    fn share_of(self, length: TimeDelta) -> TimeDelta {
        let whole = u64::try_from(length.0).unwrap_or(0);
        let share = (u128::from(self.hash()) * u128::from(whole)) >> 64;
        TimeDelta(i64::try_from(share).unwrap_or(0))
    }

    fn hash(self) -> u64 {
        [self.user.0.cast_unsigned(), self.ledger.0, u64::from(self.part)].into_iter().fold(0, |hash, n| mix(hash ^ n))
    }
}

/// One step of `splitmix64` (Steele, Lea and Flood, 2014): neighbouring numbers
/// come out far apart.
fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

fn is_quiet(hours: &QuietHours, zone: &TimeZone, at: Time) -> bool {
    let (wall, from, to) = (wall(zone, at), of_day(hours.from), of_day(hours.to));
    if from < to { (from..to).contains(&wall) } else { wall >= from || wall < to }
}

/// The first moment after `at` that is quiet if `at` is not, and the other way
/// round.
fn next_change(hours: &QuietHours, zone: &TimeZone, at: Time) -> Time {
    let quiet = is_quiet(hours, zone, at);
    let goal = of_day(if quiet { hours.to } else { hours.from });
    let mut at = at;
    loop {
        // Where the wall shows the goal, if nobody sets the clock before.
        let straight = at + TimeDelta((goal - wall(zone, at)).rem_euclid(DAY));
        let Some(set) = next_setting(zone, at).filter(|set| *set <= straight) else { return straight };
        if is_quiet(hours, zone, set) != quiet {
            return set;
        }
        at = set;
    }
}

/// The next moment at which the zone's clocks are set.
fn next_setting(zone: &TimeZone, after: Time) -> Option<Time> {
    let after = Timestamp::from_millisecond(after.0).ok()?;
    zone.following(after).next().map(|setting| Time(setting.timestamp().as_millisecond()))
}

/// Milliseconds since midnight that the wall shows.
fn wall(zone: &TimeZone, at: Time) -> i64 {
    let offset = Timestamp::from_millisecond(at.0).map_or(0, |at| zone.to_offset(at).seconds());
    (at + TimeDelta::seconds(i64::from(offset))).0.rem_euclid(DAY)
}

fn of_day(time: civil::Time) -> i64 {
    let (hour, minute) = (i64::from(time.hour()), i64::from(time.minute()));
    TimeDelta::minutes(hour * 60 + minute).0
}

#[cfg(test)]
mod tests;
