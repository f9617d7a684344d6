//! The audience: every declared field of every user in memory, in columns
//! beside the store, and the segments kept current.
//!
//! The store is the truth; an audience is filled from it once ([`Audience::load`])
//! and then told every patch that was committed ([`Audience::apply`]). A patch
//! changes the columns of one row and judges again only what reads a changed
//! field: computed fields, `lifecycle`, segments, and whatever reads those. Who
//! entered and left which segment is the answer.
//!
//! **Time.** Answers that depend on time are kept current by
//! [`Audience::advance`], which is to be called once a minute: each user's next
//! flip is known by the minute, so only the users who are due are judged. What
//! depends on `today` is judged for everybody at midnight, on the calendar of
//! now each quarter of an hour, and what fits no such form each minute. An
//! answer is therefore a minute old at most. Time does not go back: an earlier
//! moment than the last one told counts as that.
//!
//! One thread changes an audience, any number read it.

mod adopt;
mod bits;
mod bulk;
mod column;
mod deals;
mod facts;
mod graph;
mod load;
mod memory;
mod pass;
mod people;
mod row;
pub mod series;
mod settle;
mod state;
mod wheel;

pub use deals::Deal;
pub use memory::Memory;
pub use pass::{Pass, PassRow};
pub use row::{Happened, Person};

use crate::condition::{self, Fact};
use crate::model::{DripId, Event, FieldId, Patch, Profile, SegmentId, Time, UserId, Value};
use crate::rulebook::Rulebook;
use crate::store::{Profiles, StoreError};
use facts::Facts;
use row::{Known, Source};
use state::State;
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Everybody, in memory.
pub struct Audience {
    state: RwLock<State>,
}

/// What a patch, an event or the time changed for one user.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes {
    /// Whom.
    pub user: UserId,
    /// Fields with another value than before: each with the old and the new
    /// one; derived fields come after those that were set.
    pub fields: Vec<(FieldId, Value, Value)>,
    /// Segments that the user is in now and was not.
    pub entered: Vec<SegmentId>,
    /// Segments that the user was in and is not now.
    pub left: Vec<SegmentId>,
    /// Whether nothing was known of the user before.
    pub new: bool,
}

/// Where a user stands with a drip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Who.
    pub user: UserId,
    /// The drip.
    pub drip: DripId,
    /// Whether the user is in it.
    pub is_inside: bool,
    /// Whether the user went through it to its end or its goal.
    pub has_finished: bool,
}

/// How many users a segment has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SegmentSize {
    /// Users for whom the condition is true.
    pub count: u64,
    /// Users for whom it is unknown; they are not in the segment.
    pub unknown: u64,
}

impl Changes {
    fn of(user: UserId) -> Self {
        Self { user, fields: Vec::new(), entered: Vec::new(), left: Vec::new(), new: false }
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        !self.new && self.fields.is_empty() && self.entered.is_empty() && self.left.is_empty()
    }
}

impl Audience {
    /// Everybody in the store, under this rulebook, at `now`.
    pub fn load(rulebook: &Arc<Rulebook>, profiles: &Profiles, now: Time) -> Result<Self, StoreError> {
        Ok(Self { state: RwLock::new(State::load(rulebook, profiles, now)?) })
    }

    /// The rulebook that columns and segments belong to.
    pub fn rulebook(&self) -> Arc<Rulebook> {
        self.read().rulebook.clone()
    }

