//! Payments as they are stored, whoever took the money.
//!
//! | key | record |
//! | --- | --- |
//! | `$p` + number | a payment |
//! | `$c` + charge | the number of the payment with this id of Telegram or of a provider |
//! | `$u` + user + number | nothing: the user's payments |
//!
//! A payment is *pending* while somebody may still pay, *canceled* when nobody
//! will. Paid it is *succeeded*; what is given back makes it *partially
//! refunded*, then *refunded*. Nothing leads back. A charge has one payment: who
//! is told of it again finds it by its id.

use crate::model::{Text, Time, UserId};
use crate::store::{Batch, Store, StoreError, decode, encode, profile_key};
use serde::{Deserialize, Serialize};

const VERSION: u8 = 1;

/// Roubles, in hundredths.
pub const ROUBLES: &str = "RUB";
/// Telegram's Stars, whole.
pub const STARS: &str = "XTR";

/// One payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Its number.
    pub id: u64,
    /// Who paid.
    pub user: UserId,
    /// Who took the money.
    pub source: Source,
    /// What was bought.
    pub product: Option<String>,
    /// `RUB`, `XTR`.
    pub currency: String,
    /// Smallest units: kopecks, whole Stars.
    pub amount: i64,
    /// What a Star was worth when it was paid, in hundredths of a rouble; of
    /// Stars only, and only if it was set.
    pub rub_per_star: Option<i64>,
    /// What the invoice or order said of itself.
    pub payload: String,
    /// Telegram's id.
    pub telegram_charge: Option<String>,
    /// The provider's id; of YooKassa that of the payment.
    pub provider_charge: Option<String>,
    /// How it stands.
    pub status: Status,
    /// When it was asked for, or first heard of.
    pub created_at: Time,
    /// When it was paid.
    pub paid_at: Option<Time>,
    /// What was given back.
    pub refunds: Vec<Refund>,
    /// Whether it is the first one of its user; else a renewal.
    pub first: bool,
    /// Where the user came from: the field `source` at that time.
    pub user_source: Option<String>,
    /// The mailing that its user got last before: `broadcast NAME`, `rule NAME`
    /// or `drip NAME`.
    pub campaign: Option<String>,
    /// The discount that was used.
    pub discount_percent: u8,
    /// The version of the rulebook in force.
    pub rulebook: String,
}

/// Who took the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Telegram, in Stars.
    Stars,
    /// A provider behind Telegram's invoices.
    TelegramProvider,
    /// YooKassa itself.
    YooKassa,
    /// Somebody wrote it down.
    Manual,
}

/// How a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It may still be paid.
    Pending,
    /// It is paid.
    Succeeded,
    /// A part was given back.
    PartiallyRefunded,
    /// All of it was given back.
    Refunded,
    /// It will not be paid.
    Canceled,
}

/// Money that was given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// When.
    pub at: Time,
    /// How much, in the payment's smallest units.
    pub amount: i64,
    /// Whose words for it: the provider's id of the refund.
    pub id: Option<String>,
}

impl Source {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stars => "stars",
            Self::TelegramProvider => "telegram_provider",
            Self::YooKassa => "yookassa",
            Self::Manual => "manual",
        }
    }
}

impl Status {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Refunded => "refunded",
            Self::Canceled => "canceled",
        }
    }

    /// What people read.
    pub fn text(self) -> Text {
        match self {
            Self::Pending => Text::new("waits", "ждёт оплаты"),
            Self::Succeeded => Text::new("paid", "оплачен"),
            Self::PartiallyRefunded => Text::new("refunded in part", "возвращён частично"),
            Self::Refunded => Text::new("refunded", "возвращён"),
            Self::Canceled => Text::new("canceled", "отменён"),
        }
    }

    /// Whether money came in.
    pub const fn is_paid(self) -> bool {
        match self {
            Self::Succeeded | Self::PartiallyRefunded | Self::Refunded => true,
            Self::Pending | Self::Canceled => false,
        }
    }
}

