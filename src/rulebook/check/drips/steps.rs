//! The steps of a drip, read out of the tree.
//!
//! A step is `NAME: {…}`, or the braces' content alone: waits, `split`, `fork`,
//! and inside branches everything. Outside branches whatever acts has a name.

use super::say::{empty, nameless, uncovered, unknown_step};
use super::shape::{AWAITED, BRANCH, FORK, SPLIT, VARIANTS, WAIT, WAIT_FOR, WAIT_UNTIL};
use super::{FAILURES, codes};
use crate::condition::Condition;
use crate::diagnostic::{Diagnostic, Place, nearest};
use crate::model::{EventId, ExperimentId, Text, TimeDelta};
use crate::rulebook::action::{Action, ITEM, Scope, action};
use crate::rulebook::check::conditions::compile;
use crate::rulebook::check::{lookup, names, twice};
use crate::rulebook::phrases;
use crate::rulebook::raw::{Reader, find};
use crate::rulebook::shape::Shape;
use crate::rulebook::trigger::{Moment, moment};
use crate::rulebook::yaml::{Entry, Kind, Node, Scalar};
use std::collections::HashMap;

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// What it does.
    pub what: What,
    /// Where it stands in the files.
    pub place: Place,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum What {
    /// Acts at once.
    Act {
        /// How.
        action: Box<Action>,
        /// What follows if its message cannot be delivered.
        on_failure: OnFailure,
    },
    /// Waits for a length of time.
    Wait(TimeDelta),
    /// Waits for a moment.
    WaitUntil(Box<Moment>),
    /// Waits for something to happen.
    WaitFor {
        /// What.
        awaited: Awaited,
        /// How long at most.
        up_to: TimeDelta,
        /// What follows if it happened.
        then: Vec<Step>,
        /// What follows if it did not.
        otherwise: Vec<Step>,
    },
    /// Goes one of two ways.
    Branch {
        /// A question about the user.
        condition: Condition,
        /// What follows where it is true.
        then: Vec<Step>,
        /// What follows elsewhere.
        otherwise: Vec<Step>,
    },
    /// Goes the way of the user's variant; users outside the experiment that
    /// of the first.
    Split {
        /// The experiment.
        experiment: ExperimentId,
        /// The steps of each variant, in their order.
        variants: Vec<Vec<Step>>,
    },
}

/// What a step waits for.
#[derive(Clone, Debug)]
pub enum Awaited {
    /// An event, perhaps one of which a condition is true.
    Event(EventId, Option<Condition>),
    /// A condition about the user.
    Condition(Condition),
}

/// What follows if a message cannot be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The next step.
    Skip,
    /// Another attempt later.
    Retry,
    /// The end of the drip for this user.
    Exit,
}

/// The first keys of what a step does, but for actions.
const HEADS: [&str; 6] = ["wait", "wait until", "wait for", "if", "split", "fork"];

/// Reads the steps of one drip.
pub(super) struct Steps<'a, 'r> {
    scope: &'a Scope<'a>,
    reader: &'r mut Reader,
    /// The names that stand so far, and where.
    names: HashMap<String, Place>,
}

/// Whether steps stand in a branch of another step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Top,
    Branch,
}

impl<'a, 'r> Steps<'a, 'r> {
    /// The steps that could be read; what is wrong with others is reported.
    pub fn read(node: &Node, scope: &'a Scope<'a>, reader: &'r mut Reader) -> Vec<Step> {
        let mut steps = Steps { scope, reader, names: HashMap::new() };
        let list = steps.list(node, Level::Top);
        if matches!(&node.kind, Kind::List(items) if items.is_empty()) {
            let text = Text::new("the drip has no steps", "в цепочке нет шагов");
            let help = Text::new("add one: `- hello: {send: TEMPLATE}`", "добавьте шаг: `- hello: {send: ШАБЛОН}`");
            steps.reader.found.push(Diagnostic::error(codes::BAD_STEP, text, node.place).help(help));
        }
        list
    }

    fn list(&mut self, node: &Node, level: Level) -> Vec<Step> {
        let items = self.reader.list(node, ("a list of steps", "список шагов")).unwrap_or_default();
        items.iter().filter_map(|item| self.step(item, level)).collect()
    }

