//! How the answer of a program changes while time passes and nothing else
//! does.
//!
//! Most tests of time are linear in `now`: each user's answer flips at moments
//! that can be told in advance. `today` changes at midnight, the calendar of
//! `now` at quarter hours. What is left may change at any time. Facts are not
//! looked at: whoever keeps them knows when they change.

use super::datum::Datum;
use super::function::Behaviour;
use super::ir::{Call, Expr, Op};
use super::syntax::Operator;
use super::{Program, Row, row};
use crate::model::{Time, TimeDelta, Value};

const MINUTE: i64 = 60_000;
const QUARTER: i64 = 15 * MINUTE;
const DAY: i128 = 86_400_000;
/// Sums beyond this may leave the range of times, where an answer becomes
/// missing: such a user is looked at each minute.
const FAR: i128 = 1 << 61;

/// What the passing of time does to a program's answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// Whether it changes at moments of each user's own, which
    /// [`Program::next_change`] tells.
    pub moments: bool,
    /// When it may change for everybody at once, besides.
    pub sweep: Sweep,
}

/// When an answer may change for everybody at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sweep {
    /// Never.
    #[default]
    Never,
    /// At the project's midnight.
    Midnight,
    /// At each quarter of an hour, which all time zones keep; at midnight too.
    Quarter,
    /// At any moment: looked at each minute.
    Minute,
}

/// The moments and the sweeps of a program, worked out once.
#[derive(Debug, Default)]
pub(super) struct Changes {
    flips: Vec<Flip>,
    sweep: Sweep,
}

/// Where an answer flips for one user.
#[derive(Debug)]
enum Flip {
    /// Where a sum that moves with now is zero.
    Zero(Linear),
    /// At whole days from a time.
    Days {
        since: Linear,
        /// Only where the count of days passes this one.
        count: Option<i64>,
        until: bool,
    },
}

/// So many times now, and values of the user.
#[derive(Clone, Debug, Default)]
struct Linear {
    now: i64,
    parts: Vec<(i64, Expr)>,
    constant: i128,
}

impl Program {
    /// How its answer changes by the passing of time alone; by that of facts,
    /// see [`Program::facts`].
    pub fn pace(&self) -> Pace {
        Pace { moments: !self.changes.flips.is_empty(), sweep: self.changes.sweep }
    }

    /// The first moment after the row's now at which the answer may change for
    /// this user alone, if there is one; never too late, perhaps too early.
    pub fn next_change<R: Row + ?Sized>(&self, row: &R) -> Option<Time> {
        self.changes.flips.iter().filter_map(|flip| flip.next(row)).min()
    }
}

impl Changes {
    pub fn new(root: &Expr) -> Self {
        let mut changes = Self::default();
        changes.look(root);
        changes
    }

    fn look(&mut self, expr: &Expr) {
        match &expr.op {
            Op::Now => self.sweep = Sweep::Minute,
            Op::Today => self.sweep = self.sweep.max(Sweep::Midnight),
            Op::Compare { left, right, .. } => self.compare(left, right),
            Op::Between { value, low, high } => {
                self.compare(value, low);
                self.compare(value, high);
            }
            Op::OneOf { item, elements } => elements.iter().for_each(|element| self.compare(item, element)),
            Op::Missing(inner) => match Linear::of(inner) {
                // A sum is missing where a value is; or beyond the range of
                // times, which only such users come near as are looked at often.
                Some(linear) => self.sum(linear),
                None => self.look(inner),
            },
            Op::Call(Call { behaviour: Behaviour::Clock(_), .. }) => self.days(expr, None),
            Op::Call(Call { behaviour: Behaviour::Calendar(_), arguments, .. }) => {
                arguments.iter().for_each(|at| self.calendar(at));
            }
            Op::Constant(_)
            | Op::Field(_)
            | Op::Segment(_)
            | Op::Fact(_)
            | Op::Event(_)
            | Op::Metric(_)
            | Op::Not(_)
            | Op::All(_)
            | Op::Any(_)
            | Op::ElementOf { .. }
            | Op::Text { .. }
            | Op::Matches { .. }
            | Op::Negate(_)
            | Op::Chain { .. }
            | Op::Call(_)
            | Op::Widen(_) => expr.children().into_iter().for_each(|child| self.look(child)),
        }
    }

    fn compare(&mut self, left: &Expr, right: &Expr) {
        if let (Some(a), Some(b)) = (Linear::of(left), Linear::of(right)) {
            return self.sum(a.plus(&b, -1));
        }
        match (whole_number(left), whole_number(right)) {
            (None, Some(count)) if is_days(left) => self.days(left, Some(count)),
            (Some(count), None) if is_days(right) => self.days(right, Some(count)),
            _ => {
                self.look(left);
                self.look(right);
            }
        }
    }

    /// A sum of which it matters whether it is below, at or above zero.
    fn sum(&mut self, linear: Linear) {
        self.parts(&linear);
        if linear.now != 0 {
            self.flips.push(Flip::Zero(linear));
        }
    }

