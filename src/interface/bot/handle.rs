//! What one update means: who was seen, who can be reached, who wants no
//! marketing, and what an admin asked for. It changes nothing by itself: what it returns is applied with
//! the removal of the update, as one.

use super::{admin, approve, pay};
use crate::engine::deed::{self, event};
use crate::engine::inbox::Handled;
use crate::engine::opt_out::{self, Ask, Asker};
use crate::engine::{Delivered, Engine, EngineError};
use crate::model::{Event, Patch, Profile, Reach, Time, UserId, Value, builtin};
use crate::rulebook::Rulebook;
use teloxide::types::{CallbackQuery, ChatMemberKind, ChatMemberUpdated, Message, Update, UpdateKind, User};

/// Handles one update of the bot called `username`.
pub fn handle(engine: &Engine, update: &Update, username: &str) -> Result<Handled, EngineError> {
    let mut handled = match &update.kind {
        UpdateKind::Message(message) => on_message(engine, message, username)?,
        UpdateKind::CallbackQuery(query) => on_press(engine, query)?,
        UpdateKind::MyChatMember(change) => on_membership(change, engine.clock.now()),
        _ => Handled::default(),
    };
    if handled.answered || !handled.replies.is_empty() || !handled.shows.is_empty() {
        let mark = |event: Event| if event.delivery().is_none() { deed::answered(event) } else { event };
        handled.events = handled.events.into_iter().map(mark).collect();
    }
    // An update that comes twice tells the same events.
    for event in handled.events.iter_mut().filter(|event| event.id.is_empty()) {
        event.id = match event.delivery() {
            None => format!("telegram:{}", update.id.0).into(),
            Some(_) => format!("telegram:{}:message", update.id.0).into(),
        };
    }
    Ok(handled)
}

fn on_message(engine: &Engine, message: &Message, username: &str) -> Result<Handled, EngineError> {
    // A message in the name of a chat (an anonymous admin, a channel) has no
    // person behind it whose rights could be known.
    let Some(from) = message.from.as_ref().filter(|_| message.sender_chat.is_none()) else {
        return Ok(Handled::default());
    };
    let text = message.text().unwrap_or_default();
    let mut handled = Handled::default();
    if pay::tells_of_payment(message) {
        // who pays in a group may never have started the bot
        if message.chat.is_private() {
            let known = known(engine, &engine.live.current(), from)?;
            handled = on_seen(known.as_ref(), from, engine.clock.now());
        }
        pay::on_payment(engine, message, &mut handled)?;
        return Ok(handled);
    }
    if message.chat.is_private() {
        let rulebook = engine.live.current();
        let known = known(engine, &rulebook, from)?;
        handled = on_seen(known.as_ref(), from, engine.clock.now());
        if let Some(ask) = opt_out::of_text(&rulebook, text, username) {
            on_ask(&rulebook, known.as_ref(), from, ask, &mut handled);
        }
        let user = UserId(from.id.0.cast_signed());
        let at = Time(message.date.timestamp_millis()).min(engine.clock.now());
        handled.events.push(deed::wrote(user, at, text));
    }
    admin::on_message(engine, message, from, username, &mut handled);
    Ok(handled)
}

/// What a user's own action tells of them: their names, and that the bot can
/// reach them.
fn on_seen(known: Option<&Profile>, from: &User, now: Time) -> Handled {
    let user = UserId(from.id.0.cast_signed());
    let mut patch = deed::seen(known.is_some(), now)
        .with("first_name", Value::text(from.first_name.as_str()))
        .with("last_name", optional(from.last_name.as_deref()))
        .with("username", optional(from.username.as_deref()));
    let language_known = known.is_some_and(|profile| profile.text(builtin::LANGUAGE).is_some());
    if let (false, Some(language)) = (language_known, &from.language_code) {
        patch = patch.with("language", Value::text(language.as_str()));
    }
    Handled { patches: vec![(user, patch)], ..Handled::default() }
}

fn known(engine: &Engine, rulebook: &Rulebook, from: &User) -> Result<Option<Profile>, EngineError> {
    Ok(engine.profiles.get(UserId(from.id.0.cast_signed()), &rulebook.schema)?)
}

/// What a user wants of marketing is done and answered in their private chat.
fn on_ask(rulebook: &Rulebook, known: Option<&Profile>, from: &User, ask: Ask<'_>, handled: &mut Handled) {
    let user = UserId(from.id.0.cast_signed());
    let asker = Asker { known, language: from.language_code.as_deref() };
    let (patch, reply) = opt_out::answer(rulebook, asker, ask);
    handled.patches.push((user, patch));
    handled.replies.push((user.0, reply));
}

fn on_press(engine: &Engine, query: &CallbackQuery) -> Result<Handled, EngineError> {
    let rulebook = engine.live.current();
    let known = known(engine, &rulebook, &query.from)?;
    let mut handled = on_seen(known.as_ref(), &query.from, engine.clock.now());
    let user = UserId(query.from.id.0.cast_signed());
    let Some(button) = query.data.as_deref() else { return Ok(handled) };
    let ask = opt_out::of_press(button);
    if ask.is_none() && admin::is_ours(button) {
        admin::on_press(engine, query, button, &mut handled);
        return Ok(handled);
    }
    if ask.is_none() && approve::is_ours(button) {
        let answer = approve::answer(engine, user.0, button)?;
        handled.replies.extend(answer.map(|answer| (user.0, answer)));
        return Ok(handled);
    }
    let private = query.message.as_ref().is_some_and(|message| message.chat().is_private());
    if let Some(ask) = ask.filter(|_| private) {
        on_ask(&rulebook, known.as_ref(), &query.from, ask, &mut handled);
    }
    let (now, pressed) = (engine.clock.now(), pressed_message(engine, query)?);
    let template = pressed.as_ref().map(|pressed| pressed.template.as_str());
    handled.events.push(deed::pressed(user, now, button, template));
    if let Some(Delivered { template, ledger }) = pressed {
        handled.events.push(deed::clicked(user, now, button, &template, ledger.0));
        handled.clicked.push(ledger);
    }
    Ok(handled)
}

/// The message of ours whose button was pressed, in the user's own chat: others
/// may have forwarded or shown it.
fn pressed_message(engine: &Engine, query: &CallbackQuery) -> Result<Option<Delivered>, EngineError> {
    let user = query.from.id.0.cast_signed();
    let Some(message) = query.message.as_ref().filter(|message| message.chat().id.0 == user) else { return Ok(None) };
    let sent = message.regular_message().map(|message| Time(message.date.timestamp_millis()));
    engine.delivered(UserId(user), message.id().0, sent)
}

fn on_membership(change: &ChatMemberUpdated, now: Time) -> Handled {
    if !change.chat.is_private() {
        return Handled::default();
    }
    let reach = |kind: &ChatMemberKind| match kind {
        ChatMemberKind::Banned(_) | ChatMemberKind::Left => Reach::Blocked,
        _ => Reach::Reachable,
    };
    let (before, after) = (reach(&change.old_chat_member.kind), reach(&change.new_chat_member.kind));
    let user = UserId(change.chat.id.0);
    let at = Time(change.date.timestamp_millis()).min(now);
    let events = match (before, after) {
        (Reach::Reachable, Reach::Blocked) => vec![event(user, "bot_blocked", at, &[])],
        (Reach::Blocked, Reach::Reachable) => vec![event(user, "bot_returned", at, &[])],
        _ => Vec::new(),
    };
    Handled { patches: vec![(user, Patch::reach(after))], events, ..Handled::default() }
}

fn optional(text: Option<&str>) -> Value {
    text.map_or(Value::Missing, Value::text)
}
