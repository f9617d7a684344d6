//! What happened within one hour or day: by row, how much.
//!
//! New entries gather in the order in which they come; some thousand of them
//! become a sorted piece, and pieces of about one size become one. So adding
//! costs little however many rows there are, late events included, and a
//! bucket to which nothing is added any more is one sorted list.

use super::narrow::Narrow;
use std::cmp::Ordering;

/// Entries that become a piece.
const FRESH: usize = 4_096;

/// How much: a count, hundredths, or a float.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Amount {
    Whole(i64),
    Float(f64),
}

/// The entries of one hour or day, all of one kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Bucket {
    fresh: Vec<(u32, Amount)>,
    pieces: Vec<Piece>,
}

/// Entries by row. A whole amount is all of the row's; floats are kept as they
/// came, since rounded sums could not be taken away exactly. NaN stands for
/// what was erased.
#[derive(Clone, Debug, Default)]
struct Piece {
    rows: Vec<u32>,
    amounts: Amounts,
}

#[derive(Clone, Debug)]
enum Amounts {
    Whole(Narrow),
    Floats(Vec<f64>),
}

impl Default for Amounts {
    fn default() -> Self {
        Self::Whole(Narrow::default())
    }
}

impl Bucket {
    /// Adds an amount to a row.
    pub(super) fn add(&mut self, row: u32, amount: Amount) {
        self.fresh.push((row, amount));
        if self.fresh.len() >= FRESH {
            self.settle();
            while let [.., before, last] = &*self.pieces
                && before.rows.len() <= 2 * last.rows.len()
            {
                self.join();
            }
        }
    }

    /// Makes one sorted list of everything, as small as can be.
    pub(super) fn close(&mut self) {
        if self.fresh.is_empty() && self.pieces.len() <= 1 {
            return;
        }
        self.settle();
        while self.pieces.len() > 1 {
            self.join();
        }
        self.fresh = Vec::new();
        if let Some(piece) = self.pieces.first_mut() {
            piece.shrink();
        }
    }

    /// Shows every row with an amount, in no order, a row more than once
    /// perhaps.
    pub(super) fn each(&self, mut visit: impl FnMut(u32, Amount)) {
        for piece in &self.pieces {
            match &piece.amounts {
                Amounts::Whole(all) => {
                    piece.rows.iter().enumerate().for_each(|(at, row)| visit(*row, Amount::Whole(all.get(at))));
                }
                Amounts::Floats(all) => {
                    let pairs = piece.rows.iter().zip(all).filter(|(_, x)| !x.is_nan());
                    pairs.for_each(|(row, x)| visit(*row, Amount::Float(*x)));
                }
            }
        }
        self.fresh.iter().for_each(|(row, amount)| visit(*row, *amount));
    }

    /// Takes everything of a row away.
    pub(super) fn erase(&mut self, row: u32) {
        self.fresh.retain(|(other, _)| *other != row);
        for piece in &mut self.pieces {
            let first = piece.rows.partition_point(|other| *other < row);
            let own = first..first + piece.rows[first..].iter().take_while(|other| **other == row).count();
            match &mut piece.amounts {
                Amounts::Whole(all) => own.for_each(|at| all.set(at, 0)),
                Amounts::Floats(all) => all[own].fill(f64::NAN),
            }
        }
    }

    /// Bytes in memory.
    pub(super) fn memory(&self) -> usize {
        let piece = |piece: &Piece| {
            let amounts = match &piece.amounts {
                Amounts::Whole(all) => all.memory(),
                Amounts::Floats(all) => all.capacity() * size_of::<f64>(),
            };
            size_of::<Piece>() + piece.rows.capacity() * size_of::<u32>() + amounts
        };
        self.fresh.capacity() * size_of::<(u32, Amount)>() + self.pieces.iter().map(piece).sum::<usize>()
    }

