//! What a patch and the time change, in rows.

use crate::support::{Base, DAY, HOUR, MINUTE, NOW, names, patch, rulebook};
use vestnik::audience::Happened;
use vestnik::condition::Row;
use vestnik::model::{Event, SegmentId, Time, UserId, Value};

const RULES: &str = r#"
profile:
  balance: int
  paid_at: time
  tariff: {type: enum, values: [free, pro]}
  worth: {type: int, is: balance * 2}
events:
  lesson: {score: int, topic: string}
segments:
  all: "true"
  rich: worth > 10
  not_rich: not segment(rich)
  pro: tariff = "pro"
  old: paid_at older than 30 days
  this_day: paid_at >= today
  morning: hour(now) < 13
"#;

#[test]
fn patches_tell_what_they_change() {
    let rulebook = rulebook(RULES);
    let audience = Base::new().audience(&rulebook);
    let (int, text) = (Value::Int, |text: &str| Value::text(text));
    for (sets, fields, entered, left) in [
        (&[("balance", int(3))][..], "balance: Missing > Int(3), worth: Missing > Int(6)", "all morning not_rich", ""),
        (&[("balance", int(3))], "", "", ""),
        (
            &[("balance", int(6)), ("tariff", text("pro"))],
            "balance: Int(3) > Int(6), tariff: Missing > String(\"pro\"), worth: Int(6) > Int(12)",
            "pro rich",
            "not_rich",
        ),
        (&[("balance", int(9)), ("balance", int(6))], "", "", ""),
        (&[("tariff", text("gold"))], "tariff: String(\"pro\") > Missing", "", "pro"),
        (&[("balance", text("x"))], "balance: Int(6) > Missing, worth: Int(12) > Missing", "not_rich", "rich"),
        (&[("worth", int(7)), ("id", int(7)), ("nothing", int(7)), ("blocked", Value::Bool(true))], "", "", ""),
        (
            &[("reach", text("blocked"))],
            "reach: String(\"reachable\") > String(\"blocked\"), blocked: Bool(false) > Bool(true)",
            "",
            "",
        ),
    ] {
        let changes = audience.apply(UserId(7), &patch(sets), NOW);
        let shown: Vec<String> = changes
            .fields
            .iter()
            .map(|(id, old, new)| format!("{}: {old:?} > {new:?}", rulebook.schema.field(*id).name))
            .collect();
        assert_eq!(shown.join(", "), fields, "{sets:?}");
        let sorted = |ids: &[SegmentId]| {
            let mut names = names(&rulebook, ids);
            names.sort();
            names.join(" ")
        };
        assert_eq!((sorted(&changes.entered), sorted(&changes.left)), (entered.into(), left.into()), "{sets:?}");
    }
}

#[test]
fn time_alone_moves_users() {
    let rulebook = rulebook(RULES);
    let audience = Base::new().audience(&rulebook);
    let paid = |at: i64| patch(&[("paid_at", Value::Time(Time(at)))]);
    audience.apply(UserId(1), &paid(NOW.0), NOW);
    audience.apply(UserId(2), &paid(NOW.0 - 30 * DAY), NOW);
    audience.apply(UserId(3), &paid(NOW.0 - 30 * DAY + 30_000), NOW);
    for (at, expected) in [
        (NOW.0, ""),
        (NOW.0 + 1, ""),
        (NOW.0 + MINUTE, "2 +old, 3 +old"),
        (NOW.0 + HOUR - MINUTE, ""),
        (NOW.0 + HOUR, "1 -morning, 2 -morning, 3 -morning"),
        (NOW.0 + HOUR, ""),
        (NOW.0 + 12 * HOUR, "1 -this_day +morning, 2 +morning, 3 +morning"),
        // Nobody goes back in time.
        (NOW.0, ""),
        (NOW.0 + 30 * DAY + 12 * HOUR, "1 +old"),
    ] {
        let mut shown: Vec<String> = Vec::new();
        for changes in audience.advance(Time(at)) {
            let moves = |sign: &str, ids: &[SegmentId]| {
                names(&rulebook, ids).iter().map(|n| format!(" {sign}{n}")).collect::<String>()
            };
            shown.push(format!("{}{}{}", changes.user, moves("-", &changes.left), moves("+", &changes.entered)));
        }
        shown.sort();
        assert_eq!(shown.join(", "), expected, "after {} minutes", (at - NOW.0) / MINUTE);
    }
}

#[test]
fn a_row_sees_the_event_that_is_judged() {
    let rulebook = rulebook(RULES);
    let audience = Base::new().audience(&rulebook);
    audience.apply(UserId(1), &patch(&[("balance", Value::Int(6))]), NOW);
    let event = Event {
        id: "e1".into(),
        user: UserId(1),
        name: "lesson".into(),
        at: Time(NOW.0 - 5),
        properties: vec![("topic".into(), Value::Int(3)), ("score".into(), Value::Int(9)), ("x".into(), Value::Int(1))],
    };
    let happened = Happened::new(&rulebook, &event);
    let names =
        vestnik::rulebook::Names { event: rulebook.catalogue.events.find("lesson"), ..rulebook.catalogue.names() };
    for (text, expected) in [
        ("event.score = 9 and segment(rich)", true),
        ("event.score > balance and worth = 12", true),
        ("event.topic is missing", true),
        ("event.name = \"lesson\" and event.at < now", true),
        ("event.score < 9", false),
    ] {
        let ast = vestnik::condition::parse(text).unwrap();
        let condition = vestnik::condition::check(&ast, &names).0.unwrap();
        let truth = audience.with_row(UserId(1), |row| condition.judge(&row.at(&happened))).unwrap();
        assert_eq!(truth.is_true(), expected, "{text}");
    }
    let missing = audience.with_row(UserId(1), |row| row.event(vestnik::condition::EventPart::Name).is_missing());
    assert_eq!((missing, audience.with_row(UserId(2), |_| ())), (Some(true), None));
    assert!(audience.happened(&event, NOW).is_empty());
    assert!(audience.happened(&Event { user: UserId(5), ..event }, NOW).new);
}
