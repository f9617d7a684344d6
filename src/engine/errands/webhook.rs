//! Webhooks: a signed POST to a host that the settings allow now.
//!
//! Those to one host go in the order in which they were asked for, hosts do not
//! wait for each other. A host that cannot be reached or asks to wait is left
//! alone until the pause of the one that met that is over; one that answers and
//! fails for one webhook gets the others.

use super::address::{Private, PublicOnly, is_public};
use super::queue::is_webhook;
use super::{Errands, Outcome, Piece, letter};
use crate::engine::EngineError;
use crate::model::{Chore, Text, Time, TimeDelta, Value};
use crate::rulebook::{Webhooks, webhook_host};
use reqwest::header::RETRY_AFTER;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use std::collections::BTreeMap;
use std::error::Error;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(15);

/// The connections.
pub(super) struct Web {
    /// Reaches the public internet.
    public: Client,
    /// Reaches everything.
    any: Client,
    /// Hosts that are left alone for now.
    held: Mutex<BTreeMap<String, Time>>,
    /// Whether it was said that there is no secret.
    said_unsigned: AtomicBool,
}

/// What an attempt came to, and whether the host is to be left alone.
struct Called {
    outcome: Outcome,
    holds: bool,
}

impl Web {
    pub fn new() -> Result<Self, EngineError> {
        let builder = || {
            let builder = Client::builder().connect_timeout(CONNECT).timeout(WHOLE).no_proxy().redirect(Policy::none());
            builder.user_agent(concat!("vestnik/", env!("CARGO_PKG_VERSION")))
        };
        let setup = |error: reqwest::Error| EngineError::Web(error.without_url().to_string());
        Ok(Self {
            public: builder().dns_resolver(Arc::new(PublicOnly)).build().map_err(setup)?,
            any: builder().build().map_err(setup)?,
            held: Mutex::default(),
            said_unsigned: AtomicBool::new(false),
        })
    }

    /// Until when a host is left alone.
    fn held(&self, host: &str, now: Time) -> Option<Time> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(host).copied().filter(|until| *until > now)
    }

    fn hold(&self, host: &str, until: Time) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(host.to_owned(), until);
    }
}

impl Errands {
    /// Sends the webhooks that are due.
    pub async fn run_webhooks(self: &Arc<Self>) -> Result<(), EngineError> {
        if !self.may_work() {
            return Ok(());
        }
        let mut hosts: BTreeMap<String, Vec<Piece>> = BTreeMap::new();
        for piece in self.webhooks.due(&*self.engine.store, self.engine.clock.now(), is_webhook)? {
            let host = piece.url().and_then(webhook_host).unwrap_or_default().to_ascii_lowercase();
            hosts.entry(host).or_default().push(piece);
        }
        let mut calls = JoinSet::new();
        for (host, pieces) in hosts {
            let this = self.clone();
            calls.spawn(async move { this.call_host(&host, pieces).await });
        }
        let mut trouble = Ok(());
        while let Some(ended) = calls.join_next().await {
            match ended {
                Ok(called) => trouble = trouble.and(called),
                Err(error) => tracing::error!(%error, "a webhook ended by a bug"),
            }
        }
        if trouble.is_err() {
            self.webhooks.look_at(self.engine.clock.now());
        }
        trouble
    }

    /// Sends those to one host, in order.
    async fn call_host(&self, host: &str, pieces: Vec<Piece>) -> Result<(), EngineError> {
        for piece in pieces {
            let now = self.engine.clock.now();
            if let Some(until) = self.web.held(host, now) {
                self.webhooks.look_at(until);
                return Ok(());
            }
            let called = self.call(&piece).await;
            if let (true, Outcome::Later(_, pause)) = (called.holds, &called.outcome) {
                self.web.hold(host, self.engine.clock.now() + pause.unwrap_or_default().max(piece.pause()));
            }
            self.settle(piece, called.outcome).await?;
        }
        Ok(())
    }

    async fn call(&self, piece: &Piece) -> Called {
        let Chore::Webhook { url, body } = &piece.record.chore else { return Called::once(Outcome::Done) };
        let settings = self.engine.live.current().settings.clone();
        let (client, url) = match self.web.route(url, &settings.webhooks) {
            Ok(route) => route,
            Err(why) => return Called::once(Outcome::Never(why)),
        };
        match self.post(client, url, piece, body, &settings.webhooks.secret_env).await {
            Ok(response) => answered(&response, self.engine.clock.now()),
            Err(error) => unanswered(error.without_url()),
        }
    }

