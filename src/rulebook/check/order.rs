//! Definitions that ask for one another: segments, computed fields,
//! `lifecycle` and experiments. They are put in an order in which each comes after those it
//! asks for; circles are named in full, and chains are kept short enough that
//! judging one never recurses deep.

use super::codes;
use crate::condition::{Ast, Kind, Node};
use crate::diagnostic::{Diagnostic, Place, Sources};
use crate::model::Text;
use crate::rulebook::raw::Reader;
use crate::rulebook::yaml::Scalar;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

/// More levels of definitions within definitions than this are refused.
const LEVELS: usize = 64;
/// Functions whose first argument names something that is no field.
const NAMING: [&str; 9] =
    ["count", "sum", "first", "last", "received", "clicked", "in_drip", "finished_drip", "variant"];

/// Whether a function of the language needs a user to answer.
pub(super) fn asks_of_a_user(function: &str) -> bool {
    NAMING.contains(&function) || function == "percent"
}

/// What a definition defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Defines {
    /// A segment.
    Segment,
    /// A computed field, `lifecycle` included.
    Field,
    /// An experiment, by whom it takes in.
    Experiment,
}

/// One definition: its name and the conditions and expressions it is made of.
pub(super) struct Item<'a> {
    pub defines: Defines,
    pub name: &'a Scalar,
    pub formulas: Vec<(&'a Scalar, &'a Ast)>,
}

/// A definition and those that it asks for, by place among all.
struct Linked<'a> {
    defines: Defines,
    name: &'a Scalar,
    asks: Vec<(usize, Place)>,
}

/// The places of the items in an order in which each comes after those it asks
/// for, else in the order given. Items in circles, which are reported, come
/// last.
pub(super) fn order(items: &[Item<'_>], sources: &Sources, reader: &mut Reader) -> Vec<usize> {
    let items = link(items, sources);
    let mut waits: Vec<BTreeSet<usize>> = items.iter().map(|d| d.asks.iter().map(|(i, _)| *i).collect()).collect();
    let mut asked_by: Vec<Vec<usize>> = vec![Vec::new(); items.len()];
    for (index, asks) in waits.iter().enumerate() {
        for asked in asks {
            asked_by[*asked].push(index);
        }
    }
    let mut ready: BTreeSet<usize> = (0..items.len()).filter(|i| waits[*i].is_empty()).collect();
    let mut level = vec![1usize; items.len()];
    let mut order = Vec::with_capacity(items.len());
    while let Some(index) = ready.pop_first() {
        order.push(index);
        if level[index] == LEVELS + 1 {
            reader.found.push(too_deep(&items[index]));
        }
        for by in &asked_by[index] {
            level[*by] = level[*by].max(level[index] + 1);
            waits[*by].remove(&index);
            if waits[*by].is_empty() {
                ready.insert(*by);
            }
        }
    }
    let stuck: BTreeSet<usize> = (0..items.len()).filter(|i| !waits[*i].is_empty()).collect();
    circles(&items, &stuck, reader);
    order.extend(stuck);
    order
}

/// Finds which definition asks for which.
fn link<'a>(items: &[Item<'a>], sources: &Sources) -> Vec<Linked<'a>> {
    let key = |item: &Item<'a>| (item.defines, item.name.text.as_str());
    let by_name: HashMap<(Defines, &str), usize> = items.iter().enumerate().map(|(i, item)| (key(item), i)).collect();
    let linked = |item: &Item<'a>| {
        let mut asks = Vec::new();
        for (text, ast) in &item.formulas {
            mentions(ast.root(), &mut |defines, name, at| {
                if let Some(asked) = by_name.get(&(defines, name)) {
                    asks.push((*asked, text.locate(sources, at)));
                }
            });
        }
        Linked { defines: item.defines, name: item.name, asks }
    };
    items.iter().map(linked).collect()
}

