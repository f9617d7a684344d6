//! The special functions behind p-values and intervals, and the only place
//! that knows the crate they come from.
//!
//! Tails are computed as tails, never as one minus the rest: a p of 1e-10 has
//! as many true digits as one of 0.1. The tests hold them to values that were
//! computed with 40 digits.

use statrs::function::beta::checked_beta_reg;
use statrs::function::erf::{erfc, erfc_inv};
use statrs::function::gamma::checked_gamma_ur;
use std::f64::consts::{PI, SQRT_2};

/// From so many degrees of freedom on, t is taken to a normal deviate: the
/// ratio `dof / (dof + t²)` is too near to 1 to be told from it.
const MANY: f64 = 1e6;

/// How likely a standard normal deviate exceeds `z`.
pub fn normal_upper(z: f64) -> f64 {
    0.5 * erfc(z / SQRT_2)
}

/// The density of the standard normal distribution.
pub fn normal_density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * PI).sqrt()
}

/// The `z` that a standard normal deviate exceeds with probability `p`, which
/// lies between 0 and 1.
pub fn normal_upper_quantile(p: f64) -> f64 {
    let z = SQRT_2 * erfc_inv(2.0 * p);
    let step = (normal_upper(z) - p) / normal_density(z);
    if step.is_finite() { z + step } else { z }
}

/// How likely Student's t strays from zero by `t` or more, to either side.
pub fn student_two_sided(t: f64, dof: f64) -> f64 {
    let square = t * t;
    if dof > MANY {
        // Wallace 1959, in error by less than 1e-10 of p for so many degrees
        let z = (8.0 * dof + 1.0) / (8.0 * dof + 3.0) * (dof * (square / dof).ln_1p()).sqrt();
        return 2.0 * normal_upper(z);
    }
    checked_beta_reg(dof / 2.0, 0.5, dof / (dof + square)).map_or(1.0, |p| p.clamp(0.0, 1.0))
}

/// The `t` from which [`student_two_sided`] is below `p`.
pub fn student_quantile(p: f64, dof: f64) -> f64 {
    let (mut low, mut high) = (0.0, 2.0);
    while student_two_sided(high, dof) > p && high < 1e300 {
        (low, high) = (high, high * 2.0);
    }
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if student_two_sided(middle, dof) > p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// How likely χ² with `dof` degrees of freedom exceeds `x`.
pub fn chi_square_upper(x: f64, dof: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    checked_gamma_ur(dof / 2.0, x / 2.0).map_or(1.0, |p| p.clamp(0.0, 1.0))
}
