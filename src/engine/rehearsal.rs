//! The engine on a clock that is moved by hand, with an outbox that delivers
//! nothing: what tests of rules and simulations run on. It is the same engine
//! and the same gates over a store in memory or a copy; nothing leaves the
//! machine, and nothing depends on the time of day.
//!
//! Time goes from moment to moment at which something may be due. At each,
//! rules and drips act first, then messages go out, as many as the capacity
//! allows; what is delivered is told to the engine as an event, which may lead
//! to more at the same moment.

use super::gates::Gates;
use super::witness::Witness;
use super::{Engine, EngineError};
use crate::clock::ManualClock;
use crate::model::{Clock, Event, Time, TimeDelta};
use crate::outbox::{Dry, Held, Sent, Unsent};
use crate::rulebook::Live;
use crate::rulebook::Rulebook;
use crate::store::{Origin, Store, Transaction};
use std::path::Path;
use std::sync::{Arc, PoisonError};

/// An engine whose time is moved by hand.
pub struct Rehearsal {
    /// The engine.
    pub engine: Engine,
    clock: Arc<ManualClock>,
    dry: Dry,
    capacity: Option<usize>,
    /// The minute for which the calendar of broadcasts was looked at, where it is.
    calendar: Option<i64>,
}

/// What went on at one moment.
#[derive(Debug, Default)]
pub struct Moment {
    /// What was delivered, in order.
    pub sent: Vec<Sent>,
    /// What gates stopped, in order.
    pub unsent: Vec<Unsent>,
    /// What gates had wait, in order.
    pub held: Vec<Held>,
}

impl Moment {
    /// Adds what went on afterwards.
    pub(super) fn add(&mut self, later: Self) {
        self.sent.extend(later.sent);
        self.unsent.extend(later.unsent);
        self.held.extend(later.held);
    }

    /// Whether nothing went on that anybody could see.
    fn is_quiet(&self) -> bool {
        self.sent.is_empty() && self.unsent.is_empty() && self.held.is_empty()
    }
}

/// What stands for the bot's user name where no bot runs.
const NOBODY: &str = "your_bot";
/// Rows that are looked at between two commits.
const TURN: usize = 1_000;

impl Rehearsal {
    /// An engine over `store` with these rules; `capacity` is how many messages
    /// go out in a second, if that is limited.
    pub fn new(
        folder: &Path,
        rulebook: &Arc<Rulebook>,
        store: Arc<dyn Store>,
        begin: Time,
        capacity: Option<usize>,
    ) -> Result<Self, EngineError> {
        let clock = Arc::new(ManualClock::new(begin));
        let live = Arc::new(Live::fixed(folder, rulebook.clone(), clock.clone()));
        live.name_bot(NOBODY);
        let engine = Engine::new(folder.to_owned(), live, store.clone(), clock.clone())?;
        engine.act();
        engine.audience()?;
        engine.know_past()?;
        let (notices, _) = tokio::sync::mpsc::unbounded_channel();
        let zone = rulebook.settings.timezone.zone.clone();
        let dry = Dry::open(store, Box::new(Gates::new(&engine, notices)), zone, begin)?;
        Ok(Self { engine, clock, dry, capacity, calendar: None })
    }

    /// What time it is.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// The outbox.
    pub fn outbox(&self) -> &Dry {
        &self.dry
    }

    /// The outbox, to be given a run.
    pub fn outbox_mut(&mut self) -> &mut Dry {
        &mut self.dry
    }

    /// Has what goes on taken down from now on.
    pub(super) fn witness(&self) -> Arc<Witness> {
        let witness = Arc::new(Witness::default());
        self.engine.crowd.witness_by(witness.clone());
        witness
    }

    /// The same without why rules did not act.
    pub(super) fn brief_witness(&self) -> Arc<Witness> {
        let witness = Arc::new(Witness::brief());
        self.engine.crowd.witness_by(witness.clone());
        witness
    }

