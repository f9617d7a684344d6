//! The latest grants under one rate.
//!
//! A rate of `n` per period holds in *every* window of that length: the n-th
//! grant back must be at least a period old. So a grant that comes late moves
//! its place in every later period; nothing can make that good, and the time
//! lost is the mean lateness of one wake-up in each period.

use crate::model::{Rate, TimeDelta};
use std::collections::VecDeque;

/// The latest grants under one rate.
#[derive(Clone, Debug, Default)]
pub struct Window {
    grants: VecDeque<TimeDelta>,
    /// When an even pace allows the next grant.
    pace: f64,
}

/// Added to each period. A clock that counts whole milliseconds may make two
/// grants look one further apart than they are; the other is for messages that
/// leave evenly and arrive a little bunched.
pub(super) const GUARD: TimeDelta = TimeDelta::millis(2);

/// How far behind its even pace a window may be and still catch up.
const SLACK: TimeDelta = TimeDelta::millis(100);

impl Window {
    /// When the next grant under `rate` is allowed.
    pub fn ready(&self, rate: Rate, now: TimeDelta) -> TimeDelta {
        let count = rate.count.max(1) as usize;
        match self.grants.len().checked_sub(count).and_then(|i| self.grants.get(i)) {
            Some(oldest) => *oldest + rate.per + GUARD,
            None => now,
        }
    }

    /// When so many grants at once are allowed; more than `rate` has at all need
    /// all of it.
    pub(super) fn ready_for(&self, messages: u32, rate: Rate, now: TimeDelta) -> TimeDelta {
        let count = rate.count.max(1);
        let free = count - messages.clamp(1, count);
        match self.grants.len().checked_sub(free as usize + 1).and_then(|i| self.grants.get(i)) {
            Some(oldest) => *oldest + rate.per + GUARD,
            None => now,
        }
    }

    /// Notes a grant.
    pub fn take(&mut self, rate: Rate, now: TimeDelta) {
        self.note(rate.count, now);
        self.step(rate, 1.0, now);
    }

    /// Moves the pace by a grant, at a `share` of the rate.
    pub(super) fn step(&mut self, rate: Rate, share: f64, now: TimeDelta) {
        self.pace = self.pace.max((now - SLACK).0 as f64) + interval(rate, share);
    }

    /// Notes a grant, keeping the latest `most`.
    pub(super) fn note(&mut self, most: u32, now: TimeDelta) {
        while self.grants.len() >= most.max(1) as usize {
            self.grants.pop_front();
        }
        self.grants.push_back(now);
    }

    /// When an even pace allows the next grant, `early` grants ahead of it.
    pub(super) fn paced(&self, rate: Rate, share: f64, early: u32) -> TimeDelta {
        TimeDelta((self.pace - f64::from(early) * interval(rate, share)).floor() as i64)
    }

    /// Forgets the pace, not the grants.
    pub(super) fn forget_pace(&mut self) {
        self.pace = 0.0;
    }

    /// How many grants are later than `since`.
    pub(super) fn later_than(&self, since: TimeDelta) -> usize {
        self.grants.len() - self.grants.partition_point(|at| *at <= since)
    }

    /// The last grant.
    pub(super) fn last(&self) -> Option<TimeDelta> {
        self.grants.back().copied()
    }
}

fn interval(rate: Rate, share: f64) -> f64 {
    rate.per.0 as f64 / (f64::from(rate.count.max(1)) * share)
}
