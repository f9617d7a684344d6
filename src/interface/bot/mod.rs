//! The bot: updates come in, are stored, and are handled, those of one chat in
//! order and different chats at the same time.
//!
//! Polling is our own: an update is in the store before Telegram is told that
//! it may forget it, which no dispatcher offers. `teloxide` reads the updates;
//! one that it cannot read is kept apart and counted.

mod admin;
mod approve;
mod backlog;
mod commands;
pub mod dispatch;
mod handle;
mod order;
mod pay;
mod polling;
#[cfg(test)]
mod tests;
pub mod webhook;

use crate::engine::{Engine, EngineError};
use crate::model::Text;
use crate::outbox::{Client, ClientError};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The updates that the bot wants.
const ALLOWED: [&str; 4] = ["message", "callback_query", "my_chat_member", "pre_checkout_query"];
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

/// Receives and handles updates until `stop` says so. Ends early only when the
/// store cannot be used. Those that Telegram brings come in at `door`.
pub async fn run(
    engine: Arc<Engine>,
    client: Client,
    door: Option<webhook::Door>,
    mut stop: watch::Receiver<bool>,
) -> Result<(), EngineError> {
    let Some(me) = connect(&engine, &client, &mut stop).await else { return Ok(()) };
    if !backlog::prepare(&engine, &client, door.is_some(), &mut stop).await {
        return Ok(());
    }
    let (intake, dispatcher) = dispatch::open(&engine, &client, me);
    let commands = commands::keep(engine.clone(), client.clone(), stop.clone());
    let dispatched = dispatcher.run(stop.clone());
    match door {
        None => {
            let polling = polling::run(engine, client, intake, stop);
            tokio::try_join!(polling, dispatched, commands).map(drop)
        }
        Some(door) => {
            let brought = webhook::run(engine, client, door, intake, stop);
            tokio::try_join!(brought, dispatched, commands).map(drop)
        }
    }
}

/// Finds out who the bot is, however long that takes; nothing if it was told to
/// stop. While the engine may be a clone it does not ask.
async fn connect(engine: &Engine, client: &Client, stop: &mut watch::Receiver<bool>) -> Option<Me> {
    let mut arming = engine.watch_arming();
    let mut pause = FIRST_PAUSE;
    while !*stop.borrow() {
        if arming.borrow_and_update().is_clone() {
            tokio::select! {
                _ = stop.changed() => return None,
                _ = arming.changed() => continue,
            }
        }
        let known = tokio::select! {
            _ = stop.changed() => return None,
            known = get_me(client) => known,
        };
        let wait = match known {
            Ok(me) => {
                tracing::info!(bot = %me.username, "connected to Telegram");
                engine.live.name_bot(&me.username);
                return Some(me);
            }
            Err(error) => {
                let wait = pause_or(&error, pause);
                tracing::warn!(%error, seconds = wait.as_secs(), "no updates from Telegram; trying again");
                engine.note_silence(Some(words(&error)));
                wait
            }
        };
        pause = (pause * 2).min(LONGEST_PAUSE);
        tokio::select! {
            _ = stop.changed() => return None,
            () = tokio::time::sleep(wait) => {}
        }
    }
    None
}

/// How long to wait after an error: as long as Telegram says, or `pause`.
fn pause_or(error: &ClientError, pause: Duration) -> Duration {
    match error {
        ClientError::Refused { retry_after: Some(seconds), .. } => Duration::from_secs(*seconds),
        _ => pause,
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
