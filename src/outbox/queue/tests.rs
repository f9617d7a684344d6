//! The queue over a store in memory: which row is next, what is written, and
//! that neither a failing store nor a restart loses a row.

use super::turn::UNREADABLE;
use super::*;
use crate::outbox::ledger::{CHUNK_ROWS, Canary, Lane, PausedBy, Rails, Recipients, Wave};
use crate::outbox::row::{Failure, FailureKind, SkipReason};
use crate::store::memory::MemoryStore;
use crate::store::{Batch, Pair, Whole, encode};
use std::sync::atomic::{AtomicBool, Ordering};

/// A store in memory that can be told to refuse to read.
#[derive(Default)]
struct Shaky {
    inner: MemoryStore,
    unreadable: AtomicBool,
}

impl Shaky {
    fn check(&self) -> Result<(), StoreError> {
        match self.unreadable.load(Ordering::SeqCst) {
            true => Err(StoreError::Closed),
            false => Ok(()),
        }
    }
}

impl Store for Shaky {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.check()?;
        self.inner.get(key)
    }

    fn scan<'a>(&'a self, prefix: &[u8], from: &[u8]) -> Box<dyn Iterator<Item = Result<Pair, StoreError>> + 'a> {
        match self.check() {
            Ok(()) => self.inner.scan(prefix, from),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.inner.commit(batch)
    }

    fn disk_size(&self) -> u64 {
        0
    }

    fn tidy(&self) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn whole(&self) -> &dyn Whole {
        self.inner.whole()
    }
}

const START: Time = Time(1_000_000);

fn at(ms: i64) -> Time {
    START + TimeDelta(ms)
}

/// A queue and its store; the clock reads what each call says, in
/// milliseconds since the ledgers were made.
struct Bench {
    store: Arc<Shaky>,
    queue: Queue,
}

impl Bench {
    fn new() -> Self {
        let store = Arc::new(Shaky::default());
        let (queue, _) = Queue::open(store.clone(), START).unwrap();
        Self { store, queue }
    }

    /// Adds a broadcast to these users.
    fn broadcast(&mut self, id: u64, users: impl IntoIterator<Item = i64>) -> &mut Self {
        self.add(ledger(id, Cause::Broadcast { name: format!("b{id}"), occurrence: 1 }, Lane::Broadcast), users)
    }

    fn replies(&mut self, id: u64, chats: impl IntoIterator<Item = i64>) -> &mut Self {
        self.add(ledger(id, Cause::Reply, Lane::Reply), chats)
    }

    fn add(&mut self, mut ledger: Ledger, users: impl IntoIterator<Item = i64>) -> &mut Self {
        let users: Vec<i64> = users.into_iter().collect();
        ledger.rows = u32::try_from(users.len()).unwrap();
        let mut batch = Batch::new();
        for (chunk, users) in (0u32..).zip(users.chunks(CHUNK_ROWS)) {
            let messages = match ledger.lane {
                Lane::Reply => vec![Message::default(); users.len()],
                Lane::Transactional | Lane::Rule | Lane::Broadcast => Vec::new(),
            };
            ledger::stage(&mut batch, ledger.id, chunk, &Recipients { messages, ..Recipients::users(users.to_vec()) })
                .unwrap();
        }
        ledger.write(&mut batch).unwrap();
        self.store.commit(&batch).unwrap();
        let counts = Counts { queued: ledger.rows, ..Counts::default() };
        self.queue.add(ledger, counts);
        self
    }

    fn next(&mut self, ms: i64) -> Option<Candidate> {
        self.queue.next(Lane::Broadcast, at(ms), TimeDelta(ms), &|_| None).unwrap()
    }

    /// Leases what may go out at this time, `most` at most.
    fn lease(&mut self, ms: i64, most: usize) -> Vec<Candidate> {
        let mut leased = Vec::new();
        while leased.len() < most
            && let Some(candidate) = self.next(ms)
        {
            self.queue.lease(&candidate, TimeDelta(ms)).unwrap();
            leased.push(candidate);
        }
        leased
    }

