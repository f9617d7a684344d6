//! The shape of the crate, held by reading its source: modules import only
//! from those above them, each outside crate is known in one place, and the
//! parts that decide neither read files nor clocks.
//!
//! Sizes of files and functions are no matter of this test.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

/// The modules, each below those that it may import from.
const ORDER: [&str; 17] = [
    "model",
    "diagnostic",
    "clock",
    "condition",
    "rulebook",
    "explain",
    "experiment",
    "chart",
    "store",
    "audience",
    "import",
    "outbox",
    "engine",
    "sandbox",
    "interface",
    "app",
    "cli",
];

/// Modules that stand apart: they import from these and no other.
const APART: [(&str, &[&str]); 1] = [("sandbox", &["model", "clock"])];

/// Crates that are known in one place: a file or a folder under `src`.
const KNOWN_IN: [(&str, &str); 25] = [
    ("annotate_snippets", "diagnostic/render"),
    ("arc_swap", "rulebook/live store/sled"),
    ("axum", "sandbox interface/http engine/errands/tests"),
    ("clap", "cli"),
    ("croner", "rulebook/trigger"),
    ("csv", "import/source"),
    ("granit_parser", "rulebook/yaml"),
    ("hmac", "engine/errands"),
    ("indicatif", "cli"),
    ("memchr", "condition/column"),
    ("minijinja", "rulebook/template"),
    ("notify", "rulebook/watch"),
    ("notify_debouncer_full", "rulebook/watch"),
    ("pest", "condition rulebook/trigger"),
    ("pest_derive", "condition rulebook/trigger"),
    ("regex_automata", "condition/column"),
    ("rhai", "rulebook/script"),
    ("resvg", "chart/picture"),
    ("roaring", "audience"),
    ("rusqlite", "import"),
    ("sled", "store/sled"),
    ("statrs", "experiment/statistics/special"),
    ("teloxide", "interface/bot"),
    ("serde_yaml", "sandbox/script"),
    ("tracing_subscriber", "cli"),
];

/// Parts that decide and so do no input or output: files and folders.
const PURE: [&str; 14] = [
    "model",
    "diagnostic",
    "condition",
    "rulebook/check",
    "rulebook/action",
    "rulebook/template",
    "rulebook/trigger",
    "rulebook/yaml",
    "explain",
    "experiment",
    "audience",
    "engine/guard",
    "outbox/limiter",
    "outbox/backoff",
];

/// What a pure part does not name.
const IMPURE: [&str; 7] =
    ["std::fs", "std::env", "std::net", "std::process", "std::thread::sleep", "SystemTime", "Instant::now"];

/// A source file: its path under `src`, and its text without comments and
/// without its tests.
struct Source {
    path: String,
    whole: String,
    code: String,
}

#[test]
fn modules_import_only_from_those_above_them() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(from) = module_of(&source.path) else { continue };
        for to in imports(&source.code) {
            if !may_import(from, to) {
                wrong.push(format!("src/{}: `{from}` imports from `{to}`", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "imports that go up:\n{}", wrong.join("\n"));
}

#[test]
fn every_module_has_its_place_in_the_order() {
    let lib = fs::read_to_string(root().join("lib.rs")).unwrap();
    let mut declared: Vec<&str> =
        lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let mut known = ORDER.to_vec();
    declared.sort_unstable();
    known.sort_unstable();
    assert_eq!(declared, known);
}

#[test]
fn each_outside_crate_is_known_in_one_place() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (name, places) in KNOWN_IN {
            let at_home = places.split(' ').any(|place| is_in(&source.path, place));
            if !at_home && names_crate(&source.code, name) {
                wrong.push(format!("src/{} names `{name}`, which belongs to src/{places}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn parts_that_decide_do_no_input_or_output() {
    let mut wrong = Vec::new();
    for source in sources() {
        if PURE.iter().any(|place| is_in(&source.path, place)) {
            let named = IMPURE.iter().filter(|word| source.code.contains(**word));
            wrong.extend(named.map(|word| format!("src/{} names `{word}`", source.path)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<_> = sources().into_iter().filter(|s| !s.whole.starts_with("//! ")).map(|s| s.path).collect();
    assert!(silent.is_empty(), "no opening `//!` in {silent:?}");
}

#[test]
fn the_reader_of_imports_sees_every_form() {
    for (text, expected) in [
        ("use crate::model::{Time, Text};", &["model"][..]),
        ("use crate::{engine, outbox::Row};", &["engine", "outbox"]),
        ("use crate::{\n    app::{App, AppError},\n    model,\n};", &["app", "model"]),
        ("let x = crate::cli::main();", &["cli"]),
        ("pub(crate) fn f() {}", &[]),
    ] {
        assert_eq!(imports(text), expected, "{text}");
    }
    for (text, expected) in [
        ("use sled::Batch;", true),
        ("let db = sled::open(path);", true),
        ("#[derive(sled::Thing)]", true),
        ("use crate::store::sled::SledStore;", false),
        ("pub mod sled;", false),
        ("use engine::parsled::X;", false),
    ] {
        assert_eq!(names_crate(text, "sled"), expected, "{text}");
    }
    assert_eq!(without_comments("a; // crate::b\n//! crate::c\nd \"x//y\";"), "a; \n\nd \"x//y\";");
}

fn may_import(from: &str, to: &str) -> bool {
    if from == to {
        return true;
    }
    match APART.iter().find(|(module, _)| *module == from) {
        Some((_, allowed)) => allowed.contains(&to),
        None => place(to) < place(from),
    }
}

fn place(module: &str) -> usize {
    ORDER.iter().position(|known| *known == module).unwrap_or_else(|| panic!("`{module}` has no place in the order"))
}

/// The top module of a file; the two roots of the crate have none.
fn module_of(path: &str) -> Option<&str> {
    let top = path.split('/').next()?.trim_end_matches(".rs");
    (!matches!(top, "lib" | "main")).then_some(top)
}

/// The top modules that a text names after `crate::`.
fn imports(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, prefix) in code.match_indices("crate::") {
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(list) => found.extend(heads(list)),
            None => found.extend(word(rest)),
        }
    }
    found
}

/// The first words of the parts of `a, b::{c, d}, …}`.
fn heads(list: &str) -> Vec<&str> {
    let (mut found, mut depth, mut fresh) = (Vec::new(), 0, true);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return found,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            c if fresh && !c.is_whitespace() => {
                fresh = false;
                found.extend(word(&list[at..]));
            }
            _ => {}
        }
    }
    found
}

fn word(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !is_word(c)).unwrap_or(text.len());
    (end > 0).then_some(&text[..end])
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether a text names an outside crate: `name::` that is not the tail of
/// another path.
fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + name.len()..]);
        let whole = !before.ends_with(is_word) && !before.ends_with("::");
        whole && after.starts_with("::")
    })
}

/// Whether a file is `place.rs` or lies in the folder `place`.
fn is_in(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    collect(&root(), &mut paths);
    paths.sort();
    let read = |path: PathBuf| {
        let whole = fs::read_to_string(&path).unwrap();
        let code = without_comments(whole.split("#[cfg(test)]\nmod ").next().unwrap_or_default());
        let path = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
        Source { path, whole, code }
    };
    paths.into_iter().map(read).collect()
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The text without what follows `//` outside quotes on each line.
fn without_comments(text: &str) -> String {
    text.lines().map(code_of).collect::<Vec<_>>().join("\n")
}

fn code_of(line: &str) -> &str {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '/' if !quoted && line[at..].starts_with("//") => return &line[..at],
            _ => {}
        }
    }
    line
}
