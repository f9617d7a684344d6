//! Telegram's payments as the sandbox plays them: invoices, the question that
//! the bot must answer before anything is paid, receipts and refunds. No money
//! is anywhere near; Stars move only on the sandbox's own balance.
//!
//! A checkout begins `Waiting`. The bot's answer within ten seconds makes it
//! `Paid` or `Refused`; without one it is `Expired`. None of these ends changes.

use crate::sandbox::answer::Refusal;
use crate::sandbox::ledger;
use crate::sandbox::params::Params;
use crate::sandbox::world::Stamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};

/// Telegram's own currency.
pub(crate) const STARS: &str = "XTR";
/// How long (ms) the bot may think before a payment.
const CHECKOUT_LIFE: i64 = 10_000;
/// Checkouts that are remembered.
const MAX_CHECKOUTS: usize = 10_000;

/// What a person is asked to pay for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invoice {
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) payload: String,
    pub(crate) currency: String,
    pub(crate) total: i64,
    pub(crate) photo: Option<String>,
    start: String,
}

/// What a message may be instead of a text or a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Special {
    Invoice(Invoice),
    /// The `SuccessfulPayment` object.
    Paid(Value),
    /// The `RefundedPayment` object.
    Refunded(Value),
}

/// How far a payment has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum CheckoutState {
    /// The bot has not answered the question yet.
    Waiting,
    /// The bot said no; the person reads this.
    Refused {
        /// The bot's words.
        error: String,
    },
    /// The bot did not answer within ten seconds.
    Expired,
    /// It is paid.
    Paid {
        /// The receipt, in the payer's chat.
        message_id: i32,
        /// Telegram's id of the payment.
        charge: String,
    },
}

/// One attempt to pay.
#[derive(Clone, Debug)]
pub(crate) struct Checkout {
    pub(crate) id: String,
    pub(crate) chat: i64,
    pub(crate) invoice: Invoice,
    /// The message that was tapped; none for a link.
    pub(crate) message: Option<i32>,
    /// Monotonic milliseconds.
    tick: i64,
    pub(crate) state: CheckoutState,
}

/// A payment that was made.
#[derive(Clone, Debug)]
pub(crate) struct Sale {
    pub(crate) chat: i64,
    pub(crate) charge: String,
    pub(crate) provider_charge: String,
    pub(crate) invoice: Invoice,
    pub(crate) refunded: bool,
}

/// Everything that is being sold or was.
#[derive(Debug, Default)]
pub(crate) struct Shop {
    links: BTreeMap<String, Invoice>,
    checkouts: VecDeque<Checkout>,
    sales: Vec<Sale>,
    count: u64,
}

impl Invoice {
    /// Reads the invoice of a request and refuses what the server would.
    pub(crate) fn read(params: &Params) -> Result<Self, Refusal> {
        let title = measured(params, "title", 32)?;
        let description = measured(params, "description", 255)?;
        let payload = params.text("payload").unwrap_or_default();
        if !(1..=128).contains(&payload.len()) {
            return Err(Refusal::bad("INVOICE_PAYLOAD_INVALID"));
        }
        let currency = params.text("currency").unwrap_or_default();
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(Refusal::bad("CURRENCY_INVALID"));
        }
        let prices = prices(params)?;
        let total = prices.iter().try_fold(0_i64, |sum, price| sum.checked_add(*price));
        let total = total.filter(|total| *total > 0 && prices.iter().all(|price| *price > 0));
        let total = total.ok_or_else(|| Refusal::bad("CURRENCY_TOTAL_AMOUNT_INVALID"))?;
        let token = params.text("provider_token").unwrap_or_default();
        if currency == STARS {
            if !token.is_empty() || prices.len() != 1 {
                return Err(Refusal::bad("STARS_INVOICE_INVALID"));
            }
        } else if token.is_empty() {
            return Err(Refusal::bad("PAYMENT_PROVIDER_INVALID"));
        }
        let (photo, start) = (params.text("photo_url"), params.text("start_parameter").unwrap_or_default());
        Ok(Self { title, description, payload, currency, total, photo: photo.filter(|url| !url.is_empty()), start })
    }

    /// The `Invoice` object; it does not show the payload.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "title": self.title, "description": self.description, "start_parameter": self.start,
            "currency": self.currency, "total_amount": self.total,
        })
    }

    /// The price as a person reads it.
    pub(crate) fn price(&self) -> String {
        price(self.total, &self.currency)
    }
}