    /// The chats of what may go out at this time, in order.
    fn chats(&mut self, ms: i64, most: usize) -> Vec<i64> {
        self.lease(ms, most).iter().map(|candidate| candidate.chat).collect()
    }

    fn sent(&mut self, candidate: &Candidate, ms: i64) {
        let state = State::Sent { at: TimeDelta(ms), message: 1 };
        self.queue.settle(candidate.row, state, at(ms)).unwrap();
    }

    fn later(&mut self, candidate: &Candidate, due: i64, attempts: u8, ms: i64) {
        let state = State::Queued { due: TimeDelta(due), attempts };
        self.queue.settle(candidate.row, state, at(ms)).unwrap();
    }

    fn commit(&mut self) {
        let (transaction, written) = self.queue.transaction().unwrap();
        self.store.commit(&transaction.batch).unwrap();
        self.queue.written(&written);
    }

    /// Another process takes up what this one has committed.
    fn reopen(&mut self, ms: i64) -> Recovery {
        let (queue, recovery) = Queue::open(self.store.clone(), at(ms)).unwrap();
        self.queue = queue;
        recovery
    }

    fn counts(&self, id: u64) -> &Counts {
        self.queue.ledgers().find(|(ledger, _)| ledger.id.0 == id).unwrap().1
    }

    fn status(&self, id: u64) -> LedgerStatus {
        self.queue.ledger(LedgerId(id)).unwrap().status
    }
}

fn ledger(id: u64, cause: Cause, lane: Lane) -> Ledger {
    Ledger { rulebook: "test".into(), ..Ledger::new(LedgerId(id), cause, lane, START, 0) }
}

#[test]
fn rows_come_in_order_and_what_waits_comes_when_it_is_due() {
    let mut bench = Bench::new();
    bench.broadcast(1, 1..=6);
    let first = bench.lease(10, 2);
    assert_eq!(first.iter().map(|c| c.chat).collect::<Vec<_>>(), [1, 2]);
    bench.later(&first[0], 500, 1, 10);
    bench.later(&first[1], 400, 1, 10);
    for (ms, most, expected) in [(399, 1, vec![3]), (400, 2, vec![2, 4]), (500, 9, vec![1, 5, 6]), (900, 9, vec![])] {
        assert_eq!(bench.chats(ms, most), expected, "{ms}");
    }
}

#[test]
fn replies_go_first_and_oldest_first_and_cost_no_broadcast_its_turn() {
    let mut bench = Bench::new();
    bench.broadcast(1, 10..=13).broadcast(2, 20..=23).broadcast(3, 30..=33);
    let mut order = Vec::new();
    for reply in 4..=6 {
        order.extend(bench.chats(0, 1));
        bench.replies(reply, [i64::try_from(reply).unwrap() * 100, 7]);
        order.extend(bench.chats(0, 2));
    }
    order.extend(bench.chats(0, 3));
    assert_eq!(order, [10, 400, 7, 20, 500, 7, 30, 600, 7, 11, 21, 31]);
    bench.replies(7, [700, 701]).replies(8, [800]);
    assert_eq!(bench.chats(0, 4), [700, 701, 800, 12]);
}

#[test]
fn a_rate_of_its_own_is_kept_and_keeps_nobody_else() {
    let mut bench = Bench::new();
    let slow = ledger(1, Cause::Broadcast { name: "slow".into(), occurrence: 1 }, Lane::Broadcast);
    bench.add(Ledger { rate: Some((2, 1_000)), ..slow }, 1..=4).broadcast(2, 20..=22);
    assert_eq!(bench.chats(0, 9), [1, 20, 2, 21, 22]);
    let moment = bench.queue.next_moment(Lane::Broadcast, at(5), TimeDelta(5)).unwrap();
    assert!((1_000..1_020).contains(&moment.0), "{moment:?}");
    assert_eq!(bench.chats(moment.0 - 1, 9), [0i64; 0]);
    assert_eq!(bench.chats(moment.0, 9), [3, 4]);
}

