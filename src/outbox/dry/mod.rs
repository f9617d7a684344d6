//! The outbox without its thread, Telegram and limits, for tests of rules and
//! for simulations: the same queue and the same gates, with the time passed in
//! and every message that passes them delivered at once.
//!
//! What it does depends on the store and on the moments that it is told, and on
//! nothing else. It writes nothing itself: each turn gives a transaction, which
//! has to be committed before the next call.

#[cfg(test)]
mod tests;

use super::ledger::{Cause, Counts, Lane, Ledger};
use super::limiter::Price;
use super::prepare::Prepare;
use super::queue::{Candidate, Queue};
use super::row::{RowId, SkipReason, State};
use super::verdict::{Verdict, judge, settle};
use crate::model::{Message, Time, TimeDelta, UserId};
use crate::store::{Store, StoreError, Transaction};
use jiff::tz::TimeZone;
use std::sync::Arc;

/// An outbox that delivers nothing.
pub struct Dry {
    queue: Queue,
    prepare: Box<dyn Prepare>,
    skipped: Vec<Unsent>,
    held: Vec<Held>,
    /// The id of the last message, as Telegram would count.
    message: i32,
}

/// A message that would have gone out.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// Where its row stands.
    pub row: RowId,
    /// To whom; of a reply, the chat.
    pub user: UserId,
    /// Why.
    pub cause: Cause,
    /// Its template, if it has one.
    pub template: Option<String>,
    /// Which part of the recipient's message, from 0.
    pub part: u8,
    /// The id that its row has for it.
    pub id: i32,
    /// The message.
    pub message: Message,
}

/// A message that a gate stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// Who does not get it.
    pub user: UserId,
    /// Why it was to be sent.
    pub cause: Cause,
    /// Its template, if it has one.
    pub template: Option<String>,
    /// Which gate.
    pub reason: SkipReason,
}

/// A message that a gate has wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Which, and the gate.
    pub message: Unsent,
    /// Until when.
    pub until: Time,
}

impl Dry {
    /// Reads the outbox from the store. Days are those of `zone`.
    pub fn open(
        store: Arc<dyn Store>,
        prepare: Box<dyn Prepare>,
        zone: TimeZone,
        now: Time,
    ) -> Result<Self, StoreError> {
        let (mut queue, _) = Queue::open(store, now)?;
        queue.set_zone(zone);
        Ok(Self { queue, prepare, skipped: Vec::new(), held: Vec::new(), message: 0 })
    }

    /// Makes rows of all postings in the store; the next turn's transaction
    /// holds them.
    pub fn take_up(&mut self, now: Time) -> Result<(), StoreError> {
        self.queue.posted();
        let taken = self.queue.take_up(now, usize::MAX)?;
        let unsent = |(user, cause, template, reason)| Unsent { user, cause, template: Some(template), reason };
        self.skipped.extend(taken.refused.into_iter().map(unsent));
        Ok(())
    }

    /// Takes up a ledger whose head and rows are in the store, in these states.
    pub fn add(&mut self, ledger: Ledger, counts: Counts) {
        self.queue.add(ledger, counts);
    }

    /// Looks again at rows that wait for the rulebook.
    pub fn wake(&mut self) {
        self.queue.wake();
        self.queue.forgive_posted();
    }

    /// Asks the gates about at most so many rows that are ready, the most
    /// urgent first. Gives what goes out, and what has to be committed.
    pub fn turn(&mut self, now: Time, at_most: usize) -> Result<(Vec<Sent>, Transaction), StoreError> {
        let mut sent = Vec::new();
        for _ in 0..at_most {
            let Some(candidate) = self.queue.next(Lane::Broadcast, now, monotonic(now), &|_| None)? else { break };
            sent.extend(self.carry_out(candidate, now)?);
        }
        for notice in self.queue.take_notices() {
            self.prepare.noticed(notice);
        }
        let (transaction, written) = self.queue.transaction()?;
        self.queue.written(&written);
        Ok((sent, transaction))
    }

    /// What gates stopped since the last call, oldest first.
    pub fn skipped(&mut self) -> Vec<Unsent> {
        std::mem::take(&mut self.skipped)
    }

    /// What gates had wait since the last call, oldest first.
    pub fn held(&mut self) -> Vec<Held> {
        std::mem::take(&mut self.held)
    }

    /// When the next row is ready; nothing if none waits.
    pub fn next_ready(&self, now: Time) -> Option<Time> {
        let moment = self.queue.next_moment(Lane::Broadcast, now, monotonic(now))?;
        Some(Time(moment.0).max(now))
    }

    /// Every ledger with its counts, oldest first.
    pub fn ledgers(&self) -> impl Iterator<Item = (&Ledger, &Counts)> {
        self.queue.ledgers()
    }

    fn carry_out(&mut self, mut candidate: Candidate, now: Time) -> Result<Option<Sent>, StoreError> {
        let row = candidate.row;
        match judge(&mut self.queue, &mut *self.prepare, &mut candidate, now)? {
            Verdict::Send(message) => return self.deliver(&candidate, *message, now).map(Some),
            Verdict::Settle(state) => {
                self.note_stop(&candidate, &state);
                settle(&mut self.queue, &mut *self.prepare, &candidate, state, now)?;
            }
            Verdict::Postpone(until) => self.queue.postpone(row, until),
            Verdict::Hold(until) => self.queue.hold(row, until),
            Verdict::Gone => {}
        }
        Ok(None)
    }

    fn deliver(&mut self, candidate: &Candidate, message: Message, now: Time) -> Result<Sent, StoreError> {
        self.queue.lease(candidate, monotonic(now))?;
        self.queue.expose(candidate.row, candidate.user, now);
        self.message += 1;
        let (cause, template, at) = self.about(candidate.row, now);
        let state = State::Sent { at, message: self.message };
        self.queue.pay(candidate.row.ledger, Price::Free, &state);
        settle(&mut self.queue, &mut *self.prepare, candidate, state, now)?;
        let Candidate { row, user, part, .. } = *candidate;
        Ok(Sent { row, user: UserId(user), cause, template, part, id: self.message, message })
    }

    fn note_stop(&mut self, candidate: &Candidate, state: &State) {
        let (reason, until) = match state {
            _ if candidate.part > 0 => return,
            State::Skipped { reason, .. } => (*reason, None),
            State::Deferred { why, until, .. } => (*why, Some(*until)),
            State::Queued { .. }
            | State::Leased { .. }
            | State::Sent { .. }
            | State::SentMany { .. }
            | State::Failed { .. }
            | State::InDoubt { .. } => return,
        };
        // the moment is counted from the making of the ledger
        let (cause, template, until_made) = self.about(candidate.row, Time(0));
        let message = Unsent { user: UserId(candidate.user), cause, template, reason };
        match until {
            Some(until) => self.held.push(Held { message, until: Time(0) + (until - until_made) }),
            None => self.skipped.push(message),
        }
    }

    fn about(&self, row: RowId, now: Time) -> (Cause, Option<String>, TimeDelta) {
        let ledger = self.queue.ledger(row.ledger);
        ledger.map_or((Cause::Reply, None, TimeDelta(0)), |ledger| {
            (ledger.cause.clone(), self.queue.template_of(row).map(str::to_owned), ledger.since(now))
        })
    }
}

/// Nobody sets this clock: it is as good as a monotonic one.
fn monotonic(now: Time) -> TimeDelta {
    TimeDelta(now.0)
}
