//! Commands for the ids in `admins`: `/status`, `/reload`, `/help`.
//!
//! Nobody else gets an answer, not even that there is something to ask.

use crate::engine::Engine;
use crate::engine::command::{Reply, Request};
use crate::interface::words;
use crate::model::{Lang, Message, Text};
use teloxide::utils::command::BotCommands;

/// What an admin may ask in a chat.
#[derive(BotCommands, Clone, Copy, Debug, PartialEq, Eq)]
#[command(rename_rule = "lowercase")]
enum Command {
    Start,
    Help,
    Status,
    Reload,
}

/// Telegram's limit of 4,096 UTF-16 units, with room for a closing line.
const LONGEST: usize = 3_900;
const LONGEST_LINE: usize = 1_000;

/// The answer to an admin's command; nothing for other people and other texts.
pub fn answer(engine: &Engine, user: i64, text: &str, username: &str) -> Option<Message> {
    let rulebook = engine.live.current();
    if !rulebook.settings.admins.contains_key(&user) {
        return None;
    }
    let command = Command::parse(text, username).ok()?;
    let lang = rulebook.settings.language;
    let text = match command {
        Command::Start | Command::Help => help().get(lang).to_owned(),
        Command::Status => ask(engine, Request::Status, lang),
        Command::Reload => ask(engine, Request::Reload { lang }, lang),
    };
    Some(Message { text: shortened(&text, lang), ..Message::default() })
}

fn ask(engine: &Engine, request: Request, lang: Lang) -> String {
    match engine.execute(request, &mut |_| {}) {
        Ok(Reply::Status(answer)) => words::status(&answer, lang),
        Ok(Reply::Reloaded(answer)) => format!("{}\n\n{}", words::reload_summary(&answer).get(lang), answer.brief),
        Ok(_) => String::new(),
        Err(error) => error.text().get(lang).to_owned(),
    }
}

fn help() -> Text {
    Text::new(
        "/status — how the engine is\n/reload — take over the rule files",
        "/status — как дела у движка\n/reload — применить файлы правил",
    )
}

/// The text in one message: whole lines, and how many were left out.
fn shortened(text: &str, lang: Lang) -> String {
    let mut out = String::new();
    let lines: Vec<_> = text.trim().lines().collect();
    for (i, line) in lines.iter().enumerate() {
        let line: String = line.chars().take(LONGEST_LINE).collect();
        if out.encode_utf16().count() + line.encode_utf16().count() > LONGEST {
            let left = lines.len() - i;
            let more = Text::new(
                format!("… {left} more lines: see `vestnik check`"),
                format!("… ещё строк: {left}, см. `vestnik check`"),
            );
            out.push_str(more.get(lang));
            break;
        }
        out.push_str(&line);
        out.push('\n');
    }
    out.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_answers_are_cut_at_a_line() {
        let text = "ошибка в правилах 🙈\n".repeat(1_000);
        let short = shortened(&text, Lang::Ru);
        assert!(short.encode_utf16().count() <= 4_096);
        assert!(short.ends_with("vestnik check`"));
        assert_eq!(shortened("a\nb\n", Lang::Ru), "a\nb");
    }

    #[test]
    fn commands_may_name_the_bot() {
        for (text, expected) in [
            ("/status", Some(Command::Status)),
            ("/reload@our_bot", Some(Command::Reload)),
            ("/reload@other_bot", None),
            ("reload", None),
        ] {
            assert_eq!(Command::parse(text, "our_bot").ok(), expected, "{text}");
        }
    }
}
