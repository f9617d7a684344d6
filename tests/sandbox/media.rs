//! Photos, files and albums.

use crate::harness::Harness;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use teloxide::types::Message;
use vestnik::sandbox::{DEFAULT_TOKEN, SandboxOptions};

#[tokio::test]
async fn a_file_goes_by_address_id_or_upload_and_keeps_its_id() {
    let harness = Harness::start().await;
    let token = format!("77{DEFAULT_TOKEN}");
    let other = Harness::with(SandboxOptions { token: token.clone(), ..SandboxOptions::default() }).await;
    for (method, key) in [("sendPhoto", "photo"), ("sendVideo", "video"), ("sendDocument", "document")] {
        let by_url = harness.result(method, json!({"chat_id": 1, key: "https://e.ru/a.bin", "caption": "к"})).await;
        assert_eq!(by_url["caption"], "к");
        serde_json::from_value::<Message>(by_url.clone()).unwrap();
        let id = last_file_id(&by_url[key]);
        let by_id = harness.result(method, json!({"chat_id": 1, key: id})).await;
        assert_eq!(last_file_id(&by_id[key]), id);
        let address = other.method(method).replace(DEFAULT_TOKEN, &token);
        let foreign = other.client.post(address).json(&json!({"chat_id": 1, key: id})).send().await.unwrap();
        assert_eq!(foreign.status(), 400, "an id is of one bot");
        let form = Form::new().text("chat_id", "1").part(key, Part::bytes(b"data".to_vec()).file_name("отчёт.pdf"));
        let answer = harness.client.post(harness.method(method)).multipart(form).send().await.unwrap();
        let uploaded: Value = answer.json().await.unwrap();
        assert_eq!(uploaded["ok"], true, "{uploaded}");
        serde_json::from_value::<Message>(uploaded["result"].clone()).unwrap();
    }
    assert_eq!(harness.sandbox().received(1)[8].media.as_deref(), Some("отчёт.pdf"));
}

fn last_file_id(media: &Value) -> String {
    let file = media.as_array().map_or(media, |sizes| &sizes[sizes.len() - 1]);
    file["file_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn bad_files_are_refused() {
    let harness = Harness::start().await;
    let long = "я".repeat(1025);
    let rows = [
        (json!({}), "Bad Request: there is no photo in the request"),
        (json!({"photo": "картинка"}), "Bad Request: wrong file identifier/HTTP URL specified"),
        (json!({"photo": "attach://x"}), "Bad Request: wrong file identifier/HTTP URL specified"),
        (
            json!({"photo": "AgACAgIAAxkBAAIBQ2VnZ0"}),
            "Bad Request: wrong remote file identifier specified: can't unserialize it",
        ),
        (json!({"photo": "http://"}), "Bad Request: wrong HTTP URL specified"),
        (json!({"photo": "https://e.ru/a", "caption": long}), "Bad Request: message caption is too long"),
    ];
    for (mut params, description) in rows {
        params["chat_id"] = json!(1);
        let (status, answer) = harness.call("sendPhoto", params).await;
        assert_eq!((status, &answer["description"]), (400, &json!(description)));
    }
}

#[tokio::test]
async fn an_album_is_as_many_messages() {
    let harness = Harness::start().await;
    let media = json!([
        {"type": "photo", "media": "attach://one", "caption": "<b>x</b>", "parse_mode": "HTML"},
        {"type": "video", "media": "https://e.ru/v.mp4"},
    ]);
    let form = Form::new()
        .text("chat_id", "5")
        .text("media", media.to_string())
        .part("one", Part::bytes(vec![1]).file_name("1.jpg"));
    let answer = harness.client.post(harness.method("sendMediaGroup")).multipart(form).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    let messages: Vec<Message> = serde_json::from_value(answer["result"].clone()).unwrap();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0].media_group_id(), messages[1].media_group_id());
    assert!(messages[0].media_group_id().is_some());
    assert_eq!((messages[0].caption(), harness.sandbox().accepted()), (Some("x"), 2));
    assert!(harness.sandbox().duplicates().is_empty());
    let (_, answer) = harness.call("sendMediaGroup", json!({"chat_id": 5, "media": "[]"})).await;
    assert_eq!(answer["description"], "Bad Request: there are no messages to send");
}
