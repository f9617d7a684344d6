//! `getUpdates`: waits for updates, confirms the ones before, and lets only
//! one poller wait at a time.

use crate::sandbox::answer::Refusal;
use crate::sandbox::handle::Sandbox;
use crate::sandbox::params::Params;
use crate::sandbox::webhook::allowed_updates;
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// The longest wait, in seconds.
const MAX_TIMEOUT: i64 = 50;

pub(super) async fn get_updates(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    let limit = params.int("limit").filter(|limit| (1..=100).contains(limit)).unwrap_or(100);
    let limit = usize::try_from(limit).unwrap_or(100);
    let seconds = params.int("timeout").unwrap_or(0).clamp(0, MAX_TIMEOUT);
    let until = Instant::now() + Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    let allowed = allowed_updates(params)?;
    let mine = sandbox.with(|world, _| {
        world.updates.poll += 1;
        if world.webhook.is_none() {
            world.updates.confirm(params.int("offset").unwrap_or(0));
            if let Some(kinds) = allowed {
                world.updates.allow(kinds);
            }
        }
        world.updates.poll
    });
    sandbox.shared.news.notify_waiters();
    loop {
        let mut news = std::pin::pin!(sandbox.shared.news.notified());
        news.as_mut().enable();
        let ready = sandbox.with(|world, stamp| {
            world.updates.expire(stamp.at);
            if world.webhook.is_some() {
                return Err(Refusal::conflict(
                    "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
                ));
            }
            if world.updates.poll != mine {
                return Err(Refusal::conflict(
                    "terminated by other getUpdates request; make sure that only one bot instance is running",
                ));
            }
            Ok(world.updates.peek(limit))
        })?;
        if !ready.is_empty() {
            return Ok(ready.iter().map(|update| Value::clone(update)).collect());
        }
        if tokio::time::timeout_at(until, news).await.is_err() {
            return Ok(Value::Array(Vec::new()));
        }
    }
}
