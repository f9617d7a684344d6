//! The queue in memory: which row is next, and what has to be written.
//!
//! The store is the truth; this is its working copy. Of each running ledger it
//! keeps the counts, a cursor over the rows that never waited and heaps of
//! those that do; chunks are loaded when their rows are looked at and dropped
//! when these are final, or when many are loaded. Every change marks its chunk dirty, and
//! [`Queue::transaction`] hands out all dirty records as one batch. It decides
//! nothing about limits, templates or Telegram, and reads no clock.

mod amend;
mod append;
mod depth;
mod label;
mod numbers;
mod purse;
mod run;
#[cfg(test)]
mod tests;
mod turn;
mod write;

pub use amend::{Amend, Obstacle};
pub use append::TakenUp;
pub use depth::Depth;
pub use label::{Label, Shown};
pub use purse::Purse;
pub use write::Written;

use super::answer::Doubt;
use super::arrived::undelivered;
use super::ledger::{
    self, Cause, Counts, InDoubtPolicy, Lane, Ledger, LedgerId, LedgerStatus, Particulars, Recipients, Tried,
};
use super::media::Media;
use super::notice::Notice;
use super::row::{RESENT, RowId, State};
use super::tally::{Day, Outcome, Tally};
use crate::model::{Event, Message, Patch, Time, TimeDelta, UserId};
use crate::store::{Store, StoreError};
use append::Kind;
use jiff::tz::TimeZone;
use run::Run;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The working copy of the outbox.
pub struct Queue {
    store: Arc<dyn Store>,
    runs: BTreeMap<LedgerId, Run>,
    /// The ledgers of each lane of which something may still go out.
    open: BTreeMap<Lane, BTreeSet<LedgerId>>,
    /// Chats one of whose rows is tried again: later rows of the lane wait.
    chat_waits: HashMap<(Lane, i64), (Time, Turn)>,
    chunks: HashMap<(LedgerId, u32), Chunk>,
    dirty: BTreeSet<(LedgerId, u32)>,
    dirty_heads: BTreeSet<LedgerId>,
    erase: Vec<LedgerId>,
    patches: Vec<(UserId, Patch)>,
    events: Vec<Event>,
    notices: Vec<Notice>,
    pub(super) media: Media,
    tally: Tally,
    /// The project's time zone, in which its days are counted.
    zone: TimeZone,
    /// Up to which day numbers are to be forgotten.
    forget: Option<Day>,
    /// The ledger of each lane that had the last turn.
    last_served: BTreeMap<Lane, LedgerId>,
    /// The ledgers that take further rows.
    kinds: BTreeMap<Kind, LedgerId>,
    /// When the first of them takes no more.
    closes: Option<Time>,
    /// Whether there may be postings that are not rows yet.
    is_posted: bool,
    /// Records of postings that became rows and are still in the store.
    known: BTreeSet<u64>,
    /// Those of them that go with the next transaction.
    consumed: Vec<u64>,
    /// Numbers for new ledgers.
    ids: Arc<AtomicU64>,
    /// The order of the last row of a rule or a drip.
    last_order: u64,
    /// What is known of rows under way besides their ledger.
    labels: HashMap<RowId, Label>,
}

/// Which of a chat's rows comes first: by their order, if they have one.
type Turn = (u64, RowId);

/// What was found of an earlier process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Rows that were under way and stay in doubt.
    pub in_doubt: u32,
    /// Rows that were under way and will be sent again, as their policy says.
    pub resent: u32,
    /// Ledgers whose preparation had not ended; they were removed.
    pub discarded: u32,
}

/// A row whose turn has come.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The row.
    pub row: RowId,
    /// The user; of a reply, the chat.
    pub user: i64,
    /// The chat, which is the user unless it has moved.
    pub chat: i64,
    /// Attempts before this one.
    pub attempts: u8,
    /// The message, where it was known beforehand.
    pub message: Option<Message>,
    /// The message that is to be edited or deleted, if it is about one.
    pub target: Option<i32>,
    /// Which part of its recipient's message it is, from 0.
    pub part: u8,
    /// What it has of its own, if a rule or a drip sends it.
    pub particulars: Option<Particulars>,
}

