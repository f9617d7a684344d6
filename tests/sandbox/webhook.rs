//! Updates that go to the bot's webhook.

use crate::harness::Harness;
use axum::Router;
use axum::extract::{Json, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use vestnik::sandbox::ChatState;

/// A bot that passes on what it gets, and refuses the texts that begin with
/// `again` the first time.
async fn bot() -> (String, mpsc::UnboundedReceiver<String>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let app = Router::new().route("/hook", post(take)).with_state(sender);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, receiver)
}

async fn take(
    State(sender): State<mpsc::UnboundedSender<String>>,
    headers: HeaderMap,
    Json(update): Json<Value>,
) -> (StatusCode, [(&'static str, &'static str); 1]) {
    let secret = headers.get("x-telegram-bot-api-secret-token").map_or("none", |value| value.to_str().unwrap());
    let text = update["message"]["text"].as_str().unwrap().to_owned();
    sender.send(format!("{secret} {text}")).unwrap();
    let seen = SEEN.lock().unwrap().replace(text.clone());
    let refused = text.starts_with("again") && seen != Some(text);
    let status = if refused { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (status, [("retry-after", "0")])
}

static SEEN: std::sync::Mutex<Option<String>> = std::sync::Mutex::new(None);

#[tokio::test]
async fn updates_are_delivered_in_order_with_the_secret_until_taken() {
    let harness = Harness::start().await;
    let (url, mut taken) = bot().await;
    harness.sandbox().add_users([(1, "Анна", ChatState::Active)]);
    harness.sandbox().user_says(1, "first").unwrap();
    let params = json!({"url": url, "secret_token": "abc-1", "max_connections": 5});
    assert_eq!(harness.result("setWebhook", params).await, json!(true));
    assert_eq!(taken.recv().await.unwrap(), "abc-1 first");
    harness.sandbox().user_says(1, "again").unwrap();
    harness.sandbox().user_says(1, "last").unwrap();
    for expected in ["abc-1 again", "abc-1 again", "abc-1 last"] {
        assert_eq!(taken.recv().await.unwrap(), expected);
    }
    let info = harness.result("getWebhookInfo", json!({})).await;
    assert_eq!((&info["url"], &info["max_connections"]), (&json!(url), &json!(5)));
    assert_eq!(info["last_error_message"], "Wrong response from the webhook: 503 Service Unavailable");
    serde_json::from_value::<teloxide::types::WebhookInfo>(info).unwrap();
    let (status, answer) = harness.call("getUpdates", json!({})).await;
    let words =
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";
    assert_eq!((status, &answer["description"]), (409, &json!(words)));
    harness.result("deleteWebhook", json!({"drop_pending_updates": true})).await;
    assert_eq!(harness.result("getUpdates", json!({})).await, json!([]));
}

#[tokio::test]
async fn bad_webhooks_are_refused() {
    let harness = Harness::start().await;
    let rows = [
        (json!({"url": "http://127.0.0.1:1/", "secret_token": "a b"}), "secret token contains unallowed characters"),
        (
            json!({"url": "https://example.com/hook"}),
            "bad webhook: the sandbox delivers to addresses of this machine only",
        ),
    ];
    for (params, words) in rows {
        let (status, answer) = harness.call("setWebhook", params).await;
        assert_eq!((status, &answer["description"]), (400, &json!(format!("Bad Request: {words}"))));
    }
}
