//! `backup: {keep: 7}`: a copy of the data; older copies than the newest `keep`
//! are removed.

use super::{Action, Scope};
use crate::rulebook::phrases::integer;
use crate::rulebook::raw::{Reader, find};
use crate::rulebook::shape::{Key, Shape, Takes, optional, required};
use crate::rulebook::yaml::Node;

pub(super) const KEY: Key =
    optional("backup", Takes::Map(&SHAPE), "makes a copy of the data", "делает резервную копию данных");

static SHAPE: Shape = Shape {
    what: ("`backup`", "`backup`"),
    keys: &[required("keep", Takes::Int, "how many copies are kept", "сколько копий хранить")],
};

/// A copy of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backup {
    /// How many copies are kept; at least one.
    pub keep: u16,
}

pub(super) fn check(node: &Node, _scope: &Scope<'_>, reader: &mut Reader) -> Option<Action> {
    let entries = reader.shape(node, node.place, &SHAPE)?;
    let keep = find(entries, "keep").and_then(|node| integer(node, ("`keep`", "`keep`"), 1..=1_000, reader))?;
    Some(Action::Backup(Backup { keep: u16::try_from(keep).ok()? }))
}