struct Chunk {
    recipients: Recipients,
    states: Vec<State>,
    open: u32,
    recipients_dirty: bool,
}

/// The longest wait that is taken over from an earlier process, whose clock may
/// have been wrong. It is the longest back-off; what a 429 asked for is kept
/// apart.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(10);

impl Queue {
    /// Reads the outbox. Rows that an earlier process left under way become in
    /// doubt or are queued again; that is written with the next transaction.
    pub fn open(store: Arc<dyn Store>, now: Time) -> Result<(Self, Recovery), StoreError> {
        let mut queue = Self {
            store: store.clone(),
            runs: BTreeMap::new(),
            open: BTreeMap::new(),
            chat_waits: HashMap::new(),
            chunks: HashMap::new(),
            dirty: BTreeSet::new(),
            dirty_heads: BTreeSet::new(),
            erase: Vec::new(),
            patches: Vec::new(),
            events: Vec::new(),
            notices: Vec::new(),
            media: Media::new(store.clone()),
            tally: Tally::new(store.clone()),
            zone: TimeZone::UTC,
            forget: None,
            last_served: BTreeMap::new(),
            kinds: BTreeMap::new(),
            closes: None,
            is_posted: true,
            known: BTreeSet::new(),
            consumed: Vec::new(),
            ids: Arc::new(AtomicU64::new(1)),
            last_order: 0,
            labels: HashMap::new(),
        };
        let mut recovery = Recovery::default();
        for ledger in Ledger::read_all(&*store)? {
            match ledger.status {
                LedgerStatus::Preparing => {
                    recovery.discarded += 1;
                    queue.erase.push(ledger.id);
                    queue.runs.insert(ledger.id, Run::new(ledger));
                }
                LedgerStatus::Running | LedgerStatus::Paused(_) | LedgerStatus::Cancelled | LedgerStatus::Finished => {
                    match ledger.summary {
                        Some(_) => drop(queue.runs.insert(ledger.id, Run::finished(ledger))),
                        None => queue.recover(ledger, now, &mut recovery)?,
                    }
                }
            }
        }
        let last = queue.runs.keys().next_back().map_or(0, |id| id.0);
        queue.ids.store(last + 1, Ordering::SeqCst);
        queue.forgive_posted();
        Ok((queue, recovery))
    }

    /// Takes up a ledger whose rows, in these states, and head are in the
    /// store; none of them was tried or put off.
    pub fn add(&mut self, ledger: Ledger, counts: Counts) {
        self.ids.fetch_max(ledger.id.0 + 1, Ordering::SeqCst);
        let mut run = Run::new(ledger);
        run.counts = counts;
        let (id, created, queued) = (run.ledger.id, run.ledger.created, run.counts.queued);
        run.canary_open = run.ledger.canary.map_or(0, |canary| canary.rows);
        self.insert(run);
        self.count(id, created, Outcome::Queued(queued));
        self.finish_if_done(id, None);
    }

    /// The number that the next ledger should have; whoever takes it raises it.
    pub fn ids(&self) -> Arc<AtomicU64> {
        self.ids.clone()
    }

    /// The head of a ledger.
    pub fn ledger(&self, id: LedgerId) -> Option<&Ledger> {
        self.runs.get(&id).map(|run| &run.ledger)
    }

    /// All ledgers with their counts, oldest first.
    pub fn ledgers(&self) -> impl Iterator<Item = (&Ledger, &Counts)> {
        self.runs.values().map(|run| (&run.ledger, &run.counts))
    }

    /// Marks a row as under way and uses up its ledger's own rate.
    pub fn lease(&mut self, candidate: &Candidate, monotonic: TimeDelta) -> Result<(), StoreError> {
        if let Some(run) = self.runs.get_mut(&candidate.row.ledger)
            && let Some(rate) = run.ledger.own_rate()
        {
            run.window.take(rate, monotonic);
        }
        self.set_aside(candidate.row.ledger);
        self.set(candidate.row, State::Leased { attempts: candidate.attempts }, None)
    }

