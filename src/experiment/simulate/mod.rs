//! The statistics tried out on users whose conversion rates are known: how
//! often each way of testing names a winner that is none, how often it finds
//! one that is, and whether users are dealt evenly.
//!
//! What is found is compared with what is expected; a seed determines it all.

mod dealing;
mod random;
#[cfg(test)]
mod tests;

use super::statistics::{Arm, Prior, Sample, Sequence, balance, belief, difference};
use crate::model::{Text, grouped};
use random::{Random, Visitors};
use serde::Serialize;

/// How much is tried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// How many experiments of each kind.
    pub runs: u32,
    /// How many splits are checked; a false alarm is rare.
    pub splits: u32,
    /// How many users are dealt.
    pub users: u32,
    /// What determines the random numbers.
    pub seed: u64,
}

impl Default for Scale {
    fn default() -> Self {
        Self { runs: 10_000, splits: 200_000, users: 1_000_000, seed: 1 }
    }
}

/// One thing that was tried out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// A word for programs.
    pub name: &'static str,
    /// What was tried.
    pub what: Text,
    /// The rate or the p-value that was found.
    pub found: f64,
    /// Between which it should lie.
    pub expected: [f64; 2],
}

impl Finding {
    /// Whether it is as expected.
    pub fn is_as_expected(&self) -> bool {
        let [low, high] = self.expected;
        (low..=high).contains(&self.found)
    }
}

/// An experiment that is run many times.
#[derive(Clone, Copy, Debug)]
struct Race {
    /// Users of each arm at the end.
    users: u64,
    /// The rates of the control and of the variant.
    rates: (f64, f64),
    looks: u64,
    alpha: f64,
}

/// In how many runs each way of testing named a winner at some look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Winners {
    sequence: u32,
    naive: u32,
    chances: u32,
}

/// Beyond so many standard errors the plain z-test names a winner (alpha 0.05).
const PLAIN: f64 = 1.959_963_984_540_054;
const ALPHA: f64 = 0.05;

/// Tries everything out.
pub fn simulate(scale: &Scale) -> Vec<Finding> {
    let mut random = Random::new(scale.seed);
    let race = |users, to| Race { users, rates: (0.05, to), looks: 20, alpha: ALPHA };
    let mut list = equal(&race(10_000, 0.05).run(scale.runs, &mut random), scale.runs);
    for (name, users, expected) in [("power_10000", 10_000, 0.6), ("power_5000", 5_000, 0.27)] {
        let found = share(race(users, 0.06).run(scale.runs, &mut random).sequence, scale.runs);
        list.push(power(name, users, found, around(expected, 0.03, scale.runs)));
    }
    list.push(false_alarms(scale, &mut random));
    list.extend(dealing::dealing(scale.users));
    list
}

/// Two equal variants.
fn equal(winners: &Winners, runs: u32) -> Vec<Finding> {
    let finding = |name, en: &str, ru: &str, count, expected| {
        let what = Text::new(
            format!("false winners of {en}, two equal variants, 20 looks"),
            format!("ложные победы: {ru}; два одинаковых варианта, 20 взглядов"),
        );
        Finding { name, what, found: share(count, runs), expected }
    };
    vec![
        finding("false_sequence", "the sequence", "последовательный критерий", winners.sequence, [0.0, ALPHA]),
        finding("false_naive", "a plain z-test", "обычный z-критерий", winners.naive, around(0.24, 0.02, runs)),
        finding(
            "false_chances",
            "`95 % chance to win`",
            "«шанс победы 95 %»",
            winners.chances,
            around(0.43, 0.03, runs),
        ),
    ]
}

fn power(name: &'static str, users: u64, found: f64, expected: [f64; 2]) -> Finding {
    let count = grouped(users);
    let what = Text::new(
        format!("winners that the sequence finds, 5 % against 6 %, {count} users an arm, 20 looks"),
        format!("победы, найденные последовательно: 5 % против 6 %, по {count} на вариант, 20 взглядов"),
    );
    Finding { name, what, found, expected }
}

/// Splits by a fair coin that are called broken.
fn false_alarms(scale: &Scale, random: &mut Random) -> Finding {
    const USERS: u64 = 10_000;
    let arm = |users| Arm { name: String::new(), weight: 1.0, sample: Sample::proportion(users, 0) };
    let broken = (0..scale.splits).filter(|_| {
        let heads = random.heads(USERS);
        balance(&[arm(heads), arm(USERS - heads)]).is_some_and(|balance| balance.broken)
    });
    let found = share(u32::try_from(broken.count()).unwrap_or(u32::MAX), scale.splits);
    let what =
        Text::new("sound splits that are called broken, one look", "исправные доли, названные сломанными, один взгляд");
    Finding { name: "false_split", what, found, expected: around(0.001, 0.0002, scale.splits) }
}

impl Race {
    fn run(&self, runs: u32, random: &mut Random) -> Winners {
        let mut winners = Winners::default();
        for _ in 0..runs {
            let (sequence, naive, chances) = self.once(random);
            winners.sequence += u32::from(sequence);
            winners.naive += u32::from(naive);
            winners.chances += u32::from(chances);
        }
        winners
    }

    /// Whether the sequence, the z-test and the chances ever named a winner.
    fn once(&self, random: &mut Random) -> (bool, bool, bool) {
        let sequence = Sequence::new(self.alpha, super::statistics::PLANNED);
        let (mut control, mut variant) = (Visitors::new(self.rates.0, random), Visitors::new(self.rates.1, random));
        let mut named = (false, false, false);
        for look in 1..=self.looks {
            let users = self.users * look / self.looks;
            let mut sample = |visitors: &mut Visitors| Sample::proportion(users, visitors.converted(users, random));
            let (c, t) = (sample(&mut control), sample(&mut variant));
            let Some(difference) = difference(&c, &t) else { continue };
            let chance = belief(Prior::Flat, &difference).chance_to_win;
            named.0 |= sequence.test(Some(&difference)).p < self.alpha;
            named.1 |= (difference.value / difference.error).abs() > PLAIN;
            named.2 |= !(0.05..=0.95).contains(&chance);
        }
        named
    }
}

fn share(count: u32, runs: u32) -> f64 {
    f64::from(count) / f64::from(runs.max(1))
}

/// A rate that is known to within `known`, found in so many runs: four
/// standard errors beyond that.
fn around(rate: f64, known: f64, runs: u32) -> [f64; 2] {
    let wide = known + 4.0 * (rate * (1.0 - rate) / f64::from(runs.max(1))).sqrt();
    [(rate - wide).max(0.0), (rate + wide).min(1.0)]
}
