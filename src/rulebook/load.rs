//! From the files of a project to its rulebook: what is read first, what after
//! what is checked, and which findings are shown.
//!
//! Names are gathered before anything is checked, so that the order of files and
//! of sections in them means nothing.

use super::action::{Scope, Subject};
use super::catalogue::{Catalogue, Ids};
use super::consequences::{self, Unread};
use super::derived::Derived;
use super::project::{self, Files, ProjectError, RULES, SETTINGS, TEMPLATES};
use super::raw::Reader;
use super::reuse::Parsed;
use super::{Rulebook, Settings, check, codes, script, settings, template, yaml};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Severity, SourceId, Sources};
use crate::model::{Lang, Text};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The result of loading: a rulebook unless there were errors.
#[derive(Debug)]
pub struct Loaded {
    /// The rulebook, if nothing was wrong.
    pub rulebook: Option<Arc<Rulebook>>,
    /// Everything found, sorted by place.
    pub diagnostics: Diagnostics,
    /// The texts that the findings point into.
    pub sources: Sources,
    /// The settings' language, also of a project with errors.
    pub language: Lang,
    /// The settings' data folder, likewise.
    pub data: PathBuf,
}

/// Reads and checks the project in `folder`. What is wrong with the project is
/// in the diagnostics; an error is trouble with the machine.
pub fn load(folder: &Path) -> Result<Loaded, ProjectError> {
    Files::read(folder).map(|files| load_files(&files))
}

/// Checks a project whose files are in memory.
pub fn load_files(files: &Files) -> Loaded {
    load_again(files, &mut Parsed::default())
}

/// Checks a project of which most was parsed before.
pub(super) fn load_again(files: &Files, parsed: &mut Parsed) -> Loaded {
    let mut loader = Loader::default();
    let rulebook = loader.rulebook(files, parsed);
    let Loader { sources, mut found, unread } = loader;
    found = allowed(consequences::without(unread, found, &sources), &sources);
    found.sort();
    let (language, data) = (rulebook.settings.language, rulebook.settings.data.clone());
    let rulebook = Some(rulebook).filter(|_| !found.has_errors()).map(Arc::new);
    Loaded { rulebook, diagnostics: found, sources, language, data }
}

/// Sections that are checked and that nothing acts on yet.
const NOT_RUN: [&str; 1] = ["alerts"];

#[derive(Default)]
struct Loader {
    sources: Sources,
    found: Diagnostics,
    unread: Unread,
}

