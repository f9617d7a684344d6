//! Profiles while they change: what is logged already and not yet folded into
//! their records.
//!
//! Writing a profile's record for every change would be several times slower
//! than writing one log for all: records lie anywhere, a log grows at its end.
//! So a group of changes is durable as soon as its log records are, and the
//! profiles follow behind, in the order of ids. Until then the changes stand
//! here in memory, and whoever reads a profile reads both.
//!
//! Two generations of changes keep folding exact: `old` holds what the log says
//! up to the record where the fold began, `new` what came after. A profile's
//! record takes all of its old changes at once; the marker in the same batch
//! says up to which user that is done. So each change is made once, also over
//! a crash.

mod delta;
mod log;

pub(in crate::store) use delta::{Change, Delta};
pub use delta::{Total, is_total, sum_name};
pub(in crate::store) use log::{Entry, Marker, Records, key, read};

use super::catalogue::Catalogue;
use super::history::History;
use super::profiles::StoredProfile;
use super::{Store, StoreError};
use crate::model::{UserId, Value};
use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included, Unbounded};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The profiles of one store and what is still to go into their records. One
/// for a store, shared by its [`Writer`](super::Writer) and all
/// [`Profiles`](super::Profiles).
pub struct Journal {
    store: Arc<dyn Store>,
    history: Arc<History>,
    state: RwLock<State>,
    /// For the writer, until it takes it.
    opened: Mutex<Option<Opened>>,
}

/// What readers see.
pub(super) struct State {
    /// The names behind the numbers.
    pub fields: Arc<Catalogue>,
    /// Changes up to where the fold began.
    pub old: Deltas,
    /// Changes after that.
    pub new: Deltas,
}

pub(super) type Deltas = BTreeMap<UserId, Delta>;

/// Where the log stood when it was opened.
pub(super) struct Opened {
    pub marker: Marker,
    /// The number of the next record.
    pub next: u64,
    /// The first record that is still there.
    pub first: u64,
    /// Bytes of records that are not folded.
    pub size: u64,
}

impl Journal {
    /// Opens the journal of a store. Reads the log.
    pub fn open(store: Arc<dyn Store>) -> Result<Arc<Self>, StoreError> {
        let marker = Marker::load(&*store)?;
        let mut fields = Catalogue::load(&*store)?;
        let upto = marker.sweep.map_or(0, |(upto, _)| upto);
        let (mut old, mut new) = (Deltas::new(), Deltas::new());
        let mut opened = Opened { marker, next: 1 + marker.folded.max(marker.sealed), first: 0, size: 0 };
        let mut unsealed = Vec::new();
        let mut trouble = None;
        read(&*store, |number, size, entries| {
            if opened.first == 0 {
                opened.first = number;
            }
            opened.next = opened.next.max(number + 1);
            if number > marker.folded {
                opened.size += size as u64;
            }
            let deltas = if number <= upto { &mut old } else { &mut new };
            for entry in entries {
                let user = entry.user();
                if !marker.holds(number, user) {
                    match entry.delta(&mut fields) {
                        Ok(delta) => deltas.entry(user).or_default().extend(delta),
                        Err(error) => trouble = Some(error),
                    }
                }
                if let Entry::Event(event) = entry
                    && number > marker.sealed
                {
                    unsealed.push(event);
                }
            }
        })?;
        if let Some(error) = trouble {
            return Err(error);
        }
        if opened.first == 0 {
            opened.first = opened.next;
        }
        let history = History::open(store.clone(), unsealed)?;
        let state = RwLock::new(State { fields: Arc::new(fields), old, new });
        Ok(Arc::new(Self { store, history, state, opened: Mutex::new(Some(opened)) }))
    }

    /// The store below.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The events of all users.
    pub fn history(&self) -> &Arc<History> {
        &self.history
    }

    pub(super) fn take_opened(&self) -> Option<Opened> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether there are changes of a user that its record does not have.
    pub fn changes(&self, user: UserId) -> bool {
        self.old.contains_key(&user) || self.new.contains_key(&user)
    }

    /// Users with such changes after `from` and up to `end`, ascending.
    pub fn users_between(&self, from: Option<UserId>, end: Option<UserId>) -> impl Iterator<Item = UserId> {
        let range = (from.map_or(Unbounded, Excluded), end.map_or(Unbounded, Included));
        let (mut old, mut new) = (self.old.range(range).peekable(), self.new.range(range).peekable());
        std::iter::from_fn(move || {
            let next = [old.peek(), new.peek()].into_iter().flatten().map(|(user, _)| **user).min()?;
            old.next_if(|(user, _)| **user == next);
            new.next_if(|(user, _)| **user == next);
            Some(next)
        })
    }

    /// The profile as it is: its record and all changes since.
    pub fn load(&self, store: &dyn Store, user: UserId) -> Result<Option<StoredProfile>, StoreError> {
        let stored = StoredProfile::load(store, user)?;
        Ok(self.changed(user, stored))
    }

    /// What the changes make of a record.
    pub fn changed(&self, user: UserId, stored: Option<StoredProfile>) -> Option<StoredProfile> {
        let mut profile = stored;
        for delta in [self.old.get(&user), self.new.get(&user)].into_iter().flatten() {
            delta.apply(profile.get_or_insert_default());
        }
        profile
    }
}

impl Entry {
    pub(super) fn user(&self) -> UserId {
        match self {
            Self::Patch(user, _) => *user,
            Self::Event(event) => event.user,
        }
    }

    /// What the entry changes in its user's profile.
    pub(super) fn delta(&self, fields: &mut Catalogue) -> Result<Delta, StoreError> {
        let mut delta = Delta::with_room(match self {
            Self::Patch(_, sets) => sets.len(),
            Self::Event(event) => 3 + event.properties.len(),
        });
        match self {
            Self::Patch(_, sets) => {
                for (number, value) in sets {
                    delta.push(*number, Change::Set(value.clone()));
                }
            }
            Self::Event(event) => {
                // of messages nothing but their number is ever asked
                if event.trace().is_some() {
                    return Ok(delta);
                }
                if let Some(delivery) = event.delivery() {
                    if delivery.counts() {
                        let [count, ..] = fields.totals(&event.name)?;
                        delta.push(count, Total::Count.change(event));
                    }
                    return Ok(delta);
                }
                let totals = fields.totals(&event.name)?;
                for (total, number) in [Total::Count, Total::First, Total::Last].into_iter().zip(totals) {
                    delta.push(number, total.change(event));
                }
                for (property, value) in &event.properties {
                    if matches!(value, Value::Int(_) | Value::Money(_) | Value::Float(_)) {
                        delta.push(fields.sum(&event.name, property)?, Change::Add(value.clone()));
                    }
                }
            }
        }
        Ok(delta)
    }
}
