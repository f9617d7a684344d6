//! A drip as a graph of numbered steps, in the order in which they stand in the
//! file, and where a user goes on when the file has changed.
//!
//! Numbers are for one version; what outlives it is the [`Outline`]: the names
//! and kinds of steps. A named step is found again by its name. A wait without
//! a name is found as so many steps behind the same named one. What is gone is
//! left out: the next named step that survives takes its place.

use crate::condition::{Condition, Fact};
use crate::diagnostic::Place;
use crate::model::{ExperimentId, TimeDelta};
use crate::rulebook::{Action, Awaited, Content, Drip, Moment, OnFailure, Send, Step, What};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// A drip's steps.
#[derive(Debug)]
pub struct Flow {
    /// The drip's name.
    pub name: Arc<str>,
    /// The steps; the first is where users enter.
    pub nodes: Vec<Node>,
}

/// The step that follows; none at the end.
pub type Next = Option<u16>;

/// One step.
#[derive(Debug)]
pub struct Node {
    /// Its name, where it has one.
    pub name: Option<Arc<str>>,
    /// What people call it: its name, or that of the named step that it belongs
    /// to, or `start`.
    pub label: Arc<str>,
    /// What it does.
    pub kind: Kind,
    /// Where it stands in the files.
    pub place: Place,
    /// The experiments on which it depends that users come here.
    pub shows: Vec<ExperimentId>,
    /// Of a step with several ways that depend on an experiment: for each that
    /// sends nothing, the message of another, of which users get a ghost.
    pub ghosts: Vec<Option<Box<Send>>>,
}

/// What a step does, and what follows.
#[derive(Debug)]
pub enum Kind {
    /// Acts.
    Act {
        /// How.
        action: Box<Action>,
        /// What follows if its message is not delivered.
        on_failure: OnFailure,
        /// What follows.
        next: Next,
    },
    /// Waits for a length of time.
    Wait {
        /// That length.
        length: TimeDelta,
        /// What follows.
        next: Next,
    },
    /// Waits for a moment.
    WaitUntil {
        /// That moment.
        moment: Box<Moment>,
        /// What follows.
        next: Next,
    },
    /// Waits for something to happen.
    WaitFor {
        /// What.
        awaited: Awaited,
        /// How long at most.
        up_to: TimeDelta,
        /// What follows if it happens.
        then: Next,
        /// What follows if it does not.
        otherwise: Next,
    },
    /// Goes one of two ways.
    Branch {
        /// A question about the user.
        condition: Condition,
        /// What follows where it is true.
        then: Next,
        /// What follows elsewhere.
        otherwise: Next,
    },
    /// Goes the way of the user's variant.
    Split {
        /// The experiment.
        experiment: ExperimentId,
        /// What follows for each variant.
        ways: Vec<Next>,
    },
}

/// What is remembered of a version of a drip: of each step its name and a letter
/// for its kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline(pub Vec<(Option<Arc<str>>, char)>);

/// Where a user goes on under another version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// At the same step.
    Same(u16),
    /// At this one instead, from its beginning.
    Instead(u16),
    /// Nowhere.
    Nowhere,
}

impl Flow {
    /// The steps of a drip.
    pub fn new(drip: &Drip) -> Self {
        let mut flow = Self { name: drip.name.as_str().into(), nodes: Vec::new() };
        flow.list(&drip.steps, None, &"start".into(), &[]);
        flow
    }

    /// Where users enter.
    pub fn first(&self) -> Next {
        (!self.nodes.is_empty()).then_some(0)
    }

    /// The step with this number.
    pub fn node(&self, at: u16) -> Option<&Node> {
        self.nodes.get(usize::from(at))
    }

    /// Whether another step than this one sends this template under the same
    /// name.
    pub fn is_of_another(&self, at: u16, template: &str) -> bool {
        let Some(label) = self.node(at).map(|node| &node.label) else { return false };
        let mut others = self.nodes.iter().enumerate().filter(|(place, _)| *place != usize::from(at));
        others.any(|(_, node)| node.label == *label && node.sends(template))
    }

    /// What is to be remembered of it.
    pub fn outline(&self) -> Outline {
        Outline(self.nodes.iter().map(|node| (node.name.clone(), node.kind.letter())).collect())
    }

    /// Adds steps behind which `after` follows; gives the first of them.
    fn list(&mut self, steps: &[Step], after: Next, label: &Arc<str>, shows: &[ExperimentId]) -> Next {
        let first = self.here();
        let mut label = label.clone();
        for (place, step) in steps.iter().enumerate() {
            if let Some(name) = &step.name {
                label = name.as_str().into();
            }
            let is_last = place + 1 == steps.len();
            let next = if is_last { after } else { Some(self.here() + size(step)) };
            self.step(step, next, &label, shows);
        }
        if steps.is_empty() { after } else { Some(first) }
    }

