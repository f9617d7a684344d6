//! The methods that put a message into a chat.

use crate::sandbox::answer::Refusal;
use crate::sandbox::entities::{self, Formatted};
use crate::sandbox::handle::Sandbox;
use crate::sandbox::keyboard::Keyboard;
use crate::sandbox::ledger;
use crate::sandbox::messages::{Extras, Media, MediaKind};
use crate::sandbox::params::Params;
use crate::sandbox::world::{Draft, World};
use serde_json::{Value, json};

/// The longest text, in characters.
const MAX_TEXT: usize = 4096;
/// The longest caption.
const MAX_CAPTION: usize = 1024;
/// Albums have long numbers, as those of the real server.
const FIRST_ALBUM: u64 = 13_000_000_000_000_000;

pub(super) fn message(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    let draft = Draft { body: text(params)?, ..draft("sendMessage", params)? };
    deliver_one(sandbox, params, |_| Ok(draft))
}

pub(super) fn photo(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    with_media(sandbox, params, "sendPhoto", MediaKind::Photo)
}

pub(super) fn video(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    with_media(sandbox, params, "sendVideo", MediaKind::Video)
}

pub(super) fn document(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    with_media(sandbox, params, "sendDocument", MediaKind::Document)
}

pub(super) fn album(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    let items = params.json("media")?.ok_or_else(|| Refusal::bad("there are no messages to send"))?;
    let items = items.as_array().cloned().unwrap_or_default();
    match items.len() {
        0 => return Err(Refusal::bad("there are no messages to send")),
        11.. => return Err(Refusal::bad("too many messages to send as an album")),
        _ => {}
    }
    let base = draft("sendMediaGroup", params)?;
    sandbox.with(|world, stamp| {
        let chat = world.named_chat(params, "chat_id")?;
        world.files += 1;
        let album = (items.len() > 1).then(|| format!("{}", FIRST_ALBUM + world.files));
        let mut drafts = Vec::new();
        for (place, item) in items.iter().enumerate() {
            let item_params = Params::from_item(item);
            let kind = item_params.text("type").and_then(|name| MediaKind::from_key(&name));
            let kind = kind.ok_or_else(|| Refusal::bad("can't parse InputMedia: unsupported media type"))?;
            let body = caption(&item_params)?;
            let media = Some(find_media(world, params, &item_params.text("media").unwrap_or_default(), kind)?);
            let extras = Extras { album: album.clone(), ..base.extras.clone() };
            let hash = ledger::hash(&[&base.hash.to_le_bytes(), &place.to_le_bytes()]);
            drafts.push(Draft { body, media, extras, hash, keyboard: Keyboard::None, ..base.clone() });
        }
        world.deliver(chat, drafts, stamp).map(Value::Array)
    })
}

pub(super) fn copy(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    let base = draft("copyMessage", params)?;
    let new_caption = params.text("caption").is_some().then(|| caption(params)).transpose()?;
    let sent = deliver_one(sandbox, params, |world| {
        let from = world.named_chat(params, "from_chat_id")?;
        let id = params.int("message_id").and_then(|id| i32::try_from(id).ok());
        let source = id.and_then(|id| world.messages.get(from, id));
        let source = source.ok_or_else(|| Refusal::bad("message to copy not found"))?;
        let body = match (&source.media, new_caption) {
            (Some(_), Some(caption)) => caption,
            _ => source.body.clone(),
        };
        Ok(Draft { body, media: source.media.clone(), ..base })
    })?;
    Ok(json!({"message_id": sent.get("message_id")}))
}

/// The text of a message, read and measured.
pub(super) fn text(params: &Params) -> Result<Formatted, Refusal> {
    let body = entities::read(params, &params.text("text").unwrap_or_default(), "entities")?;
    if body.text.is_empty() {
        return Err(Refusal::bad("message text is empty"));
    }
    if body.text.chars().count() > MAX_TEXT {
        return Err(Refusal::bad("message is too long"));
    }
    Ok(body)
}

/// The caption of a file, which may be empty.
pub(super) fn caption(params: &Params) -> Result<Formatted, Refusal> {
    let body = entities::read(params, &params.text("caption").unwrap_or_default(), "caption_entities")?;
    if body.text.chars().count() > MAX_CAPTION {
        return Err(Refusal::bad("message caption is too long"));
    }
    Ok(body)
}

