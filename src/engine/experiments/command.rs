//! What people do with experiments and ask of them. A deed is done on the
//! writer's thread, in a batch of its own, so that who has which variant
//! changes between two things that happen.

use super::ExperimentAnswer;
use super::deed::{By, Deed, Status};
use super::report::ExperimentReport;
use crate::diagnostic::nearest;
use crate::engine::{Engine, EngineError};
use crate::model::Text;
use crate::rulebook::Decide;
use crate::store::Transaction;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, PoisonError};

/// Why something was not done with an experiment.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// There is none with this name.
    #[error("there is no experiment `{name}`")]
    Unknown {
        /// The name.
        name: String,
        /// What was probably meant.
        nearest: Option<String>,
    },
    /// It has no such variant.
    #[error("`{experiment}` has no variant `{variant}`")]
    UnknownVariant {
        /// The experiment.
        experiment: String,
        /// The name.
        variant: String,
        /// What was probably meant.
        nearest: Option<String>,
        /// Those that it has.
        known: Vec<Arc<str>>,
    },
    /// The rule files do not have it any more.
    #[error("the experiment `{name}` is not in the rule files")]
    Gone {
        /// Its name.
        name: String,
    },
    /// A holdout is changed in the rule files alone.
    #[error("`{name}` is a holdout")]
    Holdout {
        /// Its name.
        name: String,
    },
    /// It is so already.
    #[error("the experiment `{name}` is {} already", .status.text().en)]
    Already {
        /// Its name.
        name: String,
        /// What it does.
        status: Status,
    },
    /// Everything else.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl ExperimentError {
    /// The sentence for people, with advice.
    pub fn text(&self) -> Text {
        match self {
            Self::Unknown { name, nearest: Some(nearest) } => Text::new(
                format!("there is no experiment `{name}`; did you mean `{nearest}`?"),
                format!("эксперимента `{name}` нет; возможно, вы имели в виду `{nearest}`"),
            ),
            Self::Unknown { name, nearest: None } => Text::new(
                format!("there is no experiment `{name}`; `vestnik experiment list` shows them"),
                format!("эксперимента `{name}` нет; `vestnik experiment list` покажет все"),
            ),
            Self::UnknownVariant { experiment, variant, nearest: Some(nearest), .. } => Text::new(
                format!("`{experiment}` has no variant `{variant}`; did you mean `{nearest}`?"),
                format!("у `{experiment}` нет варианта `{variant}`; возможно, вы имели в виду `{nearest}`"),
            ),
            Self::UnknownVariant { experiment, variant, nearest: None, known } => Text::new(
                format!("`{experiment}` has no variant `{variant}`; it has {}", known.join(", ")),
                format!("у `{experiment}` нет варианта `{variant}`; есть {}", known.join(", ")),
            ),
            Self::Gone { name } => Text::new(
                format!("the experiment `{name}` is not in the rule files any more; its numbers are kept"),
                format!("эксперимента `{name}` больше нет в файлах правил; его числа сохранены"),
            ),
            Self::Holdout { name } => Text::new(
                format!("`{name}` is a holdout: change `holdout` in the rule files"),
                format!("`{name}` — контрольная группа: измените `holdout` в файлах правил"),
            ),
            Self::Already { name, status } => Text::new(
                format!("the experiment `{name}` is {} already", status.text().en),
                format!("эксперимент `{name}` уже {}", status.text().ru),
            ),
            Self::Engine(error) => error.text(),
        }
    }
}

/// What a person can do with an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExperimentOrder {
    /// Variants are dealt again.
    Start,
    /// Nobody takes part any more.
    Stop,
    /// Everybody who fits has one variant.
    Ship {
        /// That one.
        variant: String,
    },
}

impl Engine {
    /// What all experiments have come to, or one, and what to do.
    pub fn experiment_answers(&self, name: Option<&str>) -> Result<Vec<ExperimentAnswer>, ExperimentError> {
        let reports = match name {
            Some(name) => vec![self.experiment_report(name)?],
            None => self.experiment_reports()?,
        };
        let (rulebook, now) = (self.live.current(), self.clock.now());
        let how = |report: &ExperimentReport| {
            let known = rulebook.experiments.iter().find(|experiment| *experiment.name == *report.name);
            known.map_or_else(Decide::default, |experiment| experiment.decide)
        };
        Ok(reports.into_iter().map(|report| ExperimentAnswer::of(report.clone(), how(&report), now)).collect())
    }

