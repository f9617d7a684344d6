//! Functions of text and lists.

use super::{Arguments, Behaviour, Function, Takes};
use crate::condition::datum::Datum;
use std::borrow::Cow;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "lower",
        signature: "lower(text) -> string",
        doc: ["the text in lower case", "текст строчными буквами"],
        example: r#"lower(first_name) = "анна""#,
        takes: Takes::Text,
        behaviour: Behaviour::Plain(lower),
    },
    Function {
        name: "upper",
        signature: "upper(text) -> string",
        doc: ["the text in upper case", "текст заглавными буквами"],
        example: r#"upper(language) = "RU""#,
        takes: Takes::Text,
        behaviour: Behaviour::Plain(upper),
    },
    Function {
        name: "length",
        signature: "length(text or list) -> int",
        doc: ["the number of characters of a text or elements of a list", "число символов текста или элементов списка"],
        example: "length(tags) >= 2",
        takes: Takes::Sized,
        behaviour: Behaviour::Plain(length),
    },
];

fn lower<'a>(arguments: Arguments<'_, 'a>) -> Datum<'a> {
    changed(arguments, str::to_lowercase)
}

fn upper<'a>(arguments: Arguments<'_, 'a>) -> Datum<'a> {
    changed(arguments, str::to_uppercase)
}

fn changed<'a>(arguments: Arguments<'_, 'a>, change: fn(&str) -> String) -> Datum<'a> {
    match arguments.next() {
        Some(Datum::Text(text)) => Datum::Text(Cow::Owned(change(&text))),
        _ => Datum::Missing,
    }
}

fn length<'a>(arguments: Arguments<'_, 'a>) -> Datum<'a> {
    let count = match arguments.next() {
        Some(Datum::Text(text)) => text.chars().count(),
        Some(Datum::List(list)) => list.len(),
        _ => return Datum::Missing,
    };
    i64::try_from(count).map_or(Datum::Missing, Datum::Int)
}
