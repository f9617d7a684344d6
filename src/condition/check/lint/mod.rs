//! What is allowed and yet rarely meant: the warnings of a condition without
//! errors.
//!
//! A warning says what holds for every user and every moment, or it is not
//! given: a condition that is said to be always true never comes out
//! otherwise.

mod cases;
mod could;
mod date;
mod missing;
mod outlook;
mod settled;

use crate::condition::ir::Expr;
use crate::condition::syntax::Ast;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::Schema;

/// The warnings of a condition or expression without errors.
pub(super) fn lint(ast: &Ast, root: &Expr, schema: &Schema) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    ast.root().walk(&mut |node| {
        found.extend(missing::never_missing(ast, node, schema));
        found.extend(date::midnight(ast, node));
    });
    let settled = settled::settled(ast, root, schema);
    // Whom a test leaves out is no matter where it never holds.
    let settles =
        |place: Place| settled.iter().any(|d| d.primary.place.start <= place.start && place.end <= d.primary.place.end);
    found.extend(missing::surprises(ast, schema).into_iter().filter(|d| !settles(d.primary.place)));
    found.extend(settled);
    found
}
