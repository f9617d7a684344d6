//! What tests reached of the rules: rules that acted, steps of drips that were
//! taken, and the ways of those that have several. Noted while the tests run,
//! so a step behind a branch that no test takes is not reached.

use super::Ground;
use crate::diagnostic::Place;
use crate::engine::automation;
use crate::engine::witness::Seen;
use crate::model::Text;
use std::collections::BTreeSet;

/// What there is to reach, and what was.
#[derive(Debug)]
pub struct Coverage {
    all: Vec<Missed>,
    reached: Reached,
}

/// What one test reached.
#[derive(Debug, Default)]
pub(super) struct Reached(BTreeSet<Spot>);

/// Something that can be reached. Rules and drips by their places, steps by
/// their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Spot {
    Rule(usize),
    Step(usize, u16),
    Way(usize, u16, usize),
}

/// Something that tests can reach.
#[derive(Clone, Debug)]
pub struct Missed {
    spot: Spot,
    /// Where it stands.
    pub place: Place,
    /// What it is called.
    pub name: Text,
}

/// What kind of thing tests reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A rule.
    Rule,
    /// A step of a drip.
    Step,
    /// One of the ways from a step.
    Branch,
}

/// How much of one kind was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// So many.
    pub reached: usize,
    /// Of so many.
    pub of: usize,
}

impl Coverage {
    pub(super) fn new(ground: &Ground) -> Self {
        let rules = ground.rulebook.rules.iter().enumerate().map(|(at, rule)| Missed {
            spot: Spot::Rule(at),
            place: rule.place,
            name: Text::new(format!("rule `{}`", rule.name), format!("правило `{}`", rule.name)),
        });
        let mut all: Vec<Missed> = rules.collect();
        for (drip, flow) in ground.flows.iter().enumerate() {
            for (at, node) in (0u16..).zip(&flow.nodes) {
                let (place, name) = (node.place, step(flow, node));
                for (way, en, ru) in ways(ground, node) {
                    let name = Text::new(format!("{}, {en}", name.en), format!("{}, {ru}", name.ru));
                    all.push(Missed { spot: Spot::Way(drip, at, way), place, name });
                }
                all.push(Missed { spot: Spot::Step(drip, at), place, name });
            }
        }
        all.sort_by_key(|missed| (missed.place, missed.kind() == Kind::Branch));
        Self { all, reached: Reached::default() }
    }

    pub(super) fn add(&mut self, reached: Reached) {
        self.reached.0.extend(reached.0);
    }

    /// What no test reached, in the order of the files. The ways from a step
    /// that was not reached are not told apart.
    pub fn missed(&self) -> impl Iterator<Item = &Missed> {
        self.all.iter().filter(|one| !self.has(one.spot)).filter(|one| match one.spot {
            Spot::Way(drip, at, _) => self.has(Spot::Step(drip, at)),
            Spot::Rule(_) | Spot::Step(..) => true,
        })
    }

    /// How much of a kind was reached.
    pub fn share(&self, kind: Kind) -> Share {
        let all = self.all.iter().filter(|one| one.kind() == kind);
        let reached = all.clone().filter(|one| self.has(one.spot)).count();
        Share { reached, of: all.count() }
    }

    fn has(&self, spot: Spot) -> bool {
        self.reached.0.contains(&spot)
    }
}

impl Missed {
    /// What kind of thing it is.
    pub fn kind(&self) -> Kind {
        match self.spot {
            Spot::Rule(_) => Kind::Rule,
            Spot::Step(..) => Kind::Step,
            Spot::Way(..) => Kind::Branch,
        }
    }
}

impl Reached {
    pub fn note(&mut self, seen: &[Seen]) {
        self.0.extend(seen.iter().filter_map(|seen| match seen {
            Seen::Fired(rule) => Some(Spot::Rule(*rule)),
            Seen::Step(drip, at) => Some(Spot::Step(*drip, *at)),
            Seen::Way(drip, at, way) => Some(Spot::Way(*drip, *at, *way)),
            Seen::Unmet(..)
            | Seen::UsedUp(_)
            | Seen::Barred(_)
            | Seen::Shut(_)
            | Seen::Entered(_)
            | Seen::Left(..)
            | Seen::Errand(_)
            | Seen::Trouble { .. }
            | Seen::Cascade { .. } => None,
        }));
    }
}

fn step(flow: &automation::Flow, node: &automation::Node) -> Text {
    let drip = &flow.name;
    let (en, ru) = match &node.kind {
        automation::Kind::Act { .. } => ("action", "действие"),
        automation::Kind::Wait { .. } => ("`wait`", "`wait`"),
        automation::Kind::WaitUntil { .. } => ("`wait until`", "`wait until`"),
        automation::Kind::WaitFor { .. } => ("`wait for`", "`wait for`"),
        automation::Kind::Branch { .. } => ("`if`", "`if`"),
        automation::Kind::Split { .. } => ("`split`", "`split`"),
    };
    match &node.name {
        Some(name) => Text::new(format!("drip `{drip}`, step `{name}`"), format!("цепочка `{drip}`, шаг `{name}`")),
        None => Text::new(
            format!("drip `{drip}`, {en} in `{}`", node.label),
            format!("цепочка `{drip}`, {ru} в `{}`", node.label),
        ),
    }
}

/// The ways from a step, with what they are called.
fn ways(ground: &Ground, node: &automation::Node) -> Vec<(usize, String, String)> {
    let two = || ["then", "else"].iter().enumerate().map(|(way, name)| (way, quoted(name), quoted(name))).collect();
    match &node.kind {
        automation::Kind::WaitFor { .. } | automation::Kind::Branch { .. } => two(),
        automation::Kind::Split { experiment, ways } => {
            let declared = ground.rulebook.catalogue.variants.get(usize::from(experiment.0));
            let name = |way: usize| declared.and_then(|declared| declared.values.get(way)).map_or("", |name| &**name);
            (0..ways.len())
                .map(|way| (way, format!("variant `{}`", name(way)), format!("вариант `{}`", name(way))))
                .collect()
        }
        automation::Kind::Act { .. } | automation::Kind::Wait { .. } | automation::Kind::WaitUntil { .. } => Vec::new(),
    }
}

fn quoted(name: &str) -> String {
    format!("`{name}`")
}
