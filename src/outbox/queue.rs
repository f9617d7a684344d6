//! The queue in memory: which row is next, and what has to be written.
//!
//! The store is the truth; this is its working copy. Of each running ledger it
//! keeps the counts, a cursor over the rows that never waited and a heap of
//! those that do; chunks are loaded when the cursor reaches them and dropped
//! when their rows are final. Every change marks its chunk dirty, and
//! [`Queue::transaction`] hands out all dirty records as one batch. It decides
//! nothing about limits, templates or Telegram, and reads no clock.

use super::answer::Doubt;
use super::ledger::{
    self, CHUNK_ROWS, Cause, Counts, InDoubtPolicy, Lane, Ledger, LedgerId, LedgerStatus, PausedBy, Recipients,
};
use super::limiter::Window;
use super::row::{FailureKind, RowId, State};
use crate::model::{Message, Patch, Time, TimeDelta, UserId};
use crate::store::{Batch, Store, StoreError, Transaction};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};
use std::sync::Arc;

/// The working copy of the outbox.
pub struct Queue {
    store: Arc<dyn Store>,
    runs: BTreeMap<LedgerId, Run>,
    chunks: HashMap<(LedgerId, u32), Chunk>,
    dirty: BTreeSet<(LedgerId, u32)>,
    dirty_heads: BTreeSet<LedgerId>,
    erase: Vec<LedgerId>,
    patches: Vec<(UserId, Patch)>,
    last_served: LedgerId,
}

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
    /// The chat, which is the user for a broadcast.
    pub chat: i64,
    /// Attempts before this one.
    pub attempts: u8,
    /// The message, where it was known beforehand.
    pub message: Option<Message>,
}

struct Run {
    ledger: Ledger,
    counts: Counts,
    cursor: u32,
    waiting: BinaryHeap<Reverse<(Time, u32)>>,
    chat_waits: HashMap<i64, (Time, u32)>,
    window: Window,
    held: Option<Time>,
}

struct Chunk {
    recipients: Recipients,
    states: Vec<State>,
    open: u32,
    recipients_dirty: bool,
}

/// Rows of one chat that must wait are looked past, but not without end.
const LOOK_AHEAD: usize = 256;

/// A ledger none of whose messages went through and of whose messages this
/// many were refused for their content is paused.
const CONTENT_ERRORS: u32 = 5;

impl Queue {
    /// Reads the outbox. Rows that an earlier process left under way become in
    /// doubt or are queued again; that is written with the next transaction.
    pub fn open(store: Arc<dyn Store>, now: Time) -> Result<(Self, Recovery), StoreError> {
        let mut queue = Self {
            store: store.clone(),
            runs: BTreeMap::new(),
            chunks: HashMap::new(),
            dirty: BTreeSet::new(),
            dirty_heads: BTreeSet::new(),
            erase: Vec::new(),
            patches: Vec::new(),
            last_served: LedgerId(0),
        };
        let mut recovery = Recovery::default();
        for ledger in Ledger::read_all(&*store)? {
            match ledger.status {
                LedgerStatus::Preparing => {
                    recovery.discarded += 1;
                    queue.erase.push(ledger.id);
                    queue.runs.insert(ledger.id, Run::new(ledger));
                }
                LedgerStatus::Finished => {
                    queue.runs.insert(ledger.id, Run::finished(ledger));
                }
                LedgerStatus::Running | LedgerStatus::Paused(_) | LedgerStatus::Cancelled => {
                    queue.recover(ledger, now, &mut recovery)?;
                }
            }
        }
        Ok((queue, recovery))
    }

    /// Takes up a ledger whose rows and head are in the store.
    pub fn add(&mut self, ledger: Ledger) {
        let mut run = Run::new(ledger);
        run.counts.queued = run.ledger.rows;
        let id = run.ledger.id;
        self.runs.insert(id, run);
        self.finish_if_done(id, None);
    }

    /// The number that the next ledger should have.
    pub fn next_id(&self) -> LedgerId {
        LedgerId(self.runs.keys().next_back().map_or(1, |id| id.0 + 1))
    }

