//! What cannot be imported at all, and what is said of it.

use crate::{Bench, map, options};
use rusqlite::Connection;
use vestnik::import::{ImportError, ImportOptions, parse_map};

fn message(bench: &Bench, options: &ImportOptions) -> String {
    let error = bench.import(options).unwrap_err();
    assert!(!error.text().ru.is_empty());
    error.to_string().replace(&format!("{}/", bench.folder.path().display()), "")
}

#[test]
fn files_that_cannot_be_read() {
    let bench = Bench::new();
    for (name, content, expected) in [
        ("u.db", "not a database at all, only text", "cannot read u.db as a SQLite database: file is not a database"),
        ("u.xlsx", "PK", "cannot tell what u.xlsx is: name it .csv, .ndjson or .db, or say which with `--kind`"),
        ("u.csv", "", "u.csv is empty: the first line must name the columns"),
        ("u.csv", "id,balance,id\n1,2,3\n", "the header names the column `id` twice"),
    ] {
        assert_eq!(message(&bench, &bench.file(name, content)), expected);
    }
    let missing = message(&bench, &options(&bench.path("no.csv")));
    assert!(missing.starts_with("cannot read no.csv: No such file"), "{missing}");
    let folder = message(&bench, &options(bench.folder.path()));
    assert!(folder.contains("cannot read"), "{folder}");
}

#[test]
fn a_row_that_never_ends() {
    let bench = Bench::new();
    let long = "x".repeat(20 << 20);
    let file = bench.file("u.csv", format!("id,first_name\n1,a\n2,\"{long}"));
    assert_eq!(message(&bench, &file), "u.csv:3: the row does not end: is there a quote that is never closed?");
    assert!(matches!(bench.import(&bench.file("u.ndjson", long)), Err(ImportError::RowTooLong { line: 1, .. })));
}

#[test]
fn tables_are_suggested() {
    let bench = Bench::new();
    let path = bench.path("u.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE user (id); CREATE TABLE payments (id);").unwrap();
    for (table, expected) in [
        (Some("users"), "there is no table `users`; did you mean `user`?"),
        (Some("zzz"), "there is no table `zzz`; there are: payments, user"),
        (None, "name the table to import with `--table`; there are: payments, user"),
    ] {
        let options = ImportOptions { table: table.map(str::to_owned), ..options(&path) };
        assert_eq!(message(&bench, &options), expected);
    }
}

#[test]
fn mappings_are_checked() {
    let bench = Bench::new();
    let header = "tg_id,balance,money,blocked\n";
    for (pairs, expected) in [
        (&[][..], "no column holds the users' ids: if it is `tg_id`, add `--map tg_id=id`"),
        (
            &[("tg_id", "id"), ("money", "balnce")],
            "no field `balnce` is declared in `profile`; did you mean `balance`?",
        ),
        (&[("tgid", "id")], "there is no column `tgid`; did you mean `tg_id`?"),
        (&[("tg_id", "id"), ("money", "id")], "two columns go to the field `id`: map only one of them"),
        (&[("money", "reach"), ("balance", "blocked")], "two columns go to the field `blocked`: map only one of them"),
        (&[("money", "lifecycle")], "the field `lifecycle` is computed and cannot be imported"),
    ] {
        let options = ImportOptions { map: map(pairs), ..bench.file("u.csv", header) };
        assert_eq!(message(&bench, &options), expected);
    }
    let nothing_like_it = message(&bench, &bench.file("u.csv", "name,money\n"));
    assert_eq!(nothing_like_it, "no column holds the users' ids: add `--map COLUMN=id`; there are: name, money");
}

#[test]
fn only_a_database_has_tables() {
    let bench = Bench::new();
    let options = ImportOptions { table: Some("users".into()), ..bench.file("u.csv", "id\n1\n") };
    assert!(message(&bench, &options).ends_with("u.csv has no tables: leave out `--table users`"));
}

#[test]
fn a_mapping_has_two_sides() {
    assert_eq!(parse_map("tg_id = id"), Ok(("tg_id".into(), "id".into())));
    assert_eq!(parse_map("a=b=id"), Ok(("a=b".into(), "id".into())));
    for text in ["tg_id", "=id", "tg_id=", ""] {
        assert_eq!(parse_map(text), Err(ImportError::BadMap { text: text.into() }));
    }
}

#[test]
fn a_closed_store_ends_the_import() {
    let bench = Bench::new();
    bench.writer.close();
    let error = bench.import(&bench.file("u.csv", "id\n1\n")).unwrap_err();
    assert_eq!(error.to_string(), "the store is closed");
}
