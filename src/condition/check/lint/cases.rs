//! Case by case: a test that compares one thing with several constants is
//! outlined for each stretch between them, and its answers are those of all
//! stretches together. This finds that `x > 10 and x < 5` never holds, and
//! that `x > 5 or x <= 5` always does where `x` is never missing.

use super::could::{Answers, Could, Values};
use super::outlook::{Assumed, FAR, Outlook, is_constant};
use crate::condition::Truth;
use crate::condition::datum::Datum;
use crate::condition::ir::{Expr, Op};
use crate::model::{Time, TimeDelta, Type};

/// The answers of some tests joined by `and`, as narrow as one case after
/// another makes them.
pub(super) fn answers<'e>(outlook: &Outlook<'e>, tests: &[&'e Expr]) -> Answers {
    let judge = |assumed: &Assumed<'e>| outlook.joined(tests.iter().copied(), Truth::and, Truth::True, assumed);
    let size: usize = tests.iter().map(|test| size(test)).sum();
    if !outlook.affords(size) {
        return Answers::ALL;
    }
    let mut narrowed = judge(&None);
    for subject in subjects(tests) {
        for cases in partitions(outlook, subject, tests) {
            if narrowed.is_settled() || !outlook.affords(size * cases.len()) {
                return narrowed;
            }
            let together = cases.into_iter().map(|case| judge(&Some((subject, case))));
            narrowed = narrowed.but_only(together.fold(Answers::NONE, Answers::or_also));
        }
    }
    narrowed
}

fn size(expr: &Expr) -> usize {
    1 + expr.children().into_iter().map(size).sum::<usize>()
}

/// The things that the tests ask about, each once.
fn subjects<'e>(tests: &[&'e Expr]) -> Vec<&'e Expr> {
    const MOST: usize = 32;
    let mut found: Vec<&Expr> = Vec::new();
    for test in tests {
        test.walk(&mut |expr| {
            for subject in asked_about(expr) {
                if found.len() < MOST && !is_settled(subject) && !found.contains(&subject) {
                    found.push(subject);
                }
            }
        });
    }
    found
}

fn asked_about(expr: &Expr) -> Vec<&Expr> {
    match &expr.op {
        Op::Compare { left, right, .. } => vec![left, right],
        Op::Between { value, .. } => vec![value],
        Op::OneOf { item, .. } => vec![item],
        Op::Missing(inner) => vec![inner],
        Op::Text { .. } | Op::Matches { .. } | Op::ElementOf { .. } => vec![expr],
        Op::Field(_) | Op::Segment(_) | Op::Fact(_) | Op::Event(_) | Op::Metric(_) | Op::Call(_)
            if expr.ty == Type::Bool =>
        {
            vec![expr]
        }
        _ => Vec::new(),
    }
}

/// Whether cases would tell nothing: constants, and now.
fn is_settled(expr: &Expr) -> bool {
    let logic = matches!(expr.op, Op::Not(_) | Op::All(_) | Op::Any(_) | Op::Missing(_));
    let comparison = matches!(expr.op, Op::Compare { .. } | Op::Between { .. } | Op::OneOf { .. });
    logic || comparison || matches!(expr.op, Op::Now | Op::Today) || is_constant(expr)
}

/// All that a thing may be, cut where the tests compare it with something;
/// several cuts where the constants are not of one kind.
fn partitions<'e>(outlook: &Outlook<'e>, subject: &'e Expr, tests: &[&'e Expr]) -> Vec<Vec<Could<'e>>> {
    let base = outlook.could(subject, &None);
    let ends = ends(outlook, subject, tests);
    let mut cuts = match &subject.ty {
        Type::Bool => vec![[false, true].map(|x| exactly(Datum::Bool(x))).to_vec()],
        Type::Enum(set) => vec![set.values.iter().map(|v| exactly(Datum::Text(v.to_string().into()))).collect()],
        Type::String => vec![texts(&ends)],
        Type::Int => vec![whole(&base, &ends, Datum::Int)],
        Type::Money => vec![whole(&base, &ends, Datum::Money)],
        Type::Duration => vec![whole(&base, &ends, |x| Datum::Duration(TimeDelta(x)))],
        Type::Time => vec![whole(&base, &ends, |x| Datum::Time(Time(x))), from_now(&ends)],
        Type::Float => vec![floats(&base, &ends)],
        Type::List => vec![vec![Values::Any]],
    };
    if base.missing {
        cuts.iter_mut().for_each(|cut| cut.push(Values::None));
    }
    let could = |values: Values<'e>| Could { missing: matches!(values, Values::None), values };
    cuts.into_iter().map(|cut| cut.into_iter().map(could).collect()).collect()
}

fn exactly(datum: Datum<'_>) -> Values<'_> {
    Values::Range(datum.clone(), datum)
}

/// What the tests compare the subject with: the ends of those outlines.
fn ends<'e>(outlook: &Outlook<'e>, subject: &'e Expr, tests: &[&'e Expr]) -> Vec<Values<'e>> {
    let mut ends = Vec::new();
    for test in tests {
        test.walk(&mut |expr| {
            for other in compared_with(expr, subject) {
                match outlook.could(other, &None).values {
                    Values::Range(a, b) => ends.extend([exactly(a), exactly(b)]),
                    Values::FromNow(a, b) => ends.extend([Values::FromNow(a, a), Values::FromNow(b, b)]),
                    Values::None | Values::Except(_) | Values::Any => {}
                }
            }
        });
    }
    ends
}

