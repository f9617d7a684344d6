//! One made-up user: who never tried, who only tried, who paid; and the forms
//! in which an old table may hold that.

use super::random::Random;
use super::{Cell, UserRow};
use crate::model::Time;

const DAY: i64 = 86_400;
/// Age of the oldest user.
const OLDEST_DAYS: u64 = 700;

const NAMES: [&[&str]; 5] = [
    &[
        "Анна",
        "Иван",
        "Мария",
        "Дмитрий",
        "Екатерина",
        "Алексей",
        "Ольга",
        "Сергей",
        "Юлия",
        "Андрей",
        "Татьяна",
        "Фёдор",
        "Наталья",
        "Артём",
        "Ксения",
        "О'Нил & Ко",
        "Маша 🌸",
        "<b>Вася</b>",
        "Кот_учёный",
        "*Звезда*",
    ],
    &["John", "Emily", "Michael", "Sarah", "O\"Brien", "Zoë", "Chris {{ name }}", "A", "🚀🚀🚀", "Tom & Jerry"],
    &["Айгүл", "Нұрлан", "Әлия", "Ерлан", "Жанар"],
    &["Dilshod", "Gulnora", "Oʻtkir", "Малика"],
    &["Олена", "Тарас", "Їжак", "Jürgen", "José", "王伟", "さくら", "مريم"],
];

/// How far a user came.
#[derive(Clone, Copy)]
enum Way {
    Newcomer,
    Tried,
    Paid,
}

/// User `index` of `n`; the later ones are the younger ones.
pub(super) fn user(index: u64, n: u64, seed: u64, now: Time) -> UserRow {
    let id = 100_000_000 + i64::try_from(index * 5_000 + Random::new(0, index).below(5_000)).unwrap_or(i64::MAX / 2);
    let mut random = Random::new(seed, index);
    let now = now.0 / 1_000;
    let created = now - age(index, n, &mut random);
    let way = way(&mut random);
    let (language, names) = language(&mut random);
    let balance = balance(way, &mut random);
    let paying = matches!(way, Way::Paid) && balance.is_some_and(|days| days > 0);
    [
        if random.percent(4) { Cell::Text(id.to_string()) } else { Cell::Int(id) },
        username(id, &mut random),
        if random.percent(2) { Cell::Text(String::new()) } else { Cell::Text(random.pick(names).to_owned()) },
        language,
        balance.map_or(Cell::Null, Cell::Int),
        trial(way, &mut random),
        paid_count(way, &mut random),
        referrals(&mut random),
        referral_code(id, &mut random),
        last_payment(way, paying, now, created, &mut random),
        stamp(created, &mut random),
        last_seen(paying, now, created, &mut random),
    ]
}

fn way(random: &mut Random) -> Way {
    match random.below(100) {
        0..25 => Way::Newcomer,
        25..60 => Way::Tried,
        _ => Way::Paid,
    }
}

/// Seconds since the user came; a growing bot has more young users than old.
fn age(index: u64, n: u64, random: &mut Random) -> i64 {
    let part = u128::from(n - index) * u128::from(n - index);
    let oldest = u128::from(OLDEST_DAYS) * 86_400;
    let seconds = oldest * part / (u128::from(n) * u128::from(n)).max(1);
    i64::try_from(seconds).unwrap_or(0) + signed(random.below(20 * 3_600)) + 3_600
}

fn language(random: &mut Random) -> (Cell, &'static [&'static str]) {
    let (code, names) = match random.below(100) {
        0..58 => ("ru", NAMES[0]),
        58..73 => ("en", NAMES[1]),
        73..79 => ("kk", NAMES[2]),
        79..84 => ("uz", NAMES[3]),
        84..88 => ("uk", NAMES[4]),
        88..91 => ("de", NAMES[4]),
        91..93 => ("", NAMES[0]),
        _ => return (Cell::Null, NAMES[0]),
    };
    (Cell::Text(code.into()), names)
}

