//! Trial renderings: every template is rendered for a user with everything at
//! its longest and for one with everything missing, each with every variant of
//! the experiments it asks for and outside them, and the results are held
//! against what Telegram takes.

use super::compile::Project;
use super::front::{Action, Front};
use super::markup::{MarkupError, visible_text};
use super::say::{
    bad_url, empty, failed, language_missing, languages_differ, markup, media_differs, missing_printed,
    outside_printed, press_length, reserved_press, start, too_long, two_messages,
};
use super::scan::{Mention, mentions};
use super::tried::{TRIES, Tried};
use super::values::Scope;
use super::vars::Asked;
use super::{
    ActionPart, Attachment, CAPTION_LIMIT, PRESS_LIMIT, Part, RenderContext, TEXT_LIMIT, Templates, Variant, escape,
    media,
};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, SourceId, Sources};
use crate::model::{ExperimentId, FieldId, Profile, Schema, Time, Type, UserId, Value, Wish, builtin};
use crate::rulebook::assets::Asset;
use crate::rulebook::yaml::Scalar;
use minijinja::ErrorKind;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// Where a part of a template was written.
#[derive(Debug)]
pub(super) enum Origin {
    /// The body of a file, from a byte on.
    Body { source: SourceId, start: usize },
    /// A text of the front matter.
    Scalar(Scalar),
}

/// A template to be tried.
#[derive(Debug)]
pub(super) struct Probe {
    pub name: String,
    pub index: usize,
    pub body: Origin,
    pub front: Front,
}

impl Origin {
    pub(super) fn text<'a>(&'a self, sources: &'a Sources) -> &'a str {
        match self {
            Self::Body { source, start } => sources.text(*source).get(*start..).unwrap_or_default(),
            Self::Scalar(scalar) => &scalar.text,
        }
    }

    /// The place in the file of a range of the part's text.
    pub(super) fn place(&self, sources: &Sources, range: Range<usize>) -> Place {
        match self {
            Self::Body { source, start } => Place::new(*source, start + range.start, start + range.end),
            Self::Scalar(scalar) => scalar.locate(sources, range),
        }
    }
}

/// The bytes of a part that a minijinja error is about.
pub(super) fn range_of(error: &minijinja::Error, text: &str) -> Range<usize> {
    let inside = |range: &Range<usize>| text.get(range.clone()).is_some_and(|s| !s.is_empty());
    if let Some(range) = error.range().filter(inside) {
        return range;
    }
    let line = error.line().unwrap_or(1).max(1);
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let length = text[start..].split('\n').next().map_or(0, |line| line.trim_end().len());
    start..start + length
}

/// Translations that are absent or disagree.
pub(super) fn languages(templates: &Templates, files: &[(String, SourceId)], found: &mut Diagnostics) {
    let all: BTreeSet<&str> = templates.by_name.values().flatten().filter_map(|v| v.language.as_deref()).collect();
    let place = |variant: &Variant| {
        let source = files.iter().find(|(path, _)| *path == variant.path).map(|(_, source)| *source);
        Place::new(source.unwrap_or_default(), 0, 0)
    };
    for (name, variants) in &templates.by_name {
        let Some(first) = variants.first() else { continue };
        if variants.iter().all(|variant| variant.language.is_some()) {
            for language in all.iter().filter(|l| variants.iter().all(|v| v.language.as_deref() != Some(l))) {
                found.push(language_missing(name, language, place(first)));
            }
        }
        for variant in variants.iter().filter(|variant| variant.transactional != first.transactional) {
            found.push(languages_differ(name, place(variant), place(first)));
        }
    }
}

/// What trying the templates has shown.
#[derive(Debug, Default)]
pub(super) struct Probed {
    /// Those that make two messages.
    pub two_parts: BTreeSet<String>,
    /// The files of the project that they name, as they were found.
    pub assets: BTreeMap<String, Asset>,
}

