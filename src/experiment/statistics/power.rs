//! How many users it takes to see an effect, and which effect so many users
//! can show: asked before an experiment, not after it.

use super::sequence::{PLANNED, Sequence};
use super::special::normal_upper_quantile;

/// What is asked of an experiment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Demand {
    /// The rate of false winners that is put up with, for all variants together.
    pub alpha: f64,
    /// How likely an effect that exists is to be found.
    pub power: f64,
    /// How many arms, with the control; two at least.
    pub arms: u32,
}

impl Default for Demand {
    fn default() -> Self {
        Self { alpha: 0.05, power: 0.8, arms: 2 }
    }
}

impl Demand {
    /// The alpha of one comparison: Holm asks the strictest of them for its
    /// part of the whole.
    fn level(&self) -> f64 {
        self.alpha / f64::from(self.arms.saturating_sub(1).max(1))
    }

    /// `(z₁₋α⁄₂ + z_power)²`.
    fn factor(&self) -> f64 {
        (normal_upper_quantile(self.level() / 2.0) + normal_upper_quantile(1.0 - self.power)).powi(2)
    }

    /// The users of each arm that a share of `from` against one of `to` takes,
    /// at one look: `⌈(z₁₋α⁄₂ + z_power)²·(p₁q₁ + p₂q₂) / (p₂ − p₁)²⌉`. `None`
    /// if the shares are equal or not between 0 and 1.
    pub fn users(&self, from: f64, to: f64) -> Option<u64> {
        let (spread, gap) = contrast(from, to)?;
        counted(self.factor() * spread / (gap * gap))
    }

    /// The users of each arm that it takes if people may look whenever they
    /// like: the same, asked of the sequence at its last look.
    pub fn users_of_sequence(&self, from: f64, to: f64) -> Option<u64> {
        let (spread, gap) = contrast(from, to)?;
        let (sequence, z) = (Sequence::new(self.level(), PLANNED), normal_upper_quantile(1.0 - self.power));
        let mut users = self.factor() * spread / (gap * gap);
        // the reach grows so slowly that a few rounds settle it
        for _ in 0..60 {
            users = (sequence.reach(2.0 * users) + z).powi(2) * spread / (gap * gap);
        }
        counted(users)
    }

    /// The smallest share above `from` that so many users of each arm can
    /// show at one look; `None` if even 100 % could not be told apart.
    pub fn detectable(&self, from: f64, users: u64) -> Option<f64> {
        above(self.factor(), from, users)
    }

    /// The same for people who look whenever they like.
    pub fn detectable_by_sequence(&self, from: f64, users: u64) -> Option<f64> {
        let reach = Sequence::new(self.level(), PLANNED).reach(2.0 * users as f64);
        above((reach + normal_upper_quantile(1.0 - self.power)).powi(2), from, users)
    }

    /// The users of each arm that a difference of means takes, if a user's
    /// value has this variance: `⌈(z₁₋α⁄₂ + z_power)²·2σ² / δ²⌉`.
    pub fn users_of_mean(&self, variance: f64, difference: f64) -> Option<u64> {
        counted(self.factor() * 2.0 * variance / (difference * difference))
    }
}

/// The share above `from` that takes so many users of each arm:
/// `K·(pq + (p + d)(q − d)) = n·d²`, solved for `d`.
fn above(k: f64, from: f64, users: u64) -> Option<f64> {
    if !(from > 0.0 && from < 1.0) || users == 0 {
        return None;
    }
    let (n, p, q) = (users as f64, from, 1.0 - from);
    let b = k * (q - p);
    let d = (b + (b * b + 8.0 * (n + k) * k * p * q).sqrt()) / (2.0 * (n + k));
    Some(from + d).filter(|to| *to < 1.0)
}

/// `p₁q₁ + p₂q₂` and `p₂ − p₁`.
fn contrast(from: f64, to: f64) -> Option<(f64, f64)> {
    let inside = |share: f64| share > 0.0 && share < 1.0;
    let sound = inside(from) && inside(to) && from != to;
    sound.then_some((from * (1.0 - from) + to * (1.0 - to), to - from))
}

fn counted(users: f64) -> Option<u64> {
    Some(users.ceil()).filter(|users| (1.0..1e18).contains(users)).map(|users| users as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_those_of_the_published_table() {
        let demand = Demand::default();
        for (baseline, expected) in [
            (0.02, [80_679, 21_106, 9_795, 3_823]),
            (0.05, [31_231, 8_155, 3_778, 1_468]),
            (0.10, [14_749, 3_839, 1_772, 683]),
        ] {
            for (lift, users) in [0.1, 0.2, 0.3, 0.5].into_iter().zip(expected) {
                assert_eq!(demand.users(baseline, baseline * (1.0 + lift)), Some(users), "{baseline} {lift}");
            }
        }
    }

    #[test]
    fn what_is_detectable_takes_those_users() {
        for demand in [Demand::default(), Demand { alpha: 0.01, power: 0.9, arms: 4 }] {
            for (baseline, users) in [(0.02, 5_000), (0.05, 1_000), (0.05, 1_000_000), (0.5, 200), (0.9, 3_000)] {
                let to = demand.detectable(baseline, users).unwrap();
                let again = demand.users(baseline, to).unwrap();
                assert!(again.abs_diff(users) <= 1, "{baseline}: {again} instead of {users}");
                let to = demand.detectable_by_sequence(baseline, users).unwrap();
                let again = demand.users_of_sequence(baseline, to).unwrap();
                assert!(again.abs_diff(users) <= 1, "{baseline}: {again} instead of {users} with looks");
            }
        }
    }

    #[test]
    fn what_cannot_be_told_is_none() {
        let demand = Demand::default();
        for (from, to) in [(0.0, 0.1), (0.05, 0.05), (0.5, 1.0), (0.5, 1.5), (-0.1, 0.1), (f64::NAN, 0.1)] {
            assert_eq!((demand.users(from, to), demand.users_of_sequence(from, to)), (None, None), "{from} {to}");
        }
        assert_eq!(demand.detectable(0.9, 10), None);
        assert_eq!(demand.detectable(0.05, 0), None);
        assert_eq!(demand.users_of_mean(1.0, 0.0), None);
        assert_eq!(demand.users_of_mean(0.0, 1.0), None);
        assert_eq!(demand.users_of_mean(100.0, 1.0), Some(1_570));
    }

    #[test]
    fn the_sequence_takes_about_twice_as_many() {
        let demand = Demand::default();
        for (from, to) in [(0.02, 0.03), (0.05, 0.055), (0.05, 0.06), (0.1, 0.15)] {
            let (fixed, sequence) = (demand.users(from, to).unwrap(), demand.users_of_sequence(from, to).unwrap());
            let times = sequence as f64 / fixed as f64;
            assert!((1.7..2.7).contains(&times), "{from} {to}: {times}");
        }
    }
}
