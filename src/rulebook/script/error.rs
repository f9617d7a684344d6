//! Why a script did not do what it was asked for: the place in its file and
//! what was wrong there, in both languages.

use super::{FOLDER, ScriptRef, sandbox};
use crate::model::Text;
use rhai::{EvalAltResult, Position};
use std::fmt;

/// A failure of one run of one script; nothing that it asked for is done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ScriptError {
    /// The file within the project: `rules/rewards.rhai`.
    pub file: String,
    /// The line, from 1; 0 if it is not known.
    pub line: usize,
    /// The character of the line, from 1; 0 if it is not known.
    pub column: usize,
    /// What was wrong.
    pub text: Text,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.whole().en)
    }
}

impl ScriptError {
    /// The place and what was wrong.
    pub fn whole(&self) -> Text {
        let Self { file, line, column, text } = self;
        let place = if *line == 0 { file.clone() } else { format!("{file}:{line}:{column}") };
        Text::new(format!("{place}: {}", text.en), format!("{place}: {}", text.ru))
    }

    /// An error at a place of a script's file.
    pub(super) fn at(script: &ScriptRef, place: Position, text: Text) -> Self {
        let (line, column) = (place.line().unwrap_or(0), place.position().unwrap_or(0));
        Self { file: format!("{FOLDER}{}", script.file), line, column, text }
    }

    /// What the interpreter ended with. A broken limit has no place of its own in
    /// a function that was called from outside; then it is that of the function.
    pub(super) fn of(script: &ScriptRef, error: EvalAltResult, function: Position) -> Self {
        let (error, place) = innermost(error);
        Self::at(script, if place.is_none() { function } else { place }, said(error))
    }
}

/// The failure itself and the most exact place that is known of it.
fn innermost(mut error: EvalAltResult) -> (EvalAltResult, Position) {
    let mut outer = Position::NONE;
    loop {
        let here = error.position();
        let place = if here.is_none() { outer } else { here };
        match error {
            EvalAltResult::ErrorInFunctionCall(_, _, inner, _) | EvalAltResult::ErrorInModule(_, inner, _) => {
                (error, outer) = (*inner, place);
            }
            other => return (other, place),
        }
    }
}

/// The limits in our own words, the rest in the interpreter's.
fn said(mut error: EvalAltResult) -> Text {
    match &error {
        EvalAltResult::ErrorRuntime(thrown, _) | EvalAltResult::ErrorTerminated(thrown, _) => {
            match thrown.clone().try_cast::<Text>() {
                Some(text) => text,
                None => Text::new(format!("it threw: {thrown}"), format!("скрипт прервал себя: {thrown}")),
            }
        }
        EvalAltResult::ErrorTooManyOperations(_) => over(sandbox::OPERATIONS, ("operations", "операций")),
        EvalAltResult::ErrorTooManyVariables(_) => {
            over(sandbox::VARIABLES as u64, ("variables at one time", "переменных одновременно"))
        }
        EvalAltResult::ErrorStackOverflow(_) => {
            over(sandbox::CALL_LEVELS as u64, ("functions inside functions", "функций внутри функций"))
        }
        EvalAltResult::ErrorDataTooLarge(what, _) => too_large(what),
        _ => {
            error.clear_position();
            let en = lower(&error.to_string());
            Text::new(en.clone(), format!("ошибка скрипта: {en}"))
        }
    }
}

fn too_large(what: &str) -> Text {
    if what.contains("string") {
        over(sandbox::STRING as u64, ("bytes of text in one value", "байт текста в одном значении"))
    } else if what.contains("map") {
        over(sandbox::MAP as u64, ("keys of maps in one value", "ключей в одном значении"))
    } else {
        over(sandbox::ARRAY as u64, ("items of arrays in one value", "элементов массивов в одном значении"))
    }
}

/// More than a limit allows.
pub(super) fn over(limit: u64, what: (&str, &str)) -> Text {
    Text::new(format!("more than {limit} {}", what.0), format!("больше {limit} {}", what.1))
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
