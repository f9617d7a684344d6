//! Functions that pick one of their arguments.

use super::{Arguments, Behaviour, Form, Function, Takes};
use crate::condition::datum::Datum;
use std::cmp::Ordering;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "coalesce",
        signature: "coalesce(a, b, …) -> the type of its arguments",
        doc: ["the first argument that is set", "первый заданный аргумент"],
        example: "coalesce(paid_count, 0) = 0",
        bounds: None,
        form: Form::Computed(Takes::Alike, Behaviour::Plain(coalesce)),
    },
    Function {
        name: "min",
        signature: "min(a, b, …) -> the type of its arguments",
        doc: ["the least argument that is set", "наименьший из заданных аргументов"],
        example: "min(balance, 100) < 100",
        bounds: None,
        form: Form::Computed(Takes::Ordered, Behaviour::Plain(min)),
    },
    Function {
        name: "max",
        signature: "max(a, b, …) -> the type of its arguments",
        doc: ["the greatest argument that is set", "наибольший из заданных аргументов"],
        example: "max(created_at, last_seen_at) within 7 days",
        bounds: None,
        form: Form::Computed(Takes::Ordered, Behaviour::Plain(max)),
    },
];

fn coalesce<'a>(mut arguments: Arguments<'_, 'a>) -> Datum<'a> {
    Iterator::find(&mut arguments, |a| !a.is_missing()).unwrap_or(Datum::Missing)
}

fn min<'a>(arguments: Arguments<'_, 'a>) -> Datum<'a> {
    extreme(arguments, Ordering::Less)
}

fn max<'a>(arguments: Arguments<'_, 'a>) -> Datum<'a> {
    extreme(arguments, Ordering::Greater)
}

fn extreme<'a>(arguments: Arguments<'_, 'a>, wanted: Ordering) -> Datum<'a> {
    arguments.fold(Datum::Missing, |best, next| match next.order(&best) {
        Some(order) if order == wanted => next,
        None if best.is_missing() => next,
        _ => best,
    })
}
