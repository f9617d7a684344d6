//! What can be known of a script before it runs: mistakes of syntax, functions
//! that nobody defines, fields that no user has, and the fields it may read.

use super::Known;
use super::calls::Calls;
use crate::diagnostic::{Diagnostic, Place, SourceId};
use crate::model::{FieldId, Text};
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
pub(super) fn inspect(ast: &AST, known: &Known<'_>, source: SourceId, text: &str) -> Inspected {
    let own: BTreeSet<&str> = ast.iter_functions().map(|function| function.name).collect();
    let mut look = Look { known, own, source, text, reads: BTreeSet::new(), found: Vec::new() };
    ast.walk(&mut |path| {
        if let Some(node) = path.last() {
            look.node(node);
        }
        true
    });
    Inspected { found: look.found, reads: look.reads.into_iter().collect() }
}

struct Look<'a> {
    known: &'a Known<'a>,
    own: BTreeSet<&'a str>,
    source: SourceId,
    text: &'a str,
    reads: BTreeSet<(String, FieldId)>,
    found: Vec<Diagnostic>,
}

impl Look<'_> {
    fn node(&mut self, node: &ASTNode<'_>) {
        match node {
            ASTNode::Stmt(Stmt::FnCall(call, at)) | ASTNode::Expr(Expr::FnCall(call, at)) => {
                self.call(call, *at);
                self.action(call, *at);
            }
            ASTNode::Expr(Expr::MethodCall(call, at)) => self.call(call, *at),
            ASTNode::Expr(Expr::Property(property, _)) => self.reads(&property.2),
            ASTNode::Expr(Expr::StringConstant(name, _)) => self.reads(name),
            ASTNode::Expr(Expr::Dot(pair, ..)) => self.dot(&pair.lhs, &pair.rhs),
            _ => {}
        }
    }

    fn call(&mut self, call: &FnCallExpr, at: Position) {
        let name = call.name.as_str();
        let known = &self.known.functions;
        if call.is_operator_call() || known.contains(name) || self.own.contains(name) || name == "call" {
            return;
        }
        if name == "curry" {
            let found = Diagnostic::error(codes::SCRIPT_FUNCTION, closure(), self.word(at));
            self.found.push(found);
            return;
        }
        let text = Text::new(format!("unknown function `{name}`"), format!("неизвестная функция `{name}`"));
        let names = known.iter().map(String::as_str).chain(self.own.iter().copied());
        let names: Vec<&str> = names.filter(|name| name.starts_with(|c: char| c.is_alphabetic())).collect();
        let found = Diagnostic::error(codes::SCRIPT_FUNCTION, text, self.word(at));
        self.found.push(suggest(found, name, names));
    }

    fn action(&mut self, call: &FnCallExpr, at: Position) {
        if !self.own.contains(call.name.as_str()) {
            let (source, text) = (self.source, self.text);
            let place = |at, quoted: Option<&str>| match quoted {
                Some(written) => inside_quotes(at, written, source, text),
                None => word(at, source, text),
            };
            Calls { known: self.known, place: &place, found: &mut self.found }.look(call, at);
        }
    }

    fn reads(&mut self, name: &str) {
        if let Some(id) = self.known.catalogue.schema.find(name) {
            self.reads.insert((name.to_owned(), id));
        }
    }

    /// `user.NAME` and `event.NAME`, where it is known what there is.
    fn dot(&mut self, before: &Expr, after: &Expr) {
        let Expr::Variable(variable, ..) = before else { return };
        let Some((name, at)) = property(after) else { return };
        let (text, known) = match variable.1.as_str() {
            "user" => (
                Text::new(format!("there is no field `{name}`"), format!("поля `{name}` нет")),
                self.known.catalogue.schema.iter().map(|(_, field)| &*field.name).collect::<Vec<_>>(),
            ),
            "event" => (
                Text::new(
                    format!("no event has a property `{name}`"),
                    format!("ни у одного события нет свойства `{name}`"),
                ),
                self.known.properties(),
            ),
            _ => return,
        };
        if !known.contains(&name) {
            let found = Diagnostic::error(codes::SCRIPT_FIELD, text, self.word(at));
            self.found.push(suggest(found, name, known));
        }
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

fn closure() -> Text {
    Text::new(
        "a function inside of an expression cannot use variables from outside of it",
        "функция внутри выражения не может использовать переменные снаружи",
    )
}

/// The text within the quotes that open at a position, if it stands there as it
/// is.
fn inside_quotes(at: Position, written: &str, source: SourceId, text: &str) -> Place {
    let quote = word(at, source, text);
    let start = quote.range().end;
    if text.get(start..).is_some_and(|rest| rest.starts_with(written)) {
        Place::new(source, start, start + written.len())
    } else {
        quote
    }
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
