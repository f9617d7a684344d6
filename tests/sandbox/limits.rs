//! The limits over the wire; their arithmetic is tested where it stands.

use crate::harness::Harness;
use serde_json::json;
use vestnik::model::TimeDelta;
use vestnik::sandbox::{Limits, Rates, SandboxOptions};

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
