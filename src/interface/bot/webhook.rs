//! Updates that Telegram brings. Its address and secret are told to Telegram with
//! `setWebhook`, again and again until it has heard, and looked after from then on:
//! somebody else may take the webhook away, or the way to us may break.
//!
//! The [`Door`] is what the HTTP server knows of it: an update goes through when it
//! shows the secret, and is in the store before Telegram hears that it was taken.

use super::dispatch::Intake;
use super::{ALLOWED, ASK, FIRST_PAUSE, LONGEST_PAUSE, pause_or, pay, words};
use crate::engine::inbox::WebhookRecord;
use crate::engine::{Engine, EngineError};
use crate::model::Text;
use crate::outbox::{Client, ClientError};
use crate::store::StoreError;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::hint::black_box;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How often Telegram is asked whether the webhook stands.
const CHECK: Duration = Duration::from_secs(60);
/// What went wrong at the webhook so long ago is over, in seconds.
const RECENT: i64 = 150;
/// Updates that Telegram brings at the same time.
const CONNECTIONS: u32 = 40;

/// Where updates come in by HTTP.
#[derive(Clone)]
pub struct Door {
    secret: Arc<str>,
    /// What is behind it, while it is open.
    inside: Arc<Mutex<Option<Inside>>>,
    /// Updates that are being stored: one that comes twice at the same time.
    storing: Arc<Mutex<HashSet<i64>>>,
}

#[derive(Clone)]
struct Inside {
    engine: Arc<Engine>,
    client: Client,
    intake: Intake,
}

/// What became of an update at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is stored, now or before.
    Stored,
    /// It does not show the secret.
    Stranger,
    /// It is no update.
    Unreadable,
    /// It cannot be stored now; Telegram brings it again.
    Later,
}

impl Door {
    /// A door for those who know the secret.
    pub fn new(secret: &str) -> Self {
        Self { secret: secret.into(), inside: Arc::default(), storing: Arc::default() }
    }

    /// Whether this is the secret, without telling by the time it takes how much
    /// of it is right.
    pub fn knows(&self, shown: Option<&[u8]>) -> bool {
        let (secret, shown) = (self.secret.as_bytes(), shown.unwrap_or_default());
        let differs = secret.iter().zip(shown).fold(0, |sum, (a, b)| black_box(sum | (a ^ b)));
        secret.len() == shown.len() && differs == 0
    }

    /// Takes an update.
    pub async fn take(&self, shown: Option<&[u8]>, body: &[u8]) -> Taken {
        if !self.knows(shown) {
            return Taken::Stranger;
        }
        let Ok(update) = serde_json::from_slice::<Value>(body) else { return Taken::Unreadable };
        let Some(id) = update["update_id"].as_i64() else { return Taken::Unreadable };
        let Some(inside) = self.inside() else { return Taken::Later };
        if inside.engine.watch_arming().borrow().is_clone() || !self.storing().insert(id) {
            return Taken::Later;
        }
        pay::answer_checkouts(&inside.engine, &inside.client, std::slice::from_ref(&update));
        let stored = inside.intake.deliver(id, &update, update.to_string().as_bytes()).await;
        self.storing().remove(&id);
        match stored {
            Ok(()) => Taken::Stored,
            Err(EngineError::Store(StoreError::Closed)) => Taken::Later,
            Err(error) => {
                tracing::error!(%error, "an update from Telegram waits there");
                Taken::Later
            }
        }
    }

    fn inside(&self) -> Option<Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn storing(&self) -> std::sync::MutexGuard<'_, HashSet<i64>> {
        self.storing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, inside: Option<Inside>) {
        *self.inside.lock().unwrap_or_else(PoisonError::into_inner) = inside;
    }
}

/// The secret of this engine's webhook: drawn once, then kept.
pub fn secret(engine: &Engine) -> Result<String, SecretError> {
    let record = engine.webhook()?;
    if let Some(secret) = record.secret {
        return Ok(secret);
    }
    let mut bytes = [0; 32];
    std::fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes))?;
    let secret: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    engine.keep_webhook(&WebhookRecord { secret: Some(secret.clone()), ..record })?;
    Ok(secret)
}

/// Whether Telegram takes a text as a secret.
pub fn is_secret(text: &str) -> bool {
    (1..=256).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-'))
}

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The store.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The system has no random numbers.
    #[error("no random numbers: {0}")]
    Random(#[from] std::io::Error),
}

