//! `query`: conditions asked of the store, with and without a running engine.

use crate::snapshots::USERS;
use crate::support::{Api, Engine, Project, binary, said, vestnik};
use std::io::Write;
use std::process::Stdio;

/// Asks of a project and gives what was printed.
fn ask(project: &Project, condition: &str, rest: &str) -> crate::support::Said {
    let path = project.path();
    let mut args = vec!["query", condition, "--project", path.to_str().unwrap()];
    args.extend(rest.split_whitespace());
    vestnik(args)
}

fn piped(project: &Project, text: &[u8], rest: &str) -> crate::support::Said {
    let mut child = binary()
        .args(["query", "-", "--project"])
        .arg(project.path())
        .args(rest.split_whitespace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text).unwrap();
    said(child.wait_with_output().unwrap())
}

fn count(project: &Project, condition: &str, rest: &str) -> (u64, u64) {
    let found = ask(project, condition, &format!("{rest} --format json")).expect(0, &[]).json();
    let keys: Vec<_> = found.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["count", "elapsed_us", "unknown"]);
    (found["count"].as_u64().unwrap(), found["unknown"].as_u64().unwrap())
}

#[test]
fn answers_are_those_of_the_language_with_an_engine_and_without() {
    let project = Project::with_users(USERS);
    let rows = [
        ("true", (5, 0)),
        ("balance > 0", (2, 1)),
        ("paid_count >= 5", (2, 2)),
        ("segment(vip) and balance > 5", (1, 0)),
        ("last_payment_at < 2026-01-01", (1, 3)),
        ("first_name = \"Даша\"", (1, 1)),
    ];
    for (condition, expected) in rows {
        assert_eq!(count(&project, condition, ""), expected, "{condition}");
    }
    let api = Api::start();
    project.connect(&api.url());
    let engine = Engine::start(&project);
    for (condition, expected) in rows {
        assert_eq!(count(&project, condition, ""), expected, "{condition}");
    }
    ask(&project, "balnce > 0", "").expect(1, &["query:1:1", "did you mean `balance`?"]);
    assert_eq!(ask(&project, "balance > 0", "--ids").expect(0, &[]).out, "1\n4\n");
    assert_eq!(engine.stop(), 0);
}

#[test]
fn ids_ascend_and_are_the_same_in_json() {
    let project = Project::with_users("id\n30\n5\n7\n100\n");
    assert_eq!(ask(&project, "true", "--ids").expect(0, &[]).out, "5\n7\n30\n100\n");
    let found = ask(&project, "id > 10", "--ids --format json").expect(0, &[]).json();
    assert_eq!(found, serde_json::json!({ "ids": [30, 100] }));
    assert_eq!(ask(&project, "id > 1000", "--ids").expect(0, &[]).out, "");
}

