//! `POST /telegram`: an update that Telegram brings.

use crate::interface::bot::webhook::{Door, Taken};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

const SECRET: &str = "x-telegram-bot-api-secret-token";
/// Seconds after which Telegram may try again.
const PAUSE: &str = "5";

pub async fn update(State(door): State<Door>, headers: HeaderMap, body: Bytes) -> Response {
    let shown = headers.get(SECRET).map(|value| value.as_bytes());
    match door.take(shown, &body).await {
        Taken::Stored => StatusCode::OK.into_response(),
        Taken::Stranger => StatusCode::UNAUTHORIZED.into_response(),
        Taken::Unreadable => StatusCode::BAD_REQUEST.into_response(),
        Taken::Later => (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, PAUSE)]).into_response(),
    }
}
