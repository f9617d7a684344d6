//! How long it may take until there is an answer, if what is seen now is how
//! things are: the standard error shrinks with the root of the users, and the
//! sequence's reach grows slowly.

use super::{Progress, Remaining, Rules};
use crate::experiment::statistics::{Analysis, Difference, PLANNED, Sequence};

/// Beyond so many users nothing is forecast.
const FAR: f64 = 1e12;

/// What is missing to the number declared in advance.
pub(super) fn to_plan(analysis: &Analysis, rules: &Rules, progress: &Progress) -> Remaining {
    let missing = rules.planned.map(|planned| planned.saturating_sub(analysis.users()));
    remaining(missing, progress)
}

/// What is missing until a variant wins, or until none can be better by what
/// is worthwhile, whichever comes first.
pub(super) fn to_answer(analysis: &Analysis, rules: &Rules, progress: &Progress) -> Remaining {
    let variants = analysis.variants().count().max(1) as f64;
    let planned = rules.planned.unwrap_or(PLANNED);
    // of several, the last to be told apart has the full alpha and the first its part of it
    let (strict, plain) = (Sequence::new(rules.alpha / variants, planned), Sequence::new(rules.alpha, planned));
    let differences: Option<Vec<Difference>> = analysis.variants().map(|(_, versus)| versus.difference).collect();
    let Some(differences) = differences.filter(|list| !list.is_empty()) else { return Remaining::default() };
    let wins = differences.iter().filter_map(|difference| to_win(difference, &strict)).min_by(f64::total_cmp);
    let ends: Option<Vec<f64>> = differences.iter().map(|one| to_end(one, &plain, rules.worthwhile)).collect();
    let ends = ends.and_then(|list| list.into_iter().max_by(f64::total_cmp));
    let times = wins.into_iter().chain(ends).min_by(f64::total_cmp);
    remaining(times.map(|times| rounded((times - 1.0) * analysis.users() as f64)), progress)
}

/// How many times the users it takes until the interval leaves out zero.
fn to_win(difference: &Difference, sequence: &Sequence) -> Option<f64> {
    let users = difference.users as f64;
    first(users, |times| difference.value / difference.error * times.sqrt() > sequence.reach(users * times))
}

/// How many times the users it takes until no lift of what is worthwhile is left.
fn to_end(difference: &Difference, sequence: &Sequence, worthwhile: f64) -> Option<f64> {
    let (users, lift) = (difference.users as f64, difference.lift?);
    first(users, |times| lift.value + lift.error / times.sqrt() * sequence.reach(users * times) <= worthwhile)
}

/// The smallest multiple of the users, one at least, at which something holds
/// that holds from there on.
fn first(users: f64, holds: impl Fn(f64) -> bool) -> Option<f64> {
    let (mut low, mut high) = (1.0, 1.0);
    while !holds(high) {
        (low, high) = (high, high * 2.0);
        if users * high > FAR {
            return None;
        }
    }
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        if holds(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

fn remaining(users: Option<u64>, progress: &Progress) -> Remaining {
    let per_day = progress.users_per_day.filter(|users| *users > 0.0);
    let days = users.zip(per_day).map(|(users, per_day)| (users as f64 / per_day).ceil() as u64);
    Remaining { users, days }
}

/// To two digits, upwards: more would pretend to know.
fn rounded(users: f64) -> u64 {
    let mut unit = 1.0;
    while users / unit > 100.0 {
        unit *= 10.0;
    }
    ((users / unit).ceil() * unit).max(1.0) as u64
}
