//! What the sandbox has seen: messages, counters, and reports on them.

use crate::sandbox::chats::{Chat, ChatSummary};
use crate::sandbox::counters::Counters;
use crate::sandbox::files::{MediaKind, Origin};
use crate::sandbox::handle::Sandbox;
use crate::sandbox::ledger::{Duplicate, Entry};
use crate::sandbox::messages::Message;
use crate::sandbox::verify::Tally;
use crate::sandbox::world::World;
use serde::Serialize;
use serde_json::Value;
use std::collections::HashMap;
use tokio::sync::watch;

/// A message of a chat, as tests look at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Received {
    /// The message's id in its chat.
    pub message_id: i32,
    /// Milliseconds since 1970.
    pub at: i64,
    /// The method that sent it; empty if a person wrote it.
    pub method: String,
    /// The text or caption, without markup.
    pub text: String,
    /// The markup: kind of each entity with its UTF-16 offset and length.
    pub entities: Vec<(String, usize, usize)>,
    /// The attached file, by the URL, `file_id` or name that it was sent with.
    pub media: Option<String>,
    /// What kind of file it is, and how the request named it.
    pub file: Option<(MediaKind, Origin)>,
    /// The album that it is part of.
    pub album: Option<String>,
    /// Rows of inline buttons: label, and data or URL.
    pub buttons: Vec<Vec<(String, String)>>,
    /// An invoice with its payload, a receipt or a refund: the object of the
    /// message under its name.
    pub payment: Option<Value>,
    /// Whether the bot has changed it since.
    pub edited: bool,
    /// The same for requests that asked for the same.
    #[serde(serialize_with = "crate::sandbox::ledger::as_hex")]
    pub hash: u64,
}

impl Sandbox {
    /// The chats whose id, name or username contains `search`, the ones with
    /// the newest messages first.
    pub fn chats(&self, search: &str, limit: usize) -> Vec<ChatSummary> {
        self.with(|world, _| summaries(world, search, limit))
    }

    /// The messages from the bot that a chat holds, oldest first.
    pub fn received(&self, chat: i64) -> Vec<Received> {
        self.with(|world, _| world.messages.of_chat(chat).filter(|message| message.from_bot).map(received).collect())
    }

    /// The newest messages of a chat with everything a page shows of them.
    pub(crate) fn newest_messages(&self, chat: i64, limit: usize) -> Vec<Message> {
        let mut newest: Vec<Message> =
            self.with(|world, _| world.messages.of_chat(chat).rev().take(limit).cloned().collect());
        newest.reverse();
        newest
    }

    /// One chat as lists show it.
    pub fn chat(&self, chat: i64) -> Option<ChatSummary> {
        self.with(|world, _| world.chats.get(chat).map(|chat| summary(world, chat)))
    }

    /// All messages that a chat holds, the person's own ones too.
    pub fn conversation(&self, chat: i64) -> Vec<Received> {
        self.with(|world, _| world.messages.of_chat(chat).map(received).collect())
    }

    /// How many messages each chat was sent, also those whose body is gone;
    /// chats without one are absent.
    pub fn counts(&self) -> HashMap<i64, u32> {
        self.with(|world, _| world.ledger.counts())
    }

    /// The record from the `from`-th accepted message on.
    pub fn ledger(&self, from: usize, limit: usize) -> Vec<Entry> {
        self.with(|world, _| world.ledger.entries().iter().skip(from).take(limit).copied().collect())
    }

    /// How many messages each chat was sent of which the bot did not hear;
    /// chats without one are absent.
    pub fn lost(&self) -> HashMap<i64, u32> {
        self.with(|world, _| {
            let mut lost = HashMap::new();
            for entry in world.ledger.entries().iter().filter(|entry| entry.lost) {
                *lost.entry(entry.chat).or_default() += 1;
            }
            lost
        })
    }

