//! Names of other definitions where a rule file names them outside conditions.

use super::Names;
use crate::model::{DripId, EventId, ExperimentId};
use crate::rulebook::codes;
use crate::rulebook::phrases::{known, unknown};
use crate::rulebook::raw::Reader;
use crate::rulebook::yaml::{Node, Scalar};

/// The event that a text names.
pub(super) fn event(node: &Node, names: &Names<'_>, reader: &mut Reader) -> Option<EventId> {
    let scalar = reader.text(node, ("an event", "событие"))?;
    event_named(scalar, names, reader)
}

/// The event called so.
pub(super) fn event_named(name: &Scalar, names: &Names<'_>, reader: &mut Reader) -> Option<EventId> {
    let events = &names.catalogue.events;
    let found = events.find(&name.text);
    if found.is_none() {
        let known: Vec<&str> = events.iter().map(|(_, event)| &*event.name).collect();
        reader.found.push(unknown(name, ("event", "событие"), codes::UNKNOWN_EVENT, &known));
    }
    found
}

/// The experiment that a text names.
pub(super) fn experiment(node: &Node, names: &Names<'_>, reader: &mut Reader) -> Option<ExperimentId> {
    let experiments = &names.catalogue.experiments;
    let what = ("experiment", "эксперимент");
    let name = known(node, what, codes::UNKNOWN_TARGET, &experiments.names(), reader)?;
    experiments.find(&name.text).map(ExperimentId)
}

/// The experiment called so.
pub(super) fn experiment_named(name: &Scalar, names: &Names<'_>, reader: &mut Reader) -> Option<ExperimentId> {
    let experiments = &names.catalogue.experiments;
    let found = experiments.find(&name.text).map(ExperimentId);
    if found.is_none() {
        let what = ("experiment", "эксперимент");
        reader.found.push(unknown(name, what, codes::UNKNOWN_TARGET, &experiments.names()));
    }
    found
}

/// The drip called so.
pub(super) fn drip_named(name: &Scalar, names: &Names<'_>, reader: &mut Reader) -> Option<DripId> {
    let drips = &names.catalogue.drips;
    let found = drips.find(&name.text).map(DripId);
    if found.is_none() {
        reader.found.push(unknown(name, ("drip", "цепочка"), codes::UNKNOWN_TARGET, &drips.names()));
    }
    found
}
