//! The panel: what admins see and do in Telegram, by buttons and by commands.
//!
//! Which updates are its own is decided here: texts that are its commands and
//! presses whose data have its prefix, of people in `admins`, by their own id,
//! wherever they write. Nobody else gets an answer, not even that there is
//! something to ask. What an update changes goes into [`Handled`]; screens are
//! calls of the Bot API that are made afterwards and may get lost.

mod callback;
mod deeds;
mod role;
mod screen;
mod screens;
mod typed;

pub use callback::is_ours;

use super::ASK;
use crate::engine::Engine;
use crate::engine::audit::Entry;
use crate::engine::command::{CommandError, Reply, Request};
use crate::engine::inbox::{Call, Handled};
use crate::model::{Lang, Text};
use crate::outbox::{Client, ClientError};
use crate::rulebook::Role;
use callback::{Place, Press, decode};
use screen::Screen;
use serde_json::{Value, json};
use teloxide::types::{CallbackQuery, MaybeInaccessibleMessage, Message, User};

/// Telegram's limit of the text that answers a press.
const LONGEST_NOTICE: usize = 200;

/// Who asks, and of what.
pub struct Scene<'a> {
    engine: &'a Engine,
    user: i64,
    role: Role,
    lang: Lang,
}

/// Where a screen goes.
#[derive(Clone, Copy)]
struct Target {
    chat: i64,
    thread: Option<i32>,
    /// The message that is changed; a new one if left out.
    edit: Option<i32>,
}

impl<'a> Scene<'a> {
    /// The scene of an admin; nothing for other people.
    fn of(engine: &'a Engine, from: &User) -> Option<Self> {
        let user = from.id.0.cast_signed();
        let rulebook = engine.live.current();
        let role = *rulebook.settings.admins.get(&user)?;
        let own = from.language_code.as_deref().map(|code| code.split('-').next().unwrap_or(code));
        let lang = match own {
            Some("ru") => Lang::Ru,
            Some("en") => Lang::En,
            _ => rulebook.settings.language,
        };
        Some(Self { engine, user, role, lang })
    }

    /// Asks the engine as commands do; the error is for people.
    fn ask(&self, request: Request) -> Result<Reply, Text> {
        self.engine.execute(request, &mut |_| {}).map_err(|error: CommandError| error.text())
    }

    fn word(&self, en: &str, ru: &str) -> String {
        match self.lang {
            Lang::En => en.to_owned(),
            Lang::Ru => ru.to_owned(),
        }
    }

    fn may(&self, press: &Press) -> bool {
        self.role >= role::needed(press)
    }

    /// The screen of a place; if that cannot be, the main screen that says why.
    fn screen(&self, place: &Place) -> Screen {
        let mut screen = screens::screen(self, place).unwrap_or_else(|why| {
            let mut main = screens::main(self);
            main.first(why.get(self.lang));
            main
        });
        screen.keep(|press| self.may(press));
        screen
    }

    fn entry(&self, what: String, done: &Result<String, Text>) -> Entry {
        Entry {
            at: self.engine.clock.now(),
            by: self.user,
            what,
            rulebook: self.engine.live.current().version.clone(),
            refused: done.as_ref().err().map(|why| why.en.clone()),
        }
    }
}

/// Answers a text of an admin that is a command of the panel.
pub fn on_message(engine: &Engine, message: &Message, from: &User, username: &str, handled: &mut Handled) {
    let Some(scene) = Scene::of(engine, from) else { return };
    let Some(command) = message.text().and_then(|text| typed::parse(text, username)) else { return };
    let target = Target { chat: message.chat.id.0, thread: thread_of(message), edit: None };
    let answer = typed::answer(&scene, command, handled);
    let private = answer.private && !message.chat.is_private();
    let target = if private { Target { chat: scene.user, thread: None, edit: None } } else { target };
    handled.shows.push(call(&scene, target, &answer));
}