    /// Requests that a chat has accepted more than once.
    pub fn duplicates(&self) -> Vec<Duplicate> {
        self.with(|world, _| world.ledger.duplicates())
    }

    /// How many messages these chats have received since the start or the
    /// last reset: none, one, or more. Each chat counts once.
    pub fn verify(&self, chats: impl IntoIterator<Item = i64>) -> Tally {
        let mut ids: Vec<i64> = chats.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        self.with(|world, _| Tally::of(&world.chats, &ids, world.gate.counters.accepted))
    }

    /// How many messages were accepted.
    pub fn accepted(&self) -> u64 {
        *self.shared.accepted.borrow()
    }

    /// Follows the number of accepted messages.
    pub fn watch_accepted(&self) -> watch::Receiver<u64> {
        self.shared.accepted.subscribe()
    }

    /// Waits until `n` messages have been accepted in all.
    pub async fn wait_accepted(&self, n: u64) {
        let mut accepted = self.watch_accepted();
        // The sender lives in `self`, so that this cannot fail.
        drop(accepted.wait_for(|count| *count >= n).await);
    }

    /// Everything that was counted.
    pub fn counters(&self) -> Counters {
        self.with(|world, _| world.gate.counters.clone())
    }

    /// Updates that the bot has not confirmed.
    pub fn pending_updates(&self) -> usize {
        self.with(|world, _| world.updates.len())
    }

    /// Forgets messages, updates, faults and counters; keeps the chats, the
    /// limits and the webhook.
    pub fn reset(&self) {
        let limits = self.limits();
        self.with(|world, _| world.reset(limits));
        self.shared.accepted.send_replace(0);
    }
}

fn received(message: &Message) -> Received {
    let entities = &message.body.entities;
    Received {
        message_id: message.id,
        at: message.at,
        method: message.method.to_owned(),
        text: message.body.text.clone(),
        entities: entities.iter().map(|entity| (entity.kind.name().to_owned(), entity.offset, entity.length)).collect(),
        media: message.media.as_ref().map(|media| media.source.clone()),
        file: message.media.as_ref().map(|media| (media.kind, media.origin)),
        album: message.extras.album.clone(),
        buttons: message.keyboard.buttons(),
        payment: message.extras.special.as_ref().map(|special| special.whole()),
        edited: message.edited_at.is_some(),
        hash: message.hash,
    }
}

fn summaries(world: &World, search: &str, limit: usize) -> Vec<ChatSummary> {
    let search = search.trim().trim_start_matches('@').to_lowercase();
    let fits = |text: &str| text.to_lowercase().contains(&search);
    let mut found: Vec<_> = world
        .chats
        .iter()
        .filter(|chat| {
            search.is_empty() || fits(&chat.id.to_string()) || fits(&chat.name()) || chat.username().is_some_and(fits)
        })
        .collect();
    let key = |chat: &&Chat| (std::cmp::Reverse(chat.last_at), chat.id);
    if found.len() > limit {
        // Sorting a million chats to show a hundred would hold up the requests.
        found.select_nth_unstable_by_key(limit, key);
        found.truncate(limit);
    }
    found.sort_unstable_by_key(key);
    found.into_iter().map(|chat| summary(world, chat)).collect()
}

fn summary(world: &World, chat: &Chat) -> ChatSummary {
    ChatSummary {
        id: chat.id,
        name: chat.name(),
        username: chat.username().map(str::to_owned),
        kind: chat.kind,
        state: chat.state,
        received: chat.received,
        last_text: world.messages.of_chat(chat.id).next_back().map(preview).unwrap_or_default(),
        last_at: chat.last_at,
    }
}

/// The beginning of a message in one line.
fn preview(message: &Message) -> String {
    let media = message.media.as_ref().map(|media| format!("[{}] ", media.kind.key()));
    let words = message.body.text.split_whitespace().collect::<Vec<_>>().join(" ");
    media.into_iter().chain([words.chars().take(80).collect()]).collect()
}
