//! A running engine: its rules change under it, admins ask it things, users
//! come and go.

use crate::support::{Api, Engine, Project, Said, wait};
use std::fs;
use vestnik::sandbox::{ChatState, NewChat};

const SEGMENTS: &str = "rules/segments.yaml";
const MISTAKE: &str = "if: ^balanc > 0\n";
const NEW: &str = "  rich:\n    if: balance > 100\n";

struct Scene {
    api: Api,
    project: Project,
}

impl Scene {
    fn new(users: &str) -> (Self, Engine) {
        let scene = Self { api: Api::start(), project: Project::with_users(users) };
        scene.project.connect(&scene.api.url());
        scene.api.sandbox().add_user(1, "Admin", ChatState::Active);
        let engine = Engine::start(&scene.project);
        (scene, engine)
    }

    fn text(&self) -> String {
        fs::read_to_string(self.project.file(SEGMENTS)).unwrap()
    }

    fn wait_for_segment(&self, name: &str, count: Option<u64>) {
        wait(&format!("segment {name} to be {count:?}"), || self.project.count(name) == count);
    }

    fn wait_for_status(&self, piece: &str) {
        wait(&format!("status to say {piece}"), || self.project.run("status").out.contains(piece));
    }

    /// Says something as a user and waits for the answer.
    fn ask(&self, chat: i64, text: &str) -> String {
        let before = self.api.sandbox().received(chat).len();
        self.api.sandbox().user_says(chat, text).unwrap();
        wait(&format!("the answer to {text}"), || self.api.sandbox().received(chat).len() > before);
        self.api.sandbox().received(chat).pop().unwrap().text
    }
}

/// The mistake in one line.
fn mistake(project: &Project) -> String {
    format!("{}: error[C010]: there is no field `balanc`", project.place(SEGMENTS, MISTAKE))
}

#[test]
fn changed_rules_are_taken_over_and_broken_ones_are_not() {
    let (scene, engine) = Scene::new("id,balance\n1001,5\n1002,200\n");
    let good = scene.text();
    scene.project.write(SEGMENTS, &(good.clone() + NEW));
    scene.wait_for_segment("rich", Some(1));

    scene.project.write(SEGMENTS, &good.replace("balance > 0", "balanc > 0"));
    scene.wait_for_status("the rule files have errors, the last good ones stay in force");
    scene.project.run("status").expect(0, &["engine: running", &mistake(&scene.project)]);
    assert_eq!(scene.project.count("rich"), Some(1));

    scene.project.write(SEGMENTS, &format!("{good}{}", NEW.replace("100", "1")));
    scene.wait_for_segment("rich", Some(2));
    assert!(!scene.project.run("status").out.contains("errors"));

    // as editors save: a new file that takes the place of the old one
    let aside = scene.project.file("rules/.segments.yaml.new");
    fs::write(&aside, format!("{good}{}", NEW.replace("100", "1000"))).unwrap();
    fs::rename(&aside, scene.project.file(SEGMENTS)).unwrap();
    scene.wait_for_segment("rich", Some(0));

    let away = scene.project.beside("away");
    fs::rename(scene.project.file("rules"), &away).unwrap();
    scene.wait_for_status("the folder `rules` is absent");
    assert_eq!(scene.project.count("rich"), Some(0));
    fs::write(away.join("segments.yaml"), format!("{good}{}", NEW.replace("100", "150"))).unwrap();
    fs::rename(&away, scene.project.file("rules")).unwrap();
    scene.wait_for_segment("rich", Some(1));
    assert_eq!(engine.stop(), 0);
}

