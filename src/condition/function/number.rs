//! Functions of numbers.

use super::{Arguments, Behaviour, Form, Function, Takes};
use crate::condition::datum::Datum;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "abs",
        signature: "abs(number) -> the type of its argument",
        doc: ["the number without its sign", "число без знака"],
        example: "abs(balance) > 100",
        bounds: Some((0, i64::MAX)),
        form: Form::Computed(Takes::Number, Behaviour::Plain(abs)),
    },
    Function {
        name: "round",
        signature: "round(number) -> int",
        doc: ["the nearest whole number, half away from zero", "ближайшее целое, половина — от нуля"],
        example: "round(balance / 3) = 33",
        bounds: None,
        form: Form::Computed(Takes::Rounded, Behaviour::Plain(round)),
    },
    Function {
        name: "floor",
        signature: "floor(number) -> int",
        doc: ["the greatest whole number that is not above", "наибольшее целое не больше числа"],
        example: "floor(balance / 100) >= 2",
        bounds: None,
        form: Form::Computed(Takes::Rounded, Behaviour::Plain(floor)),
    },
    Function {
        name: "ceil",
        signature: "ceil(number) -> int",
        doc: ["the least whole number that is not below", "наименьшее целое не меньше числа"],
        example: "ceil(balance / 100) >= 2",
        bounds: None,
        form: Form::Computed(Takes::Rounded, Behaviour::Plain(ceil)),
    },
];

fn abs<'a>(arguments: Arguments<'_, 'a>) -> Datum<'a> {
    match arguments.next() {
        Some(Datum::Int(x)) => x.checked_abs().map_or(Datum::Missing, Datum::Int),
        Some(Datum::Money(x)) => x.checked_abs().map_or(Datum::Missing, Datum::Money),
        Some(Datum::Float(x)) => Datum::Float(x.abs()),
        _ => Datum::Missing,
    }
}

fn round<'a>(arguments: Arguments<'_, 'a>) -> Datum<'a> {
    whole(arguments, f64::round, |hundredths| {
        let (units, rest) = (hundredths / 100, hundredths % 100);
        if rest.abs() >= 50 { units + rest.signum() } else { units }
    })
}

fn floor<'a>(arguments: Arguments<'_, 'a>) -> Datum<'a> {
    whole(arguments, f64::floor, |hundredths| hundredths.div_euclid(100))
}

fn ceil<'a>(arguments: Arguments<'_, 'a>) -> Datum<'a> {
    whole(arguments, f64::ceil, |hundredths| hundredths.div_euclid(100) + i64::from(hundredths.rem_euclid(100) > 0))
}

fn whole<'a>(arguments: Arguments<'_, 'a>, float: fn(f64) -> f64, money: fn(i64) -> i64) -> Datum<'a> {
    match arguments.next() {
        Some(Datum::Int(x)) => Datum::Int(x),
        Some(Datum::Money(x)) => Datum::Int(money(x)),
        Some(Datum::Float(x)) => exact(float(x)).map_or(Datum::Missing, Datum::Int),
        _ => Datum::Missing,
    }
}

/// A whole float as an int, if ints reach that far.
fn exact(x: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    (-LIMIT..LIMIT).contains(&x).then_some(x as i64)
}
