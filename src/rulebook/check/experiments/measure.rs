//! What of the goal an experiment compares: whether users reached it, how
//! often, or the sum of a number that its event tells.

use super::shape::MEASURES;
use crate::diagnostic::Diagnostic;
use crate::model::{EventType, PropertyId, Text, Type};
use crate::rulebook::catalogue::Names;
use crate::rulebook::check::codes;
use crate::rulebook::raw::{Reader, suggest};
use crate::rulebook::trigger::Goal;
use crate::rulebook::yaml::{Node, Scalar};

/// What the verdict on an experiment is about, of each user within the goal's
/// window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Whether the goal was reached.
    Converted,
    /// How many of the goal's events there were.
    Count,
    /// The sum of this property over the goal's events: an int, a float or
    /// money.
    Sum(PropertyId),
}

/// Reads `measure`. `goal` is absent where none is written, and holds nothing
/// where it could not be read.
pub(super) fn read(
    node: &Node,
    goal: Option<&Option<Goal>>,
    names: &Names<'_>,
    reader: &mut Reader,
) -> Option<Measure> {
    let scalar = reader.text(node, ("`measure`", "`measure`"))?;
    let Some(goal) = goal else {
        reader.found.push(no_goal(scalar));
        return None;
    };
    match scalar.text.as_str() {
        "converted" => return Some(Measure::Converted),
        "count" => return Some(Measure::Count),
        _ => {}
    }
    let event = names.catalogue.events.event(goal.as_ref()?.event);
    match event.property(&scalar.text) {
        Some((id, property)) if is_number(&property.ty) => Some(Measure::Sum(id)),
        known => {
            reader.found.push(no_number(scalar, event, known.map(|(_, property)| &property.ty)));
            None
        }
    }
}

fn is_number(ty: &Type) -> bool {
    matches!(ty, Type::Int | Type::Float | Type::Money)
}

fn no_goal(scalar: &Scalar) -> Diagnostic {
    let text = Text::new("without a `goal` there is nothing to measure", "без `goal` измерять нечего");
    let help = Text::new("add `goal: event payment within 7 days`", "добавьте `goal: event payment within 7 days`");
    Diagnostic::error(codes::BAD_MEASURE, text, scalar.place).help(help)
}

fn no_number(scalar: &Scalar, event: &EventType, known: Option<&Type>) -> Diagnostic {
    let (name, event_name) = (&scalar.text, &event.name);
    let text = match known {
        Some(ty) => Text::new(
            format!("`{name}` of `{event_name}` is of type `{ty}`, and only numbers can be summed"),
            format!("`{name}` события `{event_name}` имеет тип `{ty}`, а складывать можно только числа"),
        ),
        None => Text::new(
            format!("the event `{event_name}` has no property `{name}` to sum"),
            format!("у события `{event_name}` нет свойства `{name}`, которое можно сложить"),
        ),
    };
    let numbers = event.properties.iter().filter(|property| is_number(&property.ty)).map(|property| &*property.name);
    suggest(Diagnostic::error(codes::BAD_MEASURE, text, scalar.place), name, MEASURES.into_iter().chain(numbers))
}
