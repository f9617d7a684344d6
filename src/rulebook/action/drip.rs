//! `start: onboarding` and `stop: onboarding`: a user enters or leaves a drip.

use super::{Action, Scope};
use crate::model::DripId;
use crate::rulebook::codes;
use crate::rulebook::phrases::known;
use crate::rulebook::raw::Reader;
use crate::rulebook::shape::{Key, Takes, optional};
use crate::rulebook::yaml::Node;

pub(super) const START: Key =
    optional("start", Takes::Name, "puts the user into a drip", "вводит пользователя в цепочку");
pub(super) const STOP: Key =
    optional("stop", Takes::Name, "takes the user out of a drip", "выводит пользователя из цепочки");

pub(super) fn start(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<Action> {
    drip(node, scope, reader).map(Action::Start)
}

pub(super) fn stop(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<Action> {
    drip(node, scope, reader).map(Action::Stop)
}

fn drip(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<DripId> {
    let drips = &scope.names.catalogue.drips;
    let name = known(node, ("drip", "цепочка"), codes::UNKNOWN_TARGET, &drips.names(), reader)?;
    drips.find(&name.text).map(DripId)
}
