//! The file of rejected rows: NDJSON with the place, the reason and the row.
//!
//! It holds personal data, so only its owner may read it.

use super::source::RowPlace;
use super::{Cell, ImportError, ImportOptions, Reason};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file, made with the first row.
pub(super) struct Rejects {
    path: Option<PathBuf>,
    file: Option<BufWriter<File>>,
}

impl Rejects {
    /// Beside the imported file unless the options name another place; what an
    /// earlier import left there is out of date.
    pub(super) fn new(options: &ImportOptions) -> Result<Self, ImportError> {
        if let Some(path) = options.rejected.as_ref().filter(|path| is_same(path, &options.path)) {
            return Err(ImportError::RejectsOverSource { path: path.clone() });
        }
        let beside = || {
            let mut name = options.path.clone().into_os_string();
            name.push(".rejected.ndjson");
            drop(fs::remove_file(&name));
            name.into()
        };
        Ok(Self { path: Some(options.rejected.clone().unwrap_or_else(beside)), file: None })
    }

    /// Rejected rows are counted only.
    pub(super) fn nowhere() -> Self {
        Self { path: None, file: None }
    }

    /// Notes a row.
    pub(super) fn write(&mut self, place: RowPlace, reason: &Reason, row: Value) -> Result<(), ImportError> {
        let Some(path) = &self.path else { return Ok(()) };
        let explain = |e: std::io::Error| trouble(path, &e);
        let (name, place) = match place {
            RowPlace::Line(line) => ("line", json!(line)),
            RowPlace::RowId(id) => ("rowid", json!(id)),
        };
        let record = json!({ name: place, "reason": reason.text().en, "row": row });
        let file = match self.file.take() {
            Some(file) => file,
            None => BufWriter::new(create(path).map_err(explain)?),
        };
        writeln!(self.file.insert(file), "{record}").map_err(explain)
    }

    /// Completes the file; its path, if there is one.
    pub(super) fn finish(self) -> Result<Option<PathBuf>, ImportError> {
        match (self.path, self.file) {
            (Some(path), Some(mut file)) => match file.flush() {
                Ok(()) => Ok(Some(path)),
                Err(error) => Err(trouble(&path, &error)),
            },
            _ => Ok(None),
        }
    }
}

/// A row with the names of its columns.
pub(super) fn named(columns: &[Arc<str>], cells: &[Cell]) -> Value {
    columns.iter().zip(cells).map(|(column, cell)| (column.to_string(), cell.to_json())).collect()
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn create(path: &Path) -> std::io::Result<File> {
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}

fn trouble(path: &Path, error: &std::io::Error) -> ImportError {
    ImportError::Rejects { path: path.to_owned(), reason: error.to_string() }
}
