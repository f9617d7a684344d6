//! One mistake, one message: findings that only follow from another one are
//! left out.
//!
//! A rule file that is no YAML, or a section whose name is misspelt, hides
//! names that others use; a field, an event or a variant whose declaration is
//! wrong is not unknown; a template with a mistake in it may well come out
//! empty.

use super::check::Sections;
use super::codes;
use super::yaml::{Kind, Node};
use crate::condition::codes as of_conditions;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, SourceId, Sources};
use crate::model::{Events, Schema};
use std::collections::HashSet;

/// What could not be read to its end.
#[derive(Debug, Default)]
pub(super) struct Unread {
    /// Whether any name may be declared in what was not read at all.
    everything: bool,
    /// Sections that are misspelt or of another shape.
    sections: HashSet<String>,
    /// Fields that are declared wrongly.
    fields: HashSet<String>,
    /// Events that are declared wrongly.
    events: HashSet<String>,
    /// Properties of events that are declared wrongly.
    properties: HashSet<String>,
    /// Experiments of which a variant is written wrongly.
    experiments: HashSet<String>,
    /// What is defined twice: what the second definition holds is lost.
    twice: HashSet<String>,
    /// Templates in files with a name that cannot be.
    templates: HashSet<String>,
}

/// What a finding says is unknown.
enum Unknown<'a> {
    Field(&'a str),
    Segment,
    Template(&'a str),
    Event(&'a str),
    Property(&'a str),
    /// Something of a section whose names are kept even if they are wrong.
    Of(&'static str),
    /// A variant of one of these, if they are broken.
    Variant,
    Class,
}

impl Unread {
    /// A file that is no text.
    pub(super) fn file(&mut self) {
        self.everything = true;
    }

    /// Rule files of which nothing, or not all, could be read. Other slips of
    /// YAML hide no names.
    pub(super) fn files(&mut self, trees: &[&Node], found: &Diagnostics, sources: &Sources) {
        let read: HashSet<SourceId> =
            trees.iter().filter(|tree| !matches!(tree.kind, Kind::Refused)).map(|tree| tree.place.source).collect();
        for diagnostic in found.iter().filter(|d| d.severity == Severity::Error) {
            let place = diagnostic.primary.place;
            self.everything |= diagnostic.code == codes::SECOND_DOCUMENT || !read.contains(&place.source);
            if diagnostic.code == codes::DUPLICATE_KEY {
                self.sections.extend(sources.text(place.source).get(place.range()).map(str::to_owned));
            }
        }
    }

    /// Sections whose names are misspelt, or that are no mapping.
    pub(super) fn sections(&mut self, found: &Diagnostics, sections: &Sections<'_>) {
        let misspelt = found.iter().filter(|d| d.code == codes::UNKNOWN_SECTION);
        self.sections.extend(misspelt.filter_map(|d| d.replacement.as_ref()).map(|meant| meant.with.clone()));
        self.sections.extend(sections.misshapen().map(str::to_owned));
    }

    /// Fields and events that were declared and did not come to be.
    pub(super) fn declarations(&mut self, sections: &Sections<'_>, schema: &Schema, events: &Events) {
        let fields = sections.of("profile").iter().map(|entry| &entry.key.text);
        self.fields = fields.filter(|name| schema.find(name).is_none()).cloned().collect();
        for entry in sections.of("events") {
            let Some(event) = events.find(&entry.key.text).map(|id| events.event(id)) else {
                self.events.insert(entry.key.text.clone());
                continue;
            };
            let declared = entry.value.map().unwrap_or_default().iter().map(|property| &property.key.text);
            self.properties.extend(declared.filter(|name| event.property(name).is_none()).cloned());
        }
    }

    /// An experiment of which a variant is written wrongly.
    pub(super) fn experiment(&mut self, name: &str) {
        self.experiments.insert(name.to_owned());
    }

    /// `lifecycle`, of which a class is written wrongly.
    pub(super) fn lifecycle(&mut self) {
        self.sections.insert("lifecycle".to_owned());
    }

    /// Segments behind the bound on their number, which are left out.
    pub(super) fn bounds(&mut self, found: &Diagnostics) {
        if found.iter().any(|d| d.code == codes::TOO_MANY) {
            self.sections.insert("segments".to_owned());
        }
    }

    /// Names that tell only when everything is found.
    fn names(&mut self, found: &Diagnostics, sources: &Sources) {
        for Diagnostic { code, primary, .. } in found.iter() {
            let place = primary.place;
            if matches!(*code, codes::DEFINED_TWICE | codes::DUPLICATE_KEY) {
                self.twice.extend(sources.text(place.source).get(place.range()).map(str::to_owned));
            }
            if *code == codes::TEMPLATE_NAME {
                let file = sources.name(place.source).rsplit('/').next().unwrap_or_default();
                self.templates.extend(file.split('.').next().map(str::to_lowercase));
            }
        }
    }

    fn hides(&self, section: &str) -> bool {
        self.everything || self.sections.contains(section)
    }

    fn explains(&self, diagnostic: &Diagnostic, sources: &Sources) -> bool {
        let near = |names: &HashSet<String>| words_near(diagnostic, sources).any(|word| names.contains(word));
        match unknown(diagnostic, sources) {
            Some(Unknown::Field(name)) => self.hides("profile") || self.fields.contains(name),
            Some(Unknown::Segment) => self.hides("segments"),
            Some(Unknown::Event(name)) => self.hides("events") || self.events.contains(name),
            Some(Unknown::Template(name)) => self.templates.contains(&name.to_lowercase()),
            Some(Unknown::Property(name)) => {
                self.hides("events") || self.properties.contains(name) || near(&self.twice)
            }
            Some(Unknown::Of(section)) => self.hides(section),
            Some(Unknown::Variant) => near(&self.experiments) || near(&self.twice),
            Some(Unknown::Class) => {
                self.hides("lifecycle") && words_near(diagnostic, sources).any(|word| word == "lifecycle")
                    || near(&self.experiments)
                    || near(&self.twice)
            }
            None => false,
        }
    }
}

/// The findings without those that follow from what could not be read.
pub(super) fn without(mut unread: Unread, found: Diagnostics, sources: &Sources) -> Diagnostics {
    unread.names(&found, sources);
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
    let name = name.trim_matches(['"', '\'']);
    let of_segment = before.ends_with("segment(\"") || before.ends_with("segment('");
    let of_experiment = before.ends_with("variant(\"") || before.ends_with("variant('");
    match diagnostic.code {
        of_conditions::UNKNOWN_FIELD => Some(Unknown::Field(name)),
        codes::SCRIPT_FIELD if before.ends_with("event.") => Some(Unknown::Property(name)),
        codes::SCRIPT_FIELD => Some(Unknown::Field(name)),
        of_conditions::UNKNOWN_SEGMENT => Some(Unknown::Segment),
        of_conditions::UNKNOWN_TEMPLATE | codes::UNKNOWN_TEMPLATE => Some(Unknown::Template(name)),
        of_conditions::UNKNOWN_EVENT | codes::UNKNOWN_EVENT => Some(Unknown::Event(name)),
        of_conditions::UNKNOWN_PROPERTY => Some(Unknown::Property(name.rsplit('.').next().unwrap_or(name))),
        of_conditions::UNKNOWN_DRIP => Some(Unknown::Of("drips")),
        of_conditions::UNKNOWN_EXPERIMENT => Some(Unknown::Of("experiments")),
        of_conditions::NOT_IN_ENUM => Some(Unknown::Class),
        codes::UNKNOWN_TARGET => target(&diagnostic.message.en),
        codes::VARIANT_UNCOVERED | codes::TEST_VALUE => Some(Unknown::Variant),
        codes::UNKNOWN_KEY if diagnostic.message.en.ends_with("in an event's properties") => {
            Some(Unknown::Property(name))
        }
        codes::UNKNOWN_KEY if ["`split`", "`send`"].iter().any(|of| diagnostic.message.en.ends_with(of)) => {
            Some(Unknown::Variant)
        }
        codes::BAD_MEASURE => Some(Unknown::Property(name)),
        codes::UNKNOWN_VARIABLE if of_experiment => Some(Unknown::Of("experiments")),
        codes::NO_VARIANT => Some(Unknown::Variant),
        codes::UNKNOWN_VARIABLE if of_segment => Some(Unknown::Segment),
        codes::UNKNOWN_VARIABLE => Some(Unknown::Field(name)),
        _ => None,
    }
}

/// The section of what a list of things does not hold.
fn target(message: &str) -> Option<Unknown<'static>> {
    let sections = [
        ("drip", "drips"),
        ("experiment", "experiments"),
        ("topic", "topics"),
        ("broadcast", "broadcasts"),
        ("product", "products"),
    ];
    let word = message.strip_prefix("unknown ")?.split(' ').next()?;
    sections.into_iter().find(|(kind, _)| *kind == word).map(|(_, section)| Unknown::Of(section))
}

/// The words on the line of a finding and the one before.
fn words_near<'a>(diagnostic: &Diagnostic, sources: &'a Sources) -> impl Iterator<Item = &'a str> {
    let place = diagnostic.primary.place;
    let text = sources.text(place.source);
    let (before, after) = text.split_at_checked(place.range().start).unwrap_or((text, ""));
    let start = before.rmatch_indices('\n').nth(1).map_or(0, |(at, _)| at);
    let end = before.len() + after.find('\n').unwrap_or(after.len());
    text[start..end].split(|c: char| !(c.is_alphanumeric() || c == '_'))
}
