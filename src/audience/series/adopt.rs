//! A series under another rulebook: the same events and properties may have
//! other ids there, and other facts may be asked. Answers about templates, which
//! are not among the events, are shown the past anew.

use super::source::Key;
use super::{Ahead, Kind, Series};
use crate::condition::Fact;
use crate::model::{EventId, Events, PropertyId};
use std::collections::HashMap;

/// The ids of one rulebook in another one.
struct Translation<'a> {
    from: &'a Events,
    to: &'a Events,
}

impl Series {
    /// This series under another rulebook, for these of its facts; `from` are
    /// the events of the rulebook before. Answers that were kept are kept on,
    /// the others are to be shown the past: see [`Self::wanted`]. Lifetime
    /// answers that were not kept begin with nothing.
    #[must_use]
    pub fn adopt(mut self, from: &Events, facts: &[Fact], to: &Events) -> Self {
        let translation = Translation { from, to };
        let known = self.facts.iter().enumerate().filter_map(|(place, kept)| {
            let fact = translation.fact(kept.fact).filter(|fact| facts.contains(fact));
            fact.map(|fact| (place, fact))
        });
        let known: Vec<(usize, Fact)> = known.collect();
        let mut next = Self::new(self.zone.clone(), self.now);
        next.grow(self.rows);
        next.extend(&known.iter().map(|(_, fact)| *fact).collect::<Vec<_>>(), to);
        let moved = next.take_sources(&mut self, &translation);
        for (place, fact) in known {
            let (kept, before) = (&mut next.facts[next.places[&fact]], &mut self.facts[place]);
            kept.values = std::mem::replace(&mut before.values, kept.values.cleared());
            // the source is the one that was made for it just now
            kept.window = kept.window.zip(before.window).map(|((source, _), (_, start))| (source, start));
        }
        for (at, group) in self.ahead {
            let group =
                group.into_iter().filter_map(|ahead| Some(Ahead { source: *moved.get(&ahead.source)?, ..ahead }));
            next.ahead.insert(at, group.collect());
        }
        next.extend(facts, to);
        next
    }

    /// Moves over what the sources of another series hold; where each of them
    /// stands now.
    fn take_sources(&mut self, other: &mut Self, translation: &Translation<'_>) -> HashMap<usize, usize> {
        let mut moved = HashMap::new();
        for (number, source) in std::mem::take(&mut other.sources).into_iter().enumerate() {
            let Some(key) = translation.key(source.key) else { continue };
            if let Some(place) = self.sources.iter().position(|new| new.key == key) {
                self.sources[place].take_over(source);
                moved.insert(number, place);
            }
        }
        moved
    }
}

impl Translation<'_> {
    fn event(&self, event: EventId) -> Option<EventId> {
        self.to.find(&self.from.event(event).name)
    }

    /// A property that has its type still.
    fn property(&self, event: EventId, property: PropertyId) -> Option<PropertyId> {
        let before = self.from.event(event).at(property);
        let (id, now) = self.to.event(self.event(event)?).property(&before.name)?;
        (now.ty == before.ty).then_some(id)
    }

    fn key(&self, Key { kind, property, grain }: Key) -> Option<Key> {
        let event = match kind {
            Kind::Event(event) => event,
            Kind::Received(_) | Kind::Clicked(_) => return None,
        };
        let property = match property {
            Some(property) => Some(self.property(event, property)?),
            None => None,
        };
        Some(Key { kind: Kind::Event(self.event(event)?), property, grain })
    }

    fn fact(&self, fact: Fact) -> Option<Fact> {
        match fact {
            Fact::Count { event, window } => Some(Fact::Count { event: self.event(event)?, window }),
            Fact::Sum { event, property, window } => {
                let property = self.property(event, property)?;
                Some(Fact::Sum { event: self.event(event)?, property, window })
            }
            Fact::First(event) => self.event(event).map(Fact::First),
            Fact::Last(event) => self.event(event).map(Fact::Last),
            Fact::Received { .. }
            | Fact::Clicked { .. }
            | Fact::InDrip(_)
            | Fact::FinishedDrip(_)
            | Fact::Variant(_) => None,
        }
    }
}
