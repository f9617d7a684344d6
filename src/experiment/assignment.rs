//! Who takes part in an experiment, and with which variant: a calculation on a
//! user's id that anybody can repeat elsewhere.
//!
//! ```text
//! x      = first 8 bytes, big endian, of SHA-256(utf8(salt + ":" + decimal id))
//! bucket = (x * 10000) >> 64, in 128 bits: 0..9999
//! ```
//!
//! | salt | decides |
//! | --- | --- |
//! | `exp:NAME:VERSION` | the variant |
//! | `cov:NAME:VERSION` | whether a user takes part, outside groups |
//! | `ns:GROUP` | in which experiment of a group a user takes part |
//! | `holdout:NAME` | whether a user is in the holdout |
//!
//! Whether a user fits the experiment's condition is asked elsewhere, and so is
//! what earlier exposures say.

use crate::model::{Share, UserId};
use crate::rulebook::{Experiment, Holdout, Rulebook};
use sha2::{Digest, Sha256};

/// Buckets are numbered from 0 to below this.
pub const BUCKETS: u16 = 10_000;

/// A salt that is ready for ids.
#[derive(Clone, Debug)]
pub struct Salt(Sha256);

/// How one experiment deals its variants.
#[derive(Clone, Debug)]
pub struct Dealer {
    place: Salt,
    /// The buckets of `place` whose users take part: from the first to below
    /// the second.
    slice: (u16, u16),
    draw: Salt,
    /// Where the buckets of each variant end.
    ends: Vec<u16>,
}

/// Who gets no marketing.
#[derive(Clone, Debug)]
pub struct HeldOut {
    salt: Salt,
    below: u16,
}

impl Salt {
    /// The salt with this text.
    pub fn new(text: &str) -> Self {
        Self(Sha256::new().chain_update(text.as_bytes()).chain_update(b":"))
    }

    /// The bucket of a user, 0 to 9,999.
    pub fn bucket(&self, user: UserId) -> u16 {
        let mut digits = [0; 20];
        let digest = self.0.clone().chain_update(decimal(user.0, &mut digits)).finalize();
        let x = digest.iter().take(8).fold(0u64, |x, byte| x << 8 | u64::from(*byte));
        let bucket = (u128::from(x) * u128::from(BUCKETS)) >> 64;
        u16::try_from(bucket).unwrap_or(BUCKETS - 1)
    }
}

impl Dealer {
    /// The dealers of all experiments of a rulebook, by their ids.
    pub fn all(rulebook: &Rulebook) -> Vec<Self> {
        let list = &rulebook.experiments;
        (0..list.len()).map(|at| Self::of(&list[at], &list[..at])).collect()
    }

    /// The dealer of an experiment that stands behind others in the files.
    /// Those of its group own the buckets before its own.
    fn of(experiment: &Experiment, before: &[Experiment]) -> Self {
        let (name, version) = (&experiment.name, experiment.version);
        let coverage = experiment.coverage.of_ten_thousand();
        let (place, first) = match &experiment.group {
            None => (format!("cov:{name}:{version}"), 0),
            Some(group) => {
                let taken = before.iter().filter(|other| other.group.as_ref() == Some(group));
                let taken: u16 = taken.map(|other| other.coverage.of_ten_thousand()).sum();
                (format!("ns:{group}"), taken)
            }
        };
        let weights: Vec<u32> = experiment.variants.iter().map(|variant| variant.weight).collect();
        Self {
            place: Salt::new(&place),
            slice: (first, first.saturating_add(coverage).min(BUCKETS)),
            draw: Salt::new(&format!("exp:{name}:{version}")),
            ends: ends(&weights),
        }
    }

    /// The place of the user's variant; none if the user does not take part.
    pub fn variant(&self, user: UserId) -> Option<usize> {
        if !self.takes(user) {
            return None;
        }
        let bucket = self.draw.bucket(user);
        self.ends.iter().position(|end| bucket < *end)
    }

    /// Whether the user is among those that the experiment covers.
    pub fn takes(&self, user: UserId) -> bool {
        let (first, end) = self.slice;
        (first, end) == (0, BUCKETS) || (first..end).contains(&self.place.bucket(user))
    }

    /// The share of a variant's buckets, as the statistics expect users.
    pub fn width(&self, variant: usize) -> u16 {
        let end = self.ends.get(variant).copied().unwrap_or_default();
        let start = variant.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        end - start
    }
}

impl HeldOut {
    /// Those of this holdout.
    pub fn of(holdout: &Holdout) -> Self {
        Self::new(&holdout.name, holdout.share)
    }

    fn new(name: &str, share: Share) -> Self {
        Self { salt: Salt::new(&format!("holdout:{name}")), below: share.of_ten_thousand() }
    }

