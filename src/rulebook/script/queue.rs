//! What a script asks for while it runs: the calls of its actions, in order,
//! with their arguments as given and the places of the calls.
//!
//! Nothing is looked up here; what the calls mean is worked out when the script
//! has come to its end.

use super::error::over;
use crate::condition;
use crate::model::Text;
use rhai::{Dynamic, Engine, EvalAltResult, NativeCallContext, Position};
use std::sync::{Arc, Mutex, PoisonError};

/// The most that one run may ask for.
pub(super) const ACTIONS: usize = 100;

/// What a script may do, as it is named in rule files too, and how many
/// arguments each takes, at least and at most.
pub(super) const NAMES: [(&str, usize, usize); 12] = [
    ("send", 1, 2),
    ("set", 2, 2),
    ("add", 2, 2),
    ("unset", 1, 1),
    ("tag", 1, 1),
    ("untag", 1, 1),
    ("discount", 2, 2),
    ("start", 1, 1),
    ("stop", 1, 1),
    ("emit", 1, 2),
    ("notify", 1, 1),
    ("log", 1, 1),
];

/// One call of an action.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The action.
    pub action: &'static str,
    /// What it is given, as many as it takes.
    pub arguments: Vec<Dynamic>,
    /// Where the call stands.
    pub at: Position,
}

/// What one run is about: the engine is shared, so each run carries its own.
#[derive(Clone)]
pub(super) struct Task {
    user: i64,
    /// Absent where a script only answers.
    asked: Option<Arc<Mutex<Vec<Asked>>>>,
}

impl Task {
    /// A run that answers and does nothing.
    pub fn answering(user: i64) -> Self {
        Self { user, asked: None }
    }

    /// A run that acts.
    pub fn acting(user: i64) -> Self {
        Self { user, asked: Some(Arc::default()) }
    }

    /// What was asked for so far.
    pub fn take(&self) -> Vec<Asked> {
        let asked = self.asked.as_ref();
        asked
            .map(|asked| std::mem::take(&mut *asked.lock().unwrap_or_else(PoisonError::into_inner)))
            .unwrap_or_default()
    }
}

/// Teaches an engine the actions, and the one source of chance that there is.
pub(super) fn register(engine: &mut Engine) {
    for (name, least, most) in NAMES {
        if least == 1 {
            engine.register_fn(name, move |run: NativeCallContext, a: Dynamic| ask(&run, name, vec![a]));
        }
        if most == 2 {
            let both = move |run: NativeCallContext, a: Dynamic, b: Dynamic| ask(&run, name, vec![a, b]);
            engine.register_fn(name, both);
        }
    }
    // The logarithms of the package of mathematics would come before ours.
    engine.register_fn("log", |run: NativeCallContext, a: f64| ask(&run, "log", vec![a.into()]));
    engine.register_fn("log", |_: f64, _: f64| -> Result<(), Box<EvalAltResult>> {
        Err(failure(Text::new("`log` takes one text", "`log` принимает один текст")))
    });
    engine.register_fn("percent", |run: NativeCallContext, salt: &str| {
        task(&run).map_or(0, |task| condition::percent(salt, task.user) as i64)
    });
}

fn ask(run: &NativeCallContext, action: &'static str, arguments: Vec<Dynamic>) -> Result<(), Box<EvalAltResult>> {
    let Some(asked) = task(run).and_then(|task| task.asked) else {
        let text = Text::new(format!("a condition cannot `{action}`"), format!("в условии невозможно `{action}`"));
        return Err(failure(text));
    };
    let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
    if asked.len() >= ACTIONS {
        // Unlike other errors this one cannot be caught by the script.
        let text = over(ACTIONS as u64, ("actions in one run", "действий за один запуск"));
        return Err(Box::new(EvalAltResult::ErrorTerminated(Dynamic::from(text), run.call_position())));
    }
    let arguments = arguments.into_iter().map(Dynamic::flatten).collect();
    asked.push(Asked { action, arguments, at: run.call_position() });
    Ok(())
}

fn task(run: &NativeCallContext) -> Option<Task> {
    run.tag().and_then(|tag| tag.clone().try_cast::<Task>())
}

/// An error of a run, with a text of ours.
pub(super) fn failure(text: Text) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorRuntime(Dynamic::from(text), Position::NONE))
}
