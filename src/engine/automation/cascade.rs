//! What rules made of something and that had no end: nothing of it was done, and
//! it is kept here so that a person sees it and can have it decided again.
//!
//! What is kept goes by names, like an event: the rulebook of the next time is
//! another one. The newest [`MOST`] are kept.
//!
//! | key | record |
//! | --- | --- |
//! | `Rc` | [`Numbers`] |
//! | `Rc` + number | [`Cascade`] |

use super::VERSION;
use crate::model::{Event, Time, TimeDelta, UserId};
use crate::store::{Batch, Origin, Store, StoreError, decode, encode};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

const PREFIX: &[u8] = b"Rc";
/// So many are kept.
pub const MOST: usize = 1_000;

/// What rules made of something and that had no end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cascade {
    /// Whose turn it was.
    pub user: UserId,
    /// When it was decided last.
    pub at: Time,
    /// How often it was decided.
    pub times: u32,
    /// The rules in the loop.
    pub rules: Vec<String>,
    /// The version of the rulebook that had no end of it.
    pub rulebook: String,
    /// What it began with.
    pub began: Began,
    /// Whether it was told of the past.
    pub is_import: bool,
}

/// What a turn began with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Began {
    /// Something happened to the user.
    Told(Box<Told>),
    /// A rule acted on its schedule, or on those who match already.
    Rule(String),
    /// Waits were over. They are tried again by themselves.
    Time,
}

/// What happened to a user, by names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// An event.
    pub event: Option<Event>,
    /// The user was new.
    pub joined: bool,
    /// Segments that the user entered.
    pub entered: Vec<String>,
    /// Segments that the user left.
    pub left: Vec<String>,
    /// Fields that changed.
    pub changed: Vec<String>,
    /// So long after the time in a field had come.
    pub due: Option<(String, TimeDelta)>,
}

/// Numbers that go up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbers {
    /// The number of the last.
    pub last: u64,
    /// How many were too old to be kept.
    pub dropped: u64,
}

/// Those that are kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cascades {
    kept: BTreeMap<u64, Cascade>,
    numbers: Numbers,
    /// What is not written yet.
    changed: BTreeSet<u64>,
}

impl Cascades {
    /// Those that a store remembers.
    pub fn read(store: &dyn Store) -> Result<Self, StoreError> {
        let mut this = Self::default();
        for pair in store.scan(PREFIX, b"") {
            let (key, value) = pair?;
            match <[u8; 8]>::try_from(&key[PREFIX.len()..]) {
                Ok(number) => {
                    this.kept.insert(u64::from_be_bytes(number), decode(VERSION, &value, "a cascade")?);
                }
                Err(_) => this.numbers = decode(VERSION, &value, "the numbers of cascades")?,
            }
        }
        Ok(this)
    }

    /// All by number, the oldest first.
    pub fn all(&self) -> impl Iterator<Item = (u64, &Cascade)> {
        self.kept.iter().map(|(number, cascade)| (*number, cascade))
    }

    /// The one of this number.
    pub fn get(&self, number: u64) -> Option<&Cascade> {
        self.kept.get(&number)
    }

    /// How many were too old to be kept.
    pub fn dropped(&self) -> u64 {
        self.numbers.dropped
    }

    /// Keeps one that was decided for the first time; that of waits that are
    /// tried again in place of the last attempt.
    pub fn add(&mut self, cascade: Cascade) {
        if let Some((number, before)) = self.of_time(cascade.user).filter(|_| cascade.began == Began::Time) {
            let times = before.times.saturating_add(1);
            return self.put(number, Cascade { times, ..cascade });
        }
        self.numbers.last += 1;
        if self.kept.len() >= MOST
            && let Some((oldest, _)) = self.kept.pop_first()
        {
            self.changed.insert(oldest);
            self.numbers.dropped += 1;
        }
        self.put(self.numbers.last, cascade);
    }

    /// One was decided again, and still has no end.
    pub fn again(&mut self, number: u64, cascade: Cascade) {
        if let Some(before) = self.kept.get(&number) {
            let times = before.times.saturating_add(1);
            self.put(number, Cascade { times, ..cascade });
        }
    }

    /// One was decided again, and came to an end.
    pub fn done(&mut self, number: u64) {
        if self.kept.remove(&number).is_some() {
            self.changed.insert(number);
        }
    }

    /// The waits of a user were over, and what followed came to an end.
    pub fn time_passed(&mut self, user: UserId) {
        if let Some((number, _)) = self.of_time(user) {
            self.done(number);
        }
    }

    /// Adds to a batch what has changed.
    pub fn write(&mut self, batch: &mut Batch) -> Result<(), StoreError> {
        let changed = std::mem::take(&mut self.changed);
        if !changed.is_empty() {
            batch.put(PREFIX, encode(VERSION, &self.numbers)?);
        }
        for number in changed {
            let key = [PREFIX, &number.to_be_bytes()].concat();
            match self.kept.get(&number) {
                Some(cascade) => batch.put(key, encode(VERSION, cascade)?),
                None => batch.delete(key),
            }
        }
        Ok(())
    }

    fn of_time(&self, user: UserId) -> Option<(u64, &Cascade)> {
        self.all().find(|(_, cascade)| cascade.user == user && cascade.began == Began::Time)
    }

    fn put(&mut self, number: u64, cascade: Cascade) {
        self.kept.insert(number, cascade);
        self.changed.insert(number);
    }
}

impl Cascade {
    /// The event that it began with, if it was one.
    pub fn event(&self) -> Option<&Event> {
        match &self.began {
            Began::Told(told) => told.event.as_ref(),
            Began::Rule(_) | Began::Time => None,
        }
    }

    /// Where what it began with came from.
    pub fn origin(&self) -> Origin {
        if self.is_import { Origin::Import } else { Origin::Live }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;

    fn cascade(user: i64, began: Began) -> Cascade {
        let rules = vec!["a".to_owned(), "b".to_owned()];
        let (user, at, rulebook) = (UserId(user), Time(user), "v".to_owned());
        Cascade { user, at, times: 1, rules, rulebook, began, is_import: false }
    }

    #[test]
    fn the_newest_are_kept_and_come_back() {
        let (store, mut cascades) = (MemoryStore::default(), Cascades::default());
        for user in 0..1_003 {
            cascades.add(cascade(user, Began::Rule("r".into())));
            let mut batch = Batch::new();
            cascades.write(&mut batch).unwrap();
            store.commit(&batch).unwrap();
        }
        assert_eq!((cascades.all().count(), cascades.dropped()), (MOST, 3));
        assert_eq!(cascades.all().next().map(|(number, cascade)| (number, cascade.user)), Some((4, UserId(3))));
        assert_eq!(Cascades::read(&store), Ok(cascades));
    }

    #[test]
    fn waits_that_are_tried_again_are_one() {
        let mut cascades = Cascades::default();
        for began in [Began::Time, Began::Told(Box::default()), Began::Time, Began::Told(Box::default())] {
            cascades.add(cascade(7, began));
        }
        let times = |cascades: &Cascades| cascades.all().map(|(n, one)| (n, one.times)).collect::<Vec<_>>();
        assert_eq!(times(&cascades), [(1, 2), (2, 1), (3, 1)]);
        cascades.again(2, cascade(7, Began::Time));
        cascades.time_passed(UserId(8));
        cascades.done(3);
        assert_eq!(times(&cascades), [(1, 2), (2, 2)]);
    }
}
