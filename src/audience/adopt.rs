//! A new rulebook over the same people: what means the same stays, the rest is
//! read or judged again.

use super::column::Column;
use super::deals;
use super::graph::{Item, Ranks, Reads, each_program};
use super::state::State;
use crate::condition::Fact;
use crate::model::{ExperimentId, Field, FieldId, Time, builtin};
use crate::rulebook::{Rulebook, Test};
use crate::store::{Met, Profiles, StoreError};
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashMap};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

impl State {
    /// Takes a new rulebook; see [`super::Audience::adopt`].
    pub fn adopt(&mut self, rulebook: &Arc<Rulebook>, profiles: &Profiles, now: Time) -> Result<(), StoreError> {
        let mut next = Self::new(rulebook, now.max(self.now));
        next.advanced = self.advanced;
        let fresh: BTreeSet<FieldId> =
            rulebook.schema.iter().map(|(id, _)| id).filter(|id| !self.has_stored(&next, *id)).collect();
        if !fresh.is_empty() {
            next.read_fields(&fresh, self, profiles)?;
        }
        let serves = self.facts.serve(&self.rulebook, rulebook);
        if !serves {
            next.facts.read(rulebook, profiles, &|user| self.people.find(user))?;
            next.facts.keep_drips(&self.facts, &self.rulebook, rulebook);
        }
        // From here on nothing fails.
        if serves {
            std::mem::swap(&mut next.facts, &mut self.facts);
        }
        next.people = std::mem::take(&mut self.people);
        next.wheel = std::mem::take(&mut self.wheel);
        for (id, field) in rulebook.schema.iter().filter(|(id, _)| !fresh.contains(id)) {
            if let Some(before) = self.rulebook.schema.find(&field.name).filter(|_| !rulebook.schema.is_derived(id)) {
                next.fields[usize::from(id.0)] =
                    std::mem::replace(&mut self.fields[usize::from(before.0)], gone(field));
            }
        }
        next.deals.keep(&mut self.deals);
        let changed = next.keep_definitions(self, serves);
        next.grow();
        next.judge_everybody(&changed);
        *self = next;
        Ok(())
    }

    /// Whether the column of a stored field of the next rulebook is here.
    fn has_stored(&self, next: &Self, id: FieldId) -> bool {
        let (before, after) = (&self.rulebook.schema, &next.rulebook.schema);
        if after.is_derived(id) {
            return true;
        }
        let field = after.field(id);
        before.find(&field.name).is_some_and(|known| {
            let old = before.field(known);
            !before.is_derived(known) && old.ty == field.ty && old.default == field.default
        })
    }

    /// Fills columns from the store, for those people that are known already:
    /// who is not is about to be told.
    fn read_fields(&mut self, fields: &BTreeSet<FieldId>, known: &Self, profiles: &Profiles) -> Result<(), StoreError> {
        let mut row = None;
        profiles.for_each_value(&self.rulebook.schema.clone(), |met| match met {
            Met::User(user) => row = known.people.find(user),
            Met::Value(field, value) if fields.contains(&field) => {
                if let Some(row) = row {
                    self.fill(row, field, &value);
                }
            }
            Met::Value(..) | Met::Total(..) => {}
        })?;
        Ok(())
    }

    /// Takes over the answers of definitions that mean the same; the ranks of
    /// all others. Where facts were read anew, as of another moment than the
    /// answers, what asks them is among the others.
    fn keep_definitions(&mut self, before: &mut Self, has_facts: bool) -> Ranks {
        let old = Meanings::of(&before.rulebook, before.graph.items(), has_facts);
        let new = Meanings::of(&self.rulebook, self.graph.items(), has_facts);
        let mut changed = Ranks::new();
        for (rank, item) in (0u32..).zip(self.graph.items().to_vec()) {
            let known = old.named(&before.rulebook, item, &self.rulebook);
            let same = known.filter(|known| {
                let (old, new) = (old.by_item.get(known), new.by_item.get(&item));
                old.is_some_and(Option::is_some) && old == new
            });
            match (item, same) {
                (Item::Field(id), Some(Item::Field(known))) => {
                    let column = gone(self.rulebook.schema.field(id));
                    let column = std::mem::replace(&mut before.fields[usize::from(known.0)], column);
                    self.fields[usize::from(id.0)] = column;
                }
                (Item::Segment(id), Some(Item::Segment(known))) => {
                    self.segments[usize::from(id.0)] = std::mem::take(&mut before.segments[usize::from(known.0)]);
                }
                (Item::Experiment(id), Some(Item::Experiment(known))) => {
                    self.deals.take_over(id, &mut before.deals, known);
                }
                (Item::Field(_) | Item::Segment(_) | Item::Experiment(_), Some(_) | None) => {
                    changed.push(rank);
                }
            }
        }
        changed
    }
}

