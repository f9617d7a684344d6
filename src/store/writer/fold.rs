//! How the log goes into profiles and history: when, how much at a time, and
//! what of the log may then be removed.
//!
//! A fold begins when the log says enough of each changed user to be worth
//! rewriting the profiles, or has grown long. It goes through the users in the
//! order of ids, a slice with every group, and removes the log behind itself.

use crate::model::Time;
use crate::store::history::{Step, Work};
use crate::store::journal::{Journal, Marker, Opened, State, key};
use crate::store::profiles::{StoredProfile, profile_key};
use crate::store::{Batch, StoreError};

/// When the log goes into profiles, and in which steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Folding {
    /// A log of fewer bytes is not worth folding.
    pub short: u64,
    /// A log of more bytes takes too long to read at the start.
    pub long: u64,
    /// With so many bytes of the log for each changed user a rewrite of their
    /// profiles pays.
    pub worth: u64,
    /// Changes that may wait in memory; each takes about 40 bytes.
    pub changes: usize,
    /// Profiles in a step while nobody wants anything; also the fewest.
    pub profiles: usize,
    /// Records of the log removed with a step.
    pub records: u64,
}

impl Default for Folding {
    fn default() -> Self {
        Self { short: 4 << 20, long: 256 << 20, worth: 256, changes: 4_000_000, profiles: 256, records: 512 }
    }
}

/// Bytes of history written for each entry of a group: more than twice what an
/// event takes, so that the history keeps up.
const HISTORY: usize = 256;
/// The queue waits while this many events are not sealed: something cannot be
/// written as fast as it comes.
const BEHIND: u64 = 1_000_000;

/// How far the log is.
pub(super) struct Fold {
    options: Folding,
    marker: Marker,
    /// Up to which record the fold goes that is under way.
    upto: Option<u64>,
    /// The first record of the log that is still there.
    first: u64,
    /// Bytes of records after those that the fold takes.
    size: u64,
    /// Changes in memory after those that the fold takes.
    changes: usize,
    /// Whether to wait for the next change after a failure.
    rests: bool,
    /// Work on the history that is under way; of a seal, up to which record.
    work: Option<(Work, Option<u64>)>,
    /// Whether the history cannot be written any more.
    history_rests: bool,
    /// The time, as far as somebody told it.
    now: Time,
    /// Events before this are to go.
    expired: Option<Time>,
}

/// What one batch folds, for when it is durable.
pub(super) struct Slice {
    /// Users whose old changes are in their profiles then.
    users: usize,
    marker: Marker,
    first: u64,
    /// How far the work on the history is.
    step: Option<Step>,
}

impl Fold {
    pub fn new(options: Folding, opened: &Opened, state: &State) -> Self {
        let changes = state.new.values().map(|delta| delta.len()).sum();
        let upto = opened.marker.sweep.map(|(upto, _)| upto);
        Self {
            options,
            marker: opened.marker,
            upto,
            first: opened.first,
            size: opened.size,
            changes,
            rests: false,
            work: None,
            history_rests: false,
            now: Time(i64::MIN),
            expired: None,
        }
    }

    /// What a transaction tells of the time and of what may go.
    pub fn note(&mut self, now: Option<Time>, expired: Option<Time>) {
        self.now = self.now.max(now.unwrap_or(self.now));
        self.expired = expired.or(self.expired);
    }

    /// Whether there is something to do without anybody wanting anything.
    pub fn has_work(&self) -> bool {
        !self.rests && (self.upto.is_some() || self.work.is_some() || self.first <= self.marker.done())
    }

    /// Whether the history must catch up before more comes.
    pub fn is_behind(&self, journal: &Journal) -> bool {
        self.work.is_some() && !self.rests && !self.history_rests && journal.history().extent().tail > BEHIND
    }

    /// Nothing more goes from the log into the history before a restart.
    pub fn leave_history(&mut self) {
        self.history_rests = true;
    }

    /// A group wrote so many bytes.
    pub fn logged(&mut self, bytes: u64) {
        self.size += bytes;
        self.rests = false;
    }

    /// A group made so many changes.
    pub fn changed(&mut self, changes: usize) {
        self.changes += changes;
    }

    /// Something failed: go on with the next group.
    pub fn rest(&mut self) {
        self.rests = true;
    }

