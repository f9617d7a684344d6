//! Filling an audience from a store.

use crate::support::{Base, Model, NOW, names, patch, rulebook};
use vestnik::model::{Event, TimeDelta, UserId, Value, builtin};

const RULES: &str = r#"
profile:
  balance: int
  note: string
  kind: {type: enum, values: [a, b], default: a}
  double: {type: int, is: balance * 2}
segments:
  rich: double > 10
  unsure: balance < 3
"#;

#[test]
fn everybody_is_read_as_profiles_are() {
    let (base, rulebook, mut model) = (Base::new(), rulebook(RULES), Model::default());
    for (user, sets) in [
        (30, vec![("balance", Value::Int(6)), ("note", Value::text("x"))]),
        (-7, vec![("balance", Value::text("no number")), ("forgotten", Value::Int(1))]),
        (12, vec![("reach", Value::text("blocked")), ("kind", Value::text("c")), ("double", Value::Int(3))]),
        (i64::MAX, vec![]),
        (12, vec![("tags", Value::List(["a".into(), "b".into(), "a".into()].into())), ("kind", Value::text("b"))]),
    ] {
        base.commit(user, &patch(&sets));
        model.apply(&rulebook, user, &patch(&sets));
    }
    let audience = base.audience(&rulebook);
    model.agrees(&audience, NOW);
    assert_eq!(audience.ids(), [-7, 12, 30, i64::MAX]);
    assert_eq!((audience.len(), audience.contains(UserId(12)), audience.contains(UserId(13))), (4, true, false));
    let blocked = audience.profile(UserId(12)).map(|profile| profile.get(builtin::BLOCKED).clone());
    assert_eq!((blocked, audience.profile(UserId(13))), (Some(Value::Bool(true)), None));
    let unsure = rulebook.segment("unsure").unwrap().id;
    assert_eq!((audience.members(unsure), audience.size(unsure).unknown), (vec![], 3));
}

#[test]
fn reading_again_forgets_what_was_not_stored() {
    let (base, rulebook, mut model) = (Base::new(), rulebook(RULES), Model::default());
    let stored = patch(&[("balance", Value::Int(6))]);
    base.commit(1, &stored);
    model.apply(&rulebook, 1, &stored);
    let audience = base.audience(&rulebook);
    audience.apply(UserId(1), &patch(&[("balance", Value::Int(1))]), NOW);
    audience.apply(UserId(2), &patch(&[]), NOW);
    audience.reload(&base.profiles, NOW).unwrap();
    model.agrees(&audience, NOW);
}

#[test]
fn memory_is_told_by_part() {
    let (base, rulebook) = (Base::new(), rulebook(RULES));
    (0..1_000).for_each(|user| base.commit(user, &patch(&[("balance", Value::Int(user % 9))])));
    let memory = base.audience(&rulebook).memory();
    assert_eq!((memory.users, &*memory.fields[0].0 == "balance" || &*memory.fields[0].0 == "double"), (1_000, true));
    assert!(memory.per_user() < 60.0, "{memory:?}");
}

#[test]
fn an_event_counts_as_soon_as_it_is_told() {
    let rules = "events: {opened: {}}\nsegments:\n  often: count(opened, 1 hour) >= 2\n";
    let (base, rulebook) = (Base::new(), rulebook(rules));
    base.commit(1, &patch(&[]));
    let audience = base.audience(&rulebook);
    let told = |seconds: i64| {
        let now = NOW + TimeDelta::seconds(seconds);
        let (id, name) = (seconds.to_string().into(), "opened".into());
        let event = Event { id, user: UserId(1), name, at: now, properties: Vec::new() };
        names(&rulebook, &audience.happened(&event, now).entered)
    };
    // No time is let pass between them.
    assert_eq!([told(7), told(19), told(31)], [vec![], vec!["often".to_owned()], vec![]]);
    let left = audience.advance(NOW + TimeDelta::hours(3));
    assert_eq!(left.iter().map(|changes| names(&rulebook, &changes.left)).collect::<Vec<_>>(), [["often"]]);
}
