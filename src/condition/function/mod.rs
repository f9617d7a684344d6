//! The functions of the language: one table, from which checking, evaluation,
//! documentation and completion all read.
//!
//! Functions whose answers come from elsewhere than the profile and the clock
//! (events, experiments, drips, messages) are named in [`later`] until the
//! engine records what they need.

mod choice;
mod number;
mod sample;
mod text;
mod time;

use super::Row;
use super::datum::Datum;
use crate::model::{FieldId, Text, Time, Type, Value, builtin};

/// One function.
#[derive(Debug)]
pub struct Function {
    /// The name.
    pub name: &'static str,
    /// How it is called and what it gives.
    pub signature: &'static str,
    /// What it means, in English and in Russian.
    doc: [&'static str; 2],
    /// A condition that uses it.
    pub example: &'static str,
    pub(super) takes: Takes,
    behaviour: Behaviour,
}

/// What a function takes, and so what it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// Two or more of one type, which it gives.
    Alike,
    /// Two or more numbers, times or durations of one type, which it gives.
    Ordered,
    /// A number, whose type it gives.
    Number,
    /// A number; gives an int.
    Rounded,
    /// A text, and gives one.
    Text,
    /// A text or a list; gives an int.
    Sized,
    /// A time; gives an int.
    Time,
    /// A literal text; gives a float.
    Salt,
}

/// The arguments of one call, each evaluated when it is asked for.
type Arguments<'i, 'a> = &'i mut dyn Iterator<Item = Datum<'a>>;

#[derive(Clone, Copy, Debug)]
enum Behaviour {
    /// Depends on its arguments alone.
    Plain(for<'a> fn(Arguments<'_, 'a>) -> Datum<'a>),
    /// A part of a time as the user's calendar and clock show it.
    Calendar(fn(&jiff::Zoned) -> i64),
    /// Compares a time with now.
    Clock(fn(now: Time, at: Time) -> i64),
    /// A number drawn for this user and salt.
    Drawn(fn(salt: &str, user: i64) -> f64),
}

/// All functions, in the order of the manual.
pub fn functions() -> impl Iterator<Item = &'static Function> {
    [choice::FUNCTIONS, number::FUNCTIONS, text::FUNCTIONS, time::FUNCTIONS, sample::FUNCTIONS].into_iter().flatten()
}

/// The function called `name`.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    functions().find(|function| function.name == name)
}

/// Whether the language has this function and this version does not yet.
pub(super) fn later(name: &str) -> bool {
    let names = ["variant", "in_drip", "finished_drip", "count", "sum", "first", "last", "received", "clicked"];
    names.contains(&name)
}

impl Function {
    /// What it means.
    pub fn doc(&self) -> Text {
        let [en, ru] = self.doc;
        Text::new(en, ru)
    }

    pub(super) fn reads_now(&self) -> bool {
        matches!(self.behaviour, Behaviour::Clock(_))
    }

    /// The fields that it reads besides its arguments.
    pub(super) fn reads(&self) -> &'static [FieldId] {
        match self.behaviour {
            Behaviour::Plain(_) | Behaviour::Clock(_) => &[],
            Behaviour::Calendar(_) => &[builtin::TIMEZONE],
            Behaviour::Drawn(_) => &[builtin::ID],
        }
    }

    pub(super) fn call<'a, R: Row + ?Sized>(&self, arguments: Arguments<'_, 'a>, row: &'a R) -> Datum<'a> {
        match self.behaviour {
            Behaviour::Plain(run) => run(arguments),
            Behaviour::Calendar(run) => match arguments.next() {
                Some(Datum::Time(at)) => local(at, row).map_or(Datum::Missing, |at| Datum::Int(run(&at))),
                _ => Datum::Missing,
            },
            Behaviour::Clock(run) => match arguments.next() {
                Some(Datum::Time(at)) => Datum::Int(run(row.now(), at)),
                _ => Datum::Missing,
            },
            Behaviour::Drawn(run) => match (arguments.next(), row.field(builtin::ID)) {
                (Some(Datum::Text(salt)), Value::Int(user)) => Datum::Float(run(&salt, *user)),
                _ => Datum::Missing,
            },
        }
    }
}

impl Takes {
    /// How many arguments, and how many at most.
    pub(super) fn arity(self) -> (usize, usize) {
        match self {
            Self::Alike | Self::Ordered => (2, usize::MAX),
            Self::Number | Self::Rounded | Self::Text | Self::Sized | Self::Time | Self::Salt => (1, 1),
        }
    }

    /// Whether an argument may have this type.
    pub(super) fn accepts(self, ty: &Type) -> bool {
        let number = matches!(ty, Type::Int | Type::Float | Type::Money);
        let text = matches!(ty, Type::String | Type::Enum(_));
        match self {
            Self::Alike => true,
            Self::Ordered => number || matches!(ty, Type::Time | Type::Duration),
            Self::Number | Self::Rounded => number,
            Self::Text | Self::Salt => text,
            Self::Sized => text || *ty == Type::List,
            Self::Time => *ty == Type::Time,
        }
    }

    /// The arguments in words.
    pub(super) fn wanted(self) -> Text {
        match self {
            Self::Alike => Text::new("values of one type", "значения одного типа"),
            Self::Ordered => Text::new("numbers, times or durations", "числа, моменты или длительности"),
            Self::Number | Self::Rounded => Text::new("a number", "число"),
            Self::Text => Text::new("text", "текст"),
            Self::Sized => Text::new("text or a list", "текст или список"),
            Self::Time => Text::new("a time", "момент времени"),
            Self::Salt => Text::new("a text in quotes", "текст в кавычках"),
        }
    }
}

fn local<R: Row + ?Sized>(at: Time, row: &R) -> Option<jiff::Zoned> {
    Some(jiff::Timestamp::from_millisecond(at.0).ok()?.to_zoned(row.user_zone().clone()))
}
