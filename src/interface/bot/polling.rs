//! Asking Telegram for updates, again and again. An update is in the store before
//! the next question tells Telegram that it may forget it.

use super::dispatch::Intake;
use super::{ALLOWED, ASK, FIRST_PAUSE, FULL_PAUSE, LONGEST_PAUSE, pause_or, words};
use crate::engine::{Engine, EngineError};
use crate::outbox::{Client, ClientError};
use crate::store::StoreError;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Seconds for which Telegram holds a `getUpdates` that has nothing to say.
const LONG_POLL: u64 = 50;

/// Receives updates until `stop` says so. While the engine may be a clone it
/// receives nothing: two who ask with one token take each other's updates away.
pub async fn run(
    engine: Arc<Engine>,
    client: Client,
    intake: Intake,
    mut stop: watch::Receiver<bool>,
) -> Result<(), EngineError> {
    let mut arming = engine.watch_arming();
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
            received = receive(&engine, &client) => received,
        };
        let wait = match received {
            Ok(updates) => {
                pause = FIRST_PAUSE;
                engine.note_silence(None);
                tokio::select! {
                    _ = stop.changed() => return Ok(()),
                    taken = take(&intake, &updates) => taken?,
                }
            }
            Err(error) => {
                let wait = pause_or(&error, pause);
                tracing::warn!(%error, seconds = wait.as_secs(), "no updates from Telegram; trying again");
                pause = (pause * 2).min(LONGEST_PAUSE);
                engine.note_silence(Some(words(&error)));
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

async fn receive(engine: &Engine, client: &Client) -> Result<Vec<Value>, ClientError> {
    let offset = engine.update_offset().map_err(|e| ClientError::Setup(e.to_string()))?;
    let body = json!({
        "offset": offset, "limit": 100, "timeout": LONG_POLL,
        "allowed_updates": ALLOWED,
    });
    let timeout = Duration::from_secs(LONG_POLL) + ASK;
    match client.ask("getUpdates", &body, timeout).await? {
        Value::Array(updates) => Ok(updates),
        _ => Ok(Vec::new()),
    }
}

/// Takes the updates; if the disk is full, says how long to wait before asking
/// again. Nothing is lost meanwhile: Telegram still has them.
async fn take(intake: &Intake, updates: &[Value]) -> Result<Option<Duration>, EngineError> {
    match intake.accept(updates).await {
        Ok(()) => Ok(None),
        Err(EngineError::Store(error @ StoreError::Full { .. })) => {
            tracing::error!(%error, "updates from Telegram wait");
            Ok(Some(FULL_PAUSE))
        }
        Err(error) => Err(error),
    }
}
