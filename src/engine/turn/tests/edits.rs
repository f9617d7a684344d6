//! Drips that are edited, taken out and put back while people are in them: nobody
//! gets a message twice, and nobody waits for what cannot come any more.

use super::{HOUR, USER, World};
use crate::model::{Event, Value};
use crate::store::Transaction;

const NONE: &str = "rules:\n  other: {when: event open, then: [{tag: x}]}\n";

fn drip(steps: &str) -> String {
    format!("{NONE}drips:\n  d: {{when: event pay, steps: [{steps}]}}\n")
}

impl World {
    /// The outbox tells what became of a message of the step `one`.
    fn told(&self, name: &str) {
        let event = Event {
            id: format!("{name}:{}", self.now().0).into(),
            user: USER,
            name: name.into(),
            at: self.now(),
            properties: vec![("by".into(), Value::text("d/one"))],
        };
        self.with(|engine| engine.writer.commit(Transaction::events(vec![event])).unwrap());
    }
}

#[test]
fn a_drip_that_comes_back_goes_on_where_it_was() {
    let message = "{one: {send: a, on_failure: exit}}, {wait: 1 hour}, {two: {send: b}}";
    let wait = "{one: {wait for: {event: won, up to: 1 day}, then: [{send: a}], else: [{send: b}]}}";
    let retry = "{one: {send: a, on_failure: retry}}, {two: {send: b}}";
    for (steps, before, told, after, sent) in [
        // the message was asked for once, whatever becomes of it
        (message, "a", "", "", "b"),
        (wait, "", "", "won", "a"),
        (retry, "a", "undelivered:a", "", "a"),
    ] {
        let world = World::new(&drip(steps));
        world.event("pay");
        assert_eq!(world.sent(), before, "{steps}");
        if !told.is_empty() {
            world.told(told);
        }
        world.reload(NONE);
        world.reload(&drip(steps));
        if !after.is_empty() {
            world.event(after);
        }
        world.pass(HOUR);
        assert_eq!(world.sent(), sent, "{steps}");
    }
}

#[test]
fn an_outcome_is_known_by_its_step_and_not_by_its_template() {
    let world = World::new(&drip("{one: {send: a, on_failure: exit}}, {two: {send: b}}"));
    world.event("pay");
    assert_eq!(world.sent(), "a");
    world.reload(&drip("{one: {send: c, on_failure: exit}}, {two: {send: b}}"));
    world.told("received:a");
    assert_eq!(world.sent(), "b");
    // of two messages of one step the other one does not count
    let world =
        World::new(&drip("{one: {if: balance = 0, then: [{send: a}, {send: c, on_failure: exit}]}}, {two: {send: b}}"));
    world.event("pay");
    world.told("received:a");
    assert_eq!(world.sent(), "a c");
    world.told("received:c");
    assert_eq!(world.sent(), "b");
    // the step sends nothing any more
    let world = World::new(&drip("{one: {send: a, on_failure: exit}}, {two: {send: b}}"));
    world.event("pay");
    world.reload(&drip("{one: {tag: x}}, {two: {send: c}}"));
    world.told("received:a");
    assert_eq!(world.sent(), "a c");
}
