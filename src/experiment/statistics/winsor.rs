//! Winsorising: a few users who pay a hundred times as much as others are
//! counted with the amount that, say, 99 % of the paying users stay below.
//!
//! With all values at hand the percentile is exact. With running sums it is
//! not known beforehand which amount that will be, so a [`Histogram`] keeps
//! users by amount: the percentile is found to within 1/64 of the amount, and
//! the sums are exact for the cap that is taken. The cap has to be the same
//! for all arms, so it is taken from the histogram of all of them. Percentiles
//! are of users whose amount is above zero: most pay nothing, and the 99th
//! percentile of everybody is often nothing too.

use super::sample::Sample;
use std::collections::BTreeMap;

/// Amounts below this have buckets of their own; above, this many share out
/// each doubling.
const FINE: u64 = 64;

/// The amount that a share of the amounts above zero does not exceed (nearest
/// rank); `None` if there are none. `percentile` lies between 0 and 1.
pub fn percentile(values: &[i64], percentile: f64) -> Option<i64> {
    let mut paid: Vec<i64> = values.iter().copied().filter(|value| *value > 0).collect();
    paid.sort_unstable();
    let place = rank(paid.len() as u64, percentile)?;
    paid.get(usize::try_from(place - 1).ok()?).copied()
}

/// The sample of these amounts, none counted with more than `cap`.
pub fn winsorised(values: &[i64], cap: i64) -> Sample {
    let capped = || values.iter().map(|value| i128::from(*value.min(&cap)));
    Sample::amounts(values.len() as u64, capped().sum(), capped().map(|value| value * value).sum())
}

/// Users by amount, in minor units. Users without an amount are not in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    buckets: BTreeMap<u16, Bucket>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Bucket {
    users: u64,
    sum: i128,
    squares: i128,
}

impl Histogram {
    /// A user's amount was `before` (0 if there was none) and is `after`.
    pub fn change(&mut self, before: i64, after: i64) {
        if before != 0 {
            self.count(before, |bucket, amount| {
                bucket.users = bucket.users.saturating_sub(1);
                bucket.sum -= amount;
                bucket.squares -= amount * amount;
            });
        }
        if after != 0 {
            self.count(after, |bucket, amount| {
                bucket.users += 1;
                bucket.sum += amount;
                bucket.squares += amount * amount;
            });
        }
    }

    fn count(&mut self, amount: i64, change: impl Fn(&mut Bucket, i128)) {
        let place = place(amount);
        let bucket = self.buckets.entry(place).or_default();
        change(bucket, i128::from(amount));
        if bucket.users == 0 {
            self.buckets.remove(&place);
        }
    }

    /// The users of another histogram too.
    pub fn add(&mut self, other: &Self) {
        for (place, more) in &other.buckets {
            let bucket = self.buckets.entry(*place).or_default();
            bucket.users += more.users;
            bucket.sum += more.sum;
            bucket.squares += more.squares;
        }
    }

    /// The largest amount of the bucket in which the percentile of the amounts
    /// above zero lies; `None` if there are none.
    pub fn percentile(&self, percentile: f64) -> Option<i64> {
        let paid = || self.buckets.range(1..);
        let place = rank(paid().map(|(_, bucket)| bucket.users).sum(), percentile)?;
        let mut before = 0;
        let bucket = paid().find(|(_, bucket)| {
            before += bucket.users;
            before >= place
        });
        bucket.map(|(place, _)| largest(*place))
    }

    /// The sample of `users` users, no amount counted with more than `cap`,
    /// which [`Histogram::percentile`] named.
    pub fn winsorised(&self, users: u64, cap: i64) -> Sample {
        let most = i128::from(cap);
        let sums = self.buckets.iter().fold((0, 0), |(sum, squares), (at, bucket)| {
            if *at <= place(cap) {
                return (sum + bucket.sum, squares + bucket.squares);
            }
            let users = i128::from(bucket.users);
            (sum + users * most, squares + users * most * most)
        });
        Sample::amounts(users, sums.0, sums.1)
    }
}

/// Which of so many in ascending order, from 1, the percentile is.
fn rank(count: u64, percentile: f64) -> Option<u64> {
    (count > 0).then(|| ((count as f64 * percentile).ceil() as u64).clamp(1, count))
}

/// The bucket of an amount: 0 for those below zero.
fn place(amount: i64) -> u16 {
    let Ok(amount) = u64::try_from(amount) else { return 0 };
    if amount < FINE {
        return u16::try_from(amount).unwrap_or(0);
    }
    let doubling = u64::from(amount.ilog2()) - 6;
    u16::try_from(doubling * FINE + (amount >> doubling)).unwrap_or(u16::MAX)
}

/// The largest amount of a bucket.
fn largest(place: u16) -> i64 {
    let next = u128::from(place) + 1;
    let fine = u128::from(FINE);
    let edge = if next < 2 * fine { next } else { (fine + next % fine) << ((next - fine) / fine) };
    i64::try_from(edge - 1).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Amounts as they are paid: most nothing, a few very much.
    fn amounts() -> Vec<i64> {
        (1..=5_000_i64).map(|n| if n % 3 == 0 { n * n % 70_000 + 100 } else { 0 }).chain([9_000_000, -4_000]).collect()
    }

    #[test]
    fn the_percentile_is_of_those_who_paid() {
        for (values, share, expected) in [
            (vec![], 0.99, None),
            (vec![0, 0, -5], 0.99, None),
            (vec![0, 0, 7], 0.99, Some(7)),
            ((1..=100).collect(), 0.99, Some(99)),
            ((1..=100).collect(), 0.5, Some(50)),
            ((1..=100).collect(), 1.0, Some(100)),
            ((1..=100).collect(), 0.0, Some(1)),
        ] {
            assert_eq!(percentile(&values, share), expected, "{share}");
        }
    }

    #[test]
    fn a_histogram_says_what_the_values_say_for_its_cap() {
        let values = amounts();
        let mut histogram = Histogram::default();
        values.iter().for_each(|value| histogram.change(0, *value));
        for share in [0.5, 0.9, 0.95, 0.99, 0.999, 1.0] {
            let (exact, cap) = (percentile(&values, share).unwrap(), histogram.percentile(share).unwrap());
            assert!(cap >= exact && cap - exact <= exact / 64, "{share}: {cap} instead of {exact}");
            assert_eq!(histogram.winsorised(values.len() as u64, cap), winsorised(&values, cap), "{share}");
        }
    }

    #[test]
    fn amounts_that_change_leave_no_trace() {
        let (mut changed, mut plain) = (Histogram::default(), Histogram::default());
        for value in amounts() {
            changed.change(0, value + 300);
            changed.change(value + 300, 50);
            changed.change(50, value);
            plain.change(0, value);
        }
        assert_eq!(changed, plain);
        let mut both = plain.clone();
        both.add(&plain);
        assert_eq!(both.percentile(0.9), plain.percentile(0.9));
    }

    #[test]
    fn buckets_follow_one_another() {
        let mut last = 0;
        for at in 0..=place(i64::MAX) {
            let edge = largest(at);
            assert_eq!(place(edge), at, "{edge}");
            assert!(at == 0 || edge == i64::MAX || place(edge + 1) == at + 1, "{edge}");
            assert!(at == 0 || edge > last, "{edge}");
            last = edge;
        }
        assert_eq!(last, i64::MAX);
    }
}
