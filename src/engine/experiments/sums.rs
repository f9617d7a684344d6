//! Running sums over the users of a variant: whole numbers, so that they are
//! the same in whatever order users come, and a report costs the same after a
//! thousand users and after a million.

use super::exposure::{Cell, Exposure};
use super::plan::Reading;
use crate::model::Time;
use std::collections::BTreeMap;

/// Exposures are counted by the quarter of an hour: days of all time zones
/// begin at one.
pub const QUARTER: i64 = 15 * 60_000;

/// The users of a variant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arm {
    /// How many were exposed.
    pub users: u64,
    /// To how many of them the message was not delivered.
    pub undelivered: u64,
    /// How many pressed a button.
    pub clicked: u64,
    /// Exposures by the quarter of an hour, counted from 1970.
    pub quarters: BTreeMap<i64, u64>,
    /// When the last was.
    pub last: Option<Time>,
    /// By the place of what is measured.
    pub tallies: Vec<Tally>,
}

/// One thing that is measured of the users of a variant, by the way it is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    converted: Moments,
    counts: Moments,
    sums: Moments,
    /// How many users have each count and each sum, without those that have 0.
    spread: [BTreeMap<i64, u64>; 2],
}

/// Sums over users of what they did (`y`) and of what they had done in the days
/// before (`x`), of their squares and of their product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moments {
    /// Σy
    pub y: i128,
    /// Σy²
    pub yy: i128,
    /// Σx
    pub x: i128,
    /// Σx²
    pub xx: i128,
    /// Σxy
    pub xy: i128,
}

/// Whether a user is counted or taken out again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// One more.
    Plus,
    /// One less.
    Minus,
}

impl Arm {
    /// One more user.
    pub fn add(&mut self, exposure: &Exposure) {
        self.users += 1;
        *self.quarters.entry(exposure.at.0.div_euclid(QUARTER)).or_default() += 1;
        self.last = self.last.max(Some(exposure.at));
        self.change(exposure, Sign::Plus);
    }

    /// What a user did counts, or does so no more: to be taken out before it
    /// changes and put in after.
    pub fn change(&mut self, exposure: &Exposure, sign: Sign) {
        sign.apply(&mut self.undelivered, exposure.undelivered);
        sign.apply(&mut self.clicked, exposure.clicked);
        if self.tallies.len() < exposure.cells.len() {
            self.tallies.resize_with(exposure.cells.len(), Tally::default);
        }
        for (tally, cell) in self.tallies.iter_mut().zip(&exposure.cells) {
            tally.change(cell, sign);
        }
    }

    /// The sums of something measured.
    pub fn moments(&self, place: usize, reading: Reading) -> Moments {
        self.tallies.get(place).map_or_else(Moments::default, |tally| tally.moments(reading))
    }

    /// The values of something measured that are not 0, with how many users
    /// have each, ascending.
    pub fn spread(&self, place: usize, reading: Reading) -> Option<&BTreeMap<i64, u64>> {
        let [counts, sums] = &self.tallies.get(place)?.spread;
        match reading {
            Reading::Converted => None,
            Reading::Count => Some(counts),
            Reading::Sum => Some(sums),
        }
    }

    /// How many were exposed after this moment, to the quarter of an hour; those
    /// of the quarter itself among them.
    pub fn since(&self, moment: Time) -> u64 {
        if self.last.is_none_or(|last| last <= moment) {
            return 0;
        }
        self.quarters.range(moment.0.div_euclid(QUARTER)..).map(|(_, count)| count).sum()
    }
}

impl Tally {
    fn change(&mut self, cell: &Cell, sign: Sign) {
        let (count, before) = (i64::from(cell.count), i64::from(cell.count_before));
        self.converted.change(count.min(1), before, sign);
        self.counts.change(count, before, sign);
        self.sums.change(cell.sum, cell.sum_before, sign);
        for (spread, value) in self.spread.iter_mut().zip([count, cell.sum]) {
            note(spread, value, sign);
        }
    }

    fn moments(&self, reading: Reading) -> Moments {
        match reading {
            Reading::Converted => self.converted,
            Reading::Count => self.counts,
            Reading::Sum => self.sums,
        }
    }
}

impl Moments {
    fn change(&mut self, y: i64, x: i64, sign: Sign) {
        let (y, x) = (i128::from(y), i128::from(x));
        let by = sign.factor();
        self.y += by * y;
        self.yy += by * y * y;
        self.x += by * x;
        self.xx += by * x * x;
        self.xy += by * x * y;
    }
}

impl Sign {
    fn factor(self) -> i128 {
        match self {
            Self::Plus => 1,
            Self::Minus => -1,
        }
    }

