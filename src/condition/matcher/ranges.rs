//! Sets of whole numbers as ranges, and floats as whole numbers: what the
//! tests of an axis are made of.

use crate::condition::Relation;

/// A range of whole numbers, both ends included; empty if they are the wrong
/// way round.
pub(super) type Range = (i64, i64);

/// No number.
pub(super) const NOTHING: Range = (i64::MAX, i64::MIN);

/// Disjoint ranges, ascending.
#[derive(Clone, Debug)]
pub(super) struct Ranges(Vec<Range>);

impl Ranges {
    /// All numbers.
    pub(super) fn all() -> Self {
        Self(vec![(i64::MIN, i64::MAX)])
    }

    /// What is in the range too.
    pub(super) fn keep(&mut self, (low, high): Range) {
        let cut = self.0.iter().map(|(from, to)| ((*from).max(low), (*to).min(high)));
        self.0 = cut.filter(|(from, to)| from <= to).collect();
    }

    /// What is outside the range.
    pub(super) fn drop(&mut self, (low, high): Range) {
        if low > high {
            return;
        }
        let mut rest = Vec::new();
        for (from, to) in &self.0 {
            let below = low.checked_sub(1).map(|end| (*from, (*to).min(end)));
            let above = high.checked_add(1).map(|start| ((*from).max(start), *to));
            rest.extend(below.into_iter().chain(above).filter(|(from, to)| from <= to));
        }
        self.0 = rest;
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Range> {
        self.0.iter()
    }
}

/// From where to where a relation with `at` holds, and whether that range is
/// meant or what is outside.
pub(super) fn reach(relation: Relation, at: i64) -> (Range, bool) {
    let range = match relation {
        Relation::Equal | Relation::NotEqual => Some((at, at)),
        Relation::Less => at.checked_sub(1).map(|end| (i64::MIN, end)),
        Relation::LessOrEqual => Some((i64::MIN, at)),
        Relation::Greater => at.checked_add(1).map(|start| (start, i64::MAX)),
        Relation::GreaterOrEqual => Some((at, i64::MAX)),
    };
    (range.unwrap_or(NOTHING), relation != Relation::NotEqual)
}

/// A whole number that lies among others as the float among floats; none for
/// what is no number. Both zeros are one.
pub(super) fn ordered(x: f64) -> Option<i64> {
    if x.is_nan() {
        return None;
    }
    let bits = (x + 0.0).to_bits().cast_signed();
    Some(bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_keep_their_order() {
        let floats = [f64::NEG_INFINITY, f64::MIN, -1.5, -5e-324, 0.0, 5e-324, 1.0, f64::MAX, f64::INFINITY];
        assert!(floats.map(ordered).is_sorted_by(|a, b| a < b));
        assert_eq!(ordered(-0.0), ordered(0.0));
        assert_eq!(ordered(f64::NAN), None);
    }

    #[test]
    fn ranges_are_cut() {
        let mut ranges = Ranges::all();
        ranges.keep((-10, i64::MAX));
        ranges.drop((0, 0));
        ranges.drop(NOTHING);
        ranges.drop((i64::MIN, -9));
        ranges.keep((i64::MIN, 5));
        assert_eq!(ranges.iter().copied().collect::<Vec<_>>(), [(-8, -1), (1, 5)]);
        ranges.keep(NOTHING);
        assert_eq!(ranges.iter().count(), 0);
    }
}
