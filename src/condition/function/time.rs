//! Functions of time: parts of the calendar in the user's zone, and whole
//! days between a time and now.

use super::{Behaviour, Form, Function, Takes};
use crate::model::Time;

const DAY: i128 = 86_400_000;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "hour",
        signature: "hour(time) -> int",
        doc: ["the hour of the day, 0 to 23, in the user's zone", "час суток от 0 до 23 в поясе пользователя"],
        example: "hour(now) between 9 and 21",
        bounds: Some((0, 23)),
        form: Form::Computed(Takes::Time, Behaviour::Calendar(|at| i64::from(at.hour()))),
    },
    Function {
        name: "weekday",
        signature: "weekday(time) -> int",
        doc: ["the day of the week, 1 is Monday", "день недели, 1 — понедельник"],
        example: "weekday(now) in [1, 2, 3, 4, 5]",
        bounds: Some((1, 7)),
        form: Form::Computed(Takes::Time, Behaviour::Calendar(|at| i64::from(at.weekday().to_monday_one_offset()))),
    },
    Function {
        name: "day",
        signature: "day(time) -> int",
        doc: ["the day of the month in the user's zone", "число месяца в поясе пользователя"],
        example: "day(now) = 1",
        bounds: Some((1, 31)),
        form: Form::Computed(Takes::Time, Behaviour::Calendar(|at| i64::from(at.day()))),
    },
    Function {
        name: "month",
        signature: "month(time) -> int",
        doc: ["the month, 1 to 12, in the user's zone", "месяц от 1 до 12 в поясе пользователя"],
        example: "month(created_at) = 12",
        bounds: Some((1, 12)),
        form: Form::Computed(Takes::Time, Behaviour::Calendar(|at| i64::from(at.month()))),
    },
    Function {
        name: "year",
        signature: "year(time) -> int",
        doc: ["the year in the user's zone", "год в поясе пользователя"],
        example: "year(created_at) < 2026",
        bounds: None,
        form: Form::Computed(Takes::Time, Behaviour::Calendar(|at| i64::from(at.year()))),
    },
    Function {
        name: "days_since",
        signature: "days_since(time) -> int",
        doc: ["whole days of 24 hours that have passed since", "сколько полных суток прошло с момента"],
        example: "days_since(last_seen_at) >= 30",
        bounds: None,
        form: Form::Computed(Takes::Time, Behaviour::Clock(|now, at| whole_days(at, now))),
    },
    Function {
        name: "days_until",
        signature: "days_until(time) -> int",
        doc: ["whole days of 24 hours that are left until", "сколько полных суток осталось до момента"],
        example: "days_until(discount_until) <= 3",
        bounds: None,
        form: Form::Computed(Takes::Time, Behaviour::Clock(whole_days)),
    },
];

/// Whole days from one moment to another, rounded down; always within i64.
fn whole_days(from: Time, to: Time) -> i64 {
    let days = (i128::from(to.0) - i128::from(from.0)).div_euclid(DAY);
    i64::try_from(days).unwrap_or(i64::MAX)
}
