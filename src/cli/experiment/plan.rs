//! `vestnik experiment plan`: what an experiment takes, before it begins.

use super::traffic::Traffic;
use crate::cli::Format;
use crate::cli::context::{Context, Failure};
use crate::cli::table::{Align, table};
use crate::experiment::plan::{Ask, Cost, Period, Plan};
use crate::experiment::statistics::Demand;
use crate::experiment::verdict::figures;
use crate::model::{Lang, Text, grouped};
use serde_json::{Value, json};
use std::process::ExitCode;

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// An experiment of the project: its people say what is not given here
    name: Option<String>,
    /// Which share of users converts now, for instance 5%
    #[arg(long, value_name = "SHARE", value_parser = percent, required_unless_present = "name")]
    baseline: Option<f64>,
    /// The change to be seen, relative to that, for instance 10% (from 5 % to 5.5 %)
    #[arg(long, value_name = "CHANGE", value_parser = percent, allow_hyphen_values = true)]
    lift: f64,
    /// How likely a change that is there is to be found
    #[arg(long, value_name = "P", default_value_t = 0.8, value_parser = chance)]
    power: f64,
    /// The rate of false winners that is put up with
    #[arg(long, value_name = "P", default_value_t = 0.05, value_parser = level)]
    alpha: f64,
    /// How many variants, with the control
    /// [default: those of the experiment, else 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=100))]
    variants: Option<u32>,
    /// How many users are exposed a day, in all variants together
    #[arg(long, value_name = "N")]
    per_day: Option<u64>,
    /// How many users the first message reaches at once, as a broadcast does
    #[arg(long, value_name = "N")]
    at_once: Option<u64>,
    /// How many days there are
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    days: Option<u64>,
}

/// Reckons and prints.
pub fn run(context: &Context, args: &Args) -> Result<ExitCode, Failure> {
    let traffic = args.name.as_deref().map(|name| Traffic::of(context, name)).transpose()?;
    if let Some(traffic) = &traffic {
        context.note(&traffic.text());
    }
    let of_project = |value: fn(&Traffic) -> Option<f64>| traffic.as_ref().and_then(value);
    let arms = args.variants.or(traffic.as_ref().map(|traffic| traffic.variants)).unwrap_or(2);
    let demand = Demand { alpha: args.alpha, power: args.power, arms };
    let users_per_day = args.per_day.map(|users| users as f64);
    let users_per_day =
        users_per_day.or_else(|| of_project(|traffic| (traffic.per_day > 0.0).then_some(traffic.per_day)));
    let baseline = args.baseline.or_else(|| of_project(|traffic| traffic.baseline)).filter(|share| *share > 0.0);
    let Some(baseline) = baseline else {
        return Err(Failure::new(Text::new(
            "nobody did the goal lately, or there is none: say with `--baseline` which share you expect",
            "целевого действия никто не делал, или цели нет: укажите ожидаемую долю через `--baseline`",
        )));
    };
    if args.days.is_some() && users_per_day.is_none() {
        return Err(Failure::new(Text::new(
            "`--days` needs `--per-day`: nobody new came lately",
            "для `--days` нужно `--per-day`: новых людей не было",
        )));
    }
    let users_at_once = args.at_once.or(traffic.as_ref().map(|traffic| traffic.at_once)).unwrap_or_default();
    let ask = Ask { baseline, lift: args.lift, demand, users_per_day, users_at_once, days: args.days };
    let plan = ask.answer().map_err(Failure::new)?;
    match context.format() {
        Format::Json => context.say_json(&as_json(&plan, context.lang())),
        Format::Text | Format::Short => context.say(&as_text(&plan, context.lang())),
    }
    Ok(ExitCode::SUCCESS)
}

