//! From postings to rows: each becomes a row of a ledger that is open for more,
//! one for every kind of message and day, and its record goes with the
//! transaction that writes the row.
//!
//! A ledger takes rows until the project's day is over or it has many; only
//! then it can be finished. Notes become replies of a ledger of their own.

use super::run::{Run, row_at};
use super::{Candidate, Chunk, Queue};
use crate::model::{Message, Time, UserId};
use crate::outbox::ledger::{Cause, InDoubtPolicy, Lane, Ledger, LedgerId, LedgerStatus, Particulars, PausedBy};
use crate::outbox::ledger::{read_recipients, read_states};
use crate::outbox::posting::{Posted, Posting, postings};
use crate::outbox::row::{RowId, SkipReason, State};
use crate::outbox::tally::Outcome;
use crate::store::StoreError;
use std::sync::atomic::Ordering;

/// Rows of one open ledger; the next one goes to another.
pub(super) const MOST_ROWS: u32 = 100_000;

/// What the messages of an open ledger share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    cause: (u8, String, String),
    template: String,
    topic: Option<String>,
    priority: i32,
    transactional: bool,
    rulebook: String,
    parts: u8,
}

/// What [`Queue::take_up`] did.
#[derive(Clone, Debug, Default)]
pub struct TakenUp {
    /// Whether there may be more.
    pub more: bool,
    /// Rows that only say why there is no message: to whom, why it would have
    /// been sent, with which template, and why not.
    pub refused: Vec<(UserId, Cause, String, SkipReason)>,
}

impl Queue {
    /// Records of postings have become durable.
    pub fn posted(&mut self) {
        self.is_posted = true;
    }

    /// Whether there may be postings that are not rows yet.
    pub fn has_postings(&self) -> bool {
        self.is_posted
    }

    /// Makes rows of postings in the store: whole records, until `at_most`
    /// postings were read.
    pub fn take_up(&mut self, now: Time, at_most: usize) -> Result<TakenUp, StoreError> {
        self.close_over(now);
        let mut taken = TakenUp::default();
        if !self.is_posted {
            return Ok(taken);
        }
        let mut records = Vec::new();
        let mut count = 0;
        for record in postings(&*self.store) {
            if record.as_ref().is_ok_and(|(number, _)| self.known.contains(number)) {
                continue;
            }
            if count >= at_most {
                taken.more = true;
                break;
            }
            let record = record?;
            count += record.1.len();
            records.push(record);
        }
        for (number, posted) in records {
            self.take_record(posted, now, &mut taken)?;
            self.known.insert(number);
            self.consumed.push(number);
        }
        self.is_posted = taken.more;
        Ok(taken)
    }

    /// Ends the days that are over: their ledgers take no more rows.
    fn close_over(&mut self, now: Time) {
        if self.closes.is_some_and(|closes| closes <= now) {
            let over = |id: &LedgerId| {
                self.runs.get(id).is_none_or(|run| run.ledger.open_until.is_none_or(|until| until <= now))
            };
            let over: Vec<_> = self.kinds.values().filter(|id| over(id)).copied().collect();
            over.into_iter().for_each(|id| self.close(id, now));
            let open = self.kinds.values().filter_map(|id| self.runs.get(id)?.ledger.open_until);
            self.closes = open.min();
        }
    }

    /// A ledger takes no more rows.
    pub(super) fn close(&mut self, id: LedgerId, now: Time) {
        self.kinds.retain(|_, open| *open != id);
        if let Some(run) = self.runs.get_mut(&id)
            && run.ledger.open_until.take().is_some()
        {
            self.dirty_heads.insert(id);
        }
        self.finish_if_done(id, Some(now));
    }

    /// A record is taken up as a whole or, if the store cannot be read, not at
    /// all: what has to be read is read first.
    fn take_record(&mut self, posted: Vec<Posted>, now: Time, taken: &mut TakenUp) -> Result<(), StoreError> {
        let mut notes = Vec::new();
        for posted in &posted {
            if let Posted::Message(posting) = posted {
                self.last_chunk(&Kind::of(posting))?;
            }
        }
        for posted in posted {
            match posted {
                Posted::Message(posting) => self.append(*posting, now, taken),
                Posted::Note { chat, message } => notes.push((chat, message)),
            }
        }
        self.reply(notes, now);
        Ok(())
    }

    /// Loads the chunk to which the next row of this kind is added.
    fn last_chunk(&mut self, kind: &Kind) -> Result<(), StoreError> {
        let Some(run) = self.kinds.get(kind).and_then(|id| self.runs.get(id)) else { return Ok(()) };
        let next = row_at(run.ledger.id, run.ledger.rows);
        if next.index > 0 {
            self.chunk(next)?;
        }
        Ok(())
    }

