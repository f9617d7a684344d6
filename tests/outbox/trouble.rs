//! Stops and troubles at awkward moments: what came is written, what did not
//! go out is queued, and only what may have arrived is in doubt.

use super::support::{Bench, wait};
use std::sync::Arc;
use vestnik::clock::ManualClock;
use vestnik::model::{Limits, Rate, Time, TimeDelta, UserId};
use vestnik::outbox::{InDoubtPolicy, LedgerStatus};
use vestnik::sandbox::{ChatState, Fault, FaultEffect};
use vestnik::store::{Batch, Transaction, profile_key};

/// A bench whose clock stands still until the test moves it.
fn still() -> (Bench, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(Time(1_767_225_600_000)));
    (Bench { clock: clock.clone(), ..Bench::new() }, clock)
}

#[test]
fn a_stop_while_leases_are_being_written_puts_them_back() {
    let bench = Bench::new();
    bench.ledger(1, &(1..=100).collect::<Vec<_>>(), None);
    let before = bench.store.entered();
    let stall = bench.store.stall();
    let (outbox, _) = bench.outbox(Limits::default());
    wait(|| bench.store.entered() > before);
    std::thread::scope(|scope| {
        scope.spawn(|| outbox.stop());
        // time for the stop to be taken; it must be right if it was not, too
        (0..500).for_each(|_| drop(outbox.status()));
        drop(stall);
    });
    let (counts, _) = bench.stored(1);
    assert_eq!((counts.leased, counts.in_doubt, u64::from(counts.sent)), (0, 0, bench.sandbox().accepted()));
}

#[test]
fn a_stop_does_not_wait_for_answers_that_never_come() {
    let (bench, clock) = still();
    bench.sandbox().add_fault(Fault::every("sendMessage", FaultEffect::Hang).in_chats(1, 3));
    bench.ledger(1, &(1..=10).collect::<Vec<_>>(), None);
    let mut resent = bench.ledger(2, &[1], None);
    resent.in_doubt = InDoubtPolicy::Resend;
    bench.write(&resent, &[1], None);
    let (outbox, _) = bench.outbox(Limits::default());
    wait(|| outbox.status().unwrap().runs[0].counts.sent == 7);
    std::thread::scope(|scope| {
        let stop = scope.spawn(|| outbox.stop());
        wait(|| {
            clock.advance(TimeDelta::seconds(1));
            stop.is_finished()
        });
    });
    let (counts, _) = bench.stored(1);
    assert_eq!((counts.sent, counts.in_doubt, counts.leased), (7, 3, 0));
    let (counts, _) = bench.stored(2);
    assert_eq!((counts.queued, counts.in_doubt, counts.leased), (1, 0, 0));
}

#[test]
fn outcomes_that_a_full_disk_kept_back_are_written_at_the_stop() {
    let bench = Bench::new();
    bench.ledger(1, &[1, 2, 3], None);
    bench.store.fail_after(1);
    let (outbox, _) = bench.outbox(Limits::default());
    wait(|| outbox.status().unwrap().trouble.is_some());
    wait(|| outbox.status().unwrap().runs[0].counts.sent == 3);
    assert_eq!(bench.stored(1).0.leased, 3);
    bench.store.heal();
    outbox.stop();
    let (counts, _) = bench.stored(1);
    assert_eq!((counts.sent, counts.leased), (3, 0));
}

#[test]
fn a_stop_ends_although_the_disk_stays_full() {
    let bench = Bench::new();
    bench.ledger(1, &[1, 2, 3], None);
    bench.store.fail_after(1);
    let (outbox, _) = bench.outbox(Limits::default());
    wait(|| outbox.status().unwrap().runs[0].counts.sent == 3);
    outbox.stop();
    bench.store.heal();
    let (_, recovery) = bench.outbox(Limits::default());
    assert_eq!((recovery.in_doubt, bench.sandbox().accepted()), (3, 3));
}

#[test]
fn the_longest_wait_that_telegram_asked_for_is_kept_over_a_restart() {
    for full in [false, true] {
        let bench = Bench::new();
        for retry_after in [3_600, 5] {
            let effect = FaultEffect::TooManyRequests { retry_after };
            bench.sandbox().add_fault(Fault::every("sendMessage", effect).times(1));
        }
        bench.ledger(1, &[1, 2], None);
        if full {
            bench.store.fail_after(1);
        }
        let (outbox, _) = bench.outbox(Limits::default());
        wait(|| outbox.status().unwrap().too_many == 2);
        if full {
            wait(|| outbox.status().unwrap().trouble.is_some());
            bench.store.heal();
            wait(|| outbox.status().unwrap().trouble.is_none());
        }
        outbox.stop();
        let (outbox, recovery) = bench.outbox(Limits::default());
        let held = outbox.status().unwrap().held_ms;
        assert!(held > Some(3_500_000), "full: {full}, held: {held:?}");
        assert_eq!((recovery.in_doubt, bench.sandbox().accepted()), (0, 0));
    }
}

