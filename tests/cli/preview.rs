//! `preview`: a template as a user gets it, with and without a running engine.

use crate::snapshots::USERS;
use crate::support::{Api, Engine, Project, Said, vestnik};
use serde_json::json;
use std::fs;

fn preview(project: &Project, rest: &str) -> Said {
    let path = project.path();
    let mut args = vec!["preview"];
    args.extend(rest.split_whitespace());
    args.extend(["--project", path.to_str().unwrap()]);
    vestnik(args)
}

/// The sample project with a template of two messages.
fn project() -> Project {
    let project = Project::with_users(USERS);
    let template = format!(
        "---\nphoto: media/a.jpg\nbuttons: [{{text: Go, url: https://e.ru}}, {{text: Later, press: later}}]\nsilent: true\n---\n<b>{{{{ user.first_name | default(\"Hello\") }}}}</b> {}",
        "x".repeat(1100)
    );
    fs::create_dir(project.path().join("media")).unwrap();
    fs::write(project.path().join("media/a.jpg"), "picture").unwrap();
    fs::write(project.path().join("templates/spring.html"), template).unwrap();
    project
}

#[test]
fn a_template_is_shown_as_a_user_gets_it() {
    let project = project();
    let shown = |rest: &str| preview(&project, rest);
    shown("spring --lang en").expect(
        0,
        &[
            "templates/spring.html · message 1 of 2",
            "[photo: media/a.jpg, a file of the project]",
            "message 2 of 2",
            "<b>Anna</b>",
            "[Go → https://e.ru]",
            "[Later · later]",
            "1 105 of 4 096 characters · HTML · without a sound",
            "T022: with the longest values",
        ],
    );
    shown("spring --part 2 --lang ru").expect(0, &["сообщение 2 из 2", "знаков: 1", "без звука"]);
    shown("win_back --lang en --part 2").expect(2, &["`win_back` is one message"]);
    shown("sprnig --lang en").expect(2, &["there is no template `sprnig`; did you mean `spring`?"]);
    shown("spring --user 77 --lang en").expect(2, &["nobody has the id 77"]);
    shown("spring --part 3").expect(2, &["3 is not in 1..=2"]);
    fs::write(project.path().join("media/a.jpg"), "").unwrap();
    shown("spring --lang en").expect(1, &["T020", "the file `media/a.jpg` is empty"]);
}

#[test]
fn users_and_programs_get_the_same_with_an_engine_and_without() {
    let project = project();
    let asked = |user: &str| preview(&project, &format!("spring --user {user} --format json")).expect(0, &[]).json();
    let closed = asked("4");
    assert_eq!(closed["file"], "templates/spring.html");
    assert_eq!(closed["messages"][0]["message"]["media"], json!([{"kind": "photo", "file": "media/a.jpg"}]));
    assert_eq!(closed["messages"][0]["limit"], 1024);
    let text = closed["messages"][1]["message"]["text"].as_str().unwrap();
    assert!(text.starts_with("<b>Даша</b>"), "{text}");
    assert_eq!(closed["messages"][1]["length"], 1105);
    let buttons = json!([[{"text": "Go", "url": "https://e.ru"}], [{"text": "Later", "press": "later"}]]);
    assert_eq!(closed["messages"][1]["message"]["buttons"], buttons);
    let findings = closed["findings"].as_array().unwrap();
    assert!(findings.iter().any(|found| found["code"] == "T022" && found["severity"] == "info"), "{findings:?}");
    assert!(asked("3")["messages"][1]["message"]["text"].as_str().unwrap().starts_with("<b>Hello</b>"));
    let api = Api::start();
    project.connect(&api.url());
    let engine = Engine::start(&project);
    assert_eq!(asked("4"), closed);
    assert_eq!(engine.stop(), 0);
}
