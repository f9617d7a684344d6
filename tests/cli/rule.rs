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
