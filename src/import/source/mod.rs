//! Where rows come from: one file a kind.

mod csv;
mod limit;
mod ndjson;
mod sqlite;

pub(super) use ndjson::{Lines, cell};

use super::{ImportError, ImportOptions, Reason};
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// A SQLite database.
    Sqlite,
    /// Comma-separated values with a header; semicolons and tabs too.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// The same, each an event.
    Events,
}

/// One value as the source has it.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Another number.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes that are not text.
    Bytes(Vec<u8>),
    /// A JSON array or object.
    Json(serde_json::Value),
}

/// Where a row stands in its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowPlace {
    /// A line of a file, from 1.
    Line(u64),
    /// The `rowid` of a table.
    RowId(i64),
}

/// One row; its cells stand in the order of the source's columns.
pub(super) struct Row {
    pub place: RowPlace,
    /// How far the source is, in its own units.
    pub done: u64,
    pub cells: Result<Vec<Cell>, Broken>,
}

/// A row that does not even have cells.
pub(super) struct Broken {
    pub reason: Reason,
    /// What stands there.
    pub raw: serde_json::Value,
}

pub(super) type Visit<'a> = dyn FnMut(Row) -> Result<(), ImportError> + 'a;

/// Rows of one kind of file.
pub(super) trait Source {
    /// The names of the columns.
    fn columns(&self) -> &[String];

    /// How much there is, in the units of [`Row::done`].
    fn total(&self) -> Option<u64>;

    /// Shows every row in order.
    fn read(&mut self, visit: &mut Visit<'_>) -> Result<(), ImportError>;
}

impl Cell {
    /// The cell as the file of rejected rows shows it.
    pub(super) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Int(value) => (*value).into(),
            Self::Real(value) => serde_json::Number::from_f64(*value).map_or(value.to_string().into(), Into::into),
            Self::Text(value) => value.as_str().into(),
            Self::Bytes(bytes) => String::from_utf8_lossy(bytes).into(),
            Self::Json(value) => value.clone(),
        }
    }

    /// Text, if the bytes are.
    fn from_bytes(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.into()),
            Err(_) => Self::Bytes(bytes.into()),
        }
    }
}

/// Opens the file that the options name.
pub(super) fn open(options: &ImportOptions) -> Result<Box<dyn Source>, ImportError> {
    let path = &options.path;
    let kind = kind(options)?;
    if let (SourceKind::Csv | SourceKind::Ndjson | SourceKind::Events, Some(table)) = (kind, &options.table) {
        return Err(ImportError::NoTables { table: table.clone(), path: path.clone() });
    }
    Ok(match kind {
        SourceKind::Sqlite => Box::new(sqlite::Sqlite::open(path, options.table.as_deref())?),
        SourceKind::Csv => Box::new(csv::Csv::open(path)?),
        SourceKind::Ndjson | SourceKind::Events => Box::new(ndjson::Ndjson::open(path)?),
    })
}

fn kind(options: &ImportOptions) -> Result<SourceKind, ImportError> {
    let path = &options.path;
    let mut start = Vec::new();
    open_file(path)?.take(16).read_to_end(&mut start).map_err(|e| unreadable(path, &e))?;
    let by_name = || match path.extension().and_then(OsStr::to_str).map(str::to_lowercase).as_deref() {
        _ if start.starts_with(b"SQLite format 3\0") => Some(SourceKind::Sqlite),
        Some("db" | "sqlite" | "sqlite3") => Some(SourceKind::Sqlite),
        Some("csv" | "tsv") => Some(SourceKind::Csv),
        Some("ndjson" | "jsonl") => Some(SourceKind::Ndjson),
        _ => None,
    };
    options.kind.or_else(by_name).ok_or_else(|| ImportError::UnknownKind { path: path.clone() })
}

fn open_file(path: &Path) -> Result<File, ImportError> {
    File::open(path).map_err(|e| unreadable(path, &e))
}

fn unreadable(path: &Path, error: &std::io::Error) -> ImportError {
    ImportError::Unreadable { path: path.to_owned(), reason: error.to_string() }
}
