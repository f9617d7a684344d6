//! What a project's own people say about an experiment before it begins: how
//! many fit it, how many come a day, and how many do its goal anyway.

use crate::cli::context::{Context, Failure};
use crate::diagnostic::nearest;
use crate::engine::command::{Reply, Request};
use crate::engine::query::{Found, Query, Want};
use crate::model::{Text, grouped};

/// New people are counted over so many days.
const DAYS: u64 = 14;

/// What was found.
pub struct Traffic {
    /// The experiment.
    pub name: String,
    /// How many people fit it now, coverage apart.
    pub fit: u64,
    /// How many people who fit come a day, those who are covered.
    pub per_day: f64,
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
        Ok(Self {
            name: name.to_owned(),
            fit,
            per_day: new as f64 * coverage / DAYS as f64,
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
        Text::new(
            format!("{fit} people fit `{name}` now, about {per_day} a day are new{en}"),
            format!("под `{name}` сейчас подходят {fit}, новых около {} в день{ru}", per_day.replace('.', ",")),
        )
    }
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
        None => Text::new(format!("there is no experiment `{name}`"), format!("эксперимента `{name}` нет")),
    })
}
