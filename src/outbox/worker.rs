//! The thread that owns the queue: it leases, grants, hands to the client and
//! settles.
//!
//! One pass of its loop: take rows from the queue through the gates until
//! enough are leased; hand all dirty records to the store's writer, one
//! transaction at a time; give leased rows that are durable to the client as
//! the limiter grants them; sleep until an event or the next moment at which
//! anything is due. Nothing in it blocks on the network, and waiting is always
//! a due time, never a sleep in the middle of work.

mod photo;
mod report;
mod settle;

use super::answer::{Answer, Doubt};
use super::client::Client;
use super::handle::{OutboxOptions, OutboxStatus, Prepare, Prepared};
use super::ledger::{Lane, Ledger, LedgerId, LedgerStatus};
use super::limiter::{Limiter, Pass};
use super::outage::Outage;
use super::queue::{Candidate, Queue, Written};
use super::row::{RowId, SkipReason, State};
use crate::model::{Clock, Limits, Message, Text, Time, TimeDelta, UserId};
use crate::store::{StoreError, Writer, encode};
use settle::{HOLD_KEY, HOLD_VERSION, Hold};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

/// What the thread is told.
pub(super) enum Event {
    Answered { row: RowId, answer: Answer },
    Committed(Result<(), StoreError>),
    Add(Ledger),
    SetStatus(LedgerId, LedgerStatus, Sender<bool>),
    SetLimits(Limits),
    Status(Sender<OutboxStatus>),
    Wake,
    Stop,
}

/// A row that is leased in memory.
#[derive(Clone)]
struct Leased {
    candidate: Candidate,
    message: Arc<Message>,
    /// Its photo goes out by the address: Telegram refused the id.
    by_address: bool,
}

/// A row whose request has been handed to the client.
struct Flying {
    leased: Leased,
    /// What was sent in place of the photo's address.
    file_id: Option<String>,
}

/// A transaction under way.
struct Commit {
    written: Written,
    leased: Vec<Leased>,
    hold: Option<Hold>,
}

/// The state of the thread.
pub(super) struct Worker {
    queue: Queue,
    limiter: Limiter,
    prepare: Box<dyn Prepare>,
    clock: Arc<dyn Clock>,
    writer: Writer,
    client: Client,
    runtime: tokio::runtime::Handle,
    events: Sender<Event>,
    /// Leased in memory; not yet part of a transaction.
    leasing: Vec<Leased>,
    /// Part of the transaction under way.
    committing: Option<Commit>,
    /// Durably leased; waiting for the limiter.
    pool: VecDeque<Leased>,
    /// Chats of all rows that are leased, with how many.
    busy: HashMap<i64, u32>,
    in_flight: HashMap<RowId, Flying>,
    confirmed: VecDeque<TimeDelta>,
    too_many: u64,
    retry_store_at: Option<TimeDelta>,
    /// Telegram refused the token: until when nothing goes out, and its words.
    bot_refused: Option<(TimeDelta, Text)>,
    outage: Outage,
    /// What the store said last, until it works again.
    trouble: Option<Text>,
    hold_dirty: Option<Hold>,
    /// What the wall clock is ahead of the monotonic one.
    wall: TimeDelta,
    /// Set by a stop: until when answers are awaited.
    stopping: Option<TimeDelta>,
    /// Whether a store in trouble was tried for the last time.
    last_try: bool,
    /// The store will not work again in this process.
    store_gone: bool,
}

/// More rows than this are never leased: what a crash can leave in doubt.
const MAX_LEASED: usize = 300;

/// Requests under way at once while no limit is set: more only contend.
const UNLIMITED_IN_FLIGHT: usize = 64;

/// Decisions taken in one pass before events are looked at again.
const DECISIONS_PER_PASS: usize = 1_000;

/// How long the outbox waits before it tries a store again.
const STORE_RETRY: TimeDelta = TimeDelta::seconds(1);
const LATER: TimeDelta = TimeDelta::seconds(5);

/// Over so long the rate that people see is counted.
const RATE_WINDOW: TimeDelta = TimeDelta::seconds(10);

/// How long a stop waits for answers. What has none by then is in doubt, as
/// after a crash; supervisors kill after ten seconds.
const GRACE: TimeDelta = TimeDelta::seconds(8);

/// A wall clock that moves by less against the monotonic one was not set.
const CLOCK_SET: TimeDelta = TimeDelta::seconds(1);

