//! `experiment analyze`, `plan` and `simulate`: what needs no project.

use crate::support::{Said, binary, said, vestnik};
use std::io::Write;
use std::process::Stdio;

fn analyze(input: &str, arguments: &[&str]) -> Said {
    let mut command = binary();
    command.args(["experiment", "analyze"]).args(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    said(child.wait_with_output().unwrap())
}

fn arms(control: (u64, u64), variant: (u64, u64)) -> String {
    let arm = |name, (exposed, converted): (u64, u64)| {
        format!(r#"{{"name": "{name}", "weight": 50, "exposed": {exposed}, "converted": {converted}}}"#)
    };
    format!(r#"{{"alpha": 0.05, "planned": 5000, "arms": [{}, {}]}}"#, arm("control", control), arm("b", variant))
}

#[test]
fn counts_are_judged_without_a_project() {
    let output = analyze(&arms((10_000, 500), (10_000, 610)), &[]).expect(0, &[]).json();
    assert_eq!(output["recommendation"]["verdict"], "ship");
    assert!(output["arms"][1]["p_sequential"].as_f64().unwrap() < 0.05);
    let russian = analyze(&arms((10_000, 500), (10_000, 610)), &["--lang", "ru"]).expect(0, &[]).json();
    assert!(russian["recommendation"]["text"].as_str().unwrap().starts_with("вводите `b`: 6,1 % вместо 5 %"));
    for (control, variant) in [((0, 0), (0, 0)), ((1, 1), (1, 0)), ((1000, 0), (1000, 0)), ((9, 9), (8, 8))] {
        let text = analyze(&arms(control, variant), &[]).expect(0, &[]).out.clone();
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    }
}

#[test]
fn mistakes_in_counts_are_told_with_their_places() {
    analyze(&arms((10, 11), (10, 1)), &[]).expect(1, &["arms[0].converted: 11 converted of 10 exposed users"]);
    analyze("{\"arms\": [\n}", &[]).expect(1, &["line 2, column 1: this is not JSON"]);
    analyze("{\"alpha\": 0.5}", &["--lang", "ru"])
        .expect(1, &["alpha: нужно: число больше 0 и меньше 0.5", "arms: не указано"]);
}

#[test]
fn a_plan_says_first_whether_the_change_can_be_seen() {
    let plan = ["experiment", "plan", "--baseline", "5%", "--lift", "10%"];
    let with = |more: &[&str]| vestnik(plan.iter().chain(more).copied());
    with(&[]).expect(0, &["31 231", "62 462"]);
    with(&["--per-day", "50"])
        .expect(0, &["you cannot detect this: it takes 142 242 users, 2 845 days at this traffic"]);
    let json = with(&["--per-day", "1000", "--days", "30", "--format", "json"]).expect(0, &[]).json();
    assert_eq!((&json["fixed"]["users_per_variant"], &json["fixed"]["days"]), (&31_231.into(), &63.into()));
    assert_eq!((&json["possible"], json["detectable"].as_array().unwrap().len()), (&false.into(), 1));
    with(&["--alpha", "0.5"]).expect(2, &["must be a number from"]);
    with(&["--variants", "1"]).expect(2, &["2..=100"]);
    vestnik(["experiment", "plan", "--baseline", "0.05", "--lift", "10%"]).expect(2, &["write it with `%`"]);
    vestnik(["experiment", "plan", "--baseline", "60%", "--lift", "80%"]).expect(2, &["cannot change by +80 %"]);
}

#[test]
fn the_simulation_says_what_it_found() {
    let small = ["experiment", "simulate", "--runs", "400", "--splits", "2000", "--users", "10000", "--format", "json"];
    let findings = vestnik(small).expect(0, &[]).json();
    let names: Vec<&str> = findings.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    let expected = [
        "false_sequence",
        "false_naive",
        "false_chances",
        "power_10000",
        "power_5000",
        "false_split",
        "uniform",
        "independent",
    ];
    assert_eq!(names, expected);
}
