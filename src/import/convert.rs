//! One cell becomes a value of a field's type.
//!
//! NULL and empty text are missing. Numbers may stand as text, since exports
//! write them so.

use super::{Cell, Fault, ZeroTime};
use crate::model::{Time, Type, Value};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use std::sync::Arc;

/// Timestamps above this are milliseconds: as seconds they would lie past the
/// year 5138.
const MILLISECONDS_ABOVE: f64 = 1e11;
/// Above this a float is not sure to be the whole number that was meant.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The value of `cell` in a field of type `ty`; whether an enum has it is left
/// to the caller.
pub(super) fn convert(cell: Cell, ty: &Type, zero: ZeroTime) -> Result<Value, Fault> {
    match cell {
        Cell::Null => return Ok(Value::Missing),
        Cell::Text(text) if text.is_empty() => return Ok(Value::Missing),
        Cell::Bytes(_) => return Err(Fault::NotUtf8),
        Cell::Real(number) if !number.is_finite() => return Err(Fault::NotFinite),
        Cell::Bool(_) | Cell::Int(_) | Cell::Real(_) | Cell::Text(_) | Cell::Json(_) => {}
    }
    match ty {
        Type::Bool => boolean(&cell).map(Value::Bool),
        Type::Int => int(&cell).map(Value::Int),
        Type::Float => float(&cell).map(Value::Float),
        Type::Money => money(&cell).map(Value::Money),
        Type::String | Type::Enum(_) => text(cell).map(Value::text),
        Type::Time => time(&cell, zero),
        Type::List => list(cell).map(Value::List),
        Type::Duration => Err(Fault::Text),
    }
}

fn boolean(cell: &Cell) -> Result<bool, Fault> {
    match cell {
        Cell::Bool(value) => Ok(*value),
        Cell::Text(text) if text.trim().eq_ignore_ascii_case("true") => Ok(true),
        Cell::Text(text) if text.trim().eq_ignore_ascii_case("false") => Ok(false),
        other => match int(other) {
            Ok(0) => Ok(false),
            Ok(1) => Ok(true),
            Ok(_) | Err(_) => Err(Fault::Bool),
        },
    }
}

