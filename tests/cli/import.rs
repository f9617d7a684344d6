//! `import`, from the file to the report.

use crate::support::Project;
use rusqlite::Connection;
use std::fs;

#[test]
fn files_of_every_kind() {
    let project = Project::new();
    let sql = Connection::open(project.file("u.db")).unwrap();
    sql.execute_batch("CREATE TABLE users (tg_id, balance); INSERT INTO users VALUES (1, 5), (2, -1), ('x', 0);")
        .unwrap();
    project.write("u.csv", "id;balance\n3;5\n4;\n");
    project.write("u.ndjson", "{\"id\": 5, \"balance\": 7}\n{\"id\": 6}\n");
    project.write("u.txt", "id\tbalance\n7\t1\n");
    let path = |name: &str| project.file(name).display().to_string();
    let rows = [
        (format!("import {} --table users --map tg_id=id", path("u.db")), "rows read 3: users stored 2"),
        (format!("import {}", path("u.csv")), "rows read 2: users stored 2"),
        (format!("import {}", path("u.ndjson")), "rows read 2: users stored 2"),
        (format!("import {} --kind csv", path("u.txt")), "rows read 1: users stored 1"),
    ];
    for (line, expected) in rows {
        project.run(&line).expect(0, &[expected]);
    }
    assert_eq!((project.count("all"), project.count("active")), (Some(7), Some(4)));
}

#[test]
fn a_second_import_changes_nothing() {
    let project = Project::with_users("id,balance\n1,5\n2,0\n1,6\n");
    let counts = project.run("segments --format json --now 2026-03-01").out;
    let file = project.beside("users.csv").display().to_string();
    project.run(&format!("import {file}")).expect(0, &["users stored 2, older rows of the same id 1, rejected 0"]);
    assert_eq!(project.run("segments --format json --now 2026-03-01").out, counts);
    let report = project.run(&format!("import {file} --format json")).json();
    assert_eq!((&report["read"], &report["stored"]), (&3.into(), &2.into()));
}

#[test]
fn rejected_rows_go_where_they_are_told_to() {
    let project = Project::new();
    let file = project.beside("u.csv");
    fs::write(&file, "id,balance,plan\n1,x,pro\n2,3,pro\n").unwrap();
    let beside = project.beside("u.csv.rejected.ndjson");
    let named = project.beside("bad.ndjson");
    let line = format!("import {}", file.display());
    project.run(&line).expect(
        0,
        &[
            "rejected 1",
            "1  `balance` is not a whole number",
            &beside.display().to_string(),
            "left out: plan (use --map COLUMN=FIELD)",
        ],
    );
    project.run(&format!("{line} --rejected {}", named.display())).expect(0, &[&named.display().to_string()]);
    let row = fs::read_to_string(&named).unwrap();
    assert!(
        row.contains("\"line\":2") && row.contains("is not a whole number") && row.contains("\"balance\":\"x\""),
        "{row}"
    );
    project.run(&format!("{line} --lang ru")).expect(0, &["отклонено 1", "`balance` не целое число"]);
    project
        .run(&format!("{line} --rejected /dev/null/x"))
        .expect(2, &["cannot write the rejected rows to /dev/null/x"]);
}

#[test]
fn what_cannot_be_imported() {
    let project = Project::new();
    project.write("u.csv", "tg_id,balance\n1,2\n");
    project.write("u.xlsx", "PK");
    project.write("u.db", "no database");
    Connection::open(project.file("two.db"))
        .unwrap()
        .execute_batch("CREATE TABLE people (id); CREATE TABLE pay (id);")
        .unwrap();
    let rows: [(&str, &str, &str); 9] = [
        ("no.csv", "", "cannot read"),
        ("u.xlsx", "", "name it .csv, .ndjson or .db, or say which with `--kind`"),
        ("u.db", "", "as a SQLite database: file is not a database"),
        ("two.db", "", "name the table to import with `--table`; there are: pay, people"),
        ("two.db", "--table peple", "there is no table `peple`; did you mean `people`?"),
        ("u.csv", "", "if it is `tg_id`, add `--map tg_id=id`"),
        ("u.csv", "--map tg_id", "`tg_id` is not a mapping: write `--map column=field`"),
        (
            "u.csv",
            "--map tg_id=id --map balance=balanse",
            "no field `balanse` is declared in `profile`; did you mean `balance`?",
        ),
        ("u.csv", "--map tgid=id", "there is no column `tgid`; did you mean `tg_id`?"),
    ];
    for (file, options, expected) in rows {
        let line = format!("import {} {options}", project.file(file).display());
        println!("{line}");
        let said = project.run(&line);
        said.expect(2, &[expected]);
        assert!(said.err.starts_with("error: ") && said.out.is_empty(), "{said:?}");
        let russian = project.run(&format!("{line} --lang ru"));
        assert!(russian.err.starts_with("ошибка: ") && russian.code == 2, "{russian:?}");
    }
    assert_eq!(project.count("all"), Some(0));
}

#[test]
fn a_live_import_says_what_follows_and_does_it_once() {
    let project = Project::new();
    project.import("id,language,balance\n1,en,5\n");
    project.write(
        "rules/greeting.yaml",
        "rules:\n  greet_new: {when: user joins, then: [{send: {template: vip_thanks, transactional: true}}]}\n",
    );
    let file = project.beside("more.csv");
    fs::write(&file, "id,language,balance\n1,en,5\n2,en,7\n3,en,x\n").unwrap();
    let line = format!("import {} --live", file.display());
    let asked = ["this would store 2 and at once send", "rule greet_new: 1", "message vip_thanks: 1", "`--yes`"];
    project.run(&line).expect(2, &asked);
    assert_eq!(project.count("all"), Some(1), "nothing is done yet");
    assert!(!project.beside("more.csv.rejected.ndjson").exists());
    project.run(&format!("{line} --yes")).expect(0, &["users stored 2", "rejected 1"]);
    let acted = |times: u64| {
        let rules = project.run("rule list --format json").json();
        let of = rules.as_array().unwrap().iter().find(|rule| rule["name"] == "greet_new").unwrap().clone();
        assert_eq!(of["fired"], times, "{of}");
    };
    acted(1);
    project.run(&format!("{line} --yes")).expect(0, &["users stored 2"]);
    acted(1);
    project.run(&format!("import {} --yes", file.display())).expect(2, &["--live"]);
}
