//! `broadcast: spring_sale`: starts a broadcast.

use super::{Action, Scope};
use crate::rulebook::codes;
use crate::rulebook::phrases::known;
use crate::rulebook::raw::Reader;
use crate::rulebook::shape::{Key, Takes, optional};
use crate::rulebook::yaml::Node;

pub(super) const KEY: Key = optional("broadcast", Takes::Name, "starts a broadcast", "начинает рассылку");

pub(super) fn check(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<Action> {
    let names = scope.broadcasts.names();
    let name = known(node, ("broadcast", "рассылка"), codes::UNKNOWN_TARGET, &names, reader)?;
    Some(Action::Broadcast(name.text.clone()))
}
