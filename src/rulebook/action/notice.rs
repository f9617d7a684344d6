//! `notify: a text`: a message to the admins.

use super::{Action, Scope};
use crate::rulebook::raw::Reader;
use crate::rulebook::shape::{Key, Takes, optional};
use crate::rulebook::yaml::Node;

pub(super) const KEY: Key =
    optional("notify", Takes::Text, "sends the admins a text", "отправляет администраторам текст");

pub(super) fn check(node: &Node, _scope: &Scope<'_>, reader: &mut Reader) -> Option<Action> {
    reader.prose(node, ("`notify`", "`notify`")).map(|scalar| Action::Notify(scalar.text.trim().to_owned()))
}