impl Loader {
    fn rulebook(&mut self, files: &Files, parsed: &mut Parsed) -> Rulebook {
        let settings = self.settings(files);
        let before = self.found.count(Severity::Error);
        let rule_files = self.texts(files, RULES);
        let (script_files, rule_files): (Vec<_>, Vec<_>) =
            rule_files.into_iter().partition(|(path, _)| project::is_script(path));
        let unread_files = self.found.count(Severity::Error) > before;
        let template_files = self.texts(files, TEMPLATES);
        let zone = &settings.timezone.zone;
        let (asts, checked) = (std::mem::take(&mut parsed.asts), std::mem::take(&mut parsed.checked));
        let mut reader = Reader { asts, checked, ..Reader::default() };
        let texts = rule_files.iter().map(|(path, source)| (path.as_str(), *source, self.sources.text(*source)));
        let mut slips = Diagnostics::new();
        let trees = parsed.trees(texts, &mut slips);
        self.unread.files(&trees, &slips, &self.sources);
        self.found.extend(slips);
        if unread_files {
            self.unread.file();
        }

        let sections = check::sections(&trees, &mut reader);
        self.unread.sections(&reader.found, &sections);
        let check::Fields { mut schema, computed } = check::profile(sections.of("profile"), zone, &mut reader);
        let (of_segments, of_lifecycle) = (sections.of("segments"), sections.alone("lifecycle"));
        let experiments = check::experiments(sections.of("experiments"), &self.sources, &mut reader);
        experiments.broken().for_each(|name| self.unread.experiment(name));
        let definitions =
            check::definitions(of_segments, of_lifecycle, computed, &experiments, &self.sources, &mut reader);
        self.unread.bounds(&reader.found);
        definitions.lifecycle.declare(&mut schema);
        let schema = Arc::new(schema);
        if definitions.lifecycle.broken {
            self.unread.lifecycle();
        }
        let events = check::events(sections.of("events"), &mut reader);
        self.unread.declarations(&sections, &schema, &events);
        let topics = check::topics(sections.of("topics"), &mut reader);
        let keys = |section| sections.of(section).iter().map(|entry| entry.key.text.clone());
        let catalogue = Catalogue {
            schema: schema.clone(),
            events,
            zone: zone.clone(),
            segments: definitions.segments.names().into_iter().collect(),
            templates: template::names(&template_files).into_iter().collect(),
            drips: keys("drips").collect(),
            experiments: experiments.names().into_iter().collect(),
            variants: experiments.variants(),
        };
        let topic_names = keys("topics").collect::<Ids>();
        let known = script::Known::new(&catalogue, &topic_names);
        let scripts = script::compile(&script_files, known, &self.sources, &mut self.found);
        reader.checked.begin(&catalogue);
        let names = catalogue.names();
        let computed = definitions.computed(&schema, &names, &self.sources, &mut reader);
        let classes = definitions.lifecycle.check(&names, &self.sources, &mut reader);
        let derived = Derived::new(&schema, computed, classes);
        let segments = definitions.segments.check(&names, &scripts, &self.sources, &mut reader);
        let project =
            template::Project { catalogue: &catalogue, language: settings.language, files, topics: &topic_names };
        let (templates, asked) = template::compile(&template_files, &project, &self.sources, &mut self.found);
        let products = check::products(sections.of("products"), &names, &self.sources, &mut reader);
        let scope = Scope {
            names,
            templates: &templates,
            sources: &self.sources,
            broadcasts: &keys("broadcasts").collect::<Ids>(),
            topics: &topic_names,
            product_names: &keys("products").collect::<Ids>(),
            products: &products,
            scripts: &scripts,
            settings: &settings,
            subject: Subject::User,
        };
        let broadcasts = check::broadcasts(sections.of("broadcasts"), &scope, &mut reader);
        let rules = check::rules(sections.of("rules"), &scope, &mut reader);
        let tasks = check::tasks(sections.of("tasks"), &scope, &mut reader);
        let drips = check::drips(sections.of("drips"), &scope, &mut reader);
        let scenarios = check::scenarios(sections.of("tests"), &scope, &mut reader);
        let experiments = experiments.check(&names, &self.sources, &mut reader);
        let alerts = check::alerts(sections.of("alerts"), &names, &self.sources, &mut reader);
        let policy = check::policy(sections.alone("policy"), &mut reader);
        let holdout = check::holdout(sections.alone("holdout"), &mut reader);
        for (section, entries) in NOT_RUN.map(|section| (section, sections.of(section))) {
            let alone: Vec<&yaml::Entry> = sections.alone(section).into_iter().collect();
            check::not_run_yet(section, if alone.is_empty() { entries } else { &alone }, &mut reader);
        }
        check::short_memory(&tasks, sections.of("tasks"), &mut reader);
        let facts = reader.used.facts.iter().copied().collect();
        self.found.extend(std::mem::take(&mut reader.found));
        // What is unused can be told only where everything could be read.
        if !self.found.has_errors() {
            templates.segments().for_each(|segment| reader.used.segment(segment));
            templates.all_experiments().for_each(|experiment| reader.used.experiment(experiment));
            let scripts: Vec<&str> = script_files.iter().map(|(_, source)| self.sources.text(*source)).collect();
            self.found.extend(template::remarks(&asked, &reader.sent, &scripts));
            let looked = check::Looked {
                segments: sections.of("segments"),
                experiments: sections.of("experiments"),
                templates: &template_files,
                scripts: &scripts,
            };
            check::remarks(&looked, &catalogue, &mut reader);
            self.found.extend(reader.found);
        }
        reader.asts.end();
        reader.checked.end();
        (parsed.asts, parsed.checked) = (reader.asts, reader.checked);
        parsed.assets = templates.assets().map(|(path, asset)| (path.to_owned(), asset)).collect();
        Rulebook {
            version: files.version(),
            settings: Arc::new(settings),
            schema,
            templates,
            catalogue,
            scripts,
            segments,
            derived,
            facts,
            broadcasts,
            rules,
            tasks,
            experiments,
            drips,
            scenarios,
            alerts,
            policy,
            holdout,
            topics,
            products,
        }
    }

