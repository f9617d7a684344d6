//! The server: listens on loopback, routes, and stops.

use crate::model::Text;
use crate::sandbox::answer::Refusal;
use crate::sandbox::bot;
use crate::sandbox::control;
use crate::sandbox::handle::Sandbox;
use crate::sandbox::line::{Door, Line, Lines};
use crate::sandbox::options::SandboxOptions;
use crate::sandbox::page;
use crate::sandbox::params::MAX_BODY;
use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use std::future::Future;
use std::net::SocketAddr;
use tokio::task::JoinHandle;

/// Why a sandbox does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The address can be reached from outside this machine.
    #[error("the sandbox listens on this machine only: use 127.0.0.1 instead of {address}")]
    NotLoopback {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// The token is not one.
    #[error("the token must look like 123456:letters-and-digits, as @BotFather gives it")]
    BadToken,
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The server stopped by itself.
    #[error("the sandbox has stopped: {0}")]
    Stopped(String),
}

impl SandboxError {
    /// The error in both languages.
    pub fn text(&self) -> Text {
        let ru = match self {
            Self::NotLoopback { address } => {
                format!("песочница слушает только эту машину: укажите 127.0.0.1 вместо {address}")
            }
            Self::BadToken => "токен выглядит как 123456:буквы-и-цифры, так его выдаёт @BotFather".to_owned(),
            Self::Listen { address, source } => format!("не удаётся слушать {address}: {source}"),
            Self::Stopped(reason) => format!("песочница остановилась: {reason}"),
        };
        Text::new(self.to_string(), ru)
    }
}

/// A started sandbox; it stops when this is dropped.
pub struct Running {
    sandbox: Sandbox,
    address: SocketAddr,
    lines: Lines,
    server: JoinHandle<std::io::Result<()>>,
}

impl Sandbox {
    /// Starts a server in the background of the current runtime.
    pub async fn start(options: SandboxOptions) -> Result<Running, SandboxError> {
        check(&options)?;
        let sandbox = Sandbox::new(&options);
        let lines = Lines::default();
        let door = Door::open(options.listen, sandbox.shared.up.subscribe(), lines.clone()).await;
        let door = door.map_err(|source| SandboxError::Listen { address: options.listen, source })?;
        let address = door.address();
        let service = router(sandbox.clone()).into_make_service_with_connect_info::<Line>();
        let server = tokio::spawn(async move { axum::serve(door, service).await });
        Ok(Running { sandbox, address, lines, server })
    }
}

impl Running {
    /// The server's base URL, without a slash at the end: what a bot takes
    /// for `https://api.telegram.org`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The handle to act and look through.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// What to tell the person who started it.
    pub fn announcement(&self) -> Text {
        let url = self.url();
        Text::new(
            format!("the sandbox Bot API listens on {url}: set it as telegram.api_url, and open it to see the chats"),
            format!(
                "Bot API песочницы слушает {url}: укажите этот адрес в telegram.api_url и откройте его, чтобы видеть чаты"
            ),
        )
    }

    /// Stops at once: open connections are reset.
    pub fn stop(self) {}
}

impl Drop for Running {
    fn drop(&mut self) {
        self.server.abort();
        self.lines.cut_all();
        self.sandbox.with(|world, _| world.webhook = None);
        self.sandbox.shared.news.notify_waiters();
    }
}

/// Serves until `shutdown` is over.
pub async fn serve(options: SandboxOptions, shutdown: impl Future<Output = ()>) -> Result<(), SandboxError> {
    run(options, |_| {}, shutdown).await
}

/// What `vestnik sandbox` does: starts, lets `announce` say where it is (see
/// [`Running::announcement`]), and serves until `shutdown` is over.
pub async fn run(
    options: SandboxOptions,
    announce: impl FnOnce(&Running),
    shutdown: impl Future<Output = ()>,
) -> Result<(), SandboxError> {
    let mut running = Sandbox::start(options).await?;
    announce(&running);
    tokio::select! {
        () = shutdown => Ok(()),
        ended = &mut running.server => Err(SandboxError::Stopped(match ended {
            Ok(Ok(())) => "the listener was closed".to_owned(),
            Ok(Err(problem)) => problem.to_string(),
            Err(problem) => problem.to_string(),
        })),
    }
}

fn check(options: &SandboxOptions) -> Result<(), SandboxError> {
    if !options.listen.ip().is_loopback() {
        return Err(SandboxError::NotLoopback { address: options.listen });
    }
    let (id, secret) = options.token.split_once(':').ok_or(SandboxError::BadToken)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if id.parse::<u64>().is_err() || secret.is_empty() || !secret.chars().all(fits) {
        return Err(SandboxError::BadToken);
    }
    Ok(())
}

fn router(sandbox: Sandbox) -> Router {
    Router::new()
        .merge(control::routes())
        .merge(page::routes())
        .fallback(api)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(only_local_host))
        .with_state(sandbox)
}

async fn api(State(sandbox): State<Sandbox>, ConnectInfo(line): ConnectInfo<Line>, request: Request) -> Response {
    if request.uri().path().starts_with("/bot") {
        bot::answer(sandbox, line, request).await
    } else {
        Refusal::not_found().into_response()
    }
}

/// A page on another site can make a browser call us: under a name of its own,
/// which stands in `Host` then, or as a form, which names the site in `Origin`.
async fn only_local_host(request: Request, next: Next) -> Response {
    if is_from_here(request.headers()) {
        next.run(request).await
    } else {
        (StatusCode::FORBIDDEN, "the sandbox answers to localhost only\n").into_response()
    }
}

fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let host_fits = text(header::HOST).is_some_and(is_local);
    let origin_fits = match text(header::ORIGIN) {
        Some(origin) => origin.split_once("://").is_some_and(|(_, host)| is_local(host)),
        None => true,
    };
    host_fits && origin_fits
}

/// Whether `name:port` is this machine.
fn is_local(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => host.split(':').next(),
    };
    matches!(name, Some("localhost" | "127.0.0.1" | "::1"))
}