impl Worker {
    pub(super) fn new(queue: Queue, options: OutboxOptions, events: Sender<Event>) -> Self {
        let wall = wall_ahead(&*options.clock);
        Self {
            queue,
            limiter: Limiter::new(options.limits),
            prepare: options.prepare,
            clock: options.clock,
            writer: options.writer,
            client: options.client,
            runtime: options.runtime,
            events,
            leasing: Vec::new(),
            committing: None,
            pool: VecDeque::new(),
            busy: HashMap::new(),
            in_flight: HashMap::new(),
            confirmed: VecDeque::new(),
            too_many: 0,
            retry_store_at: None,
            bot_refused: None,
            outage: Outage::default(),
            trouble: None,
            hold_dirty: None,
            wall,
            stopping: None,
            last_try: false,
            store_gone: false,
        }
    }

    pub(super) fn run(&mut self, inbox: &Receiver<Event>) {
        while !self.is_over() {
            self.pass();
            match inbox.recv_timeout(self.nap()) {
                Ok(event) => self.handle(event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => self.stop(),
            }
            while let Ok(event) = inbox.try_recv() {
                self.handle(event);
            }
        }
    }

    fn pass(&mut self) {
        self.follow_clock();
        self.wind_up();
        if self.is_storing() {
            let leased = self.lease();
            // also if some rows could not be read: others are leased or settled
            self.commit();
            self.note_store(leased);
        }
        self.grant();
    }

    /// Waits are measured with the monotonic clock, whatever the other is set to.
    fn follow_clock(&mut self) {
        let wall = wall_ahead(&*self.clock);
        let by = wall - self.wall;
        if by.0.abs() >= CLOCK_SET.0 {
            self.wall = wall;
            self.queue.shift(by);
        }
    }

    /// While stopping: gives up waiting for answers when it is time, and tries
    /// a store in trouble once more.
    fn wind_up(&mut self) {
        let Some(until) = self.stopping else { return };
        if self.clock.monotonic() >= until {
            for row in self.in_flight.keys().copied().collect::<Vec<_>>() {
                let result = self.answered(row, Answer::Unknown(Doubt::Restart));
                self.note_store(result);
            }
        }
        if self.is_idle() && self.retry_store_at.is_some() && !self.last_try {
            self.last_try = true;
            self.retry_store_at = None;
        }
    }

    fn is_idle(&self) -> bool {
        self.in_flight.is_empty() && self.committing.is_none() && self.pool.is_empty() && self.leasing.is_empty()
    }

    fn is_over(&self) -> bool {
        let unwritten = self.queue.is_dirty() && !(self.last_try && self.retry_store_at.is_some());
        self.store_gone || (self.stopping.is_some() && self.is_idle() && !unwritten)
    }

    /// Whether the store may be used now.
    fn is_storing(&mut self) -> bool {
        let now = self.clock.monotonic();
        self.retry_store_at = self.retry_store_at.filter(|at| *at > now);
        self.retry_store_at.is_none()
    }

    /// Takes rows from the queue until enough are leased.
    fn lease(&mut self) -> Result<(), StoreError> {
        if self.stopping.is_some() || self.is_held() {
            return self.release_all();
        }
        // one moment for all, or a chat's second message might become ready
        // between the looks at its first and at itself
        let (now, monotonic) = (self.clock.now(), self.clock.monotonic());
        for _ in 0..DECISIONS_PER_PASS {
            if self.leased() >= self.wanted() {
                break;
            }
            let (busy, limiter) = (&self.busy, &self.limiter);
            let blocked = |chat| chat_blocked(busy, limiter, chat, monotonic);
            let Some(candidate) = self.queue.next(now, monotonic, &blocked)? else { break };
            self.decide(candidate, now, monotonic)?;
        }
        Ok(())
    }

    fn decide(&mut self, mut candidate: Candidate, now: Time, monotonic: TimeDelta) -> Result<(), StoreError> {
        let Some(ledger) = self.queue.ledger(candidate.row.ledger) else { return Ok(()) };
        let since = ledger.since(now);
        let prepared = match candidate.message.take() {
            _ if ledger.expires.is_some_and(|at| at <= now) => Prepared::Skip(SkipReason::Expired),
            Some(message) => Prepared::Send(Box::new(message)),
            None => self.prepare.prepare(ledger, UserId(candidate.chat), now),
        };
        match prepared {
            Prepared::Send(message) => {
                self.queue.lease(&candidate, monotonic)?;
                *self.busy.entry(candidate.chat).or_default() += 1;
                self.leasing.push(Leased { candidate, message: Arc::new(*message), by_address: false });
            }
            Prepared::Skip(reason) => self.queue.settle(candidate.row, State::Skipped { at: since, reason }, now)?,
            Prepared::Later => self.queue.hold(candidate.row, now + LATER),
            Prepared::Trouble(error) => {
                self.queue.postpone(candidate.row, now);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Hands everything dirty to the writer, one transaction at a time.
    fn commit(&mut self) {
        if self.committing.is_some() || self.retry_store_at.is_some() {
            return;
        }
        let hold = self.hold_dirty.take();
        if !self.queue.is_dirty() && hold.is_none() {
            return;
        }
        match self.queue.transaction() {
            Ok((mut transaction, written)) => {
                if let Some(hold) = hold
                    && let Ok(bytes) = encode(HOLD_VERSION, &hold)
                {
                    transaction.batch.put(HOLD_KEY, bytes);
                }
                self.committing = Some(Commit { written, leased: std::mem::take(&mut self.leasing), hold });
                let events = self.events.clone();
                self.writer.submit(transaction, move |result| {
                    let _ = events.send(Event::Committed(result.map(|_| ())));
                });
            }
            Err(error) => {
                self.hold_dirty = hold;
                let released = self.release_all();
                self.note_store(released.and(Err(error)));
            }
        }
    }

    /// Gives durable leases to the client as the limits allow.
    fn grant(&mut self) {
        if self.stopping.is_some() || self.is_held() {
            return;
        }
        let mut waiting = VecDeque::new();
        while let Some(leased) = self.pool.pop_front() {
            let now = self.clock.monotonic();
            let chat = leased.candidate.chat;
            let pass = self.pass_of(&leased);
            if self.in_flight.len() >= self.in_flight_cap() || self.limiter.bot_ready(pass, now) > now {
                self.pool.push_front(leased);
                break;
            }
            if self.limiter.chat_ready(chat, now) > now {
                waiting.push_back(leased);
                continue;
            }
            self.limiter.take(pass, chat, now);
            self.request(leased);
        }
        waiting.append(&mut self.pool);
        self.pool = waiting;
    }

    fn pass_of(&self, leased: &Leased) -> Pass {
        match self.queue.ledger(leased.candidate.row.ledger).map(|ledger| ledger.lane) {
            Some(Lane::Reply) | None => Pass::Urgent,
            Some(Lane::Broadcast) => Pass::Bulk,
        }
    }

    fn request(&mut self, leased: Leased) {
        let (client, events) = (self.client.clone(), self.events.clone());
        let Candidate { row, chat, .. } = leased.candidate;
        let file_id = self.photo_id(&leased);
        let message = photo::with_id(&leased.message, file_id.clone());
        self.in_flight.insert(row, Flying { leased, file_id });
        let asked = self.runtime.spawn(async move { client.deliver(chat, &message).await });
        self.runtime.spawn(async move {
            // whatever becomes of the request, its row hears of it
            let answer = asked.await.unwrap_or(Answer::Unknown(Doubt::Broken));
            let _ = events.send(Event::Answered { row, answer });
        });
    }

    fn handle(&mut self, event: Event) {
        let result = match event {
            Event::Answered { row, answer } => self.answered(row, answer),
            Event::Committed(result) => self.committed(result),
            Event::SetStatus(id, status, reply) => self.change_status(id, status, &reply),
            Event::Add(ledger) => {
                self.queue.add(ledger);
                Ok(())
            }
            Event::SetLimits(limits) => {
                self.limiter.set_limits(limits);
                Ok(())
            }
            Event::Status(reply) => {
                let _ = reply.send(self.status());
                Ok(())
            }
            Event::Wake => {
                self.queue.wake();
                Ok(())
            }
            Event::Stop => {
                self.stop();
                Ok(())
            }
        };
        self.note_store(result);
    }

    fn stop(&mut self) {
        let until = self.clock.monotonic() + GRACE;
        self.stopping.get_or_insert(until);
        let released = self.release_all();
        self.note_store(released);
    }

    fn change_status(&mut self, id: LedgerId, status: LedgerStatus, reply: &Sender<bool>) -> Result<(), StoreError> {
        let changed = self.queue.set_status(id, status, self.clock.now());
        if changed && status != LedgerStatus::Running {
            self.release(|leased| leased.candidate.row.ledger == id)?;
        }
        let _ = reply.send(changed);
        Ok(())
    }

    fn committed(&mut self, result: Result<(), StoreError>) -> Result<(), StoreError> {
        let Some(mut commit) = self.committing.take() else { return Ok(()) };
        match result {
            Ok(()) => {
                self.queue.written(&commit.written);
                self.pool.extend(commit.leased);
                self.trouble = None;
                self.release_stopped()
            }
            Err(error) => {
                if let StoreError::Damaged { .. } = error {
                    // only a change of a profile reads a record: one that is
                    // damaged must not keep every outcome from being written
                    commit.written.drop_patches();
                }
                self.queue.not_written(commit.written);
                self.leasing.extend(commit.leased);
                self.hold_dirty = self.hold_dirty.take().or(commit.hold);
                self.release_all().and(Err(error))
            }
        }
    }

    fn leave(&mut self, chat: i64) {
        if let Some(count) = self.busy.get_mut(&chat) {
            *count -= 1;
            if *count == 0 {
                self.busy.remove(&chat);
            }
        }
    }

    fn note_store(&mut self, result: Result<(), StoreError>) {
        if let Err(error) = result {
            tracing::error!(%error, "the outbox cannot use the store; it tries again every second");
            self.trouble = Some(error.text());
            self.retry_store_at = Some(self.clock.monotonic() + STORE_RETRY);
            self.store_gone = error.is_final();
        }
    }

    fn leased(&self) -> usize {
        let committing = self.committing.as_ref().map_or(0, |commit| commit.leased.len());
        self.leasing.len() + committing + self.pool.len() + self.in_flight.len()
    }

    /// How many rows should be leased: what is under way and, on top, what the
    /// limit lets out in a tenth of a second.
    fn wanted(&self) -> usize {
        if self.outage.is_on() {
            return 1;
        }
        let ahead =
            self.limiter.limits().bot.map_or(UNLIMITED_IN_FLIGHT, |rate| (rate.hertz() * 0.1).ceil() as usize + 1);
        (self.in_flight.len() + ahead).min(MAX_LEASED)
    }

    fn in_flight_cap(&self) -> usize {
        if self.outage.is_on() {
            return 1;
        }
        self.limiter.limits().bot.map_or(UNLIMITED_IN_FLIGHT, |_| MAX_LEASED)
    }

    fn is_held(&self) -> bool {
        let now = self.clock.monotonic();
        self.limiter.held(now).is_some()
            || self.outage.until(now).is_some()
            || self.bot_refused.as_ref().is_some_and(|(until, _)| *until > now)
    }

    /// How long nothing can happen unless an event comes.
    fn nap(&self) -> Duration {
        let (now, monotonic) = (self.clock.now(), self.clock.monotonic());
        let mut wake = monotonic + TimeDelta::seconds(1);
        let mut at = |moment: Option<TimeDelta>| wake = moment.map_or(wake, |moment| wake.min(moment));
        at(self.retry_store_at);
        at(self.limiter.held(monotonic));
        at(self.outage.until(monotonic));
        at(self.stopping);
        if self.leased() < self.wanted() && self.retry_store_at.is_none() && !self.is_held() {
            at(self.queue.next_moment(now, monotonic));
        }
        if !self.pool.is_empty() && self.in_flight.len() < self.in_flight_cap() {
            let ready = |leased: &Leased| {
                let chat = self.limiter.chat_ready(leased.candidate.chat, monotonic);
                chat.max(self.limiter.bot_ready(self.pass_of(leased), monotonic))
            };
            at(self.pool.iter().map(ready).min());
        }
        (wake - monotonic).max(TimeDelta(1)).to_std()
    }
}

fn wall_ahead(clock: &dyn Clock) -> TimeDelta {
    TimeDelta(clock.now().0) - clock.monotonic()
}

/// For how long a chat must wait: another of its messages is under way, or its
/// own limit holds.
fn chat_blocked(busy: &HashMap<i64, u32>, limiter: &Limiter, chat: i64, now: TimeDelta) -> Option<TimeDelta> {
    let wait = limiter.chat_ready(chat, now) - now;
    match busy.contains_key(&chat) {
        true => Some(wait.max(TimeDelta::millis(50))),
        false => (wait.0 > 0).then_some(wait),
    }
}
