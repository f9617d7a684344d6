//! The thread that owns the queue: it leases (`lease`), grants and hands to the
//! client (`grant`), and settles (`settle`).
//!
//! One pass of its loop: take rows from the queue through the gates until
//! enough are leased; hand all dirty records to the store's writer, one
//! transaction at a time; give leased rows that are durable to the client as
//! the limiter grants them; sleep until an event or the next moment at which
//! anything is due. Nothing in it blocks on the network, and waiting is always
//! a due time, never a sleep in the middle of work.

mod amend;
mod files;
mod grant;
mod lease;
mod report;
mod settle;

use super::answer::{Answer, Doubt};
use super::client::Client;
use super::handle::{Armed, OutboxOptions, OutboxStatus};
use super::ledger::{Counts, Lane, Ledger, LedgerId, LedgerStatus};
use super::limiter::{Limiter, Pass, Price};
use super::outage::Outage;
use super::prepare::Prepare;
use super::queue::{Amend, Candidate, Queue, Written};
use super::request::Order;
use super::row::RowId;
use crate::model::{Clock, Limits, Message, Text, Time, TimeDelta};
use crate::store::{StoreError, Writer};
use amend::answer;
use files::SentFile;
use jiff::tz::TimeZone;
use settle::Hold;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};

/// What the thread is told.
pub(super) enum Event {
    Answered { row: RowId, answer: Answer },
    Committed(Result<(), StoreError>),
    Add(Box<Ledger>, Counts),
    SetStatus(LedgerId, LedgerStatus, Sender<bool>),
    SetLimits(Limits),
    SetArmed(Armed),
    BlockedAfter(LedgerId),
    SetZone(TimeZone),
    Forget(Time),
    Clicked(LedgerId),
    Posted,
    Amend(Vec<RowId>, Amend, Sender<Result<u32, StoreError>>),
    Status(Sender<OutboxStatus>),
    Flush(Sender<bool>),
    Wake,
    Stop,
}

/// A row that is leased in memory.
#[derive(Clone)]
struct Leased {
    candidate: Candidate,
    lane: Lane,
    pass: Pass,
    order: Order,
    message: Arc<Message>,
    /// Its files go out by their addresses: Telegram refused an id.
    by_address: bool,
}

/// A row whose request has been handed to the client.
struct Flying {
    leased: Leased,
    /// What was sent for each of its files.
    files: Vec<SentFile>,
    /// What it costs if it is delivered and paid for.
    price: Price,
    /// When its request was written.
    asked: TimeDelta,
}

/// A transaction under way.
struct Commit {
    written: Written,
    leased: Vec<Leased>,
    hold: Option<Hold>,
    flushes: Vec<Sender<bool>>,
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
    /// Files of the project without an id, and the row that uploads each.
    uploads: HashMap<String, RowId>,
    confirmed: VecDeque<TimeDelta>,
    too_many: u64,
    retry_store_at: Option<TimeDelta>,
    /// Telegram refused the token: until when nothing goes out, and its words.
    bot_refused: Option<(TimeDelta, Text)>,
    outage: Outage,
    armed: Armed,
    /// What the store said last, until it works again.
    trouble: Option<Text>,
    hold_dirty: Option<Hold>,
    /// Who waits until the store holds what is known.
    flushes: Vec<Sender<bool>>,
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

/// How long the outbox waits before it tries a store again.
const STORE_RETRY: TimeDelta = TimeDelta::seconds(1);

/// Over so long the rate that people see is counted.
const RATE_WINDOW: TimeDelta = TimeDelta::seconds(10);

/// How long a stop waits for answers. What has none by then is in doubt, as
/// after a crash; supervisors kill after ten seconds.
const GRACE: TimeDelta = TimeDelta::seconds(8);

/// A wall clock that moves by less against the monotonic one was not set.
const CLOCK_SET: TimeDelta = TimeDelta::seconds(1);

impl Worker {
    pub(super) fn new(mut queue: Queue, options: OutboxOptions, events: Sender<Event>) -> Self {
        let wall = wall_ahead(&*options.clock);
        queue.set_zone(options.zone);
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
            uploads: HashMap::new(),
            confirmed: VecDeque::new(),
            too_many: 0,
            retry_store_at: None,
            bot_refused: None,
            outage: Outage::default(),
            armed: options.armed,
            trouble: None,
            hold_dirty: None,
            flushes: Vec::new(),
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
            let leased = self.take_up().and_then(|()| self.lease());
            // also if some rows could not be read: others are leased or settled
            self.commit();
            self.note_store(leased);
        }
        self.grant();
        for notice in self.queue.take_notices() {
            self.prepare.noticed(notice);
        }
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

    fn handle(&mut self, event: Event) {
        let result = match event {
            Event::Answered { row, answer } => self.answered(row, answer),
            Event::Committed(result) => self.committed(result),
            Event::SetStatus(id, status, reply) => self.change_status(id, status, &reply),
            Event::Add(ledger, counts) => {
                self.queue.add(*ledger, counts);
                Ok(())
            }
            Event::SetLimits(limits) => {
                self.limiter.set_limits(limits);
                Ok(())
            }
            Event::SetArmed(armed) => {
                self.armed = armed;
                self.release_stopped()
            }
            Event::BlockedAfter(id) => {
                self.queue.blocked_after(id, self.clock.now());
                self.release_stopped()
            }
            Event::SetZone(zone) => {
                self.queue.set_zone(zone);
                Ok(())
            }
            Event::Forget(before) => {
                self.queue.forget(before);
                Ok(())
            }
            Event::Clicked(id) => {
                self.queue.clicked(id, self.clock.now());
                Ok(())
            }
            Event::Posted => {
                self.queue.posted();
                Ok(())
            }
            Event::Amend(rows, amend, reply) => {
                let _ = reply.send(self.amend(rows, amend));
                Ok(())
            }
            Event::Status(reply) => {
                let _ = reply.send(self.status());
                Ok(())
            }
            Event::Flush(reply) => {
                self.flushes.push(reply);
                Ok(())
            }
            Event::Wake => {
                self.queue.wake();
                self.queue.forgive_posted();
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
            answer(&mut self.flushes, false);
            tracing::error!(%error, "the outbox cannot use the store; it tries again every second");
            self.trouble = Some(error.text());
            self.retry_store_at = Some(self.clock.monotonic() + STORE_RETRY);
            self.store_gone = error.is_final();
        }
    }
}

fn wall_ahead(clock: &dyn Clock) -> TimeDelta {
    TimeDelta(clock.now().0) - clock.monotonic()
}
