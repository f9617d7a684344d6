//! `vestnik import FILE`: users from SQLite, CSV or NDJSON.

use super::Format;
use super::context::{Context, Failure};
use super::table::grouped;
use crate::engine::command::{Reply, Request};
use crate::import::{ImportOptions, ImportReport};
use crate::model::{Lang, Text};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// A SQLite database, a CSV file or an NDJSON file
    file: PathBuf,
    /// The table of a SQLite database
    #[arg(long, value_name = "TABLE")]
    table: Option<String>,
    /// Put this column into that field; columns named like a field go there by themselves
    #[arg(long, value_name = "COLUMN=FIELD")]
    map: Vec<String>,
    /// Take a time of 0 as missing and not as 1970
    #[arg(long)]
    zero_is_missing: bool,
    /// Where rejected rows go [default: FILE.rejected.ndjson]
    #[arg(long, value_name = "FILE")]
    rejected: Option<PathBuf>,
}
