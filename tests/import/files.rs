//! The kinds of files, the mapping of columns, and what rows say.

use crate::{Bench, map};
use rusqlite::Connection;
use std::os::unix::fs::PermissionsExt;
use vestnik::import::{ImportOptions, ZeroTime};
use vestnik::model::{Patch, Time, UserId, Value};
use vestnik::store::Transaction;

#[test]
fn the_same_rows_come_from_every_kind_of_file() {
    let rows = [("1", "Анна, \"А\"", "5", "1"), ("2", "", "-3", "0")];
    let mut csv = String::from("id,first_name,balance,trial_3d_used\n");
    let mut ndjson = String::new();
    let sql = Connection::open_in_memory().unwrap();
    sql.execute("CREATE TABLE users (id INTEGER, first_name TEXT, balance INTEGER, trial_3d_used INTEGER)", [])
        .unwrap();
    for (id, name, balance, trial) in rows {
        csv += &format!("{id},\"{}\",{balance},{trial}\n", name.replace('"', "\"\""));
        ndjson += &format!(
            "{{\"id\": {id}, \"first_name\": {name:?}, \"balance\": {balance}, \"trial_3d_used\": {}}}\n",
            trial == "1"
        );
        sql.execute("INSERT INTO users VALUES (?, ?, ?, ?)", [id, name, balance, trial]).unwrap();
    }
    let benches = [Bench::new(), Bench::new(), Bench::new()];
    let sqlite = benches[2].path("u.sqlite");
    sql.execute("VACUUM INTO ?", [sqlite.to_str().unwrap()]).unwrap();
    benches[0].import(&benches[0].file("u.csv", format!("\u{feff}{csv}"))).unwrap();
    benches[1].import(&benches[1].file("u.ndjson", ndjson)).unwrap();
    benches[2].import(&crate::options(&sqlite)).unwrap();
    for bench in &benches {
        assert_eq!(bench.value(1, "first_name"), Value::text("Анна, \"А\""));
        assert_eq!(bench.value(1, "trial_3d_used"), Value::Bool(true));
        assert_eq!(bench.value(2, "first_name"), Value::Missing);
        assert_eq!(bench.value(2, "balance"), Value::Int(-3));
    }
}

#[test]
fn semicolons_and_tabs_separate_too() {
    for separator in [",", ";", "\t"] {
        let bench = Bench::new();
        let rows = format!("id{separator}first_name\r\n1{separator}\"a,b\"\r\n");
        bench.import(&bench.file("u.csv", rows)).unwrap();
        assert_eq!(bench.value(1, "first_name"), Value::text("a,b"), "{separator:?}");
    }
}

#[test]
fn columns_go_by_name_or_as_told() {
    let bench = Bench::new();
    let file = bench.file("u.csv", "tg_id,balance,money,plan,lifecycle\n1,5,70,pro,vip\n");
    let report = bench.import(&ImportOptions { map: map(&[("tg_id", "id"), ("money", "balance")]), ..file }).unwrap();
    assert_eq!(bench.value(1, "balance"), Value::Int(70));
    let pairs: Vec<_> = report.mapped.iter().map(|(column, field)| format!("{column}={field}")).collect();
    assert_eq!(pairs, ["tg_id=id", "money=balance"]);
    assert_eq!(report.unmapped.iter().map(|c| &**c).collect::<Vec<_>>(), ["balance", "plan", "lifecycle"]);
}

#[test]
fn imported_fields_are_replaced_and_others_kept() {
    let bench = Bench::new();
    let patch = Patch::new()
        .with("balance", Value::Int(1))
        .with("referral_count", Value::Int(3))
        .with("language", Value::text("ru"));
    bench.writer.commit(Transaction::patch(UserId(1), patch)).unwrap();
    bench.import(&bench.file("u.csv", "id,balance,referral_count\n1,,7\n")).unwrap();
    for (field, expected) in
        [("balance", Value::Missing), ("referral_count", Value::Int(7)), ("language", Value::text("ru"))]
    {
        assert_eq!(bench.value(1, field), expected, "{field}");
    }
}

