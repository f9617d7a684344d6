//! Users from a seeded generator, in columns as narrow as their values fit: the
//! same for every side of the benchmark.

use jiff::tz::TimeZone;
use std::collections::HashMap;
use std::sync::Arc;
use vestnik::condition::{Codes, Column, Columns, Fact, Lists, Row, TextSpan, Whole};
use vestnik::model::{FieldId, Schema, SegmentId, Time, Value};

/// 5 January 2026, noon in UTC.
pub const NOW: i64 = 1_767_614_400_000;
const SEED: u64 = 7;
const DAY: i64 = 86_400;
/// So many different tags.
const TAGS: usize = 40;

pub const LANGUAGES: [&str; 5] = ["ru", "en", "kk", "uz", "de"];
pub const TARIFFS: [&str; 6] = ["free", "start", "basic", "plus", "pro", "max"];

/// The users, a row each.
#[derive(Default)]
pub struct People {
    pub id: Vec<i64>,
    pub balance: Vec<i16>,
    pub trial_3d_used: Vec<u64>,
    pub paid_count: Vec<i16>,
    pub paid_count_set: Vec<u64>,
    pub referral_count: Vec<i8>,
    /// Seconds since 1970, as the other times.
    pub last_payment_at: Vec<i32>,
    pub last_payment_at_set: Vec<u64>,
    pub last_seen_at: Vec<i32>,
    pub created_at: Vec<i32>,
    pub language: Vec<u8>,
    pub tariff: Vec<u8>,
    pub country: Vec<u8>,
    pub source: Vec<u8>,
    pub sources: Vec<Arc<str>>,
    pub username: Vec<TextSpan>,
    pub username_set: Vec<u64>,
    pub bytes: Vec<u8>,
    pub revenue_rub: Vec<f64>,
    pub revenue_stars: Vec<i16>,
    pub blocked: Vec<u64>,
    pub tags: Tags,
}

/// A mask for each tag.
#[derive(Default)]
pub struct Tags {
    pub names: Vec<String>,
    pub masks: Vec<Vec<u64>>,
}

/// The users as conditions see them.
pub struct Hall<'p> {
    people: &'p People,
    names: HashMap<FieldId, String>,
    languages: Vec<Arc<str>>,
    tariffs: Vec<Arc<str>>,
    zone: TimeZone,
}

/// No condition of the benchmark is judged row by row.
pub struct Nobody;

impl People {
    pub fn new(n: usize) -> Self {
        let mut random = Random(SEED);
        let mut people = Self { tags: Tags::new(n), ..Self::default() };
        let kinds = ["utm_vk", "utm_tg", "organic", "friend"];
        people.sources = (0..200).map(|at| format!("{}_{at}", kinds[at % 4]).into()).collect();
        for mask in [
            &mut people.trial_3d_used,
            &mut people.paid_count_set,
            &mut people.last_payment_at_set,
            &mut people.username_set,
            &mut people.blocked,
        ] {
            mask.resize(n.div_ceil(64), 0);
        }
        (0..n).for_each(|row| people.add(row, &mut random));
        people
    }

    fn add(&mut self, row: usize, random: &mut Random) {
        let now = NOW / 1_000;
        let ago = |seconds: i64| (now - seconds) as i32;
        self.id.push(100_000_000 + row as i64 * 5_000 + random.below(5_000));
        self.balance.push((random.below(2_000) - 1_000) as i16);
        put(&mut self.trial_3d_used, row, random.below(2) == 0);
        let paid = random.below(10);
        let times = if paid < 6 { 0 } else { (1 + random.below(8) * random.below(8) * random.below(8)) as i16 };
        put(&mut self.paid_count_set, row, paid >= 3);
        self.paid_count.push(times);
        put(&mut self.last_payment_at_set, row, times > 0);
        self.last_payment_at.push(if times > 0 { ago(random.below(400 * DAY)) } else { 0 });
        self.referral_count.push((random.below(100) - 80).max(0) as i8);
        let age = random.below(700 * DAY);
        self.created_at.push(ago(age));
        self.last_seen_at.push(ago(random.below(age.min(90 * DAY) + 1)));
        self.language.push([0, 0, 0, 1, 1, 2, 3, 4][random.index(8)]);
        self.tariff.push(random.index(TARIFFS.len()) as u8);
        self.country.push(random.index(30) as u8);
        self.source.push(random.index(self.sources.len()) as u8);
        let name = username(random);
        put(&mut self.username_set, row, name.is_some());
        let name = name.unwrap_or_default();
        self.username.push(TextSpan { start: self.bytes.len() as u32, length: name.len() as u32 });
        self.bytes.extend_from_slice(name.as_bytes());
        self.revenue_rub.push(random.below(100_000) as f64 / 100.0);
        self.revenue_stars.push(random.below(300) as i16);
        put(&mut self.blocked, row, random.below(10) == 0);
        for _ in 0..random.below(6) {
            put(&mut self.tags.masks[random.index(TAGS)], row, true);
        }
    }

    pub fn username(&self, row: usize) -> Option<&str> {
        let span = self.username[row];
        let bytes = &self.bytes[span.start as usize..(span.start + span.length) as usize];
        has(&self.username_set, row).then(|| std::str::from_utf8(bytes).unwrap_or_default())
    }
}

