//! What a project's own people say about an experiment before it begins: how
//! many fit it, how many come a day, and how many do its goal anyway.

use crate::cli::context::{Context, Failure};
use crate::diagnostic::nearest;
use crate::engine::command::{Reply, Request};
use crate::engine::query::{Found, Query, Want};
use crate::model::{Text, grouped};
use crate::rulebook::Content;

/// New people are counted over so many days.
const DAYS: u64 = 14;

/// What was found.
pub struct Traffic {
    /// The experiment.
    pub name: String,
    /// How many people fit it now, coverage apart.
    pub fit: u64,
    /// How many people are exposed a day, if any were lately; else how many who fit
    /// are new a day, those who are covered.
    pub per_day: f64,
    /// Whether they were exposed.
    is_measured: bool,
    /// How many covered people a broadcast of it reaches at once.
    pub at_once: u64,
    /// Which share of those who fit did the goal lately.
    pub baseline: Option<f64>,
    /// How many variants it has.
    pub variants: u32,
}

impl Traffic {
    /// Asks the store, through the engine if one runs.
    pub fn of(context: &Context, name: &str) -> Result<Self, Failure> {
        context.needs_data()?;
        let live = context.live()?;
        let rulebook = live.current();
        let Some(experiment) = rulebook.experiments.iter().find(|experiment| experiment.name == name) else {
            let known = rulebook.experiments.iter().map(|experiment| experiment.name.as_str());
            return Err(unknown(name, nearest(name, known)));
        };
        let to = experiment.to.as_ref().map_or_else(|| "true".to_owned(), |to| format!("({})", to.text()));
        let fit = count(context, &to)?;
        let new = count(context, &format!("{to} and created_at within {DAYS} days"))?;
        let goal = experiment.goal.as_ref().map(|goal| {
            let event = &rulebook.catalogue.events.event(goal.event).name;
            format!("{to} and count({event}, {} minutes) > 0", (goal.within.0 / 60_000).max(1))
        });
        let done = goal.map(|goal| count(context, &goal)).transpose()?;
        let coverage = f64::from(experiment.coverage.of_ten_thousand()) / 10_000.0;
        let mailed = rulebook.broadcasts().iter().any(|broadcast| match &broadcast.send.content {
            Content::Experiment { experiment: shown, .. } => {
                rulebook.experiments.get(usize::from(shown.0)).is_some_and(|shown| shown.name == name)
            }
            Content::Template(_) => false,
        });
        let measured = exposed_per_day(context, name)?;
        Ok(Self {
            name: name.to_owned(),
            fit,
            at_once: if mailed { (fit as f64 * coverage) as u64 } else { 0 },
            is_measured: measured.is_some(),
            per_day: measured.unwrap_or(new as f64 * coverage / DAYS as f64),
            baseline: done.filter(|_| fit > 0).map(|done| done as f64 / fit as f64),
            variants: u32::try_from(experiment.variants.len()).unwrap_or(2),
        })
    }

    /// What was found, in words.
    pub fn text(&self) -> Text {
        let (name, fit) = (&self.name, grouped(self.fit));
        let (per_day, share) = (format!("{:.1}", self.per_day), self.baseline.map(|share| share * 100.0));
        let (en, ru) = match share {
            Some(share) => (
                format!("; {share:.2} % of them did its goal within the last window"),
                format!("; целевое действие за последнее окно сделали {share:.2} %").replace('.', ","),
            ),
            None => (String::new(), String::new()),
        };
        let of_day = match self.is_measured {
            true => Text::new("were exposed", "показов было"),
            false => Text::new("are new", "новых"),
        };
        let at_once = match self.at_once {
            0 => Text::same(""),
            count => Text::new(
                format!("; a broadcast reaches {} at once", grouped(count)),
                format!("; рассылка сразу охватит {}", grouped(count)),
            ),
        };
        Text::new(
            format!("{fit} people fit `{name}` now, about {per_day} a day {}{}{en}", of_day.en, at_once.en),
            format!(
                "под `{name}` сейчас подходят {fit}, {} около {} в день{}{ru}",
                of_day.ru,
                per_day.replace('.', ","),
                at_once.ru
            ),
        )
    }
}

/// How many were exposed a day over the last days on which anybody was.
fn exposed_per_day(context: &Context, name: &str) -> Result<Option<f64>, Failure> {
    let Reply::Experiments(all) = context.ask(Request::Experiments { name: Some(name.to_owned()) })? else {
        return Ok(None);
    };
    let days = all.first().map(|answer| answer.report.days.as_slice()).unwrap_or_default();
    // the first and the last day are seldom whole
    let whole = days.get(1..days.len().saturating_sub(1)).unwrap_or_default();
    let lately = &whole[whole.len().saturating_sub(DAYS as usize)..];
    let users: u64 = lately.iter().flat_map(|day| &day.exposed).sum();
    Ok((users > 0).then(|| users as f64 / lately.len() as f64))
}

fn count(context: &Context, condition: &str) -> Result<u64, Failure> {
    let query = Query {
        condition: condition.to_owned(),
        now: None,
        want: Want::Count,
        lang: context.lang(),
        style: context.style(),
    };
    match context.ask(Request::Query(Box::new(query)))? {
        Reply::Queried(answer) => match answer.found {
            Some(Found::Count(count)) => Ok(count.count),
            Some(Found::Ids(_) | Found::Sample(_) | Found::Profile(_)) | None => {
                Err(Failure::new(Text::same(answer.findings)))
            }
        },
        _ => Ok(0),
    }
}

fn unknown(name: &str, nearest: Option<&str>) -> Failure {
    Failure::new(match nearest {
        Some(nearest) => Text::new(
            format!("there is no experiment `{name}`; did you mean `{nearest}`?"),
            format!("эксперимента `{name}` нет; возможно, вы имели в виду `{nearest}`"),
        ),
        None if name.starts_with("holdout:") => Text::new(
            "a holdout needs no plan: `vestnik experiment report` shows what it has come to",
            "холдауту план не нужен: `vestnik experiment report` покажет, что он дал",
        ),
        None => Text::new(
            format!("there is no experiment `{name}`; `vestnik experiment list` shows them"),
            format!("эксперимента `{name}` нет; `vestnik experiment list` покажет все"),
        ),
    })
}