    /// Does what a person asks for, and says what has become of it.
    pub fn order_experiment(
        &self,
        name: &str,
        order: &ExperimentOrder,
        by: Option<String>,
    ) -> Result<Vec<ExperimentAnswer>, ExperimentError> {
        let by = By::Person(by);
        match order {
            ExperimentOrder::Start => self.experiment_start(name, by)?,
            ExperimentOrder::Stop => self.experiment_stop(name, by)?,
            ExperimentOrder::Ship { variant } => self.experiment_ship(name, variant, by)?,
        };
        self.experiment_answers(Some(name))
    }

    /// Deals variants again after a stop, or after one was put into effect.
    pub fn experiment_start(&self, name: &str, by: By) -> Result<ExperimentReport, ExperimentError> {
        self.order(name, Status::Running, by)
    }

    /// Has nobody take part any more. Users who were exposed are counted to the
    /// end of their windows.
    pub fn experiment_stop(&self, name: &str, by: By) -> Result<ExperimentReport, ExperimentError> {
        self.order(name, Status::Stopped, by)
    }

    /// Gives everybody who fits one variant.
    pub fn experiment_ship(&self, name: &str, variant: &str, by: By) -> Result<ExperimentReport, ExperimentError> {
        self.order(name, Status::Shipped { variant: variant.into() }, by)
    }

    /// What an experiment has come to.
    pub fn experiment_report(&self, name: &str) -> Result<ExperimentReport, ExperimentError> {
        self.audience()?;
        let (now, zone) = (self.clock.now(), self.live.current().settings.timezone.zone.clone());
        let experiments = self.crowd.experiments();
        experiments.report(name, now, &zone).ok_or_else(|| unknown(name, experiments.names()))
    }

    /// The same of all, those of the rule files first.
    pub fn experiment_reports(&self) -> Result<Vec<ExperimentReport>, EngineError> {
        self.audience()?;
        let (now, zone) = (self.clock.now(), self.live.current().settings.timezone.zone.clone());
        let experiments = self.crowd.experiments();
        let mut all: Vec<_> = experiments.names().filter_map(|name| experiments.report(name, now, &zone)).collect();
        all.sort_by_key(|report| !report.is_defined);
        Ok(all)
    }

    fn order(&self, name: &str, status: Status, by: By) -> Result<ExperimentReport, ExperimentError> {
        let _one_at_a_time = self.ordering.lock().unwrap_or_else(PoisonError::into_inner);
        self.audience()?;
        let deed = self.deed(name, status, by)?;
        self.crowd.order(name.into(), deed);
        let outcome = self.writer.commit(Transaction::advance(self.clock.now()));
        // what was refused is not to be done later
        self.crowd.take_orders();
        outcome.map_err(EngineError::from)?;
        self.experiment_report(name)
    }

    /// What is to be done, if it can be.
    fn deed(&self, name: &str, status: Status, by: By) -> Result<Deed, ExperimentError> {
        let experiments = self.crowd.experiments();
        let counted = experiments.of(name).ok_or_else(|| unknown(name, experiments.names()))?;
        let outline = &counted.plan.outline;
        if !outline.is_defined {
            return Err(ExperimentError::Gone { name: name.into() });
        }
        if name.contains(':') {
            return Err(ExperimentError::Holdout { name: name.into() });
        }
        let known = || outline.variants.iter().map(|(variant, _)| variant.clone());
        if let Status::Shipped { variant } = &status
            && !known().any(|known| known == *variant)
        {
            let known: Vec<_> = known().collect();
            let nearest = nearest(variant, known.iter().map(|known| &**known)).map(str::to_owned);
            let (experiment, variant) = (name.into(), variant.to_string());
            return Err(ExperimentError::UnknownVariant { experiment, variant, nearest, known });
        }
        if experiments.status(name) == status {
            return Err(ExperimentError::Already { name: name.into(), status });
        }
        let (at, rulebook) = (self.clock.now(), self.live.current().version.as_str().into());
        Ok(Deed { at, status, by, rulebook, version: outline.version })
    }
}

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> ExperimentError {
    ExperimentError::Unknown { name: name.into(), nearest: nearest(name, known).map(str::to_owned) }
}
