//! Sums of payments over a stretch of time.

use crate::engine::payments::{Payment, ROUBLES, STARS};
use crate::model::{Time, UserId};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// What came in over a stretch of time. Money is hundredths of a rouble.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Payments.
    pub payments: u64,
    /// Payments that were the first of their users.
    pub first: u64,
    /// All others.
    pub renewals: u64,
    /// Users who paid.
    pub payers: u64,
    /// Roubles, less what went back.
    pub rub: i64,
    /// Stars, less what went back.
    pub stars: i64,
    /// Roubles that went back.
    pub rub_refunded: i64,
    /// Stars that went back.
    pub stars_refunded: i64,
    /// Roubles, and Stars at the price that each had, less what went back.
    pub together: i64,
    /// Stars that had no price, and so are not among these; less what went
    /// back.
    pub unpriced_stars: i64,
    /// What a payment brought on the average, before refunds, as far as it has a
    /// price; nothing if none has.
    pub average: Option<i64>,
}

/// The same while it is counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    figures: Figures,
    payers: HashSet<UserId>,
    /// Money of payments that have a price, and how many these are.
    priced: (i64, i64),
}

impl Sums {
    /// Counts what of a payment falls into the stretch.
    pub fn take(&mut self, payment: &Payment, falls: impl Fn(Time) -> bool) {
        if !payment.status.is_paid() {
            return;
        }
        let figures = &mut self.figures;
        if payment.paid_at.is_some_and(&falls) {
            figures.payments += 1;
            figures.first += u64::from(payment.first);
            figures.renewals += u64::from(!payment.first);
            self.payers.insert(payment.user);
            if let Some(money) = payment.roubles(payment.amount) {
                self.priced = (self.priced.0 + money, self.priced.1 + 1);
            }
            figures.add(payment, payment.amount);
        }
        for refund in payment.refunds.iter().filter(|refund| falls(refund.at)) {
            figures.add(payment, -refund.amount);
            match payment.currency.as_str() {
                ROUBLES => figures.rub_refunded += refund.amount,
                STARS => figures.stars_refunded += refund.amount,
                _ => {}
            }
        }
    }

    pub fn figures(self) -> Figures {
        let (money, count) = self.priced;
        let average = (count > 0).then(|| money / count.max(1));
        Figures { payers: self.payers.len() as u64, average, ..self.figures }
    }
}

impl Figures {
    /// Adds so much of a payment's currency.
    fn add(&mut self, payment: &Payment, amount: i64) {
        match payment.currency.as_str() {
            ROUBLES => self.rub += amount,
            STARS => self.stars += amount,
            _ => {}
        }
        match payment.roubles(amount) {
            Some(money) => self.together += money,
            None if payment.currency == STARS => self.unpriced_stars += amount,
            None => {}
        }
    }
}
