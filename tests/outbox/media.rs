//! Files: the source goes out until Telegram has told the file's id, then the
//! id; and an id that is refused costs nobody a message. A file of the project
//! is uploaded once.

use super::support::{Bench, wait};
use std::collections::BTreeMap;
use std::sync::Arc;
use vestnik::clock::ManualClock;
use vestnik::model::{Limits, Media, MediaItem, MediaKind, MediaSource, Message, Rate, Time, TimeDelta};
use vestnik::outbox::{Ask, Cause, Counts, FailureKind, Lane, Ledger, LedgerId, Outbox, Prepare, Prepared, State};
use vestnik::sandbox::{Fault, FaultEffect, Origin};
use vestnik::store::{Batch, Pair, Store, Transaction};

const ADDRESS: &str = "https://example.org/sale.jpg";
const OTHER: &str = "https://example.org/sale.jpg?2";
const STALE: &str = "Bad Request: FILE_REFERENCE_EXPIRED";

/// The same files for everybody; nothing in the second part of a message.
struct Carries(Media);

impl Prepare for Carries {
    fn prepare(&mut self, ask: &Ask<'_>) -> Prepared {
        let media = if ask.part == 0 { self.0.clone() } else { Media::None };
        let message = Message { text: format!("hello {}", ask.user), media, ..Message::default() };
        Prepared::Send(Box::new(message))
    }
}

fn photo(source: &str) -> Media {
    Media::photo(MediaSource::parse(source).unwrap())
}

fn item(kind: MediaKind, source: &str) -> MediaItem {
    MediaItem { kind, source: MediaSource::parse(source).unwrap() }
}

/// Broadcasts of photos, each in a process of its own and to users of its own.
struct Shop {
    bench: Bench,
    clock: Arc<ManualClock>,
    broadcasts: u64,
}

impl Shop {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new(Time(1_767_225_600_000)));
        Self { bench: Bench { clock: clock.clone(), ..Bench::new() }, clock, broadcasts: 0 }
    }

    fn start(&mut self, source: &str, users: i64, limits: Limits) -> (Outbox, Vec<i64>) {
        self.start_media(photo(source), users, limits)
    }

    fn start_media(&mut self, media: Media, users: i64, limits: Limits) -> (Outbox, Vec<i64>) {
        self.broadcasts += 1;
        let first = 1_000 * i64::try_from(self.broadcasts).unwrap();
        let users: Vec<i64> = (first..first + users).collect();
        self.bench.ledger(self.broadcasts, &users, None);
        let (outbox, _) = self.bench.outbox_of(limits, Box::new(Carries(media)));
        (outbox, users)
    }

    /// Waits for the end of a run whose rows go back to the queue: they are due
    /// a moment later, which a clock that stands still never comes to.
    fn finish(&self, outbox: Outbox, id: u64) -> (Counts, BTreeMap<i64, State>) {
        wait(|| {
            self.clock.advance(TimeDelta::millis(1));
            outbox.status().unwrap().runs.iter().all(|run| run.counts.is_done())
        });
        self.bench.finish(outbox, id)
    }

    /// Sends to all as fast as may be; how each of them got each file.
    fn send_media(&mut self, media: Media, users: i64) -> Vec<Vec<Origin>> {
        let (outbox, users) = self.start_media(media, users, Limits::default());
        let (counts, _) = self.finish(outbox, self.broadcasts);
        assert_eq!(counts.sent as usize, users.len(), "{counts:?}");
        let origins = |user: &i64| {
            let received = self.bench.sandbox().received(*user);
            received.iter().map(|message| message.file.unwrap().1).collect()
        };
        users.iter().map(origins).collect()
    }

    fn write(&self, path: &str, text: &str) {
        std::fs::write(self.bench.folder.path().join(path), text).unwrap();
    }

    fn uploads(&self) -> u64 {
        self.bench.sandbox().counters().uploads
    }

    /// Sends to all as fast as may be; what each of them got.
    fn send(&mut self, photo: &str, users: i64) -> Vec<String> {
        let (outbox, users) = self.start(photo, users, Limits::default());
        let (counts, _) = self.bench.finish(outbox, self.broadcasts);
        assert_eq!(counts.sent as usize, users.len(), "{counts:?}");
        self.got(&users)
    }

    /// The same, each when the one before was settled.
    fn send_one_by_one(&mut self, photo: &str, users: i64) -> Vec<String> {
        let limits = Limits { bot: Some(Rate::per_second(1)), ..Limits::default() };
        let (outbox, users) = self.start(photo, users, limits);
        for settled in 0..=users.len() {
            wait(|| outbox.status().unwrap().runs.pop().unwrap().counts.sent as usize == settled);
            self.clock.advance(TimeDelta::seconds(2));
        }
        outbox.stop();
        self.got(&users)
    }

    fn got(&self, users: &[i64]) -> Vec<String> {
        let one = |user: &i64| {
            let received = self.bench.sandbox().received(*user);
            assert_eq!(received.len(), 1, "{user} has {received:?}");
            received[0].media.clone().unwrap()
        };
        users.iter().map(one).collect()
    }

    fn refuse(&self, description: &str) -> Fault {
        Fault::every("sendPhoto", FaultEffect::Refuse { code: 400, description: description.into() })
    }

    fn requests(&self) -> u64 {
        self.bench.sandbox().counters().requests
    }

    /// Makes the ids of a kind such as this bot never gave.
    fn spoil(&self, start: &str) {
        let mut batch = Batch::new();
        for (key, mut value) in self.known() {
            if let Some(id) = value.windows(4).position(|bytes| bytes == start.as_bytes()) {
                value[id + 12] ^= 1;
                batch.put(key, value);
            }
        }
        self.bench.writer.commit(Transaction::batch(batch)).unwrap();
    }

    /// The records of files.
    fn known(&self) -> Vec<Pair> {
        self.bench.store.scan(b"m", b"").map(Result::unwrap).collect()
    }
}

