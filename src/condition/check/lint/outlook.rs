//! What a condition may answer, without a user: every part is outlined, under
//! at most one assumption about one of them.
//!
//! Parts are taken as independent of each other, so an outline may be too
//! wide and never too narrow. Two things are relied on: the moment of asking
//! lies within the calendar, and users have an id.

use super::could::{Answers, Could, Values};
use crate::condition::datum::Datum;
use crate::condition::function::{Behaviour, Takes};
use crate::condition::ir::{Call, Expr, Op};
use crate::condition::syntax::{Operator, Relation};
use crate::condition::{EventPart, Fact, Row, Truth, row};
use crate::model::{FieldId, Schema, SegmentId, Time, Type, Value, builtin};
use jiff::tz::TimeZone;
use std::cell::Cell;

/// More parts than this are not looked at for one condition; what is left
/// over is not warned of.
const WORK: usize = 200_000;
/// As far from now as a moment can be, and farther.
pub(super) const FAR: i128 = 1 << 100;
/// A length of time that leads from now to a moment that exists, wherever in
/// the calendar now is.
const REACH: i64 = 1 << 62;

/// A part of the condition and what it is taken to be.
pub(super) type Assumed<'e> = Option<(&'e Expr, Could<'e>)>;

/// What is known before any user is.
pub(super) struct Outlook<'e> {
    schema: &'e Schema,
    nobody: &'e Nobody,
    left: Cell<usize>,
}

/// The row for parts that read nothing of it.
pub(super) struct Nobody;

impl<'e> Outlook<'e> {
    pub fn new(schema: &'e Schema, nobody: &'e Nobody) -> Self {
        Self { schema, nobody, left: Cell::new(WORK) }
    }

    /// Whether so much more may be looked at.
    pub fn affords(&self, work: usize) -> bool {
        let left = self.left.get().checked_sub(work);
        self.left.set(left.unwrap_or(self.left.get()));
        left.is_some()
    }

    /// The answers that a test may give.
    pub fn judge(&self, expr: &'e Expr, assumed: &Assumed<'e>) -> Answers {
        if let Some((subject, could)) = assumed
            && *subject == expr
        {
            return could.answers();
        }
        match &expr.op {
            Op::Not(inner) => self.judge(inner, assumed).negated(),
            Op::All(list) => self.joined(list.iter(), Truth::and, Truth::True, assumed),
            Op::Any(list) => self.joined(list.iter(), Truth::or, Truth::False, assumed),
            Op::Missing(inner) => self.could(inner, assumed).is_missing(),
            Op::Compare { relation, left, right } if left == right => {
                let set = Answers::one(Truth::from(relation.holds(std::cmp::Ordering::Equal)));
                let missing = self.could(left, assumed).missing;
                if missing { set.or_also(Answers::one(Truth::Unknown)) } else { set }
            }
            Op::Compare { relation, left, right } => {
                self.could(left, assumed).compare(*relation, &self.could(right, assumed))
            }
            Op::Between { value, low, high } => {
                let value = self.could(value, assumed);
                let above = value.compare(Relation::GreaterOrEqual, &self.could(low, assumed));
                above.joined(value.compare(Relation::LessOrEqual, &self.could(high, assumed)), Truth::and)
            }
            Op::OneOf { item, elements } => {
                let item = self.could(item, assumed);
                let each = elements.iter().map(|element| item.compare(Relation::Equal, &self.could(element, assumed)));
                each.fold(Answers::one(Truth::False), |sum, next| sum.joined(next, Truth::or))
            }
            Op::ElementOf { .. } | Op::Text { .. } | Op::Matches { .. } if is_constant(expr) => {
                Answers::one(row::judge(expr, self.nobody))
            }
            Op::ElementOf { .. } | Op::Text { .. } | Op::Matches { .. } => {
                let missing = expr.children().into_iter().any(|part| self.could(part, assumed).missing);
                let set = Answers::one(Truth::True).or_also(Answers::one(Truth::False));
                if missing { Answers::ALL } else { set }
            }
            Op::Constant(_)
            | Op::Field(_)
            | Op::Segment(_)
            | Op::Fact(_)
            | Op::Event(_)
            | Op::Metric(_)
            | Op::Now
            | Op::Today
            | Op::Negate(_)
            | Op::Chain { .. }
            | Op::Call(_)
            | Op::Widen(_) => self.could(expr, assumed).answers(),
        }
    }

    /// The answers of tests joined by `and` or `or`.
    pub fn joined(
        &self,
        list: impl Iterator<Item = &'e Expr>,
        join: fn(Truth, Truth) -> Truth,
        none: Truth,
        assumed: &Assumed<'e>,
    ) -> Answers {
        list.fold(Answers::one(none), |sum, next| sum.joined(self.judge(next, assumed), join))
    }

