//! Broadcasts from before their start to after their end: what a check says, what
//! caps and guard rails stop, what Stars pay for, and what is taken back.

use crate::support::{Api, Engine, Project, wait};
use std::fmt::Write;
use vestnik::sandbox::{ChatState, PaidBroadcasts};

/// The first id; ids below belong to admins.
const FIRST: i64 = 1_001;

/// A header and `n` users whose subscription has ended, of whom the first
/// `opted_out` want no marketing.
fn expired(n: i64, opted_out: i64) -> String {
    let mut csv = String::from("id,first_name,language,balance,trial_3d_used,opted_out\n");
    for i in 0..n {
        let _ = writeln!(csv, "{},User {i},en,0,1,{}", FIRST + i, i32::from(i < opted_out));
    }
    csv
}

fn project(api: &Api, users: &str) -> Project {
    let project = Project::with_users(users);
    project.connect(&api.url());
    project.edit("rules/broadcasts.yaml", "    rate: 30 per second\n", "");
    project
}

fn over(project: &Project, name: &str) {
    wait("the end of a broadcast", || project.run(&format!("broadcast status {name}")).out.contains("finished"));
}

fn run_of(project: &Project, name: &str) -> serde_json::Value {
    project.run(&format!("broadcast status {name} --format json")).json()["run"].clone()
}

#[test]
fn what_a_check_says_is_what_a_start_does_and_caps_outlive_a_restart() {
    let api = Api::start();
    let project = project(&api, &expired(20, 2));
    project.write("rules/policy.yaml", "policy: {caps: [1 per day]}\n");
    let more =
        "broadcasts:\n  everybody: {to: \"true\", send: win_back}\n  reminder: {to: \"true\", send: vip_thanks}\n";
    project.edit("rules/broadcasts.yaml", "broadcasts:\n", more);
    project.expect(&[
        ("broadcast check everybody", 0, &["would reach 18 of 20", "opted out"]),
        ("broadcast check everybody --lang ru", 0, &["получат 18 из 20", "отписались"]),
        ("broadcast check nobody", 2, &["there is no broadcast `nobody`"]),
    ]);
    let engine = Engine::start(&project);
    project.run("broadcast start everybody").expect(0, &[]);
    over(&project, "everybody");
    let run = run_of(&project, "everybody");
    assert_eq!((&run["sent"], &run["skipped"]["opted_out"]), (&18.into(), &2.into()), "{run:#}");

    let capped = |when: &str| {
        let found = project.run("broadcast check reminder --format json").json();
        assert_eq!((&found["reached"], &found["skipped"]["capped"]), (&0.into(), &18.into()), "{when}: {found:#}");
        project.run("broadcast start reminder --again").expect(0, &[]);
        over(&project, "reminder");
        let run = run_of(&project, "reminder");
        assert_eq!((&run["sent"], &run["skipped"]["capped"]), (&0.into(), &18.into()), "{when}: {run:#}");
    };
    capped("while it runs");
    assert_eq!(engine.stop(), 0);
    let engine = Engine::start(&project);
    capped("after a restart");
    assert_eq!(api.sandbox().accepted(), 18);
    assert_eq!(engine.stop(), 0);
}

#[test]
fn what_was_sent_is_edited_and_taken_back() {
    let api = Api::start();
    let project = project(&api, &expired(12, 0));
    let engine = Engine::start(&project);
    project.run("broadcast recall win_back").expect(2, &["`win_back` was never started"]);
    project.run("broadcast start win_back").expect(0, &[]);
    over(&project, "win_back");
    project.edit("templates/win_back.en.html", "we miss you", "we still miss you");
    wait("the new text", || {
        project.run("reload").code == 0 && project.run("preview win_back --user 1001").out.contains("we still miss you")
    });
    project.run("broadcast recall win_back --edit").expect(0, &[]);
    wait("the edit", || project.run("broadcast status win_back").out.contains("edited: 12 of 12"));
    let texts: Vec<_> = (FIRST..FIRST + 12).flat_map(|chat| api.sandbox().received(chat)).map(|m| m.text).collect();
    assert!(texts.len() == 12 && texts.iter().all(|text| text.contains("we still miss you")), "{texts:?}");

    project.run("broadcast recall win_back").expect(0, &[]);
    wait("the recall", || project.run("broadcast status win_back").out.contains("taken back: 12 of 12"));
    assert!((FIRST..FIRST + 12).all(|chat| api.sandbox().received(chat).is_empty()));
    // once more: what is gone already counts as done
    project.run("broadcast recall win_back --lang ru").expect(0, &[]);
    wait("the second recall", || project.run("broadcast status win_back").out.contains("taken back: 12 of 12"));
    assert_eq!(engine.stop(), 0);
}

#[test]
fn a_canary_that_blocks_the_bot_pauses_the_rest() {
    let api = Api::start();
    let project = project(&api, &expired(200, 0));
    let more = "    canary: {percent: 20, hold: 1 hour}\n    pause_if: {blocked: 2%}\n    send: win_back\n";
    project.edit("rules/broadcasts.yaml", "    send: win_back\n", more);
    for chat in FIRST..FIRST + 200 {
        api.sandbox().add_user(chat, "User", ChatState::Blocked);
    }
    let engine = Engine::start(&project);
    project.run("broadcast start win_back").expect(0, &[]);
    let said = || project.run("broadcast status win_back").out;
    wait("the pause", || said().contains("paused by itself: too many recipients block the bot"));
    let run = run_of(&project, "win_back");
    let canary = run["canary"].as_u64().unwrap();
    assert!((15..70).contains(&canary), "{canary}");
    assert_eq!((run["queued"].as_u64(), run["sent"].as_u64()), (Some(200 - canary), Some(0)), "{run:#}");
    wait("the news", || api.sandbox().received(1).iter().any(|message| message.text.contains("block the bot")));
    // resumed, the rest still waits for the end of the hold
    project.run("broadcast resume win_back").expect(0, &["win_back · running"]);
    let run = run_of(&project, "win_back");
    assert!(run["rest_from"].is_string() && run["queued"].as_u64() == Some(200 - canary), "{run:#}");
    assert_eq!(engine.stop(), 0);
}

#[test]
fn no_more_stars_are_spent_than_the_budget() {
    let api = Api::start();
    let project = project(&api, &expired(300, 0));
    project.edit("rules/broadcasts.yaml", "    send: win_back\n", "    send: win_back\n    paid: {budget: 1}\n");
    let paid = PaidBroadcasts { enabled: true, balance: 20_000, threshold: 10_000 };
    api.sandbox().set_paid_broadcasts(paid);
    let engine = Engine::start(&project);
    project.run("broadcast start win_back").expect(0, &[]);
    over(&project, "win_back");
    let run = run_of(&project, "win_back");
    let (sent, stopped) = (run["sent"].as_u64().unwrap(), run["skipped"]["budget"].as_u64().unwrap_or(0));
    assert!(sent >= 10 && sent + stopped == 300, "{run:#}");
    assert!(stopped > 0 && api.sandbox().accepted() == sent, "{run:#}");
    let stars = api.sandbox().stars();
    assert!(stars.charged_messages <= 10 && stars.balance_tenths >= 200_000 - 10, "{stars:?}");
    project.run("broadcast status win_back").expect(0, &["the Stars are spent"]);
    assert_eq!(engine.stop(), 0);
}
