//! `log: a text`: a line in the engine's log.

use super::{Action, Scope};
use crate::rulebook::raw::Reader;
use crate::rulebook::shape::{Key, Takes, optional};
use crate::rulebook::yaml::Node;

pub(super) const KEY: Key = optional("log", Takes::Text, "writes a line into the log", "пишет строку в журнал");

pub(super) fn check(node: &Node, _scope: &Scope<'_>, reader: &mut Reader) -> Option<Action> {
    reader.prose(node, ("`log`", "`log`")).map(|scalar| Action::Log(scalar.text.trim().to_owned()))
}
