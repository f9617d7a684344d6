//! Functions of text and lists.

use super::{Arguments, Behaviour, Form, Function, Takes};
use crate::condition::datum::Datum;
use std::borrow::Cow;
use std::iter;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "lower",
        signature: "lower(text) -> string",
        doc: ["the text in lower case", "текст строчными буквами"],
        example: r#"lower(first_name) = "анна""#,
        bounds: None,
        form: Form::Computed(Takes::Text, Behaviour::Plain(lower)),
    },
    Function {
        name: "upper",
        signature: "upper(text) -> string",
        doc: ["the text in upper case", "текст заглавными буквами"],
        example: r#"upper(language) = "RU""#,
        bounds: None,
        form: Form::Computed(Takes::Text, Behaviour::Plain(upper)),
    },
    Function {
        name: "length",
        signature: "length(text or list) -> int",
        doc: ["the number of characters of a text or elements of a list", "число символов текста или элементов списка"],
        example: "length(tags) >= 2",
        bounds: Some((0, i64::MAX)),
        form: Form::Computed(Takes::Sized, Behaviour::Plain(length)),
    },
    Function {
        name: "after",
        signature: "after(text, beginning) -> string",
        doc: [
            "what follows the beginning of a text, missing if it begins otherwise",
            "что идёт за началом текста; нет значения, если начало другое",
        ],
        example: r#"after(username, "ad_") = "spring""#,
        bounds: None,
        form: Form::Computed(Takes::Texts, Behaviour::Plain(after)),
    },
    Function {
        name: "int",
        signature: "int(text) -> int",
        doc: [
            "the whole number that the text is, missing if it is none",
            "целое число, записанное текстом; нет значения, если это не число",
        ],
        example: r#"int(after(username, "player_")) > 100"#,
        bounds: None,
        form: Form::Computed(Takes::Written, Behaviour::Plain(int)),
    },
];

fn lower<'a>(arguments: Arguments<'_, 'a>) -> Datum<'a> {
    changed(arguments, |c| c.to_lowercase().eq(iter::once(c)), str::to_lowercase)
}

fn upper<'a>(arguments: Arguments<'_, 'a>) -> Datum<'a> {
    changed(arguments, |c| c.to_uppercase().eq(iter::once(c)), str::to_uppercase)
}

/// New text only where a character of the old one would change.
fn changed<'a>(arguments: Arguments<'_, 'a>, stays: fn(char) -> bool, change: fn(&str) -> String) -> Datum<'a> {
    match arguments.next() {
        Some(Datum::Text(text)) if text.chars().all(stays) => Datum::Text(text),
        Some(Datum::Text(text)) => Datum::Text(Cow::Owned(change(&text))),
        _ => Datum::Missing,
    }
}

fn after<'a>(arguments: Arguments<'_, 'a>) -> Datum<'a> {
    let (Some(Datum::Text(text)), Some(Datum::Text(beginning))) = (arguments.next(), arguments.next()) else {
        return Datum::Missing;
    };
    match text {
        Cow::Borrowed(text) => text.strip_prefix(&*beginning).map_or(Datum::Missing, |rest| Datum::Text(rest.into())),
        Cow::Owned(text) => {
            text.strip_prefix(&*beginning).map_or(Datum::Missing, |rest| Datum::Text(Cow::Owned(rest.to_owned())))
        }
    }
}

/// Digits alone, with a minus perhaps: what people write otherwise is no number
/// that anybody meant.
fn int<'a>(arguments: Arguments<'_, 'a>) -> Datum<'a> {
    let Some(Datum::Text(text)) = arguments.next() else { return Datum::Missing };
    let is_plain = text.strip_prefix('-').unwrap_or(&text).bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain).map_or(Datum::Missing, Datum::Int)
}

fn length<'a>(arguments: Arguments<'_, 'a>) -> Datum<'a> {
    let count = match arguments.next() {
        Some(Datum::Text(text)) => text.chars().count(),
        Some(Datum::List(list)) => list.len(),
        _ => return Datum::Missing,
    };
    i64::try_from(count).map_or(Datum::Missing, Datum::Int)
}
