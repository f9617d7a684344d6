//! The keys of `vestnik.yaml`, and whether a file keeps to them. What the
//! values mean is the matter of `read`.

use crate::rulebook::raw::Reader;
use crate::rulebook::shape::{Shape, Takes, optional, required};
use crate::rulebook::yaml::{Entry, Node};

/// All settings.
pub(in crate::rulebook) static SHAPE: Shape = Shape {
    what: ("the settings", "настройки"),
    keys: &[
        optional(
            "language",
            Takes::Words(&["en", "ru"]),
            "the language of commands, findings and messages to admins",
            "язык команд, диагностик и сообщений администраторам",
        ),
        optional(
            "timezone",
            Takes::Text,
            "the project's time zone, an IANA name such as `Europe/Moscow`",
            "часовой пояс проекта: имя IANA вида `Europe/Moscow`",
        ),
        optional(
            "data",
            Takes::Text,
            "the data folder, relative to this file",
            "папка данных, относительно этого файла",
        ),
        optional("instance", Takes::Map(&INSTANCE), "which installation this is", "какая это установка"),
        optional("telegram", Takes::Map(&TELEGRAM), "how to reach Telegram", "как связываться с Telegram"),
        optional(
            "admins",
            Takes::Named(&Takes::Words(&["owner", "operator", "author", "viewer"])),
            "who may ask the bot, by Telegram id: `{123456789: owner}`",
            "кому бот подчиняется, по id в Telegram: `{123456789: owner}`",
        ),
        optional("limits", Takes::Map(&LIMITS), "how fast messages may leave", "как быстро могут уходить сообщения"),
        optional("http", Takes::Map(&HTTP), "the HTTP interface", "интерфейс HTTP"),
        optional("webhooks", Takes::Map(&WEBHOOKS), "outgoing webhooks", "исходящие вебхуки"),
        optional("payments", Takes::Map(&PAYMENTS), "how users pay", "как платят пользователи"),
        optional(
            "watch",
            Takes::Words(&["notify", "poll"]),
            "how changed files are noticed; `poll` is for network folders",
            "как замечать изменения файлов; `poll` — для сетевых папок",
        ),
    ],
};

static INSTANCE: Shape = Shape {
    what: ("instance", "instance"),
    keys: &[optional(
        "id",
        Takes::Text,
        "a name that stays when the machine or the data folder is replaced, such as `shop`; no two installations share one",
        "имя, которое остаётся при замене машины или папки данных, например `shop`; у каждой установки своё",
    )],
};

static TELEGRAM: Shape = Shape {
    what: ("telegram", "telegram"),
    keys: &[
        optional(
            "token_env",
            Takes::Text,
            "the environment variable that holds the bot's token",
            "переменная окружения, в которой лежит токен бота",
        ),
        optional("api_url", Takes::Text, "the Bot API server", "сервер Bot API"),
        optional(
            "mode",
            Takes::Words(&["polling", "webhook"]),
            "how updates come in: the engine asks for them, or Telegram brings them",
            "как приходят обновления: движок спрашивает сам или их приносит Telegram",
        ),
        optional(
            "webhook_url",
            Takes::Text,
            "where Telegram brings updates, such as `https://example.com/telegram`",
            "куда Telegram приносит обновления, например `https://example.com/telegram`",
        ),
        optional(
            "secret_env",
            Takes::Text,
            "the environment variable that holds the secret which Telegram shows at the webhook; without it one is drawn",
            "переменная окружения с секретом, который Telegram предъявляет вебхуку; без неё он создаётся сам",
        ),
        optional(
            "drop_pending",
            Takes::Flag,
            "skips updates that came while the engine was down, but no payments",
            "пропускать обновления, пришедшие, пока движок не работал, кроме платежей",
        ),
    ],
};

const PACE: Takes = Takes::Either(&[Takes::Rate, Takes::Words(&["off"])]);

static LIMITS: Shape = Shape {
    what: ("limits", "limits"),
    keys: &[
        optional("bot", PACE, "for the whole bot", "для бота в целом"),
        optional("chat", PACE, "for one chat", "для одного чата"),
        optional("group", PACE, "for one group", "для одной группы"),
        optional("paid", PACE, "for the whole bot while Stars are paid", "для бота в целом, когда платятся звёзды"),
    ],
};

