//! Whose turn it is: which row may be leased next, and when.

use super::run::{Run, row_at};
use super::{Candidate, Queue};
use crate::model::{Time, TimeDelta};
use crate::outbox::ledger::{self, CHUNK_ROWS, Lane, LedgerId, LedgerStatus};
use crate::outbox::row::{RowId, State};
use crate::store::StoreError;
use std::cmp::Reverse;

/// Rows of one chat that must wait are looked past, but not without end.
const LOOK_AHEAD: usize = 256;

/// A second part is looked at again so long after the first may have gone.
const PART_WAIT: TimeDelta = TimeDelta::millis(50);

/// How long a ledger whose records cannot be read is left alone.
pub(super) const UNREADABLE: TimeDelta = TimeDelta::seconds(1);

impl Queue {
    /// The next row that may be leased: the most urgent lane first, down to
    /// `lowest`; in a lane the greatest priority, and of equals each ledger in
    /// its turn. `blocked` tells how long a chat must wait, if so. A ledger that
    /// cannot be read keeps no other from its turn.
    pub fn next(
        &mut self,
        lowest: Lane,
        now: Time,
        monotonic: TimeDelta,
        blocked: &dyn Fn(i64) -> Option<TimeDelta>,
    ) -> Result<Option<Candidate>, StoreError> {
        let mut trouble = None;
        for lane in Lane::ALL.into_iter().filter(|lane| *lane <= lowest) {
            for id in self.in_turn(lane, now, monotonic) {
                match self.next_of(id, now, blocked) {
                    Ok(Some(candidate)) => {
                        self.last_served.insert(lane, id);
                        return Ok(Some(candidate));
                    }
                    Ok(None) => {}
                    Err(error) => {
                        tracing::error!(ledger = id.0, %error, "the rows of a ledger cannot be read; it waits");
                        self.hold_ledger(id, now + UNREADABLE);
                        trouble = Some(error);
                    }
                }
            }
        }
        trouble.map_or(Ok(None), Err)
    }

