//! Bad rule files, a folder for each kind of mistake, and everything that
//! people are told of them, as `vestnik check` prints it.
//!
//! A folder holds files of a project, laid over a small base; a file beside
//! them at its top is a rule file, `NAME.absent` takes a file of the base away.
//! `expected.txt` has the output in English, `expected.ru.txt`, where there is
//! one, in Russian. `UPDATE_EXPECT=1` writes them anew.

use crate::expect::differs;
use crate::schema::refused;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use vestnik::diagnostic::render::{Style, render};
use vestnik::model::Lang;
use vestnik::rulebook::{Files, Loaded, load_files};

/// Findings of keys that are unknown, absent or of another shape: the schema
/// refuses such a file too.
const OF_SHAPE: [&str; 5] = ["R001", "R002", "R003", "R004", "R005"];

const BASE: [(&str, &str); 4] = [
    ("vestnik.yaml", "language: en\ntimezone: Europe/Moscow\n"),
    (
        "rules/base.yaml",
        "profile:
  balance: {type: int, default: 0}
  paid_count: int
  revenue: money
  score: float
  tariff: {type: enum, values: [free, basic, pro]}
  last_payment_at: time
segments:
  vip: paid_count >= 5
broadcasts:
  hello: {to: true, send: hello}
  offer: {to: segment(vip), send: offer}
",
    ),
    ("templates/hello.html", "Hello!\n"),
    ("templates/offer.html", "Only for you!\n"),
];

struct Case {
    folder: PathBuf,
    files: BTreeMap<String, String>,
    /// Those of the files that are no part of the base.
    own: Vec<String>,
}

#[test]
fn everything_that_is_told_is_as_expected() {
    let cases = cases();
    assert!(cases.len() >= 30, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let loaded = case.load();
        assert!(!loaded.diagnostics.is_empty(), "{}: nothing is wrong", case.folder.display());
        for (name, lang) in [("expected.txt", Lang::En), ("expected.ru.txt", Lang::Ru)] {
            let path = case.folder.join(name);
            if lang == Lang::En || path.exists() {
                wrong.extend(differs(&path, &told(&loaded, lang)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_the_check_refuses_for_its_shape_the_schema_refuses() {
    let mut seen = 0;
    for case in cases() {
        let loaded = case.load();
        for path in case.own.iter().filter(|path| path.ends_with(".yaml")) {
            let of_shape = loaded.diagnostics.iter().any(|found| {
                OF_SHAPE.contains(&found.code.0) && loaded.sources.name(found.primary.place.source) == path
            });
            if of_shape {
                seen += 1;
                let refused = refused(path, &case.files[path]);
                assert!(!refused.is_empty(), "{}: the schema takes {path}", case.folder.display());
            }
        }
    }
    assert!(seen >= 8, "only {seen} files");
}

impl Case {
    fn read(folder: PathBuf) -> Self {
        let mut files: BTreeMap<String, String> =
            BASE.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        let mut found = Vec::new();
        walk(&folder, "", &mut found);
        let mut own = Vec::new();
        for (path, text) in found {
            let place = if path.contains('/') || path == "vestnik.yaml" { path } else { format!("rules/{path}") };
            match place.strip_suffix(".absent") {
                Some(absent) => drop(files.remove(absent)),
                None => {
                    own.push(place.clone());
                    files.insert(place, text);
                }
            }
        }
        Self { folder, files, own }
    }

    fn load(&self) -> Loaded {
        load_files(&Files::from_list(self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))))
    }
}

fn told(loaded: &Loaded, lang: Lang) -> String {
    render(&loaded.diagnostics, &loaded.sources, lang, Style::Text { colour: false })
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rulebook/bad");
    let mut folders: Vec<PathBuf> =
        fs::read_dir(root).expect("the folder").map(|entry| entry.expect("an entry").path()).collect();
    folders.sort();
    folders.into_iter().map(Case::read).collect()
}

/// The files below a folder by path, but for expected texts.
fn walk(folder: &Path, name: &str, into: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let file = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        let inner = if name.is_empty() { file.clone() } else { format!("{name}/{file}") };
        if path.is_dir() {
            walk(&path, &inner, into);
        } else if !file.starts_with("expected.") {
            into.push((inner, fs::read_to_string(&path).expect("a text")));
        }
    }
}