    fn append(&mut self, posting: Posting, now: Time, taken: &mut TakenUp) {
        let id = self.open_ledger(&posting, now);
        let Some(run) = self.runs.get(&id) else { return };
        let created = run.ledger.created;
        let state = match (posting.refused, posting.sending.not_before.filter(|moment| *moment > now)) {
            (Some(reason), _) => State::Skipped { at: posting.at - created, reason },
            (None, Some(moment)) => {
                State::Deferred { until: moment - created, attempts: 0, why: SkipReason::Scheduled }
            }
            (None, None) => State::FRESH,
        };
        let mut particulars = Particulars {
            at: posting.at,
            order: 0,
            expires: posting.expires(),
            vars: posting.sending.vars,
            answers: posting.answers,
        };
        for _ in 0..posting.parts.max(1) {
            self.last_order += 1;
            particulars.order = self.last_order;
            self.push(id, posting.user.0, None, Some(particulars.clone()), state.clone(), now);
        }
        if let Some(reason) = posting.refused {
            taken.refused.push((posting.user, posting.cause, posting.sending.template, reason));
            self.tell_undelivered(row_at(id, self.rows_of(id).saturating_sub(posting.parts.max(1).into())), now);
        }
    }

    fn rows_of(&self, id: LedgerId) -> u32 {
        self.runs.get(&id).map_or(0, |run| run.ledger.rows)
    }

    /// Adds a row at the end of a ledger whose last chunk is loaded.
    fn push(
        &mut self,
        id: LedgerId,
        user: i64,
        message: Option<Message>,
        particulars: Option<Particulars>,
        state: State,
        now: Time,
    ) {
        let Some(run) = self.runs.get_mut(&id) else { return };
        let row = row_at(id, run.ledger.rows);
        run.ledger.rows += 1;
        if let Some(particulars) = particulars.as_ref().filter(|_| state == State::FRESH) {
            run.line.insert((user, particulars.order), row.position());
        }
        run.added(row, user, &state, now);
        let chunk = self.chunks.entry((id, row.chunk)).or_insert_with(Chunk::empty);
        chunk.recipients.users.push(user);
        chunk.recipients.messages.extend(message);
        chunk.recipients.particulars.extend(particulars);
        chunk.open += u32::from(!state.is_final());
        chunk.recipients_dirty = true;
        self.count(id, now, Outcome::Queued(1));
        if let State::Skipped { reason, .. } = &state {
            self.count(id, now, Outcome::Skipped(*reason));
        }
        if let Some(chunk) = self.chunks.get_mut(&(id, row.chunk)) {
            chunk.states.push(state);
        }
        self.dirty.insert((id, row.chunk));
        self.dirty_heads.insert(id);
    }

    /// The ledger for such a message: one that is open, or a new one.
    fn open_ledger(&mut self, posting: &Posting, now: Time) -> LedgerId {
        let kind = Kind::of(posting);
        if let Some(id) = self.kinds.get(&kind).copied() {
            let has_room = self.rows_of(id) + u32::from(posting.parts.max(1)) <= MOST_ROWS;
            if has_room {
                return id;
            }
            self.close(id, now);
        }
        let id = LedgerId(self.ids.fetch_add(1, Ordering::SeqCst));
        let until = self.day_ends(now);
        let ledger = Ledger { open_until: Some(until), ..head(posting, id, now) };
        self.dirty_heads.insert(id);
        self.insert(Run::new(ledger));
        self.kinds.insert(kind, id);
        self.closes = Some(self.closes.map_or(until, |closes| closes.min(until)));
        id
    }

    /// A ledger of replies with these messages.
    fn reply(&mut self, notes: Vec<(i64, Message)>, now: Time) {
        if notes.is_empty() {
            return;
        }
        let id = LedgerId(self.ids.fetch_add(1, Ordering::SeqCst));
        let head = Ledger::new(id, Cause::Reply, Lane::Reply, now, 0);
        self.insert(Run::new(Ledger { in_doubt: InDoubtPolicy::Resend, ..head }));
        for (chat, message) in notes {
            self.push(id, chat, Some(message), None, State::FRESH, now);
        }
    }

    /// Notes that a ledger found in the store takes further rows.
    pub(super) fn follow_open(&mut self, id: LedgerId) {
        let Some(ledger) = self.runs.get(&id).map(|run| &run.ledger) else { return };
        let Some(until) = ledger.open_until else { return };
        let kind = Kind::of_ledger(ledger);
        self.closes = Some(self.closes.map_or(until, |closes| closes.min(until)));
        self.kinds.insert(kind, id);
    }

