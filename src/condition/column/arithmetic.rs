//! Numbers of a few rows at a time: fills the lanes that comparisons read.
//!
//! Nothing looks at a row's value to decide whether to compute it: rows that
//! are missing are computed like others, and their results are not used.

use super::leaf::bits;
use super::node::Block;
use super::number::{CodedNumber, Form, Kind, Number, Rounding};
use super::pool::{CHUNK_WORDS, Lanes};
use super::{Columns, kernel};
use crate::condition::datum::Datum;
use crate::condition::ir::Expr;
use crate::condition::row;
use crate::condition::syntax::Operator;
use crate::model::{Time, TimeDelta};

/// Milliseconds of 24 hours.
pub(super) const DAY: i64 = 86_400_000;

impl Number<'_> {
    /// Computes the rows of a block no longer than a chunk. Only the rows in
    /// `open` need be right.
    pub fn fill<C: Columns>(&self, block: &mut Block<'_, C>, open: &[u64], into: &mut Lanes) {
        let (rows, first) = (block.rows, block.first);
        let range = first..first + rows;
        match &self.form {
            Form::Missing => into.known.fill(0),
            Form::Constant(x) => {
                into.floats[..rows].fill(*x);
                into.known.fill(!0);
            }
            Form::WideConstant(x) => {
                into.wholes[..rows].fill(*x);
                into.known.fill(!0);
            }
            Form::Floats { values, set } => {
                into.floats[..rows].copy_from_slice(&values[range]);
                into.known = words(*set, first);
            }
            Form::Narrow { values, factor, summand, set } => {
                kernel::convert(values.slice(range), *factor, *summand, &mut into.floats[..rows]);
                into.known = words(*set, first);
            }
            Form::Wide { values, unit, set } => {
                values.slice(range).widen(*unit, &mut into.wholes[..rows]);
                into.known = words(*set, first);
            }
            Form::Coded(coded) => coded.fill(first, rows, into),
            Form::Length { spans, bytes, set } => {
                into.known = words(*set, first);
                let known = into.known;
                for (at, word) in known.iter().zip(open).map(|(known, open)| known & open).enumerate() {
                    for bit in bits(word) {
                        let text = spans[first + at * 64 + bit].of(bytes);
                        // Every byte but those that continue a character.
                        let characters = text.iter().filter(|byte| byte.cast_signed() >= -64).count();
                        into.floats[at * 64 + bit] = characters as f64;
                    }
                }
            }
            Form::Elements(lists) => {
                into.known.fill(0);
                for (at, word) in open.iter().enumerate() {
                    for bit in bits(*word) {
                        let length = lists.length(first + at * 64 + bit);
                        into.floats[at * 64 + bit] = length.unwrap_or(0) as f64;
                        into.known[at] |= u64::from(length.is_some()) << bit;
                    }
                }
            }
            Form::Rows(expr) => row_by_row(expr, block, open, into),
            Form::Arithmetic(operator, left, right) => arithmetic(*operator, left, right, block, open, into),
            Form::WideArithmetic(operator, left, right) => {
                left.fill(block, open, into);
                with_lanes(right, block, open, |right| whole_arithmetic(*operator, into, right, rows));
            }
            Form::Negate(inner) => {
                inner.fill(block, open, into);
                if self.is_wide() {
                    checked(into, rows, i64::checked_neg);
                } else {
                    into.floats[..rows].iter_mut().for_each(|x| *x = -*x);
                }
            }
            Form::Abs(inner) => {
                inner.fill(block, open, into);
                if self.is_wide() {
                    checked(into, rows, i64::checked_abs);
                } else {
                    into.floats[..rows].iter_mut().for_each(|x| *x = x.abs());
                }
            }
            Form::Rounded(rounding, inner) => {
                inner.fill(block, open, into);
                rounded(*rounding, inner, into, rows);
            }
            Form::Days(inner) => {
                inner.fill(block, open, into);
                into.floats[..rows].iter_mut().for_each(|x| *x = whole_days(*x));
            }
            Form::Coalesce(list) => self.choose(list, block, open, into, |_, _| false),
            Form::Extreme(wanted, list) => {
                let wanted = Some(*wanted);
                self.choose(list, block, open, into, |next, best| next.order(best) == wanted);
            }
            Form::Widened(inner) => {
                inner.fill(block, open, into);
                inner.settle(rows, into);
                for (whole, float) in into.wholes.iter_mut().zip(&into.floats[..rows]) {
                    *whole = *float as i64;
                }
            }
            Form::Rounding(inner) => {
                inner.fill(block, open, into);
                for (float, whole) in into.floats.iter_mut().zip(&into.wholes[..rows]) {
                    *float = *whole as f64;
                }
            }
        }
    }

    /// Leaves no row known that is NaN or infinite.
    pub fn settle(&self, rows: usize, lanes: &mut Lanes) {
        if !self.is_loose() {
            return;
        }
        let mut finite = [0; CHUNK_WORDS];
        kernel::finite(&lanes.floats[..rows], &mut finite);
        for (known, finite) in lanes.known.iter_mut().zip(finite) {
            *known &= finite;
        }
    }

    /// The first of the list that is known, and then each that is better.
    fn choose<C: Columns>(
        &self,
        list: &[Number<'_>],
        block: &mut Block<'_, C>,
        open: &[u64],
        into: &mut Lanes,
        better: impl Fn(&Datum<'_>, &Datum<'_>) -> bool,
    ) {
        let rows = block.rows;
        into.known.fill(0);
        for number in list {
            with_lanes(number, block, open, |lanes| {
                number.settle(rows, lanes);
                for (at, open) in open.iter().enumerate() {
                    for bit in bits(open & lanes.known[at]) {
                        let row = at * 64 + bit;
                        let taken = into.known[at] >> bit & 1 == 0
                            || better(&number.datum(lanes, row), &number.datum(into, row));
                        if taken {
                            into.floats[row] = lanes.floats[row];
                            into.wholes[row] = lanes.wholes[row];
                            into.known[at] |= 1 << bit;
                        }
                    }
                }
            });
        }
    }
}

