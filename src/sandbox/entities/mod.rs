//! Formatted text: plain text and entities that say which part of it is bold,
//! a link and so on. Offsets count UTF-16 units, as the Bot API's do.

mod html;
mod markdown;
mod show;

pub(crate) use show::{escape, to_html};

use crate::sandbox::answer::Refusal;
use crate::sandbox::params::Params;
use serde_json::{Map, Value};

/// A text and its markup, sorted by place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Formatted {
    pub(crate) text: String,
    pub(crate) entities: Vec<Entity>,
}

/// One stretch of a text, in UTF-16 units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entity {
    pub(crate) offset: usize,
    pub(crate) length: usize,
    pub(crate) kind: EntityKind,
}

/// What a stretch of text is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EntityKind {
    Bold,
    Italic,
    Underline,
    Strikethrough,
    Spoiler,
    Code,
    Pre(Option<String>),
    TextLink(String),
    TextMention(i64),
    CustomEmoji(String),
    Blockquote,
    ExpandableBlockquote,
    BotCommand,
    Url,
    Mention,
    Hashtag,
}

/// Reads `text` (or `caption`) as `parse_mode` and `entities` ask.
pub(crate) fn read(params: &Params, text: &str, entities_key: &str) -> Result<Formatted, Refusal> {
    let mode = params.text("parse_mode").unwrap_or_default().to_ascii_lowercase();
    let parsed = match mode.as_str() {
        "" | "none" => Ok(Formatted { text: text.to_owned(), entities: given(params.json(entities_key)?) }),
        "html" => html::parse(text),
        "markdownv2" => markdown::parse(text),
        "markdown" => markdown::parse_old(text),
        _ => return Err(Refusal::bad("unsupported parse_mode")),
    };
    let formatted = parsed.map_err(|what| Refusal::bad(format!("can't parse entities: {what}")))?;
    Ok(finish(formatted))
}

/// A text of the server's own.
pub(crate) fn plain(text: &str) -> Formatted {
    Formatted { text: text.to_owned(), entities: Vec::new() }
}

/// A person's own text: no markup, but commands and links are found.
pub(crate) fn typed(text: &str) -> Formatted {
    finish(Formatted { text: text.to_owned(), entities: Vec::new() })
}

impl Formatted {
    /// The entities as the Bot API shows them; `None` for none.
    pub(crate) fn entities_json(&self) -> Option<Value> {
        (!self.entities.is_empty()).then(|| self.entities.iter().map(Entity::to_json).collect())
    }
}

impl Entity {
    fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("offset".into(), self.offset.into());
        object.insert("length".into(), self.length.into());
        object.insert("type".into(), self.kind.name().into());
        match &self.kind {
            EntityKind::Pre(Some(language)) => {
                object.insert("language".into(), language.as_str().into());
            }
            EntityKind::TextLink(url) => {
                object.insert("url".into(), url.as_str().into());
            }
            EntityKind::TextMention(id) => {
                let user = serde_json::json!({"id": id, "is_bot": false, "first_name": format!("User {id}")});
                object.insert("user".into(), user);
            }
            EntityKind::CustomEmoji(id) => {
                object.insert("custom_emoji_id".into(), id.as_str().into());
            }
            EntityKind::Bold
            | EntityKind::Italic
            | EntityKind::Underline
            | EntityKind::Strikethrough
            | EntityKind::Spoiler
            | EntityKind::Code
            | EntityKind::Pre(None)
            | EntityKind::Blockquote
            | EntityKind::ExpandableBlockquote
            | EntityKind::BotCommand
            | EntityKind::Url
            | EntityKind::Mention
            | EntityKind::Hashtag => {}
        }
        Value::Object(object)
    }

    /// An entity of a request; unknown kinds are dropped as the server does.
    fn from_json(value: &Value) -> Option<Self> {
        let number = |key: &str| value.get(key)?.as_u64().and_then(|n| usize::try_from(n).ok());
        let text = |key: &str| value.get(key)?.as_str().map(str::to_owned);
        let kind = match value.get("type")?.as_str()? {
            "bold" => EntityKind::Bold,
            "italic" => EntityKind::Italic,
            "underline" => EntityKind::Underline,
            "strikethrough" => EntityKind::Strikethrough,
            "spoiler" => EntityKind::Spoiler,
            "code" => EntityKind::Code,
            "pre" => EntityKind::Pre(text("language")),
            "text_link" => EntityKind::TextLink(text("url")?),
            "text_mention" => EntityKind::TextMention(value.get("user")?.get("id")?.as_i64()?),
            "custom_emoji" => EntityKind::CustomEmoji(text("custom_emoji_id")?),
            "blockquote" => EntityKind::Blockquote,
            "expandable_blockquote" => EntityKind::ExpandableBlockquote,
            _ => return None,
        };
        Some(Self { offset: number("offset")?, length: number("length")?, kind })
    }
}

