//! Conditions inside rule files: the scalar's text goes to the condition
//! language, its findings come back with places in the file.

use super::{Names, codes};
use crate::condition::{self, Ast, Condition};
use crate::diagnostic::{Diagnostic, Sources};
use crate::model::Text;
use crate::rulebook::raw::Reader;
use crate::rulebook::yaml::{Kind, Node, Scalar, Style};
use std::ops::Range;
use std::sync::Arc;

/// The scalar that holds a condition's text.
pub(super) fn text<'n>(node: &'n Node, reader: &mut Reader) -> Option<&'n Scalar> {
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
                "script conditions are not available in this version yet",
                "условий-скриптов в этой версии ещё нет",
            );
            let help = Text::new("write it in the condition language", "напишите его на языке условий");
            reader.found.push(Diagnostic::error(codes::SCRIPT_CONDITION, text, node.place).help(help));
            None
        }
        Kind::Scalar(_) | Kind::List(_) | Kind::Map(_) | Kind::Refused => reader.text(node, what),
    }
}

/// Parses a condition.
pub(super) fn parse(scalar: &Scalar, sources: &Sources, reader: &mut Reader) -> Option<Arc<Ast>> {
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
pub(super) fn check(
    ast: &Ast,
    scalar: &Scalar,
    names: &Names<'_>,
    sources: &Sources,
    reader: &mut Reader,
) -> Option<Condition> {
    let (condition, found) = condition::check(ast, names);
    report(found, scalar, sources, reader);
    condition
}

/// Parses and checks in one go.
pub(super) fn compile(node: &Node, names: &Names<'_>, sources: &Sources, reader: &mut Reader) -> Option<Condition> {
    let scalar = text(node, reader)?;
    let ast = parse(scalar, sources, reader)?;
    check(&ast, scalar, names, sources, reader)
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
