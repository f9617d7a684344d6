//! How many rows of a ledger are in which state.

use super::Ledger;
use super::chunk::read_states;
use crate::outbox::row::{FailureKind, SkipReason, State};
use crate::store::{Store, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many rows are in which state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Wait for their turn (of a cancelled ledger: were cancelled).
    pub queued: u32,
    /// Under way.
    pub leased: u32,
    /// Confirmed by Telegram.
    pub sent: u32,
    /// May or may not have arrived.
    pub in_doubt: u32,
    /// Waiting for another attempt (they are queued as well).
    pub retrying: u32,
    /// Waiting for a moment that a gate named, by gate (they are queued as
    /// well).
    pub deferred: BTreeMap<SkipReason, u32>,
    /// Refused, by kind.
    pub failed: BTreeMap<FailureKind, u32>,
    /// Not sent because a gate said no, by reason.
    pub skipped: BTreeMap<SkipReason, u32>,
}

impl Counts {
    /// Adds or removes one row in `state`.
    pub fn note(&mut self, state: &State, by: i32) {
        let slot = match state {
            State::Queued { attempts, .. } => {
                if *attempts > 0 {
                    self.retrying = self.retrying.saturating_add_signed(by);
                }
                &mut self.queued
            }
            State::Deferred { why, .. } => {
                let deferred = self.deferred.entry(*why).or_default();
                *deferred = deferred.saturating_add_signed(by);
                if *deferred == 0 {
                    self.deferred.remove(why);
                }
                &mut self.queued
            }
            State::Leased { .. } => &mut self.leased,
            State::Sent { .. } | State::SentMany { .. } => &mut self.sent,
            State::Failed { failure, .. } => self.failed.entry(failure.kind).or_default(),
            State::InDoubt { .. } => &mut self.in_doubt,
            State::Skipped { reason, .. } => self.skipped.entry(*reason).or_default(),
        };
        *slot = slot.saturating_add_signed(by);
    }

    /// Adds all that others count.
    pub fn add(&mut self, other: &Self) {
        self.queued += other.queued;
        self.leased += other.leased;
        self.sent += other.sent;
        self.in_doubt += other.in_doubt;
        self.retrying += other.retrying;
        other.deferred.iter().for_each(|(why, n)| *self.deferred.entry(*why).or_default() += n);
        other.failed.iter().for_each(|(kind, n)| *self.failed.entry(*kind).or_default() += n);
        other.skipped.iter().for_each(|(why, n)| *self.skipped.entry(*why).or_default() += n);
    }

    /// Rows of which nothing more will come by themselves.
    pub fn is_done(&self) -> bool {
        self.queued == 0 && self.leased == 0
    }

    /// All refused rows.
    pub fn failed_total(&self) -> u32 {
        self.failed.values().sum()
    }

    /// All rows that a gate stopped.
    pub fn skipped_total(&self) -> u32 {
        self.skipped.values().sum()
    }

    /// Counts the rows of a ledger as they stand in the store.
    pub fn read(store: &dyn Store, ledger: &Ledger) -> Result<Self, StoreError> {
        if let Some(summary) = &ledger.summary {
            return Ok(summary.clone());
        }
        let mut counts = Self::default();
        for chunk in 0..ledger.chunks() {
            for state in read_states(store, ledger.id, chunk)? {
                counts.note(&state, 1);
            }
        }
        Ok(counts)
    }
}
