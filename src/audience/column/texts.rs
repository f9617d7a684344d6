//! Texts that hardly repeat: all their bytes one after the other. A text that
//! is replaced leaves a gap, and when a third of the bytes are gaps they are
//! closed.

use super::known::Known;
use crate::condition::{self, TextSpan};

/// Gaps of fewer bytes are not worth closing.
const WORTH_CLOSING: usize = 1 << 16;

/// Texts, some of which may be missing. They are four gigabytes together at
/// most; a text beyond that is kept as a missing one.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    spans: Vec<TextSpan>,
    bytes: Vec<u8>,
    gaps: usize,
    set: Known,
}

impl Texts {
    pub fn grow(&mut self, rows: usize, text: Option<&str>) {
        let before = self.spans.len();
        let span = text.map_or(Some(TextSpan::default()), |text| self.append(text));
        self.set.grow(before, rows, text.is_some() && span.is_some());
        // Rows that get the same text share its bytes.
        self.spans.resize(rows, span.unwrap_or_default());
    }

    pub fn set(&mut self, row: usize, text: Option<&str>) {
        self.gaps += self.spans[row].length as usize;
        self.spans[row] = TextSpan::default();
        self.close_gaps();
        let span = text.and_then(|text| self.append(text));
        self.set.put(row, span.is_some(), self.spans.len());
        self.spans[row] = span.unwrap_or_default();
    }

    pub fn get(&self, row: usize) -> Option<&str> {
        self.set.get(row).then(|| self.text(row))
    }

    pub fn column(&self) -> condition::Column<'_> {
        condition::Column::Texts { spans: &self.spans, bytes: &self.bytes, set: self.set.words() }
    }

    pub fn memory(&self) -> usize {
        self.spans.capacity() * size_of::<TextSpan>() + self.bytes.capacity() + self.set.memory()
    }

    fn text(&self, row: usize) -> &str {
        let TextSpan { start, length } = self.spans[row];
        let (start, length) = (start as usize, length as usize);
        std::str::from_utf8(&self.bytes[start..start + length]).unwrap_or_default()
    }

    fn append(&mut self, text: &str) -> Option<TextSpan> {
        let (start, length) = (u32::try_from(self.bytes.len()).ok()?, u32::try_from(text.len()).ok()?);
        start.checked_add(length)?;
        self.bytes.extend_from_slice(text.as_bytes());
        Some(TextSpan { start, length })
    }

    fn close_gaps(&mut self) {
        if self.gaps < WORTH_CLOSING || self.gaps * 3 < self.bytes.len() {
            return;
        }
        let mut bytes = Vec::with_capacity(self.bytes.len().saturating_sub(self.gaps));
        for span in &mut self.spans {
            let (start, length) = (span.start as usize, span.length as usize);
            // No later than where it was, unless rows shared their bytes.
            span.start = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&self.bytes[start..start + length]);
        }
        (self.bytes, self.gaps) = (bytes, 0);
    }
}
