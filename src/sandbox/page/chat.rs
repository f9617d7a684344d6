//! One chat as the person sees it: bubbles, buttons, and a line to write in.

use super::words::{Words, state_class};
use super::{avatar, time};
use crate::model::Time;
use crate::sandbox::chats::{ChatState, ChatSummary};
use crate::sandbox::entities::{escape, to_html};
use crate::sandbox::files::{Media, MediaKind};
use crate::sandbox::handle::Sandbox;
use crate::sandbox::keyboard::Keyboard;
use crate::sandbox::messages::Message;
use crate::sandbox::payments::{Special, price};
use serde_json::Value;

/// How many messages are shown.
const SHOWN: usize = 200;

pub(super) fn whole(sandbox: &Sandbox, chat: &ChatSummary, words: &Words) -> String {
    format!(
        "<main class=\"talk\" data-chat=\"{}\" data-late=\"{}\"><div id=\"live\" data-part=\"/chat/{}/messages\">{}</div>\n\
         <form class=\"write\"><input name=\"text\" placeholder=\"{}\" aria-label=\"{}\" autocomplete=\"off\" \
         maxlength=\"4096\"><button>{}</button></form><output id=\"toast\" role=\"status\"></output></main>",
        chat.id,
        words.late,
        chat.id,
        part(sandbox, chat, words),
        words.write,
        words.write,
        words.send,
    )
}

/// What changes: the head of the chat, its messages, the bot's keyboard.
pub(super) fn part(sandbox: &Sandbox, chat: &ChatSummary, words: &Words) -> String {
    let messages = sandbox.newest_messages(chat.id, SHOWN);
    let mut day = None;
    let mut bubbles = String::new();
    for message in &messages {
        let today = Time(message.at).rfc3339().get(..10).map(str::to_owned);
        if today != day {
            bubbles += &format!("<div class=\"day\">{}</div>\n", today.as_deref().unwrap_or_default());
            day = today;
        }
        bubbles += &bubble(message, &messages, words);
    }
    if messages.is_empty() {
        bubbles = format!("<p class=\"empty\">{}</p>", words.no_messages);
    }
    format!("{}<section class=\"messages\">{bubbles}</section>{}", head(chat, words), reply_keyboard(&messages, words))
}

fn head(chat: &ChatSummary, words: &Words) -> String {
    let button = |act: &str, label: &str| format!("<button type=\"button\" data-act=\"{act}\">{label}</button>");
    let actions = match chat.state {
        ChatState::Active => button("block", &words.block),
        ChatState::Blocked => button("unblock", &words.unblock),
        ChatState::NeverStarted => button("start", &words.start),
        ChatState::Deactivated | ChatState::Unknown | ChatState::Migrated(_) => {
            format!("<small>{}</small>", words.cannot_write)
        }
    };
    let handle = chat.username.as_ref().map(|name| format!("@{name} · ")).unwrap_or_default();
    format!(
        "<header class=\"head\"><a class=\"back\" href=\"/\" title=\"{}\" aria-label=\"{}\">‹</a>{}\
         <span class=\"who\"><b>{}</b><small>{}{} · <span class=\"{}\">{}</span></small></span>{actions}</header>\n",
        words.back,
        words.back,
        avatar(chat.id, &chat.name),
        escape(&chat.name),
        escape(&handle),
        chat.id,
        state_class(chat.state),
        words.state(chat.state),
    )
}

fn bubble(message: &Message, all: &[Message], words: &Words) -> String {
    let side = if message.from_bot { "in" } else { "out" };
    let quoted = message.extras.reply_to.and_then(|id| all.iter().find(|other| other.id == id));
    let quote = quoted.map(|other| format!("<div class=\"quote\">{}</div>", escape(&short(&other.body.text))));
    let picture = message.media.as_ref().map(media);
    let body = match &message.extras.special {
        Some(special) => special_body(special, words),
        None => format!("<div class=\"text\">{}</div>", to_html(&message.body)),
    };
    let body = if message.body.text.is_empty() { String::new() } else { body };
    let parts = [quote.unwrap_or_default(), picture.unwrap_or_default(), body];
    let (first, last) = if message.extras.caption_above { (2, 1) } else { (1, 2) };
    format!(
        "<article class=\"{side}\"><div class=\"bubble\" id=\"m{}\">{}{}{}{}</div>{}</article>\n",
        message.id,
        parts[0],
        parts[first],
        parts[last],
        meta(message, words),
        keys(message, words),
    )
}

