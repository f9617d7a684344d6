//! Running scripts: one that answers for a condition, one that acts for a rule.
//!
//! Whatever a script does wrong ends here as an error of that one run, with its
//! place; what it had asked for by then is dropped.

use super::queue::Task;
use super::user::{User, dynamic};
use super::{ScriptError, ScriptRef, Scripts, effects, event, sandbox};
use crate::condition::{Row, Truth};
use crate::model::{Effect, Text, Value, builtin};
use crate::rulebook::{Rulebook, Run};
use rhai::{AST, CallFnOptions, Dynamic, Map, Position, Scope};
use std::panic::{AssertUnwindSafe, catch_unwind};

impl Rulebook {
    /// What `run` does for the user of a row, in the order of the calls; all of
    /// it or, after an error, nothing.
    pub fn act<R: Row + ?Sized>(&self, run: &Run, row: &R) -> Result<Vec<Effect>, ScriptError> {
        let args: Vec<_> = run.args.iter().map(|(name, value)| (name.clone(), value.evaluate(row))).collect();
        self.scripts.act(&run.script, &args, row, self)
    }
}

impl Scripts {
    /// The answer of a function for one user: unknown where it fails, breaks a
    /// limit or gives something else than `true` or `false`.
    pub fn judge<R: Row + ?Sized>(&self, script: &ScriptRef, row: &R) -> Truth {
        self.answer(script, row).map_or(Truth::Unknown, |answer| Truth::from(answer.as_bool().ok()))
    }

    /// Why a function gives no answer for a user, if it does not.
    pub fn trouble<R: Row + ?Sized>(&self, script: &ScriptRef, row: &R) -> Option<ScriptError> {
        match self.answer(script, row) {
            Ok(answer) if answer.is_bool() => None,
            Ok(answer) => Some(ScriptError::at(script, Position::NONE, no_answer(answer.type_name()))),
            Err(error) => Some(error),
        }
    }

    /// What a script does for the user of a row, with values for `args`; the
    /// names that it uses are those of the rulebook.
    pub(super) fn act<R: Row + ?Sized>(
        &self,
        script: &ScriptRef,
        args: &[(String, Value)],
        row: &R,
        book: &Rulebook,
    ) -> Result<Vec<Effect>, ScriptError> {
        let task = Task::acting(user_id(row));
        let given = |name: &str| match name {
            "event" => event::Event::of(&book.catalogue.events, row),
            "args" => {
                Dynamic::from_map(args.iter().map(|(name, value)| (name.into(), dynamic(value))).collect::<Map>())
            }
            _ => Dynamic::UNIT,
        };
        let _answer = self.run(script, row, given, task.clone())?;
        let meant = |asked| effects::effect(&asked, row.now(), book);
        task.take()
            .into_iter()
            .map(|asked| {
                let at = asked.at;
                meant(asked).map_err(|text| ScriptError::at(script, at, text))
            })
            .collect()
    }

    fn answer<R: Row + ?Sized>(&self, script: &ScriptRef, row: &R) -> Result<Dynamic, ScriptError> {
        self.run(script, row, |_| Dynamic::UNIT, Task::answering(user_id(row)))
    }

    /// Runs a function, or a file's own statements; `given` tells of `event`
    /// and `args`.
    fn run<R: Row + ?Sized>(
        &self,
        script: &ScriptRef,
        row: &R,
        given: impl Fn(&str) -> Dynamic,
        task: Task,
    ) -> Result<Dynamic, ScriptError> {
        let absent = || ScriptError::at(script, Position::NONE, absent(script));
        let file = self.files.get(&script.file).ok_or_else(absent)?;
        let ast = file.ast.as_ref().ok_or_else(absent)?;
        let given = |name: &str| match name {
            "user" => Dynamic::from(User::new(&file.reads, row)),
            "now" => Dynamic::from_int(row.now().0),
            name => given(name),
        };
        let options = CallFnOptions::new().with_tag(task);
        let run = || match &script.function {
            Some(name) => {
                let parameters = file.functions.get(name).map(Vec::as_slice).unwrap_or_default();
                let arguments: Vec<Dynamic> = parameters.iter().map(|name| given(name)).collect();
                self.engine.call_fn_with_options(options.eval_ast(false), &mut Scope::new(), ast, name, arguments)
            }
            None => {
                let mut scope = Scope::new();
                for name in super::GIVEN {
                    scope.push_dynamic(name, given(name));
                }
                let options = options.in_all_namespaces(true);
                self.engine.call_fn_with_options(options, &mut scope, ast, sandbox::END, ())
            }
        };
        // The interpreter is not ours: should it ever panic, one run fails.
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(answer) => {
                answer.map_err(|error| ScriptError::of(script, *error, place_of(ast, script.function.as_deref())))
            }
            Err(_) => Err(ScriptError::at(script, Position::NONE, broken())),
        }
    }
}

/// Where the body of a function begins.
fn place_of(ast: &AST, function: Option<&str>) -> Position {
    let found = ast.iter_fn_def().find(|defined| Some(defined.name.as_str()) == function);
    found.map_or(Position::NONE, |defined| defined.body.start_position())
}

fn user_id<R: Row + ?Sized>(row: &R) -> i64 {
    if let Value::Int(id) = row.field(builtin::ID) { *id } else { 0 }
}

fn no_answer(ty: &str) -> Text {
    Text::new(
        format!("it gives a value of type {ty}, not true or false"),
        format!("скрипт даёт значение типа {ty}, а не true или false"),
    )
}

fn absent(script: &ScriptRef) -> Text {
    Text::new(format!("there is no {script}"), format!("нет {script}"))
}

fn broken() -> Text {
    Text::new("the interpreter of scripts failed", "сбой интерпретатора скриптов")
}
