//! The thread that owns the queue: it leases, grants, hands to the client and
//! settles.
//!
//! One pass of its loop: take rows from the queue through the gates until
//! enough are leased; hand all dirty records to the store's writer, one
//! transaction at a time; give leased rows that are durable to the client as
//! the limiter grants them; sleep until an event or the next moment at which
//! anything is due. Nothing in it blocks on the network, and waiting is always
//! a due time, never a sleep in the middle of work.

use super::answer::{Answer, Refusal};
use super::backoff::{self, MAX_ATTEMPTS};
use super::client::Client;
use super::ledger::{Cause, Counts, Ledger, LedgerId, LedgerStatus, PausedBy};
use super::limiter::Limiter;
use super::queue::{Candidate, Queue, Recovery, Written};
use super::row::{Failure, FailureKind, RowId, SkipReason, State};
use crate::model::{Clock, Limits, Message, Patch, Reach, Time, TimeDelta, UserId};
use crate::store::{Batch, Store, StoreError, Writer, decode, encode};
use serde::Serialize;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch;

/// Decides whether a row of a broadcast may go out now, and with which text.
/// Called on the outbox's thread at the moment of leasing.
pub trait Prepare: Send {
    /// The decision for `user` under `ledger`.
    fn prepare(&mut self, ledger: &Ledger, user: UserId, now: Time) -> Prepared;
}

/// What [`Prepare`] decided.
#[derive(Clone, Debug, PartialEq)]
pub enum Prepared {
    /// Send this.
    Send(Box<Message>),
    /// Never send it.
    Skip(SkipReason),
    /// Ask again later: its definition is gone from the rulebook for now.
    Later,
    /// The store could not be read; the whole outbox pauses and tries again.
    Trouble(String),
}

/// What an outbox is made of.
pub struct OutboxOptions {
    /// Where rows live.
    pub store: Arc<dyn Store>,
    /// The one writer of that store.
    pub writer: Writer,
    /// The client that delivers.
    pub client: Client,
    /// Where requests run.
    pub runtime: tokio::runtime::Handle,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The gates and the texts.
    pub prepare: Box<dyn Prepare>,
    /// The rate limits.
    pub limits: Limits,
}

/// A running outbox; dropping it stops it cleanly.
pub struct Outbox {
    events: Sender<Event>,
    next_id: AtomicU64,
    thread: Mutex<Option<JoinHandle<()>>>,
    alive: watch::Receiver<()>,
}

/// Trouble with asking the outbox for something.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutboxError {
    /// The store could not be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The thread could not be started.
    #[error("the outbox cannot be started: {0}")]
    Thread(String),
    /// The outbox has stopped.
    #[error("the outbox has stopped")]
    Stopped,
}

/// The outbox as a person wants to see it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct OutboxStatus {
    /// Every broadcast run, oldest first.
    pub runs: Vec<RunStatus>,
    /// Replies that have not gone out.
    pub replies_queued: u32,
    /// Messages confirmed in the last ten seconds, a second.
    pub rate: f64,
    /// Milliseconds for which Telegram told the whole bot to wait, if it did.
    pub held_ms: Option<i64>,
    /// What keeps everything from going out, if anything does.
    pub trouble: Option<String>,
    /// 429 answers since the start.
    pub too_many: u64,
}

/// One run of a broadcast.
#[derive(Clone, Debug, Serialize)]
pub struct RunStatus {
    /// The ledger's head.
    #[serde(skip)]
    pub ledger: Ledger,
    /// Its rows by state.
    pub counts: Counts,
}

enum Event {
    Answered { row: RowId, chat: i64, attempts: u8, answer: Answer },
    Committed(Result<(), StoreError>),
    Add(Ledger),
    SetStatus(LedgerId, LedgerStatus, Sender<bool>),
    SetLimits(Limits),
    Status(Sender<OutboxStatus>),
    Wake,
    Stop,
}

/// A row that is leased in memory.
struct Leased {
    candidate: Candidate,
    message: Message,
}

struct Worker {
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
    committing: Option<(Written, Vec<Leased>)>,
    /// Durably leased; waiting for the limiter.
    pool: VecDeque<Leased>,
    /// Chats of all rows that are leased, with how many.
    busy: HashMap<i64, u32>,
    in_flight: usize,
    confirmed: VecDeque<TimeDelta>,
    too_many: u64,
    retry_store_at: Option<TimeDelta>,
    /// Telegram refused the token: until when nothing goes out, and its words.
    bot_refused: Option<(TimeDelta, String)>,
    /// What the store said last, until it works again.
    trouble: Option<String>,
    hold_dirty: Option<Time>,
    stopping: bool,
}

