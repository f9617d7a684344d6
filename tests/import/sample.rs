//! The shipped user base.

use crate::sql::{ACCEPTED, SEGMENTS, count};
use crate::{Bench, map, options};
use rusqlite::Connection;
use rusqlite::types::Value as SqlValue;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use vestnik::import::{ImportOptions, generate};
use vestnik::model::{Field, Time, Type, Value};
use vestnik::store::Profiles;

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/users.db")
}

fn shipped_options(bench: &Bench) -> ImportOptions {
    ImportOptions {
        map: map(&generate::MAP),
        rejected: Some(bench.path("rejected.ndjson")),
        table: Some("users".into()),
        ..options(&shipped())
    }
}

fn count_of(connection: &Connection, condition: &str, now: Time) -> i64 {
    connection.query_row(&count(condition), [now.0], |row| row.get(0)).unwrap()
}

fn all_rows(path: &Path) -> Vec<Vec<SqlValue>> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare("SELECT * FROM users ORDER BY rowid").unwrap();
    let rows = statement.query_map([], |row| (0..generate::COLUMNS.len()).map(|n| row.get(n)).collect()).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn the_shipped_file_is_what_the_generator_makes() {
    let folder = tempfile::tempdir().unwrap();
    let fresh = folder.path().join("users.db");
    generate::write_sqlite(&fresh, generate::sample()).unwrap();
    assert!(all_rows(&fresh) == all_rows(&shipped()), "run: cargo run --example make_users -- tests/data/users.db");
}

#[test]
fn every_segment_holds_a_plausible_share() {
    let connection = Connection::open(shipped()).unwrap();
    let counts = SEGMENTS.map(|(name, condition)| (name, count_of(&connection, condition, generate::SAMPLE_NOW)));
    for (name, count) in counts {
        let range = match name {
            "all" => 3_000..=3_000,
            "expired" => 500..=560,
            _ => 200..=2_000,
        };
        assert!(range.contains(&count), "{name}: {count}");
    }
}

/// Value by value: what SQL says of an accepted row is what the profile holds.
#[test]
fn profiles_hold_what_sql_says_of_the_accepted_rows() {
    let bench = Bench::new();
    let report = bench.import(&shipped_options(&bench)).unwrap();
    let connection = Connection::open(shipped()).unwrap();
    let mut statement = connection.prepare(&format!("{ACCEPTED} SELECT * FROM accepted ORDER BY id")).unwrap();
    let fields: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let rows = statement.query_map([], |row| (0..fields.len()).map(|n| row.get(n)).collect());
    let expected: Vec<Vec<SqlValue>> = rows.unwrap().map(Result::unwrap).collect();
    let mut rows = expected.iter();
    let seen = Profiles::new(&vestnik::store::Journal::open(bench.store.clone()).unwrap()).for_each(
        &bench.schema,
        |profile| {
            let row = rows.next().unwrap();
            for (name, sql) in fields.iter().zip(row) {
                let id = bench.schema.find(name).unwrap();
                let expected = value(sql, bench.schema.field(id));
                assert_eq!(without_milliseconds(profile.get(id)), expected, "{name} of {}", profile.user());
            }
            ControlFlow::Continue(())
        },
    );
    assert_eq!(seen.unwrap().profiles, expected.len() as u64);
    assert_eq!(report.stored, expected.len() as u64);
    assert_eq!(report.read, report.stored + report.duplicates + report.rejected);
    assert_eq!(report.unmapped, []);
    assert!(report.duplicates > 20 && report.reasons.len() >= 5, "{report:#?}");
}

fn value(sql: &SqlValue, field: &Field) -> Value {
    match (sql, &field.ty) {
        (SqlValue::Null, _) => field.default.clone(),
        (SqlValue::Integer(n), Type::Time) => without_milliseconds(&Value::Time(Time(*n))),
        (SqlValue::Integer(n), Type::Bool) => Value::Bool(*n == 1),
        (SqlValue::Integer(n), _) => Value::Int(*n),
        (SqlValue::Text(text), _) => Value::text(text.as_str()),
        other => unreachable!("{other:?}"),
    }
}

/// Old tables hold both seconds and milliseconds; SQLite reads dates to the
/// second.
fn without_milliseconds(value: &Value) -> Value {
    match value {
        Value::Time(time) => Value::Time(Time(time.0.div_euclid(1_000) * 1_000)),
        other => other.clone(),
    }
}

#[test]
fn a_second_import_changes_nothing() {
    let bench = Bench::new();
    let first = bench.import(&shipped_options(&bench)).unwrap();
    let before = bench.everything();
    assert_eq!(bench.import(&shipped_options(&bench)).unwrap(), first);
    assert!(bench.everything() == before);
}

#[test]
fn rejected_rows_are_in_their_file_with_place_and_reason() {
    let bench = Bench::new();
    let report = bench.import(&shipped_options(&bench)).unwrap();
    let rejected = bench.rejected(&report);
    assert_eq!(rejected.len() as u64, report.rejected);
    let words: Vec<String> = report.reasons.keys().map(|reason| reason.text().en).collect();
    assert!(rejected.iter().all(|(place, reason)| place.starts_with("rowid ") && words.contains(reason)));
    assert!(words.contains(&"`balance` is not a whole number".to_owned()), "{words:?}");
    assert!(words.contains(&"the row has no id".to_owned()), "{words:?}");
}

#[test]
fn users_straight_into_the_store_are_all_taken() {
    let bench = Bench::new();
    let mut last = None;
    let report = generate::fill(2_500, 7, generate::SAMPLE_NOW, &bench.schema, &bench.writer, &mut |p| last = Some(p));
    let report = report.unwrap();
    assert_eq!((report.read, report.stored, report.rejected), (2_500, 2_500, 0), "{report:#?}");
    assert_eq!(Profiles::new(&vestnik::store::Journal::open(bench.store.clone()).unwrap()).count(), Ok(2_500));
    assert_eq!(last.map(|p| (p.rows, p.done, p.total)), Some((2_500, 2_500, Some(2_500))));
}
