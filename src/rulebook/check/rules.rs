//! The section `rules`: when something happens, if a condition holds, then do
//! this. And its sibling `tasks`: chores on a schedule that concern no user.

use super::conditions::compile;
use super::{codes, names, title};
use crate::condition::Condition;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::{Text, TimeDelta};
use crate::rulebook::action::{ACTION_LIST, Action, Scope, actions};
use crate::rulebook::phrases::known;
use crate::rulebook::raw::{Reader, find};
use crate::rulebook::shape::{Shape, Takes, optional, required};
use crate::rulebook::trigger::{ClockZone, Schedule, Trigger, trigger};
use crate::rulebook::words;
use crate::rulebook::yaml::{Entry, Kind, Node, Scalar};
use std::collections::HashMap;

const MISSED: [&str; 2] = ["run", "skip"];

/// One rule.
pub(in crate::rulebook) static RULE: Shape = Shape {
    what: ("a rule", "правило"),
    keys: &[
        optional("title", Takes::Title, "what the panel calls it", "название в панели"),
        required("when", Takes::Trigger, "what starts it", "что его запускает"),
        optional("for", Takes::Condition, "on a schedule: for which users", "по расписанию: для каких пользователей"),
        optional("if", Takes::Condition, "whether it applies to the user", "применяется ли оно к пользователю"),
        optional("limit", Takes::Text, "how often for one user", "как часто для одного пользователя"),
        optional(
            "missed",
            Takes::Words(&MISSED),
            "what becomes of a run that the engine missed",
            "что делать с пропущенным запуском",
        ),
        optional(
            "backfill",
            Takes::Flag,
            "whether those who match already count as entering",
            "считать ли вошедшими тех, кто уже подходит",
        ),
        required("then", ACTION_LIST, "what it does", "что оно делает"),
    ],
};

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

/// When something happens, if a condition holds, then do this.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// What the panel calls it.
    pub title: Option<Text>,
    /// What starts it.
    pub when: Trigger,
    /// On a schedule: for whom; absent with every other trigger.
    pub audience: Option<Condition>,
    /// Whether it applies to a user; absent: to all.
    pub condition: Option<Condition>,
    /// How often it may act on one user.
    pub limit: Option<Limit>,
    /// What becomes of a run of its schedule that was missed.
    pub missed: Missed,
    /// Whether users who match a segment already count as entering it.
    pub backfill: bool,
    /// What it does, in order.
    pub then: Vec<Action>,
}

/// A chore on a schedule.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its name.
    pub name: String,
    /// What the panel calls it.
    pub title: Option<Text>,
    /// When it runs.
    pub when: Schedule,
    /// What becomes of a run that was missed.
    pub missed: Missed,
    /// What it does, in order.
    pub then: Vec<Action>,
}

/// At most so many times in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// At least one.
    pub count: u32,
    /// In which time.
    pub window: LimitWindow,
}

/// The time in which a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitWindow {
    /// The whole life of a user.
    Ever,
    /// The user's calendar day.
    Day,
    /// So much time up to now.
    Rolling(TimeDelta),
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

/// Checks all rules.
pub(in crate::rulebook) fn rules(entries: &[&Entry], scope: &Scope<'_>, reader: &mut Reader) -> Vec<Rule> {
    let rules = entries.iter().filter_map(|entry| rule(entry, scope, reader)).collect();
    set_twice(entries, reader);
    rules
}

/// Checks all tasks.
pub(in crate::rulebook) fn tasks(entries: &[&Entry], scope: &Scope<'_>, reader: &mut Reader) -> Vec<Task> {
    let scope = scope.without_user();
    entries.iter().filter_map(|entry| task(entry, &scope, reader)).collect()
}

