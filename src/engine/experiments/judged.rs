//! What the figures of an experiment mean: statistics of what decides, of guard
//! rails and of what users pay, and one recommendation.

use super::{ArmReport, ExperimentReport, Kind, Metric, Reading, Status, Sums};
use crate::engine::ties::HELD_OUT;
use crate::experiment::analyze::{ArmOutput, CupedOutput, arm_outputs};
use crate::experiment::statistics::{
    Analysis, Arm, Method, PLANNED, PairSums, Prior, Sample, Settings, analyze, cuped,
};
use crate::experiment::verdict::{Evidence, Guard, Progress, Rules, Unit, Verdict, decide, figures};
use crate::model::{Text, Time, TimeDelta};
use crate::rulebook::{self, Decide};
use serde::{Deserialize, Serialize};

/// Less noise is worth telling from this share of the variance on.
const WORTH: f64 = 0.01;

/// What an experiment has come to, and what to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExperimentAnswer {
    /// The figures.
    pub report: ExperimentReport,
    /// How it is judged.
    pub judged_by: JudgedBy,
    /// How likely a split of the users is that is so far from the weights.
    pub srm_p: Option<f64>,
    /// What decides.
    pub decides: Compared,
    /// What taking off the days before has brought, if it was done.
    pub cuped: Option<CupedOutput>,
    /// The guard rails.
    pub guardrails: Vec<Compared>,
    /// What users pay, by currency.
    pub revenue: Vec<Compared>,
    /// The recommendation.
    pub recommendation: Recommendation,
}

/// How an experiment is judged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JudgedBy {
    /// `sequential`, `fixed` or `bayes`.
    pub method: String,
    /// The rate of false winners that is put up with.
    pub alpha: f64,
    /// No verdict before so many users.
    pub min_users: u32,
    /// No verdict before so many days.
    pub min_days: u32,
    /// How many users are expected.
    pub planned: u64,
    /// Whether a win is put into effect by itself.
    pub auto_ship: bool,
}

/// One thing compared over the variants.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Compared {
    /// What it is called.
    pub name: String,
    /// How many digits of amounts are minor; absent for shares of users.
    pub digits: Option<u8>,
    /// The variants, the control first.
    pub arms: Vec<ArmOutput>,
}

/// What to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recommendation {
    /// `keep_running`, `ship`, `stop`, `broken`, `too_early`, `immature`.
    pub verdict: String,
    /// The variant to ship, if one won.
    pub winner: Option<String>,
    /// A sentence.
    pub text: Text,
}

impl ExperimentAnswer {
    /// Judges a report.
    pub fn of(mut report: ExperimentReport, how: Decide, now: Time) -> Self {
        if is_holdout(&report) {
            // what everybody gets is the treatment, and the holdout the control
            report.arms.reverse();
            report.days.iter_mut().for_each(|day| day.exposed.reverse());
        }
        let planned = how.planned.map_or(PLANNED, u64::from);
        let settings = Settings { method: method(how), alpha: how.alpha, planned, prior: Prior::Flat };
        let place = report.goal().or_else(|| report.metrics.iter().position(|m| m.kind == Kind::Revenue));
        let (arms, cuped) = deciding(&report, place);
        let analysis = analyze(&arms, &settings);
        let compared = |kind, reading| -> Vec<(&Metric, Analysis)> {
            let places = report.metrics.iter().enumerate().filter(|(_, metric)| metric.kind == kind);
            let analysis = |place| analyze(&plain(&report, place, reading), &settings);
            places.map(|(place, metric)| (metric, analysis(place))).collect()
        };
        let guards = compared(Kind::Guardrail, Reading::Converted);
        let revenue = compared(Kind::Revenue, Reading::Sum);
        let guard =
            |(metric, analysis): &(&Metric, Analysis)| Guard { name: title(metric), analysis: analysis.clone() };
        let guard_list: Vec<Guard> = guards.iter().map(guard).collect();
        let weights: Vec<f64> = arms.iter().map(|arm| arm.weight).collect();
        let evidence = Evidence { analysis: &analysis, weights: &weights, guards: &guard_list };
        let metric = place.and_then(|place| report.metrics.get(place));
        let unit = metric.map_or(Unit::Conversions, |metric| unit(metric, reading(&report)));
        let verdict = decide(&evidence, &rules(how), &progress(&report, now));
        let side = |(metric, analysis): &(&Metric, Analysis), digits| Compared {
            name: title(metric),
            digits,
            arms: arm_outputs(analysis),
        };
        Self {
            judged_by: judged_by(how),
            srm_p: analysis.balance.map(|balance| balance.p),
            decides: Compared {
                name: metric.map_or_else(String::new, title),
                digits: match unit {
                    Unit::Conversions => None,
                    Unit::Amount { digits, .. } => Some(digits),
                },
                arms: arm_outputs(&analysis),
            },
            cuped,
            guardrails: guards.iter().map(|pair| side(pair, None)).collect(),
            revenue: revenue.iter().map(|pair| side(pair, Some(pair.0.digits))).collect(),
            recommendation: recommendation(&report, &analysis, &verdict, unit),
            report,
        }
    }

