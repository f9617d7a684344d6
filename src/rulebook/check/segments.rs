//! The section `segments`: conditions with names, ordered so that each comes
//! after those it asks for. Circles are named in full.

use super::{Names, codes, conditions, names, title};
use crate::condition::{Ast, Condition};
use crate::diagnostic::{Diagnostic, Place, Sources};
use crate::model::{SegmentId, Text};
use crate::rulebook::raw::{Reader, find};
use crate::rulebook::shape::{Shape, Takes, optional, required};
use crate::rulebook::yaml::{Entry, Scalar};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// One segment in its long form.
pub(in crate::rulebook) static SHAPE: Shape = Shape {
    what: ("a segment", "сегмент"),
    keys: &[
        optional("title", Takes::Title, "what the panel calls it", "название в панели"),
        required("if", Takes::Condition, "who belongs to it", "кто в него входит"),
    ],
};
/// More levels of segments within segments than this are refused, so that
/// judging one never recurses deeper.
const LEVELS: usize = 64;
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
    /// The segments it asks for, by place among the drafts.
    asks: Vec<(usize, Place)>,
}

/// The segments as written, and the order that they ask for.
#[derive(Default)]
pub(in crate::rulebook) struct Drafts<'a> {
    drafts: Vec<Draft<'a>>,
    order: Vec<usize>,
}

/// Reads all segments and orders them.
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
    link(&mut drafts, sources);
    let order = order(&drafts, reader);
    Drafts { drafts, order }
}

impl Drafts<'_> {
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

fn draft<'a>(entry: &'a Entry, sources: &Sources, reader: &mut Reader) -> Draft<'a> {
    names::name(&entry.key, reader);
    let (title, text) = parts(entry, reader);
    let ast = text.and_then(|scalar| conditions::parse(scalar, sources, reader));
    Draft { name: &entry.key, title, text, ast, asks: Vec::new() }
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

/// Finds which segment asks for which.
fn link(drafts: &mut [Draft<'_>], sources: &Sources) {
    let by_name: HashMap<String, usize> = drafts.iter().enumerate().map(|(i, d)| (d.name.text.clone(), i)).collect();
    for draft in drafts {
        let (Some(ast), Some(text)) = (&draft.ast, draft.text) else { continue };
        let asked = ast.segments().into_iter();
        draft.asks = asked.filter_map(|(name, at)| Some((*by_name.get(name)?, text.locate(sources, at)))).collect();
    }
}

/// An order in which each segment comes after those it asks for, else in the
/// order of the files. Segments in circles, which are reported, come last.
fn order(drafts: &[Draft<'_>], reader: &mut Reader) -> Vec<usize> {
    let mut waits: Vec<BTreeSet<usize>> = drafts.iter().map(|d| d.asks.iter().map(|(i, _)| *i).collect()).collect();
    let mut asked_by: Vec<Vec<usize>> = vec![Vec::new(); drafts.len()];
    for (index, asks) in waits.iter().enumerate() {
        for asked in asks {
            asked_by[*asked].push(index);
        }
    }
    let mut ready: BTreeSet<usize> = (0..drafts.len()).filter(|i| waits[*i].is_empty()).collect();
    let mut level = vec![1usize; drafts.len()];
    let mut order = Vec::with_capacity(drafts.len());
    while let Some(index) = ready.pop_first() {
        order.push(index);
        if level[index] == LEVELS + 1 {
            reader.found.push(too_deep(drafts[index].name));
        }
        for by in &asked_by[index] {
            level[*by] = level[*by].max(level[index] + 1);
            waits[*by].remove(&index);
            if waits[*by].is_empty() {
                ready.insert(*by);
            }
        }
    }
    let mut stuck: BTreeSet<usize> = (0..drafts.len()).filter(|i| !waits[*i].is_empty()).collect();
    circles(drafts, &stuck, reader);
    while let Some(index) = stuck.pop_first() {
        order.push(index);
    }
    order
}

/// Reports each circle among the segments that could not be ordered: from any
/// of them, always on to the first one asked for, one comes round.
fn circles(drafts: &[Draft<'_>], stuck: &BTreeSet<usize>, reader: &mut Reader) {
    let mut seen = BTreeSet::new();
    for start in stuck {
        let mut path: Vec<(usize, Place)> = Vec::new();
        let mut at = *start;
        while !seen.contains(&at) {
            seen.insert(at);
            let Some((next, place)) = drafts[at].asks.iter().find(|(i, _)| stuck.contains(i)) else { break };
            path.push((at, *place));
            at = *next;
        }
        if let Some(from) = path.iter().position(|(index, _)| *index == at) {
            reader.found.push(circle(drafts, &path[from..]));
        }
    }
}

fn circle(drafts: &[Draft<'_>], path: &[(usize, Place)]) -> Diagnostic {
    let name = |index: usize| drafts[index].name.text.as_str();
    let names: Vec<&str> = path.iter().chain(path.first()).map(|(index, _)| name(*index)).collect();
    let round = names.join(" → ");
    let text = Text::new(
        format!("segments ask for each other in a circle: {round}"),
        format!("сегменты ссылаются друг на друга по кругу: {round}"),
    );
    let place = path.first().map_or(Place::default(), |(_, place)| *place);
    let diagnostic = Diagnostic::error(codes::SEGMENT_CYCLE, text, place)
        .help(Text::new("take one of the references out", "уберите одну из ссылок"));
    path.iter().skip(1).fold(diagnostic, |diagnostic, (index, place)| {
        diagnostic.also(
            *place,
            Text::new(format!("asked for by `{}`", name(*index)), format!("ссылка из `{}`", name(*index))),
        )
    })
}

fn too_deep(name: &Scalar) -> Diagnostic {
    let text = Text::new(
        format!("`{}` asks for segments more than {LEVELS} levels deep", name.text),
        format!("`{}` ссылается на сегменты глубже {LEVELS} уровней", name.text),
    );
    let help = Text::new("shorten the chain of segments", "сократите цепочку сегментов");
    Diagnostic::error(codes::SEGMENT_CHAIN, text, name.place).help(help)
}