/// More rows than this are never leased: what a crash can leave in doubt.
const MAX_LEASED: usize = 300;

/// Requests under way at once while no limit is set: more only contend.
const UNLIMITED_IN_FLIGHT: usize = 64;

/// Decisions taken in one pass before events are looked at again.
const DECISIONS_PER_PASS: usize = 1_000;

/// How long the outbox waits before it tries a store or a token again.
const STORE_RETRY: TimeDelta = TimeDelta::seconds(1);
const TOKEN_RETRY: TimeDelta = TimeDelta::seconds(30);
const LATER: TimeDelta = TimeDelta::seconds(5);

/// Added to what a 429 says.
const WAIT_MARGIN: TimeDelta = TimeDelta::millis(100);

const RATE_WINDOW: TimeDelta = TimeDelta::seconds(10);
const HOLD_KEY: &[u8] = b"h";
const HOLD_VERSION: u8 = 1;

impl Outbox {
    /// Reads the outbox from the store and starts its thread.
    pub fn start(options: OutboxOptions) -> Result<(Self, Recovery), OutboxError> {
        let now = options.clock.now();
        let (queue, recovery) = Queue::open(options.store.clone(), now)?;
        let next_id = AtomicU64::new(queue.next_id().0);
        let (events, inbox) = mpsc::channel();
        let mut worker = Worker::new(queue, options, events.clone());
        worker.restore_hold(now)?;
        let (living, alive) = watch::channel(());
        let work = move || {
            worker.run(&inbox);
            drop(living);
        };
        let thread = std::thread::Builder::new().name("outbox".into()).spawn(work);
        let thread = thread.map_err(|e| OutboxError::Thread(e.to_string()))?;
        Ok((Self { events, next_id, thread: Mutex::new(Some(thread)), alive }, recovery))
    }

    /// A number for a new ledger.
    pub fn next_id(&self) -> LedgerId {
        LedgerId(self.next_id.fetch_add(1, Ordering::SeqCst))
    }

    /// Takes up a ledger whose head and rows are durable already.
    pub fn add(&self, ledger: Ledger) -> Result<(), OutboxError> {
        self.tell(Event::Add(ledger))
    }

    /// Changes the status of a ledger. `false`: it is not in a state from
    /// which that is possible.
    pub fn set_status(&self, id: LedgerId, status: LedgerStatus) -> Result<bool, OutboxError> {
        self.ask(|reply| Event::SetStatus(id, status, reply))
    }

    /// Pauses a ledger for a person.
    pub fn pause(&self, id: LedgerId) -> Result<bool, OutboxError> {
        self.set_status(id, LedgerStatus::Paused(PausedBy::Admin))
    }

    /// Changes the rate limits.
    pub fn set_limits(&self, limits: Limits) -> Result<(), OutboxError> {
        self.tell(Event::SetLimits(limits))
    }

    /// Looks again at rows that wait for the rulebook.
    pub fn wake(&self) -> Result<(), OutboxError> {
        self.tell(Event::Wake)
    }

    /// Everything as it stands.
    pub fn status(&self) -> Result<OutboxStatus, OutboxError> {
        self.ask(Event::Status)
    }