    /// Whether a row of greater priority waits for the same user: of the last
    /// message that a cap leaves, it is to have it.
    pub fn outranked(&mut self, candidate: &Candidate) -> Result<bool, StoreError> {
        let rank = |run: &Run| (run.ledger.lane, Reverse(run.ledger.priority));
        let Some(own) = self.runs.get(&candidate.row.ledger).map(rank) else { return Ok(false) };
        let is_higher = |run: &Run| {
            run.ledger.marketing
                && run.ledger.status == LedgerStatus::Running
                && run.counts.queued > 0
                && rank(run) < own
        };
        let open = self.open.values().flatten().filter_map(|id| self.runs.get(id));
        let higher: Vec<_> = open.filter(|run| is_higher(run)).map(|run| run.ledger.id).collect();
        for id in higher {
            match self.waits_in(id, candidate.user) {
                Ok(false) => {}
                Ok(true) => return Ok(true),
                // what cannot be read does not go out
                Err(error @ StoreError::Damaged { .. }) => tracing::debug!(ledger = id.0, %error, "it outranks nobody"),
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Whether a user's first row of a ledger waits.
    fn waits_in(&mut self, id: LedgerId, user: i64) -> Result<bool, StoreError> {
        if let Some(run) = self.runs.get(&id).filter(|run| run.ledger.cause.is_posted()) {
            return Ok(run.waits_for.contains_key(&user));
        }
        let Some(position) = self.place_of(id, user)? else { return Ok(false) };
        let row = row_at(id, position);
        let state = self.chunk(row)?.states.get(row.index as usize);
        Ok(state.is_some_and(|state| matches!(state, State::Queued { .. } | State::Deferred { .. })))
    }

    /// Where the first row of a recipient stands in a ledger.
    fn place_of(&mut self, id: LedgerId, user: i64) -> Result<Option<u32>, StoreError> {
        let Some(run) = self.runs.get_mut(&id) else { return Ok(None) };
        if run.places.is_none() {
            let mut places = Vec::with_capacity(run.ledger.rows as usize);
            for chunk in 0..run.ledger.chunks() {
                let recipients = ledger::read_recipients(&*self.store, id, chunk)?;
                places.extend(recipients.users.into_iter().zip(chunk * CHUNK_ROWS as u32..));
            }
            places.sort_unstable();
            run.places = Some(places);
        }
        let Some(places) = &run.places else { return Ok(None) };
        let at = places.partition_point(|(of, _)| *of < user);
        Ok(places.get(at).filter(|(of, _)| *of == user).map(|(_, position)| *position))
    }

    /// When the next row of a lane down to `lowest` may be leased, if any waits;
    /// rows that only their chat keeps back count as ready.
    pub fn next_moment(&self, lowest: Lane, now: Time, monotonic: TimeDelta) -> Option<TimeDelta> {
        let open = self.open.range(..=lowest).flat_map(|(_, open)| open).filter_map(|id| self.runs.get(id));
        open.filter_map(|run| run.ready_at(now, monotonic)).min()
    }

    /// The state of the first part of the message to which `row` belongs.
    pub fn first_part(&mut self, row: RowId) -> Result<Option<State>, StoreError> {
        let Some(run) = self.runs.get(&row.ledger) else { return Ok(None) };
        let part = run.ledger.part(row.position());
        let first = row_at(row.ledger, row.position() - u32::from(part));
        Ok(self.chunk(first)?.states.get(first.index as usize).cloned())
    }

    /// The ledgers of a lane that have something to send now, in the order in
    /// which they have their turn.
    fn in_turn(&self, lane: Lane, now: Time, monotonic: TimeDelta) -> Vec<LedgerId> {
        let last = self.last_served.get(&lane).copied().unwrap_or(LedgerId(0));
        let is_ready = |run: &&Run| run.ready_at(now, monotonic).is_some_and(|moment| moment <= monotonic);
        let open = self.open.get(&lane).into_iter().flatten();
        let mut ready: Vec<&Run> = open.filter_map(|id| self.runs.get(id)).filter(is_ready).collect();
        // replies are answered in the order of the questions
        let passed = |run: &Run| lane != Lane::Reply && run.ledger.id <= last;
        ready.sort_by_key(|run| (Reverse(run.ledger.priority), passed(run), run.ledger.id));
        ready.into_iter().map(|run| run.ledger.id).collect()
    }

    fn next_of(
        &mut self,
        id: LedgerId,
        now: Time,
        blocked: &dyn Fn(i64) -> Option<TimeDelta>,
    ) -> Result<Option<Candidate>, StoreError> {
        for _ in 0..LOOK_AHEAD {
            let Some(row) = self.pick(id, now)? else { return Ok(None) };
            let Some(candidate) = self.candidate(row)? else { continue };
            // it is then the earlier one's turn, wherever it stands
            let first = match self.earlier(&candidate, now) {
                Some(first) => self.candidate(first)?,
                None => None,
            };
            let is_behind = first.is_some();
            let candidate = first.unwrap_or(candidate);
            let wait = self.waits_behind(&candidate, now)?.or_else(|| blocked(candidate.chat).map(|by| now + by));
            match wait {
                Some(until) => self.postpone(row, until),
                None if is_behind => {
                    self.postpone(row, now);
                    return Ok(Some(candidate));
                }
                None => return Ok(Some(candidate)),
            }
        }
        Ok(None)
    }

    /// Until when a row waits behind an earlier one: of its chat in this lane
    /// that is tried again, or the first part of its own message.
    fn waits_behind(&mut self, candidate: &Candidate, now: Time) -> Result<Option<Time>, StoreError> {
        let row = candidate.row;
        let Some(run) = self.runs.get(&row.ledger) else { return Ok(None) };
        let (lane, created) = (run.ledger.lane, run.ledger.created);
        let own = (candidate.particulars.as_ref().map_or(0, |particulars| particulars.order), row);
        if let Some((until, first)) = self.chat_waits.get(&(lane, candidate.chat)).copied() {
            if first < own && until > now {
                return Ok(Some(until));
            }
            if until <= now || first == own {
                self.chat_waits.remove(&(lane, candidate.chat));
            }
        }
        if candidate.part == 0 {
            return Ok(None);
        }
        let until = match self.first_part(row)? {
            Some(State::Queued { due, .. }) => created + due,
            Some(State::Deferred { until, .. }) => created + until,
            Some(State::Leased { .. }) => now,
            Some(
                State::Sent { .. }
                | State::SentMany { .. }
                | State::Failed { .. }
                | State::InDoubt { .. }
                | State::Skipped { .. },
            )
            | None => return Ok(None),
        };
        Ok(Some(until.max(now) + PART_WAIT))
    }

    /// The next row of a ledger whose time has come: a waiting one that is
    /// due, else the next that never waited.
    fn pick(&mut self, id: LedgerId, now: Time) -> Result<Option<RowId>, StoreError> {
        let Some(run) = self.runs.get(&id) else { return Ok(None) };
        if let Some(position) = run.due(now) {
            let row = row_at(id, position);
            // before it is taken out: it must not be lost if it cannot be read
            self.chunk(row)?;
            if let Some(run) = self.runs.get_mut(&id) {
                run.take_due(position);
            }
            return Ok(Some(row));
        }
        let end = run.ledger.open(now).end;
        while let Some(run) = self.runs.get(&id)
            && run.cursor < end
        {
            let row = row_at(id, run.cursor);
            let fresh = self.chunk(row)?.states.get(row.index as usize) == Some(&State::FRESH);
            if let Some(run) = self.runs.get_mut(&id) {
                run.pass();
            }
            if fresh {
                return Ok(Some(row));
            }
            self.drop_if_done(row);
        }
        Ok(None)
    }

    /// A row that waits, if it does.
    pub fn candidate(&mut self, row: RowId) -> Result<Option<Candidate>, StoreError> {
        let part = self.runs.get(&row.ledger).map_or(0, |run| run.ledger.part(row.position()));
        let chunk = self.chunk(row)?;
        let index = row.index as usize;
        let (Some(user), Some(chat), Some(State::Queued { attempts, .. } | State::Deferred { attempts, .. })) =
            (chunk.recipients.users.get(index), chunk.recipients.chat(row.index), chunk.states.get(index))
        else {
            return Ok(None);
        };
        let message = chunk.recipients.messages.get(index).cloned();
        let target = chunk.recipients.targets.get(index).copied();
        let particulars = chunk.recipients.particulars.get(index).cloned();
        Ok(Some(Candidate { row, user: *user, chat, attempts: *attempts, message, target, part, particulars }))
    }

    /// Drops a loaded chunk with nothing left to do and nothing to write.
    fn drop_if_done(&mut self, row: RowId) {
        let key = (row.ledger, row.chunk);
        let last = row.index as usize + 1 == CHUNK_ROWS;
        if last && !self.dirty.contains(&key) && self.chunks.get(&key).is_some_and(|chunk| chunk.open == 0) {
            self.chunks.remove(&key);
        }
    }
}
