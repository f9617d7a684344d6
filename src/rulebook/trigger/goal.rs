//! What a drip or an experiment is for: `event payment if event.rub > 500
//! within 7 days`.

use crate::condition::Condition;
use crate::diagnostic::Sources;
use crate::model::{EventId, TimeDelta};
use crate::rulebook::catalogue::Names;
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

/// Reads a goal or guardrail.
pub(in crate::rulebook) fn goal(
    _node: &Node,
    _names: &Names<'_>,
    _sources: &Sources,
    _reader: &mut Reader,
) -> Option<Goal> {
    None
}
