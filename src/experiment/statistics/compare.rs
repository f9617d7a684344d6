//! One arm against another: what both ways of testing start from.
//!
//! Tests are made on the difference of the means, which is defined also if
//! nobody converted in the control. The lift is the same relative to the
//! control, with the variance of the delta method.

use super::sample::Sample;

/// An interval, its lower end first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// `centre ± half`.
    pub fn around(centre: f64, half: f64) -> Self {
        Self { low: centre - half, high: centre + half }
    }
}

/// The difference of two means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The users of both arms.
    pub users: u64,
    /// The mean of the variant less the mean of the control.
    pub value: f64,
    /// Its standard error; above zero.
    pub error: f64,
    /// Degrees of freedom after Welch and Satterthwaite.
    pub dof: f64,
    /// The difference relative to the control; `None` if the control's mean is
    /// not above zero.
    pub lift: Option<Lift>,
}

/// A difference relative to the control: 0.1 is 10 % more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lift {
    /// `(μT − μC) / μC`.
    pub value: f64,
    /// Its standard error by the delta method:
    /// `√(σC²·μT² / (μC⁴·nC) + σT² / (μC²·nT))`.
    pub error: f64,
}

/// What a test says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    /// How likely a difference so great or greater is if there is none; for a
    /// sequential test, however often one looked.
    pub p: f64,
    /// The interval of the difference; `None` if nothing is known.
    pub difference: Option<Interval>,
    /// The interval of the lift; `None` without a lift.
    pub lift: Option<Interval>,
}

impl Test {
    /// Where nothing is known.
    pub const UNKNOWN: Self = Self { p: 1.0, difference: None, lift: None };

    /// From a p-value and how many standard errors the interval reaches.
    pub(super) fn new(p: f64, difference: &Difference, errors: f64) -> Self {
        Self {
            p: p.clamp(0.0, 1.0),
            difference: Some(Interval::around(difference.value, errors * difference.error)),
            lift: difference.lift.map(|lift| Interval::around(lift.value, errors * lift.error)),
        }
    }
}

/// The difference between a variant and the control; `None` if an arm has
/// fewer than two users, or if nothing varies.
pub fn difference(control: &Sample, variant: &Sample) -> Option<Difference> {
    let (c, t) = variances(control, variant)?;
    let (per_c, per_t) = (c / control.users as f64, t / variant.users as f64);
    let square = per_c + per_t;
    let error = square.sqrt();
    let value = variant.mean - control.mean;
    if !(error > 0.0 && error.is_finite() && value.is_finite()) {
        return None;
    }
    // as shares of the sum: the squares themselves might fall below what a float holds
    let (share_c, share_t) = (per_c / square, per_t / square);
    let dof = 1.0 / (share_c * share_c / (control.users - 1) as f64 + share_t * share_t / (variant.users - 1) as f64);
    let users = control.users.saturating_add(variant.users);
    Some(Difference { users, value, error, dof, lift: lift(control.mean, variant.mean, per_c, per_t) })
}

/// The variances of both. If neither shows any and both are proportions, those
/// that are assumed: that nobody of ten did something does not say that nobody
/// ever will.
fn variances(control: &Sample, variant: &Sample) -> Option<(f64, f64)> {
    let (c, t) = control.variance.zip(variant.variance)?;
    if c > 0.0 || t > 0.0 {
        return Some((c, t));
    }
    control.assumed.zip(variant.assumed)
}

fn lift(control: f64, variant: f64, per_c: f64, per_t: f64) -> Option<Lift> {
    let ratio = variant / control;
    let error = (per_c * ratio * ratio + per_t).sqrt() / control;
    (control > 0.0 && ratio.is_finite() && error.is_finite())
        .then_some(Lift { value: (variant - control) / control, error })
}
