//! `rule list`, `off` and `on`: on the store while no engine runs, and through
//! the engine that runs; seen by `status`, `explain` and `simulate`.

use crate::support::{Api, Engine, Project, wait};
use vestnik::sandbox::ChatState;

const RULES: &str = "\
rules:
  hello: {when: command /hello, then: [{send: win_back}]}
  nudge: {when: every day at 10:00, for: true, then: [{send: win_back}]}
drips:
  hello:
    when: command /drip
    steps: [{wait: 1 day}, {late: {send: win_back}}]
tasks:
  nightly: {when: every day at 04:00, then: [{notify: night}]}
";

#[test]
fn rules_are_switched_on_a_store_without_an_engine() {
    let project = Project::with_users("id,first_name\n1001,Anna\n");
    project.write("rules/more.yaml", RULES);
    let place = project.place("rules/more.yaml", "^nudge:");
    project.expect(&[
        ("rule list", 0, &["rule  hello", "drip  hello", "task  nightly", &place]),
        ("rule off nudge nightly", 0, &["rule nudge: off since ", "task nightly: off since "]),
        ("rule off nudge", 0, &["stood so already: 1"]),
        ("rule off hello", 2, &["`--kind rule` or `--kind drip`"]),
        ("rule off --kind drip hello", 0, &["drip hello: off since "]),
        ("rule off nugde", 2, &["did you mean `nudge`?"]),
        ("status", 0, &["switched off: rule nudge, drip hello, task nightly", "task nightly: switched off"]),
        ("status --lang ru", 0, &["выключены вручную: правило nudge", "задача nightly: выключено вручную"]),
        ("explain user 1001 --rule nudge", 0, &["`nudge` does not act: it is switched off", "switched off since "]),
        ("explain user 1001 --drip hello", 0, &["switched off since "]),
        ("simulate --for 2d", 0, &["switched off by hand, so left out: rule nudge, drip hello, task nightly"]),
    ]);
    let all = project.run("rule list --format json").json();
    let nudge = all.as_array().unwrap().iter().find(|rule| rule["name"] == "nudge").unwrap();
    assert_eq!((&nudge["kind"], &nudge["on"], &nudge["fired"]), (&"rule".into(), &false.into(), &0.into()));
    // gone, and back
    project.write("rules/more.yaml", &RULES.replace("nudge", "push"));
    project.run("rule list").expect(0, &[", not in the rulebook"]);
    project.write("rules/more.yaml", RULES);
    project.expect(&[
        ("status", 0, &["switched off: rule nudge"]),
        ("rule on nudge nightly", 0, &["rule nudge: on", "task nightly: on"]),
        ("simulate --for 2d", 0, &["rule nudge", "by hand, so left out: drip hello\n"]),
    ]);
}

#[test]
fn a_running_engine_heeds_its_switches() {
    let (api, project) = (Api::start(), Project::with_users("id,first_name\n1001,Anna\n"));
    project.connect(&api.url());
    project.write("rules/more.yaml", RULES);
    api.sandbox().add_user(1001, "Anna", ChatState::Active);
    let engine = Engine::start(&project);
    let got = || api.sandbox().received(1001).len();
    project.run("rule off hello --kind rule").expect(0, &["rule hello: off since "]);
    api.sandbox().user_says(1001, "/hello").unwrap();
    api.sandbox().user_says(1001, "/drip").unwrap();
    // the drip is entered after the rule was passed over
    wait("the drip", || project.run("explain user 1001").out.contains("the drip `hello` goes on"));
    assert_eq!(got(), 0);
    project.run("rule on hello --kind rule").expect(0, &["rule hello: on"]);
    api.sandbox().user_says(1001, "/hello").unwrap();
    wait("the message", || got() == 1);
    wait("the figures", || project.run("rule list --format json").json()[0]["fired"] == 1);
    assert_eq!(engine.stop(), 0);
}

const CIRCLE: &str = "\
rules:
  ping: {when: paid_count changes, then: [{add: {balance: 1}}]}
  pong: {when: balance changes, then: [{add: {paid_count: 1}}]}
  begin: {when: command /begin, then: [{add: {balance: 1}}]}
";

#[test]
fn what_went_round_in_a_circle_is_done_once_the_rules_are_mended() {
    let (api, project) = (Api::start(), Project::with_users("id,first_name,balance\n1001,Anna,5\n"));
    project.connect(&api.url());
    project.write("rules/more.yaml", CIRCLE);
    api.sandbox().add_user(1001, "Anna", ChatState::Active);
    project.run("rule cascades").expect(0, &["came to an end"]);
    let engine = Engine::start(&project);
    api.sandbox().user_says(1001, "/begin").unwrap();
    wait("the circle", || project.run("status").out.contains("`vestnik rule cascades`"));
    project.expect(&[
        ("rule cascades", 0, &["event `message`", "ping, pong", "1001"]),
        ("rule replay 2", 2, &["there is no 2"]),
        ("rule replay 1", 1, &["done now: 0", "still without an end"]),
    ]);
    project.write("rules/more.yaml", &CIRCLE.replace("pong: {when: balance changes", "pong: {when: command /other"));
    project.run("reload").expect(0, &[]);
    project.run("rule replay --all").expect(0, &["done now: 1"]);
    let done = project.run("query balance=6 --sample 1 --format json").json();
    assert_eq!(done["users"][0]["id"], 1001, "{done:#}");
    let list = project.run("rule cascades --format json").json();
    assert_eq!((list["cascades"].as_array().unwrap().len(), &list["dropped"]), (0, &0.into()));
    assert_eq!(engine.stop(), 0);
}
