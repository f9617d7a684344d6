//! The HTTP server: every route is in `routes`. It runs only where something
//! needs it, behind a reverse proxy that speaks https, and decides nothing.
//!
//! A request has little time and little room; what it brings is durable before it
//! is answered with 200.

mod telegram;
#[cfg(test)]
mod tests;

use crate::interface::bot::webhook::Door;
use crate::model::Text;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Bytes of a body.
const BODY: usize = 1 << 20;
/// Within which a request is over.
const WHOLE: Duration = Duration::from_secs(20);
/// How long those under way are awaited at the end.
const FAREWELL: Duration = Duration::from_secs(5);

/// What the routes lead to. What is absent has no route.
#[derive(Clone, Default)]
pub struct Parts {
    /// Where Telegram brings updates.
    pub door: Option<Door>,
}

/// The address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("nothing can listen on {address}: {error}; name another address in `http.listen`")]
pub struct ListenError {
    address: SocketAddr,
    error: std::io::Error,
}

impl ListenError {
    /// The error in both languages.
    pub fn text(&self) -> Text {
        let Self { address, error } = self;
        let ru = match error.kind() {
            std::io::ErrorKind::AddrInUse => format!("адрес {address} уже занят другим процессом"),
            _ => format!("адрес {address} нельзя слушать: {error}"),
        };
        let en = match error.kind() {
            std::io::ErrorKind::AddrInUse => format!("another process listens on {address}"),
            _ => format!("nothing can listen on {address}: {error}"),
        };
        Text::new(
            format!("{en}; name another address in `http.listen`"),
            format!("{ru}; укажите другой в `http.listen`"),
        )
    }
}

impl Parts {
    /// Whether there is anything to serve.
    pub fn is_empty(&self) -> bool {
        self.door.is_none()
    }
}

/// Takes the address. To be called inside a runtime.
pub fn listen(address: SocketAddr) -> Result<TcpListener, ListenError> {
    let bound = std::net::TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener)
    });
    bound.map_err(|error| ListenError { address, error })
}

/// Serves until `stop` says so; requests under way are answered.
pub async fn serve(listener: TcpListener, parts: Parts, mut stop: watch::Receiver<bool>) -> std::io::Result<()> {
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "listening for HTTP");
    }
    let mut told = stop.clone();
    let stopped = async move { drop(told.wait_for(|stop| *stop).await) };
    let served = axum::serve(listener, routes(parts)).with_graceful_shutdown(stopped);
    tokio::select! {
        served = served.into_future() => served,
        () = async {
            drop(stop.wait_for(|stop| *stop).await);
            tokio::time::sleep(FAREWELL).await;
        } => Ok(()),
    }
}

/// Every route.
fn routes(parts: Parts) -> Router {
    let mut router = Router::new();
    if let Some(door) = parts.door {
        router = router.route("/telegram", post(telegram::update).with_state(door));
    }
    router.layer(DefaultBodyLimit::max(BODY)).layer(from_fn(in_time))
}

async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(WHOLE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
    }
}
