//! The examples of the pages, tried out: a small project with the files of an
//! example in it, and what the program finds there.

use super::Example;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, Sources};
use crate::rulebook::{Files, load_files};

/// The project that examples are laid over.
const BASE: [(&str, &str); 4] = [
    ("vestnik.yaml", include_str!("base/vestnik.yaml")),
    ("rules/base.yaml", include_str!("base/rules/base.yaml")),
    ("templates/hello.html", include_str!("base/templates/hello.html")),
    ("templates/offer.html", include_str!("base/templates/offer.html")),
];

/// What is found in a project with an example in it.
#[derive(Debug)]
pub struct Trial {
    /// What the example brings about; what the project gives without it, and
    /// remarks with another code, are left out.
    pub found: Diagnostics,
    /// The texts that the findings point into.
    pub sources: Sources,
}

/// Checks an example of a code's page as `vestnik check` would.
pub fn try_out(example: &Example, code: Code) -> Trial {
    let files: Vec<(&str, &str)> = example.files.iter().map(|f| (f.path.as_str(), f.text.as_str())).collect();
    let base = load_files(&Files::from_list(BASE));
    let others = BASE.into_iter().filter(|(path, _)| files.iter().all(|(laid, _)| laid != path));
    let loaded = load_files(&Files::from_list(others.chain(files.iter().copied())));
    let known: Vec<_> = base.diagnostics.iter().map(|d| identity(d, &base.sources)).collect();
    let mut found = Diagnostics::new();
    let matters = |d: &&Diagnostic| d.severity > Severity::Info || d.code == code;
    let fresh = |d: &&Diagnostic| !known.contains(&identity(d, &loaded.sources));
    found.extend(loaded.diagnostics.iter().filter(matters).filter(fresh).cloned());
    Trial { found, sources: loaded.sources }
}

impl Trial {
    /// How bad a finding with this code is, if there is one.
    pub fn severity(&self, code: Code) -> Option<Severity> {
        self.found.iter().find(|found| found.code == code).map(|found| found.severity)
    }
}

/// What makes findings of two projects the same.
fn identity<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> (Code, &'a str, &'a str) {
    (diagnostic.code, sources.name(diagnostic.primary.place.source), &diagnostic.message.en)
}
