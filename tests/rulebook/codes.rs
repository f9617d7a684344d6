//! Every code that exists is met by a row of these tests.

use vestnik::rulebook::codes;

#[test]
fn every_code_has_a_row() {
    let rows = [
        include_str!("media.rs"),
        include_str!("mistakes.rs"),
        include_str!("templates.rs"),
        include_str!("settings.rs"),
        include_str!("yaml.rs"),
        include_str!("live.rs"),
        include_str!("rules.rs"),
        include_str!("scripts.rs"),
        include_str!("consequences.rs"),
        include_str!("definitions.rs"),
        include_str!("drips.rs"),
        include_str!("everything.rs"),
        include_str!("experiments.rs"),
        include_str!("policy.rs"),
        include_str!("products.rs"),
        include_str!("scenarios.rs"),
        include_str!("vars.rs"),
        include_str!("../cli/test.rs"),
    ];
    let absent: Vec<&str> =
        codes::ALL.iter().map(|row| row.code.0).filter(|code| !rows.iter().any(|text| text.contains(code))).collect();
    assert_eq!(absent, Vec::<&str>::new());
}
