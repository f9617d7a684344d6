//! What the outbox wants people to hear of: it has no words of its own and
//! writes to nobody, it tells whoever prepares its messages.

use super::ledger::{Counts, Ledger, Tried};
use crate::model::TimeDelta;

/// Something that the admins should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A ledger paused by itself; its status says why.
    Paused {
        /// The ledger.
        ledger: Box<Ledger>,
        /// What its messages had come to.
        tried: Tried,
    },
    /// The first rows are done; the others go when the hold is over.
    CanaryDone {
        /// The ledger.
        ledger: Box<Ledger>,
        /// Its rows by state.
        counts: Counts,
    },
    /// A ledger is over; its head has the counts.
    Ended {
        /// The ledger.
        ledger: Box<Ledger>,
    },
    /// Telegram told the bot to wait for longer than a minute.
    LongWait {
        /// How long.
        retry_after: TimeDelta,
    },
}
