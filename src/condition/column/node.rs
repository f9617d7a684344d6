//! A condition bound to columns, and its answers for a block of rows.
//!
//! `not` is gone: it was pushed down to the leaves, so every node is monotone
//! and is asked either for the rows where it is true or for those where it is
//! not false. Answers are merged into a mask of rows: a row whose bit cannot
//! change any more costs nothing where rows are judged one by one, and a whole
//! block stops the rest of an `and` or `or`.

use super::Columns;
use super::leaf::Leaf;
use super::pool::{Mask, Pool};
use crate::condition::Truth;

/// A condition bound to columns.
pub(super) enum Node<'a> {
    Constant(Truth),
    All(Vec<Node<'a>>),
    Any(Vec<Node<'a>>),
    Leaf(Box<Leaf<'a>>),
    /// Whether the inner answer is unknown, which is never unknown itself.
    Unknown {
        inner: Box<Node<'a>>,
        negated: bool,
    },
}

/// Which rows are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    True,
    NotFalse,
}

/// What becomes of the rows that are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merge {
    /// Others leave the mask.
    And,
    /// They come into the mask.
    Or,
}

/// Where a block begins, and what it is judged with.
pub(super) struct Block<'b, C> {
    pub columns: &'b C,
    /// The first row, a multiple of 64.
    pub first: usize,
    /// How many.
    pub rows: usize,
    pub pool: &'b mut Pool,
}

impl Ask {
    pub fn takes(self, truth: Truth) -> bool {
        match self {
            Self::True => truth.is_true(),
            Self::NotFalse => !truth.is_false(),
        }
    }
}

impl Merge {
    /// The rows of a mask that can still change.
    pub fn open(self, word: u64) -> u64 {
        match self {
            Self::And => word,
            Self::Or => !word,
        }
    }

    pub fn is_done(self, mask: &[u64]) -> bool {
        mask.iter().all(|word| self.open(*word) == 0)
    }

    /// Merges a word for each place of the mask.
    #[inline(always)]
    pub fn each(self, mask: &mut [u64], word: impl Fn(usize) -> u64) {
        match self {
            Self::And => mask.iter_mut().enumerate().for_each(|(at, into)| *into &= word(at)),
            Self::Or => mask.iter_mut().enumerate().for_each(|(at, into)| *into |= word(at)),
        }
    }
}

impl Node<'_> {
    /// Merges the rows asked for into a mask of the block.
    pub fn merge<C: Columns>(&self, ask: Ask, merge: Merge, mask: &mut [u64], block: &mut Block<'_, C>) {
        match self {
            Self::Constant(truth) => {
                let all = if ask.takes(*truth) { !0 } else { 0 };
                merge.each(mask, |_| all);
            }
            Self::Leaf(leaf) => leaf.merge(ask, merge, mask, block),
            Self::All(nodes) => each(nodes, Merge::And, ask, merge, mask, block),
            Self::Any(nodes) => each(nodes, Merge::Or, ask, merge, mask, block),
            Self::Unknown { inner, negated } => inner.merge_unknown(*negated, merge, mask, block),
        }
    }

    /// Whether the answer is this one in every row.
    pub fn is(&self, truth: Truth) -> bool {
        matches!(self, Self::Constant(known) if *known == truth)
    }

    /// Whether a row can be unknown at all.
    pub fn may_be_unknown(&self) -> bool {
        match self {
            Self::Constant(truth) => *truth == Truth::Unknown,
            Self::Leaf(leaf) => leaf.may_be_unknown(),
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().any(Node::may_be_unknown),
            Self::Unknown { .. } => false,
        }
    }

    /// How much a row costs, roughly: the cheap ones go first.
    pub fn cost(&self) -> u32 {
        match self {
            Self::Constant(_) => 0,
            Self::Leaf(leaf) => leaf.cost(),
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().fold(0, |sum, node| sum.saturating_add(node.cost())),
            Self::Unknown { inner, .. } => inner.cost().saturating_mul(2),
        }
    }

    fn merge_unknown<C: Columns>(&self, negated: bool, merge: Merge, mask: &mut [u64], block: &mut Block<'_, C>) {
        let (mut possible, mut certain) = (block.pool.mask(), block.pool.mask());
        let words = mask.len();
        for (at, word) in mask.iter().enumerate() {
            possible[at] = merge.open(*word);
        }
        self.merge(Ask::NotFalse, Merge::And, &mut possible[..words], block);
        certain[..words].copy_from_slice(&possible[..words]);
        self.merge(Ask::True, Merge::And, &mut certain[..words], block);
        let flip = if negated { !0 } else { 0 };
        merge.each(mask, |at| (possible[at] & !certain[at]) ^ flip);
        block.pool.give_mask(possible);
        block.pool.give_mask(certain);
    }
}

/// Merges some nodes with each other and the result into the mask. Where the
/// two ways of merging differ, the nodes have a mask of their own, in which the
/// rows that cannot change any more are settled from the start.
fn each<C: Columns>(
    nodes: &[Node<'_>],
    inside: Merge,
    ask: Ask,
    outside: Merge,
    mask: &mut [u64],
    block: &mut Block<'_, C>,
) {
    if inside == outside {
        return until_done(nodes, inside, ask, mask, block);
    }
    let mut own: Mask = block.pool.mask();
    let words = mask.len();
    for (own, word) in own.iter_mut().zip(&*mask) {
        *own = !*word;
    }
    until_done(nodes, inside, ask, &mut own[..words], block);
    outside.each(mask, |at| own[at]);
    block.pool.give_mask(own);
}

fn until_done<C: Columns>(nodes: &[Node<'_>], merge: Merge, ask: Ask, mask: &mut [u64], block: &mut Block<'_, C>) {
    for node in nodes {
        if merge.is_done(mask) {
            return;
        }
        node.merge(ask, merge, mask, block);
    }
}
