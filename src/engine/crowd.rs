//! The audience of a running or opened engine: loaded when it is first needed,
//! changed by the writer's thread alone, and read by everybody.
//!
//! Whoever wants it current asks the writer to look at the clock: that loads
//! it, takes over a new rulebook, and lets time pass, between two commits, so
//! that no change is missed or seen twice.

use super::EngineError;
use super::automation::Automation;
use super::experiments::{Deed, Experiments};
use super::hours;
use super::witness::Witness;
use crate::audience::Audience;
use crate::model::{Clock, Time, UserId};
use crate::rulebook::Live;
use crate::store::{Profiles, Store, StoreError, Transaction, Writer};
use jiff::tz::TimeZone;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// What the writer's thread and the readers share.
pub(super) struct Crowd {
    pub live: Arc<Live>,
    pub profiles: Profiles,
    pub clock: Arc<dyn Clock>,
    pub store: Arc<dyn Store>,
    audience: OnceLock<Audience>,
    automation: RwLock<Automation>,
    experiments: RwLock<Experiments>,
    /// What is to be done with experiments at the next look at the clock.
    orders: Mutex<Vec<(Arc<str>, Deed)>>,
    /// Whether time is followed: rules act by the clock.
    acts: AtomicBool,
    /// Whether more is due than one look at the clock took up.
    is_behind: AtomicBool,
    /// Numbers of cascades that are to be decided again.
    replays: Mutex<Vec<u64>>,
    /// Tells the outbox of new postings.
    poster: OnceLock<Poster>,
    /// Who takes down what goes on, in a rehearsal.
    witness: OnceLock<Arc<Witness>>,
}

type Poster = Box<dyn Fn() + Send + Sync>;

impl Crowd {
    pub fn new(live: Arc<Live>, profiles: Profiles, clock: Arc<dyn Clock>, store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            live,
            profiles,
            clock,
            store,
            audience: OnceLock::new(),
            automation: RwLock::default(),
            experiments: RwLock::default(),
            orders: Mutex::default(),
            acts: AtomicBool::new(false),
            is_behind: AtomicBool::new(false),
            replays: Mutex::default(),
            poster: OnceLock::new(),
            witness: OnceLock::new(),
        })
    }

    /// Has rules act by the clock from now on. Until then the audience is kept
    /// current and time brings nothing about: a command that only looks must
    /// change nothing.
    pub fn act(&self) {
        self.acts.store(true, Ordering::SeqCst);
    }

    pub fn acts(&self) -> bool {
        self.acts.load(Ordering::SeqCst)
    }

    /// Has cascades decided again at the next look at the clock.
    pub fn replay(&self, numbers: &[u64]) {
        self.replays.lock().unwrap_or_else(PoisonError::into_inner).extend(numbers);
    }

    /// Those that are to be decided again, once told.
    pub fn take_replays(&self) -> Vec<u64> {
        std::mem::take(&mut *self.replays.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Who is told of new postings.
    pub fn post_to(&self, poster: impl Fn() + Send + Sync + 'static) {
        let _ = self.poster.set(Box::new(poster));
    }

    /// Who takes down what goes on from now on; the first who comes.
    pub fn witness_by(&self, witness: Arc<Witness>) {
        let _ = self.witness.set(witness);
    }

    /// Who takes down what goes on, if somebody does.
    pub fn witness(&self) -> Option<&Witness> {
        self.witness.get().map(|witness| &**witness)
    }

    /// New postings are durable.
    pub fn posted(&self) {
        if let Some(poster) = self.poster.get() {
            poster();
        }
    }

    pub fn is_behind(&self) -> bool {
        self.is_behind.load(Ordering::SeqCst)
    }

    pub fn set_behind(&self, is_behind: bool) {
        self.is_behind.store(is_behind, Ordering::SeqCst);
    }

    /// What rules and drips remember.
    pub fn automation(&self) -> RwLockReadGuard<'_, Automation> {
        self.automation.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, to be changed by the writer's thread.
    pub fn automation_mut(&self) -> RwLockWriteGuard<'_, Automation> {
        self.automation.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is counted of experiments.
    pub fn experiments(&self) -> RwLockReadGuard<'_, Experiments> {
        self.experiments.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, to be changed by the writer's thread. Whoever holds it may look
    /// at the audience; not the other way round.
    pub fn experiments_mut(&self) -> RwLockWriteGuard<'_, Experiments> {
        self.experiments.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something is to be done with an experiment at the next look at the clock.
    pub fn order(&self, experiment: Arc<str>, deed: Deed) {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).push((experiment, deed));
    }

    /// What is to be done with experiments now.
    pub fn take_orders(&self) -> Vec<(Arc<str>, Deed)> {
        std::mem::take(&mut *self.orders.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The hour of the day at which a user is most active.
    pub fn best_hour(&self, user: UserId, zone: &TimeZone, now: Time) -> i8 {
        let of_all = self.automation().progress.hours;
        hours::best(&self.profiles, user, zone, now, &of_all)
    }

    /// The audience, if it is loaded.
    pub fn loaded(&self) -> Option<&Audience> {
        self.audience.get()
    }

    /// The audience, loaded now if it was not, under the rulebook in force and
    /// as of now. Waits for the writer: not to be called on its thread.
    pub fn current(&self, writer: &Writer) -> Result<&Audience, EngineError> {
        let now = self.clock.now();
        writer.commit(Transaction::advance(now))?;
        Ok(self.audience.get().ok_or(StoreError::Closed)?)
    }

    /// Loads the audience and what rules and drips remember. For the writer's
    /// thread, between two groups. Where rules act, everybody is judged as of
    /// the moment up to which time was followed: what has changed by the clock
    /// since then is found at the next look at it.
    pub fn load(&self, now: Time) -> Result<&Audience, StoreError> {
        if let Some(audience) = self.audience.get() {
            return Ok(audience);
        }
        let automation = Automation::load(&*self.store)?;
        let experiments = Experiments::load(&*self.store)?;
        let followed = automation.progress.until.filter(|until| self.acts() && *until <= now);
        let audience = Audience::load(&self.live.current(), &self.profiles, followed.unwrap_or(now))?;
        audience.seat(automation.seats(&self.live.current()));
        *self.automation_mut() = automation;
        *self.experiments_mut() = experiments;
        Ok(self.audience.get_or_init(|| audience))
    }

    /// Reads everything again, for when it is not known what is stored.
    pub fn reload(&self, audience: &Audience, now: Time) -> Result<(), StoreError> {
        let automation = Automation::load(&*self.store)?;
        let experiments = Experiments::load(&*self.store)?;
        audience.reload(&self.profiles, now)?;
        audience.seat(automation.seats(&audience.rulebook()));
        *self.automation_mut() = automation;
        *self.experiments_mut() = experiments;
        Ok(())
    }
}