#[test]
fn the_first_message_carries_the_address_and_the_rest_the_id() {
    let mut shop = Shop::new();
    let got = shop.send_one_by_one(ADDRESS, 50);
    assert_eq!(got[0], ADDRESS);
    let id = got[1].clone();
    assert!(id.starts_with("AgAC") && got[1..].iter().all(|photo| *photo == id), "{got:?}");
    assert_eq!((shop.known().len(), shop.requests()), (1, 50));
    // the next process knows it, for thirty days
    assert_eq!(shop.send(ADDRESS, 3), vec![id.clone(); 3]);
    let other = shop.send_one_by_one(OTHER, 2);
    assert!(other[0] == OTHER && other[1].starts_with("AgAC") && other[1] != id, "{other:?}");
    assert_eq!(shop.known().len(), 2);
    shop.clock.advance(TimeDelta::days(31));
    assert_eq!(shop.send_one_by_one(ADDRESS, 2), [ADDRESS, id.as_str()]);
    assert_eq!(shop.known().len(), 1, "the other one was old, too");
    // an id of the template's own is none of the cache's
    assert_eq!(shop.send(&id, 2), vec![id.clone(); 2]);
    assert_eq!(shop.known().len(), 1);
}

#[test]
fn a_refused_id_is_replaced_by_the_address() {
    for text in [
        STALE,
        "Bad Request: wrong file identifier/HTTP URL specified",
        "Bad Request: wrong remote file identifier specified: Wrong padding in the string",
    ] {
        let mut shop = Shop::new();
        shop.send(ADDRESS, 1);
        shop.bench.sandbox().add_fault(shop.refuse(text).times(1));
        assert_eq!((shop.send(ADDRESS, 1), shop.requests()), (vec![ADDRESS.to_owned()], 3), "{text}");
        assert_eq!(shop.known(), [], "{text}");
        assert_eq!(shop.send_one_by_one(ADDRESS, 2)[0], ADDRESS, "{text}");
    }
}

#[test]
fn ids_of_another_bot_cost_nobody_a_message() {
    let mut shop = Shop::new();
    shop.send(ADDRESS, 1);
    let known = shop.known();
    let (key, mut value) = known[0].clone();
    let id = value.windows(4).position(|bytes| bytes == b"AgAC").unwrap();
    value[id + 12] ^= 1;
    let mut batch = Batch::new();
    batch.put(key, value);
    shop.bench.writer.commit(Transaction::batch(batch)).unwrap();
    let got = shop.send(ADDRESS, 300);
    assert!(got.contains(&ADDRESS.to_owned()) && shop.requests() > 301);
    assert_eq!((shop.known().len(), shop.bench.sandbox().accepted()), (1, 301));
    assert_eq!(shop.known()[0].1[id..][..43], known[0].1[id..][..43], "the right one is learned");
}

