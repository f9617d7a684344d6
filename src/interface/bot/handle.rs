//! What one update means: who was seen, who can be reached, and what an admin
//! asked for. It changes nothing by itself: what it returns is applied with
//! the removal of the update, as one.

use super::admin;
use crate::engine::inbox::Handled;
use crate::engine::{Engine, EngineError};
use crate::model::{Patch, Reach, UserId, Value, builtin};
use teloxide::types::{ChatMemberKind, ChatMemberUpdated, Message, Update, UpdateKind, User};

/// Handles one update of the bot called `username`.
pub fn handle(engine: &Engine, update: &Update, username: &str) -> Result<Handled, EngineError> {
    match &update.kind {
        UpdateKind::Message(message) => on_message(engine, message, username),
        UpdateKind::CallbackQuery(query) => on_seen(engine, &query.from),
        UpdateKind::MyChatMember(change) => Ok(on_membership(change)),
        _ => Ok(Handled::default()),
    }
}

fn on_message(engine: &Engine, message: &Message, username: &str) -> Result<Handled, EngineError> {
    // A message in the name of a chat (an anonymous admin, a channel) has no
    // person behind it whose rights could be known.
    let Some(from) = message.from.as_ref().filter(|_| message.sender_chat.is_none()) else {
        return Ok(Handled::default());
    };
    let mut handled = if message.chat.is_private() { on_seen(engine, from)? } else { Handled::default() };
    let text = message.text().unwrap_or_default();
    if let Some(reply) = admin::answer(engine, from.id.0.cast_signed(), text, username) {
        handled.replies.push((message.chat.id.0, reply));
    }
    Ok(handled)
}

/// What a user's own action tells of them: their names, and that the bot can
/// reach them.
fn on_seen(engine: &Engine, from: &User) -> Result<Handled, EngineError> {
    let user = UserId(from.id.0.cast_signed());
    let now = engine.clock.now();
    let known = engine.profiles.get(user, &engine.live.current().schema)?;
    let mut patch = Patch::reach(Reach::Reachable)
        .with("first_name", Value::text(from.first_name.as_str()))
        .with("last_name", optional(from.last_name.as_deref()))
        .with("username", optional(from.username.as_deref()))
        .with("last_seen_at", Value::Time(now));
    let language_known = known.as_ref().is_some_and(|profile| profile.text(builtin::LANGUAGE).is_some());
    if let (false, Some(language)) = (language_known, &from.language_code) {
        patch = patch.with("language", Value::text(language.as_str()));
    }
    if known.is_none() {
        patch = patch.with("created_at", Value::Time(now));
    }
    Ok(Handled { patches: vec![(user, patch)], replies: Vec::new() })
}

fn on_membership(change: &ChatMemberUpdated) -> Handled {
    if !change.chat.is_private() {
        return Handled::default();
    }
    let reach = match change.new_chat_member.kind {
        ChatMemberKind::Banned(_) | ChatMemberKind::Left => Reach::Blocked,
        _ => Reach::Reachable,
    };
    Handled { patches: vec![(UserId(change.chat.id.0), Patch::reach(reach))], replies: Vec::new() }
}

fn optional(text: Option<&str>) -> Value {
    text.map_or(Value::Missing, Value::text)
}
