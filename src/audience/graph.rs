//! Which derived fields, segments and experiments read what, so that after a change only
//! those are judged again that it can concern.
//!
//! Worked out once for each rulebook. The definitions stand in an order in
//! which each comes after those that it reads; a definition's place in it is
//! its rank.

use crate::condition::{Fact, Pace, Program, Row, Sweep};
use crate::model::{ExperimentId, FieldId, SegmentId, Time, builtin};
use crate::rulebook::{Rulebook, Test};
use std::collections::{BTreeSet, HashMap};

/// A definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Item {
    /// A derived field.
    Field(FieldId),
    /// A segment.
    Segment(SegmentId),
    /// An experiment, which gives its users a variant.
    Experiment(ExperimentId),
}

/// The definitions of one rulebook and what they read.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    items: Vec<Item>,
    paces: Vec<Pace>,
    by_field: Vec<Vec<u32>>,
    by_segment: Vec<Vec<u32>>,
    by_fact: HashMap<Fact, Vec<u32>>,
}

/// Definitions by rank.
pub(super) type Ranks = Vec<u32>;

/// What a definition reads.
#[derive(Default)]
pub(super) struct Reads {
    pub fields: BTreeSet<FieldId>,
    pub segments: BTreeSet<SegmentId>,
    pub facts: BTreeSet<Fact>,
    pub pace: Pace,
}

impl Graph {
    pub fn new(rulebook: &Rulebook) -> Self {
        let fields = rulebook.derived_fields().map(Item::Field);
        let segments = rulebook.segments().iter().map(|segment| Item::Segment(segment.id));
        let experiments = (0u16..).take(rulebook.experiments.len()).map(|id| Item::Experiment(ExperimentId(id)));
        let items: Vec<Item> = fields.chain(segments).chain(experiments).collect();
        let reads: HashMap<Item, Reads> = items.iter().map(|item| (*item, Reads::of(rulebook, *item))).collect();
        let mut graph = Self {
            by_field: vec![Vec::new(); rulebook.schema.len()],
            by_segment: vec![Vec::new(); rulebook.segments().len()],
            ..Self::default()
        };
        let mut known = BTreeSet::new();
        items.into_iter().for_each(|item| graph.add(item, &reads, &mut known));
        graph
    }

    /// The definitions, each after those that it reads.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Every definition.
    pub fn all(&self) -> Ranks {
        (0u32..).take(self.items.len()).collect()
    }

    /// The rank of a definition.
    pub fn rank(&self, item: Item) -> Option<u32> {
        self.items.iter().position(|known| *known == item).and_then(|at| u32::try_from(at).ok())
    }

    pub fn item(&self, rank: u32) -> Option<Item> {
        self.items.get(rank as usize).copied()
    }

    /// Those that read what a definition gives.
    pub fn readers(&self, item: Item) -> &[u32] {
        let (list, at) = match item {
            Item::Field(id) => (&self.by_field, usize::from(id.0)),
            Item::Segment(id) => (&self.by_segment, usize::from(id.0)),
            Item::Experiment(id) => return self.asking(&Fact::Variant(id)),
        };
        list.get(at).map_or(&[], Vec::as_slice)
    }

    /// Those that ask a fact.
    pub fn asking(&self, fact: &Fact) -> &[u32] {
        self.by_fact.get(fact).map_or(&[], Vec::as_slice)
    }

    /// Whether an answer changes at moments of the user's own.
    pub fn has_moments(&self, rank: u32) -> bool {
        self.paces.get(rank as usize).is_some_and(|pace| pace.moments)
    }

    /// Those whose answers change at moments of each user's own.
    pub fn moving(&self) -> impl Iterator<Item = u32> {
        (0u32..).zip(&self.paces).filter(|(_, pace)| pace.moments).map(|(rank, _)| rank)
    }

    /// Those that may change for everybody when this boundary passes.
    pub fn swept(&self, sweep: Sweep) -> impl Iterator<Item = u32> {
        (0u32..).zip(&self.paces).filter(move |(_, pace)| pace.sweep == sweep).map(|(rank, _)| rank)
    }

    /// Adds a definition after those that it reads. How deep they read one
    /// another is bounded by the check of the rulebook.
    fn add(&mut self, item: Item, reads: &HashMap<Item, Reads>, known: &mut BTreeSet<Item>) {
        let Some(read) = reads.get(&item).filter(|_| known.insert(item)) else { return };
        read.fields.iter().for_each(|id| self.add(Item::Field(*id), reads, known));
        read.segments.iter().for_each(|id| self.add(Item::Segment(*id), reads, known));
        for fact in &read.facts {
            if let Fact::Variant(id) = fact {
                self.add(Item::Experiment(*id), reads, known);
            }
        }
        let rank = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        self.items.push(item);
        self.paces.push(read.pace);
        for id in &read.fields {
            self.by_field[usize::from(id.0)].push(rank);
        }
        for id in &read.segments {
            self.by_segment[usize::from(id.0)].push(rank);
        }
        for fact in &read.facts {
            self.by_fact.entry(*fact).or_default().push(rank);
        }
    }
}

impl Reads {
    pub fn of(rulebook: &Rulebook, item: Item) -> Self {
        let mut reads = Self::default();
        each_program(rulebook, item, |program| reads.add(program));
        if let Some(Test::Script(script)) = test(rulebook, item) {
            reads.fields.extend(rulebook.scripts.reads(script));
            if rulebook.scripts.is_time_dependent(script) {
                reads.pace.sweep = Sweep::Minute;
            }
        }
        reads
    }

    fn add(&mut self, program: &Program) {
        self.fields.extend(program.fields());
        self.segments.extend(program.segments());
        self.facts.extend(program.facts());
        let pace = program.pace();
        self.pace = Pace { moments: self.pace.moments || pace.moments, sweep: self.pace.sweep.max(pace.sweep) };
    }
}

/// Each once, ascending.
pub(super) fn ranks(mut list: Ranks) -> Ranks {
    list.sort_unstable();
    list.dedup();
    list
}

/// The first moment at which a definition's answer may change for one user.
pub(super) fn next_change<R: Row>(rulebook: &Rulebook, item: Item, row: &R) -> Option<Time> {
    let mut next: Option<Time> = None;
    each_program(rulebook, item, |program| {
        next = [next, program.next_change(row)].into_iter().flatten().min();
    });
    next
}

/// Calls `visit` for each condition or expression that a definition is made of.
pub(super) fn each_program(rulebook: &Rulebook, item: Item, mut visit: impl FnMut(&Program)) {
    match item {
        Item::Field(builtin::LIFECYCLE) => {
            rulebook.lifecycle().iter().filter_map(|class| class.condition.as_ref()).for_each(|c| visit(c));
        }
        Item::Field(id) => {
            rulebook.computed().iter().filter(|computed| computed.field == id).for_each(|c| visit(&c.is));
        }
        Item::Segment(_) => {
            if let Some(Test::Condition(condition)) = test(rulebook, item) {
                visit(condition);
            }
        }
        Item::Experiment(id) => {
            let experiment = rulebook.experiments.get(usize::from(id.0));
            experiment.and_then(|experiment| experiment.to.as_ref()).into_iter().for_each(|to| visit(to));
        }
    }
}

fn test(rulebook: &Rulebook, item: Item) -> Option<&Test> {
    match item {
        Item::Field(_) | Item::Experiment(_) => None,
        Item::Segment(id) => rulebook.segments().get(usize::from(id.0)).map(|segment| &segment.test),
    }
}
