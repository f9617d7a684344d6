//! A made-up user base like an old bot's, with the mess that such tables have:
//! for the sample project, demonstrations, tests and measurements.
//!
//! The same arguments give the same rows on every machine: no clock, no
//! floating point, no random source but the seed.

mod people;
mod random;

use super::plan::plan;
use super::reject::Rejects;
use super::source::{Row, RowPlace, Source, Visit};
use super::{Cell, ImportError, ImportReport, Progress, ZeroTime, run};
use crate::model::{Schema, Time};
use crate::store::{Origin, Writer};
use random::Random;
use rusqlite::types::{ToSqlOutput, Value as SqlValue};
use rusqlite::{Connection, ToSql, params_from_iter};
use std::path::Path;

/// The instant for which the sample's file was made: noon in Moscow, 1 March
/// 2026.
pub const SAMPLE_NOW: Time = Time(1_772_355_600_000);
/// Users in the sample's file.
pub const SAMPLE_USERS: u64 = 3_000;
/// The sample's seed.
pub const SAMPLE_SEED: u64 = 2_026;

/// The table's columns.
pub const COLUMNS: [&str; 12] = [
    "tg_id",
    "username",
    "first_name",
    "language",
    "balance",
    "trial_3d_used",
    "paid_count",
    "referral_count",
    "referral_code",
    "last_payment_at",
    "created_at",
    "last_seen_at",
];
/// The table's columns that are not called as their field is.
pub const MAP: [(&str, &str); 1] = [("tg_id", "id")];

/// Columns without a type keep what they are given, as the mess needs.
const TABLE: &str = "CREATE TABLE users (
    tg_id, username TEXT, first_name TEXT, language TEXT, balance INTEGER, trial_3d_used INTEGER,
    paid_count INTEGER, referral_count INTEGER, referral_code TEXT, last_payment_at, created_at, last_seen_at)";

/// One row of the table, in the order of [`COLUMNS`].
pub type UserRow = [Cell; 12];

/// `n` users as of `now`, a row each. Values may be missing and stand in
/// different forms, but an import takes every row.
pub fn users(n: u64, seed: u64, now: Time) -> impl Iterator<Item = UserRow> {
    (0..n).map(move |index| people::user(index, n, seed, now))
}

/// `n` users among repeated rows and rows that an import must reject.
pub fn table(n: u64, seed: u64, now: Time) -> impl Iterator<Item = UserRow> {
    (0..n).flat_map(move |index| {
        let mut random = Random::new(seed ^ 0x7461_626c, index);
        let again = (index >= 10 && random.one_in(80)).then(|| people::user(index - 10, n, seed + 1, now));
        let bad =
            (index >= 5 && random.one_in(120)).then(|| spoil(people::user(index - 5, n, seed + 2, now), &mut random));
        [Some(people::user(index, n, seed, now)), again, bad].into_iter().flatten()
    })
}

/// The rows of the sample's file.
pub fn sample() -> impl Iterator<Item = UserRow> {
    table(SAMPLE_USERS, SAMPLE_SEED, SAMPLE_NOW)
}

/// Writes the rows to the table `users` of a new SQLite file.
pub fn write_sqlite(path: &Path, rows: impl Iterator<Item = UserRow>) -> Result<(), ImportError> {
    let write = || -> rusqlite::Result<()> {
        let mut connection = Connection::open(path)?;
        let transaction = connection.transaction()?;
        transaction.execute(TABLE, [])?;
        let marks = ["?"; COLUMNS.len()].join(", ");
        let mut insert = transaction.prepare(&format!("INSERT INTO users VALUES ({marks})"))?;
        for row in rows {
            insert.execute(params_from_iter(row.iter()))?;
        }
        drop(insert);
        transaction.commit()
    };
    write().map_err(|error| ImportError::Sqlite { path: path.to_owned(), reason: error.to_string() })
}

/// Puts `n` users straight into the store, as an import of [`users`] would.
pub fn fill(
    n: u64,
    seed: u64,
    now: Time,
    schema: &Schema,
    writer: &Writer,
    progress: &mut dyn FnMut(Progress),
) -> Result<ImportReport, ImportError> {
    let map = MAP.map(|(column, field)| (column.to_owned(), field.to_owned()));
    let mut source = Generated { columns: COLUMNS.map(str::to_owned), n, seed, now };
    let plan = plan(source.columns(), &map, schema, ZeroTime::Epoch)?;
    run::run(&mut source, plan, Rejects::nowhere(), (writer, Origin::Import), progress)
}

struct Generated {
    columns: [String; COLUMNS.len()],
    n: u64,
    seed: u64,
    now: Time,
}

impl Source for Generated {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn total(&self) -> Option<u64> {
        Some(self.n)
    }

    fn read(&mut self, visit: &mut Visit<'_>) -> Result<(), ImportError> {
        let rows = users(self.n, self.seed, self.now);
        (1..)
            .zip(rows)
            .try_for_each(|(line, row)| visit(Row { place: RowPlace::Line(line), done: line, cells: Ok(row.into()) }))
    }
}

/// Makes a row of a known user unacceptable, in one of the usual ways.
fn spoil(mut row: UserRow, random: &mut Random) -> UserRow {
    let (column, cell) = match random.below(7) {
        0 => (0, Cell::Text("durov".into())),
        1 => (0, Cell::Null),
        2 => (0, Cell::Real(12.5)),
        3 => (2, Cell::Bytes(vec![0xd0, 0x98, 0xc3, 0x28])),
        4 => (4, Cell::Text("abc".into())),
        5 => (6, Cell::Text("много".into())),
        _ => (9, Cell::Text("вчера".into())),
    };
    row[column] = cell;
    row
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(match self {
            Self::Null => SqlValue::Null,
            Self::Bool(value) => SqlValue::Integer((*value).into()),
            Self::Int(value) => SqlValue::Integer(*value),
            Self::Real(value) => SqlValue::Real(*value),
            Self::Text(text) => SqlValue::Text(text.clone()),
            Self::Bytes(bytes) => SqlValue::Blob(bytes.clone()),
            Self::Json(json) => SqlValue::Text(json.to_string()),
        }))
    }
}
