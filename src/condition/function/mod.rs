//! The functions of the language: one table, from which checking, evaluation,
//! documentation and completion all read.
//!
//! Most are computed from their arguments. Those of [`history`] ask the row
//! what is recorded of the user, and take the name of a thing instead.

mod choice;
mod history;
mod number;
mod sample;
mod text;
mod time;

pub use sample::percent;

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
    /// The least and the greatest number that it gives, where its type holds
    /// more.
    pub(super) bounds: Option<(i64, i64)>,
    pub(super) form: Form,
}

/// Where a function's answer comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// From the values of its arguments.
    Computed(Takes, Behaviour),
    /// From what is recorded of the user about a thing that is named.
    Asked(Asks),
}

/// What is asked, and so what it is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// An event, and a window.
    Count,
    /// A property of an event, and a window.
    Sum,
    /// An event.
    First,
    /// An event.
    Last,
    /// A template, and a window.
    Received,
    /// A template, and a window.
    Clicked,
    /// A drip.
    InDrip,
    /// A drip.
    FinishedDrip,
    /// An experiment.
    Variant,
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
    /// Two texts; gives one.
    Texts,
    /// A text; gives an int.
    Written,
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
pub(super) enum Behaviour {
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
    let tables =
        [choice::FUNCTIONS, number::FUNCTIONS, text::FUNCTIONS, time::FUNCTIONS, sample::FUNCTIONS, history::FUNCTIONS];
    tables.into_iter().flatten()
}

/// The function called `name`.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    functions().find(|function| function.name == name)
}

impl Function {
    /// What it means.
    pub fn doc(&self) -> Text {
        let [en, ru] = self.doc;
        Text::new(en, ru)
    }
}

/// A name stands for one function.
impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Behaviour {
    pub(super) fn reads_now(self) -> bool {
        matches!(self, Self::Clock(_))
    }

    /// The fields that it reads besides its arguments.
    pub(super) fn reads(self) -> &'static [FieldId] {
        match self {
            Self::Plain(_) | Self::Clock(_) => &[],
            Self::Calendar(_) => &[builtin::TIMEZONE],
            Self::Drawn(_) => &[builtin::ID],
        }
    }

    pub(super) fn call<'a, R: Row + ?Sized>(self, arguments: Arguments<'_, 'a>, row: &'a R) -> Datum<'a> {
        match self {
            Self::Plain(run) => run(arguments),
            Self::Calendar(run) => match arguments.next() {
                Some(Datum::Time(at)) => local(at, row).map_or(Datum::Missing, |at| Datum::Int(run(&at))),
                _ => Datum::Missing,
            },
            Self::Clock(run) => match arguments.next() {
                Some(Datum::Time(at)) => Datum::Int(run(row.now(), at)),
                _ => Datum::Missing,
            },
            Self::Drawn(run) => match (arguments.next(), row.field(builtin::ID)) {
                (Some(Datum::Text(salt)), Value::Int(user)) => Datum::Float(run(&salt, *user)),
                _ => Datum::Missing,
            },
        }
    }
}

impl Form {
    /// How many arguments, and how many at most.
    pub(super) fn arity(self) -> (usize, usize) {
        match self {
            Self::Computed(Takes::Alike | Takes::Ordered, _) => (2, usize::MAX),
            Self::Computed(Takes::Texts, _) => (2, 2),
            Self::Asked(Asks::Count | Asks::Sum | Asks::Received | Asks::Clicked) => (1, 2),
            Self::Computed(..) | Self::Asked(_) => (1, 1),
        }
    }

    /// What its arguments are; nothing if they are names.
    pub(super) fn takes(self) -> Option<Takes> {
        match self {
            Self::Computed(takes, _) => Some(takes),
            Self::Asked(_) => None,
        }
    }
}

impl Takes {
    /// Whether an argument may have this type.
    pub(super) fn accepts(self, ty: &Type) -> bool {
        let number = matches!(ty, Type::Int | Type::Float | Type::Money);
        let text = matches!(ty, Type::String | Type::Enum(_));
        match self {
            Self::Alike => true,
            Self::Ordered => number || matches!(ty, Type::Time | Type::Duration),
            Self::Number | Self::Rounded => number,
            Self::Text | Self::Texts | Self::Written | Self::Salt => text,
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
            Self::Text | Self::Written => Text::new("text", "текст"),
            Self::Texts => Text::new("two texts", "два текста"),
            Self::Sized => Text::new("text or a list", "текст или список"),
            Self::Time => Text::new("a time", "момент времени"),
            Self::Salt => Text::new("a text in quotes", "текст в кавычках"),
        }
    }
}

fn local<R: Row + ?Sized>(at: Time, row: &R) -> Option<jiff::Zoned> {
    Some(jiff::Timestamp::from_millisecond(at.0).ok()?.to_zoned(row.user_zone().clone()))
}
