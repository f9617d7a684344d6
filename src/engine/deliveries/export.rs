//! Every message that is kept, as a file: CSV or NDJSON, a line each.
//!
//! Rows go from the store to the file chunk by chunk, so that it takes no more
//! memory for many of them. A table calculator must not take a text for a
//! formula: such cells of CSV begin with an apostrophe.

use super::row::Delivery;
use super::{DeliveriesError, Engine};
use crate::engine::query::{Found, Query};
use crate::model::Time;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// What is exported, and where to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExportOptions {
    /// The file; one that is there is replaced.
    pub path: PathBuf,
    /// What it is made of.
    pub form: ExportAs,
    /// Only messages to users for whom this holds.
    pub query: Option<Query>,
    /// Only those of this broadcast.
    pub broadcast: Option<String>,
    /// Only those whose moment is not before this.
    pub since: Option<Time>,
}

/// The forms of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportAs {
    /// With a heading, for table calculators.
    Csv,
    /// An object a line, for programs.
    Ndjson,
}

/// What was exported.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Exported {
    /// What was found in the condition, rendered; may be empty.
    pub findings: String,
    /// Lines written, without the heading; none if the condition has errors.
    pub rows: Option<u64>,
}

const COLUMNS: [&str; 14] = [
    "key",
    "time",
    "user",
    "cause",
    "broadcast",
    "run",
    "template",
    "part",
    "state",
    "reason",
    "text",
    "message_ids",
    "rulebook",
    "source",
];

impl Engine {
    /// Writes the messages to the file.
    pub fn export_deliveries(&self, options: &ExportOptions) -> Result<Exported, DeliveriesError> {
        let ledgers = self.ledgers_of(options.broadcast.as_deref(), None)?;
        let (mut findings, mut users) = (String::new(), None);
        if let Some(query) = &options.query {
            let answer = self.query(query)?;
            findings = answer.findings;
            match answer.found {
                Some(Found::Ids(ids)) => users = Some(ids),
                Some(Found::Count(_) | Found::Sample(_) | Found::Profile(_)) | None => {
                    return Ok(Exported { findings, rows: None });
                }
            }
        }
        let is_wanted = |row: &Delivery| {
            users.as_ref().is_none_or(|users| users.binary_search(&row.user).is_ok())
                && options.since.is_none_or(|since| row.at.is_some_and(|at| at >= since))
        };
        let trouble = |e: std::io::Error| DeliveriesError::File { path: options.path.clone(), reason: e.to_string() };
        let mut file = BufWriter::new(File::create(&options.path).map_err(trouble)?);
        let (mut written, mut result) = (0, Ok(()));
        if options.form == ExportAs::Csv {
            result = writeln!(file, "{}", COLUMNS.join(","));
        }
        self.each_row(&ledgers, &mut |_, _, row| {
            if result.is_ok() && is_wanted(&row) {
                result = file.write_all(line(&row, options.form).as_bytes());
                written += 1;
            }
        })?;
        result.and_then(|()| file.flush()).map_err(trouble)?;
        Ok(Exported { findings, rows: Some(written) })
    }
}

fn line(row: &Delivery, form: ExportAs) -> String {
    match form {
        ExportAs::Ndjson => format!("{}\n", serde_json::json!(row)),
        ExportAs::Csv => {
            let text = |text: &Option<String>| text.as_deref().map(cell).unwrap_or_default();
            let ids: Vec<_> = row.message_ids.iter().map(ToString::to_string).collect();
            let cells: [String; COLUMNS.len()] = [
                cell(&row.key),
                text(&row.time),
                row.user.to_string(),
                cell(&row.cause),
                text(&row.broadcast),
                row.run.map(|run| run.to_string()).unwrap_or_default(),
                text(&row.template),
                row.part.to_string(),
                row.state.as_str().to_owned(),
                text(&row.reason),
                text(&row.text),
                ids.join(" "),
                cell(&row.rulebook),
                text(&row.source),
            ];
            cells.join(",") + "\n"
        }
    }
}

/// A text as a cell: quoted where it must be, and never a formula.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        for (text, expected) in [
            ("win_back", "win_back"),
            ("Bad Request: \"b\", end", "\"Bad Request: \"\"b\"\", end\""),
            ("=cmd()", "'=cmd()"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@a,b", "\"'@a,b\""),
            ("a\nb", "\"a\nb\""),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected, "{text}");
        }
    }
}
