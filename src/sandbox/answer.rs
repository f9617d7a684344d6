//! The Bot API's answers: a result, or a refusal with its exact words.

use crate::sandbox::limits::RetryAfter;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// A refusal as the Bot API words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: u16,
    pub(crate) description: String,
    pub(crate) parameter: Option<Parameter>,
}

/// What a refusal may carry besides its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parameter {
    RetryAfter(u32),
    MigrateToChatId(i64),
}

impl Refusal {
    pub(crate) fn new(code: u16, description: impl Into<String>) -> Self {
        Self { code, description: description.into(), parameter: None }
    }

    /// 400; the words after `Bad Request: `.
    pub(crate) fn bad(what: impl AsRef<str>) -> Self {
        Self::new(400, format!("Bad Request: {}", what.as_ref()))
    }

    /// 403; the words after `Forbidden: `.
    pub(crate) fn forbidden(what: &str) -> Self {
        Self::new(403, format!("Forbidden: {what}"))
    }

    /// 409; the words after `Conflict: `.
    pub(crate) fn conflict(what: &str) -> Self {
        Self::new(409, format!("Conflict: {what}"))
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized")
    }

    pub(crate) fn not_found() -> Self {
        Self::new(404, "Not Found")
    }

    /// A press or a question before a payment that cannot be answered any more.
    pub(crate) fn query_too_old() -> Self {
        Self::bad("query is too old and response timeout expired or query ID is invalid")
    }

    pub(crate) fn migrated(to: i64) -> Self {
        let description = "Bad Request: group chat was upgraded to a supergroup chat".to_owned();
        Self { code: 400, description, parameter: Some(Parameter::MigrateToChatId(to)) }
    }
}

impl From<RetryAfter> for Refusal {
    fn from(RetryAfter(seconds): RetryAfter) -> Self {
        Self {
            code: 429,
            description: format!("Too Many Requests: retry after {seconds}"),
            parameter: Some(Parameter::RetryAfter(seconds)),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = json!({"ok": false, "error_code": self.code, "description": self.description});
        let parameters = self.parameter.map(|parameter| match parameter {
            Parameter::RetryAfter(seconds) => json!({"retry_after": seconds}),
            Parameter::MigrateToChatId(id) => json!({"migrate_to_chat_id": id}),
        });
        if let (Some(parameters), Some(object)) = (parameters, body.as_object_mut()) {
            object.insert("parameters".to_owned(), parameters);
        }
        let status = StatusCode::from_u16(self.code).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = json_response(status, body.to_string());
        if let Some(Parameter::RetryAfter(seconds)) = self.parameter {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// `{"ok":true,"result":…}`.
pub(crate) fn success(result: &Value) -> Response {
    json_response(StatusCode::OK, format!("{{\"ok\":true,\"result\":{result}}}"))
}

/// The page that stands before the API when the API itself does not answer.
pub(crate) fn html_error(status: StatusCode) -> Response {
    let title = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
    let page = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
         <hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n"
    );
    let mut response = (status, page).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

fn json_response(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