fn compared_with<'e>(expr: &'e Expr, subject: &Expr) -> Vec<&'e Expr> {
    match &expr.op {
        Op::Compare { left, right, .. } if **left == *subject => vec![right],
        Op::Compare { left, right, .. } if **right == *subject => vec![left],
        Op::Between { value, low, high } if **value == *subject => vec![low, high],
        Op::OneOf { item, elements } if **item == *subject => elements.iter().collect(),
        _ => Vec::new(),
    }
}

fn texts<'e>(ends: &[Values<'e>]) -> Vec<Values<'e>> {
    let mut known: Vec<Datum<'e>> = Vec::new();
    for end in ends {
        if let Values::Range(text @ Datum::Text(_), _) = end
            && !known.contains(text)
        {
            known.push(text.clone());
        }
    }
    let others = Values::Except(known.iter().cloned().collect());
    known.into_iter().map(exactly).chain([others]).collect()
}

/// Stretches of whole numbers, of a kind that is made by `datum`.
fn whole<'e>(base: &Could<'e>, ends: &[Values<'e>], datum: fn(i64) -> Datum<'e>) -> Vec<Values<'e>> {
    let (low, high) = match &base.values {
        Values::Range(Datum::Int(low), Datum::Int(high)) => (*low, *high),
        _ => (i64::MIN, i64::MAX),
    };
    let points = ends.iter().flat_map(|end| match end {
        Values::Range(at, _) => points(at, &datum(0)),
        Values::None | Values::FromNow(..) | Values::Except(_) | Values::Any => Vec::new(),
    });
    let stretches = stretches(i128::from(low), i128::from(high), points.map(i128::from).collect());
    let narrow = |x: i128| i64::try_from(x).unwrap_or(high);
    stretches.into_iter().map(|(a, b)| Values::Range(datum(narrow(a)), datum(narrow(b)))).collect()
}

/// The whole numbers nearest to a constant, in the unit of what it is
/// compared with.
fn points(constant: &Datum<'_>, like: &Datum<'_>) -> Vec<i64> {
    match (constant, like) {
        (Datum::Int(x), Datum::Int(_))
        | (Datum::Money(x), Datum::Money(_))
        | (Datum::Time(Time(x)), Datum::Time(_))
        | (Datum::Duration(TimeDelta(x)), Datum::Duration(_)) => vec![*x],
        (Datum::Int(x), Datum::Money(_)) => vec![x.saturating_mul(100)],
        (Datum::Float(x), Datum::Int(_)) => vec![x.floor() as i64, x.ceil() as i64],
        _ => Vec::new(),
    }
}

fn from_now<'e>(ends: &[Values<'e>]) -> Vec<Values<'e>> {
    let points = ends.iter().filter_map(|end| match end {
        Values::FromNow(at, _) => Some(*at),
        Values::None | Values::Range(..) | Values::Except(_) | Values::Any => None,
    });
    stretches(-FAR, FAR, points.collect()).into_iter().map(|(a, b)| Values::FromNow(a, b)).collect()
}

/// From `low` to `high`, with each of the points alone.
fn stretches(low: i128, high: i128, mut points: Vec<i128>) -> Vec<(i128, i128)> {
    points.retain(|point| (low..=high).contains(point));
    points.sort_unstable();
    points.dedup();
    let (mut from, mut found) = (low, Vec::with_capacity(2 * points.len() + 1));
    for point in points {
        if from < point {
            found.push((from, point - 1));
        }
        found.push((point, point));
        from = point + 1;
    }
    if from <= high {
        found.push((from, high));
    }
    found
}

fn floats<'e>(base: &Could<'e>, ends: &[Values<'e>]) -> Vec<Values<'e>> {
    let (low, high) = match &base.values {
        Values::Range(Datum::Float(low), Datum::Float(high)) => (*low, *high),
        _ => (f64::MIN, f64::MAX),
    };
    let mut points: Vec<f64> = ends
        .iter()
        .filter_map(|end| match end {
            Values::Range(Datum::Float(x), _) => Some(*x),
            Values::Range(Datum::Int(x), _) => Some(*x as f64),
            Values::None | Values::Range(..) | Values::FromNow(..) | Values::Except(_) | Values::Any => None,
        })
        .filter(|x| (low..=high).contains(x))
        .collect();
    points.sort_by(f64::total_cmp);
    points.dedup();
    let (mut from, mut found) = (low, Vec::with_capacity(2 * points.len() + 1));
    let range = |a: f64, b: f64| Values::Range(Datum::Float(a), Datum::Float(b));
    for point in points {
        if from < point {
            found.push(range(from, point.next_down()));
        }
        found.push(range(point, point));
        from = point.next_up();
    }
    if from <= high {
        found.push(range(from, high));
    }
    found
}
