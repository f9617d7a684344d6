//! Numbers of delivery, kept by day: what became of the messages of every
//! cause, template and variant, and how long the Bot API took.
//!
//! One record a day and ledger; all replies of a day share one, for each of
//! them is a ledger of its own that leaves nothing behind. Records are written
//! in the batch that writes the outcomes which they count, so that after a
//! crash the two agree. They hold sums only: what is in memory and what an
//! earlier process stored are added.
//!
//! In memory are the records that were changed lately; an earlier one is read
//! when something is added to it, at the latest when it is written. Nothing
//! here reads a clock: the day is an argument.
//!
//! | key | record |
//! | --- | --- |
//! | `d` + day + ledger | [`Record`] |

mod histogram;
mod numbers;
mod report;
#[cfg(test)]
mod tests;

pub use histogram::Histogram;
pub use numbers::{MOST_ERRORS, Numbers, Outcome};
pub use report::{Entry, entries, grouped};

use super::ledger::{Cause, LedgerId};
use crate::model::{Time, TimeDelta};
use crate::store::{Batch, Store, StoreError, decode, encode};
use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A day of the project, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Day(pub u32);

/// Whose message something is told of.
#[derive(Clone, Copy, Debug)]
pub struct Of<'a> {
    /// The ledger of its row.
    pub ledger: LedgerId,
    /// Why it is sent.
    pub cause: &'a Cause,
    /// Its template; empty for what has none.
    pub template: &'a str,
    /// Its variant in an experiment.
    pub variant: Option<&'a str>,
}

/// The numbers of a day that were changed lately.
pub struct Tally {
    store: Arc<dyn Store>,
    known: BTreeMap<Key, Known>,
    dirty: BTreeSet<Key>,
}

/// Which record.
pub type Key = (Day, LedgerId);

/// One record: the numbers of one ledger on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    cause: Cause,
    numbers: BTreeMap<(String, Option<String>), Numbers>,
}

struct Known {
    record: Record,
    /// Whether what an earlier process stored is in it.
    whole: bool,
}

const VERSION: u8 = 1;

/// More records that have nothing to write are not kept in memory.
const MOST: usize = 64;

/// More templates and variants are not kept apart in one record: replies come
/// from many places.
const MOST_CELLS: usize = 1_000;

/// Records that are removed with one batch.
const FORGOTTEN_AT_ONCE: usize = 1_000;

impl Day {
    /// The day of a moment where clocks are `ahead` of UTC.
    pub fn of(now: Time, ahead: TimeDelta) -> Self {
        let days = (now + ahead).0.div_euclid(TimeDelta::days(1).0);
        Self(u32::try_from(days).unwrap_or(0))
    }

    /// Its date, as `2026-11-23`.
    pub fn date(self) -> String {
        Date::constant(1970, 1, 1).saturating_add(Span::new().days(self.0.min(3_000_000))).to_string()
    }
}

impl Tally {
    /// Numbers that stand in this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, known: BTreeMap::new(), dirty: BTreeSet::new() }
    }

    /// Counts something.
    pub fn note(&mut self, day: Day, of: Of<'_>, what: Outcome<'_>) {
        let key = (day, home(of.ledger, of.cause));
        let known = self.known.entry(key).or_insert_with(|| Known { record: Record::new(of.cause), whole: false });
        known.record.cell(of.template, of.variant).note(what);
        self.dirty.insert(key);
    }

    /// Whether anything has to be written.
    pub fn is_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// The records that have to be written.
    pub fn take_dirty(&mut self) -> BTreeSet<Key> {
        std::mem::take(&mut self.dirty)
    }

    /// They were not written.
    pub fn not_written(&mut self, mut keys: BTreeSet<Key>) {
        self.dirty.append(&mut keys);
    }

    /// They are durable: what is of earlier days need not stay in memory.
    pub fn written(&mut self, keys: &BTreeSet<Key>) {
        let today = self.known.keys().next_back().map(|(day, _)| *day);
        for key in keys.iter().filter(|key| Some(key.0) != today && !self.dirty.contains(key)) {
            self.known.remove(key);
        }
        if self.known.len() > MOST {
            self.known.retain(|key, known| self.dirty.contains(key) || (keys.contains(key) && known.whole));
        }
    }

    /// Writes these records as they are now.
    pub fn write(&mut self, keys: &BTreeSet<Key>, batch: &mut Batch) -> Result<(), StoreError> {
        for key in keys {
            if let Some(known) = self.known.get_mut(key) {
                known.complete(&*self.store, *key)?;
                batch.put(key_of(*key), encode(VERSION, &known.record)?);
            }
        }
        Ok(())
    }

    /// Removes records of days before `day`, many but not without end; gives
    /// their number. Zero: there are no more.
    pub fn forget(&mut self, before: Day, batch: &mut Batch) -> Result<usize, StoreError> {
        self.known.retain(|key, _| key.0 >= before);
        self.dirty.retain(|key| key.0 >= before);
        let end = key_of((before, LedgerId(0)));
        let mut forgotten = 0;
        for pair in self.store.scan(PREFIX, b"").take(FORGOTTEN_AT_ONCE) {
            let (key, _) = pair?;
            if key >= end {
                break;
            }
            batch.delete(key);
            forgotten += 1;
        }
        Ok(forgotten)
    }
}

impl Known {
    /// Adds what an earlier process stored. A record that cannot be read is
    /// begun anew: numbers must not keep outcomes from being written.
    fn complete(&mut self, store: &dyn Store, key: Key) -> Result<(), StoreError> {
        if self.whole {
            return Ok(());
        }
        if let Some(bytes) = store.get(&key_of(key))? {
            match decode::<Record>(VERSION, &bytes, "the numbers of a day") {
                Ok(mut stored) => {
                    stored.add(&self.record);
                    self.record = stored;
                }
                Err(error) => tracing::warn!(%error, day = key.0.0, "the numbers of a ledger begin anew"),
            }
        }
        self.whole = true;
        Ok(())
    }
}

impl Record {
    fn new(cause: &Cause) -> Self {
        Self { cause: cause.clone(), numbers: BTreeMap::new() }
    }

    fn cell(&mut self, template: &str, variant: Option<&str>) -> &mut Numbers {
        let mut key = (template.to_owned(), variant.map(str::to_owned));
        if self.numbers.len() >= MOST_CELLS && !self.numbers.contains_key(&key) {
            key = Default::default();
        }
        self.numbers.entry(key).or_default()
    }

    fn add(&mut self, other: &Self) {
        for ((template, variant), numbers) in &other.numbers {
            self.cell(template, variant.as_deref()).add_within(numbers, MOST_ERRORS);
        }
    }
}

const PREFIX: &[u8] = b"d";

/// Under which ledger it is counted: replies together.
fn home(ledger: LedgerId, cause: &Cause) -> LedgerId {
    match cause {
        Cause::Reply => LedgerId(0),
        Cause::Broadcast { .. } | Cause::Recall { .. } | Cause::Rule { .. } | Cause::Drip { .. } => ledger,
    }
}

fn key_of((day, ledger): Key) -> Vec<u8> {
    [PREFIX, &day.0.to_be_bytes(), &ledger.0.to_be_bytes()].concat()
}

/// The record that a key names, if it is one of these.
fn named(key: &[u8]) -> Option<Key> {
    let (day, ledger) = key.strip_prefix(PREFIX)?.split_first_chunk::<4>()?;
    Some((Day(u32::from_be_bytes(*day)), LedgerId(u64::from_be_bytes(ledger.try_into().ok()?))))
}