#[test]
fn an_address_that_is_refused_fails_its_row() {
    let mut shop = Shop::new();
    shop.send(ADDRESS, 1);
    shop.bench.sandbox().add_fault(shop.refuse(STALE).times(2));
    let (outbox, _) = shop.start(ADDRESS, 1, Limits::default());
    let (counts, _) = shop.bench.finish(outbox, 2);
    assert_eq!((counts.failed.get(&FailureKind::Content), shop.requests()), (Some(&1), 3));
}

#[test]
fn a_row_that_turns_to_the_address_stays_leased() {
    let mut shop = Shop::new();
    shop.send(ADDRESS, 1);
    shop.bench.sandbox().add_fault(shop.refuse(STALE).times(1));
    shop.bench.sandbox().add_fault(Fault::every("sendPhoto", FaultEffect::Hang));
    let (outbox, _) = shop.start(ADDRESS, 1, Limits::default());
    wait(|| outbox.status().is_ok() && shop.requests() == 3);
    assert_eq!(shop.bench.stored(2).0.leased, 1);
    std::thread::scope(|scope| {
        let stop = scope.spawn(|| outbox.stop());
        wait(|| {
            shop.clock.advance(TimeDelta::seconds(1));
            stop.is_finished()
        });
    });
    let (counts, _) = shop.bench.stored(2);
    assert_eq!((counts.in_doubt, shop.requests(), shop.known().len()), (1, 3, 0));
}

#[test]
fn a_file_of_the_project_is_uploaded_once() {
    let mut shop = Shop::new();
    shop.write("a.jpg", "one");
    let got = shop.send_media(photo("a.jpg"), 100);
    let by_upload = got.iter().filter(|origins| **origins == [Origin::Upload]).count();
    let by_id = got.iter().filter(|origins| **origins == [Origin::Id]).count();
    assert_eq!((by_upload, by_id, shop.uploads(), shop.requests()), (1, 99, 1, 100));
    // the next process knows it; another path to it is another file
    assert_eq!(shop.send_media(photo("a.jpg"), 3), vec![[Origin::Id]; 3]);
    // as another kind, and written again, it is another file
    for (kind, text, uploads) in
        [(MediaKind::Document, "one", 2), (MediaKind::Video, "one", 3), (MediaKind::Photo, "three", 4)]
    {
        if text != "one" {
            shop.write("a.jpg", text);
        }
        let got = shop.send_media(Media::One(item(kind, "a.jpg")), 20);
        assert_eq!((got.len(), shop.uploads()), (20, uploads), "{kind:?}");
    }
}

#[test]
fn a_refused_id_is_uploaded_again_once() {
    let mut shop = Shop::new();
    shop.write("a.jpg", "one");
    shop.send_media(photo("a.jpg"), 1);
    shop.spoil("AgAC");
    let got = shop.send_media(photo("a.jpg"), 100);
    assert_eq!((got.len(), shop.uploads()), (100, 2), "{got:?}");
    assert_eq!(shop.bench.sandbox().accepted(), 101);
    // one that is refused as an upload, too, fails its row
    shop.spoil("AgAC");
    shop.bench.sandbox().add_fault(shop.refuse(STALE));
    let (outbox, _) = shop.start_media(photo("a.jpg"), 2, Limits::default());
    let (counts, _) = shop.finish(outbox, 3);
    assert_eq!(counts.failed.get(&FailureKind::Content), Some(&2));
}

#[test]
fn others_go_on_while_a_file_is_uploaded() {
    let shop = Shop::new();
    shop.write("a.jpg", "one");
    shop.bench.sandbox().add_fault(Fault::every("sendPhoto", FaultEffect::Hang).times(1));
    let users: Vec<i64> = (1..=50).collect();
    shop.bench.ledger(1, &users, None);
    shop.bench.ledger(2, &(101..=150).collect::<Vec<_>>(), None);
    let (outbox, _) = shop.bench.outbox_of(Limits::default(), Box::new(Mixed));
    let sent = |id| outbox.status().unwrap().runs.iter().find(|run| run.ledger.id.0 == id).unwrap().counts.sent;
    wait(|| sent(2) == 50);
    let first = outbox.status().unwrap().runs.remove(0).counts;
    assert_eq!((first.sent, first.leased, first.queued), (0, 1, 49), "the rest waits for the answer");
    std::thread::scope(|scope| {
        let stop = scope.spawn(|| outbox.stop());
        wait(|| {
            shop.clock.advance(TimeDelta::seconds(1));
            stop.is_finished()
        });
    });
}

