//! The sandbox's own clock, moved from outside.

use crate::harness::{Harness, NOON};
use reqwest::Method;
use serde_json::{Value, json};
use vestnik::model::{Time, TimeDelta};
use vestnik::sandbox::{ActError, ClockMode, Limits, SandboxOptions};

async fn ctl(harness: &Harness, method: Method, body: Value) -> (u16, Value) {
    let request = harness.client.request(method, format!("{}/ctl/clock", harness.running.url()));
    let answer = request.json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn limits_dates_and_waits_follow_the_clock() {
    let options = SandboxOptions { limits: Limits::Telegram, clock_mode: ClockMode::Manual, ..Default::default() };
    let harness = Harness::with(options).await;
    harness.clock.advance(TimeDelta::hours(1));
    let send = || harness.call("sendMessage", json!({"chat_id": 1, "text": "x"}));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(send().await.0);
    }
    assert_eq!(statuses, [200, 200, 200, 429], "the machine's hour has not passed here");
    harness.sandbox().advance(TimeDelta::millis(999)).unwrap();
    assert_eq!(send().await.0, 429);
    let (status, clock) = ctl(&harness, Method::POST, json!({"advance_ms": 1})).await;
    assert_eq!(
        (status, clock),
        (200, json!({"mode": "manual", "now": NOON.0 + 1_000, "time": "2026-01-05T09:00:01Z"}))
    );
    let (_, answer) = send().await;
    assert_eq!(answer["result"]["date"], NOON.0 / 1_000 + 1);
    assert_eq!(harness.sandbox().counters().violations, 1);
}

#[tokio::test]
async fn a_clock_that_runs_is_not_moved_and_none_goes_back() {
    let harness = Harness::start().await;
    let (status, answer) = ctl(&harness, Method::PUT, json!({"advance_ms": 5})).await;
    assert_eq!((status, &answer["error"]), (409, &json!("the clock runs by itself: make it manual first")));
    let (status, clock) = ctl(&harness, Method::PUT, json!({"mode": "manual", "now": NOON.0 + 5_000})).await;
    assert_eq!((status, &clock["now"]), (200, &json!(NOON.0 + 5_000)));
    assert_eq!(harness.sandbox().set_time(NOON), Err(ActError::TimeIsOver));
    assert_eq!(ctl(&harness, Method::PUT, json!({"now": 5})).await.0, 409);
    let (_, clock) = ctl(&harness, Method::PUT, json!({"mode": "real"})).await;
    assert_eq!((harness.sandbox().now(), &clock["mode"]), (NOON, &json!("real")));
}

#[tokio::test]
async fn updates_and_messages_age_by_the_clock() {
    let harness = Harness::with(SandboxOptions { clock_mode: ClockMode::Manual, ..Default::default() }).await;
    harness.result("sendMessage", json!({"chat_id": 1, "text": "x"})).await;
    harness.sandbox().user_says(1, "hi").unwrap();
    harness.sandbox().advance(TimeDelta::hours(24)).unwrap();
    let waiting = harness.result("getUpdates", json!({})).await;
    assert_eq!(waiting.as_array().map(Vec::len), Some(1));
    harness.sandbox().advance(TimeDelta::millis(1)).unwrap();
    assert_eq!(harness.result("getUpdates", json!({})).await, json!([]), "an update waits for a day");
    harness.sandbox().set_time(Time(NOON.0) + TimeDelta::hours(48) + TimeDelta::millis(1)).unwrap();
    let (_, answer) = harness.call("deleteMessage", json!({"chat_id": 1, "message_id": 1})).await;
    assert_eq!(answer["description"], "Bad Request: message can't be deleted for everyone");
}
