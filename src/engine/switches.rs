//! Rules, drips and tasks with their figures, and switching them off and on
//! without editing a file.
//!
//! A switch is durable before it counts: its record is committed, then what the
//! writer's thread judges by is replaced. What a rule has asked for already, a
//! message that waits for its moment say, is no longer its own and goes on.

use super::automation::{Automation, Hits, Switches, Unit, Way};
use super::{Engine, EngineError};
use crate::diagnostic::nearest;
use crate::model::{Text, Time};
use crate::rulebook::Rulebook;
use crate::store::{Batch, Transaction};
use serde::{Deserialize, Serialize};
use std::sync::PoisonError;

/// A rule, drip or task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleReport {
    /// Which of these it is.
    pub kind: Unit,
    /// Its name.
    pub name: String,
    /// Its title, if it has one.
    pub title: Option<Text>,
    /// Whether it is switched on.
    pub on: bool,
    /// Since when it is switched off.
    pub off_since: Option<String>,
    /// Whether the rulebook in force has it.
    pub defined: bool,
    /// How often it acted; of a drip that is not counted.
    pub fired: Option<u64>,
    /// When it acted last.
    pub last: Option<String>,
    /// How often something of it failed.
    pub failed: u64,
    /// When that was last.
    pub failed_last: Option<String>,
    /// Where it is defined, as `file:line:column`.
    pub place: Option<String>,
}

/// What is to be switched.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Switching {
    /// Names of rules, drips and tasks.
    pub names: Vec<String>,
    /// Which of these they are; found out if left out.
    pub kind: Option<Unit>,
    /// On or off.
    pub way: Way,
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Switched {
    /// How those that were named stand now.
    pub rules: Vec<RuleReport>,
    /// How many of them stood so before.
    pub unchanged: usize,
    /// Whether an engine is running.
    pub live: bool,
}

/// Why nothing was switched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SwitchError {
    /// There is no such thing.
    #[error("there is no rule, drip or task `{name}`")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// Several things have this name.
    #[error("`{name}` is the name of several things")]
    Several {
        /// The name.
        name: String,
        /// What has it.
        kinds: Vec<Unit>,
    },
    /// Everything else.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Engine {
    /// Every rule, drip and task in the order of the files, and what is switched
    /// off and not in the rulebook.
    pub fn rule_reports(&self) -> Result<Vec<RuleReport>, EngineError> {
        let rulebook = self.live.current();
        self.reports(|automation| {
            let gone = automation.switches().off().filter(|(unit, name, _)| !unit.is_in(&rulebook, name));
            let gone = gone.map(|(unit, name, _)| (unit, name.to_owned()));
            defined(&rulebook).into_iter().chain(gone).collect()
        })
    }

    fn reports(&self, wanted: impl FnOnce(&Automation) -> Vec<(Unit, String)>) -> Result<Vec<RuleReport>, EngineError> {
        let (rulebook, places) = (self.live.current(), self.live.whereabouts());
        self.with_figures(|automation| {
            let place = |unit: Unit, name: &str| places.definition(unit.section(), name);
            let report = |(unit, name): &(Unit, String)| report(&rulebook, automation, place(*unit, name), *unit, name);
            wanted(automation).iter().map(report).collect()
        })
    }

    /// What is switched off, as far as the rulebook in force has it.
    pub fn switched_off(&self) -> Result<Vec<RuleReport>, EngineError> {
        let all = self.rule_reports()?;
        Ok(all.into_iter().filter(|rule| !rule.on && rule.defined).collect())
    }

    /// Switches rules, drips and tasks, all that are named or none.
    pub fn switch(&self, switching: &Switching) -> Result<Switched, SwitchError> {
        let _one_at_a_time = self.switching.lock().unwrap_or_else(PoisonError::into_inner);
        let (rulebook, now) = (self.live.current(), self.clock.now());
        let mut switches = self.with_figures(|automation| Switches::clone(automation.switches()))?;
        let named = |name: &String| Ok((find(&rulebook, &switches, switching.kind, name)?, name.clone()));
        let named = switching.names.iter().map(named).collect::<Result<Vec<(Unit, String)>, SwitchError>>()?;
        let (mut batch, mut unchanged) = (Batch::new(), 0);
        for (unit, name) in &named {
            let has_turned = switches.turn((*unit, name), switching.way, now, &mut batch).map_err(EngineError::from)?;
            unchanged += usize::from(!has_turned);
        }
        if !batch.is_empty() {
            self.writer.commit(Transaction::batch(batch)).map_err(EngineError::from)?;
            tracing::info!(names = switching.names.join(", "), way = ?switching.way, "rules were switched by hand");
            self.crowd.automation_mut().put_switches(switches);
        }
        let rules = self.reports(|_| named)?;
        Ok(Switched { rules, unchanged, live: self.outbox().is_some() })
    }

    /// Shows what is remembered of rules: by the engine that has it in memory, or
    /// by the store, without reading where all users stand.
    pub(super) fn with_figures<T>(&self, look: impl FnOnce(&Automation) -> T) -> Result<T, EngineError> {
        match self.crowd.loaded() {
            Some(_) => Ok(look(&self.automation())),
            None => Ok(look(&Automation::load_figures(&*self.store)?)),
        }
    }
}

