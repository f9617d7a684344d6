//! Less noise from what users did before (CUPED: Deng, Xu, Kohavi, Walker
//! 2013): the part of a metric that the days before the first exposure explain
//! has nothing to do with the variant, and is taken off.

use super::sample::{PairSums, Sample};

/// Samples with less noise.
#[derive(Clone, Debug, PartialEq)]
pub struct Adjusted {
    /// The arms in the order given: `ȳ − θ·(x̄ − x̄ of all)`, with the variance
    /// `s²y − 2θ·sxy + θ²·s²x`.
    pub samples: Vec<Sample>,
    /// `θ = cov(Y, X) / var(X)`, within arms and over all of them; 0 if what was
    /// before does not vary.
    pub theta: f64,
    /// Which share of the variance is gone, 0 to 1.
    pub reduction: f64,
}

/// Takes off what the second value of each pair explains of the first.
///
/// One `θ` serves all arms: were each to have its own, they would not be
/// compared by the same measure. What was before must not be touched by the
/// variants, or their effect is taken off as well.
pub fn cuped(arms: &[PairSums]) -> Adjusted {
    let (yy, xx, xy) =
        arms.iter().fold((0.0, 0.0, 0.0), |(yy, xx, xy), arm| (yy + arm.syy(), xx + arm.sxx(), xy + arm.sxy()));
    let theta = if xx > 0.0 { xy / xx } else { 0.0 };
    let users: f64 = arms.iter().map(|arm| arm.users as f64).sum();
    let all: f64 = if users > 0.0 { arms.iter().map(|arm| arm.x).sum::<f64>() / users } else { 0.0 };
    let adjust = |arm: &PairSums| {
        let squares = arm.syy() - 2.0 * theta * arm.sxy() + theta * theta * arm.sxx();
        Sample::around(arm.users, arm.y - theta * (arm.x - arm.users as f64 * all), squares)
    };
    let reduction = if yy > 0.0 { (theta * xy / yy).clamp(0.0, 1.0) } else { 0.0 };
    Adjusted { samples: arms.iter().map(adjust).collect(), theta, reduction }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(values: &[(f64, f64)]) -> PairSums {
        let mut sums = PairSums::default();
        values.iter().for_each(|(y, x)| sums.add(*y, *x));
        sums
    }

    #[test]
    fn what_was_before_is_taken_off() {
        // y = 3x + 1 in the control and 3x + 3 in the variant: nothing but the effect is left
        let control = pairs(&[(1.0, 0.0), (4.0, 1.0), (7.0, 2.0), (10.0, 3.0)]);
        let variant = pairs(&[(6.0, 1.0), (9.0, 2.0), (12.0, 3.0), (15.0, 4.0)]);
        let adjusted = cuped(&[control, variant]);
        assert_eq!((adjusted.theta, adjusted.reduction), (3.0, 1.0));
        assert_eq!(adjusted.samples[1].mean - adjusted.samples[0].mean, 2.0);
        assert_eq!(adjusted.samples[0].variance, Some(0.0));
    }

    #[test]
    fn means_and_variances_are_those_of_the_adjusted_values() {
        let values = [
            vec![(3.0, 1.0), (0.0, 0.0), (8.0, 4.0), (2.0, 5.0)],
            vec![(5.0, 2.0), (1.0, 1.0), (9.0, 3.0), (0.0, 2.0), (7.0, 7.0)],
        ];
        let adjusted = cuped(&[pairs(&values[0]), pairs(&values[1])]);
        let all = 25.0 / 9.0;
        for (arm, sample) in values.iter().zip(&adjusted.samples) {
            let list: Vec<f64> = arm.iter().map(|(y, x)| y - adjusted.theta * (x - all)).collect();
            let mean = list.iter().sum::<f64>() / list.len() as f64;
            let variance = list.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (list.len() - 1) as f64;
            assert!((sample.mean - mean).abs() < 1e-12, "{} {mean}", sample.mean);
            assert!((sample.variance.unwrap() - variance).abs() < 1e-12, "{variance}");
        }
    }

    #[test]
    fn without_a_past_nothing_changes() {
        let arms = [pairs(&[(1.0, 0.0), (3.0, 0.0)]), PairSums::default()];
        let adjusted = cuped(&arms);
        assert_eq!((adjusted.theta, adjusted.reduction), (0.0, 0.0));
        assert_eq!(adjusted.samples[0], arms[0].measured().sample());
        assert_eq!(cuped(&[]).samples, []);
    }
}
