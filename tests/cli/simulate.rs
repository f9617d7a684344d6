//! `simulate`: the figures of a small project to the last message, and a store
//! in which nothing changes.

use crate::support::{Api, Engine, Project};
use serde_json::json;
use std::fs;

const RULES: &str = "\
profile:
  balance: {type: int, default: 0}
events:
  pay: {rub: money}
  loop: {}
segments:
  all: balance >= 0
broadcasts:
  weekly: {to: segment(all), send: hello, at: \"2026-03-02 12:00\"}
rules:
  thanks: {when: event pay, then: [{tag: payer}]}
  evening: {when: every day at 23:00, for: balance > 5, then: [{send: bye}]}
  round: {when: event loop, then: [{emit: loop}]}
drips:
  onboarding:
    when: event pay
    steps:
      - first: {send: hello}
      - wait: 1 day
      - nudge: {send: bye}
policy:
  quiet_hours: {from: \"22:00\", to: \"09:00\", then: delay}
  caps: [1 per day]
";

const EVENTS: &str = "\
{\"id\": \"a\", \"user\": 2, \"name\": \"pay\", \"at\": \"2026-02-27T12:00:00Z\", \"props\": {\"rub\": 5}}
{\"id\": \"b\", \"user\": 2, \"name\": \"loop\", \"at\": \"2026-02-27T13:00:00Z\"}
";

const LINE: &str = "simulate --now 2026-03-01T00:00:00Z --for 4d";

fn project() -> Project {
    let project = Project::new();
    for folder in ["rules", "templates"] {
        fs::remove_dir_all(project.file(folder)).unwrap();
        fs::create_dir(project.file(folder)).unwrap();
    }
    project.write("rules/all.yaml", RULES);
    project.write("templates/hello.txt", "Hello\n");
    project.write("templates/bye.txt", "Bye\n");
    project.run("check").expect(0, &[]);
    project.import("id,balance\n1,10\n2,0\n3,7\n");
    fs::write(project.beside("events.ndjson"), EVENTS).unwrap();
    project.run(&format!("import {}", project.beside("events.ndjson").display())).expect(0, &["events stored 2"]);
    project
}

/// Every record of the store.
fn records(project: &Project) -> Vec<u8> {
    let file = project.beside("all.backup");
    project.run(&format!("backup {}", file.display())).expect(0, &[]);
    let bytes = fs::read(file).unwrap();
    // without the moment it was made and the checksum, which holds that moment
    bytes[27..bytes.len() - 32].to_vec()
}

#[test]
fn time_alone_and_what_people_did() {
    let project = project();
    let before = records(&project);
    let alone = project.run(&format!("{LINE} --format json"));
    let alone = alone.expect(0, &[]).json();
    assert_eq!((&alone["messages"], &alone["replayed"], &alone["users"]), (&json!(7), &json!(0), &json!(3)));
    assert_eq!(alone["stopped"][0], json!({"reason": "capped", "days": {"2026-03-02": 2}, "messages": 2}));
    assert_eq!(alone["delayed"][0]["reason"], "quiet_hours");
    assert_eq!(alone["per_user_and_day"]["most"]["messages"], 1);
    let played = project.run(&format!("{LINE} --replay 3d --format json"));
    let played = played.expect(0, &[]).json();
    assert_eq!(played["replayed"], 2);
    assert_eq!(played["drips"], json!([{"name": "onboarding", "entered": 1, "left": {"finished": 1}}]));
    assert_eq!(played["cascades"][0]["rules"], "round");
    assert_eq!(played["rules"][0], json!({"name": "thanks", "acted": 1}));
    let script = project.beside("script.ndjson");
    let told = |line: &str| fs::write(&script, line).unwrap();
    told(
        "{\"id\": \"s\", \"user\": 3, \"name\": \"pay\", \"at\": \"2026-03-02T12:00:00Z\", \"props\": {\"rub\": 5}}\n",
    );
    let scripted = project.run(&format!("{LINE} --script {} --format json", script.display()));
    let scripted = scripted.expect(0, &[]).json();
    assert_eq!((&scripted["replayed"], &scripted["rules"][0]), (&json!(1), &json!({"name": "thanks", "acted": 1})));
    told("\n{\"id\": \"s\", \"user\": 3, \"name\": \"pai\", \"at\": \"2026-03-02T12:00:00Z\"}\n");
    let wrong = project.run(&format!("{LINE} --script {}", script.display()));
    wrong.expect(1, &["script.ndjson:2: ", "pai"]);
    assert!(before == records(&project), "a record of the store has changed");
    project.expect(&[
        (&format!("{LINE} --lang en"), 0, &["stopped: capped", "rules that never acted: thanks, round"]),
        (&format!("{LINE} --lang ru"), 0, &["не ушло: capped", "рассылка weekly", "отложено: quiet_hours"]),
        ("simulate --for never", 2, &["14 days"]),
    ]);
}

#[test]
fn a_running_engine_makes_the_copy() {
    let project = project();
    let api = Api::start();
    project.connect(&api.url());
    let engine = Engine::start(&project);
    project.run("simulate --for 2d --lang en").expect(0, &["users     3", "rule evening"]);
    let left = fs::read_dir(project.file("data")).unwrap();
    let left = left.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".copy-"));
    assert_eq!(left.count(), 0);
    assert_eq!(engine.stop(), 0);
}
