//! The requests. An error of the connection is told without its address, and the
//! shop's key stands in no text: [`Shop`] has no `Debug`.

use super::{Ask, Fault, Found, Kopecks, Returned, is_id, wire};
use crate::engine::EngineError;
use crate::model::Time;
use crate::rulebook::YooKassa;
use reqwest::header::RETRY_AFTER;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use std::time::Duration;

const CONNECT: Duration = Duration::from_secs(5);
/// YooKassa itself gives a payment thirty seconds.
const WHOLE: Duration = Duration::from_secs(35);
/// Things in one answer to a question for many.
const PAGE: &str = "100";

/// A shop, asked through its API.
#[derive(Clone)]
pub struct Shop {
    http: Client,
    api: String,
    shop_id: String,
    secret: String,
}

impl Shop {
    /// The shop of the settings with its secret key.
    pub fn new(settings: &YooKassa, secret: String) -> Result<Self, EngineError> {
        let builder = Client::builder().connect_timeout(CONNECT).timeout(WHOLE).redirect(Policy::none());
        let http = builder.user_agent(concat!("vestnik/", env!("CARGO_PKG_VERSION"))).build();
        let http = http.map_err(|error| EngineError::Web(error.without_url().to_string()))?;
        Ok(Self { http, api: settings.api_url.clone(), shop_id: settings.shop_id.clone(), secret })
    }

    /// Makes a payment, or finds the one that this key has made.
    pub async fn create(&self, ask: &Ask) -> Result<Found, Fault> {
        let request = self.http.post(self.url("payments")).header("Idempotence-Key", &ask.key);
        read(self.send(request.json(&ask.json())).await?, Found::read)
    }

    /// Asks how a payment stands.
    pub async fn payment(&self, id: &str) -> Result<Found, Fault> {
        read(self.look(&["payments", id]).await?, Found::read)
    }

    /// Gives a part of a payment back, or all of it, once for each key.
    pub async fn refund(&self, key: &str, payment: &str, amount: Kopecks) -> Result<Returned, Fault> {
        let request = self.http.post(self.url("refunds")).header("Idempotence-Key", key);
        read(self.send(request.json(&wire::refund(payment, amount))).await?, Returned::read)
    }

    /// Asks how a refund stands.
    pub async fn returned(&self, id: &str) -> Result<Returned, Fault> {
        read(self.look(&["refunds", id]).await?, Returned::read)
    }

    /// All payments since a moment.
    pub async fn payments_since(&self, since: Time) -> Result<Vec<Found>, Fault> {
        self.list("payments", since, Found::read).await
    }

    /// All refunds since a moment, whoever asked for them.
    pub async fn returned_since(&self, since: Time) -> Result<Vec<Returned>, Fault> {
        self.list("refunds", since, Returned::read).await
    }

    async fn list<T>(&self, what: &str, since: Time, read_one: fn(&Value) -> Option<T>) -> Result<Vec<T>, Fault> {
        let (mut found, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut query = vec![("created_at.gte", since.rfc3339()), ("limit", PAGE.to_owned())];
            query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
            let page = self.send(self.http.get(self.url(what)).query(&query)).await?;
            let items = page["items"].as_array().ok_or_else(|| unreadable(&page))?;
            // one in another currency is none of ours
            found.extend(items.iter().filter_map(read_one));
            match page["next_cursor"].as_str() {
                Some(next) if !items.is_empty() => cursor = Some(next.to_owned()),
                Some(_) | None => return Ok(found),
            }
        }
    }

    async fn look(&self, path: &[&str; 2]) -> Result<Value, Fault> {
        if !is_id(path[1]) {
            return Err(Fault::Unknown);
        }
        self.send(self.http.get(self.url(&path.join("/")))).await
    }

    async fn send(&self, request: RequestBuilder) -> Result<Value, Fault> {
        let sent = request.basic_auth(&self.shop_id, Some(&self.secret)).send().await;
        let response = sent.map_err(|error| later(reason(error)))?;
        let status = response.status().as_u16();
        let wait = wait_of(&response);
        let body = response.bytes().await.map_err(|error| later(reason(error)))?;
        let told: Value = serde_json::from_slice(&body).unwrap_or_default();
        judge(status, wait, told)
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.api)
    }
}

/// What a status and a body mean.
fn judge(status: u16, wait: Option<Duration>, told: Value) -> Result<Value, Fault> {
    let said = || {
        let text = |key: &str| told[key].as_str().unwrap_or_default();
        let parts = [text("description"), text("code"), text("parameter")];
        let said = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        if said.is_empty() { format!("HTTP {status}") } else { said }
    };
    let asked = told["retry_after"].as_u64().map(Duration::from_millis);
    match status {
        // accepted and not done yet
        202 => Err(Fault::Later { why: said(), wait: asked.or(wait) }),
        200..=299 => Ok(told),
        401 | 403 => Err(Fault::Access(said())),
        404 => Err(Fault::Unknown),
        408 | 429 | 500..=599 => Err(Fault::Later { why: said(), wait: asked.or(wait) }),
        _ => Err(Fault::Refused(said())),
    }
}

fn read<T>(told: Value, read_one: fn(&Value) -> Option<T>) -> Result<T, Fault> {
    read_one(&told).ok_or_else(|| unreadable(&told))
}

/// An answer that cannot be read may come again and be another one.
fn unreadable(told: &Value) -> Fault {
    let kind = told["type"].as_str().or_else(|| told["status"].as_str()).unwrap_or("?");
    later(format!("the answer cannot be read ({kind})"))
}

fn later(why: String) -> Fault {
    Fault::Later { why, wait: None }
}

fn wait_of(response: &Response) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

/// The innermost cause: the outer ones only say that there was one.
fn reason(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
