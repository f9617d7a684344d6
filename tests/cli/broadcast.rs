//! `broadcast`, without an engine and through a running one.

use crate::support::{Api, Engine, Project, wait};
use std::fmt::Write;

/// A header and `n` users whose subscription has ended.
fn expired(n: i64) -> String {
    let mut csv = String::from("id,first_name,language,balance,trial_3d_used\n");
    for id in 1_001..=1_000 + n {
        let _ = writeln!(csv, "{id},User {id},en,0,1");
    }
    csv
}

#[test]
fn a_run_is_steered_without_an_engine() {
    let project = Project::with_users(&expired(40));
    project.expect(&[
        ("broadcast list", 0, &["broadcast   state", "win_back    —"]),
        ("broadcast status", 0, &["vip_thanks: not started yet", "win_back: not started yet"]),
        ("broadcast status winback", 2, &["there is no broadcast `winback`; did you mean `win_back`?"]),
        ("broadcast status xyzzyx", 2, &["there is no broadcast `xyzzyx`; `vestnik broadcast list` shows them"]),
        ("broadcast start winback", 2, &["did you mean `win_back`?"]),
        ("broadcast pause winback", 2, &["did you mean `win_back`?"]),
        (
            "broadcast cancel win_back",
            2,
            &["`win_back` was never started; start it with `vestnik broadcast start win_back`"],
        ),
        (
            "broadcast start win_back",
            0,
            &["win_back · running · 0 %", "recipients", "40", "no engine is running: it goes out with"],
        ),
        ("broadcast start win_back", 2, &["`win_back` is under way already; see `vestnik broadcast status win_back`"]),
        ("broadcast start win_back --again", 2, &["under way already"]),
        ("broadcast resume win_back", 2, &["`win_back` is running; it can be paused or cancelled"]),
        ("broadcast pause win_back", 0, &["win_back · paused · 0 %"]),
        ("broadcast pause win_back", 2, &["`win_back` is paused; it can be resumed or cancelled"]),
        ("status", 0, &["engine: not running", "users: 40", "broadcast: win_back · paused"]),
        ("status --lang ru", 0, &["движок: не запущен", "пользователей: 40", "рассылка: win_back · на паузе"]),
        ("broadcast resume win_back", 0, &["win_back · running"]),
        ("broadcast list", 0, &["win_back    running    1          40     0"]),
        ("broadcast cancel win_back", 0, &["win_back · cancelled · 0 %", "cancelled        40"]),
        (
            "broadcast resume win_back",
            2,
            &["`win_back` is cancelled; it can only be started once more, with `--again`"],
        ),
        ("broadcast start win_back", 2, &["was sent before (run 1)", "vestnik broadcast start win_back --again"]),
        ("broadcast start win_back --lang ru", 2, &["уже отправлялась (запуск 1)"]),
        (
            "broadcast start win_back --again --lang ru",
            0,
            &["win_back · идёт · 0 %", "получателей", "движок не запущен"],
        ),
        ("broadcast list --lang ru", 0, &["рассылка", "идёт            2"]),
    ]);
    let status = project.run("broadcast status win_back --format json").json();
    let run = &status["run"];
    assert_eq!((&run["occurrence"], &run["state"], &run["queued"]), (&2.into(), &"running".into(), &40.into()));
    assert!(run["rate"].is_null() && run["eta_seconds"].is_null(), "{status:#}");
}

#[test]
fn a_broadcast_that_asks_for_more_than_a_start_is_refused() {
    let project = Project::with_users(&expired(3));
    let rate = "    rate: 30 per second\n";
    project.edit("rules/broadcasts.yaml", rate, "    at: best hour\n");
    project
        .run("broadcast start win_back")
        .expect(2, &["`win_back` uses `at`, which this version checks but does not act on"]);
    let refused = "использует `at`: эта версия его проверяет, но не исполняет";
    project.run("broadcast start win_back --lang ru").expect(2, &[refused]);
    project.edit("rules/broadcasts.yaml", "    at: best hour\n", rate);
    project.edit("rules/broadcasts.yaml", "    send: win_back\n", "    send: {template: win_back, at: 10:00}\n");
    project.run("broadcast start win_back").expect(2, &["`win_back` uses `at`"]);
}

