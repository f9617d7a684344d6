//! Every way to fail, as a client sees it, and whether the message was
//! accepted all the same.

use crate::harness::Harness;
use serde_json::{Value, json};
use std::time::Duration;
use vestnik::model::TimeDelta;
use vestnik::sandbox::{Fault, FaultEffect};

/// What a client makes of one answer.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Answer(u16, Value),
    Html(u16),
    NoAnswer,
    Timeout,
    Cut,
    Refused,
}

async fn send(harness: &Harness) -> Seen {
    let request = harness.client.post(harness.method("sendMessage")).json(&json!({"chat_id": 1, "text": "x"}));
    let answer = match request.timeout(Duration::from_millis(300)).send().await {
        Ok(answer) => answer,
        Err(problem) if problem.is_timeout() => return Seen::Timeout,
        Err(problem) if problem.is_connect() => return Seen::Refused,
        Err(_) => return Seen::NoAnswer,
    };
    let status = answer.status().as_u16();
    let header = answer.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    let is_html = answer.headers()["content-type"].to_str().unwrap().starts_with("text/html");
    match answer.text().await {
        Err(_) => Seen::Cut,
        Ok(text) if is_html && text.contains("nginx") => Seen::Html(status),
        Ok(text) => {
            let answer: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(header, answer["parameters"]["retry_after"].as_i64().map(|seconds| seconds.to_string()));
            Seen::Answer(status, answer["description"].clone())
        }
    }
}

#[tokio::test]
async fn every_effect_is_seen_as_the_real_trouble_would_be() {
    let blocked = "Forbidden: bot was blocked by the user";
    let refuse = FaultEffect::Refuse { code: 403, description: blocked.into() };
    let rows = [
        (
            FaultEffect::TooManyRequests { retry_after: 7 },
            Seen::Answer(429, json!("Too Many Requests: retry after 7")),
            0,
        ),
        (refuse, Seen::Answer(403, json!(blocked)), 0),
        (FaultEffect::ServerError, Seen::Answer(500, json!("Internal Server Error: restart")), 0),
        (FaultEffect::BadGateway, Seen::Html(502), 0),
        (FaultEffect::BadGatewayAfter, Seen::Html(502), 1),
        (FaultEffect::Delay { ms: 1 }, Seen::Answer(200, Value::Null), 1),
        (FaultEffect::Hang, Seen::Timeout, 0),
        (FaultEffect::HangAfter, Seen::Timeout, 1),
        (FaultEffect::DropBefore, Seen::NoAnswer, 0),
        (FaultEffect::DropAfter, Seen::NoAnswer, 1),
        (FaultEffect::Truncate, Seen::Cut, 1),
    ];
    for (effect, seen, accepted) in rows {
        let harness = Harness::start().await;
        harness.sandbox().add_fault(Fault::every("sendMessage", effect.clone()).times(1));
        assert_eq!(send(&harness).await, seen, "{effect:?}");
        assert_eq!(harness.sandbox().accepted(), accepted, "{effect:?}");
        harness.clock.advance(TimeDelta::seconds(8));
        assert_eq!(send(&harness).await, Seen::Answer(200, Value::Null), "after {effect:?}");
        assert_eq!(harness.sandbox().counters().faults, 1);
        let is_lost = accepted == 1 && seen != Seen::Answer(200, Value::Null);
        assert_eq!(harness.sandbox().lost().get(&1).copied(), is_lost.then_some(1), "{effect:?}");
    }
}

#[tokio::test]
async fn a_retry_after_is_enforced_and_violations_are_counted() {
    let harness = Harness::start().await;
    let effect = FaultEffect::TooManyRequests { retry_after: 3 };
    harness.sandbox().add_fault(Fault::every("sendMessage", effect).times(1));
    let refused = |seconds: u32| Seen::Answer(429, json!(format!("Too Many Requests: retry after {seconds}")));
    assert_eq!(send(&harness).await, refused(3));
    harness.clock.advance(TimeDelta::millis(1_500));
    assert_eq!(send(&harness).await, refused(2));
    harness.clock.advance(TimeDelta::millis(1_500));
    assert_eq!(send(&harness).await, Seen::Answer(200, Value::Null));
    let counters = harness.sandbox().counters();
    assert_eq!((counters.too_many, counters.violations, counters.accepted), (2, 1, 1));
}

#[tokio::test]
async fn a_server_that_is_down_refuses_connections_and_comes_back() {
    let harness = Harness::start().await;
    assert_eq!(send(&harness).await, Seen::Answer(200, Value::Null));
    harness.sandbox().set_up(false);
    while !matches!(send(&harness).await, Seen::Refused) {
        tokio::task::yield_now().await;
    }
    harness.sandbox().set_up(true);
    while !matches!(send(&harness).await, Seen::Answer(200, _)) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_delayed_request_is_done_although_the_client_gave_up() {
    let harness = Harness::start().await;
    harness.sandbox().add_fault(Fault::every("sendMessage", FaultEffect::Delay { ms: 400 }));
    assert_eq!(send(&harness).await, Seen::Timeout);
    harness.sandbox().wait_accepted(1).await;
}
