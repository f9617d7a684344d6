//! The section `drips`: messages and actions over days, step by step, for users
//! whom a trigger brings in.
//!
//! Steps have names, by which a user who waits finds the place again after an
//! edit; each name stands once in a drip.

mod reach;
mod say;
pub(in crate::rulebook) mod shape;
mod steps;

pub use steps::{Awaited, OnFailure, Step, What};

use super::conditions::compile;
use super::{codes, names};
use crate::condition::Condition;
use crate::diagnostic::Diagnostic;
use crate::model::{DripId, Text, TimeDelta};
use crate::rulebook::action::Scope;
use crate::rulebook::raw::{Reader, find};
use crate::rulebook::trigger::{Goal, Trigger, goal, trigger};
use crate::rulebook::words;
use crate::rulebook::yaml::{Entry, Node};
use shape::SHAPE;
use steps::Steps;

/// More drips than this are refused.
const MOST: usize = 10_000;
const AGAIN: [&str; 2] = ["never", "always"];
const FAILURES: [&str; 3] = ["skip", "retry", "exit"];

/// Messages and actions over time.
#[derive(Debug)]
pub struct Drip {
    /// Its place among the drips.
    pub id: DripId,
    /// Its name.
    pub name: String,
    /// What brings a user in.
    pub when: Trigger,
    /// Where this is true the user leaves.
    pub exit: Option<Condition>,
    /// What it is for; who reaches it leaves.
    pub goal: Option<Goal>,
    /// Whether a user may come in again.
    pub again: Again,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// Whether a user who was in a drip may come in again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// No.
    Never,
    /// So long after leaving.
    After(TimeDelta),
    /// At any time after leaving.
    Always,
}

/// Checks all drips.
pub(in crate::rulebook) fn check(entries: &[&Entry], scope: &Scope<'_>, reader: &mut Reader) -> Vec<Drip> {
    if let Some(entry) = entries.get(MOST) {
        let text = Text::new(
            format!("there are more than {MOST} drips, from `{}` on", entry.key.text),
            format!("цепочек больше {MOST}, начиная с `{}`", entry.key.text),
        );
        let help = Text::new("remove those that are over", "удалите завершённые");
        reader.found.push(Diagnostic::error(codes::TOO_MANY, text, entry.key.place).help(help));
    }
    entries.iter().take(MOST).filter_map(|entry| drip(entry, scope, reader)).collect()
}

fn drip(entry: &Entry, scope: &Scope<'_>, reader: &mut Reader) -> Option<Drip> {
    let named = names::name(&entry.key, reader);
    let id = DripId(scope.names.catalogue.drips.find(&entry.key.text)?);
    let entries = reader.shape(&entry.value, entry.key.place, &SHAPE)?;
    let when = find(entries, "when").and_then(|node| begins(node, scope, reader));
    let exit = find(entries, "exit if").map(|node| compile(node, scope.names(), scope.sources, reader));
    let goal = find(entries, "goal").map(|node| goal(node, scope.names(), scope.sources, reader));
    let again = find(entries, "again").map_or(Some(Again::Never), |node| again(node, reader));
    let steps = find(entries, "steps").map(|node| Steps::read(node, scope, reader));
    if let Some(steps) = &steps {
        reach::warn(steps, id, reader);
    }
    let (exit, goal) = (exit.map_or(Some(None), |exit| exit.map(Some))?, goal.map_or(Some(None), |g| g.map(Some))?);
    let (name, when, again, steps) = (entry.key.text.clone(), when?, again?, steps?);
    named.then(|| Drip { id, name, when, exit, goal, again, steps })
}

/// A trigger that knows its user.
fn begins(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<Trigger> {
    let when = trigger(node, scope.names(), scope.sources, reader)?;
    if when.schedule().is_some() {
        let text =
            Text::new("a schedule does not say who enters the drip", "расписание не говорит, кто входит в цепочку");
        let help = Text::new(
            "begin with what happens to a user, or let a rule with this schedule and `for:` do `start: DRIP`",
            "начните с того, что бывает с пользователем, или пусть правило с этим расписанием и `for:` делает `start: ЦЕПОЧКА`",
        );
        reader.found.push(Diagnostic::error(codes::OTHER_TRIGGER, text, node.place).help(help));
        return None;
    }
    Some(when)
}

fn again(node: &Node, reader: &mut Reader) -> Option<Again> {
    let scalar = reader.text(node, ("`again`", "`again`"))?;
    let text = scalar.text.trim();
    let again = match text {
        "never" => Some(Again::Never),
        "always" => Some(Again::Always),
        _ => text.strip_prefix("after ").and_then(words::duration).map(Again::After),
    };
    if again.is_none() {
        let text = Text::new(format!("`again` cannot be `{text}`"), format!("`again` не может быть `{text}`"));
        let help = Text::new(
            "write `never`, `always`, or a time after leaving: `after 30 days`",
            "напишите `never`, `always` или срок после выхода: `after 30 days`",
        );
        reader.found.push(Diagnostic::error(codes::BAD_AGAIN, text, scalar.place).help(help));
    }
    again
}
