//! The handle that tests, the demonstration and the control API hold: people
//! act through it, faults are set through it, and the record is read from it.

use crate::model::{Clock, Text};
use crate::sandbox::chats::{Chat, ChatState, ChatSummary, NewChat, bot_json};
use crate::sandbox::entities;
use crate::sandbox::faults::Fault;
use crate::sandbox::ledger::{Duplicate, Entry};
use crate::sandbox::limits::{Counters, Limits};
use crate::sandbox::messages::Message;
use crate::sandbox::options::SandboxOptions;
use crate::sandbox::updates::UpdateKind;
use crate::sandbox::world::{Stamp, World};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, watch};

/// A running sandbox from the inside. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    pub(crate) shared: Arc<Shared>,
}

/// What all clones share.
pub(crate) struct Shared {
    pub(crate) token: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) accepted: watch::Sender<u64>,
    pub(crate) up: watch::Sender<bool>,
    /// Told when an update was added or the poller changed.
    pub(crate) news: Notify,
    pub(crate) in_flight: AtomicU32,
    limits: Mutex<Limits>,
    world: Mutex<World>,
}

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
    /// Rows of inline buttons: label, and data or URL.
    pub buttons: Vec<Vec<(String, String)>>,
    /// Whether the bot has changed it since.
    pub edited: bool,
    /// The same for requests that asked for the same.
    #[serde(serialize_with = "crate::sandbox::ledger::as_hex")]
    pub hash: u64,
}

/// What a person cannot do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ActError {
    /// The chat is not in the registry.
    #[error("there is no chat {chat}: add it first")]
    NoChat {
        /// The id that was asked for.
        chat: i64,
    },
    /// The person has blocked the bot, or is no longer there.
    #[error("chat {chat} cannot act: its state is {state:?}")]
    Silent {
        /// The chat.
        chat: i64,
        /// How it stands to the bot.
        state: ChatState,
    },
    /// The message is not there.
    #[error("chat {chat} has no message {message_id}")]
    NoMessage {
        /// The chat.
        chat: i64,
        /// The id that was asked for.
        message_id: i32,
    },
    /// The message has no such button.
    #[error("message {message_id} of chat {chat} has no button with the data `{data}`")]
    NoButton {
        /// The chat.
        chat: i64,
        /// The message.
        message_id: i32,
        /// The data that was asked for.
        data: String,
    },
    /// Nothing was written.
    #[error("a message needs some text")]
    NoText,
}

impl ActError {
    /// The error in both languages.
    pub fn text(&self) -> Text {
        let ru = match self {
            Self::NoChat { chat } => format!("чата {chat} нет: сначала добавьте его"),
            Self::Silent { chat, state } => format!("чат {chat} не может действовать: его состояние {state:?}"),
            Self::NoMessage { chat, message_id } => format!("в чате {chat} нет сообщения {message_id}"),
            Self::NoButton { chat, message_id, data } => {
                format!("у сообщения {message_id} чата {chat} нет кнопки с данными `{data}`")
            }
            Self::NoText => "сообщению нужен текст".to_owned(),
        };
        Text::new(self.to_string(), ru)
    }
}

impl Sandbox {
    pub(crate) fn new(options: &SandboxOptions) -> Self {
        let bot = options.token.split(':').next().and_then(|id| id.parse().ok()).unwrap_or(1);
        let world = World::new(bot, options.limits, options.seed, options.unknown_chats, options.keep_bodies);
        let shared = Shared {
            token: options.token.clone(),
            clock: options.clock.clone(),
            accepted: watch::Sender::new(0),
            up: watch::Sender::new(true),
            news: Notify::new(),
            in_flight: AtomicU32::new(0),
            limits: Mutex::new(options.limits),
            world: Mutex::new(world),
        };
        Self { shared: Arc::new(shared) }
    }

    // --- chats ---------------------------------------------------------

    /// Adds a person, or changes the one with this id.
    pub fn add_user(&self, id: i64, first_name: &str, state: ChatState) {
        self.add_chats([NewChat::user(id, first_name, state)]);
    }