#[test]
fn a_sample_is_always_the_same() {
    let rows: String = (1..=500).map(|id| format!("{id},user{id}\n")).collect();
    let project = Project::with_users(&format!("id,username\n{rows}"));
    let sample = |size: &str| {
        let found = ask(&project, "true", &format!("--sample {size} --format json")).expect(0, &[]).json();
        found["users"].as_array().unwrap().iter().map(|user| user["id"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    let ten = sample("");
    assert_eq!((ten.len(), sample("10"), sample("500").len()), (10, ten.clone(), 500));
    assert!(ten.is_sorted() && *ten.last().unwrap() > 50, "not the first ones: {ten:?}");
    assert!(sample("3").iter().all(|id| ten.contains(id)), "a smaller sample is part of a larger one");
    ask(&project, "id < 0", "--sample").expect(0, &["nobody"]);
}

#[test]
fn a_sample_shows_what_the_condition_reads() {
    let project = Project::with_users(USERS);
    let found = ask(&project, "balance > 5 and last_payment_at is set and username is set", "--sample --format json");
    let expected = serde_json::json!({ "users": [{
        "id": 1, "name": "Anna Petrova", "username": "anna",
        "fields": { "balance": 10, "last_payment_at": "2026-02-20T09:00:00Z" },
    }] });
    assert_eq!(found.expect(0, &[]).json(), expected);
    // in the project's zone, three hours on
    ask(&project, "last_payment_at > 2026-02-01", "--sample").expect(0, &["2026-02-20 12:00", "Anna Petrova"]);
}

#[test]
fn at_another_time() {
    let project = Project::with_users(USERS);
    let condition = "last_payment_at older than 30 days";
    assert_eq!(count(&project, condition, "--now 2026-03-01"), (1, 3));
    assert_eq!(count(&project, condition, "--now 2026-04-01"), (2, 3));
    ask(&project, "true", "--now tomorrow").expect(2, &["`tomorrow` is not a time; write 2026-03-01"]);
}

#[test]
fn a_condition_with_mistakes_and_one_with_warnings() {
    let project = Project::with_users(USERS);
    let bad = ask(&project, "balnce > \"5\"", "");
    bad.expect(1, &["error[C010]", " --> query:1:1", "balnce > \"5\"\n  | ^^^^^^"]);
    assert!(bad.err.is_empty(), "{bad:?}");
    ask(&project, "x > 1 and y > 2", "--format short")
        .expect(1, &["query:1:1: error[C010]: there is no field `x`", "query:1:11: error[C010]"]);
    let found = ask(&project, "true and balnce", "--format json").expect(1, &[]).json();
    assert_eq!((found[0]["file"].as_str(), found[0]["column"].as_u64()), (Some("query"), Some(10)));

    let warned = ask(&project, "paid_count = 0", "--format json");
    warned.expect(0, &[]);
    assert!(warned.err.contains("C030") && warned.json()["unknown"] == 2, "{warned:?}");
}

#[test]
fn from_standard_input() {
    let project = Project::with_users(USERS);
    assert_eq!(piped(&project, b"# who paid\nbalance > 0\n", "--ids").expect(0, &[]).out, "1\n4\n");
    piped(&project, b"balance > 0\n  and balnce < 3\n", "").expect(1, &["query:2:7"]);
    piped(&project, b" \n", "").expect(2, &["the condition is empty; for everybody write `true`"]);
    piped(&project, &b"x".repeat(100_000), "").expect(1, &["C001"]);
    piped(&project, b"\xff", "").expect(1, &["query:1:1"]);
}

#[test]
fn what_cannot_be_asked() {
    let project = Project::new();
    ask(&project, "true", "").expect(2, &["there is no data folder", "vestnik import FILE"]);
    ask(&project, "true", "--lang ru").expect(2, &["папки данных", "ещё нет"]);
    assert!(!project.file("data").exists(), "a question made a data folder");
    ask(&project, "  ", "").expect(2, &["error: the condition is empty"]);
    ask(&project, "true", "--sample 0").expect(2, &["1..=1000"]);
    ask(&project, "true", "--ids --count").expect(2, &["cannot be used with"]);
    project.edit("rules/segments.yaml", "if: balance > 0\n", "if: balanc > 0\n");
    std::fs::create_dir(project.file("data")).unwrap();
    ask(&project, "true", "").expect(1, &["no field `balanc`", "the rule files have errors"]);
}

#[test]
fn nobody_is_not_a_division_by_zero() {
    let project = Project::with_users("id\n");
    ask(&project, "true", "").expect(0, &["users    0  (0.0 % of 0)", "there are no users yet"]);
}

#[test]
fn where_the_time_goes() {
    let project = Project::with_users("id,balance,paid_count,language\n1,10,6,en\n2,0,,ru\n3,5,,en\n");
    let command = |rest: &str| {
        let condition = "balance > 0 and (paid_count >= 5 or language = \"ru\") and id % 2 = 1";
        said(project.command(rest).arg(condition).output().unwrap())
    };
    let text = command("query --profile");
    text.expect(
        0,
        &[
            "reading the condition",
            "each judged on its own",
            "\n    balance > 0 ",
            "\n      paid_count >= 5 ",
            "by column",
        ],
    );
    command("query --profile --lang ru")
        .expect(0, &["чтение условия", "часть, каждая проверена отдельно", "по столбцам"]);
    let json = command("query --profile --format json").expect(0, &[]).json();
    let parts: Vec<_> = json["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| {
            (part["depth"].as_u64().unwrap(), part["count"].as_u64().unwrap(), part["unknown"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(parts, [(0, 1, 1), (1, 2, 0), (1, 2, 1), (2, 1, 2), (2, 1, 0), (1, 2, 0)], "{json:#}");
    assert_eq!((&json["users"], &json["parts"][4]["way"]), (&3.into(), &"by_value".into()), "{json:#}");
    project.run("query --profile --ids true").expect(2, &["cannot be used with"]);
    project.run("query --profile balnce>0").expect(1, &["there is no field `balnce`"]);
}
