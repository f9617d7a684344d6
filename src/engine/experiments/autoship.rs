//! Winners that are put into effect by themselves: looked for once an hour, in
//! experiments whose files say `auto_ship`.

use super::{By, Deed, ExperimentAnswer, Experiments, Status};
use crate::model::{Text, Time};
use crate::rulebook::Rulebook;
use std::sync::Arc;

/// A winner.
pub(in crate::engine) struct Winner {
    /// The experiment.
    pub name: Arc<str>,
    /// What is to be done.
    pub deed: Deed,
    /// What the admins are told.
    pub text: Text,
}

impl Experiments {
    /// The winners that are to be put into effect now.
    pub(in crate::engine) fn winners(&self, rulebook: &Rulebook, now: Time) -> Vec<Winner> {
        let may = rulebook.experiments.iter().filter(|experiment| experiment.decide.auto_ship);
        let winner = |experiment: &crate::rulebook::Experiment| {
            let report = self.report(&experiment.name, now, &rulebook.settings.timezone.zone)?;
            let answer = ExperimentAnswer::of(report, experiment.decide, now);
            let variant: Arc<str> = answer.ships_itself()?.into();
            let (name, text) = (answer.report.name.clone(), &answer.recommendation.text);
            let text = Text::new(
                format!("experiment `{name}`: `{variant}` is in effect for everybody now. {}", text.en),
                format!("эксперимент `{name}`: вариант `{variant}` теперь введён для всех. {}", text.ru),
            );
            let deed = Deed {
                at: now,
                status: Status::Shipped { variant },
                by: By::AutoShip,
                rulebook: rulebook.version.as_str().into(),
                version: experiment.version,
            };
            Some(Winner { name, deed, text })
        };
        may.filter_map(winner).collect()
    }
}
