//! A broadcast that asks first: the question, the buttons under it, and the
//! same from the command line.

use crate::support::{Api, Engine, Project, wait};
use vestnik::sandbox::{ChatState, Received};

const USERS: &str = "id,first_name,language,balance,trial_3d_used\n1001,A,en,0,1\n1002,B,en,0,1\n";
const RULES: &str = "rules/broadcasts.yaml";

fn scene() -> (Api, Project) {
    let (api, project) = (Api::start(), Project::with_users(USERS));
    project.connect(&api.url());
    project.edit("vestnik.yaml", "admins: {1: owner}", "admins: {1: operator, 2: viewer}");
    project.edit(RULES, "    rate: 30 per second\n", "    ask_first: true\n");
    for (id, name) in [(1, "Operator"), (2, "Viewer"), (3, "Nobody")] {
        api.sandbox().add_user(id, name, ChatState::Active);
    }
    (api, project)
}

/// The last of `n` messages that a chat has received.
fn last(api: &Api, chat: i64, n: usize) -> Received {
    wait(&format!("message {n} in chat {chat}"), || api.sandbox().received(chat).len() >= n);
    api.sandbox().received(chat).pop().unwrap()
}

#[test]
fn buttons_decide_and_only_those_of_operators() {
    let (api, project) = scene();
    // asked without an engine, the question goes out with the next one
    project
        .run("broadcast start win_back")
        .expect(0, &["win_back: not started yet", "waits for approval since ", "recipients 2"]);
    let engine = Engine::start(&project);
    let asked = last(&api, 1, 1);
    assert!(
        asked.text.contains("win_back waits for approval") && asked.text.contains("Recipients now: 2"),
        "{asked:?}"
    );
    let buttons: Vec<_> = asked.buttons.concat();
    let (yes, no) = (&buttons[0].1, &buttons[1].1);
    assert!(yes.starts_with("vestnik:approve:") && no.starts_with("vestnik:refuse:"), "{buttons:?}");
    project.run("broadcast list").expect(0, &["waits for approval"]);

    let press = |chat, data: &str| drop(api.sandbox().press(chat, asked.message_id, data));
    press(1, yes);
    assert!(last(&api, 1, 2).text.contains("approved, it goes out"));
    wait("the broadcast", || (1_001..=1_002).all(|chat| api.sandbox().received(chat).len() == 1));
    press(1, no);
    assert!(last(&api, 1, 3).text.contains("`win_back` was decided already: started"));
    assert!(api.sandbox().received(2).is_empty() && api.sandbox().received(3).is_empty());
    assert_eq!(engine.stop(), 0);
}

#[test]
fn the_command_line_decides_too() {
    let (_api, project) = scene();
    project.expect(&[
        ("broadcast approve win_back", 2, &["nothing waits for an approval here any more"]),
        ("broadcast approve winback", 2, &["did you mean `win_back`?"]),
        ("broadcast start win_back --lang ru", 0, &["ждёт одобрения с ", "получателей 2"]),
        ("broadcast refuse win_back", 0, &["refused by an admin"]),
        ("broadcast refuse win_back", 2, &["nothing waits for an approval"]),
        ("broadcast start win_back", 0, &["waits for approval"]),
        ("broadcast approve win_back", 0, &["win_back · running", "it goes out with `vestnik run`"]),
        ("broadcast start win_back", 2, &["`win_back` is under way already"]),
    ]);
}
