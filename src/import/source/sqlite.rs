//! A table of a SQLite database, opened for reading only.

use super::{Cell, Row, RowPlace, Source, Visit};
use crate::diagnostic::nearest;
use crate::import::ImportError;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};

/// One table.
pub(super) struct Sqlite {
    path: PathBuf,
    connection: Connection,
    table: String,
    columns: Vec<String>,
    rows: u64,
}

impl Sqlite {
    pub(super) fn open(path: &Path, table: Option<&str>) -> Result<Self, ImportError> {
        let explain = |error: rusqlite::Error| explain(path, &error);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(explain)?;
        let table = choose(table, tables(&connection).map_err(explain)?)?;
        let columns = columns(&connection, &table).map_err(explain)?;
        let count = format!("SELECT count(*) FROM {}", quoted(&table));
        let rows: i64 = connection.query_row(&count, [], |row| row.get(0)).map_err(explain)?;
        Ok(Self { path: path.to_owned(), connection, table, columns, rows: rows.unsigned_abs() })
    }
}

impl Source for Sqlite {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn total(&self) -> Option<u64> {
        Some(self.rows)
    }

    fn read(&mut self, visit: &mut Visit<'_>) -> Result<(), ImportError> {
        let explain = |error: rusqlite::Error| explain(&self.path, &error);
        let names: Vec<String> = self.columns.iter().map(|name| quoted(name)).collect();
        let (names, table) = (names.join(", "), quoted(&self.table));
        // a view, or a table without rowids, has an order of its own
        let by_rowid = self.connection.prepare(&format!("SELECT {names}, rowid FROM {table} ORDER BY rowid"));
        let plain = |_| self.connection.prepare(&format!("SELECT {names}, NULL FROM {table}"));
        let mut statement = by_rowid.or_else(plain).map_err(explain)?;
        let mut rows = statement.query([]).map_err(explain)?;
        let mut done = 0;
        while let Some(row) = rows.next().map_err(explain)? {
            done += 1;
            let cell = |n| row.get_ref(n).map(cell);
            let cells = (0..self.columns.len()).map(cell).collect::<Result<_, _>>().map_err(explain)?;
            let place = match row.get_ref(self.columns.len()).map_err(explain)? {
                ValueRef::Integer(id) => RowPlace::RowId(id),
                _ => RowPlace::Line(done),
            };
            visit(Row { place, done, cells: Ok(cells) })?;
        }
        Ok(())
    }
}

fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let statement = connection.prepare(&format!("SELECT * FROM {}", quoted(table)))?;
    Ok(statement.column_names().into_iter().map(str::to_owned).collect())
}

/// SQLite's names ignore case.
fn choose(asked: Option<&str>, known: Vec<String>) -> Result<String, ImportError> {
    let find = |name: &str| known.iter().find(|table| table.eq_ignore_ascii_case(name)).cloned();
    match (asked, known.as_slice()) {
        (Some(table), _) => find(table).ok_or_else(|| ImportError::NoTable {
            table: table.to_owned(),
            nearest: nearest(table, known.iter().map(String::as_str)).map(str::to_owned),
            known: known.clone(),
        }),
        (None, [only]) => Ok(only.clone()),
        (None, _) => find("users").ok_or_else(|| ImportError::WhichTable { known: known.clone() }),
    }
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(value) => Cell::Int(value),
        ValueRef::Real(value) => Cell::Real(value),
        ValueRef::Text(bytes) => Cell::from_bytes(bytes),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.into()),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn explain(path: &Path, error: &rusqlite::Error) -> ImportError {
    ImportError::Sqlite { path: path.to_owned(), reason: error.to_string() }
}