fn rule(entry: &Entry, scope: &Scope<'_>, reader: &mut Reader) -> Option<Rule> {
    let named = names::name(&entry.key, reader);
    let entries = reader.shape(&entry.value, entry.key.place, &RULE)?;
    let title = find(entries, "title").and_then(|node| title(node, reader));
    let when = find(entries, "when").and_then(|node| trigger(node, &scope.names, scope.sources, reader));
    let audience = find(entries, "for").map(|node| compile(node, &scope.names, scope.sources, reader));
    let limit = find(entries, "limit").map(|node| limit(node, reader));
    let missed = find(entries, "missed").map(|node| missed(node, reader));
    let backfill = find(entries, "backfill").map(|node| reader.flag(node, ("`backfill`", "`backfill`")));
    let (condition, then) = match &when {
        Some(when) => {
            fits(when, entry, entries, reader);
            judged(entries, &scope.during(when.event()), reader)
        }
        // What `event.` means is not known, so nothing is said of it.
        None => {
            let mut apart = Reader::default();
            let read = judged(entries, scope, &mut apart);
            let of_event = |found: &Diagnostic| {
                let place = found.primary.place;
                scope.sources.text(place.source).get(place.range()).is_some_and(|text| text.starts_with("event"))
            };
            reader.found.extend(apart.found.into_iter().filter(|found| !of_event(found)));
            read
        }
    };
    named.then_some(())?;
    Some(Rule {
        name: entry.key.text.clone(),
        title,
        when: when?,
        audience: or_absent(audience)?,
        condition: or_absent(condition)?,
        limit: or_absent(limit)?,
        missed: or_absent(missed)?.unwrap_or_default(),
        backfill: or_absent(backfill)?.unwrap_or_default(),
        then: then?,
    })
}

/// What stands at a key: nothing is right if the key is absent, and wrong if
/// what is there could not be read.
fn or_absent<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    match read {
        None => Some(None),
        Some(None) => None,
        Some(Some(value)) => Some(Some(value)),
    }
}

/// The parts that may speak of the event.
fn judged(
    entries: &[Entry],
    scope: &Scope<'_>,
    reader: &mut Reader,
) -> (Option<Option<Condition>>, Option<Vec<Action>>) {
    let condition = find(entries, "if").map(|node| compile(node, &scope.names, scope.sources, reader));
    (condition, find(entries, "then").and_then(|node| actions(node, scope, reader)))
}

/// Keys that go with one kind of trigger only.
fn fits(when: &Trigger, entry: &Entry, entries: &[Entry], reader: &mut Reader) {
    let key = |name: &str| entries.iter().find(|entry| entry.key.text == name).map(|entry| &entry.key);
    let scheduled = when.schedule().is_some();
    if scheduled && key("for").is_none() {
        let place = find(entries, "when").map_or(entry.key.place, |node| node.place);
        reader.found.push(no_for(place));
    }
    for (name, allowed, kind) in [
        ("for", scheduled, ("a schedule", "расписанию")),
        ("missed", scheduled, ("a schedule", "расписанию")),
        ("backfill", matches!(when, Trigger::Enters(_)), ("`user enters`", "`user enters`")),
    ] {
        if let Some(key) = key(name).filter(|_| !allowed) {
            reader.found.push(other_trigger(key, kind));
        }
    }
}