#[test]
fn reload_answers_with_the_errors() {
    let (scene, engine) = Scene::new("id,balance\n1001,5\n");
    let project = &scene.project;
    project.expect(&[
        ("reload", 0, &["nothing has changed; rulebook "]),
        ("reload --lang ru", 0, &["изменений нет; редакция "]),
    ]);
    project.edit(SEGMENTS, "balance > 0", "balanc > 0");
    let (place, error) = (project.place(SEGMENTS, MISTAKE), mistake(project));
    project.expect(&[
        ("reload", 1, &[&place, "did you mean `balance`?", "errors: 2; rulebook ", "stays in force"]),
        ("reload --format short", 1, &[&error]),
        ("reload --lang ru", 1, &["нет поля `balanc`", "ошибок: 2; продолжает действовать редакция"]),
    ]);
    let answer = project.run("reload --format json").json();
    assert_eq!((&answer["accepted"], &answer["errors"]), (&false.into(), &2.into()), "{answer:#}");
    project.edit(SEGMENTS, "balanc > 0", "balance > 3");
    project.edit("vestnik.yaml", "watch: notify", "watch: poll");
    wait("the mended files", || !project.run("status").out.contains("errors"));
    project.run("reload").expect(0, &["rulebook "]);
    assert_eq!(engine.stop(), 0);
    project
        .run("reload")
        .expect(2, &["no engine runs on this data folder; `vestnik check` checks the files without one"]);
    project.run("reload --lang ru").expect(2, &["движок не запущен"]);
}

#[test]
fn admins_are_answered_and_nobody_else() {
    let (scene, engine) = Scene::new("id,balance\n1001,5\n");
    scene.api.sandbox().add_user(2, "Curious", ChatState::Active);
    scene.api.sandbox().user_says(2, "/status").unwrap();
    scene.api.sandbox().user_says(2, "/reload").unwrap();
    let help = scene.ask(1, "/help");
    assert!(help.contains("/status") && help.contains("/reload"), "{help}");
    let status = scene.ask(1, "/status");
    assert!(status.contains("engine: running") && status.contains("users: 3"), "{status}");
    assert!(scene.ask(1, "/reload").contains("nothing has changed"));
    scene.project.edit(SEGMENTS, "balance > 0", "balanc > 0");
    let errors = scene.ask(1, "/reload");
    assert!(errors.contains(&mistake(&scene.project)), "{errors}");
    assert!(errors.contains("errors: 2; rulebook ") && errors.contains("stays in force"), "{errors}");
    assert!(scene.ask(1, "/status").contains("the last good ones stay in force"));
    // updates are handled in order: had there been answers, they would be here
    assert_eq!(scene.api.sandbox().received(2), []);
    assert_eq!(engine.stop(), 0);
}

#[test]
fn users_come_leave_and_return() {
    let (scene, engine) = Scene::new("id,balance\n1001,5\n");
    let Said { code, .. } = scene.project.run("status");
    assert_eq!(code, 0);
    let text = scene.text()
        + "  gone:\n    if: reach = \"blocked\"\n  russian:\n    if: language = \"ru\" and username = \"anna\"\n";
    scene.project.write(SEGMENTS, &text);
    scene.wait_for_segment("gone", Some(0));

    let anna = NewChat {
        username: Some("anna".into()),
        language_code: Some("ru".into()),
        ..NewChat::user(77, "Anna", ChatState::NeverStarted)
    };
    scene.api.sandbox().add_chats([anna]);
    scene.api.sandbox().start_bot(77, "").unwrap();
    scene.wait_for_segment("russian", Some(1));
    assert_eq!(scene.project.count("all"), Some(2));

    scene.api.sandbox().block(77).unwrap();
    scene.wait_for_segment("gone", Some(1));
    scene.api.sandbox().unblock(77).unwrap();
    scene.wait_for_segment("gone", Some(0));
    assert_eq!(engine.stop(), 0);
}

#[test]
fn a_project_that_is_away_for_a_while() {
    let scene = Scene { api: Api::start(), project: Project::new() };
    scene.project.connect(&scene.api.url());
    let data = format!("--data {}", scene.project.beside("data").display());
    let engine = Engine::start_with(&scene.project, &data);
    let (here, away) = (scene.project.path(), scene.project.beside("away"));
    fs::rename(&here, &away).unwrap();
    let answer = ["the project folder", "does not exist", "the rule files cannot be read; rulebook ", "stays in force"];
    scene.project.run(&format!("reload {data}")).expect(1, &answer);
    scene.project.run(&format!("status {data}")).expect(0, &["engine: running", "does not exist"]);
    fs::rename(&away, &here).unwrap();
    scene.project.run(&format!("reload {data}")).expect(0, &["nothing has changed; rulebook "]);
    assert_eq!(engine.stop(), 0);
}
