//! One JSON object a line.
//!
//! The file is read twice: the first pass collects the keys, so that an object
//! without a key clears that field wherever in the file the key first appears.

use super::limit::{Budget, Limited};
use super::{Broken, Cell, Row, RowPlace, Source, Visit, open_file, unreadable};
use crate::import::{ImportError, Reason};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::{Path, PathBuf};

const COLUMNS: usize = 1_000;

/// An NDJSON file.
pub(super) struct Ndjson {
    path: PathBuf,
    columns: Vec<String>,
    size: u64,
}

/// Lines with their numbers, blank ones left out.
pub(in crate::import) struct Lines {
    path: PathBuf,
    reader: BufReader<Limited<File>>,
    budget: Budget,
    bytes: Vec<u8>,
    line: u64,
    done: u64,
}

impl Ndjson {
    pub(super) fn open(path: &Path) -> Result<Self, ImportError> {
        let size = open_file(path)?.metadata().map_err(|e| unreadable(path, &e))?.len();
        let mut columns = Vec::new();
        let mut known = HashSet::new();
        let mut lines = Lines::open(path)?;
        while lines.next()? {
            let Ok(keys) = serde_json::from_slice::<HashMap<String, IgnoredAny>>(lines.text()) else { continue };
            let mut fresh: Vec<String> = keys.into_keys().filter(|key| !known.contains(key)).collect();
            fresh.sort();
            known.extend(fresh.iter().cloned());
            columns.extend(fresh);
            if columns.len() > COLUMNS {
                return Err(ImportError::TooManyColumns { path: path.to_owned(), line: lines.line });
            }
        }
        Ok(Self { path: path.to_owned(), columns, size })
    }

    fn cells(&self, text: &[u8]) -> Result<Vec<Cell>, Broken> {
        let object = serde_json::from_slice::<Map<String, Value>>(text);
        let broken = |_| Broken { reason: Reason::NotJson, raw: String::from_utf8_lossy(text).into() };
        let mut object = object.map_err(broken)?;
        Ok(self.columns.iter().map(|key| object.remove(key).map_or(Cell::Null, cell)).collect())
    }
}

impl Source for Ndjson {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn total(&self) -> Option<u64> {
        Some(self.size)
    }

    fn read(&mut self, visit: &mut Visit<'_>) -> Result<(), ImportError> {
        let mut lines = Lines::open(&self.path)?;
        while lines.next()? {
            let cells = self.cells(lines.text());
            visit(Row { place: RowPlace::Line(lines.line), done: lines.done, cells })?;
        }
        Ok(())
    }
}

impl Lines {
    /// The lines of a file from the first on.
    pub fn open(path: &Path) -> Result<Self, ImportError> {
        let budget = Budget::default();
        let reader = BufReader::new(Limited::new(open_file(path)?, budget.clone()));
        Ok(Self { path: path.to_owned(), reader, budget, bytes: Vec::new(), line: 0, done: 0 })
    }

    /// Goes to the next line; whether there is one.
    pub fn next(&mut self) -> Result<bool, ImportError> {
        loop {
            self.bytes.clear();
            self.budget.reset();
            self.line += 1;
            let read = self.reader.read_until(b'\n', &mut self.bytes).map_err(|error| match error.kind() {
                ErrorKind::FileTooLarge => ImportError::RowTooLong { path: self.path.clone(), line: self.line },
                _ => unreadable(&self.path, &error),
            })?;
            self.done += read as u64;
            if read == 0 || !self.text().is_empty() {
                return Ok(read > 0);
            }
        }
    }

    /// The number of the line, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Bytes read so far.
    pub fn done(&self) -> u64 {
        self.done
    }

    /// Bytes of the whole file.
    pub fn size(&self) -> Result<u64, ImportError> {
        Ok(open_file(&self.path)?.metadata().map_err(|e| unreadable(&self.path, &e))?.len())
    }

    /// The line without what surrounds it.
    pub fn text(&self) -> &[u8] {
        let text = self.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.bytes);
        text.trim_ascii()
    }
}

/// A JSON value as a cell.
pub(in crate::import) fn cell(value: Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(value) => Cell::Bool(value),
        Value::Number(number) => match number.as_i64() {
            Some(int) => Cell::Int(int),
            None => number.as_f64().map_or(Cell::Null, Cell::Real),
        },
        Value::String(text) => Cell::Text(text),
        Value::Array(_) | Value::Object(_) => Cell::Json(value),
    }
}