    fn step(&mut self, step: &Step, next: Next, label: &Arc<str>, shows: &[ExperimentId]) {
        let at = self.nodes.len();
        let name = step.name.as_deref().map(Arc::from);
        // the kind is known once what stands inside has its numbers
        let kind = Kind::Wait { length: TimeDelta(0), next };
        let (label_of, shown) = (label.clone(), shows.to_vec());
        self.nodes.push(Node { name, label: label_of, kind, place: step.place, shows: shown, ghosts: Vec::new() });
        let named = experiments(&step.what);
        let inside: Vec<ExperimentId> = shows.iter().chain(&named).copied().collect();
        let shows = inside.as_slice();
        let kind = match &step.what {
            What::Act { action, on_failure } => Kind::Act { action: action.clone(), on_failure: *on_failure, next },
            What::Wait(length) => Kind::Wait { length: *length, next },
            What::WaitUntil(moment) => Kind::WaitUntil { moment: moment.clone(), next },
            What::WaitFor { awaited, up_to, then, otherwise } => Kind::WaitFor {
                awaited: awaited.clone(),
                up_to: *up_to,
                then: self.list(then, next, label, shows),
                otherwise: self.list(otherwise, next, label, shows),
            },
            What::Branch { condition, then, otherwise } => Kind::Branch {
                condition: condition.clone(),
                then: self.list(then, next, label, shows),
                otherwise: self.list(otherwise, next, label, shows),
            },
            What::Split { experiment, variants } => {
                let ways = variants.iter().map(|steps| self.list(steps, next, label, shows)).collect();
                Kind::Split { experiment: *experiment, ways }
            }
        };
        self.nodes[at].kind = kind;
        if !named.is_empty() {
            self.nodes[at].ghosts = ghosts(&step.what);
        }
    }

    fn here(&self) -> u16 {
        u16::try_from(self.nodes.len()).unwrap_or(u16::MAX)
    }
}

/// The experiments on which the way depends that users leave a step by.
fn experiments(what: &What) -> Vec<ExperimentId> {
    match what {
        What::Split { experiment, .. } => vec![*experiment],
        What::Branch { condition, .. } => asked(condition),
        What::Act { .. } | What::Wait(_) | What::WaitUntil(_) | What::WaitFor { .. } => Vec::new(),
    }
}

/// The experiments that a condition names.
pub fn asked(condition: &Condition) -> Vec<ExperimentId> {
    let experiment = |fact: &Fact| if let Fact::Variant(id) = fact { Some(*id) } else { None };
    condition.facts().iter().filter_map(experiment).collect()
}

/// For each way the message that its users would have got another way, if they
/// get none.
fn ghosts(what: &What) -> Vec<Option<Box<Send>>> {
    let ways: Vec<&[Step]> = match what {
        What::Split { variants, .. } => variants.iter().map(Vec::as_slice).collect(),
        What::Branch { then, otherwise, .. } => vec![then, otherwise],
        What::Act { .. } | What::Wait(_) | What::WaitUntil(_) | What::WaitFor { .. } => Vec::new(),
    };
    let first = ways.iter().find_map(|steps| first_send(steps));
    let ghost = |steps: &&[Step]| first.filter(|_| !may_send(steps)).map(|send| Box::new(send.clone()));
    ways.iter().map(ghost).collect()
}

/// The first message of these steps.
fn first_send(steps: &[Step]) -> Option<&Send> {
    steps.iter().find_map(|step| match &step.what {
        What::Act { action, .. } => {
            if let Action::Send(send) = &**action {
                Some(&**send)
            } else {
                None
            }
        }
        What::Wait(_) | What::WaitUntil(_) => None,
        What::WaitFor { then, otherwise, .. } | What::Branch { then, otherwise, .. } => {
            first_send(then).or_else(|| first_send(otherwise))
        }
        What::Split { variants, .. } => variants.iter().find_map(|steps| first_send(steps)),
    })
}

/// Whether these steps send anything, or a script in them might.
fn may_send(steps: &[Step]) -> bool {
    steps.iter().any(|step| match &step.what {
        What::Act { action, .. } => matches!(**action, Action::Send(_) | Action::Run(_)),
        What::Wait(_) | What::WaitUntil(_) => false,
        What::WaitFor { then, otherwise, .. } | What::Branch { then, otherwise, .. } => {
            may_send(then) || may_send(otherwise)
        }
        What::Split { variants, .. } => variants.iter().any(|steps| may_send(steps)),
    })
}

/// The number of steps in a step, itself among them.
fn size(step: &Step) -> u16 {
    let all = |lists: &[&[Step]]| lists.iter().flat_map(|list| list.iter()).map(size).fold(1, u16::saturating_add);
    match &step.what {
        What::Act { .. } | What::Wait(_) | What::WaitUntil(_) => 1,
        What::WaitFor { then, otherwise, .. } | What::Branch { then, otherwise, .. } => all(&[then, otherwise]),
        What::Split { variants, .. } => all(&variants.iter().map(Vec::as_slice).collect::<Vec<_>>()),
    }
}

