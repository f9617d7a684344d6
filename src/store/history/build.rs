//! The making of a run out of sorted events: blocks while they come, then the
//! filter, then the head.

use super::block::{BlockWriter, Item};
use super::codec::Body;
use super::filter::{Filter, fingerprint};
use super::run::{Head, Run, block_key, filter_key};
use crate::model::{Time, UserId};
use crate::store::{Pair, StoreError};
use std::collections::BTreeMap;

const DAY: i64 = 86_400_000;

/// A run in the making.
pub(super) struct Builder {
    number: u32,
    block: BlockWriter,
    blocks: u32,
    filter: Filter,
    head: Head,
    last: Option<UserId>,
    /// Events by day, to find the middle.
    days: BTreeMap<i64, u64>,
}

impl Builder {
    /// The run with this number, of so many events at most.
    pub(super) fn new(number: u32, events: u64) -> Self {
        let never = Time(0);
        Self {
            number,
            block: BlockWriter::default(),
            blocks: 0,
            filter: Filter::for_events(events),
            head: Head { events: 0, users: 0, bytes: 0, oldest: never, newest: never, middle: never },
            last: None,
            days: BTreeMap::new(),
        }
    }

    /// Adds an event that is not before the last one. A block that is full
    /// goes to `out`.
    pub(super) fn add(&mut self, item: Item<'_>, out: &mut Vec<Pair>) -> Result<(), StoreError> {
        if self.block.is_full(item.body) {
            self.finish_block(out);
        }
        self.filter.insert(fingerprint(item.user, Body::read(item.body)?.id));
        let head = &mut self.head;
        if head.events == 0 {
            (head.oldest, head.newest) = (item.at, item.at);
        }
        head.events += 1;
        head.users += u64::from(self.last.replace(item.user) != Some(item.user));
        head.oldest = head.oldest.min(item.at);
        head.newest = head.newest.max(item.at);
        *self.days.entry(item.at.0.div_euclid(DAY)).or_default() += 1;
        self.block.add(item);
        Ok(())
    }

    /// The last block goes to `out`.
    pub(super) fn finish_block(&mut self, out: &mut Vec<Pair>) {
        if let Some((last, bytes)) = self.block.take() {
            self.head.bytes += bytes.len() as u64;
            out.push((block_key(self.number, last, self.blocks), bytes));
            self.blocks += 1;
        }
    }

    /// The number of the run.
    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// Events so far.
    pub(super) fn events(&self) -> u64 {
        self.head.events
    }

    /// A piece of the filter, if there are so many.
    pub(super) fn piece(&self, number: u32) -> Option<Pair> {
        (number < self.filter.pieces()).then(|| (filter_key(self.number, number), self.filter.piece(number)))
    }

    /// The whole run.
    pub(super) fn finish(&mut self) -> Run {
        self.head.middle = self.middle();
        Run { number: self.number, head: self.head.clone(), filter: std::mem::take(&mut self.filter) }
    }

    /// The end of the day by which half of the events have happened.
    fn middle(&self) -> Time {
        let mut seen = 0;
        let half = self.days.iter().find(|(_, events)| {
            seen += **events;
            seen * 2 >= self.head.events
        });
        Time(half.map_or(0, |(day, _)| day.saturating_add(1).saturating_mul(DAY)))
    }
}
