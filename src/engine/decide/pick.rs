//! Which template a user gets of a `send`: the one that everybody gets, or that
//! of the user's variant.

use crate::condition::{Fact, Row};
use crate::model::{ExperimentId, Value};
use crate::rulebook::{Content, Rulebook};
use std::sync::Arc;

/// What a user gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick<'c> {
    /// The template. Of a ghost the one that stands for it: that of the first
    /// variant that gets anything.
    pub template: &'c str,
    /// Whether the user's variant gets nothing.
    pub is_ghost: bool,
    /// The experiment and the user's variant, if the user takes part.
    pub shows: Option<(ExperimentId, Arc<str>)>,
}

/// What the user of a row gets; nothing if no variant gets anything, or the
/// user is outside the experiment and its first variant gets nothing.
pub fn pick<'c, R: Row>(content: &'c Content, rulebook: &Rulebook, row: &R) -> Option<Pick<'c>> {
    let (experiment, variants) = match content {
        Content::Template(name) => return Some(Pick { template: name, is_ghost: false, shows: None }),
        Content::Experiment { experiment, variants } => (*experiment, variants),
    };
    let Some((place, variant)) = variant(experiment, rulebook, row) else {
        // others get what they would get without the experiment
        let template = variants.first()?.as_deref()?;
        return Some(Pick { template, is_ghost: false, shows: None });
    };
    let shows = Some((experiment, variant));
    match variants.get(place).and_then(Option::as_deref) {
        Some(template) => Some(Pick { template, is_ghost: false, shows }),
        None => {
            let template = variants.iter().flatten().next()?;
            Some(Pick { template, is_ghost: true, shows })
        }
    }
}

/// The user's variant of an experiment and its place, if the user takes part.
pub fn variant<R: Row>(experiment: ExperimentId, rulebook: &Rulebook, row: &R) -> Option<(usize, Arc<str>)> {
    let declared = rulebook.catalogue.variants.get(usize::from(experiment.0))?;
    let Value::String(name) = row.fact(&Fact::Variant(experiment)) else { return None };
    Some((declared.values.iter().position(|known| *known == name)?, name))
}
