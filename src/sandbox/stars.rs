//! The bot's Stars: what people paid, what was given back, what paid broadcasts
//! have cost and whether they are open to it, and the transactions that say so.
//!
//! Every message above the free rate of its second costs a tenth of a Star.
//! The charges of one hour are one transaction, which grows until the hour is
//! over. Sums are kept in tenths, so that nothing is rounded.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Whether a bot may send faster for money, and what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PaidBroadcasts {
    /// Whether @BotFather has opened them.
    pub enabled: bool,
    /// Whole Stars on the bot's balance.
    pub balance: u64,
    /// The balance below which they are closed.
    pub threshold: u64,
}

/// What the sandbox knows of Stars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StarsReport {
    /// Whether @BotFather has opened paid broadcasts.
    pub enabled: bool,
    /// The balance below which they are closed.
    pub threshold: u64,
    /// The balance in tenths of a Star.
    pub balance_tenths: u64,
    /// Messages that were charged for.
    pub charged_messages: u64,
    /// How many transactions there are.
    pub transactions: usize,
}

/// The balance and its history.
#[derive(Debug)]
pub(crate) struct Stars {
    set: PaidBroadcasts,
    tenths: u64,
    /// The second that is being counted, and its messages.
    second: i64,
    in_second: u32,
    history: Vec<Transaction>,
}

/// One line of the history.
#[derive(Debug)]
struct Transaction {
    /// Seconds since 1970.
    date: i64,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// The paid messages of one hour.
    Broadcasts { hour: i64, requests: u64 },
    /// Stars came in.
    Payment(Deal),
    /// They went back.
    Refund(Deal),
}

/// A payment of a person.
#[derive(Clone, Debug)]
pub(crate) struct Deal {
    pub(crate) charge: String,
    /// The `User` object.
    pub(crate) user: Value,
    pub(crate) stars: u64,
    pub(crate) payload: String,
}

const HOUR: i64 = 3_600_000;
/// Billionths of a Star in a tenth.
const NANO: u64 = 100_000_000;

impl Default for PaidBroadcasts {
    /// Closed, with Telegram's threshold of 10,000 Stars.
    fn default() -> Self {
        Self { enabled: false, balance: 0, threshold: 10_000 }
    }
}

impl Stars {
    pub(crate) fn new(set: PaidBroadcasts) -> Self {
        Self { set, tenths: set.balance.saturating_mul(10), second: i64::MIN, in_second: 0, history: Vec::new() }
    }

    /// Another balance and other conditions; the history stays.
    pub(crate) fn set(&mut self, set: PaidBroadcasts) {
        self.set = set;
        self.tenths = set.balance.saturating_mul(10);
    }

    /// Whether the bot may send at the paid rate now.
    pub(crate) fn allow(&self) -> bool {
        self.set.enabled && self.tenths >= self.set.threshold.saturating_mul(10).max(1)
    }

    /// Counts a message that was accepted at `at` (milliseconds since 1970);
    /// answers whether it was charged.
    pub(crate) fn accepted(&mut self, at: i64, is_paid: bool, free: u32) -> bool {
        let second = at.div_euclid(1_000);
        if second != self.second {
            (self.second, self.in_second) = (second, 0);
        }
        self.in_second += 1;
        if !is_paid || self.in_second <= free || self.tenths == 0 {
            return false;
        }
        self.tenths -= 1;
        let hour = at.div_euclid(HOUR);
        let newest = self.history.iter_mut().rev().find_map(Transaction::broadcasts);
        match newest {
            Some((of, requests)) if *of == hour => *requests += 1,
            Some(_) | None => {
                self.history.push(Transaction { date: second, kind: Kind::Broadcasts { hour, requests: 1 } });
            }
        }
        true
    }

    /// A person has paid.
    pub(crate) fn take_in(&mut self, deal: Deal, at: i64) {
        self.tenths = self.tenths.saturating_add(deal.stars.saturating_mul(10));
        self.history.push(Transaction { date: at.div_euclid(1_000), kind: Kind::Payment(deal) });
    }

    /// A person gets the Stars back; `false` if there are not as many.
    pub(crate) fn give_back(&mut self, deal: Deal, at: i64) -> bool {
        let Some(left) = self.tenths.checked_sub(deal.stars.saturating_mul(10)) else { return false };
        self.tenths = left;
        self.history.push(Transaction { date: at.div_euclid(1_000), kind: Kind::Refund(deal) });
        true
    }

    pub(crate) fn report(&self) -> StarsReport {
        StarsReport {
            enabled: self.set.enabled,
            threshold: self.set.threshold,
            balance_tenths: self.tenths,
            charged_messages: self.history.iter().map(Transaction::requests).sum(),
            transactions: self.history.len(),
        }
    }

    /// The `StarAmount` object of the balance.
    pub(crate) fn balance_json(&self) -> Value {
        amount(self.tenths)
    }

