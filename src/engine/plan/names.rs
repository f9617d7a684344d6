//! What is defined otherwise, by name and key, and who sends the templates and
//! runs the scripts among it.

use crate::engine::automation::{Flow, Kind};
use crate::rulebook::{Action, Content, Definition, ORDER, Rulebook, Said, Section, Send, Test, Written};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What became of the names of a section.
#[derive(Debug, Default, Serialize)]
pub struct Definitions {
    /// Names that are new.
    pub new: Vec<String>,
    /// Names that are gone.
    pub removed: Vec<String>,
    /// Names that are defined otherwise.
    pub edited: Vec<String>,
    /// In what those differ.
    pub changes: Vec<Change>,
    /// Of templates and scripts among them: what sends or runs them, in the new
    /// rules, and in the old ones where they are gone.
    pub used_by: BTreeMap<String, Vec<String>>,
}

/// One key of a name that differs. Of two lists only the items are told that
/// stand in one of them, unless it is their order alone.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The name.
    pub name: String,
    /// The key; empty if the name has a value of its own.
    pub key: String,
    /// What stood there; nothing where it is new, and for the text of a file.
    pub was: Option<String>,
    /// What stands there; nothing where it is gone, and for the text of a file.
    pub is: Option<String>,
}

/// Whether a file that differs defines everything as before.
pub(super) fn means_the_same(path: &str, said: &Written, says: &Written) -> bool {
    said.files.get(path).is_some_and(|before| says.files.get(path) == Some(before))
}

/// All names that are new, gone or defined otherwise, by section.
pub(super) fn definitions(
    (old, said): (&Rulebook, &Written),
    (new, says): (&Rulebook, &Written),
) -> BTreeMap<String, Definitions> {
    let sections: BTreeSet<&String> = said.sections.keys().chain(says.sections.keys()).collect();
    let none = Section::new();
    let mut all = BTreeMap::new();
    for section in sections {
        let of = |written: &'_ Written| written.sections.get(section).cloned();
        let (before, after) = (of(said).unwrap_or_else(|| none.clone()), of(says).unwrap_or_else(|| none.clone()));
        let mut compared = compare(&before, &after);
        if compared.new.is_empty() && compared.removed.is_empty() && compared.edited.is_empty() {
            continue;
        }
        let named = compared.new.iter().chain(&compared.edited).map(|name| (new, name));
        let named = named.chain(compared.removed.iter().map(|name| (old, name)));
        let users = named.filter_map(|(rulebook, name)| Some((name.clone(), users(rulebook, section, name)?)));
        compared.used_by = users.collect();
        all.insert(section.clone(), compared);
    }
    all
}

fn compare(before: &Section, after: &Section) -> Definitions {
    let names = |of: &Section, other: &Section| {
        let apart = of.keys().filter(|name| *name != ORDER && !other.contains_key(*name));
        apart.cloned().collect::<Vec<String>>()
    };
    let mut compared = Definitions { new: names(after, before), removed: names(before, after), ..Default::default() };
    for (name, now) in after {
        let Some(was) = before.get(name).filter(|was| *was != now) else { continue };
        compared.edited.push(name.clone());
        compared.changes.extend(changes(name, was, now));
    }
    compared
}

fn changes(name: &str, was: &Definition, now: &Definition) -> Vec<Change> {
    let keys: BTreeSet<&String> = was.keys().chain(now.keys()).collect();
    let differ = keys.into_iter().filter(|key| was.get(*key) != now.get(*key));
    let change = |key: &String| {
        let (was, is) = apart(was.get(key), now.get(key));
        Change { name: name.to_owned(), key: key.clone(), was, is }
    };
    differ.map(change).collect()
}

fn apart(was: Option<&Said>, is: Option<&Said>) -> (Option<String>, Option<String>) {
    let shown = |said: &Said| match said {
        Said::One(text) => Some(text.clone()),
        Said::List(items) => Some(format!("[{}]", items.join(", "))),
        Said::File(_) => None,
    };
    let (Some(Said::List(before)), Some(Said::List(after))) = (was, is) else {
        return (was.and_then(shown), is.and_then(shown));
    };
    let only = |of: &[String], other: &[String]| {
        let mut rest = other.to_vec();
        let mut items = of.to_vec();
        items.retain(|item| match rest.iter().position(|known| known == item) {
            Some(at) => {
                rest.swap_remove(at);
                false
            }
            None => true,
        });
        (!items.is_empty()).then(|| items.join(", "))
    };
    match (only(before, after), only(after, before)) {
        (None, None) => (was.and_then(shown), is.and_then(shown)),
        differ => differ,
    }
}

/// What sends a template or runs a script; nothing for other sections.
fn users(rulebook: &Rulebook, section: &str, name: &str) -> Option<Vec<String>> {
    let concerns: &dyn Fn(&Action) -> bool = match section {
        "templates" => &|action| matches!(action, Action::Send(send) if sends(send, name)),
        "scripts" => &|action| matches!(action, Action::Run(run) if run.script.file == name),
        _ => return None,
    };
    let mut users = BTreeSet::new();
    for rule in rulebook.rules.iter().filter(|rule| rule.then.iter().any(concerns)) {
        users.insert(format!("rule {}", rule.name));
    }
    for task in rulebook.tasks.iter().filter(|task| task.then.iter().any(concerns)) {
        users.insert(format!("task {}", task.name));
    }
    for drip in &rulebook.drips {
        let acts = |kind: &Kind| matches!(kind, Kind::Act { action, .. } if concerns(action));
        if Flow::new(drip).nodes.iter().any(|node| acts(&node.kind)) {
            users.insert(format!("drip {}", drip.name));
        }
    }
    if section == "templates" {
        let broadcasts = rulebook.broadcasts().iter().filter(|broadcast| sends(&broadcast.send, name));
        users.extend(broadcasts.map(|broadcast| format!("broadcast {}", broadcast.name)));
    } else {
        let asks = |test: &Test| matches!(test, Test::Script(script) if script.file == name);
        let segments = rulebook.segments().iter().filter(|segment| asks(&segment.test));
        users.extend(segments.map(|segment| format!("segment {}", segment.name)));
    }
    Some(users.into_iter().collect())
}

fn sends(send: &Send, template: &str) -> bool {
    match &send.content {
        Content::Template(name) => name == template,
        Content::Experiment { variants, .. } => variants.iter().flatten().any(|name| name == template),
    }
}
