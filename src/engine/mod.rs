//! The engine: what the rulebook says, done to the store and the outbox.
//!
//! [`Engine`] holds the open parts of one project and is what commands, the
//! bot and the panel call. It works in two ways: *live*, with an outbox that
//! sends, and *closed*, for a command that finds no engine running: then a
//! started broadcast stands in the store and goes out with the next `run`.
//!
//! Deciding who may get a message ([`gates`]) does no input or output beyond
//! reading the one profile it is asked about.

pub mod arming;
pub mod audit;
pub mod automation;
pub mod broadcast;
pub mod calendar;
pub mod cascades;
pub mod command;
mod core;
mod crowd;
pub mod decide;
pub mod deed;
mod delivered;
pub mod deliveries;
pub mod editions;
pub mod errands;
pub mod experiments;
pub mod gates;
pub mod guard;
mod hours;
pub mod inbox;
mod leaves;
mod notices;
pub mod opt_out;
mod past;
pub mod payments;
pub mod plan;
pub mod preview;
pub mod profile;
pub mod query;
pub mod rehearsal;
pub mod restore;
pub mod revenue;
mod segments;
pub mod simulation;
pub mod sizes;
pub mod switches;
pub mod ties;
pub mod trial;
mod turn;
pub mod why;
mod witness;
pub mod yookassa;

pub use delivered::Delivered;
pub use segments::SegmentCount;

use self::core::Core;
use crate::audience::Audience;
use crate::model::{Clock, Text, Time, TimeDelta, builtin};
use crate::outbox::{Counts, Ledger, Outbox, OutboxError};
use crate::rulebook::{ClockZone, Live, Schedule};
use crate::store::{Folding, Journal, Profiles, Store, StoreError, Transaction, Writer};
use arming::{Arming, Instance};
use crowd::Crowd;
use jiff::tz::TimeZone;
use past::Past;
use restore::Changeover;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;

/// The open parts of one project.
pub struct Engine {
    /// The project's folder.
    pub project: PathBuf,
    /// The rulebook in force.
    pub live: Arc<Live>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// Its one writer.
    pub writer: Writer,
    /// Reading of profiles.
    pub profiles: Profiles,
    /// Everybody, in memory.
    crowd: Arc<Crowd>,
    /// What marketing people got lately.
    past: Past,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Why updates do not come from Telegram, while they do not.
    silence: Mutex<Option<Text>>,
    outbox: OnceLock<Outbox>,
    /// Held while a broadcast is started or changes its state, so that two
    /// commands do not start it twice.
    broadcasts: Mutex<()>,
    /// Held while something is done with an experiment.
    ordering: Mutex<()>,
    /// Held while a backup is put in force.
    restoring: Mutex<()>,
    /// Where a live engine asks to be stopped and started again.
    changeovers: OnceLock<UnboundedSender<Changeover>>,
    /// Held while the rulebook in force is kept.
    keeping: Mutex<()>,
    /// In a rehearsal, runs that its outbox has not taken up.
    rehearsed: OnceLock<Mutex<Vec<(Ledger, Counts)>>>,
    /// Held while rules are switched or what had no end is decided again: what
    /// is in memory is what is durable.
    switching: Mutex<()>,
    /// Held while the calendar of broadcasts is looked at or answered.
    planning: Mutex<()>,
    /// The installation in which the engine runs.
    here: OnceLock<Instance>,
    /// Whether it may send.
    arming: watch::Sender<Arming>,
    /// Held while a payment is recorded apart from an update.
    paying: Mutex<()>,
    /// The greatest number of a payment, once it was looked for.
    payments: Mutex<Option<u64>>,
    /// Up to where the sizes of segments are thinned.
    thinned: Mutex<Vec<u8>>,
}

/// Trouble with carrying out what the engine was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The outbox.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// Live already.
    #[error("the engine is live already")]
    AlreadyLive,
    /// The client for webhooks.
    #[error("cannot set up connections for webhooks: {0}")]
    Web(String),
    /// A backup was loaded and could not be put in force.
    #[error("the backup is not in force: {}", .0.en)]
    NotRestored(Text),
}

