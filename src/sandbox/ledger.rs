//! The record of every message that was accepted: one compact line each, 32
//! bytes, and the report of duplicates. The texts stand with the messages.

use crate::sandbox::files::{MediaKind, Origin};
use serde::{Serialize, Serializer};
use std::collections::HashMap;

/// One accepted message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The chat.
    pub chat: i64,
    /// The message's id in it.
    pub message_id: i32,
    /// When, in milliseconds since 1970 by the sandbox's clock.
    pub at: i64,
    /// The method that sent it; see [`Entry::method`].
    #[serde(serialize_with = "as_name")]
    pub(crate) method: u8,
    /// The file that came with it, if one did.
    #[serde(flatten, serialize_with = "as_file")]
    pub(crate) file: Option<(MediaKind, Origin)>,
    /// Whether a fault kept the answer from the bot, which cannot know that
    /// the message was accepted.
    pub lost: bool,
    /// The same for requests that asked for the same in the same chat.
    #[serde(serialize_with = "as_hex")]
    pub hash: u64,
}

/// The same payload, accepted more than once by one chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Duplicate {
    /// The chat.
    pub chat: i64,
    /// The hash that the messages share.
    #[serde(serialize_with = "as_hex")]
    pub hash: u64,
    /// Their ids, in order of arrival.
    pub message_ids: Vec<i32>,
}

/// All entries in order of arrival.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: Vec<Entry>,
}

/// The methods that create messages; an entry holds the place in this list.
const METHODS: [&str; 7] =
    ["sendMessage", "sendPhoto", "sendVideo", "sendDocument", "sendMediaGroup", "copyMessage", "sendInvoice"];

/// How far back a message stands at most whose answer is being written.
const RECENT: usize = 100_000;

impl Entry {
    /// The method that sent it, such as `sendMessage`.
    pub fn method(&self) -> &'static str {
        METHODS.get(usize::from(self.method)).copied().unwrap_or("sendMessage")
    }

    /// What kind of file came with it, and how the request named the file.
    pub fn file(&self) -> Option<(MediaKind, Origin)> {
        self.file
    }

    pub(crate) fn code(method: &str) -> u8 {
        let place = METHODS.iter().position(|name| *name == method).unwrap_or(0);
        u8::try_from(place).unwrap_or(0)
    }
}

impl Ledger {
    pub(crate) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Notes that the answer about a message, one of the newest, was lost.
    pub(crate) fn lose(&mut self, chat: i64, message_id: i32) {
        let newest = self.entries.iter_mut().rev().take(RECENT);
        let mut fitting = newest.filter(|entry| entry.chat == chat && entry.message_id == message_id);
        if let Some(entry) = fitting.next() {
            entry.lost = true;
        }
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many messages each chat received; chats without one are absent.
    pub(crate) fn counts(&self) -> HashMap<i64, u32> {
        let mut counts = HashMap::new();
        for entry in &self.entries {
            *counts.entry(entry.chat).or_default() += 1;
        }
        counts
    }

    /// Payloads that a chat received more than once, by chat.
    pub(crate) fn duplicates(&self) -> Vec<Duplicate> {
        let mut seen: HashMap<(i64, u64), Vec<i32>> = HashMap::new();
        for entry in &self.entries {
            seen.entry((entry.chat, entry.hash)).or_default().push(entry.message_id);
        }
        let mut found: Vec<Duplicate> = seen
            .into_iter()
            .filter(|(_, ids)| ids.len() > 1)
            .map(|((chat, hash), message_ids)| Duplicate { chat, hash, message_ids })
            .collect();
        found.sort_unstable_by_key(|duplicate| (duplicate.chat, duplicate.hash));
        found
    }
}

/// A hash as text: JSON's numbers are too small for it.
pub(crate) fn as_hex<S: Serializer>(hash: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{hash:016x}"))
}

fn as_file<S: Serializer>(file: &Option<(MediaKind, Origin)>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct File {
        media: Option<MediaKind>,
        by: Option<Origin>,
    }
    File { media: file.map(|(kind, _)| kind), by: file.map(|(_, origin)| origin) }.serialize(serializer)
}

fn as_name<S: Serializer>(method: &u8, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(METHODS.get(usize::from(*method)).copied().unwrap_or_default())
}

/// FNV-1a, so that a payload has the same hash in every run.
pub(crate) fn hash(parts: &[&[u8]]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.iter().chain([&0xff]) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_duplicates_are_per_chat() {
        let mut ledger = Ledger::default();
        for (chat, message_id, text) in [(1, 1, "a"), (2, 1, "a"), (1, 2, "b"), (1, 3, "a")] {
            let hash = hash(&[text.as_bytes()]);
            ledger.push(Entry { chat, message_id, at: 0, method: 0, file: None, lost: false, hash });
        }
        assert_eq!(ledger.counts(), HashMap::from([(1, 3), (2, 1)]));
        let duplicates = ledger.duplicates();
        assert_eq!(duplicates.len(), 1);
        assert_eq!((duplicates[0].chat, &duplicates[0].message_ids), (1, &vec![1, 3]));
    }

    #[test]
    fn an_entry_is_small_and_says_what_came() {
        assert_eq!(size_of::<Entry>(), 32);
        let file = Some((MediaKind::Photo, Origin::Upload));
        let entry = Entry { chat: 1, message_id: 2, at: 3, method: 1, file, lost: false, hash: 4 };
        let expected = serde_json::json!({
            "chat": 1, "message_id": 2, "at": 3, "method": "sendPhoto", "media": "photo", "by": "upload",
            "lost": false, "hash": "0000000000000004",
        });
        assert_eq!(serde_json::to_value(entry).unwrap(), expected);
    }

    #[test]
    fn every_method_has_its_name_back() {
        for (place, name) in METHODS.iter().enumerate() {
            assert_eq!(usize::from(Entry::code(name)), place);
        }
    }
}
