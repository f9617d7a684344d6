//! Payments: recorded once, whoever tells of them, with the event that rules
//! hear of and the discount that they use up, all in one batch.
//!
//! [`Engine::stage_payment`] works out what a payment comes to and is for those
//! who commit something else with it, the update of Telegram say.
//! [`Engine::record_payment`] commits by itself. Both change nothing when the
//! charge is known.

mod checkout;
mod record;
mod refund;
#[cfg(test)]
mod tests;

pub use checkout::Question;
pub use record::{Payment, ROUBLES, Refund, STARS, Source, Status};

pub use refund::{RefundAnswer, RefundError, Refunds};

use super::{Engine, EngineError};
use crate::model::event::LEDGER;
use crate::model::{Delivery, Event, Patch, Profile, Time, UserId, Value};
use crate::outbox::{Cause, Ledger, LedgerId};
use crate::store::history::Span;
use crate::store::{Batch, Transaction};
use std::sync::PoisonError;

/// So many events before a payment are looked at for the mailing that it
/// belongs to.
const LOOKED_AT: usize = 1_000;

/// What is known of money that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paid {
    /// Who paid.
    pub user: UserId,
    /// Who took it.
    pub source: Source,
    /// What was bought.
    pub product: Option<String>,
    /// `RUB`, `XTR`.
    pub currency: String,
    /// Smallest units.
    pub amount: i64,
    /// What the invoice or order said of itself.
    pub payload: String,
    /// Telegram's id.
    pub telegram_charge: Option<String>,
    /// The provider's id.
    pub provider_charge: Option<String>,
    /// When.
    pub at: Time,
    /// The discount that was used.
    pub discount_percent: u8,
    /// The number of the order that it pays, if one was opened.
    pub order: Option<u64>,
}

/// An order that may be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Who may pay.
    pub user: UserId,
    /// Who will take it.
    pub source: Source,
    /// What is bought.
    pub product: Option<String>,
    /// `RUB`, `XTR`.
    pub currency: String,
    /// Smallest units.
    pub amount: i64,
    /// The discount that is used.
    pub discount_percent: u8,
}

/// What is known of money that went back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refunded {
    /// The number of the payment.
    pub payment: u64,
    /// How much; all that is left if absent.
    pub amount: Option<i64>,
    /// When.
    pub at: Time,
    /// The provider's id of the refund; each counts once.
    pub id: Option<String>,
}

/// What a payment or refund comes to: parts of one transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The payment as it is then.
    pub payment: Payment,
    /// Its records.
    pub records: Batch,
    /// Changes of the profile.
    pub patches: Vec<(UserId, Patch)>,
    /// What happened.
    pub events: Vec<Event>,
}

impl From<Part> for Transaction {
    fn from(part: Part) -> Self {
        Self { batch: part.records, patches: part.patches, events: part.events, ..Self::default() }
    }
}

impl Engine {
    /// Opens an order that may be paid.
    pub fn open_order(&self, order: Order) -> Result<Payment, EngineError> {
        let now = self.clock.now();
        let payment = Payment {
            id: self.payment_number()?,
            user: order.user,
            source: order.source,
            product: order.product,
            currency: order.currency,
            amount: order.amount,
            rub_per_star: None,
            payload: String::new(),
            telegram_charge: None,
            provider_charge: None,
            status: Status::Pending,
            created_at: now,
            paid_at: None,
            refunds: Vec::new(),
            first: false,
            user_source: None,
            campaign: None,
            discount_percent: order.discount_percent,
            rulebook: self.live.current().version.clone(),
        };
        self.write_payment(&payment)?;
        Ok(payment)
    }

