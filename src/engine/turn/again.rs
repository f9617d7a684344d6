//! Turns that had no end: what is remembered of one, and taking it once more.

use super::{AGAIN, Stimulus, Turn};
use crate::audience::Changes;
use crate::condition::Row;
use crate::engine::automation::{Began, Cascade, Told};
use crate::engine::turn::Came;
use crate::model::{SegmentId, Value};
use crate::rulebook::Rulebook;
use crate::store::Origin;

/// So many names of rules are remembered of a loop.
const RULES: usize = 32;

/// What a turn begins with.
#[derive(Clone, Copy)]
pub(super) enum Start {
    /// What was told.
    Told,
    /// This rule.
    Rule(usize),
    /// The passing of time.
    Time,
}

impl Turn<'_> {
    /// The same as a turn that had no end, at the present.
    pub fn again(mut self, number: u64, cascade: &Cascade) -> Came {
        self.replayed = Some(number);
        let rules = self.ground.rules;
        match &cascade.began {
            Began::Told(told) => {
                let stimulus = self.stimulus(told);
                self.follow(stimulus)
            }
            Began::Rule(name) => match rules.rulebook.rules.iter().position(|rule| rule.name == *name) {
                Some(at) => self.act(at),
                None => self.finish(),
            },
            Began::Time => {
                self.standing.bring_forward(cascade.at + AGAIN, self.ground.now);
                self.pass()
            }
        }
    }

    /// What was told, as far as it still is so.
    fn stimulus(&self, told: &Told) -> Stimulus {
        let (rulebook, audience) = (&self.ground.rules.rulebook, self.ground.audience);
        let segment = |name: &String| rulebook.segments().iter().find(|segment| segment.name == *name).map(|s| s.id);
        let changes = audience.with_row(self.user, |person| {
            let of = |names: &[String], inside: bool| -> Vec<SegmentId> {
                names.iter().filter_map(segment).filter(|id| person.in_segment(*id) == inside).collect()
            };
            let fields = told.changed.iter().filter_map(|name| rulebook.schema.find(name));
            Changes {
                user: self.user,
                fields: fields.map(|id| (id, Value::Missing, person.field(id).clone())).collect(),
                entered: of(&told.entered, true),
                left: of(&told.left, false),
                new: told.joined,
            }
        });
        let due = told.due.as_ref().and_then(|(field, after)| Some((rulebook.schema.find(field)?, *after)));
        Stimulus { event: told.event.clone(), changes: changes.into_iter().collect(), due }
    }

    /// What is remembered of this turn, which began so.
    pub(super) fn cascade(&self, start: Start, first: &[Stimulus]) -> Cascade {
        let rulebook = &self.ground.rules.rulebook;
        let began = match start {
            Start::Told => Began::Told(Box::new(told(rulebook, first))),
            Start::Rule(at) => Began::Rule(rulebook.rules[at].name.clone()),
            Start::Time => Began::Time,
        };
        Cascade {
            user: self.user,
            at: self.ground.now,
            times: 1,
            rules: self.loop_of_rules(),
            rulebook: rulebook.version.clone(),
            began,
            is_import: self.origin == Origin::Import,
        }
    }

    /// The names of the rules that acted again and again; of all that acted if
    /// none did so twice. Drips are among them if they are the loop.
    fn loop_of_rules(&self) -> Vec<String> {
        let times = |rule: &usize| self.fired.iter().filter(|other| *other == rule).count();
        let has_loop = self.fired.iter().any(|rule| times(rule) > 1);
        let of_loop = self.fired.iter().filter(|rule| !has_loop || times(rule) > 1);
        let mut names: Vec<String> = of_loop.map(|rule| self.ground.rules.rulebook.rules[*rule].name.clone()).collect();
        names.extend(self.drips_of_loop().map(str::to_owned));
        names.sort_unstable();
        names.dedup();
        names.truncate(RULES);
        names
    }

    /// The drips that start one another without end, if that is the loop.
    pub(super) fn drips_of_loop(&self) -> impl Iterator<Item = &str> {
        self.started.iter().filter(|_| self.starts_without_end()).map(|name| &**name)
    }
}

fn told(rulebook: &Rulebook, first: &[Stimulus]) -> Told {
    let changes = || first.iter().flat_map(|stimulus| &stimulus.changes);
    let segment = |id: &SegmentId| rulebook.segments().get(usize::from(id.0)).map(|segment| segment.name.clone());
    let field = |id| rulebook.schema.field(id).name.to_string();
    Told {
        event: first.iter().find_map(|stimulus| stimulus.event.clone()),
        joined: changes().any(|changes| changes.new),
        entered: changes().flat_map(|changes| &changes.entered).filter_map(segment).collect(),
        left: changes().flat_map(|changes| &changes.left).filter_map(segment).collect(),
        changed: changes().flat_map(|changes| &changes.fields).map(|(id, ..)| field(*id)).collect(),
        due: first.iter().find_map(|stimulus| stimulus.due).map(|(id, after)| (field(id), after)),
    }
}