    fn apply(self, count: &mut u64, is_one: bool) {
        match self {
            Self::Plus => *count += u64::from(is_one),
            Self::Minus => *count -= u64::from(is_one),
        }
    }
}

fn note(spread: &mut BTreeMap<i64, u64>, value: i64, sign: Sign) {
    if value == 0 {
        return;
    }
    let count = spread.entry(value).or_default();
    sign.apply(count, true);
    if *count == 0 {
        spread.remove(&value);
    }
}

/// The value that so much of 10,000 users reach at most, of those who have more
/// than 0: the smallest with at least that share of them at or below it. None if
/// nobody has. Among everybody most have 0, and so would the percentile.
pub fn percentile(arms: &[&Arm], place: usize, reading: Reading, share: u16) -> Option<i64> {
    let mut all: BTreeMap<i64, u64> = BTreeMap::new();
    let above_zero = |spread| BTreeMap::range::<i64, _>(spread, 1..);
    for (value, count) in arms.iter().filter_map(|arm| arm.spread(place, reading)).flat_map(above_zero) {
        *all.entry(*value).or_default() += count;
    }
    let users: u64 = all.values().sum();
    let rank = (u128::from(users) * u128::from(share)).div_ceil(10_000);
    let mut seen = 0;
    let reached = all.iter().find(|(_, count)| {
        seen += u128::from(**count);
        seen >= rank
    });
    reached.map(|(value, _)| *value)
}

/// The sum and the sum of squares with values above a bound counted as the
/// bound, which is above 0.
pub fn bounded(arm: &Arm, place: usize, reading: Reading, bound: i64) -> (i128, i128) {
    arm.spread(place, reading).into_iter().flatten().fold((0, 0), |(sum, squares), (value, count)| {
        let (value, count) = (i128::from(*value.min(&bound)), i128::from(*count));
        (sum + count * value, squares + count * value * value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::experiments::exposure::Shown;
    use std::sync::Arc;

    fn exposure(at: i64, sum: i64, count: u32) -> Exposure {
        let shown = Arc::new(Shown { variant: "a".into(), rulebook: "r".into(), ledger: 1 });
        let cells = vec![Cell { count, sum, count_before: 2, sum_before: -3 }];
        Exposure { at: Time(at), shown, undelivered: false, clicked: count > 1, cells }
    }

    #[test]
    fn what_is_taken_out_leaves_no_trace() {
        let (first, second, third) = (exposure(0, 50, 1), exposure(1, 70, 2), exposure(1, -8, 3));
        let mut arm = Arm::default();
        arm.add(&first);
        arm.add(&second);
        arm.change(&second, Sign::Minus);
        arm.change(&third, Sign::Plus);
        let mut expected = Arm::default();
        expected.add(&third);
        expected.add(&first);
        expected.last = Some(Time(1));
        assert_eq!(arm, expected);
        assert_eq!(arm.moments(0, Reading::Converted), Moments { y: 2, yy: 2, x: 4, xx: 8, xy: 4 });
        assert_eq!(arm.moments(0, Reading::Sum), Moments { y: 42, yy: 2564, x: -6, xx: 18, xy: -126 });
        assert_eq!(arm.moments(7, Reading::Sum), Moments::default());
    }

    #[test]
    fn extreme_values_are_bounded_at_a_percentile_of_those_who_have_any() {
        let mut arms = [Arm::default(), Arm::default()];
        for value in 1..=9 {
            arms[value as usize % 2].add(&exposure(0, value * 10, 1));
        }
        arms[0].add(&exposure(0, 1_000_000, 1));
        // whoever paid nothing or got money back has no say
        (0..1_000).for_each(|n| arms[1].add(&exposure(0, -(n % 2), 0)));
        for (share, expected) in [(5_000, 50), (9_000, 90), (9_001, 1_000_000), (10_000, 1_000_000), (1, 10)] {
            assert_eq!(percentile(&[&arms[0], &arms[1]], 0, Reading::Sum, share), Some(expected), "{share}");
        }
        assert_eq!(percentile(&[&Arm::default()], 0, Reading::Sum, 9_900), None);
        assert_eq!(bounded(&arms[0], 0, Reading::Sum, 90), (290, 20_100));
        assert_eq!(bounded(&arms[1], 0, Reading::Sum, 90), (250 - 500, 16_500 + 500));
    }

    #[test]
    fn open_windows_are_counted_by_the_quarter() {
        let mut arm = Arm::default();
        for at in [0, QUARTER - 1, QUARTER, 3 * QUARTER + 5] {
            arm.add(&exposure(at, 0, 0));
        }
        for (moment, expected) in [(-1, 4), (0, 4), (QUARTER, 2), (3 * QUARTER, 1), (3 * QUARTER + 5, 0)] {
            assert_eq!(arm.since(Time(moment)), expected, "{moment}");
        }
    }
}
