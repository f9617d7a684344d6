//! Waves: parts of a ledger's rows that open at moments of their own, such as
//! the recipients of one time zone, or the canary and the rest behind it.
//!
//! Rows stand in the order of their waves, so that one number says how far the
//! cursor may go: no row waits in a heap only because its time is to come.

use super::Ledger;
use crate::model::{Time, TimeDelta};
use serde::{Deserialize, Serialize};

/// Rows from `from` on, up to the next wave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wave {
    /// The place of its first row.
    pub from: u32,
    /// When it opens; absent: at once.
    pub opens: Option<Time>,
}

/// The first rows of a ledger, watched before the others may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canary {
    /// How many rows; they come first.
    pub rows: u32,
    /// How long the rest waits once they are done.
    pub hold: TimeDelta,
    /// When the last of them was done.
    pub done: Option<Time>,
}

/// How far a ledger is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// Rows before this place may go.
    pub end: u32,
    /// When more may; absent: when something else happens, or never.
    pub next: Option<Time>,
}

impl Ledger {
    /// How far the ledger is open at `now`.
    pub fn open(&self, now: Time) -> Open {
        let waves = self.waves.iter().find(|wave| wave.opens.is_some_and(|opens| opens > now));
        let waves = waves.map_or(Open { end: self.rows, next: None }, |wave| Open { end: wave.from, next: wave.opens });
        let Some(canary) = self.canary.filter(|canary| canary.rows < self.rows) else { return waves };
        match canary.done.map(|done| done + canary.hold) {
            Some(over) if over <= now => waves,
            over => match waves.end > canary.rows {
                true => Open { end: canary.rows, next: over },
                false => waves,
            },
        }
    }

    /// How long until rows of it may go, if none may now.
    pub fn opens_in(&self, now: Time) -> Option<TimeDelta> {
        let first = self.waves.first().filter(|wave| wave.from == 0)?;
        first.opens.filter(|opens| *opens > now).map(|opens| opens - now)
    }

    /// Whether a row is among those that are watched first.
    pub fn is_canary(&self, position: u32) -> bool {
        self.canary.is_some_and(|canary| position < canary.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::{Cause, Lane, LedgerId};

    fn ledger(waves: &[(u32, Option<i64>)], canary: Option<(u32, Option<i64>)>) -> Ledger {
        let mut ledger = Ledger::new(LedgerId(1), Cause::Reply, Lane::Broadcast, Time(0), 100);
        ledger.waves = waves.iter().map(|(from, opens)| Wave { from: *from, opens: opens.map(Time) }).collect();
        ledger.canary = canary.map(|(rows, done)| Canary { rows, hold: TimeDelta(50), done: done.map(Time) });
        ledger
    }

    #[test]
    fn waves_open_one_after_the_other() {
        let plain = ledger(&[], None);
        assert_eq!(plain.open(Time(0)), Open { end: 100, next: None });
        let zones = ledger(&[(0, Some(10)), (40, Some(20)), (90, Some(30))], None);
        for (now, end, next) in [(9, 0, Some(10)), (10, 40, Some(20)), (20, 90, Some(30)), (30, 100, None)] {
            assert_eq!(zones.open(Time(now)), Open { end, next: next.map(Time) }, "{now}");
        }
    }

    #[test]
    fn the_rest_waits_behind_the_canary() {
        for (done, now, end, next) in
            [(None, 1_000, 5, None), (Some(100), 149, 5, Some(150)), (Some(100), 150, 100, None)]
        {
            let watched = ledger(&[], Some((5, done)));
            assert_eq!(watched.open(Time(now)), Open { end, next: next.map(Time) }, "{done:?} {now}");
        }
        // a canary that is everybody holds nobody
        assert_eq!(ledger(&[], Some((100, None))).open(Time(0)).end, 100);
        // the canary's own wave is not open yet
        let both = ledger(&[(0, Some(10)), (5, Some(20))], Some((5, None)));
        assert_eq!(both.open(Time(0)), Open { end: 0, next: Some(Time(10)) });
        assert_eq!(both.open(Time(15)), Open { end: 5, next: Some(Time(20)) });
        assert_eq!(both.open(Time(25)), Open { end: 5, next: None });
    }
}
