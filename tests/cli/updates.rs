//! SIGKILL while updates of many chats are handled at once: each is handled
//! exactly once, those of one chat in the order in which they were written.

use crate::support::{Api, Engine, Project, wait};
use std::collections::BTreeMap;
use vestnik::sandbox::ChatState;

const CHATS: i64 = 60;
const EACH: i64 = 20;
/// Updates that the sandbox still holds when the engine is killed.
const KILLS: [usize; 5] = [1_150, 900, 600, 350, 1];

/// Counts what a user writes, and notes a text that is not the next one.
const RULES: &str = r#"
profile:
  heard: {type: int, default: 0}
rules:
  heard: {when: event message, then: [{add: {heard: 1}}]}
  out_of_order: {when: event message, if: length(event.text) != heard + 1, then: [{tag: out_of_order}]}
segments:
  heard_all: heard = 20
  confused: tags contains "out_of_order"
"#;

#[test]
fn killed_at_any_moment_each_update_is_handled_once_and_in_order() {
    let api = Api::start();
    let project = Project::new();
    project.connect(&api.url());
    project.write("rules/heard.yaml", RULES);
    for chat in 1_000..1_000 + CHATS {
        api.sandbox().add_user(chat, "Anna", ChatState::Active);
    }
    for n in 1..=EACH {
        for chat in 1_000..1_000 + CHATS {
            api.sandbox().user_says(chat, &"х".repeat(usize::try_from(n).unwrap())).unwrap();
        }
    }
    for left in KILLS {
        let engine = Engine::spawn(&project, "");
        wait("updates to be taken", || api.sandbox().pending_updates() <= left);
        drop(engine);
    }
    let engine = Engine::start(&project);
    wait("the rest", || project.count("heard_all") == Some(CHATS.unsigned_abs()));
    assert_eq!(project.count("confused"), Some(0));
    assert!(!project.run("status").out.contains("could not be read"));
    assert_eq!(engine.stop(), 0);
    let expected: BTreeMap<i64, u32> = BTreeMap::new();
    let sent: BTreeMap<i64, u32> = api.sandbox().counts().into_iter().filter(|(_, n)| *n > 0).collect();
    assert_eq!(sent, expected, "nothing answers these texts");
}