    fn settings(&mut self, files: &Files) -> Settings {
        if !files.by_path.contains_key(SETTINGS) {
            let source = self.sources.add(SETTINGS, "");
            let text = Text::new("the project has no vestnik.yaml", "в проекте нет vestnik.yaml");
            let help = Text::new(
                "`vestnik init` makes a project with one; `--project DIR` names another project folder",
                "`vestnik init` создаст проект с ним; `--project ПАПКА` укажет другую папку проекта",
            );
            self.found.push(Diagnostic::error(codes::NO_SETTINGS, text, Place::new(source, 0, 0)).help(help));
            return Settings::default();
        }
        match self.texts(files, SETTINGS).first() {
            Some((_, source)) => settings::read(*source, &self.sources, &mut self.found),
            None => Settings::default(),
        }
    }

    /// The sources of the files in a folder; unreadable ones are reported.
    fn texts(&mut self, files: &Files, folder: &str) -> Vec<(String, SourceId)> {
        let inside = |path: &str| path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        let list: Vec<_> = files.by_path.iter().filter(|(path, _)| inside(path)).collect();
        if folder == RULES && !list.iter().any(|(path, content)| is_rule_file(path, content)) {
            self.no_rules();
        }
        let mut texts = Vec::new();
        for (path, content) in list {
            match project::text_of(path, content, &mut self.sources) {
                Ok(source) => texts.push((path.clone(), source)),
                Err(diagnostic) => self.found.push(*diagnostic),
            }
        }
        texts
    }

    fn no_rules(&mut self) {
        let source = self.sources.add(RULES, "");
        let text = Text::new(
            "the folder `rules` is absent or holds no .yaml file",
            "папки `rules` нет, или в ней нет файлов .yaml",
        );
        let help = Text::new(
            "put it back, or make a project with `vestnik init`; a running engine keeps its last rules",
            "верните её или создайте проект командой `vestnik init`; работающий движок остаётся на прежних правилах",
        );
        self.found.push(Diagnostic::error(codes::NO_RULES, text, Place::new(source, 0, 0)).help(help));
    }
}

/// What shows that the rules folder is there and holds rules.
fn is_rule_file(path: &str, content: &project::Content) -> bool {
    project::is_yaml(path) || !matches!(content, project::Content::Bytes(_))
}

/// Drops warnings and remarks that a comment `# allow CODE: reason` on the line
/// above allows.
fn allowed(found: Diagnostics, sources: &Sources) -> Diagnostics {
    let mut kept = Diagnostics::new();
    kept.extend(found.into_iter().filter(|diagnostic| {
        let place = diagnostic.primary.place;
        let above = line_above(sources.text(place.source), place.start as usize);
        let comment = above.trim().strip_prefix('#').and_then(|rest| rest.trim_start().strip_prefix("allow "));
        let code = comment.and_then(|rest| rest.split_once(':')).filter(|(_, reason)| !reason.trim().is_empty());
        diagnostic.severity == Severity::Error || code.is_none_or(|(code, _)| code.trim() != diagnostic.code.0)
    }));
    kept
}

fn line_above(text: &str, at: usize) -> &str {
    let before = text.get(..at).unwrap_or_default();
    let Some(end) = before.rfind('\n') else { return "" };
    before[..end].rsplit('\n').next().unwrap_or_default()
}