    /// Adds many people: id, first name, state.
    pub fn add_users<'a>(&self, users: impl IntoIterator<Item = (i64, &'a str, ChatState)>) {
        self.add_chats(users.into_iter().map(|(id, name, state)| NewChat::user(id, name, state)));
    }

    /// Adds people and groups with all that is known of them.
    pub fn add_chats(&self, chats: impl IntoIterator<Item = NewChat>) {
        self.with(|world, _| chats.into_iter().for_each(|chat| world.chats.add(chat)));
    }

    /// Changes how a chat stands to the bot, without an update to the bot.
    pub fn set_state(&self, chat: i64, state: ChatState) -> Result<(), ActError> {
        self.with(|world, _| match world.chats.get_mut(chat) {
            Some(found) => {
                found.state = state;
                Ok(())
            }
            None => Err(ActError::NoChat { chat }),
        })
    }

    /// How a chat stands to the bot.
    pub fn state(&self, chat: i64) -> Option<ChatState> {
        self.with(|world, _| world.chats.get(chat).map(|chat| chat.state))
    }

    /// The chats whose id, name or username contains `search`, the ones with
    /// the newest messages first.
    pub fn chats(&self, search: &str, limit: usize) -> Vec<ChatSummary> {
        self.with(|world, _| summaries(world, search, limit))
    }

    /// How many chats there are.
    pub fn chat_count(&self) -> usize {
        self.with(|world, _| world.chats.len())
    }

    // --- what people do ------------------------------------------------

    /// A person writes to the bot; answers with the id of the message.
    pub fn user_says(&self, chat: i64, text: &str) -> Result<i32, ActError> {
        let body = entities::typed(text);
        if body.text.is_empty() {
            return Err(ActError::NoText);
        }
        self.with(|world, stamp| {
            let found = world.chats.get_mut(chat).ok_or(ActError::NoChat { chat })?;
            match found.state {
                ChatState::Active => {}
                ChatState::NeverStarted => found.state = ChatState::Active,
                state @ (ChatState::Blocked | ChatState::Deactivated | ChatState::Unknown | ChatState::Migrated(_)) => {
                    return Err(ActError::Silent { chat, state });
                }
            }
            let message = world.write_as_user(chat, body, stamp).ok_or(ActError::NoChat { chat })?;
            let id = message.get("message_id").and_then(Value::as_i64).unwrap_or_default();
            world.updates.push(UpdateKind::Message, chat, message);
            Ok(i32::try_from(id).unwrap_or(i32::MAX))
        })
    }

    /// A person opens the bot: `/start`, with a deep link's payload if not
    /// empty. One who had blocked the bot unblocks it first.
    pub fn start_bot(&self, chat: i64, payload: &str) -> Result<i32, ActError> {
        if self.state(chat) == Some(ChatState::Blocked) {
            self.unblock(chat)?;
        }
        self.user_says(chat, format!("/start {payload}").trim_end())
    }

    /// A person presses a button under a message; answers with the query's id.
    pub fn press(&self, chat: i64, message_id: i32, data: &str) -> Result<String, ActError> {
        self.with(|world, stamp| {
            let found = world.chats.get(chat).ok_or(ActError::NoChat { chat })?;
            if found.state != ChatState::Active {
                return Err(ActError::Silent { chat, state: found.state });
            }
            let user = found.user_json();
            let message = world.messages.get(chat, message_id).ok_or(ActError::NoMessage { chat, message_id })?;
            if !message.keyboard.has_data(data) {
                return Err(ActError::NoButton { chat, message_id, data: data.to_owned() });
            }
            let message = world.message_json(chat, message_id);
            let id = world.new_callback(stamp);
            let query = json!({
                "id": id, "from": user, "message": message, "chat_instance": format!("{}", chat.unsigned_abs()),
                "data": data,
            });
            world.updates.push(UpdateKind::CallbackQuery, chat, query);
            Ok(id)
        })
    }

    /// What the bot answered to a press: the text of the notice, empty if it
    /// showed none.
    pub fn press_answer(&self, query: &str) -> Option<String> {
        self.with(|world, _| world.callbacks.iter().find(|callback| callback.id == query)?.answer.clone())
    }

    /// A person blocks the bot.
    pub fn block(&self, chat: i64) -> Result<(), ActError> {
        self.change_membership(chat, ChatState::Blocked)
    }

    /// A person unblocks the bot.
    pub fn unblock(&self, chat: i64) -> Result<(), ActError> {
        self.change_membership(chat, ChatState::Active)
    }

    // --- trouble -------------------------------------------------------

    /// Other limits from now on.
    pub fn set_limits(&self, limits: Limits) {
        *self.shared.limits.lock().unwrap_or_else(PoisonError::into_inner) = limits;
        self.with(|world, _| world.gate.set(limits));
    }

    /// The limits in force.
    pub fn limits(&self) -> Limits {
        *self.shared.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a fault behind those that are set.
    pub fn add_fault(&self, fault: Fault) {
        self.with(|world, _| world.faults.add(fault));
    }

    /// Removes all faults and ends every running `retry_after`.
    pub fn clear_faults(&self) {
        self.with(|world, _| {
            world.faults.clear();
            world.gate.lift_pauses();
        });
    }

    /// The faults that are set, each with the number of requests it has hit.
    pub fn faults(&self) -> Vec<(Fault, u64)> {
        self.with(|world, _| world.faults.list())
    }

    /// Takes the server down (connections are reset and then refused) or up
    /// again at the same address.
    pub fn set_up(&self, up: bool) {
        self.shared.up.send_replace(up);
    }

    // --- the record ----------------------------------------------------

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

    /// Requests that a chat has accepted more than once.
    pub fn duplicates(&self) -> Vec<Duplicate> {
        self.with(|world, _| world.ledger.duplicates())
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

    // --- inside ----------------------------------------------------------

    /// Runs `work` on the state and then tells those who wait for news.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut World, Stamp) -> R) -> R {
        let stamp = Stamp { at: self.shared.clock.now().0, tick: self.shared.clock.monotonic().0 };
        let mut world = self.shared.world.lock().unwrap_or_else(PoisonError::into_inner);
        let before = (world.gate.counters.accepted, world.updates.newest());
        let result = work(&mut world, stamp);
        let after = (world.gate.counters.accepted, world.updates.newest());
        drop(world);
        if after.0 > before.0 {
            self.shared.accepted.send_if_modified(|count| {
                let grows = after.0 > *count;
                *count = after.0.max(*count);
                grows
            });
        }
        if after.1 != before.1 {
            self.shared.news.notify_waiters();
        }
        result
    }

    /// Counts a request as being worked on until the guard is dropped.
    pub(crate) fn enter(&self) -> InFlight<'_> {
        let now = self.shared.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        InFlight { count: &self.shared.in_flight, now }
    }

    fn change_membership(&self, chat: i64, state: ChatState) -> Result<(), ActError> {
        self.with(|world, stamp| {
            let bot = bot_json(world.bot);
            let found = world.chats.get_mut(chat).ok_or(ActError::NoChat { chat })?;
            if found.state == state {
                return Ok(());
            }
            if matches!(found.state, ChatState::Deactivated | ChatState::Unknown | ChatState::Migrated(_)) {
                return Err(ActError::Silent { chat, state: found.state });
            }
            found.state = state;
            let status = |blocked: bool| match blocked {
                true => json!({"user": bot, "status": "kicked", "until_date": 0}),
                false => json!({"user": bot, "status": "member"}),
            };
            let blocked = state == ChatState::Blocked;
            let change = json!({
                "chat": found.to_json(), "from": found.user_json(), "date": stamp.at.div_euclid(1_000),
                "old_chat_member": status(!blocked), "new_chat_member": status(blocked),
            });
            world.updates.push(UpdateKind::MyChatMember, chat, change);
            Ok(())
        })
    }
}

/// A request that is being worked on.
pub(crate) struct InFlight<'a> {
    count: &'a AtomicU32,
    /// How many there were when this one began.
    pub(crate) now: u32,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
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
        buttons: message.keyboard.buttons(),
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