    /// The next row that may be leased, best lane first and in turn among the
    /// ledgers of a lane. `blocked` tells until when a chat must wait, if so.
    pub fn next(
        &mut self,
        now: Time,
        monotonic: TimeDelta,
        blocked: &dyn Fn(i64) -> Option<TimeDelta>,
    ) -> Result<Option<Candidate>, StoreError> {
        for lane in [Lane::Reply, Lane::Broadcast] {
            for id in self.in_turn(lane, now, monotonic) {
                if let Some(candidate) = self.next_of(id, now, blocked)? {
                    self.last_served = id;
                    return Ok(Some(candidate));
                }
            }
        }
        Ok(None)
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
        self.set(candidate.row, State::Leased { attempts: candidate.attempts }, None)
    }

    /// Gives a row a state that ends its turn: final, or queued for later.
    pub fn settle(&mut self, row: RowId, state: State, now: Time) -> Result<(), StoreError> {
        let wait = match &state {
            State::Queued { due, .. } => Some(*due),
            _ => None,
        };
        self.set(row, state, Some(now))?;
        if let (Some(due), Some(run)) = (wait, self.runs.get_mut(&row.ledger)) {
            let due = run.ledger.created + due;
            let chat =
                self.chunks.get(&(row.ledger, row.chunk)).and_then(|c| c.recipients.users.get(row.index as usize));
            run.wait(row, due, chat.copied());
        }
        Ok(())
    }

    /// Puts a row that was never leased back for later, in memory only.
    pub fn postpone(&mut self, row: RowId, until: Time) {
        if let Some(run) = self.runs.get_mut(&row.ledger) {
            run.wait(row, until, None);
        }
    }

    /// Looks at a ledger again only from `until` on, or after [`Queue::wake`].
    pub fn hold(&mut self, row: RowId, until: Time) {
        if let Some(run) = self.runs.get_mut(&row.ledger) {
            run.held = Some(until);
            run.wait(row, until, None);
        }
    }

    /// Ends every hold.
    pub fn wake(&mut self) {
        for run in self.runs.values_mut() {
            run.held = None;
        }
    }

    /// The store that the queue is a working copy of.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Gives a row's chat a new id (a group became a supergroup).
    pub fn migrate(&mut self, row: RowId, to: i64) {
        if let Some(chunk) = self.chunks.get_mut(&(row.ledger, row.chunk))
            && let Some(user) = chunk.recipients.users.get_mut(row.index as usize)
        {
            *user = to;
            chunk.recipients_dirty = true;
            self.dirty.insert((row.ledger, row.chunk));
        }
    }

    /// Adds a change of a profile to the next transaction.
    pub fn patch(&mut self, user: UserId, patch: Patch) {
        self.patches.push((user, patch));
    }

    /// Changes the status of a ledger; says whether it could be changed so.
    pub fn set_status(&mut self, id: LedgerId, status: LedgerStatus, now: Time) -> bool {
        let Some(run) = self.runs.get_mut(&id) else { return false };
        let allowed = run.ledger.can_become(status);
        if allowed {
            run.ledger.status = status;
            self.dirty_heads.insert(id);
            self.finish_if_done(id, Some(now));
        }
        allowed
    }

    /// Whether anything has to be written.
    pub fn is_dirty(&self) -> bool {
        !(self.dirty.is_empty() && self.dirty_heads.is_empty() && self.erase.is_empty() && self.patches.is_empty())
    }

    /// Everything that has to be written, as one. If it fails, give it back to
    /// [`Queue::not_written`].
    pub fn transaction(&mut self) -> Result<(Transaction, Written), StoreError> {
        let mut batch = Batch::new();
        let written = Written {
            chunks: std::mem::take(&mut self.dirty),
            heads: std::mem::take(&mut self.dirty_heads),
            erased: std::mem::take(&mut self.erase),
            patches: std::mem::take(&mut self.patches),
        };
        for key in &written.chunks {
            if let Some(chunk) = self.chunks.get_mut(key) {
                if std::mem::take(&mut chunk.recipients_dirty) {
                    ledger::write_recipients(&mut batch, key.0, key.1, &chunk.recipients)?;
                }
                ledger::write_states(&mut batch, key.0, key.1, &chunk.states)?;
            }
        }
        for id in &written.heads {
            if let Some(run) = self.runs.get(id) {
                run.ledger.write(&mut batch)?;
            }
        }
        for id in &written.erased {
            if let Some(run) = self.runs.get(id) {
                run.ledger.erase(&*self.store, &mut batch)?;
            }
        }
        let transaction = Transaction { batch, patches: written.patches.clone() };
        Ok((transaction, written))
    }