    /// Finds the rows of such a ledger that never had their turn.
    pub(super) fn line_up(&mut self, id: LedgerId) -> Result<(), StoreError> {
        let Some(run) = self.runs.get_mut(&id).filter(|run| run.ledger.cause.is_posted()) else { return Ok(()) };
        for chunk in 0..run.ledger.chunks() {
            let recipients = read_recipients(&*self.store, id, chunk)?;
            let states = read_states(&*self.store, id, chunk)?;
            for ((index, user), state) in (0u32..).zip(&recipients.users).zip(&states) {
                let order = recipients.order(index);
                self.last_order = self.last_order.max(order);
                if *state == State::FRESH {
                    run.line.insert((*user, order), RowId { ledger: id, chunk, index }.position());
                }
            }
        }
        Ok(())
    }

    /// The row that the user of this one is to get before it: of those that
    /// came one by one, the first that never had its turn.
    pub(super) fn earlier(&self, candidate: &Candidate, now: Time) -> Option<RowId> {
        let own = candidate.particulars.as_ref()?.order;
        let run = self.runs.get(&candidate.row.ledger)?;
        let (lane, priority, user) = (run.ledger.lane, run.ledger.priority, candidate.user);
        let may_go = |run: &&Run| {
            run.ledger.status == LedgerStatus::Running
                && run.ledger.priority >= priority
                && run.held.is_none_or(|until| until <= now)
        };
        let first = |run: &Run| {
            let ((_, order), position) = run.line.range((user, 0)..(user, own)).next()?;
            Some((*order, row_at(run.ledger.id, *position)))
        };
        let open = self.open.get(&lane)?.iter().filter_map(|id| self.runs.get(id));
        open.filter(may_go).filter_map(first).min().map(|(_, row)| row)
    }

    /// Messages of rules that were held back because of their template go on:
    /// it may be another one now.
    pub fn forgive_posted(&mut self) {
        for run in self.runs.values_mut() {
            let by_itself = match run.ledger.status {
                LedgerStatus::Paused(PausedBy::ContentErrors | PausedBy::Blocks | PausedBy::Failures) => true,
                LedgerStatus::Paused(PausedBy::Admin)
                | LedgerStatus::Preparing
                | LedgerStatus::Running
                | LedgerStatus::Cancelled
                | LedgerStatus::Finished => false,
            };
            if by_itself && run.ledger.cause.is_posted() && run.ledger.summary.is_none() {
                run.ledger.status = LedgerStatus::Running;
                run.ledger.forgive(&run.counts);
                self.dirty_heads.insert(run.ledger.id);
            }
        }
    }
}

impl Run {
    /// Notes a row that was added at the end.
    fn added(&mut self, row: RowId, user: i64, state: &State, now: Time) {
        let position = row.position();
        self.counts.note(state, 1);
        self.note_waiting(row, user, state, 1);
        match state {
            State::Deferred { until, .. } => self.defer(row, self.ledger.created + *until),
            State::Queued { .. } if self.arrivals.back().is_none_or(|(_, at)| *at < now) => {
                self.arrivals.push_back((position, now));
            }
            State::Queued { .. }
            | State::Leased { .. }
            | State::Sent { .. }
            | State::SentMany { .. }
            | State::Failed { .. }
            | State::InDoubt { .. }
            | State::Skipped { .. } => {}
        }
    }
}

impl Kind {
    fn of(posting: &Posting) -> Self {
        let sending = &posting.sending;
        Self {
            cause: cause(&posting.cause),
            template: sending.template.clone(),
            topic: sending.topic.clone(),
            priority: sending.priority,
            transactional: sending.transactional,
            rulebook: posting.rulebook.clone(),
            parts: posting.parts.max(1),
        }
    }

    fn of_ledger(ledger: &Ledger) -> Self {
        Self {
            cause: cause(&ledger.cause),
            template: ledger.template.clone().unwrap_or_default(),
            topic: ledger.topic.clone(),
            priority: ledger.priority,
            transactional: !ledger.marketing,
            rulebook: ledger.rulebook.clone(),
            parts: ledger.parts,
        }
    }
}

fn cause(cause: &Cause) -> (u8, String, String) {
    match cause {
        Cause::Broadcast { name, occurrence } | Cause::Recall { name, occurrence, .. } => {
            (0, name.clone(), occurrence.to_string())
        }
        Cause::Reply => (1, String::new(), String::new()),
        Cause::Rule { name } => (2, name.clone(), String::new()),
        Cause::Drip { name, step } => (3, name.clone(), step.clone()),
    }
}

fn head(posting: &Posting, id: LedgerId, now: Time) -> Ledger {
    let sending = &posting.sending;
    let (lane, in_doubt) = match sending.transactional {
        true => (Lane::Transactional, InDoubtPolicy::Resend),
        false => (Lane::Rule, InDoubtPolicy::Skip),
    };
    Ledger {
        in_doubt,
        rulebook: posting.rulebook.clone(),
        priority: sending.priority,
        parts: posting.parts.max(1),
        marketing: !sending.transactional,
        template: Some(sending.template.clone()),
        topic: sending.topic.clone(),
        ..Ledger::new(id, posting.cause.clone(), lane, now, 0)
    }
}
