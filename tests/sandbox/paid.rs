//! Paid broadcasts: who may, how fast, and what it costs.

use crate::harness::Harness;
use serde_json::{Value, json};
use vestnik::model::TimeDelta;
use vestnik::sandbox::{Limits, PaidBroadcasts, SandboxOptions};

async fn open(balance: u64) -> Harness {
    let paid_broadcasts = PaidBroadcasts { enabled: true, balance, ..PaidBroadcasts::default() };
    Harness::with(SandboxOptions { limits: Limits::Telegram, paid_broadcasts, ..SandboxOptions::default() }).await
}

/// Sends `n` messages to as many chats at one moment: how many were taken.
async fn burst(harness: &Harness, first: i64, n: i64, paid: bool) -> usize {
    let mut taken = 0;
    for chat in first..first + n {
        let params = json!({"chat_id": chat, "text": "x", "allow_paid_broadcast": paid});
        taken += usize::from(harness.call("sendMessage", params).await.0 == 200);
    }
    taken
}

#[tokio::test]
async fn what_is_above_the_free_rate_costs_a_tenth_of_a_star() {
    let harness = open(10_002).await;
    assert_eq!(burst(&harness, 1, 45, true).await, 45);
    harness.clock.advance(TimeDelta::seconds(1));
    assert_eq!(burst(&harness, 101, 30, true).await, 30, "a second that keeps to the free rate is free");
    let balance = harness.result("getMyStarBalance", json!({})).await;
    assert_eq!(balance, json!({"amount": 10_000, "nanostar_amount": 500_000_000}));
    let transactions = harness.result("getStarTransactions", json!({})).await;
    let only = &transactions["transactions"][0];
    assert_eq!(only["receiver"], json!({"type": "telegram_api", "request_count": 15}));
    assert_eq!((&only["amount"], &only["nanostar_amount"]), (&json!(1), &json!(500_000_000)));
    assert_eq!((&only["date"], &transactions["transactions"][1]), (&json!(1_767_603_600), &Value::Null));
    let later = harness.result("getStarTransactions", json!({"offset": 1, "limit": 5})).await;
    assert_eq!(later, json!({"transactions": []}));
    assert_eq!((harness.sandbox().counters().paid, harness.sandbox().stars().balance_tenths), (15, 100_005));
}

#[tokio::test]
async fn who_may_not_pay_has_the_free_limit() {
    for (harness, paid) in [(open(9_999).await, true), (open(20_000).await, false)] {
        assert_eq!(burst(&harness, 1, 31, paid).await, 30);
        assert_eq!((harness.sandbox().counters().too_many, harness.sandbox().counters().paid), (1, 0));
    }
}

#[tokio::test]
async fn the_balance_runs_out_at_the_threshold() {
    let harness = open(10_000).await;
    assert_eq!(burst(&harness, 1, 40, true).await, 31, "one is paid for, and then the balance is below 10,000");
    harness.clock.advance(TimeDelta::seconds(2));
    harness.sandbox().set_paid_broadcasts(PaidBroadcasts { enabled: true, balance: 5, threshold: 1 });
    assert_eq!(burst(&harness, 101, 40, true).await, 40);
    assert_eq!(harness.sandbox().counters().paid, 11);
}