/// An invoice, or what became of one.
fn special_body(special: &Special, words: &Words) -> String {
    let sum = |payment: &Value| {
        let total = payment.get("total_amount").and_then(Value::as_i64).unwrap_or_default();
        escape(&price(total, payment.get("currency").and_then(Value::as_str).unwrap_or_default()))
    };
    match special {
        Special::Invoice(invoice) => {
            let image = invoice.photo.as_ref().map(|url| format!("<img src=\"{}\" alt=\"\">", escape(url)));
            format!(
                "<div class=\"text\">{}<b>{}</b><br>{}<br><b>{}</b></div>",
                image.unwrap_or_default(),
                escape(&invoice.title),
                escape(&invoice.description),
                escape(&invoice.price()),
            )
        }
        Special::Paid(payment) => format!("<div class=\"text\">✅ {} {}</div>", words.paid, sum(payment)),
        Special::Refunded(payment) => format!("<div class=\"text\">↩ {} {}</div>", words.refunded, sum(payment)),
    }
}

/// The buttons under a message; an invoice has one that pays, whatever else it has.
fn keys(message: &Message, words: &Words) -> String {
    match message.extras.special.as_deref() {
        Some(Special::Invoice(invoice)) if !message.keyboard.begins_with_pay() => format!(
            "<div class=\"keys\"><div class=\"row\"><button type=\"button\" data-pay=\"{}\">{} {}</button></div></div>",
            message.id,
            words.pay,
            escape(&invoice.price()),
        ),
        Some(_) | None => inline_keyboard(message),
    }
}

fn meta(message: &Message, words: &Words) -> String {
    let sign = |shown: bool, sign: &str, title: &str| match shown {
        true => format!("<span title=\"{title}\">{sign}</span> "),
        false => String::new(),
    };
    let edited = if message.edited_at.is_some() { format!("{} ", words.edited) } else { String::new() };
    let silent = sign(message.extras.silent, "🔕", &words.silent);
    let protected = sign(message.extras.protected, "🔒", &words.protected);
    format!("<div class=\"meta\">{silent}{protected}{edited}{}</div>", time(message.at))
}

fn media(media: &Media) -> String {
    let name = escape(media.name());
    let sign = match media.kind {
        MediaKind::Photo => "🖼",
        MediaKind::Video => "▶",
        MediaKind::Document => "📄",
    };
    let is_web = media.source.starts_with("http://") || media.source.starts_with("https://");
    let image = match (media.kind, is_web) {
        (MediaKind::Photo, true) => format!("<img src=\"{}\" alt=\"\" loading=\"lazy\">", escape(&media.source)),
        _ => String::new(),
    };
    let class = if media.kind == MediaKind::Document { "file" } else { "picture" };
    format!(
        "<figure class=\"{class}\"><span class=\"sign\">{sign}</span><figcaption>{name}</figcaption>{image}</figure>"
    )
}

fn inline_keyboard(message: &Message) -> String {
    let rows = match message.keyboard.shown().and_then(|markup| markup.get("inline_keyboard")) {
        Some(Value::Array(rows)) => rows,
        _ => return String::new(),
    };
    let row = |row: &Value| {
        let buttons: String =
            row.as_array().into_iter().flatten().map(|button| inline_button(message.id, button)).collect();
        format!("<div class=\"row\">{buttons}</div>")
    };
    format!("<div class=\"keys\">{}</div>", rows.iter().map(row).collect::<String>())
}

fn inline_button(message: i32, button: &Value) -> String {
    let field = |key: &str| button.get(key).and_then(Value::as_str);
    let label = escape(field("text").unwrap_or_default());
    match (field("callback_data"), field("url")) {
        (Some(data), _) => {
            let data = escape(data);
            format!(
                "<button type=\"button\" data-press=\"{message}\" data-data=\"{data}\" title=\"{data}\">{label}</button>"
            )
        }
        (None, Some(url)) if url.starts_with("http://") || url.starts_with("https://") => {
            let url = escape(url);
            format!(
                "<a href=\"{url}\" title=\"{url}\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">{label} ↗</a>"
            )
        }
        (None, _) if button.get("pay").and_then(Value::as_bool) == Some(true) => {
            format!("<button type=\"button\" data-pay=\"{message}\">{label}</button>")
        }
        (None, _) => format!("<button type=\"button\" disabled>{label}</button>"),
    }
}

/// The newest keyboard that replaces the person's own, if it still stands.
fn reply_keyboard(messages: &[Message], words: &Words) -> String {
    let newest = messages.iter().rev().find_map(|message| match &message.keyboard {
        Keyboard::Reply(markup) => Some(markup),
        Keyboard::None | Keyboard::Inline(_) => None,
    });
    let Some(rows) = newest.and_then(|markup| markup.get("keyboard")).and_then(Value::as_array) else {
        return String::new();
    };
    let label = |button: &Value| button.as_str().or(button.get("text").and_then(Value::as_str)).map(escape);
    let row = |row: &Value| {
        let labels = row.as_array().into_iter().flatten().filter_map(label);
        let buttons: String =
            labels.map(|label| format!("<button type=\"button\" data-say=\"{label}\">{label}</button>")).collect();
        format!("<div class=\"row\">{buttons}</div>")
    };
    let rows: String = rows.iter().map(row).collect();
    format!("<div class=\"keys reply\" role=\"group\" aria-label=\"{}\">{rows}</div>", words.keyboard)
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}
