//! How users say that they want no more marketing, all of it or a topic, and
//! take it back: commands, buttons and stop words, in private chats.
//!
//! What was said twice has the same effect and the same answer. It is told as
//! an event besides, like every message and every button.

use crate::model::{Button, ButtonAction, FieldId, Lang, Message, Patch, Profile, Text, Value, Wish, builtin};
use crate::rulebook::{Rulebook, Topic};
use std::sync::Arc;

/// What a user asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask<'a> {
    /// A change.
    Wish(Wish<'a>),
    /// What there is to choose from.
    Topics,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// The profile, if the user is known.
    pub known: Option<&'a Profile>,
    /// The language that Telegram tells; the profile's goes before it.
    pub language: Option<&'a str>,
}

/// What the user has chosen.
struct Choice {
    stopped: bool,
    without: Vec<Arc<str>>,
}

/// What a text asks for: `/stop`, `/subscribe`, `/topics` or a stop word, which
/// must be the whole text.
pub fn of_text(rulebook: &Rulebook, text: &str, username: &str) -> Option<Ask<'static>> {
    let word = text.trim().to_lowercase();
    if rulebook.policy.stop_words.contains(&word) {
        return Some(Ask::Wish(Wish::Stop(None)));
    }
    match command(&word, username)? {
        "stop" => Some(Ask::Wish(Wish::Stop(None))),
        "subscribe" => Some(Ask::Wish(Wish::Subscribe(None))),
        "topics" if !rulebook.topics.is_empty() => Some(Ask::Topics),
        _ => None,
    }
}

/// What the data of a pressed button ask for.
pub fn of_press(data: &str) -> Option<Ask<'_>> {
    Wish::of_press(data).map(Ask::Wish)
}

/// The change that follows, and what the user is told.
pub fn answer(rulebook: &Rulebook, asker: Asker<'_>, ask: Ask<'_>) -> (Patch, Message) {
    let lang = lang_of(asker, rulebook.settings.language);
    let before = Choice::of(asker.known);
    let Ask::Wish(wish) = ask else { return (Patch::new(), overview(rulebook, &before, lang)) };
    let topic = wish.topic().map(|name| rulebook.topics.iter().find(|topic| topic.name == name));
    if topic == Some(None) {
        let gone = Text::new("There is no such topic any more.", "Такой темы больше нет.");
        return (Patch::new(), message(rulebook, &gone, &before, lang));
    }
    let topic = topic.flatten();
    let (after, patch) = before.with(wish);
    let said = said(wish, topic, after.stopped);
    (patch, message(rulebook, &said, &after, lang))
}

impl Choice {
    /// The choice of a user; that of an unknown one is to get everything.
    fn of(known: Option<&Profile>) -> Self {
        let value = |field: FieldId| known.map_or(&Value::Missing, |profile| profile.get(field));
        let without = match value(builtin::OPTED_OUT_OF) {
            Value::List(topics) => topics.to_vec(),
            _ => Vec::new(),
        };
        Self { stopped: value(builtin::OPTED_OUT) == &Value::Bool(true), without }
    }

    /// The choice after a wish, and the change that makes it so. Topics stay as
    /// they were chosen when all marketing is stopped and wanted again; one
    /// that is wanted again does not bring back the rest.
    fn with(mut self, wish: Wish<'_>) -> (Self, Patch) {
        match wish {
            Wish::Stop(None) => self.stopped = true,
            Wish::Subscribe(None) => self.stopped = false,
            Wish::Stop(Some(topic)) if !self.is_without(topic) => self.without.push(topic.into()),
            Wish::Stop(Some(_)) => {}
            Wish::Subscribe(Some(topic)) => self.without.retain(|known| **known != *topic),
        }
        let patch = match wish.topic() {
            None => Patch::new().with("opted_out", Value::Bool(self.stopped)),
            Some(_) => Patch::new().with("opted_out_of", Value::List(self.without.clone().into())),
        };
        (self, patch)
    }