impl Engine {
    /// An engine over open parts, closed until [`Engine::go_live`].
    pub fn new(
        project: PathBuf,
        live: Arc<Live>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, EngineError> {
        let journal = Journal::open(store.clone())?;
        let profiles = Profiles::new(&journal);
        let crowd = Crowd::new(live.clone(), profiles.clone(), clock.clone(), store.clone());
        let writer = Writer::spawn_with(&journal, Folding::default(), Box::new(Core::new(crowd.clone())))?;
        Ok(Self {
            project,
            live,
            store,
            writer,
            profiles,
            crowd,
            past: Past::default(),
            clock,
            silence: Mutex::new(None),
            outbox: OnceLock::new(),
            broadcasts: Mutex::new(()),
            ordering: Mutex::new(()),
            restoring: Mutex::new(()),
            changeovers: OnceLock::new(),
            keeping: Mutex::new(()),
            rehearsed: OnceLock::new(),
            switching: Mutex::new(()),
            planning: Mutex::new(()),
            here: OnceLock::new(),
            arming: watch::Sender::new(Arming::Armed),
            paying: Mutex::new(()),
            payments: Mutex::default(),
            thinned: Mutex::default(),
        })
    }

    /// Everybody as of now, under the rulebook in force. Waits for the writer;
    /// the first time it reads the whole store.
    pub fn audience(&self) -> Result<&Audience, EngineError> {
        self.crowd.current(&self.writer)
    }

    /// Reads from the ledgers what gates have to know of the past; to be called
    /// before the outbox starts, and when the rulebook looks back further.
    pub fn know_past(&self) -> Result<(), EngineError> {
        Ok(self.past.reach_back(&*self.store, &self.live.current(), self.clock.now())?)
    }

    /// Looks at the clock: users enter and leave segments by it, and rules and
    /// drips act, until nothing more is due.
    pub async fn pass_time(&self) -> Result<(), EngineError> {
        self.writer.commit_async(Transaction::advance(self.clock.now())).await?;
        self.catch_up().await
    }

    /// Has everything forgotten that is too old, in small steps: to be called now
    /// and then.
    pub async fn forget(&self) -> Result<(), EngineError> {
        let now = self.clock.now();
        self.past.forget(now);
        if let (Some(length), Some(outbox)) = (self.live.current().keeps_deliveries_for(), self.outbox()) {
            // caps look back at them, whatever a cleanup says
            outbox.forget(now - length.max(self.past.length()))?;
        }
        if let Some(length) = self.live.current().keeps_events_for() {
            self.writer.commit_async(Transaction { now: Some(now), ..Transaction::expire(now - length) }).await?;
        }
        Ok(())
    }

    /// Lets the clock bring about what is due, to the end.
    pub async fn catch_up(&self) -> Result<(), EngineError> {
        while self.crowd.is_behind() {
            self.writer.commit_async(Transaction::advance(self.clock.now())).await?;
        }
        Ok(())
    }

    /// The same for a thread.
    pub fn follow_clock(&self) -> Result<(), EngineError> {
        self.writer.commit(Transaction::advance(self.clock.now()))?;
        while self.crowd.is_behind() {
            self.writer.commit(Transaction::advance(self.clock.now()))?;
        }
        Ok(())
    }

    /// When the clock is to be looked at next so that nothing is late: for those
    /// who move the clock themselves. Schedules and broadcasts that start by
    /// themselves do so at full minutes, and are among it.
    pub fn next_moment(&self) -> Result<Time, EngineError> {
        let now = self.clock.now();
        let audience = self.audience()?;
        let rulebook = self.live.current();
        let project = &rulebook.settings.timezone.zone;
        let of_rules = rulebook.rules.iter().filter_map(|rule| rule.when.schedule());
        let schedules: Vec<&Schedule> = of_rules.chain(rulebook.tasks.iter().map(|task| &task.when)).collect();
        let mut zones = vec![project.clone()];
        if schedules.iter().any(|schedule| matches!(schedule.zone(), ClockZone::User)) {
            zones.extend(audience.texts(builtin::TIMEZONE).iter().filter_map(|name| TimeZone::get(name).ok()));
        }
        let scheduled = schedules.iter().flat_map(|schedule| zones.iter().map(|zone| schedule.next(now, zone)));
        let due = self.crowd.automation().next_due().map(|due| due.max(now));
        let all = scheduled.flatten().chain(due).chain([audience.next_look()]);
        Ok(all.min().unwrap_or(now + TimeDelta::hours(1)))
    }

    /// Has rules and drips act by the clock: before anything is read of the
    /// audience, for what has come due meanwhile counts from where it was left.
    pub fn act(&self) {
        self.crowd.act();
    }

    /// What is counted of experiments.
    pub fn experiments(&self) -> std::sync::RwLockReadGuard<'_, experiments::Experiments> {
        self.crowd.experiments()
    }

    /// What rules and drips remember.
    pub fn automation(&self) -> std::sync::RwLockReadGuard<'_, automation::Automation> {
        self.crowd.automation()
    }

    /// Notes why updates do not come from Telegram, or that they do.
    pub fn note_silence(&self, why: Option<Text>) {
        *self.silence.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// Why updates do not come from Telegram, if they do not.
    pub fn silence(&self) -> Option<Text> {
        self.silence.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gives the engine the outbox that sends.
    pub fn go_live(&self, outbox: Outbox) -> Result<(), EngineError> {
        self.crowd.post_to(outbox.poster());
        self.outbox.set(outbox).map_err(|_| EngineError::AlreadyLive)
    }

    /// Says where a restore asks to stop everything and start again.
    pub fn restart_through(&self, wiring: UnboundedSender<Changeover>) -> Result<(), EngineError> {
        self.changeovers.set(wiring).map_err(|_| EngineError::AlreadyLive)
    }

    /// The outbox, if the engine is live.
    pub fn outbox(&self) -> Option<&Outbox> {
        self.outbox.get()
    }

    /// Stops sending, writes what came back, and closes the store.
    pub fn stop(&self) {
        if let Some(outbox) = self.outbox() {
            outbox.stop();
        }
        self.writer.close();
    }
}
