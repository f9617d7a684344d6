//! `tag: beta` and `untag: [beta, tester]`: adds to and takes from the field
//! `tags`.

use super::{Action, Scope};
use crate::rulebook::raw::Reader;
use crate::rulebook::shape::{Key, Takes, optional};
use crate::rulebook::yaml::{Kind, Node};

const TAKES: Takes = Takes::Either(&[Takes::Text, Takes::List(&Takes::Text)]);
pub(super) const TAG: Key = optional("tag", TAKES, "adds tags to the user", "добавляет пользователю метки");
pub(super) const UNTAG: Key = optional("untag", TAKES, "takes tags from the user", "снимает с пользователя метки");

pub(super) fn tag(node: &Node, _scope: &Scope<'_>, reader: &mut Reader) -> Option<Action> {
    tags(node, reader).map(Action::Tag)
}

pub(super) fn untag(node: &Node, _scope: &Scope<'_>, reader: &mut Reader) -> Option<Action> {
    tags(node, reader).map(Action::Untag)
}

fn tags(node: &Node, reader: &mut Reader) -> Option<Vec<String>> {
    let what = ("a tag", "метка");
    let items = match &node.kind {
        Kind::List(items) => items.as_slice(),
        Kind::Scalar(_) | Kind::Map(_) | Kind::Refused => std::slice::from_ref(node),
    };
    let tags: Vec<_> = items.iter().map(|item| Some(reader.prose(item, what)?.text.trim().to_owned())).collect();
    tags.into_iter().collect()
}