impl Lanes {
    /// Puts a value into both lanes; whether it was a number.
    pub fn put(&mut self, row: usize, datum: &Datum<'_>) -> bool {
        match datum {
            Datum::Int(x) | Datum::Money(x) | Datum::Time(Time(x)) | Datum::Duration(TimeDelta(x)) => {
                self.wholes[row] = *x;
            }
            Datum::Float(x) => self.floats[row] = *x,
            Datum::Missing | Datum::Bool(_) | Datum::Text(_) | Datum::List(_) => return false,
        }
        true
    }
}

impl CodedNumber<'_> {
    fn fill(&self, first: usize, rows: usize, into: &mut Lanes) {
        let set = words(self.set, first);
        into.known.fill(0);
        let missing = self.known.len() - 1;
        for row in 0..rows {
            let is_set = set[row / 64] >> (row % 64) & 1 == 1;
            let place = if is_set { self.codes.get(first + row).min(missing) } else { missing };
            into.floats[row] = self.floats[place];
            into.wholes[row] = self.wholes[place];
            into.known[row / 64] |= u64::from(self.known[place]) << (row % 64);
        }
    }
}

impl super::Whole<'_> {
    fn widen(&self, unit: i64, into: &mut [i64]) {
        fn wide<T: Copy + Into<i64>>(values: &[T], unit: i64, into: &mut [i64]) {
            for (into, value) in into.iter_mut().zip(values) {
                *into = (*value).into().wrapping_mul(unit);
            }
        }
        match self {
            Self::I8(values) => wide(values, unit, into),
            Self::I16(values) => wide(values, unit, into),
            Self::I32(values) => wide(values, unit, into),
            Self::I64(values) => wide(values, unit, into),
        }
    }
}

/// The words of a mask from a row on; all ones for none.
fn words(set: Option<&[u64]>, first: usize) -> [u64; CHUNK_WORDS] {
    let mut words = [!0; CHUNK_WORDS];
    if let Some(set) = set {
        for (word, set) in words.iter_mut().zip(&set[first / 64..]) {
            *word = *set;
        }
    }
    words
}

fn both(known: &mut [u64; CHUNK_WORDS], other: [u64; CHUNK_WORDS]) {
    for (known, other) in known.iter_mut().zip(other) {
        *known &= other;
    }
}

