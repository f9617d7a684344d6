//! The section `rules`: when something happens, if a condition holds, then do
//! this.

use super::conditions::compile;
use super::limit::{Limit, limit};
use super::tasks::{MISSED, Missed, missed};
use super::{codes, names, title};
use crate::condition::Condition;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::Text;
use crate::rulebook::action::{ACTION_LIST, Action, Scope, deeds};
use crate::rulebook::raw::{Reader, find};
use crate::rulebook::shape::{Shape, Takes, optional, required};
use crate::rulebook::trigger::{Trigger, trigger};
use crate::rulebook::yaml::{Entry, Kind, Node, Scalar};
use std::collections::HashMap;

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

/// When something happens, if a condition holds, then do this.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Where its name stands.
    pub place: Place,
    /// What the panel calls it.
    pub title: Option<Text>,
    /// What starts it.
    pub when: Trigger,
    /// The same as it is written, which tells one schedule from another.
    pub plan: String,
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

/// Checks all rules.
pub(in crate::rulebook) fn rules(entries: &[&Entry], scope: &Scope<'_>, reader: &mut Reader) -> Vec<Rule> {
    let rules: Vec<Rule> = entries.iter().filter_map(|entry| rule(entry, scope, reader)).collect();
    set_twice(entries, reader);
    rules
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
        place: entry.key.place,
        title,
        when: when?,
        plan: written(entries),
        audience: or_absent(audience)?,
        condition: or_absent(condition)?,
        limit: or_absent(limit)?,
        missed: or_absent(missed)?.unwrap_or_default(),
        backfill: or_absent(backfill)?.unwrap_or_default(),
        then: then?,
    })
}

/// What stands at `when`, with single spaces.
pub(super) fn written(entries: &[Entry]) -> String {
    let when = find(entries, "when").and_then(Node::scalar);
    when.map(|when| when.text.split_whitespace().collect::<Vec<_>>().join(" ")).unwrap_or_default()
}

/// What stands at a key: nothing is right if the key is absent, and wrong if
/// what is there could not be read.
pub(super) fn or_absent<T>(read: Option<Option<T>>) -> Option<Option<T>> {
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
    (condition, find(entries, "then").and_then(|node| deeds(node, scope, reader)))
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
    let help = Text::new(
        "add `for: CONDITION`; for everybody, `for: true`",
        "добавьте `for: УСЛОВИЕ`; для всех — `for: true`",
    );
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
