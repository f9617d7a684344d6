//! What keeps an engine from starting or a command from reaching the data, and
//! what does not.

use crate::support::{Api, Engine, Project, said, vestnik, wait};
use std::fs;
use std::net::TcpListener;
use vestnik::store::sled::SledStore;

#[test]
fn without_a_token_the_variable_is_named() {
    let project = Project::new();
    project.edit("vestnik.yaml", "token_env: TELEGRAM_TOKEN", "token_env: OUR_BOT_TOKEN");
    project.expect(&[
        ("run", 2, &["error: the environment variable OUR_BOT_TOKEN is not set", "@BotFather"]),
        ("run --lang ru", 2, &["ошибка: переменная окружения OUR_BOT_TOKEN не задана"]),
    ]);
    assert!(!project.file("data").exists());
}

#[test]
fn a_wrong_token_ends_the_start_and_is_not_printed() {
    let api = Api::start();
    let project = Project::new();
    project.connect(&api.url());
    let output = project.command("run").env("TELEGRAM_TOKEN", "77:wrong-secret").output().unwrap();
    let said = said(output);
    said.expect(2, &["does not know the token in TELEGRAM_TOKEN", &api.url(), "@BotFather"]);
    assert!(!said.err.contains("wrong-secret"), "{said:?}");
}

#[test]
fn an_unreachable_api_does_not_end_the_engine() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let project = Project::with_users("id\n5\n");
    project.connect(&format!("http://127.0.0.1:{port}"));
    let engine = Engine::start(&project);
    wait("the word about it", || engine.log().contains("no updates from Telegram; trying again"));
    project.run("status").expect(0, &["engine: running", "users: 1", "Telegram: the Bot API at http://127.0.0.1:"]);
    project.run("status --lang ru").expect(0, &["Telegram: Bot API по адресу", "недоступен", "движок пробует снова"]);
    assert!(!engine.log().contains(vestnik::sandbox::DEFAULT_TOKEN), "{}", engine.log());
    assert_eq!(engine.stop(), 0);
}

#[test]
fn an_api_that_never_answers_does_not_hold_up_the_end() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let project = Project::new();
    project.connect(&format!("http://{}", silent.local_addr().unwrap()));
    let engine = Engine::spawn(&project, "");
    let _connection = silent.accept().unwrap();
    assert_eq!(engine.stop(), 0);
}

#[test]
fn a_held_data_folder_says_so() {
    let project = Project::new();
    let held = SledStore::open(project.file("data")).unwrap();
    // each waits a while for the other process: all at once
    std::thread::scope(|scope| {
        for line in ["segments", "status", "broadcast list", "broadcast start win_back"] {
            let told: &[&str] = &["error: the data folder", "in use by another vestnik process"];
            scope.spawn(|| project.run(line).expect(2, told).code);
        }
        let told: &[&str] = &["ошибка: папка данных", "занята другим процессом"];
        scope.spawn(|| project.run("segments --lang ru").expect(2, told).code);
    });
    project.run("reload").expect(2, &["no engine runs on this data folder"]);
    drop(held);
}

#[test]
fn one_engine_at_a_time_and_commands_go_to_it() {
    let api = Api::start();
    let project = Project::with_users("id,balance\n1001,5\n");
    project.connect(&api.url());
    let engine = Engine::start(&project);
    let output = project.command("run").env("TELEGRAM_TOKEN", vestnik::sandbox::DEFAULT_TOKEN).output().unwrap();
    said(output).expect(2, &["in use by another vestnik process"]);
    assert_eq!(project.count("active"), Some(1));
    let file = project.beside("more.csv");
    fs::write(&file, "id,balance\n1002,5\n1003,x\n").unwrap();
    project.run(&format!("import {}", file.display())).expect(0, &["users stored 1", "rejected 1"]);
    project.run(&format!("import {} --map nope=id", file.display())).expect(2, &["there is no column `nope`"]);
    assert_eq!(project.count("active"), Some(2));
    assert_eq!(engine.stop(), 0);
    assert_eq!(project.count("active"), Some(2));
    assert!(!project.file("data/engine.sock").exists());
}

#[test]
fn a_socket_that_a_killed_engine_left_does_not_matter() {
    let api = Api::start();
    let project = Project::with_users("id,balance\n1001,5\n");
    project.connect(&api.url());
    drop(Engine::start(&project));
    assert!(project.file("data/engine.sock").exists());
    assert_eq!(project.count("active"), Some(1));
    let engine = Engine::start(&project);
    project.run("status").expect(0, &["engine: running"]);
    assert_eq!(engine.stop(), 0);
}

#[test]
fn a_long_path_of_the_data_folder() {
    let api = Api::start();
    let project = Project::new();
    project.connect(&api.url());
    let data = project.beside(&"d".repeat(150));
    let option = format!("--data {}", data.display());
    let engine = Engine::start_with(&project, &option);
    assert!(data.join("engine.sock.path").exists());
    project.run(&format!("status {option}")).expect(0, &["engine: running"]);
    project.run("status").expect(0, &["engine: not running"]);
    assert_eq!(engine.stop(), 0);
    assert!(!data.join("engine.sock.path").exists());
    project.run(&format!("status {option}")).expect(0, &["engine: not running"]);
}

#[test]
fn data_folders_that_cannot_be_used() {
    let project = Project::new();
    let file = project.file("vestnik.yaml").display().to_string();
    let (newer, damaged) = (project.beside("newer"), project.beside("damaged"));
    for (folder, content) in [(&newer, "format 9\nstore-1\n"), (&damaged, "?")] {
        fs::create_dir(folder).unwrap();
        fs::write(folder.join("current"), content).unwrap();
    }
    let (newer, damaged) = (newer.display().to_string(), damaged.display().to_string());
    let rows: [(&str, &str, &str); 4] = [
        (&file, "it is a file, not a folder", "не удаётся работать с папкой данных"),
        (&format!("{file}/inside"), "cannot use the data folder", "не удаётся работать с папкой данных"),
        (&newer, "has format 9, this vestnik knows formats up to 1: use a newer vestnik", "нужен более новый vestnik"),
        (&damaged, "damaged", "восстановите резервную копию"),
    ];
    let api = Api::start();
    project.connect(&api.url());
    for (data, en, ru) in rows {
        project.run(&format!("segments --data {data}")).expect(2, &["error: ", en]);
        project.run(&format!("segments --data {data} --lang ru")).expect(2, &["ошибка: ", ru]);
        let mut engine = Engine::spawn(&project, &format!("--data {data}"));
        assert_eq!(engine.wait(), 2);
        assert!(engine.log().contains(en), "{}", engine.log());
    }
}

#[test]
fn a_folder_without_permission() {
    let folder = tempfile::tempdir().unwrap();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    let is_root = fs::read_dir(&closed).is_ok();
    let inside = closed.join("project");
    let said = vestnik(["init", inside.to_str().unwrap()]);
    // root may do everything
    said.expect(if is_root { 0 } else { 2 }, if is_root { &[] } else { &["cannot write", "Permission denied"] });
    fs::set_permissions(&closed, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
}
