//! One process: what the Bot API answers decides each row's state.

use super::support::{Bench, wait};
use vestnik::model::{Limits, Rate};
use vestnik::outbox::{FailureKind, LedgerStatus, State};
use vestnik::sandbox::{ChatState, Fault, FaultEffect, Limits as SandboxLimits};

#[test]
fn everybody_gets_one_message() {
    let bench = Bench::new();
    let users: Vec<i64> = (1..=1_000).collect();
    bench.ledger(1, &users, None);
    let (outbox, _) = bench.outbox(Limits::default());
    let (counts, _) = bench.finish(outbox, 1);
    assert_eq!(counts.sent, 1_000);
    let received = bench.sandbox().counts();
    assert!(users.iter().all(|user| received.get(user) == Some(&1)));
    assert_eq!(bench.sandbox().received(7)[0].text, "hello 7");
}

#[test]
fn refusals_fail_their_row_and_mark_the_user() {
    let bench = Bench::new();
    for (user, state) in
        [(1, ChatState::Active), (2, ChatState::Blocked), (3, ChatState::Deactivated), (4, ChatState::NeverStarted)]
    {
        bench.sandbox().add_user(user, "x", state);
    }
    bench.ledger(1, &[1, 2, 3, 4], None);
    let (outbox, _) = bench.outbox(Limits::default());
    let (counts, _) = bench.finish(outbox, 1);
    assert_eq!(counts.sent, 1);
    for kind in [FailureKind::Blocked, FailureKind::Deactivated, FailureKind::NeedsStart] {
        assert_eq!(counts.failed.get(&kind), Some(&1), "{kind:?}");
    }
    let schema = vestnik::model::Schema::builtin();
    let profiles = vestnik::store::Profiles::new(&vestnik::store::Journal::open(bench.store.clone()).unwrap());
    let reach = |user| profiles.get(vestnik::model::UserId(user), &schema).unwrap().map(|p| p.reach().as_str());
    assert_eq!(
        [reach(1), reach(2), reach(3), reach(4)],
        [None, Some("blocked"), Some("deactivated"), Some("needs_start")]
    );
}

#[test]
fn what_was_proven_undelivered_is_tried_again() {
    let bench = Bench::new();
    bench.sandbox().add_fault(Fault::every("sendMessage", FaultEffect::ServerError).times(3));
    bench.ledger(1, &[1, 2, 3, 4, 5], None);
    let (outbox, _) = bench.outbox(Limits::default());
    let (counts, _) = bench.finish(outbox, 1);
    assert_eq!((counts.sent, bench.sandbox().accepted()), (5, 5));
}

#[test]
fn what_may_have_arrived_is_never_sent_again() {
    for (effect, arrived) in [(FaultEffect::DropBefore, 9), (FaultEffect::DropAfter, 10), (FaultEffect::BadGateway, 9)]
    {
        let bench = Bench::new();
        bench.sandbox().add_fault(Fault::every("sendMessage", effect.clone()).times(1));
        bench.ledger(1, &(1..=10).collect::<Vec<_>>(), None);
        let (outbox, _) = bench.outbox(Limits::default());
        let (counts, _) = bench.finish(outbox, 1);
        assert_eq!((counts.sent, counts.in_doubt), (9, 1), "{effect:?}");
        assert_eq!(bench.sandbox().accepted(), arrived, "{effect:?}");
    }
}

#[test]
fn a_429_is_waited_out_and_is_no_attempt() {
    let bench = Bench::new();
    bench.sandbox().add_fault(Fault::every("sendMessage", FaultEffect::TooManyRequests { retry_after: 1 }).times(1));
    bench.ledger(1, &[1, 2, 3], None);
    let (outbox, _) = bench.outbox(Limits { bot: Some(Rate::per_second(30)), ..Limits::default() });
    wait(|| outbox.status().unwrap().too_many == 1);
    let (counts, _) = bench.finish(outbox, 1);
    assert_eq!((counts.sent, counts.retrying), (3, 0));
    assert_eq!(bench.sandbox().counters().violations, 0);
}

#[test]
fn telegrams_limits_are_kept() {
    let bench = Bench::with(SandboxLimits::Telegram);
    let users: Vec<i64> = (1..=65).collect();
    bench.ledger(1, &users, None);
    let (outbox, _) = bench.outbox(Limits::TELEGRAM);
    let (counts, _) = bench.finish(outbox, 1);
    let seen = bench.sandbox().counters();
    assert_eq!((counts.sent, seen.too_many, seen.violations), (65, 0, 0));
}

#[test]
fn a_refused_content_pauses_the_broadcast() {
    let bench = Bench::new();
    let text = "Bad Request: can't parse entities: Unexpected end tag at byte offset 3";
    bench.sandbox().add_fault(Fault::every("sendMessage", FaultEffect::Refuse { code: 400, description: text.into() }));
    bench.ledger(1, &(1..=2_000).collect::<Vec<_>>(), None);
    let (outbox, _) = bench.outbox(Limits { bot: Some(Rate::per_second(200)), ..Limits::default() });
    wait(|| matches!(outbox.status().unwrap().runs[0].ledger.status, LedgerStatus::Paused(_)));
    outbox.stop();
    let (counts, states) = bench.stored(1);
    assert!(counts.failed[&FailureKind::Content] < 300, "{counts:?}");
    assert!(states.values().any(|s| matches!(s, State::Failed { failure, .. } if failure.text == text)));
}

#[test]
fn a_paused_ledger_holds_still_and_a_cancelled_one_ends() {
    let bench = Bench::new();
    let users: Vec<i64> = (1..=600).collect();
    let ledger = bench.ledger(1, &users, None);
    let (outbox, _) = bench.outbox(Limits { bot: Some(Rate::per_second(1_000)), ..Limits::default() });
    bench.runtime.block_on(bench.sandbox().wait_accepted(20));
    assert!(outbox.pause(ledger.id).unwrap());
    wait(|| outbox.status().unwrap().runs[0].counts.leased == 0);
    let held = bench.sandbox().accepted();
    assert!(held < 600);
    assert!(outbox.set_status(ledger.id, LedgerStatus::Running).unwrap());
    bench.runtime.block_on(bench.sandbox().wait_accepted(held + 20));
    assert!(outbox.set_status(ledger.id, LedgerStatus::Cancelled).unwrap());
    wait(|| outbox.status().unwrap().runs[0].counts.leased == 0);
    assert!(!outbox.set_status(ledger.id, LedgerStatus::Running).unwrap());
    outbox.stop();
    let (counts, _) = bench.stored(1);
    assert_eq!(u64::from(counts.sent), bench.sandbox().accepted());
    assert_eq!(counts.queued + counts.sent, 600);
}

#[test]
fn a_wrong_token_stops_everything_and_loses_nothing() {
    let bench = Bench::new();
    bench
        .sandbox()
        .add_fault(Fault::every("sendMessage", FaultEffect::Refuse { code: 401, description: "Unauthorized".into() }));
    bench.ledger(1, &[1, 2, 3], None);
    let (outbox, _) = bench.outbox(Limits::default());
    wait(|| outbox.status().unwrap().trouble.is_some());
    wait(|| outbox.status().unwrap().runs[0].counts.leased == 0);
    outbox.stop();
    let (counts, _) = bench.stored(1);
    assert_eq!((counts.queued, counts.retrying), (3, 0));
}