#[test]
fn a_key_that_an_object_lacks_clears_its_field_wherever_it_first_appears() {
    let bench = Bench::new();
    let set = Patch::new().with("balance", Value::Int(1));
    bench.writer.commit(Transaction::patch(UserId(1), set)).unwrap();
    bench.import(&bench.file("u.ndjson", "{\"id\": 1}\n\n{\"id\": 2, \"balance\": 5}\n")).unwrap();
    assert_eq!(bench.value(1, "balance"), Value::Missing);
    assert_eq!(bench.value(2, "balance"), Value::Int(5));
}

#[test]
fn the_last_good_row_of_an_id_wins() {
    let bench = Bench::new();
    let report =
        bench.import(&bench.file("u.csv", "id,balance,language\n1,5,ru\n\"1\",6,\n01,seven,en\n2,1,\n")).unwrap();
    assert_eq!((report.read, report.stored, report.duplicates, report.rejected), (4, 2, 1, 1));
    assert_eq!(bench.value(1, "balance"), Value::Int(6));
    assert_eq!(bench.value(1, "language"), Value::Missing);
}

#[test]
fn zero_is_1970_unless_told_otherwise() {
    for (zero, expected) in [(ZeroTime::Epoch, Value::Time(Time(0))), (ZeroTime::Missing, Value::Missing)] {
        let bench = Bench::new();
        bench.import(&ImportOptions { zero, ..bench.file("u.csv", "id,last_payment_at\n1,0\n") }).unwrap();
        assert_eq!(bench.value(1, "last_payment_at"), expected);
    }
}

#[test]
fn a_value_outside_its_enum_is_left_missing_and_reported() {
    let bench = Bench::new();
    let rows = "id,tariff\n1,pro\n2,gold\n3,gold\n4,\n";
    let report = bench.import(&bench.file("u.csv", rows)).unwrap();
    assert_eq!((report.stored, report.rejected), (4, 0));
    assert_eq!(bench.value(1, "tariff"), Value::text("pro"));
    assert_eq!(bench.value(2, "tariff"), Value::Missing);
    let outside = &report.outside["tariff"];
    assert_eq!((outside.count, &*outside.examples), (2, &["gold".into()][..]));
}

#[test]
fn a_column_blocked_sets_reach() {
    let bench = Bench::new();
    bench.import(&bench.file("u.csv", "id,blocked\n1,1\n2,0\n")).unwrap();
    assert_eq!(bench.value(1, "blocked"), Value::Bool(true));
    assert_eq!(bench.value(1, "reach"), Value::text("blocked"));
    assert_eq!(bench.value(2, "reach"), Value::text("reachable"));
}

