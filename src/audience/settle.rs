//! Judging definitions again: for one user after a change, and for those whom
//! the passing of time concerns.

use super::Changes;
use super::graph::{Item, Ranks, next_change, ranks};
use super::pass::Pass;
use super::row::{Known, Person, Source};
use super::state::State;
use crate::condition::{Sweep, Truth, midnight};
use crate::model::{ExperimentId, FieldId, SegmentId, Time, Value};
use crate::store::Raw;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const MINUTE: i64 = 60_000;

/// An answer that is new or the same as before.
enum Judged {
    Field(FieldId, Value),
    Segment(SegmentId, Truth),
    Variant(ExperimentId, Option<Arc<str>>),
}

impl State {
    /// Judges definitions again for one user, and those that read what changes.
    /// They are given by rank, ascending.
    pub fn settle(&mut self, row: u32, first: &[u32], changes: &mut Changes) {
        let mut known = std::mem::take(self.scratch());
        known.forget();
        let mut next: Option<Time> = None;
        // Readers come after what they read, so that each is judged once.
        let (mut first, mut more) = (first, BTreeSet::new());
        loop {
            let rank = match (first.first().copied(), more.first().copied()) {
                (Some(a), Some(b)) => a.min(b),
                (Some(rank), None) | (None, Some(rank)) => rank,
                (None, None) => break,
            };
            first = &first[usize::from(first.first() == Some(&rank))..];
            more.remove(&rank);
            let Some(item) = self.graph.item(rank) else { continue };
            let judged = self.judge(row, item, &known);
            if self.graph.has_moments(rank) {
                let person = Person::new(self, row, self.now, Source::Live(None), &known);
                next = [next, next_change(&self.rulebook, item, &person)].into_iter().flatten().min();
            }
            if self.keep(row, judged, changes) {
                more.extend(self.graph.readers(item));
            }
        }
        if let Some(next) = next {
            self.wheel.judge_by(row, next);
        }
        *self.scratch() = known;
    }

    /// Judges these definitions for everybody. Nobody is told what changes.
    pub fn judge_everybody(&mut self, ranks: &[u32]) {
        let rows = self.people.len();
        for item in ranks.iter().filter_map(|rank| self.graph.item(*rank)) {
            let answers = Pass::new(self, None, None).judge(item);
            match item {
                Item::Field(id) => self.fields[usize::from(id.0)] = answers.into_column(rows),
                Item::Segment(id) => self.segments[usize::from(id.0)] = answers.into_live(rows),
                Item::Experiment(id) => self.deals.put_all(id, answers.into_column(rows)),
            }
        }
        self.plan(ranks);
    }

    /// Notes for everybody when the next of these answers flips.
    fn plan(&mut self, ranks: &[u32]) {
        let moving = ranks.iter().filter(|rank| self.graph.has_moments(**rank));
        let moving: Vec<Item> = moving.filter_map(|rank| self.graph.item(*rank)).collect();
        if moving.is_empty() {
            return;
        }
        let mut known = std::mem::take(self.scratch());
        for row in (0u32..).take(self.people.len()) {
            known.forget();
            let person = Person::new(self, row, self.now, Source::Live(None), &known);
            let next = moving.iter().filter_map(|item| next_change(&self.rulebook, *item, &person)).min();
            if let Some(next) = next {
                self.wheel.judge_by(row, next);
            }
        }
        *self.scratch() = known;
    }

    /// Lets time pass: what changed by it, for whom anything did.
    pub fn advance(&mut self, now: Time) -> Vec<Changes> {
        self.tell(now);
        let mut all = Vec::new();
        for (fact, rows) in self.facts.advance(self.now) {
            let asking = self.graph.asking(&fact).to_vec();
            rows.into_iter().for_each(|row| self.settle_into(row, &asking, &mut all));
        }
        let swept = self.swept();
        for (row, ranks) in self.concerned(&swept) {
            self.settle_into(row, &ranks, &mut all);
        }
        self.plan(&swept);
        let moving = ranks(self.graph.moving().collect());
        let due = self.wheel.take(self.now);
        due.into_iter().for_each(|row| self.settle_into(row, &moving, &mut all));
        self.advanced = self.now;
        all
    }

