//! The section `segments`: conditions with names, checked once every name is
//! known.

use super::order::{Defines, Item};
use super::{Names, codes, conditions, names, title};
use crate::condition::{Ast, Condition};
use crate::diagnostic::{Diagnostic, Sources};
use crate::model::{SegmentId, Text};
use crate::rulebook::raw::{Reader, find};
use crate::rulebook::shape::{Shape, Takes, optional, required};
use crate::rulebook::yaml::{Entry, Scalar};
use std::sync::Arc;

/// One segment in its long form.
pub(in crate::rulebook) static SHAPE: Shape = Shape {
    what: ("a segment", "сегмент"),
    keys: &[
        optional("title", Takes::Title, "what the panel calls it", "название в панели"),
        required("if", Takes::Condition, "who belongs to it", "кто в него входит"),
    ],
};
/// More segments than this are refused.
const SEGMENTS: usize = 10_000;

/// Users for whom a condition is true.
#[derive(Debug)]
pub struct Segment {
    /// Its place among the segments.
    pub id: SegmentId,
    /// Its name.
    pub name: String,
    /// What the panel calls it.
    pub title: Option<Text>,
    /// What makes a user belong.
    pub condition: Condition,
}

/// A segment as written.
struct Draft<'a> {
    name: &'a Scalar,
    title: Option<Text>,
    text: Option<&'a Scalar>,
    ast: Option<Arc<Ast>>,
}

/// The segments as written, and the order that they are judged in.
#[derive(Default)]
pub(in crate::rulebook) struct Drafts<'a> {
    drafts: Vec<Draft<'a>>,
    order: Vec<usize>,
}

/// Reads all segments, in the order of the files.
pub(in crate::rulebook) fn read<'a>(entries: &[&'a Entry], sources: &Sources, reader: &mut Reader) -> Drafts<'a> {
    let mut drafts: Vec<Draft<'_>> = entries.iter().map(|entry| draft(entry, sources, reader)).collect();
    if let Some(draft) = drafts.get(SEGMENTS) {
        let text = Text::new(
            format!("there are more than {SEGMENTS} segments, from `{}` on", draft.name.text),
            format!("сегментов больше {SEGMENTS}, начиная с `{}`", draft.name.text),
        );
        let help = Text::new("remove segments that nothing uses", "удалите ненужные сегменты");
        reader.found.push(Diagnostic::error(codes::TOO_MANY, text, draft.name.place).help(help));
        drafts.truncate(SEGMENTS);
    }
    let order = (0..drafts.len()).collect();
    Drafts { drafts, order }
}

impl<'a> Drafts<'a> {
    /// The segments as parts of the definitions that are ordered together.
    pub(super) fn items(&self) -> Vec<Item<'_>> {
        self.drafts.iter().map(Draft::item).collect()
    }

    /// Takes the order in which each comes after those it asks for.
    pub(super) fn ordered(&mut self, order: Vec<usize>) {
        self.order = order;
    }

    /// All names that were written, also of segments with mistakes, so that one
    /// mistake does not make every other condition fail.
    pub fn names(&self) -> Vec<String> {
        self.order.iter().map(|index| self.drafts[*index].name.text.clone()).collect()
    }

    /// The segments, each after those it asks for.
    pub fn check(mut self, names: &Names<'_>, sources: &Sources, reader: &mut Reader) -> Vec<Segment> {
        let mut list = Vec::with_capacity(self.drafts.len());
        for (id, index) in (0u16..).zip(self.order) {
            let draft = &mut self.drafts[index];
            let (Some(text), Some(ast)) = (draft.text, &draft.ast) else { continue };
            if let Some(condition) = conditions::check(ast, text, names, sources, reader) {
                let title = draft.title.take();
                list.push(Segment { id: SegmentId(id), name: draft.name.text.clone(), title, condition });
            }
        }
        list
    }
}

impl Draft<'_> {
    fn item(&self) -> Item<'_> {
        let formulas = self.text.zip(self.ast.as_deref()).into_iter().collect();
        Item { defines: Defines::Segment, name: self.name, formulas }
    }
}

fn draft<'a>(entry: &'a Entry, sources: &Sources, reader: &mut Reader) -> Draft<'a> {
    names::name(&entry.key, reader);
    let (title, text) = parts(entry, reader);
    let ast = text.and_then(|scalar| conditions::parse(scalar, sources, reader));
    Draft { name: &entry.key, title, text, ast }
}

/// `vip: CONDITION` or `vip: {title: …, if: CONDITION}`.
fn parts<'a>(entry: &'a Entry, reader: &mut Reader) -> (Option<Text>, Option<&'a Scalar>) {
    if entry.value.map().is_none() {
        return (None, conditions::text(&entry.value, reader));
    }
    let entries = reader.shape(&entry.value, entry.key.place, &SHAPE).unwrap_or_default();
    let title = find(entries, "title").and_then(|node| title(node, reader));
    (title, find(entries, "if").and_then(|node| conditions::text(node, reader)))
}
