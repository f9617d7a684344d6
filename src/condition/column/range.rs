//! Comparisons with a constant that are solved for the column: what
//! `paid_count + 1 > 5` asks of the column is `paid_count >= 5`, a time counted
//! in seconds is compared in seconds, and whole days are a range of moments.

use super::Relation;
use super::arithmetic::DAY;
use super::leaf::Test;
use super::number::{Form, Kind, Number};

/// From where to where, both included; further than any value means no end.
type Ends = (i128, i128);

const FAR: i128 = 1 << 100;

/// The test of a column, and the rows where its answer is known.
pub(super) fn solved<'a>(
    left: &Number<'a>,
    relation: Relation,
    right: &Number<'a>,
) -> Option<(Test<'a>, Option<&'a [u64]>)> {
    if let (Form::Floats { values, set }, Some(constant)) = (&left.form, right.constant()) {
        return Some((Test::Float { values, relation, constant }, *set));
    }
    let comparable = left.kind == right.kind || (left.kind == Kind::Int && right.kind == Kind::Float);
    let ends = match right.form {
        _ if !comparable || left.kind == Kind::Float => return None,
        Form::Constant(x) => ends(relation, x.floor() as i128, x.ceil() as i128),
        Form::WideConstant(x) => ends(relation, x.into(), x.into()),
        _ => return None,
    };
    column(left, ends?)
}

/// What a relation with a constant asks of whole numbers. The constant lies
/// between two whole numbers or is both.
fn ends(relation: Relation, below: i128, above: i128) -> Option<Ends> {
    match relation {
        Relation::Equal => Some((above, below)),
        Relation::NotEqual => None,
        Relation::Less => Some((-FAR, above - 1)),
        Relation::LessOrEqual => Some((-FAR, below)),
        Relation::Greater => Some((below + 1, FAR)),
        Relation::GreaterOrEqual => Some((above, FAR)),
    }
}

/// What is asked of the column from which a number is made.
fn column<'a>(number: &Number<'a>, (low, high): Ends) -> Option<(Test<'a>, Option<&'a [u64]>)> {
    match &number.form {
        Form::Narrow { values, factor, summand, set } => {
            let (factor, summand) = (*factor as i128, *summand as i128);
            let (low, high) = divided((low.max(-FAR) - summand, high.min(FAR) - summand), factor)?;
            Some((Test::Range { values: *values, low, high }, *set))
        }
        Form::Wide { values, unit, set } => {
            let (low, high) = divided((low, high), i128::from(*unit))?;
            Some((Test::Range { values: *values, low, high }, *set))
        }
        Form::Days(inner) => {
            let day = i128::from(DAY);
            column(inner, ((low.max(-FAR / day)) * day, high.min(FAR / day) * day + day - 1))
        }
        _ => None,
    }
}

/// The whole numbers whose product with `factor` lies between the ends.
fn divided((low, high): Ends, factor: i128) -> Option<(i64, i64)> {
    let (low, high) = match factor {
        0 => return None,
        1.. => (low, high),
        _ => (-high, -low),
    };
    let factor = factor.abs();
    let up = -((-low).div_euclid(factor));
    let down = high.div_euclid(factor);
    if up > down {
        return Some((1, 0));
    }
    let clamp = |x: i128| i64::try_from(x).unwrap_or(if x < 0 { i64::MIN } else { i64::MAX });
    // An end beyond all values asks for none of them, not for the last.
    let none = up > i128::from(i64::MAX) || down < i128::from(i64::MIN);
    Some(if none { (1, 0) } else { (clamp(up), clamp(down)) })
}
