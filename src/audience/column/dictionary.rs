//! Texts that repeat, each kept once and known by its place.

use std::collections::HashMap;
use std::sync::Arc;

/// Texts by place and places by text.
#[derive(Clone, Debug, Default)]
pub(super) struct Dictionary {
    texts: Vec<Arc<str>>,
    places: HashMap<Arc<str>, u32>,
}

impl Dictionary {
    /// The place of a text, a new one if it has none.
    pub fn place(&mut self, text: &str) -> u32 {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        let text: Arc<str> = text.into();
        self.texts.push(text.clone());
        self.places.insert(text, place);
        place
    }

    /// The place of a text, if it has one.
    pub fn find(&self, text: &str) -> Option<u32> {
        self.places.get(text).copied()
    }

    pub fn texts(&self) -> &[Arc<str>] {
        &self.texts
    }

    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Bytes of memory, as near as the standard map lets one tell.
    pub fn memory(&self) -> usize {
        let texts: usize = self.texts.iter().map(|text| text.len() + 16).sum();
        texts + self.texts.capacity() * 16 + self.places.capacity() * 8 / 7 * 25
    }
}
