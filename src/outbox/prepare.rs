//! What the outbox asks of whoever knows the rules: whether a row may go out
//! now, and with which text.

use super::ledger::{Ledger, LedgerId, Particulars};
use super::notice::Notice;
use super::queue::Label;
use super::row::{RowId, SkipReason, State};
use crate::model::{Message, Time, UserId};
use crate::store::StoreError;

/// Decides about rows, and hears what became of them. Called on the outbox's
/// thread.
pub trait Prepare: Send {
    /// The decision for one row at the moment of leasing.
    fn prepare(&mut self, ask: &Ask<'_>) -> Prepared;

    /// A first part of marketing has another state: under way no longer. Gives
    /// the ledger of the message because of which its user blocked the bot, if
    /// that has turned out.
    fn settled(&mut self, settled: &Settled<'_>) -> Option<LedgerId> {
        let _ = settled;
        None
    }

    /// A first part of marketing that was in doubt since `at` is sent again.
    fn retried(&mut self, user: UserId, ledger: LedgerId, at: Time) {
        let _ = (user, ledger, at);
    }

    /// Something that people should know.
    fn noticed(&mut self, notice: Notice) {
        let _ = notice;
    }
}

/// A row whose turn has come.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The head of its ledger.
    pub ledger: &'a Ledger,
    /// Where it stands.
    pub row: RowId,
    /// Its recipient.
    pub user: UserId,
    /// Which part of the recipient's message, from 0.
    pub part: u8,
    /// The time.
    pub now: Time,
    /// Whether a row of greater priority waits for the same user.
    pub outranked: bool,
    /// What the row has of its own, if a rule or a drip sends it.
    pub particulars: Option<&'a Particulars>,
}

/// What [`Prepare`] decided.
#[derive(Clone, Debug, PartialEq)]
pub enum Prepared {
    /// Send this.
    Send(Box<Message>),
    /// Send this, or hold it back, as part of an experiment.
    Show(Box<Show>),
    /// Never send it.
    Skip(SkipReason),
    /// Ask again at a moment.
    Defer {
        /// That moment.
        until: Time,
        /// Which gate says so.
        why: SkipReason,
    },
    /// Ask again later: its definition is gone from the rulebook for now.
    Later,
    /// The store could not be read; the whole outbox pauses and tries again.
    Trouble(StoreError),
}

/// A message that has to do with experiments, past all gates.
#[derive(Clone, Debug, PartialEq)]
pub struct Show {
    /// The message; of a ghost why it is not sent.
    pub message: Result<Box<Message>, SkipReason>,
    /// What it shows.
    pub label: Label,
}

/// What became of a row that [`Prepare`] let go out, or did not.
#[derive(Clone, Copy, Debug)]
pub struct Settled<'a> {
    /// The head of its ledger.
    pub ledger: &'a Ledger,
    /// Where it stands.
    pub row: RowId,
    /// Its recipient.
    pub user: UserId,
    /// Its state now.
    pub state: &'a State,
    /// The time.
    pub now: Time,
}
