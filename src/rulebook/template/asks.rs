//! What a template asks for by name: `segment("vip")` and
//! `variant("greeting")`. The names are looked up when it is compiled, so that
//! a rendering judges no more than they.

use crate::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::model::{ExperimentId, SegmentId, Text};
use crate::rulebook::catalogue::Catalogue;
use crate::rulebook::codes;
use crate::rulebook::raw::suggest;

/// The functions of templates.
pub(super) const FUNCTIONS: [&str; 2] = ["segment", "variant"];

/// The segments and experiments that a template names, and whether it names the
/// bot.
#[derive(Debug, Default)]
pub(super) struct Asks {
    pub segments: Vec<(String, SegmentId)>,
    pub experiments: Vec<(String, ExperimentId)>,
    /// Whether it asks what the bot is called.
    pub bot: bool,
}

impl Asks {
    /// Notes a segment, which must exist.
    pub fn segment(&mut self, name: &str, place: Place, catalogue: &Catalogue, found: &mut Diagnostics) {
        match catalogue.segments.find(name).map(SegmentId) {
            Some(id) => note(&mut self.segments, name, id),
            None => found.push(unknown(("segment", "сегмент"), name, place, catalogue.segments.names())),
        }
    }

    /// Notes an experiment, which must exist.
    pub fn experiment(&mut self, name: &str, place: Place, catalogue: &Catalogue, found: &mut Diagnostics) {
        match catalogue.experiments.find(name).map(ExperimentId) {
            Some(id) => note(&mut self.experiments, name, id),
            None => found.push(unknown(("experiment", "эксперимент"), name, place, catalogue.experiments.names())),
        }
    }
}

fn note<I>(list: &mut Vec<(String, I)>, name: &str, id: I) {
    if list.iter().all(|(known, _)| known != name) {
        list.push((name.to_owned(), id));
    }
}

fn unknown(what: (&str, &str), name: &str, place: Place, known: Vec<&str>) -> Diagnostic {
    let text = Text::new(format!("unknown {} `{name}`", what.0), format!("неизвестный {} `{name}`", what.1));
    suggest(Diagnostic::error(codes::UNKNOWN_VARIABLE, text, place), name, known)
}

/// The finding that one of the functions is given something else than a name
/// in quotes.
pub(super) fn bad_argument(function: &str, place: Place) -> Diagnostic {
    let (of, of_ru, example) = match function {
        "variant" => ("an experiment", "эксперимента", "welcome_text"),
        _ => ("a segment", "сегмента", "vip"),
    };
    let text = Text::new(
        format!("`{function}` takes the name of {of} in quotes"),
        format!("`{function}` принимает имя {of_ru} в кавычках"),
    );
    let write = format!("`{function}(\"{example}\")`");
    let help = Text::new(format!("write {write}"), format!("пишите {write}"));
    Diagnostic::error(codes::SEGMENT_ARGUMENT, text, place).help(help)
}

/// The finding that a text is no variant of the experiment that it is compared
/// with; nothing where it is one, or the experiment is unknown.
pub(super) fn no_variant(experiment: &str, variant: &str, place: Place, catalogue: &Catalogue) -> Option<Diagnostic> {
    let declared = catalogue.variants.get(usize::from(catalogue.experiments.find(experiment)?))?;
    if declared.values.iter().any(|known| **known == *variant) {
        return None;
    }
    let text = Text::new(
        format!("`{experiment}` has no variant `{variant}`"),
        format!("в эксперименте `{experiment}` нет варианта `{variant}`"),
    );
    let found = Diagnostic::error(codes::NO_VARIANT, text, place);
    Some(suggest(found, variant, declared.values.iter().map(|known| &**known)))
}
