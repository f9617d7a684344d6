//! How much waits in each lane, and for how long.

use super::{Queue, run::Run};
use crate::model::{Time, TimeDelta};
use crate::outbox::ledger::{Counts, Lane, LedgerStatus};

/// The rows of one lane.
#[derive(Clone, Debug)]
pub struct Depth {
    /// The lane.
    pub lane: Lane,
    /// How many are in which state. Rows that were cancelled are left out.
    pub counts: Counts,
    /// How long the oldest row that could go now has been able to.
    pub lag: Option<TimeDelta>,
}

impl Queue {
    /// Every lane as it stands, the most urgent first.
    pub fn depths(&self, now: Time) -> Vec<Depth> {
        Lane::ALL.into_iter().map(|lane| self.depth(lane, now)).collect()
    }

    fn depth(&self, lane: Lane, now: Time) -> Depth {
        let of_lane = |run: &&Run| run.ledger.lane == lane && run.ledger.status != LedgerStatus::Preparing;
        let mut depth = Depth { lane, counts: Counts::default(), lag: None };
        for run in self.runs.values().filter(of_lane) {
            let mut counts = run.counts.clone();
            if run.ledger.status == LedgerStatus::Cancelled {
                (counts.queued, counts.retrying) = (0, 0);
                counts.deferred.clear();
            }
            depth.counts.add(&counts);
            depth.lag = depth.lag.max(run.ready_since(now).map(|since| now - since));
        }
        depth
    }
}
