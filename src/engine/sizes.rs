//! How large segments were: noted every hour, kept hourly for a month and daily
//! for a year and a bit.
//!
//! | key | record |
//! | --- | --- |
//! | `s` + segment's name, 0, day | the sizes noted on this day (in UTC), `Vec<Noted>` |
//!
//! Sizes go by name: a segment that is renamed or gone keeps its past under the
//! old name until that is too old. Thinning looks at a few records at a time
//! and goes round, so it may be late and never holds anything up.

use super::{Engine, EngineError, SegmentCount};
use crate::model::{Text, Time, TimeDelta};
use crate::store::{Batch, Store, StoreError, Transaction, decode, encode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// How long every hour is kept.
pub const HOURLY: TimeDelta = TimeDelta::days(30);
/// How long every day is kept.
pub const DAILY: TimeDelta = TimeDelta::days(400);

const PREFIX: u8 = b's';
const VERSION: u8 = 1;
const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;
/// Records looked at when sizes are noted.
const STEP: usize = 2_000;

/// A size at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// The moment.
    pub at: Time,
    /// Users who were in the segment.
    pub count: u64,
    /// Users of whom it was unknown.
    pub unknown: u64,
}

/// What is known of a segment's size over some time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentHistory {
    /// The name.
    pub name: String,
    /// The title, if it has one.
    pub title: Option<Text>,
    /// The size now; none if there is no such segment any more.
    pub now: Option<Size>,
    /// The last size noted before the time begins, else the first in it.
    pub before: Option<Size>,
    /// The sizes noted in that time, oldest first.
    pub sizes: Vec<Size>,
}

/// A size as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Noted {
    minute: u16,
    count: u64,
    unknown: u64,
}

impl Engine {
    /// Notes the sizes of all segments and thins what was noted earlier.
    pub fn note_segment_sizes(&self) -> Result<(), EngineError> {
        let counts = self.segment_counts(None)?;
        let now = self.clock.now();
        let mut batch = Batch::new();
        note(&*self.store, now, &counts, &mut batch)?;
        let mut thinned = self.thinned.lock().unwrap_or_else(PoisonError::into_inner);
        let next = thin(&*self.store, &thinned, now, STEP, &mut batch)?;
        self.writer.commit(Transaction { batch, ..Transaction::default() })?;
        *thinned = next;
        Ok(())
    }

    /// The sizes of all segments over the last `back`: those of the rulebook in
    /// its order, then those that are gone.
    pub fn segment_history(&self, back: TimeDelta) -> Result<Vec<SegmentHistory>, EngineError> {
        let now = self.clock.now();
        let mut known = read(&*self.store, now - back)?;
        let counts = self.segment_counts(None)?.into_iter();
        let mut all: Vec<SegmentHistory> = counts
            .map(|SegmentCount { name, title, count, unknown }| {
                let (before, sizes) = known.remove(&name).unwrap_or_default();
                SegmentHistory { name, title, now: Some(Size { at: now, count, unknown }), before, sizes }
            })
            .collect();
        let gone = known.into_iter().filter(|(_, (_, sizes))| !sizes.is_empty());
        all.extend(gone.map(|(name, (before, sizes))| SegmentHistory { name, title: None, now: None, before, sizes }));
        Ok(all)
    }
}

/// Adds to the batch what notes these sizes; an earlier note of this hour goes.
fn note(store: &dyn Store, now: Time, counts: &[SegmentCount], batch: &mut Batch) -> Result<(), StoreError> {
    let minute = u16::try_from(now.0.rem_euclid(DAY) / MINUTE).unwrap_or_default();
    for SegmentCount { name, count, unknown, .. } in counts {
        let key = key(name, day_of(now));
        let mut day = match store.get(&key)? {
            Some(bytes) => decode::<Vec<Noted>>(VERSION, &bytes, "sizes of segments")?,
            None => Vec::new(),
        };
        day.retain(|noted| noted.minute / 60 != minute / 60);
        day.push(Noted { minute, count: *count, unknown: *unknown });
        day.sort_by_key(|noted| noted.minute);
        batch.put(key, encode(VERSION, &day)?);
    }
    Ok(())
}

/// Looks at so many records from the key `from` on, and says where to go on:
/// of a day that is over a month old the last size stays, of one that is much
/// older nothing.
fn thin(store: &dyn Store, from: &[u8], now: Time, records: usize, batch: &mut Batch) -> Result<Vec<u8>, StoreError> {
    for (seen, pair) in store.scan(&[PREFIX], from).enumerate() {
        let (key, bytes) = pair?;
        if seen == records {
            return Ok(key);
        }
        let Some((_, day)) = parts(&key) else { continue };
        let end = Time((day + 1) * DAY);
        if end < now - DAILY {
            batch.delete(key);
        } else if end < now - HOURLY {
            let noted: Vec<Noted> = decode(VERSION, &bytes, "sizes of segments")?;
            if noted.len() > 1 {
                batch.put(key, encode(VERSION, &noted[noted.len() - 1..].to_vec())?);
            }
        }
    }
    Ok(Vec::new())
}

