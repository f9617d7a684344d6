//! `explain user`: why something happens to a user or does not, without an
//! engine and with one.

use crate::support::{Api, Engine, Project, wait};
use std::fs;

const RULES: &str = "\
profile: {balance: int, paid_count: int, trial_3d_used: bool, last_payment_at: time}
segments:
  active: balance > 0
  vip:
    title: {ru: VIP, en: VIP}
    if: paid_count >= 5
broadcasts:
  vip_thanks: {to: segment(vip), send: hello_vip}
events:
  payment: {rub: money}
rules:
  vip_offer:
    title: {ru: Предложение, en: An offer}
    when: user enters vip
    if: balance > 0 and not blocked
    limit: once per 30 days
    backfill: true
    then:
      - send: hello_vip
      - set: {balance: balance + 5}
  thanks:
    when: event payment
    if: event.rub > 500
    then: [{send: hello_vip}]
  nudge:
    when: every monday at 18:00 user time
    for: segment(vip)
    then: [{send: hello_vip}]
  renewal:
    when: 3 days before last_payment_at
    then: [{notify: soon}]
drips:
  onboarding:
    when: user enters active
    exit if: balance > 1000
    goal: event payment within 7 days
    again: after 30 days
    steps:
      - hello: {send: hello_vip}
      - wait: 1 day
      - more: {send: hello_vip}
";

const USERS: &str =
    "id,balance,paid_count,trial_3d_used,last_payment_at\n1001,5,7,1,2999-01-04\n1002,200,3,0,\n1003,,,1,\n";

/// The sample project with these rules alone.
fn project() -> Project {
    let project = Project::new();
    for folder in ["rules", "templates"] {
        fs::remove_dir_all(project.file(folder)).unwrap();
        fs::create_dir(project.file(folder)).unwrap();
    }
    project.write("rules/auto.yaml", RULES);
    project.write("templates/hello_vip.html", "Hello!\n");
    project.import(USERS);
    project
}

#[test]
fn why_and_why_not() {
    let project = project();
    let paid = project.place("rules/auto.yaml", "en: VIP}\n    if: ^paid_count");
    project.expect(&[
        ("explain user 1001", 0, &["balance = 5", "  vip\n", "2999-01-01T00:00:00Z  `renewal` is triggered"]),
        (
            "explain user 1002 --segment vip",
            0,
            &["user 1002 is not in `vip`", "`paid_count` is 3, 5 or more is needed", &paid],
        ),
        (
            "explain user 1003 --segment vip",
            0,
            &["it is unknown", "`paid_count` is missing; set it: 5 or more is needed"],
        ),
        (
            "explain user 1001 --segment vip --lang ru",
            0,
            &["человек 1001 в сегменте `vip`", "`paid_count` = 7, нужно меньше 5"],
        ),
        ("explain user 1001 --segment vipp", 1, &["there is no segment `vipp`; did you mean `vip`?"]),
        ("explain user 77 --segment vip", 1, &["nobody has the id 77"]),
        ("explain user", 2, &["say about whom"]),
        ("explain user 1001 --segment vip --rule thanks", 2, &["cannot be used with"]),
        (
            "explain user 1001 --rule vip_offer",
            0,
            &[
                "the user is in `vip` already",
                "limit: used 0 of 1",
                "would send `hello_vip`",
                "sets `balance` to 10; it is 5",
            ],
        ),
        (
            "explain user 1003 --rule vip_offer",
            0,
            &["would not act now: `if` says no", "`balance` is missing; set it: more than 0 is needed"],
        ),
        (
            "explain user 1002 --rule thanks",
            0,
            &["no such event of the user is known", "acts as soon as its trigger comes"],
        ),
        (
            "explain user 1002 --rule nudge --now 2026-03-01",
            0,
            &["runs next at 2026-03-02T15:00:00Z", "✗ segment(vip)", "`paid_count` is 3, 5 or more is needed"],
        ),
        ("explain user 1002 --rule renewal", 0, &["`last_payment_at` is missing, so there is no moment"]),
        (
            "explain user 1002 --drip onboarding",
            0,
            &["never was in `onboarding`", "the user is in `active` already", "goal: `payment` within 7 d"],
        ),
        (
            "explain user 1002 --broadcast vip_thanks",
            0,
            &["no run had a row for the user", "would not reach the user: `to` says no"],
        ),
        ("explain user 1002 --broadcast thanks", 1, &["there is no broadcast `thanks`"]),
        ("explain user 1002 --message 9:0:0", 1, &["there is no message `9:0:0`"]),
    ]);
    let json = project.run("explain user 1002 --segment vip --format json").expect(0, &[]).json();
    assert_eq!(json["needed"][0]["wanted"], ">=", "{json:#}");
    assert_eq!((&json["needed"][0]["has"], &json["needed"][0]["value"]), (&3.into(), &5.into()), "{json:#}");
    assert_eq!(json["gates"][0]["tree"]["answer"], "false", "{json:#}");
}

#[test]
fn what_happened_is_told_from_the_records() {
    let api = Api::start();
    let project = project();
    project.connect(&api.url());
    let engine = Engine::start(&project);
    let rule = || project.run("explain user 1001 --rule vip_offer --format json").expect(0, &[]).json();
    wait("the rule to act", || rule()["recorded"].as_array().is_some_and(|list| !list.is_empty()));
    let told = rule();
    assert_eq!(told["recorded"][0]["text"], "rule `vip_offer` acted", "{told:#}");
    assert_eq!(told["recorded"][0]["rulebook"], told["rulebook"], "{told:#}");
    let list = || project.run("outbox list --format json").expect(0, &[]).json();
    wait("the message", || list()["rows"].as_array().is_some_and(|rows| rows.iter().any(|row| row["state"] == "sent")));
    let key = list()["rows"][0]["key"].as_str().unwrap().to_owned();
    let line = format!("explain user 1001 --message {key}");
    let told: [(&str, i32, &[&str]); 5] = [
        ("explain user 1001 --rule vip_offer", 0, &["limit: used 1 of 1: free again at", "`limit` says no"]),
        (&line, 0, &["rule `vip_offer`, template `hello_vip`", "sent #"]),
        ("explain user 1001", 0, &["latest messages (1)", "rule vip_offer: `hello_vip` sent", "`vip_offer` acted"]),
        (
            "explain user 1001 --lang ru",
            0,
            &["правило vip_offer: `hello_vip` отправлено #", "сработало правило `vip_offer`"],
        ),
        (&line.replace("1001", "1002"), 1, &["is for user 1001, not for 1002"]),
    ];
    project.expect(&told);
    assert_eq!(engine.stop(), 0);
    project.expect(&told);
}
