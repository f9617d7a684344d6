//! What becomes of a row whose turn has come, and what its outcome brings with
//! it: the part of the work that needs no network, no limits and no clock. The
//! thread that sends and the dry run share it.

use super::ledger::{Cause, Ledger, Recall};
use super::prepare::{Ask, Prepare, Prepared, Settled};
use super::queue::{Candidate, Purse, Queue};
use super::request::Order;
use super::row::{FailureKind, SkipReason, State};
use crate::model::{Message, Time, TimeDelta, UserId};
use crate::store::StoreError;

/// What is to be done with a row.
pub(super) enum Verdict {
    /// Send it.
    Send(Box<Message>),
    /// It leaves its turn in this state.
    Settle(State),
    /// Look at it again at this moment.
    Postpone(Time),
    /// Look at its ledger again at this moment.
    Hold(Time),
    /// Its ledger is gone.
    Gone,
}

/// When a ledger whose definition is gone is looked at again.
const LATER: TimeDelta = TimeDelta::seconds(5);

/// When a purse that may not be empty is looked into again.
const PURSE_WAIT: TimeDelta = TimeDelta::millis(100);

/// The decision about a row. If it cannot be taken, the row keeps its turn.
pub(super) fn judge(
    queue: &mut Queue,
    prepare: &mut dyn Prepare,
    candidate: &mut Candidate,
    now: Time,
) -> Result<Verdict, StoreError> {
    let row = candidate.row;
    let verdict = decide(queue, prepare, candidate, now);
    verdict.inspect_err(|_| queue.postpone(row, now))
}

fn decide(
    queue: &mut Queue,
    prepare: &mut dyn Prepare,
    candidate: &mut Candidate,
    now: Time,
) -> Result<Verdict, StoreError> {
    let row = candidate.row;
    if let Some(state) = follow_first_part(queue, candidate)? {
        return Ok(Verdict::Settle(state));
    }
    let Some(marketing) = queue.ledger(row.ledger).map(|ledger| ledger.marketing) else { return Ok(Verdict::Gone) };
    let outranked = marketing && queue.outranked(candidate)?;
    let purse = queue.purse(row.ledger);
    let Some(ledger) = queue.ledger(row.ledger) else { return Ok(Verdict::Gone) };
    let at = ledger.since(now);
    if purse == Purse::Later {
        // what is under way may cost less than was set aside for it
        return Ok(Verdict::Postpone(now + PURSE_WAIT));
    }
    let own = candidate.particulars.as_ref().and_then(|particulars| particulars.expires);
    let expires = [ledger.expires, own].into_iter().flatten().min();
    let prepared = match candidate.message.take() {
        _ if expires.is_some_and(|end| end <= now) => Prepared::Skip(SkipReason::Expired),
        Some(message) => Prepared::Send(Box::new(message)),
        None if matches!(order_of(ledger, candidate.target), Order::Delete(_)) => Prepared::Send(Box::default()),
        None => prepare.prepare(&Ask {
            ledger,
            row,
            user: UserId(candidate.user),
            part: candidate.part,
            now,
            outranked,
            particulars: candidate.particulars.as_ref(),
        }),
    };
    let skipped = |reason| Ok(Verdict::Settle(State::Skipped { at, reason }));
    match prepared {
        Prepared::Send(_) | Prepared::Show(_) if purse == Purse::Empty => skipped(SkipReason::Budget),
        Prepared::Send(message) => Ok(Verdict::Send(message)),
        Prepared::Show(show) => {
            queue.label(row, show.label);
            match show.message {
                Ok(message) => Ok(Verdict::Send(message)),
                Err(reason) => {
                    queue.expose(row, candidate.user, now);
                    skipped(reason)
                }
            }
        }
        Prepared::Skip(reason) => skipped(reason),
        // nothing that waits beyond its end can be sent any more
        Prepared::Defer { until, .. } if expires.is_some_and(|end| end <= until) => skipped(SkipReason::Expired),
        Prepared::Defer { until, why } => {
            let until = until - ledger.created;
            Ok(Verdict::Settle(State::Deferred { until, attempts: candidate.attempts, why }))
        }
        Prepared::Later => Ok(Verdict::Hold(now + LATER)),
        Prepared::Trouble(error) => Err(error),
    }
}

/// Gives a row the state to which its turn has come, and tells whom it concerns.
pub(super) fn settle(
    queue: &mut Queue,
    prepare: &mut dyn Prepare,
    candidate: &Candidate,
    state: State,
    now: Time,
) -> Result<(), StoreError> {
    let row = candidate.row;
    if let Some(ledger) = queue.ledger(row.ledger).filter(|ledger| ledger.marketing && candidate.part == 0) {
        let user = UserId(candidate.user);
        if let Some(blamed) = prepare.settled(&Settled { ledger, row, user, state: &state, now }) {
            queue.blocked_after(blamed, now);
        }
    }
    let template = queue.template_of(row);
    let arrived = queue
        .ledger(row.ledger)
        .and_then(|ledger| super::arrived::arrived(&ledger.cause, template, candidate, &state, now));
    if let Some(event) = arrived {
        queue.tell(event);
    }
    queue.settle(row, state, now)
}

/// What becomes of a later part whose first part did not go out: it fails with
/// it where nothing else says why, and counts against nobody twice.
fn follow_first_part(queue: &mut Queue, candidate: &Candidate) -> Result<Option<State>, StoreError> {
    if candidate.part == 0 {
        return Ok(None);
    }
    Ok(match queue.first_part(candidate.row)? {
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
pub(super) fn order_of(ledger: &Ledger, target: Option<i32>) -> Order {
    match (&ledger.cause, target) {
        (Cause::Recall { how: Recall::Delete, .. }, Some(id)) => Order::Delete(id),
        (Cause::Recall { how: Recall::Edit, .. }, Some(id)) => Order::Edit(id),
        _ if ledger.paid.is_some() => Order::SendPaid,
        (
            Cause::Recall { .. } | Cause::Broadcast { .. } | Cause::Reply | Cause::Rule { .. } | Cause::Drip { .. },
            _,
        ) => Order::Send,
    }
}
