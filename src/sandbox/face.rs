//! The clock that a sandbox shows: the one that it was given, or one that
//! stands still and is moved by hand. Dates of messages, limits, every
//! `retry_after`, faults in time and the lives of updates go by it.
//!
//! Its ticks never go back, whichever way it is switched.

use crate::model::{Clock, Time, TimeDelta};
use crate::sandbox::world::Stamp;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Whether the clock runs by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockMode {
    /// It does: the machine's time.
    #[default]
    Real,
    /// It stands until it is moved.
    Manual,
}

/// Why a clock is not moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unmoved {
    /// It runs by itself.
    Runs,
    /// The time that was asked for is over.
    Past,
}

/// The clock on the wall.
pub(crate) struct Face {
    base: Arc<dyn Clock>,
    hands: Mutex<Hands>,
}

/// How it stands.
#[derive(Clone, Copy)]
struct Hands {
    mode: ClockMode,
    /// What a clock that stands shows.
    still: Stamp,
    /// What is added to the ticks of a clock that runs.
    ahead: i64,
}

impl Face {
    pub(crate) fn new(base: Arc<dyn Clock>, mode: ClockMode) -> Self {
        let still = Stamp { at: base.now().0, tick: base.monotonic().0 };
        Self { base, hands: Mutex::new(Hands { mode, still, ahead: 0 }) }
    }

    pub(crate) fn mode(&self) -> ClockMode {
        self.lock().mode
    }

    pub(crate) fn read(&self) -> Stamp {
        self.seen(*self.lock())
    }

    /// Stops it where it is, or lets it run from the machine's time on.
    pub(crate) fn switch(&self, mode: ClockMode) {
        let mut hands = self.lock();
        let shown = self.seen(*hands);
        match mode {
            ClockMode::Manual => hands.still = shown,
            ClockMode::Real => hands.ahead = hands.ahead.max(shown.tick - self.base.monotonic().0),
        }
        hands.mode = mode;
    }

    /// Moves a clock that stands to a later time.
    pub(crate) fn move_to(&self, at: Time) -> Result<(), Unmoved> {
        let mut hands = self.lock();
        let by = at.0.saturating_sub(hands.still.at);
        match hands.mode {
            ClockMode::Real => Err(Unmoved::Runs),
            ClockMode::Manual if by < 0 => Err(Unmoved::Past),
            ClockMode::Manual => {
                let tick = hands.still.tick.saturating_add(by);
                hands.still = Stamp { at: at.0, tick };
                Ok(())
            }
        }
    }

    /// Moves a clock that stands on.
    pub(crate) fn advance(&self, by: TimeDelta) -> Result<(), Unmoved> {
        let at = Time(self.read().at) + by;
        self.move_to(at)
    }

    fn seen(&self, hands: Hands) -> Stamp {
        match hands.mode {
            ClockMode::Manual => hands.still,
            ClockMode::Real => Stamp { at: self.base.now().0, tick: self.base.monotonic().0 + hands.ahead },
        }
    }

    fn lock(&self) -> MutexGuard<'_, Hands> {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn ticks_never_go_back() {
        let base = Arc::new(ManualClock::new(Time(1_000)));
        let face = Face::new(base.clone(), ClockMode::Real);
        let shown = || (face.read().at, face.read().tick);
        base.advance(TimeDelta(5));
        assert_eq!((shown(), face.advance(TimeDelta(1))), ((1_005, 5), Err(Unmoved::Runs)));
        face.switch(ClockMode::Manual);
        base.advance(TimeDelta(10));
        assert_eq!(shown(), (1_005, 5));
        assert_eq!(face.advance(TimeDelta(100)), Ok(()));
        assert_eq!(face.move_to(Time(1_200)), Ok(()));
        assert_eq!((shown(), face.move_to(Time(1_199))), ((1_200, 200), Err(Unmoved::Past)));
        face.switch(ClockMode::Real);
        assert_eq!(shown(), (1_015, 200), "the machine's date, and ticks that go on");
        base.advance(TimeDelta(10));
        assert_eq!(shown(), (1_025, 210));
    }
}
