//! Messages as chats hold them, and as the Bot API shows them.

use crate::sandbox::chats::{Chat, bot_json};
use crate::sandbox::entities::Formatted;
use crate::sandbox::keyboard::Keyboard;
use serde_json::{Map, Value, json};
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
}

/// An attached file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Media {
    pub(crate) kind: MediaKind,
    pub(crate) file_id: String,
    /// Where it came from: a URL, or the name of the uploaded file.
    pub(crate) source: String,
    pub(crate) size: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaKind {
    Photo,
    Video,
    Document,
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

impl Media {
    /// The value of `photo`, `video` or `document`.
    fn to_json(&self) -> Value {
        let unique = self.unique_id();
        match self.kind {
            MediaKind::Photo => json!([
                {"file_id": format!("{}-s", self.file_id), "file_unique_id": format!("{unique}s"),
                 "width": 90, "height": 60, "file_size": 1_500},
                {"file_id": self.file_id, "file_unique_id": unique,
                 "width": 1280, "height": 853, "file_size": self.size},
            ]),
            MediaKind::Video => json!({
                "file_id": self.file_id, "file_unique_id": unique, "width": 1280, "height": 720, "duration": 10,
                "mime_type": "video/mp4", "file_size": self.size,
            }),
            MediaKind::Document => json!({
                "file_id": self.file_id, "file_unique_id": unique, "file_name": self.name(), "file_size": self.size,
                "mime_type": "application/octet-stream",
            }),
        }
    }

    /// The last part of the path that it came from.
    pub(crate) fn name(&self) -> &str {
        self.source.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("file")
    }

    fn unique_id(&self) -> String {
        format!("AQAD{:012x}", crate::sandbox::ledger::hash(&[self.file_id.as_bytes()]) & 0xffff_ffff_ffff)
    }
}

impl MediaKind {
    /// The field of a message that holds it, and the parameter that sends it.
    pub(crate) fn key(self) -> &'static str {
        match self {
            MediaKind::Photo => "photo",
            MediaKind::Video => "video",
            MediaKind::Document => "document",
        }
    }

    pub(crate) fn from_key(key: &str) -> Option<Self> {
        [MediaKind::Photo, MediaKind::Video, MediaKind::Document].into_iter().find(|kind| kind.key() == key)
    }
}