    /// Leases nothing more, waits for the answers under way, writes them and
    /// ends the thread.
    pub fn stop(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = self.events.send(Event::Stop);
            let _ = thread.join();
        }
    }

    /// Waits until the thread has ended, by [`Outbox::stop`] or by a bug.
    pub async fn ended(&self) {
        while self.alive.clone().changed().await.is_ok() {}
    }

    fn tell(&self, event: Event) -> Result<(), OutboxError> {
        self.events.send(event).map_err(|_| OutboxError::Stopped)
    }

    fn ask<T>(&self, event: impl FnOnce(Sender<T>) -> Event) -> Result<T, OutboxError> {
        let (reply, answer) = mpsc::channel();
        self.tell(event(reply))?;
        answer.recv().map_err(|_| OutboxError::Stopped)
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Worker {
    fn new(queue: Queue, options: OutboxOptions, events: Sender<Event>) -> Self {
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
            in_flight: 0,
            confirmed: VecDeque::new(),
            too_many: 0,
            retry_store_at: None,
            bot_refused: None,
            trouble: None,
            hold_dirty: None,
            stopping: false,
        }
    }

    fn run(&mut self, inbox: &Receiver<Event>) {
        while !self.is_over() {
            self.pass();
            match inbox.recv_timeout(self.nap()) {
                Ok(event) => self.handle(event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => self.stopping = true,
            }
            while let Ok(event) = inbox.try_recv() {
                self.handle(event);
            }
        }
    }

    fn pass(&mut self) {
        if self.is_storing() {
            let result = self.lease();
            self.note_store(result);
            self.commit();
        }
        self.grant();
    }

    fn is_over(&self) -> bool {
        let idle = self.in_flight == 0 && self.committing.is_none();
        self.stopping && idle && (!self.queue.is_dirty() || self.retry_store_at.is_some())
    }

    /// Whether the store may be used now.
    fn is_storing(&mut self) -> bool {
        let now = self.clock.monotonic();
        self.retry_store_at = self.retry_store_at.filter(|at| *at > now);
        self.retry_store_at.is_none()
    }

    /// Takes rows from the queue until enough are leased.
    fn lease(&mut self) -> Result<(), StoreError> {
        if self.stopping || self.is_held() {
            return self.release_all();
        }
        for _ in 0..DECISIONS_PER_PASS {
            if self.leased() >= self.wanted() {
                break;
            }
            let (now, monotonic) = (self.clock.now(), self.clock.monotonic());
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
                self.leasing.push(Leased { candidate, message: *message });
            }
            Prepared::Skip(reason) => self.queue.settle(candidate.row, State::Skipped { at: since, reason }, now)?,
            Prepared::Later => self.queue.hold(candidate.row, now + LATER),
            Prepared::Trouble(why) => {
                self.queue.postpone(candidate.row, now);
                self.trouble = Some(why);
                self.retry_store_at = Some(monotonic + STORE_RETRY);
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
                if let Some(until) = hold
                    && let Ok(bytes) = encode(HOLD_VERSION, &until)
                {
                    transaction.batch.put(HOLD_KEY, bytes);
                }
                self.committing = Some((written, std::mem::take(&mut self.leasing)));
                let events = self.events.clone();
                self.writer.submit(transaction, move |result| {
                    let _ = events.send(Event::Committed(result));
                });
            }
            Err(error) => self.note_store(Err(error)),
        }
    }

    /// Gives durable leases to the client as the limits allow.
    fn grant(&mut self) {
        if self.stopping || self.is_held() {
            return;
        }
        let mut waiting = VecDeque::new();
        while let Some(leased) = self.pool.pop_front() {
            let now = self.clock.monotonic();
            let chat = leased.candidate.chat;
            if self.in_flight >= self.in_flight_cap() || self.limiter.bot_ready(now) > now {
                self.pool.push_front(leased);
                break;
            }
            if self.limiter.chat_ready(chat, now) > now {
                waiting.push_back(leased);
                continue;
            }
            self.limiter.take(chat, now);
            self.request(leased);
        }
        waiting.append(&mut self.pool);
        self.pool = waiting;
    }

    fn request(&mut self, leased: Leased) {
        self.in_flight += 1;
        let (client, events) = (self.client.clone(), self.events.clone());
        let Candidate { row, chat, attempts, .. } = leased.candidate;
        self.runtime.spawn(async move {
            let answer = client.deliver(chat, &leased.message).await;
            let _ = events.send(Event::Answered { row, chat, attempts, answer });
        });
    }

    fn handle(&mut self, event: Event) {
        let result = match event {
            Event::Answered { row, chat, attempts, answer } => self.answered(row, chat, attempts, answer),
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
                self.stopping = true;
                self.release_all()
            }
        };
        self.note_store(result);
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
        let Some((written, leased)) = self.committing.take() else { return Ok(()) };
        match result {
            Ok(()) => {
                self.queue.written(&written);
                self.pool.extend(leased);
                self.trouble = None;
                self.release_stopped()
            }
            Err(error) => {
                self.queue.not_written(written);
                self.leasing.extend(leased);
                self.release_all().and(Err(error))
            }
        }
    }

    /// Puts back what was leased of a ledger that was paused meanwhile.
    fn release_stopped(&mut self) -> Result<(), StoreError> {
        let running = |id| self.queue.ledger(id).is_some_and(|ledger| ledger.status == LedgerStatus::Running);
        let ledgers = self.pool.iter().map(|leased| leased.candidate.row.ledger);
        let stopped: BTreeSet<_> = ledgers.filter(|id| !running(*id)).collect();
        match stopped.is_empty() {
            true => Ok(()),
            false => self.release(|leased| stopped.contains(&leased.candidate.row.ledger)),
        }
    }

    fn answered(&mut self, row: RowId, chat: i64, attempts: u8, answer: Answer) -> Result<(), StoreError> {
        self.in_flight -= 1;
        self.leave(chat);
        let (now, monotonic) = (self.clock.now(), self.clock.monotonic());
        let Some(ledger) = self.queue.ledger(row.ledger) else { return Ok(()) };
        let (at, cause) = (ledger.since(now), ledger.cause.clone());
        let state = match answer {
            Answer::Delivered { message } => {
                self.note_confirmed(monotonic);
                self.bot_refused = None;
                State::Sent { at, message }
            }
            Answer::Wait { retry_after } => {
                self.hold(retry_after, now, monotonic);
                State::Queued { due: at + retry_after, attempts }
            }
            Answer::Undelivered { why } => retry(row, attempts, at, &why),
            Answer::Unknown(why) => self.doubted(row, at, attempts, why),
            Answer::Refused(refusal) => self.refused(row, chat, at, attempts, refusal),
        };
        if let (Cause::Reply, State::Failed { failure, .. }) = (&cause, &state) {
            tracing::warn!(chat, kind = failure.kind.as_str(), text = %failure.text, "a reply was refused");
        }
        self.queue.settle(row, state, now)
    }

    fn doubted(&self, row: RowId, at: TimeDelta, attempts: u8, why: super::Doubt) -> State {
        use super::ledger::InDoubtPolicy::{Resend, Skip};
        match self.queue.ledger(row.ledger).map_or(Skip, |ledger| ledger.in_doubt) {
            Skip => State::InDoubt { at, why },
            Resend => retry(row, attempts, at, "no whole answer"),
        }
    }

    fn refused(&mut self, row: RowId, chat: i64, at: TimeDelta, attempts: u8, refusal: Refusal) -> State {
        let failed = |kind, text: &str| State::Failed { at, failure: Failure::new(kind, text) };
        match refusal {
            Refusal::Unreachable { reach, text } => {
                if chat > 0 {
                    self.queue.patch(UserId(chat), Patch::reach(reach));
                }
                tracing::debug!(chat, %text, "a user cannot be reached");
                failed(unreachable_kind(reach), "")
            }
            Refusal::Content { text } => failed(FailureKind::Content, &text),
            Refusal::Chat { text } => failed(FailureKind::Chat, &text),
            Refusal::Migrated { to } if attempts < MAX_ATTEMPTS => {
                self.queue.migrate(row, to);
                State::Queued { due: at, attempts: attempts + 1 }
            }
            Refusal::Migrated { to } => failed(FailureKind::Chat, &format!("the group keeps moving, last to {to}")),
            Refusal::Bot { text } => {
                tracing::error!(%text, "Telegram refuses the bot's token; nothing goes out until it is accepted");
                let until = self.clock.monotonic() + TOKEN_RETRY;
                self.bot_refused = Some((until, format!("Telegram refuses the bot's token: {text}")));
                State::Queued { due: at + TOKEN_RETRY, attempts }
            }
        }
    }

    /// 429: everything waits, and so it does after a restart.
    fn hold(&mut self, retry_after: TimeDelta, now: Time, monotonic: TimeDelta) {
        self.too_many += 1;
        self.limiter.hold(monotonic + retry_after + WAIT_MARGIN);
        self.hold_dirty = Some(now + retry_after + WAIT_MARGIN);
    }

    fn restore_hold(&mut self, now: Time) -> Result<(), StoreError> {
        if let Some(bytes) = self.queue.store().get(HOLD_KEY)? {
            let until: Time = decode(HOLD_VERSION, &bytes, "the wait that Telegram asked for")?;
            self.limiter.hold(self.clock.monotonic() + (until - now));
        }
        Ok(())
    }

    /// Puts every lease whose request was not written back into the queue.
    fn release_all(&mut self) -> Result<(), StoreError> {
        self.release(|_| true)
    }

    fn release(&mut self, which: impl Fn(&Leased) -> bool) -> Result<(), StoreError> {
        let now = self.clock.now();
        let (released, kept): (Vec<_>, Vec<_>) = self.pool.drain(..).partition(&which);
        self.pool = kept.into();
        let (leasing, kept): (Vec<_>, Vec<_>) = self.leasing.drain(..).partition(&which);
        self.leasing = kept;
        for Leased { candidate, .. } in released.into_iter().chain(leasing) {
            self.leave(candidate.chat);
            let Some(ledger) = self.queue.ledger(candidate.row.ledger) else { continue };
            let due = ledger.since(now).max(TimeDelta(1));
            self.queue.settle(candidate.row, State::Queued { due, attempts: candidate.attempts }, now)?;
        }
        Ok(())
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
            self.trouble = Some(error.to_string());
            self.retry_store_at = Some(self.clock.monotonic() + STORE_RETRY);
        }
    }

    fn note_confirmed(&mut self, monotonic: TimeDelta) {
        self.confirmed.push_back(monotonic);
        while self.confirmed.front().is_some_and(|at| *at + RATE_WINDOW < monotonic) {
            self.confirmed.pop_front();
        }
    }

    fn leased(&self) -> usize {
        let committing = self.committing.as_ref().map_or(0, |(_, leased)| leased.len());
        self.leasing.len() + committing + self.pool.len() + self.in_flight
    }

    /// How many rows should be leased: what is under way and, on top, what the
    /// limit lets out in a tenth of a second.
    fn wanted(&self) -> usize {
        let ahead =
            self.limiter.limits().bot.map_or(UNLIMITED_IN_FLIGHT, |rate| (rate.hertz() * 0.1).ceil() as usize + 1);
        (self.in_flight + ahead).min(MAX_LEASED)
    }

    fn in_flight_cap(&self) -> usize {
        self.limiter.limits().bot.map_or(UNLIMITED_IN_FLIGHT, |_| MAX_LEASED)
    }

    fn is_held(&self) -> bool {
        let now = self.clock.monotonic();
        self.limiter.held(now).is_some() || self.bot_refused.as_ref().is_some_and(|(until, _)| *until > now)
    }

    /// How long nothing can happen unless an event comes.
    fn nap(&self) -> Duration {
        let (now, monotonic) = (self.clock.now(), self.clock.monotonic());
        let mut wake = monotonic + TimeDelta::seconds(1);
        let mut at = |moment: Option<TimeDelta>| wake = moment.map_or(wake, |moment| wake.min(moment));
        at(self.retry_store_at);
        at(self.limiter.held(monotonic));
        if self.leased() < self.wanted() {
            at(self.queue.next_due().map(|due| monotonic + (due - now)));
            at(self.queue.next_rate_slot(monotonic));
        }
        if !self.pool.is_empty() && self.in_flight < self.in_flight_cap() {
            let chats = self.pool.iter().map(|leased| self.limiter.chat_ready(leased.candidate.chat, monotonic));
            at(chats.min().map(|chat| chat.max(self.limiter.bot_ready(monotonic))));
        }
        (wake - monotonic).max(TimeDelta(1)).to_std()
    }

    fn status(&self) -> OutboxStatus {
        let monotonic = self.clock.monotonic();
        let recent = self.confirmed.iter().filter(|at| **at + RATE_WINDOW >= monotonic).count();
        let span = self.confirmed.front().map_or(RATE_WINDOW, |first| (monotonic - *first).max(TimeDelta::seconds(1)));
        let mut status = OutboxStatus {
            rate: recent as f64 * 1_000.0 / span.min(RATE_WINDOW).0 as f64,
            held_ms: self.limiter.held(monotonic).map(|until| (until - monotonic).0),
            trouble: self.trouble.clone().or_else(|| self.bot_refused.as_ref().map(|(_, words)| words.clone())),
            too_many: self.too_many,
            ..OutboxStatus::default()
        };
        for (ledger, counts) in self.queue.ledgers() {
            match ledger.cause {
                Cause::Reply => status.replies_queued += counts.queued,
                Cause::Broadcast { .. } => {
                    status.runs.push(RunStatus { ledger: ledger.clone(), counts: counts.clone() });
                }
            }
        }
        status
    }
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

fn retry(row: RowId, attempts: u8, at: TimeDelta, why: &str) -> State {
    let attempts = attempts + 1;
    if attempts >= MAX_ATTEMPTS {
        return State::Failed { at, failure: Failure::new(FailureKind::Attempts, why) };
    }
    State::Queued { due: at + backoff::delay(row, attempts), attempts }
}

fn unreachable_kind(reach: Reach) -> FailureKind {
    match reach {
        Reach::Blocked => FailureKind::Blocked,
        Reach::Deactivated => FailureKind::Deactivated,
        Reach::NeedsStart | Reach::Reachable => FailureKind::NeedsStart,
    }
}

/// Adds to a batch a ledger of replies: each a chat and its message.
pub fn stage_replies(batch: &mut Batch, ledger: &Ledger, replies: Vec<(i64, Message)>) -> Result<(), StoreError> {
    let (users, messages): (Vec<i64>, Vec<Message>) = replies.into_iter().unzip();
    super::ledger::stage(batch, ledger.id, 0, &super::ledger::Recipients { users, messages })?;
    ledger.write(batch)
}
