//! The section `segments`: conditions with names, ordered so that each comes
//! after those it asks for. Circles are named in full.

use super::conditions::{self, Names};
use super::{codes, names, title};
use crate::condition::{Ast, Condition};
use crate::diagnostic::{Diagnostic, Place, Sources};
use crate::model::{Schema, SegmentId, Text};
use crate::rulebook::raw::{Reader, find};
use crate::rulebook::yaml::{Entry, Scalar};
use jiff::tz::TimeZone;
use std::collections::{BTreeSet, HashMap};

const WHAT: (&str, &str) = ("a segment", "сегмент");
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

/// The checked segments, each after those it asks for.
#[derive(Debug, Default)]
pub(in crate::rulebook) struct Segments {
    pub list: Vec<Segment>,
    /// All names that were written, also of segments with mistakes, so that
    /// one mistake does not make every other condition fail.
    pub ids: HashMap<String, SegmentId>,
}

/// A segment as written.
struct Draft<'a> {
    name: &'a Scalar,
    title: Option<Text>,
    text: Option<&'a Scalar>,
    ast: Option<Ast>,
    /// The segments it asks for, by place among the drafts.
    asks: Vec<(usize, Place)>,
}

/// Checks all segments.
pub(in crate::rulebook) fn check(
    entries: &[&Entry],
    schema: &Schema,
    zone: &TimeZone,
    sources: &Sources,
    reader: &mut Reader,
) -> Segments {
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
    let ids = (0u16..).zip(&order).map(|(id, index)| (drafts[*index].name.text.clone(), SegmentId(id))).collect();
    let env = Names { schema, segments: &ids, zone };
    let mut list = Vec::with_capacity(drafts.len());
    for (id, index) in (0u16..).zip(order) {
        let draft = &mut drafts[index];
        let (Some(text), Some(ast)) = (draft.text, &draft.ast) else { continue };
        if let Some(condition) = conditions::check(ast, text, &env, sources, reader) {
            let title = draft.title.take();
            list.push(Segment { id: SegmentId(id), name: draft.name.text.clone(), title, condition });
        }
    }
    Segments { list, ids }
}

fn draft<'a>(entry: &'a Entry, sources: &Sources, reader: &mut Reader) -> Draft<'a> {
    names::name(&entry.key, reader);
    let (title, text) = parts(entry, reader);
    let ast = text.and_then(|scalar| conditions::parse(scalar, sources, reader));
    Draft { name: &entry.key, title, text, ast, asks: Vec::new() }
}

/// `vip: CONDITION` or `vip: {title: …, if: CONDITION}`.
fn parts<'a>(entry: &'a Entry, reader: &mut Reader) -> (Option<Text>, Option<&'a Scalar>) {
    let Some(entries) = entry.value.map() else { return (None, conditions::text(&entry.value, reader)) };
    reader.only(entries, &["title", "if"], WHAT);
    let title = find(entries, "title").and_then(|node| title(node, reader));
    let Some(node) = find(entries, "if") else {
        reader.missing(entry.key.place, "if", WHAT);
        return (title, None);
    };
    (title, conditions::text(node, reader))
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