    /// The variant that may be shipped by the engine itself: a win of the
    /// sequence in a running experiment whose files say so. The windows of enough
    /// users have closed by then: sooner is not more.
    pub fn ships_itself(&self) -> Option<&str> {
        let immature: u64 = self.report.arms.iter().map(|arm| arm.immature).sum();
        let is_mature = self.report.exposed() - immature >= u64::from(self.judged_by.min_users);
        let is_running = self.report.status == Status::Running && self.report.is_defined;
        let may = self.judged_by.auto_ship && is_running && is_mature;
        self.recommendation.winner.as_deref().filter(|_| may && self.judged_by.method == "sequential")
    }
}

/// The arms of what decides: with extreme values bounded if that is wanted, else
/// with what the days before explain taken off where that helps.
fn deciding(report: &ExperimentReport, place: Option<usize>) -> (Vec<Arm>, Option<CupedOutput>) {
    let Some(place) = place else { return (plain(report, usize::MAX, Reading::Converted), None) };
    let reading = reading(report);
    if report.arms.iter().all(|arm| arm.bounded.is_some()) && report.bound.is_some() {
        let sample = |arm: &ArmReport| arm.bounded.map_or_else(|| Sample::proportion(0, 0), |sums| amounts(arm, &sums));
        return (report.arms.iter().map(|arm| named(arm, sample(arm))).collect(), None);
    }
    let all = plain(report, place, reading);
    let pairs: Vec<PairSums> = report.arms.iter().map(|arm| pair(arm, place, reading)).collect();
    // where nobody or everybody did it in some arm there is nothing to explain
    let varies = all.iter().all(|arm| arm.sample.variance.is_some_and(|variance| variance > 0.0));
    let adjusted = cuped(&pairs);
    if !varies || adjusted.reduction < WORTH {
        return (all, None);
    }
    let output = CupedOutput { theta: adjusted.theta, variance_reduction: adjusted.reduction };
    let arms = report.arms.iter().zip(adjusted.samples).map(|(arm, sample)| named(arm, sample)).collect();
    (arms, Some(output))
}

/// The arms of something measured as they are.
fn plain(report: &ExperimentReport, place: usize, reading: Reading) -> Vec<Arm> {
    let sample = |arm: &ArmReport| {
        let sums = arm.figures.get(place).map(|figures| figures.of(reading)).unwrap_or_default();
        match reading {
            Reading::Converted => Sample::proportion(arm.exposed, sums.y as u64),
            Reading::Count | Reading::Sum => amounts(arm, &sums),
        }
    };
    report.arms.iter().map(|arm| named(arm, sample(arm))).collect()
}

fn named(arm: &ArmReport, sample: Sample) -> Arm {
    // weights may have changed on the way
    let weight = if arm.expected > 0.0 { arm.expected } else { f64::from(arm.weight) };
    Arm { name: arm.name.to_string(), weight, sample }
}

