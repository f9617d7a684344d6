//! What is said of wrong steps.

use super::codes;
use super::steps::heads;
use crate::diagnostic::{Diagnostic, Place, nearest};
use crate::model::Text;
use crate::rulebook::raw::{find, suggest};
use crate::rulebook::yaml::{Entry, Scalar};

pub(super) fn unknown_step(key: &Scalar) -> Diagnostic {
    let text = Text::new(format!("unknown step `{}`", key.text), format!("неизвестный шаг `{}`", key.text));
    suggest(Diagnostic::error(codes::BAD_STEP, text, key.place), &key.text, heads())
}

pub(super) fn nameless(key: &Scalar) -> Diagnostic {
    let text = Text::new("a step that acts needs a name", "шагу, который действует, нужно имя");
    let help = Text::new(
        format!("write `- NAME: {{{}: …}}`; users who wait are found again by it after an edit", key.text),
        format!("пишите `- ИМЯ: {{{}: …}}`; по имени находят ждущих после правки", key.text),
    );
    Diagnostic::error(codes::BAD_STEP, text, key.place).help(help)
}

pub(super) fn uncovered(experiment: &str, variants: &[&str], entries: &[Entry], place: Place) -> Option<Diagnostic> {
    let unknown = entries.iter().filter(|entry| !variants.contains(&entry.key.text.as_str()));
    let meant: Vec<&str> = unknown.filter_map(|entry| nearest(&entry.key.text, variants.iter().copied())).collect();
    let is_absent = |variant: &&str| find(entries, variant).is_none() && !meant.contains(variant);
    let absent: Vec<&str> = variants.iter().copied().filter(is_absent).collect();
    let first = absent.first()?;
    let list = absent.iter().map(|variant| format!("`{variant}`")).collect::<Vec<_>>().join(", ");
    let text = Text::new(
        format!("variants of `{experiment}` have no steps: {list}"),
        format!("нет шагов для вариантов `{experiment}`: {list}"),
    );
    let help = Text::new(
        format!("add `{first}: [...]`; an empty list does nothing"),
        format!("добавьте `{first}: [...]`; пустой список ничего не делает"),
    );
    Some(Diagnostic::error(codes::VARIANT_UNCOVERED, text, place).help(help))
}

pub(super) fn empty(place: Place) -> Diagnostic {
    let text = Text::new("the step does nothing", "шаг ничего не делает");
    let help = Text::new("write `{send: TEMPLATE}` or another action", "напишите `{send: ШАБЛОН}` или другое действие");
    Diagnostic::error(codes::BAD_STEP, text, place).help(help)
}