static HTTP: Shape = Shape {
    what: ("http", "http"),
    keys: &[optional(
        "listen",
        Takes::Text,
        "the address it listens on, such as `127.0.0.1:8080`",
        "адрес, на котором он слушает, например `127.0.0.1:8080`",
    )],
};

static WEBHOOKS: Shape = Shape {
    what: ("webhooks", "webhooks"),
    keys: &[
        optional("allow", Takes::List(&Takes::Text), "hosts that may be called", "узлы, к которым можно обращаться"),
        optional(
            "private",
            Takes::List(&Takes::Text),
            "hosts of `allow` that may stand at a private address, such as one of your own network",
            "узлы из `allow`, которым можно стоять на частном адресе, например в вашей сети",
        ),
        optional(
            "secret_env",
            Takes::Text,
            "the environment variable that holds the secret of signatures",
            "переменная окружения, в которой лежит секрет для подписи",
        ),
    ],
};

static PAYMENTS: Shape = Shape {
    what: ("payments", "payments"),
    keys: &[
        optional(
            "provider_token_env",
            Takes::Text,
            "the environment variable that holds the provider token of @BotFather, for invoices in roubles",
            "переменная окружения с токеном провайдера из @BotFather, для счетов в рублях",
        ),
        optional(
            "rub_per_star",
            Takes::Number,
            "what a Star is worth in roubles, such as `1.50`; kept with each payment",
            "сколько рублей стоит звезда, например `1.50`; запоминается с каждым платежом",
        ),
        optional(
            "attribution",
            Takes::Duration,
            "how long after a mailing a payment counts as its doing; 7 days if absent",
            "сколько времени после рассылки платёж считается её заслугой; без него 7 days",
        ),
        optional("yookassa", Takes::Map(&YOOKASSA), "a shop at YooKassa", "магазин в ЮKassa"),
    ],
};

static YOOKASSA: Shape = Shape {
    what: ("yookassa", "yookassa"),
    keys: &[
        required("shop_id", Takes::Text, "the shop's number", "номер магазина"),
        optional(
            "secret_env",
            Takes::Text,
            "the environment variable that holds the secret key",
            "переменная окружения с секретным ключом",
        ),
        required("return_url", Takes::Text, "where people come back to after paying", "куда вернуться после оплаты"),
        optional("api_url", Takes::Text, "the API of YooKassa", "API ЮKassa"),
    ],
};

/// Reports unknown keys and values of the wrong shape.
pub(super) fn conform(tree: &Node, reader: &mut Reader) {
    if let Some(entries) = reader.shape(tree, tree.place, &SHAPE) {
        keys(entries, &SHAPE, reader);
    }
}

fn keys(entries: &[Entry], shape: &Shape, reader: &mut Reader) {
    for entry in entries {
        if let Some(key) = shape.keys.iter().find(|key| key.name == entry.key.text) {
            value(&entry.value, key.name, &key.takes, reader);
        }
    }
}

fn value(node: &Node, name: &str, takes: &Takes, reader: &mut Reader) {
    let what = (name, name);
    match takes {
        Takes::Map(_) | Takes::Named(_) if node.is_blank() => {}
        Takes::Map(shape) => {
            if let Some(entries) = reader.shape(node, node.place, shape) {
                keys(entries, shape, reader);
            }
        }
        Takes::Named(inner) => {
            for entry in reader.map(node, what).unwrap_or_default() {
                value(&entry.value, &format!("`{}`", entry.key.text), inner, reader);
            }
        }
        Takes::List(inner) => {
            for item in reader.list(node, what).unwrap_or_default() {
                value(item, name, inner, reader);
            }
        }
        Takes::Flag => drop(reader.flag(node, what)),
        Takes::Text
        | Takes::Title
        | Takes::Int
        | Takes::Number
        | Takes::Percent
        | Takes::Name
        | Takes::Condition
        | Takes::Expression
        | Takes::Duration
        | Takes::Rate
        | Takes::Trigger
        | Takes::Goal
        | Takes::Moment
        | Takes::Words(_)
        | Takes::Open(..)
        | Takes::Either(_) => drop(reader.text(node, what)),
    }
}