/// Days of subscription left; below zero after a refund.
fn balance(way: Way, random: &mut Random) -> Option<i64> {
    let (unknown, left) = match way {
        Way::Newcomer => (10, 20),
        Way::Tried => (8, 62),
        Way::Paid => (3, 78),
    };
    match random.below(100) {
        share if share < unknown => None,
        share if share < unknown + left => Some(1 + signed(random.below(90))),
        _ if random.one_in(12) => Some(-1 - signed(random.below(5))),
        _ => Some(0),
    }
}

fn trial(way: Way, random: &mut Random) -> Cell {
    match way {
        Way::Newcomer if random.percent(30) => Cell::Null,
        Way::Newcomer => Cell::Int(0),
        Way::Tried => Cell::Int(1),
        Way::Paid => Cell::Int(random.percent(85).into()),
    }
}

fn paid_count(way: Way, random: &mut Random) -> Cell {
    match way {
        Way::Newcomer | Way::Tried if random.percent(40) => Cell::Null,
        Way::Newcomer | Way::Tried => Cell::Int(0),
        Way::Paid => {
            let mut count = 1;
            while count < 40 && random.percent(70) {
                count += 1;
            }
            Cell::Int(count)
        }
    }
}

fn referrals(random: &mut Random) -> Cell {
    match random.below(100) {
        0..18 => Cell::Null,
        18..80 => Cell::Int(0),
        80..97 => Cell::Int(1 + signed(random.below(4))),
        _ => Cell::Int(5 + signed(random.below(60))),
    }
}

fn username(id: i64, random: &mut Random) -> Cell {
    match random.below(100) {
        0..22 => Cell::Null,
        22..25 => Cell::Text(String::new()),
        _ => {
            Cell::Text(format!("{}_{}", random.pick(&["user", "fan", "mr", "ms", "neo", "lis", "kot"]), id % 1_000_000))
        }
    }
}

fn referral_code(id: i64, random: &mut Random) -> Cell {
    match random.below(100) {
        0..15 => Cell::Null,
        15..18 => Cell::Text(String::new()),
        _ => Cell::Text(format!("ref_{id:x}")),
    }
}

fn last_payment(way: Way, paying: bool, now: i64, created: i64, random: &mut Random) -> Cell {
    let days = if paying { 1 + random.below(45) } else { 15 + random.below(170) };
    let at = (now - signed(days) * DAY + signed(random.below(86_400))).max(created);
    match (way, random.below(100)) {
        (Way::Newcomer | Way::Tried, 0..30) | (Way::Paid, 0..4) => Cell::Int(0),
        (Way::Newcomer | Way::Tried, 30..) | (Way::Paid, 4..7) => Cell::Null,
        (Way::Paid, 7..) => stamp(at, random),
    }
}

fn last_seen(paying: bool, now: i64, created: i64, random: &mut Random) -> Cell {
    let days = if paying { random.below(10) } else { random.below(120) };
    let at = (now - signed(days) * DAY - signed(random.below(86_400))).max(created);
    match random.below(100) {
        0..4 => Cell::Null,
        4..6 => Cell::Int(0),
        _ => stamp(at, random),
    }
}

/// An instant in one of the forms that years of changes leave in a table.
fn stamp(seconds: i64, random: &mut Random) -> Cell {
    let text = |format: &str| {
        let at = jiff::Timestamp::from_second(seconds).unwrap_or_default();
        Cell::Text(at.strftime(format).to_string())
    };
    match random.below(100) {
        0..5 => Cell::Int(seconds * 1_000 + signed(random.below(1_000))),
        5..8 => text("%Y-%m-%d %H:%M:%S"),
        8..10 => text("%Y-%m-%dT%H:%M:%SZ"),
        10..12 => Cell::Text(seconds.to_string()),
        _ => Cell::Int(seconds),
    }
}

fn signed(small: u64) -> i64 {
    i64::try_from(small).unwrap_or(i64::MAX)
}
