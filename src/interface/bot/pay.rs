//! Payments through Telegram: the question before one is answered at once, what
//! was paid and given back is recorded.
//!
//! The question waits for nothing: not for updates before it, not for the
//! store, not for the limits of messages. Telegram gives ten seconds.

use crate::engine::inbox::Handled;
use crate::engine::payments::{Paid, Part, Payment, Question, Refunded, STARS, Source};
use crate::engine::{Engine, EngineError};
use crate::model::{Time, UserId};
use crate::outbox::{Client, ClientError};
use crate::rulebook::offer::Ticket;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use teloxide::types::{Message, MessageKind};

/// One attempt to answer; two fit into Telegram's ten seconds.
const ANSWER: Duration = Duration::from_secs(4);

/// Answers the questions before payments that are among these updates.
pub fn answer_checkouts(engine: &Arc<Engine>, client: &Client, updates: &[Value]) {
    for query in updates.iter().filter_map(|update| update.get("pre_checkout_query")) {
        let Some((id, question)) = question(query) else { continue };
        let (engine, client) = (engine.clone(), client.clone());
        tokio::spawn(async move {
            // the audience may be busy for a moment: not on a worker of the runtime
            let judged = tokio::task::spawn_blocking(move || engine.judge_checkout(&question)).await;
            let body = match judged {
                Ok(Ok(Ok(()))) => json!({ "pre_checkout_query_id": id, "ok": true }),
                Ok(Ok(Err(why))) => json!({ "pre_checkout_query_id": id, "ok": false, "error_message": why }),
                // Telegram itself tells the user that the bot did not answer
                Ok(Err(error)) => return tracing::error!(%error, "a payment cannot be judged"),
                Err(error) => return tracing::error!(%error, "a payment cannot be judged"),
            };
            if let Err(error) = answer(&client, &body).await {
                tracing::error!(%error, "the question before a payment was not answered in time");
            }
        });
    }
}

async fn answer(client: &Client, body: &Value) -> Result<Value, ClientError> {
    match client.ask("answerPreCheckoutQuery", body, ANSWER).await {
        Err(ClientError::Unreachable { .. }) => client.ask("answerPreCheckoutQuery", body, ANSWER).await,
        answered => answered,
    }
}

fn question(query: &Value) -> Option<(String, Question)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let question = Question {
        user: UserId(query["from"]["id"].as_i64()?),
        language: text(&query["from"]["language_code"]),
        payload: text(&query["invoice_payload"])?,
        currency: text(&query["currency"])?,
        amount: query["total_amount"].as_i64()?,
    };
    Some((text(&query["id"])?, question))
}

/// Whether a message tells of a payment, whoever wrote it and wherever.
pub fn tells_of_payment(message: &Message) -> bool {
    matches!(message.kind, MessageKind::SuccessfulPayment(_) | MessageKind::RefundedPayment(_))
}

/// What a message about a payment comes to.
pub fn on_payment(engine: &Engine, message: &Message, handled: &mut Handled) -> Result<(), EngineError> {
    let Some(from) = &message.from else { return Ok(()) };
    let at = Time(message.date.timestamp_millis()).min(engine.clock.now());
    let part = match &message.kind {
        MessageKind::SuccessfulPayment(told) => {
            let told = &told.successful_payment;
            let ticket = Ticket::parse(&told.invoice_payload);
            engine.stage_payment(&Paid {
                user: UserId(from.id.0.cast_signed()),
                source: if told.currency == STARS { Source::Stars } else { Source::TelegramProvider },
                product: ticket.as_ref().map(|ticket| ticket.product.clone()),
                currency: told.currency.clone(),
                amount: told.total_amount.into(),
                payload: told.invoice_payload.clone(),
                telegram_charge: Some(told.telegram_payment_charge_id.0.clone()),
                provider_charge: Some(told.provider_payment_charge_id.clone()).filter(|id| !id.is_empty()),
                at,
                discount_percent: ticket.map_or(0, |ticket| ticket.percent),
                order: None,
            })?
        }
        MessageKind::RefundedPayment(told) => {
            let told = &told.refunded_payment;
            match engine.payment_of_charge(&told.telegram_payment_charge_id.0)? {
                Some(Payment { id, .. }) => {
                    let amount = Some(told.total_amount.into());
                    engine.stage_refund(&Refunded { payment: id, amount, at, id: None })?
                }
                None => {
                    tracing::warn!("Telegram has refunded a payment that was never recorded");
                    None
                }
            }
        }
        _ => None,
    };
    if let Some(Part { records, patches, events, .. }) = part {
        handled.records.ops.extend(records.ops);
        handled.patches.extend(patches);
        handled.events.extend(events);
    }
    Ok(())
}
