//! Starting a run: the snapshot of the audience becomes durable rows.

use super::arrange::{Opens, Recipient, arrange};
use super::report::{is_over, occurrence_of, report};
use super::{Again, BroadcastError, RunReport, unknown};
use crate::condition::Row;
use crate::engine::{Engine, EngineError};
use crate::model::{Time, TimeDelta, UserId, Value, builtin};
use crate::outbox::{
    CHUNK_ROWS, Cause, Counts, InDoubtPolicy, Lane, Ledger, LedgerId, LedgerStatus, Rails, Recipients, SkipReason,
    State, stage_as,
};
use crate::rulebook::{Broadcast, Canary, Rulebook};
use crate::store::{Batch, Transaction};
use jiff::tz::TimeZone;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

/// When the rows of a run open.
pub enum Opening<'a> {
    /// All of them at once.
    AtOnce,
    /// Each when its recipient's clock says so.
    Each(&'a dyn Fn(&TimeZone) -> Opens),
}

/// Chunks written with one flush while a run is prepared.
const CHUNKS_PER_BATCH: usize = 64;

impl Engine {
    /// Takes the audience's snapshot and starts a run. `again` allows another
    /// run of a broadcast that was sent before.
    pub fn start_broadcast(&self, name: &str, again: Again) -> Result<RunReport, BroadcastError> {
        self.launch(name, again, &Opening::AtOnce)
    }

    /// The same with rows that open at moments of their own.
    pub fn launch(&self, name: &str, again: Again, opening: &Opening<'_>) -> Result<RunReport, BroadcastError> {
        let _one_at_a_time = self.broadcasts.lock().unwrap_or_else(PoisonError::into_inner);
        let rulebook = self.live.current();
        let Some(broadcast) = rulebook.broadcast(name) else { return Err(unknown(&rulebook, name)) };
        if let Some(key) = broadcast.beyond_start() {
            return Err(BroadcastError::Beyond { name: name.into(), key: key.into() });
        }
        let occurrence = self.next_occurrence(name, again)?;
        let now = self.clock.now();
        let mut recipients = self.opened(self.recipients(name)?, opening)?;
        if let Some(after) = broadcast.send.after {
            recipients.iter_mut().for_each(|recipient| recipient.opens = recipient.opens.later(after, now));
        }
        let ledger = Ledger {
            id: self.next_ledger()?,
            cause: Cause::Broadcast { name: broadcast.name.to_string(), occurrence },
            ..head(&rulebook, broadcast, now)
        };
        let (ledger, counts) = self.stage_run(ledger, recipients, broadcast.canary)?;
        if let Some(outbox) = self.outbox() {
            outbox.add(ledger.clone(), counts.clone()).map_err(EngineError::from)?;
        }
        if let Some(runs) = self.rehearsed.get() {
            runs.lock().unwrap_or_else(PoisonError::into_inner).push((ledger.clone(), counts.clone()));
        }
        Ok(report(&ledger, &counts, None, self.limit()))
    }

    /// The number of the run that may be started now.
    pub(in crate::engine) fn next_occurrence(&self, name: &str, again: Again) -> Result<u32, BroadcastError> {
        match self.latest(name)? {
            Some((ledger, _)) if !is_over(&ledger) => Err(BroadcastError::UnderWay { name: name.into() }),
            Some((ledger, _)) if again == Again::Refuse => {
                Err(BroadcastError::SentBefore { name: name.into(), occurrence: occurrence_of(&ledger) })
            }
            Some((ledger, _)) => Ok(occurrence_of(&ledger) + 1),
            None => Ok(1),
        }
    }

    /// The users that a broadcast goes to now, by id.
    pub(super) fn recipients(&self, name: &str) -> Result<Vec<UserId>, EngineError> {
        let audience = self.audience()?;
        let ids = audience.with_pass(None, |pass| {
            // By name: the rulebook may have been replaced just now.
            let Some(broadcast) = pass.rulebook().broadcast(name) else { return Vec::new() };
            let mut rows = broadcast.to.select(pass);
            if let Some(exclude) = &broadcast.exclude {
                // Nobody is reached because something is unknown.
                let excluded = exclude.select_both(pass);
                for (row, not) in rows.iter_mut().zip(excluded.holds.iter().zip(&excluded.unknown)) {
                    *row &= !(not.0 | not.1);
                }
            }
            pass.ids_of(&rows)
        });
        Ok(ids.into_iter().map(UserId).collect())
    }

