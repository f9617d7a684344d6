//! Comma-separated values with a header; the separator is seen from it.

use super::limit::{Budget, Limited};
use super::{Broken, Cell, Row, RowPlace, Source, Visit, open_file, unreadable};
use crate::import::{ImportError, Reason};
use ::csv::{ByteRecord, ReaderBuilder};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

const BOM: &[u8] = b"\xef\xbb\xbf";

/// A CSV file.
pub(super) struct Csv {
    path: PathBuf,
    reader: ::csv::Reader<Limited<File>>,
    budget: Budget,
    columns: Vec<String>,
    size: u64,
    ends: LineEnd,
}

/// How the first line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineEnd {
    Lf,
    CrLf,
}

impl Csv {
    pub(super) fn open(path: &Path) -> Result<Self, ImportError> {
        let file = open_file(path)?;
        let size = file.metadata().map_err(|e| unreadable(path, &e))?.len();
        let (delimiter, ends) = format(&file).map_err(|e| unreadable(path, &e))?;
        let budget = Budget::default();
        let input = Limited::new(file, budget.clone());
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(input);
        let mut csv = Self { path: path.to_owned(), reader, budget, columns: Vec::new(), size, ends };
        csv.columns = csv.header()?;
        Ok(csv)
    }

    fn header(&mut self) -> Result<Vec<String>, ImportError> {
        let mut header = ByteRecord::new();
        if !self.next(&mut header)? {
            return Err(ImportError::NoHeader { path: self.path.clone() });
        }
        let name = |cell: &[u8]| String::from_utf8_lossy(cell).trim_start_matches('\u{feff}').trim().to_owned();
        let columns: Vec<String> = header.iter().map(name).collect();
        let twice = columns.iter().enumerate().find(|(n, column)| columns[..*n].contains(column));
        match twice {
            Some((_, column)) => Err(ImportError::ColumnTwice { column: column.clone() }),
            None => Ok(columns),
        }
    }

    fn next(&mut self, record: &mut ByteRecord) -> Result<bool, ImportError> {
        self.budget.reset();
        let line = self.reader.position().line();
        self.reader.read_byte_record(record).map_err(|error| match error.kind() {
            _ if self.budget.is_spent() => ImportError::RowTooLong { path: self.path.clone(), line },
            _ => ImportError::Unreadable { path: self.path.clone(), reason: error.to_string() },
        })
    }

    /// The line where a record that was just read begins. The reader itself
    /// counts blank lines before a record as part of it, and leaves the second
    /// byte of `\r\n` to the next one.
    fn line(&self, record: &ByteRecord) -> u64 {
        let inside = record.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64;
        let last = match self.ends {
            LineEnd::Lf => self.reader.position().line().saturating_sub(1),
            LineEnd::CrLf => self.reader.position().line(),
        };
        let noted = record.position().map_or(0, ::csv::Position::line);
        noted.max(last.saturating_sub(inside))
    }
}

impl Source for Csv {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn total(&self) -> Option<u64> {
        Some(self.size)
    }

    fn read(&mut self, visit: &mut Visit<'_>) -> Result<(), ImportError> {
        let mut record = ByteRecord::new();
        while self.next(&mut record)? {
            let line = self.line(&record);
            let cells: Vec<Cell> = record.iter().map(Cell::from_bytes).collect();
            let cells = if cells.len() == self.columns.len() {
                Ok(cells)
            } else {
                Err(Broken { reason: Reason::Cells, raw: cells.iter().map(Cell::to_json).collect() })
            };
            visit(Row { place: RowPlace::Line(line), done: self.reader.position().byte(), cells })?;
        }
        Ok(())
    }
}

/// The most frequent of the usual separators in the first line, and its end.
/// Leaves the file at its beginning, behind a byte order mark.
fn format(mut file: &File) -> std::io::Result<(u8, LineEnd)> {
    let mut line = Vec::new();
    BufReader::new(file.take(1 << 16)).read_until(b'\n', &mut line)?;
    let start = if line.starts_with(BOM) { BOM.len() as u64 } else { 0 };
    file.seek(std::io::SeekFrom::Start(start))?;
    let count = |byte: &u8| line.iter().filter(|b| *b == byte).count();
    let ends = if line.ends_with(b"\r\n") { LineEnd::CrLf } else { LineEnd::Lf };
    Ok((b"\t;,".iter().copied().max_by_key(count).unwrap_or(b','), ends))
}