    /// What a part may come to.
    pub fn could(&self, expr: &'e Expr, assumed: &Assumed<'e>) -> Could<'e> {
        if let Some((subject, could)) = assumed
            && *subject == expr
        {
            return could.clone();
        }
        match &expr.op {
            Op::Constant(value) => Could::exactly(Datum::from_value(value)),
            Op::Field(id) => {
                let missing = self.schema.field(*id).default.is_missing() && *id != builtin::ID;
                Could { missing, values: of_type(&expr.ty) }
            }
            Op::Segment(_) => Could { missing: false, values: of_type(&Type::Bool) },
            Op::Fact(fact) => self.fact(fact, &expr.ty),
            Op::Event(_) | Op::Metric(_) => Could { missing: true, values: of_type(&expr.ty) },
            Op::Now => Could { missing: false, values: Values::FromNow(0, 0) },
            Op::Today => Could { missing: false, values: Values::FromNow(-FAR, 0) },
            Op::Negate(_) | Op::Chain { .. } | Op::Widen(_) if is_constant(expr) => {
                Could::exactly(row::value(expr, self.nobody))
            }
            Op::Chain { rest, .. } if rest.iter().any(divides_by_zero) => Could::exactly(Datum::Missing),
            Op::Chain { first, rest } => self.moment(first, rest),
            Op::Negate(_) | Op::Widen(_) => Could::anything(),
            Op::Call(call) => self.call(call, expr, assumed),
            Op::Not(_)
            | Op::All(_)
            | Op::Any(_)
            | Op::Missing(_)
            | Op::Compare { .. }
            | Op::Between { .. }
            | Op::OneOf { .. }
            | Op::ElementOf { .. }
            | Op::Text { .. }
            | Op::Matches { .. } => Could::from_answers(self.judge(expr, assumed)),
        }
    }

    /// `now` and a length of time.
    fn moment(&self, first: &'e Expr, rest: &'e [(Operator, Expr)]) -> Could<'e> {
        let (Op::Now, [(operator, length)]) = (&first.op, rest) else { return Could::anything() };
        let length = self.could(length, &None);
        let Values::Range(Datum::Duration(by), Datum::Duration(most)) = length.values else {
            return Could::anything();
        };
        let by_now = if *operator == Operator::Subtract { -i128::from(by.0) } else { i128::from(by.0) };
        if by != most || length.missing {
            return Could::anything();
        }
        Could { missing: !(-REACH..=REACH).contains(&by.0), values: Values::FromNow(by_now, by_now) }
    }

    fn fact(&self, fact: &Fact, ty: &Type) -> Could<'e> {
        match fact {
            Fact::Count { .. } | Fact::Received { .. } | Fact::Clicked { .. } => {
                Could { missing: false, values: Values::Range(Datum::Int(0), Datum::Int(i64::MAX)) }
            }
            Fact::Sum { .. } | Fact::InDrip(_) | Fact::FinishedDrip(_) => Could { missing: false, values: of_type(ty) },
            Fact::First(_) | Fact::Last(_) | Fact::Variant(_) => Could { missing: true, values: of_type(ty) },
        }
    }

    fn call(&self, call: &'e Call, expr: &'e Expr, assumed: &Assumed<'e>) -> Could<'e> {
        if is_constant(expr) {
            return Could::exactly(row::value(expr, self.nobody));
        }
        let mut arguments = call.arguments.iter().map(|argument| self.could(argument, assumed));
        let missing = match (call.function.form.takes(), call.behaviour) {
            (_, Behaviour::Drawn(_)) => false,
            // The calendar ends where moments do not.
            (_, Behaviour::Calendar(_)) => !arguments.all(|a| matches!(a.values, Values::FromNow(0, 0))),
            (_, Behaviour::Clock(_)) | (Some(Takes::Text | Takes::Sized), _) => arguments.any(|a| a.missing),
            (Some(Takes::Alike), _) => arguments.all(|a| a.missing),
            (_, Behaviour::Plain(_)) => true,
        };
        let values = match (&expr.ty, call.function.bounds) {
            (Type::Int, Some((low, high))) => Values::Range(Datum::Int(low), Datum::Int(high)),
            (Type::Float, Some((low, high))) => {
                let high = if high == i64::MAX { f64::MAX } else { high as f64 };
                Values::Range(Datum::Float(low as f64), Datum::Float(high))
            }
            (ty, _) => of_type(ty),
        };
        Could { missing, values }
    }
}

fn of_type<'e>(ty: &Type) -> Values<'e> {
    match ty {
        Type::Bool => Values::Range(Datum::Bool(false), Datum::Bool(true)),
        Type::Int
        | Type::Float
        | Type::Money
        | Type::String
        | Type::Time
        | Type::Duration
        | Type::List
        | Type::Enum(_) => Values::Any,
    }
}

/// A step whose result is missing for everybody.
fn divides_by_zero((operator, divisor): &(Operator, Expr)) -> bool {
    let divides = matches!(operator, Operator::Divide | Operator::Remainder);
    let zero = |value: &Value| matches!(value, Value::Int(0)) || matches!(value, Value::Float(x) if *x == 0.0);
    divides && matches!(&divisor.op, Op::Constant(value) if zero(value))
}

/// Whether a part reads nothing of the row.
pub(super) fn is_constant(expr: &Expr) -> bool {
    let reads = match &expr.op {
        Op::Field(_) | Op::Segment(_) | Op::Fact(_) | Op::Event(_) | Op::Metric(_) | Op::Now | Op::Today => true,
        Op::Call(call) => !matches!(call.behaviour, Behaviour::Plain(_)),
        Op::Constant(_)
        | Op::Not(_)
        | Op::All(_)
        | Op::Any(_)
        | Op::Missing(_)
        | Op::Compare { .. }
        | Op::Between { .. }
        | Op::OneOf { .. }
        | Op::ElementOf { .. }
        | Op::Text { .. }
        | Op::Matches { .. }
        | Op::Negate(_)
        | Op::Chain { .. }
        | Op::Widen(_) => false,
    };
    !reads && expr.children().into_iter().all(is_constant)
}

impl Row for Nobody {
    fn field(&self, _: FieldId) -> &Value {
        &Value::Missing
    }
    fn now(&self) -> Time {
        Time(0)
    }
    fn zone(&self) -> &TimeZone {
        const UTC: &TimeZone = &TimeZone::UTC;
        UTC
    }
    fn in_segment(&self, _: SegmentId) -> bool {
        false
    }
    fn fact(&self, _: &Fact) -> Value {
        Value::Missing
    }
    fn event(&self, _: EventPart) -> &Value {
        &Value::Missing
    }
}
