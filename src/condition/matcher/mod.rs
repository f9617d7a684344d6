//! Many conditions against one user at once.
//!
//! Rules mostly ask the same few fields and differ in their constants. So the
//! tests of a field are laid on one *axis*: the constants cut it into pieces,
//! and for each piece it is known beforehand which conditions have all their
//! tests of this field answered with true there. A user then costs one look-up
//! a field and an `and` over a few words, however many conditions there are.
//!
//! What is no conjunction of tests of single fields (an `or`, arithmetic, a
//! function) is judged by [`Condition::judge`], but only for users who pass the
//! tests beside it. [`Condition::judge`] is the meaning of it all; a property
//! test holds the two to each other.

mod axis;
mod build;
mod ranges;

use super::{Condition, Row};
use axis::Axis;

const BITS: usize = u64::BITS as usize;

/// Conditions made ready to be judged together.
#[derive(Debug)]
pub struct Matcher {
    conditions: Box<[Condition]>,
    axes: Box<[Axis]>,
    /// Conditions of which the axes do not say everything.
    unsettled: Box<[u64]>,
}

/// Which of a matcher's conditions hold, by their places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matches {
    words: Vec<u64>,
    spare: Vec<u64>,
}

/// The axes cannot tell for this user: a moment beyond the reach of time.
struct Beyond;

impl Matcher {
    /// Makes conditions ready. An axis takes a few megabytes at most.
    pub fn new(conditions: &[Condition]) -> Self {
        build::matcher(conditions, axis::ROOM)
    }

    /// The same with axes of so many words at most.
    #[doc(hidden)]
    pub fn with_room(conditions: &[Condition], words: usize) -> Self {
        build::matcher(conditions, words)
    }

    /// The conditions, in their places.
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// The conditions whose answer for this user is true.
    pub fn matching<R: Row + ?Sized>(&self, row: &R) -> Matches {
        let mut matches = Matches::default();
        self.matching_into(row, &mut matches);
        matches
    }

    /// The same into a value that is used again and again, which costs no
    /// allocation.
    pub fn matching_into<R: Row + ?Sized>(&self, row: &R, matches: &mut Matches) {
        matches.fill(self.conditions.len());
        let passed = self.axes.iter().try_for_each(|axis| axis.keep(row, &mut matches.words, &mut matches.spare));
        match passed {
            Ok(()) => self.settle(row, matches, |word| self.unsettled[word]),
            Err(Beyond) => {
                matches.fill(self.conditions.len());
                self.settle(row, matches, |_| u64::MAX);
            }
        }
    }

    /// Judges those of the remaining that `which` says.
    fn settle<R: Row + ?Sized>(&self, row: &R, matches: &mut Matches, which: impl Fn(usize) -> u64) {
        for (at, word) in matches.words.iter_mut().enumerate() {
            let mut left = *word & which(at);
            while left != 0 {
                let bit = left.trailing_zeros() as usize;
                left &= left - 1;
                if !self.conditions[at * BITS + bit].judge(row).is_true() {
                    *word &= !(1 << bit);
                }
            }
        }
    }
}

impl Matches {
    /// The places of the conditions that hold, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let next = |left: &u64| Some(left & (left - 1)).filter(|left| *left != 0);
            let lefts = std::iter::successors(Some(*word).filter(|word| *word != 0), next);
            lefts.map(move |left| at * BITS + left.trailing_zeros() as usize)
        })
    }

    /// Whether the condition in this place holds.
    pub fn contains(&self, place: usize) -> bool {
        self.words.get(place / BITS).is_some_and(|word| word & (1 << (place % BITS)) != 0)
    }

    /// How many hold.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    fn fill(&mut self, conditions: usize) {
        self.words.clear();
        self.words.extend(all(conditions));
    }
}

/// The first `conditions` bits, set.
fn all(conditions: usize) -> Vec<u64> {
    let mut words = vec![u64::MAX; conditions.div_ceil(BITS)];
    if let Some(last) = words.last_mut()
        && !conditions.is_multiple_of(BITS)
    {
        *last = (1 << (conditions % BITS)) - 1;
    }
    words
}