fn amounts(arm: &ArmReport, sums: &Sums) -> Sample {
    pairs_of(arm, sums).measured().sample()
}

fn pair(arm: &ArmReport, place: usize, reading: Reading) -> PairSums {
    let sums = arm.figures.get(place).map(|figures| figures.of(reading)).unwrap_or_default();
    pairs_of(arm, &sums)
}

fn pairs_of(arm: &ArmReport, sums: &Sums) -> PairSums {
    PairSums { users: arm.exposed, y: sums.y, yy: sums.yy, x: sums.x, xx: sums.xx, xy: sums.xy }
}

/// How the deciding figure is read: without a goal it is what users pay.
fn reading(report: &ExperimentReport) -> Reading {
    if report.goal().is_some() { report.decides } else { Reading::Sum }
}

fn unit(metric: &Metric, reading: Reading) -> Unit {
    match reading {
        Reading::Converted => Unit::Conversions,
        Reading::Count => Unit::Amount { digits: 0, sign: "" },
        Reading::Sum => Unit::Amount { digits: metric.digits, sign: sign(metric) },
    }
}

fn sign(metric: &Metric) -> &'static str {
    match metric.property.as_deref() {
        Some("rub") => "₽",
        Some("stars") => "⭐",
        Some(_) | None => "",
    }
}

/// What something measured is called: as the files write it.
fn title(metric: &Metric) -> String {
    let condition = metric.condition.as_ref().map(|condition| format!(" if {condition}")).unwrap_or_default();
    let event = match (metric.kind, &metric.property) {
        (Kind::Revenue, Some(property)) => return format!("{}.{property}", metric.event),
        (Kind::Goal, Some(property)) => format!("{}.{property}", metric.event),
        (Kind::Goal | Kind::Guardrail | Kind::Revenue, _) => format!("event {}", metric.event),
    };
    format!("{event}{condition} within {}", written(metric.within))
}

/// A length of time as the files write it.
fn written(length: TimeDelta) -> String {
    let units = [(TimeDelta::days(1).0, "day"), (TimeDelta::hours(1).0, "hour"), (TimeDelta::minutes(1).0, "minute")];
    let (size, name) = units.into_iter().find(|(size, _)| length.0 % size == 0).unwrap_or((1_000, "second"));
    let count = length.0 / size;
    if count == 1 { format!("1 {name}") } else { format!("{count} {name}s") }
}

fn method(how: Decide) -> Method {
    match how.method {
        rulebook::Method::Sequential => Method::Sequential,
        rulebook::Method::Fixed => Method::Fixed,
        rulebook::Method::Bayes => Method::Bayes,
    }
}

fn judged_by(how: Decide) -> JudgedBy {
    let method = match how.method {
        rulebook::Method::Sequential => "sequential",
        rulebook::Method::Fixed => "fixed",
        rulebook::Method::Bayes => "bayes",
    };
    let Decide { alpha, min_users, min_days, planned, auto_ship, .. } = how;
    let planned = planned.map_or(PLANNED, u64::from);
    JudgedBy { method: method.to_owned(), alpha, min_users, min_days, planned, auto_ship }
}

fn rules(how: Decide) -> Rules {
    Rules {
        method: method(how),
        alpha: how.alpha,
        // a sequence may go on for ever if no end is declared, one look needs one
        planned: how.planned.map(u64::from).or((how.method == rulebook::Method::Fixed).then_some(PLANNED)),
        min_users: u64::from(how.min_users),
        min_days: f64::from(how.min_days),
        ..Rules::default()
    }
}

fn progress(report: &ExperimentReport, now: Time) -> Progress {
    let Some(first) = report.first else { return Progress { days: Some(0.0), ..Progress::default() } };
    // what was stopped or shipped gets no more users
    let ended = report.deeds.last().filter(|_| report.status != Status::Running).map(|deed| deed.at);
    let until = ended.unwrap_or(now);
    let days = ((until - first).0.max(0) as f64) / TimeDelta::days(1).0 as f64;
    Progress {
        days: Some(days),
        users_per_day: (days >= 1.0).then(|| report.exposed() as f64 / days),
        windows_open: report.arms.iter().any(|arm| arm.immature > 0),
    }
}

