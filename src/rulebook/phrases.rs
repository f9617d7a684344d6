//! Phrases of rule files read out of the tree, with a finding where one is not
//! understood: lengths of time, numbers, names of a closed kind.

use super::raw::{Reader, suggest};
use super::yaml::{Node, Scalar};
use super::{codes, words};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::model::{Text, TimeDelta};
use std::ops::RangeInclusive;

/// A length of time, longer than zero.
pub(super) fn duration(node: &Node, what: (&str, &str), reader: &mut Reader) -> Option<TimeDelta> {
    let scalar = reader.text(node, what)?;
    let length = words::duration(&scalar.text);
    if length.is_none() {
        reader.found.push(bad_duration(&scalar.text, scalar.place));
    }
    length
}

/// The finding that a length of time is not understood.
pub(super) fn bad_duration(text: &str, place: Place) -> Diagnostic {
    let message = Text::new(format!("`{text}` is not a length of time"), format!("`{text}` — не длительность"));
    let help = Text::new(
        "write it like `6 hours`, `1 day` or `1h30m`; months and years are not lengths of time",
        "пишите так: `6 hours`, `1 day` или `1h30m`; месяцы и годы длительностями не бывают",
    );
    Diagnostic::error(codes::BAD_DURATION, message, place).help(help)
}

/// A whole number within bounds.
pub(super) fn integer(
    node: &Node,
    what: (&str, &str),
    bounds: RangeInclusive<i64>,
    reader: &mut Reader,
) -> Option<i64> {
    let scalar = reader.text(node, what)?;
    let number = scalar.text.trim().parse().ok().filter(|number| bounds.contains(number));
    if number.is_none() {
        reader.found.push(bad_amount(what, &scalar.text, scalar.place, &bounds));
    }
    number
}

/// One of a few words that may stand at a key.
pub(super) fn word<'n>(node: &'n Node, key: &str, words: &[&str], reader: &mut Reader) -> Option<&'n str> {
    let quoted = format!("`{key}`");
    let scalar = reader.text(node, (&quoted, &quoted))?;
    let word = scalar.text.as_str();
    if words.contains(&word) {
        return Some(word);
    }
    let text = Text::new(format!("`{key}` cannot be `{word}`"), format!("`{key}` не может быть `{word}`"));
    let found = Diagnostic::error(codes::WRONG_SHAPE, text, scalar.place);
    reader.found.push(suggest(found, word, words.iter().copied()));
    None
}

/// A name that must be among `known`.
pub(super) fn known<'n>(
    node: &'n Node,
    what: (&str, &str),
    code: Code,
    known: &[&str],
    reader: &mut Reader,
) -> Option<&'n Scalar> {
    let scalar = reader.text(node, what)?;
    if known.contains(&scalar.text.as_str()) {
        return Some(scalar);
    }
    reader.found.push(unknown(scalar, what, code, known));
    None
}

/// The finding that there is nothing of this name.
pub(super) fn unknown(scalar: &Scalar, what: (&str, &str), code: Code, known: &[&str]) -> Diagnostic {
    let name = &scalar.text;
    let text = Text::new(format!("unknown {} `{name}`", what.0), format!("{}: имени `{name}` нет", what.1));
    suggest(Diagnostic::error(code, text, scalar.place), name, known.iter().copied())
}

fn bad_amount(what: (&str, &str), text: &str, place: Place, bounds: &RangeInclusive<i64>) -> Diagnostic {
    let message = Text::new(format!("{} cannot be `{text}`", what.0), format!("{}: `{text}` не подходит", what.1));
    let (low, high) = (bounds.start(), bounds.end());
    let help = if *high == i64::MAX {
        Text::new(format!("write a whole number from {low} on"), format!("напишите целое число от {low}"))
    } else {
        Text::new(format!("write a number from {low} to {high}"), format!("напишите число от {low} до {high}"))
    };
    Diagnostic::error(codes::BAD_AMOUNT, message, place).help(help)
}
