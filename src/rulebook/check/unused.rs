//! Remarks on segments and templates that nothing uses.
//!
//! What is used is noted while conditions and actions are checked. A segment
//! with a title is made to be looked at and counts as used.

use crate::condition::Fact;
use crate::diagnostic::{Diagnostic, Place, SourceId};
use crate::model::{SegmentId, TemplateId, Text};
use crate::rulebook::catalogue::Catalogue;
use crate::rulebook::codes;
use crate::rulebook::raw::Reader;
use crate::rulebook::template;
use crate::rulebook::yaml::Entry;
use std::collections::{BTreeSet, HashSet};

/// The segments and templates that something uses.
#[derive(Debug, Default)]
pub(in crate::rulebook) struct Used {
    segments: HashSet<SegmentId>,
    templates: HashSet<TemplateId>,
    /// What is asked of users besides their fields.
    pub facts: BTreeSet<Fact>,
}

impl Used {
    /// Notes what a condition or expression asks for.
    pub fn asked(&mut self, segments: &[SegmentId], facts: &[Fact]) {
        self.segments.extend(segments);
        self.facts.extend(facts);
        self.templates.extend(facts.iter().filter_map(|fact| match fact {
            Fact::Received { template, .. } | Fact::Clicked { template, .. } => Some(*template),
            Fact::Count { .. }
            | Fact::Sum { .. }
            | Fact::First(_)
            | Fact::Last(_)
            | Fact::InDrip(_)
            | Fact::FinishedDrip(_)
            | Fact::Variant(_) => None,
        }));
    }

    /// Notes a segment.
    pub fn segment(&mut self, segment: SegmentId) {
        self.segments.insert(segment);
    }

    /// Notes the template called `name`, if there is one.
    pub fn template(&mut self, name: &str, catalogue: &Catalogue) {
        self.templates.extend(catalogue.templates.find(name).map(TemplateId));
    }
}

/// Remarks on what is not used. What stands in quotes in a script is taken to
/// be used by it.
pub(in crate::rulebook) fn remarks(
    segments: &[&Entry],
    templates: &[(String, SourceId)],
    scripts: &[&str],
    catalogue: &Catalogue,
    reader: &mut Reader,
) {
    let in_script = |name: &str| scripts.iter().any(|text| text.contains(&format!("\"{name}\"")));
    for entry in segments {
        let name = &entry.key;
        let id = catalogue.segments.find(&name.text).map(SegmentId);
        let titled = entry.value.get("title").is_some();
        if !titled && !in_script(&name.text) && id.is_some_and(|id| !reader.used.segments.contains(&id)) {
            let text = Text::new(
                format!("nothing uses the segment `{}`", name.text),
                format!("сегмент `{}` нигде не используется", name.text),
            );
            let help = Text::new(
                "remove it; if people look at its size, give it a `title`",
                "удалите его; если на его размер смотрят, дайте ему `title`",
            );
            reader.found.push(Diagnostic::info(codes::UNUSED_SEGMENT, text, name.place).help(help));
        }
    }
    let mut seen = HashSet::new();
    for (name, source) in templates.iter().filter_map(|(path, source)| Some((template::name_of(path)?, *source))) {
        let id = catalogue.templates.find(&name).map(TemplateId);
        if seen.insert(id) && !in_script(&name) && id.is_some_and(|id| !reader.used.templates.contains(&id)) {
            let text = Text::new(
                format!("nothing uses the template `{name}`"),
                format!("шаблон `{name}` нигде не используется"),
            );
            reader.found.push(Diagnostic::info(codes::UNUSED, text, Place::new(source, 0, 0)));
        }
    }
}
