//! The statistics against values that were computed elsewhere.
//!
//! `tests/data/experiments/reference.py` makes the tables, from the definitions
//! and with 40 digits of mpmath 1.3.0; it shares nothing with this code.

use super::special::*;
use super::*;

/// The accuracy that is promised.
const PROMISED: f64 = 1e-6;

fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().skip(1).map(|line| line.split(',').collect())
}

fn number(text: &str) -> f64 {
    text.parse().unwrap()
}

fn relative(found: f64, expected: f64) -> f64 {
    if found == expected { 0.0 } else { ((found - expected) / expected).abs() }
}

/// Near `expected`; ends of intervals near zero are held to the size of the interval.
fn near(what: &str, found: f64, expected: &str, size: f64) {
    let expected = number(expected);
    let wrong = relative(found, expected).min((found - expected).abs() / size);
    assert!(wrong < PROMISED, "{what}: {found} instead of {expected}");
}

#[test]
fn special_functions_are_true_far_into_the_tails() {
    for row in rows(include_str!("../../../tests/data/experiments/special.csv")) {
        let (argument, dof) = (number(row[1]), number(row[2]));
        let found = match row[0] {
            "normal_upper" => normal_upper(argument),
            "normal_quantile" => normal_upper_quantile(argument),
            "student" => student_two_sided(argument, dof),
            "student_quantile" => student_quantile(argument, dof),
            "chi_square" => chi_square_upper(argument, dof),
            other => panic!("no function `{other}`"),
        };
        near(&row.join(","), found, row[3], f64::INFINITY.min(if row[3] == "0.0" { 1.0 } else { f64::MIN_POSITIVE }));
    }
}

#[test]
fn comparisons_are_those_of_the_reference() {
    for row in rows(include_str!("../../../tests/data/experiments/comparisons.csv")) {
        let settings = Settings { alpha: number(row[1]), planned: row[2].parse().unwrap(), ..Settings::default() };
        let arms = [arm(&row[..1], &row[3..6]), arm(&row[..1], &row[6..9])];
        let analysis = analyze(&arms, &settings);
        let versus = analysis.arms[1].versus.unwrap();
        let difference = versus.difference.unwrap();
        let what = |name: &str| format!("{name} of {}", row[..9].join(","));
        near(&what("difference"), difference.value, row[9], f64::MIN_POSITIVE);
        near(&what("dof"), difference.dof, row[10], f64::MIN_POSITIVE);
        near(&what("p fixed"), versus.fixed.p, row[11], f64::MIN_POSITIVE);
        near(&what("p sequential"), versus.sequential.p, row[17], f64::MIN_POSITIVE);
        ends(&what("fixed"), versus.fixed.difference, &row[12..14]);
        ends(&what("fixed lift"), versus.fixed.lift, &row[15..17]);
        ends(&what("sequential"), versus.sequential.difference, &row[18..20]);
        ends(&what("sequential lift"), versus.sequential.lift, &row[20..22]);
        match difference.lift {
            Some(lift) => near(&what("lift"), lift.value, row[14], lift.error),
            None => assert_eq!(row[14], "", "{}", what("lift")),
        }
        let belief = versus.belief.unwrap();
        near(&what("chance"), belief.chance_to_win, row[22], f64::MIN_POSITIVE);
        near(&what("loss"), belief.expected_loss, row[23], f64::MIN_POSITIVE);
    }
}

fn ends(what: &str, found: Option<Interval>, expected: &[&str]) {
    let Some(found) = found else { return assert_eq!(expected, ["", ""], "{what}") };
    near(what, found.low, expected[0], found.high - found.low);
    near(what, found.high, expected[1], found.high - found.low);
}

fn arm(kind: &[&str], sums: &[&str]) -> Arm {
    let users = sums[0].parse().unwrap();
    let sample = match kind[0] {
        "proportion" => Sample::proportion(users, sums[1].parse().unwrap()),
        "mean" => Sample::amounts(users, sums[1].parse().unwrap(), sums[2].parse().unwrap()),
        other => panic!("no kind `{other}`"),
    };
    Arm { name: String::new(), weight: 1.0, sample }
}

#[test]
fn splits_are_those_of_the_reference() {
    for row in rows(include_str!("../../../tests/data/experiments/splits.csv")) {
        let weights = row[0].split(';').map(number);
        let users = row[1].split(';').map(|text| text.parse().unwrap());
        let arms: Vec<Arm> = weights
            .zip(users)
            .map(|(weight, users)| Arm { name: String::new(), weight, sample: Sample::proportion(users, 0) })
            .collect();
        let balance = balance(&arms).unwrap();
        near(&row.join(","), balance.p, row[2], f64::MIN_POSITIVE);
        let few = row[1] == "3;8";
        assert_eq!(balance.broken, !few && number(row[2]) < 0.001, "{row:?}");
    }
}
