//! Numbers, times and durations bound to columns, and what is known of them
//! before any row is seen.
//!
//! Whole numbers that stay within 2^53 are computed as floats, which hold them
//! exactly, in wide lanes and without a check for overflow; the bounds follow
//! from the width of the columns. Others are computed as i64 with checks.

use super::combine::reach;
use super::pool::Lanes;
use super::{Codes, Lists, Span, Whole};
use crate::condition::datum::Datum;
use crate::condition::ir::Expr;
use crate::condition::syntax::Operator;
use crate::model::{Time, TimeDelta, Type};
use std::cmp::Ordering;

/// A number bound to columns.
pub(super) struct Number<'a> {
    pub kind: Kind,
    /// The least and the greatest value of whole numbers that are computed as
    /// floats.
    pub reach: Option<(i64, i64)>,
    pub form: Form<'a>,
}

/// The types of numbers; all but floats are whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Float,
    Money,
    Time,
    Duration,
}

/// Where a number comes from.
pub(super) enum Form<'a> {
    Missing,
    Constant(f64),
    WideConstant(i64),
    Floats {
        values: &'a [f64],
        set: Option<&'a [u64]>,
    },
    /// Narrow whole numbers, each times `factor` plus `summand`.
    Narrow {
        values: Whole<'a>,
        factor: f64,
        summand: f64,
        set: Option<&'a [u64]>,
    },
    Wide {
        values: Whole<'a>,
        unit: i64,
        set: Option<&'a [u64]>,
    },
    /// What depends on one column of codes alone.
    Coded(Box<CodedNumber<'a>>),
    /// The number of characters of a text.
    Length {
        spans: &'a [Span],
        bytes: &'a [u8],
        set: Option<&'a [u64]>,
    },
    /// The number of elements of a list.
    Elements(&'a dyn Lists),
    /// Anything, row by row.
    Rows(&'a Expr),
    /// Both operands as floats.
    Arithmetic(Operator, Box<Number<'a>>, Box<Number<'a>>),
    /// Both operands as i64.
    WideArithmetic(Operator, Box<Number<'a>>, Box<Number<'a>>),
    Negate(Box<Number<'a>>),
    Abs(Box<Number<'a>>),
    /// A float or money to a whole number.
    Rounded(Rounding, Box<Number<'a>>),
    /// Whole days, rounded down.
    Days(Box<Number<'a>>),
    /// The first that is not missing.
    Coalesce(Vec<Number<'a>>),
    /// The one that stands so to the others.
    Extreme(Ordering, Vec<Number<'a>>),
    /// Floats to i64.
    Widened(Box<Number<'a>>),
    /// i64 to floats.
    Rounding(Box<Number<'a>>),
}

/// Numbers by code; the last is for rows without a value.
pub(super) struct CodedNumber<'a> {
    pub codes: Codes<'a>,
    pub set: Option<&'a [u64]>,
    pub floats: Vec<f64>,
    pub wholes: Vec<i64>,
    pub known: Vec<bool>,
}

/// How a number is made whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rounding {
    Nearest,
    Floor,
    Ceil,
}

impl Kind {
    pub fn of(ty: &Type) -> Option<Self> {
        Some(match ty {
            Type::Int => Self::Int,
            Type::Float => Self::Float,
            Type::Money => Self::Money,
            Type::Time => Self::Time,
            Type::Duration => Self::Duration,
            Type::Bool | Type::String | Type::List | Type::Enum(_) => return None,
        })
    }

    pub fn datum<'d>(self, whole: i64) -> Datum<'d> {
        match self {
            Self::Int => Datum::Int(whole),
            Self::Float => Datum::Float(whole as f64),
            Self::Money => Datum::Money(whole),
            Self::Time => Datum::Time(Time(whole)),
            Self::Duration => Datum::Duration(TimeDelta(whole)),
        }
    }
}

impl Rounding {
    pub fn float(self, x: f64) -> f64 {
        match self {
            Self::Nearest => x.round(),
            Self::Floor => x.floor(),
            Self::Ceil => x.ceil(),
        }
    }

    pub fn hundredths(self, x: i64) -> i64 {
        let (below, rest) = (x.div_euclid(100), x.rem_euclid(100));
        let up = match self {
            Self::Nearest if x < 0 => rest > 50,
            Self::Nearest => rest >= 50,
            Self::Floor => false,
            Self::Ceil => rest > 0,
        };
        below + i64::from(up)
    }
}

impl<'a> Number<'a> {
    pub fn float(form: Form<'a>) -> Self {
        Self { kind: Kind::Float, reach: None, form }
    }

    pub fn wide(kind: Kind, form: Form<'a>) -> Self {
        Self { kind, reach: None, form }
    }

    pub fn exact(kind: Kind, reach: (i64, i64), form: Form<'a>) -> Self {
        Self { kind, reach: Some(reach), form }
    }

    pub fn whole_constant(kind: Kind, x: i64) -> Self {
        match reach(x.into(), x.into()) {
            Some(reach) => Self::exact(kind, reach, Form::Constant(x as f64)),
            None => Self::wide(kind, Form::WideConstant(x)),
        }
    }

    /// The values of a column of whole numbers.
    pub fn column(kind: Kind, values: Whole<'a>, unit: i64, set: Option<&'a [u64]>) -> Self {
        let (least, greatest) = match values {
            Whole::I8(_) => (i8::MIN.into(), i8::MAX.into()),
            Whole::I16(_) => (i16::MIN.into(), i16::MAX.into()),
            Whole::I32(_) => (i32::MIN.into(), i32::MAX.into()),
            Whole::I64(_) => (i64::MIN.into(), i64::MAX.into()),
        };
        let ends: [i128; 2] = [least, greatest].map(|x: i128| x * i128::from(unit));
        match reach(ends[0].min(ends[1]), ends[0].max(ends[1])) {
            Some(reach) => Self::exact(kind, reach, Form::Narrow { values, factor: unit as f64, summand: 0.0, set }),
            None => Self::wide(kind, Form::Wide { values, unit, set }),
        }
    }

    pub fn is_float(&self) -> bool {
        self.kind == Kind::Float
    }

    /// Whether it is computed as i64.
    pub fn is_wide(&self) -> bool {
        self.kind != Kind::Float && self.reach.is_none()
    }

    /// The same, computed as i64.
    pub fn widened(self) -> Self {
        match (&self.form, self.is_wide()) {
            (_, true) => self,
            (Form::Constant(x), false) => Self::wide(self.kind, Form::WideConstant(*x as i64)),
            (_, false) => Self::wide(self.kind, Form::Widened(Box::new(self))),
        }
    }

    /// As arithmetic with floats takes it: money in major units.
    pub fn into_float(self) -> Self {
        let is_money = self.kind == Kind::Money;
        let float = match self.form {
            Form::WideConstant(x) => Self::float(Form::Constant(x as f64)),
            _ if self.is_wide() => Self::float(Form::Rounding(Box::new(self))),
            form => Self::float(form),
        };
        if is_money { float.with(Operator::Divide, Self::float(Form::Constant(100.0)), None) } else { float }
    }

    /// Money as it is, an int as major units; what goes beyond is missing.
    pub fn hundredths(self) -> Self {
        if self.kind == Kind::Int {
            self.apply(Operator::Multiply, Self::whole_constant(Kind::Int, 100)).of_kind(Kind::Money)
        } else {
            self
        }
    }

    pub fn of_kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// Two numbers for comparison: an int beside money in its hundredths, if
    /// they are exact.
    pub fn to_common_unit(left: Self, right: Self) -> (Self, Self) {
        let fits = |number: &Self| {
            number.reach.is_some_and(|(low, high)| reach(i128::from(low) * 100, i128::from(high) * 100).is_some())
        };
        match (left.kind, right.kind) {
            (Kind::Money, Kind::Int) if fits(&right) => (left, right.hundredths()),
            (Kind::Int, Kind::Money) if fits(&left) => (left.hundredths(), right),
            _ => (left, right),
        }
    }

    /// The same value in every row.
    pub fn constant(&self) -> Option<f64> {
        match self.form {
            Form::Constant(x) => Some(x),
            _ => None,
        }
    }

    pub fn is_constant(&self) -> bool {
        matches!(self.form, Form::Constant(_) | Form::WideConstant(_))
    }

    /// The value of a known row of filled lanes.
    pub fn datum<'d>(&self, lanes: &Lanes, row: usize) -> Datum<'d> {
        if self.is_wide() {
            self.kind.datum(lanes.wholes[row])
        } else if self.kind == Kind::Float {
            Datum::Float(lanes.floats[row])
        } else {
            self.kind.datum(lanes.floats[row] as i64)
        }
    }

    /// Whether a known row may yet be NaN or infinite, which is missing.
    pub fn is_loose(&self) -> bool {
        match &self.form {
            Form::Arithmetic(Operator::Divide | Operator::Remainder, ..) => true,
            Form::Arithmetic(_, left, right) => self.kind == Kind::Float || left.is_loose() || right.is_loose(),
            Form::Negate(inner) | Form::Abs(inner) => inner.is_loose(),
            Form::Days(inner) => inner.is_loose(),
            Form::Missing
            | Form::Constant(_)
            | Form::WideConstant(_)
            | Form::Floats { .. }
            | Form::Narrow { .. }
            | Form::Wide { .. }
            | Form::Coded(_)
            | Form::Length { .. }
            | Form::Elements(_)
            | Form::Rows(_)
            | Form::WideArithmetic(..)
            | Form::Rounded(..)
            | Form::Coalesce(_)
            | Form::Extreme(..)
            | Form::Widened(_)
            | Form::Rounding(_) => false,
        }
    }

    pub fn negate(self) -> Self {
        if self.is_wide() || self.kind == Kind::Float {
            return Self { kind: self.kind, reach: self.reach, form: Form::Negate(Box::new(self)) };
        }
        let kind = self.kind;
        Self::whole_constant(kind, 0).whole(Operator::Subtract, self, kind)
    }

    pub fn abs(self) -> Self {
        let reach = self.reach.map(|(low, high)| (0, low.abs().max(high.abs())));
        Self { kind: self.kind, reach, form: Form::Abs(Box::new(self)) }
    }

    pub fn rounded(self, rounding: Rounding) -> Self {
        match self.kind {
            Kind::Money => Self::wide(Kind::Int, Form::Rounded(rounding, Box::new(self.widened()))),
            Kind::Float => Self::wide(Kind::Int, Form::Rounded(rounding, Box::new(self))),
            Kind::Int | Kind::Time | Kind::Duration => self,
        }
    }

    /// Whole days of a duration that is computed as floats.
    pub fn days(self) -> Option<Self> {
        let (low, high) = self.reach?;
        let days = |x: i64| x.div_euclid(super::arithmetic::DAY);
        Some(Self::exact(Kind::Int, (days(low), days(high)), Form::Days(Box::new(self))))
    }

    /// The same kind for all, and all in the same lanes.
    pub fn alike(list: Vec<Self>) -> Option<Vec<Self>> {
        let kind = list.first()?.kind;
        if list.iter().any(|number| number.kind != kind) {
            return None;
        }
        let wide = list.iter().any(Self::is_wide);
        Some(if wide { list.into_iter().map(Self::widened).collect() } else { list })
    }

    /// One of some alike.
    pub fn one_of(list: Vec<Self>, form: impl FnOnce(Vec<Self>) -> Form<'a>) -> Option<Self> {
        let kind = list.first()?.kind;
        let reach = list.iter().map(|number| number.reach).reduce(|a, b| {
            a.zip(b).map(|((low, high), (other_low, other_high))| (low.min(other_low), high.max(other_high)))
        })?;
        Some(Self { kind, reach, form: form(list) })
    }
}