#[test]
fn a_held_ledger_is_not_asked_before_its_time_or_a_wake() {
    for (wakes, ms, expected) in [(false, 4_999, None), (false, 5_000, Some(1)), (true, 10, Some(2))] {
        let mut bench = Bench::new();
        bench.broadcast(1, 1..=3);
        let candidate = bench.next(0).unwrap();
        bench.queue.hold(candidate.row, at(5_000));
        assert_eq!(bench.queue.next_moment(Lane::Broadcast, at(10), TimeDelta(10)), Some(TimeDelta(5_000)));
        if wakes {
            bench.queue.wake();
        }
        assert_eq!(bench.next(ms).map(|c| c.chat), expected);
    }
}

#[test]
fn nothing_is_said_to_be_ready_that_is_not() {
    let mut bench = Bench::new();
    assert_eq!(bench.queue.next_moment(Lane::Broadcast, at(7), TimeDelta(7)), None);
    bench.broadcast(1, 1..=2);
    assert_eq!(bench.queue.next_moment(Lane::Broadcast, at(7), TimeDelta(7)), Some(TimeDelta(7)));
    let leased = bench.lease(7, 2);
    assert_eq!(bench.queue.next_moment(Lane::Broadcast, at(8), TimeDelta(8)), None);
    bench.later(&leased[0], 300, 1, 8);
    assert_eq!(bench.queue.next_moment(Lane::Broadcast, at(8), TimeDelta(8)), Some(TimeDelta(300)));
    assert!(bench.queue.set_status(LedgerId(1), LedgerStatus::Paused(PausedBy::Admin), at(9)));
    assert_eq!(bench.queue.next_moment(Lane::Broadcast, at(400), TimeDelta(400)), None);
}

#[test]
fn later_messages_of_a_chat_wait_behind_the_one_that_is_tried_again() {
    let mut bench = Bench::new();
    bench.replies(1, [5, 6, 5]);
    let leased = bench.lease(0, 1);
    bench.later(&leased[0], 800, 1, 10);
    assert_eq!(bench.chats(20, 9), [6]);
    assert_eq!(bench.chats(800, 9), [5, 5]);
}

#[test]
fn a_blocked_chat_is_looked_past() {
    let mut bench = Bench::new();
    bench.broadcast(1, 1..=3);
    let blocked = |chat| (chat == 1).then_some(TimeDelta(100));
    let next = |bench: &mut Bench, ms: i64| {
        let candidate = bench.queue.next(Lane::Broadcast, at(ms), TimeDelta(ms), &blocked).unwrap()?;
        bench.queue.lease(&candidate, TimeDelta(ms)).unwrap();
        Some(candidate.chat)
    };
    assert_eq!([next(&mut bench, 0), next(&mut bench, 0), next(&mut bench, 0)], [Some(2), Some(3), None]);
    assert_eq!(bench.chats(100, 1), [1]);
}

#[test]
fn a_migrated_chat_keeps_its_new_id() {
    let mut bench = Bench::new();
    bench.replies(1, [-5]);
    let leased = bench.lease(0, 1);
    bench.queue.migrate(leased[0].row, -1_005);
    bench.later(&leased[0], 1, 1, 1);
    assert_eq!(bench.next(2).map(|c| (c.chat, c.user)), Some((-1_005, -5)));
    bench.commit();
    bench.reopen(3);
    assert_eq!(bench.chats(3, 1), [-1_005]);
}

#[test]
fn every_queued_row_is_found_again_whatever_the_clock_said() {
    for due in [-3_600_000, -1, 0, 1, 500] {
        for attempts in [0, 1] {
            let mut bench = Bench::new();
            bench.broadcast(1, 1..=3);
            let leased = bench.lease(0, 2);
            bench.later(&leased[0], due, attempts, 0);
            bench.commit();
            assert_eq!(bench.reopen(1_000).in_doubt, 1);
            assert_eq!(bench.chats(1_000, 9).len(), 2, "due {due}, {attempts} attempts");
        }
    }
}

