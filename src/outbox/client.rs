//! The thin client of the Bot API: one request, one classified answer.
//!
//! It never waits, retries or limits; those are decisions of the queue. Errors
//! are stripped of their address, because the address holds the token. Files of
//! the project are read when their request is written, and only then.

use super::answer::{Answer, Doubt, Refusal, classify};
use super::request::{Order, Request, Upload, request_of};
use crate::model::{Media, Message};
use crate::rulebook::{Asset, Located, locate};
use reqwest::multipart::{Form, Part};
use serde_json::Value;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A client for one bot.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    /// The folder whose files messages may carry.
    project: Option<PathBuf>,
    /// What a payment provider knows the bot by.
    provider_token: Option<String>,
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
/// The same for a request that carries files.
const UPLOAD: Duration = Duration::from_secs(300);
/// What Telegram takes of an uploaded file, in bytes.
const LARGEST: u64 = 50 << 20;

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
        Ok(Self { http, base: format!("{base}/bot{token}"), project: None, provider_token: None })
    }

    /// The same client, which sends files of the project in `folder`.
    #[must_use]
    pub fn with_files_of(self, folder: &Path) -> Self {
        Self { project: Some(folder.to_owned()), ..self }
    }

    /// The same client, which sends invoices in roubles through a provider.
    #[must_use]
    pub fn with_provider(self, token: Option<String>) -> Self {
        Self { provider_token: token, ..self }
    }

    /// The file that a message names by its path in the project.
    pub(super) fn locate(&self, path: &str) -> Result<Located, Asset> {
        self.project.as_deref().map_or(Err(Asset::Absent), |folder| locate(folder, path))
    }

    /// Sends one message and says what became of it.
    pub async fn deliver(&self, chat: i64, message: &Message) -> Answer {
        self.carry_out(chat, Order::Send, message).await
    }

    /// Sends, edits or deletes one message and says what became of it.
    pub async fn carry_out(&self, chat: i64, order: Order, message: &Message) -> Answer {
        let mut request = request_of(chat, order, message);
        if let Media::Invoice(invoice) = &message.media
            && invoice.currency != "XTR"
            && order.sends()
        {
            let token = self.provider_token.as_deref().unwrap_or_default();
            request.parameters.insert("provider_token".to_owned(), token.into());
        }
        let answer = match self.files(&request).await {
            Ok(files) if files.is_empty() => self.post(request.method, &request.parameters, DELIVERY).await,
            Ok(files) => self.post_form(request, files).await,
            Err(text) => return Answer::Refused(Refusal::Content { text }),
        };
        match answer {
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

    /// The contents of the files that go with a request, or why one of them
    /// cannot be sent.
    async fn files(&self, request: &Request) -> Result<Vec<(Upload, Vec<u8>)>, String> {
        let mut files = Vec::with_capacity(request.uploads.len());
        for upload in &request.uploads {
            let (client, path) = (self.clone(), upload.path.clone());
            let read = tokio::task::spawn_blocking(move || client.read(&path)).await;
            let bytes = read.unwrap_or_else(|error| Err(error.to_string()))?;
            files.push((upload.clone(), bytes));
        }
        Ok(files)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let why = match self.locate(path) {
            Ok(file) if file.size > LARGEST => format!("is larger than {} MiB", LARGEST >> 20),
            Ok(file) if file.size == 0 => "is empty".to_owned(),
            Ok(file) => match std::fs::read(&file.path) {
                Ok(bytes) => return Ok(bytes),
                Err(error) => format!("cannot be read: {error}"),
            },
            Err(Asset::Absent) => "is not there".to_owned(),
            Err(Asset::Outside) => "leads out of the project or to something hidden".to_owned(),
            Err(Asset::NoFile | Asset::File(_)) => "is no file that can be read".to_owned(),
        };
        Err(format!("the project's file `{path}` {why}"))
    }

    async fn post<T: serde::Serialize + Sync>(
        &self,
        method: &str,
        body: &T,
        timeout: Duration,
    ) -> Result<(u16, Vec<u8>), reqwest::Error> {
        let url = format!("{}/{method}", self.base);
        let answer = self.http.post(url).timeout(timeout).json(body).send().await?;
        let status = answer.status().as_u16();
        Ok((status, answer.bytes().await?.to_vec()))
    }

    async fn post_form(
        &self,
        request: Request,
        files: Vec<(Upload, Vec<u8>)>,
    ) -> Result<(u16, Vec<u8>), reqwest::Error> {
        // names of files as they are, which is what Telegram shows people
        let mut form = Form::new().percent_encode_noop();
        for (key, value) in request.parameters {
            form = match value {
                Value::String(text) => form.text(key, text),
                other => form.text(key, other.to_string()),
            };
        }
        for (upload, bytes) in files {
            let name = upload.path.rsplit('/').next().unwrap_or_default().to_owned();
            form = form.part(upload.field, Part::bytes(bytes).file_name(name));
        }
        let url = format!("{}/{}", self.base, request.method);
        let answer = self.http.post(url).timeout(UPLOAD).multipart(form).send().await?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MediaItem, MediaKind, MediaSource};
    use serde_json::json;

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
    fn a_file_that_is_gone_fails_its_row_without_a_request() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("empty.jpg"), "").unwrap();
        std::fs::create_dir(dir.path().join("folder.jpg")).unwrap();
        // a request to this port would be refused, which is another answer
        let client = Client::new("http://127.0.0.1:9", "12:SECRET").unwrap();
        for (client, path, why) in [
            (client.clone().with_files_of(dir.path()), "a.jpg", "is not there"),
            (client.clone().with_files_of(dir.path()), "empty.jpg", "is empty"),
            (client.clone().with_files_of(dir.path()), "folder.jpg", "is no file that can be read"),
            (client.clone().with_files_of(dir.path()), "../a.jpg", "leads out of the project or to something hidden"),
            (client.clone(), "a.jpg", "is not there"),
        ] {
            let item = MediaItem { kind: MediaKind::Photo, source: MediaSource::File(path.into()) };
            let message = Message { media: Media::One(item), ..Message::default() };
            let text = format!("the project's file `{path}` {why}");
            assert_eq!(runtime.block_on(client.deliver(1, &message)), Answer::Refused(Refusal::Content { text }));
        }
    }
}
