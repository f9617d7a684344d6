//! What trial renderings are told of: the words, and the place in the template
//! that what was rendered comes from.

use super::check::Origin;
use super::markup::{MarkupError, Mistake};
use super::{CAPTION_LIMIT, PRESS_LIMIT, Part};
use crate::diagnostic::{Diagnostic, Place, Sources, nearest};
use crate::model::{FieldId, Schema, Text, Type, Wish};
use crate::rulebook::{Ids, codes};
use minijinja::ErrorKind;

/// Characters of a text that are shown where all of it is meant.
const SHOWN: usize = 60;

/// The beginning of a part's first line with words.
pub(super) fn start(origin: &Origin, sources: &Sources) -> Place {
    let text = origin.text(sources);
    let blank = text.len() - text.trim_start().len();
    let line = text[blank..].split('\n').next().unwrap_or_default().trim_end();
    let length = line.char_indices().nth(SHOWN).map_or(line.len(), |(at, _)| at);
    origin.place(sources, blank..blank + length)
}

pub(super) fn failed(error: &minijinja::Error, place: Place) -> Diagnostic {
    let detail = error.detail().map_or_else(|| error.kind().to_string(), ToOwned::to_owned);
    let (text, help) = match error.kind() {
        ErrorKind::OutOfFuel => (
            Text::new("the template takes too many steps", "шаблон выполняет слишком много шагов"),
            Text::new("shorten its loops", "сократите циклы"),
        ),
        _ => (
            Text::new(
                format!("the template cannot be rendered: {detail}"),
                format!("шаблон не удаётся собрать: {detail}"),
            ),
            Text::new("mend or simplify the underlined part", "исправьте или упростите подчёркнутое место"),
        ),
    };
    Diagnostic::error(codes::RENDER_FAILED, text, place).help(help)
}

pub(super) fn missing_printed(schema: &Schema, fields: &[FieldId], place: Place) -> Diagnostic {
    let names: Vec<String> = fields.iter().map(|id| format!("`user.{}`", schema.field(*id).name)).collect();
    let list = names.join(", ");
    let text = Text::new(format!("{list} may be missing here"), format!("{list} здесь может отсутствовать"));
    let replaced = match fields.first().map(|id| &schema.field(*id).ty) {
        Some(Type::Int | Type::Float | Type::Money) => Some("default(0)"),
        Some(Type::Time) => None,
        Some(Type::Bool | Type::String | Type::Duration | Type::List | Type::Enum(_)) | None => Some("default(\"…\")"),
    };
    let help = match replaced {
        Some(filter) => Text::new(
            format!("write `| {filter}` after the field, or ask `{{% if … %}}` first"),
            format!("напишите `| {filter}` после поля или сначала проверьте его в `{{% if … %}}`"),
        ),
        None => Text::new("ask for it in `{% if … %}` first", "сначала проверьте его в `{% if … %}`"),
    };
    Diagnostic::error(codes::MISSING_PRINTED, text, place).help(help)
}

/// The variant of an experiment is printed, which users outside it have not.
pub(super) fn outside_printed(experiment: &str, place: Place) -> Diagnostic {
    let text = Text::new(
        format!("outside the experiment there is no `variant(\"{experiment}\")` to print"),
        format!("вне эксперимента `variant(\"{experiment}\")` нет, печатать нечего"),
    );
    let help = Text::new(
        "write `| default(\"…\")` after it, or ask `{% if … %}` first",
        "напишите после него `| default(\"…\")` или сначала проверьте его в `{% if … %}`",
    );
    Diagnostic::error(codes::MISSING_PRINTED, text, place).help(help)
}

