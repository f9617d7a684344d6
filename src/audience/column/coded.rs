//! Texts that repeat, enums among them: each row has a place in a dictionary.

use super::dictionary::Dictionary;
use super::known::Known;
use super::narrow::Places;
use crate::condition;
use std::sync::Arc;

/// Dictionaries of fewer texts are worth having anyway.
const SMALL: usize = 4_096;
/// A larger dictionary is worth having if each of its texts stands in so many
/// rows.
const REPEATS: usize = 4;

/// Texts, some of which may be missing.
#[derive(Clone, Debug, Default)]
pub(super) struct Coded {
    codes: Places,
    dictionary: Dictionary,
    /// The size that the dictionary had when it was last looked through.
    looked_at: usize,
    set: Known,
}

impl Coded {
    pub fn rows(&self) -> usize {
        self.codes.len()
    }

    pub fn grow(&mut self, rows: usize, text: Option<&str>) {
        self.set.grow(self.codes.len(), rows, text.is_some());
        let code = text.map_or(0, |text| self.dictionary.place(text));
        self.codes.resize(rows, code);
    }

    pub fn set(&mut self, row: usize, text: Option<&str>) {
        self.set.put(row, text.is_some(), self.codes.len());
        let code = text.map_or(0, |text| self.dictionary.place(text));
        self.codes.put(row, code);
    }

    pub fn get(&self, row: usize) -> Option<&Arc<str>> {
        if self.set.get(row) { self.dictionary.texts().get(self.codes.get(row) as usize) } else { None }
    }

    /// Whether the texts do not repeat any more. Asked after each text, it looks
    /// closely only when the dictionary has doubled, and then forgets the texts
    /// that no row has.
    pub fn is_crowded(&mut self) -> bool {
        if self.dictionary.len() < SMALL.max(self.looked_at * 2) {
            return false;
        }
        self.forget_unused();
        self.looked_at = self.dictionary.len();
        self.dictionary.len() >= SMALL / 2 && self.dictionary.len() * REPEATS > self.codes.len()
    }

    pub fn column(&self) -> condition::Column<'_> {
        let codes = match &self.codes {
            Places::U8(list) => condition::Codes::U8(list),
            Places::U16(list) => condition::Codes::U16(list),
            Places::U32(list) => condition::Codes::U32(list),
        };
        condition::Column::Coded { codes, dictionary: self.dictionary.texts(), set: self.set.words() }
    }

    pub fn memory(&self) -> usize {
        self.codes.memory() + self.dictionary.memory() + self.set.memory()
    }

    fn forget_unused(&mut self) {
        let mut fresh = Self::default();
        for row in 0..self.codes.len() {
            fresh.grow(row + 1, self.get(row).map(|text| &**text));
        }
        *self = fresh;
    }
}