fn is_holdout(report: &ExperimentReport) -> bool {
    report.name.starts_with("holdout:") && report.arms.last().is_some_and(|arm| &*arm.name == HELD_OUT)
}

fn recommendation(report: &ExperimentReport, analysis: &Analysis, verdict: &Verdict, unit: Unit) -> Recommendation {
    let (name, winner) = (verdict.name().to_owned(), verdict.winner().map(str::to_owned));
    if report.name.starts_with("holdout:") && !matches!(verdict, Verdict::Broken(_) | Verdict::TooEarly { .. }) {
        return Recommendation { verdict: name, winner: None, text: worth(analysis, unit) };
    }
    let mut text = match ended(report) {
        None => verdict.text(unit),
        Some(ended) => of_ended(&ended, verdict, unit),
    };
    if report.goal().is_none() && !report.name.starts_with("holdout:") {
        text = Text::new(
            format!("{} (there is no goal: this compares what users pay)", text.en),
            format!("{} (цели нет: сравнивается, сколько платят)", text.ru),
        );
    }
    Recommendation { verdict: name, winner, text }
}

/// What an experiment is that nobody is exposed to any more.
fn ended(report: &ExperimentReport) -> Option<Text> {
    let status = report.status.text();
    match &report.status {
        _ if !report.is_defined => Some(Text::new("not in the files any more", "в файлах больше нет")),
        Status::Running => None,
        Status::Stopped => Some(status),
        Status::Shipped { variant } if report.arms.iter().any(|arm| arm.name == *variant) => Some(status),
        Status::Shipped { .. } => {
            let control = report.arms.first().map_or("", |arm| &*arm.name);
            Some(Text::new(
                format!("{}, which the files do not have any more, so everybody gets `{control}`", status.en),
                format!("{}, но в файлах этого варианта больше нет, и все получают `{control}`", status.ru),
            ))
        }
    }
}

/// What there is to say of one that has ended: nothing of what is still to come.
fn of_ended(ended: &Text, verdict: &Verdict, unit: Unit) -> Text {
    let text = match verdict {
        Verdict::TooEarly { .. } | Verdict::KeepRunning(_) => {
            Text::new("what was counted until then settles nothing", "посчитанное до этого ничего не решает")
        }
        Verdict::Broken(_) | Verdict::Immature | Verdict::Ship(_) | Verdict::Stop(_) => verdict.text(unit),
    };
    Text::new(format!("{}: {}", ended.en, text.en), format!("{}: {}", ended.ru, text.ru))
}

/// What everything that the holdout does not get is worth.
fn worth(analysis: &Analysis, unit: Unit) -> Text {
    let interval = analysis.variants().next().and_then(|(_, versus)| versus.sequential.difference);
    let Some(interval) = interval else {
        return Text::new("nothing is known yet of what messages are worth", "пока неизвестно, что дают сообщения");
    };
    let (low, high) = (figures::amount(interval.low, unit), figures::amount(interval.high, unit));
    let (en, ru) = (format!("between {} and {}", low.en, high.en), format!("от {} до {}", low.ru, high.ru));
    match (interval.low > 0.0, interval.high < 0.0) {
        (true, _) => Text::new(
            format!("messages pay: {en} for each user in 30 days"),
            format!("сообщения окупаются: {ru} на человека за 30 дней"),
        ),
        (_, true) => Text::new(
            format!("messages do harm: {en} for each user in 30 days"),
            format!("сообщения вредят: {ru} на человека за 30 дней"),
        ),
        (false, false) => Text::new(
            format!("no difference is settled yet: messages bring {en} for each user in 30 days"),
            format!("разница пока не доказана: сообщения дают {ru} на человека за 30 дней"),
        ),
    }
}
