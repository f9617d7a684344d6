//! The actions that a script calls, as far as they can be judged before it
//! runs: how many arguments they take, and the names and lengths of time that
//! stand there as they are.

use super::Known;
use super::effects::OPTIONS;
use super::queue::NAMES;
use crate::condition::codes as of_conditions;
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::model::{FieldId, Text, Type};
use crate::rulebook::codes;
use crate::rulebook::raw::suggest;
use crate::rulebook::words::duration;
use rhai::{Expr, FnCallExpr, Position};

/// One call under inspection.
pub(super) struct Calls<'a> {
    pub known: &'a Known<'a>,
    /// The place of the word, or of the inside of the quotes, at a position.
    pub place: &'a dyn Fn(Position, Option<&str>) -> Place,
    pub found: &'a mut Vec<Diagnostic>,
}

impl Calls<'_> {
    /// Looks at a call of an action; of another function there is nothing to
    /// say.
    pub fn look(&mut self, call: &FnCallExpr, at: Position) {
        let Some((name, least, most)) = NAMES.iter().find(|(name, ..)| *name == call.name.as_str()) else { return };
        if !(*least..=*most).contains(&call.args.len()) {
            self.found.push(count(name, call.args.len(), (*least, *most), (self.place)(at, None)));
            return;
        }
        let Some(first) = call.args.first() else { return };
        let second = call.args.get(1);
        match *name {
            "send" => self.send(first, second),
            "set" | "unset" => drop(self.field(first)),
            "add" => self.add(first),
            "discount" => self.discount(first, second),
            "start" | "stop" => self.target(first, ("drip", "цепочка"), &self.known.catalogue.drips.names()),
            "emit" => self.emit(first, second),
            _ => {}
        }
    }

    fn send(&mut self, template: &Expr, options: Option<&Expr>) {
        let known = self.known.catalogue.templates.names();
        self.named(template, ("template", "шаблон"), codes::UNKNOWN_TEMPLATE, &known);
        let Some(Expr::Map(options, _)) = options else { return };
        for (key, value) in &options.0 {
            match key.name.as_str() {
                "after" | "expires" => self.length(value),
                "topic" => self.target(value, ("topic", "тема"), &self.known.topics.names()),
                name if OPTIONS.contains(&name) => {}
                name => self.unknown_key(name, key.pos, ("`send`", "`send`"), &OPTIONS),
            }
        }
    }

    fn add(&mut self, name: &Expr) {
        let Some(id) = self.field(name) else { return };
        let field = self.known.catalogue.schema.field(id);
        if !matches!(field.ty, Type::Int | Type::Float | Type::Money)
            && let Expr::StringConstant(written, at) = name
        {
            let text = Text::new(
                format!("`{}` is of type {}, and `add` takes a number", field.name, field.ty),
                format!("тип поля `{}` — {}, а `add` прибавляет к числу", field.name, field.ty),
            );
            self.found.push(Diagnostic::error(codes::FIELD_TYPE, text, (self.place)(*at, Some(written))));
        }
    }

    fn discount(&mut self, percent: &Expr, lasts: Option<&Expr>) {
        if let Expr::IntegerConstant(n, at) = percent
            && !(1..=100).contains(n)
        {
            let text = Text::new("a discount is 1 to 100 percent", "скидка — от 1 до 100 процентов");
            self.found.push(Diagnostic::error(codes::BAD_AMOUNT, text, (self.place)(*at, None)));
        }
        lasts.into_iter().for_each(|lasts| self.length(lasts));
    }

    fn emit(&mut self, name: &Expr, properties: Option<&Expr>) {
        let events = &self.known.catalogue.events;
        let known: Vec<&str> = events.iter().map(|(_, event)| &*event.name).collect();
        self.named(name, ("event", "событие"), codes::UNKNOWN_EVENT, &known);
        let (Expr::StringConstant(name, _), Some(Expr::Map(given, _))) = (name, properties) else { return };
        let Some(event) = events.find(name).map(|id| events.event(id)) else { return };
        let known: Vec<&str> = event.properties.iter().map(|property| &*property.name).collect();
        for (key, _) in given.0.iter().filter(|(key, _)| !known.contains(&key.name.as_str())) {
            self.unknown_key(&key.name, key.pos, ("an event's properties", "свойства события"), &known);
        }
    }

    /// A field that scripts may change.
    fn field(&mut self, name: &Expr) -> Option<FieldId> {
        let Expr::StringConstant(written, at) = name else { return None };
        let schema = &self.known.catalogue.schema;
        let known: Vec<&str> = schema.iter().filter(|(_, field)| !field.read_only).map(|(_, f)| &*f.name).collect();
        let Some(id) = schema.find(written) else {
            self.named(name, ("field", "поле"), of_conditions::UNKNOWN_FIELD, &known);
            return None;
        };
        if !schema.field(id).read_only {
            return Some(id);
        }
        let text = Text::new(
            format!("`{written}` cannot be changed by a script"),
            format!("скрипт не может менять `{written}`"),
        );
        self.found.push(Diagnostic::error(codes::FIXED_FIELD, text, (self.place)(*at, Some(written))));
        None
    }

    fn target(&mut self, name: &Expr, what: (&str, &str), known: &[&str]) {
        self.named(name, what, codes::UNKNOWN_TARGET, known);
    }

    /// A name that stands there as it is.
    fn named(&mut self, name: &Expr, what: (&str, &str), code: Code, known: &[&str]) {
        let Expr::StringConstant(written, at) = name else { return };
        if known.contains(&written.as_str()) {
            return;
        }
        let text =
            Text::new(format!("unknown {} `{written}`", what.0), format!("здесь неизвестно: {} `{written}`", what.1));
        let found = Diagnostic::error(code, text, (self.place)(*at, Some(written)));
        self.found.push(suggest(found, written, known.iter().copied()));
    }

    /// A length of time that stands there as it is.
    fn length(&mut self, written: &Expr) {
        let Expr::StringConstant(text, at) = written else { return };
        if duration(text).is_some() {
            return;
        }
        let message = Text::new(format!("`{text}` is not a length of time"), format!("`{text}` — не длительность"));
        let help = Text::new("write for instance \"2 hours\"", "напишите, например, \"2 hours\"");
        self.found.push(Diagnostic::error(codes::BAD_DURATION, message, (self.place)(*at, Some(text))).help(help));
    }

    fn unknown_key(&mut self, name: &str, at: Position, what: (&str, &str), known: &[&str]) {
        let text =
            Text::new(format!("unknown key `{name}` in {}", what.0), format!("неизвестный ключ `{name}`: {}", what.1));
        let found = Diagnostic::error(codes::UNKNOWN_KEY, text, (self.place)(at, None));
        self.found.push(suggest(found, name, known.iter().copied()));
    }
}

fn count(name: &str, given: usize, (least, most): (usize, usize), place: Place) -> Diagnostic {
    let takes = if least == most { most.to_string() } else { format!("{least}–{most}") };
    let text = Text::new(
        format!("`{name}` takes {takes} arguments, not {given}"),
        format!("у `{name}` аргументов: {takes}, а здесь {given}"),
    );
    Diagnostic::error(codes::SCRIPT_FUNCTION, text, place)
}
