//! Delivery of updates to the bot's webhook: in order for every chat, side by
//! side for different ones, again and again until the bot takes them.

use crate::sandbox::answer::Refusal;
use crate::sandbox::handle::Sandbox;
use crate::sandbox::params::Params;
use crate::sandbox::updates::Update;
use crate::sandbox::world::World;
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::time::Duration;
use tokio::task::JoinSet;

/// Where updates go.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    pub(crate) url: String,
    secret: Option<String>,
    max_connections: usize,
    number: u64,
    /// When (milliseconds since 1970) and why the newest delivery failed.
    last_error: Option<(i64, String)>,
}

/// The longest pause between two attempts.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// `setWebhook`.
pub(crate) fn set(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    let url = params.text("url").unwrap_or_default();
    if url.is_empty() {
        return Ok(delete(sandbox, params));
    }
    let secret = params.text("secret_token");
    if secret.as_deref().is_some_and(|secret| !is_secret(secret)) {
        return Err(Refusal::bad("secret token contains unallowed characters"));
    }
    if !is_local(&url) {
        return Err(Refusal::bad("bad webhook: the sandbox delivers to addresses of this machine only"));
    }
    let max_connections = params.int("max_connections").unwrap_or(40).clamp(1, 100);
    let allowed = allowed_updates(params)?;
    let number = sandbox.with(|world, _| {
        prepare(world, params, allowed);
        world.webhook_count += 1;
        world.webhook = Some(Webhook {
            url,
            secret,
            max_connections: usize::try_from(max_connections).unwrap_or(40),
            number: world.webhook_count,
            last_error: None,
        });
        world.webhook_count
    });
    sandbox.shared.news.notify_waiters();
    tokio::spawn(pump(sandbox.clone(), number));
    Ok(Value::Bool(true))
}

/// `deleteWebhook`.
pub(crate) fn delete(sandbox: &Sandbox, params: &Params) -> Value {
    sandbox.with(|world, _| {
        world.webhook = None;
        prepare(world, params, None);
    });
    sandbox.shared.news.notify_waiters();
    Value::Bool(true)
}

/// `getWebhookInfo`.
pub(crate) fn info(sandbox: &Sandbox) -> Value {
    sandbox.with(|world, _| {
        let mut object = Map::new();
        let webhook = world.webhook.as_ref();
        object.insert("url".into(), webhook.map(|hook| hook.url.as_str()).unwrap_or_default().into());
        object.insert("has_custom_certificate".into(), false.into());
        object.insert("pending_update_count".into(), world.updates.len().into());
        if let Some(webhook) = webhook {
            object.insert("max_connections".into(), webhook.max_connections.into());
            object.insert("ip_address".into(), "127.0.0.1".into());
            if let Some((at, message)) = &webhook.last_error {
                object.insert("last_error_date".into(), at.div_euclid(1_000).into());
                object.insert("last_error_message".into(), message.as_str().into());
            }
        }
        if let Some(kinds) = world.updates.allowed() {
            object.insert("allowed_updates".into(), kinds.into());
        }
        Value::Object(object)
    })
}

/// The list of update kinds that a request asks for, if it names one.
pub(crate) fn allowed_updates(params: &Params) -> Result<Option<Vec<String>>, Refusal> {
    let Some(list) = params.json("allowed_updates")? else { return Ok(None) };
    let kinds = list.as_array().ok_or_else(|| Refusal::bad("can't parse allowed_updates: Array expected"))?;
    Ok(Some(kinds.iter().filter_map(Value::as_str).map(str::to_owned).collect()))
}

fn prepare(world: &mut World, params: &Params, allowed: Option<Vec<String>>) {
    if params.flag("drop_pending_updates") {
        world.updates.clear();
    }
    if let Some(kinds) = allowed {
        world.updates.allow(kinds);
    }
}

/// Hands out updates until another webhook, or none, is set.
async fn pump(sandbox: Sandbox, number: u64) {
    let client = reqwest::Client::builder().no_proxy().timeout(MAX_PAUSE).redirect(reqwest::redirect::Policy::none());
    let Ok(client) = client.build() else { return };
    let mut busy: HashSet<i64> = HashSet::new();
    let mut deliveries = JoinSet::new();
    loop {
        let mut news = std::pin::pin!(sandbox.shared.news.notified());
        news.as_mut().enable();
        let Some(jobs) = sandbox.with(|world, stamp| {
            world.updates.expire(stamp.at);
            jobs(world, number, &mut busy)
        }) else {
            return;
        };
        for (webhook, update) in jobs {
            deliveries.spawn(deliver(sandbox.clone(), client.clone(), webhook, update));
        }
        tokio::select! {
            () = news => {}
            Some(done) = deliveries.join_next(), if !deliveries.is_empty() => {
                if let Ok(source) = done {
                    busy.remove(&source);
                }
            }
        }
    }
}

/// The oldest update of every chat that has none on its way; `None` when the
/// webhook is no longer this one.
fn jobs(world: &World, number: u64, busy: &mut HashSet<i64>) -> Option<Vec<(Webhook, Update)>> {
    let webhook = world.webhook.as_ref().filter(|webhook| webhook.number == number)?;
    let mut jobs = Vec::new();
    for update in world.updates.iter() {
        if busy.len() >= webhook.max_connections {
            break;
        }
        if busy.insert(update.source) {
            jobs.push((webhook.clone(), update.clone()));
        }
    }
    Some(jobs)
}

/// Delivers one update, however long it takes; answers with its source.
async fn deliver(sandbox: Sandbox, client: reqwest::Client, webhook: Webhook, update: Update) -> i64 {
    let mut pause = Duration::from_secs(1);
    loop {
        let (problem, wait) = match attempt(&client, &webhook, &update).await {
            Ok(()) => break,
            Err(problem) => problem,
        };
        sandbox.with(|world, stamp| {
            if let Some(webhook) = world.webhook.as_mut() {
                webhook.last_error = Some((stamp.at, problem));
            }
        });
        tokio::time::sleep(wait.unwrap_or(pause)).await;
        pause = (pause * 2).min(MAX_PAUSE);
    }
    sandbox.with(|world, _| world.updates.remove(update.id));
    update.source
}

async fn attempt(
    client: &reqwest::Client,
    webhook: &Webhook,
    update: &Update,
) -> Result<(), (String, Option<Duration>)> {
    let mut request = client.post(&webhook.url).json(&*update.body);
    if let Some(secret) = &webhook.secret {
        request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
    }
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(problem) if problem.is_timeout() => return Err(("Read timeout expired".into(), None)),
        Err(_) => return Err(("Connection failed".into(), None)),
    };
    if answer.status().is_success() {
        return Ok(());
    }
    let wait = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    let reason = answer.status().canonical_reason().unwrap_or_default();
    let message = format!("Wrong response from the webhook: {} {reason}", answer.status().as_u16());
    Err((message, wait.map(Duration::from_secs)))
}

fn is_secret(secret: &str) -> bool {
    (1..=256).contains(&secret.len()) && secret.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

fn is_local(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let is_loopback = host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    matches!(url.scheme(), "http" | "https") && (host == "localhost" || is_loopback)
}