    /// Gives a row a state that ends its turn: final, or queued for later.
    pub fn settle(&mut self, row: RowId, state: State, now: Time) -> Result<(), StoreError> {
        // a row that waits must not look like one that the cursor will come to
        let state = if state == State::FRESH { State::Queued { due: TimeDelta(1), attempts: 0 } } else { state };
        let (wait, until) = match &state {
            State::Queued { due, .. } => (Some(*due), None),
            State::Deferred { until, .. } => (None, Some(*until)),
            State::Leased { .. }
            | State::Sent { .. }
            | State::SentMany { .. }
            | State::Failed { .. }
            | State::InDoubt { .. }
            | State::Skipped { .. } => (None, None),
        };
        self.count_state(row, &state, now)?;
        self.unlabel(row, &state, now);
        let is_lost = match &state {
            State::Failed { .. } | State::InDoubt { .. } | State::Skipped { .. } => true,
            State::Queued { .. }
            | State::Deferred { .. }
            | State::Leased { .. }
            | State::Sent { .. }
            | State::SentMany { .. } => false,
        };
        self.set(row, state, Some(now))?;
        if is_lost {
            self.tell_undelivered(row, now);
        }
        let Some(run) = self.runs.get_mut(&row.ledger) else { return Ok(()) };
        if let Some(until) = until {
            run.defer(row, run.ledger.created + until);
        }
        if let Some(due) = wait {
            let due = run.ledger.created + due;
            run.wait(row, due);
            let recipients = self.chunks.get(&(row.ledger, row.chunk)).map(|chunk| &chunk.recipients);
            if let Some((chat, order)) = recipients.and_then(|r| Some((r.chat(row.index)?, r.order(row.index)))) {
                self.chat_waits.insert((run.ledger.lane, chat), (due, (order, row)));
            }
        }
        Ok(())
    }

    /// Puts a row that was never leased back for later, in memory only.
    pub fn postpone(&mut self, row: RowId, until: Time) {
        if let Some(run) = self.runs.get_mut(&row.ledger) {
            run.wait(row, until);
        }
    }

    /// Looks at a ledger again only from `until` on, or after [`Queue::wake`].
    pub fn hold(&mut self, row: RowId, until: Time) {
        self.hold_ledger(row.ledger, until);
        self.postpone(row, until);
    }

    /// Ends every hold.
    pub fn wake(&mut self) {
        for run in self.runs.values_mut() {
            run.held = None;
        }
    }

    /// The clock was set by so much: what waits shall wait as long as before.
    pub fn shift(&mut self, by: TimeDelta) {
        for run in self.runs.values_mut() {
            run.waiting = run.waiting.drain().map(|Reverse((due, row))| Reverse((due + by, row))).collect();
            run.held = run.held.map(|until| until + by);
        }
        self.chat_waits.values_mut().for_each(|(until, _)| *until = *until + by);
    }

    /// The store that the queue is a working copy of.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Gives a row's chat a new id (a group became a supergroup).
    pub fn migrate(&mut self, row: RowId, to: i64) {
        if let Some(chunk) = self.chunks.get_mut(&(row.ledger, row.chunk))
            && (row.index as usize) < chunk.recipients.users.len()
        {
            chunk.recipients.move_to(row.index, to);
            chunk.recipients_dirty = true;
            self.dirty.insert((row.ledger, row.chunk));
        }
    }

    /// Adds a change of a profile to the next transaction.
    pub fn patch(&mut self, user: UserId, patch: Patch) {
        self.patches.push((user, patch));
    }