#[test]
fn a_clock_that_was_set_back_makes_nobody_wait_for_it() {
    let mut bench = Bench::new();
    bench.broadcast(1, 1..=1);
    let leased = bench.lease(0, 1);
    bench.later(&leased[0], 90_000_000, 1, 89_999_000);
    bench.commit();
    bench.queue.shift(TimeDelta(-89_999_000));
    assert_eq!(bench.queue.next_moment(Lane::Broadcast, at(0), TimeDelta(0)), Some(TimeDelta(1_000)));
    bench.reopen(0);
    assert!(bench.next(0).is_none());
    assert_eq!(bench.queue.next_moment(Lane::Broadcast, at(0), TimeDelta(0)), Some(LONGEST_WAIT));
}

#[test]
fn a_ledger_ends_when_its_last_row_does() {
    let mut bench = Bench::new();
    bench.broadcast(1, 1..=450);
    let leased = bench.lease(0, 500);
    let (last, others) = leased.split_last().unwrap();
    others.iter().for_each(|candidate| bench.sent(candidate, 5));
    assert_eq!((bench.status(1), bench.counts(1).sent, bench.counts(1).leased), (LedgerStatus::Running, 449, 1));
    bench.later(last, 10, 1, 6);
    assert_eq!((bench.counts(1).queued, bench.counts(1).retrying), (1, 1));
    let last = bench.lease(10, 1).remove(0);
    bench.sent(&last, 11);
    assert_eq!((bench.status(1), bench.counts(1).retrying), (LedgerStatus::Finished, 0));
    bench.commit();
    assert!(bench.queue.chunks.is_empty() && !bench.queue.is_dirty());
    bench.reopen(20);
    assert_eq!((bench.counts(1).sent, bench.queue.ledger(LedgerId(1)).unwrap().finished), (450, Some(at(11))));
}

#[test]
fn chunks_are_kept_in_memory_only_while_they_have_work() {
    let mut bench = Bench::new();
    bench.broadcast(1, 1..=5_000);
    let mut most = 0;
    for ms in 0..50 {
        for candidate in bench.lease(ms, 100) {
            bench.sent(&candidate, ms);
        }
        bench.commit();
        most = most.max(bench.queue.chunks.len());
        if ms == 20 {
            bench.reopen(ms);
        }
    }
    assert!(most <= 2, "{most} chunks");
    assert_eq!((bench.status(1), bench.queue.chunks.len()), (LedgerStatus::Finished, 0));
}

#[test]
fn a_cancelled_ledger_leaves_only_its_head_in_memory() {
    let mut bench = Bench::new();
    bench.broadcast(1, 1..=5_000);
    let leased = bench.lease(0, 300);
    leased[1..].iter().for_each(|candidate| bench.later(candidate, 100, 1, 1));
    assert!(bench.queue.set_status(LedgerId(1), LedgerStatus::Cancelled, at(2)));
    assert_eq!(bench.queue.ledger(LedgerId(1)).unwrap().summary, None);
    bench.sent(&leased[0], 3);
    bench.commit();
    let check = |bench: &Bench| {
        assert_eq!((bench.counts(1).sent, bench.counts(1).queued), (1, 4_999));
        assert!(bench.queue.chunks.is_empty() && bench.queue.runs[&LedgerId(1)].waiting.is_empty());
    };
    check(&bench);
    bench.reopen(4);
    check(&bench);
    assert_eq!(bench.chats(9_999, 9), [0i64; 0]);
}

#[test]
fn replies_leave_nothing_behind_but_the_numbers_of_their_day() {
    let mut bench = Bench::new();
    bench.replies(1, [5, 6]);
    for candidate in bench.lease(0, 2) {
        bench.sent(&candidate, 1);
    }
    bench.commit();
    let records: Vec<_> = bench.store.scan(b"", b"").map(|pair| pair.unwrap().0[0]).collect();
    assert_eq!((records, bench.queue.runs.len()), (vec![b'd'], 0));
    assert!(bench.queue.chunks.is_empty() && !bench.queue.is_dirty());
}

