//! Import of a user base and of events: rows of a SQLite table, a CSV or an NDJSON file
//! become profiles, lines of an
//! NDJSON file events.
//!
//! Rows are read one by one, so that memory does not grow with the file but
//! for the set of ids seen. A row that cannot be taken is left out whole,
//! counted by reason and written to a file; it never stops the import. The
//! last row of an id wins, and a repeated import changes nothing.
//!
//! Import sets and clears the mapped fields and no other, and fires no rule; of
//! events rules only change profiles. If it is to count as happening now, rules
//! and drips act on both.
//! A row that changes nothing sets nothing off, and an event counts once: so an
//! import that broke off is simply done again.

mod convert;
mod error;
mod events;
pub mod generate;
pub mod intake;
mod plan;
mod reject;
mod report;
mod run;
mod source;

pub use error::ImportError;
pub use events::{Known, holds_events, import_events, read_events};
pub use report::{EventsReport, Fault, ImportReport, Outside, Reason};
pub use source::{Cell, SourceKind};

use crate::model::Schema;
use crate::store::{Origin, Writer};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What to import and how.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ImportOptions {
    /// The file.
    pub path: PathBuf,
    /// What the file is; by its first bytes and its name if not given.
    pub kind: Option<SourceKind>,
    /// The table of a SQLite file; not needed if it has one, or one called
    /// `users`.
    pub table: Option<String>,
    /// Columns and the fields they go to, where the names differ.
    pub map: Vec<(String, String)>,
    /// What a timestamp of 0 means.
    pub zero: ZeroTime,
    /// Where rejected rows go; beside the file if not given.
    pub rejected: Option<PathBuf>,
    /// Whether it counts as happening now: rules and drips act on it.
    #[serde(default)]
    pub live: bool,
}

/// What a timestamp of 0 means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZeroTime {
    /// The first second of 1970.
    #[default]
    Epoch,
    /// That nothing is known.
    Missing,
}

/// How far an import is. `done` and `total` are bytes or rows, as the source
/// counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Rows read.
    pub rows: u64,
    /// How much is done.
    pub done: u64,
    /// How much there is.
    pub total: Option<u64>,
}

/// Imports a file. After an error the rows before it are stored; the import
/// may simply be run again.
pub fn import(
    options: &ImportOptions,
    schema: &Schema,
    writer: &Writer,
    progress: &mut dyn FnMut(Progress),
) -> Result<ImportReport, ImportError> {
    let mut source = source::open(options)?;
    let plan = plan::plan(source.columns(), &options.map, schema, options.zero)?;
    let rejects = reject::Rejects::new(options)?;
    run::run(&mut *source, plan, rejects, (writer, options.origin()), progress)
}

impl ImportOptions {
    /// As what the store takes it.
    fn origin(&self) -> Origin {
        if self.live { Origin::Live } else { Origin::Import }
    }
}

/// The two sides of `column=field`.
pub fn parse_map(text: &str) -> Result<(String, String), ImportError> {
    let sides = text.rsplit_once('=').map(|(column, field)| (column.trim(), field.trim()));
    match sides {
        Some((column, field)) if !column.is_empty() && !field.is_empty() => Ok((column.into(), field.into())),
        _ => Err(ImportError::BadMap { text: text.into() }),
    }
}
