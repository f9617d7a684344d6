//! The bot: updates come in, are stored, and are handled one by one.
//!
//! Polling is our own: an update is in the store before Telegram is told that
//! it may forget it, which no dispatcher offers. `teloxide` reads the updates;
//! one that it cannot read is kept apart and counted.

mod admin;
mod approve;
mod handle;
mod pay;

use crate::engine::{Engine, EngineError};
use crate::model::Text;
use crate::outbox::{Client, ClientError};
use crate::store::StoreError;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use teloxide::types::{Update, UpdateKind};
use tokio::sync::watch;

/// Seconds for which Telegram holds a `getUpdates` that has nothing to say.
const LONG_POLL: u64 = 50;
const ASK: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How long a full disk is given to get room.
const FULL_PAUSE: Duration = Duration::from_secs(5);

/// The bot as Telegram knows it.
#[derive(Clone, Debug)]
pub struct Me {
    /// Its user name, without `@`.
    pub username: String,
}

/// Asks Telegram who the bot is.
pub async fn get_me(client: &Client) -> Result<Me, ClientError> {
    let me = client.ask("getMe", &json!({}), ASK).await?;
    Ok(Me { username: me["username"].as_str().unwrap_or_default().to_owned() })
}

/// Makes Telegram forget the updates it has kept for the bot.
pub async fn drop_pending(client: &Client) -> Result<(), ClientError> {
    client.ask("deleteWebhook", &json!({"drop_pending_updates": true}), ASK).await.map(drop)
}

