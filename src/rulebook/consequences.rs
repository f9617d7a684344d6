//! One mistake, one message: findings that only follow from another one are
//! left out.
//!
//! A rule file that is no YAML hides names that others use; a field whose
//! declaration is wrong is not unknown; a template with a mistake in it may
//! well come out empty.

use super::codes;
use crate::condition;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, SourceId, Sources};
use std::collections::HashSet;

/// What is said of a name that nothing defines or nothing uses.
const NAMES: [Code; 4] =
    [condition::codes::UNKNOWN_FIELD, condition::codes::UNKNOWN_SEGMENT, codes::UNKNOWN_VARIABLE, codes::UNUSED];

/// What could not be read to its end.
#[derive(Debug, Default)]
pub(super) struct Unread {
    /// Whether a rule file is not YAML or a section has an unknown name, so
    /// that any name may be defined there.
    pub files: bool,
    /// Fields that are declared wrongly.
    pub fields: HashSet<String>,
}

/// The findings without those that follow from what could not be read.
pub(super) fn without(unread: &Unread, found: Diagnostics, sources: &Sources) -> Diagnostics {
    let broken = broken_templates(&found);
    let mut kept = Diagnostics::new();
    kept.extend(found.into_iter().filter(|diagnostic| {
        let code = diagnostic.code;
        let of_names = unread.files && NAMES.contains(&code);
        let is_empty = code == codes::EMPTY_TEXT && broken.contains(&diagnostic.primary.place.source);
        !of_names && !is_empty && !is_about(&unread.fields, diagnostic, sources)
    }));
    kept
}

fn broken_templates(found: &Diagnostics) -> HashSet<SourceId> {
    let errors = found.into_iter().filter(|d| d.severity == Severity::Error);
    let others = errors.filter(|d| d.code.0.starts_with('T') && d.code != codes::EMPTY_TEXT);
    others.map(|d| d.primary.place.source).collect()
}

/// Whether it says that one of these fields is unknown.
fn is_about(fields: &HashSet<String>, diagnostic: &Diagnostic, sources: &Sources) -> bool {
    let unknown = [codes::UNKNOWN_VARIABLE, condition::codes::UNKNOWN_FIELD].contains(&diagnostic.code);
    let place = diagnostic.primary.place;
    unknown && sources.text(place.source).get(place.range()).is_some_and(|name| fields.contains(name))
}