impl EntityKind {
    /// The name in the Bot API.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            EntityKind::Bold => "bold",
            EntityKind::Italic => "italic",
            EntityKind::Underline => "underline",
            EntityKind::Strikethrough => "strikethrough",
            EntityKind::Spoiler => "spoiler",
            EntityKind::Code => "code",
            EntityKind::Pre(_) => "pre",
            EntityKind::TextLink(_) => "text_link",
            EntityKind::TextMention(_) => "text_mention",
            EntityKind::CustomEmoji(_) => "custom_emoji",
            EntityKind::Blockquote => "blockquote",
            EntityKind::ExpandableBlockquote => "expandable_blockquote",
            EntityKind::BotCommand => "bot_command",
            EntityKind::Url => "url",
            EntityKind::Mention => "mention",
            EntityKind::Hashtag => "hashtag",
        }
    }

    /// What a link's target makes of it: another person, or an address.
    fn link(target: &str) -> Option<Self> {
        if let Some(id) = target.strip_prefix("tg://user?id=") {
            return id.parse().ok().map(EntityKind::TextMention);
        }
        let has_host = target.contains('.') || target.contains("://");
        let whole = match target.split_once("://") {
            Some(_) => target.to_owned(),
            None => format!("http://{target}"),
        };
        let ends_at_host = whole.split_once("://").is_some_and(|(_, rest)| !rest.contains(['/', '?', '#']));
        let is_web = whole.starts_with("http://") || whole.starts_with("https://");
        has_host.then(|| EntityKind::TextLink(if ends_at_host && is_web { whole + "/" } else { whole }))
    }
}

/// The number of UTF-16 units.
pub(crate) fn utf16_len(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

fn given(entities: Option<Value>) -> Vec<Entity> {
    entities.as_ref().and_then(Value::as_array).into_iter().flatten().filter_map(Entity::from_json).collect()
}

/// Cuts white space off both ends, finds links and commands, sorts.
fn finish(formatted: Formatted) -> Formatted {
    let Formatted { text, mut entities } = formatted;
    let tail_cut = text.trim_end();
    let whole = tail_cut.trim_start();
    let cut = utf16_len(&tail_cut[..tail_cut.len() - whole.len()]);
    let length = utf16_len(whole);
    for entity in &mut entities {
        let end = (entity.offset + entity.length).saturating_sub(cut).min(length);
        entity.offset = entity.offset.saturating_sub(cut).min(length);
        entity.length = end.saturating_sub(entity.offset);
    }
    entities.retain(|entity| entity.length > 0);
    find_words(whole, &mut entities);
    entities.sort_by_key(|entity| (entity.offset, std::cmp::Reverse(entity.length)));
    Formatted { text: whole.to_owned(), entities }
}

/// Commands, addresses, mentions and hashtags that stand outside code and
/// links.
fn find_words(text: &str, entities: &mut Vec<Entity>) {
    if !text.contains(['/', '@', '#', '.']) {
        return;
    }
    let explicit = entities.clone();
    let mut offset = 0;
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end_matches(|c: char| c.is_whitespace() || ",;:!?.)\"'»".contains(c));
        if let Some(kind) = word_kind(word) {
            let length = utf16_len(word);
            let covered = explicit.iter().any(|entity| {
                let hides = matches!(
                    entity.kind,
                    EntityKind::Code | EntityKind::Pre(_) | EntityKind::TextLink(_) | EntityKind::TextMention(_)
                );
                hides && entity.offset < offset + length && offset < entity.offset + entity.length
            });
            if !covered {
                entities.push(Entity { offset, length, kind });
            }
        }
        offset += utf16_len(piece);
    }
}

fn word_kind(word: &str) -> Option<EntityKind> {
    let named = |rest: &str| {
        rest.chars().next().is_some_and(char::is_alphabetic) && rest.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    if let Some(command) = word.strip_prefix('/') {
        let name = command.split('@').next().unwrap_or_default();
        return (name.is_ascii() && named(name)).then_some(EntityKind::BotCommand);
    }
    if let Some(name) = word.strip_prefix('@') {
        return (name.len() >= 4 && name.is_ascii() && named(name)).then_some(EntityKind::Mention);
    }
    if let Some(tag) = word.strip_prefix('#') {
        return named(tag).then_some(EntityKind::Hashtag);
    }
    let address = word.strip_prefix("https://").or_else(|| word.strip_prefix("http://"))?;
    (!address.is_empty()).then_some(EntityKind::Url)
}
