//! The share of the bot's limit that is in force: less after Telegram refused,
//! and slowly back.
//!
//! Additive increase, multiplicative decrease: of the linear controls it is the
//! one that several senders which share a limit nobody told them converge under
//! (Chiu and Jain, "Analysis of the Increase and Decrease Algorithms for
//! Congestion Avoidance in Computer Networks", 1989). While nothing is refused
//! the share is exactly one.

use crate::model::TimeDelta;

/// The share of the limit that is in force.
#[derive(Clone, Copy, Debug)]
pub struct Adaptive {
    /// The share at `since` …
    share: f64,
    /// … from when on it rises.
    since: TimeDelta,
}

/// What a refusal leaves of the rate.
const DECREASE: f64 = 0.7;

/// What comes back of the whole limit, and how often.
const INCREASE: f64 = 0.05;
const STEP: TimeDelta = TimeDelta::seconds(10);

impl Default for Adaptive {
    fn default() -> Self {
        Self { share: 1.0, since: TimeDelta(0) }
    }
}

impl Adaptive {
    /// The share in force.
    pub fn share(&self, now: TimeDelta) -> f64 {
        let steps = (now - self.since).0.max(0) as f64 / STEP.0 as f64;
        (self.share + INCREASE * steps).min(1.0)
    }

    /// The bot was refused: less from now on, though not below `floor`, and
    /// nothing comes back before `until`.
    pub fn cut(&mut self, floor: f64, until: TimeDelta, now: TimeDelta) {
        *self = Self { share: (self.share(now) * DECREASE).max(floor.min(1.0)), since: until.max(now) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_drops_by_a_share_and_comes_back_by_a_constant() {
        let at = TimeDelta::seconds;
        let mut adaptive = Adaptive::default();
        assert_eq!(adaptive.share(at(0)), 1.0);
        adaptive.cut(0.1, at(7), at(0));
        for (seconds, share) in [(0, 0.7), (7, 0.7), (17, 0.75), (37, 0.85), (67, 1.0), (100_000, 1.0)] {
            assert!((adaptive.share(at(seconds)) - share).abs() < 1e-9, "{seconds}");
        }
        adaptive.cut(0.1, at(18), at(17));
        assert!((adaptive.share(at(18)) - 0.525).abs() < 1e-9);
    }

    #[test]
    fn it_does_not_drop_below_the_floor() {
        for (floor, least) in [(1.0 / 30.0, 1.0 / 30.0), (5.0, 1.0)] {
            let mut adaptive = Adaptive::default();
            (0..50).for_each(|_| adaptive.cut(floor, TimeDelta(0), TimeDelta(0)));
            assert!((adaptive.share(TimeDelta(0)) - least).abs() < 1e-9);
        }
    }
}
