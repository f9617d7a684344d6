//! A text as a condition: it is parsed, printed, checked and judged. Nothing
//! may panic, places lie inside the text, and what is printed says the same.
#![no_main]

#[path = "project.rs"]
mod project;

use libfuzzer_sys::fuzz_target;
use project::Project;
use std::sync::LazyLock;
use vestnik::condition::{MAX_CHARS, check, check_value, parse};

static PROJECT: LazyLock<Project> = LazyLock::new(Project::new);

fuzz_target!(|text: &str| {
    let ast = match parse(text) {
        Ok(ast) => ast,
        Err(found) => {
            assert!(!found.is_empty());
            for one in found {
                assert!(text.get(one.primary.place.range()).is_some(), "{one:?}");
            }
            return;
        }
    };
    let printed = ast.to_string();
    // Written in full, a condition near a bound may come to lie beyond it.
    if text.len() < MAX_CHARS / 20 {
        let again = parse(&printed).unwrap_or_else(|found| panic!("{printed}: {found:?}"));
        assert_eq!(again.root(), ast.root(), "{printed}");
        assert_eq!(again.to_string(), printed);
    }
    let (condition, found) = check(&ast, &*PROJECT);
    for one in &found {
        assert!(text.get(one.primary.place.range()).is_some(), "{one:?}");
    }
    if let Some(condition) = condition {
        for user in PROJECT.users() {
            condition.judge(user);
        }
    }
    if let (Some(expression), _) = check_value(&ast, None, &*PROJECT) {
        for user in PROJECT.users() {
            let value = expression.evaluate(user);
            assert!(value.fits(expression.ty()), "{value:?}");
        }
    }
});
