//! One ledger in memory: its counts, a cursor over the rows that never waited,
//! those that are tried again, and those that a gate put off.
//!
//! The two kinds of waiting differ when the clock is set: a retry waits as
//! long as before, what a gate put off waits for the wall clock.

use crate::model::{Time, TimeDelta};
use crate::outbox::ledger::{CHUNK_ROWS, Counts, Ledger, LedgerId, LedgerStatus};
use crate::outbox::limiter::{Paid, Spent, Window};
use crate::outbox::row::{RowId, SkipReason, State};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};

pub(super) struct Run {
    pub(super) ledger: Ledger,
    pub(super) counts: Counts,
    pub(super) cursor: u32,
    /// Rows that are tried again, by when.
    pub(super) waiting: BinaryHeap<Reverse<(Time, u32)>>,
    /// Rows that a gate put off, by when it is asked again.
    pub(super) deferred: BinaryHeap<Reverse<(Time, u32)>>,
    pub(super) window: Window,
    pub(super) held: Option<Time>,
    /// The Stars it may spend.
    pub(super) paid: Option<Paid>,
    /// Rows of the canary that are not final.
    pub(super) canary_open: u32,
    /// The place of each recipient's first row, by id; made when it is asked
    /// for.
    pub(super) places: Option<Vec<(i64, u32)>>,
    /// Of rows that came one by one and were never looked at: from which place
    /// on they came when.
    pub(super) arrivals: VecDeque<(u32, Time)>,
    /// How many rows that came so wait for each user.
    pub(super) waits_for: HashMap<i64, u32>,
    /// The places of those that never had their turn, by user and in order.
    pub(super) line: BTreeMap<(i64, u64), u32>,
}

impl Run {
    pub(super) fn new(ledger: Ledger) -> Self {
        let paid = ledger.paid.map(|(budget, spent)| Paid::new(budget, Spent(spent)));
        Self {
            ledger,
            counts: Counts::default(),
            cursor: 0,
            waiting: BinaryHeap::new(),
            deferred: BinaryHeap::new(),
            window: Window::default(),
            held: None,
            paid,
            canary_open: 0,
            places: None,
            arrivals: VecDeque::new(),
            waits_for: HashMap::new(),
            line: BTreeMap::new(),
        }
    }

    pub(super) fn finished(ledger: Ledger) -> Self {
        let counts = ledger.summary.clone().unwrap_or_default();
        Self { counts, ..Self::new(ledger) }
    }

    /// Notes that `row` is tried again.
    pub(super) fn wait(&mut self, row: RowId, until: Time) {
        self.waiting.push(Reverse((until, row.position())));
    }

    /// Notes that a gate put `row` off.
    pub(super) fn defer(&mut self, row: RowId, until: Time) {
        self.deferred.push(Reverse((until, row.position())));
    }

    /// The waiting row that is due first, if one is.
    pub(super) fn due(&self, now: Time) -> Option<u32> {
        let first = |heap: &BinaryHeap<Reverse<(Time, u32)>>| heap.peek().map(|Reverse(first)| *first);
        let due = [first(&self.waiting), first(&self.deferred)].into_iter().flatten().min();
        due.filter(|(due, _)| *due <= now).map(|(_, position)| position)
    }

    /// Notes that the cursor has gone past a row.
    pub(super) fn pass(&mut self) {
        self.cursor += 1;
        while self.arrivals.get(1).is_some_and(|(from, _)| *from <= self.cursor) {
            self.arrivals.pop_front();
        }
        if self.cursor >= self.ledger.rows {
            self.arrivals.clear();
        }
    }

