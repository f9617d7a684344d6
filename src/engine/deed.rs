//! What a user does in the private chat with the bot, as changes of the profile
//! and events: the same whether Telegram tells of it or a test of rules.

use crate::model::event::{ANSWERED, LEDGER};
use crate::model::{Delivery, Event, Patch, Reach, Time, UserId, Value};
use std::sync::Arc;

/// What any deed of a user tells: the bot can reach them, and they were here.
pub fn seen(is_known: bool, now: Time) -> Patch {
    let patch = Patch::reach(Reach::Reachable).with("last_seen_at", Value::Time(now));
    if is_known { patch } else { patch.with("created_at", Value::Time(now)) }
}

/// What a text is: `/start` with what follows it, or a message. The id is left
/// to the caller.
pub fn wrote(user: UserId, at: Time, text: &str) -> Event {
    match start_payload(text) {
        Some(payload) => event(user, "start", at, &[("payload", payload)]),
        None => event(user, "message", at, &[("text", text)]),
    }
}

/// The bot has answered it by itself: to rules it is nothing unknown.
pub fn answered(mut event: Event) -> Event {
    event.properties.push((ANSWERED.into(), Value::Bool(true)));
    event
}

/// The press of a button of a message, whose template may be known.
pub fn pressed(user: UserId, at: Time, button: &str, template: Option<&str>) -> Event {
    event(user, "press", at, &[("button", button), ("template", template.unwrap_or_default())])
}

/// The same as an event about the message, which belongs to a ledger.
pub fn clicked(user: UserId, at: Time, button: &str, template: &str, ledger: u64) -> Event {
    let mut click = event(user, &Delivery::Clicked(template).name(), at, &[("button", button)]);
    click.properties.push((LEDGER.into(), Value::Int(i64::try_from(ledger).unwrap_or(i64::MAX))));
    click
}

/// An event of the bot's own, with those of its properties that are not empty.
pub fn event(user: UserId, name: &str, at: Time, properties: &[(&str, &str)]) -> Event {
    let told = properties.iter().filter(|(_, text)| !text.is_empty());
    let properties = told.map(|(name, text)| (Arc::from(*name), Value::text(*text))).collect();
    Event { id: "".into(), user, name: name.into(), at, properties }
}

/// What follows `/start`; nothing if it is another text.
fn start_payload(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("/start")?;
    let rest = match rest.split_once(char::is_whitespace) {
        Some((bot, payload)) if bot.is_empty() || bot.starts_with('@') => payload,
        None if rest.is_empty() || rest.starts_with('@') => "",
        Some(_) | None => return None,
    };
    Some(rest.trim())
}
