//! What becomes of a lease: the answer's meaning for its row, the waits that
//! answers call for, and how a lease is given back unused.

use super::{Leased, Worker};
use crate::model::{Event, Patch, Reach, Text, Time, TimeDelta, UserId};
use crate::outbox::answer::{Answer, Doubt, Refusal};
use crate::outbox::arrived::delivery_id;
use crate::outbox::backoff::{self, MAX_ATTEMPTS};
use crate::outbox::handle::Armed;
use crate::outbox::ledger::{Cause, InDoubtPolicy, Lane, Ledger, LedgerStatus};
use crate::outbox::limiter::Price;
use crate::outbox::notice::Notice;
use crate::outbox::queue::Candidate;
use crate::outbox::row::{Failure, FailureKind, RESENT, RowId, State, tries};
use crate::outbox::tally::Outcome;
use crate::outbox::verdict;
use crate::store::{StoreError, decode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a 429 asked for, kept over a restart. Both ends, so that a clock that
/// is set back does not make the wait longer.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Hold {
    from: Time,
    until: Time,
}

/// How long a refused token is left alone.
const TOKEN_RETRY: TimeDelta = TimeDelta::seconds(30);

/// A longer wait is worth telling people.
const ALARM: TimeDelta = TimeDelta::seconds(60);

/// Where the hold stands.
pub(super) const HOLD_KEY: &[u8] = b"h";
pub(super) const HOLD_VERSION: u8 = 2;

impl Worker {
    pub(super) fn answered(&mut self, row: RowId, answer: Answer) -> Result<(), StoreError> {
        let Some(flying) = self.in_flight.remove(&row) else { return Ok(()) };
        let Candidate { chat, attempts, .. } = flying.leased.candidate;
        let (now, monotonic) = (self.clock.now(), self.clock.monotonic());
        self.note_answer(chat, &answer, monotonic);
        self.queue.count(row.ledger, now, Outcome::Took(monotonic - flying.asked));
        self.note_files(&flying, &answer);
        let again = self.refuses_ids(&flying, &answer);
        if again && self.turned_to_addresses(&flying) {
            return self.release_stopped();
        }
        self.leave(chat);
        let Some(ledger) = self.queue.ledger(row.ledger) else { return Ok(()) };
        let (at, cause) = (ledger.since(now), ledger.cause.clone());
        let state = match answer {
            Answer::Delivered { messages, .. } => {
                self.note_confirmed(monotonic);
                self.limiter.delivered(chat);
                self.bot_refused = None;
                match messages.as_slice() {
                    [message] => State::Sent { at, message: *message },
                    _ => State::SentMany { at, messages },
                }
            }
            Answer::Refused(refusal) if refusal.is_done_already(flying.leased.order) => State::Sent { at, message: 0 },
            Answer::Refused(_) if again => State::Queued { due: at, attempts },
            Answer::Wait { retry_after } => {
                self.hold(chat, retry_after, now, monotonic);
                State::Queued { due: at + retry_after, attempts }
            }
            Answer::Undelivered { .. } if self.outage.is_on() => {
                State::Queued { due: at + backoff::delay(row, tries(attempts) + 1), attempts }
            }
            Answer::Undelivered { why } => retry(row, attempts, at, &why),
            Answer::Unknown(why) => self.doubted(row, at, attempts, why),
            Answer::Refused(refusal) => self.refused(row, chat, at, attempts, refusal),
        };
        if let (Cause::Reply, State::Failed { failure, .. }) = (&cause, &state) {
            tracing::warn!(chat, kind = failure.kind.as_str(), text = %failure.text, "a reply was refused");
        }
        self.queue.pay(row.ledger, flying.price, &state);
        self.settle(&flying.leased.candidate, state, now)?;
        match self.queue.ledger(row.ledger).is_some_and(|ledger| ledger.status != LedgerStatus::Running) {
            true => self.release_stopped(),
            false => Ok(()),
        }
    }