#[test]
fn what_could_not_be_committed_is_written_next_time() {
    let mut bench = Bench::new();
    bench.broadcast(1, 1..=3);
    let leased = bench.lease(0, 2);
    bench.queue.patch(UserId(1), Patch::default());
    let (failed, written) = bench.queue.transaction().unwrap();
    bench.sent(&leased[0], 1);
    bench.queue.patch(UserId(2), Patch::default());
    bench.queue.not_written(written);
    let (again, _) = bench.queue.transaction().unwrap();
    assert_eq!((failed.patches.len(), again.patches.iter().map(|(user, _)| user.0).collect()), (1, vec![1, 2]));
    bench.store.commit(&again.batch).unwrap();
    assert_eq!(bench.reopen(2).in_doubt, 1);
    assert_eq!((bench.counts(1).sent, bench.counts(1).queued), (1, 1));
}

#[test]
fn a_transaction_that_cannot_be_put_together_loses_nothing() {
    let mut bench = Bench::new();
    bench.broadcast(1, 1..=2).replies(2, [5]);
    for candidate in bench.lease(0, 2) {
        bench.sent(&candidate, 1);
    }
    bench.store.unreadable.store(true, Ordering::SeqCst);
    assert!(bench.queue.transaction().is_err());
    bench.store.unreadable.store(false, Ordering::SeqCst);
    bench.commit();
    assert_eq!(bench.reopen(2), Recovery::default());
    assert_eq!((bench.counts(1).sent, bench.queue.runs.len()), (1, 1));
}

#[test]
fn a_row_that_could_not_be_read_keeps_its_turn() {
    let mut bench = Bench::new();
    bench.broadcast(1, 1..=1);
    let leased = bench.lease(0, 1);
    bench.later(&leased[0], 10, 1, 1);
    bench.commit();
    bench.reopen(5);
    bench.store.unreadable.store(true, Ordering::SeqCst);
    assert!(bench.queue.next(Lane::Broadcast, at(10), TimeDelta(10), &|_| None).is_err());
    bench.store.unreadable.store(false, Ordering::SeqCst);
    assert_eq!(bench.chats(10 + UNREADABLE.0, 9), [1]);
}

#[test]
fn a_damaged_ledger_keeps_no_other_from_its_turn() {
    let mut bench = Bench::new();
    bench.broadcast(1, 1..=3).broadcast(2, 21..=22);
    let mut batch = Batch::new();
    batch.put(LedgerId(1).chunk_key(b'o', 0), encode(99, &0u8).unwrap());
    bench.store.commit(&batch).unwrap();
    assert_eq!([bench.next(0).unwrap().chat, bench.next(1).unwrap().chat], [21, 22]);
}

#[test]
fn lanes_have_an_order_and_the_lowest_may_be_named() {
    let mut bench = Bench::new();
    for (id, lane, priority) in [
        (1, Lane::Broadcast, 0),
        (2, Lane::Broadcast, 5),
        (3, Lane::Rule, -5),
        (4, Lane::Transactional, 0),
        (5, Lane::Reply, 0),
    ] {
        let cause = Cause::Broadcast { name: format!("b{id}"), occurrence: 1 };
        let first = i64::try_from(id).unwrap() * 10;
        bench.add(Ledger { priority, ..ledger(id, cause, lane) }, first..first + 2);
    }
    let mut order = Vec::new();
    while let Some(candidate) = bench.queue.next(Lane::Transactional, at(0), TimeDelta(0), &|_| None).unwrap() {
        bench.queue.lease(&candidate, TimeDelta(0)).unwrap();
        order.push(candidate.chat);
    }
    assert_eq!(bench.queue.next_moment(Lane::Transactional, at(0), TimeDelta(0)), None);
    order.extend(bench.chats(0, 9));
    assert_eq!(order, [50, 51, 40, 41, 30, 31, 20, 21, 10, 11]);
}

