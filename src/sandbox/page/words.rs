//! What the page says, in both languages.

use crate::model::{Lang, Text};
use crate::sandbox::chats::ChatState;

/// All words of the page in one language.
pub(super) struct Words {
    lang: Lang,
    pub(super) code: &'static str,
    pub(super) title: String,
    pub(super) intro: String,
    pub(super) search: String,
    pub(super) chats: String,
    pub(super) accepted: String,
    pub(super) too_many: String,
    pub(super) violations: String,
    pub(super) fastest: String,
    pub(super) waiting: String,
    pub(super) faults: String,
    pub(super) no_chat: String,
    pub(super) no_chats: String,
    pub(super) no_messages: String,
    pub(super) edited: String,
    pub(super) write: String,
    pub(super) send: String,
    pub(super) start: String,
    pub(super) block: String,
    pub(super) unblock: String,
    pub(super) back: String,
    pub(super) protected: String,
    pub(super) silent: String,
    pub(super) cannot_write: String,
    pub(super) keyboard: String,
    pub(super) pay: String,
    pub(super) paid: String,
    pub(super) refunded: String,
    pub(super) late: String,
}

impl Words {
    pub(super) fn new(lang: Lang) -> Self {
        let say = |en: &str, ru: &str| Text::new(en, ru).get(lang).to_owned();
        Self {
            lang,
            code: match lang {
                Lang::En => "en",
                Lang::Ru => "ru",
            },
            title: say("Vestnik sandbox", "Песочница Vestnik"),
            intro: say(
                "A Telegram of your own: nothing leaves this machine",
                "Свой Telegram: ничего не покидает эту машину",
            ),
            search: say("Search by name, @username or id", "Поиск по имени, @username или id"),
            chats: say("chats", "чатов"),
            accepted: say("messages", "сообщений"),
            too_many: say("answers 429", "ответов 429"),
            violations: say("violations", "нарушений"),
            fastest: say("peak in a second", "пик за секунду"),
            waiting: say("updates queued", "ждут бота"),
            faults: say("faults", "сбоев"),
            no_chat: say("There is no such chat", "Такого чата нет"),
            no_chats: say("No chat matches", "Ничего не найдено"),
            no_messages: say("No messages yet", "Сообщений пока нет"),
            edited: say("edited", "изменено"),
            write: say("Message", "Сообщение"),
            send: say("Send", "Отправить"),
            start: say("Start", "Начать"),
            block: say("Block the bot", "Заблокировать бота"),
            unblock: say("Unblock the bot", "Разблокировать бота"),
            back: say("All chats", "Все чаты"),
            protected: say("cannot be forwarded or saved", "нельзя переслать или сохранить"),
            silent: say("without a sound", "без звука"),
            cannot_write: say("This chat cannot write to the bot", "Этот чат не может писать боту"),
            pay: say("Pay", "Заплатить"),
            paid: say("Paid", "Оплачено"),
            refunded: say("Refunded", "Возвращено"),
            late: say("The bot did not answer in ten seconds", "Бот не ответил за десять секунд"),
            keyboard: say("The bot's keyboard", "Клавиатура бота"),
        }
    }

    pub(super) fn state(&self, state: ChatState) -> String {
        let text = match state {
            ChatState::Active => Text::new("active", "активен"),
            ChatState::Blocked => Text::new("blocked the bot", "заблокировал бота"),
            ChatState::Deactivated => Text::new("deactivated", "удалён"),
            ChatState::NeverStarted => Text::new("has not started the bot", "не запускал бота"),
            ChatState::Unknown => Text::new("unknown to Telegram", "неизвестен Telegram"),
            ChatState::Migrated(_) => Text::new("became a supergroup", "стал супергруппой"),
        };
        text.get(self.lang).to_owned()
    }
}

/// The class that colours a state.
pub(super) fn state_class(state: ChatState) -> &'static str {
    match state {
        ChatState::Active => "active",
        ChatState::Blocked | ChatState::Deactivated => "gone",
        ChatState::NeverStarted | ChatState::Unknown | ChatState::Migrated(_) => "away",
    }
}
