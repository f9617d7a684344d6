//! `export deliveries`: a line for each message, with an engine and without.

use crate::support::{Api, Engine, Project, wait};
use serde_json::Value;

const USERS: &str = "\
id,first_name,language,balance,trial_3d_used
1001,Anna,en,0,1
1002,Boris,en,0,1
";

#[test]
fn every_message_is_a_line() {
    let api = Api::start();
    let project = Project::with_users(USERS);
    project.connect(&api.url());
    let header = "key,time,user,cause,broadcast,run,template,part,state,reason,text,message_ids,rulebook,source\n";
    assert_eq!(project.run("export deliveries").expect(0, &[]).out, header);
    project.run("broadcast start win_back").expect(0, &[]);
    project.run("export deliveries").expect(0, &[",1001,broadcast,win_back,1,win_back,0,queued,", ",1002,"]);
    let engine = Engine::start(&project);
    wait("the end of the broadcast", || project.run("broadcast status win_back").out.contains("finished"));
    let file = project.beside("all.ndjson");
    project.run(&format!("export deliveries --output {}", file.display())).expect(0, &["messages: 2, in "]);
    let text = std::fs::read_to_string(&file).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row["state"] == "sent" && row["message_ids"][0].as_i64() > Some(0)), "{text}");
    let only = project.run("export deliveries --query id=1002");
    assert!(only.out.contains(",1002,") && !only.out.contains(",1001,"), "{only:?}");
    project.expect(&[
        ("export deliveries --query balnce=0", 1, &["did you mean `balance`?"]),
        ("export deliveries --since 2999-01-01", 0, &["key,time,user"]),
        ("export deliveries --since soon", 2, &["`soon` is not a time"]),
        ("export deliveries --broadcast winback", 2, &["did you mean `win_back`?"]),
        ("export deliveries --output /nowhere/a.csv", 2, &["/nowhere/a.csv cannot be written"]),
        ("export deliveries --output /nowhere/a.csv --lang ru", 2, &["файл /nowhere/a.csv не записывается"]),
    ]);
    assert_eq!(project.run("export deliveries --since 2999-01-01").out, header);
    assert_eq!(engine.stop(), 0);
    assert!(project.run("export deliveries --as ndjson").out.lines().count() == 2);
    let left: Vec<_> = std::fs::read_dir(project.file("data")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("export")), "{left:?}");
}
