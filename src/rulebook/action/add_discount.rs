//! `add_discount: {percent: 20, for: 7 days}`: a personal discount, held in the
//! fields `discount_percent` and `discount_until`.

use super::{Action, Scope};
use crate::model::TimeDelta;
use crate::rulebook::phrases::{duration, integer};
use crate::rulebook::raw::{Reader, find};
use crate::rulebook::shape::{Key, Shape, Takes, optional, required};
use crate::rulebook::yaml::Node;

pub(super) const KEY: Key = optional(
    "add_discount",
    Takes::Map(&SHAPE),
    "gives the user a discount for some time",
    "даёт пользователю скидку на время",
);

static SHAPE: Shape = Shape {
    what: ("`add_discount`", "`add_discount`"),
    keys: &[
        required("percent", Takes::Int, "how much, from 1 to 100", "сколько, от 1 до 100"),
        required("for", Takes::Duration, "how long it lasts", "сколько действует"),
    ],
};

/// A discount for some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Discount {
    /// 1 to 100.
    pub percent: u8,
    /// How long it lasts.
    pub lasts: TimeDelta,
}

pub(super) fn check(node: &Node, _scope: &Scope<'_>, reader: &mut Reader) -> Option<Action> {
    let entries = reader.shape(node, node.place, &SHAPE)?;
    let percent = find(entries, "percent").and_then(|node| integer(node, ("`percent`", "`percent`"), 1..=100, reader));
    let lasts = find(entries, "for").and_then(|node| duration(node, ("`for`", "`for`"), reader));
    Some(Action::AddDiscount(Discount { percent: u8::try_from(percent?).ok()?, lasts: lasts? }))
}
