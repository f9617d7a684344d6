//! Dates that are compared as moments.

use crate::condition::codes;
use crate::condition::syntax::{Ast, Kind, Node, Relation};
use crate::diagnostic::Diagnostic;
use crate::model::Text;

/// A date that is taken for a whole day and is its midnight.
pub(super) fn midnight(ast: &Ast, node: &Node) -> Option<Diagnostic> {
    let date = match &node.kind {
        Kind::Compare { relation: Relation::Equal | Relation::NotEqual, left, right } => {
            [left, right].into_iter().find(|side| is_bare_date(side))?
        }
        Kind::Between { high, .. } if is_bare_date(high) => high,
        _ => return None,
    };
    let text = ast.slice(date.span);
    let message =
        Text::new(format!("`{text}` means midnight at its start"), format!("`{text}` означает полночь, начало дня"));
    Some(Diagnostic::warning(codes::DATE_IS_MIDNIGHT, message, date.span.place()).help(Text::new(
        "for the whole day write `x >= DAY and x < NEXT_DAY`",
        "для всего дня пишите `x >= ДЕНЬ and x < СЛЕДУЮЩИЙ_ДЕНЬ`",
    )))
}

fn is_bare_date(node: &Node) -> bool {
    matches!(&node.kind, Kind::Date(date) if date.date_only)
}
