//! When what is queued will have gone out: a forecast from the limits.
//!
//! Messages are taken as a fluid. The bot's rate goes to the most urgent lane;
//! within a lane to the greatest priority; among equals it is shared evenly,
//! except that none takes more than its own rate, and what it leaves goes to
//! the others. That is how turns are given (see the outbox), so the forecast is
//! as good as the counts and the rate are.

use crate::model::{Rate, Time};
use crate::outbox::{Counts, Lane, Ledger};
use std::cmp::Reverse;

/// Something that is going out, or would.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Work {
    /// Its lane.
    pub lane: Lane,
    /// Its priority in the lane; the greater goes first.
    pub priority: i32,
    /// Messages left.
    pub left: f64,
    /// Its own limit in messages a second, if it has one.
    pub own: Option<f64>,
    /// Seconds until it may begin.
    pub opens: f64,
}

impl Work {
    /// What is left of a run at `now`.
    pub(super) fn of(ledger: &Ledger, counts: &Counts, now: Time) -> Self {
        Self {
            lane: ledger.lane,
            priority: ledger.priority,
            left: f64::from(counts.queued + counts.leased),
            own: ledger.own_rate().map(Rate::hertz),
            opens: ledger.opens_in(now).map_or(0.0, |wait| wait.0 as f64 / 1_000.0),
        }
    }
}

/// For each work the seconds after which it is done, at `rate` messages a
/// second; absent: never.
pub fn forecast(works: &[Work], rate: f64) -> Vec<Option<f64>> {
    let mut left: Vec<f64> = works.iter().map(|work| work.left.max(0.0)).collect();
    let mut done: Vec<Option<f64>> = left.iter().map(|left| (*left == 0.0).then_some(0.0)).collect();
    let mut now = 0.0;
    // each step ends a work or opens one
    for _ in 0..2 * works.len() {
        let shares = shares(works, &left, now, rate);
        let ends = left.iter().zip(&shares).filter(|(_, share)| **share > 0.0).map(|(left, share)| left / share);
        let waits = works.iter().zip(&left).filter(|(work, left)| **left > 0.0 && work.opens > now);
        let opens = waits.map(|(work, _)| work.opens - now);
        let Some(step) = ends.chain(opens).reduce(f64::min) else { break };
        now += step;
        for (place, share) in shares.iter().enumerate() {
            left[place] = (left[place] - share * step).max(0.0);
            if *share > 0.0 && left[place] < 1e-6 {
                left[place] = 0.0;
                done[place].get_or_insert(now);
            }
        }
    }
    done
}

/// Messages a second for each work at a moment.
fn shares(works: &[Work], left: &[f64], now: f64, rate: f64) -> Vec<f64> {
    let mut shares = vec![0.0; works.len()];
    let mut open: Vec<usize> = (0..works.len()).filter(|i| left[*i] > 0.0 && works[*i].opens <= now).collect();
    let rank = |i: usize| (works[i].lane, Reverse(works[i].priority));
    // the slowest first, so that what it leaves goes to the others
    let own = |i: usize| works[i].own.unwrap_or(f64::INFINITY);
    open.sort_by(|a, b| rank(*a).cmp(&rank(*b)).then(own(*a).total_cmp(&own(*b))));
    let mut free = rate;
    for equals in open.chunk_by(|a, b| rank(*a) == rank(*b)) {
        for (served, work) in equals.iter().enumerate() {
            let share = (free / (equals.len() - served) as f64).min(own(*work));
            shares[*work] = share;
            free -= share;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(left: f64) -> Work {
        Work { lane: Lane::Broadcast, priority: 0, left, own: None, opens: 0.0 }
    }

    fn seconds(works: &[Work], rate: f64) -> Vec<Option<i64>> {
        forecast(works, rate).into_iter().map(|at| at.map(|at| at.round() as i64)).collect()
    }

    #[test]
    fn alone_it_takes_what_the_limit_says() {
        assert_eq!(seconds(&[work(41_902.0)], 30.0), [Some(1_397)]);
        assert_eq!(seconds(&[Work { own: Some(20.0), ..work(1_000.0) }], 30.0), [Some(50)]);
        assert_eq!(seconds(&[work(0.0)], 30.0), [Some(0)]);
        assert_eq!(seconds(&[work(5.0)], 0.0), [None]);
        assert_eq!(seconds(&[], 30.0), [] as [Option<i64>; 0]);
    }

    #[test]
    fn equals_share_and_what_one_leaves_goes_to_the_others() {
        assert_eq!(seconds(&[work(300.0), work(600.0)], 30.0), [Some(20), Some(30)]);
        let slow = Work { own: Some(5.0), ..work(300.0) };
        assert_eq!(seconds(&[slow, work(600.0)], 30.0), [Some(60), Some(24)]);
    }

    #[test]
    fn the_urgent_go_first_and_the_later_wait() {
        let urgent = Work { lane: Lane::Transactional, ..work(300.0) };
        assert_eq!(seconds(&[work(300.0), urgent], 30.0), [Some(20), Some(10)]);
        let first = Work { priority: 1, own: Some(10.0), ..work(100.0) };
        assert_eq!(seconds(&[work(300.0), first], 30.0), [Some(13), Some(10)]);
        let later = Work { opens: 5.0, ..work(300.0) };
        assert_eq!(seconds(&[work(300.0), later], 30.0), [Some(15), Some(20)]);
    }
}