fn with_media(sandbox: &Sandbox, params: &Params, method: &'static str, kind: MediaKind) -> Result<Value, Refusal> {
    let draft = Draft { body: caption(params)?, ..draft(method, params)? };
    deliver_one(sandbox, params, |world| {
        let media = match params.upload(kind.key()) {
            Some(_) => find_media(world, params, &format!("attach://{}", kind.key()), kind)?,
            None => find_media(world, params, &params.text(kind.key()).unwrap_or_default(), kind)?,
        };
        Ok(Draft { media: Some(media), ..draft })
    })
}

fn deliver_one(
    sandbox: &Sandbox,
    params: &Params,
    finish: impl FnOnce(&mut World) -> Result<Draft, Refusal>,
) -> Result<Value, Refusal> {
    sandbox.with(|world, stamp| {
        let chat = world.named_chat(params, "chat_id")?;
        let draft = finish(world)?;
        let sent = world.deliver(chat, vec![draft], stamp)?;
        Ok(sent.into_iter().next().unwrap_or_default())
    })
}

/// What all kinds of messages share.
fn draft(method: &'static str, params: &Params) -> Result<Draft, Refusal> {
    let reply = params.json("reply_parameters")?;
    let reply_to = match reply.as_ref().and_then(|reply| reply.get("message_id")) {
        Some(id) => id.as_i64(),
        None => params.int("reply_to_message_id"),
    };
    let extras = Extras {
        protected: params.flag("protect_content"),
        silent: params.flag("disable_notification"),
        caption_above: params.flag("show_caption_above_media"),
        reply_to: reply_to.and_then(|id| i32::try_from(id).ok()),
        album: None,
        link_preview: params.json("link_preview_options")?.filter(Value::is_object),
    };
    let keyboard = Keyboard::read(params)?;
    let hash = ledger::hash(&[method.as_bytes(), params.canonical().as_bytes()]);
    Ok(Draft { method, body: Formatted::default(), media: None, keyboard, extras, hash })
}

/// The file that a request names: an upload, an address, or a `file_id`.
fn find_media(world: &mut World, params: &Params, name: &str, kind: MediaKind) -> Result<Media, Refusal> {
    if name.is_empty() {
        return Err(Refusal::bad(format!("there is no {} in the request", kind.key())));
    }
    if let Some(field) = name.strip_prefix("attach://") {
        let upload = params.upload(field).ok_or_else(|| Refusal::bad("wrong file identifier/HTTP URL specified"))?;
        world.files += 1;
        let file_id = file_id(world.bot, kind, &format!("{:x}-{}", upload.hash, upload.size));
        return Ok(Media { kind, file_id, source: upload.name.clone(), size: upload.size });
    }
    if name.starts_with("http://") || name.starts_with("https://") {
        let is_address = reqwest::Url::parse(name).is_ok_and(|url| url.has_host());
        let refusal = || Refusal::bad("wrong HTTP URL specified");
        is_address.then_some(()).ok_or_else(refusal)?;
        return Ok(Media { kind, file_id: file_id(world.bot, kind, name), source: name.to_owned(), size: 100_000 });
    }
    let is_id = name.len() >= 10 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if !is_id {
        return Err(Refusal::bad("wrong file identifier/HTTP URL specified"));
    }
    if !is_given(world.bot, kind, name) {
        return Err(Refusal::bad("wrong remote file identifier specified: can't unserialize it"));
    }
    Ok(Media { kind, file_id: name.to_owned(), source: name.to_owned(), size: 100_000 })
}

/// The same file has the same id for ever, for one bot.
fn file_id(bot: i64, kind: MediaKind, source: &str) -> String {
    signed(bot, kind, &format!("{:016x}", ledger::hash(&[source.as_bytes()])))
}

/// Whether an id, of any size, is one that the sandbox gives to this bot.
fn is_given(bot: i64, kind: MediaKind, id: &str) -> bool {
    let whole = id.strip_suffix("-s").unwrap_or(id);
    let file = whole.strip_prefix(id_prefix(kind)).and_then(|rest| rest.get(..16));
    file.is_some_and(|file| signed(bot, kind, file) == whole)
}

/// The id of a file, with a second half that only the sandbox can tell.
fn signed(bot: i64, kind: MediaKind, file: &str) -> String {
    let prefix = id_prefix(kind);
    let second = ledger::hash(&[&bot.to_le_bytes(), prefix.as_bytes(), file.as_bytes()]);
    format!("{prefix}{file}{second:016x}")
}

fn id_prefix(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Photo => "AgACAgIAAxk",
        MediaKind::Video => "BAACAgIAAxk",
        MediaKind::Document => "BQACAgIAAxk",
    }
}
