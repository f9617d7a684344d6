//! What is asked of a condition or an expression over columns, block by block.
//!
//! A range of rows begins at a multiple of 64, and so does the first word of
//! its answer; a caller that must not hold the columns for long asks for a part
//! at a time.

use super::bind::Binder;
use super::node::{Ask, Block, Merge, Node};
use super::number::Number;
use super::pool::{BLOCK, CHUNK, Pool, WORDS};
use super::{Columns, kernel};
use crate::condition::{Condition, Expression, row};
use crate::model::{Type, Value};
use std::ops::Range;

/// The rows where a condition holds, and those where it is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// A bit for each row.
    pub holds: Vec<u64>,
    /// A bit for each row.
    pub unknown: Vec<u64>,
}

/// How many rows there are where a condition holds, and where it is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// It holds.
    pub holds: u64,
    /// A value that it depends on is missing.
    pub unknown: u64,
}

/// The values of an expression. `set` has the rows that have a user and whose
/// value is not missing; those of other rows mean nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Answers {
    /// Bools.
    Bits {
        /// The rows that are true.
        bits: Vec<u64>,
        /// The rows that have a value.
        set: Vec<u64>,
    },
    /// Ints, money in hundredths, times and durations in milliseconds.
    Whole {
        /// The values.
        values: Vec<i64>,
        /// The rows that have a value.
        set: Vec<u64>,
    },
    /// Floats.
    Floats {
        /// The values.
        values: Vec<f64>,
        /// The rows that have a value.
        set: Vec<u64>,
    },
    /// Texts and lists; missing where there is no value.
    Values(Vec<Value>),
}

impl Condition {
    /// The rows where it is true.
    pub fn select<C: Columns>(&self, columns: &C) -> Vec<u64> {
        self.select_in(columns, 0..columns.rows())
    }

    /// The rows of a range where it is true.
    pub fn select_in<C: Columns>(&self, columns: &C, rows: Range<usize>) -> Vec<u64> {
        let mut pass = Pass::new(self, columns, rows);
        let mut holds = pass.live();
        pass.each_block(|pass, words, block| pass.node.merge(Ask::True, Merge::And, &mut holds[words], block));
        holds
    }

    /// The rows where it is true, and those where it is unknown.
    pub fn select_both<C: Columns>(&self, columns: &C) -> Selection {
        self.select_both_in(columns, 0..columns.rows())
    }

    /// The same for a range of rows.
    pub fn select_both_in<C: Columns>(&self, columns: &C, rows: Range<usize>) -> Selection {
        let mut pass = Pass::new(self, columns, rows);
        let (mut holds, mut unknown) = (pass.live(), pass.live());
        pass.each_block(|pass, words, block| {
            pass.node.merge(Ask::True, Merge::And, &mut holds[words.clone()], block);
            pass.leave_unknown(&holds[words.clone()], &mut unknown[words], block);
        });
        Selection { holds, unknown }
    }

    /// How many rows there are where it is true.
    pub fn count<C: Columns>(&self, columns: &C) -> u64 {
        let mut pass = Pass::new(self, columns, 0..columns.rows());
        let mut count = 0;
        pass.each_block(|pass, _, block| {
            let mut mask = [0; WORDS];
            let mask = pass.live_in(block, &mut mask);
            pass.node.merge(Ask::True, Merge::And, mask, block);
            count += kernel::count(mask);
        });
        count
    }

    /// How many rows there are where it is true, and where it is unknown.
    pub fn tally<C: Columns>(&self, columns: &C) -> Tally {
        self.tally_in(columns, 0..columns.rows())
    }

    /// The same for a range of rows.
    pub fn tally_in<C: Columns>(&self, columns: &C, rows: Range<usize>) -> Tally {
        let mut pass = Pass::new(self, columns, rows);
        let mut tally = Tally::default();
        pass.each_block(|pass, _, block| {
            let (mut holds, mut unknown) = ([0; WORDS], [0; WORDS]);
            let (holds, unknown) = (pass.live_in(block, &mut holds), pass.live_in(block, &mut unknown));
            pass.node.merge(Ask::True, Merge::And, holds, block);
            pass.leave_unknown(holds, unknown, block);
            tally.holds += kernel::count(holds);
            tally.unknown += kernel::count(unknown);
        });
        tally
    }
}

impl Expression {
    /// The values for a range of rows.
    pub fn evaluate_all<C: Columns>(&self, columns: &C, rows: Range<usize>) -> Answers {
        let rows = clipped(columns, rows);
        match self.ty() {
            Type::Bool => {
                let condition = Condition { program: self.program.clone() };
                let Selection { holds, mut unknown } = condition.select_both_in(columns, rows.clone());
                let live = live(columns, &rows);
                unknown.iter_mut().zip(live).for_each(|(unknown, live)| *unknown = live & !*unknown);
                Answers::Bits { bits: holds, set: unknown }
            }
            Type::Int | Type::Float | Type::Money | Type::Time | Type::Duration => {
                match Binder::new(columns, rows.len()).number(&self.program.root) {
                    Some(number) => numbers(&number, columns, rows),
                    None => self.row_by_row(columns, rows),
                }
            }
            Type::String | Type::List | Type::Enum(_) => self.row_by_row(columns, rows),
        }
    }