/// Operands are read where they stand if they need no computing.
fn arithmetic<C: Columns>(
    operator: Operator,
    left: &Number<'_>,
    right: &Number<'_>,
    block: &mut Block<'_, C>,
    open: &[u64],
    into: &mut Lanes,
) {
    let (rows, first) = (block.rows, block.first);
    match (&left.form, &right.form) {
        (Form::Constant(left), _) => {
            right.fill(block, open, into);
            kernel::apply_to_constant(*left, operator, &mut into.floats[..rows]);
        }
        (_, Form::Constant(right)) => {
            left.fill(block, open, into);
            kernel::apply_constant(&mut into.floats[..rows], operator, *right);
        }
        (_, Form::Floats { values, set }) => {
            left.fill(block, open, into);
            kernel::apply(&mut into.floats[..rows], operator, &values[first..first + rows]);
            both(&mut into.known, words(*set, first));
        }
        (Form::Floats { values, set }, _) => {
            right.fill(block, open, into);
            kernel::apply_to(&values[first..first + rows], operator, &mut into.floats[..rows]);
            both(&mut into.known, words(*set, first));
        }
        _ => {
            left.fill(block, open, into);
            with_lanes(right, block, open, |right| {
                kernel::apply(&mut into.floats[..rows], operator, &right.floats[..rows]);
                both(&mut into.known, right.known);
            });
        }
    }
}

fn row_by_row<C: Columns>(expr: &Expr, block: &Block<'_, C>, open: &[u64], into: &mut Lanes) {
    into.known.fill(0);
    for (at, word) in open.iter().enumerate() {
        for bit in bits(*word) {
            let user = block.columns.row(block.first + at * 64 + bit);
            let known = into.put(at * 64 + bit, &row::value(expr, &user));
            into.known[at] |= u64::from(known) << bit;
        }
    }
}

/// Fills lanes of its own for a second operand.
fn with_lanes<C: Columns>(number: &Number<'_>, block: &mut Block<'_, C>, open: &[u64], run: impl FnOnce(&mut Lanes)) {
    let mut lanes = block.pool.lanes();
    number.fill(block, open, &mut lanes);
    run(&mut lanes);
    block.pool.give_lanes(lanes);
}

fn whole_arithmetic(operator: Operator, left: &mut Lanes, right: &Lanes, rows: usize) {
    both(&mut left.known, right.known);
    let apply = |a: i64, b: i64| match operator {
        Operator::Add => a.checked_add(b),
        Operator::Subtract => a.checked_sub(b),
        Operator::Multiply => a.checked_mul(b),
        Operator::Remainder if b != 0 => Some(a.wrapping_rem(b)),
        Operator::Remainder | Operator::Divide => None,
    };
    for row in 0..rows {
        match apply(left.wholes[row], right.wholes[row]) {
            Some(result) => left.wholes[row] = result,
            None => left.known[row / 64] &= !(1 << (row % 64)),
        }
    }
}

/// What has no result is not known.
fn checked(lanes: &mut Lanes, rows: usize, operation: fn(i64) -> Option<i64>) {
    for row in 0..rows {
        match operation(lanes.wholes[row]) {
            Some(result) => lanes.wholes[row] = result,
            None => lanes.known[row / 64] &= !(1 << (row % 64)),
        }
    }
}

fn rounded(rounding: Rounding, inner: &Number<'_>, lanes: &mut Lanes, rows: usize) {
    if inner.kind == Kind::Money {
        for whole in &mut lanes.wholes[..rows] {
            *whole = rounding.hundredths(*whole);
        }
        return;
    }
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    for row in 0..rows {
        let x = rounding.float(lanes.floats[row]);
        lanes.wholes[row] = x as i64;
        let fits = (-LIMIT..LIMIT).contains(&x);
        lanes.known[row / 64] &= !(u64::from(!fits) << (row % 64));
    }
}

/// Whole days of an exact number of milliseconds, rounded down: the quotient
/// may be rounded across a whole number, the remainder is exact.
fn whole_days(length: f64) -> f64 {
    const DAYS: f64 = DAY as f64;
    let days = (length / DAYS).floor();
    let rest = length - days * DAYS;
    let below = if rest < 0.0 { 1.0 } else { 0.0 };
    let above = if rest >= DAYS { 1.0 } else { 0.0 };
    days - below + above
}
