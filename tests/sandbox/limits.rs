//! The limits over the wire; their arithmetic is tested where it stands.

use crate::harness::Harness;
use serde_json::json;
use vestnik::model::TimeDelta;
use vestnik::sandbox::{Fault, FaultEffect, Limits, Rates, SandboxOptions};

#[tokio::test]
async fn telegrams_limits_answer_429_with_the_time() {
    let harness = Harness::with(SandboxOptions { limits: Limits::Telegram, ..Default::default() }).await;
    let send = || harness.call("sendMessage", json!({"chat_id": 1, "text": "x"}));
    for _ in 0..3 {
        assert_eq!(send().await.0, 200);
    }
    let (status, answer) = send().await;
    assert_eq!(status, 429);
    let expected = json!({
        "ok": false, "error_code": 429, "description": "Too Many Requests: retry after 1",
        "parameters": {"retry_after": 1},
    });
    assert_eq!(answer, expected);
    assert_eq!(harness.call("sendMessage", json!({"chat_id": 2, "text": "x"})).await.0, 200, "another chat is free");
    assert_eq!(harness.call("sendChatAction", json!({"chat_id": 1, "action": "typing"})).await.0, 200);
    harness.clock.advance(TimeDelta::seconds(1));
    assert_eq!(send().await.0, 200);
    let counters = harness.sandbox().counters();
    assert_eq!((counters.accepted, counters.too_many, counters.violations), (5, 1, 0));
    assert_eq!((counters.max_per_second, counters.max_per_second_in_chat), (4, 3));
    assert_eq!(counters.refused.get(&429), Some(&1));
}

#[tokio::test]
async fn limits_can_be_changed_while_it_runs() {
    let harness = Harness::start().await;
    let send = |chat: i64| harness.call("sendMessage", json!({"chat_id": chat, "text": "x"}));
    assert_eq!(send(1).await.0, 200);
    harness.sandbox().set_limits(Limits::Custom(Rates { per_second: 1, burst: 1, ..Rates::telegram() }));
    assert_eq!((send(1).await.0, send(2).await.0), (200, 429));
    harness.sandbox().set_limits(Limits::Off);
    harness.sandbox().clear_faults();
    assert_eq!(send(3).await.0, 200);
}

#[tokio::test]
async fn the_front_refuses_who_leaves_too_much_unanswered() {
    let rates = Rates { active: 20, chat_active: 5, front_delay_ms: 1, ..Rates::telegram() };
    let harness = Harness::with(SandboxOptions { limits: Limits::Custom(rates), ..Default::default() }).await;
    harness.sandbox().add_fault(Fault::every("sendMessage", FaultEffect::Hang));
    let hang = |chat: i64| {
        let request = harness.client.post(harness.method("sendMessage")).json(&json!({"chat_id": chat, "text": "x"}));
        tokio::spawn(request.send())
    };
    let unanswered = async |n: u64| {
        while harness.sandbox().counters().requests < n {
            tokio::task::yield_now().await;
        }
    };
    let mut hanging: Vec<_> = (0..5).map(|_| hang(1)).collect();
    unanswered(5).await;
    let refused = json!({
        "ok": false, "error_code": 429, "description": "Too Many Requests: retry after 60",
        "parameters": {"retry_after": 60},
    });
    let photo = |chat: i64| harness.call("sendPhoto", json!({"chat_id": chat, "photo": "https://e.ru/a.jpg"}));
    assert_eq!(photo(1).await, (429, refused.clone()), "one too many in the chat");
    assert_eq!(photo(2).await.0, 200, "another chat is free");
    hanging.extend((0..15).map(|n| hang(10 + n)));
    unanswered(22).await;
    assert_eq!(photo(3).await, (429, refused), "one too many of the bot");
    hanging.iter().for_each(tokio::task::JoinHandle::abort);
    while photo(4).await.0 == 429 {
        tokio::task::yield_now().await;
    }
    assert_eq!(harness.sandbox().counters().violations, 0);
}
