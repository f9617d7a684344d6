//! `arm` and `disarm`, and a data folder that turns up somewhere else.

use crate::support::{Api, Engine, Project, wait};
use std::path::Path;
use std::process::Command;
use vestnik::sandbox::ChatState;

const USERS: &str = "id,first_name,language,balance,trial_3d_used\n1001,A,en,0,1\n1002,B,en,0,1\n1003,C,en,0,1\n";
const BELONG: &str = "these data belong to ";

/// A project whose data folder has been in use, with a broadcast waiting in it.
fn scene() -> (Api, Project) {
    let (api, project) = (Api::start(), Project::with_users(USERS));
    project.connect(&api.url());
    api.sandbox().add_user(1, "Admin", ChatState::Active);
    assert_eq!(Engine::start(&project).stop(), 0);
    project.run("broadcast start win_back").expect(0, &["recipients        3"]);
    (api, project)
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-r").args([from, to]).status().unwrap().success());
}

/// What an admin is told of the engine in a chat.
fn asked(api: &Api) -> String {
    let before = api.sandbox().received(1).len();
    api.sandbox().user_says(1, "/status").unwrap();
    wait("the answer to /status", || api.sandbox().received(1).len() > before);
    api.sandbox().received(1).pop().unwrap().text
}

fn wait_for_broadcast(api: &Api) {
    wait("the broadcast", || (1_001..=1_003).all(|chat| api.sandbox().received(chat).len() == 1));
}

#[test]
fn a_copy_sends_nothing_until_it_is_armed() {
    let (api, project) = scene();
    let data = project.beside("copy");
    copy(&project.file("data"), &data);
    let on_copy = |line: &str| project.run(&format!("{line} --data {}", data.display()));
    on_copy("status").expect(0, &["engine: not running", "DISARMED since ", BELONG]);
    api.sandbox().user_says(1, "/status").unwrap();
    let engine = Engine::start_with(&project, &format!("--data {}", data.display()));
    assert!(engine.log().contains("DISARMED") && engine.log().contains(BELONG), "{}", engine.log());
    on_copy("status").expect(0, &["DISARMED since ", "nothing goes out and no updates are fetched", "`vestnik arm`"]);
    on_copy("status --lang ru").expect(0, &["ОТПРАВКА ВЫКЛЮЧЕНА", "эти данные принадлежат "]);
    on_copy("disarm").expect(0, &["DISARMED since ", BELONG]);
    let status = on_copy("status --format json").json();
    assert!(status["arming"]["disarmed"]["by"]["clone"]["was"].is_object(), "{status:#}");
    assert_eq!(engine.stop(), 0);
    // neither did the first engine over the copy, nor does the next
    let engine = Engine::start_with(&project, &format!("--data {}", data.display()));
    on_copy("broadcast status win_back").expect(0, &["waiting           3"]);
    assert_eq!((api.sandbox().accepted(), api.sandbox().received(1).len()), (0, 0));

    on_copy("arm").expect(0, &["armed: messages go out", "win_back: 3 waiting"]);
    wait_for_broadcast(&api);
    wait("what was asked long ago", || !api.sandbox().received(1).is_empty());
    on_copy("arm").expect(0, &["armed already"]);
    assert!(!asked(&api).contains("DISARMED"));
    assert_eq!(engine.stop(), 0);
    on_copy("status").expect(0, &["engine: not running"]);
    assert!(!on_copy("status").out.contains("DISARMED"));

    assert!(!project.run("status").out.contains("DISARMED"));
}

#[test]
fn the_same_place_and_the_same_name_stay_armed() {
    let (api, project) = scene();
    project.edit("vestnik.yaml", "data: data\n", "data: data\ninstance: {id: shop}\n");
    let engine = Engine::start(&project);
    wait_for_broadcast(&api);
    assert_eq!(engine.stop(), 0);
    let moved = project.beside("moved");
    std::fs::rename(project.file("data"), &moved).unwrap();
    let engine = Engine::start_with(&project, &format!("--data {}", moved.display()));
    assert!(!engine.log().contains("DISARMED"), "{}", engine.log());
    assert!(!asked(&api).contains("DISARMED"));
    assert_eq!(engine.stop(), 0);
    project.edit("vestnik.yaml", "id: shop", "id: other");
    project.run(&format!("status --data {}", moved.display())).expect(0, &["DISARMED", "these data belong to shop ("]);
    assert_eq!(project.run(&format!("arm --data {}", moved.display())).code, 0);
    assert!(!project.run(&format!("status --data {}", moved.display())).out.contains("DISARMED"));
}

#[test]
fn an_admin_holds_everything_but_answers() {
    let (api, project) = scene();
    project.run("disarm").expect(
        0,
        &["DISARMED since ", "only answers go out", "win_back: 3 waiting", "it counts for the next `vestnik run`"],
    );
    let engine = Engine::start(&project);
    assert!(engine.log().contains("only answers go out"), "{}", engine.log());
    let status = asked(&api);
    assert!(status.contains("DISARMED") && status.contains("vestnik arm"), "{status}");
    project.run("broadcast status win_back").expect(0, &["waiting           3"]);
    assert!((1_001..=1_003).all(|chat| api.sandbox().received(chat).is_empty()));
    project.run("arm --lang ru").expect(0, &["отправка включена: сообщения уходят", "win_back: ждут 3"]);
    wait_for_broadcast(&api);
    let answer = project.run("disarm --format json").json();
    assert_eq!((&answer["before"], &answer["arming"]["disarmed"]["by"]), (&"armed".into(), &"admin".into()));
    assert_eq!(engine.stop(), 0);
}

#[test]
fn a_restore_does_not_say_whose_the_folder_is() {
    let (_api, project) = scene();
    let (backup, other) = (project.beside("backup"), project.beside("other"));
    let file = backup.display();
    project.expect(&[
        (&format!("backup {file}"), 0, &[]),
        ("disarm", 0, &["only answers go out"]),
        (&format!("restore {file} --yes"), 0, &["users that came back: 3"]),
        ("status", 0, &["DISARMED", "only answers go out"]),
        ("arm", 0, &["armed: messages go out", "win_back (paused): 3 waiting"]),
        (&format!("restore {file} --yes"), 0, &[]),
        (&format!("restore {file} --yes --data {}", other.display()), 0, &[]),
        (&format!("status --data {}", other.display()), 0, &["DISARMED", BELONG]),
    ]);
    assert!(!project.run("status").out.contains("DISARMED"));
    project.run(&format!("arm --data {}", project.beside("nowhere").display())).expect(2, &["there is no data folder"]);
}
