//! The methods that put a message into a chat.

use crate::sandbox::answer::Refusal;
use crate::sandbox::entities::{self, Formatted};
use crate::sandbox::files::{Media, MediaKind};
use crate::sandbox::handle::Sandbox;
use crate::sandbox::keyboard::Keyboard;
use crate::sandbox::ledger;
use crate::sandbox::messages::Extras;
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
            let (body, media) = input_media(world, params, item)?;
            let extras = Extras { album: album.clone(), ..base.extras.clone() };
            let hash = ledger::hash(&[&base.hash.to_le_bytes(), &place.to_le_bytes()]);
            drafts.push(Draft { body, media: Some(media), extras, hash, keyboard: Keyboard::None, ..base.clone() });
        }
        can_stand_together(&drafts)?;
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
        if source.extras.special.is_some() {
            return Err(Refusal::bad("message can't be copied"));
        }
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

/// An `InputMedia` object: its caption and its file.
pub(super) fn input_media(world: &mut World, params: &Params, item: &Value) -> Result<(Formatted, Media), Refusal> {
    let item = Params::from_item(item);
    let kind = item.text("type").and_then(|name| MediaKind::from_key(&name));
    let kind = kind.ok_or_else(|| Refusal::bad("can't parse InputMedia: unsupported media type"))?;
    let body = caption(&item)?;
    let media = find_media(world, params, &item.text("media").unwrap_or_default(), kind)?;
    Ok((body, media))
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

pub(super) fn deliver_one(
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
pub(super) fn draft(method: &'static str, params: &Params) -> Result<Draft, Refusal> {
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
        special: None,
        link_preview: params.json("link_preview_options")?.filter(Value::is_object),
    };
    let keyboard = Keyboard::read(params)?;
    let hash = ledger::hash(&[method.as_bytes(), params.canonical().as_bytes()]);
    let paid = params.flag("allow_paid_broadcast");
    Ok(Draft { method, body: Formatted::default(), media: None, keyboard, extras, paid, hash })
}

/// An album of documents holds nothing else.
fn can_stand_together(drafts: &[Draft]) -> Result<(), Refusal> {
    let is_document = |draft: &Draft| draft.media.as_ref().is_some_and(|media| media.kind == MediaKind::Document);
    let documents = drafts.iter().filter(|draft| is_document(draft)).count();
    match documents == 0 || documents == drafts.len() {
        true => Ok(()),
        false => Err(Refusal::bad("document can't be mixed with other media types")),
    }
}

fn find_media(world: &mut World, params: &Params, name: &str, kind: MediaKind) -> Result<Media, Refusal> {
    Media::find(params, name, kind, world.bot, &mut world.files)
}
