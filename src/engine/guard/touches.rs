//! The marketing messages that each user got lately: what caps count, and what
//! a block of the bot is put down to.
//!
//! Nothing of it is stored: it is what the ledgers say, read from them at the
//! start by [`Touches::note`] and kept current while rows go out. A row
//! *reserves* a slot when it goes to the limiter, which becomes a message
//! (*confirm*: sent, or in doubt) or is given back (*release*: refused, or
//! queued again). Of a message that goes out as several rows one is noted.
//!
//! A user takes 25 to 57 bytes in the table (it is between 7/8 and 7/16 full),
//! a box of 16 bytes that the allocator adds, and 12 bytes for each message:
//! some 100 bytes for a million users who got three each.

use super::caps::{self, Room};
use crate::model::{Time, TimeDelta, UserId};
use crate::outbox::{LedgerId, RowId};
use crate::rulebook::Cap;
use jiff::tz::TimeZone;
use std::collections::HashMap;
use std::mem;

/// Recent messages by user.
#[derive(Debug, Default)]
pub struct Touches {
    /// In order of their times.
    sent: HashMap<UserId, Box<[Touch]>>,
    /// Rows under way: a few hundred at most.
    held: HashMap<UserId, Vec<RowId>>,
}

/// A message: its time and its ledger in 48 bits each, the low words apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Touch {
    at: u32,
    ledger: u32,
    high: [u16; 2],
}

impl Touches {
    /// How many more marketing messages the user may get at `now`.
    pub fn room(&self, user: UserId, caps: &[Cap], zone: &TimeZone, now: Time) -> Room {
        if caps.is_empty() {
            return Room::Free(u32::MAX);
        }
        let sent: Vec<Time> = self.of(user).iter().map(|touch| touch.at()).collect();
        let held = self.held.get(&user).map_or(0, Vec::len);
        caps::room(caps, &sent, held, zone, now)
    }

    /// Holds a slot for a row; a row has one at most.
    pub fn reserve(&mut self, user: UserId, row: RowId) {
        let rows = self.held.entry(user).or_default();
        if !rows.contains(&row) {
            rows.push(row);
        }
    }

    /// The row went out at `at`, or may have: its slot is used.
    pub fn confirm(&mut self, user: UserId, row: RowId, at: Time) {
        self.release(user, row);
        self.note(user, at, row.ledger);
    }

    /// A message of `ledger` of which it was said that it may have gone out at
    /// `at` is to go out yet: its slot is free. What was read at the start may
    /// differ by the moment of the start.
    pub fn withdraw(&mut self, user: UserId, ledger: LedgerId, at: Time) {
        let Some(list) = self.sent.get_mut(&user) else { return };
        let of_ledger = list.iter().enumerate().filter(|(_, touch)| touch.ledger() == ledger);
        if let Some((place, _)) = of_ledger.min_by_key(|(_, touch)| (touch.at() - at).0.abs()) {
            let mut left = mem::take(list).into_vec();
            left.remove(place);
            *list = left.into_boxed_slice();
        }
    }

    /// The row did not go out: its slot, if it had one, is free.
    pub fn release(&mut self, user: UserId, row: RowId) {
        let Some(rows) = self.held.get_mut(&user) else { return };
        rows.retain(|held| *held != row);
        if rows.is_empty() {
            self.held.remove(&user);
        }
    }

    /// A message of `ledger` went to the user at `at`; in any order.
    pub fn note(&mut self, user: UserId, at: Time, ledger: LedgerId) {
        let slot = self.sent.entry(user).or_default();
        let mut list = mem::take(slot).into_vec();
        let place = list.partition_point(|touch| touch.at() <= at);
        list.reserve_exact(1);
        list.insert(place, Touch::new(at, ledger));
        *slot = list.into_boxed_slice();
    }

    /// The ledger of the last message that the user got before `now`, but not
    /// `within` or longer before it.
    pub fn last_marketing(&self, user: UserId, within: TimeDelta, now: Time) -> Option<LedgerId> {
        let before = self.of(user).iter().rfind(|touch| touch.at() <= now)?;
        (now - before.at() < within).then(|| before.ledger())
    }

    /// Forgets messages from before a moment.
    pub fn forget(&mut self, before: Time) {
        self.sent.retain(|_, list| {
            let old = list.partition_point(|touch| touch.at() < before);
            if old > 0 {
                *list = list[old..].into();
            }
            !list.is_empty()
        });
        if self.sent.len() < self.sent.capacity() / 4 {
            self.sent.shrink_to_fit();
        }
    }

    fn of(&self, user: UserId) -> &[Touch] {
        self.sent.get(&user).map_or(&[], |list| list)
    }
}

impl Touch {
    fn new(at: Time, ledger: LedgerId) -> Self {
        // Enough until the year 10889 and for any number of ledgers.
        let most = (1u64 << 48) - 1;
        let at = u64::try_from(at.0).unwrap_or(0).min(most);
        let ledger = ledger.0.min(most);
        Self { at: low(at), ledger: low(ledger), high: [high(at), high(ledger)] }
    }

    fn at(self) -> Time {
        Time(joined(self.high[0], self.at).cast_signed())
    }

    fn ledger(self) -> LedgerId {
        LedgerId(joined(self.high[1], self.ledger))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the rest is in the high part")]
fn low(n: u64) -> u32 {
    n as u32
}

fn high(n: u64) -> u16 {
    u16::try_from(n >> 32).unwrap_or(u16::MAX)
}

fn joined(high: u16, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

#[cfg(test)]
mod tests;
