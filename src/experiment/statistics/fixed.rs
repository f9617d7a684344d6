//! The test for one look at a size fixed in advance: Welch's t (Welch 1947)
//! with the degrees of freedom of Satterthwaite (1946).

use super::compare::{Difference, Test};
use super::special::{student_quantile, student_two_sided};

/// Tests a difference; the intervals hold with probability `1 − alpha`.
///
/// `t = Δ / se`, `se² = s²C/nC + s²T/nT`,
/// `dof = se⁴ / ((s²C/nC)²/(nC − 1) + (s²T/nT)²/(nT − 1))`, two-sided.
pub fn fixed(difference: Option<&Difference>, alpha: f64) -> Test {
    let Some(difference) = difference else { return Test::UNKNOWN };
    let p = student_two_sided(difference.value / difference.error, difference.dof);
    Test::new(p, difference, student_quantile(alpha, difference.dof))
}