    /// Adds what happened to a user to the next transaction.
    pub fn tell(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Tells a drip that waits for it that a row will not be delivered.
    fn tell_undelivered(&mut self, row: RowId, now: Time) {
        let Some(run) = self.runs.get(&row.ledger).filter(|run| run.ledger.part(row.position()) == 0) else { return };
        let Some(chunk) = self.chunks.get(&(row.ledger, row.chunk)) else { return };
        let index = row.index as usize;
        let answers = chunk.recipients.particulars.get(index).is_some_and(|particulars| particulars.answers);
        if let Some(user) = chunk.recipients.users.get(index).filter(|_| answers) {
            let template = run.ledger.template.as_deref();
            self.events.extend(template.and_then(|template| undelivered(&run.ledger.cause, template, row, *user, now)));
        }
    }

    /// What the admins should hear of, since the last call.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// A recipient of a ledger blocked the bot within a day of its message.
    pub fn blocked_after(&mut self, id: LedgerId, now: Time) {
        self.count(id, now, Outcome::BlockedAfter);
        if let Some(run) = self.runs.get_mut(&id) {
            run.ledger.blocked_after += 1;
            self.dirty_heads.insert(id);
            self.look_at_rails(id);
        }
    }

    /// A button of a message of a ledger was pressed.
    pub fn clicked(&mut self, id: LedgerId, now: Time) {
        self.count(id, now, Outcome::Clicked);
        if let Some(run) = self.runs.get_mut(&id) {
            run.ledger.clicked += 1;
            self.dirty_heads.insert(id);
        }
    }

    /// Changes the status of a ledger; says whether it could be changed so.
    pub fn set_status(&mut self, id: LedgerId, status: LedgerStatus, now: Time) -> bool {
        let Some(run) = self.runs.get_mut(&id) else { return false };
        let allowed = run.ledger.can_become(status);
        if allowed {
            run.ledger.status = status;
            if status == LedgerStatus::Running {
                run.ledger.forgive(&run.counts);
            }
            self.dirty_heads.insert(id);
            match status {
                LedgerStatus::Cancelled => self.close(id, now),
                LedgerStatus::Preparing | LedgerStatus::Running | LedgerStatus::Paused(_) | LedgerStatus::Finished => {
                    self.finish_if_done(id, Some(now))
                }
            }
        }
        allowed
    }

    fn insert(&mut self, run: Run) {
        self.open.entry(run.ledger.lane).or_default().insert(run.ledger.id);
        self.runs.insert(run.ledger.id, run);
    }

    /// Looks at a ledger again only from `until` on, or after [`Queue::wake`].
    pub fn hold_ledger(&mut self, id: LedgerId, until: Time) {
        if let Some(run) = self.runs.get_mut(&id) {
            run.held = Some(until);
        }
    }

    fn recover(&mut self, ledger: Ledger, now: Time, recovery: &mut Recovery) -> Result<(), StoreError> {
        let (id, at, policy) = (ledger.id, ledger.since(now), ledger.in_doubt);
        let mut run = Run::new(ledger);
        let mut lost = Vec::new();
        ledger::rows(&*self.store, &run.ledger.clone(), |row, user, state| {
            run.counts.note(state, 1);
            run.note_waiting(row, user.0, state, 1);
            if *state == State::FRESH && run.arrivals.is_empty() {
                run.arrivals.push_back((row.position(), now));
            }
            match state {
                State::Leased { attempts } => lost.push((row, *attempts)),
                State::Queued { due, .. } if *state != State::FRESH => {
                    run.wait(row, (run.ledger.created + *due).min(now + LONGEST_WAIT));
                }
                State::Deferred { until, .. } => run.defer(row, run.ledger.created + *until),
                State::Queued { .. }
                | State::Sent { .. }
                | State::SentMany { .. }
                | State::Failed { .. }
                | State::InDoubt { .. }
                | State::Skipped { .. } => {}
            }
            if run.ledger.is_canary(row.position()) && !state.is_final() {
                run.canary_open += 1;
            }
        })?;
        self.insert(run);
        self.follow_open(id);
        self.line_up(id)?;
        for (row, attempts) in lost {
            let state = match policy {
                InDoubtPolicy::Resend if attempts < RESENT => {
                    recovery.resent += 1;
                    State::Queued { due: at.max(TimeDelta(1)), attempts: attempts | RESENT }
                }
                InDoubtPolicy::Skip | InDoubtPolicy::Resend => {
                    recovery.in_doubt += 1;
                    State::InDoubt { at, why: Doubt::Restart }
                }
            };
            self.settle(row, state, now)?;
        }
        self.finish_if_done(id, Some(now));
        Ok(())
    }

    fn chunk(&mut self, row: RowId) -> Result<&mut Chunk, StoreError> {
        let key = (row.ledger, row.chunk);
        match self.chunks.entry(key) {
            std::collections::hash_map::Entry::Occupied(entry) => Ok(entry.into_mut()),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let recipients = ledger::read_recipients(&*self.store, row.ledger, row.chunk)?;
                let states = ledger::read_states(&*self.store, row.ledger, row.chunk)?;
                Ok(entry.insert(Chunk::new(recipients, states)))
            }
        }
    }

