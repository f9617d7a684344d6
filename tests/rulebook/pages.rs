//! The pages of `docs/codes`: each code has one, in both languages, and its
//! examples do what they are there for.

use vestnik::diagnostic::Documented;
use vestnik::diagnostic::render::{Style, render};
use vestnik::explain::{Page, Trial, codes, find, try_out};
use vestnik::model::Lang;

/// Pages whose examples cannot be files: of bytes, of great size, of a folder
/// that is absent.
const IN_WORDS: [&str; 11] = ["C001", "R006", "R007", "R008", "R033", "R034", "R101", "S001", "Y009", "Y022", "R142"];

#[test]
fn every_page_has_all_its_parts() {
    for row in codes() {
        let (code, page) = (row.code.0, Page::read(row.page));
        assert_eq!(page.title, code, "the heading of docs/codes/{code}.md");
        for (part, text) in [("English", &page.prose.en), ("Russian", &page.prose.ru)] {
            assert!(text.len() > 40 && !text.contains("##"), "docs/codes/{code}.md, in {part}: {text:?}");
        }
        assert!(is_russian(&page.prose.ru) && !is_russian(&page.prose.en), "docs/codes/{code}.md: the languages");
        let in_words = IN_WORDS.contains(&code);
        assert_eq!(page.wrong.files.is_empty(), in_words, "docs/codes/{code}.md, Wrong: files");
        assert_eq!(page.wrong.note.ru.is_empty(), !in_words, "docs/codes/{code}.md, Wrong: words");
        let right = &page.right;
        assert!(!right.files.is_empty() || !right.note.en.is_empty(), "docs/codes/{code}.md, Right: nothing there");
        for example in [&page.wrong, right] {
            assert_eq!(is_russian(&example.note.ru), !example.note.ru.is_empty(), "docs/codes/{code}.md: {example:?}");
        }
    }
}

#[test]
fn a_wrong_example_gives_its_code_and_a_right_one_nothing() {
    let mut failures = Vec::new();
    for row in codes() {
        let page = Page::read(row.page);
        let (wrong, right) = (try_out(&page.wrong, row.code), try_out(&page.right, row.code));
        if !page.wrong.files.is_empty() && wrong.severity(row.code).is_none() {
            failures.push(failure(row, "Wrong does not give it", &wrong));
        }
        if right.severity(row.code).is_some() || !right.found.is_empty() {
            failures.push(failure(row, "Right is not right", &right));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn pages_name_only_codes_that_exist() {
    for row in codes() {
        let named = row.page.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| is_code(word));
        for word in named {
            assert!(find(word).is_some(), "docs/codes/{}.md names {word}, which does not exist", row.code.0);
        }
    }
}

#[test]
fn every_page_belongs_to_a_code() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/codes");
    for entry in std::fs::read_dir(folder).expect("the folder of pages") {
        let name = entry.expect("readable").file_name().into_string().expect("a plain name");
        let code = name.strip_suffix(".md").expect("pages are .md files");
        assert!(codes().any(|row| row.code.0 == code), "docs/codes/{name} belongs to no code");
    }
}

fn failure(row: &Documented, what: &str, trial: &Trial) -> String {
    let shown = render(&trial.found, &trial.sources, Lang::En, Style::Text { colour: false });
    format!("docs/codes/{}.md: {what}; the program says:\n{shown}", row.code.0)
}

/// A letter of a family and three digits.
fn is_code(word: &str) -> bool {
    let mut chars = word.chars();
    word.len() == 4 && chars.next().is_some_and(|c| "CYSRT".contains(c)) && chars.all(|c| c.is_ascii_digit())
}

/// Whether the words are Russian; what stands in backticks is none.
fn is_russian(text: &str) -> bool {
    let words: String = text.split('`').step_by(2).collect();
    let count = |range: std::ops::RangeInclusive<char>| words.chars().filter(|c| range.contains(c)).count();
    count('а'..='я') > count('a'..='z')
}
