//! The methods that change or remove a message of the bot.

use super::send;
use crate::sandbox::answer::Refusal;
use crate::sandbox::entities::Formatted;
use crate::sandbox::handle::Sandbox;
use crate::sandbox::keyboard::Keyboard;
use crate::sandbox::params::Params;
use serde_json::Value;

/// How long (ms) a message can be deleted: 48 hours.
const DELETABLE: i64 = 48 * 3_600_000;

/// What an edit sets; what is absent stays.
struct Edit {
    body: Option<Formatted>,
    keyboard: Keyboard,
    /// Whether the message must have a file, must have none, or may do either.
    media: Option<bool>,
}

pub(super) fn text(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    let edit = Edit { body: Some(send::text(params)?), keyboard: Keyboard::read(params)?, media: Some(false) };
    apply(sandbox, params, edit)
}

pub(super) fn caption(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    let edit = Edit { body: Some(send::caption(params)?), keyboard: Keyboard::read(params)?, media: Some(true) };
    apply(sandbox, params, edit)
}

pub(super) fn reply_markup(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    apply(sandbox, params, Edit { body: None, keyboard: Keyboard::read(params)?, media: None })
}

pub(super) fn delete(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    sandbox.with(|world, stamp| {
        let chat = world.named_chat(params, "chat_id")?;
        let id = message_id(params)?;
        let message = world.messages.get(chat, id).ok_or_else(|| Refusal::bad("message to delete not found"))?;
        if stamp.at - message.at > DELETABLE {
            return Err(Refusal::bad("message can't be deleted for everyone"));
        }
        world.messages.remove(chat, id);
        Ok(Value::Bool(true))
    })
}

fn apply(sandbox: &Sandbox, params: &Params, edit: Edit) -> Result<Value, Refusal> {
    sandbox.with(|world, stamp| {
        let chat = world.named_chat(params, "chat_id")?;
        let id = message_id(params)?;
        world.reach(chat)?;
        let message = world.messages.get(chat, id).ok_or_else(|| Refusal::bad("message to edit not found"))?;
        if !message.from_bot {
            return Err(Refusal::bad("message can't be edited"));
        }
        match (edit.media, message.media.is_some()) {
            (Some(false), true) => return Err(Refusal::bad("there is no text in the message to edit")),
            (Some(true), false) => return Err(Refusal::bad("there is no caption in the message to edit")),
            _ => {}
        }
        let same_body = edit.body.as_ref().is_none_or(|body| *body == message.body);
        if same_body && edit.keyboard == message.keyboard {
            return Err(Refusal::bad(
                "message is not modified: specified new message content and reply markup are exactly the same as a \
                 current content and reply markup of the message",
            ));
        }
        world.gate.take(chat, 1, stamp.tick)?;
        if let Some(message) = world.messages.get_mut(chat, id) {
            message.body = edit.body.unwrap_or_else(|| message.body.clone());
            message.keyboard = edit.keyboard;
            message.edited_at = Some(stamp.at);
        }
        world.message_json(chat, id).ok_or_else(|| Refusal::bad("message to edit not found"))
    })
}

fn message_id(params: &Params) -> Result<i32, Refusal> {
    let id = params.int("message_id").and_then(|id| i32::try_from(id).ok());
    id.ok_or_else(|| Refusal::bad("message identifier is not specified"))
}
