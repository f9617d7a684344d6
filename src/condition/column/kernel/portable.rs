//! The loops themselves, in a form that compilers vectorise: no jump depends on
//! a value, and a slice is gone through in pieces of known length.

use super::Pack;
use crate::condition::column::{Codes, Relation, Whole};
use crate::condition::syntax::Operator;

/// A whole number of some width.
trait Narrow: Copy + PartialOrd {
    const LEAST: i64;
    const GREATEST: i64;
    /// Cuts off what does not fit.
    fn cut(x: i64) -> Self;
    fn float(self) -> f64;
    /// The distance from `low`, which is no more than that of `high` for
    /// values between the two alone.
    fn within(self, low: Self, high: Self) -> bool;
}

macro_rules! narrow {
    ($($ty:ty as $unsigned:ty),*) => {$(
        impl Narrow for $ty {
            const LEAST: i64 = <$ty>::MIN as i64;
            const GREATEST: i64 = <$ty>::MAX as i64;
            #[inline(always)]
            fn cut(x: i64) -> Self {
                x as $ty
            }
            #[inline(always)]
            fn float(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn within(self, low: Self, high: Self) -> bool {
                self.wrapping_sub(low) as $unsigned <= high.wrapping_sub(low) as $unsigned
            }
        }
    )*};
}

narrow!(i8 as u8, i16 as u16, i32 as u32, i64 as u64);

/// Takes the choice of the operation out of the loop. The result is NaN or
/// infinite where there is none, also if an operand was.
macro_rules! by_operator {
    ($operator:expr, $items:expr, |$item:pat_param, $result:ident| $body:expr) => {
        match $operator {
            Operator::Add => by_operator!(@ $items, $item, $result, $body, |a, b| a + b),
            Operator::Subtract => by_operator!(@ $items, $item, $result, $body, |a, b| a - b),
            Operator::Multiply => by_operator!(@ $items, $item, $result, $body, |a, b| a * b),
            Operator::Divide => by_operator!(@ $items, $item, $result, $body, |a, b| {
                let result = a / b;
                if b != 0.0 && b.abs() <= f64::MAX { result } else { f64::NAN }
            }),
            // The remainder of whole numbers, which know no negative zero.
            Operator::Remainder => by_operator!(@ $items, $item, $result, $body, |a, b| a % b + 0.0),
        }
    };
    (@ $items:expr, $item:pat_param, $result:ident, $body:expr, |$a:ident, $b:ident| $operation:expr) => {{
        let $result = |$a: f64, $b: f64| -> f64 { $operation };
        $items.for_each(|$item| $body);
    }};
}

#[inline(always)]
pub(super) fn range<P: Pack>(values: Whole<'_>, low: i64, high: i64, out: &mut [u64]) {
    match values {
        Whole::I8(values) => between::<P, i8>(values, low, high, out),
        Whole::I16(values) => between::<P, i16>(values, low, high, out),
        Whole::I32(values) => between::<P, i32>(values, low, high, out),
        Whole::I64(values) => between::<P, i64>(values, low, high, out),
    }
}

#[inline(always)]
pub(super) fn look_up<P: Pack>(codes: Codes<'_>, table: &[u64], out: &mut [u64]) {
    match codes {
        Codes::U8(codes) => {
            let bytes = std::array::from_fn(|at| table.get(at).copied().unwrap_or(0));
            let (blocks, rest) = codes.as_chunks::<64>();
            for (codes, word) in blocks.iter().zip(&mut *out) {
                *word = P::look_up(codes, &bytes);
            }
            in_table(rest, table, &mut out[blocks.len()..]);
        }
        Codes::U16(codes) => in_table(codes, table, out),
        Codes::U32(codes) => in_table(codes, table, out),
    }
}

#[inline(always)]
pub(super) fn compare_constant<P: Pack>(values: &[f64], relation: Relation, constant: f64, out: &mut [u64]) {
    match relation {
        Relation::Equal => bits::<P, _>(values, out, |x| x == constant),
        Relation::NotEqual => bits::<P, _>(values, out, |x| x != constant),
        Relation::Less => bits::<P, _>(values, out, |x| x < constant),
        Relation::LessOrEqual => bits::<P, _>(values, out, |x| x <= constant),
        Relation::Greater => bits::<P, _>(values, out, |x| x > constant),
        Relation::GreaterOrEqual => bits::<P, _>(values, out, |x| x >= constant),
    }
}

#[inline(always)]
pub(super) fn compare<P: Pack>(left: &[f64], relation: Relation, right: &[f64], out: &mut [u64]) {
    by_relation::<P, _>(left, relation, right, out);
}

#[inline(always)]
pub(super) fn compare_whole<P: Pack>(left: &[i64], relation: Relation, right: &[i64], out: &mut [u64]) {
    by_relation::<P, _>(left, relation, right, out);
}

#[inline(always)]
pub(super) fn finite<P: Pack>(values: &[f64], out: &mut [u64]) {
    bits::<P, _>(values, out, |x| x.abs() <= f64::MAX);
}

#[inline(always)]
pub(super) fn convert<P: Pack>(values: Whole<'_>, factor: f64, summand: f64, into: &mut [f64]) {
    match values {
        Whole::I8(values) => floats(values, factor, summand, into),
        Whole::I16(values) => floats(values, factor, summand, into),
        Whole::I32(values) => floats(values, factor, summand, into),
        Whole::I64(values) => floats(values, factor, summand, into),
    }
}

#[inline(always)]
pub(super) fn apply<P: Pack>(left: &mut [f64], operator: Operator, right: &[f64]) {
    by_operator!(operator, left.iter_mut().zip(right), |(a, b), result| *a = result(*a, *b));
}

#[inline(always)]
pub(super) fn apply_to<P: Pack>(left: &[f64], operator: Operator, right: &mut [f64]) {
    by_operator!(operator, right.iter_mut().zip(left), |(b, a), result| *b = result(*a, *b));
}

#[inline(always)]
pub(super) fn apply_constant<P: Pack>(left: &mut [f64], operator: Operator, right: f64) {
    by_operator!(operator, left.iter_mut(), |a, result| *a = result(*a, right));
}

#[inline(always)]
pub(super) fn apply_to_constant<P: Pack>(left: f64, operator: Operator, right: &mut [f64]) {
    by_operator!(operator, right.iter_mut(), |b, result| *b = result(left, *b));
}

#[inline(always)]
pub(super) fn count<P: Pack>(words: &[u64]) -> u64 {
    words.iter().map(|word| u64::from(word.count_ones())).sum()
}

/// The bits of the values that pass a test.
#[inline(always)]
fn bits<P: Pack, T: Copy>(values: &[T], out: &mut [u64], test: impl Fn(T) -> bool) {
    let (blocks, rest) = values.as_chunks::<64>();
    for (block, word) in blocks.iter().zip(&mut *out) {
        *word = P::pack(&block.map(|x| u8::from(test(x))));
    }
    if let (false, Some(word)) = (rest.is_empty(), out.get_mut(blocks.len())) {
        *word = rest.iter().rev().fold(0, |bits, x| bits << 1 | u64::from(test(*x)));
    }
}

/// The bits of the pairs that pass a test.
#[inline(always)]
fn pairs<P: Pack, T: Copy>(left: &[T], right: &[T], out: &mut [u64], test: impl Fn(T, T) -> bool) {
    let ((lefts, left), (rights, right)) = (left.as_chunks::<64>(), right.as_chunks::<64>());
    for ((left, right), word) in lefts.iter().zip(rights).zip(&mut *out) {
        *word = P::pack(&std::array::from_fn(|at| u8::from(test(left[at], right[at]))));
    }
    if let (false, Some(word)) = (left.is_empty(), out.get_mut(lefts.len())) {
        *word = left.iter().zip(right).rev().fold(0, |bits, (a, b)| bits << 1 | u64::from(test(*a, *b)));
    }
}

#[inline(always)]
fn by_relation<P: Pack, T: Copy + PartialOrd>(left: &[T], relation: Relation, right: &[T], out: &mut [u64]) {
    match relation {
        Relation::Equal => pairs::<P, _>(left, right, out, |a, b| a == b),
        Relation::NotEqual => pairs::<P, _>(left, right, out, |a, b| a != b),
        Relation::Less => pairs::<P, _>(left, right, out, |a, b| a < b),
        Relation::LessOrEqual => pairs::<P, _>(left, right, out, |a, b| a <= b),
        Relation::Greater => pairs::<P, _>(left, right, out, |a, b| a > b),
        Relation::GreaterOrEqual => pairs::<P, _>(left, right, out, |a, b| a >= b),
    }
}

/// One comparison a value where one end of the range is the type's.
#[inline(always)]
fn between<P: Pack, T: Narrow>(values: &[T], low: i64, high: i64, out: &mut [u64]) {
    if low > high || low > T::GREATEST || high < T::LEAST {
        return out.fill(0);
    }
    let (from, to) = (T::cut(low.max(T::LEAST)), T::cut(high.min(T::GREATEST)));
    if from == to {
        bits::<P, _>(values, out, |x| x == from);
    } else if high >= T::GREATEST {
        bits::<P, _>(values, out, |x| x >= from);
    } else if low <= T::LEAST {
        bits::<P, _>(values, out, |x| x <= to);
    } else {
        bits::<P, _>(values, out, |x| x.within(from, to));
    }
}

/// The code as a place in a table.
trait Code: Copy {
    fn place(self) -> usize;
}

impl Code for u8 {
    #[inline(always)]
    fn place(self) -> usize {
        usize::from(self)
    }
}

impl Code for u16 {
    #[inline(always)]
    fn place(self) -> usize {
        usize::from(self)
    }
}

impl Code for u32 {
    #[inline(always)]
    fn place(self) -> usize {
        self as usize
    }
}

#[inline(always)]
fn in_table<T: Code>(codes: &[T], table: &[u64], out: &mut [u64]) {
    let bit = |code: T| table.get(code.place() / 64).is_some_and(|word| word >> (code.place() % 64) & 1 == 1);
    for (codes, word) in codes.chunks(64).zip(&mut *out) {
        *word = codes.iter().rev().fold(0, |bits, code| bits << 1 | u64::from(bit(*code)));
    }
}

#[inline(always)]
fn floats<T: Narrow>(values: &[T], factor: f64, summand: f64, into: &mut [f64]) {
    for (value, into) in values.iter().zip(into) {
        *into = value.float() * factor + summand;
    }
}