pub(super) fn markup(error: &MarkupError, text: &str, origin: &Origin, sources: &Sources) -> Diagnostic {
    let place = written(error, text, origin, sources);
    let (code, message, help) = match &error.kind {
        Mistake::UnknownTag(tag) => (
            codes::UNKNOWN_TAG,
            Text::new(format!("Telegram does not accept `{tag}`"), format!("Telegram не принимает `{tag}`")),
            Text::new(
                "it knows b, i, u, s, a, code, pre, blockquote, tg-spoiler and tg-emoji; a new line is a line break",
                "бывают b, i, u, s, a, code, pre, blockquote, tg-spoiler и tg-emoji; новая строка — перевод строки",
            ),
        ),
        Mistake::Unclosed(sign) => (
            codes::UNCLOSED_MARKUP,
            Text::new(format!("`{sign}` is not closed"), format!("`{sign}` не закрыто")),
            Text::new("close it, in every branch of `if`", "закройте его, в каждой ветви `if`"),
        ),
        Mistake::Unexpected { found, expected } => (
            codes::UNCLOSED_MARKUP,
            match expected {
                Some(expected) => Text::new(
                    format!("`{found}` stands where `{expected}` is due"),
                    format!("`{found}` стоит там, где нужно `{expected}`"),
                ),
                None => Text::new(format!("`{found}` closes nothing"), format!("`{found}` ничего не закрывает")),
            },
            Text::new("close in the reverse order of opening", "закрывайте в порядке, обратном открытию"),
        ),
        Mistake::Unescaped(c) => (
            codes::UNKNOWN_TAG,
            Text::new(format!("`{c}` must be escaped here"), format!("`{c}` здесь нужно экранировать")),
            if *c == '<' {
                Text::new("write `&lt;`", "напишите `&lt;`")
            } else {
                Text::new(format!("write `\\{c}`"), format!("напишите `\\{c}`"))
            },
        ),
        Mistake::Address(url) => return bad_url(url, place),
    };
    Diagnostic::error(code, message, place).help(help)
}

/// Where the offending piece of the rendered text was written: the occurrence
/// of the same number in the template, as far as it can be told.
fn written(error: &MarkupError, text: &str, origin: &Origin, sources: &Sources) -> Place {
    let template = origin.text(sources);
    let mut piece = &text[error.range.clone()];
    // Users' values inside the piece are not in the template: what stands
    // before them is.
    while !template.contains(piece) {
        let Some((last, _)) = piece.char_indices().next_back() else { break };
        piece = &piece[..last];
    }
    if piece.is_empty() {
        return start(origin, sources);
    }
    let number = text[..error.range.start].matches(piece).count();
    let all: Vec<usize> =
        template.match_indices(piece).map(|(at, _)| at).filter(|at| outside_tags(template, *at)).collect();
    match all.get(number).or(all.last()) {
        Some(at) => origin.place(sources, *at..at + piece.len()),
        None => start(origin, sources),
    }
}

fn outside_tags(template: &str, at: usize) -> bool {
    let before = &template[..at];
    let last = |a: &str, b: &str| before.rfind(a).max(before.rfind(b));
    last("{{", "{%").is_none_or(|open| last("}}", "%}").is_some_and(|close| close > open))
}

pub(super) fn empty(origin: &Origin, sources: &Sources) -> Diagnostic {
    let text = Text::new("the text may come out empty", "текст может оказаться пустым");
    let help = Text::new("add words that stand outside of every `if`", "добавьте слова вне всех `if`");
    Diagnostic::error(codes::EMPTY_TEXT, text, start(origin, sources)).help(help)
}

pub(super) fn too_long(length: usize, limit: usize, place: Place) -> Diagnostic {
    let text = Text::new(
        format!("with the longest values the text has {length} characters, Telegram takes {limit}"),
        format!("с самыми длинными значениями в тексте {length} знаков, Telegram принимает {limit}"),
    );
    let help = Text::new("shorten it, or send two messages", "сократите его или отправьте два сообщения");
    Diagnostic::error(codes::TOO_LONG, text, place).help(help)
}

pub(super) fn bad_url(url: &str, place: Place) -> Diagnostic {
    let url: String = url.chars().take(SHOWN).collect();
    let text = Text::new(
        format!("`{url}` is not an address that a message may have"),
        format!("`{url}` — недопустимый адрес"),
    );
    let help = Text::new(
        "it begins with https://, http://, tg:// or mailto: and has no spaces; values inside it are percent-encoded",
        "он начинается с https://, http://, tg:// или mailto: и без пробелов; значения в нём кодируются процентами",
    );
    Diagnostic::error(codes::BAD_URL, text, place).help(help)
}

pub(super) fn press_length(length: usize, part: &Part, place: Place) -> Diagnostic {
    let (en, ru) = match part {
        Part::Fixed(_) => ("have", "занимают"),
        Part::Rendered(_) | Part::Broken => ("may have", "могут занять"),
    };
    let text = Text::new(
        format!("the data of this button {en} {length} bytes, 1 to {PRESS_LIMIT} are possible"),
        format!("данные кнопки {ru} {length} байт, можно от 1 до {PRESS_LIMIT}"),
    );
    let help = Text::new(
        "use a short word; a Cyrillic letter takes two bytes",
        "возьмите короткое слово; русская буква занимает два байта",
    );
    Diagnostic::error(codes::PRESS_LENGTH, text, place).help(help)
}