#[test]
fn a_clock_that_was_set_back_does_not_lengthen_the_wait() {
    let bench = Bench::new();
    bench.sandbox().add_fault(Fault::every("sendMessage", FaultEffect::TooManyRequests { retry_after: 60 }).times(1));
    bench.ledger(1, &[1], None);
    let (outbox, _) = bench.outbox(Limits::default());
    wait(|| outbox.status().unwrap().too_many == 1);
    outbox.stop();
    let past = Bench { clock: Arc::new(ManualClock::new(Time(0))), ..bench };
    let (outbox, _) = past.outbox(Limits::default());
    let held = outbox.status().unwrap().held_ms.unwrap();
    assert!((59_000..=60_200).contains(&held), "{held}");
}

#[test]
fn what_is_never_answered_ends_in_doubt_even_if_it_is_sent_again() {
    let (bench, clock) = still();
    bench.sandbox().add_fault(Fault::every("sendMessage", FaultEffect::BadGateway));
    let mut ledger = bench.ledger(1, &[1], None);
    ledger.in_doubt = InDoubtPolicy::Resend;
    bench.write(&ledger, &[1], None);
    let (outbox, _) = bench.outbox(Limits::default());
    wait(|| {
        clock.advance(TimeDelta::minutes(10));
        outbox.status().unwrap().runs[0].ledger.status == LedgerStatus::Finished
    });
    outbox.stop();
    let (counts, _) = bench.stored(1);
    assert_eq!((counts.in_doubt, counts.failed_total()), (1, 0));
}

#[test]
fn an_outage_costs_the_rows_of_a_broadcast_neither_attempts_nor_doubt() {
    for (effect, doubtful) in [(FaultEffect::ServerError, 0..=0), (FaultEffect::BadGateway, 5..=80)] {
        let (bench, clock) = still();
        bench.sandbox().add_fault(Fault::every("sendMessage", effect).times(80));
        bench.ledger(1, &(1..=500).collect::<Vec<_>>(), None);
        let (outbox, _) = bench.outbox(Limits::default());
        let mut told = false;
        wait(|| {
            let status = outbox.status().unwrap();
            told |= status.trouble.is_some_and(|words| words.en.contains("does not answer"));
            clock.advance(TimeDelta::seconds(1));
            status.runs[0].ledger.status == LedgerStatus::Finished
        });
        outbox.stop();
        let (counts, _) = bench.stored(1);
        assert!(told && doubtful.contains(&counts.in_doubt), "{counts:?}");
        assert_eq!((counts.sent + counts.in_doubt, counts.failed_total()), (500, 0));
    }
}

#[test]
fn a_paused_ledger_sends_nothing_that_was_leased_meanwhile() {
    let bench = Bench::new();
    let ledger = bench.ledger(1, &(1..=100).collect::<Vec<_>>(), None);
    let before = bench.store.entered();
    let stall = bench.store.stall();
    let (outbox, _) = bench.outbox(Limits { bot: Some(Rate::per_second(500)), ..Limits::default() });
    wait(|| bench.store.entered() > before);
    assert!(outbox.pause(ledger.id).unwrap());
    drop(stall);
    wait(|| outbox.status().unwrap().runs[0].counts.leased == 0);
    assert!(outbox.set_status(ledger.id, LedgerStatus::Cancelled).unwrap());
    outbox.stop();
    let (counts, _) = bench.stored(1);
    assert_eq!((counts.queued, counts.leased, bench.sandbox().accepted()), (100, 0, 0));
}

#[test]
fn a_store_that_is_gone_ends_the_outbox() {
    let bench = Bench::new();
    bench.ledger(1, &[1, 2, 3], None);
    bench.writer.close();
    let (outbox, _) = bench.outbox(Limits::default());
    bench.runtime.block_on(outbox.ended());
    assert!(outbox.status().is_err());
    assert_eq!(bench.sandbox().accepted(), 0);
}

#[test]
fn a_damaged_profile_keeps_no_outcome_from_being_written() {
    let bench = Bench::new();
    let mut batch = Batch::new();
    batch.put(profile_key(UserId(2)), [99]);
    bench.writer.commit(Transaction::batch(batch)).unwrap();
    bench.sandbox().add_user(2, "x", ChatState::Blocked);
    bench.ledger(1, &[1, 2, 3], None);
    let (outbox, _) = bench.outbox(Limits::default());
    let (counts, _) = bench.finish(outbox, 1);
    assert_eq!((counts.sent, counts.failed_total(), counts.leased), (2, 1, 0));
}
