//! The other side: SQLite in memory, without indexes and with those that
//! anybody would make.

use crate::people::{LANGUAGES, NOW, People, TARIFFS, has};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

pub const DAY: i64 = 86_400_000;

const TABLE: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, balance INTEGER, trial_3d_used INTEGER,
    paid_count INTEGER, referral_count INTEGER, last_payment_at INTEGER, last_seen_at INTEGER, created_at INTEGER,
    language TEXT, tariff TEXT, source TEXT, username TEXT, revenue_rub REAL, revenue_stars INTEGER,
    blocked INTEGER, tags TEXT)";
const COLUMNS: usize = 16;

const INDEXES: &str = "
    CREATE INDEX by_balance ON users (balance);
    CREATE INDEX by_paid_count ON users (paid_count, balance);
    CREATE INDEX by_referral_count ON users (referral_count);
    CREATE INDEX by_last_payment_at ON users (last_payment_at, paid_count);
    CREATE INDEX by_last_seen_at ON users (last_seen_at);
    CREATE INDEX by_source ON users (source, last_seen_at);
    CREATE INDEX by_tariff ON users (tariff, language, blocked);
    CREATE INDEX by_username ON users (username);
    ANALYZE;";

/// A database with all users.
pub fn database(people: &People) -> rusqlite::Result<Connection> {
    let mut db = Connection::open_in_memory()?;
    db.execute(TABLE, [])?;
    let transaction = db.transaction()?;
    let marks = ["?"; COLUMNS].join(", ");
    let mut insert = transaction.prepare(&format!("INSERT INTO users VALUES ({marks})"))?;
    for row in 0..people.id.len() {
        insert.execute(params_from_iter(cells(people, row)))?;
    }
    drop(insert);
    transaction.commit()?;
    Ok(db)
}

pub fn add_indexes(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(INDEXES)
}

pub fn count(db: &Connection, condition: &str) -> rusqlite::Result<u64> {
    db.query_row(&format!("SELECT count(*) FROM users WHERE {condition}"), [], |row| row.get(0))
}

pub fn ids(db: &Connection, condition: &str, into: &mut Vec<i64>) -> rusqlite::Result<u64> {
    into.clear();
    let mut select = db.prepare_cached(&format!("SELECT id FROM users WHERE {condition}"))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        into.push(row.get(0)?);
    }
    Ok(into.len() as u64)
}

fn cells(people: &People, row: usize) -> [Value; COLUMNS] {
    let int = |x: i64| Value::Integer(x);
    let some = |set: bool, x: i64| if set { Value::Integer(x) } else { Value::Null };
    let time = |seconds: i32| i64::from(seconds) * 1_000;
    let tags = people.tags.names.iter().zip(&people.tags.masks).filter(|(_, mask)| has(mask, row));
    let tags = tags.fold(",".to_owned(), |tags, (name, _)| tags + name.as_str() + ",");
    debug_assert!(time(people.created_at[row]) <= NOW);
    [
        int(people.id[row]),
        int(people.balance[row].into()),
        int(has(&people.trial_3d_used, row).into()),
        some(has(&people.paid_count_set, row), people.paid_count[row].into()),
        int(people.referral_count[row].into()),
        some(has(&people.last_payment_at_set, row), time(people.last_payment_at[row])),
        int(time(people.last_seen_at[row])),
        int(time(people.created_at[row])),
        Value::Text(LANGUAGES[usize::from(people.language[row])].to_owned()),
        Value::Text(TARIFFS[usize::from(people.tariff[row])].to_owned()),
        Value::Text(people.sources[usize::from(people.source[row])].to_string()),
        people.username(row).map_or(Value::Null, |name| Value::Text(name.to_owned())),
        Value::Real(people.revenue_rub[row]),
        int(people.revenue_stars[row].into()),
        int(has(&people.blocked, row).into()),
        Value::Text(tags),
    ]
}
