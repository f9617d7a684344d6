//! The control API: the handle for other programs.

use crate::harness::Harness;
use reqwest::Method;
use serde_json::{Value, json};
use vestnik::sandbox::ChatState;

async fn ctl(harness: &Harness, method: Method, path: &str, body: Value) -> (u16, Value) {
    let request = harness.client.request(method, format!("{}/ctl/{path}", harness.running.url()));
    let request = if body.is_null() { request } else { request.json(&body) };
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn chats_are_added_and_people_act() {
    let harness = Harness::start().await;
    let many = json!({"from": 10, "count": 500, "state": "blocked"});
    let list = json!([
        {"id": 1, "first_name": "Анна", "username": "anna", "language_code": "ru"},
        {"id": -5, "first_name": "Группа", "kind": "group", "state": {"migrated": -1005}},
    ]);
    let keyboard = json!({"inline_keyboard": [[{"text": "Да", "callback_data": "yes"}]]});
    assert_eq!(ctl(&harness, Method::POST, "chats", many).await, (200, json!({"total": 500})));
    assert_eq!(ctl(&harness, Method::POST, "chats", list).await, (200, json!({"total": 502})));
    harness.result("sendMessage", json!({"chat_id": 1, "text": "?", "reply_markup": keyboard})).await;
    let rows = [
        (json!({"do": "say", "chat": 1, "text": "hi"}), 200, json!({"message_id": 2})),
        (json!({"do": "start", "chat": 1, "payload": "p"}), 200, json!({"message_id": 3})),
        (
            json!({"do": "press", "chat": 1, "message_id": 1, "data": "yes"}),
            200,
            json!({"query": "4200000042000000001"}),
        ),
        (json!({"do": "block", "chat": 1}), 200, Value::Null),
        (
            json!({"do": "say", "chat": 1, "text": "x"}),
            409,
            json!({"error": "chat 1 cannot act: its state is Blocked"}),
        ),
        (json!({"do": "unblock", "chat": 1}), 200, Value::Null),
        (
            json!({"do": "press", "chat": 1, "message_id": 1, "data": "no"}),
            404,
            json!({"error": "message 1 of chat 1 has no button with the data `no`"}),
        ),
        (json!({"do": "say", "chat": 3, "text": "x"}), 404, json!({"error": "there is no chat 3: add it first"})),
    ];
    for (body, status, answer) in rows {
        assert_eq!(ctl(&harness, Method::POST, "act", body.clone()).await, (status, answer), "{body}");
    }
    assert_eq!(harness.sandbox().pending_updates(), 5);
    let (_, found) = ctl(&harness, Method::GET, "chats?search=@ANN", Value::Null).await;
    assert_eq!((&found["total"], &found["chats"][0]["id"]), (&json!(502), &json!(1)));
    let (_, messages) = ctl(&harness, Method::GET, "chats/1/messages", Value::Null).await;
    assert_eq!((messages.as_array().unwrap().len(), &messages[1]["text"]), (3, &json!("hi")));
}

#[tokio::test]
async fn trouble_is_set_and_cleared() {
    let harness = Harness::start().await;
    let fault = json!({"methods": ["sendMessage"], "effect": {"kind": "server_error"}});
    let (status, faults) = ctl(&harness, Method::POST, "faults", fault).await;
    assert_eq!((status, &faults[0]["hits"]), (200, &json!(0)));
    assert_eq!(harness.call("sendMessage", json!({"chat_id": 1, "text": "x"})).await.0, 500);
    assert_eq!(ctl(&harness, Method::GET, "faults", Value::Null).await.1[0]["hits"], 1);
    assert_eq!(ctl(&harness, Method::DELETE, "faults", Value::Null).await, (200, json!([])));
    for bad in [json!({"effect": {"kind": "nothing"}}), json!({"probability": 2.0, "effect": {"kind": "hang"}})] {
        let (status, answer) = ctl(&harness, Method::POST, "faults", bad).await;
        assert!((400..500).contains(&status) && answer["error"].is_string(), "{answer}");
    }
    assert_eq!(ctl(&harness, Method::PUT, "limits", json!("telegram")).await, (200, json!("telegram")));
    let (_, limits) = ctl(&harness, Method::PUT, "limits", json!({"custom": {"per_second": 5}})).await;
    assert_eq!((&limits["custom"]["per_second"], &limits["custom"]["burst"]), (&json!(5), &json!(30)));
}

#[tokio::test]
async fn the_record_is_read_and_forgotten() {
    let harness = Harness::start().await;
    harness.sandbox().add_user(1, "Анна", ChatState::Active);
    for (chat, text) in [(1, "a"), (2, "a"), (1, "a"), (1, "b")] {
        harness.result("sendMessage", json!({"chat_id": chat, "text": text})).await;
    }
    assert_eq!(ctl(&harness, Method::GET, "counts", Value::Null).await.1, json!({"1": 3, "2": 1}));
    let (_, ledger) = ctl(&harness, Method::GET, "ledger?from=1&limit=2", Value::Null).await;
    assert_eq!((&ledger["total"], ledger["entries"].as_array().unwrap().len()), (&json!(4), 2));
    assert_eq!(ledger["entries"][0]["method"], "sendMessage");
    let (_, duplicates) = ctl(&harness, Method::GET, "duplicates", Value::Null).await;
    assert_eq!(duplicates[0]["message_ids"], json!([1, 2]));
    assert_eq!(duplicates[0]["hash"], ledger["entries"][1]["hash"]);
    let waited = ctl(&harness, Method::GET, "wait?accepted=4", Value::Null).await;
    assert_eq!(waited.1, json!({"accepted": 4, "reached": true}));
    let waited = ctl(&harness, Method::GET, "wait?accepted=5&ms=1", Value::Null).await;
    assert_eq!(waited.1, json!({"accepted": 4, "reached": false}));
    let (_, counters) = ctl(&harness, Method::POST, "reset", json!({})).await;
    assert_eq!(counters["accepted"], 0);
    assert_eq!((harness.sandbox().accepted(), harness.sandbox().chat_count()), (0, 2));
    assert_eq!(ctl(&harness, Method::GET, "counts", Value::Null).await.1, json!({}));
}

#[tokio::test]
async fn a_page_elsewhere_cannot_post_a_form() {
    let harness = Harness::start().await;
    let url = format!("{}/ctl/reset", harness.running.url());
    let answer = harness.client.post(url).header("content-type", "text/plain").body("{}").send().await.unwrap();
    assert_eq!(answer.status(), 415);
}