    /// Whether a user is among them.
    pub fn holds(&self, user: UserId) -> bool {
        self.salt.bucket(user) < self.below
    }
}

/// Where the buckets of each variant end: rounded half up, the last at the end.
/// Variants own at least what rounding leaves them, which may be nothing.
fn ends(weights: &[u32]) -> Vec<u16> {
    let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
    let mut sum = 0;
    let end = |weight: &u32| {
        sum += u64::from(*weight);
        let end = (2 * u64::from(BUCKETS) * sum + total) / (2 * total.max(1));
        u16::try_from(end).unwrap_or(BUCKETS)
    };
    weights.iter().map(end).collect()
}

/// A number as people write it.
fn decimal(id: i64, digits: &mut [u8; 20]) -> &[u8] {
    let mut rest = id.unsigned_abs();
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if id < 0 {
        at -= 1;
        digits[at] = b'-';
    }
    &digits[at..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_those_that_are_published() {
        for (salt, user, bucket) in [
            ("exp:welcome-ab:1", 1, 5292),
            ("exp:welcome-ab:1", 42, 9590),
            ("exp:welcome-ab:1", 123_456_789, 2659),
            ("exp:welcome-ab:1", 5_000_000_001, 9280),
            ("exp:welcome-ab:1", -1_001_234_567_890, 502),
            ("exp:welcome-ab:2", 42, 9731),
            ("exp:welcome-ab:2", 123_456_789, 5508),
            ("holdout:2026q3", 42, 5260),
            ("holdout:2026q3", 123_456_789, 9317),
        ] {
            assert_eq!(Salt::new(salt).bucket(UserId(user)), bucket, "{salt} {user}");
        }
    }

    #[test]
    fn ids_are_written_as_people_write_them() {
        for id in [0, 7, -7, 10, 1_234_567_890, i64::MAX, i64::MIN, i64::MIN + 1] {
            assert_eq!(decimal(id, &mut [0; 20]), id.to_string().as_bytes());
        }
    }

    #[test]
    fn variants_own_the_buckets_of_their_weights() {
        for (weights, expected) in [
            (vec![50, 50], vec![5000, 10_000]),
            (vec![1, 1, 1], vec![3333, 6667, 10_000]),
            (vec![1, 1, 1, 1, 1, 1], vec![1667, 3333, 5000, 6667, 8333, 10_000]),
            (vec![1, 19_999], vec![1, 10_000]),
            (vec![1, 999_999], vec![0, 10_000]),
            (vec![999_999, 1], vec![10_000, 10_000]),
            (vec![7], vec![10_000]),
        ] {
            assert_eq!(ends(&weights), expected, "{weights:?}");
        }
    }

    fn experiment(name: &str, coverage: &str, group: Option<&str>) -> Experiment {
        let variant = |name: &str| crate::rulebook::Variant { name: name.into(), weight: 1, silent: false };
        Experiment {
            name: name.into(),
            to: None,
            coverage: Share::parse(coverage).unwrap(),
            variants: vec![variant("control"), variant("short")],
            version: 1,
            group: group.map(str::to_owned),
            goal: None,
            measure: crate::rulebook::Measure::Converted,
            guardrails: Vec::new(),
            decide: crate::rulebook::Decide::default(),
        }
    }

    #[test]
    fn a_greater_coverage_moves_nobody() {
        let few = Dealer::of(&experiment("a", "20%", None), &[]);
        let many = Dealer::of(&experiment("a", "60%", None), &[]);
        let mut counts = (0, 0);
        for user in (1..20_000).map(UserId) {
            if let Some(variant) = few.variant(user) {
                assert_eq!(many.variant(user), Some(variant));
                counts.0 += 1;
            }
            counts.1 += i32::from(many.variant(user).is_some());
        }
        assert!((3_800..4_200).contains(&counts.0) && (11_700..12_300).contains(&counts.1), "{counts:?}");
    }

    #[test]
    fn experiments_of_a_group_share_nobody() {
        let list =
            [experiment("a", "30%", Some("g")), experiment("b", "100%", None), experiment("c", "70%", Some("g"))];
        let [a, b, c] = [0, 1, 2].map(|at| Dealer::of(&list[at], &list[..at]));
        for user in (1..5_000).map(UserId) {
            assert!(a.takes(user) != c.takes(user), "{user}");
            assert!(b.takes(user));
        }
    }

    #[test]
    fn the_holdout_has_its_share() {
        let held = HeldOut::new("2026q3", Share::percent(5));
        let count = (1..=100_000).filter(|id| held.holds(UserId(*id))).count();
        assert!((4_700..5_300).contains(&count), "{count}");
    }
}
