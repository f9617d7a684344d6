//! `outbox`, without an engine and through a running one.

use crate::support::{Api, Engine, Project, wait};
use vestnik::sandbox::{ChatState, Fault, FaultEffect, NewChat};

/// Users whose subscription has ended.
fn expired(n: i64) -> String {
    let mut csv = String::from("id,first_name,language,balance,trial_3d_used\n");
    (1_001..=1_000 + n).for_each(|id| csv.push_str(&format!("{id},User {id},en,0,1\n")));
    csv
}

fn key(project: &Project, state: &str) -> String {
    let list = project.run(&format!("outbox list --state {state} --limit 1 --format json")).json();
    list["rows"][0]["key"].as_str().unwrap().to_owned()
}

#[test]
fn the_queue_is_shown_and_cut_without_an_engine() {
    let project = Project::with_users(&expired(3));
    project.expect(&[
        ("outbox status", 0, &["engine: not running", "lane", "nothing was queued or sent"]),
        ("outbox list", 0, &["no such messages"]),
        ("outbox list --lang ru", 0, &["таких сообщений нет"]),
        ("outbox list --broadcast winback", 2, &["did you mean `win_back`?"]),
        ("outbox list --broadcast win_back", 2, &["was never started"]),
        ("outbox list --state lost", 2, &["invalid value 'lost'"]),
        ("outbox retry", 2, &["say which messages"]),
        ("outbox retry 7:0:0", 2, &["there is no message `7:0:0`"]),
        ("outbox drop --yes", 2, &["say which messages"]),
        ("broadcast start win_back", 0, &[]),
        ("outbox status", 0, &["broadcast           3"]),
        ("outbox list --broadcast win_back --run 2", 2, &["`win_back` has no run 2"]),
        ("outbox list --limit 2", 0, &["win_back", "queued", "2 of 3"]),
        ("outbox retry --broadcast win_back", 0, &["messages: 0"]),
        ("outbox drop 1:0:0", 2, &["add `--yes`"]),
        ("outbox drop 1:0:0x --yes", 2, &["there is no message `1:0:0x`"]),
        ("outbox drop 1:0:4000000000 --yes", 2, &["there is no message"]),
    ]);
    let first = key(&project, "queued");
    project.run(&format!("outbox drop {first} --yes")).expect(0, &["messages: 1", "no engine is running"]);
    project.run(&format!("outbox drop {first} --yes")).expect(0, &["messages: 0", "left as they are"]);
    project.expect(&[
        ("outbox list --state skipped", 0, &["1001", "dropped"]),
        ("broadcast status win_back", 0, &["skipped: taken out by a person"]),
        ("outbox drop --broadcast win_back --yes", 0, &["win_back · cancelled"]),
        ("outbox list --state cancelled --lang ru", 0, &["1002", "1003"]),
        ("outbox retry --broadcast win_back", 2, &["the run was cancelled"]),
    ]);
}

/// Messages that failed go out again once what they failed of is over, with an
/// engine and without one; those that arrived do not.
#[test]
fn what_failed_is_sent_again() {
    let api = Api::start();
    let project = Project::with_users(&expired(4));
    project.connect(&api.url());
    let unknown = |id: i64| NewChat::user(id, "User", ChatState::NeverStarted);
    api.sandbox().add_chats([1_001, 1_002].map(unknown));
    let engine = Engine::start(&project);
    let finished = || project.run("broadcast status win_back").out.contains("finished");
    project.run("broadcast start win_back").expect(0, &[]);
    wait("the end of the broadcast", finished);
    project.expect(&[
        ("outbox list --broadcast win_back --state failed", 0, &["1001", "1002", "needs_start"]),
        ("outbox list --state failed --reason blocked", 0, &["no such messages"]),
        ("outbox status", 0, &["engine: running", "2 needs_start", "broadcast win_back", "p99"]),
        ("outbox status --lang ru --days 1", 0, &["движок: работает", "за последние дни: 1"]),
    ]);
    let report = project.run("outbox status --format json").json();
    let of = |name: &str| report["causes"].as_array().unwrap().iter().find(|c| c["name"] == name).unwrap().clone();
    assert_eq!((&of("broadcast win_back")["sent"], &of("broadcast win_back")["failed"]), (&2.into(), &2.into()));

    // still refused: each is asked again and fails or is skipped, none is lost
    let sent = key(&project, "sent");
    project.run(&format!("outbox retry {sent}")).expect(0, &["messages: 0"]);
    project.run("outbox retry --broadcast win_back").expect(0, &["messages: 2"]);
    wait("the end of the broadcast", finished);
    let run = project.run("broadcast status win_back --format json").json()["run"].clone();
    assert_eq!((&run["sent"], &run["queued"], &run["under_way"]), (&2.into(), &0.into(), &0.into()), "{run:#}");
    let counts = api.sandbox().counts();
    // chat 1 is the admin, who hears of each end
    assert!(counts.iter().all(|(chat, n)| *chat == 1 || *n == 1), "{counts:?}");
    assert_eq!(engine.stop(), 0);
}

const GREETING: &str = "rules:\n  hello: {when: command /hello, then: [{send: hi}]}\n\
                        drips:\n  late: {when: command /late, steps: [{first: {send: hi}}]}\n";

/// What a rule sends and Telegram refuses is held back until somebody lets it
/// go on, or the rule files change.
#[test]
fn messages_of_a_rule_that_are_held_back_go_on() {
    let api = Api::start();
    let project = Project::with_users(&expired(6));
    project.connect(&api.url());
    project.write("rules/more.yaml", GREETING);
    project.write("templates/hi.en.html", "hi\n");
    let known = |id: i64| NewChat::user(id, "User", ChatState::Active);
    api.sandbox().add_chats((1_001..=1_006).map(known));
    let description = "Bad Request: can't parse entities: Unclosed start tag".to_owned();
    let refused = Fault::every("sendMessage", FaultEffect::Refuse { code: 400, description });
    api.sandbox().add_fault(Fault { chats: Some((1_001, 1_006)), count: Some(5), ..refused });
    let engine = Engine::start(&project);
    project.run("outbox resume --rule hello").expect(0, &["nothing of it is paused"]);
    (1_001..=1_005).for_each(|id| {
        api.sandbox().user_says(id, "/hello").unwrap();
    });
    wait("the pause", || project.run("outbox status").out.contains("`vestnik outbox resume --rule hello`"));
    api.sandbox().user_says(1_006, "/hello").unwrap();
    wait("the sixth", || project.run("outbox list --rule hello --state queued").out.contains("1006"));
    project.expect(&[
        ("outbox list --rule hello --state failed --limit 1", 0, &["content_error", "1 of 5"]),
        ("outbox list --drip late", 0, &["no such messages"]),
        ("outbox list --rule helo", 2, &["there is no rule `helo`; did you mean `hello`?"]),
        ("outbox list --drip lates/first", 2, &["did you mean `late`?"]),
        ("outbox list --rule hello --drip late", 2, &["cannot be used with"]),
        ("outbox resume", 2, &["--rule <NAME>"]),
        ("outbox resume --drip late/first", 0, &["nothing of it is paused"]),
        ("outbox resume --rule hello", 0, &["goes on: 1, messages that wait: 1"]),
    ]);
    wait("the message", || api.sandbox().received(1_006).len() == 1);
    assert!(!project.run("outbox status").out.contains("resume --rule"));
    assert_eq!(engine.stop(), 0);
}
