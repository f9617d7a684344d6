//! The best hour: when a user is most active, for `wait until: best hour`.
//!
//! It is the hour of the user's own day with the most events in the last 30
//! days; of a user with few, that of everybody, on the project's clock. Of equal
//! hours the earliest wins; of nothing at all it is ten in the morning.

use super::automation::Progress;
use crate::model::{Event, Time, TimeDelta, UserId};
use crate::store::Profiles;
use crate::store::history::Span;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How far back events count.
const WINDOW: TimeDelta = TimeDelta::days(30);
/// With fewer events of a user's own those of everybody decide.
const FEWEST: usize = 5;
/// No more events of a user are looked at.
const MOST: usize = 2_000;
/// Where nobody ever did anything.
const DEFAULT: i8 = 10;

/// The best hour of a user in `zone`.
pub(super) fn best(profiles: &Profiles, user: UserId, zone: &TimeZone, now: Time, of_all: &[f32; 24]) -> i8 {
    let span = Span { from: Some(now - WINDOW), until: None, limit: MOST };
    let events = profiles.history().of_user(user, span).unwrap_or_else(|error| {
        tracing::warn!(%error, "the hours of a user cannot be read; those of everybody are taken");
        Vec::new()
    });
    let mut hours = [0.0; 24];
    let own: Vec<i8> = events.iter().filter(|event| is_own(event)).filter_map(|event| hour(event.at, zone)).collect();
    for hour in &own {
        hours[usize::from(hour.unsigned_abs())] += 1.0;
    }
    let hours = if own.len() < FEWEST { of_all } else { &hours };
    busiest(hours).unwrap_or(DEFAULT)
}

impl Progress {
    /// Notes that somebody did something. What was noted fades by a thirtieth a
    /// day.
    pub(super) fn note_hour(&mut self, event: &Event, zone: &TimeZone) {
        let day = i32::try_from(event.at.0.div_euclid(TimeDelta::days(1).0)).unwrap_or(self.day);
        if !is_own(event) {
            return;
        }
        if day > self.day {
            let faded = (29.0_f32 / 30.0).powi((day - self.day).min(1_000));
            self.hours.iter_mut().for_each(|hour| *hour *= faded);
            self.day = day;
        }
        if let Some(hour) = hour(event.at, zone) {
            self.hours[usize::from(hour.unsigned_abs())] += 1.0;
        }
    }
}

/// Whether it is something that the user did, not the bot.
fn is_own(event: &Event) -> bool {
    event.delivery().is_none() && event.trace().is_none()
}

fn hour(at: Time, zone: &TimeZone) -> Option<i8> {
    let at = Timestamp::from_millisecond(at.0).ok()?;
    Some(zone.to_datetime(at).hour())
}

fn busiest(hours: &[f32; 24]) -> Option<i8> {
    let most = hours.iter().copied().fold(0.0, f32::max);
    (most > 0.0).then(|| (0i8..).zip(hours).find(|(_, count)| **count >= most).map(|(hour, _)| hour)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_hour_wins_and_the_past_fades() {
        let mut progress = Progress::default();
        let at = |day: i64, hour: i64| {
            let at = Time(TimeDelta::days(day).0 + TimeDelta::hours(hour).0);
            Event { id: "1".into(), user: UserId(1), name: "opened".into(), at, properties: Vec::new() }
        };
        assert_eq!(busiest(&progress.hours), None);
        [at(1, 9), at(1, 9), at(1, 20)].iter().for_each(|event| progress.note_hour(event, &TimeZone::UTC));
        assert_eq!(busiest(&progress.hours), Some(9));
        [at(40, 20)].iter().for_each(|event| progress.note_hour(event, &TimeZone::UTC));
        assert_eq!(busiest(&progress.hours), Some(20));
    }
}
