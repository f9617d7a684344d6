//! What a drip or an experiment is for: `event payment if event.rub > 500
//! within 7 days`.

use super::check::Checker;
use super::parse;
use crate::condition::Condition;
use crate::diagnostic::Sources;
use crate::model::{EventId, TimeDelta};
use crate::rulebook::catalogue::Names;
use crate::rulebook::check::conditions;
use crate::rulebook::raw::Reader;
use crate::rulebook::yaml::Node;

/// An event that counts as success (or, as a guardrail, as harm).
#[derive(Clone, Debug)]
pub struct Goal {
    /// The event.
    pub event: EventId,
    /// Which of those events count; absent: all.
    pub condition: Option<Condition>,
    /// Within which time after enrolment or first exposure.
    pub within: TimeDelta,
}

/// Reads a goal or guardrail. Its condition may ask for properties of the event.
pub(in crate::rulebook) fn goal(
    node: &Node,
    names: &Names<'_>,
    sources: &Sources,
    reader: &mut Reader,
) -> Option<Goal> {
    let scalar = reader.text(node, ("a goal", "цель"))?;
    let mut checker = Checker { scalar, names, sources, reader };
    let written = match parse::goal(&scalar.text) {
        Ok(written) => written,
        Err(found) => return checker.moved(*found),
    };
    let (event, within) = (checker.event(&written.event), checker.length(&written.within));
    let during = Names { event, ..*names };
    let condition = match &written.condition {
        // What an unknown event tells is unknown too.
        Some(_) if event.is_none() => None,
        Some(word) => Some(conditions::part(scalar, word.span.clone(), &during, sources, checker.reader)?),
        None => None,
    };
    Some(Goal { event: event?, condition, within: within? })
}
