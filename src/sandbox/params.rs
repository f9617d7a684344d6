//! The parameters of a request, wherever they stand: in the query, in JSON,
//! in a form or in a multipart body; numbers may be text and objects JSON.

use crate::sandbox::answer::Refusal;
use axum::RequestExt;
use axum::body::{Body, to_bytes};
use axum::extract::{Form, Multipart, Query, Request};
use axum::http::header;
use serde_json::{Map, Value};

/// What a request asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    values: Map<String, Value>,
    /// Uploaded files.
    pub(crate) files: Vec<Upload>,
}

/// An uploaded file; of its content only the measure is kept.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    /// The name of the form's field.
    pub(crate) field: String,
    /// The name of the file.
    pub(crate) name: String,
    pub(crate) size: usize,
    pub(crate) hash: u64,
}

/// The largest body that is taken: the Bot API's 50 MB and some envelope.
pub(crate) const MAX_BODY: usize = 51 << 20;
/// The largest file.
const MAX_FILE: usize = 50 << 20;

/// Why a request has no parameters.
pub(crate) enum Unreadable {
    /// Over [`MAX_BODY`], or a file over [`MAX_FILE`].
    TooLarge,
    /// Not what its content type says.
    Bad(Refusal),
}

impl Params {
    /// Reads everything that the request carries.
    pub(crate) async fn read(request: Request) -> Result<Self, Unreadable> {
        let mut params = Self::default();
        if request.uri().query().is_some() {
            let pairs = Query::<Vec<(String, String)>>::try_from_uri(request.uri());
            params.extend(pairs.map_err(|_| bad("can't parse the query"))?.0);
        }
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "application/json" => params.read_json(request).await?,
            "multipart/form-data" => params.read_multipart(request).await?,
            "application/x-www-form-urlencoded" if request.method() != axum::http::Method::GET => {
                let form = request.extract::<Form<Vec<(String, String)>>, _>().await;
                params.extend(form.map_err(|_| bad("can't parse the form"))?.0);
            }
            _ => {}
        }
        Ok(params)
    }

    /// The parameters of one item of an album.
    pub(crate) fn from_item(item: &Value) -> Self {
        Self { values: item.as_object().cloned().unwrap_or_default(), files: Vec::new() }
    }

    /// Parameters from a JSON object.
    #[cfg(test)]
    pub(crate) fn of(value: Value) -> Self {
        let Value::Object(values) = value else { return Self::default() };
        Self { values, files: Vec::new() }
    }

    /// A parameter as text; numbers and booleans become what they look like.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        match self.values.get(key)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }

    /// A whole number; text that is not one counts as absent, as it does there.
    pub(crate) fn int(&self, key: &str) -> Option<i64> {
        match self.values.get(key)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// A truth value: `true`, `yes` and `1` are true.
    pub(crate) fn flag(&self, key: &str) -> bool {
        self.text(key).is_some_and(|text| matches!(text.to_ascii_lowercase().as_str(), "true" | "yes" | "1"))
    }

    /// An object or array, given as such or as text.
    pub(crate) fn json(&self, key: &str) -> Result<Option<Value>, Refusal> {
        match self.values.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => match serde_json::from_str(text) {
                Ok(value) => Ok(Some(value)),
                Err(_) => Err(Refusal::bad(format!("can't parse {}: JSON expected", key.replace('_', " ")))),
            },
            Some(value) => Ok(Some(value.clone())),
        }
    }

    /// The chat as a number, if it is one.
    pub(crate) fn chat_number(&self) -> Option<i64> {
        self.int("chat_id")
    }

    /// The file that was uploaded in a field.
    pub(crate) fn upload(&self, field: &str) -> Option<&Upload> {
        self.files.iter().find(|upload| upload.field == field)
    }

    /// The request in one fixed form, for its hash.
    pub(crate) fn canonical(&self) -> String {
        let files: Vec<String> = self.files.iter().map(|file| format!("{}:{:x}", file.field, file.hash)).collect();
        let mut pairs: Vec<_> = self.values.iter().collect();
        pairs.sort_unstable_by_key(|(key, _)| *key);
        let values: Vec<String> = pairs
            .into_iter()
            .map(|(key, value)| match value {
                Value::String(text) => format!("{key}={text}"),
                other => format!("{key}={other}"),
            })
            .collect();
        [values.join("\u{1}"), files.join("\u{1}")].join("\u{2}")
    }

    fn extend(&mut self, pairs: Vec<(String, String)>) {
        self.values.extend(pairs.into_iter().map(|(key, value)| (key, Value::String(value))));
    }

    async fn read_json(&mut self, request: Request) -> Result<(), Unreadable> {
        let bytes = axum::body::to_bytes(request.into_body(), MAX_BODY).await.map_err(|_| Unreadable::TooLarge)?;
        if bytes.is_empty() {
            return Ok(());
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(values)) => {
                self.values.extend(values);
                Ok(())
            }
            Ok(_) | Err(_) => Err(bad("can't parse request JSON object")),
        }
    }

    async fn read_multipart(&mut self, request: Request) -> Result<(), Unreadable> {
        // The reader of parts stops behind the last one, and a connection with a
        // rest of a request in it cannot be kept alive.
        let (head, body) = request.into_parts();
        let whole = to_bytes(body, MAX_BODY).await.map_err(|_| Unreadable::TooLarge)?;
        let request = Request::from_parts(head, Body::from(whole));
        let mut parts = request.extract::<Multipart, _>().await.map_err(|_| bad("can't parse the multipart body"))?;
        while let Some(part) = parts.next_field().await.map_err(|problem| multipart_problem(&problem))? {
            let field = part.name().unwrap_or_default().to_owned();
            let name = part.file_name().map(str::to_owned);
            let bytes = part.bytes().await.map_err(|problem| multipart_problem(&problem))?;
            match name {
                Some(_) if bytes.len() > MAX_FILE => return Err(Unreadable::TooLarge),
                Some(name) => {
                    let hash = crate::sandbox::ledger::hash(&[&bytes]);
                    self.files.push(Upload { field, name, size: bytes.len(), hash });
                }
                None => {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    self.values.insert(field, Value::String(text));
                }
            }
        }
        Ok(())
    }
}

fn bad(what: &str) -> Unreadable {
    Unreadable::Bad(Refusal::bad(what))
}

fn multipart_problem(problem: &axum::extract::multipart::MultipartError) -> Unreadable {
    if problem.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        Unreadable::TooLarge
    } else {
        bad("can't parse the multipart body")
    }
}
