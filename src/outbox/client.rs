//! The thin client of the Bot API: one request, one classified answer.
//!
//! It never waits, retries or limits; those are decisions of the queue. Errors
//! are stripped of their address, because the address holds the token.

use super::answer::{Answer, Doubt, classify};
use crate::model::{Button, ButtonAction, Format, Message};
use serde_json::{Value, json};
use std::fmt;
use std::time::Duration;

/// A client for one bot.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
}

/// Why a question (as opposed to a delivery) got no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The API's address or the client's set-up is wrong.
    #[error("cannot set up the connection to the Bot API: {0}")]
    Setup(String),
    /// No whole answer came.
    #[error("the Bot API at {api} cannot be reached: {reason}")]
    Unreachable {
        /// The address, without the token.
        api: String,
        /// What the network said.
        reason: String,
    },
    /// Telegram does not know the token.
    #[error("Telegram refuses the bot's token: {0}")]
    Token(String),
    /// Telegram answered with another error.
    #[error("Telegram answered {code}: {text}")]
    Refused {
        /// `error_code`.
        code: u16,
        /// `description`.
        text: String,
        /// `retry_after` in seconds, if given.
        retry_after: Option<u64>,
    },
}

const CONNECT: Duration = Duration::from_secs(5);
const DELIVERY: Duration = Duration::from_secs(30);

impl Client {
    /// A client for the bot with `token` at `api_url`.
    pub fn new(api_url: &str, token: &str) -> Result<Self, ClientError> {
        let base = api_url.trim_end_matches('/');
        let url =
            reqwest::Url::parse(base).map_err(|e| ClientError::Setup(format!("`{base}` is not an address: {e}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ClientError::Setup(format!("`{base}` must begin with http:// or https://")));
        }
        let builder = reqwest::Client::builder().connect_timeout(CONNECT).tcp_nodelay(true).no_proxy();
        let http = builder.pool_max_idle_per_host(300).build();
        let http = http.map_err(|e| ClientError::Setup(e.without_url().to_string()))?;
        Ok(Self { http, base: format!("{base}/bot{token}") })
    }

    /// Sends one message and says what became of it.
    pub async fn deliver(&self, chat: i64, message: &Message) -> Answer {
        let (method, body) = request(chat, message);
        match self.post(method, &body, DELIVERY).await {
            Ok((status, body)) => classify(status, &body),
            Err(error) => unanswered(&error),
        }
    }

    /// Asks a question such as `getMe` and returns its `result`.
    pub async fn ask(&self, method: &str, body: &Value, timeout: Duration) -> Result<Value, ClientError> {
        let unreachable = |reason: String| ClientError::Unreachable { api: self.api(), reason };
        let (status, body) = self.post(method, body, timeout).await.map_err(|e| unreachable(reason(&e)))?;
        let answer: Value = serde_json::from_slice(&body)
            .map_err(|_| unreachable(format!("HTTP {status} with a body that is not the Bot API's JSON")))?;
        if answer["ok"] == true {
            return Ok(answer["result"].clone());
        }
        let code = answer["error_code"].as_u64().and_then(|c| u16::try_from(c).ok()).unwrap_or(status);
        let text = answer["description"].as_str().unwrap_or_default().to_owned();
        match code {
            401 | 404 => Err(ClientError::Token(text)),
            _ => Err(ClientError::Refused { code, text, retry_after: answer["parameters"]["retry_after"].as_u64() }),
        }
    }

    async fn post(&self, method: &str, body: &Value, timeout: Duration) -> Result<(u16, Vec<u8>), reqwest::Error> {
        let url = format!("{}/{method}", self.base);
        let answer = self.http.post(url).timeout(timeout).json(body).send().await?;
        let status = answer.status().as_u16();
        Ok((status, answer.bytes().await?.to_vec()))
    }

    fn api(&self) -> String {
        self.base.rsplit_once("/bot").map_or("", |(api, _)| api).to_owned()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.api())
    }
}

/// What a missing answer proves: only a connection that was never made proves
/// that nothing was sent.
fn unanswered(error: &reqwest::Error) -> Answer {
    if error.is_connect() || error.is_builder() {
        return Answer::Undelivered { why: reason(error) };
    }
    Answer::Unknown(if error.is_timeout() { Doubt::Timeout } else { Doubt::Broken })
}

/// The innermost cause, which never holds the address.
fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    match error.is_timeout() {
        true => "no answer in time".to_owned(),
        false if std::ptr::addr_eq(cause, error) => "the request failed".to_owned(),
        false => cause.to_string(),
    }
}