impl Special {
    /// The field of the message, and what it holds.
    pub(crate) fn to_json(&self) -> (&'static str, Value) {
        match self {
            Self::Invoice(invoice) => ("invoice", invoice.to_json()),
            Self::Paid(payment) => ("successful_payment", payment.clone()),
            Self::Refunded(payment) => ("refunded_payment", payment.clone()),
        }
    }

    /// What a test looks at: the object of the message under its name, and of
    /// an invoice the payload too.
    pub(crate) fn whole(&self) -> Value {
        let (name, mut value) = self.to_json();
        if let (Self::Invoice(invoice), Some(object)) = (self, value.as_object_mut()) {
            object.insert("invoice_payload".into(), invoice.payload.as_str().into());
        }
        Value::Object(Map::from_iter([(name.to_owned(), value)]))
    }
}

impl Sale {
    /// What a receipt and the message about a refund tell.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "currency": self.invoice.currency, "total_amount": self.invoice.total,
            "invoice_payload": self.invoice.payload, "telegram_payment_charge_id": self.charge,
            "provider_payment_charge_id": self.provider_charge,
        })
    }
}

impl Shop {
    /// A link that everybody may pay through, as often as they like.
    pub(crate) fn link(&mut self, invoice: Invoice, stamp: Stamp) -> String {
        let link = format!("https://t.me/${}", self.token(stamp, 0));
        self.links.insert(link.clone(), invoice);
        link
    }

    pub(crate) fn of_link(&self, link: &str) -> Option<&Invoice> {
        self.links.get(link)
    }

    /// Begins a checkout; answers with its id.
    pub(crate) fn begin(
        &mut self,
        chat: i64,
        invoice: Invoice,
        message: Option<i32>,
        bot: i64,
        stamp: Stamp,
    ) -> String {
        self.count += 1;
        let id = format!("{bot}7{:09}", self.count);
        let checkout =
            Checkout { id: id.clone(), chat, invoice, message, tick: stamp.tick, state: CheckoutState::Waiting };
        self.checkouts.push_back(checkout);
        if self.checkouts.len() > MAX_CHECKOUTS {
            self.checkouts.pop_front();
        }
        id
    }

    /// A checkout as it stands now.
    pub(crate) fn state(&mut self, id: &str, stamp: Stamp) -> Option<CheckoutState> {
        self.find(id, stamp).map(|checkout| checkout.state.clone())
    }

    /// A checkout that the bot may still answer.
    pub(crate) fn waiting(&mut self, id: &str, stamp: Stamp) -> Option<&mut Checkout> {
        self.find(id, stamp).filter(|checkout| checkout.state == CheckoutState::Waiting)
    }

    /// Whether this message was paid for.
    pub(crate) fn is_paid(&self, chat: i64, message: Option<i32>) -> bool {
        let is_this = |checkout: &&Checkout| checkout.chat == chat && checkout.message == message;
        let mut fitting = self.checkouts.iter().filter(is_this);
        message.is_some() && fitting.any(|checkout| matches!(checkout.state, CheckoutState::Paid { .. }))
    }

    /// Notes a payment and gives it its ids.
    pub(crate) fn sell(&mut self, chat: i64, invoice: Invoice, stamp: Stamp) -> Sale {
        self.count += 1;
        let token = self.token(stamp, chat);
        let (charge, provider_charge) = match invoice.currency == STARS {
            true => (format!("stx{token}"), format!("{chat}_{}", self.count)),
            false => (format!("tg{token}"), uuid(&token)),
        };
        let sale = Sale { chat, charge, provider_charge, invoice, refunded: false };
        self.sales.push(sale.clone());
        sale
    }

    /// The payment in Stars with this id.
    pub(crate) fn sale(&mut self, chat: i64, charge: &str) -> Option<&mut Sale> {
        let fits = |sale: &&mut Sale| sale.chat == chat && sale.charge == charge && sale.invoice.currency == STARS;
        self.sales.iter_mut().find(fits)
    }

    /// Forgets everything but how many there were: ids do not come again.
    pub(crate) fn clear(&mut self) {
        *self = Self { count: self.count, ..Self::default() };
    }

    fn find(&mut self, id: &str, stamp: Stamp) -> Option<&mut Checkout> {
        let found = self.checkouts.iter_mut().find(|checkout| checkout.id == id)?;
        if found.state == CheckoutState::Waiting && stamp.tick - found.tick > CHECKOUT_LIFE {
            found.state = CheckoutState::Expired;
        }
        Some(found)
    }

