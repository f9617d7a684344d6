//! Scripts: the files `rules/**/*.rhai`, compiled once and checked for names
//! that do not exist.
//!
//! A script reaches nothing but what it is given. As a condition it answers for
//! one user; what it cannot answer within its limits is unknown, never a
//! failure of the engine.

mod act;
mod calls;
mod effects;
mod error;
mod event;
mod inspect;
mod queue;
mod sandbox;
#[cfg(test)]
mod tests;
mod user;
mod values;

pub use error::ScriptError;

use super::catalogue::{Catalogue, Ids};
use super::codes;
use super::raw::{Reader, suggest};
use super::yaml::Scalar;
use crate::diagnostic::{Diagnostic, Diagnostics, Place, SourceId, Sources};
use crate::model::{FieldId, Text};
use rhai::{AST, Engine};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// The folder that paths of scripts begin in.
const FOLDER: &str = "rules/";
/// What a function or script may be given, by the names of its parameters.
const GIVEN: [&str; 4] = ["user", "event", "now", "args"];

/// All compiled scripts, by path within `rules/`.
pub struct Scripts {
    engine: Engine,
    files: BTreeMap<String, Script>,
}

/// One compiled file.
struct Script {
    /// Absent after a mistake in it, which has been reported.
    ast: Option<AST>,
    /// The functions it defines, with the names of their parameters.
    functions: BTreeMap<String, Vec<String>>,
    /// The fields of a user that it may read.
    reads: Arc<[(String, FieldId)]>,
}

/// A script that a rule file names: a whole file or one of its functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptRef {
    /// The path within `rules/`.
    pub file: String,
    /// The function; none for the file's own statements.
    pub function: Option<String>,
}

/// What scripts may name.
pub(in crate::rulebook) struct Known<'a> {
    /// Fields, events, templates, drips.
    pub catalogue: &'a Catalogue,
    /// What users can opt out of apart.
    pub topics: &'a Ids,
    /// The functions of the engine.
    functions: BTreeSet<String>,
}

impl<'a> Known<'a> {
    /// The names of a project.
    pub fn new(catalogue: &'a Catalogue, topics: &'a Ids) -> Self {
        Self { catalogue, topics, functions: BTreeSet::new() }
    }

    /// What can follow `event.`, whatever the event.
    fn properties(&self) -> Vec<&'a str> {
        let declared = self.catalogue.events.iter().flat_map(|(_, event)| &event.properties);
        declared.map(|property| &*property.name).chain(["name", "at"]).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// Compiles the script files, given by path and source.
pub(in crate::rulebook) fn compile(
    files: &[(String, SourceId)],
    known: Known<'_>,
    sources: &Sources,
    found: &mut Diagnostics,
) -> Scripts {
    let engine = sandbox::engine();
    let known = Known { functions: sandbox::functions(&engine), ..known };
    let mut scripts = BTreeMap::new();
    for (path, source) in files {
        let text = sources.text(*source);
        let script = match engine.compile_with_scope(&sandbox::scope(), text) {
            Ok(ast) => {
                let inspected = inspect::inspect(&ast, &known, *source, text);
                found.extend(inspected.found);
                Script { functions: functions(&ast), ast: Some(ast), reads: inspected.reads.into() }
            }
            Err(error) => {
                found.push(inspect::syntax(&error, *source, text));
                Script { ast: None, functions: BTreeMap::new(), reads: Arc::new([]) }
            }
        };
        scripts.insert(path.strip_prefix(FOLDER).unwrap_or(path).to_owned(), script);
    }
    Scripts { engine, files: scripts }
}

fn functions(ast: &AST) -> BTreeMap<String, Vec<String>> {
    let parameters = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    ast.iter_functions().map(|function| (function.name.to_owned(), parameters(function.params))).collect()
}

impl Scripts {
    /// What `rewards.rhai` or `rewards.rhai:function` names; an unknown script
    /// or function is reported.
    pub(in crate::rulebook) fn reference(&self, scalar: &Scalar, reader: &mut Reader) -> Option<ScriptRef> {
        let text = scalar.text.trim();
        let (file, function) = text.split_once(':').map_or((text, None), |(file, name)| (file, Some(name.trim())));
        let Some(script) = self.files.get(file) else {
            let found = unknown_script(file, self.files.keys().map(String::as_str), scalar.place);
            let rest = &text[file.len()..];
            reader.found.push(replacing(found, |file| format!("{file}{rest}")));
            return None;
        };
        let reference = ScriptRef { file: file.to_owned(), function: function.map(str::to_owned) };
        let Some(name) = function.filter(|_| script.ast.is_some()) else { return Some(reference) };
        match script.functions.get(name) {
            None => {
                let found = unknown_function(name, file, script, scalar.place);
                reader.found.push(replacing(found, |name| format!("{file}:{name}")));
                None
            }
            Some(parameters) => match parameters.iter().find(|name| !GIVEN.contains(&name.as_str())) {
                Some(parameter) => {
                    reader.found.push(unknown_parameter(parameter, name, scalar.place));
                    None
                }
                None => Some(reference),
            },
        }
    }

