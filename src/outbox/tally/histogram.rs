//! How long calls took: counts in buckets that grow with the value.
//!
//! Sixteen buckets for each doubling: up to 31 ms a bucket is one millisecond,
//! beyond that a sixteenth of the doubling it is in. The middle of a bucket is
//! off by a thirty-second of the value at most. Two histograms are added bucket
//! by bucket, so that days and templates can be put together afterwards.

use crate::model::TimeDelta;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Lengths of time, sorted into buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    /// How many fell into each bucket that is not empty.
    buckets: BTreeMap<u16, u64>,
}

/// Buckets in a doubling, as a power of two.
const BITS: u32 = 4;
const PER_DOUBLING: u64 = 1 << BITS;

/// Longer ones count as this long: more than an hour.
const LONGEST: u64 = (1 << 22) - 1;

impl Histogram {
    /// Adds one length of time.
    pub fn note(&mut self, took: TimeDelta) {
        *self.buckets.entry(bucket(took.0)).or_default() += 1;
    }

    /// Adds all that another one holds.
    pub fn add(&mut self, other: &Self) {
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.buckets.values().sum()
    }

    /// The length that a `share` of all does not exceed; absent if there are
    /// none.
    pub fn quantile(&self, share: f64) -> Option<TimeDelta> {
        let rank = (share * self.count() as f64).ceil().max(1.0) as u64;
        let mut passed = 0;
        let reaches = |(_, count): &(&u16, &u64)| {
            passed += **count;
            passed >= rank
        };
        let found = self.buckets.iter().find(reaches).or_else(|| self.buckets.iter().next_back());
        found.map(|(bucket, _)| middle(*bucket))
    }
}

fn bucket(millis: i64) -> u16 {
    let millis = u64::try_from(millis).unwrap_or(0).min(LONGEST);
    let doublings = millis.checked_ilog2().unwrap_or(0).saturating_sub(BITS);
    let index = u64::from(doublings) * PER_DOUBLING + (millis >> doublings);
    u16::try_from(index).unwrap_or(u16::MAX)
}

fn middle(bucket: u16) -> TimeDelta {
    let bucket = u64::from(bucket);
    let doublings = (bucket / PER_DOUBLING).saturating_sub(1).min(40);
    let (low, width) = ((bucket - doublings * PER_DOUBLING) << doublings, 1_u64 << doublings);
    TimeDelta(i64::try_from(low + (width - 1) / 2).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        assert!((0..200_000).all(|millis| (0..=1).contains(&(bucket(millis + 1) - bucket(millis)))));
        for (millis, expected) in
            [(-5, 0), (0, 0), (1, 1), (31, 31), (32, 32), (33, 32), (34, 34), (i64::MAX, 4_128_767)]
        {
            assert_eq!(middle(bucket(millis)), TimeDelta(expected), "{millis}");
        }
    }

    #[test]
    fn none_has_no_quantile() {
        assert_eq!((Histogram::default().quantile(0.5), Histogram::default().count()), (None, 0));
    }

    fn histogram(all: &[i64]) -> Histogram {
        let mut histogram = Histogram::default();
        all.iter().for_each(|took| histogram.note(TimeDelta(*took)));
        histogram
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn quantiles_are_off_by_five_percent_at_most(
            all in proptest::collection::vec(prop_oneof![0..100i64, 0..4_000i64, 0..4_000_000i64], 1..200),
            share in 0.0..=1.0f64,
        ) {
            let mut sorted = all.clone();
            sorted.sort_unstable();
            let rank = ((share * all.len() as f64).ceil() as usize).max(1);
            let (exact, told) = (sorted[rank - 1], histogram(&all).quantile(share).unwrap().0);
            prop_assert!((told - exact).abs() as f64 <= 0.05 * exact as f64, "{told} for {exact}");
        }

        #[test]
        fn added_is_as_if_noted_together(
            one in proptest::collection::vec(0..100_000i64, 0..50),
            other in proptest::collection::vec(0..100_000i64, 0..50),
        ) {
            let mut sum = histogram(&one);
            sum.add(&histogram(&other));
            prop_assert_eq!(&sum, &histogram(&[one, other].concat()));
            let bytes = crate::store::encode(1, &sum).unwrap();
            prop_assert_eq!(crate::store::decode::<Histogram>(1, &bytes, "it").unwrap(), sum);
        }
    }
}
