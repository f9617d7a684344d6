//! What a person can ask of a project, as data.
//!
//! A command that finds an engine running sends it a [`Request`]; one that
//! does not opens the project itself and calls the same [`Engine::execute`].
//! Either way it gets the same [`Reply`], which only the edges put into words.

use super::arming::Arming;
use super::broadcast::{Again, Breakdown, BroadcastError, BroadcastStatus, RunReport, RunState, Steer};
use super::calendar::{Answer, Approval};
use super::cascades::{CascadeError, CascadeList, Replayed};
use super::deliveries::{
    Amended, DeliveriesError, ExportOptions, Exported, OutboxReport, Picked, Poster, Resumed, RowList, RowQuery,
};
use super::editions::{EditionReport, RollbackError, RolledBack, Wanted, editions, roll_back};
use super::errands::{ErrandsReport, ScheduleReport};
use super::experiments::{ExperimentAnswer, ExperimentError, ExperimentOrder};
use super::payments::{Payment, RefundAnswer, RefundError};
use super::preview::{PreviewAnswer, PreviewQuery};
use super::query::{Query, QueryAnswer};
use super::restore::{Restored, back_up};
use super::revenue::{RevenueQuery, RevenueReport};
use super::sizes::SegmentHistory;
use super::switches::{RuleReport, SwitchError, Switched, Switching};
use super::why::{WhyAnswer, WhyQuery};
use super::{Engine, EngineError, SegmentCount};
use crate::diagnostic::Severity;
use crate::diagnostic::render::{Style, render};
use crate::import::{
    EventsReport, ImportError, ImportOptions, ImportReport, Known, Progress, holds_events, import, import_events,
};
use crate::model::{Lang, Text, Time, TimeDelta, UserId};
use crate::outbox::{OutboxError, Recall};
use crate::rulebook::{Outcome, ReloadReport};
use crate::store::Transaction;
use crate::store::backup::Summary;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// The sizes of all segments, at another time than now if given.
    Segments {
        /// That time.
        now: Option<Time>,
    },
    /// How the sizes of segments have changed.
    SegmentHistory {
        /// Over which time up to now.
        back: TimeDelta,
    },
    /// The users for whom a condition holds.
    Query(Box<Query>),
    /// A template as a user gets it.
    Preview(PreviewQuery),
    /// Why something happens to a user or does not.
    Why(WhyQuery),
    /// All broadcasts, or one.
    Broadcasts {
        /// Its name.
        name: Option<String>,
    },
    /// Start a broadcast.
    Start {
        /// Its name.
        name: String,
        /// Whether it may have been sent before.
        again: Again,
    },
    /// Approve or refuse a broadcast that asks first.
    Answer {
        /// Its name.
        name: String,
        /// Which of these.
        answer: Answer,
    },
    /// Pause, resume or cancel a broadcast.
    Steer {
        /// Its name.
        name: String,
        /// Which of these.
        steer: Steer,
    },
    /// What a broadcast would come to if it were started now.
    Breakdown {
        /// Its name.
        name: String,
    },
    /// Delete or edit what the latest run of a broadcast has sent.
    Recall {
        /// Its name.
        name: String,
        /// Which of these.
        how: Recall,
    },
    /// How the outbox is.
    Outbox {
        /// With the numbers of so many days.
        days: u32,
    },
    /// Single messages.
    Rows(RowQuery),
    /// Send messages again.
    Retry(Picked),
    /// Take single messages out of the queue.
    Drop {
        /// Their keys.
        keys: Vec<String>,
    },
    /// Have messages of a rule or drip go on that are paused.
    Resume(Poster),
    /// Write messages to a file.
    Export(Box<ExportOptions>),
    /// Import users or events from a file.
    Import(Box<ImportOptions>),
    /// Check the rule files again and take them over if they are good.
    Reload {
        /// The language of the diagnostics.
        lang: Lang,
    },
    /// How everything is.
    Status,
    /// Every rule, drip and task.
    Rules,
    /// Switch some of them off or on.
    Switch(Switching),
    /// What had no end.
    Cascades,
    /// Decide some of it again, or all.
    Replay {
        /// Their numbers; all if left out.
        numbers: Option<Vec<u64>>,
    },
    /// What all experiments have come to, or one.
    Experiments {
        /// Its name.
        name: Option<String>,
    },
    /// Start, stop or ship an experiment.
    OrderExperiment {
        /// Its name.
        name: String,
        /// Which of these.
        order: ExperimentOrder,
        /// Who asks, if that is known.
        by: Option<String>,
    },
    /// What was paid, the newest first.
    Payments {
        /// By whom, if by one user.
        user: Option<i64>,
        /// So many at most.
        limit: usize,
    },
    /// Give a payment back.
    RefundPayment {
        /// Its number.
        id: u64,
        /// Whether it was given back elsewhere and is only to be written down.
        recorded: bool,
    },
    /// What came in.
    Revenue(RevenueQuery),
    /// Let this engine send.
    Arm,
    /// Let it send nothing but replies.
    Disarm,
    /// The rulebooks that were in force and are kept.
    Editions,
    /// Put the files of one of them back.
    RollBack {
        /// Which, and what of it.
        wanted: Wanted,
        /// The language of the diagnostics.
        lang: Lang,
    },
    /// Write everything to a file.
    Backup {
        /// The file.
        path: PathBuf,
    },
    /// Put a backup in force.
    Restore {
        /// The file.
        path: PathBuf,
    },
}

