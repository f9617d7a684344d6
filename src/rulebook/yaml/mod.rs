//! YAML as a tree in which every node knows its place in the file.
//!
//! The only module that knows the YAML parser. It keeps what serde drops: byte
//! ranges, the style of scalars, comments that cut a text short. It refuses
//! what rule files have no use for and hostile files live on: anchors, aliases,
//! tags, merge keys, several documents, deep nesting, great size. It gives
//! values no meaning: scalars stay text.

mod bracket;
mod locate;
mod parse;
mod trap;

pub use parse::{Limits, parse};

use crate::diagnostic::{Place, SourceId, Sources};

/// One node of the tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands; of a collection, from its first to its last child.
    pub place: Place,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Text.
    Scalar(Scalar),
    /// `- item` or `[item]`.
    List(Vec<Node>),
    /// `key: value` or `{key: value}`.
    Map(Vec<Entry>),
    /// Something refused; it has been reported already.
    Refused,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: Scalar,
    /// The value.
    pub value: Node,
}

/// A text of the file, decoded, with what is needed to find its parts again.
#[derive(Clone, Debug)]
pub struct Scalar {
    /// The decoded text.
    pub text: String,
    /// The place of the token; of a block scalar, of its content.
    pub place: Place,
    /// How it is written.
    pub style: Style,
    /// A comment on the same line that may have cut the text short.
    pub comment: Option<Place>,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// `'…'`
    Single,
    /// `"…"`
    Double,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

impl Node {
    /// The text, if the node is a scalar.
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(scalar),
            Kind::List(_) | Kind::Map(_) | Kind::Refused => None,
        }
    }

    /// The entries, if the node is a mapping.
    pub fn map(&self) -> Option<&[Entry]> {
        match &self.kind {
            Kind::Map(entries) => Some(entries),
            Kind::Scalar(_) | Kind::List(_) | Kind::Refused => None,
        }
    }

    /// The value at `key`, if the node is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.map()?.iter().find(|entry| entry.key.text == key).map(|entry| &entry.value)
    }

    /// Makes it a part of another source, at the same places.
    pub fn move_to(&mut self, source: SourceId) {
        self.place.source = source;
        match &mut self.kind {
            Kind::Scalar(scalar) => scalar.move_to(source),
            Kind::List(items) => items.iter_mut().for_each(|item| item.move_to(source)),
            Kind::Map(entries) => entries.iter_mut().for_each(|entry| {
                entry.key.move_to(source);
                entry.value.move_to(source);
            }),
            Kind::Refused => {}
        }
    }

    /// Whether nothing is written here: `key:` without a value.
    pub fn is_blank(&self) -> bool {
        self.scalar().is_some_and(Scalar::is_blank)
    }
}

impl Scalar {
    fn move_to(&mut self, source: SourceId) {
        self.place.source = source;
        self.comment.iter_mut().for_each(|comment| comment.source = source);
    }

    /// Whether nothing is written here.
    pub fn is_blank(&self) -> bool {
        self.style == Style::Plain && self.text.is_empty()
    }

    /// The place in the file of a range of bytes of the decoded text. Where
    /// the two cannot be matched it is the whole scalar, never a wrong column.
    pub fn locate(&self, sources: &Sources, range: std::ops::Range<usize>) -> Place {
        locate::locate(self, sources.text(self.place.source), range).unwrap_or(self.place)
    }
}
