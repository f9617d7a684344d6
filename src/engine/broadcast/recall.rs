//! Taking back or changing what a run has sent: each of its messages becomes a
//! row of a ledger of its own, which goes out like every other, durable and
//! within the limits.

use super::report::{is_over, occurrence_of, report};
use super::{BroadcastError, RecallReport, Run, RunReport, unknown};
use crate::engine::{Engine, EngineError};
use crate::model::{Time, TimeDelta};
use crate::outbox::{
    CHUNK_ROWS, Cause, Counts, InDoubtPolicy, Lane, Ledger, LedgerId, LedgerStatus, Outbox, Recall, Recipients, State,
    rows, stage, targets,
};
use crate::store::{Batch, Transaction};
use std::collections::HashSet;
use std::sync::PoisonError;

/// Older messages cannot be deleted by a bot.
const DELETABLE: TimeDelta = TimeDelta::hours(48);

/// Chunks written with one flush.
const CHUNKS_PER_BATCH: usize = 64;

impl Engine {
    /// Deletes what the latest run of a broadcast has sent, or gives it the text
    /// and buttons that the template has now. The run must be over. What was
    /// deleted already is left alone: if nothing else is there, that recall is
    /// the answer.
    pub fn recall_broadcast(&self, name: &str, how: Recall) -> Result<RunReport, BroadcastError> {
        let _one_at_a_time = self.broadcasts.lock().unwrap_or_else(PoisonError::into_inner);
        let rulebook = self.live.current();
        let Some((run, counts)) = self.latest(name)? else {
            return Err(match rulebook.broadcast(name) {
                Some(_) => BroadcastError::NeverStarted { name: name.into() },
                None => unknown(&rulebook, name),
            });
        };
        // what became of the last messages may not be in the store yet
        let is_stored = || self.outbox().map_or(Ok(true), Outbox::flush).map_err(EngineError::from);
        if !is_over(&run) || counts.leased > 0 || !is_stored()? {
            return Err(BroadcastError::StillGoing { name: name.into() });
        }
        if how == Recall::Edit && rulebook.broadcast(name).is_none() {
            return Err(unknown(&rulebook, name));
        }
        let now = self.clock.now();
        let (users, targets) = self.messages_of(&run, how, now)?;
        if users.is_empty() {
            let deleted = self.recalls(run.id, Recall::Delete)?.pop().filter(|_| how == Recall::Delete);
            let told = deleted.map(|(ledger, counts)| report(&ledger, &counts, None, self.limit()));
            return told.ok_or_else(|| BroadcastError::NothingToRecall { name: name.into() });
        }
        let cause = Cause::Recall {
            name: name.into(),
            occurrence: occurrence_of(&run),
            of: run.id,
            how,
            text_apart: run.parts > 1,
        };
        let count = u32::try_from(users.len()).unwrap_or(u32::MAX);
        let mut ledger = Ledger {
            status: LedgerStatus::Preparing,
            // deleting or editing once more changes nothing
            in_doubt: InDoubtPolicy::Resend,
            rulebook: rulebook.version.clone(),
            expires: (how == Recall::Delete).then(|| now + DELETABLE),
            ..Ledger::new(self.next_ledger()?, cause, Lane::Transactional, now, count)
        };
        self.write_head(&ledger)?;
        let chunks: Vec<_> = (0u32..).zip(users.chunks(CHUNK_ROWS).zip(targets.chunks(CHUNK_ROWS))).collect();
        for group in chunks.chunks(CHUNKS_PER_BATCH) {
            let mut batch = Batch::new();
            for (chunk, (users, targets)) in group {
                let recipients = Recipients { targets: targets.to_vec(), ..Recipients::users(users.to_vec()) };
                stage(&mut batch, ledger.id, *chunk, &recipients).map_err(EngineError::from)?;
            }
            self.writer.commit(Transaction::batch(batch)).map_err(EngineError::from)?;
        }
        ledger.status = LedgerStatus::Running;
        self.write_head(&ledger)?;
        let counts = Counts { queued: ledger.rows, ..Counts::default() };
        self.take_up(ledger.clone())?;
        Ok(report(&ledger, &counts, None, self.limit()))
    }

    /// The messages that a run has sent and that can be changed: their chats
    /// and ids.
    fn messages_of(&self, run: &Ledger, how: Recall, now: Time) -> Result<(Vec<i64>, Vec<i32>), EngineError> {
        let (mut users, mut targets) = (Vec::new(), Vec::new());
        let deleted = self.deleted(run.id)?;
        rows(&*self.store, run, |row, user, state| {
            // the text with its buttons stands in the last part
            let has_text = run.part(row.position()) + 1 == run.parts;
            let (at, messages) = match state {
                State::Sent { at, message } => (*at, std::slice::from_ref(message)),
                State::SentMany { at, messages } => (*at, messages.as_slice()),
                State::Queued { .. }
                | State::Deferred { .. }
                | State::Leased { .. }
                | State::Failed { .. }
                | State::InDoubt { .. }
                | State::Skipped { .. } => return,
            };
            let wanted = match how {
                Recall::Delete if now - (run.created + at) >= DELETABLE => &[],
                Recall::Delete => messages,
                // the caption of an album stands at its first picture
                Recall::Edit if has_text => messages.get(..1).unwrap_or_default(),
                Recall::Edit => &[],
            };
            let is_there = |message: &&i32| **message > 0 && !deleted.contains(&(user.0, **message));
            for message in wanted.iter().filter(is_there) {
                users.push(user.0);
                targets.push(*message);
            }
        })?;
        Ok((users, targets))
    }

    /// The messages of a run that are deleted, or about to be.
    fn deleted(&self, run: LedgerId) -> Result<HashSet<(i64, i32)>, EngineError> {
        let mut deleted = HashSet::new();
        for (ledger, _) in self.recalls(run, Recall::Delete)? {
            targets(&*self.store, &ledger, |user, message, state| {
                if matches!(state, State::Sent { .. }) || !(state.is_final() || is_over(&ledger)) {
                    deleted.insert((user.0, message));
                }
            })?;
        }
        Ok(deleted)
    }

    /// The recalls of a run, oldest first.
    fn recalls(&self, run: LedgerId, wanted: Recall) -> Result<Vec<Run>, EngineError> {
        let is_one = |(ledger, _): &Run| match ledger.cause {
            Cause::Recall { of, how, .. } => of == run && how == wanted,
            Cause::Broadcast { .. } | Cause::Reply | Cause::Rule { .. } | Cause::Drip { .. } => false,
        };
        Ok(self.runs()?.0.into_iter().filter(is_one).collect())
    }

    /// How the latest recall of a run stands.
    pub(super) fn recall_of(&self, run: &Ledger, all: &[Run]) -> Option<RecallReport> {
        let of_run = |ledger: &Ledger| match ledger.cause {
            Cause::Recall { of, how, .. } if of == run.id => Some(how),
            Cause::Recall { .. } | Cause::Broadcast { .. } | Cause::Reply | Cause::Rule { .. } | Cause::Drip { .. } => {
                None
            }
        };
        let found = all.iter().rev().find_map(|(ledger, counts)| Some((of_run(ledger)?, ledger, counts)));
        found.map(|(how, ledger, counts)| RecallReport { how, run: report(ledger, counts, None, self.limit()) })
    }
}