#[test]
fn a_broadcast_goes_out_through_the_running_engine() {
    let api = Api::start();
    let project = Project::with_users(&expired(60));
    project.connect(&api.url());
    project.edit("rules/broadcasts.yaml", "    rate: 30 per second\n", "");
    let engine = Engine::start(&project);
    let started = project.run("broadcast start win_back");
    started.expect(0, &["win_back · running", "recipients       60"]);
    assert!(!started.err.contains("no engine"), "{started:?}");
    wait("the end of the broadcast", || project.run("broadcast status win_back").out.contains("finished"));
    project.expect(&[
        ("broadcast status win_back", 0, &["win_back · finished · 100 %", "sent             60"]),
        ("broadcast list --lang ru", 0, &["завершена", "60"]),
        ("broadcast pause win_back", 2, &["`win_back` is finished"]),
        ("broadcast start win_back", 2, &["was sent before (run 1)"]),
        ("broadcast start nobody", 2, &["there is no broadcast `nobody`"]),
        ("broadcast start vip_thanks", 0, &["vip_thanks · finished · 100 %", "recipients        0"]),
    ]);
    let counts = api.sandbox().counts();
    assert!(counts.len() == 60 && counts.values().all(|n| *n == 1), "{counts:?}");
    let text = &api.sandbox().received(1_001)[0].text;
    assert!(text.contains("User 1001"), "{text}");
    assert_eq!(engine.stop(), 0);
}

#[test]
fn pause_resume_and_cancel_reach_the_running_engine() {
    let api = Api::start();
    let project = Project::with_users(&expired(500));
    project.connect(&api.url());
    project.edit("rules/broadcasts.yaml", "rate: 30 per second", "rate: 100 per second");
    let engine = Engine::start(&project);
    project.run("broadcast start win_back").expect(0, &[]);
    api.runtime.block_on(api.sandbox().wait_accepted(10));
    project.run("broadcast pause win_back").expect(0, &["win_back · paused"]);
    let run = || project.run("broadcast status win_back --format json").json()["run"].clone();
    wait("what was under way", || run()["under_way"] == 0);
    let (paused, accepted) = (run(), api.sandbox().accepted());
    assert_eq!(paused["sent"], accepted);
    assert!(accepted < 500, "{accepted}");
    assert!(project.run("status").out.contains("win_back · paused"));
    project.run("broadcast resume win_back").expect(0, &["win_back · running"]);
    api.runtime.block_on(api.sandbox().wait_accepted(accepted + 10));
    let running = run();
    assert!(running["rate"].as_f64() > Some(0.0) && running["eta_seconds"].as_u64() > Some(0), "{running:#}");
    project.run("broadcast cancel win_back").expect(0, &["win_back · cancelled"]);
    wait("what was under way", || run()["under_way"] == 0);
    let end = run();
    let sum = ["sent", "cancelled", "in_doubt"].map(|key| end[key].as_u64().unwrap()).iter().sum::<u64>();
    assert_eq!((sum, &end["sent"]), (500, &api.sandbox().accepted().into()));
    assert_eq!(engine.stop(), 0);
}

/// SIGTERM in the middle: nothing is left in doubt, and the next engine sends
/// the rest.
#[test]
fn a_stopped_engine_leaves_nothing_in_doubt() {
    let api = Api::start();
    let project = Project::with_users(&expired(300));
    project.connect(&api.url());
    project.edit("rules/broadcasts.yaml", "rate: 30 per second", "rate: 150 per second");
    let engine = Engine::start(&project);
    project.run("broadcast start win_back").expect(0, &[]);
    api.runtime.block_on(api.sandbox().wait_accepted(40));
    assert_eq!(engine.stop(), 0);
    let accepted = api.sandbox().accepted();
    assert!((40..300).contains(&accepted), "{accepted}");
    let run = project.run("broadcast status win_back --format json").json()["run"].clone();
    let figures = ["sent", "queued", "in_doubt", "under_way"].map(|key| run[key].as_u64().unwrap());
    assert_eq!(figures, [accepted, 300 - accepted, 0, 0]);
    let engine = Engine::start(&project);
    wait("the rest", || project.run("broadcast status win_back").out.contains("finished"));
    let counts = api.sandbox().counts();
    assert!(counts.len() == 300 && counts.values().all(|n| *n == 1), "{} chats", counts.len());
    assert!(!engine.log().contains("in the middle of work"), "{}", engine.log());
    assert_eq!(engine.stop(), 0);
}
