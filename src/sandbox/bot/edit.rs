//! The methods that change or remove a message of the bot.

use super::send;
use crate::sandbox::answer::Refusal;
use crate::sandbox::entities::Formatted;
use crate::sandbox::files::Media;
use crate::sandbox::handle::Sandbox;
use crate::sandbox::keyboard::Keyboard;
use crate::sandbox::limits::Pace;
use crate::sandbox::params::Params;
use crate::sandbox::world::{Stamp, World};
use serde_json::Value;

/// How long (ms) a message can be deleted: 48 hours.
const DELETABLE: i64 = 48 * 3_600_000;

/// How many messages one request deletes at most.
const MAX_DELETED: usize = 100;

/// What an edit sets besides the keyboard; what is absent stays.
enum Edit {
    /// The text of a message without a file.
    Text(Formatted),
    /// The caption of a file.
    Caption(Formatted),
    /// File and caption.
    Media(Formatted, Media),
    /// The keyboard alone.
    Keyboard,
}

pub(super) fn text(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    let edit = Edit::Text(send::text(params)?);
    sandbox.with(|world, stamp| apply(world, stamp, params, edit))
}

pub(super) fn caption(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    let edit = Edit::Caption(send::caption(params)?);
    sandbox.with(|world, stamp| apply(world, stamp, params, edit))
}

pub(super) fn media(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    let item = params.json("media")?.ok_or_else(|| Refusal::bad("there is no media in the request"))?;
    sandbox.with(|world, stamp| {
        let (body, media) = send::input_media(world, params, &item)?;
        apply(world, stamp, params, Edit::Media(body, media))
    })
}

pub(super) fn reply_markup(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    sandbox.with(|world, stamp| apply(world, stamp, params, Edit::Keyboard))
}

pub(super) fn delete(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    sandbox.with(|world, stamp| {
        let chat = world.named_chat(params, "chat_id")?;
        remove(world, chat, message_id(params)?, stamp)?;
        Ok(Value::Bool(true))
    })
}

/// Deletes those that can be, as the real server does: what is not found or
/// too old is passed over.
pub(super) fn delete_many(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    let ids = params.json("message_ids")?;
    let ids: Vec<i64> = ids.iter().filter_map(Value::as_array).flatten().filter_map(Value::as_i64).collect();
    if ids.is_empty() {
        return Err(Refusal::bad("message identifiers are not specified"));
    }
    if ids.len() > MAX_DELETED {
        return Err(Refusal::bad("too many message identifiers specified"));
    }
    sandbox.with(|world, stamp| {
        let chat = world.named_chat(params, "chat_id")?;
        for id in ids.into_iter().filter_map(|id| i32::try_from(id).ok()) {
            drop(remove(world, chat, id, stamp));
        }
        Ok(Value::Bool(true))
    })
}

fn remove(world: &mut World, chat: i64, id: i32, stamp: Stamp) -> Result<(), Refusal> {
    let message = world.messages.get(chat, id).ok_or_else(|| Refusal::bad("message to delete not found"))?;
    if stamp.at - message.at > DELETABLE {
        return Err(Refusal::bad("message can't be deleted for everyone"));
    }
    world.messages.remove(chat, id);
    world.gate.counters.deleted += 1;
    Ok(())
}

fn apply(world: &mut World, stamp: Stamp, params: &Params, edit: Edit) -> Result<Value, Refusal> {
    let keyboard = Keyboard::read(params)?;
    let chat = world.named_chat(params, "chat_id")?;
    let id = message_id(params)?;
    world.reach(chat)?;
    let message = world.messages.get(chat, id).ok_or_else(|| Refusal::bad("message to edit not found"))?;
    if !message.from_bot {
        return Err(Refusal::bad("message can't be edited"));
    }
    if message.extras.special.is_some() && !matches!(edit, Edit::Keyboard) {
        return Err(Refusal::bad("message can't be edited"));
    }
    let (body, media) = match (edit, &message.media) {
        (Edit::Text(_), Some(_)) => return Err(Refusal::bad("there is no text in the message to edit")),
        (Edit::Caption(_), None) => return Err(Refusal::bad("there is no caption in the message to edit")),
        (Edit::Text(body) | Edit::Caption(body), media) => (body, media.clone()),
        (Edit::Media(body, media), _) => (body, Some(media)),
        (Edit::Keyboard, media) => (message.body.clone(), media.clone()),
    };
    if body == message.body && media == message.media && keyboard == message.keyboard {
        return Err(Refusal::bad(
            "message is not modified: specified new message content and reply markup are exactly the same as a \
             current content and reply markup of the message",
        ));
    }
    world.gate.take(chat, 1, Pace::Free, stamp.tick)?;
    world.gate.counters.edited += 1;
    if let Some(message) = world.messages.get_mut(chat, id) {
        message.body = body;
        message.media = media;
        message.keyboard = keyboard;
        message.edited_at = Some(stamp.at);
    }
    world.message_json(chat, id).ok_or_else(|| Refusal::bad("message to edit not found"))
}

fn message_id(params: &Params) -> Result<i32, Refusal> {
    let id = params.int("message_id").and_then(|id| i32::try_from(id).ok());
    id.ok_or_else(|| Refusal::bad("message identifier is not specified"))
}