    /// Like [`Scripts::reference`], for a place where only a function will do.
    pub(in crate::rulebook) fn predicate(&self, scalar: &Scalar, reader: &mut Reader) -> Option<ScriptRef> {
        let reference = self.reference(scalar, reader)?;
        if reference.function.is_none() {
            let text = Text::new("a condition names a function of a script", "условие должно называть функцию скрипта");
            let help = Text::new(
                format!("write `{}:NAME`, where NAME is a function that gives `true` or `false`", reference.file),
                format!("напишите `{}:ИМЯ`, где ИМЯ — функция, которая даёт `true` или `false`", reference.file),
            );
            reader.found.push(Diagnostic::error(codes::SCRIPT_CONDITION, text, scalar.place).help(help));
            return None;
        }
        Some(reference)
    }

    /// The fields that a script may read, in no order.
    pub fn reads(&self, script: &ScriptRef) -> impl Iterator<Item = FieldId> {
        let reads = self.files.get(&script.file).map_or_else(|| Arc::from([]), |file| file.reads.clone());
        (0..reads.len()).map(move |at| reads[at].1)
    }

    /// Whether a function is told the time.
    pub fn is_time_dependent(&self, script: &ScriptRef) -> bool {
        let function = self.files.get(&script.file).zip(script.function.as_ref());
        let parameters = function.and_then(|(file, name)| file.functions.get(name));
        parameters.is_some_and(|parameters| parameters.iter().any(|name| name == "now"))
    }
}

impl Default for Scripts {
    fn default() -> Self {
        Self { engine: sandbox::engine(), files: BTreeMap::new() }
    }
}

impl fmt::Debug for Scripts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.files.keys()).finish()
    }
}

impl fmt::Display for ScriptRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.function {
            Some(function) => write!(f, "{}:{function}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

fn unknown_script<'a>(file: &str, known: impl Iterator<Item = &'a str>, place: Place) -> Diagnostic {
    let text = Text::new(format!("unknown script `{file}`"), format!("неизвестный скрипт `{file}`"));
    let is_inside = file.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
    let help = match is_inside && file.ends_with(".rhai") {
        true => Text::new(
            format!("create `{FOLDER}{file}`; scripts are files in `rules` that end in `.rhai`"),
            format!("создайте `{FOLDER}{file}`; скрипты — файлы в `rules` с окончанием `.rhai`"),
        ),
        false => Text::new(
            "scripts are files in `rules` that end in `.rhai`",
            "скрипты — файлы в `rules` с окончанием `.rhai`",
        ),
    };
    suggest(Diagnostic::error(codes::UNKNOWN_SCRIPT, text, place), file, known).help(help)
}

fn unknown_function(name: &str, file: &str, script: &Script, place: Place) -> Diagnostic {
    let text = Text::new(format!("`{file}` has no function `{name}`"), format!("в `{file}` нет функции `{name}`"));
    suggest(Diagnostic::error(codes::UNKNOWN_SCRIPT, text, place), name, script.functions.keys().map(String::as_str))
}

/// Puts all that stands in the scalar into what an editor may replace it with.
fn replacing(found: Diagnostic, whole: impl Fn(&str) -> String) -> Diagnostic {
    match found.replacement.as_ref().map(|meant| whole(&meant.with)) {
        Some(text) => found.replace(text),
        None => found,
    }
}

fn unknown_parameter(parameter: &str, function: &str, place: Place) -> Diagnostic {
    let text = Text::new(
        format!("`{function}` asks for `{parameter}`, which a script is not given"),
        format!("`{function}` просит `{parameter}`, чего скрипту не дают"),
    );
    let help = Text::new(
        "parameters are called `user`, `event`, `now` or `args`",
        "параметры называются `user`, `event`, `now` или `args`",
    );
    Diagnostic::error(codes::SCRIPT_PARAMETER, text, place).help(help)
}
