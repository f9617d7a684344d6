//! `experiment`: on counts alone, on a project without an engine and through a
//! running one.

use crate::support::{Api, Engine, Project, Said, binary, said, vestnik, wait};
use std::fmt::Write as _;
use std::io::Write;
use std::process::Stdio;
use vestnik::sandbox::{ChatState, NewChat};

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

const RULES: &str = "\
events:
  payment: {rub: money}
experiments:
  spring_text:
    to: balance <= 0
    variants: {control: 50, short: 30, quiet: {weight: 20, send: none}}
    goal: event payment within 3 days
    decide: {min_users: 40, min_days: 1}
broadcasts:
  spring:
    to: balance <= 0
    send: {experiment: spring_text, control: win_back, short: vip_thanks, quiet: none}
";

fn with_experiment(users: i64) -> Project {
    let mut csv = String::from("id,first_name,language,balance,trial_3d_used\n");
    for id in 1_001..=1_000 + users {
        let _ = writeln!(csv, "{id},User {id},en,0,1");
    }
    let project = Project::with_users(&csv);
    project.write("rules/spring.yaml", RULES);
    project
}

#[test]
fn experiments_are_steered_without_an_engine() {
    let project = with_experiment(5);
    project.expect(&[
        ("experiment list", 0, &["spring_text  running", "event payment within 3 days"]),
        ("experiment list --lang ru", 0, &["spring_text  идёт", "  рано"]),
        ("experiment report spring_txt", 2, &["there is no experiment `spring_txt`; did you mean `spring_text`?"]),
        ("experiment report xyz", 2, &["there is no experiment `xyz`; `vestnik experiment list` shows them"]),
        ("experiment report spring_text", 0, &["nobody was exposed yet", "quiet", "→ too early to say"]),
        ("experiment report holdout:q3", 2, &["there is no experiment `holdout:q3`"]),
        ("experiment ship spring_text shrt", 2, &["`spring_text` has no variant `shrt`; did you mean `short`?"]),
        ("experiment start spring_text", 2, &["the experiment `spring_text` is running already"]),
        ("experiment stop spring_text", 0, &["spring_text: stopped"]),
        ("experiment stop spring_text --lang ru", 2, &["spring_text"]),
        ("experiment report spring_text", 0, &["· stopped", "stopped by"]),
        ("experiment ship spring_text short", 0, &["spring_text: shipped `short`"]),
        ("experiment list", 0, &["shipped `short`"]),
        ("experiment start spring_text", 0, &["spring_text: running"]),
        (
            "experiment plan spring_text --baseline 5% --lift 20%",
            0,
            &["5 people fit `spring_text` now", "a broadcast reaches 5 at once"],
        ),
        ("experiment plan --baseline 5% --lift 20% --at-once 100000", 0, &["this takes 33 782 users, 1 day"]),
        ("experiment plan holdout:q3 --lift 20%", 2, &["a holdout needs no plan"]),
    ]);
    let listed = project.run("experiment list --format json").json();
    assert_eq!(
        (&listed[0]["report"]["name"], listed[0]["report"]["arms"].as_array().unwrap().len()),
        (&"spring_text".into(), 3)
    );
}

#[test]
fn a_new_experiment_is_written_only_if_the_project_is_right_with_it() {
    let project = with_experiment(1);
    let create = |arguments: &[&str]| said(project.command("experiment create").args(arguments).output().unwrap());
    let goal = ["--goal", "event payment within 3 days"];
    create(&[&["button", "--to", "balanse > 1"], &goal[..]].concat())
        .expect(1, &["there is no field `balanse`", "rules/experiments/button.yaml is not written"]);
    assert!(!project.file("rules/experiments").exists());
    create(&["button", "--variants", "a"]).expect(2, &["`a` is not NAME=WEIGHT"]);
    create(&["button", "--file", "../out.yaml"]).expect(2, &["is not a YAML file in the folder `rules`"]);
    create(&["button", "--file", "rules/x.txt"]).expect(2, &["is not a YAML file in the folder `rules`"]);
    create(&["my button"]).expect(2, &["`my button` cannot be a name"]);
    create(&["button", "--variants", "a=5,b: 3\n=1"]).expect(2, &["cannot be a name"]);
    create(&[&["button", "--group", "g\n    coverage: 50%"], &goal[..]].concat()).expect(1, &["is not written"]);
    let more = ["button", "--to", "balance > 1", "--variants", "old=80,new=20", "--coverage", "50%"];
    create(&[&more[..], &goal].concat()).expect(0, &["written to rules/experiments/button.yaml", "old: 80, new: 20"]);
    create(&[&more[..], &goal].concat()).expect(2, &["exists already"]);
    project.expect(&[
        ("experiment list", 0, &["button", "spring_text"]),
        ("check", 0, &["nothing shows the experiment `button`"]),
    ]);
}

#[test]
fn what_people_do_is_counted_while_an_engine_runs() {
    let api = Api::start();
    let project = with_experiment(60);
    project.connect(&api.url());
    api.sandbox().add_chats((1_001..=1_060).map(|id| NewChat::user(id, "User", ChatState::Active)));
    let engine = Engine::start(&project);
    project.expect(&[("broadcast start spring", 0, &["spring"])]);
    let report = || project.run("experiment report spring_text --format json").json();
    let all = |key: &str| {
        report()["report"]["arms"].as_array().unwrap().iter().map(|arm| arm[key].as_u64().unwrap()).sum::<u64>()
    };
    wait("the exposures", || all("exposed") == 60);
    let arms = report()["report"]["arms"].clone();
    let quiet = arms[2]["exposed"].as_u64().unwrap();
    let received = (1_001..=1_060).filter(|id| api.sandbox().received(*id).len() == 1).count() as u64;
    assert!(quiet > 0);
    assert_eq!(received + quiet, 60);
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let payments = (1_001..=1_030).fold(String::new(), |mut lines, id| {
        let _ = writeln!(
            lines,
            r#"{{"id": "p{id}", "user": {id}, "name": "payment", "at": {now}, "props": {{"rub": 300}}}}"#
        );
        lines
    });
    let file = project.beside("payments.ndjson");
    std::fs::write(&file, payments).unwrap();
    project.run(&format!("import {}", file.display())).expect(0, &["events stored 30"]);
    project.run(&format!("import {}", file.display())).expect(0, &["known already 30"]);
    project.expect(&[
        ("experiment report spring_text", 0, &["60", "300", "rub"]),
        ("experiment ship spring_text short", 0, &["shipped `short`"]),
        ("experiment report spring_text", 0, &["· shipped `short`"]),
    ]);
    assert_eq!(engine.stop(), 0);
}
