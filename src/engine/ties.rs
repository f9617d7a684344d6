//! What experiments make of a message that has passed all gates: whose variant
//! it shows, who is held back, and what is counted of it.

#[cfg(test)]
mod tests;

use super::decide::Pick;
use crate::audience::Person;
use crate::model::ExperimentId;
use crate::outbox::{Label, Prepared, Show, Shown, SkipReason};
use crate::rulebook::Rulebook;
use std::sync::Arc;

/// The variant of those who get everything, whom the holdout is compared with.
pub const EVERYONE: &str = "everyone";
/// The variant of those in the holdout.
pub const HELD_OUT: &str = "holdout";

/// What a message has to do with experiments.
#[derive(Clone, Debug, Default)]
pub(super) struct Tie<'a> {
    /// The experiments and variants that whoever sends it names.
    pub shows: Vec<(String, String)>,
    /// Its template.
    pub template: &'a str,
    /// Whether the template depends on the user.
    pub differs: bool,
    /// Whether it is not sent, for the sake of comparison.
    pub is_ghost: bool,
    /// Whether the holdout gets it not.
    pub is_marketing: bool,
    /// Which part of the user's message, from 0.
    pub part: u8,
}

impl<'a> Tie<'a> {
    /// That of a broadcast with the template that was picked for the user.
    pub fn of_pick(rulebook: &Rulebook, pick: &Pick<'a>, is_marketing: bool, part: u8, differs: bool) -> Self {
        let name = |id: ExperimentId| rulebook.catalogue.experiments.name(id.0).unwrap_or_default().to_owned();
        let shows: Vec<_> = pick.shows.iter().map(|(id, variant)| (name(*id), variant.to_string())).collect();
        Self { shows, template: pick.template, differs, is_ghost: pick.is_ghost, is_marketing, part }
    }

    /// What becomes of the message.
    pub fn put(self, person: &Person<'_>, prepared: Prepared) -> Prepared {
        let Prepared::Send(message) = prepared else { return prepared };
        if self.part > 0 {
            return self.labelled(Ok(message), Vec::new());
        }
        let holdout = self.is_marketing.then(|| holdout(person.rulebook())).flatten();
        if let Some(name) = holdout.as_ref().filter(|_| person.is_held_out()) {
            let shown = first(person, name, 1, HELD_OUT).into_iter().collect();
            return self.labelled(Err(SkipReason::Holdout), shown);
        }
        let mut shown: Vec<Shown> = self.experiments(person);
        shown.extend(holdout.and_then(|name| first(person, &name, 1, EVERYONE)));
        match self.is_ghost {
            true => self.labelled(Err(SkipReason::Control), shown),
            false => self.labelled(Ok(message), shown),
        }
    }

    /// What of running experiments the message shows for the first time.
    fn experiments(&self, person: &Person<'_>) -> Vec<Shown> {
        let rulebook = person.rulebook();
        let of_sender = self.shows.iter().cloned();
        let of_template = rulebook.templates.experiments(self.template).filter_map(|id| {
            let (_, variant) = super::decide::variant(id, rulebook, person)?;
            Some((rulebook.catalogue.experiments.name(id.0)?.to_owned(), variant.to_string()))
        });
        let mut shown: Vec<Shown> = Vec::new();
        for (name, variant) in of_sender.chain(of_template) {
            let known = rulebook.experiments.iter().find(|experiment| experiment.name == name);
            let Some(experiment) = known.filter(|_| person.is_running(&name)) else { continue };
            if shown.iter().all(|other| other.experiment != name) {
                shown.extend(first(person, &name, experiment.version, &variant));
            }
        }
        shown
    }

    fn labelled(self, message: Result<Box<crate::model::Message>, SkipReason>, shown: Vec<Shown>) -> Prepared {
        let variant = self.shows.into_iter().next().map(|(_, variant)| variant);
        match message {
            Ok(message) if shown.is_empty() && variant.is_none() && !self.differs => Prepared::Send(message),
            message => {
                let template = self.differs.then(|| self.template.to_owned());
                Prepared::Show(Box::new(Show { message, label: Label { template, variant, shown } }))
            }
        }
    }
}

/// The name under which the holdout is counted.
pub fn holdout(rulebook: &Rulebook) -> Option<String> {
    rulebook.holdout.as_ref().map(|holdout| format!("holdout:{}", holdout.name))
}

/// A variant, if nothing of the experiment was shown to the user before.
fn first(person: &Person<'_>, experiment: &str, version: u32, variant: &str) -> Option<Shown> {
    let shown: Option<Arc<str>> = person.shown(experiment);
    shown.is_none().then(|| Shown {
        experiment: experiment.to_owned(),
        version,
        variant: variant.to_owned(),
        rulebook: person.rulebook().version.clone(),
    })
}
