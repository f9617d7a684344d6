//! What comes after a broadcast: blocks that are put down to it, messages that
//! are taken back, and those sent again of which nobody knows whether they
//! arrived.

use super::world::World;
use vestnik::engine::broadcast::{BroadcastError, Steer};
use vestnik::engine::deliveries::{DeliveriesError, Delivery, Picked, Plea, RowState};
use vestnik::model::{TimeDelta, Value};
use vestnik::outbox::Recall;
use vestnik::sandbox::{Fault, FaultEffect};

const TWO: &str = "broadcasts:\n  hi: {to: true, send: hello}\n  again: {to: true, send: hello}\n";
const PHOTO: &str = "https://example.org/spring.jpg";

fn blocked_after(world: &World) -> [u32; 2] {
    ["hi", "again"].map(|name| world.run(name).blocked_after)
}

fn both(world: &World) {
    for name in ["hi", "again"] {
        world.launch(name);
        world.finish(name);
    }
}

/// Waits until the bot has handled everything that happened before.
fn hear(world: &World, chat: i64) {
    let before = world.hold([chat]);
    world.sandbox().user_says(chat, "/subscribe").unwrap();
    world.wait(|| world.hold([chat]) != before);
}

#[test]
fn a_block_within_a_day_is_put_down_to_the_last_mailing() {
    let mut world = World::new(TWO, &[], &[(1, &[]), (2, &[]), (3, &[]), (4, &[])]);
    world.launch("hi");
    world.finish("hi");
    world.sandbox().block(1).unwrap();
    world.wait(|| world.run("hi").blocked_after == 1);
    world.launch("again");
    let run = world.finish("again");
    assert_eq!((run.sent, run.skipped.get("blocked")), (3, Some(&1)));
    world.advance(TimeDelta::hours(23));
    world.restart();
    world.sandbox().block(2).unwrap();
    world.wait(|| blocked_after(&world) == [1, 1]);
    world.advance(TimeDelta::hours(2));
    world.sandbox().block(3).unwrap();
    hear(&world, 4);
    assert_eq!(blocked_after(&world), [1, 1]);
}

#[test]
fn who_blocks_the_bot_is_counted_once() {
    let world = World::new(TWO, &[], &[(1, &[]), (2, &[]), (3, &[])]);
    both(&world);
    // to and fro
    for _ in 0..2 {
        world.sandbox().block(1).unwrap();
        hear(&world, 3);
        world.sandbox().unblock(1).unwrap();
        hear(&world, 3);
    }
    assert_eq!(blocked_after(&world), [0, 1]);
    // the refusal comes before the update that tells of the same block
    let blocked = FaultEffect::Refuse { code: 403, description: "Forbidden: bot was blocked by the user".into() };
    world.sandbox().add_fault(Fault::every("sendMessage", blocked).in_chats(2, 2));
    assert_eq!(world.start_again("again").failed.get("blocked"), Some(&1));
    world.sandbox().block(2).unwrap();
    hear(&world, 3);
    let first: u32 =
        world.engine().outbox().unwrap().status().unwrap().runs.iter().map(|run| run.ledger.blocked_after).sum();
    assert_eq!(first, 2);
}

#[test]
fn what_still_goes_out_is_not_taken_back() {
    let world = World::new(TWO, &[], &[(1, &[]), (2, &[])]);
    let refused = |how| match world.engine().recall_broadcast("hi", how) {
        Err(BroadcastError::StillGoing { name }) => name == "hi",
        _ => false,
    };
    world.engine().disarm().unwrap();
    world.launch("hi");
    assert!(refused(Recall::Delete) && refused(Recall::Edit));
    world.engine().steer_broadcast("hi", Steer::Pause).unwrap();
    assert!(refused(Recall::Delete) && refused(Recall::Edit));
    world.engine().steer_broadcast("hi", Steer::Cancel).unwrap();
    let nothing = world.engine().recall_broadcast("hi", Recall::Delete);
    assert!(matches!(nothing, Err(BroadcastError::NothingToRecall { .. })), "{nothing:?}");
}

#[test]
fn all_messages_of_a_recipient_are_taken_back() {
    let long = format!("---\nphoto: {PHOTO}\n---\n{}\n", "long ".repeat(300));
    let album = format!("---\nalbum: [{PHOTO}, {PHOTO}?2, {PHOTO}?3]\n---\nthree\n");
    let album_and_text = long.replace(&format!("photo: {PHOTO}"), &format!("album: [{PHOTO}, {PHOTO}?2]"));
    for (template, messages) in [("hello\n".to_owned(), 1), (long, 2), (album, 3), (album_and_text, 3)] {
        let world = World::new(TWO, &[("templates/hello.en.html", &template)], &[(1, &[]), (2, &[])]);
        both(&world);
        assert_eq!(world.hold([1, 2]), [2 * messages; 2], "{template}");
        let recall = world.engine().recall_broadcast("hi", Recall::Delete).unwrap();
        assert_eq!(recall.total as usize, 2 * messages, "{template}");
        world.wait(|| world.recall("hi").is_some_and(|recall| !recall.run.is_open()));
        // those of the other broadcast stay
        assert_eq!(world.hold([1, 2]), [messages; 2], "{template}");
        let recalled = world.recall("hi").unwrap().run;
        assert_eq!(recalled.sent as usize, 2 * messages, "{template}");
        // once more: nothing is there to delete or to edit
        let ledgers = || world.engine().outbox().unwrap().status().unwrap().runs.len();
        let before = ledgers();
        let again = world.engine().recall_broadcast("hi", Recall::Delete).unwrap();
        assert_eq!((again.sent, again.state, ledgers()), (recalled.sent, recalled.state, before), "{template}");
        let edited = world.engine().recall_broadcast("hi", Recall::Edit);
        assert!(matches!(edited, Err(BroadcastError::NothingToRecall { .. })), "{edited:?}");
    }
}