impl<'p> Hall<'p> {
    pub fn new(people: &'p People, schema: &Schema) -> Self {
        let texts = |list: &[&str]| list.iter().map(|text| Arc::from(*text)).collect();
        let names = schema.iter().map(|(id, field)| (id, field.name.to_string())).collect();
        Self { people, names, languages: texts(&LANGUAGES), tariffs: texts(&TARIFFS), zone: TimeZone::UTC }
    }
}

impl Columns for Hall<'_> {
    type Row<'a>
        = Nobody
    where
        Self: 'a;

    fn rows(&self) -> usize {
        self.people.id.len()
    }
    fn used(&self) -> Option<&[u64]> {
        None
    }
    fn field(&self, id: FieldId) -> Column<'_> {
        let people = self.people;
        let whole = |values| Column::Whole { values, unit: 1, set: None };
        let time = |values, set| Column::Whole { values: Whole::I32(values), unit: 1_000, set };
        let coded = |codes, dictionary| Column::Coded { codes: Codes::U8(codes), dictionary, set: None };
        match &*self.names[&id] {
            "id" => whole(Whole::I64(&people.id)),
            "balance" => whole(Whole::I16(&people.balance)),
            "trial_3d_used" => Column::Bits { bits: &people.trial_3d_used, set: None },
            "paid_count" => {
                Column::Whole { values: Whole::I16(&people.paid_count), unit: 1, set: Some(&people.paid_count_set) }
            }
            "referral_count" => whole(Whole::I8(&people.referral_count)),
            "last_payment_at" => time(&people.last_payment_at, Some(&people.last_payment_at_set)),
            "last_seen_at" => time(&people.last_seen_at, None),
            "created_at" => time(&people.created_at, None),
            "language" => coded(&people.language, &self.languages),
            "tariff" => coded(&people.tariff, &self.tariffs),
            "source" => coded(&people.source, &people.sources),
            "username" => {
                Column::Texts { spans: &people.username, bytes: &people.bytes, set: Some(&people.username_set) }
            }
            "revenue_rub" => Column::Floats { values: &people.revenue_rub, set: None },
            "revenue_stars" => whole(Whole::I16(&people.revenue_stars)),
            "blocked" => Column::Bits { bits: &people.blocked, set: None },
            "tags" => Column::Lists(&people.tags),
            _ => Column::Same(&Value::Missing),
        }
    }
    fn fact(&self, _: &Fact) -> Column<'_> {
        Column::Same(&Value::Missing)
    }
    fn segment(&self, _: SegmentId) -> &[u64] {
        &[]
    }
    fn now(&self) -> Time {
        Time(NOW)
    }
    fn zone(&self) -> &TimeZone {
        &self.zone
    }
    fn row(&self, _: usize) -> Nobody {
        Nobody
    }
}

impl Lists for Tags {
    fn with(&self, element: &str, first: usize, into: &mut [u64]) {
        match self.names.iter().position(|name| name == element) {
            Some(at) => into.copy_from_slice(&self.masks[at][first / 64..first / 64 + into.len()]),
            None => into.fill(0),
        }
    }
    fn length(&self, row: usize) -> Option<usize> {
        Some(self.masks.iter().filter(|mask| has(mask, row)).count())
    }
    fn get(&self, row: usize) -> Value {
        let tags = self.names.iter().zip(&self.masks).filter(|(_, mask)| has(mask, row));
        Value::List(tags.map(|(name, _)| Arc::from(&**name)).collect())
    }
}

impl Row for Nobody {
    fn field(&self, _: FieldId) -> &Value {
        &Value::Missing
    }
    fn now(&self) -> Time {
        Time(NOW)
    }
    fn zone(&self) -> &TimeZone {
        static UTC: TimeZone = TimeZone::UTC;
        &UTC
    }
    fn in_segment(&self, _: SegmentId) -> bool {
        false
    }
    fn fact(&self, _: &Fact) -> Value {
        Value::Missing
    }
}

impl Tags {
    fn new(n: usize) -> Self {
        let names = (0..TAGS).map(|at| if at == 0 { "beta".to_owned() } else { format!("tag_{at}") }).collect();
        Self { names, masks: vec![vec![0; n.div_ceil(64)]; TAGS] }
    }
}

pub fn has(mask: &[u64], row: usize) -> bool {
    mask[row / 64] >> (row % 64) & 1 == 1
}

fn put(mask: &mut [u64], row: usize, bit: bool) {
    mask[row / 64] |= u64::from(bit) << (row % 64);
}

/// A fifth have none; some look as the benchmark's pattern wants.
fn username(random: &mut Random) -> Option<String> {
    let first = ["anna", "oleg", "Mila", "k8", "sergey", "Olga_petrova", "dmitry"][random.index(7)];
    match random.below(10) {
        0 | 1 => None,
        2..5 => Some(format!("{first}_{:02}", random.below(100))),
        5..8 => Some(format!("{first}{}", random.below(100_000))),
        _ => Some(format!("{first}_{}", random.below(10_000_000))),
    }
}

/// The generator SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) >> 1) as i64 % end
    }

    fn index(&mut self, end: usize) -> usize {
        self.below(end as i64) as usize
    }
}
