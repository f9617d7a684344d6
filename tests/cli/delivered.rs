//! What conditions ask of messages: who received which, who pressed a button
//! of it.

use crate::support::{Api, Engine, Project, wait};
use vestnik::sandbox::ChatState;

const USERS: &str = "id,first_name,language,balance,trial_3d_used\n1001,Ann,en,0,1\n1002,Bob,en,0,1\n1003,Cid,en,0,1\n";
const SECOND: &str = "  reminder:
    to: \"true\"
    exclude: received(win_back, 2 days) > 0
    send: vip_thanks
";

fn count(project: &Project, condition: &str) -> u64 {
    let said = crate::support::said(project.command("query --format json").arg(condition).output().unwrap());
    said.json()["count"].as_u64().unwrap_or_else(|| panic!("{said:?}"))
}

#[test]
fn messages_and_presses_are_asked_for_and_outlive_a_restart() {
    let api = Api::start();
    let project = Project::with_users(USERS);
    project.connect(&api.url());
    project.edit("rules/broadcasts.yaml", "broadcasts:\n", &format!("broadcasts:\n{SECOND}"));
    let segments = "segments:\n  pressed:\n    if: clicked(win_back, 1 day) > 0 and received(win_back, 3 days) = 1\n";
    project.edit("rules/segments.yaml", "segments:\n", segments);
    let engine = Engine::start(&project);
    assert_eq!(count(&project, "received(win_back, 1 day) = 0"), 3);

    project.run("broadcast start win_back").expect(0, &[]);
    wait("the deliveries", || count(&project, "received(win_back, 1 day) = 1") == 3);
    assert_eq!(count(&project, "received(win_back) = 1 and received(vip_thanks) = 0 and clicked(win_back) = 0"), 3);
    assert_eq!(project.count("pressed"), Some(0));

    let message = api.sandbox().received(1_002)[0].message_id;
    api.sandbox().press(1_002, message, "offer_details").unwrap();
    wait("the press", || project.count("pressed") == Some(1));
    api.sandbox().press(1_002, message, "offer_details").unwrap();
    wait("the second press", || count(&project, "clicked(win_back) = 2") == 1);
    assert_eq!(count(&project, "count(press) = 2 and id = 1002"), 1);
    wait("the count of presses", || {
        project.run("broadcast status win_back --format json").json()["run"]["clicked"] == 2
    });
    project.run("broadcast status win_back").expect(0, &["buttons pressed"]);
    assert_eq!(engine.stop(), 0);

    project.import("id,first_name,language\n1004,Dan,en\n");
    let asked = |when: &str| {
        assert_eq!(count(&project, "received(win_back) = 1"), 3, "{when}");
        assert_eq!(count(&project, "received(win_back, 5 hours) = 1"), 3, "{when}");
        assert_eq!(count(&project, "clicked(win_back, 7 days) = 2 and id = 1002"), 1, "{when}");
        assert_eq!(project.count("pressed"), Some(1), "{when}");
    };
    asked("without an engine");
    let engine = Engine::start(&project);
    asked("after a restart");
    api.sandbox().add_user(1_004, "Dan", ChatState::Active);
    project.run("broadcast start reminder").expect(0, &["recipients        1"]);
    wait("the reminder", || count(&project, "received(vip_thanks) = 1") == 1);
    assert_eq!(count(&project, "received(vip_thanks, 1 hour) = 1 and id = 1004"), 1);
    assert_eq!(project.run("broadcast status win_back --format json").json()["run"]["clicked"], 2);

    let file = project.beside("events.ndjson");
    std::fs::write(&file, "{\"id\": \"1\", \"user\": 1001, \"name\": \"clicked:win_back\", \"at\": \"2026-01-01\"}\n")
        .unwrap();
    let said = project.run(&format!("import {}", file.display()));
    assert!(said.out.contains("is not declared") || said.err.contains("is not declared"), "{said:?}");
    assert_eq!(engine.stop(), 0);
}
