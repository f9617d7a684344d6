//! Everything the sandbox knows, behind one lock that is held briefly, and
//! the one place where a message is accepted.

use crate::sandbox::answer::Refusal;
use crate::sandbox::chats::{ChatState, Chats, NewChat};
use crate::sandbox::entities::Formatted;
use crate::sandbox::fate::Shares;
use crate::sandbox::faults::Faults;
use crate::sandbox::files::Media;
use crate::sandbox::keyboard::Keyboard;
use crate::sandbox::ledger::{self, Entry, Ledger};
use crate::sandbox::limits::{Gate, Limits, Pace};
use crate::sandbox::messages::{Extras, Message, Messages};
use crate::sandbox::options::{SandboxOptions, UnknownChats};
use crate::sandbox::params::Params;
use crate::sandbox::payments::{Shop, Special};
use crate::sandbox::script::Script;
use crate::sandbox::stars::Stars;
use crate::sandbox::updates::Updates;
use crate::sandbox::webhook::Webhook;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};

/// The whole state.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) bot: i64,
    pub(crate) chats: Chats,
    pub(crate) messages: Messages,
    pub(crate) ledger: Ledger,
    pub(crate) gate: Gate,
    pub(crate) stars: Stars,
    pub(crate) shop: Shop,
    pub(crate) faults: Faults,
    pub(crate) updates: Updates,
    pub(crate) callbacks: VecDeque<Callback>,
    pub(crate) commands: BTreeMap<String, Value>,
    pub(crate) files: u64,
    pub(crate) callback_count: u64,
    pub(crate) webhook: Option<Webhook>,
    /// Changes with every webhook, so that an old one's deliveries stop.
    pub(crate) webhook_count: u64,
    unknown_chats: UnknownChats,
}

/// The two readings of the clock that go with one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    /// Monotonic milliseconds.
    pub(crate) tick: i64,
}

/// A message on its way into a chat.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) method: &'static str,
    pub(crate) body: Formatted,
    pub(crate) media: Option<Media>,
    pub(crate) keyboard: Keyboard,
    pub(crate) extras: Extras,
    /// Whether the bot would pay for it.
    pub(crate) paid: bool,
    pub(crate) hash: u64,
}

/// A pressed button and what the bot answered.
#[derive(Clone, Debug)]
pub(crate) struct Callback {
    pub(crate) id: String,
    pub(crate) answer: Option<String>,
    /// Monotonic milliseconds.
    pub(crate) tick: i64,
}

/// Presses that can still be answered.
const MAX_CALLBACKS: usize = 10_000;

impl World {
    pub(crate) fn new(bot: i64, options: &SandboxOptions) -> Self {
        Self {
            bot,
            chats: Chats::default(),
            messages: Messages::new(options.keep_bodies),
            ledger: Ledger::default(),
            gate: Gate::new(options.limits),
            stars: Stars::new(options.paid_broadcasts),
            shop: Shop::default(),
            faults: Faults::new(options.seed),
            updates: Updates::new(),
            callbacks: VecDeque::new(),
            commands: BTreeMap::new(),
            files: 0,
            callback_count: 0,
            webhook: None,
            webhook_count: 0,
            unknown_chats: options.unknown_chats,
        }
    }

