//! The tests at the leaves of a bound condition.

use super::compare::Comparison;
use super::kernel;
use super::node::{Ask, Block, Merge};
use super::number::Number;
use super::pool::{CHUNK, CHUNK_WORDS};
use super::text::Matcher;
use super::{Codes, Columns, Lists, Relation, Span, Whole};
use crate::condition::ir::Expr;
use crate::condition::{Truth, row};
use std::sync::Arc;

/// A test and whether its answer is turned round.
pub(super) struct Leaf<'a> {
    pub test: Test<'a>,
    /// The rows where the answer is known, unless the test itself knows.
    pub set: Option<&'a [u64]>,
    pub negated: bool,
}

/// What is tested.
pub(super) enum Test<'a> {
    Bits(&'a [u64]),
    /// Whole numbers between two ends, both included.
    Range {
        values: Whole<'a>,
        low: i64,
        high: i64,
    },
    Float {
        values: &'a [f64],
        relation: Relation,
        constant: f64,
    },
    /// Anything that depends on one column of codes alone.
    Coded(Coded<'a>),
    /// Lists that have an element.
    Element {
        lists: &'a dyn Lists,
        element: Arc<str>,
    },
    Text {
        spans: &'a [Span],
        bytes: &'a [u8],
        matcher: Matcher<'a>,
    },
    Compare(Comparison<'a>),
    /// Whether a number is missing.
    Missing(Number<'a>),
    /// Anything, judged row by row.
    Rows(&'a Expr),
}

/// Answers by code, `not` included.
pub(super) struct Coded<'a> {
    pub codes: Codes<'a>,
    /// The codes where it is true, a bit each.
    pub holds: Vec<u64>,
    /// The codes where it is unknown; empty if there is none.
    pub unknown: Vec<u64>,
    /// The answer for rows without a value.
    pub missing: Truth,
}

impl Leaf<'_> {
    pub fn merge<C: Columns>(&self, ask: Ask, merge: Merge, mask: &mut [u64], block: &mut Block<'_, C>) {
        match &self.test {
            Test::Coded(coded) => self.merge_coded(coded, ask, merge, mask, block),
            Test::Compare(comparison) => self.by_chunks(ask, merge, mask, block, |chunk, open, test, known| {
                comparison.judge(chunk, open, test, known);
            }),
            Test::Missing(number) => self.by_chunks(ask, merge, mask, block, |chunk, open, test, known| {
                let mut lanes = chunk.pool.lanes();
                number.fill(chunk, open, &mut lanes);
                number.settle(chunk.rows, &mut lanes);
                for (test, known) in test.iter_mut().zip(lanes.known) {
                    *test = !known;
                }
                known.fill(!0);
                chunk.pool.give_lanes(lanes);
            }),
            Test::Rows(expr) => self.row_by_row(expr, ask, merge, mask, block),
            Test::Bits(_) | Test::Range { .. } | Test::Float { .. } | Test::Element { .. } | Test::Text { .. } => {
                self.merge_simple(ask, merge, mask, block);
            }
        }
    }

    pub fn may_be_unknown(&self) -> bool {
        match &self.test {
            Test::Bits(_) | Test::Range { .. } | Test::Float { .. } | Test::Text { .. } => self.set.is_some(),
            Test::Coded(coded) => !coded.unknown.is_empty() || (self.set.is_some() && coded.missing == Truth::Unknown),
            Test::Missing(_) => false,
            Test::Element { .. } | Test::Compare(_) | Test::Rows(_) => true,
        }
    }

    pub fn cost(&self) -> u32 {
        match &self.test {
            Test::Bits(_) => 1,
            Test::Range { values: Whole::I8(_) | Whole::I16(_), .. } => 2,
            Test::Range { .. } | Test::Element { .. } => 4,
            Test::Coded(_) => 5,
            Test::Float { .. } => 8,
            Test::Compare(_) | Test::Missing(_) => 30,
            Test::Text { .. } => 200,
            Test::Rows(_) => 10_000,
        }
    }

    /// Tests that write a mask of the whole block.
    fn merge_simple<C: Columns>(&self, ask: Ask, merge: Merge, mask: &mut [u64], block: &mut Block<'_, C>) {
        let (rows, words) = (block.first..block.first + block.rows, block.first / 64..block.first / 64 + mask.len());
        let set = self.set.map(|set| &set[words.clone()]);
        if let Test::Bits(bits) = &self.test
            && let Some(bits) = bits.get(words.clone())
        {
            return self.finish(ask, merge, mask, bits, set);
        }
        let mut buffer = block.pool.mask();
        let test = &mut buffer[..mask.len()];
        match &self.test {
            Test::Range { values, low, high } => kernel::range(values.slice(rows), *low, *high, test),
            Test::Float { values, relation, constant } => {
                kernel::compare_constant(&values[rows], *relation, *constant, test);
            }
            Test::Text { spans, bytes, matcher } => {
                for (at, test) in test.iter_mut().enumerate() {
                    let open = merge.open(mask[at]) & set.map_or(!0, |set| set[at]);
                    *test = texts(matcher, &spans[block.first + at * 64..], bytes, open);
                }
            }
            Test::Element { lists, element } => {
                lists.with(element, block.first, test);
                if ask == Ask::NotFalse || self.negated {
                    let mut known = block.pool.mask();
                    lists.known(block.first..block.first + block.rows, &mut known[..mask.len()]);
                    self.finish(ask, merge, mask, test, Some(&known[..]));
                    block.pool.give_mask(known);
                    return block.pool.give_mask(buffer);
                }
            }
            // A mask may end after its last bit that is set.
            Test::Bits(bits) => {
                let bits = bits.get(words.start..).unwrap_or_default();
                test.fill(0);
                test.iter_mut().zip(bits).for_each(|(test, bits)| *test = *bits);
            }
            Test::Coded(_) | Test::Compare(_) | Test::Missing(_) | Test::Rows(_) => {}
        }
        self.finish(ask, merge, mask, test, set);
        block.pool.give_mask(buffer);
    }

    /// Merges the answers `test` of the rows in `set`.
    fn finish(&self, ask: Ask, merge: Merge, mask: &mut [u64], test: &[u64], set: Option<&[u64]>) {
        let flip = if self.negated { !0 } else { 0 };
        let test = &test[..mask.len()];
        match (ask, set) {
            (_, None) => merge.each(mask, |at| test[at] ^ flip),
            (Ask::True, Some(set)) => {
                let set = &set[..test.len()];
                merge.each(mask, |at| (test[at] ^ flip) & set[at]);
            }
            (Ask::NotFalse, Some(set)) => {
                let set = &set[..test.len()];
                merge.each(mask, |at| (test[at] ^ flip) | !set[at]);
            }
        }
    }

    fn merge_coded<C: Columns>(
        &self,
        coded: &Coded<'_>,
        ask: Ask,
        merge: Merge,
        mask: &mut [u64],
        block: &mut Block<'_, C>,
    ) {
        let mut test = block.pool.mask();
        let codes = coded.codes.slice(block.first..block.first + block.rows);
        let words = mask.len();
        kernel::look_up(codes, &coded.holds, &mut test[..words]);
        if ask == Ask::NotFalse && !coded.unknown.is_empty() {
            let mut unknown = block.pool.mask();
            kernel::look_up(codes, &coded.unknown, &mut unknown[..words]);
            Merge::Or.each(&mut test[..words], |at| unknown[at]);
            block.pool.give_mask(unknown);
        }
        match self.set.map(|set| &set[block.first / 64..block.first / 64 + words]) {
            None => merge.each(mask, |at| test[at]),
            Some(set) if ask.takes(coded.missing) => merge.each(mask, |at| test[at] | !set[at]),
            Some(set) => merge.each(mask, |at| test[at] & set[at]),
        }
        block.pool.give_mask(test);
    }

    /// Tests that compute numbers, for so many rows at a time.
    fn by_chunks<C: Columns>(
        &self,
        ask: Ask,
        merge: Merge,
        mask: &mut [u64],
        block: &mut Block<'_, C>,
        judge: impl Fn(&mut Block<'_, C>, &[u64], &mut [u64], &mut [u64]),
    ) {
        for (at, mask) in mask.chunks_mut(CHUNK_WORDS).enumerate() {
            if merge.is_done(mask) {
                continue;
            }
            let (mut open, mut test, mut known) = ([0; CHUNK_WORDS], [0; CHUNK_WORDS], [0; CHUNK_WORDS]);
            for (open, word) in open.iter_mut().zip(&*mask) {
                *open = merge.open(*word);
            }
            let rows = CHUNK.min(block.rows - at * CHUNK);
            let first = block.first + at * CHUNK;
            let mut chunk = Block { columns: block.columns, first, rows, pool: &mut *block.pool };
            let words = mask.len();
            judge(&mut chunk, &open[..words], &mut test[..words], &mut known[..words]);
            self.finish(ask, merge, mask, &test, Some(&known));
        }
    }

    fn row_by_row<C: Columns>(&self, expr: &Expr, ask: Ask, merge: Merge, mask: &mut [u64], block: &mut Block<'_, C>) {
        for (at, word) in mask.iter_mut().enumerate() {
            for bit in bits(merge.open(*word)) {
                let truth = row::judge(expr, &block.columns.row(block.first + at * 64 + bit));
                let truth = if self.negated { !truth } else { truth };
                match merge {
                    Merge::And => *word &= !(u64::from(!ask.takes(truth)) << bit),
                    Merge::Or => *word |= u64::from(ask.takes(truth)) << bit,
                }
            }
        }
    }
}

/// The places of the set bits, from the lowest.
pub(super) fn bits(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        (word != 0).then(|| {
            let bit = word.trailing_zeros();
            word &= word - 1;
            bit as usize
        })
    })
}

/// The answers of a matcher for up to 64 texts, those of `open` alone.
fn texts(matcher: &Matcher<'_>, spans: &[Span], bytes: &[u8], open: u64) -> u64 {
    let mut found = 0;
    for bit in bits(open) {
        let text = spans.get(bit).map_or(&[][..], |span| span.of(bytes));
        found |= u64::from(matcher.holds(text)) << bit;
    }
    found
}