#[test]
fn what_a_gate_put_off_keeps_to_the_wall_clock_and_over_a_restart() {
    let mut bench = Bench::new();
    bench.broadcast(1, 1..=2);
    let hours = 9 * 3_600_000;
    let candidate = bench.next(0).unwrap();
    let state = State::Deferred { until: TimeDelta(hours), attempts: 0, why: SkipReason::QuietHours };
    bench.queue.settle(candidate.row, state, at(0)).unwrap();
    assert_eq!((bench.counts(1).queued, bench.counts(1).deferred[&SkipReason::QuietHours]), (2, 1));
    assert_eq!(bench.chats(1, 9), [2]);
    bench.commit();
    bench.queue.shift(TimeDelta(50_000));
    assert_eq!(bench.chats(hours - 1, 9), [0i64; 0]);
    bench.reopen(2);
    assert_eq!(bench.chats(2, 9), [0i64; 0]);
    assert_eq!(bench.queue.next_moment(Lane::Broadcast, at(2), TimeDelta(2)), Some(TimeDelta(hours)));
    assert_eq!(bench.chats(hours, 9), [1]);
    assert!(bench.counts(1).deferred.is_empty());
}

#[test]
fn waves_open_in_their_time() {
    let mut bench = Bench::new();
    let zones = ledger(1, Cause::Broadcast { name: "b1".into(), occurrence: 1 }, Lane::Broadcast);
    let waves = vec![Wave { from: 0, opens: Some(at(100)) }, Wave { from: 2, opens: Some(at(300)) }];
    bench.add(Ledger { waves, ..zones }, 1..=4);
    assert_eq!(bench.queue.next_moment(Lane::Broadcast, at(0), TimeDelta(0)), Some(TimeDelta(100)));
    for (ms, expected) in [(99, vec![]), (100, vec![1, 2]), (299, vec![]), (300, vec![3, 4])] {
        assert_eq!(bench.chats(ms, 9), expected, "{ms}");
    }
}

#[test]
fn the_rest_goes_when_the_canary_was_watched_long_enough() {
    let mut bench = Bench::new();
    let watched = ledger(1, Cause::Broadcast { name: "b1".into(), occurrence: 1 }, Lane::Broadcast);
    let canary = Some(Canary { rows: 2, hold: TimeDelta(1_000), done: None });
    bench.add(Ledger { canary, ..watched }, 1..=5);
    let first = bench.lease(0, 9);
    assert_eq!(first.iter().map(|c| c.chat).collect::<Vec<_>>(), [1, 2]);
    bench.sent(&first[0], 10);
    bench.later(&first[1], 400, 1, 10);
    bench.commit();
    bench.reopen(20);
    assert_eq!(bench.chats(399, 9), [0i64; 0]);
    let again = bench.lease(400, 9).remove(0);
    bench.sent(&again, 500);
    assert!(matches!(bench.queue.take_notices()[..], [Notice::CanaryDone { .. }]));
    bench.commit();
    bench.reopen(600);
    assert_eq!(bench.chats(1_499, 9), [0i64; 0]);
    assert_eq!(bench.chats(1_500, 9), [3, 4, 5]);
}

#[test]
fn a_second_part_follows_the_first() {
    let mut bench = Bench::new();
    let long = ledger(1, Cause::Broadcast { name: "b1".into(), occurrence: 1 }, Lane::Broadcast);
    bench.add(Ledger { parts: 2, ..long }, [1, 1, 2, 2]);
    let first = bench.lease(0, 9);
    assert_eq!(first.iter().map(|c| (c.chat, c.part)).collect::<Vec<_>>(), [(1, 0), (2, 0)]);
    bench.later(&first[0], 500, 1, 10);
    bench.sent(&first[1], 10);
    assert_eq!(bench.lease(200, 9).iter().map(|c| (c.chat, c.part)).collect::<Vec<_>>(), [(2, 1)]);
    let again = bench.lease(500, 9);
    assert_eq!(again.iter().map(|c| (c.chat, c.part)).collect::<Vec<_>>(), [(1, 0)]);
    bench.sent(&again[0], 600);
    assert_eq!(bench.lease(700, 9).iter().map(|c| (c.chat, c.part)).collect::<Vec<_>>(), [(1, 1)]);
    assert!(matches!(bench.queue.first_part(RowId { index: 1, ..again[0].row }), Ok(Some(State::Sent { .. }))));
}

