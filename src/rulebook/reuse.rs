//! What one load leaves for the next: the trees of files, the syntax trees of
//! conditions and what checking them found, so that only what changed is done
//! again.
//!
//! What was checked holds for the names that it was checked with: where a name
//! is declared, renamed or gone, everything is checked anew, for a change in
//! one file may make another wrong. What a load does not use is forgotten at
//! its end.

use super::assets::Asset;
use super::catalogue::{Catalogue, Names};
use super::yaml::{self, Node};
use crate::condition::{self, Ast, Condition};
use crate::diagnostic::{Diagnostic, Diagnostics, SourceId};
use crate::model::EventId;
use std::collections::HashMap;
use std::sync::Arc;

/// What was parsed before.
#[derive(Debug, Default)]
pub struct Parsed {
    files: HashMap<String, File>,
    /// Conditions, by their text.
    pub asts: Asts,
    /// What became of them.
    pub checked: Checked,
    /// The files that messages carry, by path, as they were found: a change of
    /// one is no change of the rules and may still make them right or wrong.
    pub assets: Vec<(String, Asset)>,
}

/// A file as it was parsed.
#[derive(Debug)]
struct File {
    text: String,
    source: SourceId,
    tree: Option<Node>,
    found: Diagnostics,
}

/// Syntax trees of conditions, by their text.
#[derive(Debug, Default)]
pub struct Asts {
    before: HashMap<Arc<str>, Arc<Ast>>,
    now: HashMap<Arc<str>, Arc<Ast>>,
}

/// Checked conditions, by their text and the place that they stand in.
#[derive(Debug, Default)]
pub struct Checked {
    catalogue: Option<Catalogue>,
    before: HashMap<Question, Answer>,
    now: HashMap<Question, Answer>,
}

/// What is checked, and with which names besides those of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Question {
    text: Arc<str>,
    event: Option<EventId>,
    of_metrics: bool,
}

/// A condition, unless there were errors, and what was found.
type Answer = (Option<Condition>, Vec<Diagnostic>);

impl Parsed {
    /// The trees of `files` (path, source and text of each), those without
    /// mistakes in their YAML; what is wrong with the others is added to
    /// `found`. Files that are not among them are forgotten.
    pub fn trees<'a, 't>(
        &'a mut self,
        files: impl Iterator<Item = (&'t str, SourceId, &'t str)>,
        found: &mut Diagnostics,
    ) -> Vec<&'a Node> {
        let mut before = std::mem::take(&mut self.files);
        let mut order = Vec::new();
        for (path, source, text) in files {
            let known = before.remove(path).filter(|file| file.text == text);
            let file = known.map_or_else(|| File::parse(source, text), |file| file.moved(source));
            found.extend(file.found.iter().cloned());
            self.files.insert(path.to_owned(), file);
            order.push(path);
        }
        order.into_iter().filter_map(|path| self.files.get(path)?.tree.as_ref()).collect()
    }
}

impl File {
    fn parse(source: SourceId, text: &str) -> Self {
        let mut found = Diagnostics::new();
        let tree = yaml::parse(source, text, 0, yaml::Limits::default(), &mut found);
        Self { text: text.to_owned(), source, tree, found }
    }

    /// The same file, known by another number in this load.
    fn moved(mut self, source: SourceId) -> Self {
        if self.source != source {
            self.source = source;
            self.tree.iter_mut().for_each(|tree| tree.move_to(source));
            let found = std::mem::take(&mut self.found).into_iter();
            self.found.extend(
                found.map(|diagnostic| diagnostic.relocated(|place| crate::diagnostic::Place { source, ..place })),
            );
        }
        self
    }
}

impl Asts {
    /// Parses a condition, unless this or the last load did.
    pub fn parse(&mut self, text: &str) -> Result<Arc<Ast>, Vec<Diagnostic>> {
        if let Some(ast) = self.now.get(text) {
            return Ok(ast.clone());
        }
        let (text, ast) = match self.before.remove_entry(text) {
            Some(known) => known,
            None => (Arc::from(text), Arc::new(condition::parse(text)?)),
        };
        self.now.insert(text, ast.clone());
        Ok(ast)
    }

    /// Forgets what was not asked for since the last call.
    pub fn end(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }
}

impl Checked {
    /// Forgets everything if the names are not those of the last load.
    pub fn begin(&mut self, catalogue: &Catalogue) {
        if self.catalogue.as_ref() != Some(catalogue) {
            self.before.clear();
            self.catalogue = Some(catalogue.clone());
        }
    }

    /// Checks a condition, unless this or the last load did.
    pub fn check(&mut self, ast: &Ast, names: &Names<'_>) -> Answer {
        let question = Question { text: ast.shared_text(), event: names.event, of_metrics: !names.metrics.is_empty() };
        if let Some(answer) = self.now.get(&question) {
            return answer.clone();
        }
        let answer = self.before.remove(&question).unwrap_or_else(|| condition::check(ast, names));
        self.now.insert(question, answer.clone());
        answer
    }

    /// Forgets what was not asked for since the last call.
    pub fn end(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }
}
