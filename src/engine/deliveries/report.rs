//! The outbox in figures: what waits and why, and what became of the messages
//! of the last days.

use super::Engine;
use super::posted::PausedPoster;
use crate::engine::EngineError;
use crate::engine::arming::Arming;
use crate::model::{Text, Time, TimeDelta};
use crate::outbox::{Cause, Day, Depth, Histogram, Numbers, OutboxStatus, Queue, Recall, grouped};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How the outbox is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutboxReport {
    /// Whether an engine is running.
    pub live: bool,
    /// Whether it may send.
    pub arming: Arming,
    /// What keeps everything from going out, if anything does.
    pub trouble: Option<Text>,
    /// For how many milliseconds Telegram told the bot to wait.
    pub held_ms: Option<i64>,
    /// 429 answers since the start.
    pub too_many: u64,
    /// Confirmed messages a second, lately; none without an engine.
    pub rate: Option<f64>,
    /// Messages a second that are let out now, after what Telegram answered.
    pub limit: Option<f64>,
    /// Messages a second that the settings allow.
    pub limit_set: Option<f64>,
    /// Rules and steps whose messages are paused.
    #[serde(default)]
    pub paused: Vec<PausedPoster>,
    /// The lanes, the most urgent first.
    pub lanes: Vec<LaneReport>,
    /// Over how many days up to now the numbers below are.
    pub days: u32,
    /// What became of messages, by cause.
    pub causes: Vec<Group>,
    /// The same by template.
    pub templates: Vec<Group>,
    /// The same by day, every day of the span, the oldest first; their names
    /// are dates.
    #[serde(default)]
    pub by_day: Vec<Group>,
    /// How long calls of the Bot API took.
    pub latency: Latency,
    /// What Telegram said, the most frequent first.
    pub errors: Vec<ErrorCount>,
}

/// One lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneReport {
    /// Its name.
    pub lane: String,
    /// Messages that wait, those put off among them.
    pub queued: u32,
    /// Of them, those that are tried again.
    pub retrying: u32,
    /// Of them, those that a gate put off, by gate.
    pub deferred: BTreeMap<String, u32>,
    /// Messages under way.
    pub under_way: u32,
    /// Messages of which nobody knows whether they arrived.
    pub in_doubt: u32,
    /// Messages that failed, by kind.
    pub failed: BTreeMap<String, u32>,
    /// For how long the oldest message that could go has waited.
    pub lag_seconds: Option<u64>,
}

/// What became of the messages of one cause or template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its name; empty for messages without a template.
    pub name: String,
    /// Rows that were queued.
    pub queued: u64,
    /// Messages that were sent.
    pub sent: u64,
    /// Attempts that were followed by another.
    pub retried: u64,
    /// Messages that failed.
    pub failed: u64,
    /// Of them, those whose recipient had blocked the bot.
    pub blocked: u64,
    /// Messages in doubt.
    pub in_doubt: u64,
    /// Rows that a gate stopped.
    pub skipped: u64,
    /// Buttons and links that were pressed.
    pub clicked: u64,
    /// Messages that were taken back.
    pub recalled: u64,
    /// Recipients who blocked the bot within a day.
    pub blocked_after: u64,
}

/// How long calls took, in milliseconds; none if there were none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// Calls.
    pub calls: u64,
    /// Half of them took no longer.
    pub p50_ms: Option<i64>,
    /// Nine of ten.
    pub p90_ms: Option<i64>,
    /// All but one of a hundred.
    pub p99_ms: Option<i64>,
}

/// A text of Telegram, and how often it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorCount {
    /// The text; empty for all that are not kept apart.
    pub text: String,
    /// How often.
    pub count: u64,
}

/// So many days are told one by one though nothing may have happened on them.
const SHOWN_DAYS: u32 = 31;

