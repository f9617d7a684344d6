//! Where things of a rulebook stand in its files: found again from the files when
//! a person asks, so that a rulebook in force carries none of it.

use super::project::{Content, Files, RULES, is_yaml};
use super::yaml::{self, Node};
use crate::diagnostic::{Diagnostics, Place, Sources};
use std::ops::Range;

/// The rule files as trees.
#[derive(Debug, Default)]
pub struct Whereabouts {
    sources: Sources,
    trees: Vec<Node>,
}

impl Whereabouts {
    /// Those of a project's files; files that cannot be read are left out.
    pub fn of(files: &Files) -> Self {
        let mut this = Self::default();
        for (path, content) in &files.by_path {
            let is_rules = path.strip_prefix(RULES).is_some_and(|rest| rest.starts_with('/')) && is_yaml(path);
            let Content::Bytes(bytes) = content else { continue };
            let Some(text) = std::str::from_utf8(bytes).ok().filter(|_| is_rules) else { continue };
            let source = this.sources.add(path.as_str(), text);
            let mut found = Diagnostics::new();
            this.trees.extend(yaml::parse(source, text, 0, yaml::Limits::default(), &mut found));
        }
        this
    }

    /// `file:line:column` of what a section calls `name`.
    pub fn definition(&self, section: &str, name: &str) -> Option<String> {
        let entries = self.trees.iter().filter_map(|tree| tree.get(section)?.map()).flatten();
        let entry = entries.into_iter().find(|entry| entry.key.text == name)?;
        Some(self.shown(entry.key.place))
    }

    /// The same of a part of the text that stands there, at one of its keys if
    /// it has keys.
    pub fn part(&self, section: &str, name: &str, key: &str, range: Range<usize>) -> Option<String> {
        let node = self.trees.iter().find_map(|tree| tree.get(section)?.get(name))?;
        let scalar = node.scalar().or_else(|| node.get(key)?.scalar())?;
        Some(self.shown(scalar.locate(&self.sources, range)))
    }

    /// What is written at a key.
    pub fn text(&self, section: &str, name: &str, key: &str) -> Option<&str> {
        let node = self.trees.iter().find_map(|tree| tree.get(section)?.get(name))?;
        Some(&node.get(key)?.scalar()?.text)
    }

    fn shown(&self, place: Place) -> String {
        let (line, column) = self.sources.line_column(place.source, place.start);
        format!("{}:{line}:{column}", self.sources.name(place.source))
    }
}