/// Tries every template.
pub(super) fn probe(
    templates: &Templates,
    probes: &[Probe],
    project: &Project<'_>,
    asked: &mut [Asked],
    sources: &Sources,
    found: &mut Diagnostics,
) -> Probed {
    let longest = longest(&templates.schema);
    let mut probed = Probed::default();
    let mut shown = Vec::new();
    for probe in probes {
        let Some(variant) = templates.by_name.get(&probe.name).and_then(|list| list.get(probe.index)) else { continue };
        let assets = &mut probed.assets;
        let of_this = asked.iter().filter(|asked| asked.template == probe.name);
        let vars = Tried::all(of_this.map(|asked| asked.name.clone()));
        let (seen, needed) = (Seen::default(), BTreeSet::new());
        let mut trial = Trial { templates, variant, sources, project, assets, seen, needed };
        let mut notes = Diagnostics::new();
        let bare = Profile::new(&templates.schema, UserId(1));
        let full = Filled { profile: longest.clone(), member: true, vars, dealt: None };
        let bare = Filled { profile: bare, member: false, vars: Tried::default(), dealt: None };
        for user in [full, bare] {
            for dealt in trial.deals() {
                if !notes.has_errors() {
                    trial.run(probe, Filled { dealt, ..user.clone() }, &mut notes);
                }
            }
        }
        let needed = trial.needed;
        let unmet = asked.iter_mut().filter(|asked| asked.template == probe.name && needed.contains(&asked.name));
        unmet.for_each(|asked| asked.needed = true);
        shown.push((probe, variant, trial.seen));
        found.extend(notes);
    }
    for (probe, variant, seen) in &shown {
        if let Some(diagnostic) = two_parts(variant, seen, start(&probe.body, sources)) {
            probed.two_parts.insert(probe.name.clone());
            found.push(diagnostic);
        }
    }
    for (probe, variant, seen) in shown.iter().filter(|(probe, ..)| probed.two_parts.contains(&probe.name)) {
        if variant.media.parts().is_empty() {
            let others = shown.iter().filter(|(other, ..)| other.name == probe.name);
            let first = others.clone().find(|(_, other, _)| !other.media.parts().is_empty()).unwrap_or(&shown[0]);
            let (at, other) = (start(&probe.body, sources), start(&first.0.body, sources));
            found.push(media_differs(&probe.name, at, other));
        } else if seen.may_be_empty {
            found.push(empty(&probe.body, sources));
        }
    }
    probed
}

/// Why a variant makes two messages, if it does.
fn two_parts(variant: &Variant, seen: &Seen, place: Place) -> Option<Diagnostic> {
    match &variant.media {
        Attachment::None => None,
        Attachment::One(_) | Attachment::Album(_) if seen.longest > CAPTION_LIMIT => {
            Some(two_messages(Some(seen.longest), place))
        }
        Attachment::Album(_) if !variant.buttons.is_empty() => Some(two_messages(None, place)),
        Attachment::One(_) | Attachment::Album(_) => None,
    }
}

/// A made-up user.
#[derive(Clone)]
struct Filled {
    profile: Profile,
    member: bool,
    vars: Tried,
    /// The place of the user's variant in each experiment that has so many, its
    /// first in the others; nothing outside them.
    dealt: Option<usize>,
}

struct Trial<'a> {
    templates: &'a Templates,
    variant: &'a Variant,
    sources: &'a Sources,
    project: &'a Project<'a>,
    assets: &'a mut BTreeMap<String, Asset>,
    seen: Seen,
    /// What of `vars` it cannot do without.
    needed: BTreeSet<String>,
}

/// What the trials of one variant have shown of its text.
#[derive(Debug, Default)]
struct Seen {
    /// The length of the longest.
    longest: usize,
    may_be_empty: bool,
}

