//! Slots that are held, used and given back, and random traffic against a list
//! of everything that was ever sent.

use super::*;
use crate::rulebook::Period;
use jiff::Timestamp;
use proptest::prelude::*;

const USER: UserId = UserId(7);
const HOUR: i64 = 3_600_000;

fn row(index: u32) -> RowId {
    RowId { ledger: LedgerId(1), chunk: 0, index }
}

fn per_day(count: u32) -> [Cap; 1] {
    [Cap { count, per: Period::Rolling(TimeDelta::hours(24)) }]
}

fn left(touches: &Touches, cap: u32, now: i64) -> u32 {
    match touches.room(USER, &per_day(cap), &TimeZone::UTC, Time(now)) {
        Room::Free(left) => left,
        Room::Full { .. } => 0,
    }
}

#[test]
fn a_slot_is_held_once_and_used_or_given_back() {
    let mut touches = Touches::default();
    assert_eq!(left(&touches, 3, 0), 3);
    touches.reserve(USER, row(1));
    touches.reserve(USER, row(1));
    assert_eq!(left(&touches, 3, 0), 2);
    touches.reserve(USER, row(2));
    assert_eq!(left(&touches, 3, 0), 1);
    touches.release(USER, row(2));
    touches.release(USER, row(2));
    touches.release(UserId(8), row(1));
    assert_eq!(left(&touches, 3, 0), 2);
    touches.confirm(USER, row(1), Time(HOUR));
    assert_eq!(left(&touches, 3, 2 * HOUR), 2);
    // Confirmed without a slot: sent by an earlier process.
    touches.confirm(USER, row(9), Time(2 * HOUR));
    assert_eq!(left(&touches, 3, 2 * HOUR), 1);
    assert_eq!(left(&touches, 3, 25 * HOUR), 2);
    assert!(touches.held.is_empty());
}

#[test]
fn the_past_is_read_in_any_order_and_forgotten() {
    let mut touches = Touches::default();
    for (at, ledger) in [(5, 50), (1, 10), (3, 30), (3, 31), (4, 40)] {
        touches.note(USER, Time(at * HOUR), LedgerId(ledger));
    }
    touches.note(UserId(8), Time(HOUR), LedgerId(10));
    for (within, now, expected) in [
        (24, 6, Some(50)),
        (24, 5, Some(50)),
        (24, 4, Some(40)),
        (24, 3, Some(31)),
        (24, 0, None),
        (24, 29, None),
        (25, 29, Some(50)),
    ] {
        let found = touches.last_marketing(USER, TimeDelta::hours(within), Time(now * HOUR));
        assert_eq!(found, expected.map(LedgerId), "{within} hours before {now}");
    }
    assert_eq!(touches.last_marketing(UserId(9), TimeDelta::hours(24), Time(0)), None);
    assert_eq!(left(&touches, 9, 5 * HOUR), 4);
    touches.forget(Time(3 * HOUR));
    assert_eq!(left(&touches, 9, 5 * HOUR), 5);
    assert!(!touches.sent.contains_key(&UserId(8)));
    touches.forget(Time(6 * HOUR));
    assert!(touches.sent.is_empty());
}

#[test]
fn a_touch_keeps_its_time_and_ledger() {
    assert_eq!(size_of::<Touch>(), 12);
    for (at, ledger) in
        [(0, 0), (1_767_571_200_123, 1), (u32::MAX.into(), u32::MAX.into()), ((1 << 48) - 1, (1 << 48) - 1)]
    {
        let touch = Touch::new(Time(at), LedgerId(ledger));
        assert_eq!((touch.at(), touch.ledger()), (Time(at), LedgerId(ledger)));
    }
    assert_eq!(Touch::new(Time(-5), LedgerId(3)).at(), Time(0));
}

#[test]
fn a_user_takes_about_a_hundred_bytes() {
    let users = 100_000;
    let mut touches = Touches::default();
    for n in 0..3 * users {
        touches.note(UserId(n % users), Time(n), LedgerId(1));
    }
    // The allocator rounds a box up to 16 bytes and adds 8 to it.
    let boxed = |list: &[Touch]| (size_of_val(list) + 8).next_multiple_of(16);
    let boxes: usize = touches.sent.values().map(|list| boxed(list)).sum();
    let table = touches.sent.capacity() * 8 / 7 * (size_of::<(UserId, Box<[Touch]>)>() + 1);
    let each = (boxes + table) / usize::try_from(users).unwrap();
    assert!((60..110).contains(&each), "{each} bytes a user");
}

/// What may happen: to user `who`, with row `row`.
#[derive(Clone, Copy, Debug)]
enum Op {
    Pass(i64),
    /// Reserve if there is room.
    Send {
        who: i64,
        row: u32,
    },
    Confirm {
        who: i64,
        row: u32,
    },
    Release {
        who: i64,
        row: u32,
    },
    Forget,
}

