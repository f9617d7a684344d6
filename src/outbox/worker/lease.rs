//! From the queue to durable leases: rows go through the gates until enough are
//! leased, and everything dirty goes to the store's writer, one transaction at
//! a time.

use super::amend::answer;
use super::files::UPLOADING;
use super::settle::{HOLD_KEY, HOLD_VERSION};
use super::{Commit, Event, Leased, MAX_LEASED, Worker};
use crate::model::{Time, TimeDelta, UserId};
use crate::outbox::handle::Armed;
use crate::outbox::ledger::{Cause, Lane, Ledger, Recall};
use crate::outbox::limiter::{Limiter, Pass};
use crate::outbox::prepare::{Ask, Prepared};
use crate::outbox::queue::{Candidate, Purse};
use crate::outbox::request::Order;
use crate::outbox::row::{FailureKind, SkipReason, State};
use crate::store::{StoreError, encode};
use std::collections::HashMap;
use std::sync::Arc;

/// Decisions taken in one pass before events are looked at again.
const DECISIONS_PER_PASS: usize = 1_000;

/// Leased beyond what is wanted, for rows that somebody waits for.
const URGENT_AHEAD: usize = 32;

/// When a ledger whose definition is gone is looked at again.
const LATER: TimeDelta = TimeDelta::seconds(5);

/// When a purse that may not be empty is looked into again.
const PURSE_WAIT: TimeDelta = TimeDelta::millis(100);

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

    fn decide(&mut self, mut candidate: Candidate, now: Time, monotonic: TimeDelta) -> Result<(), StoreError> {
        if let Some(state) = self.follow_first_part(&candidate)? {
            return self.settle(&candidate, state, now);
        }
        let Some(marketing) = self.queue.ledger(candidate.row.ledger).map(|ledger| ledger.marketing) else {
            return Ok(());
        };
        let outranked = match marketing.then(|| self.queue.outranked(&candidate)).transpose() {
            Ok(outranked) => outranked.unwrap_or(false),
            Err(error) => {
                self.queue.postpone(candidate.row, now);
                return Err(error);
            }
        };
        let Some(ledger) = self.queue.ledger(candidate.row.ledger) else { return Ok(()) };
        let (at, created, expires) = (ledger.since(now), ledger.created, ledger.expires);
        let order = order_of(ledger, candidate.target);
        let (lane, pass) = (ledger.lane, pass_of(ledger));
        let purse = self.queue.purse(candidate.row.ledger);
        if purse == Purse::Later {
            // what is under way may cost less than was set aside for it
            self.queue.postpone(candidate.row, now + PURSE_WAIT);
            return Ok(());
        }
        let Some(ledger) = self.queue.ledger(candidate.row.ledger) else { return Ok(()) };
        let prepared = match candidate.message.take() {
            _ if expires.is_some_and(|end| end <= now) => Prepared::Skip(SkipReason::Expired),
            Some(message) => Prepared::Send(Box::new(message)),
            None if matches!(order, Order::Delete(_)) => Prepared::Send(Box::default()),
            None => {
                let (row, user, part) = (candidate.row, UserId(candidate.user), candidate.part);
                self.prepare.prepare(&Ask { ledger, row, user, part, now, outranked })
            }
        };
        match prepared {
            Prepared::Send(_) if purse == Purse::Empty => {
                self.settle(&candidate, State::Skipped { at, reason: SkipReason::Budget }, now)
            }
            Prepared::Send(message) if order.sends() && self.awaits_upload(candidate.row, &message) => {
                self.queue.hold_ledger(candidate.row.ledger, now + UPLOADING);
                let state = State::Queued { due: at, attempts: candidate.attempts };
                self.settle(&candidate, state, now)
            }
            Prepared::Send(message) => {
                self.queue.lease(&candidate, monotonic)?;
                *self.busy.entry(candidate.chat).or_default() += 1;
                self.leasing.push(Leased {
                    candidate,
                    lane,
                    pass,
                    order,
                    message: Arc::new(*message),
                    by_address: false,
                });
                Ok(())
            }
            Prepared::Skip(reason) => self.settle(&candidate, State::Skipped { at, reason }, now),
            // nothing that waits beyond its end can be sent any more
            Prepared::Defer { until, .. } if expires.is_some_and(|end| end <= until) => {
                self.settle(&candidate, State::Skipped { at, reason: SkipReason::Expired }, now)
            }
            Prepared::Defer { until, why } => {
                let state = State::Deferred { until: until - created, attempts: candidate.attempts, why };
                self.settle(&candidate, state, now)
            }
            Prepared::Later => {
                self.queue.hold(candidate.row, now + LATER);
                Ok(())
            }
            Prepared::Trouble(error) => {
                self.queue.postpone(candidate.row, now);
                Err(error)
            }
        }
    }

    /// What becomes of a later part whose first part did not go out: it fails
    /// with it where nothing else says why, and counts against nobody twice.
    fn follow_first_part(&mut self, candidate: &Candidate) -> Result<Option<State>, StoreError> {
        if candidate.part == 0 {
            return Ok(None);
        }
        Ok(match self.queue.first_part(candidate.row)? {
            Some(State::Failed { at, failure }) => Some(match skipped_with(failure.kind) {
                Some(reason) => State::Skipped { at, reason },
                None => State::Failed { at, failure },
            }),
            Some(state @ State::Skipped { .. }) => Some(state),
            Some(
                State::Queued { .. }
                | State::Deferred { .. }
                | State::Leased { .. }
                | State::Sent { .. }
                | State::SentMany { .. }
                | State::InDoubt { .. },
            )
            | None => None,
        })
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

/// Why a later part is not sent if the first failed so; none if it fails too.
fn skipped_with(kind: FailureKind) -> Option<SkipReason> {
    match kind {
        FailureKind::Blocked => Some(SkipReason::Blocked),
        FailureKind::Deactivated => Some(SkipReason::Deactivated),
        FailureKind::NeedsStart => Some(SkipReason::NeedsStart),
        FailureKind::Content => Some(SkipReason::ContentError),
        FailureKind::Chat | FailureKind::Attempts | FailureKind::Gone => None,
    }
}

/// What a row of a ledger asks for.
fn order_of(ledger: &Ledger, target: Option<i32>) -> Order {
    match (&ledger.cause, target) {
        (Cause::Recall { how: Recall::Delete, .. }, Some(id)) => Order::Delete(id),
        (Cause::Recall { how: Recall::Edit, .. }, Some(id)) => Order::Edit(id),
        _ if ledger.paid.is_some() => Order::SendPaid,
        (Cause::Recall { .. } | Cause::Broadcast { .. } | Cause::Reply, _) => Order::Send,
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