/// The method and the parameters that send `message` to `chat`.
fn request(chat: i64, message: &Message) -> (&'static str, Value) {
    let mut body = json!({ "chat_id": chat });
    let method = match &message.photo {
        Some(photo) => {
            body["photo"] = json!(photo);
            body["caption"] = json!(message.text);
            "sendPhoto"
        }
        None => {
            body["text"] = json!(message.text);
            if !message.preview {
                body["link_preview_options"] = json!({ "is_disabled": true });
            }
            "sendMessage"
        }
    };
    match message.format {
        Format::Plain => {}
        Format::Html => body["parse_mode"] = json!("HTML"),
        Format::MarkdownV2 => body["parse_mode"] = json!("MarkdownV2"),
    }
    if message.silent {
        body["disable_notification"] = json!(true);
    }
    if message.protected {
        body["protect_content"] = json!(true);
    }
    if !message.buttons.is_empty() {
        let rows: Vec<Vec<Value>> = message.buttons.iter().map(|row| row.iter().map(button).collect()).collect();
        body["reply_markup"] = json!({ "inline_keyboard": rows });
    }
    (method, body)
}

fn button(button: &Button) -> Value {
    match &button.action {
        ButtonAction::Url(url) => json!({ "text": button.text, "url": url }),
        ButtonAction::Press(data) => json!({ "text": button.text, "callback_data": data }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_never_printed() {
        let client = Client::new("http://127.0.0.1:9/", "12:SECRET").unwrap();
        assert_eq!(format!("{client:?}"), "Client(http://127.0.0.1:9)");
    }

    #[test]
    fn a_refused_connection_is_proven_undelivered_and_hides_the_token() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // Port 9 of loopback answers nothing: a listener bound and dropped frees a port that refuses.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let client = Client::new(&format!("http://127.0.0.1:{port}"), "12:SECRET").unwrap();
        let answer = runtime.block_on(client.deliver(1, &Message::default()));
        assert!(matches!(&answer, Answer::Undelivered { why } if !why.contains("SECRET")), "{answer:?}");
        let error = runtime.block_on(client.ask("getMe", &json!({}), DELIVERY)).unwrap_err().to_string();
        assert!(error.contains("cannot be reached") && !error.contains("SECRET"), "{error}");
    }

    #[test]
    fn requests_carry_what_the_message_says() {
        let press = Button { text: "Ещё".into(), action: ButtonAction::Press("more".into()) };
        let mut message =
            Message { text: "<b>x</b>".into(), format: Format::Html, buttons: vec![vec![press]], ..Message::default() };
        let (method, body) = request(5, &message);
        assert_eq!(method, "sendMessage");
        let expected = json!({
            "chat_id": 5, "text": "<b>x</b>", "parse_mode": "HTML", "link_preview_options": {"is_disabled": true},
            "reply_markup": {"inline_keyboard": [[{"text": "Ещё", "callback_data": "more"}]]},
        });
        assert_eq!(body, expected);
        message.photo = Some("https://example.org/a.jpg".into());
        let (method, body) = request(5, &message);
        assert_eq!((method, &body["caption"]), ("sendPhoto", &json!("<b>x</b>")));
    }
}
