//! The simulation at a small scale, with fixed seeds.

use super::*;

#[test]
fn what_is_simulated_is_as_expected() {
    for finding in simulate(&Scale { runs: 1_500, splits: 20_000, users: 20_000, seed: 7 }) {
        assert!(finding.is_as_expected(), "{finding:?}");
    }
}

#[test]
fn the_naive_test_is_seen_to_fail_and_the_sequence_to_hold() {
    let race = Race { users: 10_000, rates: (0.05, 0.05), looks: 20, alpha: ALPHA };
    let winners = race.run(1_000, &mut Random::new(3));
    assert!(winners.naive > 200 && winners.chances > 380 && winners.sequence <= 50, "{winners:?}");
    let more_looks = Race { looks: 200, ..race }.run(300, &mut Random::new(4));
    assert!(more_looks.sequence <= 15 && more_looks.naive > winners.naive * 300 / 1_000, "{more_looks:?}");
}

#[test]
fn several_equal_variants_have_no_more_false_winners_after_holm() {
    let (mut random, mut wins) = (Random::new(5), 0);
    for _ in 0..300 {
        let mut arms: Vec<Visitors> = (0..5).map(|_| Visitors::new(0.05, &mut random)).collect();
        let won = (1..=20).any(|look| {
            let users = look * 500;
            let arms =
                arms.iter_mut().map(|visitors| Sample::proportion(users, visitors.converted(users, &mut random)));
            let arms: Vec<Arm> = arms.map(|sample| Arm { name: String::new(), weight: 1.0, sample }).collect();
            let analysis = super::super::statistics::analyze(&arms, &Default::default());
            analysis.variants().any(|(_, versus)| versus.p_holm < ALPHA)
        });
        wins += u32::from(won);
    }
    assert!(wins <= 15, "{wins} of 300");
}

#[test]
fn visitors_convert_at_their_rate() {
    let mut random = Random::new(11);
    for rate in [0.001, 0.05, 0.5, 0.9] {
        let mut visitors = Visitors::new(rate, &mut random);
        let (half, all) = (visitors.converted(100_000, &mut random), visitors.converted(200_000, &mut random));
        let error = (rate * (1.0 - rate) / 200_000.0).sqrt();
        assert!(half <= all && (all as f64 / 200_000.0 - rate).abs() < 4.0 * error, "{rate}: {all}");
    }
    assert!((4_700..5_300).contains(&random.heads(10_000)));
    assert!(random.heads(1) <= 1);
}
