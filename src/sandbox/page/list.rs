//! The list of chats, with the counters above it.

use super::words::{Words, state_class};
use super::{avatar, time};
use crate::sandbox::chats::{ChatState, ChatSummary};
use crate::sandbox::entities::escape;
use crate::sandbox::handle::Sandbox;

/// How many chats are shown at once.
const SHOWN: usize = 100;

pub(super) fn whole(sandbox: &Sandbox, words: &Words, search: &str) -> String {
    format!(
        "<main class=\"list\"><header class=\"top\"><h1>{}</h1><p>{}</p></header>\n\
         <form class=\"search\" role=\"search\"><input type=\"search\" name=\"q\" value=\"{}\" placeholder=\"{}\" \
         aria-label=\"{}\" autocomplete=\"off\" autofocus></form>\n<div id=\"live\" data-part=\"/chats\">{}</div></main>",
        words.title,
        words.intro,
        escape(search),
        words.search,
        words.search,
        part(sandbox, words, search),
    )
}

/// What changes: counters and chats.
pub(super) fn part(sandbox: &Sandbox, words: &Words, search: &str) -> String {
    let found = sandbox.chats(search, SHOWN);
    let rows: String = found.iter().map(|chat| row(chat, words)).collect();
    let rows = if rows.is_empty() { format!("<p class=\"empty\">{}</p>", words.no_chats) } else { rows };
    format!("{}\n<nav class=\"chats\">{rows}</nav>", counters(sandbox, words))
}

/// The page of a chat that does not exist.
pub(super) fn nothing(words: &Words) -> String {
    format!(
        "<main class=\"list\"><p class=\"empty\">{}</p><p class=\"empty\"><a href=\"/\">{}</a></p></main>",
        words.no_chat, words.back
    )
}

fn counters(sandbox: &Sandbox, words: &Words) -> String {
    let counters = sandbox.counters();
    let cells = [
        (sandbox.chat_count() as u64, &words.chats, false),
        (counters.accepted, &words.accepted, false),
        (u64::from(counters.max_per_second), &words.fastest, false),
        (counters.too_many, &words.too_many, false),
        (counters.violations, &words.violations, counters.violations > 0),
        (counters.faults, &words.faults, false),
        (sandbox.pending_updates() as u64, &words.waiting, false),
    ];
    let cells: String = cells
        .iter()
        .map(|(number, label, alarming)| {
            let class = if *alarming { " class=\"alarm\"" } else { "" };
            format!("<div{class}><dd>{}</dd><dt>{label}</dt></div>", grouped(*number))
        })
        .collect();
    format!("<dl class=\"counters\">{cells}</dl>")
}

fn row(chat: &ChatSummary, words: &Words) -> String {
    let handle = chat.username.as_ref().map_or_else(|| chat.id.to_string(), |name| format!("@{name}"));
    let badge = match chat.state {
        ChatState::Active => String::new(),
        state => format!("<span class=\"badge {}\">{}</span>", state_class(state), words.state(state)),
    };
    let count = match chat.received {
        0 => String::new(),
        count => format!("<span class=\"count\">{}</span>", grouped(u64::from(count))),
    };
    format!(
        "<a class=\"chat\" href=\"/chat/{}\">{}<span class=\"who\"><b>{}</b> <small>{}</small>{badge}</span>\
         <span class=\"when\">{}</span><span class=\"last\">{}</span>{count}</a>\n",
        chat.id,
        avatar(chat.id, &chat.name),
        escape(&chat.name),
        escape(&handle),
        time(chat.last_at),
        escape(&chat.last_text),
    )
}

/// A number with thin spaces between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1\u{202f}000"), (1_234_567, "1\u{202f}234\u{202f}567")]
        {
            assert_eq!(grouped(number), text);
        }
    }
}