/// A file for the first ledger, text for the second.
struct Mixed;

impl Prepare for Mixed {
    fn prepare(&mut self, ask: &Ask<'_>) -> Prepared {
        let media = if ask.ledger.id.0 == 1 { photo("a.jpg") } else { Media::None };
        Prepared::Send(Box::new(Message { text: "hello".into(), media, ..Message::default() }))
    }
}

#[test]
fn an_album_is_several_messages_and_one_row() {
    let mut shop = Shop::new();
    shop.write("a.jpg", "one");
    shop.write("b.mp4", "two");
    let album = Media::Album(vec![
        item(MediaKind::Photo, "a.jpg"),
        item(MediaKind::Video, "b.mp4"),
        item(MediaKind::Photo, ADDRESS),
    ]);
    let got = shop.send_media(album.clone(), 40);
    let first = vec![Origin::Upload, Origin::Upload, Origin::Url];
    assert_eq!(got.iter().filter(|origins| **origins == first).count(), 1);
    assert_eq!(got.iter().filter(|origins| **origins == [Origin::Id; 3]).count(), 39, "{got:?}");
    assert_eq!((shop.uploads(), shop.known().len()), (2, 3));
    for (user, state) in shop.bench.stored(1).1 {
        let received = shop.bench.sandbox().received(user);
        let ids: Vec<i32> = received.iter().map(|message| message.message_id).collect();
        assert!(matches!(&state, State::SentMany { messages, .. } if *messages == ids), "{state:?} {ids:?}");
        assert_eq!((received[0].text.clone(), received[1].text.as_str()), (format!("hello {user}"), ""));
    }
    // one of the ids is refused: nobody knows which, and all are learned anew
    shop.spoil("BAAC");
    let got = shop.send_media(album, 10);
    assert_eq!((got.len(), shop.uploads()), (10, 4));
}

#[test]
fn a_file_that_is_gone_fails_its_rows_and_pauses_their_run() {
    let mut shop = Shop::new();
    shop.write("a.jpg", "one");
    shop.send_media(photo("a.jpg"), 1);
    std::fs::remove_file(shop.bench.folder.path().join("a.jpg")).unwrap();
    let (outbox, _) = shop.start_media(photo("a.jpg"), 300, Limits::default());
    wait(|| outbox.status().unwrap().runs.pop().unwrap().counts.failed_total() >= 5);
    outbox.stop();
    let (counts, states) = shop.bench.stored(2);
    assert!(counts.failed[&FailureKind::Content] < 300 && counts.queued > 0, "{counts:?}");
    let failure = states.values().find_map(|state| match state {
        State::Failed { failure, .. } => Some(failure.text.clone()),
        _ => None,
    });
    assert_eq!(failure.as_deref(), Some("the project's file `a.jpg` is not there"));
    assert_eq!(shop.requests(), 1);
}

#[test]
fn two_parts_arrive_in_order() {
    let shop = Shop::new();
    shop.write("a.jpg", "one");
    let users: Vec<i64> = (1..=50).collect();
    let rows: Vec<i64> = users.iter().flat_map(|user| [*user, *user]).collect();
    let cause = Cause::Broadcast { name: "two".into(), occurrence: 1 };
    let ledger = Ledger::new(LedgerId(1), cause, Lane::Broadcast, shop.bench.clock.now(), 100);
    shop.bench.write(&Ledger { parts: 2, ..ledger }, &rows, None);
    let (outbox, _) = shop.bench.outbox_of(Limits::default(), Box::new(Carries(photo("a.jpg"))));
    let (counts, _) = shop.finish(outbox, 1);
    assert_eq!((counts.sent, shop.uploads()), (100, 1), "{counts:?}");
    for user in users {
        let received = shop.bench.sandbox().received(user);
        let media: Vec<bool> = received.iter().map(|message| message.file.is_some()).collect();
        assert_eq!(media, [true, false], "{user}");
    }
}