/// The last size before some time, else the first after it, and all after it.
type Known = (Option<Size>, Vec<Size>);

/// By name: the last size before `since`, else the first after it, and all
/// sizes after it.
fn read(store: &dyn Store, since: Time) -> Result<BTreeMap<String, Known>, StoreError> {
    let mut all: BTreeMap<String, Known> = BTreeMap::new();
    for pair in store.scan(&[PREFIX], &[]) {
        let (key, bytes) = pair?;
        let Some((name, day)) = parts(&key) else { continue };
        let (before, sizes) = all.entry(name).or_default();
        for Noted { minute, count, unknown } in decode::<Vec<Noted>>(VERSION, &bytes, "sizes of segments")? {
            let size = Size { at: Time(day * DAY + i64::from(minute) * MINUTE), count, unknown };
            if size.at <= since {
                *before = Some(size);
            } else {
                before.get_or_insert(size);
                sizes.push(size);
            }
        }
    }
    Ok(all)
}

fn day_of(at: Time) -> u32 {
    u32::try_from(at.0.div_euclid(DAY)).unwrap_or_default()
}

fn key(name: &str, day: u32) -> Vec<u8> {
    [&[PREFIX][..], name.as_bytes(), &[0], &day.to_be_bytes()].concat()
}

fn parts(key: &[u8]) -> Option<(String, i64)> {
    let (name, day) = key.get(1..)?.split_last_chunk::<4>()?;
    let name = std::str::from_utf8(name.strip_suffix(&[0])?).ok()?;
    Some((name.to_owned(), i64::from(u32::from_be_bytes(*day))))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;

    const START: Time = Time(1_767_571_200_000);

    fn commit(store: &MemoryStore, fill: impl FnOnce(&mut Batch)) {
        let mut batch = Batch::new();
        fill(&mut batch);
        store.commit(&batch).unwrap();
    }

    /// Notes a size every hour from the start on: the number of the hour.
    fn noted(names: &[&str], hours: std::ops::Range<i64>) -> MemoryStore {
        let store = MemoryStore::new();
        for hour in hours {
            let size = |name: &&str| SegmentCount { name: (*name).into(), title: None, count: hour as u64, unknown: 1 };
            let counts: Vec<_> = names.iter().map(size).collect();
            commit(&store, |batch| note(&store, START + TimeDelta::hours(hour), &counts, batch).unwrap());
        }
        store
    }

    fn counts(sizes: &[Size]) -> Vec<u64> {
        sizes.iter().map(|size| size.count).collect()
    }

    #[test]
    fn sizes_come_back_by_name_and_time() {
        let store = noted(&["a", "ab"], 0..72);
        let all = read(&store, START + TimeDelta::hours(60)).unwrap();
        assert_eq!(all.keys().collect::<Vec<_>>(), ["a", "ab"]);
        for (before, sizes) in all.values() {
            assert_eq!((before.unwrap().count, counts(sizes)), (60, (61..72).collect()));
            assert_eq!(sizes[0].at, START + TimeDelta::hours(61));
        }
        let all = read(&store, START - TimeDelta::days(1)).unwrap();
        assert_eq!((all["a"].0.unwrap().count, all["a"].1.len()), (0, 72));
    }

    #[test]
    fn a_second_note_in_an_hour_takes_the_place_of_the_first() {
        let store = noted(&["a"], 0..2);
        let counts = [SegmentCount { name: "a".into(), title: None, count: 9, unknown: 0 }];
        commit(&store, |batch| note(&store, START + TimeDelta::minutes(70), &counts, batch).unwrap());
        let sizes = &read(&store, Time(0)).unwrap()["a"].1;
        assert_eq!(
            sizes.iter().map(|size| (size.at - START, size.count)).collect::<Vec<_>>(),
            [(TimeDelta(0), 0), (TimeDelta::minutes(70), 9)]
        );
    }

    #[test]
    fn what_is_old_is_thinned_in_small_steps() {
        let days = 450;
        let store = noted(&["a", "b"], 0..days * 24);
        let now = START + TimeDelta::days(days);
        let (mut from, mut steps) = (Vec::new(), 0);
        loop {
            let mut next = Vec::new();
            commit(&store, |batch| {
                next = thin(&store, &from, now, 100, batch).unwrap();
                assert!(batch.ops.len() <= 100);
            });
            (from, steps) = (next, steps + 1);
            if from.is_empty() {
                break;
            }
        }
        assert_eq!(steps, 9);
        for (_, sizes) in read(&store, Time(0)).unwrap().values() {
            let by_age = |from: i64, to: i64| {
                let within = |size: &&Size| (now - TimeDelta::days(to)..now - TimeDelta::days(from)).contains(&size.at);
                sizes.iter().filter(within).count()
            };
            assert_eq!((by_age(0, 30), by_age(31, 400), by_age(401, 500)), (720, 369, 0));
            assert!(sizes.iter().filter(|size| size.at < now - TimeDelta::days(32)).all(|size| size.count % 24 == 23));
        }
    }
}
