//! YooKassa's API, as far as payments need it: a payment is made, looked at and
//! given back. What it says becomes plain data; what it means for an order is
//! decided elsewhere.
//!
//! Whoever asks for money to move says a key. The same key again is the same
//! payment or refund, so an answer that was lost, or *not yet*, costs nothing:
//! ask again with that key, within a day.

mod client;
mod wire;

pub use client::Shop;
pub use wire::{Kopecks, is_id};

use crate::model::{Text, Time};
use std::time::Duration;

/// A payment that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The key under which it is asked for, however often; at most 64 characters.
    pub key: String,
    /// The number of the order.
    pub order: u64,
    /// How much.
    pub amount: Kopecks,
    /// What the payer reads; at most 128 characters count.
    pub description: String,
    /// Where people come back to after paying.
    pub return_url: String,
    /// Who gets the receipt, where the shop sends receipts.
    pub receipt: Option<Receipt>,
}

/// A receipt of one position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The address that it goes to.
    pub email: String,
    /// YooKassa's code of the tax.
    pub vat_code: u8,
}

/// A payment as YooKassa knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// YooKassa's id.
    pub id: String,
    /// How it stands.
    pub state: State,
    /// How much.
    pub amount: Kopecks,
    /// How much of it was given back.
    pub refunded: Kopecks,
    /// The order that it is for, if it is one of ours.
    pub order: Option<u64>,
    /// Where the user pays, while they may.
    pub pay_at: Option<String>,
    /// When the money came.
    pub paid_at: Option<Time>,
}

/// How a payment stands at YooKassa.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It may still be paid; also while money is held and not taken.
    Pending,
    /// It is paid.
    Succeeded,
    /// It will not be paid.
    Canceled,
}

/// A refund as YooKassa knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// YooKassa's id of the refund.
    pub id: String,
    /// YooKassa's id of the payment.
    pub payment: String,
    /// How much.
    pub amount: Kopecks,
    /// Whether the money went back, will not, or is on its way.
    pub state: State,
    /// When it was asked for.
    pub at: Option<Time>,
}

/// Why YooKassa did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It may have happened, or may happen yet: ask again with the same key.
    #[error("not yet: {why}")]
    Later {
        /// What was said.
        why: String,
        /// Not before that time, if it was told.
        wait: Option<Duration>,
    },
    /// The shop's number or key is not accepted.
    #[error("the shop or its key is not accepted: {0}")]
    Access(String),
    /// There is no such thing.
    #[error("YooKassa does not know it")]
    Unknown,
    /// It will not happen.
    #[error("{0}")]
    Refused(String),
}

impl Fault {
    /// The error in both languages.
    pub fn text(&self) -> Text {
        let ru = match self {
            Self::Later { why, .. } => format!("пока нет: {why}"),
            Self::Access(said) => format!("ЮKassa не принимает номер магазина или ключ: {said}"),
            Self::Unknown => "ЮKassa этого не знает".to_owned(),
            Self::Refused(said) => said.clone(),
        };
        Text::new(self.to_string(), ru)
    }
}