    /// The `StarTransactions` object: from the `offset`-th on, oldest first.
    pub(crate) fn transactions_json(&self, offset: usize, limit: usize) -> Value {
        json!({"transactions": self.history.iter().skip(offset).take(limit).map(Transaction::to_json).collect::<Vec<_>>()})
    }

    /// Forgets the history; the balance is what it was set to.
    pub(crate) fn reset(&mut self) {
        *self = Self::new(self.set);
    }
}

impl Transaction {
    fn broadcasts(&mut self) -> Option<(&mut i64, &mut u64)> {
        match &mut self.kind {
            Kind::Broadcasts { hour, requests } => Some((hour, requests)),
            Kind::Payment(_) | Kind::Refund(_) => None,
        }
    }

    fn requests(&self) -> u64 {
        match &self.kind {
            Kind::Broadcasts { requests, .. } => *requests,
            Kind::Payment(_) | Kind::Refund(_) => 0,
        }
    }

    /// The `StarTransaction` object: who gave has paid, who received was paid.
    fn to_json(&self) -> Value {
        let partner = |deal: &Deal| {
            json!({
                "type": "user", "transaction_type": "invoice_payment", "user": deal.user,
                "invoice_payload": deal.payload,
            })
        };
        let (tenths, id, side, partner) = match &self.kind {
            Kind::Broadcasts { hour, requests } => {
                let partner = json!({"type": "telegram_api", "request_count": requests});
                (*requests, format!("api{hour}"), "receiver", partner)
            }
            Kind::Payment(deal) => (deal.stars.saturating_mul(10), deal.charge.clone(), "source", partner(deal)),
            Kind::Refund(deal) => (deal.stars.saturating_mul(10), deal.charge.clone(), "receiver", partner(deal)),
        };
        let mut object = amount(tenths);
        if let Some(map) = object.as_object_mut() {
            map.extend([("id".into(), id.into()), ("date".into(), self.date.into()), (side.into(), partner)]);
        }
        object
    }
}

/// Tenths as whole Stars and billionths, which are absent when there are none.
fn amount(tenths: u64) -> Value {
    match tenths % 10 * NANO {
        0 => json!({"amount": tenths / 10}),
        nano => json!({"amount": tenths / 10, "nanostar_amount": nano}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_above_the_free_rate_costs_a_tenth() {
        let mut stars = Stars::new(PaidBroadcasts { enabled: true, balance: 10_001, threshold: 10_000 });
        let mut charged = 0;
        for (at, is_paid, n) in [(0, true, 35), (1_000, true, 30), (2_000, false, 40), (HOUR, true, 36)] {
            charged += (0..n).filter(|_| stars.accepted(at, is_paid, 30)).count();
        }
        assert_eq!(charged, 5 + 6);
        assert!(!stars.allow(), "one Star and a tenth are gone, and the rest is below the threshold");
        assert_eq!(stars.balance_json(), json!({"amount": 9_999, "nanostar_amount": 900_000_000}));
        let second = json!({
            "id": "api1", "date": 3_600, "amount": 0, "nanostar_amount": 600_000_000,
            "receiver": {"type": "telegram_api", "request_count": 6},
        });
        assert_eq!(stars.transactions_json(1, 100), json!({"transactions": [second]}));
        assert_eq!(stars.transactions_json(2, 100), json!({"transactions": []}));
        stars.reset();
        assert_eq!((stars.report().balance_tenths, stars.report().transactions), (100_010, 0));
    }

    #[test]
    fn payments_come_in_and_go_back_under_one_id() {
        let mut stars = Stars::new(PaidBroadcasts::default());
        let deal = || Deal { charge: "stx1".into(), user: json!({"id": 7}), stars: 250, payload: "p".into() };
        stars.take_in(deal(), 5_000);
        assert_eq!(stars.balance_json(), json!({"amount": 250}));
        assert!(stars.give_back(deal(), 9_000) && !stars.give_back(deal(), 9_000));
        let partner =
            json!({"type": "user", "transaction_type": "invoice_payment", "user": {"id": 7}, "invoice_payload": "p"});
        let expected = json!([
            {"id": "stx1", "date": 5, "amount": 250, "source": partner},
            {"id": "stx1", "date": 9, "amount": 250, "receiver": partner},
        ]);
        assert_eq!(stars.transactions_json(0, 100), json!({"transactions": expected}));
        assert_eq!(stars.balance_json(), json!({"amount": 0}));
    }

    #[test]
    fn paid_broadcasts_are_open_to_who_has_enough() {
        let rows = [
            ((false, 99_999, 10_000), false),
            ((true, 9_999, 10_000), false),
            ((true, 10_000, 10_000), true),
            ((true, 0, 0), false),
        ];
        for ((enabled, balance, threshold), expected) in rows {
            assert_eq!(Stars::new(PaidBroadcasts { enabled, balance, threshold }).allow(), expected);
        }
    }
}
