//! The handle of a running outbox: how it is started, asked and stopped.
//!
//! Everything it is told goes as an event to the thread that owns the queue
//! ([`Worker`]); nothing here decides.

use super::client::Client;
use super::ledger::{Counts, Ledger, LedgerId, LedgerStatus, PausedBy, Recipients, stage};
use super::prepare::Prepare;
use super::queue::{Amend, Depth, Queue, Recovery};
use super::row::RowId;
use super::worker::{Event, Worker};
use crate::model::{Clock, Limits, Message, Text, Time};
use crate::store::{Batch, Store, StoreError, Writer};
use jiff::tz::TimeZone;
use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::watch;

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
    /// What may go out.
    pub armed: Armed,
    /// The project's time zone: numbers are counted by its days.
    pub zone: TimeZone,
}

/// What may go out at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Armed {
    /// Everything.
    #[default]
    Yes,
    /// Answers of the bot; everything else waits.
    RepliesOnly,
    /// Nothing.
    No,
}

/// A running outbox; dropping it stops it cleanly.
pub struct Outbox {
    events: Sender<Event>,
    next_id: Arc<AtomicU64>,
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
    pub trouble: Option<Text>,
    /// 429 answers since the start.
    pub too_many: u64,
    /// The messages a second that are let out now, if they are limited.
    pub limit: Option<f64>,
    /// What waits in each lane.
    #[serde(skip)]
    pub lanes: Vec<Depth>,
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

impl Outbox {
    /// Reads the outbox from the store and starts its thread.
    pub fn start(options: OutboxOptions) -> Result<(Self, Recovery), OutboxError> {
        let now = options.clock.now();
        let (queue, recovery) = Queue::open(options.store.clone(), now)?;
        let next_id = queue.ids();
        let (events, inbox) = mpsc::channel();
        let mut worker = Worker::new(queue, options, events.clone());
        worker.restore_hold(now)?;
        worker.follow_on();
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

    /// Takes up a ledger whose head and rows are durable already, in these
    /// states.
    pub fn add(&self, ledger: Ledger, counts: Counts) -> Result<(), OutboxError> {
        self.tell(Event::Add(Box::new(ledger), counts))
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

    /// Says what may go out from now on; the rest waits.
    pub fn set_armed(&self, armed: Armed) -> Result<(), OutboxError> {
        self.tell(Event::SetArmed(armed))
    }

    /// Counts days in this time zone from now on.
    pub fn set_zone(&self, zone: TimeZone) -> Result<(), OutboxError> {
        self.tell(Event::SetZone(zone))
    }

    /// Forgets what was over before this moment, in small steps: to be called
    /// now and then.
    pub fn forget(&self, before: Time) -> Result<(), OutboxError> {
        self.tell(Event::Forget(before))
    }

    /// A recipient of this ledger blocked the bot within a day of its message.
    pub fn blocked_after(&self, id: LedgerId) -> Result<(), OutboxError> {
        self.tell(Event::BlockedAfter(id))
    }

    /// A button of a message of this ledger was pressed.
    pub fn clicked(&self, id: LedgerId) -> Result<(), OutboxError> {
        self.tell(Event::Clicked(id))
    }

    /// Postings have become durable: they become rows now.
    pub fn post(&self) -> Result<(), OutboxError> {
        self.tell(Event::Posted)
    }

    /// The same for somebody who does not hold the outbox; after its end it does
    /// nothing.
    pub fn poster(&self) -> impl Fn() + Send + Sync + 'static {
        let events = self.events.clone();
        move || drop(events.send(Event::Posted))
    }

    /// Looks again at rows that wait for the rulebook.
    pub fn wake(&self) -> Result<(), OutboxError> {
        self.tell(Event::Wake)
    }

    /// Does something to single rows; gives how many were in a state for it.
    pub fn amend(&self, rows: Vec<RowId>, amend: Amend) -> Result<u32, OutboxError> {
        Ok(self.ask(|reply| Event::Amend(rows, amend, reply))??)
    }

    /// Everything as it stands.
    pub fn status(&self) -> Result<OutboxStatus, OutboxError> {
        self.ask(Event::Status)
    }

    /// Waits until the store holds what is known now. `false`: it cannot be
    /// written.
    pub fn flush(&self) -> Result<bool, OutboxError> {
        self.ask(Event::Flush)
    }

    /// Leases nothing more, waits some seconds for the answers under way, writes
    /// them and ends the thread.
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

/// Adds to a batch a ledger of replies: each a chat and its message.
pub fn stage_replies(batch: &mut Batch, ledger: &Ledger, replies: Vec<(i64, Message)>) -> Result<(), StoreError> {
    let (users, messages): (Vec<i64>, Vec<Message>) = replies.into_iter().unzip();
    stage(batch, ledger.id, 0, &Recipients { messages, ..Recipients::users(users) })?;
    ledger.write(batch)
}