/// Does what a button of the panel says, and shows what came of it.
pub fn on_press(engine: &Engine, query: &CallbackQuery, data: &str, handled: &mut Handled) {
    let Some(scene) = Scene::of(engine, &query.from) else { return };
    let target = target_of(query, scene.user);
    let pressed = decode(data);
    if let Some(press) = pressed.as_ref().filter(|press| !scene.may(press)) {
        let text = role::refusal(role::needed(press));
        handled.shows.push(notice(query, text.get(scene.lang)));
        return;
    }
    let mut said = String::new();
    let screen = match pressed {
        Some(Press::Open(place)) => scene.screen(&place),
        Some(Press::Ask(deed)) => deeds::question(&scene, &deed),
        Some(Press::Do(deed)) => {
            let (done, screen) = deeds::done(&scene, &deed);
            handled.audit.push(scene.entry(deeds::words(&scene, &deed), &done));
            said = done.unwrap_or_else(|why| why.get(scene.lang).to_owned());
            screen
        }
        None => {
            said = scene.word("this button is of another version", "эта кнопка от другой версии");
            scene.screen(&Place::Main)
        }
    };
    let away = screen.private && target.chat != scene.user;
    if away {
        said = scene.word("sent to you in private", "отправлено вам в личные сообщения");
    }
    let target = if away { Target { chat: scene.user, thread: None, edit: None } } else { target };
    handled.shows.push(call(&scene, target, &screen));
    handled.shows.push(notice(query, &said));
}

/// Makes the calls in their order, as far as Telegram lets.
pub async fn show(client: &Client, calls: Vec<Call>) {
    for call in calls {
        let mut next = Some(Box::new(call));
        while let Some(call) = next.take() {
            match client.ask(call.method, &call.body, ASK).await {
                Err(ClientError::Refused { code: 400, text, .. }) if text.contains("message is not modified") => {}
                Err(ClientError::Refused { code: 400, text, .. }) => {
                    tracing::debug!(method = call.method, text, "a screen of the panel was refused");
                    next = call.otherwise;
                }
                Err(error) => tracing::warn!(%error, "a screen of the panel was not shown"),
                Ok(_) => {}
            }
        }
    }
}

/// The call that shows a screen: it changes the message that was pressed, or if
/// that cannot be changed sends another.
fn call(scene: &Scene<'_>, target: Target, screen: &Screen) -> Call {
    let mut body = json!({
        "chat_id": target.chat,
        "text": screen.html(scene.lang),
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": true},
        "reply_markup": screen.keyboard(),
    });
    let mut edited = body.clone();
    if let Some(thread) = target.thread {
        body["message_thread_id"] = Value::from(thread);
    }
    let sent = Call { method: "sendMessage", body, otherwise: None };
    match target.edit {
        Some(message) => {
            edited["message_id"] = Value::from(message);
            Call { method: "editMessageText", body: edited, otherwise: Some(Box::new(sent)) }
        }
        None => sent,
    }
}

/// The call that ends the waiting sign on the button, with a text or without.
fn notice(query: &CallbackQuery, text: &str) -> Call {
    let text: String = text.lines().next().unwrap_or_default().chars().take(LONGEST_NOTICE / 2).collect();
    let body = json!({"callback_query_id": query.id.0, "text": text});
    Call { method: "answerCallbackQuery", body, otherwise: None }
}

/// Where the pressed message is; the chat with the admin if that is not known.
fn target_of(query: &CallbackQuery, user: i64) -> Target {
    match &query.message {
        Some(MaybeInaccessibleMessage::Regular(message)) => {
            Target { chat: message.chat.id.0, thread: thread_of(message), edit: Some(message.id.0) }
        }
        Some(MaybeInaccessibleMessage::Inaccessible(message)) => {
            Target { chat: message.chat.id.0, thread: None, edit: None }
        }
        None => Target { chat: user, thread: None, edit: None },
    }
}

/// The topic of a group.
fn thread_of(message: &Message) -> Option<i32> {
    message.thread_id.filter(|_| message.is_topic_message).map(|thread| thread.0.0)
}