    /// Forgets what a durable transaction made needless to keep in memory.
    pub fn written(&mut self, written: &Written) {
        for key in &written.chunks {
            let done = self.chunks.get(key).is_some_and(|chunk| chunk.open == 0);
            if done && !self.dirty.contains(key) {
                self.chunks.remove(key);
            }
        }
        for id in &written.erased {
            self.runs.remove(id);
            self.chunks.retain(|key, _| key.0 != *id);
        }
    }

    /// Marks what a failed transaction held as still to be written.
    pub fn not_written(&mut self, mut written: Written) {
        self.dirty.append(&mut written.chunks);
        self.dirty_heads.append(&mut written.heads);
        self.erase.append(&mut written.erased);
        for key in &self.dirty {
            if let Some(chunk) = self.chunks.get_mut(key) {
                chunk.recipients_dirty = true;
            }
        }
        written.patches.append(&mut self.patches);
        self.patches = written.patches;
    }

    /// When the next waiting row is due, if any waits.
    pub fn next_due(&self) -> Option<Time> {
        let running = self.runs.values().filter(|run| run.ledger.status == LedgerStatus::Running);
        running.filter_map(|run| run.waiting.peek().map(|Reverse((due, _))| *due)).min()
    }

    /// When a ledger with rows and a rate of its own may go on, at the latest.
    pub fn next_rate_slot(&self, monotonic: TimeDelta) -> Option<TimeDelta> {
        let running =
            self.runs.values().filter(|run| run.ledger.status == LedgerStatus::Running && run.counts.queued > 0);
        running.map(|run| run.rate_ready(monotonic)).filter(|at| *at > monotonic).min()
    }

    fn recover(&mut self, ledger: Ledger, now: Time, recovery: &mut Recovery) -> Result<(), StoreError> {
        let (id, at, policy) = (ledger.id, ledger.since(now), ledger.in_doubt);
        let mut run = Run::new(ledger);
        let mut lost = Vec::new();
        ledger::rows(&*self.store, &run.ledger.clone(), |row, _, state| {
            run.counts.note(state, 1);
            match state {
                State::Leased { attempts } => lost.push((row, *attempts)),
                State::Queued { due, .. } if due.0 > 0 => run.wait(row, run.ledger.created + *due, None),
                _ => {}
            }
        })?;
        self.runs.insert(id, run);
        for (row, attempts) in lost {
            match policy {
                InDoubtPolicy::Skip => {
                    recovery.in_doubt += 1;
                    self.settle(row, State::InDoubt { at, why: Doubt::Restart }, now)?;
                }
                InDoubtPolicy::Resend => {
                    recovery.resent += 1;
                    self.settle(row, State::Queued { due: at.max(TimeDelta(1)), attempts }, now)?;
                }
            }
        }
        self.finish_if_done(id, Some(now));
        Ok(())
    }

