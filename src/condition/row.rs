//! A condition's answer for one user: a walk over the typed form that
//! allocates only where a function makes new text.

use super::datum::Datum;
use super::ir::{Call, Expr, Op, Pattern, Within};
use super::syntax::Relation;
use super::{Row, Truth};
use crate::model::{Type, Value};

/// The answer of an expression of type bool.
pub(super) fn judge<'a, R: Row + ?Sized>(expr: &'a Expr, row: &'a R) -> Truth {
    match &expr.op {
        Op::Constant(Value::Bool(x)) => Truth::from(*x),
        Op::Field(id) => match row.field(*id) {
            Value::Bool(x) => Truth::from(*x),
            _ => Truth::Unknown,
        },
        Op::Segment(id) => Truth::from(row.in_segment(*id)),
        Op::Not(inner) => !judge(inner, row),
        Op::All(list) => all(list.iter().map(|e| judge(e, row))),
        Op::Any(list) => any(list.iter().map(|e| judge(e, row))),
        Op::Missing(inner) => Truth::from(is_missing(inner, row)),
        Op::Compare { relation, left, right } => value(left, row).compare(*relation, &value(right, row)),
        Op::Between { value: x, low, high } => {
            let x = value(x, row);
            all([(Relation::GreaterOrEqual, low), (Relation::LessOrEqual, high)]
                .into_iter()
                .map(|(relation, end)| x.compare(relation, &value(end, row))))
        }
        Op::OneOf { item, elements } => match value(item, row) {
            Datum::Missing => Truth::Unknown,
            item => any(elements.iter().map(|e| item.compare(Relation::Equal, &value(e, row)))),
        },
        Op::ElementOf { item, list } => match (value(item, row), value(list, row)) {
            (Datum::Text(item), Datum::List(list)) => Truth::from(list.iter().any(|element| **element == *item)),
            _ => Truth::Unknown,
        },
        Op::Text { test, text, part } => match (value(text, row), value(part, row)) {
            (Datum::Text(text), Datum::Text(part)) => Truth::from(match test {
                Within::Anywhere => text.contains(&*part),
                Within::Start => text.starts_with(&*part),
                Within::End => text.ends_with(&*part),
            }),
            _ => Truth::Unknown,
        },
        Op::Matches { text, pattern: Pattern { regex, .. } } => match value(text, row) {
            Datum::Text(text) => Truth::from(regex.is_match(&text)),
            _ => Truth::Unknown,
        },
        Op::Call(_) | Op::Fact(_) | Op::Event(_) | Op::Metric(_) => value(expr, row).truth(),
        Op::Constant(_) | Op::Now | Op::Today | Op::Negate(_) | Op::Chain { .. } | Op::Widen(_) => Truth::Unknown,
    }
}

/// The value of an expression of any type.
pub(super) fn value<'a, R: Row + ?Sized>(expr: &'a Expr, row: &'a R) -> Datum<'a> {
    match &expr.op {
        Op::Constant(value) => Datum::from_value(value),
        Op::Field(id) => Datum::from_value(row.field(*id)),
        Op::Fact(fact) => Datum::of_fact(row.fact(fact)),
        Op::Event(part) => Datum::from_value(row.event(*part)),
        Op::Metric(at) => Datum::from_value(row.metric(*at)),
        Op::Now => Datum::Time(row.now()),
        Op::Today => Datum::Time(row.today()),
        Op::Negate(inner) => value(inner, row).negate(),
        Op::Chain { first, rest } => {
            rest.iter().fold(value(first, row), |sum, (operator, operand)| sum.apply(*operator, value(operand, row)))
        }
        Op::Widen(inner) => widen(value(inner, row), &expr.ty),
        Op::Call(Call { behaviour, arguments, .. }) => {
            behaviour.call(&mut arguments.iter().map(|a| value(a, row)), row)
        }
        Op::Segment(_)
        | Op::Not(_)
        | Op::All(_)
        | Op::Any(_)
        | Op::Missing(_)
        | Op::Compare { .. }
        | Op::Between { .. }
        | Op::OneOf { .. }
        | Op::ElementOf { .. }
        | Op::Text { .. }
        | Op::Matches { .. } => Datum::from_truth(judge(expr, row)),
    }
}

fn is_missing<'a, R: Row + ?Sized>(expr: &'a Expr, row: &'a R) -> bool {
    match &expr.op {
        Op::Field(id) => row.field(*id).is_missing(),
        _ => value(expr, row).is_missing(),
    }
}

fn widen<'a>(datum: Datum<'a>, ty: &Type) -> Datum<'a> {
    match (ty, &datum) {
        (Type::Float, Datum::Int(x)) => Datum::Float(*x as f64),
        (Type::Money, Datum::Int(_)) => datum.hundredths().map_or(Datum::Missing, Datum::Money),
        _ => datum,
    }
}

/// True if all are, false if one is.
fn all(answers: impl Iterator<Item = Truth>) -> Truth {
    let mut together = Truth::True;
    for answer in answers {
        match answer {
            Truth::False => return Truth::False,
            Truth::Unknown => together = Truth::Unknown,
            Truth::True => {}
        }
    }
    together
}

/// True if one is, false if all are.
fn any(answers: impl Iterator<Item = Truth>) -> Truth {
    !all(answers.map(|answer| !answer))
}
