//! Whether the hash deals users evenly, and differently in each experiment.

use super::Finding;
use crate::experiment::assignment::Salt;
use crate::experiment::statistics::special::chi_square_upper;
use crate::model::{Text, UserId};

/// How many experiments are looked at.
const EXPERIMENTS: usize = 10;
/// Cells of the range that users are dealt to.
const CELLS: usize = 100;
/// Cells of each of two experiments that are compared.
const SIDE: usize = 10;
/// Below this p the smallest of so many is no accident.
const ODD: f64 = 1e-4;

/// The smallest p over several experiments: that users are spread evenly over
/// 100 cells, and that one experiment says nothing about the next.
pub(super) fn dealing(users: u32) -> Vec<Finding> {
    let salts: Vec<Salt> = (0..EXPERIMENTS).map(|n| Salt::new(&format!("exp:simulated-{n}:1"))).collect();
    let mut spread = vec![[0u32; CELLS]; EXPERIMENTS];
    let mut pairs = vec![[0u32; SIDE * SIDE]; EXPERIMENTS - 1];
    for user in 1..=i64::from(users) {
        // ids of Telegram stand at odd distances
        let buckets: Vec<usize> = salts.iter().map(|salt| usize::from(salt.bucket(UserId(user * 7_919)))).collect();
        for (cells, bucket) in spread.iter_mut().zip(&buckets) {
            cells[bucket * CELLS / 10_000] += 1;
        }
        for (cells, pair) in pairs.iter_mut().zip(buckets.windows(2)) {
            cells[pair[0] * SIDE / 10_000 * SIDE + pair[1] * SIDE / 10_000] += 1;
        }
    }
    let even = spread.iter().map(evenness).fold(1.0, f64::min);
    let apart = pairs.iter().map(independence).fold(1.0, f64::min);
    let expected = [ODD, 1.0];
    vec![
        Finding {
            name: "uniform",
            what: Text::new(
                format!("users over 100 cells, smallest p of {EXPERIMENTS} experiments"),
                format!("люди по 100 ячейкам, наименьшее p среди {EXPERIMENTS} экспериментов"),
            ),
            found: even,
            expected,
        },
        Finding {
            name: "independent",
            what: Text::new(
                format!("one experiment against the next, smallest p of {} pairs", EXPERIMENTS - 1),
                format!("один эксперимент против другого, наименьшее p среди {} пар", EXPERIMENTS - 1),
            ),
            found: apart,
            expected,
        },
    ]
}

/// χ² of cells that should all hold the same.
fn evenness(cells: &[u32; CELLS]) -> f64 {
    let expected = cells.iter().map(|cell| f64::from(*cell)).sum::<f64>() / CELLS as f64;
    let square = cells.iter().map(|cell| (f64::from(*cell) - expected).powi(2) / expected).sum();
    chi_square_upper(square, (CELLS - 1) as f64)
}

/// χ² of a table of two experiments against what its rows and columns say.
fn independence(cells: &[u32; SIDE * SIDE]) -> f64 {
    let all: f64 = cells.iter().map(|cell| f64::from(*cell)).sum();
    let sum = |of: &dyn Fn(usize) -> usize| -> f64 { (0..SIDE).map(|n| f64::from(cells[of(n)])).sum() };
    let mut square = 0.0;
    for row in 0..SIDE {
        for column in 0..SIDE {
            let expected = sum(&|n| row * SIDE + n) * sum(&|n| n * SIDE + column) / all;
            square += (f64::from(cells[row * SIDE + column]) - expected).powi(2) / expected;
        }
    }
    chi_square_upper(square, ((SIDE - 1) * (SIDE - 1)) as f64)
}
