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

fn pair(control: Sample, variant: Sample) -> Vec<Arm> {
    let arm = |name: &str, sample| Arm { name: name.to_owned(), weight: 1.0, sample };
    vec![arm("control", control), arm("b", variant)]
}

#[test]
fn whatever_the_numbers_there_is_an_answer() {
    let proportions = [(0, 0), (1, 0), (1, 1), (2, 0), (2, 2), (1_000, 0), (1_000, 1_000), (u64::MAX, 0)];
    let more = [(u64::MAX, u64::MAX), (u64::MAX, u64::MAX / 2), (1_000_000_000, 1), (3, 1), (5, 9)];
    let amounts = [(0, 0, 0), (1, 5, 25), (2, 10, 50), (9, -90, 900), (1_000, 0, 0), (7, i128::MAX, i128::MAX)];
    let mut samples: Vec<Sample> = proportions.iter().chain(&more).map(|(n, c)| Sample::proportion(*n, *c)).collect();
    samples.extend(amounts.iter().map(|(n, sum, squares)| Sample::amounts(*n, *sum, *squares)));
    samples.push(Sample::ratio(&PairSums { users: 10, y: 5.0, yy: 5.0, ..PairSums::default() }));
    for control in &samples {
        for variant in &samples {
            let analysis = analyze(&pair(*control, *variant), &Settings::default());
            sound(&analysis, &format!("{control:?} {variant:?}"));
        }
    }
}

/// Every figure is one.
fn sound(analysis: &Analysis, what: &str) {
    let versus = analysis.arms[1].versus.unwrap();
    let ends = [versus.fixed, versus.sequential].into_iter().flat_map(|test| [test.difference, test.lift]).flatten();
    let mut figures: Vec<f64> = ends.flat_map(|interval| [interval.low, interval.high]).collect();
    figures.extend(
        versus.belief.map(|belief| [belief.mean, belief.chance_to_win, belief.expected_loss]).unwrap_or_default(),
    );
    figures.extend(
        versus.difference.map(|difference| [difference.value, difference.error, difference.dof]).unwrap_or_default(),
    );
    assert!(figures.iter().all(|figure| figure.is_finite()), "{what}: {figures:?}");
    for p in [versus.fixed.p, versus.sequential.p, versus.p_holm].into_iter().chain(analysis.balance.map(|b| b.p)) {
        assert!((0.0..=1.0).contains(&p), "{what}: {p}");
    }
}

#[test]
fn nobody_and_everybody_say_little_in_tiny_arms() {
    let unlike = |n| analyze(&pair(Sample::proportion(n, 0), Sample::proportion(n, n)), &Settings::default());
    assert!(unlike(2).arms[1].versus.unwrap().fixed.p > 0.05);
    assert!(unlike(50).arms[1].versus.unwrap().sequential.p < 0.05);
    let alike = analyze(&pair(Sample::proportion(50, 0), Sample::proportion(50, 0)), &Settings::default());
    let versus = alike.arms[1].versus.unwrap();
    let interval = versus.fixed.difference.unwrap();
    assert!(versus.fixed.p == 1.0 && interval.low < -0.03 && interval.high > 0.03, "{versus:?}");
    assert_eq!(versus.difference.unwrap().lift, None);
}

#[test]
fn p_of_the_sequence_and_its_interval_agree() {
    for converted in 500..700 {
        let arms = pair(Sample::proportion(10_000, 500), Sample::proportion(10_000, converted));
        let versus = analyze(&arms, &Settings::default()).arms[1].versus.unwrap();
        let interval = versus.sequential.difference.unwrap();
        assert_eq!(versus.sequential.p < 0.05, interval.low > 0.0, "{converted}");
    }
}

#[test]
fn holm_corrects_for_the_number_of_variants() {
    for (values, expected) in [
        (vec![], vec![]),
        (vec![0.03], vec![0.03]),
        // R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
        (vec![0.01, 0.04, 0.03, 0.005], vec![0.03, 0.06, 0.06, 0.02]),
        (vec![0.5, 0.6, 0.001], vec![1.0, 1.0, 0.003]),
    ] {
        let found = holm(&values);
        assert!(
            found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-15) && found.len() == expected.len(),
            "{found:?}"
        );
    }
}

#[test]
fn a_ratio_has_the_variance_of_the_delta_method() {
    // users with (money, orders); the ratio is 100/8 of each order
    let mut sums = PairSums::default();
    [(10.0, 1.0), (30.0, 2.0), (0.0, 1.0), (60.0, 4.0)].iter().for_each(|(y, x)| sums.add(*y, *x));
    let sample = Sample::ratio(&sums);
    // by hand: residuals y − 12.5·x are −2.5, 5, −12.5, 10; squares 287.5, over 3, over the mean of orders squared
    assert_eq!(sample.mean, 12.5);
    assert!((sample.variance.unwrap() - 287.5 / 3.0 / 4.0).abs() < 1e-12, "{sample:?}");
}

#[test]
fn sums_are_the_same_however_they_are_kept() {
    let mut sums = Sums::default();
    (0..1_000).for_each(|n| sums.add(f64::from(u8::from(n % 20 == 0))));
    let (kept, counted) = (sums.sample(), Sample::proportion(1_000, 50));
    assert_eq!((kept.mean, counted.mean), (0.05, 0.05));
    assert!(relative(kept.variance.unwrap(), counted.variance.unwrap()) < 1e-15);
}

#[test]
fn a_prior_pulls_the_difference_towards_itself() {
    let arms = pair(Sample::proportion(1_000, 50), Sample::proportion(1_000, 65));
    let difference = difference(&arms[0].sample, &arms[1].sample).unwrap();
    let flat = belief(Prior::Flat, &difference);
    let narrow = belief(Prior::Normal { mean: 0.0, deviation: 0.001 }, &difference);
    let wide = belief(Prior::Normal { mean: 0.0, deviation: 1_000.0 }, &difference);
    assert!(narrow.mean < 0.001 && narrow.deviation < 0.001 && narrow.chance_to_win < 0.6, "{narrow:?}");
    assert!(relative(wide.mean, flat.mean) < 1e-9 && relative(wide.expected_loss, flat.expected_loss) < 1e-9);
}
