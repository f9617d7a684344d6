//! The clocks that processes run on; everything below takes time as an
//! argument or through [`Clock`].

use crate::model::{Clock, Time, TimeDelta};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The machine's clock, shifted by a fixed amount (zero for a live engine).
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
    shift: TimeDelta,
}

/// A clock that stands still until it is told to move: for tests and
/// simulations.
#[derive(Debug)]
pub struct ManualClock {
    start: Time,
    now: AtomicI64,
}

impl SystemClock {
    /// The machine's own time.
    pub fn new() -> Self {
        Self { start: Instant::now(), shift: TimeDelta(0) }
    }

    /// A clock that reads `at` now and then runs.
    pub fn starting_at(at: Time) -> Self {
        Self { start: Instant::now(), shift: at - machine_time() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Time {
        machine_time() + self.shift
    }

    fn monotonic(&self) -> TimeDelta {
        TimeDelta(i64::try_from(self.start.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}

impl ManualClock {
    /// A clock that reads `at`.
    pub fn new(at: Time) -> Self {
        Self { start: at, now: AtomicI64::new(at.0) }
    }

    /// Moves the clock on.
    pub fn advance(&self, by: TimeDelta) {
        self.now.fetch_add(by.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Time {
        Time(self.now.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> TimeDelta {
        self.now() - self.start
    }
}

fn machine_time() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
