//! The people and groups that the sandbox pretends to have.

use crate::sandbox::answer::Refusal;
use crate::sandbox::fate::Shares;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What kind of chat it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatKind {
    /// One person.
    #[default]
    Private,
    /// Another bot; bots cannot write to bots.
    Bot,
    /// A basic group.
    Group,
    /// A supergroup.
    Supergroup,
    /// A channel.
    Channel,
}

/// How a chat stands to the bot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatState {
    /// Messages arrive.
    #[default]
    Active,
    /// The person has blocked the bot, or the bot was removed from the group.
    Blocked,
    /// The account was deleted.
    Deactivated,
    /// The person has never written to the bot.
    NeverStarted,
    /// Telegram does not know the chat.
    Unknown,
    /// The group became the supergroup with this id.
    Migrated(i64),
}

/// A chat to add; everything but the id may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewChat {
    /// Positive for people, negative for groups.
    pub id: i64,
    /// First name, or the title of a group.
    pub first_name: String,
    /// Last name.
    pub last_name: Option<String>,
    /// Name without `@`.
    pub username: Option<String>,
    /// The language of the person's app, such as `ru`.
    pub language_code: Option<String>,
    /// What kind of chat it is.
    pub kind: ChatKind,
    /// How it stands to the bot.
    pub state: ChatState,
}

/// A chat as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChatSummary {
    /// The id.
    pub id: i64,
    /// First and last name, or the title.
    pub name: String,
    /// Name without `@`.
    pub username: Option<String>,
    /// What kind of chat it is.
    pub kind: ChatKind,
    /// How it stands to the bot.
    pub state: ChatState,
    /// Messages accepted from the bot.
    pub received: u32,
    /// The beginning of the newest message.
    pub last_text: String,
    /// Milliseconds since 1970 of the newest message; 0 for none.
    pub last_at: i64,
}

/// One chat of the registry.
#[derive(Clone, Debug)]
pub(crate) struct Chat {
    pub(crate) id: i64,
    pub(crate) kind: ChatKind,
    pub(crate) state: ChatState,
    /// None is a name made of the id, which most of a million have.
    first_name: Option<Box<str>>,
    pub(crate) more: Option<Box<More>>,
    /// The newest message id in this chat.
    pub(crate) last_id: i32,
    /// Messages accepted from the bot.
    pub(crate) received: u32,
    /// Milliseconds since 1970 of the newest message.
    pub(crate) last_at: i64,
}

/// What few chats have.
#[derive(Clone, Debug, Default)]
pub(crate) struct More {
    pub(crate) last_name: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) language_code: Option<String>,
}

/// All chats by id.
#[derive(Debug, Default)]
pub(crate) struct Chats {
    all: BTreeMap<i64, Chat>,
    /// Which of the active chats are not, and the seed that chooses them.
    fate: Option<(Shares, u64)>,
}

impl NewChat {
    /// A person.
    pub fn user(id: i64, first_name: impl Into<String>, state: ChatState) -> Self {
        Self { id, first_name: first_name.into(), state, ..Self::default() }
    }

    /// A group, supergroup or channel; its id is negative.
    pub fn group(id: i64, title: impl Into<String>, kind: ChatKind, state: ChatState) -> Self {
        Self { id, first_name: title.into(), kind, state, ..Self::default() }
    }
}

impl Chat {
    fn new(new: NewChat) -> Self {
        let has_more = new.last_name.is_some() || new.username.is_some() || new.language_code.is_some();
        let more = More { last_name: new.last_name, username: new.username, language_code: new.language_code };
        let kind = if new.id < 0 && new.kind == ChatKind::Private { ChatKind::Group } else { new.kind };
        Self {
            id: new.id,
            kind,
            state: new.state,
            first_name: (!new.first_name.is_empty()).then(|| new.first_name.into()),
            more: has_more.then(|| Box::new(more)),
            last_id: 0,
            received: 0,
            last_at: 0,
        }
    }

    /// First and last name, or the title.
    pub(crate) fn name(&self) -> String {
        match self.more.as_ref().and_then(|more| more.last_name.as_deref()) {
            Some(last) => format!("{} {last}", self.first_name()),
            None => self.first_name().into_owned(),
        }
    }

