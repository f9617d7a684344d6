//! `backup` and `restore`: with a running engine and without one, and what of
//! the outbox comes back.

use crate::support::{Api, Engine, Project, wait};
use std::fmt::Write;
use std::fs;

const USERS: &str = "id,first_name,language,balance,trial_3d_used\n1001,A,en,5,0\n1002,B,en,0,1\n";

/// A project with two users, its backup, and a third user since.
fn backed_up() -> (Project, String) {
    let project = Project::with_users(USERS);
    let file = project.beside("copy").display().to_string();
    project.run(&format!("backup {file}")).expect(0, &["users    2\n", "it was read again and is whole", &file]);
    project.import("id\n1003\n");
    assert_eq!(project.count("all"), Some(3));
    (project, file)
}

#[test]
fn without_an_engine() {
    let (project, file) = backed_up();
    let refused = ["users    2\n", "it replaces everything in", "(users there now: 3)", "say `--yes`"];
    project.expect(&[
        (&format!("restore {file}"), 2, &refused),
        (&format!("restore {file} --lang ru"), 2, &["людей    2\n", "(людей там сейчас: 3)", "добавьте `--yes`"]),
    ]);
    assert_eq!(project.count("all"), Some(3));
    project.run(&format!("restore {file} --yes")).expect(0, &["users that came back: 2 (records: "]);
    assert_eq!(project.count("all"), Some(2));
    project.import("id\n1004\n");
    let json = project.run(&format!("backup {file} --format json")).expect(0, &[]).json();
    assert_eq!((&json["users"], &json["file"]), (&3.into(), &file.clone().into()), "{json:#}");
    assert!(json["created"].as_str().unwrap().ends_with('Z') && json["bytes"].as_u64() > Some(100), "{json:#}");
    let json = project.run(&format!("restore {file} --yes --format json")).expect(0, &[]).json();
    assert_eq!((&json["users"], &json["paused"]), (&3.into(), &serde_json::json!([])), "{json:#}");
}

#[test]
fn into_a_folder_that_is_damaged_or_absent() {
    let (project, file) = backed_up();
    fs::write(project.file("data/current"), "?").unwrap();
    project.run("segments").expect(2, &["damaged", "restore a backup"]);
    project.expect(&[
        (&format!("restore {file}"), 2, &["users there now: unknown, it cannot be read"]),
        (&format!("restore {file} --yes"), 0, &["users that came back: 2"]),
    ]);
    assert_eq!(project.count("all"), Some(2));
    fs::remove_dir_all(project.file("data")).unwrap();
    project.expect(&[
        (&format!("backup {file}"), 2, &["there is no data folder"]),
        (&format!("restore {file}"), 2, &["users there now: 0"]),
        (&format!("restore {file} --yes --lang ru"), 0, &["людей возвращено: 2"]),
    ]);
    assert_eq!(project.count("all"), Some(2));
}

#[test]
fn files_that_are_no_backup() {
    let (project, file) = backed_up();
    let bytes = fs::read(&file).unwrap();
    let cut = project.beside("cut").display().to_string();
    fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let other = project.beside("users.csv").display().to_string();
    project.expect(&[
        (&format!("restore {cut} --yes"), 2, &["cut off after", "take another copy"]),
        (&format!("restore {other} --yes"), 2, &["is not a backup of vestnik"]),
        (&format!("restore {other} --yes --lang ru"), 2, &["это не резервная копия vestnik"]),
        (&format!("restore {file}.no --yes"), 2, &["No such file"]),
        (&format!("backup {other}"), 2, &["is not a backup of vestnik"]),
    ]);
    assert_eq!(project.count("all"), Some(3));
}

#[test]
fn with_a_running_engine() {
    let api = Api::start();
    let mut users = String::from(USERS);
    (2_001..=2_300).for_each(|id| writeln!(users, "{id},A,en,0,1").unwrap());
    let project = Project::with_users(&users);
    project.connect(&api.url());
    project.edit("rules/broadcasts.yaml", "rate: 30 per second", "rate: 100 per second");
    let engine = Engine::start(&project);
    let file = project.beside("copy").display().to_string();
    project.run("broadcast start win_back").expect(0, &[]);
    api.runtime.block_on(api.sandbox().wait_accepted(20));
    project.run(&format!("backup {file}")).expect(0, &["users    302\n"]);
    project.run("broadcast cancel win_back").expect(0, &[]);
    project.import("id\n1003\n");
    let refused = ["(users there now: 303)", "stay paused: win_back", "broadcast resume"];
    project.run(&format!("restore {file}")).expect(2, &refused);
    wait("the cancelled broadcast to come to rest", || {
        project.run("broadcast status win_back --format json").json()["run"]["under_way"] == 0
    });
    let sent = api.sandbox().accepted();
    assert!(sent < 301, "{sent}");

    let answer = project.run(&format!("restore {file} --yes"));
    answer.expect(0, &["users that came back: 302", "under way then and stay paused: win_back"]);
    project.expect(&[
        ("status", 0, &["engine: running", "users: 302", "win_back · paused"]),
        (&format!("backup {}", project.file("data").display()), 2, &["it is a folder"]),
    ]);
    assert!(engine.log().contains("the engine is running again"), "{}", engine.log());
    assert_eq!(api.sandbox().accepted(), sent);
    project.run("broadcast resume win_back").expect(0, &[]);
    wait("the rest", || project.run("broadcast status win_back").out.contains("finished"));
    let run = project.run("broadcast status win_back --format json").json()["run"].clone();
    assert_eq!(run["total"], 301, "{run:#}");
    assert!(api.sandbox().accepted() > sent);

    // what the bot hears goes into what came back
    api.sandbox().add_user(77, "Anna", vestnik::sandbox::ChatState::Active);
    api.sandbox().start_bot(77, "").unwrap();
    wait("the new user", || project.count("all") == Some(303));
    project.run(&format!("restore {file} --yes")).expect(0, &["users that came back: 302"]);
    assert_eq!(engine.stop(), 0);
    assert_eq!(project.count("all"), Some(302));
    assert!(!project.file("data/engine.sock").exists());
}
