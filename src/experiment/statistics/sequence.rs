//! The test that stays valid however often one looks: an asymptotic confidence
//! sequence (Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas: "Time-uniform
//! central limit theory and asymptotic confidence sequences", arXiv 2103.06476).
//!
//! With `N` users in both arms and `ρ` tuned to be narrowest at `N*`,
//!
//! ```text
//! ρ²         = (−2·ln α + ln(−2·ln α + 1)) / N*
//! half-width = se·√N·√(2·(N·ρ² + 1) / (N²·ρ²) · ln(√(N·ρ² + 1) / α))
//! p          = min(1, √(N·ρ² + 1)·exp(−ρ²·(Δ²·N/se²) / (2·(N·ρ² + 1))))
//! ```
//!
//! p is below α exactly where the interval of the difference leaves out zero.

use super::compare::{Difference, Test};

/// The total the sequence is tuned to where none is planned.
pub const PLANNED: u64 = 5_000;

/// A sequence: its level and the total it is narrowest at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sequence {
    alpha: f64,
    rho_square: f64,
}

impl Sequence {
    /// A sequence at level `alpha` (above 0, below 0.5), narrowest at
    /// `planned` users in both arms.
    pub fn new(alpha: f64, planned: u64) -> Self {
        let logs = -2.0 * alpha.ln();
        Self { alpha, rho_square: (logs + logs.ln_1p()) / planned.max(1) as f64 }
    }

    /// Tests a difference.
    pub fn test(&self, difference: Option<&Difference>) -> Test {
        let Some(difference) = difference else { return Test::UNKNOWN };
        let z = difference.value / difference.error;
        Test::new(self.p(z, difference.users as f64), difference, self.reach(difference.users as f64))
    }

    /// How many standard errors the interval reaches to either side after
    /// `users` users.
    pub fn reach(&self, users: f64) -> f64 {
        let grown = users * self.rho_square;
        let log = 0.5 * grown.ln_1p() - self.alpha.ln();
        (2.0 * (grown + 1.0) / grown * log).sqrt()
    }

    /// The always-valid p of a difference of `z` standard errors.
    fn p(&self, z: f64, users: f64) -> f64 {
        let grown = users * self.rho_square;
        (0.5 * grown.ln_1p() - 0.5 * z * z * grown / (grown + 1.0)).exp().min(1.0)
    }
}
