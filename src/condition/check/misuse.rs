//! The checker's sentences about calls: too many arguments or too few, and
//! arguments of the wrong kind.

use super::say::{is, shown};
use super::unknown::did_you_mean;
use crate::condition::codes;
use crate::condition::function::{Function, Takes};
use crate::condition::syntax::{Ast, Kind, Node, Word};
use crate::diagnostic::Diagnostic;
use crate::model::{EventType, Text, Type};

pub(super) fn argument_count(function: &Function, name: &Word, given: usize) -> Diagnostic {
    let count = match function.form.arity() {
        (1, 1) => Text::new("one argument", "один аргумент"),
        (1, _) => Text::new("one argument or two", "один аргумент или два"),
        (2, 2) => Text::new("two arguments", "два аргумента"),
        _ => Text::new("two or more arguments", "два аргумента или больше"),
    };
    let word = function.name;
    let message = Text::new(
        format!("`{word}` takes {}, {given} given", count.en),
        format!("`{word}` принимает {}, дано {given}", count.ru),
    );
    Diagnostic::error(codes::ARGUMENTS, message, name.span.place()).help(signature(function))
}

pub(super) fn bad_argument(ast: &Ast, function: &Function, takes: Takes, node: &Node, ty: &Type) -> Diagnostic {
    let (name, text, wanted) = (function.name, shown(ast, node), takes.wanted());
    let message = Text::new(
        format!("`{name}` takes {}, `{text}` is {ty}", wanted.en),
        format!("`{name}` принимает {}, а `{text}` — {ty}", wanted.ru),
    );
    Diagnostic::error(codes::ARGUMENTS, message, node.span.place()).label(is(ty)).help(signature(function))
}

pub(super) fn signature(function: &Function) -> Text {
    Text::new(format!("it is called `{}`", function.signature), format!("вызов: `{}`", function.signature))
}

/// What stands for the name of a thing, and is none.
pub(super) fn takes_a_name(function: &Function, what: &Text, node: &Node) -> Diagnostic {
    let name = function.name;
    let message =
        Text::new(format!("`{name}` takes the name of {}", what.en), format!("`{name}` принимает имя {}", what.ru));
    let found = Diagnostic::error(codes::ARGUMENTS, message, node.span.place());
    match &node.kind {
        Kind::String(text) => found
            .help(Text::new(
                format!("write it without quotes: `{name}({text})`"),
                format!("пишите его без кавычек: `{name}({text})`"),
            ))
            .replace(&**text),
        _ => found.help(signature(function)),
    }
}

/// An event where one of its properties is wanted.
pub(super) fn takes_a_property(function: &Function, name: &str, event: &EventType, node: &Node) -> Diagnostic {
    let word = function.name;
    let message = Text::new(
        format!("`{word}` takes a property of an event, and `{name}` is an event"),
        format!("`{word}` принимает свойство события, а `{name}` — само событие"),
    );
    let found = Diagnostic::error(codes::ARGUMENTS, message, node.span.place());
    let numeric: Vec<String> =
        event.properties.iter().filter(|p| is_number(&p.ty)).map(|p| format!("{name}.{}", p.name)).collect();
    match numeric.as_slice() {
        [] => found.help(Text::new(
            format!("`{name}` has no numbers to add; `count({name})` counts it"),
            format!("у `{name}` нет чисел, чтобы складывать; `count({name})` считает события"),
        )),
        [only] => found.help(did_you_mean(only)).replace(only),
        several => {
            let list = several.join("`, `");
            found.help(Text::new(format!("there are `{list}`"), format!("есть `{list}`")))
        }
    }
}

/// A property that cannot be added up.
pub(super) fn not_a_number(ast: &Ast, function: &Function, node: &Node, ty: &Type) -> Diagnostic {
    bad_argument(ast, function, Takes::Number, node, ty)
}

pub(super) fn bad_window(ast: &Ast, node: &Node) -> Diagnostic {
    let text = shown(ast, node);
    let message = Text::new(format!("`{text}` is not a window of time"), format!("`{text}` — не окно времени"));
    let found = Diagnostic::error(codes::WINDOW, message, node.span.place());
    match &node.kind {
        Kind::Int(count @ 1..) => found
            .help(Text::new("give the number a unit", "добавьте к числу единицу времени"))
            .replace(format!("{count} days")),
        Kind::Int(_) | Kind::Duration(_) | Kind::Negate(_) => {
            found.help(Text::new("a window is longer than zero", "окно длиннее нуля"))
        }
        _ => found.help(Text::new(
            "a window is a length of time written out, such as `30 days`",
            "окно — это длительность, записанная прямо, например `30 days`",
        )),
    }
}

fn is_number(ty: &Type) -> bool {
    matches!(ty, Type::Int | Type::Float | Type::Money)
}