    /// Notes an order's id at the provider and its payload, or that nobody will
    /// pay it. One that is paid stays as it is.
    pub fn change_order(&self, id: u64, change: impl FnOnce(&mut Payment)) -> Result<Option<Payment>, EngineError> {
        let _one_at_a_time = self.paying.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mut payment) = Payment::read(&*self.store, id)? else { return Ok(None) };
        if payment.status == Status::Pending {
            change(&mut payment);
            self.write_payment(&payment)?;
        }
        Ok(Some(payment))
    }

    /// What a payment comes to; nothing if it is recorded already.
    pub fn stage_payment(&self, paid: &Paid) -> Result<Option<Part>, EngineError> {
        for charge in [&paid.telegram_charge, &paid.provider_charge].into_iter().flatten() {
            let known = Payment::of_charge(&*self.store, charge)?;
            if known.is_some_and(|payment| payment.status.is_paid()) {
                return Ok(None);
            }
        }
        let order = paid.order.map(|id| Payment::read(&*self.store, id)).transpose()?.flatten();
        if order.as_ref().is_some_and(|order| order.status.is_paid()) {
            return Ok(None);
        }
        let rulebook = self.live.current();
        let profile = self.profiles.get(paid.user, &rulebook.schema)?;
        let settings = &rulebook.settings.payments;
        let payment = Payment {
            id: order.as_ref().map_or_else(|| self.payment_number(), |order| Ok(order.id))?,
            user: paid.user,
            source: paid.source,
            product: paid.product.clone(),
            currency: paid.currency.clone(),
            amount: paid.amount,
            rub_per_star: settings.rub_per_star.filter(|_| paid.currency == STARS),
            payload: paid.payload.clone(),
            telegram_charge: paid.telegram_charge.clone(),
            provider_charge: paid.provider_charge.clone(),
            status: Status::Succeeded,
            created_at: order.as_ref().map_or(paid.at, |order| order.created_at),
            paid_at: Some(paid.at),
            refunds: Vec::new(),
            first: self.is_first(paid.user)?,
            user_source: profile.as_ref().and_then(|profile| text(profile, rulebook.schema.find("source")?)),
            campaign: self.last_touch(paid.user, paid.at)?,
            discount_percent: paid.discount_percent,
            rulebook: rulebook.version.clone(),
        };
        let mut records = Batch::new();
        payment.write(&mut records)?;
        let used = profile.filter(|profile| uses_discount(profile, &rulebook.schema, paid.discount_percent));
        let consumed = || Patch::new().with("discount_percent", Value::Missing).with("discount_until", Value::Missing);
        let patches = used.map(|_| (paid.user, consumed())).into_iter().collect();
        let id = payment.charge().map_or_else(|| format!("payment:order:{}", payment.id), |id| format!("payment:{id}"));
        let events = vec![told(&payment, "payment", &id, paid.at, paid.amount)];
        Ok(Some(Part { payment, records, patches, events }))
    }

    /// Records a payment; nothing if it is recorded already. Blocks.
    pub fn record_payment(&self, paid: &Paid) -> Result<Option<Payment>, EngineError> {
        let _one_at_a_time = self.paying.lock().unwrap_or_else(PoisonError::into_inner);
        self.commit_part(self.stage_payment(paid)?)
    }

    /// What a refund comes to; nothing if it is recorded already or there is no
    /// such payment, or nothing of it is left.
    pub fn stage_refund(&self, refunded: &Refunded) -> Result<Option<Part>, EngineError> {
        let Some(mut payment) = Payment::read(&*self.store, refunded.payment)? else { return Ok(None) };
        let is_known = |refund: &Refund| refunded.id.is_some() && refund.id == refunded.id;
        let left = payment.amount - payment.refunded();
        let amount = refunded.amount.unwrap_or(left).min(left);
        if !payment.status.is_paid() || amount <= 0 || payment.refunds.iter().any(is_known) {
            return Ok(None);
        }
        payment.refunds.push(Refund { at: refunded.at, amount, id: refunded.id.clone() });
        payment.status = if amount == left { Status::Refunded } else { Status::PartiallyRefunded };
        let mut records = Batch::new();
        payment.write(&mut records)?;
        let id = format!("refund:{}:{}", payment.id, payment.refunds.len());
        let events = vec![told(&payment, "refund", &id, refunded.at, amount)];
        Ok(Some(Part { payment, records, patches: Vec::new(), events }))
    }

    /// Records a refund; nothing if there is nothing to record. Blocks.
    pub fn record_refund(&self, refunded: &Refunded) -> Result<Option<Payment>, EngineError> {
        let _one_at_a_time = self.paying.lock().unwrap_or_else(PoisonError::into_inner);
        self.commit_part(self.stage_refund(refunded)?)
    }

    /// The payment with this id of Telegram or of a provider.
    pub fn payment_of_charge(&self, charge: &str) -> Result<Option<Payment>, EngineError> {
        Ok(Payment::of_charge(&*self.store, charge)?)
    }

    /// The newest payments, or a user's.
    pub fn payments(&self, user: Option<UserId>, limit: usize) -> Result<Vec<Payment>, EngineError> {
        let mut found = match user {
            Some(user) => Payment::of_user(&*self.store, user)?,
            None => {
                let mut all = std::collections::VecDeque::new();
                Payment::for_each(&*self.store, |payment| {
                    all.push_back(payment);
                    if all.len() > limit {
                        all.pop_front();
                    }
                })?;
                all.into()
            }
        };
        found.reverse();
        found.truncate(limit);
        Ok(found)
    }

    fn commit_part(&self, part: Option<Part>) -> Result<Option<Payment>, EngineError> {
        let Some(part) = part else { return Ok(None) };
        let payment = part.payment.clone();
        self.writer.commit(part.into())?;
        Ok(Some(payment))
    }

    fn write_payment(&self, payment: &Payment) -> Result<(), EngineError> {
        let mut batch = Batch::new();
        payment.write(&mut batch)?;
        self.writer.commit(Transaction::batch(batch))?;
        Ok(())
    }

    /// A number that no payment has.
    fn payment_number(&self) -> Result<u64, EngineError> {
        let mut last = self.payments.lock().unwrap_or_else(PoisonError::into_inner);
        let next = match *last {
            Some(last) => last + 1,
            None => Payment::last_number(&*self.store)? + 1,
        };
        *last = Some(next);
        Ok(next)
    }

    /// Whether a user has paid nothing before, as far as records and history go.
    fn is_first(&self, user: UserId) -> Result<bool, EngineError> {
        if Payment::of_user(&*self.store, user)?.iter().any(|payment| payment.status.is_paid()) {
            return Ok(false);
        }
        let events = self.profiles.history().of_user(user, Span::ALL)?;
        Ok(!events.iter().any(|event| &*event.name == "payment"))
    }

    /// The marketing that a user got last before a moment, within the time that
    /// the settings give.
    fn last_touch(&self, user: UserId, at: Time) -> Result<Option<String>, EngineError> {
        let window = self.live.current().settings.payments.attribution;
        let span = Span { from: Some(at - window), until: Some(at), limit: LOOKED_AT };
        for event in self.profiles.history().of_user(user, span)? {
            let arrived = event.delivery().is_some_and(|delivery| matches!(delivery, Delivery::Received(_)));
            let Some(Value::Int(ledger)) = event.property(LEDGER).filter(|_| arrived) else { continue };
            let id = LedgerId(u64::try_from(*ledger).unwrap_or(u64::MAX));
            let Some(bytes) = self.store.get(&id.key())? else { continue };
            let ledger = Ledger::from_bytes(&bytes)?;
            if let Some(campaign) = campaign(&ledger.cause).filter(|_| ledger.marketing) {
                return Ok(Some(campaign));
            }
        }
        Ok(None)
    }
}