    fn is_without(&self, topic: &str) -> bool {
        self.without.iter().any(|known| **known == *topic)
    }
}

/// The word of a command that is for this bot; the text is in lower case.
fn command<'a>(text: &'a str, username: &str) -> Option<&'a str> {
    let said = text.strip_prefix('/')?.split(char::is_whitespace).next()?;
    match said.split_once('@') {
        Some((word, bot)) => (bot == username.to_lowercase()).then_some(word),
        None => Some(said),
    }
}

/// The language to answer in: the user's, if the bot speaks it.
fn lang_of(asker: Asker<'_>, project: Lang) -> Lang {
    let own = asker.known.and_then(|profile| profile.text(builtin::LANGUAGE));
    own.or(asker.language).and_then(Lang::of_code).unwrap_or(project)
}

fn said(wish: Wish<'_>, topic: Option<&Topic>, stopped: bool) -> Text {
    let titled = |en: &str, ru: &str| {
        let title = topic.map_or_else(|| Text::same(""), |topic| topic.title.clone());
        Text::new(en.replace("{}", &title.en), ru.replace("{}", &title.ru))
    };
    match (wish, stopped) {
        (Wish::Stop(None), _) => Text::new(
            "You will get no more mailings from us. Important messages, such as receipts, still come.\n\nTo get mailings again: /subscribe",
            "Рассылок больше не будет. Важные сообщения, например чеки, приходить продолжат.\n\nВернуть рассылки: /subscribe",
        ),
        (Wish::Subscribe(None), _) => Text::new(
            "You are subscribed to our mailings.\n\nTo stop them: /stop",
            "Вы подписаны на рассылки.\n\nОтключить их: /stop",
        ),
        (Wish::Stop(Some(_)), _) => titled("No more about “{}”.", "О теме «{}» больше не пишем."),
        (Wish::Subscribe(Some(_)), false) => titled("You will hear about “{}” again.", "О теме «{}» снова пишем."),
        (Wish::Subscribe(Some(_)), true) => titled(
            "“{}” is on, but you have stopped all mailings. To get them again: /subscribe",
            "Тема «{}» включена, но вы отключили все рассылки. Вернуть их: /subscribe",
        ),
    }
}

fn overview(rulebook: &Rulebook, choice: &Choice, lang: Lang) -> Message {
    let text = if choice.stopped {
        Text::new(
            "You get no mailings from us. To get them again: /subscribe",
            "Рассылки отключены. Вернуть их: /subscribe",
        )
    } else {
        Text::new("What would you like to hear about? Press to change.", "О чём вам писать? Нажмите, чтобы изменить.")
    };
    message(rulebook, &text, choice, lang)
}

/// A text with what can be chosen under it.
fn message(rulebook: &Rulebook, text: &Text, choice: &Choice, lang: Lang) -> Message {
    Message { text: text.get(lang).to_owned(), buttons: keyboard(&rulebook.topics, choice, lang), ..Message::default() }
}

fn keyboard(topics: &[Topic], choice: &Choice, lang: Lang) -> Vec<Vec<Button>> {
    let button = |text: String, wish: Wish<'_>| vec![Button { text, action: ButtonAction::Press(wish.press()) }];
    let all = |text: Text, wish| button(text.get(lang).to_owned(), wish);
    if choice.stopped {
        return vec![all(Text::new("Get mailings again", "Вернуть рассылки"), Wish::Subscribe(None))];
    }
    let of_topic = |topic: &Topic| {
        let (title, name) = (topic.title.get(lang), Some(topic.name.as_str()));
        match choice.is_without(&topic.name) {
            true => button(format!("❌ {title}"), Wish::Subscribe(name)),
            false => button(format!("✅ {title}"), Wish::Stop(name)),
        }
    };
    let stop = (!topics.is_empty()).then(|| all(Text::new("Stop everything", "Отключить всё"), Wish::Stop(None)));
    topics.iter().map(of_topic).chain(stop).collect()
}

#[cfg(test)]
mod tests;