#[test]
fn bad_rows_are_left_out_with_line_and_reason() {
    let mut csv = b"id,balance,score,first_name\n1,1,0.5,a\n2,x,1,a\n,1,1,a\nabc,1,1,a\n3,1,1\n4,1,NaN,a\n5,99999999999999999999,1,a\n".to_vec();
    csv.extend(b"6,1,1,\xff\n7,1,1,\"two\nlines\"\n8,1,inf,a\n0,1,1,a\n-5,1,1,a\n");
    let bench = Bench::new();
    let report = bench.import(&bench.file("u.csv", csv)).unwrap();
    assert_eq!((report.read, report.stored, report.rejected), (12, 2, 10));
    let expected = [
        ("line 3", "`balance` is not a whole number"),
        ("line 4", "the row has no id"),
        ("line 5", "`id` is not a whole number"),
        ("line 6", "the row and the header differ in length"),
        ("line 7", "`score` is not a finite number"),
        ("line 8", "`balance` is too large"),
        ("line 9", "`first_name` is not valid UTF-8"),
        ("line 12", "`score` is not a finite number"),
        ("line 13", "`id` is not a user's id: ids are positive"),
        ("line 14", "`id` is not a user's id: ids are positive"),
    ];
    assert_eq!(bench.rejected(&report), expected.map(|(place, reason)| (place.to_owned(), reason.to_owned())));
    let mode = std::fs::metadata(report.rejected_file.unwrap()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn lines_are_counted_over_blank_ones_and_with_every_line_end() {
    let bench = Bench::new();
    let text = "\nid,first_name\nx,a\n1,\"two\nlines\"\ny,a\n\n\nz,\"two\nlines\"\nw,a";
    for (text, what) in [(text.to_owned(), "LF"), (text.replace('\n', "\r\n"), "CRLF")] {
        let report = bench.import(&bench.file("u.csv", text)).unwrap();
        let places: Vec<_> = bench.rejected(&report).into_iter().map(|(place, _)| place).collect();
        assert_eq!(places, ["line 3", "line 6", "line 9", "line 11"], "{what}");
    }
}

#[test]
fn rejected_rows_never_replace_the_imported_file() {
    let bench = Bench::new();
    let mut options = bench.file("u.csv", "id\nx\n");
    for same in [options.path.clone(), bench.path("./u.csv")] {
        options.rejected = Some(same);
        let error = bench.import(&options).unwrap_err();
        assert!(error.to_string().contains("is the file to import"), "{error}");
        assert_eq!(std::fs::read_to_string(&options.path).unwrap(), "id\nx\n");
    }
}

#[test]
fn lines_that_are_no_objects_are_left_out() {
    let bench = Bench::new();
    let lines = "{\"id\": 1}\n{\"id\": 2\n[3]\nnull\n{\"id\": 1e400}\n{\"id\": {}}\n{\"id\": 9}";
    let report = bench.import(&bench.file("u.jsonl", lines)).unwrap();
    assert_eq!((report.stored, report.rejected), (2, 5));
    let places: Vec<_> = bench.rejected(&report).into_iter().map(|(place, _)| place).collect();
    assert_eq!(places, ["line 2", "line 3", "line 4", "line 5", "line 6"]);
}

#[test]
fn a_clean_import_leaves_no_file_of_rejected_rows() {
    let bench = Bench::new();
    let bad = bench.import(&bench.file("u.csv", "id\nx\n")).unwrap().rejected_file.unwrap();
    assert!(bad.exists());
    assert_eq!(bench.import(&bench.file("u.csv", "id\n1\n")).unwrap().rejected_file, None);
    assert!(!bad.exists());
}

#[test]
fn a_view_and_a_table_without_rowids_can_be_imported() {
    let bench = Bench::new();
    let path = bench.path("u.db");
    let sql = Connection::open(&path).unwrap();
    sql.execute_batch(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, balance INTEGER) WITHOUT ROWID;
         INSERT INTO people VALUES (1, 5), (2, 6);
         CREATE VIEW \"rich \"\"ones\" AS SELECT * FROM people WHERE balance > 5;",
    )
    .unwrap();
    for (table, stored) in [("people", 2), ("rich \"ones", 1)] {
        let options = ImportOptions { table: Some(table.into()), ..crate::options(&path) };
        assert_eq!(bench.import(&options).unwrap().stored, stored, "{table}");
    }
}

#[test]
fn progress_ends_at_the_whole() {
    let bench = Bench::new();
    let rows: String = (1..=5_000).map(|id| format!("{id}\n")).collect();
    let file = bench.file("u.csv", format!("id\n{rows}"));
    let mut seen = Vec::new();
    vestnik::import::import(&file, &bench.schema, &bench.writer, &mut |p| seen.push(p)).unwrap();
    assert!(seen.len() > 5 && seen.is_sorted_by_key(|p| p.done));
    let last = seen.last().unwrap();
    assert_eq!((last.rows, Some(last.done)), (5_000, last.total));
}
