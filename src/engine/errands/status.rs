//! What of the work waits and what of it fails, and when schedules run next: for
//! those who look how the engine is.

use super::{PREFIX, Piece};
use crate::engine::{Engine, EngineError};
use crate::model::{Text, Time};
use crate::rulebook::Schedule;
use serde::{Deserialize, Serialize};

/// Work that is done apart from deciding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrandsReport {
    /// Pieces that wait.
    pub waiting: u64,
    /// Of them, those that were tried already.
    pub failing: u64,
    /// What the last of these is, and why it failed.
    pub trouble: Option<Text>,
}

/// When something on a schedule runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleReport {
    /// What it is.
    pub kind: ScheduleKind,
    /// Its name.
    pub name: String,
    /// The next time, in RFC 3339; none if there is none. Where it is a time of
    /// each user's own, that of the project's zone.
    pub next: Option<String>,
    /// The last time that it ran for.
    pub last: Option<String>,
}

/// What may be on a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleKind {
    /// A task.
    Task,
    /// A rule.
    Rule,
}

impl Engine {
    /// What of the work waits and what of it fails.
    pub fn errands_report(&self) -> Result<ErrandsReport, EngineError> {
        let mut report = ErrandsReport::default();
        let mut last = None;
        for pair in self.store.scan(&[PREFIX], b"") {
            let record = Piece::read(&pair?)?.record;
            report.waiting += 1;
            if let Some(why) = &record.trouble {
                report.failing += 1;
                if last.is_none_or(|last| last <= record.due) {
                    last = Some(record.due);
                    let what = record.what();
                    report.trouble =
                        Some(Text::new(format!("{}: {}", what.en, why.en), format!("{}: {}", what.ru, why.ru)));
                }
            }
        }
        Ok(report)
    }

    /// Every task and every rule on a schedule, in the order of the files.
    pub fn schedules(&self) -> Vec<ScheduleReport> {
        let rulebook = self.live.current();
        let rules = rulebook.rules.iter().filter_map(|rule| Some((&rule.name, rule.when.schedule()?)));
        let tasks = rulebook.tasks.iter().map(|task| (&task.name, &task.when));
        let (now, project) = (self.clock.now(), &rulebook.settings.timezone.zone);
        let automation = self.automation();
        let report = |kind, (name, schedule): (&String, &Schedule)| {
            let key = match kind {
                ScheduleKind::Task => format!("task {name}"),
                ScheduleKind::Rule => format!("rule {name}"),
            };
            let last = automation.schedule(&key).and_then(|record| record.ran).map(Time::rfc3339);
            let next = schedule.next(now, project).map(Time::rfc3339);
            ScheduleReport { kind, name: name.clone(), next, last }
        };
        let tasks = tasks.map(|task| report(ScheduleKind::Task, task));
        tasks.chain(rules.map(|rule| report(ScheduleKind::Rule, rule))).collect()
    }
}