    /// Puts the next profiles and removals into the batch. `next` is the number
    /// of the log's next record, `entries` how many the group has: folding is
    /// to be faster than what comes in.
    pub fn slice(
        &mut self,
        journal: &Journal,
        next: u64,
        entries: usize,
        batch: &mut Batch,
    ) -> Result<Option<Slice>, StoreError> {
        if self.upto.is_none() && self.is_due(&journal.read()) {
            self.begin(&mut journal.write(), next);
        }
        let mut slice = Slice { users: 0, marker: self.marker, first: self.first, step: None };
        if let Some(upto) = self.upto {
            let (state, mut last) = (journal.read(), None);
            for (user, delta) in state.old.iter().take(self.options.profiles.max(2 * entries)) {
                let mut profile = StoredProfile::load(&**journal.store(), *user)?.unwrap_or_default();
                delta.apply(&mut profile);
                batch.put(profile_key(*user), profile.to_bytes()?);
                (slice.users, last) = (slice.users + 1, Some(*user));
            }
            slice.marker = match last.filter(|_| slice.users < state.old.len()) {
                Some(last) => Marker { sweep: Some((upto, last)), ..self.marker },
                None => Marker { sweep: None, folded: upto, ..self.marker },
            };
        }
        let is_idle = self.work.is_none() && !self.history_rests;
        if is_idle && self.marker.sealed < self.marker.folded && journal.history().extent().tail == 0 {
            // Nothing that happened stands in the log.
            slice.marker.sealed = next - 1;
        }
        let before = batch.ops.len();
        match self.work_on_history(journal, next, entries, batch, &mut slice) {
            Ok(()) => {}
            Err(error) => {
                tracing::error!(%error, "the history stays as it is; events are recorded in the log until a restart");
                batch.ops.truncate(before);
                (self.work, self.history_rests, slice.step) = (None, true, None);
            }
        }
        while slice.first <= self.marker.done() && slice.first < self.first + self.options.records {
            batch.delete(key(slice.first));
            slice.first += 1;
        }
        if slice.marker != self.marker {
            slice.marker.save(batch)?;
        }
        let does_nothing = slice.marker == self.marker && slice.first == self.first && slice.step.is_none();
        Ok((!does_nothing).then_some(slice))
    }

    /// What a slice says is durable.
    pub fn sliced(&mut self, slice: Slice, state: &mut State) {
        for _ in 0..slice.users {
            state.old.pop_first();
        }
        if slice.marker.folded > self.marker.folded {
            self.upto = None;
        }
        if let (Some(step), Some((work, _))) = (slice.step, &mut self.work) {
            work.committed();
            if step == Step::Last {
                self.work = None;
            }
        }
        self.marker = slice.marker;
        self.first = slice.first;
    }

    fn work_on_history(
        &mut self,
        journal: &Journal,
        next: u64,
        entries: usize,
        batch: &mut Batch,
        slice: &mut Slice,
    ) -> Result<(), StoreError> {
        self.look_at_history(journal, next)?;
        if let Some((work, sealed)) = &mut self.work {
            work.make_room(entries * HISTORY);
            let step = work.step(batch)?;
            slice.step = Some(step);
            if let (Step::Last, Some(upto)) = (step, sealed) {
                slice.marker.sealed = *upto;
            }
        }
        Ok(())
    }

    /// Begins what the history needs next, one thing at a time.
    fn look_at_history(&mut self, journal: &Journal, next: u64) -> Result<(), StoreError> {
        let history = journal.history();
        if self.work.is_some() || self.history_rests {
            return Ok(());
        }
        self.work = if history.is_due(self.now) {
            history.begin_seal()?.map(|work| (work, Some(next - 1)))
        } else if let Some(before) = self.expired.take() {
            history.begin_expiry(before)?.map(|work| (work, None))
        } else {
            let work = history.begin_merge()?;
            work.or_else(|| history.begin_sweep()).map(|work| (work, None))
        };
        Ok(())
    }

    fn is_due(&self, state: &State) -> bool {
        let Folding { short, long, worth, changes, .. } = self.options;
        let worth = worth.saturating_mul(state.new.len() as u64).min(long);
        self.size >= short && (self.size >= worth || self.changes >= changes)
    }

    fn begin(&mut self, state: &mut State, next: u64) {
        state.old = std::mem::take(&mut state.new);
        self.upto = Some(next - 1);
        self.size = 0;
        self.changes = 0;
    }
}