#[test]
fn a_row_knows_whether_a_more_urgent_one_waits_for_its_user() {
    let mut bench = Bench::new();
    for (id, priority, users) in [(1, 0, 1..=3), (2, 7, 2..=9)] {
        let cause = Cause::Broadcast { name: format!("b{id}"), occurrence: 1 };
        bench.add(Ledger { priority, marketing: true, ..ledger(id, cause, Lane::Broadcast) }, users);
    }
    let low = |chat, index| Candidate {
        row: RowId { ledger: LedgerId(1), chunk: 0, index },
        user: chat,
        chat,
        attempts: 0,
        message: None,
        target: None,
        part: 0,
        particulars: None,
    };
    let outranked = |bench: &mut Bench| [1, 2, 3].map(|chat| bench.queue.outranked(&low(chat, 0)).unwrap());
    assert_eq!(outranked(&mut bench), [false, true, true]);
    let high = bench.lease(0, 1).remove(0);
    assert_eq!((high.chat, bench.queue.outranked(&high).unwrap()), (2, false));
    assert_eq!(outranked(&mut bench), [false, false, true]);
    assert!(bench.queue.set_status(LedgerId(2), LedgerStatus::Paused(PausedBy::Admin), at(1)));
    assert_eq!(outranked(&mut bench), [false, false, false]);
}