    /// Where work was left, another process may have sent within this second.
    pub(in crate::outbox) fn follow_on(&mut self) {
        if self.queue.ledgers().any(|(ledger, _)| ledger.status == LedgerStatus::Running) {
            self.limiter.use_up(self.clock.monotonic());
        }
    }

    pub(in crate::outbox) fn restore_hold(&mut self, now: Time) -> Result<(), StoreError> {
        let Some(bytes) = self.queue.store().get(HOLD_KEY)? else { return Ok(()) };
        match decode::<Hold>(HOLD_VERSION, &bytes, "the wait that Telegram asked for") {
            Ok(Hold { from, until }) => {
                let left = (until - now).min(until - from);
                self.limiter.hold(self.clock.monotonic() + left);
            }
            Err(error) => tracing::warn!(%error, "sending goes on at once"),
        }
        Ok(())
    }

    /// Gives a row the state to which its turn has come.
    pub(super) fn settle(&mut self, candidate: &Candidate, state: State, now: Time) -> Result<(), StoreError> {
        verdict::settle(&mut self.queue, &mut *self.prepare, candidate, state, now)
    }

    /// Puts back what was leased of a ledger that was paused meanwhile, or of a
    /// lane that is held.
    pub(super) fn release_stopped(&mut self) -> Result<(), StoreError> {
        let may_go = |ledger: &Ledger| match self.armed {
            Armed::Yes => ledger.status == LedgerStatus::Running,
            Armed::RepliesOnly => ledger.status == LedgerStatus::Running && ledger.lane == Lane::Reply,
            Armed::No => false,
        };
        let running = |id| self.queue.ledger(id).is_some_and(may_go);
        let ledgers = self.pool.iter().map(|leased| leased.candidate.row.ledger);
        let stopped: BTreeSet<_> = ledgers.filter(|id| !running(*id)).collect();
        match stopped.is_empty() {
            true => Ok(()),
            false => self.release(|leased| stopped.contains(&leased.candidate.row.ledger)),
        }
    }

    /// Puts every lease whose request was not written back into the queue.
    pub(super) fn release_all(&mut self) -> Result<(), StoreError> {
        self.release(|_| true)
    }

    fn note_answer(&mut self, chat: i64, answer: &Answer, monotonic: TimeDelta) {
        match answer {
            Answer::Delivered { .. } | Answer::Wait { .. } | Answer::Refused(_) => self.outage.answered(),
            Answer::Unknown(Doubt::Restart) => {}
            Answer::Undelivered { .. } | Answer::Unknown(_) => {
                if let Some(pause) = self.outage.unanswered(chat, monotonic) {
                    let seconds = pause.0 / 1_000;
                    tracing::warn!(?answer, seconds, "the Bot API does not answer; everything waits");
                }
            }
        }
    }

    fn note_confirmed(&mut self, monotonic: TimeDelta) {
        self.confirmed.push_back(monotonic);
        while self.confirmed.front().is_some_and(|at| *at + super::RATE_WINDOW < monotonic) {
            self.confirmed.pop_front();
        }
    }

    fn doubted(&self, row: RowId, at: TimeDelta, attempts: u8, why: Doubt) -> State {
        use InDoubtPolicy::{Resend, Skip};
        match self.queue.ledger(row.ledger).map_or(Skip, |ledger| ledger.in_doubt) {
            Resend if attempts < RESENT && attempts + 1 < MAX_ATTEMPTS => {
                retry(row, attempts | RESENT, at, "no whole answer")
            }
            Skip | Resend => State::InDoubt { at, why },
        }
    }