    fn first_name(&self) -> Cow<'_, str> {
        self.first_name.as_deref().map_or_else(|| default_name(self.id).into(), Cow::Borrowed)
    }

    pub(crate) fn username(&self) -> Option<&str> {
        self.more.as_ref().and_then(|more| more.username.as_deref())
    }

    /// Whether one person stands behind it.
    pub(crate) fn is_person(&self) -> bool {
        matches!(self.kind, ChatKind::Private | ChatKind::Bot)
    }

    /// The `Chat` object.
    pub(crate) fn to_json(&self) -> Value {
        let kind = match self.kind {
            ChatKind::Private | ChatKind::Bot => "private",
            ChatKind::Group => "group",
            ChatKind::Supergroup => "supergroup",
            ChatKind::Channel => "channel",
        };
        let mut object = Map::new();
        object.insert("id".into(), self.id.into());
        object.insert("type".into(), kind.into());
        if self.is_person() {
            self.put_names(&mut object);
        } else {
            object.insert("title".into(), self.first_name().into());
            put(&mut object, "username", self.username());
        }
        Value::Object(object)
    }

    /// The `User` object of the person behind a private chat.
    pub(crate) fn user_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("id".into(), self.id.into());
        object.insert("is_bot".into(), (self.kind == ChatKind::Bot).into());
        self.put_names(&mut object);
        put(&mut object, "language_code", self.more.as_ref().and_then(|more| more.language_code.as_deref()));
        Value::Object(object)
    }

    fn put_names(&self, object: &mut Map<String, Value>) {
        object.insert("first_name".into(), self.first_name().into());
        put(object, "last_name", self.more.as_ref().and_then(|more| more.last_name.as_deref()));
        put(object, "username", self.username());
    }

    /// Why the bot cannot write here, in the Bot API's words.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        let kicked = match self.kind {
            ChatKind::Private | ChatKind::Bot => "bot was blocked by the user",
            ChatKind::Group => "bot was kicked from the group chat",
            ChatKind::Supergroup => "bot was kicked from the supergroup chat",
            ChatKind::Channel => "bot was kicked from the channel chat",
        };
        let gone = match self.kind {
            ChatKind::Private | ChatKind::Bot => "user is deactivated",
            ChatKind::Group => "the group chat was deleted",
            ChatKind::Supergroup => "bot is not a member of the supergroup chat",
            ChatKind::Channel => "bot is not a member of the channel chat",
        };
        match self.state {
            ChatState::Active if self.kind == ChatKind::Bot => {
                Some(Refusal::forbidden("bot can't send messages to bots"))
            }
            ChatState::Active => None,
            ChatState::Blocked => Some(Refusal::forbidden(kicked)),
            ChatState::Deactivated => Some(Refusal::forbidden(gone)),
            ChatState::NeverStarted => Some(Refusal::forbidden("bot can't initiate conversation with a user")),
            ChatState::Unknown => Some(Refusal::bad("chat not found")),
            ChatState::Migrated(to) => Some(Refusal::migrated(to)),
        }
    }
}

impl Chats {
    /// Adds a chat; one that is there gets the new names and state and keeps
    /// its messages.
    pub(crate) fn add(&mut self, new: NewChat) {
        self.add_all([new]);
    }

    /// Adds many chats, each as [`Chats::add`] does.
    pub(crate) fn add_all(&mut self, new: impl IntoIterator<Item = NewChat>) {
        let mut fresh = Vec::new();
        for mut chat in new.into_iter().map(Chat::new) {
            let heir = self.meet_fate(&mut chat);
            for chat in heir.into_iter().chain([chat]) {
                match self.all.get_mut(&chat.id) {
                    Some(old) => {
                        let (last_id, received, last_at) = (old.last_id, old.received, old.last_at);
                        *old = Chat { last_id, received, last_at, ..chat };
                    }
                    None => fresh.push((chat.id, chat)),
                }
            }
        }
        if fresh.len() < FEW {
            self.all.extend(fresh);
        } else {
            // Building the tree anew packs it: one that grows in order is half empty.
            self.all.append(&mut fresh.into_iter().collect());
        }
    }

