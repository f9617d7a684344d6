//! Comparisons of numbers, times and durations that are computed from columns.

use super::leaf::bits;
use super::node::Block;
use super::number::{Kind, Number};
use super::pool::Lanes;
use super::{Columns, Relation, kernel};
use crate::condition::Truth;

/// Two numbers and how the first should stand to the second.
pub(super) struct Comparison<'a> {
    left: Number<'a>,
    relation: Relation,
    right: Right<'a>,
    /// Whether the two are compared by their lanes; else value by value.
    by: By,
}

enum Right<'a> {
    Constant(f64),
    Number(Number<'a>),
}

#[derive(Clone, Copy)]
enum By {
    Floats,
    Wholes,
    /// An int with a float, or money with an int, neither of which may be
    /// rounded.
    Values,
}

impl<'a> Comparison<'a> {
    /// Two numbers whose kinds can be compared.
    pub fn new(left: Number<'a>, relation: Relation, right: Number<'a>) -> Self {
        let (left, right) = Number::to_common_unit(left, right);
        let by = match (left.is_wide(), right.is_wide()) {
            (false, false) if left.kind == right.kind || !is_money(&left, &right) => By::Floats,
            (true, true) if left.kind == right.kind => By::Wholes,
            (true, false) | (false, true) if left.kind == right.kind => {
                let by = By::Wholes;
                return Self { left: left.widened(), relation, right: Right::Number(right.widened()), by };
            }
            _ => By::Values,
        };
        match (by, right.constant()) {
            (By::Floats, Some(x)) => Self { left, relation, right: Right::Constant(x), by },
            _ => Self { left, relation, right: Right::Number(right), by },
        }
    }

    /// Writes the answers and the rows where there is one.
    pub fn judge<C: Columns>(&self, block: &mut Block<'_, C>, open: &[u64], test: &mut [u64], known: &mut [u64]) {
        let rows = block.rows;
        let mut left = block.pool.lanes();
        self.left.fill(block, open, &mut left);
        self.left.settle(rows, &mut left);
        known.copy_from_slice(&left.known[..known.len()]);
        match &self.right {
            Right::Constant(x) => kernel::compare_constant(&left.floats[..rows], self.relation, *x, test),
            Right::Number(number) => {
                let mut right = block.pool.lanes();
                number.fill(block, open, &mut right);
                number.settle(rows, &mut right);
                for (known, other) in known.iter_mut().zip(right.known) {
                    *known &= other;
                }
                match self.by {
                    By::Floats => kernel::compare(&left.floats[..rows], self.relation, &right.floats[..rows], test),
                    By::Wholes => {
                        kernel::compare_whole(&left.wholes[..rows], self.relation, &right.wholes[..rows], test);
                    }
                    By::Values => self.by_values(number, &left, &right, known, test),
                }
                block.pool.give_lanes(right);
            }
        }
        block.pool.give_lanes(left);
    }

    fn by_values(&self, number: &Number<'_>, left: &Lanes, right: &Lanes, known: &mut [u64], test: &mut [u64]) {
        for (at, (test, known)) in test.iter_mut().zip(known).enumerate() {
            *test = 0;
            for bit in bits(*known) {
                let row = at * 64 + bit;
                let truth = self.left.datum(left, row).compare(self.relation, &number.datum(right, row));
                *test |= u64::from(truth.is_true()) << bit;
                *known &= !(u64::from(truth == Truth::Unknown) << bit);
            }
        }
    }
}

fn is_money(left: &Number<'_>, right: &Number<'_>) -> bool {
    left.kind == Kind::Money || right.kind == Kind::Money
}
