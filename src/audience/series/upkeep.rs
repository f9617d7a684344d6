//! How windows and what feeds them are kept current: new ones begin, events
//! come in, time passes.

use super::asked::start_of;
use super::bucket::Amount;
use super::grid::Grain;
use super::source::{Key, Source, amount};
use super::{Ahead, Happened, Kept, Kind, Listeners, Series};
use crate::condition::Fact;
use crate::model::{PropertyId, Time, TimeDelta};

/// No window reaches back further.
const LONGEST: TimeDelta = TimeDelta::days(36_525);

impl Series {
    /// The source of a window over these events, a new one if there is none.
    pub(super) fn feed(&mut self, kind: Kind, property: Option<PropertyId>, length: TimeDelta, fact: usize) -> usize {
        let key = Key { kind, property, grain: Grain::of(length) };
        let found = self.sources.iter().position(|source| source.key == key);
        let number = found.unwrap_or_else(|| {
            self.sources.push(Source::new(key));
            let number = self.sources.len() - 1;
            self.listeners_of(kind).sources.push(number);
            number
        });
        self.sources[number].facts.push(fact);
        number
    }

    /// What listens to events of this kind.
    pub(super) fn listeners_of(&mut self, kind: Kind) -> &mut Listeners {
        let (list, id) = kind.place();
        let listeners = &mut self.listeners[list];
        if listeners.len() <= id {
            listeners.resize_with(id + 1, Listeners::default);
        }
        &mut listeners[id]
    }

    /// Begins windows that have none yet, out of what their source holds. A
    /// source that must reach back further than it does starts anew.
    pub(super) fn begin(&mut self) {
        let mut anew = Vec::new();
        for Kept { fact, values, window } in &mut self.facts {
            let Some((number, start)) = window.as_mut().filter(|(_, start)| *start == Time(i64::MAX)) else { continue };
            *start = start_of(fact, self.now, &self.zone);
            let source = &self.sources[*number];
            if source.recalling || source.reach > *start {
                anew.push(*number);
            }
            source.between(*start, self.now + TimeDelta(1), |row, amount| {
                values.add(row, amount);
            });
        }
        for number in anew {
            self.sources[number].start_anew();
            self.ahead.values_mut().for_each(|group| group.retain(|ahead| ahead.source != number));
            for place in &self.sources[number].facts {
                let kept = &mut self.facts[*place];
                kept.values = kept.values.cleared();
                kept.values.resize(self.rows);
            }
        }
        self.reach();
    }

    /// Moves what every source keeps, and the grids, to the present.
    fn reach(&mut self) {
        let earliest = self.now - LONGEST;
        let (mut hours, mut days) = (self.now, self.now);
        for source in &mut self.sources {
            let starts = source.facts.iter().filter_map(|place| self.facts[*place].window);
            let start = starts.map(|(_, start)| start).min().unwrap_or(self.now);
            source.let_go(start.max(earliest) - source.key.grain.slack());
            let grid = match source.key.grain {
                Grain::Hour => &mut hours,
                Grain::Day => &mut days,
            };
            *grid = source.reach.min(*grid);
        }
        self.hours.cover(hours, self.now);
        self.days.cover(days, self.now);
        for source in &mut self.sources {
            let grid = if source.key.grain == Grain::Hour { &self.hours } else { &self.days };
            source.move_to(grid.floor(self.now).unwrap_or(source.reach));
        }
    }

    /// Takes an event into the sources that listen to it.
    pub(super) fn take(&mut self, row: u32, event: Happened<'_>, past: bool, changed: &mut Vec<Fact>) {
        self.grow(row as usize + 1);
        let (list, id) = event.kind.place();
        for n in 0..self.listeners[list].get(id).map_or(0, |listeners| listeners.sources.len()) {
            let number = self.listeners[list][id].sources[n];
            let source = &self.sources[number];
            if past && !source.recalling {
                continue;
            }
            let Some(amount) = amount(event.properties, source.key.property) else { continue };
            if event.at > self.now.max(self.told) {
                self.ahead.entry(event.at).or_default().push(Ahead { source: number, row, amount });
            } else {
                self.enter(number, row, event.at, amount, |_, fact| changed.push(fact));
            }
        }
    }

    /// Puts an amount into its bucket and into the windows that it lies in;
    /// `changed` is told which answers are others now.
    pub(super) fn enter(
        &mut self,
        number: usize,
        row: u32,
        at: Time,
        amount: Amount,
        mut changed: impl FnMut(usize, Fact),
    ) {
        let source = &mut self.sources[number];
        let grid = if source.key.grain == Grain::Hour { &self.hours } else { &self.days };
        let Some(start) = grid.floor(at).filter(|_| at >= source.reach) else { return };
        source.add(start, row, amount);
        for place in &source.facts {
            let kept = &mut self.facts[*place];
            if kept.window.is_some_and(|(_, start)| start <= at) && kept.values.add(row, amount) {
                changed(*place, kept.fact);
            }
        }
    }

    /// Moves all windows to the present: what left them is taken away.
    pub(super) fn move_windows(&mut self, changed: &mut [Vec<u32>]) {
        for (kept, changed) in self.facts.iter_mut().zip(changed) {
            let Some((number, start)) = &mut kept.window else { continue };
            let new = start_of(&kept.fact, self.now, &self.zone);
            let (old, source, values) = (std::mem::replace(start, new), &self.sources[*number], &mut kept.values);
            source.between(old, new, |row, amount| {
                if values.subtract(row, amount) {
                    changed.push(row);
                }
            });
            // where a clock goes back over midnight, so does the start
            source.between(new, old, |row, amount| {
                if values.add(row, amount) {
                    changed.push(row);
                }
            });
        }
        self.reach();
    }
}
