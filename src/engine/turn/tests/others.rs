//! What one user does and another one gets; and what nobody was told of.

use super::*;

const OTHER: UserId = UserId(2);

impl World {
    fn balance_of(&self, user: UserId) -> Value {
        let schema = self.with(|engine| engine.live.current().schema.clone());
        let profile = self.with(|engine| engine.profiles.get(user, &schema)).unwrap().unwrap();
        profile.get(schema.find("balance").unwrap()).clone()
    }

    fn meet_another(&self) {
        self.patch(OTHER, Patch::default().with("first_name", Value::text("Bob")));
    }

    /// To whom messages went since the last call.
    fn posted_to(&self) -> Vec<i64> {
        let before = self.seen.get();
        self.sent();
        let posted = self.posted.borrow();
        let to = |posted: &Posted| match posted {
            Posted::Message(posting) => Some(posting.user.0),
            Posted::Note { .. } => None,
        };
        posted[before..].iter().filter_map(to).collect()
    }
}

#[test]
fn an_event_of_one_user_may_happen_to_another() {
    let world = World::new(
        "\
rules:
  told: {when: event pay, then: [{emit: {won: {n: 5}}, user: referred_by}]}
  won: {when: event won, then: [{add: {balance: event.n}}, {send: a}]}
  again: {when: user enters vip, then: [{emit: won, user: id}]}
",
    );
    world.meet_another();
    world.event("pay");
    assert_eq!(world.posted_to(), [0i64; 0], "who is missing is nobody");
    world.set("referred_by", Value::Int(777));
    world.event("pay");
    assert_eq!(world.posted_to(), [0i64; 0], "nobody is known by this id");
    world.set("referred_by", Value::Int(OTHER.0));
    world.event("pay");
    assert_eq!(world.posted_to(), [OTHER.0]);
    assert_eq!((world.balance_of(OTHER), world.field("balance")), (Value::Int(5), Value::Int(0)));
    // it is durable with what led to it, and counts
    world.restart();
    assert_eq!((world.balance_of(OTHER), world.posted_to()), (Value::Int(5), vec![]));
    // oneself
    world.set("paid", Value::Int(3));
    assert_eq!(world.posted_to(), [USER.0]);
}

#[test]
fn users_that_tell_one_another_in_a_circle_come_to_an_end() {
    let world = World::new(
        "\
rules:
  ping: {when: event won, then: [{add: {balance: 1}}, {emit: won, user: 3 - id}]}
",
    );
    world.meet_another();
    world.event("won");
    assert_eq!((world.field("balance"), world.balance_of(OTHER)), (Value::Int(5), Value::Int(4)));
    world.event("won");
    assert_eq!((world.field("balance"), world.balance_of(OTHER)), (Value::Int(10), Value::Int(8)));
}

#[test]
fn what_goes_round_in_a_circle_tells_nobody() {
    let world = World::new(
        "\
rules:
  one: {when: balance changes, then: [{add: {paid: 1}}, {emit: won, user: 2}]}
  two: {when: paid changes, then: [{add: {balance: 1}}]}
  won: {when: event won, then: [{send: a}]}
",
    );
    world.meet_another();
    world.set("balance", Value::Int(5));
    assert_eq!((world.posted_to(), world.traces()), (vec![], "cascade:".to_owned()));
}

#[test]
fn unknown_is_what_no_other_rule_names() {
    let rules = "\
rules:
  counted: {when: event message, then: [{add: {balance: 1}}]}
  hello: {when: 'text \"^hello\"', if: paid > 100, then: [{send: b}]}
  guide: {when: command /guide, limit: once ever, then: [{send: c}]}
  menu: {when: button menu, then: [{send: d}]}
  unknown_text: {when: unknown message, then: [{send: a}]}
  unknown_press: {when: unknown button, then: [{send: bye}]}
";
    let world = World::new(rules);
    let text = |name: &str, value: &str| vec![(Arc::from(name), Value::text(value))];
    for (event, properties, expected) in [
        ("message", text("text", "what?"), "a"),
        ("message", text("text", "/nothing"), "a"),
        // a photo
        ("message", vec![], "a"),
        // what a rule names is known, whatever becomes of it
        ("message", text("text", "hello there"), ""),
        ("message", text("text", "/guide"), "c"),
        ("message", text("text", "/guide"), ""),
        ("press", text("button", "menu"), "d"),
        ("press", text("button", "gone"), "bye"),
        ("press", vec![], "bye"),
        ("start", vec![], ""),
    ] {
        world.event_with(event, properties.clone());
        assert_eq!(world.sent(), expected, "{event} {properties:?}");
    }
    // the bot has answered by itself
    for event in ["message", "press"] {
        world.event_with(event, vec![(crate::model::event::ANSWERED.into(), Value::Bool(true))]);
        assert_eq!(world.sent(), "", "{event}");
    }
}
