//! What a rule asks for apart from messages is done by a running engine, and
//! told where one looks.

use crate::support::{Api, Engine, Project, wait};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use vestnik::sandbox::ChatState;

const RULES: &str = r#"
rules:
  figures:
    when: command /figures
    then:
      - report: {period: 7 days}
      - backup: {keep: 2}
      - webhook: {url: "http://127.0.0.1:PORT/hook?token=hidden", body: {name: first_name}}
tasks:
  nightly: {when: every day at 04:00, then: [{backup: {keep: 2}}]}
"#;

/// Takes one request and gives what came.
fn one_request(listener: TcpListener) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut got, mut buffer) = (String::new(), [0; 4_096]);
        while !got.contains("}") {
            let n = stream.read(&mut buffer).unwrap();
            assert!(n > 0, "{got}");
            got.push_str(std::str::from_utf8(&buffer[..n]).unwrap());
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        got
    })
}

#[test]
fn a_rule_has_a_report_a_backup_and_a_webhook_made() {
    let (api, project) = (Api::start(), Project::with_users("id,first_name\n1001,Anna\n"));
    project.connect(&api.url());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    project.edit("vestnik.yaml", "{allow: []}", "{allow: [127.0.0.1], private: [127.0.0.1]}");
    project.write("rules/errands.yaml", &RULES.replace("PORT", &port.to_string()));
    api.sandbox().add_user(1, "Admin", ChatState::Active);
    api.sandbox().add_user(1001, "Anna", ChatState::Active);
    let engine = Engine::start(&project);
    let hook = one_request(listener);
    api.sandbox().user_says(1001, "/figures").unwrap();
    wait("the report", || api.sandbox().received(1).iter().any(|message| message.text.starts_with("Report: ")));
    let request = hook.join().unwrap();
    assert!(request.ends_with(r#"{"by":"figures","name":"Anna","user":1001}"#), "{request}");
    assert!(request.to_lowercase().contains("x-vestnik-id: ") && request.starts_with("POST /hook?token=hidden "));
    let backups = || fs::read_dir(project.file("data/backups")).map_or(0, |files| files.count());
    wait("the end of all work", || backups() == 1 && !project.run("status").out.contains("work to do"));
    project.run("status").expect(0, &["task nightly: next at "]);
    project.run("status --lang ru").expect(0, &["задача nightly: следующий запуск "]);
    let log = engine.log();
    assert!(log.contains("webhooks are not signed") && !log.contains("hidden"), "{log}");
    assert_eq!(engine.stop(), 0);
}
