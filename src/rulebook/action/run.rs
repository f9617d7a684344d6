//! `run: rewards.rhai` or `run: {script: rewards.rhai:welcome, args: {n: 3}}`:
//! a script of the project, or one function of it.

use super::{Action, Scope};
use crate::condition::Expression;
use crate::rulebook::check::conditions;
use crate::rulebook::raw::{Reader, find};
use crate::rulebook::script::ScriptRef;
use crate::rulebook::shape::{Key, Shape, Takes, optional, required};
use crate::rulebook::yaml::Node;

const TAKES: Takes = Takes::Either(&[Takes::Name, Takes::Map(&SHAPE)]);
pub(super) const KEY: Key = optional("run", TAKES, "runs a script of the project", "выполняет скрипт проекта");

static SHAPE: Shape = Shape {
    what: ("`run`", "`run`"),
    keys: &[
        required("script", Takes::Name, "`file.rhai` or `file.rhai:function`", "`файл.rhai` или `файл.rhai:функция`"),
        optional("args", Takes::Named(&Takes::Expression), "what it finds in `args`", "что скрипт найдёт в `args`"),
    ],
};

/// A script to run.
#[derive(Clone, Debug)]
pub struct Run {
    /// The script and its function.
    pub script: ScriptRef,
    /// What it finds in `args`.
    pub args: Vec<(String, Expression)>,
}

pub(super) fn check(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<Action> {
    if node.map().is_none() {
        let script = scope.scripts.reference(reader.text(node, ("`run`", "`run`"))?, reader)?;
        return Some(Action::Run(Run { script, args: Vec::new() }));
    }
    let entries = reader.shape(node, node.place, &SHAPE)?;
    let script = find(entries, "script").and_then(|node| reader.text(node, ("`script`", "`script`")));
    let script = script.and_then(|script| scope.scripts.reference(script, reader));
    let args = find(entries, "args").map(|node| values(node, ("`args`", "`args`"), scope, reader));
    let args = args.unwrap_or_else(|| Some(Vec::new()));
    Some(Action::Run(Run { script: script?, args: args? }))
}

/// Values with names of the user's own.
pub(super) fn values(
    node: &Node,
    what: (&str, &str),
    scope: &Scope<'_>,
    reader: &mut Reader,
) -> Option<Vec<(String, Expression)>> {
    let entries = reader.map(node, what)?;
    let values: Vec<_> = entries
        .iter()
        .map(|entry| {
            let value = conditions::value(&entry.value, None, scope.names(), scope.sources, reader)?;
            Some((entry.key.text.clone(), value))
        })
        .collect();
    values.into_iter().collect()
}
