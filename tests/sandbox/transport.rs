//! The ways in which parameters travel, and who may connect.

use crate::harness::Harness;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use vestnik::sandbox::{Sandbox, SandboxError, SandboxOptions};

#[tokio::test]
async fn parameters_come_by_query_form_json_and_multipart() {
    let harness = Harness::start().await;
    let url = harness.method("sendMessage");
    let pairs = [("chat_id", "9"), ("text", "привет & ура"), ("disable_notification", "True")];
    let multipart = pairs.iter().fold(reqwest::multipart::Form::new(), |form, (key, value)| form.text(*key, *value));
    let requests = [
        harness.client.get(&url).query(&pairs),
        harness.client.post(&url).query(&pairs),
        harness.client.post(&url).form(&pairs),
        harness.client.post(&url).multipart(multipart),
        harness.client.post(&url).json(&json!({"chat_id": 9, "text": "привет & ура"})),
        harness.client.post(harness.method("test/sendMessage")).json(&json!({"chat_id": "9", "text": "привет & ура"})),
    ];
    let count = requests.len();
    for request in requests {
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["result"]["text"], "привет & ура", "{answer}");
    }
    assert_eq!(harness.sandbox().received(9).len(), count);
}

#[tokio::test]
async fn broken_bodies_are_refused() {
    let harness = Harness::start().await;
    let rows = [
        ("{", "Bad Request: can't parse request JSON object"),
        ("[1]", "Bad Request: can't parse request JSON object"),
        (r#"{"chat_id":1,"text":"x","reply_markup":"{"}"#, "Bad Request: can't parse reply markup: JSON expected"),
    ];
    for (body, description) in rows {
        let request = harness.client.post(harness.method("sendMessage")).header("content-type", "application/json");
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status(), 400);
        assert_eq!(answer.json::<Value>().await.unwrap()["description"], description);
    }
}

#[tokio::test]
async fn only_this_machine_is_answered() {
    let harness = Harness::start().await;
    let port = harness.running.address().port();
    let rows = [
        ("host", format!("localhost:{port}"), 200),
        ("host", format!("[::1]:{port}"), 200),
        ("host", "evil.example".to_owned(), 403),
        ("host", format!("localhost.evil.example:{port}"), 403),
        ("origin", format!("http://127.0.0.1:{port}"), 200),
        ("origin", "https://evil.example".to_owned(), 403),
        ("origin", "null".to_owned(), 403),
    ];
    for path in ["/", "/ctl/counters"] {
        for (name, value, status) in &rows {
            let request = harness.client.get(harness.running.url() + path).header(*name, value);
            assert_eq!(request.send().await.unwrap().status().as_u16(), *status, "{path} {name}: {value}");
        }
    }
}

#[tokio::test]
async fn a_bad_address_or_token_does_not_start() {
    let taken = Harness::start().await.running;
    let rows = [
        (SandboxOptions { listen: "0.0.0.0:0".parse().unwrap(), ..Default::default() }, "this machine only"),
        (SandboxOptions { token: "secret".into(), ..Default::default() }, "@BotFather"),
        (SandboxOptions { token: "1:a/b".into(), ..Default::default() }, "@BotFather"),
        (SandboxOptions { listen: taken.address(), ..Default::default() }, "cannot listen on 127.0.0.1"),
    ];
    for (options, words) in rows {
        let problem: SandboxError = Sandbox::start(options).await.err().unwrap();
        assert!(problem.to_string().contains(words), "{problem}");
    }
}

#[tokio::test]
async fn it_stops_when_dropped() {
    let harness = Harness::start().await;
    harness.result("getMe", json!({})).await;
    let (url, client) = (harness.method("getMe"), harness.client.clone());
    harness.running.stop();
    tokio::task::yield_now().await;
    assert!(client.get(url).send().await.is_err());
}

/// Found by grammY: its uploads are chunked, and the last, empty chunk may come
/// a little later than the end of the form in it.
#[tokio::test]
async fn a_connection_outlives_an_upload_in_chunks() {
    let harness = Harness::start().await;
    let url = reqwest::Url::parse(&harness.method("sendPhoto")).unwrap();
    let mut socket = TcpStream::connect((url.host_str().unwrap(), url.port().unwrap())).await.unwrap();
    let form = "--B\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n9\r\n--B\r\n\
                Content-Disposition: form-data; name=\"photo\"; filename=\"a.png\"\r\n\r\npixels\r\n--B--\r\n";
    for caption in ["first", "second"] {
        let head = format!(
            "POST {}?caption={caption} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\
             Content-Type: multipart/form-data; boundary=B\r\n\r\n{:x}\r\n{form}\r\n",
            url.path(),
            form.len()
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let early = tokio::time::timeout(Duration::from_millis(50), socket.read_buf(&mut answer)).await;
        assert!(early.is_err(), "answered early: {}", String::from_utf8_lossy(&answer));
        socket.write_all(b"0\r\n\r\n").await.unwrap();
        while !is_whole(&answer) {
            assert_ne!(socket.read_buf(&mut answer).await.unwrap(), 0, "the connection was closed");
        }
        assert!(String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 200"));
    }
    let received = harness.sandbox().received(9);
    assert_eq!(received.iter().map(|message| message.text.as_str()).collect::<Vec<_>>(), ["first", "second"]);
}

/// Whether an answer has come to its end.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.is_some_and(|length| body.len() >= length.parse().unwrap())
}