/// What is wrong with a button's data that are reserved for the bot.
pub(super) fn reserved_press(data: &str, topics: &Ids, place: Place) -> Option<Diagnostic> {
    let Some(wish) = Wish::of_press(data) else {
        let text = Text::new(
            format!("the bot does not know what the button `{data}` asks for"),
            format!("бот не знает, о чём просит кнопка `{data}`"),
        );
        let help = Text::new(
            "`vestnik:stop` and `vestnik:subscribe` are known, and both with `:TOPIC`; begin data of your own otherwise",
            "есть `vestnik:stop` и `vestnik:subscribe`, и обе с `:ТЕМА`; свои данные начинайте иначе",
        );
        return Some(Diagnostic::warning(codes::RESERVED_PRESS, text, place).help(help));
    };
    let topic = wish.topic().filter(|topic| topics.find(topic).is_none())?;
    let text = Text::new(
        format!("the button `{data}` is about a topic that does not exist"),
        format!("кнопка `{data}` — о теме, которой нет"),
    );
    let help = match nearest(topic, topics.names()) {
        Some(near) => Text::new(format!("did you mean `{near}`?"), format!("возможно, вы имели в виду `{near}`?")),
        None => Text::new("declare it in `topics`", "объявите её в разделе `topics`"),
    };
    Some(Diagnostic::warning(codes::RESERVED_PRESS, text, place).help(help))
}

/// `length` is that of a text which does not fit beside the media; without it
/// the buttons are what does not go with an album.
pub(super) fn two_messages(length: Option<usize>, place: Place) -> Diagnostic {
    let text = match length {
        Some(length) => Text::new(
            format!(
                "with the longest values the text has {length} characters, beside media {CAPTION_LIMIT} are possible: it goes as a second message"
            ),
            format!(
                "с самыми длинными значениями в тексте {length} знаков, рядом с медиа можно {CAPTION_LIMIT}: он уйдёт вторым сообщением"
            ),
        ),
        None => Text::new(
            "an album takes no buttons: the text goes with them as a second message",
            "у альбома не бывает кнопок: текст с ними уйдёт вторым сообщением",
        ),
    };
    let help = Text::new(
        "everybody gets two messages, which count as two; a shorter text, or one message without an album, is one",
        "каждый получит два сообщения, и считаются они за два; более короткий текст или одно фото вместо альбома — одно",
    );
    Diagnostic::info(codes::TWO_MESSAGES, text, place).help(help)
}

pub(super) fn media_differs(name: &str, place: Place, first: Place) -> Diagnostic {
    let text = Text::new(
        format!("`{name}` is two messages, media and text, and this version of it carries no media"),
        format!("`{name}` — два сообщения, медиа и текст, а в этой версии медиа нет"),
    );
    let help = Text::new(
        "give this version media, too, or shorten the other so that it is one message",
        "добавьте медиа и сюда или сократите другую версию до одного сообщения",
    );
    Diagnostic::error(codes::LANGUAGES_DIFFER, text, place)
        .also(first, Text::new("the version with two messages", "версия из двух сообщений"))
        .help(help)
}

pub(super) fn language_missing(name: &str, language: &str, place: Place) -> Diagnostic {
    let text = Text::new(
        format!("template `{name}` has no `{language}` version, others have"),
        format!("у шаблона `{name}` нет версии `{language}`, у других есть"),
    );
    let help =
        Text::new(format!("add `templates/{name}.{language}.…`"), format!("добавьте `templates/{name}.{language}.…`"));
    Diagnostic::warning(codes::LANGUAGE_MISSING, text, place).help(help)
}

pub(super) fn languages_differ(name: &str, place: Place, first: Place) -> Diagnostic {
    let text = Text::new(
        format!("the versions of `{name}` differ in `transactional`"),
        format!("версии шаблона `{name}` различаются в `transactional`"),
    );
    let help = Text::new("give all of them the same value", "задайте всем одно значение");
    Diagnostic::error(codes::LANGUAGES_DIFFER, text, place)
        .also(first, Text::new("the first version", "первая версия"))
        .help(help)
}