/// The answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// To [`Request::Segments`].
    Segments(Vec<SegmentCount>),
    /// To [`Request::SegmentHistory`].
    SegmentHistory(Vec<SegmentHistory>),
    /// To [`Request::Query`].
    Queried(Box<QueryAnswer>),
    /// To [`Request::Preview`].
    Previewed(Box<PreviewAnswer>),
    /// To [`Request::Why`].
    Why(Box<WhyAnswer>),
    /// To [`Request::Broadcasts`].
    Broadcasts(Vec<BroadcastStatus>),
    /// To [`Request::Start`] and [`Request::Steer`].
    Run(Box<BroadcastStatus>),
    /// To [`Request::Breakdown`].
    Breakdown(Box<Breakdown>),
    /// To [`Request::Outbox`].
    Outbox(Box<OutboxReport>),
    /// To [`Request::Rows`].
    Rows(RowList),
    /// To [`Request::Retry`] and [`Request::Drop`].
    Amended(Amended),
    /// To [`Request::Resume`].
    Resumed(Resumed),
    /// To [`Request::Export`].
    Exported(Exported),
    /// To [`Request::Import`] of users.
    Imported(Box<ImportReport>),
    /// To [`Request::Import`] of events.
    EventsImported(Box<EventsReport>),
    /// To [`Request::Reload`].
    Reloaded(ReloadAnswer),
    /// To [`Request::Status`].
    Status(Box<Status>),
    /// To [`Request::Rules`].
    Rules(Vec<RuleReport>),
    /// To [`Request::Switch`].
    Switched(Switched),
    /// To [`Request::Cascades`].
    Cascades(CascadeList),
    /// To [`Request::Replay`].
    Replayed(Replayed),
    /// To [`Request::Experiments`] and [`Request::OrderExperiment`].
    Experiments(Vec<ExperimentAnswer>),
    /// To [`Request::Payments`].
    Payments(Vec<Payment>),
    /// To [`Request::RefundPayment`].
    Refund(RefundAnswer),
    /// To [`Request::Revenue`].
    Revenue(Box<RevenueReport>),
    /// To [`Request::Arm`] and [`Request::Disarm`].
    Armed(Box<ArmingChange>),
    /// To [`Request::Editions`].
    Editions(Vec<EditionReport>),
    /// To [`Request::RollBack`]: what was put back, and what the check of it came
    /// to.
    RolledBack(Box<(RolledBack, ReloadAnswer)>),
    /// To [`Request::Backup`].
    BackedUp(Box<Summary>),
    /// To [`Request::Restore`].
    Restored(Box<Restored>),
}

/// What came of arming or disarming.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmingChange {
    /// How it was.
    pub before: Arming,
    /// How it is.
    pub arming: Arming,
    /// Whether an engine is running.
    pub live: bool,
    /// Runs that have something to send.
    pub waiting: Vec<BroadcastStatus>,
    /// Replies that wait.
    pub replies: u32,
}

