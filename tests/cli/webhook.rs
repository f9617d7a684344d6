//! Updates that Telegram brings to a running engine: killed at any moment, with
//! payments among what is skipped, and where the address is taken.

use crate::support::{Api, Engine, Project, wait};
use std::net::TcpListener;
use vestnik::sandbox::ChatState;

const RULES: &str = "\
profile:
  heard: {type: int, default: 0}
rules:
  heard: {when: event message, then: [{add: {heard: 1}}]}
segments:
  heard_all: heard = 10
  heard_some: heard > 0
";
const CHATS: i64 = 20;
const EACH: i64 = 10;

fn project(api: &Api, mode: &str) -> (Project, u16) {
    let project = Project::new();
    project.connect(&api.url());
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    project.edit("vestnik.yaml", "127.0.0.1:8080", &format!("127.0.0.1:{port}"));
    let url = format!("http://127.0.0.1:{port}/telegram");
    project.edit("vestnik.yaml", "mode: polling", &format!("mode: {mode}\n  webhook_url: {url}"));
    project.write("rules/heard.yaml", RULES);
    (project, port)
}

#[test]
fn killed_at_any_moment_each_update_that_telegram_brings_counts_once() {
    let api = Api::start();
    let (project, _) = project(&api, "webhook");
    for chat in 1_000..1_000 + CHATS {
        api.sandbox().add_user(chat, "Anna", ChatState::Active);
    }
    for _ in 1..=EACH {
        for chat in 1_000..1_000 + CHATS {
            api.sandbox().user_says(chat, "hi").unwrap();
        }
    }
    for left in [150, 60, 1] {
        let engine = Engine::spawn(&project, "");
        wait("updates to be taken", || api.sandbox().pending_updates() <= left);
        drop(engine);
    }
    let engine = Engine::start(&project);
    wait("the rest", || project.count("heard_all") == Some(CHATS.unsigned_abs()));
    assert_eq!(engine.stop(), 0);
}

#[test]
fn an_address_that_is_taken_ends_the_engine_with_a_reason() {
    let api = Api::start();
    let (project, port) = project(&api, "webhook");
    let _taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let mut engine = Engine::spawn(&project, "");
    assert_eq!(engine.wait(), 2);
    assert!(engine.log().contains(&format!("another process listens on 127.0.0.1:{port}")), "{}", engine.log());
}
