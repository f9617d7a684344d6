//! The one engine that runs scripts, with everything taken out of it by which a
//! script could wait, reach outside or grow without bound.
//!
//! Every limit is a number here; what breaks one ends with an error of that
//! script. There are no modules, so there is no `import`; `eval`, `print` and
//! `debug` are no words of this engine; `sleep`, which the core package brings,
//! answers with an error.

use super::queue::{self, failure};
use super::{event, user};
use crate::model::Text;
use rhai::packages::{
    BasicArrayPackage, BasicMapPackage, BasicMathPackage, CorePackage, LogicPackage, MoreStringPackage, Package,
};
use rhai::{Dynamic, Engine, EvalAltResult, OptimizationLevel, Scope};
use std::collections::BTreeSet;

/// Steps of one run.
pub(super) const OPERATIONS: u64 = 50_000;
/// Functions inside functions.
pub(super) const CALL_LEVELS: usize = 16;
/// Nesting of an expression, outside and inside of functions.
const EXPRESSION_DEPTHS: (usize, usize) = (48, 24);
/// Bytes of a string.
pub(super) const STRING: usize = 16 * 1024;
/// Items of an array.
pub(super) const ARRAY: usize = 1_000;
/// Keys of a map.
pub(super) const MAP: usize = 500;
/// Variables at one time.
pub(super) const VARIABLES: usize = 128;
/// Functions of a file.
const FUNCTIONS: usize = 64;

/// The function that ends a file's own statements: no script can name it.
pub(super) const END: &str = "the end";

/// The sandboxed engine.
pub(super) fn engine() -> Engine {
    let mut engine = Engine::new_raw();
    CorePackage::new().register_into_engine(&mut engine);
    LogicPackage::new().register_into_engine(&mut engine);
    MoreStringPackage::new().register_into_engine(&mut engine);
    BasicArrayPackage::new().register_into_engine(&mut engine);
    BasicMapPackage::new().register_into_engine(&mut engine);
    BasicMathPackage::new().register_into_engine(&mut engine);
    engine
        .set_max_operations(OPERATIONS)
        .set_max_call_levels(CALL_LEVELS)
        .set_max_expr_depths(EXPRESSION_DEPTHS.0, EXPRESSION_DEPTHS.1)
        .set_max_string_size(STRING)
        .set_max_array_size(ARRAY)
        .set_max_map_size(MAP)
        .set_max_variables(VARIABLES)
        .set_max_functions(FUNCTIONS)
        .set_strict_variables(true)
        // Literals stay as they are written, so that names in them are seen.
        .set_optimization_level(OptimizationLevel::None);
    for word in ["eval", "print", "debug"] {
        engine.disable_symbol(word);
    }
    engine.register_fn("sleep", |_: i64| sleepless());
    engine.register_fn("sleep", |_: f64| sleepless());
    for (name, millis) in [("days", 86_400_000_i64), ("hours", 3_600_000), ("minutes", 60_000), ("seconds", 1_000)] {
        engine.register_fn(name, move |n: i64| n.saturating_mul(millis));
    }
    engine.on_print(|_| {}).on_debug(|_, _, _| {});
    engine.register_fn(END, || ());
    user::register(&mut engine);
    event::register(&mut engine);
    queue::register(&mut engine);
    engine
}

/// What a file's own statements may name besides their variables.
pub(super) fn scope() -> Scope<'static> {
    let mut scope = Scope::new();
    for name in super::GIVEN {
        scope.push_dynamic(name, Dynamic::UNIT);
    }
    scope
}

/// The names of all functions that a script may call.
pub(super) fn functions(engine: &Engine) -> BTreeSet<String> {
    let names = engine.collect_fn_metadata(None, |function| Some(function.metadata.name.to_string()), true);
    let ours = |name: &String| !matches!(name.as_str(), "sleep" | "eval" | "print" | "debug" | END);
    names.into_iter().filter(ours).collect()
}

fn sleepless() -> Result<(), Box<EvalAltResult>> {
    Err(failure(Text::new("a script cannot `sleep`", "в скрипте невозможно `sleep`")))
}