impl Trial<'_> {
    /// What users get of the experiments that the template asks for.
    fn deals(&self) -> Vec<Option<usize>> {
        let known = &self.project.catalogue.variants;
        let asked = self.variant.asks.experiments.iter().filter_map(|(_, id)| known.get(usize::from(id.0)));
        let most = asked.map(|declared| declared.values.len()).max().unwrap_or_default();
        (0..most).map(Some).chain([None]).collect()
    }

    /// The variant of an experiment that comes with a deal.
    fn dealt(&self, dealt: Option<usize>, id: ExperimentId) -> Option<Arc<str>> {
        let declared = &self.project.catalogue.variants.get(usize::from(id.0))?.values;
        declared.get(dealt?).or_else(|| declared.first()).cloned()
    }

    fn run(&mut self, probe: &Probe, mut user: Filled, found: &mut Diagnostics) {
        if let Some(text) = self.render(&self.variant.body, &probe.body, &mut user, found) {
            self.text(&escape::finish(&text, self.variant.format), &probe.body, found);
        }
        for (row, written) in self.variant.buttons.iter().zip(&probe.front.buttons) {
            for (button, written) in row.iter().zip(written) {
                let label = Origin::Scalar(written.text.clone());
                if self.render(&button.text, &label, &mut user, found).is_some_and(|text| text.trim().is_empty()) {
                    found.push(empty(&label, self.sources));
                }
                match (&button.action, &written.action) {
                    (ActionPart::Url(part), Action::Url(scalar)) => self.url(part, scalar, &mut user, found),
                    (ActionPart::Press(part), Action::Press(scalar)) => self.press(part, scalar, &mut user, found),
                    (ActionPart::Url(_), Action::Press(_)) | (ActionPart::Press(_), Action::Url(_)) => {}
                }
            }
        }
        for (part, written) in self.variant.media.parts().iter().zip(probe.front.media.items()) {
            self.media(&part.source, written, &mut user, found);
        }
    }

    /// Renders a part. A field that turns out to be printed though it is
    /// missing is reported and then filled, so that the next one is found too.
    fn render(&mut self, part: &Part, origin: &Origin, user: &mut Filled, found: &mut Diagnostics) -> Option<String> {
        let text = origin.text(self.sources);
        let name = match part {
            Part::Fixed(text) => return Some(text.clone()),
            Part::Rendered(name) => name,
            Part::Broken => return None,
        };
        for _ in 0..=self.templates.schema.len() + TRIES {
            let (profile, vars) = (&user.profile, user.vars.values());
            let (member, dealt) = (user.member, user.dealt);
            let variant = |id| self.dealt(dealt, id);
            let context = RenderContext { profile, in_segment: &|_| member, variant: &variant, vars: &vars };
            let scope = Scope::new(self.templates, self.variant, &context);
            let error = match self.templates.env.get_template(name).and_then(|template| template.render(scope.value()))
            {
                Ok(rendered) => return Some(rendered),
                Err(error) => error,
            };
            let mut range = range_of(&error, text);
            let mut fields = self.missing_fields(&text[range.clone()], &user.profile);
            if fields.is_empty() && error.kind() == ErrorKind::UndefinedError {
                range = tag_around(text, range);
                fields = self.missing_fields(&text[range.clone()], &user.profile);
            }
            if fields.is_empty() && error.kind() == ErrorKind::UndefinedError && user.dealt.is_none() {
                let tag = &text[tag_around(text, range.clone())];
                if let Some(experiment) = experiment_in(tag) {
                    found.push(outside_printed(experiment, origin.place(self.sources, range)));
                    user.dealt = Some(0);
                    continue;
                }
            }
            if fields.is_empty() && error.kind() != ErrorKind::OutOfFuel {
                let named = words_after("vars.", &text[tag_around(text, range.clone())]);
                let absent: Vec<&str> = named.iter().copied().filter(|name| !user.vars.holds(name)).collect();
                self.needed.extend(absent.iter().map(|name| (*name).to_owned()));
                if user.vars.give(&absent) || user.vars.change(&named) {
                    continue;
                }
            }
            let place = origin.place(self.sources, range);
            if fields.is_empty() || error.kind() == ErrorKind::OutOfFuel {
                found.push(failed(&error, place));
                return None;
            }
            found.push(missing_printed(&self.templates.schema, &fields, place));
            for field in fields {
                user.profile.set(
                    &self.templates.schema,
                    field,
                    longest_value(&self.templates.schema.field(field).ty, 8),
                );
            }
        }
        None
    }

    /// The fields without a value that an expression reads.
    fn missing_fields(&self, expression: &str, profile: &Profile) -> Vec<FieldId> {
        let words = words_after("user.", expression);
        let fields = words.into_iter().filter_map(|word| self.templates.schema.find(word));
        fields.filter(|field| profile.get(*field).is_missing()).collect()
    }

    fn text(&mut self, text: &str, origin: &Origin, found: &mut Diagnostics) {
        let visible = match visible_text(text, self.variant.format) {
            Ok(visible) => visible,
            Err(mistakes) => {
                self.refused(&mistakes, text, origin, found);
                return;
            }
        };
        self.seen.may_be_empty |= visible.trim().is_empty();
        if visible.trim().is_empty() && self.variant.media.parts().is_empty() {
            found.push(empty(origin, self.sources));
        }
        let length = visible.trim().encode_utf16().count();
        self.seen.longest = self.seen.longest.max(length);
        if length > TEXT_LIMIT {
            found.push(too_long(length, TEXT_LIMIT, start(origin, self.sources)));
        }
    }

    /// What a loop repeats is told once.
    fn refused(&self, mistakes: &[MarkupError], text: &str, origin: &Origin, found: &mut Diagnostics) {
        let mut places = BTreeSet::new();
        for mistake in mistakes {
            let diagnostic = markup(mistake, text, origin, self.sources);
            if places.insert(diagnostic.primary.place.range().start) {
                found.push(diagnostic);
            }
        }
    }

    fn url(&mut self, part: &Part, scalar: &Scalar, user: &mut Filled, found: &mut Diagnostics) {
        let rendered = self.render(part, &Origin::Scalar(scalar.clone()), user, found);
        if let Some(url) = rendered.filter(|url| !escape::is_allowed_url(url)) {
            found.push(bad_url(&url, scalar.place));
        }
    }

    fn press(&mut self, part: &Part, scalar: &Scalar, user: &mut Filled, found: &mut Diagnostics) {
        let rendered = self.render(part, &Origin::Scalar(scalar.clone()), user, found);
        let Some(data) = rendered else { return };
        if data.is_empty() || data.len() > PRESS_LIMIT {
            found.push(press_length(data.len(), part, scalar.place));
        } else if data.starts_with(Wish::RESERVED) {
            found.extend(reserved_press(&data, self.project.topics, scalar.place));
        }
    }

    /// A file whose name has values in it is looked for when the message goes
    /// out: which ones there will be, nobody can tell.
    fn media(&mut self, part: &Part, item: &media::Item, user: &mut Filled, found: &mut Diagnostics) {
        let Some(text) = self.render(part, &Origin::Scalar(item.source.clone()), user, found) else { return };
        let (files, assets) = (self.project.files, &mut *self.assets);
        let look = |path: &str| match part {
            Part::Fixed(_) => Some(*assets.entry(path.to_owned()).or_insert_with(|| files.asset(path))),
            Part::Rendered(_) | Part::Broken => None,
        };
        if let Err(diagnostic) = media::judge(item.kind, text.trim(), item.source.place, look) {
            found.push(*diagnostic);
        }
    }
}