    /// When the row of each recipient opens.
    fn opened(&self, users: Vec<UserId>, opening: &Opening<'_>) -> Result<Vec<Recipient>, EngineError> {
        let Opening::Each(opens) = opening else {
            return Ok(users.into_iter().map(|user| Recipient { user, opens: Opens::Now }).collect());
        };
        let audience = self.audience()?;
        let project = self.live.current().settings.timezone.zone.clone();
        // people share a few zones
        let mut known: HashMap<Option<Arc<str>>, Opens> = HashMap::new();
        let mut opens_of = |user| {
            let zone = audience.with_row(user, |person| match person.field(builtin::TIMEZONE) {
                Value::String(name) => Some(name.clone()),
                _ => None,
            });
            *known.entry(zone.flatten()).or_insert_with_key(|name| {
                let own = name.as_deref().and_then(|name| TimeZone::get(name).ok());
                opens(own.as_ref().unwrap_or(&project))
            })
        };
        Ok(users.into_iter().map(|user| Recipient { user, opens: opens_of(user) }).collect())
    }

    /// Writes the rows of a run and then its head as running.
    fn stage_run(
        &self,
        mut ledger: Ledger,
        recipients: Vec<Recipient>,
        canary: Option<Canary>,
    ) -> Result<(Ledger, Counts), EngineError> {
        let arranged = arrange(recipients, &mut ledger, canary);
        ledger.status = LedgerStatus::Preparing;
        self.write_head(&ledger)?;
        let missed = State::Skipped { at: ledger.since(ledger.created), reason: SkipReason::Missed };
        let mut counts = Counts::default();
        let mut position = 0;
        let chunks: Vec<_> = (0u32..).zip(arranged.users.chunks(CHUNK_ROWS)).collect();
        for group in chunks.chunks(CHUNKS_PER_BATCH) {
            let mut batch = Batch::new();
            for (chunk, users) in group {
                let is_missed = |i: usize| position + i >= arranged.missed_from;
                let state = |i| if is_missed(i) { missed.clone() } else { State::FRESH };
                let states: Vec<State> = (0..users.len()).map(state).collect();
                states.iter().for_each(|state| counts.note(state, 1));
                stage_as(&mut batch, ledger.id, *chunk, &Recipients::users(users.to_vec()), &states)?;
                position += users.len();
            }
            self.writer.commit(Transaction::batch(batch))?;
        }
        ledger.status = LedgerStatus::Running;
        if counts.is_done() {
            ledger.status = LedgerStatus::Finished;
            ledger.finished = Some(ledger.created);
            ledger.summary = Some(counts.clone());
        }
        self.write_head(&ledger)?;
        Ok((ledger, counts))
    }

    pub(super) fn write_head(&self, ledger: &Ledger) -> Result<(), EngineError> {
        let mut batch = Batch::new();
        ledger.write(&mut batch)?;
        self.writer.commit(Transaction::batch(batch))?;
        Ok(())
    }

    pub(super) fn next_ledger(&self) -> Result<LedgerId, EngineError> {
        if let Some(outbox) = self.outbox() {
            return Ok(outbox.next_id());
        }
        let ledgers = Ledger::read_all(&*self.store)?;
        Ok(LedgerId(ledgers.iter().map(|ledger| ledger.id.0).max().unwrap_or(0) + 1))
    }
}

/// The head of a run under the rulebook in force, without its number and rows.
fn head(rulebook: &Rulebook, broadcast: &Broadcast, now: Time) -> Ledger {
    let transactional = broadcast.send.transactional;
    // that of the message counts from the moment at which it may go
    let own = broadcast.send.expires.map(|length| length + broadcast.send.after.unwrap_or(TimeDelta(0)));
    let lane = if transactional { Lane::Transactional } else { Lane::Broadcast };
    Ledger {
        in_doubt: if broadcast.resends() { InDoubtPolicy::Resend } else { InDoubtPolicy::Skip },
        rulebook: rulebook.version.clone(),
        rate: broadcast.rate.map(|rate| (rate.count, rate.per.0)),
        expires: [broadcast.expires, own].into_iter().flatten().min().map(|length| now + length),
        priority: broadcast.send.priority.unwrap_or(0),
        marketing: !transactional,
        template: broadcast.send.template().map(str::to_owned),
        topic: broadcast.send.topic.clone(),
        paid: broadcast.paid.map(|budget| (budget, 0)),
        parts: rulebook.parts_of(broadcast),
        rails: Rails::new(broadcast.pause_if_blocked, broadcast.pause_if_failed),
        ..Ledger::new(LedgerId(0), Cause::Reply, lane, now, 0)
    }
}
