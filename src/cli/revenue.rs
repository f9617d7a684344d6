//! `vestnik revenue`: what came in, by days, sources, campaigns and products.

use super::Format;
use super::context::{Context, Failure};
use super::table::{Align, table};
use crate::engine::command::{Reply, Request};
use crate::engine::revenue::{By, DAYS, Figures, RevenueQuery, RevenueReport};
use crate::interface::words::{grouped, money, stars};
use crate::model::{Lang, Text};
use serde_json::json;
use std::process::ExitCode;

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// So many days up to today, one by one or together
    #[arg(long, value_name = "N", default_value_t = DAYS)]
    days: u32,
    /// Tell these days apart by where users came from, by the last mailing before the payment, by what was bought
    #[arg(long, value_enum, value_name = "WHAT")]
    by: Option<ByArg>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum ByArg {
    Source,
    Campaign,
    Product,
}

/// Asks and prints.
pub fn run(context: &Context, args: &Args) -> Result<ExitCode, Failure> {
    context.needs_data()?;
    let by = args.by.map(|by| match by {
        ByArg::Source => By::Source,
        ByArg::Campaign => By::Campaign,
        ByArg::Product => By::Product,
    });
    if let Reply::Revenue(report) = context.ask(Request::Revenue(RevenueQuery { days: args.days, by }))? {
        match context.format() {
            Format::Json => context.say_json(&json!(report)),
            Format::Text | Format::Short => context.say(&render(&report, by.is_some(), context.lang())),
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn render(report: &RevenueReport, is_apart: bool, lang: Lang) -> String {
    let periods = [
        (Text::new("today", "сегодня"), &report.day),
        (Text::new("this week", "эта неделя"), &report.week),
        (Text::new("this month", "этот месяц"), &report.month),
        (Text::new("in all", "всего"), &report.all),
    ];
    let rows = periods.iter().map(|(name, figures)| row(name.get(lang), figures, report.users)).collect::<Vec<_>>();
    let mut out = table(&columns(&Text::new("period", "период"), lang), &rows);
    let (head, rows): (Text, Vec<_>) = if is_apart {
        let none = Text::new("(none)", "(нет)");
        let name = |name: &Option<String>| name.clone().unwrap_or_else(|| none.get(lang).to_owned());
        let rows = report.groups.iter().map(|(group, figures)| row(&name(group), figures, report.users));
        (Text::new("group", "группа"), rows.collect())
    } else {
        let moved = report.days.iter().filter(|(_, figures)| *figures != Figures::default());
        let rows = moved.map(|(day, figures)| row(day, figures, report.users));
        (Text::new("day", "день"), rows.collect())
    };
    if !rows.is_empty() {
        out.push('\n');
        out.push_str(&table(&columns(&head, lang), &rows));
    }
    if report.all.unpriced_stars != 0 {
        let text = Text::new(
            "Stars that were paid while `payments.rub_per_star` was not set are not in `together`",
            "звёзды, оплаченные, когда `payments.rub_per_star` не был задан, в «вместе» не входят",
        );
        out.push_str(&format!("\n  {}: {}\n", text.get(lang), stars(report.all.unpriced_stars)));
    }
    out
}

fn columns(first: &Text, lang: Lang) -> Vec<(&str, Align)> {
    let names = match lang {
        Lang::En => ["payments", "first", "renewals", "roubles", "Stars", "together", "average", "paying"],
        Lang::Ru => ["платежей", "первых", "повторных", "рубли", "звёзды", "вместе", "средний", "платящих"],
    };
    [(first.get(lang), Align::Left)].into_iter().chain(names.map(|name| (name, Align::Right))).collect()
}

fn row(name: &str, figures: &Figures, users: u64) -> Vec<String> {
    let share = match users {
        0 => "—".to_owned(),
        users => format!("{:.1}%", figures.payers as f64 * 100.0 / users as f64),
    };
    vec![
        name.to_owned(),
        grouped(figures.payments),
        grouped(figures.first),
        grouped(figures.renewals),
        money(figures.rub),
        stars(figures.stars),
        money(figures.together),
        figures.average.map_or_else(|| "—".to_owned(), money),
        share,
    ]
}