    /// Text that no other run makes: ids of payments are remembered for ever.
    fn token(&mut self, stamp: Stamp, chat: i64) -> String {
        self.count += 1;
        let seed = [stamp.at.to_le_bytes(), self.count.to_le_bytes(), chat.to_le_bytes()];
        let parts: Vec<&[u8]> = seed.iter().map(<[u8; 8]>::as_slice).collect();
        let first = ledger::hash(&parts);
        format!("{first:016x}{:016x}", ledger::hash(&[&first.to_le_bytes(), &seed[1]]))
    }
}

/// An amount of smallest units as a person reads it; roubles and the like have
/// a hundred of them.
pub(crate) fn price(total: i64, currency: &str) -> String {
    match currency {
        STARS => format!("{total} ⭐"),
        _ => format!("{}.{:02} {currency}", total / 100, total % 100),
    }
}

/// The shape of the ids that YooKassa gives.
fn uuid(token: &str) -> String {
    let part = |from: usize, to: usize| token.get(from..to).unwrap_or_default();
    format!("{}-000f-5000-9{}-{}", part(0, 8), part(8, 11), part(11, 23))
}

fn measured(params: &Params, key: &str, most: usize) -> Result<String, Refusal> {
    let text = params.text(key).unwrap_or_default();
    match text.chars().count() {
        0 => Err(Refusal::bad(format!("invoice {key} must be non-empty"))),
        long if long > most => Err(Refusal::bad(format!("invoice {key} is too long"))),
        _ => Ok(text),
    }
}

fn prices(params: &Params) -> Result<Vec<i64>, Refusal> {
    let list = params.json("prices")?;
    let list = list.as_ref().and_then(Value::as_array).ok_or_else(|| Refusal::bad("can't parse prices JSON object"))?;
    let one = |price: &Value| {
        let label = price.get("label").and_then(Value::as_str).filter(|label| !label.is_empty());
        let amount = price.get("amount").and_then(Value::as_i64);
        label.and(amount).ok_or_else(|| Refusal::bad("can't parse labeled price"))
    };
    list.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invoices_keep_telegrams_limits() {
        let good = json!({
            "title": "Month", "description": "30 days", "payload": "p", "currency": "XTR",
            "prices": [{"label": "Month", "amount": 250}],
        });
        let two = json!([{"label": "a", "amount": 1}, {"label": "b", "amount": 2}]);
        let rows = [
            (json!({}), "ok"),
            (json!({"currency": "RUB", "provider_token": "1:TEST:2", "prices": two}), "ok"),
            (json!({"prices": serde_json::to_string(&two).unwrap()}), "STARS_INVOICE_INVALID"),
            (json!({"provider_token": "1:TEST:2"}), "STARS_INVOICE_INVALID"),
            (json!({"currency": "RUB"}), "PAYMENT_PROVIDER_INVALID"),
            (json!({"currency": "rub"}), "CURRENCY_INVALID"),
            (json!({"prices": [{"label": "a", "amount": 0}]}), "CURRENCY_TOTAL_AMOUNT_INVALID"),
            (json!({"prices": []}), "CURRENCY_TOTAL_AMOUNT_INVALID"),
            (json!({"prices": [{"label": "a", "amount": 1.5}]}), "can't parse labeled price"),
            (json!({"prices": 7}), "can't parse prices JSON object"),
            (json!({"title": "я".repeat(32)}), "ok"),
            (json!({"title": "я".repeat(33)}), "invoice title is too long"),
            (json!({"title": ""}), "invoice title must be non-empty"),
            (json!({"description": "я".repeat(256)}), "invoice description is too long"),
            (json!({"payload": "я".repeat(64)}), "ok"),
            (json!({"payload": "я".repeat(65)}), "INVOICE_PAYLOAD_INVALID"),
            (json!({"payload": ""}), "INVOICE_PAYLOAD_INVALID"),
        ];
        for (change, expected) in rows {
            let mut params = good.clone();
            params.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let read = Invoice::read(&Params::of(params)).map_err(|refusal| refusal.description);
            let said = read.err().unwrap_or_else(|| "Bad Request: ok".into());
            assert_eq!(said, format!("Bad Request: {expected}"), "{change}");
        }
    }

    #[test]
    fn prices_are_read_by_people() {
        for (total, currency, text) in [(250, "XTR", "250 ⭐"), (29_900, "RUB", "299.00 RUB"), (5, "RUB", "0.05 RUB")]
        {
            assert_eq!(price(total, currency), text);
        }
    }
}
