//! Rollback: rulebooks that were in force come back, with a running engine and
//! without one, and nothing that somebody wrote is lost by it.

use crate::support::{Api, Engine, Project, wait};
use std::fs;
use std::os::unix::fs::symlink;

const RULES: &str = "rules/segments.yaml";

/// A project whose engine has accepted three rulebooks, and what they added.
fn three_rulebooks() -> (Api, Project, Engine, Vec<String>) {
    let (api, project) = (Api::start(), Project::with_users("id,balance\n1001,5\n1002,200\n"));
    project.connect(&api.url());
    let engine = Engine::start(&project);
    let first = fs::read_to_string(project.file(RULES)).unwrap();
    for (name, limit) in [("rich", 100), ("poor", 1)] {
        let text = fs::read_to_string(project.file(RULES)).unwrap();
        project.write(RULES, &format!("{text}  {name}:\n    if: balance > {limit}\n"));
        project.write(&format!("templates/{name}.en.html"), "hello\n");
        project.run("reload");
        wait("the rulebook", || project.count(name).is_some());
    }
    let last = fs::read_to_string(project.file(RULES)).unwrap();
    (api, project, engine, vec![first, last])
}

fn versions(project: &Project) -> Vec<String> {
    let all = project.run("rollback --format json").json();
    all.as_array().unwrap().iter().map(|one| one["version"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_running_engine_takes_over_what_comes_back() {
    let (_api, project, engine, texts) = three_rulebooks();
    let all = versions(&project);
    assert!(all.len() >= 3, "{all:?}");
    let (newest, oldest) = (all[0].clone(), all[all.len() - 1].clone());
    project.run("rollback").expect(0, &["(in force)", &oldest, "rules/segments.yaml", "templates/rich.en.html"]);
    project.run("rollback --lang ru").expect(0, &["редакция", "(действует)"]);

    fs::write(project.file("rules/notes.txt"), "mine").unwrap();
    let said = project.run(&format!("rollback {}", &oldest[..8]));
    said.expect(0, &["written: rules/segments.yaml", "removed: templates/poor.en.html", "is in force"]);
    assert_eq!(fs::read_to_string(project.file(RULES)).unwrap(), texts[0]);
    assert_eq!(project.count("rich"), None);
    assert!(project.file("rules/notes.txt").exists() && !project.file("templates/rich.en.html").exists());
    assert_eq!(versions(&project)[0], oldest);

    // what was in force before is kept, so it can be undone
    project
        .run(&format!("rollback {newest} --lang ru"))
        .expect(0, &["записан: templates/poor.en.html", "действует редакция"]);
    assert_eq!(fs::read_to_string(project.file(RULES)).unwrap(), texts[1]);
    assert_eq!(project.count("rich"), Some(1));
    project.run(&format!("rollback {newest}")).expect(0, &["the files are those of"]);
    engine.stop();
}

#[test]
fn edits_that_were_never_in_force_are_not_lost() {
    let (_api, project, engine, texts) = three_rulebooks();
    engine.stop();
    let oldest = versions(&project).pop().unwrap();
    let settings = fs::read_to_string(project.file("vestnik.yaml")).unwrap();
    let broken = format!("{}oh no", texts[1]);
    project.write(RULES, &broken);
    project.write("vestnik.yaml", &format!("{settings}# mine\n"));

    let refused = project.run(&format!("rollback {oldest}"));
    refused.expect(2, &["would be lost: rules/segments.yaml; `--force`"]);
    assert_eq!(fs::read_to_string(project.file(RULES)).unwrap(), broken);
    assert!(project.file("templates/rich.en.html").exists());
    project.run(&format!("rollback {oldest} --settings")).expect(2, &["rules/segments.yaml, vestnik.yaml"]);

    project
        .run(&format!("rollback {oldest} --force"))
        .expect(0, &["written: rules/segments.yaml", "no engine is running"]);
    assert_eq!(fs::read_to_string(project.file(RULES)).unwrap(), texts[0]);
    assert!(fs::read_to_string(project.file("vestnik.yaml")).unwrap().ends_with("# mine\n"));
    project.run(&format!("rollback {oldest} --settings --force")).expect(0, &["written: vestnik.yaml"]);
    assert_eq!(fs::read_to_string(project.file("vestnik.yaml")).unwrap(), settings);
}

#[test]
fn what_cannot_be_put_back_is_said() {
    let (_api, project, engine, _) = three_rulebooks();
    engine.stop();
    for (version, piece) in [
        ("ffffffffffffff", "no kept rulebook has a version that begins with `ffffffffffffff`"),
        ("x", "no kept rulebook has a version that begins with `x`"),
    ] {
        project.run(&format!("rollback {version}")).expect(2, &[piece]);
    }
    project.run("rollback --force").expect(2, &["<VERSION>"]);
    let oldest = versions(&project).pop().unwrap();
    // a link out of the project is no file of a rulebook: it goes, not what it leads to
    let outside = project.beside("outside.yaml");
    fs::write(&outside, "mine").unwrap();
    symlink(&outside, project.file("rules/link.yaml")).unwrap();
    project.run(&format!("rollback {oldest}")).expect(2, &["rules/link.yaml"]);
    project.run(&format!("rollback {oldest} --force")).expect(0, &["removed: rules/link.yaml"]);
    assert_eq!(fs::read_to_string(&outside).unwrap(), "mine");

    let fresh = Project::with_users("id\n1\n");
    fresh.run("rollback").expect(0, &["no rulebook was in force yet"]);
}