    fn in_turn(&self, lane: Lane, now: Time, monotonic: TimeDelta) -> Vec<LedgerId> {
        let ready = |run: &Run| {
            run.ledger.lane == lane
                && run.ledger.status == LedgerStatus::Running
                && run.counts.queued > 0
                && run.held.is_none_or(|until| until <= now)
                && run.rate_ready(monotonic) <= monotonic
        };
        let mut ids: Vec<_> = self.runs.values().filter(|run| ready(run)).map(|run| run.ledger.id).collect();
        let after = ids.iter().position(|id| *id > self.last_served).unwrap_or(0);
        ids.rotate_left(after);
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
        if let Some(Reverse((due, _))) = run.waiting.peek()
            && *due <= now
        {
            return Ok(run.waiting.pop().map(|Reverse((_, position))| row_at(id, position)));
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

    /// Drops a loaded chunk with nothing left to do and nothing to write.
    fn drop_if_done(&mut self, row: RowId) {
        let key = (row.ledger, row.chunk);
        let last = row.index as usize + 1 == CHUNK_ROWS;
        if last && !self.dirty.contains(&key) && self.chunks.get(&key).is_some_and(|chunk| chunk.open == 0) {
            self.chunks.remove(&key);
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
        self.dirty.insert((row.ledger, row.chunk));
        if let Some(run) = self.runs.get_mut(&row.ledger) {
            run.counts.note(&before, -1);
            run.counts.note(&state, 1);
            if run.refuses_content() {
                run.ledger.status = LedgerStatus::Paused(PausedBy::ContentErrors);
                self.dirty_heads.insert(row.ledger);
            }
        }
        self.finish_if_done(row.ledger, now);
        Ok(())
    }

    /// Ends a ledger whose rows are all final. Replies leave nothing behind.
    fn finish_if_done(&mut self, id: LedgerId, now: Option<Time>) {
        let Some(run) = self.runs.get_mut(&id) else { return };
        let over = match run.ledger.status {
            LedgerStatus::Running | LedgerStatus::Paused(_) => run.counts.is_done(),
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
            Cause::Broadcast { .. } => {
                self.dirty_heads.insert(id);
            }
        }
    }
}

/// What one transaction held; see [`Queue::transaction`].
#[derive(Debug, Default)]
pub struct Written {
    chunks: BTreeSet<(LedgerId, u32)>,
    heads: BTreeSet<LedgerId>,
    erased: Vec<LedgerId>,
    patches: Vec<(UserId, Patch)>,
}

impl Run {
    fn new(ledger: Ledger) -> Self {
        Self {
            ledger,
            counts: Counts::default(),
            cursor: 0,
            waiting: BinaryHeap::new(),
            chat_waits: HashMap::new(),
            window: Window::default(),
            held: None,
        }
    }

    fn finished(ledger: Ledger) -> Self {
        let counts = ledger.summary.clone().unwrap_or_default();
        Self { counts, ..Self::new(ledger) }
    }

    /// Notes that `row` waits; with `chat`, that later rows of that chat wait
    /// behind it.
    fn wait(&mut self, row: RowId, until: Time, chat: Option<i64>) {
        let position = position_of(row);
        self.waiting.push(Reverse((until, position)));
        if let Some(chat) = chat {
            self.chat_waits.insert(chat, (until, position));
        }
    }

    /// Until when a row waits behind an earlier one of its chat.
    fn must_wait(&mut self, row: RowId, chat: i64, now: Time) -> Option<Time> {
        match self.chat_waits.get(&chat) {
            Some((until, position)) if *position < position_of(row) && *until > now => Some(*until),
            Some((until, position)) if *until <= now || *position == position_of(row) => {
                self.chat_waits.remove(&chat);
                None
            }
            _ => None,
        }
    }

    fn rate_ready(&self, monotonic: TimeDelta) -> TimeDelta {
        self.ledger.own_rate().map_or(monotonic, |rate| self.window.ready(rate, monotonic))
    }

    fn refuses_content(&self) -> bool {
        self.ledger.status == LedgerStatus::Running
            && self.ledger.lane == Lane::Broadcast
            && self.counts.sent == 0
            && self.counts.failed.get(&FailureKind::Content).copied().unwrap_or(0) >= CONTENT_ERRORS
    }
}

impl Chunk {
    fn new(recipients: Recipients, states: Vec<State>) -> Self {
        let open = states.iter().filter(|state| !state.is_final()).count();
        Self { recipients, states, open: u32::try_from(open).unwrap_or(u32::MAX), recipients_dirty: false }
    }
}

fn row_at(ledger: LedgerId, position: u32) -> RowId {
    let rows = CHUNK_ROWS as u32;
    RowId { ledger, chunk: position / rows, index: position % rows }
}

fn position_of(row: RowId) -> u32 {
    row.chunk * CHUNK_ROWS as u32 + row.index
}
