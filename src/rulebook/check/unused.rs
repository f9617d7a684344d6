//! Remarks on segments, templates and experiments that nothing uses, and on
//! experiments without a goal.
//!
//! What is used is noted while conditions and actions are checked. A segment
//! with a title is made to be looked at and counts as used.

use crate::condition::Fact;
use crate::diagnostic::{Diagnostic, Place, SourceId};
use crate::model::{ExperimentId, SegmentId, TemplateId, Text};
use crate::rulebook::catalogue::Catalogue;
use crate::rulebook::codes;
use crate::rulebook::raw::Reader;
use crate::rulebook::template;
use crate::rulebook::yaml::Entry;
use std::collections::{BTreeSet, HashSet};

/// The segments, templates and experiments that something uses.
#[derive(Debug, Default)]
pub(in crate::rulebook) struct Used {
    segments: HashSet<SegmentId>,
    templates: HashSet<TemplateId>,
    experiments: HashSet<ExperimentId>,
    /// What is asked of users besides their fields.
    pub facts: BTreeSet<Fact>,
}

impl Used {
    /// Notes what a condition or expression asks for.
    pub fn asked(&mut self, segments: &[SegmentId], facts: &[Fact]) {
        self.segments.extend(segments);
        self.facts.extend(facts);
        for fact in facts {
            match fact {
                Fact::Received { template, .. } | Fact::Clicked { template, .. } => {
                    self.templates.insert(*template);
                }
                Fact::Variant(experiment) => self.experiment(*experiment),
                Fact::Count { .. }
                | Fact::Sum { .. }
                | Fact::First(_)
                | Fact::Last(_)
                | Fact::InDrip(_)
                | Fact::FinishedDrip(_) => {}
            }
        }
    }

    /// Notes an experiment.
    pub fn experiment(&mut self, experiment: ExperimentId) {
        self.experiments.insert(experiment);
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

/// What of a project is looked through for remarks.
pub(in crate::rulebook) struct Looked<'a> {
    /// The segments as written.
    pub segments: &'a [&'a Entry],
    /// The experiments as written.
    pub experiments: &'a [&'a Entry],
    /// The files of templates.
    pub templates: &'a [(String, SourceId)],
    /// The texts of scripts. What stands in quotes in them is taken to be used.
    pub scripts: &'a [&'a str],
}

/// Remarks on what is not used, and on experiments without a goal.
pub(in crate::rulebook) fn remarks(looked: &Looked<'_>, catalogue: &Catalogue, reader: &mut Reader) {
    unused_segments(looked, catalogue, reader);
    unused_templates(looked, catalogue, reader);
    idle_experiments(looked, catalogue, reader);
}

impl Looked<'_> {
    fn in_script(&self, name: &str) -> bool {
        self.scripts.iter().any(|text| text.contains(&format!("\"{name}\"")))
    }
}

fn unused_segments(looked: &Looked<'_>, catalogue: &Catalogue, reader: &mut Reader) {
    for entry in looked.segments {
        let name = &entry.key;
        let id = catalogue.segments.find(&name.text).map(SegmentId);
        let titled = entry.value.get("title").is_some();
        if !titled && !looked.in_script(&name.text) && id.is_some_and(|id| !reader.used.segments.contains(&id)) {
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
}

fn unused_templates(looked: &Looked<'_>, catalogue: &Catalogue, reader: &mut Reader) {
    let mut seen = HashSet::new();
    let named = looked.templates.iter().filter_map(|(path, source)| Some((template::name_of(path)?, *source)));
    for (name, source) in named {
        let id = catalogue.templates.find(&name).map(TemplateId);
        if seen.insert(id) && !looked.in_script(&name) && id.is_some_and(|id| !reader.used.templates.contains(&id)) {
            let text = Text::new(
                format!("nothing uses the template `{name}`"),
                format!("шаблон `{name}` нигде не используется"),
            );
            reader.found.push(Diagnostic::info(codes::UNUSED, text, Place::new(source, 0, 0)));
        }
    }
}

fn idle_experiments(looked: &Looked<'_>, catalogue: &Catalogue, reader: &mut Reader) {
    for entry in looked.experiments {
        let name = &entry.key;
        let id = catalogue.experiments.find(&name.text).map(ExperimentId);
        if id.is_some_and(|id| !reader.used.experiments.contains(&id)) {
            let text = Text::new(
                format!("nothing shows the experiment `{}`, so nobody takes part", name.text),
                format!("эксперимент `{}` нигде не показан, участников не будет", name.text),
            );
            let help = Text::new(
                format!("write `send: {{experiment: {}, …}}`, or ask for `variant({})`", name.text, name.text),
                format!("напишите `send: {{experiment: {}, …}}` или спросите `variant({})`", name.text, name.text),
            );
            reader.found.push(Diagnostic::info(codes::UNUSED_EXPERIMENT, text, name.place).help(help));
        }
        if entry.value.get("goal").is_none() {
            let text = Text::new(
                format!("the experiment `{}` has no goal: it goes by what users pay", name.text),
                format!("у эксперимента `{}` нет цели: он судит по тому, сколько платят", name.text),
            );
            let help =
                Text::new("add `goal: event payment within 3 days`", "добавьте `goal: event payment within 3 days`");
            reader.found.push(Diagnostic::info(codes::NO_GOAL, text, name.place).help(help));
        }
    }
}
