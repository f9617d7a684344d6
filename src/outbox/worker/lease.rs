//! From the queue to durable leases: rows go through the gates until enough are
//! leased, and everything dirty goes to the store's writer, one transaction at
//! a time.

use super::amend::answer;
use super::files::UPLOADING;
use super::settle::{HOLD_KEY, HOLD_VERSION};
use super::{Commit, Event, Leased, MAX_LEASED, Worker};
use crate::model::{Message, Time, TimeDelta};
use crate::outbox::handle::Armed;
use crate::outbox::ledger::{Lane, Ledger};
use crate::outbox::limiter::{Limiter, Pass};
use crate::outbox::queue::Candidate;
use crate::outbox::row::State;
use crate::outbox::verdict::{Verdict, judge, order_of};
use crate::store::{StoreError, encode};
use std::collections::HashMap;
use std::sync::Arc;

/// Decisions taken in one pass before events are looked at again.
const DECISIONS_PER_PASS: usize = 1_000;

/// Leased beyond what is wanted, for rows that somebody waits for.
const URGENT_AHEAD: usize = 32;

/// Postings that become rows in one pass, or a few more.
const POSTINGS_PER_PASS: usize = 5_000;

impl Worker {
    /// Takes rows from the queue until enough are leased.
    pub(super) fn lease(&mut self) -> Result<(), StoreError> {
        if self.stopping.is_some() || self.is_held() {
            return self.release_all();
        }
        // one moment for all, or a chat's second message might become ready
        // between the looks at its first and at itself
        let (now, monotonic) = (self.clock.now(), self.clock.monotonic());
        for _ in 0..DECISIONS_PER_PASS {
            let Some(lowest) = self.lowest_lane() else { break };
            let (busy, limiter) = (&self.busy, &self.limiter);
            let blocked = |chat| chat_blocked(busy, limiter, chat, monotonic);
            let Some(candidate) = self.queue.next(lowest, now, monotonic, &blocked)? else { break };
            self.decide(candidate, now, monotonic)?;
        }
        Ok(())
    }

    /// The least urgent lane that may lease a row now. What somebody waits for
    /// finds room where bulk does not.
    pub(super) fn lowest_lane(&self) -> Option<Lane> {
        let (leased, wanted) = (self.leased(), self.wanted());
        let lowest = match leased {
            _ if leased < wanted => Lane::Broadcast,
            _ if leased < (wanted + URGENT_AHEAD).min(MAX_LEASED) && !self.outage.is_on() => Lane::Transactional,
            _ => return None,
        };
        match self.armed {
            Armed::Yes => Some(lowest),
            Armed::RepliesOnly => Some(Lane::Reply),
            Armed::No => None,
        }
    }

    /// Makes rows of what rules posted, some at a time, and not before those
    /// of the last time are durable: what is in memory stays small.
    pub(super) fn take_up(&mut self) -> Result<(), StoreError> {
        if self.committing.is_some() || self.stopping.is_some() {
            return Ok(());
        }
        self.queue.take_up(self.clock.now(), POSTINGS_PER_PASS).map(drop)
    }

    fn decide(&mut self, mut candidate: Candidate, now: Time, monotonic: TimeDelta) -> Result<(), StoreError> {
        let row = candidate.row;
        match judge(&mut self.queue, &mut *self.prepare, &mut candidate, now)? {
            Verdict::Send(message) => self.take_lease(candidate, *message, now, monotonic),
            Verdict::Settle(state) => self.settle(&candidate, state, now),
            Verdict::Postpone(until) => {
                self.queue.postpone(row, until);
                Ok(())
            }
            Verdict::Hold(until) => {
                self.queue.hold(row, until);
                Ok(())
            }
            Verdict::Gone => Ok(()),
        }
    }

    /// Leases a row that may go out, unless another uploads its file.
    fn take_lease(
        &mut self,
        candidate: Candidate,
        message: Message,
        now: Time,
        monotonic: TimeDelta,
    ) -> Result<(), StoreError> {
        let Some(ledger) = self.queue.ledger(candidate.row.ledger) else { return Ok(()) };
        let (order, lane, pass) = (order_of(ledger, candidate.target), ledger.lane, pass_of(ledger));
        let at = ledger.since(now);
        if order.sends() && self.awaits_upload(candidate.row, &message) {
            self.queue.hold_ledger(candidate.row.ledger, now + UPLOADING);
            let state = State::Queued { due: at, attempts: candidate.attempts };
            return self.settle(&candidate, state, now);
        }
        self.queue.lease(&candidate, monotonic)?;
        self.queue.expose(candidate.row, candidate.user, now);
        *self.busy.entry(candidate.chat).or_default() += 1;
        self.leasing.push(Leased { candidate, lane, pass, order, message: Arc::new(message), by_address: false });
        Ok(())
    }

    /// Hands everything dirty to the writer, one transaction at a time.
    pub(super) fn commit(&mut self) {
        if self.committing.is_some() || self.retry_store_at.is_some() {
            return;
        }
        let hold = self.hold_dirty.take();
        let mut flushes = std::mem::take(&mut self.flushes);
        if !self.queue.is_dirty() && hold.is_none() {
            answer(&mut flushes, true);
            return;
        }
        match self.queue.transaction() {
            Ok((mut transaction, written)) => {
                if let Some(hold) = hold
                    && let Ok(bytes) = encode(HOLD_VERSION, &hold)
                {
                    transaction.batch.put(HOLD_KEY, bytes);
                }
                self.committing = Some(Commit { written, leased: std::mem::take(&mut self.leasing), hold, flushes });
                let events = self.events.clone();
                self.writer.submit(transaction, move |result| {
                    let _ = events.send(Event::Committed(result.map(|_| ())));
                });
            }
            Err(error) => {
                self.hold_dirty = hold;
                self.flushes = flushes;
                let released = self.release_all();
                self.note_store(released.and(Err(error)));
            }
        }
    }

    pub(super) fn committed(&mut self, result: Result<(), StoreError>) -> Result<(), StoreError> {
        let Some(mut commit) = self.committing.take() else { return Ok(()) };
        answer(&mut commit.flushes, result.is_ok());
        match result {
            Ok(()) => {
                self.queue.written(&commit.written);
                self.pool.extend(commit.leased);
                self.trouble = None;
                self.release_stopped()
            }
            Err(error) => {
                if let StoreError::Damaged { .. } = error {
                    // only a change of a profile reads a record: one that is
                    // damaged must not keep every outcome from being written
                    commit.written.drop_patches();
                }
                self.queue.not_written(commit.written);
                self.leasing.extend(commit.leased);
                self.hold_dirty = self.hold_dirty.take().or(commit.hold);
                self.release_all().and(Err(error))
            }
        }
    }
}

/// As what the rows of a ledger pass the limits.
fn pass_of(ledger: &Ledger) -> Pass {
    match ledger.lane {
        Lane::Reply | Lane::Transactional => Pass::Urgent,
        Lane::Rule | Lane::Broadcast if ledger.paid.is_some() => Pass::Paid,
        Lane::Rule | Lane::Broadcast => Pass::Bulk,
    }
}

/// For how long a chat must wait: another of its messages is under way, or its
/// own limit holds.
fn chat_blocked(busy: &HashMap<i64, u32>, limiter: &Limiter, chat: i64, now: TimeDelta) -> Option<TimeDelta> {
    let wait = limiter.chat_ready(chat, now) - now;
    match busy.contains_key(&chat) {
        true => Some(wait.max(TimeDelta::millis(50))),
        false => (wait.0 > 0).then_some(wait),
    }
}