fn as_text(plan: &Plan, lang: Lang) -> String {
    let ask = &plan.ask;
    let shares = [ask.baseline, ask.baseline * (1.0 + ask.lift)].map(figures::share);
    let sure = [ask.demand.power, ask.demand.alpha].map(figures::share);
    let change = figures::change(ask.lift);
    let about = Text::new(
        format!(
            "{} to {} ({}), {} variants, power {}, alpha {}",
            shares[0].en, shares[1].en, change.en, ask.demand.arms, sure[0].en, sure[1].en
        ),
        format!(
            "с {} до {} ({}), вариантов {}, мощность {}, альфа {}",
            shares[0].ru, shares[1].ru, change.ru, ask.demand.arms, sure[0].ru, sure[1].ru
        ),
    );
    let head = format!("{}\n{}\n\n{}", plan.text().get(lang), about.get(lang), costs(plan, lang));
    if plan.periods.is_empty() { head } else { format!("{head}\n{}", periods(&plan.periods, lang)) }
}

fn costs(plan: &Plan, lang: Lang) -> String {
    let names = words(
        lang,
        &[("looking", "смотреть"), ("users of each variant", "на вариант"), ("in all", "всего"), ("days", "дней")],
    );
    let rows = [
        (Text::new("once, at the end", "один раз, в конце"), plan.fixed),
        (Text::new("at any time", "когда угодно"), plan.sequential),
    ];
    let row = |(name, cost): (Text, Cost)| {
        let days = cost.days.map_or("–".to_owned(), grouped);
        vec![name.get(lang).to_owned(), grouped(cost.per_arm), grouped(cost.users), days]
    };
    table(&columns(&names), &rows.into_iter().map(row).collect::<Vec<_>>())
}

fn periods(periods: &[Period], lang: Lang) -> String {
    let names = words(
        lang,
        &[
            ("days", "дней"),
            ("users of each variant", "на вариант"),
            ("seen at one look", "видно, если смотреть один раз"),
            ("seen at any time", "видно, если смотреть когда угодно"),
        ],
    );
    let lift = |lift: Option<f64>| lift.map_or("–".to_owned(), |lift| figures::change(lift).get(lang).to_owned());
    let row = |period: &Period| {
        vec![grouped(period.days), grouped(period.per_arm), lift(period.fixed), lift(period.sequential)]
    };
    table(&columns(&names), &periods.iter().map(row).collect::<Vec<_>>())
}

fn words(lang: Lang, pairs: &[(&str, &str)]) -> Vec<String> {
    pairs.iter().map(|(en, ru)| Text::new(*en, *ru).get(lang).to_owned()).collect()
}

/// The first column holds words, the others figures.
fn columns(names: &[String]) -> Vec<(&str, Align)> {
    let align = |at| if at == 0 { Align::Left } else { Align::Right };
    names.iter().enumerate().map(|(at, name)| (name.as_str(), align(at))).collect()
}

fn as_json(plan: &Plan, lang: Lang) -> Value {
    let cost = |cost: &Cost| json!({"users_per_variant": cost.per_arm, "users": cost.users, "days": cost.days});
    let period = |period: &Period| {
        json!({
            "days": period.days,
            "users_per_variant": period.per_arm,
            "lift_fixed": period.fixed,
            "lift_sequential": period.sequential,
        })
    };
    json!({
        "baseline": plan.ask.baseline,
        "lift": plan.ask.lift,
        "possible": plan.possible(),
        "fixed": cost(&plan.fixed),
        "sequential": cost(&plan.sequential),
        "detectable": plan.periods.iter().map(period).collect::<Vec<_>>(),
        "text": plan.text().get(lang),
    })
}

/// `5%`, `2.5 %` or `-10%`; the sign of percent is needed, as 0.05 might mean two things.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim().strip_suffix('%').and_then(|text| text.trim().parse::<f64>().ok());
    number
        .filter(|number| number.is_finite())
        .map(|number| number / 100.0)
        .ok_or_else(|| "write it with `%`, for instance `5%`".to_owned())
}

fn chance(text: &str) -> Result<f64, String> {
    between(text, 0.5, 0.9999)
}

fn level(text: &str) -> Result<f64, String> {
    between(text, 1e-9, 0.4999)
}

fn between(text: &str, low: f64, high: f64) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| (low..=high).contains(number));
    number.ok_or_else(|| format!("must be a number from {low} to {high}"))
}
