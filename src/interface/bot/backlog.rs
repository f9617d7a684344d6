//! What happens at Telegram before updates come in: a webhook of ours that is not
//! wanted any more is taken away, and what has piled up is skipped where the
//! settings ask for it.
//!
//! Telegram could drop the pile itself, and payments with it. So it is fetched:
//! what tells of money is kept, and a question before a payment is answered.

use super::{ALLOWED, ASK, FIRST_PAUSE, LONGEST_PAUSE, pause_or, pay, words};
use crate::engine::inbox::WebhookRecord;
use crate::engine::{Engine, EngineError};
use crate::model::Text;
use crate::outbox::{Client, ClientError};
use crate::rulebook::Role;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::watch;

const BATCH: usize = 100;

/// Makes Telegram ready, however long that takes; whether it is, or was told to
/// stop.
pub async fn prepare(
    engine: &Arc<Engine>,
    client: &Client,
    by_webhook: bool,
    stop: &mut watch::Receiver<bool>,
) -> bool {
    let mut pause = FIRST_PAUSE;
    while !*stop.borrow() {
        let ready = tokio::select! {
            _ = stop.changed() => return false,
            ready = make_ready(engine, client, by_webhook) => ready,
        };
        let Err(error) = ready else { return true };
        let wait = pause_or(&error, pause);
        tracing::warn!(%error, seconds = wait.as_secs(), "Telegram is not ready for updates; trying again");
        engine.note_silence(Some(words(&error)));
        pause = (pause * 2).min(LONGEST_PAUSE);
        tokio::select! {
            _ = stop.changed() => return false,
            () = tokio::time::sleep(wait) => {}
        }
    }
    false
}

async fn make_ready(engine: &Arc<Engine>, client: &Client, by_webhook: bool) -> Result<(), ClientError> {
    let drops = engine.live.current().settings.telegram.drop_pending;
    let was = engine.webhook().map_err(unusable)?;
    if drops || (was.url.is_some() && !by_webhook) {
        client.ask("deleteWebhook", &json!({}), ASK).await?;
        engine.note_webhook(&WebhookRecord { url: None, ..was }).await.map_err(unusable)?;
    }
    if drops {
        skip(engine, client).await?;
    }
    if by_webhook {
        confirm(engine, client).await?;
    }
    Ok(())
}

/// Skips what waits at Telegram, but no payments.
async fn skip(engine: &Arc<Engine>, client: &Client) -> Result<(), ClientError> {
    let (mut skipped, mut kept) = (0, 0);
    loop {
        let offset = engine.update_offset().map_err(unusable)?;
        let body = json!({"offset": offset, "limit": BATCH, "timeout": 0, "allowed_updates": ALLOWED});
        let Value::Array(updates) = client.ask("getUpdates", &body, ASK).await? else { break };
        let Some(last) = updates.iter().filter_map(|update| update["update_id"].as_i64()).max() else { break };
        pay::answer_checkouts(engine, client, &updates);
        let numbered = |update: &Value| Some((update["update_id"].as_i64()?, update.to_string().into_bytes()));
        let payments: Vec<_> = updates.iter().filter(|update| is_about_money(update)).filter_map(numbered).collect();
        engine.store_up_to(&payments, Some(last + 1)).await.map_err(unusable)?;
        kept += payments.len();
        skipped += updates.len() - payments.len();
        // new ones come in all the time: those that came before the start are through
        if updates.len() < BATCH {
            break;
        }
    }
    if skipped == 0 {
        return Ok(());
    }
    tracing::warn!(skipped, kept, "updates that came while the engine was down were skipped; payments are kept");
    let text = Text::new(
        format!("Skipped {skipped} updates that came while the engine was down; {kept} about payments are kept."),
        format!("Пропущено обновлений, пришедших, пока движок не работал: {skipped}; о платежах, оставлено: {kept}."),
    );
    engine.tell_admins(Role::Operator, &text).await.map_err(unusable)
}

/// Tells Telegram that it may forget what was asked for and stored, so that the
/// webhook does not bring it again.
async fn confirm(engine: &Engine, client: &Client) -> Result<(), ClientError> {
    let offset = engine.update_offset().map_err(unusable)?;
    if offset == 0 {
        return Ok(());
    }
    let body = json!({"offset": offset, "limit": 1, "timeout": 0, "allowed_updates": ALLOWED});
    match client.ask("getUpdates", &body, ASK).await {
        // a webhook stands there already: somebody else has asked for the rest
        Ok(_) | Err(ClientError::Refused { code: 409, .. }) => {}
        Err(error) => return Err(error),
    }
    engine.forget_offset().await.map_err(unusable)
}

/// Whether an update, as Telegram wrote it, is about a payment.
fn is_about_money(update: &Value) -> bool {
    let message = &update["message"];
    update.get("pre_checkout_query").is_some()
        || ["successful_payment", "refunded_payment"].iter().any(|key| message.get(key).is_some())
}

fn unusable(error: EngineError) -> ClientError {
    ClientError::Setup(error.to_string())
}
