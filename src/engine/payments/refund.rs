//! Refunds that people ask for. Of Stars Telegram is asked, durably: the wish
//! is a record until Telegram has said yes, over restarts. Money of providers
//! goes back at the provider's; here it is only written down.
//!
//! | key | record |
//! | --- | --- |
//! | `$r` + number | since when the payment's refund is asked for |

use super::{Payment, Refunded, Source, Status};
use crate::engine::{Engine, EngineError};
use crate::model::{Text, Time, TimeDelta};
use crate::outbox::{Client, ClientError};
use crate::rulebook::Role;
use crate::store::{Batch, StoreError, Transaction, decode, encode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

const ASKED: &[u8] = b"$r";
const VERSION: u8 = 1;
const TIMEOUT: Duration = Duration::from_secs(20);
/// The first pause after an answer that may pass, which doubles.
const PAUSE: TimeDelta = TimeDelta::seconds(5);
const LONGEST: TimeDelta = TimeDelta::minutes(30);

/// What came of asking for a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundAnswer {
    /// Telegram will be asked; an engine is running.
    Asked,
    /// Telegram will be asked once an engine runs.
    Waiting,
    /// It is written down.
    Recorded,
}

/// Why there is no refund.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefundError {
    /// There is no such payment.
    #[error("there is no payment {0}")]
    Unknown(u64),
    /// Nothing of it is left, or nothing was paid.
    #[error("payment {id} is {}", .status.as_str())]
    Status {
        /// The payment.
        id: u64,
        /// How it stands.
        status: Status,
    },
    /// Telegram has no refund of it.
    #[error("payment {id} is not refunded through Telegram")]
    Elsewhere {
        /// The payment.
        id: u64,
        /// Who has the money.
        taken_by: Source,
        /// The provider's id.
        provider_charge: Option<String>,
    },
    /// Everything else.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Carries refunds out while an engine runs.
pub struct Refunds {
    engine: Arc<Engine>,
    client: Client,
    /// Not before that moment, after so many attempts.
    later: BTreeMap<u64, (Time, u32)>,
}

/// What an attempt came to.
enum Attempt {
    /// Telegram gave it back, now or before.
    Done,
    /// It may come later.
    Later(Option<TimeDelta>, Text),
    /// It never will.
    Never(Text),
}

impl Engine {
    /// Asks for a refund of all that is left of a payment, or writes down that
    /// it was made elsewhere.
    pub fn refund_payment(&self, id: u64, recorded: bool) -> Result<RefundAnswer, RefundError> {
        let payment = Payment::read(&*self.store, id).map_err(EngineError::from)?.ok_or(RefundError::Unknown(id))?;
        match payment.status {
            Status::Succeeded | Status::PartiallyRefunded => {}
            status @ (Status::Pending | Status::Refunded | Status::Canceled) => {
                return Err(RefundError::Status { id, status });
            }
        }
        if recorded {
            self.record_refund(&Refunded { payment: id, amount: None, at: self.clock.now(), id: None })?;
            return Ok(RefundAnswer::Recorded);
        }
        match payment.source {
            Source::Stars => {
                let mut batch = Batch::new();
                batch.put(asked_key(id), encode(VERSION, &self.clock.now()).map_err(EngineError::from)?);
                self.writer.commit(Transaction::batch(batch)).map_err(EngineError::from)?;
                Ok(if self.outbox().is_some() { RefundAnswer::Asked } else { RefundAnswer::Waiting })
            }
            source @ (Source::TelegramProvider | Source::YooKassa | Source::Manual) => {
                Err(RefundError::Elsewhere { id, taken_by: source, provider_charge: payment.provider_charge })
            }
        }
    }

    /// Refunds that are asked for, the oldest payment first.
    pub fn asked_refunds(&self) -> Result<Vec<(u64, Time)>, EngineError> {
        let mut asked = Vec::new();
        for pair in self.store.scan(ASKED, b"") {
            let (key, bytes) = pair?;
            let id = key.last_chunk::<8>().map(|id| u64::from_be_bytes(*id));
            let id = id.ok_or_else(|| StoreError::Damaged { what: "the key of a refund".into() })?;
            asked.push((id, decode(VERSION, &bytes, "a refund that is asked for")?));
        }
        Ok(asked)
    }

    /// Ends a wish, with the refund if there was one.
    fn end_refund(&self, id: u64, is_done: bool) -> Result<(), EngineError> {
        let _one_at_a_time = self.paying.lock().unwrap_or_else(PoisonError::into_inner);
        let refunded = Refunded { payment: id, amount: None, at: self.clock.now(), id: None };
        let part = if is_done { self.stage_refund(&refunded)? } else { None };
        let mut transaction = part.map(Transaction::from).unwrap_or_default();
        transaction.batch.delete(asked_key(id));
        self.writer.commit(transaction)?;
        Ok(())
    }
}