    /// Has broadcasts start by themselves from now on; where they ask first, the
    /// answer is yes.
    pub(super) fn follow_calendar(&mut self) {
        self.engine.rehearsed.get_or_init(Default::default);
        self.calendar = Some(i64::MIN);
    }

    /// Starts the broadcasts whose moment has come, and takes up every run that
    /// was started.
    fn look_at_calendar(&mut self) -> Result<(), EngineError> {
        let minute = self.now().0.div_euclid(60_000);
        if self.calendar.is_some_and(|looked| looked != minute) {
            self.calendar = Some(minute);
            self.engine.rehearse_calendar()?;
        }
        self.take_up_runs();
        Ok(())
    }

    fn take_up_runs(&mut self) {
        let Some(runs) = self.engine.rehearsed.get() else { return };
        for (ledger, counts) in std::mem::take(&mut *runs.lock().unwrap_or_else(PoisonError::into_inner)) {
            self.dry.add(ledger, counts);
        }
    }

    /// Changes profiles without anything following from it.
    pub fn prepare(&self, transaction: Transaction) -> Result<(), EngineError> {
        self.engine.writer.commit(Transaction { origin: Origin::Import, ..transaction })?;
        Ok(())
    }

    /// Something happens now, as it does to people.
    pub fn occur(&self, transaction: Transaction) -> Result<(), EngineError> {
        self.engine.writer.commit(transaction)?;
        Ok(())
    }

    /// Something happens now.
    pub fn happen(&self, events: Vec<Event>) -> Result<(), EngineError> {
        self.engine.writer.commit(Transaction::events(events))?;
        Ok(())
    }

    /// Has everything that is due now done, and messages sent until none is
    /// ready or the capacity of the moment is used up.
    pub fn settle(&mut self) -> Result<Moment, EngineError> {
        self.settle_up_to(self.capacity)
    }

    /// The same with at most so many messages.
    pub(super) fn settle_up_to(&mut self, capacity: Option<usize>) -> Result<Moment, EngineError> {
        let mut moment = Moment::default();
        let mut left = capacity.unwrap_or(usize::MAX);
        loop {
            self.engine.follow_clock()?;
            self.look_at_calendar()?;
            self.dry.take_up(self.now())?;
            let (sent, transaction) = self.dry.turn(self.now(), left.min(TURN))?;
            let is_quiet = sent.is_empty() && transaction.is_empty();
            left -= sent.len().min(left);
            moment.sent.extend(sent);
            moment.unsent.extend(self.dry.skipped());
            moment.held.extend(self.dry.held());
            if is_quiet {
                return Ok(moment);
            }
            self.engine.writer.commit(transaction)?;
            if left == 0 {
                return Ok(moment);
            }
        }
    }

    /// The next moment at which something may be due, at most `end`.
    pub fn next(&self, end: Time) -> Result<Time, EngineError> {
        let now = self.now();
        let ready = self.dry.next_ready(now).map(|ready| match self.capacity {
            // the second is used up
            Some(_) => ready.max(now + TimeDelta::seconds(1)),
            None => ready,
        });
        let calendar = self.calendar.and_then(|_| self.engine.next_in_calendar());
        let next = self.engine.next_moment()?.min(calendar.unwrap_or(end)).max(now + TimeDelta(1));
        Ok(ready.map_or(next, |ready| next.min(ready.max(now + TimeDelta(1)))).min(end))
    }

    /// Moves the clock, without looking what is due in between.
    pub fn go_to(&self, moment: Time) {
        self.clock.advance(moment - self.now());
    }

    /// Lets time pass up to `end`; `visit` sees every moment at which something
    /// went on.
    pub fn pass_to(&mut self, end: Time, mut visit: impl FnMut(Time, Moment)) -> Result<(), EngineError> {
        while self.now() < end {
            let next = self.next(end)?;
            self.go_to(next);
            let moment = self.settle()?;
            if !moment.is_quiet() {
                visit(next, moment);
            }
        }
        Ok(())
    }
}

impl Drop for Rehearsal {
    fn drop(&mut self) {
        self.engine.stop();
    }
}