    /// What the user's values in a sum themselves depend on.
    fn parts(&mut self, linear: &Linear) {
        linear.parts.iter().for_each(|(_, part)| self.look(part));
    }

    /// A count of whole days between a time and now.
    fn days(&mut self, expr: &Expr, count: Option<i64>) {
        let Op::Call(Call { function, arguments, .. }) = &expr.op else { return };
        for at in arguments {
            match Linear::of(at) {
                Some(since) if since.now == 0 => {
                    self.parts(&since);
                    self.flips.push(Flip::Days { since, count, until: function.name == "days_until" });
                }
                Some(_) | None => self.sweep = Sweep::Minute,
            }
        }
    }

    /// A part of the calendar at a time.
    fn calendar(&mut self, at: &Expr) {
        match Linear::of(at) {
            Some(at) if at.now == 0 => self.parts(&at),
            Some(at) if at.now == 1 && at.parts.is_empty() && at.constant % i128::from(QUARTER) == 0 => {
                self.sweep = self.sweep.max(Sweep::Quarter);
            }
            Some(_) | None => self.look(at),
        }
    }
}

impl Flip {
    fn next<R: Row + ?Sized>(&self, row: &R) -> Option<Time> {
        let now = i128::from(row.now().0);
        let far = || Some(Time(row.now().0.saturating_add(MINUTE)));
        match self {
            Self::Zero(linear) => {
                let Some(rest) = linear.rest(row)? else { return far() };
                let k = i128::from(linear.now);
                // The sum is zero at this moment if it is whole, and has changed its sign after it.
                let zero = (-rest).div_euclid(k);
                first_after(now, [zero, zero + 1])
            }
            Self::Days { since, count, until } => {
                let Some(at) = since.rest(row)? else { return far() };
                let days = |n: i128| if *until { at - n * DAY + 1 } else { at + n * DAY };
                match count {
                    Some(n) => first_after(now, [days(i128::from(*n)), days(i128::from(*n) + 1)]),
                    None if *until => first_after(now, [now + (at - now).rem_euclid(DAY) + 1]),
                    None => first_after(now, [now + DAY - (now - at).rem_euclid(DAY)]),
                }
            }
        }
    }
}

fn first_after<const N: usize>(now: i128, moments: [i128; N]) -> Option<Time> {
    let next = moments.into_iter().filter(|at| *at > now).min()?;
    i64::try_from(next).ok().map(Time)
}

impl Linear {
    /// The expression as a sum, if it is a time or a length of time and one.
    fn of(expr: &Expr) -> Option<Self> {
        let part = |expr: &Expr| Self { now: 0, parts: vec![(1, expr.clone())], constant: 0 };
        match &expr.op {
            Op::Now => Some(Self { now: 1, ..Self::default() }),
            Op::Constant(Value::Time(Time(x)) | Value::Duration(TimeDelta(x))) => {
                Some(Self { constant: i128::from(*x), ..Self::default() })
            }
            Op::Negate(inner) if is_of_time(expr) && moves(expr) => Some(Self::default().plus(&Self::of(inner)?, -1)),
            Op::Chain { first, rest } if is_of_time(expr) && moves(expr) => {
                rest.iter().try_fold(Self::of(first)?, |sum, (op, e)| {
                    Some(sum.plus(
                        &Self::of(e)?,
                        match op {
                            Operator::Add => 1,
                            Operator::Subtract => -1,
                            Operator::Multiply | Operator::Divide | Operator::Remainder => return None,
                        },
                    ))
                })
            }
            _ if is_of_time(expr) && !moves(expr) => Some(part(expr)),
            _ => None,
        }
    }

    fn plus(mut self, other: &Self, sign: i64) -> Self {
        self.now += sign * other.now;
        self.constant += i128::from(sign) * other.constant;
        self.parts.extend(other.parts.iter().map(|(times, part)| (sign * times, part.clone())));
        self
    }

    /// The sum without now; nothing if a value is missing, and no number if
    /// one is so far away that sums with it may be missing.
    fn rest<R: Row + ?Sized>(&self, row: &R) -> Option<Option<i128>> {
        let (mut sum, mut is_far) = (self.constant, self.constant.abs() > FAR);
        for (times, part) in &self.parts {
            let (Datum::Time(Time(x)) | Datum::Duration(TimeDelta(x))) = row::value(part, row) else { return None };
            sum += i128::from(*times) * i128::from(x);
            is_far |= i128::from(x).abs() > FAR || sum.abs() > FAR;
        }
        Some(Some(sum).filter(|_| !is_far))
    }
}

/// Whether now stands anywhere in an expression.
fn moves(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |part| found |= matches!(part.op, Op::Now));
    found
}

fn is_of_time(expr: &Expr) -> bool {
    matches!(expr.ty, crate::model::Type::Time | crate::model::Type::Duration)
}

fn is_days(expr: &Expr) -> bool {
    matches!(&expr.op, Op::Call(Call { behaviour: Behaviour::Clock(_), .. }))
}

fn whole_number(expr: &Expr) -> Option<i64> {
    match &expr.op {
        Op::Constant(Value::Int(x)) => Some(*x),
        _ => None,
    }
}