/// Receives and handles updates until `stop` says so. Ends early only when the
/// store cannot be used. While the engine may be a clone it receives nothing:
/// two who ask with one token take each other's updates away.
pub async fn run(engine: Arc<Engine>, client: Client, mut stop: watch::Receiver<bool>) -> Result<(), EngineError> {
    let mut arming = engine.watch_arming();
    let mut bot = Bot { engine, client, me: None, behind: false };
    let mut pause = FIRST_PAUSE;
    while !*stop.borrow() {
        if arming.borrow_and_update().is_clone() {
            tokio::select! {
                _ = stop.changed() => return Ok(()),
                _ = arming.changed() => continue,
            }
        }
        let received = tokio::select! {
            _ = stop.changed() => return Ok(()),
            received = bot.receive() => received,
        };
        let wait = match received {
            Ok(updates) => {
                pause = FIRST_PAUSE;
                bot.engine.note_silence(None);
                bot.take_or_wait(updates).await?
            }
            Err(error) => {
                let wait = retry_after(&error).unwrap_or(pause);
                tracing::warn!(%error, seconds = wait.as_secs(), "no updates from Telegram; trying again");
                pause = (pause * 2).min(LONGEST_PAUSE);
                bot.engine.note_silence(Some(words(&error)));
                Some(wait)
            }
        };
        if let Some(wait) = wait {
            tokio::select! {
                _ = stop.changed() => return Ok(()),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
    Ok(())
}

struct Bot {
    engine: Arc<Engine>,
    client: Client,
    me: Option<Me>,
    /// Whether updates are stored that a full disk kept from being handled.
    behind: bool,
}

impl Bot {
    async fn receive(&mut self) -> Result<Vec<Value>, ClientError> {
        if self.behind {
            return Ok(Vec::new());
        }
        if self.me.is_none() {
            let me = get_me(&self.client).await?;
            tracing::info!(bot = %me.username, "connected to Telegram");
            self.me = Some(me);
        }
        let offset = self.engine.update_offset().map_err(|e| ClientError::Setup(e.to_string()))?;
        let body = json!({
            "offset": offset, "limit": 100, "timeout": LONG_POLL,
            "allowed_updates": ["message", "callback_query", "my_chat_member", "pre_checkout_query"],
        });
        let timeout = Duration::from_secs(LONG_POLL) + ASK;
        match self.client.ask("getUpdates", &body, timeout).await? {
            Value::Array(updates) => Ok(updates),
            _ => Ok(Vec::new()),
        }
    }

    /// Takes the updates; if the disk is full, says how long to wait before
    /// trying again. Nothing is lost meanwhile: an update is in the store, or
    /// Telegram still has it.
    async fn take_or_wait(&mut self, updates: Vec<Value>) -> Result<Option<Duration>, EngineError> {
        let taken = self.take(updates).await;
        self.behind = taken.is_err();
        match taken {
            Ok(()) => Ok(None),
            Err(EngineError::Store(error @ StoreError::Full { .. })) => {
                tracing::error!(%error, "updates from Telegram wait");
                Ok(Some(FULL_PAUSE))
            }
            Err(error) => Err(error),
        }
    }

    /// Stores what came, then handles it and whatever an earlier process left.
    async fn take(&mut self, updates: Vec<Value>) -> Result<(), EngineError> {
        pay::answer_checkouts(&self.engine, &self.client, &updates);
        let numbered = |update: &Value| Some((update["update_id"].as_i64()?, update.to_string().into_bytes()));
        let stored: Vec<_> = updates.iter().filter_map(numbered).collect();
        if !stored.is_empty() {
            self.engine.store_updates(&stored).await?;
        }
        for (id, raw) in self.engine.pending_updates()? {
            match serde_json::from_slice::<Update>(&raw) {
                Ok(Update { kind: UpdateKind::Error(_), .. }) => self.set_aside(id, &raw, "unknown kind").await?,
                Ok(update) => self.finish(id, &raw, update).await?,
                Err(error) => self.set_aside(id, &raw, &error.to_string()).await?,
            }
        }
        Ok(())
    }

    /// Handles one update. One that cannot be handled for what it is, and not
    /// for the state of the disk, is kept apart: it must not come up again at
    /// every start.
    async fn finish(&self, id: i64, raw: &[u8], update: Update) -> Result<(), EngineError> {
        let username = self.me.as_ref().map_or_else(String::new, |me| me.username.clone());
        let (engine, mut press) = (self.engine.clone(), press_of(&update));
        let mut shows = Vec::new();
        // it reads the store, for `/status` all of it: not on a worker of the runtime
        let handled = tokio::task::spawn_blocking(move || handle::handle(&engine, &update, &username)).await;
        let finished = match handled {
            Ok(Ok(mut handled)) => {
                shows = std::mem::take(&mut handled.shows);
                self.engine.finish_update(id, handled).await
            }
            Ok(Err(error)) => Err(error),
            Err(bug) if bug.is_panic() => return self.set_aside(id, raw, &bug.to_string()).await,
            // the runtime is ending; the update is there at the next start
            Err(_) => return Ok(()),
        };
        match finished {
            Ok(()) => {
                if shows.iter().any(|call| call.method == "answerCallbackQuery") {
                    press = None;
                }
                admin::show(&self.client, shows).await;
                self.answer_press(press);
                Ok(())
            }
            Err(EngineError::Store(error @ StoreError::Damaged { .. })) => {
                self.set_aside(id, raw, &error.to_string()).await
            }
            Err(error) => Err(error),
        }
    }

    /// Ends the waiting sign on a button that was pressed. Only the press needs
    /// it, and only now: it is not worth a durable row, and nothing waits for it.
    fn answer_press(&self, press: Option<String>) {
        if let Some(press) = press {
            let (client, body) = (self.client.clone(), json!({ "callback_query_id": press }));
            tokio::spawn(async move {
                if let Err(error) = client.ask("answerCallbackQuery", &body, ASK).await {
                    tracing::debug!(%error, "a pressed button was not answered");
                }
            });
        }
    }

    async fn set_aside(&self, id: i64, raw: &[u8], why: &str) -> Result<(), EngineError> {
        tracing::warn!(update = id, why, "an update cannot be read; it is kept apart");
        self.engine.set_aside(id, raw).await
    }
}

fn press_of(update: &Update) -> Option<String> {
    match &update.kind {
        UpdateKind::CallbackQuery(query) => Some(query.id.0.clone()),
        _ => None,
    }
}

fn retry_after(error: &ClientError) -> Option<Duration> {
    match error {
        ClientError::Refused { retry_after: Some(seconds), .. } => Some(Duration::from_secs(*seconds)),
        _ => None,
    }
}

fn words(error: &ClientError) -> Text {
    let ru = match error {
        ClientError::Unreachable { api, reason } => format!("Bot API по адресу {api} недоступен: {reason}"),
        ClientError::Token(said) => format!("токен бота не принят: {said}"),
        ClientError::Refused { code, text, .. } => format!("ответ {code}: {text}"),
        ClientError::Setup(reason) => format!("соединение не настроить: {reason}"),
    };
    Text::new(error.to_string(), ru)
}
