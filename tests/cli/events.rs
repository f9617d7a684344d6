//! Events from a file: recorded once, counted over windows, and taken by rules
//! into fields.

use crate::support::Project;
use std::fs;

/// Payments become fields, and fields segments.
const RULES: &str = "\
events:
  app_opened: {}
segments:
  payers:
    title: Payers
    if: count(payment) >= 2
  recent:
    title: Recent
    if: count(app_opened, 7 days) > 0
  tagged:
    title: Tagged
    if: tags contains \"payer\"
rules:
  a_payment:
    when: event payment
    then:
      - add: {paid_count: 1, balance: 30}
      - set: {last_payment_at: event.at}
  b_big_payment:
    when: event payment
    if: event.rub >= 1000
    then: [{tag: big}]
  c_entered:
    when: user enters payers
    then: [{tag: payer}]
tasks:
  cleanup: {when: every day at 04:00, then: [{cleanup: {events: 400 days}}]}
";

fn project() -> Project {
    let project = Project::with_users("id,balance,paid_count\n1,0,\n2,5,3\n3,,\n");
    project.write("rules/events.yaml", RULES);
    project.run("check").expect(0, &[]);
    project
}

fn import(project: &Project, lines: &[&str]) -> crate::support::Said {
    let file = project.beside("events.ndjson");
    fs::write(&file, lines.join("\n")).unwrap();
    project.run(&format!("import {}", file.display()))
}

const PAYMENTS: [&str; 5] = [
    r#"{"id": "p1", "user": 1, "name": "payment", "at": "2026-02-01T10:00:00Z", "props": {"rub": 499.5}}"#,
    r#"{"id": "p2", "user": 1, "name": "payment", "at": "2026-02-20T10:00:00Z", "props": {"rub": 1500}}"#,
    r#"{"id": "p1", "user": 2, "name": "payment", "at": "2026-02-20T10:00:00Z", "props": {"rub": 100}}"#,
    r#"{"id": "o1", "user": 3, "name": "app_opened", "at": "2026-02-27T10:00:00Z"}"#,
    r#"{"id": "p1", "user": 1, "name": "payment", "at": "2026-02-01T10:00:00Z", "props": {"rub": 499.5}}"#,
];

#[test]
fn events_are_counted_and_change_fields_by_rules() {
    let project = project();
    import(&project, &PAYMENTS).expect(0, &["lines read 5: events stored 4, known already 1, rejected 0"]);
    import(&project, &PAYMENTS).expect(0, &["lines read 5: events stored 0, known already 5, rejected 0"]);
    for (condition, now, expected) in [
        ("count(payment) = 2", "2026-03-01", "1"),
        ("count(payment) = 1", "2026-03-01", "2"),
        ("count(payment) = 0", "2026-03-01", "3"),
        ("sum(payment.rub) = 1999.50", "2026-03-01", "1"),
        ("first(payment) < 2026-02-02", "2026-03-01", "1"),
        ("last(payment) within 10 days", "2026-03-01", "1\n2"),
        ("count(payment, 30 days) = 2", "2026-03-01", "1"),
        ("count(payment, 30 days) = 2", "2026-03-15", ""),
        ("count(payment, 30 days) = 1", "2026-03-15", "1\n2"),
        ("sum(payment.rub, 90 days) > 1000", "2026-03-15", "1"),
        ("count(app_opened, 7 days) > 0", "2026-03-01", "3"),
        ("segment(recent)", "2026-03-01", "3"),
        ("segment(recent)", "2026-03-15", ""),
        ("segment(payers)", "2026-03-01", "1"),
        ("segment(tagged)", "2026-03-01", "1"),
        ("tags contains \"big\"", "2026-03-01", "1"),
        ("paid_count = 2 and balance = 60", "2026-03-01", "1"),
        ("paid_count = 4 and balance = 35", "2026-03-01", "2"),
        ("last_payment_at = 2026-02-20T10:00Z", "2026-03-01", "1\n2"),
    ] {
        let said =
            crate::support::said(project.command("query").args([condition, "--ids", "--now", now]).output().unwrap());
        assert_eq!(said.out.trim_end(), expected, "{condition} at {now}: {}", said.err);
    }
}

#[test]
fn lines_that_are_no_events_are_rejected_with_the_reason() {
    let project = project();
    let said = import(
        &project,
        &[
            r#"{"id": "a", "user": 1, "name": "payment", "at": "2026-02-01", "props": {"rub": "a lot"}}"#,
            r#"{"id": "b", "user": 9, "name": "payment", "at": "2026-02-01"}"#,
            r#"{"id": "c", "user": 1, "name": "paymnt", "at": "2026-02-01"}"#,
            r#"{"id": "d", "user": 1, "name": "payment", "at": "2036-02-01"}"#,
            "not json",
            r#"{"id": "e", "user": 1, "name": "payment", "at": "2026-02-01"}"#,
        ],
    );
    said.expect(
        0,
        &[
            "lines read 6: events stored 1, known already 0, rejected 5",
            "`rub` is not an amount with at most two decimals",
            "nobody is known with this `user`: import the users first",
            "event `paymnt` is not declared; did you mean `payment`?",
            "the event is more than 5 minutes ahead of the clock",
            "the line is not a JSON object",
        ],
    );
    let rejected = fs::read_to_string(project.beside("events.ndjson.rejected.ndjson")).unwrap();
    assert_eq!(rejected.lines().count(), 5);
    assert!(rejected.starts_with(r#"{"line":1,"reason":"#), "{rejected}");
}

#[test]
fn a_cascade_without_end_changes_nothing() {
    let project = project();
    project.write("rules/loop.yaml", "rules:\n  d_up: {when: balance changes, then: [{add: {balance: 1}}]}\n");
    import(&project, &PAYMENTS[..1]).expect(0, &["events stored 1"]);
    let said = project.run("query balance=0 --ids");
    assert_eq!(said.out, "1\n", "{}", said.err);
}