    /// Notes that a row in this state, of those that come one by one, waits for
    /// its user or does no longer.
    pub(super) fn note_waiting(&mut self, row: RowId, user: i64, state: &State, by: i32) {
        let waits = match state {
            State::Queued { .. } => true,
            State::Deferred { why, .. } => *why != SkipReason::Scheduled,
            State::Leased { .. }
            | State::Sent { .. }
            | State::SentMany { .. }
            | State::Failed { .. }
            | State::InDoubt { .. }
            | State::Skipped { .. } => false,
        };
        if !waits || !self.ledger.cause.is_posted() || self.ledger.part(row.position()) > 0 {
            return;
        }
        let count = self.waits_for.entry(user).or_default();
        *count = count.saturating_add_signed(by);
        if *count == 0 {
            self.waits_for.remove(&user);
        }
    }

    /// Takes the row out that [`Run::due`] gave.
    pub(super) fn take_due(&mut self, position: u32) {
        let heaps = [&mut self.waiting, &mut self.deferred];
        let at = |heap: &BinaryHeap<Reverse<(Time, u32)>>| {
            heap.peek().filter(|Reverse((_, place))| *place == position).map(|Reverse((due, _))| *due)
        };
        if let Some(heap) = heaps.into_iter().filter(|heap| at(heap).is_some()).min_by_key(|heap| at(heap)) {
            heap.pop();
        }
    }

    /// Whether this change ends the canary.
    pub(super) fn canary_settled(&mut self, row: RowId, before: &State, after: &State, now: Option<Time>) -> bool {
        if !self.ledger.is_canary(row.position()) || before.is_final() == after.is_final() {
            return false;
        }
        match after.is_final() {
            true => self.canary_open = self.canary_open.saturating_sub(1),
            false => self.canary_open += 1,
        }
        match &mut self.ledger.canary {
            Some(canary) if self.canary_open == 0 && canary.done.is_none() && canary.rows < self.ledger.rows => {
                canary.done = now;
                now.is_some()
            }
            Some(_) | None => false,
        }
    }

    /// When a row of this ledger may be leased, if any waits.
    pub(super) fn ready_at(&self, now: Time, monotonic: TimeDelta) -> Option<TimeDelta> {
        if self.ledger.status != LedgerStatus::Running || self.counts.queued == 0 {
            return None;
        }
        let first = |heap: &BinaryHeap<Reverse<(Time, u32)>>| heap.peek().map(|Reverse((due, _))| *due);
        let open = self.ledger.open(now);
        let fresh =
            if self.cursor < open.end { Some(now) } else { open.next.filter(|_| self.cursor < self.ledger.rows) };
        let due = [fresh, first(&self.waiting), first(&self.deferred)].into_iter().flatten().min()?;
        let due = due.max(self.held.unwrap_or(now));
        Some((monotonic + (due - now)).max(self.rate_ready(monotonic)))
    }

    /// Since when a row of this ledger may be leased, if one may now.
    pub(super) fn ready_since(&self, now: Time) -> Option<Time> {
        if self.ledger.status != LedgerStatus::Running || self.counts.queued == 0 {
            return None;
        }
        let first = |heap: &BinaryHeap<Reverse<(Time, u32)>>| heap.peek().map(|Reverse((due, _))| *due);
        // behind the rows that wait there may be none that never did
        let waits = u32::try_from(self.waiting.len() + self.deferred.len()).unwrap_or(u32::MAX);
        let fresh = self.cursor < self.ledger.open(now).end && self.counts.queued > waits;
        let arrived = self.arrivals.front().map_or(self.ledger.created, |(_, at)| *at);
        let since = [fresh.then_some(arrived), first(&self.waiting), first(&self.deferred)];
        since.into_iter().flatten().min().filter(|since| *since <= now)
    }

    pub(super) fn rate_ready(&self, monotonic: TimeDelta) -> TimeDelta {
        self.ledger.own_rate().map_or(monotonic, |rate| self.window.ready(rate, monotonic))
    }
}

pub(super) fn row_at(ledger: LedgerId, position: u32) -> RowId {
    let rows = CHUNK_ROWS as u32;
    RowId { ledger, chunk: position / rows, index: position % rows }
}