    /// When answers may change next by the passing of time alone. Windows of
    /// events end at full hours.
    pub fn next_look(&self) -> Time {
        let next = |length: i64| Time((self.now.0.div_euclid(length) + 1) * length);
        let has = |sweep| self.graph.swept(sweep).next().is_some();
        let step = if has(Sweep::Minute) {
            MINUTE
        } else if has(Sweep::Quarter) {
            15 * MINUTE
        } else {
            60 * MINUTE
        };
        let wheel = self.wheel.first().map(|first| first.max(next(MINUTE)));
        wheel.map_or(next(step), |first| first.min(next(step)))
    }

    /// Those that may have changed for everybody since time was let pass last.
    fn swept(&self) -> Ranks {
        let passed = |length: i64| self.now.0.div_euclid(length) != self.advanced.0.div_euclid(length);
        let zone = &self.rulebook.settings.timezone.zone;
        let mut swept = Ranks::new();
        if passed(MINUTE) {
            swept.extend(self.graph.swept(Sweep::Minute));
        }
        if passed(15 * MINUTE) {
            swept.extend(self.graph.swept(Sweep::Quarter));
        }
        let mut daily = self.graph.swept(Sweep::Midnight).peekable();
        if daily.peek().is_some() && midnight(self.now, zone) != midnight(self.advanced, zone) {
            swept.extend(daily);
        }
        ranks(swept)
    }

    /// The rows whose answers have changed, and which: judged for everybody at
    /// once, so that only they are looked at one by one.
    fn concerned(&self, swept: &[u32]) -> BTreeMap<u32, Ranks> {
        let mut concerned: BTreeMap<u32, Ranks> = BTreeMap::new();
        for rank in swept {
            let Some(item) = self.graph.item(*rank) else { continue };
            let answers = Pass::new(self, None, None).judge(item);
            for row in (0u32..).take(self.people.len()) {
                let differs = match item {
                    Item::Field(id) => answers.value(row as usize) != self.value(id, row),
                    Item::Segment(id) => answers.truth(row as usize) != self.truth(id, row),
                    Item::Experiment(id) => answers.value(row as usize) != self.deals.value(id, row),
                };
                if differs {
                    concerned.entry(row).or_default().push(*rank);
                }
            }
        }
        concerned
    }

    fn settle_into(&mut self, row: u32, ranks: &[u32], all: &mut Vec<Changes>) {
        let Some(user) = self.people.user(row) else { return };
        let mut changes = Changes::of(user);
        self.settle(row, ranks, &mut changes);
        if !changes.is_empty() {
            all.push(changes);
        }
    }

    fn judge(&self, row: u32, item: Item, known: &Known) -> Judged {
        let person = Person::new(self, row, self.now, Source::Live(None), known);
        match item {
            Item::Field(id) => Judged::Field(id, self.rulebook.derive(id, &person).unwrap_or_default()),
            Item::Segment(id) => Judged::Segment(id, self.rulebook.judge(id, &person)),
            Item::Experiment(id) => Judged::Variant(id, self.variant(id, row, &person)),
        }
    }

    /// Keeps an answer; whether it is another than before.
    fn keep(&mut self, row: u32, judged: Judged, changes: &mut Changes) -> bool {
        match judged {
            Judged::Field(id, value) => {
                let before = self.value(id, row);
                if value == before {
                    return false;
                }
                self.fields[usize::from(id.0)].set(row as usize, &Raw::from(&value));
                changes.fields.push((id, before, value));
                true
            }
            Judged::Segment(id, truth) => {
                let Some(live) = self.segments.get_mut(usize::from(id.0)) else { return false };
                let before = live.put(row, truth);
                match (before.is_true(), truth.is_true()) {
                    (false, true) => changes.entered.push(id),
                    (true, false) => changes.left.push(id),
                    (true, true) | (false, false) => return false,
                }
                true
            }
            Judged::Variant(id, variant) => self.deals.put(id, row, variant.as_deref()),
        }
    }
}
