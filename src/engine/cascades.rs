//! What was not done because rules triggered one another without end: for people
//! to see, and to have decided again once the rules are mended.
//!
//! Deciding again is a turn like any other, on the writer's thread, at the
//! present and under the rulebook in force. The event itself stays recorded as it
//! is and is not counted again. What comes to an end leaves the list in the batch
//! of what follows from it, so asking twice does it once.

use super::automation::{Automation, Began, Cascade};
use super::{Engine, EngineError};
use crate::model::Text;
use crate::store::Transaction;
use serde::{Deserialize, Serialize};
use std::sync::PoisonError;

/// Something that was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CascadeReport {
    /// By which it is named.
    pub number: u64,
    /// Whose turn it was.
    pub user: i64,
    /// The name of the event, if it began with one.
    pub event: Option<String>,
    /// What it began with, in words.
    pub from: Text,
    /// When it was decided last.
    pub at: String,
    /// How often it was decided.
    pub times: u32,
    /// The rules in the loop.
    pub rules: Vec<String>,
    /// The version of the rulebook that decided it.
    pub rulebook: String,
}

/// All that was not done and is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CascadeList {
    /// The oldest first.
    pub cascades: Vec<CascadeReport>,
    /// How many older ones are not kept.
    pub dropped: u64,
}

/// What came of deciding again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replayed {
    /// The numbers of those that came to an end.
    pub done: Vec<u64>,
    /// Those that still have none.
    pub still: Vec<CascadeReport>,
}

/// Why nothing was decided again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CascadeError {
    /// There is none of this number.
    #[error("there is no cascade {number}")]
    Unknown {
        /// The number.
        number: u64,
    },
    /// Everything else.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Engine {
    /// What was not done because it had no end.
    pub fn cascades(&self) -> Result<CascadeList, EngineError> {
        self.with_figures(|automation| CascadeList {
            cascades: reports(automation, |_| true),
            dropped: automation.cascades.dropped(),
        })
    }

    /// Decides it again: what these numbers name, or all.
    pub fn replay_cascades(&self, numbers: Option<&[u64]>) -> Result<Replayed, CascadeError> {
        let _one_at_a_time = self.switching.lock().unwrap_or_else(PoisonError::into_inner);
        let known: Vec<u64> =
            self.with_figures(|automation| automation.cascades.all().map(|(number, _)| number).collect())?;
        let mut wanted = numbers.map_or_else(|| known.clone(), <[u64]>::to_vec);
        wanted.sort_unstable();
        wanted.dedup();
        if let Some(number) = wanted.iter().find(|number| !known.contains(number)) {
            return Err(CascadeError::Unknown { number: *number });
        }
        if !wanted.is_empty() {
            self.crowd.replay(&wanted);
            let committed = self.writer.commit(Transaction::advance(self.clock.now()));
            committed.inspect_err(|_| drop(self.crowd.take_replays())).map_err(EngineError::from)?;
        }
        let still = self.with_figures(|automation| reports(automation, |number| wanted.contains(&number)))?;
        wanted.retain(|number| !still.iter().any(|one| one.number == *number));
        Ok(Replayed { done: wanted, still })
    }
}

fn reports(automation: &Automation, is_wanted: impl Fn(u64) -> bool) -> Vec<CascadeReport> {
    let all = automation.cascades.all().filter(|(number, _)| is_wanted(*number));
    all.map(|(number, cascade)| report(number, cascade)).collect()
}

fn report(number: u64, cascade: &Cascade) -> CascadeReport {
    CascadeReport {
        number,
        user: cascade.user.0,
        event: cascade.event().map(|event| event.name.to_string()),
        from: from(&cascade.began),
        at: cascade.at.rfc3339(),
        times: cascade.times,
        rules: cascade.rules.clone(),
        rulebook: cascade.rulebook.clone(),
    }
}

fn from(began: &Began) -> Text {
    match began {
        Began::Rule(name) => Text::new(format!("schedule of `{name}`"), format!("расписание `{name}`")),
        Began::Time => Text::new("a wait that was over", "окончание ожидания"),
        Began::Told(told) => match (&told.event, &told.due, told.entered.first().or(told.left.first())) {
            (Some(event), _, _) => Text::new(format!("event `{}`", event.name), format!("событие `{}`", event.name)),
            (None, Some((field, _)), _) => Text::new(format!("time in `{field}`"), format!("время в `{field}`")),
            (None, None, Some(segment)) => Text::new(format!("segment `{segment}`"), format!("сегмент `{segment}`")),
            (None, None, None) => {
                let fields = told.changed.join(", ");
                Text::new(format!("change of `{fields}`"), format!("изменение `{fields}`"))
            }
        },
    }
}

impl CascadeError {
    /// The sentence for people, with advice.
    pub fn text(&self) -> Text {
        match self {
            Self::Unknown { number } => Text::new(
                format!("there is no {number} (any more); `vestnik rule cascades` shows the numbers"),
                format!("номера {number} нет (или уже нет); номера покажет `vestnik rule cascades`"),
            ),
            Self::Engine(error) => error.text(),
        }
    }
}
