//! The outbox as a person wants to see it.

use super::{RATE_WINDOW, Worker};
use crate::model::{Text, TimeDelta};
use crate::outbox::handle::{OutboxStatus, RunStatus};
use crate::outbox::ledger::{Cause, Counts, Ledger, LedgerStatus};

impl Worker {
    pub(super) fn status(&self) -> OutboxStatus {
        let monotonic = self.clock.monotonic();
        let recent = self.confirmed.iter().filter(|at| **at + RATE_WINDOW >= monotonic).count();
        let span = self.confirmed.front().map_or(RATE_WINDOW, |first| (monotonic - *first).max(TimeDelta::seconds(1)));
        let mut status = OutboxStatus {
            rate: recent as f64 * 1_000.0 / span.min(RATE_WINDOW).0 as f64,
            held_ms: self.limiter.held(monotonic).map(|until| (until - monotonic).0),
            trouble: self.words_of_trouble(),
            too_many: self.too_many,
            limit: self.limiter.rate_now(monotonic),
            lanes: self.queue.depths(self.clock.now()),
            ..OutboxStatus::default()
        };
        let ready = |(ledger, _): &(&Ledger, &Counts)| ledger.status != LedgerStatus::Preparing;
        for (ledger, counts) in self.queue.ledgers().filter(ready) {
            match ledger.cause {
                Cause::Reply => status.replies_queued += counts.queued,
                Cause::Broadcast { .. } | Cause::Recall { .. } => {
                    status.runs.push(RunStatus { ledger: ledger.clone(), counts: counts.clone() });
                }
                Cause::Rule { .. } | Cause::Drip { .. } => {}
            }
        }
        status
    }

    fn words_of_trouble(&self) -> Option<Text> {
        let refused = || self.bot_refused.as_ref().map(|(_, words)| words.clone());
        let outage = || self.outage.is_on().then(|| Text::new("the Bot API does not answer", "Bot API не отвечает"));
        self.trouble.clone().or_else(refused).or_else(outage)
    }
}
