//! From forms to triggers: names become ids, times are those of a clock.

use super::Trigger;
use crate::diagnostic::Sources;
use crate::rulebook::catalogue::Names;
use crate::rulebook::raw::Reader;
use crate::rulebook::yaml::Node;

/// Reads a trigger or schedule.
pub(in crate::rulebook) fn trigger(
    _node: &Node,
    _names: &Names<'_>,
    _sources: &Sources,
    _reader: &mut Reader,
) -> Option<Trigger> {
    None
}