fn task(entry: &Entry, scope: &Scope<'_>, reader: &mut Reader) -> Option<Task> {
    let named = names::name(&entry.key, reader);
    let entries = reader.shape(&entry.value, entry.key.place, &TASK)?;
    let title = find(entries, "title").and_then(|node| title(node, reader));
    let when = find(entries, "when").and_then(|node| schedule(node, scope, reader));
    let missed = find(entries, "missed").map(|node| missed(node, reader));
    let then = find(entries, "then").and_then(|node| actions(node, scope, reader));
    named.then_some(())?;
    Some(Task {
        name: entry.key.text.clone(),
        title,
        when: when?,
        missed: or_absent(missed)?.unwrap_or_default(),
        then: then?,
    })
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

/// `once per 30 days`, `once ever`, `3 per day`, `3 per 24 hours`
fn limit(node: &Node, reader: &mut Reader) -> Option<Limit> {
    let scalar = reader.text(node, ("`limit`", "`limit`"))?;
    let limit = read_limit(&scalar.text);
    if limit.is_none() {
        let text = Text::new(
            format!("`{}` is not a limit", scalar.text),
            format!("`{}` — не ограничение", scalar.text),
        );
        let help = Text::new(
            "write `once per 30 days`, `once ever`, `3 per day` (a calendar day) or `3 per 24 hours`",
            "пишите `once per 30 days`, `once ever`, `3 per day` (календарный день) или `3 per 24 hours`",
        );
        reader.found.push(Diagnostic::error(codes::BAD_LIMIT, text, scalar.place).help(help));
    }
    limit
}

fn read_limit(text: &str) -> Option<Limit> {
    let (count, rest) = text.trim().split_once(' ')?;
    let count = if count == "once" { 1 } else { count.parse().ok().filter(|count| *count > 0)? };
    let window = match rest.split_whitespace().collect::<Vec<_>>()[..] {
        ["ever"] if count == 1 => LimitWindow::Ever,
        ["per", "day"] => LimitWindow::Day,
        ["per", unit @ ("hour" | "week")] => LimitWindow::Rolling(words::duration(&format!("1 {unit}"))?),
        ["per", ..] => LimitWindow::Rolling(words::duration(rest.trim_start().strip_prefix("per ")?)?),
        _ => return None,
    };
    Some(Limit { count, window })
}

fn missed(node: &Node, reader: &mut Reader) -> Option<Missed> {
    let word = known(node, ("value of `missed`", "значение `missed`"), codes::WRONG_SHAPE, &MISSED, reader)?;
    Some(if word.text == "skip" { Missed::Skip } else { Missed::Run })
}

/// Warns of a field that two rules set on the same trigger: the rule whose name
/// comes last wins, which is seldom meant.
fn set_twice(entries: &[&Entry], reader: &mut Reader) {
    let mut first: HashMap<(String, &str), (&Scalar, Place)> = HashMap::new();
    for entry in entries {
        let Some(when) = entry.value.get("when").and_then(Node::scalar) else { continue };
        let when = when.text.split_whitespace().collect::<Vec<_>>().join(" ");
        for field in fields_set(&entry.value) {
            let key = (when.clone(), field.text.as_str());
            match first.get(&key) {
                Some((rule, place)) if rule.text != entry.key.text => {
                    reader.found.push(set_again(field, &entry.key, rule, *place));
                }
                Some(_) => {}
                None => {
                    first.insert(key, (&entry.key, field.place));
                }
            }
        }
    }
}

/// The fields that a rule sets, with their places.
fn fields_set(rule: &Node) -> impl Iterator<Item = &Scalar> {
    let items = match rule.get("then").map(|node| &node.kind) {
        Some(Kind::List(items)) => items.as_slice(),
        Some(Kind::Scalar(_) | Kind::Map(_) | Kind::Refused) | None => &[],
    };
    items.iter().filter_map(|item| item.get("set")?.map()).flatten().map(|entry| &entry.key)
}

fn set_again(field: &Scalar, rule: &Scalar, other: &Scalar, before: Place) -> Diagnostic {
    let text = Text::new(
        format!("`{}` and `{}` both set `{}` when the same happens", other.text, rule.text, field.text),
        format!("`{}` и `{}` по одному событию оба задают `{}`", other.text, rule.text, field.text),
    );
    let last = other.text.as_str().max(rule.text.as_str());
    let help = Text::new(
        format!("rules act in the order of their names, so `{last}` wins; set the field in one rule"),
        format!("правила действуют в порядке имён, так что победит `{last}`; задавайте поле в одном правиле"),
    );
    Diagnostic::warning(codes::SET_TWICE, text, field.place)
        .also(before, Text::new("set here too", "задаётся и здесь"))
        .help(help)
}

fn no_for(place: Place) -> Diagnostic {
    let text = Text::new(
        "a rule on a schedule needs `for`: for which users",
        "правилу по расписанию нужно `for`: для каких пользователей",
    );
    let help = Text::new("add `for: CONDITION`; for everybody, `for: true`", "добавьте `for: УСЛОВИЕ`; для всех — `for: true`");
    Diagnostic::error(codes::NO_FOR, text, place).help(help)
}

fn other_trigger(key: &Scalar, kind: (&str, &str)) -> Diagnostic {
    let text = Text::new(
        format!("`{}` goes with {} only", key.text, kind.0),
        format!("`{}` подходит только к {}", key.text, kind.1),
    );
    let found = Diagnostic::error(codes::OTHER_TRIGGER, text, key.place);
    match key.text.as_str() {
        "for" => found.help(Text::new(
            "an event has its user already: write the condition at `if`",
            "у события уже есть пользователь: напишите условие в `if`",
        )),
        _ => found.help(Text::new("remove it", "удалите этот ключ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        let rolling = |millis| LimitWindow::Rolling(TimeDelta(millis));
        for (text, expected) in [
            ("once ever", Some((1, LimitWindow::Ever))),
            ("once per 30 days", Some((1, rolling(2_592_000_000)))),
            ("once per day", Some((1, LimitWindow::Day))),
            ("3 per day", Some((3, LimitWindow::Day))),
            ("3  per  day", Some((3, LimitWindow::Day))),
            ("3 per 24 hours", Some((3, rolling(86_400_000)))),
            ("3 per 1 day", Some((3, rolling(86_400_000)))),
            ("10 per week", Some((10, rolling(604_800_000)))),
            ("3 ever", None),
            ("0 per day", None),
            ("once", None),
            ("once per month", None),
            ("three per day", None),
            ("99999999999 per day", None),
        ] {
            assert_eq!(read_limit(text).map(|l| (l.count, l.window)), expected, "{text}");
        }
    }
}