impl Engine {
    /// How the outbox is, with the numbers of the last `days` days.
    pub fn outbox_report(&self, days: u32) -> Result<OutboxReport, EngineError> {
        let now = self.clock.now();
        let status = self.outbox().map(|outbox| outbox.status()).transpose().map_err(EngineError::from)?;
        let depths = match &status {
            Some(status) => status.lanes.clone(),
            None => Queue::open(self.store.clone(), now).map_err(EngineError::from)?.0.depths(now),
        };
        let limit_set = self.live.current().settings.limits.bot.map(|rate| rate.hertz());
        let live = status.is_some();
        let OutboxStatus { rate, held_ms, trouble, too_many, limit, .. } = status.unwrap_or_default();
        let today = self.day_of(now);
        let span = Day(today.0.saturating_sub(days.saturating_sub(1)))..=today;
        let sums = |key: &dyn Fn(&crate::outbox::Entry<'_>) -> String| {
            grouped(&*self.store, span.clone(), |entry| Some(key(entry))).map_err(EngineError::from)
        };
        let causes = sums(&|entry| cause(entry.cause))?;
        let templates = sums(&|entry| entry.template.to_owned())?;
        let mut by_day = grouped(&*self.store, span.clone(), |entry| Some(entry.day)).map_err(EngineError::from)?;
        // a year of empty days is of no use, a week of them is
        let first = if days <= SHOWN_DAYS { *span.start() } else { by_day.keys().next().copied().unwrap_or(today) };
        (first.0..=today.0).for_each(|day| {
            by_day.entry(Day(day)).or_default();
        });
        let mut all = Numbers::default();
        causes.values().for_each(|numbers| all.add(numbers));
        Ok(OutboxReport {
            live,
            arming: self.arming()?,
            trouble,
            held_ms,
            too_many,
            rate: live.then_some(rate),
            limit: if live { limit } else { limit_set },
            limit_set,
            paused: self.paused_posters()?,
            lanes: depths.iter().map(lane).collect(),
            days,
            causes: causes.into_iter().map(group).collect(),
            templates: templates.into_iter().map(group).collect(),
            by_day: by_day.into_iter().map(|(day, numbers)| group((day.date(), numbers))).collect(),
            latency: latency(&all.latency),
            errors: errors(&all),
        })
    }

    /// The day of the project.
    fn day_of(&self, now: Time) -> Day {
        let zone = self.live.current().settings.timezone.zone.clone();
        let ahead = Timestamp::from_millisecond(now.0).map_or(0, |at| zone.to_offset(at).seconds());
        Day::of(now, TimeDelta::seconds(i64::from(ahead)))
    }
}

fn cause(cause: &Cause) -> String {
    match cause {
        Cause::Broadcast { name, .. } => format!("broadcast {name}"),
        Cause::Reply => "reply".into(),
        Cause::Recall { name, how: Recall::Delete, .. } => format!("delete {name}"),
        Cause::Recall { name, how: Recall::Edit, .. } => format!("edit {name}"),
        Cause::Rule { name } => format!("rule {name}"),
        Cause::Drip { name, step } => format!("drip {name}/{step}"),
    }
}

fn lane(depth: &Depth) -> LaneReport {
    let counts = &depth.counts;
    LaneReport {
        lane: depth.lane.as_str().to_owned(),
        queued: counts.queued,
        retrying: counts.retrying,
        deferred: counts.deferred.iter().map(|(why, n)| (why.as_str().to_owned(), *n)).collect(),
        under_way: counts.leased,
        in_doubt: counts.in_doubt,
        failed: counts.failed.iter().map(|(kind, n)| (kind.as_str().to_owned(), *n)).filter(|(_, n)| *n > 0).collect(),
        lag_seconds: depth.lag.and_then(|lag| u64::try_from(lag.0 / 1_000).ok()),
    }
}

fn group((name, numbers): (String, Numbers)) -> Group {
    Group {
        name,
        queued: numbers.queued,
        sent: numbers.sent,
        retried: numbers.retried,
        failed: numbers.failed_total(),
        blocked: numbers.failed.get(&crate::outbox::FailureKind::Blocked).copied().unwrap_or(0),
        in_doubt: numbers.in_doubt,
        skipped: numbers.skipped_total(),
        clicked: numbers.clicked,
        recalled: numbers.recalled,
        blocked_after: numbers.blocked_after,
    }
}

fn latency(histogram: &Histogram) -> Latency {
    let quantile = |share| histogram.quantile(share).map(|took| took.0);
    Latency { calls: histogram.count(), p50_ms: quantile(0.5), p90_ms: quantile(0.9), p99_ms: quantile(0.99) }
}

fn errors(all: &Numbers) -> Vec<ErrorCount> {
    let mut errors: Vec<_> =
        all.errors.iter().map(|(text, count)| ErrorCount { text: text.clone(), count: *count }).collect();
    errors.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.text.cmp(&b.text)));
    if all.other_errors > 0 {
        errors.push(ErrorCount { text: String::new(), count: all.other_errors });
    }
    errors
}