    /// What is fresh becomes a piece.
    fn settle(&mut self) {
        if !self.fresh.is_empty() {
            self.fresh.sort_by_key(|(row, _)| *row);
            let mut piece = Piece::default();
            self.fresh.drain(..).for_each(|(row, amount)| piece.push(row, amount));
            self.pieces.push(piece);
        }
    }

    /// The last two pieces become one.
    fn join(&mut self) {
        if let (Some(last), Some(before)) = (self.pieces.pop(), self.pieces.pop()) {
            self.pieces.push(before.merge(&last));
        }
    }
}

impl Piece {
    /// Adds an entry that is not before the last one.
    fn push(&mut self, row: u32, amount: Amount) {
        match (&mut self.amounts, amount) {
            (Amounts::Whole(all), Amount::Whole(more)) => {
                let same = self.rows.last() == Some(&row);
                let last = all.len().wrapping_sub(1);
                // what is too large together stays apart
                if same && let Some(sum) = all.get(last).checked_add(more) {
                    return all.set(last, sum);
                }
                all.push(more);
            }
            (Amounts::Floats(all), Amount::Float(x)) => all.push(x),
            (Amounts::Whole(all), Amount::Float(x)) if all.len() == 0 => self.amounts = Amounts::Floats(vec![x]),
            // a source has amounts of one kind
            (Amounts::Whole(_), Amount::Float(_)) | (Amounts::Floats(_), Amount::Whole(_)) => return,
        }
        self.rows.push(row);
    }

    fn get(&self, at: usize) -> Amount {
        match &self.amounts {
            Amounts::Whole(all) => Amount::Whole(all.get(at)),
            Amounts::Floats(all) => Amount::Float(all[at]),
        }
    }

    fn merge(&self, other: &Self) -> Self {
        let mut both = Self::default();
        both.rows.reserve(self.rows.len() + other.rows.len());
        let (mut a, mut b) = (0, 0);
        loop {
            let first = match (self.rows.get(a), other.rows.get(b)) {
                (None, None) => return both,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (Some(x), Some(y)) => x.cmp(y) != Ordering::Greater,
            };
            let (piece, at) = if first { (self, &mut a) } else { (other, &mut b) };
            both.push(piece.rows[*at], piece.get(*at));
            *at += 1;
        }
    }

    fn shrink(&mut self) {
        self.rows.shrink_to_fit();
        match &mut self.amounts {
            Amounts::Whole(all) => all.shrink(),
            Amounts::Floats(all) => all.shrink_to_fit(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn amounts_add_up_in_any_order_and_can_be_erased() {
        let mut bucket = Bucket::default();
        let mut expected: BTreeMap<u32, i64> = BTreeMap::new();
        for n in 0..50_000u32 {
            let row = n.wrapping_mul(2_654_435_761) >> 20;
            bucket.add(row, Amount::Whole(i64::from(n)));
            *expected.entry(row).or_default() += i64::from(n);
        }
        bucket.erase(7);
        expected.remove(&7);
        for _ in 0..2 {
            let mut found: BTreeMap<u32, i64> = BTreeMap::new();
            bucket.each(|row, amount| match amount {
                Amount::Whole(n) if n != 0 => *found.entry(row).or_default() += n,
                Amount::Whole(_) | Amount::Float(_) => {}
            });
            assert_eq!(found, expected);
            bucket.close();
        }
        assert_eq!(bucket.pieces.len(), 1);
        assert!(bucket.memory() < 4_096 * 10);
    }

    #[test]
    fn amounts_that_are_too_large_together_stay_apart() {
        let mut bucket = Bucket::default();
        [i64::MAX, i64::MAX, 5].into_iter().for_each(|n| bucket.add(1, Amount::Whole(n)));
        bucket.close();
        let mut sum = 0;
        bucket.each(|_, amount| {
            if let Amount::Whole(n) = amount {
                sum += i128::from(n);
            }
        });
        assert_eq!(sum, 2 * i128::from(i64::MAX) + 5);
    }
}
