//! `cleanup: {events: 400 days}`: what is older is forgotten; what is not named
//! stays.

use super::{Action, Scope};
use crate::model::TimeDelta;
use crate::rulebook::phrases::duration;
use crate::rulebook::raw::{Reader, find};
use crate::rulebook::shape::{Key, Shape, Takes, optional};
use crate::rulebook::yaml::Node;

pub(super) const KEY: Key = optional("cleanup", Takes::Map(&SHAPE), "removes old records", "удаляет старые записи");

static SHAPE: Shape = Shape {
    what: ("`cleanup`", "`cleanup`"),
    keys: &[
        optional("events", Takes::Duration, "how long events are kept", "сколько хранить события"),
        optional("deliveries", Takes::Duration, "how long deliveries are kept", "сколько хранить отправки"),
        optional("metrics", Takes::Duration, "how long measurements are kept", "сколько хранить измерения"),
    ],
};

/// How long records are kept; absent: for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleanup {
    /// What happened to users.
    pub events: Option<TimeDelta>,
    /// What was sent to them.
    pub deliveries: Option<TimeDelta>,
    /// What the engine measured of itself.
    pub metrics: Option<TimeDelta>,
}

pub(super) fn check(node: &Node, _scope: &Scope<'_>, reader: &mut Reader) -> Option<Action> {
    reader.filled(node, SHAPE.what)?;
    let entries = reader.shape(node, node.place, &SHAPE)?;
    let mut kept = |key: &'static str| find(entries, key).and_then(|node| duration(node, (key, key), reader));
    let cleanup = Cleanup { events: kept("events"), deliveries: kept("deliveries"), metrics: kept("metrics") };
    Some(Action::Cleanup(cleanup))
}
