//! Two processes: what one leaves behind, the next takes up.

use super::support::Bench;
use vestnik::model::{Limits, TimeDelta};
use vestnik::outbox::{InDoubtPolicy, LedgerStatus, State};
use vestnik::store::Store;

#[test]
fn leased_rows_become_doubtful_and_the_rest_goes_out() {
    let bench = Bench::new();
    let sent = State::Sent { at: TimeDelta(5), message: 1 };
    let states = vec![
        sent.clone(),
        State::Leased { attempts: 0 },
        State::FRESH,
        State::Queued { due: TimeDelta(1), attempts: 2 },
    ];
    bench.ledger(1, &[11, 12, 13, 14], Some(states));
    let (outbox, recovery) = bench.outbox(Limits::default());
    assert_eq!((recovery.in_doubt, recovery.resent, recovery.discarded), (1, 0, 0));
    let (counts, states) = bench.finish(outbox, 1);
    assert_eq!((counts.sent, counts.in_doubt), (3, 1));
    assert_eq!(states[&11], sent);
    let received = bench.sandbox().counts();
    assert_eq!([11, 12, 13, 14].map(|user| received.get(&user).copied().unwrap_or(0)), [0, 0, 1, 1]);
}

#[test]
fn the_policy_may_be_to_send_again() {
    let bench = Bench::new();
    let mut ledger = bench.ledger(1, &[11], Some(vec![State::Leased { attempts: 0 }]));
    ledger.in_doubt = InDoubtPolicy::Resend;
    bench.write(&ledger, &[11], Some(vec![State::Leased { attempts: 0 }]));
    let (outbox, recovery) = bench.outbox(Limits::default());
    assert_eq!((recovery.in_doubt, recovery.resent), (0, 1));
    let (counts, _) = bench.finish(outbox, 1);
    assert_eq!(counts.sent, 1);
}

#[test]
fn a_run_that_was_never_ready_is_removed() {
    let bench = Bench::new();
    let mut ledger = bench.ledger(1, &[11, 12], None);
    ledger.status = LedgerStatus::Preparing;
    bench.write(&ledger, &[11, 12], None);
    let (outbox, recovery) = bench.outbox(Limits::default());
    assert_eq!(recovery.discarded, 1);
    outbox.stop();
    assert_eq!(bench.store.scan(b"", b"").count(), 0);
    assert_eq!(bench.sandbox().accepted(), 0);
}

#[test]
fn a_stop_leaves_nothing_leased_and_the_next_process_goes_on() {
    let bench = Bench::new();
    let users: Vec<i64> = (1..=3_000).collect();
    bench.ledger(1, &users, None);
    let mut stopped = 0;
    loop {
        let (outbox, recovery) = bench.outbox(Limits::default());
        assert_eq!(recovery.in_doubt, 0);
        let before = bench.sandbox().accepted();
        if before >= 2_500 {
            let (counts, _) = bench.finish(outbox, 1);
            assert_eq!(counts.sent, 3_000);
            break;
        }
        bench.runtime.block_on(bench.sandbox().wait_accepted(before + 300));
        outbox.stop();
        stopped += 1;
        assert_eq!(bench.stored(1).0.leased, 0);
    }
    assert!(stopped >= 2);
    assert!(users.iter().all(|user| bench.sandbox().counts()[user] == 1));
}
