//! Fault scripts over the wire: set as YAML, played by the clock.

use crate::harness::Harness;
use serde_json::{Value, json};
use vestnik::model::TimeDelta;
use vestnik::sandbox::{ChatState, SandboxOptions, Script, Shares, UnknownChats, migrated_id};

async fn put(harness: &Harness, script: &str) -> (u16, Value) {
    let url = format!("{}/ctl/faults/script", harness.running.url());
    let request = harness.client.put(url).header("content-type", "application/yaml").body(script.to_owned());
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn send(harness: &Harness, chat: i64) -> (u16, Value) {
    harness.call("sendMessage", json!({"chat_id": chat, "text": "x"})).await
}

#[tokio::test]
async fn storms_come_and_go_by_the_sandboxs_clock() {
    let harness = Harness::start().await;
    let script = "faults: [{effect: {kind: too_many_requests, retry_after: 1}, every: 20s for 3s, from: 5s}]";
    assert_eq!(put(&harness, script).await.0, 200);
    let mut stormy = Vec::new();
    for second in 0..30 {
        if send(&harness, 1).await.0 == 429 {
            stormy.push(second);
        }
        harness.clock.advance(TimeDelta::seconds(1));
    }
    assert_eq!(stormy, [5, 6, 7, 25, 26, 27]);
    assert_eq!(harness.sandbox().counters().violations, 0);
}

#[tokio::test]
async fn a_new_script_takes_the_place_of_the_old_one() {
    let harness = Harness::start().await;
    let (_, faults) = put(&harness, "faults: [{effect: server_error}, {effect: bad_gateway, count: 1}]").await;
    assert_eq!(faults.as_array().map(Vec::len), Some(2));
    assert_eq!(send(&harness, 1).await.0, 500);
    let (_, faults) = put(&harness, "faults: [{effect: bad_gateway_after, count: 0, from: 90 seconds}]").await;
    let fault = &faults[0]["fault"];
    assert_eq!((&fault["from"], &fault["effect"]["kind"]), (&json!("1m30s"), &json!("bad_gateway_after")));
    assert_eq!(send(&harness, 1).await.0, 200);
    let (status, answer) = put(&harness, "faults:\n  - {effect: hnag}\n").await;
    assert_eq!(status, 422);
    assert_eq!(answer["error"], "line 2, column 14: `hnag` is unknown here; did you mean `hang`?");
    assert_eq!(harness.sandbox().faults().len(), 1, "a script with a mistake changes nothing");
}

#[tokio::test]
async fn the_state_of_a_chat_can_be_worked_out() {
    let shares = Shares { blocked: 0.2, deactivated: 0.1, never_started: 0.1, migrated: 0.1 };
    let script = "{seed: 9, states: {blocked: 20%, deactivated: 10%, never_started: 10%, migrated: 10%}}";
    let options = SandboxOptions { unknown_chats: UnknownChats::NotFound, ..SandboxOptions::default() };
    let harness = Harness::with(options).await;
    harness.sandbox().add_users((1..=50).map(|id| (id, "", ChatState::Active)));
    harness.sandbox().set_script(Script::parse(script).unwrap());
    harness.sandbox().add_users((51..=100).map(|id| (id, "", ChatState::Active)));
    for chat in 1..=100 {
        let expected = shares.state(9, chat);
        assert_eq!(harness.sandbox().state(chat), Some(expected));
        let (status, answer) = send(&harness, chat).await;
        let refused = match expected {
            ChatState::Blocked | ChatState::Deactivated | ChatState::NeverStarted => 403,
            ChatState::Migrated(_) => 400,
            ChatState::Active | ChatState::Unknown => 200,
        };
        assert_eq!(status, refused, "{chat}");
        if let ChatState::Migrated(to) = expected {
            assert_eq!((to, &answer["parameters"]), (migrated_id(chat), &json!({"migrate_to_chat_id": to})));
            assert_eq!(send(&harness, to).await.0, 200);
        }
    }
    let active = (1..=100).filter(|chat| shares.state(9, *chat) == ChatState::Active).collect::<Vec<i64>>();
    assert_eq!(harness.sandbox().verify(active.clone()).once, active.len() as u64);
    harness.sandbox().clear_faults();
    harness.sandbox().add_user(101, "", ChatState::Active);
    assert_eq!(harness.sandbox().state(101), Some(ChatState::Active));
}

#[tokio::test]
async fn an_answer_of_tomorrow_is_still_a_message() {
    let harness = Harness::start().await;
    put(&harness, "faults: [{effect: unknown_fields, count: 1}, {effect: unknown_values, count: 1}]").await;
    let message = harness.result("sendMessage", json!({"chat_id": 1, "text": "<b>x</b>", "parse_mode": "HTML"})).await;
    assert!(message["field_of_tomorrow"].is_object() && message["message_id"] == 1);
    let message = harness.result("sendMessage", json!({"chat_id": 1, "text": "<b>x</b>", "parse_mode": "HTML"})).await;
    assert_eq!((&message["chat"]["type"], &message["message_id"]), (&json!("type_of_tomorrow"), &json!(2)));
    assert_eq!(message["entities"][0]["type"], "entity_of_tomorrow");
    assert_eq!(harness.sandbox().accepted(), 2);
}

#[tokio::test]
async fn a_script_takes_the_server_down() {
    let harness = Harness::start().await;
    put(&harness, "faults: [{methods: [sendMessage], effect: {kind: down, ms: 50}, count: 1}]").await;
    let request =
        || harness.client.post(harness.method("sendMessage")).json(&json!({"chat_id": 1, "text": "x"})).send();
    assert!(request().await.is_err());
    while request().await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(harness.sandbox().accepted(), 1, "what met the outage was not done");
}

#[test]
fn the_example_of_the_manual_is_a_script() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/faults.yaml")).unwrap();
    let script = Script::parse(&text).unwrap();
    assert!(script.faults.len() > 5);
}