fn op() -> impl Strategy<Value = Op> {
    let (who, row) = (0..3i64, 0..6u32);
    prop_oneof![
        2 => (0..40 * HOUR).prop_map(Op::Pass),
        2 => (0..HOUR).prop_map(Op::Pass),
        8 => (who.clone(), row.clone()).prop_map(|(who, row)| Op::Send { who, row }),
        6 => (who.clone(), row.clone()).prop_map(|(who, row)| Op::Confirm { who, row }),
        2 => (who, row).prop_map(|(who, row)| Op::Release { who, row }),
        1 => Just(Op::Forget),
    ]
}

fn caps() -> impl Strategy<Value = Vec<Cap>> {
    let per = prop_oneof![
        Just(Period::Day),
        Just(Period::Week),
        (1..100 * HOUR).prop_map(|length| Period::Rolling(TimeDelta(length))),
    ];
    prop::collection::vec((1..6u32, per).prop_map(|(count, per)| Cap { count, per }), 0..4)
}

const STARTS: [(&str, &str); 6] = [
    ("UTC", "2026-01-04T20:00:00Z"),
    ("Europe/Berlin", "2026-03-28T10:00:00Z"),
    ("Europe/Berlin", "2026-10-24T10:00:00Z"),
    ("America/Havana", "2026-10-31T10:00:00Z"),
    ("Pacific/Apia", "2011-12-28T10:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-03T10:00:00Z"),
];

/// Everything, kept as it comes.
struct Oracle {
    zone: TimeZone,
    sent: Vec<(i64, Time)>,
    held: Vec<(i64, u32)>,
}

impl Oracle {
    fn zoned(&self, at: Time) -> jiff::Zoned {
        Timestamp::from_millisecond(at.0).unwrap().to_zoned(self.zone.clone())
    }

    fn counts(&self, per: Period, sent: Time, now: Time) -> bool {
        let (was, is) = (self.zoned(sent).date(), self.zoned(now).date());
        match per {
            Period::Day => was == is,
            Period::Week => {
                was.iso_week_date().year() == is.iso_week_date().year()
                    && was.iso_week_date().week() == is.iso_week_date().week()
            }
            Period::Rolling(length) => now - sent < length,
        }
    }

    /// What is left at `now` where the slots held at `held_at` are used then.
    fn left(&self, who: i64, caps: &[Cap], now: Time, held_at: Time) -> i64 {
        let held = self.held.iter().filter(|(user, _)| *user == who).map(|_| held_at);
        let sent: Vec<Time> =
            self.sent.iter().filter(|(user, _)| *user == who).map(|(_, at)| *at).chain(held).collect();
        let left = |cap: &Cap| {
            let used = sent.iter().filter(|at| self.counts(cap.per, **at, now)).count();
            i64::from(cap.count) - i64::try_from(used).unwrap()
        };
        caps.iter().map(left).min().unwrap_or(u32::MAX.into())
    }

    /// No period around any message has more than its cap.
    fn is_kept(&self, caps: &[Cap]) -> bool {
        self.sent.iter().all(|(who, now)| {
            let up_to = |at: &Time| *at <= *now;
            caps.iter().all(|cap| {
                let in_period = |(user, at): &&(i64, Time)| user == who && up_to(at) && self.counts(cap.per, *at, *now);
                self.sent.iter().filter(in_period).count() <= usize::try_from(cap.count).unwrap()
            })
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn random_traffic_keeps_random_caps(
        start in 0..STARTS.len(), caps in caps(), ops in prop::collection::vec(op(), 1..120),
    ) {
        let (place, now) = STARTS[start];
        let zone = TimeZone::get(place).unwrap();
        let mut now = Time(now.parse::<Timestamp>().unwrap().as_millisecond());
        let mut oracle = Oracle { zone: zone.clone(), sent: Vec::new(), held: Vec::new() };
        let mut touches = Touches::default();
        for op in ops {
            match op {
                Op::Pass(length) => now = now + TimeDelta(length),
                Op::Send { who, row: index } => {
                    let room = touches.room(UserId(who), &caps, &zone, now);
                    let left = oracle.left(who, &caps, now, now);
                    match room {
                        Room::Free(free) => prop_assert_eq!(i64::from(free), left),
                        Room::Full { until } => {
                            prop_assert!(left <= 0);
                            prop_assert!(oracle.left(who, &caps, until, now) > 0);
                            prop_assert!(oracle.left(who, &caps, until - TimeDelta(1), now) <= 0);
                        }
                    }
                    if matches!(room, Room::Free(_)) && !oracle.held.contains(&(who, index)) {
                        touches.reserve(UserId(who), row(index));
                        oracle.held.push((who, index));
                    }
                }
                Op::Confirm { who, row: index } if oracle.held.contains(&(who, index)) => {
                    touches.confirm(UserId(who), row(index), now);
                    oracle.held.retain(|held| *held != (who, index));
                    oracle.sent.push((who, now));
                    let last = touches.last_marketing(UserId(who), TimeDelta(1), now);
                    prop_assert_eq!(last, Some(LedgerId(1)));
                }
                Op::Confirm { .. } => {}
                Op::Release { who, row: index } => {
                    touches.release(UserId(who), row(index));
                    oracle.held.retain(|held| *held != (who, index));
                }
                Op::Forget => touches.forget(now - caps::horizon(&caps)),
            }
        }
        prop_assert!(oracle.is_kept(&caps));
    }
}
