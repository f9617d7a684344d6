//! The documentation held against the program: its examples are loaded and
//! judged, its tables of codes, functions and defaults are those of the code,
//! and the commands it names exist.
//!
//! Examples are fenced blocks; the word after the fence says what they are.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/paying.rs"]
mod paying;

use paying::Paying;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use vestnik::condition::{self, Truth};
use vestnik::diagnostic::render::{Style, render};
use vestnik::diagnostic::{Diagnostic, Severity};
use vestnik::engine::trial;
use vestnik::explain;
use vestnik::model::{Effect, Lang, Profile, Schema, Time, UserId, Value};
use vestnik::rulebook::{Action, Files, Loaded, METRICS, Portion, Rulebook, Settings, load_files, sample};

/// One fenced block: the words after the fence, and its lines.
struct Block {
    tag: String,
    place: String,
    text: String,
}

#[test]
fn conditions_mean_what_the_page_says() {
    let world = language_world();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for block in blocks("docs/language.md") {
        let Some(expected) = block.tag.strip_prefix("condition") else { continue };
        let expected: Vec<&str> = expected.split_whitespace().collect();
        for line in examples(&block) {
            seen += 1;
            let found: Vec<&str> = findings(line, &world).iter().map(|d| d.code.0).collect();
            if found != expected {
                wrong.push(format!("{}: `{line}` gives {found:?}, not {expected:?}", block.place));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 30, "only {seen} conditions were found");
}

#[test]
fn values_have_the_types_that_the_page_says() {
    let world = language_world();
    for block in blocks("docs/language.md").iter().filter(|block| block.tag == "value") {
        for line in examples(block) {
            let (text, ty) = line.split_once(" # ").unwrap();
            let ast = condition::parse(text).unwrap_or_else(|found| panic!("{text}: {found:?}"));
            let (value, found) = condition::check_value(&ast, None, &world.catalogue.names());
            let value = value.unwrap_or_else(|| panic!("{text}: {found:?}"));
            assert_eq!(value.ty().to_string(), ty, "{}: {text}", block.place);
        }
    }
}

#[test]
fn answers_are_those_of_the_page() {
    let world = language_world();
    let mut profile = Profile::new(&world.schema, UserId(42));
    let balance = world.schema.find("balance").unwrap();
    profile.set(&world.schema, balance, Value::Int(5));
    let view = world.view(&profile, Time(1_772_355_600_000));
    let answers = blocks("docs/language.md");
    for block in answers.iter().filter(|block| block.tag == "answers") {
        for line in examples(block) {
            let (text, answer) = line.split_once(" => ").unwrap();
            assert_eq!(word(judge(text, &world, &view)), answer, "{}: {text}", block.place);
        }
    }
}

#[test]
fn the_truth_table_is_that_of_the_language() {
    let world = language_world();
    let profile = Profile::new(&world.schema, UserId(42));
    let view = world.view(&profile, Time(0));
    // a comparison with a field that was never set is unknown
    let text = |word: &str| if word == "unknown" { "(balance = 1)".to_owned() } else { word.to_owned() };
    let page = read("docs/language.md");
    let table = page.split("| `a` | `b` | `a and b` |").nth(1).unwrap();
    let rows: Vec<Vec<&str>> = table.lines().skip(2).take_while(|line| line.starts_with('|')).map(cells).collect();
    assert_eq!(rows.len(), 9);
    for row in rows {
        let (a, b) = (text(row[0]), text(row[1]));
        let got =
            [format!("{a} and {b}"), format!("{a} or {b}"), format!("not {a}")].map(|t| word(judge(&t, &world, &view)));
        assert_eq!(got[..], row[2..], "{row:?}");
    }
}

#[test]
fn the_table_of_functions_is_that_of_the_code() {
    let page = read("docs/language.md");
    for function in condition::functions() {
        let (call, gives) = function.signature.split_once(" -> ").unwrap();
        let row = format!("| `{call}` | {gives} | {} |", function.doc().en);
        assert!(page.contains(&row), "docs/language.md lacks: {row}");
        let found = findings(function.example, &language_world());
        assert!(found.iter().all(|d| d.severity != Severity::Error), "{}: {found:?}", function.example);
    }
}

#[test]
fn files_of_the_pages_load_without_a_finding() {
    for page in ["README.md", "docs/language.md", "docs/rulebook.md", "docs/delivery.md", "docs/operations.md"] {
        for block in blocks(page) {
            let Some(path) = block.tag.split_whitespace().nth(1).filter(|path| is_project_file(path)) else { continue };
            let loaded = with_file(path, &block.text);
            let serious = loaded.diagnostics.iter().filter(|d| d.severity != Severity::Info).count();
            let shown = render(&loaded.diagnostics, &loaded.sources, Lang::En, Style::Text { colour: false });
            assert!(loaded.rulebook.is_some() && serious == 0, "{}:\n{shown}", block.place);
        }
    }
}

#[test]
fn tests_of_rules_on_the_page_pass() {
    let mut seen = 0;
    for block in blocks("docs/rulebook.md").iter().filter(|block| block.text.contains("\ntests:")) {
        let path = block.tag.split_whitespace().nth(1).unwrap();
        let loaded = with_file(path, &block.text);
        let rulebook = loaded.rulebook.unwrap();
        let is_here = |at: &usize| loaded.sources.name(rulebook.scenarios[*at].place.source) == path;
        let here: Vec<usize> = (0..rulebook.scenarios.len()).filter(is_here).collect();
        seen += here.len();
        for (at, failures) in trial::run(Path::new("."), &rulebook, &here).unwrap().tests {
            assert!(failures.is_empty(), "{}: {}: {failures:#?}", block.place, rulebook.scenarios[at].name);
        }
    }
    assert!(seen > 0, "no test was found");
}

/// The files of the page on scripts make one project.
fn with_scripts(more: &[(&str, &str)]) -> Loaded {
    let blocks = blocks("docs/scripts.md");
    let file =
        |block: &Block| block.tag.split_whitespace().nth(1).filter(|path| is_project_file(path)).map(str::to_owned);
    let files: Vec<(String, &str)> =
        blocks.iter().filter_map(|block| Some((file(block)?, block.text.as_str()))).collect();
    assert!(files.len() > 3, "docs/scripts.md has no files");
    let files = files.iter().map(|(path, text)| (path.as_str(), *text));
    load_files(&Files::from_list(core().chain(files).chain(more.iter().copied())))
}

fn act(book: &Rulebook, rule: &str) -> Result<Vec<Effect>, String> {
    let mut profile = Profile::new(&book.schema, UserId(42));
    profile.set(&book.schema, book.schema.find("balance").unwrap(), Value::Int(1));
    let row = Paying::new(book.view(&profile, Time(1_772_355_600_000)), 10_000);
    let rule = book.rules.iter().find(|known| known.name == rule).unwrap();
    let Action::Run(run) = &rule.then[0] else { panic!("`{}` runs no script", rule.name) };
    book.act(run, &row).map_err(|error| error.to_string())
}

#[test]
fn scripts_of_the_page_act() {
    let loaded = with_scripts(&[]);
    let serious = loaded.diagnostics.iter().filter(|d| d.severity != Severity::Info).count();
    let shown = render(&loaded.diagnostics, &loaded.sources, Lang::En, Style::Text { colour: false });
    assert!(loaded.rulebook.is_some() && serious == 0, "{shown}");
    let book = loaded.rulebook.unwrap();
    let effects = act(&book, "reward").unwrap();
    assert_eq!(effects[0], Effect::Add(book.schema.find("balance").unwrap(), Value::Int(3)));
    assert!(matches!(effects[1..3], [Effect::Tag(_), Effect::Send(_)]), "{effects:?}");
    let Effect::Send(sending) = &effects[2] else { panic!("{effects:?}") };
    let profile = Profile::new(&book.schema, UserId(42));
    let view = book.view(&profile, Time(0));
    let message = book.render_part(&sending.template, Portion::Whole, &profile, &view, &sending.vars).unwrap();
    assert_eq!(message.text, "You paid 100.0, which makes 3 days more.");
}

#[test]
fn mistakes_of_scripts_are_told_as_the_page_says() {
    let blocks = blocks("docs/scripts.md");
    let rule = "rules:\n  x: {when: event payment, then: [{run: x.rhai}]}\n";
    for line in blocks.iter().filter(|block| block.tag == "errors").flat_map(examples) {
        let (script, error) = line.split_once(" => ").unwrap();
        let book = with_scripts(&[("rules/x.yaml", rule), ("rules/x.rhai", script)]).rulebook.unwrap();
        assert_eq!(act(&book, "x"), Err(error.to_owned()), "{script}");
    }
}

#[test]
fn the_settings_of_the_page_are_the_defaults() {
    let blocks = blocks("docs/rulebook.md");
    let block = blocks.iter().find(|block| block.tag == "yaml vestnik.yaml").unwrap();
    let loaded = with_file("vestnik.yaml", &block.text);
    assert_eq!(*loaded.rulebook.unwrap().settings, Settings::default());
}

#[test]
fn the_readmes_mistake_is_answered_as_it_says() {
    let page = read("README.md");
    let segments = sample::FILES.iter().find(|(path, _)| *path == "rules/segments.yaml").unwrap().1;
    let wrong = with_file("rules/segments.yaml", &segments.replace("if: paid_count >= 5\n", "if: paidcount >= 5\n"));
    let shown = render(&wrong.diagnostics, &wrong.sources, Lang::En, Style::Text { colour: false });
    assert!(shown.contains("paidcount") && page.contains(shown.trim()), "README.md lacks:\n{shown}");
    let settings = sample::FILES.iter().find(|(path, _)| *path == "vestnik.yaml").unwrap().1;
    let right = with_file("vestnik.yaml", &settings.replace("language: ru", "language: en")).rulebook.unwrap();
    let found = format!(
        "segments {}, broadcasts {}, rulebook {}",
        right.segments().len(),
        right.broadcasts().len(),
        right.version
    );
    assert!(page.contains(&found), "README.md lacks: {found}");
}

#[test]
fn the_experiment_of_the_page_is_right() {
    let blocks = blocks("docs/experiments.md");
    let block = blocks.iter().find(|block| block.tag == "yaml rules/experiments.yaml").unwrap();
    let templates = [("templates/welcome.html", "Hello!\n"), ("templates/welcome_short.html", "Hi!\n")];
    let files = core().chain(templates).chain([(block.tag.trim_start_matches("yaml "), block.text.as_str())]);
    let loaded = load_files(&Files::from_list(files));
    let found: Vec<_> = loaded.diagnostics.iter().map(|found| &found.message.en).collect();
    assert!(loaded.rulebook.is_some(), "{found:?}");
}

#[test]
fn every_code_is_in_the_table() {
    let page = read("docs/rulebook.md");
    for row in explain::codes() {
        let row = format!("| `{}` | {} |", row.code.0, row.en);
        assert!(page.contains(&row), "docs/rulebook.md lacks: {row}");
    }
    let is_code = |name: &str| name.len() == 4 && name.bytes().skip(1).all(|b| b.is_ascii_digit());
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).filter(|name| is_code(name));
    assert_eq!(rows.count(), explain::codes().count(), "docs/rulebook.md has a code that is gone");
}

#[test]
fn the_table_of_measurements_is_that_of_the_code() {
    let page = read("docs/rulebook.md");
    for metric in METRICS {
        let row = format!("| `{}` | {} | {} |", metric.name, metric.ty, metric.doc[0]);
        assert!(page.contains(&row), "docs/rulebook.md lacks: {row}");
    }
}

#[test]
fn built_in_fields_are_in_the_table() {
    let page = read("docs/rulebook.md");
    let table = page.split("| `id` | int |").nth(1).unwrap().split("\n\n").next().unwrap().to_owned() + "`id`";
    for (_, field) in Schema::builtin().iter() {
        assert!(table.contains(&format!("`{}`", field.name)), "docs/rulebook.md lacks the field `{}`", field.name);
    }
}

#[test]
fn commands_of_the_pages_exist() {
    let mut seen = 0;
    for page in [
        "README.md",
        "docs/rulebook.md",
        "docs/delivery.md",
        "docs/operations.md",
        "docs/sandbox.md",
        "docs/scripts.md",
        "docs/why.md",
        "docs/experiments.md",
    ] {
        for words in commands(&read(page)) {
            let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
            if words.first() == Some(&"--project") {
                words.drain(..2);
            }
            let Some(first) = words.first().filter(|word| is_word(word)) else { continue };
            let has_parts = ["bench", "broadcast", "experiment", "export", "outbox"].contains(first);
            let depth = if has_parts && words.len() > 1 { 2 } else { 1 };
            let help = help(&words[..depth]);
            for flag in words.iter().filter(|word| word.starts_with("--")) {
                assert!(help.contains(*flag), "{page}: `vestnik {}` has no {flag}", words.join(" "));
            }
            seen += 1;
        }
    }
    assert!(seen > 15, "only {seen} commands were found");
}

#[test]
fn tests_that_hold_the_invariants_exist() {
    let page = read("ARCHITECTURE.md");
    let table = page.split("## Invariants").nth(1).unwrap().split("\n## ").next().unwrap();
    let mut code = String::new();
    gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"), &mut code);
    gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut code);
    let named = table.split('`').skip(1).step_by(2).filter(|name| name.contains('_') && !name.contains(['/', '.']));
    let absent: Vec<&str> = named.filter(|name| !code.contains(&format!("fn {name}("))).collect();
    assert!(absent.is_empty(), "ARCHITECTURE.md names tests that are not there: {absent:?}");
}

