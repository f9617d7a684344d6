//! Operators of numbers, chosen before any row is seen: in floats where all
//! results are exact, else in i64; what a constant does to a column is done
//! while the column is read.

use super::number::{Form, Kind, Number};
use crate::condition::syntax::Operator;

/// Floats hold whole numbers up to here exactly.
const EXACT: i128 = 1 << 53;

impl<'a> Number<'a> {
    /// The result of an operator, as the evaluator has it.
    pub fn apply(self, operator: Operator, other: Self) -> Self {
        use Kind::{Duration, Int, Money, Time};
        use Operator::{Add, Divide, Multiply, Remainder, Subtract};
        match (operator, self.kind, other.kind) {
            (Add | Subtract | Multiply | Remainder, Int, Int) => self.whole(operator, other, Int),
            (Add | Subtract, Money | Int, Money | Int) => self.hundredths().whole(operator, other.hundredths(), Money),
            (Multiply, Money, Int) | (Multiply, Int, Money) => self.whole(operator, other, Money),
            (Add | Subtract, Time, Duration) | (Add, Duration, Time) => self.whole(operator, other, Time),
            (Subtract, Time, Time) | (Add | Subtract, Duration, Duration) => self.whole(operator, other, Duration),
            (Remainder, ..) | (_, Time | Duration, _) | (_, _, Time | Duration) => Self::float(Form::Missing),
            (Add | Subtract | Multiply | Divide, ..) => self.into_float().with(operator, other.into_float(), None),
        }
    }

    /// Whole arithmetic: as floats if the result stays exact, else as i64.
    pub fn whole(self, operator: Operator, other: Self, kind: Kind) -> Self {
        let reach = self.reach.zip(other.reach).and_then(|(a, b)| result_reach(operator, a, b));
        match reach {
            Some(reach) => self.with(operator, other, Some((kind, reach))),
            None => {
                let form = Form::WideArithmetic(operator, Box::new(self.widened()), Box::new(other.widened()));
                Self::wide(kind, form)
            }
        }
    }

    /// Arithmetic in floats; what is whole says its kind and reach.
    pub fn with(self, operator: Operator, other: Self, whole: Option<(Kind, (i64, i64))>) -> Self {
        let (kind, reach) = whole.map_or((Kind::Float, None), |(kind, reach)| (kind, Some(reach)));
        if reach.is_some()
            && let Some(form) = joined(&self, operator, &other)
        {
            return Self { kind, reach, form };
        }
        let result = Self { kind, reach, form: Form::Arithmetic(operator, Box::new(self), Box::new(other)) };
        if reach.is_none() || operator != Operator::Multiply {
            return result;
        }
        // Whole numbers know no negative zero.
        let zero = Self::whole_constant(Kind::Int, 0);
        Self { kind, reach, form: Form::Arithmetic(Operator::Add, Box::new(result), Box::new(zero)) }
    }
}

/// Arithmetic of a column and a constant, done while the column is read.
fn joined<'a>(left: &Number<'a>, operator: Operator, right: &Number<'a>) -> Option<Form<'a>> {
    let (column, constant, swapped) = match (left.constant(), right.constant()) {
        (None, Some(x)) => (left, x, false),
        (Some(x), None) => (right, x, true),
        _ => return None,
    };
    let Form::Narrow { values, factor, summand, set } = column.form else { return None };
    let (factor, summand) = match (operator, swapped) {
        (Operator::Add, _) => (factor, summand + constant),
        (Operator::Subtract, false) => (factor, summand - constant),
        (Operator::Subtract, true) => (-factor, constant - summand),
        (Operator::Multiply, _) => (factor * constant, summand * constant),
        (Operator::Divide | Operator::Remainder, _) => return None,
    };
    // The product alone must be exact as well; no column is wider than this.
    let product = factor.abs() * 2f64.powi(31);
    let exact = product <= EXACT as f64 && summand.abs() <= EXACT as f64;
    exact.then_some(Form::Narrow { values, factor, summand: summand + 0.0, set })
}

/// The ends as they are if floats hold all between them exactly.
pub(super) fn reach(low: i128, high: i128) -> Option<(i64, i64)> {
    let fits = low >= -EXACT && high <= EXACT;
    fits.then(|| i64::try_from(low).ok().zip(i64::try_from(high).ok()))?
}

fn result_reach(operator: Operator, a: (i64, i64), b: (i64, i64)) -> Option<(i64, i64)> {
    let [(a, b), (c, d)] = [a, b].map(|(low, high)| (i128::from(low), i128::from(high)));
    match operator {
        Operator::Add => reach(a + c, b + d),
        Operator::Subtract => reach(a - d, b - c),
        Operator::Multiply => {
            let products = [a * c, a * d, b * c, b * d];
            reach(*products.iter().min()?, *products.iter().max()?)
        }
        Operator::Remainder => reach(a.min(0), b.max(0)),
        Operator::Divide => None,
    }
}
