//! One file laid into a small project: loading never panics, every place lies
//! in its source, and every style of every finding can be shown.

use vestnik::diagnostic::render::{Style, render};
use vestnik::model::Lang;
use vestnik::rulebook::{FileContent, Files, Loaded, load_files};

const PROJECT: [(&str, &str); 3] = [
    ("vestnik.yaml", "timezone: Europe/Moscow\n"),
    (
        "rules/base.yaml",
        "profile:\n  balance: int\n  tariff: {type: enum, values: [free, pro]}\nsegments:\n  vip: balance > 100\n",
    ),
    ("templates/hello.html", "Hello!\n"),
];

/// Loads the project with this file.
pub fn load(path: &str, bytes: &[u8]) -> Loaded {
    let mut files = Files::from_list(PROJECT);
    files.by_path.insert(path.to_owned(), FileContent::Bytes(bytes.to_vec()));
    let loaded = load_files(&files);
    for found in loaded.diagnostics.iter() {
        let labels = std::iter::once(&found.primary).chain(&found.secondary).map(|label| label.place);
        for place in labels.chain(found.replacement.as_ref().map(|replacement| replacement.place)) {
            assert!(loaded.sources.text(place.source).get(place.range()).is_some(), "{found:?}");
        }
    }
    for lang in [Lang::En, Lang::Ru] {
        for style in [Style::Text { colour: true }, Style::Short, Style::Brief, Style::Json] {
            render(&loaded.diagnostics, &loaded.sources, lang, style);
        }
    }
    loaded
}
