//! The section `tasks`: chores on a schedule that concern no user.

use super::rules::{or_absent, written};
use super::{codes, names, title};
use crate::condition::Fact;
use crate::diagnostic::Diagnostic;
use crate::model::{Text, TimeDelta};
use crate::rulebook::action::{ACTION_LIST, Action, Scope, deeds};
use crate::rulebook::phrases::word;
use crate::rulebook::raw::{Reader, find};
use crate::rulebook::shape::{Shape, Takes, optional, required};
use crate::rulebook::trigger::{ClockZone, Schedule, Trigger, trigger};
use crate::rulebook::yaml::{Entry, Node};

/// What may become of a run that was missed.
pub(super) const MISSED: [&str; 2] = ["run", "skip"];

/// One task.
pub(in crate::rulebook) static TASK: Shape = Shape {
    what: ("a task", "задача"),
    keys: &[
        optional("title", Takes::Title, "what the panel calls it", "название в панели"),
        required("when", Takes::Trigger, "a schedule", "расписание"),
        optional(
            "missed",
            Takes::Words(&MISSED),
            "what becomes of a run that the engine missed",
            "что делать с пропущенным запуском",
        ),
        required("then", ACTION_LIST, "what it does; nothing about users", "что она делает; не о пользователях"),
    ],
};

/// A chore on a schedule.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its name.
    pub name: String,
    /// What the panel calls it.
    pub title: Option<Text>,
    /// When it runs.
    pub when: Schedule,
    /// The same as it is written, which tells one schedule from another.
    pub plan: String,
    /// What becomes of a run that was missed.
    pub missed: Missed,
    /// What it does, in order.
    pub then: Vec<Action>,
}

/// What becomes of a run that the engine missed while it was down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missed {
    /// It is made up once.
    #[default]
    Run,
    /// It is dropped.
    Skip,
}

/// Checks all tasks.
pub(in crate::rulebook) fn tasks(entries: &[&Entry], scope: &Scope<'_>, reader: &mut Reader) -> Vec<Task> {
    let scope = scope.without_user();
    entries.iter().filter_map(|entry| task(entry, &scope, reader)).collect()
}

fn task(entry: &Entry, scope: &Scope<'_>, reader: &mut Reader) -> Option<Task> {
    let named = names::name(&entry.key, reader);
    let entries = reader.shape(&entry.value, entry.key.place, &TASK)?;
    let title = find(entries, "title").and_then(|node| title(node, reader));
    let when = find(entries, "when").and_then(|node| schedule(node, scope, reader));
    let missed = find(entries, "missed").map(|node| missed(node, reader));
    let then = find(entries, "then").and_then(|node| deeds(node, scope, reader));
    named.then_some(())?;
    Some(Task {
        name: entry.key.text.clone(),
        title,
        when: when?,
        plan: written(entries),
        missed: or_absent(missed)?.unwrap_or_default(),
        then: then?,
    })
}

/// Warns of a `cleanup` that forgets events which conditions still count: after
/// a restart they would be missing.
pub(in crate::rulebook) fn short_memory(tasks: &[Task], entries: &[&Entry], reader: &mut Reader) {
    let Some(longest) = reader.used.facts.iter().filter_map(Fact::window).max() else { return };
    let forgets = |task: &&Task| {
        task.then.iter().any(|action| {
            if let Action::Cleanup(cleanup) = action {
                cleanup.events.is_some_and(|kept| kept < longest)
            } else {
                false
            }
        })
    };
    let days = longest.0.div_euclid(TimeDelta::days(1).0) + 1;
    for task in tasks.iter().filter(forgets) {
        let Some(entry) = entries.iter().find(|entry| entry.key.text == task.name) else { continue };
        let text = Text::new(
            "`cleanup` forgets events that a condition still counts",
            "`cleanup` забывает события, которые ещё считает условие",
        );
        let help = Text::new(
            format!("keep `events` for {days} days at least: the longest window of a condition reaches back so far"),
            format!("храните `events` не меньше {days} дн.: так далеко назад смотрит самое длинное окно условия"),
        );
        reader.found.push(Diagnostic::warning(codes::SHORT_MEMORY, text, entry.key.place).help(help));
    }
}

/// A trigger that is a schedule of nobody in particular.
fn schedule(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<Schedule> {
    let Trigger::Schedule(schedule) = trigger(node, &scope.names, scope.sources, reader)? else {
        let text = Text::new("a task runs on a schedule", "задача выполняется по расписанию");
        let help = Text::new(
            "write `every day at 04:00` or the like; what follows from an event is a rule",
            "напишите `every day at 04:00` и тому подобное; то, что следует из события, — правило",
        );
        reader.found.push(Diagnostic::error(codes::OTHER_TRIGGER, text, node.place).help(help));
        return None;
    };
    match schedule.zone() {
        ClockZone::Project | ClockZone::Named(_) => Some(schedule),
        ClockZone::User => {
            let text = Text::new(
                "a task has no user whose time this could be",
                "у задачи нет пользователя, чьё это было бы время",
            );
            let help = Text::new("leave `user time` out, or name a zone", "уберите `user time` или назовите пояс");
            reader.found.push(Diagnostic::error(codes::NEEDS_USER, text, node.place).help(help));
            None
        }
    }
}

/// What stands at `missed`.
pub(super) fn missed(node: &Node, reader: &mut Reader) -> Option<Missed> {
    let word = word(node, "missed", &MISSED, reader)?;
    Some(if word == "skip" { Missed::Skip } else { Missed::Run })
}