/// Keeps the webhook set and the door open until `stop` says so. While the engine
/// may be a clone it does neither: the updates are another engine's.
pub async fn run(
    engine: Arc<Engine>,
    client: Client,
    door: Door,
    intake: Intake,
    mut stop: watch::Receiver<bool>,
) -> Result<(), EngineError> {
    door.open(Some(Inside { engine: engine.clone(), client: client.clone(), intake }));
    let mut arming = engine.watch_arming();
    let (mut is_set, mut pause) = (false, FIRST_PAUSE);
    while !*stop.borrow() {
        if arming.borrow_and_update().is_clone() {
            is_set = false;
            tokio::select! {
                _ = stop.changed() => break,
                _ = arming.changed() => continue,
            }
        }
        let kept = tokio::select! {
            _ = stop.changed() => break,
            kept = keep(&engine, &client, &door, is_set) => kept,
        };
        is_set = kept.is_ok();
        let wait = match kept {
            Ok(trouble) => {
                engine.note_silence(trouble);
                pause = FIRST_PAUSE;
                CHECK
            }
            Err(error) => {
                let wait = pause_or(&error, pause);
                tracing::warn!(%error, seconds = wait.as_secs(), "the webhook is not set; trying again");
                engine.note_silence(Some(words(&error)));
                pause = (pause * 2).min(LONGEST_PAUSE);
                wait
            }
        };
        tokio::select! {
            _ = stop.changed() => break,
            _ = arming.changed() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
    door.open(None);
    Ok(())
}

/// Sets the webhook if it does not stand; what Telegram says is wrong with it.
async fn keep(engine: &Engine, client: &Client, door: &Door, is_set: bool) -> Result<Option<Text>, ClientError> {
    let unusable = |error: EngineError| ClientError::Setup(error.to_string());
    let url = engine.live.current().settings.telegram.webhook_url.clone().unwrap_or_default();
    if is_set {
        let info = client.ask("getWebhookInfo", &json!({}), ASK).await?;
        if info["url"] == url {
            return Ok(trouble(&info, engine.clock.now().0.div_euclid(1_000)));
        }
        tracing::warn!("somebody has taken the webhook away; it is set again");
    }
    let body = json!({
        "url": url, "secret_token": &*door.secret, "allowed_updates": ALLOWED, "max_connections": CONNECTIONS,
    });
    // it is noted first: a webhook that stands and nobody knows of would end polling
    let record = engine.webhook().map_err(unusable)?;
    engine.note_webhook(&WebhookRecord { url: Some(url.clone()), ..record }).await.map_err(unusable)?;
    client.ask("setWebhook", &body, ASK).await?;
    tracing::info!(url, "Telegram brings updates");
    Ok(None)
}

/// Why updates do not arrive, by what Telegram says.
fn trouble(info: &Value, now: i64) -> Option<Text> {
    let is_recent = info["last_error_date"].as_i64().is_some_and(|at| now - at < RECENT);
    let waiting = info["pending_update_count"].as_u64().unwrap_or_default();
    let said = info["last_error_message"].as_str().filter(|_| is_recent && waiting > 0)?;
    Some(Text::new(
        format!("Telegram cannot bring them to the webhook: {said} (waiting: {waiting})"),
        format!("Telegram не может доставить их на вебхук: {said} (ждут: {waiting})"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_secret_opens() {
        let door = Door::new("abc-1");
        let rows = [
            (Some("abc-1"), true),
            (Some("abc-2"), false),
            (Some("abc-"), false),
            (Some("abc-11"), false),
            (Some(""), false),
            (None, false),
        ];
        for (shown, expected) in rows {
            assert_eq!(door.knows(shown.map(str::as_bytes)), expected, "{shown:?}");
        }
    }

    #[test]
    fn secrets_are_what_telegram_takes() {
        for (text, expected) in
            [("a_B-9", true), ("", false), ("a b", false), ("ключ", false), (&"x".repeat(257), false)]
        {
            assert_eq!(is_secret(text), expected, "{text}");
        }
    }

    #[test]
    fn old_troubles_are_over() {
        let info = |at: i64, waiting: u64| json!({"last_error_date": at, "last_error_message": "no", "pending_update_count": waiting});
        for (info, expected) in [
            (info(900, 3), true),
            (info(800, 3), false),
            (info(900, 0), false),
            (json!({"pending_update_count": 3}), false),
        ] {
            assert_eq!(trouble(&info, 1_000).is_some(), expected, "{info}");
        }
    }
}
