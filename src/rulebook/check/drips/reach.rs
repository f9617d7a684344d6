//! Steps that nobody ever comes to.
//!
//! Known without any user: a step after `stop:` of the same drip, after a
//! branch, a wait or a split whose every way ends so, and a way whose `if` is
//! the literal `true` or `false`. What conditions come out as is not guessed.

use super::codes;
use super::steps::{Step, What};
use crate::condition::Condition;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::{DripId, Text};
use crate::rulebook::action::Action;
use crate::rulebook::raw::Reader;

/// Warns of the first step of each list that nobody comes to.
pub(super) fn warn(steps: &[Step], drip: DripId, reader: &mut Reader) {
    let end = steps.iter().position(|step| ends(step, drip));
    if let Some((last, next)) = end.and_then(|end| Some((&steps[end], steps.get(end + 1)?))) {
        reader.found.push(unreachable(next, Some(last.place)));
    }
    for step in steps {
        match &step.what {
            What::Act { .. } | What::Wait(_) | What::WaitUntil(_) => {}
            What::WaitFor { then, otherwise, .. } => {
                warn(then, drip, reader);
                warn(otherwise, drip, reader);
            }
            What::Branch { condition, then, otherwise } => {
                let never = match literal(condition) {
                    Some(true) => otherwise.first(),
                    Some(false) => then.first(),
                    None => None,
                };
                reader.found.extend(never.map(|step| unreachable(step, None)));
                warn(then, drip, reader);
                warn(otherwise, drip, reader);
            }
            What::Split { variants, .. } => variants.iter().for_each(|variant| warn(variant, drip, reader)),
        }
    }
}

/// Whether nothing after this step is ever done.
fn ends(step: &Step, drip: DripId) -> bool {
    let all_end = |steps: &[Step]| steps.iter().any(|step| ends(step, drip));
    match &step.what {
        What::Act { action, .. } => matches!(&**action, Action::Stop(stopped) if *stopped == drip),
        What::Wait(_) | What::WaitUntil(_) => false,
        What::WaitFor { then, otherwise, .. } => all_end(then) && all_end(otherwise),
        What::Branch { condition, then, otherwise } => match literal(condition) {
            Some(true) => all_end(then),
            Some(false) => all_end(otherwise),
            None => all_end(then) && all_end(otherwise),
        },
        What::Split { variants, .. } => !variants.is_empty() && variants.iter().all(|variant| all_end(variant)),
    }
}

/// The answer of a condition that is `true` or `false` itself.
fn literal(condition: &Condition) -> Option<bool> {
    condition.text().trim().parse().ok()
}

fn unreachable(step: &Step, last: Option<Place>) -> Diagnostic {
    let text = Text::new("nobody ever comes to this step", "до этого шага никто не дойдёт");
    let help = Text::new("remove it, or let a way lead here", "удалите его или оставьте к нему путь");
    let diagnostic = Diagnostic::warning(codes::UNREACHABLE, text, step.place).help(help);
    match last {
        Some(place) => diagnostic.also(place, Text::new("here every way ends", "здесь кончаются все пути")),
        None => diagnostic,
    }
}
