//! Photos, files and albums.

use crate::harness::Harness;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use teloxide::types::Message;
use vestnik::sandbox::{DEFAULT_TOKEN, Limits, MediaKind, Origin, SandboxOptions};

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

async fn upload(harness: &Harness, method: &str, key: &str, bytes: Vec<u8>) -> (u16, Value) {
    let form = Form::new().text("chat_id", "1").part(key.to_owned(), Part::bytes(bytes).file_name("a.bin"));
    let answer = harness.client.post(harness.method(method)).multipart(form).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

#[tokio::test]
async fn the_same_bytes_are_the_same_file_under_a_new_id() {
    let harness = Harness::start().await;
    let mut files = Vec::new();
    for bytes in [b"one".to_vec(), b"one".to_vec(), b"two".to_vec()] {
        let (_, answer) = upload(&harness, "sendDocument", "document", bytes).await;
        let file = &answer["result"]["document"];
        files.push((file["file_id"].clone(), file["file_unique_id"].clone()));
    }
    assert!(files[0].0 != files[1].0 && files[0].1 == files[1].1 && files[0].1 != files[2].1, "{files:?}");
    for (id, unique) in &files {
        let again = harness.result("sendDocument", json!({"chat_id": 2, "document": id})).await;
        assert_eq!((&again["document"]["file_id"], &again["document"]["file_unique_id"]), (id, unique));
    }
    let (_, answer) = harness.call("sendVideo", json!({"chat_id": 2, "video": files[0].0})).await;
    assert_eq!(answer["description"], "Bad Request: can't use file of type Document as Video");
    harness.result("sendVideo", json!({"chat_id": 3, "video": "https://e.ru/v.mp4"})).await;
    harness.result("sendMessage", json!({"chat_id": 3, "text": "x"})).await;
    let ledger = harness.sandbox().ledger(2, 10);
    let seen: Vec<_> = ledger.iter().map(|entry| (entry.method(), entry.chat, entry.file())).collect();
    let by = |kind, origin| Some((kind, origin));
    let expected = [
        ("sendDocument", 1, by(MediaKind::Document, Origin::Upload)),
        ("sendDocument", 2, by(MediaKind::Document, Origin::Id)),
        ("sendDocument", 2, by(MediaKind::Document, Origin::Id)),
        ("sendDocument", 2, by(MediaKind::Document, Origin::Id)),
        ("sendVideo", 3, by(MediaKind::Video, Origin::Url)),
        ("sendMessage", 3, None),
    ];
    assert_eq!(seen, expected);
    assert_eq!(harness.sandbox().counters().uploads, 3);
}

#[tokio::test]
async fn a_file_may_have_fifty_megabytes() {
    let harness = Harness::start().await;
    assert_eq!(upload(&harness, "sendDocument", "document", vec![0; 50 << 20]).await.0, 200);
    assert_eq!(upload(&harness, "sendDocument", "document", vec![0; (50 << 20) + 1]).await.0, 413);
    let (status, answer) = upload(&harness, "sendDocument", "document", Vec::new()).await;
    assert_eq!((status, &answer["description"]), (400, &json!("Bad Request: file must be non-empty")));
    assert_eq!(harness.sandbox().counters().refused.get(&413), Some(&1));
}

#[tokio::test]
async fn albums_have_their_rules() {
    let item = |kind: &str| json!({"type": kind, "media": format!("https://e.ru/{kind}")});
    let long = json!({"type": "photo", "media": "https://e.ru/a", "caption": "я".repeat(1025)});
    let rows = [
        (json!([]), Some("there are no messages to send")),
        (Value::Array(vec![item("photo"); 11]), Some("too many messages to send as an album")),
        (json!([item("photo"), item("sticker")]), Some("can't parse InputMedia: unsupported media type")),
        (json!([item("photo"), item("document")]), Some("document can't be mixed with other media types")),
        (json!([item("photo"), long]), Some("message caption is too long")),
        (Value::Array(vec![item("document"); 2]), None),
        (Value::Array(vec![item("photo"); 10]), None),
        (json!([item("photo"), item("video")]), None),
    ];
    for (media, refusal) in rows {
        let harness = Harness::with(SandboxOptions { limits: Limits::Telegram, ..SandboxOptions::default() }).await;
        let (status, answer) = harness.call("sendMediaGroup", json!({"chat_id": 1, "media": media})).await;
        let expected = refusal.map(|words| format!("Bad Request: {words}"));
        assert_eq!(answer["description"].as_str(), expected.as_deref(), "{media}");
        let sent = if status == 200 { media.as_array().unwrap().len() as u64 } else { 0 };
        assert_eq!(harness.sandbox().accepted(), sent, "all of an album or none");
        let (next, _) = harness.call("sendMessage", json!({"chat_id": 1, "text": "x"})).await;
        assert_eq!(next == 429, sent > 2, "an album counts as its messages");
    }
}
