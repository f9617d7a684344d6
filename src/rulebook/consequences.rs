//! One mistake, one message: findings that only follow from another one are
//! left out.
//!
//! A rule file that is no YAML, or a section whose name is misspelt, hides
//! names that others use; a field whose declaration is wrong is not unknown; a
//! template with a mistake in it may well come out empty.

use super::codes;
use crate::condition;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, SourceId, Sources};
use std::collections::HashSet;

/// What could not be read to its end.
#[derive(Debug, Default)]
pub(super) struct Unread {
    /// Whether any field may be declared there.
    pub profile: bool,
    /// Whether any segment may be defined there.
    pub segments: bool,
    /// Whether any name may be used there.
    pub uses: bool,
    /// Fields that are declared wrongly.
    pub fields: HashSet<String>,
}

/// What a finding says is unknown.
enum Unknown<'a> {
    Field(&'a str),
    Segment,
}

impl Unread {
    /// A rule file of which nothing could be read.
    pub(super) fn file(&mut self) {
        (self.profile, self.segments, self.uses) = (true, true, true);
    }

    /// Sections whose names are misspelt.
    pub(super) fn sections(&mut self, found: &Diagnostics) {
        for diagnostic in found.iter().filter(|d| d.code == codes::UNKNOWN_SECTION) {
            match diagnostic.replacement.as_ref().map(|replacement| replacement.with.as_str()) {
                Some("profile") => self.profile = true,
                Some("segments") => self.segments = true,
                Some(_) | None => {}
            }
        }
    }

    fn explains(&self, diagnostic: &Diagnostic, sources: &Sources) -> bool {
        if diagnostic.code == codes::UNUSED {
            return self.uses;
        }
        match unknown(diagnostic, sources) {
            Some(Unknown::Field(name)) => self.profile || self.fields.contains(name),
            Some(Unknown::Segment) => self.segments,
            None => false,
        }
    }
}

/// The findings without those that follow from what could not be read.
pub(super) fn without(unread: &Unread, found: Diagnostics, sources: &Sources) -> Diagnostics {
    let broken = broken_templates(&found);
    let mut kept = Diagnostics::new();
    kept.extend(found.into_iter().filter(|diagnostic| {
        let is_empty = diagnostic.code == codes::EMPTY_TEXT && broken.contains(&diagnostic.primary.place.source);
        !is_empty && !unread.explains(diagnostic, sources)
    }));
    kept
}

fn broken_templates(found: &Diagnostics) -> HashSet<SourceId> {
    let errors = found.iter().filter(|d| d.severity == Severity::Error);
    let others = errors.filter(|d| d.code.0.starts_with('T') && d.code != codes::EMPTY_TEXT);
    others.map(|d| d.primary.place.source).collect()
}

fn unknown<'a>(diagnostic: &Diagnostic, sources: &'a Sources) -> Option<Unknown<'a>> {
    let place = diagnostic.primary.place;
    let text = sources.text(place.source);
    let (before, name) = (text.get(..place.range().start)?, text.get(place.range())?);
    let of_segment = before.ends_with("segment(\"") || before.ends_with("segment('");
    match diagnostic.code {
        condition::codes::UNKNOWN_FIELD => Some(Unknown::Field(name)),
        condition::codes::UNKNOWN_SEGMENT => Some(Unknown::Segment),
        codes::UNKNOWN_VARIABLE if of_segment => Some(Unknown::Segment),
        codes::UNKNOWN_VARIABLE => Some(Unknown::Field(name)),
        _ => None,
    }
}
