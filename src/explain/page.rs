//! One page of `docs/codes`: its words in both languages and its examples.
//!
//! ```text
//! # R040
//!
//! English paragraphs.
//!
//! ## По-русски
//!
//! Russian paragraphs.
//!
//! ## Wrong
//!
//! ~~~yaml rules/example.yaml
//! a file of the project
//! ~~~
//!
//! ## Right
//!
//! the same, mended
//! ```
//!
//! An example that cannot be a file is told in words, a paragraph in English
//! and then one in Russian. Reading never fails: what is left out of a page is
//! empty, and the tests see to it that nothing is.

use crate::model::Text;

/// A page, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The heading, which is the code.
    pub title: String,
    /// What it means, why it matters and how to mend it.
    pub prose: Text,
    /// What leads to the code.
    pub wrong: Example,
    /// What does not.
    pub right: Example,
}

/// An example: files to lay over a project, or words where files cannot tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The words; empty for most.
    pub note: Text,
    /// The files.
    pub files: Vec<File>,
}

/// A file of an example.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// Its path inside the project.
    pub path: String,
    /// Its content.
    pub text: String,
}

/// What stands under one heading.
#[derive(Default)]
struct Section {
    heading: String,
    prose: String,
    files: Vec<File>,
}

impl Page {
    /// Reads the text of a page.
    pub fn read(text: &str) -> Self {
        let sections = sections(text);
        let first = sections.first();
        let prose = |section: Option<&Section>| section.map_or(String::new(), |s| s.prose.trim().to_owned());
        let under = |heading: &str| sections.iter().skip(1).find(|section| section.heading == heading);
        Self {
            title: first.map_or(String::new(), |section| section.heading.clone()),
            prose: Text::new(prose(first), prose(under("По-русски"))),
            wrong: Example::of(under("Wrong")),
            right: Example::of(under("Right")),
        }
    }
}

impl Example {
    fn of(section: Option<&Section>) -> Self {
        let prose = section.map_or("", |section| section.prose.trim());
        let (en, ru) = prose.split_once("\n\n").unwrap_or((prose, prose));
        Self { note: Text::new(en, ru.trim()), files: section.map_or(Vec::new(), |section| section.files.clone()) }
    }
}

fn sections(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut open: Option<File> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("~~~")) {
            (Some(_), Some(_)) => close(&mut sections, &mut open),
            (Some(file), None) => push_line(&mut file.text, line),
            (None, Some(tag)) => open = Some(File { path: path_of(tag), text: String::new() }),
            (None, None) => outside(&mut sections, line),
        }
    }
    close(&mut sections, &mut open);
    sections
}

/// A line that is in no file: a heading or prose.
fn outside(sections: &mut Vec<Section>, line: &str) {
    match line.strip_prefix("# ").or_else(|| line.strip_prefix("## ")) {
        Some(heading) => sections.push(Section { heading: heading.trim().to_owned(), ..Section::default() }),
        None => {
            if let Some(section) = sections.last_mut() {
                push_line(&mut section.prose, line);
            }
        }
    }
}

fn close(sections: &mut [Section], open: &mut Option<File>) {
    let file = open.take();
    if let Some(section) = sections.last_mut() {
        section.files.extend(file);
    }
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// The path of a fence's tag, `yaml rules/example.yaml`.
fn path_of(tag: &str) -> String {
    tag.split_whitespace().nth(1).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(en: &str, ru: &str, files: &[(&str, &str)]) -> Example {
        let file = |(path, text): &(&str, &str)| File { path: (*path).to_owned(), text: (*text).to_owned() };
        Example { note: Text::new(en, ru), files: files.iter().map(file).collect() }
    }

    #[test]
    fn a_page_is_words_and_files() {
        let text = "# R001\n\nOne.\n\nTwo.\n\n## По-русски\n\nРаз.\n\n## Wrong\n\n~~~yaml rules/a.yaml\n# x\n## y\n~~~\n\n~~~html templates/a.html\nHi\n~~~\n\n## Right\n\nIn words.\n\nСловами.\n";
        let page = Page::read(text);
        assert_eq!((page.title.as_str(), page.prose), ("R001", Text::new("One.\n\nTwo.", "Раз.")));
        assert_eq!(page.wrong, example("", "", &[("rules/a.yaml", "# x\n## y\n"), ("templates/a.html", "Hi\n")]));
        assert_eq!(page.right, example("In words.", "Словами.", &[]));
    }

    #[test]
    fn what_is_left_out_is_empty() {
        for (text, title, wrong) in [
            ("", "", example("", "", &[])),
            ("words", "", example("", "", &[])),
            ("~~~\nx\n~~~\n# R001\n", "R001", example("", "", &[])),
            ("# R001\n## Wrong\none language\n", "R001", example("one language", "one language", &[])),
            ("# R001\n## Wrong\n~~~yaml a\nnot closed", "R001", example("", "", &[("a", "not closed\n")])),
        ] {
            let page = Page::read(text);
            assert_eq!((page.title.as_str(), page.wrong), (title, wrong), "{text}");
            assert_eq!(page.right, example("", "", &[]), "{text}");
        }
    }
}
