//! `segments`: the shipped users counted by the binary and by SQLite.

use crate::sql::{SEGMENTS, count};
use crate::support::{Api, Engine, Project, wait};
use rusqlite::Connection;
use std::path::Path;

const USERS: &str = "tests/data/users.db";

fn with_shipped_users() -> Project {
    let project = Project::new();
    let users = Path::new(env!("CARGO_MANIFEST_DIR")).join(USERS);
    let rejected = project.beside("rejected.ndjson");
    let line = format!("import {} --table users --map tg_id=id --rejected {}", users.display(), rejected.display());
    project.run(&line).expect(0, &["users stored 3 000"]);
    project
}

/// The SQL counts at a time in milliseconds.
fn by_sql(now: i64) -> Vec<(String, u64)> {
    let connection = Connection::open(Path::new(env!("CARGO_MANIFEST_DIR")).join(USERS)).unwrap();
    let one = |condition| connection.query_row(&count(condition), [now], |row| row.get(0)).unwrap();
    SEGMENTS.iter().map(|(name, condition)| ((*name).to_owned(), one(condition))).collect()
}

fn by_binary(project: &Project, now: &str) -> Vec<(String, u64)> {
    let rows = project.run(&format!("segments --format json --now {now}")).expect(0, &[]).json();
    let row = |row: &serde_json::Value| (row["name"].as_str().unwrap().to_owned(), row["count"].as_u64().unwrap());
    rows.as_array().unwrap().iter().map(row).collect()
}

/// A moment exactly 30 days after somebody's last payment: `churned` does not
/// hold for them then, and does a millisecond later.
fn edge_of_churned() -> i64 {
    let connection = Connection::open(Path::new(env!("CARGO_MANIFEST_DIR")).join(USERS)).unwrap();
    let accepted = crate::sql::ACCEPTED;
    let query = format!(
        "{accepted} SELECT max(last_payment_at) FROM accepted
         WHERE paid_count > 0 AND last_payment_at % 1000 = 0 AND last_payment_at < 1771000000000"
    );
    connection.query_row(&query, [], |row| row.get::<_, i64>(0)).unwrap() + 30 * 86_400_000
}

#[test]
fn the_counts_are_those_of_sql() {
    let project = with_shipped_users();
    let edge = edge_of_churned();
    let times = [
        "2026-03-01T09:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond(),
        "2026-02-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond(),
        "2025-01-15T12:34:56Z".parse::<jiff::Timestamp>().unwrap().as_millisecond(),
        "1970-01-31T00:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond(),
        edge,
        edge + 1,
    ];
    let mut churned = Vec::new();
    for now in times {
        let text = jiff::Timestamp::from_millisecond(now).unwrap().to_string();
        let (expected, found) = (by_sql(now), by_binary(&project, &text));
        assert_eq!(found, expected, "{text}");
        churned.push(found.iter().find(|(name, _)| name == "churned").unwrap().1);
    }
    assert!(churned[5] > churned[4], "{churned:?}");
}

#[test]
fn as_text_and_at_another_time() {
    let project = with_shipped_users();
    project.expect(&[
        (
            "segments --now 2026-03-01",
            0,
            &["segment", "users", "unknown", "trial_only       Trial only", "1 728      210"],
        ),
        ("segments --now 2026-03-01 --lang ru", 0, &["сегмент", "Только пробный период", "1 728"]),
        ("segments --now 2026-03-01T12:00", 0, &["churned          Churned"]),
        ("segments --now yesterday", 2, &["`yesterday` is not a time; write 2026-03-01"]),
        ("segments --now yesterday --lang ru", 2, &["`yesterday` — не время"]),
        ("broadcast list --now 2026-03-01", 2, &["unexpected argument '--now'"]),
    ]);
}

#[test]
fn sizes_over_time() {
    let api = Api::start();
    let project = Project::with_users("id,balance\n1001,5\n1002,200\n");
    project.connect(&api.url());
    let rows: [(&str, i32, &[&str]); 3] = [
        ("segments --history", 0, &["7d ago", "no sizes have been noted yet"]),
        ("segments --history fortnight", 2, &["`fortnight` is no length of time", "write 12h, 7d or 4w"]),
        ("segments --history 7d --now 2026-03-01", 2, &["cannot be used with"]),
    ];
    project.expect(&rows);
    let engine = Engine::start(&project);
    let history = |project: &Project, name: &str| {
        let all = project.run("segments --history 12h --format json").expect(0, &[]).json();
        all.as_array().unwrap().iter().find(|row| row["name"] == name).cloned()
    };
    wait("the first sizes", || history(&project, "active").unwrap()["before"]["count"] == 2);
    project.import("id,balance\n1003,5\n");
    project.edit("rules/segments.yaml", "with_referrals:", "with_friends:");
    wait("the new name", || project.count("with_friends") == Some(0));
    let active = history(&project, "active").unwrap();
    assert_eq!((&active["now"]["count"], &active["change"]), (&3.into(), &1.into()), "{active:#}");
    let renamed = history(&project, "with_referrals").unwrap();
    assert_eq!((&renamed["now"], &renamed["sizes"][0]["count"]), (&serde_json::Value::Null, &0.into()), "{renamed:#}");
    project.run("segments --history").expect(0, &["(gone)", "+1 (+50.0 %)", "·▄", "sizes are known since"]);
    assert_eq!(engine.stop(), 0);
    project.run("segments --history 4w --lang ru").expect(0, &["4w назад", "(удалён)", "размеры известны с"]);
}

#[test]
fn without_users_the_way_to_get_some_is_told() {
    let project = Project::new();
    let said = project.run("segments");
    said.expect(0, &["if there are no users yet: `vestnik import FILE`"]);
    assert!(said.err.contains("no users yet") && said.out.contains("vip"), "{said:?}");
    assert!(project.run("segments --format json").expect(0, &[]).err.is_empty());
}
