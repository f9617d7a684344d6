//! The checker's sentences about names: what is not known, and the nearest
//! thing that is.

use crate::condition::syntax::{Node, Span, Word};
use crate::condition::{Env, Named, codes, function};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::model::{EventType, Text};

pub(super) fn did_you_mean(word: &str) -> Text {
    Text::new(format!("did you mean `{word}`?"), format!("возможно, вы имели в виду `{word}`?"))
}

pub(super) fn field(name: &str, node: &Node, env: &dyn Env) -> Diagnostic {
    let message = Text::new(format!("there is no field `{name}`"), format!("нет поля `{name}`"));
    let found = Diagnostic::error(codes::UNKNOWN_FIELD, message, node.span.place());
    if env.find(Named::Segment, name).is_some() {
        let call = format!("segment({name})");
        return found
            .help(Text::new(format!("for the segment write `{call}`"), format!("для сегмента пишите `{call}`")))
            .replace(call);
    }
    if env.events().find(name).is_some() {
        let call = format!("count({name})");
        return found.help(Text::new(
            format!("`{name}` is an event: count it with `{call}`"),
            format!("`{name}` — событие, его считает `{call}`"),
        ));
    }
    let fields = env.schema().iter().map(|(_, field)| &*field.name);
    let words = ["true", "false", "now", "today", "missing"];
    if let Some(near) = nearest(name, fields).or_else(|| nearest(name, words)) {
        return suggest(found, Some(near));
    }
    found.help(Text::new(
        "declare it in the section `profile`; text stands in quotes",
        "объявите его в разделе `profile`; текст пишется в кавычках",
    ))
}

pub(super) fn function(name: &Word) -> Diagnostic {
    let word = &name.text;
    let message = Text::new(format!("there is no function `{word}`"), format!("нет функции `{word}`"));
    let found = Diagnostic::error(codes::UNKNOWN_FUNCTION, message, name.span.place());
    suggest(found, nearest(word, function::functions().map(|f| f.name).chain(["segment"])))
}

pub(super) fn segment(name: &Word, env: &dyn Env) -> Diagnostic {
    named(Named::Segment, &name.text, name.span, env)
}

/// Nothing of this kind is called so.
pub(super) fn named(kind: Named, name: &str, span: Span, env: &dyn Env) -> Diagnostic {
    let (code, what, declared) = match kind {
        Named::Segment => (codes::UNKNOWN_SEGMENT, ("segment", "сегмента"), None),
        Named::Template => (
            codes::UNKNOWN_TEMPLATE,
            ("template", "шаблона"),
            Some(Text::new("a template is a file in the folder `templates`", "шаблон — это файл в папке `templates`")),
        ),
        Named::Drip => (codes::UNKNOWN_DRIP, ("drip", "цепочки"), Some(in_section("drips"))),
        Named::Experiment => {
            (codes::UNKNOWN_EXPERIMENT, ("experiment", "эксперимента"), Some(in_section("experiments")))
        }
    };
    let mut names = env.names(kind);
    names.sort_unstable();
    unknown(code, what, name, span, names, declared)
}

pub(super) fn event(name: &str, span: Span, env: &dyn Env) -> Diagnostic {
    let names: Vec<&str> = env.events().iter().map(|(_, event)| &*event.name).collect();
    unknown(codes::UNKNOWN_EVENT, ("event", "события"), name, span, names, Some(in_section("events")))
}

/// An event without such a property. `others` can be read of it as well.
pub(super) fn property(event: &EventType, name: &str, path: &Node, others: &[&str]) -> Diagnostic {
    let of = &event.name;
    let message = Text::new(
        format!("the event `{of}` has no property `{name}`"),
        format!("у события `{of}` нет свойства `{name}`"),
    );
    let found = Diagnostic::error(codes::UNKNOWN_PROPERTY, message, path.span.place());
    let known: Vec<&str> = event.properties.iter().map(|p| &*p.name).chain(others.iter().copied()).collect();
    if let Some(near) = nearest(name, known.iter().copied()) {
        let head = if others.is_empty() { of } else { "event" };
        return suggest(found, Some(&format!("{head}.{near}")));
    }
    if known.is_empty() {
        return found.help(in_section("events"));
    }
    let list = known.join("`, `");
    found.help(Text::new(format!("it has `{list}`"), format!("у него есть `{list}`")))
}

/// `event.X` where no event is judged.
pub(super) fn no_event(path: &str, node: &Node) -> Diagnostic {
    let message = Text::new(
        format!("there is no event here that `{path}` could be read of"),
        format!("здесь нет события, у которого можно взять `{path}`"),
    );
    Diagnostic::error(codes::NO_EVENT, message, node.span.place()).help(Text::new(
        "`event.` works in a rule that an event triggers; elsewhere ask `count`, `sum`, `first` or `last`",
        "`event.` работает в правиле, которое запускает событие; в других местах есть `count`, `sum`, `first` и `last`",
    ))
}

/// `a.b` that is neither a property of the event nor a measurement.
pub(super) fn path(path: &str, node: &Node, env: &dyn Env) -> Diagnostic {
    let (head, last) = path.split_once('.').unwrap_or((path, path));
    let message = Text::new(format!("there is no `{path}`"), format!("нет ничего с именем `{path}`"));
    let place = node.span.place();
    if !env.metrics().is_empty() {
        let found = Diagnostic::error(codes::UNKNOWN_METRIC, message, place);
        return suggest(found, nearest(path, env.metrics().iter().map(|metric| metric.name)));
    }
    let found = Diagnostic::error(codes::UNKNOWN_FIELD, message, place);
    if env.events().find(head).is_some_and(|event| env.events().event(event).property(last).is_some()) {
        return found.help(Text::new(
            format!("for all events write `sum({path})`; for the one that triggers a rule, `event.{last}`"),
            format!("по всем событиям — `sum({path})`; у события, запустившего правило, — `event.{last}`"),
        ));
    }
    if env.schema().find(last).is_some() {
        return suggest(found, Some(last));
    }
    found.help(Text::new(
        "a dot stands in `event.PROPERTY` and, in alerts, in the names of measurements",
        "точка бывает в `event.СВОЙСТВО` и, в оповещениях, в именах показателей",
    ))
}

fn unknown(
    code: Code,
    (en, ru): (&str, &str),
    name: &str,
    span: Span,
    known: Vec<&str>,
    declared: Option<Text>,
) -> Diagnostic {
    let message = Text::new(format!("there is no {en} `{name}`"), format!("нет {ru} `{name}`"));
    let found = Diagnostic::error(code, message, span.place());
    match (nearest(name, known), declared) {
        (None, Some(declared)) => found.help(declared),
        (near, _) => suggest(found, near),
    }
}

fn in_section(section: &str) -> Text {
    Text::new(format!("declare it in the section `{section}`"), format!("объявите в разделе `{section}`"))
}

fn suggest(found: Diagnostic, word: Option<&str>) -> Diagnostic {
    match word {
        Some(word) => found.help(did_you_mean(word)).replace(word),
        None => found,
    }
}