    /// The id of the chat that a request names, which may not exist.
    pub(crate) fn named_chat(&self, params: &Params, key: &str) -> Result<i64, Refusal> {
        let name = params.text(key).filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| Refusal::bad(format!("{key} is empty")))?;
        let found = match name.strip_prefix('@') {
            Some(username) => self.chats.by_username(username),
            None => name.trim().parse().ok(),
        };
        found.ok_or_else(|| Refusal::bad("chat not found"))
    }

    /// Makes sure that the bot can write to a chat.
    pub(crate) fn reach(&mut self, chat: i64) -> Result<(), Refusal> {
        if self.chats.get(chat).is_none() && chat > 0 && self.unknown_chats == UnknownChats::Create {
            self.chats.add(NewChat::user(chat, "", ChatState::Active));
        }
        match self.chats.get(chat) {
            None => Err(Refusal::bad("chat not found")),
            Some(chat) => chat.refusal().map_or(Ok(()), Err),
        }
    }

    /// Accepts messages from the bot, all or none, and answers with them.
    pub(crate) fn deliver(&mut self, chat: i64, drafts: Vec<Draft>, stamp: Stamp) -> Result<Vec<Value>, Refusal> {
        self.reach(chat)?;
        let count = u32::try_from(drafts.len()).unwrap_or(u32::MAX);
        let is_paid = drafts.iter().any(|draft| draft.paid) && self.stars.allow();
        self.gate.take(chat, count, if is_paid { Pace::Paid } else { Pace::Free }, stamp.tick)?;
        Ok(drafts.into_iter().filter_map(|draft| self.accept(chat, Draft { paid: is_paid, ..draft }, stamp)).collect())
    }

    /// Adds a message that a person wrote.
    pub(crate) fn write_as_user(&mut self, chat: i64, body: Formatted, stamp: Stamp) -> Option<Value> {
        self.write_for_user(chat, body, None, stamp)
    }

    /// Adds a message of a person, or what the server says of their doing.
    pub(crate) fn write_for_user(
        &mut self,
        chat: i64,
        body: Formatted,
        special: Option<Special>,
        stamp: Stamp,
    ) -> Option<Value> {
        let id = self.next_id(chat, stamp)?;
        let message = Message {
            id,
            at: stamp.at,
            from_bot: false,
            method: "",
            body,
            media: None,
            keyboard: Keyboard::None,
            extras: Extras { special: special.map(Box::new), ..Extras::default() },
            edited_at: None,
            hash: 0,
        };
        self.messages.push(chat, message);
        self.message_json(chat, id)
    }

    /// A message as the Bot API shows it.
    pub(crate) fn message_json(&self, chat: i64, id: i32) -> Option<Value> {
        let message = self.messages.get(chat, id)?;
        let replied = message.extras.reply_to.and_then(|id| self.messages.get(chat, id));
        Some(message.to_json(self.chats.get(chat)?, self.bot, replied))
    }

    /// Remembers a press, and gives it its id.
    pub(crate) fn new_callback(&mut self, stamp: Stamp) -> String {
        self.callback_count += 1;
        let id = format!("{}{:09}", self.bot, self.callback_count);
        self.callbacks.push_back(Callback { id: id.clone(), answer: None, tick: stamp.tick });
        if self.callbacks.len() > MAX_CALLBACKS {
            self.callbacks.pop_front();
        }
        id
    }

    /// Plays a script from this moment on, after the faults that are set.
    pub(crate) fn play(&mut self, script: Script, stamp: Stamp) {
        if let Some(seed) = script.seed {
            self.faults.reseed(seed);
        }
        if script.states != Shares::default() {
            self.chats.set_fate(script.states, self.faults.seed());
        }
        script.faults.into_iter().for_each(|fault| self.faults.add(fault, stamp.tick));
    }

    /// Removes all faults and ends every running `retry_after`; chats stay in
    /// the states that they have, and new ones are active.
    pub(crate) fn calm(&mut self) {
        self.faults.clear();
        self.chats.set_fate(Shares::default(), 0);
        self.gate.lift_pauses();
    }

    /// Forgets all messages, updates, faults and counters; keeps the chats,
    /// the limits, the balance that was set and the webhook.
    pub(crate) fn reset(&mut self, limits: Limits) {
        self.messages.clear();
        self.ledger.clear();
        self.updates.clear();
        self.calm();
        self.stars.reset();
        self.shop.clear();
        self.callbacks.clear();
        self.chats.forget_messages();
        self.gate = Gate::new(limits);
    }

    fn accept(&mut self, chat: i64, draft: Draft, stamp: Stamp) -> Option<Value> {
        let id = self.next_id(chat, stamp)?;
        if let Some(chat) = self.chats.get_mut(chat) {
            chat.received += 1;
        }
        let method = Entry::code(draft.method);
        let hash = ledger::hash(&[&chat.to_le_bytes(), &draft.hash.to_le_bytes()]);
        let file = draft.media.as_ref().map(|media| (media.kind, media.origin));
        self.ledger.push(Entry { chat, message_id: id, at: stamp.at, method, file, lost: false, hash });
        self.gate.accepted(chat, stamp.tick);
        let is_charged = self.stars.accepted(stamp.at, draft.paid, self.gate.free_per_second());
        self.gate.counters.paid += u64::from(is_charged);
        let message = Message {
            id,
            at: stamp.at,
            from_bot: true,
            method: draft.method,
            body: draft.body,
            media: draft.media,
            keyboard: draft.keyboard,
            extras: draft.extras,
            edited_at: None,
            hash,
        };
        self.messages.push(chat, message);
        self.message_json(chat, id)
    }

    fn next_id(&mut self, chat: i64, stamp: Stamp) -> Option<i32> {
        let chat = self.chats.get_mut(chat)?;
        chat.last_id += 1;
        chat.last_at = stamp.at;
        Some(chat.last_id)
    }
}