#[test]
fn a_chat_keeps_its_order_from_one_ledger_to_the_next() {
    let mut bench = Bench::new();
    bench.replies(1, [5]).replies(2, [5, 6]);
    let first = bench.lease(0, 1).remove(0);
    bench.later(&first, 800, 1, 10);
    assert_eq!(bench.chats(20, 9), [6]);
    assert_eq!(bench.lease(800, 9).iter().map(|c| c.row.ledger.0).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn few_chunks_stay_in_memory_while_everything_is_put_off() {
    let mut bench = Bench::new();
    bench.broadcast(1, 1..=60_000);
    for round in 0..60 {
        for _ in 0..1_000 {
            let row = bench.next(round).unwrap().row;
            let state = State::Deferred { until: TimeDelta(90_000), attempts: 0, why: SkipReason::QuietHours };
            bench.queue.settle(row, state, at(round)).unwrap();
        }
        bench.commit();
    }
    assert!(bench.queue.chunks.len() <= 256, "{}", bench.queue.chunks.len());
    assert_eq!(bench.chats(90_000, 70_000).len(), 60_000);
}

#[test]
fn refused_content_pauses_a_broadcast_unless_it_is_rare() {
    for (sent, expected) in [(0, LedgerStatus::Paused(PausedBy::ContentErrors)), (60, LedgerStatus::Running)] {
        let mut bench = Bench::new();
        bench.broadcast(1, 1..=100);
        for (i, candidate) in bench.lease(0, sent + 5).iter().enumerate() {
            match i < sent {
                true => bench.sent(candidate, 1),
                false => {
                    let failure = crate::outbox::Failure::new(FailureKind::Content, "no");
                    bench.queue.settle(candidate.row, State::Failed { at: TimeDelta(1), failure }, at(1)).unwrap();
                }
            }
        }
        assert_eq!(bench.status(1), expected);
        // resumed, it goes on until there are as many again
        if sent == 0 {
            assert!(bench.queue.set_status(LedgerId(1), LedgerStatus::Running, at(2)));
            let next = bench.lease(2, 1).remove(0);
            let failure = crate::outbox::Failure::new(FailureKind::Content, "no");
            bench.queue.settle(next.row, State::Failed { at: TimeDelta(3), failure }, at(3)).unwrap();
            assert_eq!(bench.status(1), LedgerStatus::Running);
        }
    }
}

#[test]
fn those_who_block_the_bot_afterwards_count_for_the_guard_rail() {
    let mut bench = Bench::new();
    let watched = ledger(1, Cause::Broadcast { name: "b1".into(), occurrence: 1 }, Lane::Broadcast);
    let rails = Rails::new(Some(crate::model::Share::percent(2)), None);
    bench.add(Ledger { rails, ..watched }, 1..=100);
    for candidate in bench.lease(0, 60) {
        bench.sent(&candidate, 1);
    }
    bench.queue.blocked_after(LedgerId(1), at(2));
    assert_eq!(bench.status(1), LedgerStatus::Running);
    bench.queue.blocked_after(LedgerId(1), at(2));
    assert_eq!(bench.status(1), LedgerStatus::Paused(PausedBy::Blocks));
    bench.commit();
    bench.reopen(5);
    assert_eq!(bench.queue.ledger(LedgerId(1)).unwrap().blocked_after, 2);
}

#[test]
fn what_failed_goes_out_once_more_also_of_a_run_that_was_over() {
    for restart in [false, true] {
        let mut bench = Bench::new();
        bench.broadcast(1, 1..=450);
        let rows = bench.lease(10, 450);
        for (i, row) in rows.iter().enumerate() {
            let at = TimeDelta(20);
            let state = match i {
                3 => State::Failed { at, failure: Failure::new(FailureKind::Content, "no") },
                401 => State::InDoubt { at, why: Doubt::Timeout },
                5 => State::Failed { at, failure: Failure::new(FailureKind::Gone, "") },
                6 => State::Skipped { at, reason: SkipReason::Capped },
                _ => State::Sent { at, message: 1 },
            };
            bench.queue.settle(row.row, state, START + at).unwrap();
        }
        bench.commit();
        if restart {
            bench.reopen(30);
        }
        assert_eq!(bench.status(1), LedgerStatus::Finished);
        let wanted: Vec<_> = [3, 5, 6, 7, 401].map(|i: usize| rows[i].row).into();
        assert_eq!(bench.queue.amend(&wanted, Amend::Retry, at(40)).unwrap(), 2);
        assert_eq!(bench.queue.amend(&wanted, Amend::Retry, at(40)).unwrap(), 0, "they wait already");
        assert_eq!((bench.status(1), bench.counts(1).queued), (LedgerStatus::Running, 2));
        bench.commit();
        if restart {
            bench.reopen(50);
        }
        let again = bench.lease(50, 9);
        assert_eq!(again.iter().map(|c| (c.user, c.attempts)).collect::<Vec<_>>(), [(4, 0), (402, 0)]);
        again.iter().for_each(|candidate| bench.sent(candidate, 60));
        bench.commit();
        bench.reopen(70);
        assert_eq!((bench.status(1), bench.counts(1).sent), (LedgerStatus::Finished, 448));
        assert_eq!(bench.lease(80, 9).len(), 0);
    }
}

#[test]
fn rows_are_taken_out_that_wait_and_no_others() {
    let mut bench = Bench::new();
    bench.broadcast(1, 1..=5);
    let leased = bench.lease(0, 2);
    bench.later(&leased[0], 500, 1, 10);
    assert_eq!(bench.queue.depths(at(600)).pop().unwrap().lag, Some(TimeDelta(600)));
    let row = |index| RowId { ledger: LedgerId(1), chunk: 0, index };
    // one is tried again, one under way, one fresh
    assert_eq!(bench.queue.amend(&[row(0), row(1), row(3)], Amend::Drop, at(20)).unwrap(), 2);
    assert_eq!(bench.counts(1).skipped, [(SkipReason::Dropped, 2)].into());
    bench.sent(&leased[1], 20);
    assert_eq!(bench.chats(600, 9), [3, 5]);
    assert_eq!(bench.counts(1).leased, 2);
}

#[test]
fn what_was_cancelled_or_is_too_late_is_not_tried_again() {
    for (expires, status) in [(Some(at(100)), LedgerStatus::Running), (None, LedgerStatus::Cancelled)] {
        let mut bench = Bench::new();
        let broadcast = Cause::Broadcast { name: "b".into(), occurrence: 1 };
        bench.add(Ledger { expires, ..ledger(1, broadcast, Lane::Broadcast) }, 1..=2);
        let row = bench.lease(0, 1)[0].row;
        let failure = Failure::new(FailureKind::Attempts, "");
        bench.queue.settle(row, State::Failed { at: TimeDelta(1), failure }, at(1)).unwrap();
        bench.queue.set_status(LedgerId(1), status, at(2));
        assert_eq!(bench.queue.amend(&[row], Amend::Retry, at(100)).unwrap(), 0);
    }
}