    fn step(&mut self, item: &Node, level: Level) -> Option<Step> {
        let entries = self.reader.map(item, ("a step", "шаг"))?;
        match entries {
            [] => {
                self.reader.found.push(empty(item.place));
                None
            }
            [entry] if !is_head(&entry.key.text) && (entry.value.map().is_some() || level == Level::Top) => {
                self.named(entry)
            }
            _ => {
                if level == Level::Top && entries.iter().all(|entry| !HEADS.contains(&entry.key.text.as_str())) {
                    self.reader.found.push(nameless(&entries[0].key));
                    return None;
                }
                let what = self.what(entries, item.place)?;
                Some(Step { name: None, what, place: item.place })
            }
        }
    }

    /// `hello: {send: welcome}`
    fn named(&mut self, entry: &Entry) -> Option<Step> {
        let key = &entry.key;
        if is_misspelt(key) && entry.value.map().is_none() {
            self.reader.found.push(unknown_step(key));
            return None;
        }
        names::name(key, self.reader);
        match self.names.get(&key.text) {
            Some(before) => self.reader.found.push(twice(key, *before)),
            None => {
                self.names.insert(key.text.clone(), key.place);
            }
        }
        let body = self.reader.map(&entry.value, ("a step", "шаг"))?;
        if body.is_empty() {
            self.reader.found.push(empty(entry.value.place));
            return None;
        }
        let what = self.what(body, entry.value.place)?;
        Some(Step { name: Some(key.text.clone()), what, place: key.place })
    }

    /// What the entries of a step do, by the key that says it.
    fn what(&mut self, entries: &[Entry], place: Place) -> Option<What> {
        let head = entries.iter().find(|entry| HEADS.contains(&entry.key.text.as_str()));
        let Some(head) = head else { return self.act(entries, place) };
        match head.key.text.as_str() {
            "wait" => {
                self.only(entries, &WAIT);
                phrases::duration(&head.value, ("`wait`", "`wait`"), self.reader).map(What::Wait)
            }
            "wait until" => {
                self.only(entries, &WAIT_UNTIL);
                let until = moment(&head.value, self.scope.names(), self.scope.sources, self.reader)?;
                Some(What::WaitUntil(Box::new(until)))
            }
            "wait for" => {
                self.only(entries, &WAIT_FOR);
                self.wait_for(&head.value, entries)
            }
            "split" => {
                self.only(entries, &SPLIT);
                self.split(&head.value)
            }
            "fork" => {
                self.only(entries, &FORK);
                let inner = self.reader.shape(&head.value, head.key.place, &BRANCH)?;
                self.branch(inner, head.key.place)
            }
            _ => {
                self.only(entries, &BRANCH);
                self.branch(entries, head.key.place)
            }
        }
    }

    fn only(&mut self, entries: &[Entry], shape: &Shape) {
        self.reader.only(entries, &shape.names(), shape.what);
    }

    fn act(&mut self, entries: &[Entry], place: Place) -> Option<What> {
        let failure = entries.iter().find(|entry| entry.key.text == "on_failure");
        let rest: Vec<&Entry> = entries.iter().filter(|entry| entry.key.text != "on_failure").collect();
        let on_failure = match failure {
            None => Some(OnFailure::Skip),
            Some(entry) if rest.iter().any(|entry| entry.key.text == "send") => self.on_failure(&entry.value),
            Some(entry) => {
                let text = Text::new("only `send` has `on_failure`", "`on_failure` бывает только у `send`");
                let help = Text::new("remove it, or put it beside `send`", "уберите или поставьте рядом с `send`");
                self.reader.found.push(Diagnostic::error(codes::BAD_STEP, text, entry.key.place).help(help));
                None
            }
        };
        let action = action(&rest, place, self.scope, self.reader)?;
        Some(What::Act { action: Box::new(action), on_failure: on_failure? })
    }

    fn on_failure(&mut self, node: &Node) -> Option<OnFailure> {
        Some(match self.reader.word(node, ("`on_failure`", "`on_failure`"), &FAILURES)? {
            "retry" => OnFailure::Retry,
            "exit" => OnFailure::Exit,
            _ => OnFailure::Skip,
        })
    }

    /// `wait for: {event: app_opened, up to: 2 days}` and its two ways.
    fn wait_for(&mut self, node: &Node, entries: &[Entry]) -> Option<What> {
        let inner = self.reader.shape(node, node.place, &AWAITED);
        let (then, otherwise) = self.ways(entries);
        let inner = inner?;
        let up_to = find(inner, "up to").and_then(|n| phrases::duration(n, ("`up to`", "`up to`"), self.reader));
        let awaited = self.awaited(inner, node.place);
        Some(What::WaitFor { awaited: awaited?, up_to: up_to?, then, otherwise })
    }