/// What a cause is called where payments are counted by it.
fn campaign(cause: &Cause) -> Option<String> {
    match cause {
        Cause::Broadcast { name, .. } => Some(format!("broadcast {name}")),
        Cause::Rule { name } => Some(format!("rule {name}")),
        Cause::Drip { name, .. } => Some(format!("drip {name}")),
        Cause::Recall { .. } | Cause::Reply => None,
    }
}

/// The event that rules hear of.
fn told(payment: &Payment, name: &str, id: &str, at: Time, amount: i64) -> Event {
    let sum = match payment.currency.as_str() {
        ROUBLES => Some(("rub", Value::Money(amount))),
        STARS => Some(("stars", Value::Int(amount))),
        _ => None,
    };
    let product = payment.product.as_deref().map(|product| ("product", Value::text(product)));
    let properties = sum.into_iter().chain(product).map(|(name, value)| (name.into(), value)).collect();
    Event { id: id.into(), user: payment.user, name: name.into(), at, properties }
}

/// Whether the discount that was paid with is the one that the user has.
fn uses_discount(profile: &Profile, schema: &crate::model::Schema, percent: u8) -> bool {
    let field = schema.find("discount_percent").filter(|_| percent > 0);
    field.is_some_and(|field| profile.get(field) == &Value::Int(i64::from(percent)))
}

fn text(profile: &Profile, field: crate::model::FieldId) -> Option<String> {
    profile.text(field).map(str::to_owned)
}
