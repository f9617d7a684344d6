//! Messages as chats hold them, and as the Bot API shows them.

use crate::sandbox::chats::{Chat, bot_json};
use crate::sandbox::entities::Formatted;
use crate::sandbox::files::Media;
use crate::sandbox::keyboard::Keyboard;
use crate::sandbox::payments::Special;
use serde_json::{Map, Value};
use std::collections::{HashMap, VecDeque};

/// One message with its body.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: i32,
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    pub(crate) from_bot: bool,
    pub(crate) method: &'static str,
    /// The text, or the caption if there is media.
    pub(crate) body: Formatted,
    pub(crate) media: Option<Media>,
    pub(crate) keyboard: Keyboard,
    pub(crate) extras: Extras,
    pub(crate) edited_at: Option<i64>,
    pub(crate) hash: u64,
}

/// What few messages have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extras {
    pub(crate) protected: bool,
    pub(crate) silent: bool,
    pub(crate) caption_above: bool,
    pub(crate) reply_to: Option<i32>,
    pub(crate) album: Option<String>,
    pub(crate) link_preview: Option<Value>,
    pub(crate) special: Option<Box<Special>>,
}

/// The bodies of all chats, of which only so many are kept. A chat's messages
/// stand in the order of their ids.
#[derive(Debug)]
pub(crate) struct Messages {
    #[expect(clippy::vec_box, reason = "most chats hold one message, and a vector begins with room for four")]
    by_chat: HashMap<i64, Vec<Box<Message>>>,
    order: VecDeque<(i64, i32)>,
    keep: usize,
}

impl Messages {
    pub(crate) fn new(keep: usize) -> Self {
        Self { by_chat: HashMap::new(), order: VecDeque::new(), keep: keep.max(1) }
    }

    /// Adds a message and lets go of the oldest ones above the bound.
    pub(crate) fn push(&mut self, chat: i64, message: Message) {
        self.order.push_back((chat, message.id));
        self.by_chat.entry(chat).or_default().push(Box::new(message));
        while self.order.len() > self.keep {
            let Some((chat, id)) = self.order.pop_front() else { break };
            self.remove(chat, id);
        }
    }

    pub(crate) fn remove(&mut self, chat: i64, id: i32) {
        let Some(messages) = self.by_chat.get_mut(&chat) else { return };
        if let Ok(place) = messages.binary_search_by_key(&id, |message| message.id) {
            messages.remove(place);
        }
        if messages.is_empty() {
            self.by_chat.remove(&chat);
        }
    }

    pub(crate) fn get(&self, chat: i64, id: i32) -> Option<&Message> {
        let messages = self.by_chat.get(&chat)?;
        let place = messages.binary_search_by_key(&id, |message| message.id).ok()?;
        messages.get(place).map(|message| &**message)
    }

    pub(crate) fn get_mut(&mut self, chat: i64, id: i32) -> Option<&mut Message> {
        let messages = self.by_chat.get_mut(&chat)?;
        let place = messages.binary_search_by_key(&id, |message| message.id).ok()?;
        messages.get_mut(place).map(|message| &mut **message)
    }

    /// A chat's messages in order of their ids.
    pub(crate) fn of_chat(&self, chat: i64) -> impl DoubleEndedIterator<Item = &Message> {
        self.by_chat.get(&chat).into_iter().flatten().map(|message| &**message)
    }

    pub(crate) fn clear(&mut self) {
        self.by_chat.clear();
        self.order.clear();
    }
}

impl Message {
    /// The `Message` object; `replied` is the message it answers.
    pub(crate) fn to_json(&self, chat: &Chat, bot: i64, replied: Option<&Message>) -> Value {
        let mut object = Map::new();
        object.insert("message_id".into(), self.id.into());
        if self.from_bot {
            object.insert("from".into(), bot_json(bot));
        } else if chat.is_person() {
            object.insert("from".into(), chat.user_json());
        }
        object.insert("chat".into(), chat.to_json());
        object.insert("date".into(), (self.at.div_euclid(1_000)).into());
        if let Some(at) = self.edited_at {
            object.insert("edit_date".into(), at.div_euclid(1_000).into());
        }
        if let Some(replied) = replied {
            object.insert("reply_to_message".into(), replied.to_json(chat, bot, None));
        }
        self.put_body(&mut object);
        self.put_extras(&mut object);
        if let Some(markup) = self.keyboard.shown() {
            object.insert("reply_markup".into(), markup.clone());
        }
        Value::Object(object)
    }

    fn put_body(&self, object: &mut Map<String, Value>) {
        if let Some(special) = &self.extras.special {
            let (name, value) = special.to_json();
            object.insert(name.into(), value);
            return;
        }
        let (text_key, entities_key) = match &self.media {
            Some(media) => {
                object.insert(media.kind.key().into(), media.to_json());
                ("caption", "caption_entities")
            }
            None => ("text", "entities"),
        };
        if self.media.is_none() || !self.body.text.is_empty() {
            object.insert(text_key.into(), self.body.text.as_str().into());
        }
        if let Some(entities) = self.body.entities_json() {
            object.insert(entities_key.into(), entities);
        }
    }

    fn put_extras(&self, object: &mut Map<String, Value>) {
        if self.extras.protected {
            object.insert("has_protected_content".into(), true.into());
        }
        if self.extras.caption_above && self.media.is_some() {
            object.insert("show_caption_above_media".into(), true.into());
        }
        if let Some(album) = &self.extras.album {
            object.insert("media_group_id".into(), album.as_str().into());
        }
        if let (Some(preview), None) = (&self.extras.link_preview, &self.media) {
            object.insert("link_preview_options".into(), preview.clone());
        }
    }
}
