//! Binds numbers, times and durations to columns.

use super::Column;
use super::Columns;
use super::alone::{Alone, Input, Inputs};
use super::bind::{Binder, ByCode};
use super::number::{CodedNumber, Form, Kind, Number, Rounding};
use crate::condition::datum::Datum;
use crate::condition::ir::{Call, Expr, Op};
use crate::condition::row;
use crate::condition::syntax::Operator;
use crate::model::{Time, TimeDelta, Value};
use std::cmp::Ordering;

impl<'a, C: Columns> Binder<'a, C> {
    /// Nothing if the expression is no number.
    pub(super) fn number(&self, expr: &'a Expr) -> Option<Number<'a>> {
        let kind = Kind::of(&expr.ty)?;
        if let Some(value) = self.constant(expr) {
            return Some(constant(kind, &value));
        }
        if let Inputs::One(input) = Inputs::of(expr, self.columns)
            && let Some(number) = self.coded_number(expr, kind, input)
        {
            return Some(number);
        }
        Some(self.computed(expr, kind).unwrap_or_else(|| by_rows(expr, kind)))
    }

    /// Nothing if it can only be computed row by row.
    fn computed(&self, expr: &'a Expr, kind: Kind) -> Option<Number<'a>> {
        match &expr.op {
            Op::Field(_) | Op::Fact(_) => match self.column(expr)? {
                Column::Whole { values, unit, set } if kind != Kind::Float => {
                    Some(Number::column(kind, values, unit, set))
                }
                Column::Floats { values, set } if kind == Kind::Float => {
                    Some(Number::float(Form::Floats { values, set }))
                }
                _ => None,
            },
            Op::Negate(inner) => Some(self.number(inner)?.negate()),
            Op::Chain { first, rest } => rest.iter().try_fold(self.number(first)?, |left, (operator, right)| {
                Some(left.apply(*operator, self.number(right)?))
            }),
            Op::Widen(inner) => {
                let inner = self.number(inner)?;
                Some(match (kind, inner.kind) {
                    (Kind::Float, Kind::Int) => inner.into_float(),
                    (Kind::Money, Kind::Int) => inner.hundredths(),
                    _ => inner,
                })
            }
            Op::Call(call) => self.called(call),
            Op::Constant(_)
            | Op::Segment(_)
            | Op::Event(_)
            | Op::Metric(_)
            | Op::Now
            | Op::Today
            | Op::Not(_)
            | Op::All(_)
            | Op::Any(_)
            | Op::Missing(_)
            | Op::Compare { .. }
            | Op::Between { .. }
            | Op::OneOf { .. }
            | Op::ElementOf { .. }
            | Op::Text { .. }
            | Op::Matches { .. } => None,
        }
    }

    fn called(&self, call: &'a Call) -> Option<Number<'a>> {
        let first = call.arguments.first()?;
        match call.function.name {
            "coalesce" => Number::one_of(self.alike(call)?, Form::Coalesce),
            "min" => Number::one_of(self.alike(call)?, |list| Form::Extreme(Ordering::Less, list)),
            "max" => Number::one_of(self.alike(call)?, |list| Form::Extreme(Ordering::Greater, list)),
            "abs" => Some(self.number(first)?.abs()),
            "round" => Some(self.number(first)?.rounded(Rounding::Nearest)),
            "floor" => Some(self.number(first)?.rounded(Rounding::Floor)),
            "ceil" => Some(self.number(first)?.rounded(Rounding::Ceil)),
            "days_since" => self.now().apply(Operator::Subtract, self.number(first)?).days(),
            "days_until" => self.number(first)?.apply(Operator::Subtract, self.now()).days(),
            "length" => match self.column(first)? {
                Column::Texts { spans, bytes, set } => {
                    Some(Number::exact(Kind::Int, (0, u32::MAX.into()), Form::Length { spans, bytes, set }))
                }
                Column::Lists(lists) => Some(Number::exact(Kind::Int, (0, u32::MAX.into()), Form::Elements(lists))),
                _ => None,
            },
            _ => None,
        }
    }

    fn now(&self) -> Number<'a> {
        Number::whole_constant(Kind::Time, self.columns.now().0)
    }

    fn alike(&self, call: &'a Call) -> Option<Vec<Number<'a>>> {
        let list: Option<Vec<_>> = call.arguments.iter().map(|argument| self.number(argument)).collect();
        Number::alike(list?)
    }

    /// What depends on one column of codes.
    fn coded_number(&self, expr: &Expr, kind: Kind, input: Input) -> Option<Number<'a>> {
        let ByCode { codes, set, values } = self.values_by_code(input)?;
        let mut coded = CodedNumber { codes, set, floats: Vec::new(), wholes: Vec::new(), known: Vec::new() };
        let mut reach = Some((0, 0));
        for value in &values {
            let alone = Alone::with(self.columns, input, value);
            let (known, float, whole) = match row::value(expr, &alone) {
                Datum::Int(x) | Datum::Money(x) | Datum::Time(Time(x)) | Datum::Duration(TimeDelta(x)) => {
                    let one = Number::whole_constant(kind, x).reach;
                    reach = reach.zip(one).map(|((low, high), (x, _))| (x.min(low), x.max(high)));
                    (true, x as f64, x)
                }
                Datum::Float(x) => (true, x, 0),
                Datum::Missing | Datum::Bool(_) | Datum::Text(_) | Datum::List(_) => (false, 0.0, 0),
            };
            coded.known.push(known);
            coded.floats.push(float);
            coded.wholes.push(whole);
        }
        let reach = reach.filter(|_| kind != Kind::Float);
        Some(Number { kind, reach, form: Form::Coded(Box::new(coded)) })
    }
}

fn constant<'a>(kind: Kind, value: &Value) -> Number<'a> {
    match value {
        Value::Int(x) => Number::whole_constant(Kind::Int, *x),
        Value::Money(x) => Number::whole_constant(Kind::Money, *x),
        Value::Time(Time(x)) => Number::whole_constant(Kind::Time, *x),
        Value::Duration(TimeDelta(x)) => Number::whole_constant(Kind::Duration, *x),
        Value::Float(x) => Number::float(Form::Constant(*x)),
        Value::Missing | Value::Bool(_) | Value::String(_) | Value::List(_) => {
            Number { kind, reach: None, form: Form::Missing }
        }
    }
}

fn by_rows(expr: &Expr, kind: Kind) -> Number<'_> {
    Number { kind, reach: None, form: Form::Rows(expr) }
}