    fn awaited(&mut self, entries: &[Entry], place: Place) -> Option<Awaited> {
        let (event, condition) = (find(entries, "event"), find(entries, "if"));
        if event.is_none() && condition.is_none() {
            let text = Text::new("`wait for` does not say what to wait for", "`wait for` не говорит, чего ждать");
            let help = Text::new(
                "name an `event` or a condition: `wait for: {event: payment, up to: 2 days}`",
                "назовите событие (`event`) или условие: `wait for: {event: payment, up to: 2 days}`",
            );
            self.reader.found.push(Diagnostic::error(codes::BAD_STEP, text, place).help(help));
            return None;
        }
        let event = event.map(|node| lookup::event(node, self.scope.names(), self.reader));
        let names = self.scope.during(event.flatten());
        let condition = condition.map(|node| compile(node, names.names(), self.scope.sources, self.reader));
        match (event, condition) {
            (Some(event), condition) => {
                Some(Awaited::Event(event?, condition.map_or(Some(None), |condition| condition.map(Some))?))
            }
            (None, condition) => condition?.map(Awaited::Condition),
        }
    }

    fn branch(&mut self, entries: &[Entry], place: Place) -> Option<What> {
        let node = find(entries, "if")?;
        let condition = compile(node, self.scope.names(), self.scope.sources, self.reader);
        let (then, otherwise) = self.ways(entries);
        if find(entries, "then").is_none() && find(entries, "else").is_none() {
            let text = Text::new("nothing follows from this `if`", "из этого `if` ничего не следует");
            let help = Text::new("add `then: [...]`", "добавьте `then: [...]`");
            self.reader.found.push(Diagnostic::error(codes::BAD_STEP, text, place).help(help));
        }
        Some(What::Branch { condition: condition?, then, otherwise })
    }

    fn ways(&mut self, entries: &[Entry]) -> (Vec<Step>, Vec<Step>) {
        let mut way = |key| find(entries, key).map(|node| self.list(node, Level::Branch)).unwrap_or_default();
        (way("then"), way("else"))
    }

    /// `split: {experiment: NAME, VARIANT: [steps], …}`
    fn split(&mut self, node: &Node) -> Option<What> {
        let entries = self.reader.map(node, VARIANTS.what)?;
        let Some(experiment) = find(entries, "experiment") else {
            self.reader.missing(node.place, "experiment", VARIANTS.what);
            return None;
        };
        let catalogue = self.scope.names.catalogue;
        let id = lookup::experiment(experiment, self.scope.names(), self.reader);
        id.into_iter().for_each(|id| self.reader.used.experiment(id));
        let declared = id.and_then(|id| catalogue.variants.get(usize::from(id.0)));
        let Some((id, declared)) = id.zip(declared) else {
            // The steps' own mistakes are worth hearing all the same.
            for entry in entries.iter().filter(|entry| entry.key.text != "experiment") {
                self.list(&entry.value, Level::Branch);
            }
            return None;
        };
        let known: Vec<&str> = declared.values.iter().map(|variant| &**variant).collect();
        let all: Vec<&str> = known.iter().copied().chain(["experiment"]).collect();
        self.reader.only(entries, &all, VARIANTS.what);
        let name = experiment.scalar().map_or("", |scalar| scalar.text.as_str());
        self.reader.found.extend(uncovered(name, &known, entries, node.place));
        let list = known.iter().map(|variant| find(entries, variant).map(|node| self.list(node, Level::Branch)));
        Some(What::Split { experiment: id, variants: list.map(Option::unwrap_or_default).collect() })
    }
}

/// Whether a key says what a step does, and so is no name.
fn is_head(key: &str) -> bool {
    HEADS.contains(&key) || key == "on_failure" || ITEM.names().contains(&key)
}

/// Whether a key that is no head is nearly one.
fn is_misspelt(key: &Scalar) -> bool {
    nearest(&key.text, heads()).is_some()
}

/// The keys that say what a step does.
pub(super) fn heads() -> impl Iterator<Item = &'static str> {
    HEADS.into_iter().chain(ITEM.names())
}
