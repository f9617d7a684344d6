//! Photos: the address goes out until Telegram has told the photo's id, then
//! the id; and an id that is refused costs nobody a message.

use super::support::{Bench, wait};
use std::sync::Arc;
use vestnik::clock::ManualClock;
use vestnik::model::{Limits, Media, MediaSource, Message, Rate, Time, TimeDelta};
use vestnik::outbox::{Ask, FailureKind, Outbox, Prepare, Prepared};
use vestnik::sandbox::{Fault, FaultEffect};
use vestnik::store::{Batch, Pair, Store, Transaction};

const ADDRESS: &str = "https://example.org/sale.jpg";
const OTHER: &str = "https://example.org/sale.jpg?2";
const STALE: &str = "Bad Request: FILE_REFERENCE_EXPIRED";

/// One photo for everybody.
struct Photo(String);

impl Prepare for Photo {
    fn prepare(&mut self, ask: &Ask<'_>) -> Prepared {
        let user = ask.user;
        let media = Media::photo(MediaSource::parse(&self.0).unwrap());
        let message = Message { text: format!("hello {user}"), media, ..Message::default() };
        Prepared::Send(Box::new(message))
    }
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

    fn start(&mut self, photo: &str, users: i64, limits: Limits) -> (Outbox, Vec<i64>) {
        self.broadcasts += 1;
        let first = 1_000 * i64::try_from(self.broadcasts).unwrap();
        let users: Vec<i64> = (first..first + users).collect();
        self.bench.ledger(self.broadcasts, &users, None);
        let (outbox, _) = self.bench.outbox_of(limits, Box::new(Photo(photo.into())));
        (outbox, users)
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

    /// The records of photos.
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