    fn refused(&mut self, row: RowId, chat: i64, at: TimeDelta, attempts: u8, refusal: Refusal) -> State {
        let failed = |kind, text: &str| State::Failed { at, failure: Failure::new(kind, text) };
        match refusal {
            Refusal::Unreachable { reach, text } => {
                if chat > 0 {
                    self.queue.patch(UserId(chat), Patch::reach(reach));
                }
                if reach == Reach::Blocked && chat > 0 {
                    self.queue.tell(blocked_event(row, chat, self.clock.now()));
                }
                tracing::debug!(chat, %text, "a user cannot be reached");
                failed(unreachable_kind(reach), "")
            }
            Refusal::Content { text } | Refusal::File { text } => failed(FailureKind::Content, &text),
            Refusal::Chat { text } => failed(FailureKind::Chat, &text),
            Refusal::Message { text } => failed(FailureKind::Gone, &text),
            Refusal::Migrated { to } if tries(attempts) < MAX_ATTEMPTS => {
                self.queue.migrate(row, to);
                State::Queued { due: at, attempts: attempts + 1 }
            }
            Refusal::Migrated { to } => failed(FailureKind::Chat, &format!("the group keeps moving, last to {to}")),
            Refusal::Bot { text } => {
                tracing::error!(%text, "Telegram refuses the bot's token; nothing goes out until it is accepted");
                let until = self.clock.monotonic() + TOKEN_RETRY;
                let words = Text::new(
                    format!("Telegram refuses the bot's token: {text}"),
                    format!("Telegram не принимает токен бота: {text}"),
                );
                self.bot_refused = Some((until, words));
                State::Queued { due: at + TOKEN_RETRY, attempts }
            }
        }
    }

    /// 429: the chat waits, or everything does, also after a restart.
    fn hold(&mut self, chat: i64, retry_after: TimeDelta, now: Time, monotonic: TimeDelta) {
        self.too_many += 1;
        if retry_after > ALARM {
            self.prepare.noticed(Notice::LongWait { retry_after });
        }
        let scope = self.limiter.too_many(chat, retry_after, monotonic);
        tracing::debug!(chat, ?scope, seconds = retry_after.0 / 1_000, "Telegram says too many requests");
        let held = self.limiter.held(monotonic).map(|until| now + (until - monotonic));
        self.hold_dirty = held.map(|until| Hold { from: now, until }).or(self.hold_dirty);
    }

    pub(super) fn release(&mut self, which: impl Fn(&Leased) -> bool) -> Result<(), StoreError> {
        let now = self.clock.now();
        let (released, kept): (Vec<_>, Vec<_>) = self.pool.drain(..).partition(&which);
        self.pool = kept.into();
        let (leasing, kept): (Vec<_>, Vec<_>) = self.leasing.drain(..).partition(&which);
        self.leasing = kept;
        for Leased { candidate, .. } in released.into_iter().chain(leasing) {
            self.leave(candidate.chat);
            let Some(ledger) = self.queue.ledger(candidate.row.ledger) else { continue };
            let state = State::Queued { due: ledger.since(now), attempts: candidate.attempts };
            self.queue.pay(candidate.row.ledger, Price::Free, &state);
            self.settle(&candidate, state, now)?;
        }
        Ok(())
    }
}

fn retry(row: RowId, attempts: u8, at: TimeDelta, why: &str) -> State {
    let attempts = attempts + 1;
    if tries(attempts) >= MAX_ATTEMPTS && attempts >= RESENT {
        // of the first request nobody knows whether it arrived
        return State::InDoubt { at, why: Doubt::Broken };
    }
    if tries(attempts) >= MAX_ATTEMPTS {
        return State::Failed { at, failure: Failure::new(FailureKind::Attempts, why) };
    }
    State::Queued { due: at + backoff::delay(row, tries(attempts)), attempts }
}

/// What a refusal tells of a user; the row makes it one event however often it
/// is told.
fn blocked_event(row: RowId, chat: i64, at: Time) -> Event {
    Event { id: delivery_id(row), user: UserId(chat), name: "bot_blocked".into(), at, properties: Vec::new() }
}

fn unreachable_kind(reach: Reach) -> FailureKind {
    match reach {
        Reach::Blocked => FailureKind::Blocked,
        Reach::Deactivated => FailureKind::Deactivated,
        Reach::NeedsStart | Reach::Reachable => FailureKind::NeedsStart,
    }
}