/// What is left of a column that went elsewhere.
fn gone(field: &Field) -> Column {
    Column::new(&field.ty, &field.default)
}

/// A number for what each definition means, everything that it reads included;
/// nothing for those that cannot be compared.
struct Meanings {
    by_item: HashMap<Item, Option<u64>>,
    has_facts: bool,
}

impl Meanings {
    /// Those of all definitions, which stand after what they read.
    fn of(rulebook: &Rulebook, items: &[Item], has_facts: bool) -> Self {
        let mut meanings = Self { by_item: HashMap::new(), has_facts };
        for item in items {
            let meaning = meanings.meaning(rulebook, *item);
            meanings.by_item.insert(*item, meaning);
        }
        meanings
    }

    /// The definition of one rulebook that is called as this one of another.
    fn named(&self, rulebook: &Rulebook, item: Item, of: &Rulebook) -> Option<Item> {
        let named = match item {
            Item::Field(id) => Item::Field(rulebook.schema.find(&of.schema.field(id).name)?),
            Item::Segment(id) => Item::Segment(rulebook.segment(&of.segments().get(usize::from(id.0))?.name)?.id),
            Item::Experiment(id) => {
                let name = of.catalogue.experiments.name(id.0)?;
                Item::Experiment(ExperimentId(rulebook.catalogue.experiments.find(name)?))
            }
        };
        self.by_item.contains_key(&named).then_some(named)
    }

    fn meaning(&self, rulebook: &Rulebook, item: Item) -> Option<u64> {
        let mut hash = DefaultHasher::new();
        format!("{:?}", rulebook.settings.timezone.zone).hash(&mut hash);
        match item {
            Item::Field(id) => describe(rulebook.schema.field(id)).hash(&mut hash),
            // What a script says is not compared.
            Item::Segment(id) => match rulebook.segments().get(usize::from(id.0))?.test {
                Test::Script(_) => return None,
                Test::Condition(_) => {}
            },
            Item::Experiment(id) => deals::describe(rulebook, id).hash(&mut hash),
        }
        if item == Item::Field(builtin::LIFECYCLE) {
            let classes = rulebook.lifecycle().iter().map(|class| (&class.name, class.condition.is_some()));
            classes.collect::<Vec<_>>().hash(&mut hash);
        }
        each_program(rulebook, item, |program| program.text().hash(&mut hash));
        let reads = Reads::of(rulebook, item);
        for id in reads.fields {
            describe(rulebook.schema.field(id)).hash(&mut hash);
            if let Some(meaning) = self.by_item.get(&Item::Field(id)) {
                (*meaning)?.hash(&mut hash);
            }
        }
        for id in reads.segments {
            self.by_item.get(&Item::Segment(id)).copied().flatten()?.hash(&mut hash);
        }
        if !self.has_facts && reads.facts.iter().any(|fact| !matches!(fact, Fact::Variant(_))) {
            return None;
        }
        for fact in reads.facts {
            match fact {
                Fact::Count { event, .. } | Fact::Sum { event, .. } | Fact::First(event) | Fact::Last(event) => {
                    format!("{:?}", rulebook.catalogue.events.event(event)).hash(&mut hash);
                }
                // Known by their names, which stand in the text.
                Fact::Received { .. } | Fact::Clicked { .. } | Fact::InDrip(_) | Fact::FinishedDrip(_) => {}
                Fact::Variant(id) => self.by_item.get(&Item::Experiment(id)).copied().flatten()?.hash(&mut hash),
            }
        }
        Some(hash.finish())
    }
}

/// What of a field's declaration matters to those who read it.
fn describe(field: &Field) -> String {
    format!("{} {:?} {:?}", field.name, field.ty, field.default)
}
