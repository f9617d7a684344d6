//! Whether the variants got the shares of users that they should (sample ratio
//! mismatch): χ² = Σ(o − e)² / e over arms with a weight (Fabijan et al. 2019).
//!
//! If not, users were lost or dealt wrongly on the way, and whatever the
//! variants seem to have done may come of that.

use super::sample::Arm;
use super::special::chi_square_upper;

/// Below this p the split is no accident.
pub const SRM_ALPHA: f64 = 0.001;
/// χ² is trusted once every arm is expected to have so many users.
const LEAST: f64 = 8.0;

/// How the users are split.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Balance {
    /// How likely a split is that is so far from the weights or farther.
    pub p: f64,
    /// Whether it is no accident: p below 0.001, with eight users expected in
    /// every arm at least.
    pub broken: bool,
}

/// Checks the split; `None` if there are no users or fewer than two arms with
/// a weight.
pub fn balance(arms: &[Arm]) -> Option<Balance> {
    let dealt = || arms.iter().filter(|arm| arm.weight > 0.0);
    let users: f64 = dealt().map(|arm| arm.sample.users as f64).sum();
    let weights: f64 = dealt().map(|arm| arm.weight).sum();
    let count = dealt().count();
    if count < 2 || users == 0.0 {
        return None;
    }
    let expected = |arm: &Arm| users * (arm.weight / weights);
    let square = |arm: &Arm| (arm.sample.users as f64 - expected(arm)).powi(2) / expected(arm);
    let p = chi_square_upper(dealt().map(square).sum(), (count - 1) as f64);
    let enough = dealt().all(|arm| expected(arm) >= LEAST);
    Some(Balance { p, broken: enough && p < SRM_ALPHA })
}
