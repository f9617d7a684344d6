//! Conditions inside rule files: the scalar's text goes to the condition
//! language, its findings come back with places in the file.

use super::{Names, codes};
use crate::condition::{self, Ast, Condition, Env, Expression};
use crate::diagnostic::{Diagnostic, Place, Sources};
use crate::model::{Text, Type};
use crate::rulebook::raw::Reader;
use crate::rulebook::yaml::{Kind, Node, Scalar, Style};
use std::ops::Range;
use std::sync::Arc;

/// The scalar that holds a condition's text.
pub(in crate::rulebook) fn text<'n>(node: &'n Node, reader: &mut Reader) -> Option<&'n Scalar> {
    let what = ("a condition", "условие");
    match &node.kind {
        Kind::Scalar(scalar) if scalar.text.trim().is_empty() => {
            let text = Text::new("the condition is empty", "условие пустое");
            let help = Text::new("for everybody write `true`", "для всех напишите `true`");
            reader.found.push(Diagnostic::error(codes::EMPTY_CONDITION, text, node.place).help(help));
            None
        }
        Kind::Map(entries) if entries.iter().any(|entry| entry.key.text == "script") => {
            let text = Text::new(
                "a script can be the condition of a segment only",
                "скрипт может быть условием только у сегмента",
            );
            let help = Text::new(
                "make a segment of it and write `segment(NAME)` here",
                "сделайте из него сегмент и напишите здесь `segment(ИМЯ)`",
            );
            reader.found.push(Diagnostic::error(codes::SCRIPT_CONDITION, text, node.place).help(help));
            None
        }
        Kind::Scalar(_) | Kind::List(_) | Kind::Map(_) | Kind::Refused => reader.text(node, what),
    }
}

/// Parses a condition.
pub(in crate::rulebook) fn parse(scalar: &Scalar, sources: &Sources, reader: &mut Reader) -> Option<Arc<Ast>> {
    if let Some(comment) = lost_comment(scalar) {
        let text = Text::new(
            "a comment here would swallow the rest of the condition",
            "комментарий здесь поглотил бы остаток условия",
        );
        let help = Text::new(
            "use `|` instead of `>` or quotes: it keeps the line breaks",
            "вместо `>` или кавычек возьмите `|`: он сохраняет переводы строк",
        );
        let place = scalar.locate(sources, comment);
        reader.found.push(Diagnostic::error(codes::LOST_COMMENT, text, place).help(help));
        return None;
    }
    match reader.asts.parse(&scalar.text) {
        Ok(ast) => Some(ast),
        Err(found) => {
            report(found, scalar, sources, reader);
            None
        }
    }
}

/// Checks a parsed condition.
pub(in crate::rulebook) fn check(
    ast: &Ast,
    scalar: &Scalar,
    names: &Names<'_>,
    sources: &Sources,
    reader: &mut Reader,
) -> Option<Condition> {
    let (condition, found) = reader.checked.check(ast, names);
    report(found, scalar, sources, reader);
    noted(condition, reader)
}

/// Checks a parsed expression, whose value is to be of type `expected`.
pub(super) fn check_value(
    ast: &Ast,
    scalar: &Scalar,
    expected: Option<&Type>,
    names: &Names<'_>,
    sources: &Sources,
    reader: &mut Reader,
) -> Option<Expression> {
    let (expression, found) = condition::check_value(ast, expected, names);
    report(found, scalar, sources, reader);
    noted_value(expression, reader)
}

/// Parses and checks in one go.
pub(in crate::rulebook) fn compile(
    node: &Node,
    names: &Names<'_>,
    sources: &Sources,
    reader: &mut Reader,
) -> Option<Condition> {
    let scalar = text(node, reader)?;
    let ast = parse(scalar, sources, reader)?;
    check(&ast, scalar, names, sources, reader)
}

/// Compiles the condition that a part of a scalar holds.
pub(in crate::rulebook) fn part(
    scalar: &Scalar,
    range: Range<usize>,
    names: &Names<'_>,
    sources: &Sources,
    reader: &mut Reader,
) -> Option<Condition> {
    let moved = |found: Vec<Diagnostic>| {
        let place = |at: Place| scalar.locate(sources, at.start as usize + range.start..at.end as usize + range.start);
        found.into_iter().map(move |diagnostic| diagnostic.relocated(place)).collect::<Vec<_>>()
    };
    let parsed = condition::parse(scalar.text.get(range.clone()).unwrap_or_default());
    let (condition, found) = match parsed {
        Ok(ast) => condition::check(&ast, names),
        Err(found) => (None, found),
    };
    reader.found.extend(moved(found));
    noted(condition, reader)
}

/// Compiles an expression; with `expected`, one whose value is of that type.
/// A bare word that is a value of an expected enum stands for itself.
pub(in crate::rulebook) fn value(
    node: &Node,
    expected: Option<&Type>,
    names: &Names<'_>,
    sources: &Sources,
    reader: &mut Reader,
) -> Option<Expression> {
    let scalar = reader.text(node, ("a value", "значение"))?;
    if let Some(Type::Enum(set)) = expected
        && is_word(&scalar.text)
        && names.schema().find(&scalar.text).is_none_or(|_| set.values.iter().any(|value| **value == *scalar.text))
    {
        let ast = condition::parse(&format!("\"{}\"", scalar.text)).ok()?;
        let (value, found) = condition::check_value(&ast, expected, names);
        reader.found.extend(found.into_iter().map(|diagnostic| diagnostic.relocated(|_| scalar.place)));
        return value;
    }
    let ast = parse(scalar, sources, reader)?;
    let (value, mut found) = condition::check_value(&ast, expected, names);
    if is_word(&scalar.text) && matches!(expected, Some(Type::String)) {
        found = found.into_iter().map(|diagnostic| quote(diagnostic, &scalar.text)).collect();
    }
    report(found, scalar, sources, reader);
    noted_value(value, reader)
}

fn noted(condition: Option<Condition>, reader: &mut Reader) -> Option<Condition> {
    condition.inspect(|condition| reader.used.asked(condition.segments(), condition.facts()))
}

fn noted_value(value: Option<Expression>, reader: &mut Reader) -> Option<Expression> {
    value.inspect(|value| reader.used.asked(value.segments(), value.facts()))
}

/// A word that is no field was most likely meant as a text.
fn quote(mut found: Diagnostic, word: &str) -> Diagnostic {
    if found.code != condition::codes::UNKNOWN_FIELD {
        return found;
    }
    found.help.clear();
    found.replacement = None;
    let help = Text::new(
        format!("a text needs quotes of its own: `'\"{word}\"'`"),
        format!("тексту нужны свои кавычки: `'\"{word}\"'`"),
    );
    found.help(help)
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_') && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// A comment in a scalar that has lost the line break which would end it.
fn lost_comment(scalar: &Scalar) -> Option<Range<usize>> {
    match scalar.style {
        Style::Folded | Style::Double => condition::first_comment(&scalar.text),
        Style::Plain | Style::Single | Style::Literal => None,
    }
}

fn report(found: Vec<Diagnostic>, scalar: &Scalar, sources: &Sources, reader: &mut Reader) {
    let moved = found.into_iter().map(|diagnostic| {
        let mut moved = diagnostic.clone().relocated(|place| scalar.locate(sources, place.range()));
        // A correction of a part that could not be found would replace everything.
        if moved
            .replacement
            .as_ref()
            .is_some_and(|r| r.place == scalar.place && diagnostic.primary.place.range() != (0..scalar.text.len()))
        {
            moved.replacement = None;
        }
        moved
    });
    reader.found.extend(moved);
}