/// What came of a reload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReloadAnswer {
    /// Whether the files now in the project are the rulebook in force.
    pub accepted: bool,
    /// Whether anything is different from before.
    pub changed: bool,
    /// The version of the rulebook in force.
    pub version: String,
    /// The findings, rendered for a terminal without colour.
    pub findings: String,
    /// The findings, a line each.
    pub short: String,
    /// The same with the advice under each.
    pub brief: String,
    /// The findings as `check --format json` gives them.
    pub diagnostics: serde_json::Value,
    /// How many of them are errors.
    pub errors: usize,
    /// How many of them are warnings.
    pub warnings: usize,
    /// Changed settings that take effect only when the engine is started
    /// again.
    pub restart_for: Vec<String>,
}

/// How everything is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Whether an engine is running.
    pub live: bool,
    /// Whether it may send.
    pub arming: Arming,
    /// The version of the rulebook in force.
    pub version: String,
    /// Errors in the files, if the last reload was refused.
    pub refused: Option<Text>,
    /// Known users.
    pub users: u64,
    /// Runs that are under way or paused.
    pub runs: Vec<BroadcastStatus>,
    /// Replies that wait.
    pub replies_queued: u32,
    /// Confirmed messages a second, lately.
    pub rate: f64,
    /// For how many milliseconds Telegram told the bot to wait.
    pub held_ms: Option<i64>,
    /// Why updates do not come from Telegram, if they do not.
    pub silence: Option<Text>,
    /// What keeps messages from going out.
    pub trouble: Option<Text>,
    /// Updates that could not be read.
    pub unreadable_updates: u64,
    /// Work that is done apart from deciding.
    pub errands: ErrandsReport,
    /// What people have switched off.
    #[serde(default)]
    pub switched_off: Vec<RuleReport>,
    /// How much had no end and was not decided again.
    #[serde(default)]
    pub cascades: u64,
    /// When tasks and rules on a schedule run.
    pub schedules: Vec<ScheduleReport>,
    /// Bytes of the store on disk.
    pub disk: u64,
}

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// A broadcast.
    #[error(transparent)]
    Broadcast(#[from] BroadcastError),
    /// Messages.
    #[error(transparent)]
    Deliveries(#[from] DeliveriesError),
    /// The import.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// Switching rules.
    #[error(transparent)]
    Switch(#[from] SwitchError),
    /// Deciding again.
    #[error(transparent)]
    Cascade(#[from] CascadeError),
    /// Experiments.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// Giving a payment back.
    #[error(transparent)]
    Refund(#[from] RefundError),
    /// Putting an earlier rulebook back.
    #[error(transparent)]
    Rollback(#[from] RollbackError),
    /// Everything else.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Engine {
    /// Carries out a request. `progress` hears of long work.
    pub fn execute(&self, request: Request, progress: &mut dyn FnMut(Progress)) -> Result<Reply, CommandError> {
        match request {
            Request::Segments { now } => Ok(Reply::Segments(self.segment_counts(now)?)),
            Request::SegmentHistory { back } => Ok(Reply::SegmentHistory(self.segment_history(back)?)),
            Request::Query(query) => Ok(Reply::Queried(Box::new(self.query(&query)?))),
            Request::Preview(query) => Ok(Reply::Previewed(Box::new(self.preview(&query)?))),
            Request::Why(query) => Ok(Reply::Why(Box::new(self.why(&query)?))),
            Request::Broadcasts { name } => Ok(Reply::Broadcasts(self.broadcast_status(name.as_deref())?)),
            Request::Start { name, again } => Ok(Reply::Run(Box::new(self.start_by_hand(&name, again)?))),
            Request::Answer { name, answer } => {
                let answered = self.answer_approval(Approval::Named(&name), answer)?;
                Ok(Reply::Run(Box::new(answered)))
            }
            Request::Steer { name, steer } => Ok(run_of(name.clone(), self.steer_broadcast(&name, steer)?)),
            Request::Breakdown { name } => Ok(Reply::Breakdown(Box::new(self.breakdown(&name)?))),
            Request::Recall { name, how } => {
                self.recall_broadcast(&name, how)?;
                let status = self.broadcast_status(Some(&name))?.into_iter().next();
                Ok(Reply::Broadcasts(status.into_iter().collect()))
            }
            Request::Outbox { days } => Ok(Reply::Outbox(Box::new(self.outbox_report(days)?))),
            Request::Rows(query) => Ok(Reply::Rows(self.delivery_rows(&query)?)),
            Request::Retry(picked) => Ok(Reply::Amended(self.retry_deliveries(&picked)?)),
            Request::Drop { keys } => Ok(Reply::Amended(self.drop_deliveries(&keys)?)),
            Request::Resume(poster) => Ok(Reply::Resumed(self.resume_posted(&poster)?)),
            Request::Export(options) => Ok(Reply::Exported(self.export_deliveries(&options)?)),
            Request::Import(options) => {
                if options.live {
                    // rules act on what everybody is
                    self.audience()?;
                }
                if holds_events(&options)? {
                    return Ok(Reply::EventsImported(Box::new(self.import_events(&options, progress)?)));
                }
                let schema = self.live.current().schema.clone();
                Ok(Reply::Imported(Box::new(import(&options, &schema, &self.writer, progress)?)))
            }
            Request::Reload { lang } => {
                let report = self.live.reload();
                self.take_over();
                Ok(Reply::Reloaded(answer(&report, &self.live.current().version, lang)))
            }
            Request::Editions => Ok(Reply::Editions(editions(&*self.store).map_err(EngineError::from)?)),
            Request::RollBack { wanted, lang } => {
                let done = roll_back(&*self.store, &self.project, &wanted)?;
                let report = self.live.reload();
                self.take_over();
                Ok(Reply::RolledBack(Box::new((done, answer(&report, &self.live.current().version, lang)))))
            }
            Request::Status => Ok(Reply::Status(Box::new(self.status()?))),
            Request::Rules => Ok(Reply::Rules(self.rule_reports()?)),
            Request::Switch(switching) => Ok(Reply::Switched(self.switch(&switching)?)),
            Request::Cascades => Ok(Reply::Cascades(self.cascades()?)),
            Request::Replay { numbers } => Ok(Reply::Replayed(self.replay_cascades(numbers.as_deref())?)),
            Request::Experiments { name } => Ok(Reply::Experiments(self.experiment_answers(name.as_deref())?)),
            Request::OrderExperiment { name, order, by } => {
                Ok(Reply::Experiments(self.order_experiment(&name, &order, by)?))
            }
            Request::Payments { user, limit } => Ok(Reply::Payments(self.payments(user.map(UserId), limit)?)),
            Request::RefundPayment { id, recorded } => Ok(Reply::Refund(self.refund_payment(id, recorded)?)),
            Request::Revenue(query) => Ok(Reply::Revenue(Box::new(self.revenue(&query)?))),
            Request::Arm => Ok(Reply::Armed(Box::new(self.change_and_count(Self::arm)?))),
            Request::Disarm => Ok(Reply::Armed(Box::new(self.change_and_count(Self::disarm)?))),
            Request::Backup { path } => {
                let summary = back_up(&*self.store, &path, self.clock.now()).map_err(EngineError::from)?;
                Ok(Reply::BackedUp(Box::new(summary)))
            }
            Request::Restore { path } => Ok(Reply::Restored(Box::new(self.restore(&path)?))),
        }
    }

    fn import_events(
        &self,
        options: &ImportOptions,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<EventsReport, ImportError> {
        let rulebook = self.live.current();
        let now = self.clock.now();
        let known = Known {
            events: &rulebook.catalogue.events,
            now,
            oldest: rulebook.keeps_events_for().map(|length| now - length),
            user: &|user| self.profiles.knows(user),
        };
        import_events(options, &known, &self.writer, progress)
    }

    /// Tells the audience and the outbox what a new rulebook changes for them.
    pub fn take_over(&self) {
        if self.crowd.loaded().is_some() {
            self.writer.submit(Transaction::advance(self.clock.now()), |outcome| {
                if let Err(error) = outcome {
                    tracing::error!(%error, "the audience did not hear of the new rulebook");
                }
            });
        }
        if let Err(error) = self.keep_edition() {
            tracing::warn!(%error, "the rulebook in force could not be kept for a rollback");
        }
        if let Err(error) = self.know_past() {
            tracing::error!(%error, "the messages of the past cannot be read; caps count what is known");
        }
        // a plan counts from when it is seen
        if let Err(error) = self.run_calendar() {
            tracing::warn!(%error, "broadcasts that start by themselves wait; tried again");
        }
        if let Some(outbox) = self.outbox() {
            let limits = self.live.current().settings.limits;
            let zone = self.live.current().settings.timezone.zone.clone();
            let told = outbox.set_limits(limits).and_then(|()| outbox.set_zone(zone)).and_then(|()| outbox.wake());
            if let Err(error) = told {
                tracing::error!(%error, "the outbox did not hear of the new rulebook");
            }
        }
    }

    fn status(&self) -> Result<Status, CommandError> {
        let outbox = self.outbox().map(|outbox| outbox.status()).transpose().map_err(EngineError::from)?;
        let is_open = |status: &BroadcastStatus| status.run.as_ref().is_some_and(RunReport::is_open);
        Ok(Status {
            live: outbox.is_some(),
            arming: self.arming()?,
            version: self.live.current().version.clone(),
            refused: self.refused(),
            users: match self.crowd.loaded() {
                Some(audience) => audience.len() as u64,
                None => self.profiles.count().map_err(EngineError::from)?,
            },
            runs: self.broadcast_status(None)?.into_iter().filter(is_open).collect(),
            replies_queued: outbox.as_ref().map_or(0, |outbox| outbox.replies_queued),
            rate: outbox.as_ref().map_or(0.0, |outbox| outbox.rate),
            held_ms: outbox.as_ref().and_then(|outbox| outbox.held_ms),
            silence: self.silence(),
            trouble: outbox.and_then(|outbox| outbox.trouble),
            unreadable_updates: self.unreadable_updates()?,
            errands: self.errands_report()?,
            switched_off: self.switched_off()?,
            cascades: self.cascades()?.cascades.len() as u64,
            schedules: self.schedules(),
            disk: self.store.disk_size(),
        })
    }

    /// Arms or disarms, and says what waits.
    fn change_and_count(
        &self,
        change: impl FnOnce(&Self) -> Result<Arming, EngineError>,
    ) -> Result<ArmingChange, CommandError> {
        let status = self.status()?;
        let waits = |status: &BroadcastStatus| status.run.as_ref().is_some_and(|run| run.queued > 0);
        Ok(ArmingChange {
            before: status.arming,
            arming: change(self)?,
            live: status.live,
            waiting: status.runs.into_iter().filter(waits).collect(),
            replies: status.replies_queued,
        })
    }

    fn refused(&self) -> Option<Text> {
        let report = self.live.last_report();
        let findings = |lang| render(&report.diagnostics, &report.sources, lang, Style::Brief);
        match &report.outcome {
            Outcome::Refused => Some(Text::new(findings(Lang::En), findings(Lang::Ru))),
            Outcome::Unreadable { reason } => Some(Text::same(reason)),
            Outcome::Unchanged | Outcome::Accepted { .. } => None,
        }
    }
}

/// A reload's report as a person or program reads it.
pub fn answer(report: &ReloadReport, version: &str, lang: Lang) -> ReloadAnswer {
    let rendered = |style| match &report.outcome {
        Outcome::Unreadable { reason } => format!("{reason}\n"),
        Outcome::Unchanged | Outcome::Accepted { .. } | Outcome::Refused => {
            render(&report.diagnostics, &report.sources, lang, style)
        }
    };
    let (accepted, changed, restart_for) = match &report.outcome {
        Outcome::Unchanged => (true, false, Vec::new()),
        Outcome::Accepted { restart_needed, .. } => {
            (true, true, restart_needed.iter().map(|s| (*s).to_owned()).collect())
        }
        Outcome::Refused | Outcome::Unreadable { .. } => (false, false, Vec::new()),
    };
    ReloadAnswer {
        accepted,
        changed,
        version: version.to_owned(),
        findings: rendered(Style::Text { colour: false }),
        short: rendered(Style::Short),
        brief: rendered(Style::Brief),
        diagnostics: serde_json::from_str(&rendered(Style::Json)).unwrap_or_default(),
        errors: report.diagnostics.count(Severity::Error),
        warnings: report.diagnostics.count(Severity::Warning),
        restart_for,
    }
}

impl CommandError {
    /// The sentence for people, with advice where there is some.
    pub fn text(&self) -> Text {
        match self {
            Self::Broadcast(error) => error.text(),
            Self::Deliveries(error) => error.text(),
            Self::Import(error) => error.text(),
            Self::Switch(error) => error.text(),
            Self::Cascade(error) => error.text(),
            Self::Experiment(error) => error.text(),
            Self::Refund(error) => error.text(),
            Self::Rollback(error) => error.text(),
            Self::Engine(error) => error.text(),
        }
    }
}

impl EngineError {
    /// The sentence for people.
    pub fn text(&self) -> Text {
        match self {
            Self::Store(error) | Self::Outbox(OutboxError::Store(error)) => error.text(),
            Self::Outbox(OutboxError::Stopped) => Text::new("the engine is stopping", "движок останавливается"),
            Self::Outbox(OutboxError::Thread(reason)) => Text::new(
                format!("the outbox cannot be started: {reason}"),
                format!("очередь отправки не запускается: {reason}"),
            ),
            Self::Web(reason) => {
                Text::new(self.to_string(), format!("не удаётся подготовить соединения для вебхуков: {reason}"))
            }
            Self::AlreadyLive => Text::new(self.to_string(), "движок уже запущен"),
            Self::NotRestored(why) => {
                Text::new(self.to_string(), format!("резервная копия не вступила в силу: {}", why.ru))
            }
        }
    }
}

impl BroadcastError {
    /// The sentence for people, with advice.
    pub fn text(&self) -> Text {
        match self {
            Self::Unknown { name, nearest: Some(nearest) } => Text::new(
                format!("there is no broadcast `{name}`; did you mean `{nearest}`?"),
                format!("рассылки `{name}` нет; возможно, вы имели в виду `{nearest}`"),
            ),
            Self::Unknown { name, nearest: None } => Text::new(
                format!("there is no broadcast `{name}`; `vestnik broadcast list` shows them"),
                format!("рассылки `{name}` нет; `vestnik broadcast list` покажет все"),
            ),
            Self::Beyond { name, key } => Text::new(
                format!(
                    "`{name}` uses `{key}`, which this version checks but does not act on; take it out to start it now"
                ),
                format!(
                    "рассылка `{name}` использует `{key}`: эта версия его проверяет, но не исполняет; уберите его, чтобы начать сейчас"
                ),
            ),
            Self::UnderWay { name } => Text::new(
                format!("`{name}` is under way already; see `vestnik broadcast status {name}`"),
                format!("рассылка `{name}` уже идёт; смотрите `vestnik broadcast status {name}`"),
            ),
            Self::SentBefore { name, occurrence } => Text::new(
                format!(
                    "`{name}` was sent before (run {occurrence}); to send it once more: `vestnik broadcast start {name} --again`"
                ),
                format!(
                    "рассылка `{name}` уже отправлялась (запуск {occurrence}); чтобы отправить ещё раз: `vestnik broadcast start {name} --again`"
                ),
            ),
            Self::NeverStarted { name } => Text::new(
                format!("`{name}` was never started; start it with `vestnik broadcast start {name}`"),
                format!("рассылка `{name}` ещё не запускалась; запустить: `vestnik broadcast start {name}`"),
            ),
            Self::StillGoing { name } => Text::new(
                format!("`{name}` is still going out; wait for its end, or `vestnik broadcast cancel {name}` first"),
                format!("рассылка `{name}` ещё идёт; дождитесь конца или сначала `vestnik broadcast cancel {name}`"),
            ),
            Self::NothingToRecall { name } => Text::new(
                format!("`{name}` has sent no message that can still be changed (a bot can delete for 48 hours)"),
                format!("у рассылки `{name}` нет сообщений, которые ещё можно изменить (удалять бот может 48 часов)"),
            ),
            Self::WrongState { name, state } => {
                let (en, ru) = way_out(*state);
                Text::new(
                    format!("`{name}` is {}; {en}", state.text().en),
                    format!("рассылка `{name}` {}; {ru}", state.text().ru),
                )
            }
            Self::Approval(error) => error.text(),
            Self::Engine(error) => error.text(),
        }
    }
}

/// What can be done with a run in this state.
fn way_out(state: RunState) -> (&'static str, &'static str) {
    match state {
        RunState::Running => ("it can be paused or cancelled", "её можно приостановить (pause) или отменить (cancel)"),
        RunState::Paused => ("it can be resumed or cancelled", "её можно продолжить (resume) или отменить (cancel)"),
        RunState::Cancelled | RunState::Finished => {
            ("it can only be started once more, with `--again`", "её можно только начать заново: start с `--again`")
        }
    }
}

fn run_of(name: String, run: RunReport) -> Reply {
    Reply::Run(Box::new(BroadcastStatus { name, defined: true, run: Some(run), recall: None, calendar: None }))
}
