//! Whose turn it is: which row may be leased next, and when.

use super::run::{Run, row_at};
use super::{Candidate, Queue};
use crate::model::{Time, TimeDelta};
use crate::outbox::ledger::{CHUNK_ROWS, Lane, LedgerId};
use crate::outbox::row::{RowId, State};
use crate::store::StoreError;
use std::cmp::Reverse;

/// Rows of one chat that must wait are looked past, but not without end.
const LOOK_AHEAD: usize = 256;

/// How long a ledger whose records cannot be read is left alone.
pub(super) const UNREADABLE: TimeDelta = TimeDelta::seconds(1);

impl Queue {
    /// The next row that may be leased: replies first, oldest first, then the
    /// broadcasts in turn. `blocked` tells how long a chat must wait, if so. A
    /// ledger that cannot be read keeps no other from its turn.
    pub fn next(
        &mut self,
        now: Time,
        monotonic: TimeDelta,
        blocked: &dyn Fn(i64) -> Option<TimeDelta>,
    ) -> Result<Option<Candidate>, StoreError> {
        let mut trouble = None;
        for lane in [Lane::Reply, Lane::Broadcast] {
            for id in self.in_turn(lane, now, monotonic) {
                match self.next_of(id, now, blocked) {
                    Ok(Some(candidate)) => {
                        if lane == Lane::Broadcast {
                            self.last_served = id;
                        }
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

    /// When the next row may be leased, if any waits; rows that only their
    /// chat keeps back count as ready.
    pub fn next_moment(&self, now: Time, monotonic: TimeDelta) -> Option<TimeDelta> {
        self.runs.values().filter_map(|run| run.ready_at(now, monotonic)).min()
    }

    fn in_turn(&self, lane: Lane, now: Time, monotonic: TimeDelta) -> Vec<LedgerId> {
        let ready = |run: &&Run| {
            run.ledger.lane == lane && run.ready_at(now, monotonic).is_some_and(|moment| moment <= monotonic)
        };
        let mut ids: Vec<_> = self.runs.values().filter(ready).map(|run| run.ledger.id).collect();
        if lane == Lane::Broadcast {
            let after = ids.iter().position(|id| *id > self.last_served).unwrap_or(0);
            ids.rotate_left(after);
        }
        ids
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
            let Some(run) = self.runs.get_mut(&id) else { return Ok(None) };
            match run.must_wait(row, candidate.chat, now).or_else(|| blocked(candidate.chat).map(|d| now + d)) {
                Some(until) => run.wait(row, until, None),
                None => return Ok(Some(candidate)),
            }
        }
        Ok(None)
    }

    /// The next row of a ledger whose time has come: a waiting one that is
    /// due, else the next that never waited.
    fn pick(&mut self, id: LedgerId, now: Time) -> Result<Option<RowId>, StoreError> {
        let Some(run) = self.runs.get_mut(&id) else { return Ok(None) };
        if let Some(Reverse((due, position))) = run.waiting.peek().copied()
            && due <= now
        {
            let row = row_at(id, position);
            // before it is taken out: it must not be lost if it cannot be read
            self.chunk(row)?;
            if let Some(run) = self.runs.get_mut(&id) {
                run.waiting.pop();
            }
            return Ok(Some(row));
        }
        while let Some(run) = self.runs.get(&id)
            && run.cursor < run.ledger.rows
        {
            let row = row_at(id, run.cursor);
            let fresh = self.chunk(row)?.states.get(row.index as usize) == Some(&State::FRESH);
            if let Some(run) = self.runs.get_mut(&id) {
                run.cursor += 1;
            }
            if fresh {
                return Ok(Some(row));
            }
            self.drop_if_done(row);
        }
        Ok(None)
    }

    fn candidate(&mut self, row: RowId) -> Result<Option<Candidate>, StoreError> {
        let chunk = self.chunk(row)?;
        let index = row.index as usize;
        let (Some(chat), Some(State::Queued { attempts, .. })) =
            (chunk.recipients.users.get(index), chunk.states.get(index))
        else {
            return Ok(None);
        };
        let message = chunk.recipients.messages.get(index).cloned();
        Ok(Some(Candidate { row, chat: *chat, attempts: *attempts, message }))
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