/// The experiment whose variant a tag asks for first.
fn experiment_in(tag: &str) -> Option<&str> {
    let name = |mention| if let Mention::Variant(at, _) = mention { tag.get(at) } else { None };
    mentions(tag).into_iter().find_map(name)
}

/// The words that follow a prefix such as `user.`.
fn words_after<'t>(prefix: &str, expression: &'t str) -> Vec<&'t str> {
    let word = |(at, found): (usize, &str)| {
        let rest = &expression[at + found.len()..];
        &rest[..rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())]
    };
    expression.match_indices(prefix).map(word).collect()
}

/// A user with every field set to its longest value.
fn longest(schema: &Schema) -> Profile {
    let mut profile = Profile::new(schema, UserId(i64::MAX));
    for (id, field) in schema.iter().filter(|(id, _)| !matches!(*id, builtin::ID | builtin::BLOCKED)) {
        let length = match &*field.name {
            "username" => 32,
            "first_name" | "last_name" | "source" => 64,
            "language" | "timezone" => 35,
            _ => 255,
        };
        profile.set(schema, id, longest_value(&field.ty, length));
    }
    profile
}

/// The longest value of a type; texts have `length` characters, some of which
/// every markup must escape.
pub(super) fn longest_value(ty: &Type, length: usize) -> Value {
    let text = || -> String { "<&_*[\"🦊Ж".chars().cycle().take(length).collect() };
    match ty {
        Type::Bool => Value::Bool(true),
        Type::Int => Value::Int(i64::MIN),
        Type::Float => Value::Float(-123_456_789_012.345_6),
        Type::Money => Value::Money(i64::MIN + 1),
        Type::String => Value::text(text()),
        Type::Time => Value::Time(Time(32_503_679_999_000)),
        Type::Duration => Value::Missing,
        Type::List => Value::List((0..8).map(|_| Arc::from(text())).collect()),
        Type::Enum(values) => values
            .values
            .iter()
            .max_by_key(|v| v.encode_utf16().count())
            .map_or(Value::Missing, |v| Value::String(v.clone())),
    }
}

/// The whole tag that a range stands in.
fn tag_around(text: &str, range: Range<usize>) -> Range<usize> {
    let start = text[..range.start].rfind('{').map_or(range.start, |at| at.saturating_sub(1));
    let end = text[range.end..].find('}').map_or(range.end, |at| (range.end + at + 2).min(text.len()));
    if text.is_char_boundary(start) && text.is_char_boundary(end) { start..end } else { range }
}