    fn set(&mut self, row: RowId, state: State, now: Option<Time>) -> Result<(), StoreError> {
        let chunk = self.chunk(row)?;
        let Some(slot) = chunk.states.get_mut(row.index as usize) else { return Ok(()) };
        let before = std::mem::replace(slot, state.clone());
        match (before.is_final(), state.is_final()) {
            (false, true) => chunk.open -= 1,
            (true, false) => chunk.open += 1,
            (true, true) | (false, false) => {}
        }
        let user = chunk.recipients.users.get(row.index as usize).copied();
        let order = chunk.recipients.order(row.index);
        self.dirty.insert((row.ledger, row.chunk));
        if let Some(run) = self.runs.get_mut(&row.ledger) {
            run.counts.note(&before, -1);
            run.counts.note(&state, 1);
            if let Some(user) = user {
                run.line.remove(&(user, order));
                run.note_waiting(row, user, &before, -1);
                run.note_waiting(row, user, &state, 1);
            }
            if run.canary_settled(row, &before, &state, now) {
                self.dirty_heads.insert(row.ledger);
                self.notices
                    .push(Notice::CanaryDone { ledger: Box::new(run.ledger.clone()), counts: run.counts.clone() });
            }
        }
        if state.is_final() {
            self.look_at_rails(row.ledger);
        }
        self.finish_if_done(row.ledger, now);
        Ok(())
    }

    /// Pauses a ledger whose messages come to too much trouble.
    fn look_at_rails(&mut self, id: LedgerId) {
        let Some(run) = self.runs.get_mut(&id) else { return };
        let watched = run.ledger.status == LedgerStatus::Running && run.ledger.lane != Lane::Reply;
        let tried = Tried::of(&run.counts, run.ledger.blocked_after);
        let is_canary = run.ledger.canary.is_some_and(|canary| run.canary_open == 0 && tried.all <= canary.rows);
        let by = run.ledger.rails.judge(tried, is_canary);
        // of what rules and drips send there may be more at any moment
        let is_over = run.counts.is_done() && run.ledger.open_until.is_none();
        let Some(by) = by.filter(|_| watched && !is_over) else { return };
        run.ledger.status = LedgerStatus::Paused(by);
        self.notices.push(Notice::Paused { ledger: Box::new(run.ledger.clone()), tried });
        self.dirty_heads.insert(id);
    }

    /// Ends a ledger whose rows are all final. Replies leave nothing behind.
    fn finish_if_done(&mut self, id: LedgerId, now: Option<Time>) {
        let Some(run) = self.runs.get_mut(&id) else { return };
        let over = match run.ledger.status {
            LedgerStatus::Running | LedgerStatus::Paused(_) => run.counts.is_done() && run.ledger.open_until.is_none(),
            LedgerStatus::Cancelled => run.counts.leased == 0,
            LedgerStatus::Preparing | LedgerStatus::Finished => false,
        };
        if !over || run.ledger.summary.is_some() {
            return;
        }
        run.ledger.finished = Some(now.unwrap_or(run.ledger.created));
        run.ledger.summary = Some(run.counts.clone());
        if run.ledger.status != LedgerStatus::Cancelled {
            run.ledger.status = LedgerStatus::Finished;
        }
        match run.ledger.cause {
            Cause::Reply => self.erase.push(id),
            Cause::Rule { .. } | Cause::Drip { .. } => drop(self.dirty_heads.insert(id)),
            Cause::Broadcast { .. } | Cause::Recall { .. } => {
                self.dirty_heads.insert(id);
                self.notices.push(Notice::Ended { ledger: Box::new(run.ledger.clone()) });
            }
        }
        if let Some(open) = self.open.get_mut(&run.ledger.lane) {
            open.remove(&id);
        }
    }
}

impl Chunk {
    fn empty() -> Self {
        Self::new(Recipients::default(), Vec::new())
    }

    fn new(recipients: Recipients, states: Vec<State>) -> Self {
        let open = states.iter().filter(|state| !state.is_final()).count();
        Self { recipients, states, open: u32::try_from(open).unwrap_or(u32::MAX), recipients_dirty: false }
    }
}
