//! The Stars that one broadcast may spend on going faster than is free.
//!
//! Telegram takes a tenth of a Star for every message that is delivered beyond
//! thirty in its second. When its seconds begin nobody knows, so a message
//! counts as free only if fewer than thirty left in the whole second before
//! it: then it is free wherever the second begins. What is in doubt counts as
//! delivered. So what is spent here is never less than what Telegram takes.
//!
//! A tenth is set aside before a request may be written, and [`Paid::owed`] is
//! what is stored: it counts what is set aside as spent. A crash can leave it
//! too high by the requests under way, never too low, and the budget is a hard
//! stop: what is spent and set aside together never exceeds it.

use serde::{Deserialize, Serialize};

/// Tenths of Stars that were spent, as they are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Spent(pub u32);

/// What one message costs if it is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Price {
    /// Nothing: it is among the free ones of its second.
    Free,
    /// A tenth of a Star.
    Tenth,
}

/// The budget of one broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paid {
    budget: u32,
    spent: u32,
    reserved: u32,
}

/// What one paid message costs, in tenths of Stars.
const COST: u32 = 1;

impl Paid {
    /// A budget in whole Stars, of which so much is spent.
    pub fn new(budget: u32, spent: Spent) -> Self {
        Self { budget: budget.saturating_mul(10), spent: spent.0, reserved: 0 }
    }

    /// Whether another message can be paid, should everything under way cost
    /// what it can.
    pub fn can_pay(&self) -> bool {
        self.left() >= COST
    }

    /// Sets aside what a message may cost; says whether there was so much.
    /// Exactly one of the next three follows for each.
    #[must_use]
    pub fn reserve(&mut self) -> bool {
        let can_pay = self.can_pay();
        if can_pay {
            self.reserved += COST;
        }
        can_pay
    }

    /// The message was delivered.
    pub fn delivered(&mut self, price: Price) {
        self.give_back();
        match price {
            Price::Free => {}
            Price::Tenth => self.spent += COST,
        }
    }

    /// It may have been delivered.
    pub fn in_doubt(&mut self, price: Price) {
        self.delivered(price);
    }

    /// It was not sent, or refused.
    pub fn give_back(&mut self) {
        self.reserved = self.reserved.saturating_sub(COST);
    }

    /// Changes the budget; what is spent stays spent.
    pub fn set_budget(&mut self, budget: u32) {
        self.budget = budget.saturating_mul(10);
    }

    /// What was spent for certain.
    pub fn spent(&self) -> Spent {
        Spent(self.spent)
    }

    /// What may have been spent if this process ended now: to be stored in the
    /// batch that makes a lease durable.
    pub fn owed(&self) -> Spent {
        Spent(self.spent.saturating_add(self.reserved))
    }

    /// What is left of the budget, in tenths of Stars.
    pub fn left(&self) -> u32 {
        self.budget.saturating_sub(self.owed().0)
    }
}

impl Spent {
    /// The amount in Stars, as people read it.
    pub fn stars(self) -> f64 {
        f64::from(self.0) / 10.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_message_costs_a_tenth_if_it_was_delivered_beyond_the_free_ones() {
        let mut paid = Paid::new(1, Spent(7));
        assert!(paid.reserve() && paid.reserve() && paid.reserve());
        assert!(!paid.can_pay() && !paid.reserve());
        assert_eq!((paid.spent(), paid.owed(), paid.left()), (Spent(7), Spent(10), 0));
        paid.delivered(Price::Free);
        paid.give_back();
        paid.in_doubt(Price::Tenth);
        assert_eq!((paid.spent(), paid.owed(), paid.left()), (Spent(8), Spent(8), 2));
        assert_eq!(paid.spent().stars(), 0.8);
        // a smaller budget than what is spent pays nothing more
        paid.set_budget(0);
        assert_eq!((paid.can_pay(), paid.left(), paid.spent()), (false, 0, Spent(8)));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_budget_is_a_hard_stop_over_restarts(budget in 0..20u32, ops in proptest::collection::vec(0..6u8, 0..500)) {
            let (mut paid, mut taken, mut flying) = (Paid::new(budget, Spent(0)), 0, 0);
            for op in ops {
                match op {
                    0..=2 if paid.reserve() => flying += 1,
                    // what is under way when the process ends may cost as well
                    3 => {
                        (taken, flying) = (taken + flying, 0);
                        paid = Paid::new(budget, paid.owed());
                    }
                    4 if flying > 0 => {
                        (taken, flying) = (taken + 1, flying - 1);
                        paid.delivered(Price::Tenth);
                    }
                    5 if flying > 0 => {
                        flying -= 1;
                        paid.give_back();
                    }
                    _ => {}
                }
                prop_assert!(taken + flying <= budget * 10);
                prop_assert!(paid.owed() == Spent(taken + flying) && paid.can_pay() == (paid.left() > 0));
            }
        }
    }
}