impl Payment {
    /// What was given back so far.
    pub fn refunded(&self) -> i64 {
        self.refunds.iter().map(|refund| refund.amount).sum()
    }

    /// The id by which it counts once: the provider's, for both Telegram and the
    /// provider may tell of it; of Stars Telegram's.
    pub fn charge(&self) -> Option<&str> {
        match self.source {
            Source::Stars => self.telegram_charge.as_deref(),
            Source::TelegramProvider | Source::YooKassa | Source::Manual => {
                self.provider_charge.as_deref().or(self.telegram_charge.as_deref())
            }
        }
    }

    /// An amount of this payment in roubles' hundredths, if Stars had a price.
    pub fn roubles(&self, amount: i64) -> Option<i64> {
        match self.currency.as_str() {
            ROUBLES => Some(amount),
            STARS => amount.checked_mul(self.rub_per_star?),
            _ => None,
        }
    }

    /// Puts it and its keys into a batch.
    pub fn write(&self, batch: &mut Batch) -> Result<(), StoreError> {
        batch.put(number_key(self.id), encode(VERSION, self)?);
        batch.put(user_key(self.user, self.id), []);
        for charge in self.charges() {
            batch.put(charge_key(charge), self.id.to_be_bytes());
        }
        Ok(())
    }

    /// The payment with this number.
    pub fn read(store: &dyn Store, id: u64) -> Result<Option<Self>, StoreError> {
        store.get(&number_key(id))?.map(|bytes| decode(VERSION, &bytes, "a payment")).transpose()
    }

    /// The payment with this id of Telegram or of a provider.
    pub fn of_charge(store: &dyn Store, charge: &str) -> Result<Option<Self>, StoreError> {
        match store.get(&charge_key(charge))?.and_then(|bytes| bytes.try_into().ok()) {
            Some(id) => Self::read(store, u64::from_be_bytes(id)),
            None => Ok(None),
        }
    }

    /// A user's payments, the oldest first.
    pub fn of_user(store: &dyn Store, user: UserId) -> Result<Vec<Self>, StoreError> {
        let mut found = Vec::new();
        for pair in store.scan(&user_prefix(user), b"") {
            found.extend(number(&pair?.0).map(|id| Self::read(store, id)).transpose()?.flatten());
        }
        Ok(found)
    }

    /// Shows every payment, the oldest first.
    pub fn for_each(store: &dyn Store, mut visit: impl FnMut(Self)) -> Result<(), StoreError> {
        for pair in store.scan(PAYMENT, b"") {
            visit(decode(VERSION, &pair?.1, "a payment")?);
        }
        Ok(())
    }

    /// The greatest number that was given; 0 for none.
    pub fn last_number(store: &dyn Store) -> Result<u64, StoreError> {
        let mut last = 0;
        for pair in store.scan(PAYMENT, b"") {
            last = number(&pair?.0).unwrap_or(last);
        }
        Ok(last)
    }

    /// Every id by which it is found. A provider's id behind Stars is nobody's.
    fn charges(&self) -> impl Iterator<Item = &str> {
        let provider = self.provider_charge.as_deref().filter(|_| self.source != Source::Stars);
        self.telegram_charge.as_deref().into_iter().chain(provider)
    }
}

const PAYMENT: &[u8] = b"$p";

fn number_key(id: u64) -> Vec<u8> {
    [PAYMENT, &id.to_be_bytes()].concat()
}

fn charge_key(charge: &str) -> Vec<u8> {
    [b"$c", charge.as_bytes()].concat()
}

fn user_prefix(user: UserId) -> Vec<u8> {
    [b"$u", profile_key(user).get(1..).unwrap_or_default()].concat()
}

fn user_key(user: UserId, id: u64) -> Vec<u8> {
    [&user_prefix(user)[..], &id.to_be_bytes()].concat()
}

/// The number at the end of a key.
fn number(key: &[u8]) -> Option<u64> {
    key.last_chunk::<8>().map(|id| u64::from_be_bytes(*id))
}