impl Refunds {
    /// Refunds of an engine through its bot.
    pub fn new(engine: Arc<Engine>, client: Client) -> Self {
        Self { engine, client, later: BTreeMap::new() }
    }

    /// Asks Telegram for what is due.
    pub async fn run(&mut self) -> Result<(), EngineError> {
        if self.engine.outbox().is_none() || !self.engine.arming.borrow().is_armed() {
            return Ok(());
        }
        let now = self.engine.clock.now();
        for (id, _) in self.engine.asked_refunds()? {
            if self.later.get(&id).is_some_and(|(due, _)| *due > now) {
                continue;
            }
            let attempt = match Payment::read(&*self.engine.store, id)? {
                Some(payment) if payment.status == Status::Succeeded => self.ask(&payment).await,
                // given back meanwhile, by somebody else
                Some(_) | None => Attempt::Done,
            };
            self.settle(id, attempt).await?;
        }
        Ok(())
    }

    async fn ask(&self, payment: &Payment) -> Attempt {
        let body = json!({
            "user_id": payment.user.0,
            "telegram_payment_charge_id": payment.telegram_charge.as_deref().unwrap_or_default(),
        });
        match self.client.ask("refundStarPayment", &body, TIMEOUT).await {
            Ok(_) => Attempt::Done,
            Err(ClientError::Refused { text, .. }) if text.contains("CHARGE_ALREADY_REFUNDED") => Attempt::Done,
            Err(ClientError::Refused { retry_after: Some(seconds), text, .. }) => {
                let wait = i64::try_from(seconds).map(TimeDelta::seconds).unwrap_or(LONGEST);
                Attempt::Later(Some(wait), Text::same(text))
            }
            Err(ClientError::Refused { code: 400..500, text, .. }) => Attempt::Never(Text::same(text)),
            Err(error) => Attempt::Later(None, Text::same(error.to_string())),
        }
    }

    async fn settle(&mut self, id: u64, attempt: Attempt) -> Result<(), EngineError> {
        let is_done = match attempt {
            Attempt::Later(wait, why) => {
                let tries = self.later.get(&id).map_or(0, |(_, tries)| *tries);
                let pause = TimeDelta((PAUSE.0 << tries.min(16)).min(LONGEST.0)).max(wait.unwrap_or_default());
                tracing::warn!(payment = id, "a refund is tried again later: {}", why.en);
                self.later.insert(id, (self.engine.clock.now() + pause, tries + 1));
                return Ok(());
            }
            Attempt::Done => true,
            Attempt::Never(why) => {
                let text = Text::new(
                    format!("Payment {id} was not refunded. Telegram says: {}", why.en),
                    format!("Платёж {id} не возвращён. Ответ Telegram: {}", why.ru),
                );
                self.engine.tell_admins(Role::Operator, &text).await?;
                false
            }
        };
        self.later.remove(&id);
        let engine = self.engine.clone();
        let ended = tokio::task::spawn_blocking(move || engine.end_refund(id, is_done)).await;
        ended.unwrap_or(Ok(()))
    }
}

impl RefundError {
    /// The sentence for people, with advice.
    pub fn text(&self) -> Text {
        match self {
            Self::Unknown(id) => Text::new(
                format!("there is no payment {id}; `vestnik payments list` shows them"),
                format!("платежа {id} нет; `vestnik payments list` покажет все"),
            ),
            Self::Status { id, status } => {
                let (en, ru) = match status {
                    Status::Pending | Status::Canceled => ("was never paid", "не оплачен"),
                    Status::Succeeded | Status::PartiallyRefunded | Status::Refunded => {
                        ("is refunded already", "уже возвращён")
                    }
                };
                Text::new(format!("payment {id} {en}"), format!("платёж {id} {ru}"))
            }
            Self::Elsewhere { id, taken_by, provider_charge } => {
                let charge = provider_charge.as_deref().unwrap_or("—");
                let (en, ru) = match taken_by {
                    Source::Stars | Source::TelegramProvider => ("at the payment provider", "у платёжного провайдера"),
                    Source::YooKassa => ("in YooKassa", "в ЮKassa"),
                    Source::Manual => ("where it was paid", "там, где платили"),
                };
                Text::new(
                    format!(
                        "Telegram does not refund payment {id}: give the money back {en} (its id there: {charge}), then \
                         write it down with `vestnik payments refund {id} --recorded`"
                    ),
                    format!(
                        "платёж {id} Telegram не возвращает: верните деньги {ru} (номер там: {charge}), затем запишите \
                         это: `vestnik payments refund {id} --recorded`"
                    ),
                )
            }
            Self::Engine(error) => error.text(),
        }
    }
}

fn asked_key(id: u64) -> Vec<u8> {
    [ASKED, &id.to_be_bytes()].concat()
}