fn defined(rulebook: &Rulebook) -> Vec<(Unit, String)> {
    let rules = rulebook.rules.iter().map(|rule| (Unit::Rule, rule.name.clone()));
    let drips = rulebook.drips.iter().map(|drip| (Unit::Drip, drip.name.clone()));
    let tasks = rulebook.tasks.iter().map(|task| (Unit::Task, task.name.clone()));
    rules.chain(drips).chain(tasks).collect()
}

/// What a name means: something of the rulebook, or something that is gone and
/// switched off.
fn find(rulebook: &Rulebook, switches: &Switches, kind: Option<Unit>, name: &str) -> Result<Unit, SwitchError> {
    let is_known = |unit: &Unit| unit.is_in(rulebook, name) || switches.off_since(*unit, name).is_some();
    let kinds: Vec<Unit> =
        Unit::ALL.into_iter().filter(|unit| kind.is_none_or(|kind| kind == *unit)).filter(is_known).collect();
    match kinds[..] {
        [unit] => Ok(unit),
        [] => {
            let all = defined(rulebook);
            let names = all.iter().filter(|(unit, _)| kind.is_none_or(|kind| kind == *unit));
            let nearest = nearest(name, names.map(|(_, name)| name.as_str())).map(str::to_owned);
            Err(SwitchError::Unknown { name: name.to_owned(), nearest })
        }
        [..] => Err(SwitchError::Several { name: name.to_owned(), kinds }),
    }
}

fn report(rulebook: &Rulebook, automation: &Automation, place: Option<String>, kind: Unit, name: &str) -> RuleReport {
    let (hits, is_counted, title) = match kind {
        Unit::Rule => {
            let rule = rulebook.rules.iter().find(|rule| rule.name == name);
            (automation.hits(name), true, rule.and_then(|rule| rule.title.clone()))
        }
        Unit::Drip => (automation.failures_in(name), false, None),
        Unit::Task => {
            let task = rulebook.tasks.iter().find(|task| task.name == name);
            (automation.hits(&format!("task {name}")), true, task.and_then(|task| task.title.clone()))
        }
    };
    let Hits { count, last, failed, failed_last } = hits;
    let off = automation.switches().off_since(kind, name);
    RuleReport {
        kind,
        name: name.to_owned(),
        title,
        on: off.is_none(),
        off_since: off.map(Time::rfc3339),
        defined: kind.is_in(rulebook, name),
        fired: is_counted.then_some(count),
        last: last.map(Time::rfc3339),
        failed,
        failed_last: failed_last.map(Time::rfc3339),
        place,
    }
}

impl SwitchError {
    /// The sentence for people, with advice.
    pub fn text(&self) -> Text {
        match self {
            Self::Unknown { name, nearest: Some(nearest) } => Text::new(
                format!("there is no rule, drip or task `{name}`; did you mean `{nearest}`?"),
                format!("правила, цепочки или задачи `{name}` нет; возможно, вы имели в виду `{nearest}`"),
            ),
            Self::Unknown { name, nearest: None } => Text::new(
                format!("there is no rule, drip or task `{name}`; `vestnik rule list` shows them"),
                format!("правила, цепочки или задачи `{name}` нет; `vestnik rule list` покажет все"),
            ),
            Self::Several { name, kinds } => {
                let kinds = kinds.iter().map(|kind| format!("`--kind {}`", kind.as_str())).collect::<Vec<_>>();
                Text::new(
                    format!("several things are called `{name}`; add {}", kinds.join(" or ")),
                    format!("имя `{name}` есть у нескольких; добавьте {}", kinds.join(" или ")),
                )
            }
            Self::Engine(error) => error.text(),
        }
    }
}