impl Kind {
    fn letter(&self) -> char {
        match self {
            Self::Act { .. } => 'a',
            Self::Wait { .. } => 'w',
            Self::WaitUntil { .. } => 'u',
            Self::WaitFor { .. } => 'f',
            Self::Branch { .. } => 'b',
            Self::Split { .. } => 's',
        }
    }
}

impl Node {
    fn sends(&self, template: &str) -> bool {
        let Kind::Act { action, .. } = &self.kind else { return false };
        let Action::Send(send) = &**action else { return false };
        match &send.content {
            Content::Template(name) => name == template,
            Content::Experiment { variants, .. } => variants.iter().flatten().any(|name| name == template),
        }
    }
}

impl Outline {
    /// Where somebody who was at step `at` of this version goes on in another.
    pub fn find(&self, at: u16, new: &Self) -> Found {
        if self == new {
            return Found::Same(at);
        }
        let at = usize::from(at);
        let place = |name: &Arc<str>| new.0.iter().position(|(known, _)| known.as_ref() == Some(name));
        let number = |place: usize| u16::try_from(place).unwrap_or(u16::MAX);
        match self.0.get(at) {
            Some((Some(name), letter)) => {
                if let Some(found) = place(name) {
                    let is_same = new.0[found].1 == *letter;
                    return if is_same { Found::Same(number(found)) } else { Found::Instead(number(found)) };
                }
            }
            Some((None, letter)) => {
                if let Some(found) = self.behind_its_anchor(at, new).filter(|found| new.0[*found].1 == *letter) {
                    return Found::Same(number(found));
                }
            }
            None => return Found::Nowhere,
        }
        let later = self.0.iter().skip(at + 1).filter_map(|(name, _)| name.as_ref());
        later.filter_map(place).next().map_or(Found::Nowhere, |found| Found::Instead(number(found)))
    }

    /// The place of an unnamed step that stands as far behind its named one.
    fn behind_its_anchor(&self, at: usize, new: &Self) -> Option<usize> {
        let anchor = (0..at).rev().find(|place| self.0[*place].0.is_some());
        let (behind, found) = match anchor {
            None => (at + 1, None),
            Some(anchor) => {
                let name = &self.0[anchor].0;
                (at - anchor, Some(new.0.iter().position(|(known, _)| known == name)?))
            }
        };
        let from = found.map_or(0, |found| found + 1);
        let between = new.0.get(from..from + behind)?;
        between.iter().all(|(name, _)| name.is_none()).then(|| from + behind - 1)
    }

    /// The steps of a new version that somebody who was at `at` of this one, and
    /// goes on at `on`, has behind him although they stand ahead: they are not
    /// done again.
    pub fn behind(&self, at: u16, new: &Self, on: u16) -> Vec<u16> {
        let passed: HashMap<&Arc<str>, ()> =
            self.0.iter().take(usize::from(at)).filter_map(|(name, _)| Some((name.as_ref()?, ()))).collect();
        let ahead = (0u16..).zip(&new.0).skip(usize::from(on));
        ahead.filter(|(_, (name, _))| name.as_ref().is_some_and(|n| passed.contains_key(n))).map(|(at, _)| at).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(steps: &str) -> Outline {
        let step = |word: &str| match word.strip_prefix('-') {
            Some(kind) => (None, kind.chars().next().unwrap()),
            None => (Some(Arc::from(word)), 'a'),
        };
        Outline(steps.split_whitespace().map(step).collect())
    }

    #[test]
    fn people_go_on_where_they_were() {
        for (old, at, new, expected) in [
            ("hello -w nudge", 1, "hello -w nudge", Found::Same(1)),
            ("hello -w nudge", 1, "first hello -w nudge", Found::Same(2)),
            ("hello -w nudge", 1, "hello -u nudge", Found::Instead(2)),
            ("hello -w nudge", 1, "hello nudge", Found::Instead(1)),
            ("hello -w nudge last", 1, "hello last", Found::Instead(1)),
            ("hello -w -w nudge", 2, "hello -w nudge", Found::Instead(2)),
            ("-w hello", 0, "-w hello more", Found::Same(0)),
            ("hello -w nudge", 1, "hello", Found::Nowhere),
            ("hello nudge", 1, "nudge hello", Found::Same(0)),
            ("hello -w", 1, "other", Found::Nowhere),
        ] {
            assert_eq!(outline(old).find(at, &outline(new)), expected, "{old} / {new}");
        }
    }

    #[test]
    fn nothing_is_done_twice_because_steps_changed_places() {
        for (old, at, new, on, expected) in [
            ("a b -w c", 2, "a b -w c", 2, vec![]),
            ("a b -w c", 2, "c a b", 0, vec![1, 2]),
            ("a -w c", 1, "c d a", 0, vec![2]),
        ] {
            assert_eq!(outline(old).behind(at, &outline(new), on), expected, "{old} / {new}");
        }
    }
}