    /// Chats that are active get their state by share from now on; those that
    /// are there get it at once.
    pub(crate) fn set_fate(&mut self, shares: Shares, seed: u64) {
        self.fate = (shares != Shares::default()).then_some((shares, seed));
        let mut all = std::mem::take(&mut self.all);
        let heirs: Vec<Chat> = all.values_mut().filter_map(|chat| self.meet_fate(chat)).collect();
        self.all = all;
        for heir in heirs {
            self.all.entry(heir.id).or_insert(heir);
        }
    }

    /// Gives an active chat its state; the chat that it became, if it did.
    fn meet_fate(&self, chat: &mut Chat) -> Option<Chat> {
        let (shares, seed) = self.fate?;
        let is_heir = chat.kind == ChatKind::Supergroup;
        if chat.state == ChatState::Active && chat.kind != ChatKind::Bot && !is_heir {
            chat.state = shares.state(seed, chat.id);
        }
        let ChatState::Migrated(to) = chat.state else { return None };
        let heir = NewChat::group(to, chat.name(), ChatKind::Supergroup, ChatState::Active);
        (!self.all.contains_key(&to)).then(|| Chat::new(heir))
    }

    pub(crate) fn get(&self, id: i64) -> Option<&Chat> {
        self.all.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: i64) -> Option<&mut Chat> {
        self.all.get_mut(&id)
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Chat> {
        self.all.values()
    }

    /// The chat with this public name.
    pub(crate) fn by_username(&self, name: &str) -> Option<i64> {
        self.all
            .values()
            .find(|chat| chat.username().is_some_and(|known| known.eq_ignore_ascii_case(name)))
            .map(|chat| chat.id)
    }

    /// Forgets what the chats received; keeps the chats.
    pub(crate) fn forget_messages(&mut self) {
        for chat in self.all.values_mut() {
            chat.last_id = 0;
            chat.received = 0;
            chat.last_at = 0;
        }
    }
}

/// So many are put into the tree one by one.
const FEW: usize = 1_000;

/// The `User` object of the sandbox's bot.
pub(crate) fn bot_json(id: i64) -> Value {
    json!({"id": id, "is_bot": true, "first_name": "Sandbox bot", "username": "vestnik_sandbox_bot"})
}

fn put(object: &mut Map<String, Value>, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        object.insert(key.into(), value.into());
    }
}

fn default_name(id: i64) -> String {
    if id < 0 { format!("Group {}", id.unsigned_abs()) } else { format!("User {id}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ChatKind::{Bot, Channel, Group, Private, Supergroup};
    use ChatState::{Active, Blocked, Deactivated, Migrated, NeverStarted, Unknown};

    #[test]
    fn refusals_have_the_words_of_the_real_server() {
        let rows: [(ChatKind, ChatState, &str); 11] = [
            (Private, Blocked, "Forbidden: bot was blocked by the user"),
            (Private, Deactivated, "Forbidden: user is deactivated"),
            (Private, NeverStarted, "Forbidden: bot can't initiate conversation with a user"),
            (Private, Unknown, "Bad Request: chat not found"),
            (Bot, Active, "Forbidden: bot can't send messages to bots"),
            (Group, Blocked, "Forbidden: bot was kicked from the group chat"),
            (Group, Deactivated, "Forbidden: the group chat was deleted"),
            (Group, Migrated(-1007), "Bad Request: group chat was upgraded to a supergroup chat"),
            (Supergroup, Blocked, "Forbidden: bot was kicked from the supergroup chat"),
            (Channel, Blocked, "Forbidden: bot was kicked from the channel chat"),
            (Channel, Deactivated, "Forbidden: bot is not a member of the channel chat"),
        ];
        for (kind, state, expected) in rows {
            let id = if kind == Private || kind == Bot { 5 } else { -5 };
            let chat = Chat::new(NewChat { id, kind, state, ..NewChat::default() });
            assert_eq!(chat.refusal().map(|refusal| refusal.description).as_deref(), Some(expected));
        }
    }
}
