//! The methods that neither send nor edit: who the bot is, answers to
//! presses, commands, chats.

use crate::sandbox::answer::Refusal;
use crate::sandbox::chats::bot_json;
use crate::sandbox::handle::Sandbox;
use crate::sandbox::params::Params;
use serde_json::{Value, json};

/// How long (ms) after a press the bot may answer it.
const CALLBACK_LIFE: i64 = 15 * 60_000;

/// What `sendChatAction` knows.
const ACTIONS: [&str; 11] = [
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
];

pub(super) fn get_me(sandbox: &Sandbox, _: &Params) -> Result<Value, Refusal> {
    let mut me = bot_json(sandbox.with(|world, _| world.bot));
    if let Some(object) = me.as_object_mut() {
        let flags = [
            ("can_join_groups", true),
            ("can_read_all_group_messages", false),
            ("supports_inline_queries", false),
            ("can_connect_to_business", false),
            ("has_main_web_app", false),
            ("has_topics_enabled", false),
        ];
        object.extend(flags.map(|(name, value)| (name.to_owned(), Value::Bool(value))));
    }
    Ok(me)
}

pub(super) fn answer_callback(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    let id = params.text("callback_query_id").unwrap_or_default();
    let text = params.text("text").unwrap_or_default();
    if text.chars().count() > 200 {
        return Err(Refusal::bad("MESSAGE_TOO_LONG"));
    }
    sandbox.with(|world, stamp| {
        let callback = world.callbacks.iter_mut().find(|callback| callback.id == id);
        match callback.filter(|callback| stamp.tick - callback.tick <= CALLBACK_LIFE) {
            Some(callback) => {
                callback.answer = Some(text);
                Ok(Value::Bool(true))
            }
            None => Err(Refusal::query_too_old()),
        }
    })
}

pub(super) fn star_balance(sandbox: &Sandbox, _: &Params) -> Result<Value, Refusal> {
    Ok(sandbox.with(|world, _| world.stars.balance_json()))
}

pub(super) fn star_transactions(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    let offset = usize::try_from(params.int("offset").unwrap_or(0)).unwrap_or(0);
    let limit = params.int("limit").filter(|limit| (1..=100).contains(limit)).unwrap_or(100);
    let limit = usize::try_from(limit).unwrap_or(100);
    Ok(sandbox.with(|world, _| world.stars.transactions_json(offset, limit)))
}

pub(super) fn chat_action(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    let action = params.text("action").unwrap_or_default();
    if !ACTIONS.contains(&action.to_ascii_lowercase().as_str()) {
        return Err(Refusal::bad("wrong parameter action in request"));
    }
    sandbox.with(|world, _| {
        let chat = world.named_chat(params, "chat_id")?;
        world.reach(chat)?;
        Ok(Value::Bool(true))
    })
}

pub(super) fn set_commands(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    let commands = params.json("commands")?.filter(Value::is_array);
    let commands = commands.ok_or_else(|| Refusal::bad("can't parse commands JSON object"))?;
    for command in commands.as_array().into_iter().flatten() {
        check_command(command)?;
    }
    let scope = command_scope(params)?;
    sandbox.with(|world, _| world.commands.insert(scope, commands));
    Ok(Value::Bool(true))
}

pub(super) fn get_commands(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    let scope = command_scope(params)?;
    Ok(sandbox.with(|world, _| world.commands.get(&scope).cloned().unwrap_or_else(|| json!([]))))
}

pub(super) fn delete_commands(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    let scope = command_scope(params)?;
    sandbox.with(|world, _| world.commands.remove(&scope));
    Ok(Value::Bool(true))
}

pub(super) fn get_chat(sandbox: &Sandbox, params: &Params) -> Result<Value, Refusal> {
    sandbox.with(|world, _| {
        let chat = world.named_chat(params, "chat_id")?;
        let found = world.chats.get(chat).ok_or_else(|| Refusal::bad("chat not found"))?;
        let mut full = found.to_json();
        if let Some(object) = full.as_object_mut() {
            object.insert("accent_color_id".into(), (chat.unsigned_abs() % 7).into());
            object.insert("max_reaction_count".into(), 11.into());
            let gifts = ["unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription"];
            let gifts: Value = gifts.map(|kind| (kind.to_owned(), Value::Bool(false))).into_iter().collect();
            object.insert("accepted_gift_types".into(), gifts);
        }
        Ok(full)
    })
}

fn check_command(command: &Value) -> Result<(), Refusal> {
    let name = command.get("command").and_then(Value::as_str).unwrap_or_default().trim_start_matches('/');
    let description = command.get("description").and_then(Value::as_str).unwrap_or_default();
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name.len() > 32 || !name.chars().all(is_name) {
        return Err(Refusal::bad("BOT_COMMAND_INVALID"));
    }
    if !(1..=256).contains(&description.chars().count()) {
        return Err(Refusal::bad("BOT_COMMAND_DESCRIPTION_INVALID"));
    }
    Ok(())
}

/// Scope and language in one key.
fn command_scope(params: &Params) -> Result<String, Refusal> {
    let scope = params.json("scope")?.unwrap_or_else(|| json!({"type": "default"}));
    Ok(format!("{scope} {}", params.text("language_code").unwrap_or_default()))
}
