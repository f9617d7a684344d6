//! What goes over the wire, both ways. An answer that lacks what it must have is
//! no answer.

use super::{Ask, Found, Returned, State};
use crate::model::Time;
use serde_json::{Value, json};
use std::fmt;

/// Characters of a description.
const DESCRIPTION: usize = 128;

/// Roubles in hundredths; written with two digits after the point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kopecks(pub i64);

impl fmt::Display for Kopecks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl Kopecks {
    /// The sum that a text such as `299.00` says.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, "00"));
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
        if !is_digits(whole) || !is_digits(part) || part.len() > 2 {
            return None;
        }
        let part: i64 = format!("{part:0<2}").parse().ok()?;
        Some(Self(whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(part)?))
    }

    fn of(amount: &Value) -> Option<Self> {
        (amount["currency"] == "RUB").then(|| Self::parse(amount["value"].as_str()?)).flatten()
    }

    fn json(self) -> Value {
        json!({"value": self.to_string(), "currency": "RUB"})
    }
}

/// Whether a text may be one of YooKassa's ids: it becomes part of an address.
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
}

impl Ask {
    /// The body of the request.
    pub(super) fn json(&self) -> Value {
        let description: String = self.description.chars().take(DESCRIPTION).collect();
        let mut body = json!({
            "amount": self.amount.json(),
            "capture": true,
            "confirmation": {"type": "redirect", "return_url": self.return_url},
            "description": description,
            "metadata": {"order_id": self.order.to_string()},
        });
        if let Some(receipt) = &self.receipt {
            body["receipt"] = json!({
                "customer": {"email": receipt.email},
                "items": [{
                    "description": description,
                    "quantity": "1.00",
                    "amount": self.amount.json(),
                    "vat_code": receipt.vat_code,
                    "payment_mode": "full_payment",
                    "payment_subject": "service",
                }],
            });
        }
        body
    }
}

/// The body of a request for a refund.
pub(super) fn refund(payment: &str, amount: Kopecks) -> Value {
    json!({"payment_id": payment, "amount": amount.json()})
}

impl Found {
    /// The payment that an answer tells of.
    pub(super) fn read(told: &Value) -> Option<Self> {
        Some(Self {
            id: told["id"].as_str().filter(|id| is_id(id))?.to_owned(),
            state: state(told)?,
            amount: Kopecks::of(&told["amount"])?,
            refunded: Kopecks::of(&told["refunded_amount"]).unwrap_or_default(),
            order: told["metadata"]["order_id"].as_str().and_then(|order| order.parse().ok()),
            pay_at: told["confirmation"]["confirmation_url"].as_str().map(str::to_owned),
            paid_at: time(&told["captured_at"]),
        })
    }
}

impl Returned {
    /// The refund that an answer tells of.
    pub(super) fn read(told: &Value) -> Option<Self> {
        let text = |key: &str| told[key].as_str().filter(|id| is_id(id)).map(str::to_owned);
        Some(Self {
            id: text("id")?,
            payment: text("payment_id")?,
            amount: Kopecks::of(&told["amount"])?,
            state: state(told)?,
            at: time(&told["created_at"]),
        })
    }
}

fn state(told: &Value) -> Option<State> {
    match told["status"].as_str()? {
        "pending" | "waiting_for_capture" => Some(State::Pending),
        "succeeded" => Some(State::Succeeded),
        "canceled" => Some(State::Canceled),
        _ => None,
    }
}

fn time(told: &Value) -> Option<Time> {
    let at: jiff::Timestamp = told.as_str()?.parse().ok()?;
    Some(Time(at.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_have_two_digits_after_the_point() {
        for (kopecks, text) in [(29_900, "299.00"), (5, "0.05"), (100, "1.00"), (123_456_789, "1234567.89")] {
            assert_eq!(Kopecks(kopecks).to_string(), text);
            assert_eq!(Kopecks::parse(text), Some(Kopecks(kopecks)));
        }
        for (text, kopecks) in [("299", Some(29_900)), ("299.5", Some(29_950)), ("1.005", None), ("-1.00", None)] {
            assert_eq!(Kopecks::parse(text), kopecks.map(Kopecks), "{text}");
        }
        for text in ["", ".", "1.", ".5", "1,00", "1e3", "99999999999999999999.00", "92233720368547758.08"] {
            assert_eq!(Kopecks::parse(text), None, "{text}");
        }
    }

    #[test]
    fn ids_cannot_leave_their_place_in_an_address() {
        for (id, expected) in
            [("22e12f66-000f-5000-8000-18db351245c7", true), ("", false), ("../refunds", false), ("a?b", false)]
        {
            assert_eq!(is_id(id), expected, "{id}");
        }
    }
}
