//! A million chats: added in bulk, written to, and verified in one call.

use crate::harness::Harness;
use serde_json::{Value, json};
use std::time::Instant;

const MILLION: u64 = 1_000_000;

#[tokio::test]
async fn a_million_chats_are_added_and_verified_in_one_call_each() {
    let harness = Harness::start().await;
    let ctl = async |path: &str, body: Value| -> Value {
        let request = harness.client.post(format!("{}/ctl/{path}", harness.running.url())).json(&body);
        request.send().await.unwrap().json().await.unwrap()
    };
    let (begun, before) = (Instant::now(), resident());
    let added = ctl("chats", json!({"from": 1, "count": MILLION})).await;
    assert_eq!(added["total"], MILLION);
    println!("added in {:?}, {} bytes a chat", begun.elapsed(), resident().saturating_sub(before) / MILLION);
    for chat in [5, 6, 6, 999_999, 7, 7, 7, 2_000_000] {
        harness.result("sendMessage", json!({"chat_id": chat, "text": "x"})).await;
    }
    let begun = Instant::now();
    let tally = ctl("verify", json!({"from": 1, "count": MILLION})).await;
    println!("verified in {:?}", begun.elapsed());
    let counts = ["asked", "missing", "once", "twice", "more", "messages", "elsewhere"].map(|key| &tally[key]);
    assert_eq!(counts, [MILLION, MILLION - 4, 2, 1, 1, 7, 1].map(|n| json!(n)).each_ref());
    assert_eq!((&tally["repeated_chats"], &tally["missing_chats"][4]), (&json!([6, 7]), &json!(8)));
    let tally = ctl("verify", json!({"chats": [5, 6, 5, 8]})).await;
    assert_eq!(["asked", "missing", "once", "twice"].map(|key| &tally[key]), [3, 1, 1, 1].map(|n| json!(n)).each_ref());
}

/// Bytes of memory that this process holds, where the system says so.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1_024
}