pub(super) fn int(cell: &Cell) -> Result<i64, Fault> {
    match cell {
        Cell::Int(value) => Ok(*value),
        Cell::Real(value) => whole(*value),
        Cell::Text(text) => match text.trim().parse() {
            Ok(value) => Ok(value),
            Err(_) => whole(number(text).map_err(|_| Fault::Int)?),
        },
        Cell::Null | Cell::Bool(_) | Cell::Bytes(_) | Cell::Json(_) => Err(Fault::Int),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
fn whole(number: f64) -> Result<i64, Fault> {
    if number.fract() != 0.0 {
        Err(Fault::Int)
    } else if number.abs() > EXACT {
        Err(Fault::TooLarge)
    } else {
        Ok(number as i64)
    }
}

fn number(text: &str) -> Result<f64, Fault> {
    let number: f64 = text.trim().parse().map_err(|_| Fault::Number)?;
    if number.is_finite() { Ok(number) } else { Err(Fault::NotFinite) }
}

#[expect(clippy::cast_precision_loss, reason = "a float field holds the nearest float")]
fn float(cell: &Cell) -> Result<f64, Fault> {
    match cell {
        Cell::Int(value) => Ok(*value as f64),
        Cell::Real(value) => Ok(*value),
        Cell::Text(text) => number(text),
        Cell::Null | Cell::Bool(_) | Cell::Bytes(_) | Cell::Json(_) => Err(Fault::Number),
    }
}

/// Amounts are in major units, as rule files write them.
fn money(cell: &Cell) -> Result<i64, Fault> {
    match cell {
        Cell::Int(value) => value.checked_mul(100).ok_or(Fault::TooLarge),
        Cell::Real(value) => hundredths(&value.to_string()),
        Cell::Text(text) => hundredths(text.trim()),
        Cell::Null | Cell::Bool(_) | Cell::Bytes(_) | Cell::Json(_) => Err(Fault::Money),
    }
}

/// Exact, digit by digit: 0.29 is 29 hundredths and not 28.999.
fn hundredths(text: &str) -> Result<i64, Fault> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (units, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let decimals = decimals.trim_end_matches('0');
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if units.is_empty() || !all_digits(units) || !all_digits(decimals) || decimals.len() > 2 {
        return Err(Fault::Money);
    }
    format!("{sign}{units}{decimals:0<2}").parse().map_err(|_| Fault::TooLarge)
}

fn text(cell: Cell) -> Result<Arc<str>, Fault> {
    match cell {
        Cell::Text(text) => Ok(text.into()),
        Cell::Bool(value) => Ok(value.to_string().into()),
        Cell::Int(value) => Ok(value.to_string().into()),
        Cell::Real(value) => Ok(value.to_string().into()),
        Cell::Null | Cell::Bytes(_) | Cell::Json(_) => Err(Fault::Text),
    }
}

fn time(cell: &Cell, zero: ZeroTime) -> Result<Value, Fault> {
    let milliseconds = match cell {
        Cell::Int(value) => timestamp_int(*value)?,
        Cell::Real(value) => timestamp_real(*value)?,
        Cell::Text(text) => match text.trim().parse::<i64>() {
            Ok(value) => timestamp_int(value)?,
            Err(_) => match number(text) {
                Ok(value) => timestamp_real(value)?,
                Err(_) => return iso(text.trim()),
            },
        },
        Cell::Null | Cell::Bool(_) | Cell::Bytes(_) | Cell::Json(_) => return Err(Fault::Time),
    };
    match (milliseconds, zero) {
        (0, ZeroTime::Missing) => Ok(Value::Missing),
        _ => Timestamp::from_millisecond(milliseconds)
            .map(|_| Value::Time(Time(milliseconds)))
            .map_err(|_| Fault::TooLarge),
    }
}

fn timestamp_int(value: i64) -> Result<i64, Fault> {
    if value.unsigned_abs() > 100_000_000_000 { Ok(value) } else { value.checked_mul(1_000).ok_or(Fault::TooLarge) }
}

#[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates, and the range is checked after")]
fn timestamp_real(value: f64) -> Result<i64, Fault> {
    let milliseconds = if value.abs() > MILLISECONDS_ABOVE { value } else { value * 1_000.0 };
    if milliseconds.abs() > EXACT { Err(Fault::TooLarge) } else { Ok(milliseconds.round() as i64) }
}

/// A date or a time without a zone is in UTC, as databases write them.
fn iso(text: &str) -> Result<Value, Fault> {
    let instant = text.parse::<Timestamp>().ok();
    let zoned = || text.parse::<Zoned>().ok().map(|z| z.timestamp());
    let civil = |at: DateTime| at.to_zoned(TimeZone::UTC).ok().map(|z| z.timestamp());
    let date_time = || text.parse::<DateTime>().ok().and_then(civil);
    let date = || text.parse::<Date>().ok().and_then(|d| civil(d.to_datetime(jiff::civil::Time::midnight())));
    let instant = instant.or_else(zoned).or_else(date_time).or_else(date);
    instant.map(|at| Value::Time(Time(at.as_millisecond()))).ok_or(Fault::Time)
}

/// A JSON array, also as text, or texts between commas.
fn list(cell: Cell) -> Result<Arc<[Arc<str>]>, Fault> {
    let json = match cell {
        Cell::Json(json) => json,
        Cell::Text(text) if text.trim_start().starts_with('[') => {
            serde_json::from_str(&text).map_err(|_| Fault::List)?
        }
        Cell::Text(text) => {
            return Ok(text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Arc::from).collect());
        }
        Cell::Null | Cell::Bool(_) | Cell::Int(_) | Cell::Real(_) | Cell::Bytes(_) => return Err(Fault::List),
    };
    let items = json.as_array().ok_or(Fault::List)?;
    items.iter().map(|item| item.as_str().map(Arc::from).ok_or(Fault::List)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(text: &str) -> Cell {
        Cell::Text(text.into())
    }

    #[test]
    fn cells_become_values() {
        let noon = Value::Time(Time(1_772_366_400_000));
        let list = |items: &[&str]| Value::List(items.iter().map(|i| Arc::from(*i)).collect());
        for (cell, ty, expected) in [
            (Cell::Null, Type::Int, Ok(Value::Missing)),
            (text(""), Type::String, Ok(Value::Missing)),
            (text(" "), Type::String, Ok(Value::text(" "))),
            (Cell::Int(1), Type::Bool, Ok(Value::Bool(true))),
            (text("False"), Type::Bool, Ok(Value::Bool(false))),
            (text("1.0"), Type::Bool, Ok(Value::Bool(true))),
            (Cell::Int(2), Type::Bool, Err(Fault::Bool)),
            (text("yes"), Type::Bool, Err(Fault::Bool)),
            (text(" 42 "), Type::Int, Ok(Value::Int(42))),
            (Cell::Real(5.0), Type::Int, Ok(Value::Int(5))),
            (text("5.0"), Type::Int, Ok(Value::Int(5))),
            (Cell::Real(5.5), Type::Int, Err(Fault::Int)),
            (text("abc"), Type::Int, Err(Fault::Int)),
            (text("nan"), Type::Int, Err(Fault::Int)),
            (Cell::Bool(true), Type::Int, Err(Fault::Int)),
            (text("9223372036854775807"), Type::Int, Ok(Value::Int(i64::MAX))),
            (text("9223372036854775808"), Type::Int, Err(Fault::TooLarge)),
            (Cell::Real(1e300), Type::Int, Err(Fault::TooLarge)),
            (text("0.5"), Type::Float, Ok(Value::Float(0.5))),
            (text("NaN"), Type::Float, Err(Fault::NotFinite)),
            (text("1e999"), Type::Float, Err(Fault::NotFinite)),
            (Cell::Real(f64::INFINITY), Type::Float, Err(Fault::NotFinite)),
            (Cell::Int(999), Type::Money, Ok(Value::Money(99_900))),
            (Cell::Real(0.29), Type::Money, Ok(Value::Money(29))),
            (text("-999.5"), Type::Money, Ok(Value::Money(-99_950))),
            (text("1.999"), Type::Money, Err(Fault::Money)),
            (text("1.990"), Type::Money, Ok(Value::Money(199))),
            (Cell::Int(i64::MAX), Type::Money, Err(Fault::TooLarge)),
            (Cell::Int(7), Type::String, Ok(Value::text("7"))),
            (Cell::Bytes(vec![0xff]), Type::String, Err(Fault::NotUtf8)),
            (Cell::Json(json!({})), Type::String, Err(Fault::Text)),
            (Cell::Int(1_772_366_400), Type::Time, Ok(noon.clone())),
            (Cell::Int(1_772_366_400_000), Type::Time, Ok(noon.clone())),
            (text("1772366400"), Type::Time, Ok(noon.clone())),
            (Cell::Real(1_772_366_400.25), Type::Time, Ok(Value::Time(Time(1_772_366_400_250)))),
            (text("2026-03-01T12:00:00Z"), Type::Time, Ok(noon.clone())),
            (text("2026-03-01T15:00:00+03:00"), Type::Time, Ok(noon.clone())),
            (text("2026-03-01 12:00:00"), Type::Time, Ok(noon)),
            (text("2026-03-01"), Type::Time, Ok(Value::Time(Time(1_772_323_200_000)))),
            (text("yesterday"), Type::Time, Err(Fault::Time)),
            (Cell::Int(i64::MAX), Type::Time, Err(Fault::TooLarge)),
            (Cell::Int(0), Type::Time, Ok(Value::Time(Time(0)))),
            (text("a, b,"), Type::List, Ok(list(&["a", "b"]))),
            (text(r#"["a,b"]"#), Type::List, Ok(list(&["a,b"]))),
            (Cell::Json(json!(["a"])), Type::List, Ok(list(&["a"]))),
            (Cell::Json(json!(["a", 1])), Type::List, Err(Fault::List)),
        ] {
            assert_eq!(convert(cell.clone(), &ty, ZeroTime::Epoch), expected, "{cell:?} as {ty}");
        }
    }

    #[test]
    fn zero_may_mean_missing() {
        for cell in [Cell::Int(0), Cell::Real(0.0), text("0")] {
            assert_eq!(convert(cell, &Type::Time, ZeroTime::Missing), Ok(Value::Missing));
        }
        assert_eq!(convert(Cell::Int(0), &Type::Int, ZeroTime::Missing), Ok(Value::Int(0)));
    }
}