/// The text of all source files of a folder.
fn gather(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

/// What the program says of a command; fails if there is none.
fn help(command: &[&str]) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_vestnik")).args(command).arg("--help").output().unwrap();
    assert!(out.status.success(), "there is no command `vestnik {}`", command.join(" "));
    String::from_utf8(out.stdout).unwrap()
}

/// The words behind each `vestnik` of a page's commands, in backticks, in
/// blocks and behind `cargo run … --`.
fn commands(page: &str) -> Vec<Vec<String>> {
    let text = page.replace("cargo run --release -- ", "`vestnik ");
    let starts = text.match_indices("vestnik ").filter(|(at, _)| {
        let before = text[..*at].chars().next_back();
        matches!(before, Some('`')) || text[..*at].ends_with("\n$ ") || text[..*at].ends_with("\n")
    });
    let tail = |at: usize| text[at + "vestnik ".len()..].split(['`', '\n', '#', '|', '>']).next().unwrap_or_default();
    starts.map(|(at, _)| tail(at).split_whitespace().map(str::to_owned).collect()).collect()
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase())
}

fn is_project_file(path: &str) -> bool {
    path == "vestnik.yaml" || path.starts_with("rules/") || path.starts_with("templates/")
}

fn findings(text: &str, world: &Rulebook) -> Vec<Diagnostic> {
    match condition::parse(text) {
        Ok(ast) => condition::check(&ast, &world.catalogue.names()).1,
        Err(found) => found,
    }
}