    async fn post(
        &self,
        client: &Client,
        url: Url,
        piece: &Piece,
        fields: &[(String, Value)],
        secret_env: &str,
    ) -> Result<Response, reqwest::Error> {
        let body = letter::body(&piece.record, fields);
        let timestamp = self.engine.clock.now().0.div_euclid(1_000);
        let mut request = client
            .post(url)
            .header("Content-Type", "application/json")
            .header("X-Vestnik-Id", piece.id())
            .header("X-Vestnik-Timestamp", timestamp);
        let secret = (self.secrets)(secret_env).filter(|secret| !secret.is_empty());
        match secret.and_then(|secret| letter::signature(&secret, timestamp, &body)) {
            Some(signature) => request = request.header("X-Vestnik-Signature", signature),
            None if !self.web.said_unsigned.swap(true, Ordering::SeqCst) => {
                tracing::warn!("webhooks are not signed: the environment variable {secret_env} is not set");
            }
            None => {}
        }
        request.body(body).send().await
    }
}

impl Web {
    /// The client that may reach an address, by the settings as they are now.
    fn route(&self, url: &str, settings: &Webhooks) -> Result<(&Client, Url), Text> {
        let parsed = Url::parse(url).ok();
        let (Some(host), Some(url)) = (webhook_host(url), parsed) else {
            return Err(Text::new(
                "it is not an address that may be called",
                "это не адрес, к которому можно обращаться",
            ));
        };
        if !settings.allows(host) {
            return Err(Text::new(
                format!("`{host}` is not among the hosts of `webhooks.allow`"),
                format!("узла `{host}` нет в `webhooks.allow`"),
            ));
        }
        if settings.allows_private(host) {
            return Ok((&self.any, url));
        }
        // what is written as a number in any way is one now, and is not resolved
        let literal = url.host_str().and_then(|host| host.parse::<IpAddr>().ok());
        if literal.is_some_and(|address| !is_public(address)) {
            return Err(private());
        }
        Ok((&self.public, url))
    }
}

impl Piece {
    fn url(&self) -> Option<&str> {
        match &self.record.chore {
            Chore::Webhook { url, .. } => Some(url),
            Chore::Broadcast(_) | Chore::Report { .. } | Chore::Cleanup { .. } | Chore::Backup { .. } => None,
        }
    }
}

impl Called {
    fn once(outcome: Outcome) -> Self {
        Self { outcome, holds: false }
    }
}

/// What an answer means.
fn answered(response: &Response, now: Time) -> Called {
    let status = response.status();
    let why = Text::new(format!("the host answered {status}"), format!("узел ответил {status}"));
    if status.is_success() {
        return Called::once(Outcome::Done);
    }
    let pause = response.headers().get(RETRY_AFTER).and_then(|value| wait(value.to_str().ok()?, now));
    let asks_to_wait = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    if asks_to_wait || status.is_server_error() {
        return Called { outcome: Outcome::Later(why, pause), holds: asks_to_wait };
    }
    Called::once(Outcome::Never(why))
}

/// What it means that there is no answer.
fn unanswered(error: reqwest::Error) -> Called {
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    let mut last = String::new();
    while let Some(one) = cause {
        if one.downcast_ref::<Private>().is_some() {
            return Called::once(Outcome::Never(private()));
        }
        last = one.to_string();
        cause = one.source();
    }
    if error.is_builder() {
        let why = Text::new("it is not an address that may be called", "это не адрес, к которому можно обращаться");
        return Called::once(Outcome::Never(why));
    }
    let why = if error.is_timeout() {
        Text::new("the host did not answer in time", "узел не ответил вовремя")
    } else {
        Text::new(format!("the host cannot be reached: {last}"), format!("узел недоступен: {last}"))
    };
    Called { outcome: Outcome::Later(why, None), holds: true }
}

fn private() -> Text {
    Text::new(
        "the host stands at a private address, and `webhooks.private` does not name it",
        "узел стоит на частном адресе, а в `webhooks.private` его нет",
    )
}

/// How long `Retry-After` asks to wait: seconds, or until a date.
fn wait(text: &str, now: Time) -> Option<TimeDelta> {
    if let Ok(seconds) = text.trim().parse::<u32>() {
        return Some(TimeDelta::seconds(seconds.into()));
    }
    let date = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
    Some(Time(date.timestamp().as_millisecond()) - now)
}