    fn row_by_row<C: Columns>(&self, columns: &C, rows: Range<usize>) -> Answers {
        let live = live(columns, &rows);
        let value = |at: usize, row: usize| match live[at / 64] >> (at % 64) & 1 {
            0 => Value::Missing,
            _ => row::value(&self.program.root, &columns.row(row)).into_value(),
        };
        Answers::Values(rows.enumerate().map(|(at, row)| value(at, row)).collect())
    }
}

/// One condition bound to columns, and the rows to be judged.
struct Pass<'a, C> {
    columns: &'a C,
    rows: Range<usize>,
    node: Node<'a>,
    may_be_unknown: bool,
}

impl<'a, C: Columns> Pass<'a, C> {
    fn new(condition: &'a Condition, columns: &'a C, rows: Range<usize>) -> Self {
        let rows = clipped(columns, rows);
        let node = Binder::new(columns, rows.len()).node(&condition.program.root, false);
        let may_be_unknown = node.may_be_unknown();
        Self { columns, rows, node, may_be_unknown }
    }

    /// Runs for each block with the words of the answer that are its own.
    fn each_block(&mut self, mut run: impl FnMut(&Self, Range<usize>, &mut Block<'_, C>)) {
        let mut pool = Pool::default();
        for first in self.rows.clone().step_by(BLOCK) {
            let rows = BLOCK.min(self.rows.end - first);
            let at = (first - self.rows.start) / 64;
            let mut block = Block { columns: self.columns, first, rows, pool: &mut pool };
            run(self, at..at + rows.div_ceil(64), &mut block);
        }
    }

    fn live(&self) -> Vec<u64> {
        live(self.columns, &self.rows)
    }

    /// The rows of a block that have a user.
    fn live_in<'m>(&self, block: &Block<'_, C>, mask: &'m mut [u64; WORDS]) -> &'m mut [u64] {
        let mask = &mut mask[..block.rows.div_ceil(64)];
        fill_live(self.columns, block.first..block.first + block.rows, mask);
        mask
    }

    /// Leaves of the rows those where the answer is unknown.
    fn leave_unknown(&self, holds: &[u64], rows: &mut [u64], block: &mut Block<'_, C>) {
        if !self.may_be_unknown {
            return rows.fill(0);
        }
        rows.iter_mut().zip(holds).for_each(|(row, holds)| *row &= !holds);
        self.node.merge(Ask::NotFalse, Merge::And, rows, block);
    }
}

/// The rows that exist, from a multiple of 64 on.
fn clipped<C: Columns>(columns: &C, rows: Range<usize>) -> Range<usize> {
    let end = rows.end.min(columns.rows());
    (rows.start / 64 * 64).min(end / 64 * 64)..end
}

fn live<C: Columns>(columns: &C, rows: &Range<usize>) -> Vec<u64> {
    let mut live = vec![0; rows.len().div_ceil(64)];
    fill_live(columns, rows.clone(), &mut live);
    live
}

/// Writes the rows that have a user.
fn fill_live<C: Columns>(columns: &C, rows: Range<usize>, into: &mut [u64]) {
    match columns.used() {
        Some(used) => {
            let first = rows.start / 64;
            into.copy_from_slice(&used[first..first + into.len()]);
        }
        None => into.fill(!0),
    }
    if let (Some(last), rest @ 1..) = (into.last_mut(), rows.len() % 64) {
        *last &= (1 << rest) - 1;
    }
}

/// The numbers of all rows of a range.
fn numbers<C: Columns>(number: &Number<'_>, columns: &C, rows: Range<usize>) -> Answers {
    let mut set = live(columns, &rows);
    let (mut wholes, mut floats) = (Vec::new(), Vec::new());
    let mut pool = Pool::default();
    let mut lanes = pool.lanes();
    for first in rows.clone().step_by(CHUNK) {
        let length = CHUNK.min(rows.end - first);
        let at = (first - rows.start) / 64;
        let set = &mut set[at..at + length.div_ceil(64)];
        let mut block = Block { columns, first, rows: length, pool: &mut pool };
        number.fill(&mut block, set, &mut lanes);
        number.settle(length, &mut lanes);
        set.iter_mut().zip(lanes.known).for_each(|(set, known)| *set &= known);
        if number.is_float() {
            floats.extend_from_slice(&lanes.floats[..length]);
        } else if number.is_wide() {
            wholes.extend_from_slice(&lanes.wholes[..length]);
        } else {
            wholes.extend(lanes.floats[..length].iter().map(|x| *x as i64));
        }
    }
    if number.is_float() { Answers::Floats { values: floats, set } } else { Answers::Whole { values: wholes, set } }
}
