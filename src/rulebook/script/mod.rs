//! Scripts of a project: compiled once, run within bounds. The only place that
//! knows the script language.

use super::codes;
use super::raw::{Reader, suggest};
use super::yaml::Scalar;
use crate::diagnostic::{Diagnostic, Sources};
use crate::model::Text;

/// A script's place among those of one rulebook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScriptId(pub u16);

/// A script, or one function of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    /// The script.
    pub script: ScriptId,
    /// The function; absent: the script from its first line.
    pub function: Option<String>,
}

/// The scripts of a project.
#[derive(Debug, Default)]
pub struct Scripts {
    list: Vec<Script>,
}

#[derive(Debug)]
struct Script {
    /// Inside `rules/`.
    path: String,
    functions: Vec<String>,
}

impl Scripts {
    /// What `file.rhai` or `file.rhai:function` names.
    pub(in crate::rulebook) fn called(
        &self,
        written: &Scalar,
        sources: &Sources,
        reader: &mut Reader,
    ) -> Option<Called> {
        let (path, function) = match written.text.split_once(':') {
            Some((path, function)) => (path, Some(function)),
            None => (written.text.as_str(), None),
        };
        let Some((id, script)) = (0u16..).zip(&self.list).find(|(_, script)| script.path == path) else {
            let text = Text::new(format!("unknown script `{path}`"), format!("неизвестный скрипт `{path}`"));
            let place = written.locate(sources, 0..path.len());
            let found = Diagnostic::error(codes::UNKNOWN_SCRIPT, text, place);
            let paths = self.list.iter().map(|script| script.path.as_str());
            let help = Text::new(format!("create `rules/{path}`"), format!("создайте `rules/{path}`"));
            reader.found.push(suggest(found, path, paths).help(help));
            return None;
        };
        let function = function.map(str::to_owned);
        if let Some(function) = function.as_ref().filter(|function| !script.functions.contains(function)) {
            let text = Text::new(
                format!("`{path}` has no function `{function}`"),
                format!("в `{path}` нет функции `{function}`"),
            );
            let place = written.locate(sources, path.len() + 1..written.text.len());
            let found = Diagnostic::error(codes::UNKNOWN_SCRIPT, text, place);
            reader.found.push(suggest(found, function, script.functions.iter().map(String::as_str)));
            return None;
        }
        Some(Called { script: ScriptId(id), function })
    }
}
