//! Chances, for those who think in them: how likely the variant beats the
//! control, and what is lost if it is put into effect and does not.
//!
//! The difference is taken as normal about what was measured. A prior can be
//! given; without one, every difference is as likely as any other beforehand.
//! None of this is valid for one who looks often: with 20 looks at two equal
//! variants, one of them has "a 95 % chance" at some look in 43 % of the cases.
//! So it is shown and never acted upon.

use super::compare::Difference;
use super::special::{normal_density, normal_upper};

/// What is thought of the difference beforehand.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Prior {
    /// Nothing.
    #[default]
    Flat,
    /// That it is normal, with this mean and standard deviation (above 0), in
    /// the units of what is measured.
    Normal {
        /// The mean.
        mean: f64,
        /// The standard deviation.
        deviation: f64,
    },
}

/// What is thought of the difference afterwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Belief {
    /// The mean: `(μ0/σ0² + Δ/σ²) / (1/σ0² + 1/σ²)`.
    pub mean: f64,
    /// The standard deviation: `√(1 / (1/σ0² + 1/σ²))`.
    pub deviation: f64,
    /// How likely the variant is better than the control.
    pub chance_to_win: f64,
    /// What is lost for each user on average if the variant is put into effect
    /// and is worse: `E[max(0, −δ)]`, in the units of what is measured.
    pub expected_loss: f64,
}

/// What to think of a difference.
pub fn belief(prior: Prior, difference: &Difference) -> Belief {
    let (value, variance) = (difference.value, difference.error * difference.error);
    let (mean, deviation) = match prior {
        Prior::Flat => (value, difference.error),
        Prior::Normal { mean, deviation } => {
            let before = deviation * deviation;
            // (μ0·σ² + Δ·σ0²) / (σ² + σ0²), which does not divide by what may be tiny
            ((mean * variance + value * before) / (variance + before), (variance * before / (variance + before)).sqrt())
        }
    };
    let z = mean / deviation;
    let loss = deviation * normal_density(z) - mean * normal_upper(z);
    Belief { mean, deviation, chance_to_win: normal_upper(-z), expected_loss: loss.max(0.0) }
}