#[test]
fn a_recall_takes_what_the_last_one_could_not() {
    let world = World::new(TWO, &[], &[(1, &[]), (2, &[]), (3, &[])]);
    world.launch("hi");
    world.finish("hi");
    let refused = FaultEffect::Refuse { code: 400, description: "Bad Request: message can't be deleted".into() };
    world.sandbox().add_fault(Fault::every("deleteMessage", refused).in_chats(2, 2).times(1));
    for (rows, left) in [(3, [0, 1, 0]), (1, [0, 0, 0])] {
        assert_eq!(world.engine().recall_broadcast("hi", Recall::Delete).unwrap().total, rows);
        world.wait(|| world.recall("hi").is_some_and(|recall| !recall.run.is_open()));
        assert_eq!(world.hold([1, 2, 3]), left);
    }
}

/// A picture that is refused takes its text along, which counts no second time,
/// and brings it back when it is sent again.
#[test]
fn a_text_goes_with_its_picture() {
    let template = format!("---\nphoto: {PHOTO}\n---\n{}\n", "long ".repeat(300));
    for (code, words, failed, skipped) in [
        (400, "Bad Request: wrong file identifier/HTTP URL specified", "content_error", "content_error"),
        (403, "Forbidden: bot was blocked by the user", "blocked", "blocked"),
        (400, "Bad Request: not enough rights to send photos to the chat", "chat_refused", ""),
    ] {
        let world = World::new(TWO, &[("templates/hello.en.html", &template)], &[(1, &[]), (2, &[]), (3, &[])]);
        let refused = FaultEffect::Refuse { code, description: words.into() };
        world.sandbox().add_fault(Fault::every("sendPhoto", refused).in_chats(2, 2).times(1));
        world.launch("hi");
        let run = world.finish("hi");
        let counts = (run.failed.get(failed).copied(), run.skipped.get(skipped).copied());
        let expected = if skipped.is_empty() { (Some(2), None) } else { (Some(1), Some(1)) };
        assert_eq!((counts, world.hold([1, 2, 3])), (expected, [2, 0, 2]), "{words}: {run:?}");
        world.set(2, &[("reach", Value::text("reachable"))]);
        let is_first = |row: &&Delivery| row.user == 2 && row.part == 0 && row.state == RowState::Failed;
        world.wait(|| world.rows("hi").iter().any(|row| is_first(&row)));
        let keys = world.rows("hi").iter().filter(is_first).map(|row| row.key.clone()).collect();
        let told = world.engine().retry_deliveries(&Picked { keys, ..Picked::default() }).unwrap();
        assert_eq!(told.rows, 2, "{words}");
        let run = world.finish("hi");
        assert_eq!((run.sent, run.failed_total(), run.skipped_total()), (6, 0, 0), "{words}: {run:?}");
        assert_eq!(world.hold([1, 2, 3]), [2, 2, 2], "{words}");
    }
}

#[test]
fn what_is_in_doubt_is_sent_again_when_somebody_says_so() {
    for caps in ["", "policy: {caps: [1 per day]}\n"] {
        for restarts in [false, true] {
            let mut world = World::new(&format!("{caps}{TWO}"), &[], &[(1, &[]), (2, &[]), (3, &[])]);
            let lost = Fault::every("sendMessage", FaultEffect::BadGatewayAfter).in_chats(2, 2).times(1);
            world.sandbox().add_fault(lost);
            world.launch("hi");
            let run = world.finish("hi");
            assert_eq!((run.sent, run.in_doubt), (2, 1));
            if restarts {
                world.restart();
            }
            let picked = Picked { broadcast: Some("hi".into()), state: Some(RowState::InDoubt), ..Picked::default() };
            let refused = world.engine().retry_deliveries(&picked);
            assert!(matches!(refused, Err(DeliveriesError::MayArriveTwice { rows: 1 })), "{refused:?}");
            let amended = world.engine().retry_deliveries(&Picked { twice: Plea::Allow, ..picked }).unwrap();
            assert_eq!((amended.rows, amended.in_doubt, amended.others), (1, 1, 0));
            let run = world.finish("hi");
            assert_eq!((run.sent, run.in_doubt, run.skipped_total()), (3, 0, 0), "{caps} {restarts}: {run:?}");
            assert_eq!(world.hold([1, 2, 3]), [1, 2, 1]);
        }
    }
}

/// The first request may have arrived, whatever became of the others.
#[test]
fn what_was_sent_again_in_vain_stays_in_doubt() {
    let rules = "broadcasts:\n  hi: {to: true, send: {template: hello, transactional: true}}\n";
    let world = World::new(rules, &[], &[(1, &[]), (2, &[]), (3, &[])]);
    let to_two = |effect| Fault::every("sendMessage", effect).in_chats(2, 2);
    world.sandbox().add_fault(to_two(FaultEffect::BadGatewayAfter).times(1));
    world.sandbox().add_fault(to_two(FaultEffect::ServerError));
    world.launch("hi");
    world.wait(|| {
        world.advance(TimeDelta::seconds(1));
        !world.run("hi").is_open()
    });
    let run = world.run("hi");
    assert_eq!((run.sent, run.in_doubt, run.failed_total()), (2, 1, 0), "{run:?}");
    assert_eq!(world.hold([1, 2, 3]), [1, 1, 1]);
}
