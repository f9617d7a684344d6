//! Lists of texts: each row's elements in order, and for each element the rows
//! that have it.

use super::dictionary::Dictionary;
use super::known::Known;
use super::members::Members;
use super::narrow::Places;
use crate::condition::{self, TextSpan};
use crate::model::Value;

/// Gaps of fewer elements are not worth closing.
const WORTH_CLOSING: usize = 1 << 14;

/// Lists, some of which may be missing. They have four thousand million
/// elements together at most; a list beyond that is kept as a missing one.
#[derive(Clone, Debug, Default)]
pub(super) struct Lists {
    /// Where each row's elements stand among all.
    spans: Vec<TextSpan>,
    elements: Places,
    gaps: usize,
    dictionary: Dictionary,
    /// By place in the dictionary.
    members: Vec<Members>,
    set: Known,
}

impl Lists {
    pub fn grow(&mut self, rows: usize, list: Option<&[&str]>) {
        let before = self.spans.len();
        self.set.grow(before, rows, list.is_some());
        self.spans.resize(rows, TextSpan::default());
        if list.is_some_and(|list| !list.is_empty()) {
            (before..rows).for_each(|row| self.set(row, list));
        }
    }

    pub fn set(&mut self, row: usize, list: Option<&[&str]>) {
        for element in self.range(row) {
            self.members[self.elements.get(element) as usize].remove(row);
        }
        self.gaps += self.spans[row].length as usize;
        self.spans[row] = TextSpan::default();
        self.close_gaps();
        let span = list.and_then(|list| self.append(list));
        self.set.put(row, span.is_some(), self.spans.len());
        self.spans[row] = span.unwrap_or_default();
        for element in self.range(row) {
            self.members[self.elements.get(element) as usize].add(row, self.spans.len());
        }
    }

    pub fn memory(&self) -> usize {
        let members: usize = self.members.iter().map(Members::memory).sum();
        let spans = self.spans.capacity() * size_of::<TextSpan>();
        spans + self.elements.memory() + self.dictionary.memory() + members + self.set.memory()
    }

    fn append(&mut self, list: &[&str]) -> Option<TextSpan> {
        let (start, length) = (u32::try_from(self.elements.len()).ok()?, u32::try_from(list.len()).ok()?);
        start.checked_add(length)?;
        for text in list {
            let place = self.dictionary.place(text);
            self.elements.push(place);
        }
        self.members.resize_with(self.dictionary.len(), Members::new);
        Some(TextSpan { start, length })
    }

    fn close_gaps(&mut self) {
        if self.gaps < WORTH_CLOSING || self.gaps * 3 < self.elements.len() {
            return;
        }
        let mut elements = Places::default();
        for row in 0..self.spans.len() {
            let start = u32::try_from(elements.len()).unwrap_or(u32::MAX);
            self.range(row).for_each(|at| elements.push(self.elements.get(at)));
            self.spans[row].start = start;
        }
        (self.elements, self.gaps) = (elements, 0);
    }

    fn range(&self, row: usize) -> std::ops::Range<usize> {
        let TextSpan { start, length } = self.spans[row];
        start as usize..start as usize + length as usize
    }
}

impl condition::Lists for Lists {
    fn with(&self, element: &str, first: usize, into: &mut [u64]) {
        match self.dictionary.find(element).and_then(|place| self.members.get(place as usize)) {
            Some(members) => members.write(first, into),
            None => into.fill(0),
        }
    }

    fn length(&self, row: usize) -> Option<usize> {
        self.set.get(row).then(|| self.spans[row].length as usize)
    }

    fn get(&self, row: usize) -> Value {
        if !self.set.get(row) {
            return Value::Missing;
        }
        let texts = self.dictionary.texts();
        Value::List(self.range(row).map(|at| texts[self.elements.get(at) as usize].clone()).collect())
    }
}
