//! One ledger in memory: its counts, a cursor over the rows that never waited,
//! and those that wait.

use crate::model::{Time, TimeDelta};
use crate::outbox::ledger::{CHUNK_ROWS, Counts, Lane, Ledger, LedgerId, LedgerStatus};
use crate::outbox::limiter::Window;
use crate::outbox::row::{FailureKind, RowId};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

pub(super) struct Run {
    pub(super) ledger: Ledger,
    pub(super) counts: Counts,
    pub(super) cursor: u32,
    pub(super) waiting: BinaryHeap<Reverse<(Time, u32)>>,
    pub(super) chat_waits: HashMap<i64, (Time, u32)>,
    pub(super) window: Window,
    pub(super) held: Option<Time>,
}

/// A ledger none of whose messages went through and of whose messages this
/// many were refused for their content is paused.
const CONTENT_ERRORS: u32 = 5;

impl Run {
    pub(super) fn new(ledger: Ledger) -> Self {
        Self {
            ledger,
            counts: Counts::default(),
            cursor: 0,
            waiting: BinaryHeap::new(),
            chat_waits: HashMap::new(),
            window: Window::default(),
            held: None,
        }
    }

    pub(super) fn finished(ledger: Ledger) -> Self {
        let counts = ledger.summary.clone().unwrap_or_default();
        Self { counts, ..Self::new(ledger) }
    }

    /// Notes that `row` waits; with `chat`, that later rows of that chat wait
    /// behind it.
    pub(super) fn wait(&mut self, row: RowId, until: Time, chat: Option<i64>) {
        let position = position_of(row);
        self.waiting.push(Reverse((until, position)));
        if let Some(chat) = chat {
            self.chat_waits.insert(chat, (until, position));
        }
    }

    /// Until when a row waits behind an earlier one of its chat.
    pub(super) fn must_wait(&mut self, row: RowId, chat: i64, now: Time) -> Option<Time> {
        match self.chat_waits.get(&chat) {
            Some((until, position)) if *position < position_of(row) && *until > now => Some(*until),
            Some((until, position)) if *until <= now || *position == position_of(row) => {
                self.chat_waits.remove(&chat);
                None
            }
            _ => None,
        }
    }

    /// When a row of this ledger may be leased, if any waits.
    pub(super) fn ready_at(&self, now: Time, monotonic: TimeDelta) -> Option<TimeDelta> {
        if self.ledger.status != LedgerStatus::Running || self.counts.queued == 0 {
            return None;
        }
        let waiting = self.waiting.peek().map(|Reverse((due, _))| *due);
        let due = if self.cursor < self.ledger.rows { Some(now) } else { waiting };
        let due = due?.max(self.held.unwrap_or(now));
        Some((monotonic + (due - now)).max(self.rate_ready(monotonic)))
    }

    pub(super) fn rate_ready(&self, monotonic: TimeDelta) -> TimeDelta {
        self.ledger.own_rate().map_or(monotonic, |rate| self.window.ready(rate, monotonic))
    }

    pub(super) fn refuses_content(&self) -> bool {
        self.ledger.status == LedgerStatus::Running
            && self.ledger.lane == Lane::Broadcast
            && self.counts.sent == 0
            && self.counts.failed.get(&FailureKind::Content).copied().unwrap_or(0) >= CONTENT_ERRORS
    }
}

pub(super) fn row_at(ledger: LedgerId, position: u32) -> RowId {
    let rows = CHUNK_ROWS as u32;
    RowId { ledger, chunk: position / rows, index: position % rows }
}

pub(super) fn position_of(row: RowId) -> u32 {
    row.chunk * CHUNK_ROWS as u32 + row.index
}
