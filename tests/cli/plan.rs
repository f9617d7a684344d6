//! `plan`: what edited files would do, compared with a folder and with what was
//! accepted last; the store stays as it is.

use crate::support::{Api, Engine, Project};
use serde_json::json;
use std::fs;
use std::process::Command;

const DRIP: &str = "drips:\n  d: {when: event press, steps: [{one: {tag: x}}, {wait: 1 day}, {two: {tag: y}}]}\n";

fn project() -> Project {
    let project = Project::with_users("id,balance,paid_count\n1,5,1\n2,0,6\n3,9,5\n");
    project.write("rules/drip.yaml", DRIP);
    project
}

#[test]
fn edited_files_are_compared_with_a_folder() {
    let project = project();
    let old = project.beside("old");
    let copied = Command::new("cp").args(["-r"]).arg(project.path()).arg(&old).status().unwrap();
    assert!(copied.success());
    fs::remove_dir_all(old.join("data")).unwrap();
    let line = format!("plan --against {} --now 2026-03-01T00:00:00Z", old.display());
    project.run(&line).expect(0, &["nothing would change"]);
    project.edit("rules/segments.yaml", "if: paid_count >= 5", "if: paid_count >= 6");
    let rules = "rules:\n  hello: {when: user enters vip, backfill: true, then: [{tag: z}]}\n";
    project.write("rules/new.yaml", rules);
    project.run(&line).expect(
        0,
        &[
            "~ segments: vip",
            "+ rules: hello",
            "vip.if: paid_count >= 5 → paid_count >= 6",
            "backfill: those who match already",
        ],
    );
    let report = project.run(&format!("{line} --format json"));
    let report = report.expect(0, &[]).json();
    let vip = json!({"name": "vip", "before": 2, "after": 1, "entering": [0, []], "leaving": [1, [3]]});
    assert_eq!(report["segments"], json!([vip]));
    assert_eq!(report["rules"][0]["users"], 1);
    project.run(&format!("{line} --lang ru")).expect(0, &["сегмент", "выйдут"]);
    project.edit("rules/new.yaml", "enters vip", "enters vipp");
    project.run(&line).expect(1, &["vipp", "the rule files have errors"]);
}

#[test]
fn without_a_folder_what_was_accepted_last_counts() {
    let (api, project) = (Api::start(), project());
    project.connect(&api.url());
    project.run("plan").expect(2, &["no rules were in force yet"]);
    let engine = Engine::start(&project);
    project.run("plan").expect(0, &["nothing would change"]);
    assert_eq!(engine.stop(), 0);
    project.edit("rules/drip.yaml", "{wait: 1 day}, {two: {tag: y}}", "{three: {tag: y}}");
    project.run("plan").expect(
        0,
        &["files that differ: rules/drip.yaml", "d.steps: {wait: 1 day}, {two: {tag: y}} → {three: {tag: y}}"],
    );
    project.write("rules/drip.yaml", DRIP);
    project.write("rules/policy.yaml", "policy: {caps: [1 per day]}\n");
    let said = project.run("plan");
    said.expect(0, &["files that differ: rules/policy.yaml", "+ policy: caps"]);
    assert!(!said.out.contains("nothing would change"), "{said:?}");
}

#[test]
fn earlier_versions_and_revisions_are_found_by_name() {
    let (api, project) = (Api::start(), project());
    project.connect(&api.url());
    assert_eq!(Engine::start(&project).stop(), 0);
    let listed = project.run("rollback --format json");
    let version = listed.expect(0, &[]).json()[0]["version"].as_str().unwrap().to_owned();
    let git = |args: &[&str]| {
        let mut git = Command::new("git");
        git.arg("-C").arg(project.path()).args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(args);
        assert!(git.output().unwrap().status.success(), "{args:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "vestnik.yaml", "rules", "templates"]);
    git(&["commit", "-q", "-m", "first"]);
    git(&["tag", "live"]);
    project.write("rules/drip.yaml", &format!("# a note\n{DRIP}"));
    let alone = "files that differ in comments, spaces or order alone: rules/drip.yaml";
    for name in [&version, &version[..5], "live", "HEAD"] {
        project.run(&format!("plan --against {name}")).expect(0, &["nothing would change", alone]);
    }
    for name in ["nothing", "0000000", "HEAD~7"] {
        project
            .run(&format!("plan --against {name}"))
            .expect(2, &["no version that was in force", "no revision of git"]);
    }
}
