//! What can be known of a script before it runs: mistakes of syntax, functions
//! that nobody defines, fields that no user has, and the fields it may read.

use crate::diagnostic::{Diagnostic, Place, SourceId};
use crate::model::{FieldId, Schema, Text};
use crate::rulebook::codes;
use crate::rulebook::raw::suggest;
use rhai::{AST, ASTNode, Expr, FnCallExpr, ParseError, ParseErrorType, Position, Stmt};
use std::collections::BTreeSet;

/// What was found out.
#[derive(Debug, Default)]
pub(super) struct Inspected {
    pub found: Vec<Diagnostic>,
    /// Every field whose name follows a dot or stands in brackets, whatever is
    /// before it: rather one too many than one too few.
    pub reads: Vec<(String, FieldId)>,
}

/// Looks through a script.
pub(super) fn inspect(ast: &AST, known: &BTreeSet<String>, schema: &Schema, source: SourceId, text: &str) -> Inspected {
    let own: BTreeSet<&str> = ast.iter_functions().map(|function| function.name).collect();
    let mut look = Look { known, own, schema, source, text, reads: BTreeSet::new(), found: Vec::new() };
    ast.walk(&mut |path| {
        if let Some(node) = path.last() {
            look.node(node);
        }
        true
    });
    Inspected { found: look.found, reads: look.reads.into_iter().collect() }
}

struct Look<'a> {
    known: &'a BTreeSet<String>,
    own: BTreeSet<&'a str>,
    schema: &'a Schema,
    source: SourceId,
    text: &'a str,
    reads: BTreeSet<(String, FieldId)>,
    found: Vec<Diagnostic>,
}

impl Look<'_> {
    fn node(&mut self, node: &ASTNode<'_>) {
        match node {
            ASTNode::Stmt(Stmt::FnCall(call, at))
            | ASTNode::Expr(Expr::FnCall(call, at) | Expr::MethodCall(call, at)) => {
                self.call(call, *at);
            }
            ASTNode::Expr(Expr::Property(property, _)) => self.reads(&property.2),
            ASTNode::Expr(Expr::StringConstant(name, _)) => self.reads(name),
            ASTNode::Expr(Expr::Dot(pair, ..)) => self.dot(&pair.lhs, &pair.rhs),
            _ => {}
        }
    }

    fn call(&mut self, call: &FnCallExpr, at: Position) {
        let name = call.name.as_str();
        if call.is_operator_call() || self.known.contains(name) || self.own.contains(name) {
            return;
        }
        let text = Text::new(format!("unknown function `{name}`"), format!("неизвестная функция `{name}`"));
        let names = self.known.iter().map(String::as_str).chain(self.own.iter().copied());
        let names: Vec<&str> = names.filter(|name| name.starts_with(|c: char| c.is_alphabetic())).collect();
        let found = Diagnostic::error(codes::SCRIPT_FUNCTION, text, self.word(at));
        self.found.push(suggest(found, name, names));
    }

    fn reads(&mut self, name: &str) {
        if let Some(id) = self.schema.find(name) {
            self.reads.insert((name.to_owned(), id));
        }
    }

    /// `user.NAME`, where the user's fields are known.
    fn dot(&mut self, before: &Expr, after: &Expr) {
        let Expr::Variable(variable, ..) = before else { return };
        let Some((name, at)) = property(after).filter(|_| variable.1 == "user") else { return };
        if self.schema.find(name).is_some() {
            return;
        }
        let text = Text::new(format!("there is no field `{name}`"), format!("поля `{name}` нет"));
        let found = Diagnostic::error(codes::SCRIPT_FIELD, text, self.word(at));
        self.found.push(suggest(found, name, self.schema.iter().map(|(_, field)| &*field.name)));
    }

    fn word(&self, at: Position) -> Place {
        word(at, self.source, self.text)
    }
}

/// The property that comes first after a dot.
fn property(expr: &Expr) -> Option<(&str, Position)> {
    match expr {
        Expr::Property(property, at) => Some((property.2.as_str(), *at)),
        Expr::Dot(pair, ..) | Expr::Index(pair, ..) => property(&pair.lhs),
        _ => None,
    }
}

/// A mistake that keeps a script from being compiled.
pub(super) fn syntax(error: &ParseError, source: SourceId, text: &str) -> Diagnostic {
    let place = word(error.position(), source, text);
    let said = error.err_type().to_string();
    if let ParseErrorType::VariableUndefined(name) = error.err_type() {
        let message = Text::new(format!("unknown variable `{name}`"), format!("неизвестная переменная `{name}`"));
        let found = Diagnostic::error(codes::SCRIPT_VARIABLE, message, place);
        return suggest(found, name, super::GIVEN).help(Text::new(
            "a function sees its parameters only: name one `user`, `event`, `now` or `args` to be given it",
            "функция видит только свои параметры: назовите параметр `user`, `event`, `now` или `args`",
        ));
    }
    let message = Text::new(format!("the script is not understood: {said}"), format!("скрипт не разобрать: {said}"));
    Diagnostic::error(codes::SCRIPT_SYNTAX, message, place)
}

/// The word or sign that begins at a position; the end of the text if there is
/// none.
fn word(at: Position, source: SourceId, text: &str) -> Place {
    let Some(line) = at.line() else { return Place::new(source, text.len(), text.len()) };
    let line_start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let line_text = text[line_start..].split('\n').next().unwrap_or_default();
    let column = at.position().unwrap_or(1).saturating_sub(1);
    let start = line_text.char_indices().nth(column).map_or(line_text.len(), |(byte, _)| byte);
    let rest = &line_text[start..];
    let letters = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let length = if letters == 0 { rest.chars().next().map_or(0, char::len_utf8) } else { letters };
    Place::new(source, line_start + start, line_start + start + length)
}