    /// The number of users.
    pub fn len(&self) -> usize {
        self.read().people.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether anything is known of a user.
    pub fn contains(&self, user: UserId) -> bool {
        self.read().people.find(user).is_some()
    }

    /// The ids of all users, ascending.
    pub fn ids(&self) -> Vec<i64> {
        let mut ids = self.read().people.ids().to_vec();
        ids.sort_unstable();
        ids
    }

    /// The profile of a user, derived fields included; made for this call.
    pub fn profile(&self, user: UserId) -> Option<Profile> {
        self.with_row(user, |person| person.profile())
    }

    /// Looks at a user as conditions do, at the latest moment that was told.
    /// The audience cannot be changed meanwhile.
    pub fn with_row<T>(&self, user: UserId, look: impl FnOnce(&Person<'_>) -> T) -> Option<T> {
        let state = self.read();
        let row = state.people.find(user)?;
        let known = Known::new(&state.rulebook);
        Some(look(&Person::new(&state, row, state.now, Source::Live(None), &known)))
    }

    /// Looks at everybody: at the live moment if none is given, else with
    /// everything judged anew for that one. The audience cannot be changed
    /// meanwhile.
    pub fn with_pass<T>(&self, now: Option<Time>, look: impl FnOnce(&Pass<'_>) -> T) -> T {
        look(&Pass::new(&self.read(), now, None))
    }

    /// The same for conditions that may ask `facts` that the rulebook does not,
    /// or of another moment: what is asked of events is then read from the
    /// store first, under the rulebook given. If another one is in force by
    /// now, nothing.
    pub fn with_facts<T>(
        &self,
        rulebook: &Arc<Rulebook>,
        profiles: &Profiles,
        now: Option<Time>,
        facts: &[Fact],
        look: impl FnOnce(&Pass<'_>) -> T,
    ) -> Result<Option<T>, StoreError> {
        let is_kept = now.is_none() && facts.iter().all(|fact| self.read().facts.answers(fact));
        let mut besides = (!is_kept).then(|| Facts::of(rulebook, facts, now.unwrap_or_else(|| self.read().now)));
        if let Some(besides) = &mut besides {
            besides.read(rulebook, profiles, &|user| self.read().people.find(user))?;
        }
        let state = self.read();
        if !Arc::ptr_eq(&state.rulebook, rulebook) {
            return Ok(None);
        }
        if let Some(besides) = &mut besides {
            besides.keep_drips(&state.facts, rulebook, rulebook);
            besides.grow(state.people.len());
        }
        Ok(Some(look(&Pass::new(&state, now, besides.as_ref()))))
    }

    /// The sizes of all segments, by their place in the rulebook.
    pub fn sizes(&self) -> Vec<SegmentSize> {
        self.read().segments.iter().map(|live| live.size).collect()
    }

    /// The size of a segment.
    pub fn size(&self, segment: SegmentId) -> SegmentSize {
        self.read().segments.get(usize::from(segment.0)).map_or_else(SegmentSize::default, |live| live.size)
    }

    /// The ids of a segment's members, ascending.
    pub fn members(&self, segment: SegmentId) -> Vec<i64> {
        let state = self.read();
        let Some(live) = state.segments.get(usize::from(segment.0)) else { return Vec::new() };
        let mut ids: Vec<i64> =
            live.members.iter().filter_map(|row| state.people.user(row)).map(|user| user.0).collect();
        if !state.people.is_ordered() {
            ids.sort_unstable();
        }
        ids
    }

    /// Applies a patch that was committed; an unknown user is new by it.
    pub fn apply(&self, user: UserId, patch: &Patch, now: Time) -> Changes {
        self.write().apply(user, patch, now)
    }

    /// Notes an event that was committed: its patch apart, what is asked of
    /// events changes by it.
    pub fn happened(&self, event: &Event, now: Time) -> Changes {
        self.write().happened(event, now)
    }

    /// Notes where a user stands with a drip now.
    pub fn place(&self, seat: Seat, now: Time) -> Changes {
        self.write().place(seat, now)
    }

    /// The same for many at once, after loading: nobody counts as having entered
    /// or left a segment by it.
    pub fn seat(&self, seats: impl Iterator<Item = Seat>) {
        let mut state = self.write();
        let now = state.now;
        seats.for_each(|seat| drop(state.place(seat, now)));
    }

    /// The latest moment that was told.
    pub fn now(&self) -> Time {
        self.read().now
    }

    /// Whoever has a time in this field, and that time.
    pub fn times(&self, field: FieldId) -> Vec<(UserId, Time)> {
        let state = self.read();
        let row = |row| match (state.people.user(row), state.value(field, row)) {
            (Some(user), Value::Time(at)) => Some((user, at)),
            (Some(_) | None, _) => None,
        };
        (0u32..).take(state.people.len()).filter_map(row).collect()
    }

    /// The different texts that a field has or had, in order.
    pub fn texts(&self, field: FieldId) -> Vec<Arc<str>> {
        let state = self.read();
        let column = state.fields.get(usize::from(field.0)).map(|column| column.values());
        if let Some(condition::Column::Coded { dictionary, .. }) = column {
            let mut texts = dictionary.to_vec();
            texts.sort_unstable();
            return texts;
        }
        let text = |row| match state.value(field, row) {
            Value::String(text) => Some(text),
            _ => None,
        };
        let texts: BTreeSet<Arc<str>> = (0u32..).take(state.people.len()).filter_map(text).collect();
        texts.into_iter().collect()
    }

    /// Takes a new rulebook. Columns and segments that mean the same under it
    /// stay; fields that are new are read from the store, definitions that are
    /// new are judged for everybody. Nobody counts as having entered or left
    /// anything by it. On an error the old rulebook stays.
    pub fn adopt(&self, rulebook: &Arc<Rulebook>, profiles: &Profiles, now: Time) -> Result<(), StoreError> {
        self.write().adopt(rulebook, profiles, now)
    }

    /// Reads everybody from the store again, for when it is not known any more
    /// what of the changes told is stored. On an error everything stays.
    pub fn reload(&self, profiles: &Profiles, now: Time) -> Result<(), StoreError> {
        let mut state = self.write();
        *state = State::load(&state.rulebook.clone(), profiles, now.max(state.now))?;
        Ok(())
    }

    /// Lets time pass: the users for whom that changed anything.
    pub fn advance(&self, now: Time) -> Vec<Changes> {
        self.write().advance(now)
    }

    /// When time is to be let pass next so that nothing is late. At another
    /// moment than a full hour nothing may have changed.
    pub fn next_look(&self) -> Time {
        self.read().next_look()
    }

    /// What it weighs.
    pub fn memory(&self) -> Memory {
        Memory::of(&self.read())
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}