/// The segments, fields and experiments that a formula names, from the left.
fn mentions<'a>(node: &'a Node, found: &mut impl FnMut(Defines, &'a str, Range<usize>)) {
    match &node.kind {
        Kind::Name(name) => found(Defines::Field, name, node.span.range()),
        Kind::Segment(name) => found(Defines::Segment, &name.text, name.span.range()),
        Kind::Call { function, arguments } if NAMING.contains(&&*function.text) => {
            if let ("variant", Some(Kind::Name(name))) = (&*function.text, arguments.first().map(|first| &first.kind)) {
                found(Defines::Experiment, name, node.span.range());
            }
            arguments.iter().skip(1).for_each(|argument| mentions(argument, found));
        }
        _ => node.children().into_iter().for_each(|child| mentions(child, found)),
    }
}

/// Reports each circle among the definitions that could not be ordered: from
/// any of them, always on to the first one asked for, one comes round.
fn circles(items: &[Linked<'_>], stuck: &BTreeSet<usize>, reader: &mut Reader) {
    let mut seen = BTreeSet::new();
    for start in stuck {
        let mut path: Vec<(usize, Place)> = Vec::new();
        let mut at = *start;
        while !seen.contains(&at) {
            seen.insert(at);
            let Some((next, place)) = items[at].asks.iter().find(|(i, _)| stuck.contains(i)) else { break };
            path.push((at, *place));
            at = *next;
        }
        if let Some(from) = path.iter().position(|(index, _)| *index == at) {
            reader.found.push(circle(items, &path[from..]));
        }
    }
}

fn circle(items: &[Linked<'_>], path: &[(usize, Place)]) -> Diagnostic {
    let segments_only = path.iter().all(|(index, _)| items[*index].defines == Defines::Segment);
    let name = |index: usize| match items[index].defines {
        Defines::Segment if !segments_only => format!("segment({})", items[index].name.text),
        Defines::Segment | Defines::Field => items[index].name.text.clone(),
        Defines::Experiment => format!("variant({})", items[index].name.text),
    };
    let names: Vec<String> = path.iter().chain(path.first()).map(|(index, _)| name(*index)).collect();
    let round = names.join(" → ");
    let (code, text) = if segments_only {
        let text = Text::new(
            format!("segments ask for each other in a circle: {round}"),
            format!("сегменты ссылаются друг на друга по кругу: {round}"),
        );
        (codes::SEGMENT_CYCLE, text)
    } else {
        let text = Text::new(
            format!("these ask for each other in a circle: {round}"),
            format!("определения ссылаются друг на друга по кругу: {round}"),
        );
        (codes::DEFINITION_CYCLE, text)
    };
    let place = path.first().map_or(Place::default(), |(_, place)| *place);
    let help = Text::new("take one of the references out", "уберите одну из ссылок");
    let diagnostic = Diagnostic::error(code, text, place).help(help);
    path.iter().skip(1).fold(diagnostic, |diagnostic, (index, place)| {
        let name = name(*index);
        diagnostic.also(*place, Text::new(format!("asked for by `{name}`"), format!("ссылка из `{name}`")))
    })
}

fn too_deep(item: &Linked<'_>) -> Diagnostic {
    let name = &item.name.text;
    match item.defines {
        Defines::Segment => {
            let text = Text::new(
                format!("`{name}` asks for segments more than {LEVELS} levels deep"),
                format!("`{name}` ссылается на сегменты глубже {LEVELS} уровней"),
            );
            let help = Text::new("shorten the chain of segments", "сократите цепочку сегментов");
            Diagnostic::error(codes::SEGMENT_CHAIN, text, item.name.place).help(help)
        }
        Defines::Field | Defines::Experiment => {
            let text = Text::new(
                format!("`{name}` is computed from others more than {LEVELS} levels deep"),
                format!("`{name}` вычисляется из других глубже {LEVELS} уровней"),
            );
            let help = Text::new("shorten the chain of definitions", "сократите цепочку определений");
            Diagnostic::error(codes::DEFINITION_CHAIN, text, item.name.place).help(help)
        }
    }
}