fn judge(text: &str, world: &Rulebook, view: &vestnik::rulebook::View<'_>) -> Truth {
    let ast = condition::parse(text).unwrap_or_else(|found| panic!("{text}: {found:?}"));
    let (condition, found) = condition::check(&ast, &world.catalogue.names());
    condition.unwrap_or_else(|| panic!("{text}: {found:?}")).judge(view)
}

fn word(truth: Truth) -> &'static str {
    match truth {
        Truth::True => "true",
        Truth::False => "false",
        Truth::Unknown => "unknown",
    }
}

/// The sample project with the fields that the page on the language declares,
/// a drip and an experiment.
fn language_world() -> Arc<Rulebook> {
    let blocks = blocks("docs/language.md");
    let block = blocks.iter().find(|block| block.tag.starts_with("yaml rules/")).unwrap();
    with_file("rules/more.yaml", &block.text).rulebook.unwrap()
}

/// The files of the sample beside which the examples of the pages stand: its
/// fields, segments and broadcasts.
fn core<'a>() -> impl Iterator<Item = (&'a str, &'a str)> {
    let is_core = |path: &str| {
        let stem = path.rsplit('/').next().and_then(|name| name.split('.').next()).unwrap_or_default();
        ["vestnik", "profile", "segments", "broadcasts", "win_back", "vip_thanks"].contains(&stem)
    };
    sample::FILES.iter().copied().filter(move |(path, _)| is_core(path))
}

/// The same with one file added or replaced.
fn with_file(path: &str, text: &str) -> Loaded {
    let others = core().filter(|(known, _)| *known != path);
    load_files(&Files::from_list(others.chain([(path, text)])))
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn cells(row: &str) -> Vec<&str> {
    row.trim_matches('|').split('|').map(str::trim).collect()
}

/// The lines of a block that are examples.
fn examples(block: &Block) -> impl Iterator<Item = &str> {
    block.text.lines().filter(|line| !line.trim().is_empty())
}

fn blocks(page: &str) -> Vec<Block> {
    let text = read(page);
    let (mut blocks, mut open): (Vec<Block>, Option<Block>) = (Vec::new(), None);
    for (number, line) in (1..).zip(text.lines()) {
        match (line.strip_prefix("```"), &mut open) {
            (Some(tag), None) => {
                let place = format!("{page}:{number}");
                open = Some(Block { tag: tag.to_owned(), place, text: String::new() });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{page}: a fence is not closed");
    blocks
}
